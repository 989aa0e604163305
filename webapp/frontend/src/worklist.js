// The worklist: move through the rows, choose many, keep the list where it is while tasks change beside it.
const rows = () => [...document.querySelectorAll("[data-task-row]")];

function isTyping(target) {
  return target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open], .djs-container");
}

function focused() {
  return rows().findIndex((row) => row.contains(document.activeElement));
}

function selected() {
  return rows().findIndex((row) => row.dataset.selected !== undefined);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const from = focused() >= 0 ? focused() : selected();
  const to = Math.min(all.length - 1, Math.max(0, from < 0 ? 0 : from + step));
  const link = all[to].querySelector("a[data-open]");
  link.focus();
  link.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "j" || event.key === "k") {
    move(event.key === "j" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "x" && focused() >= 0) {
    rows()[focused()].querySelector('input[name="ids"]')?.click();
  } else if (event.key === "e") {
    // To the form first; from there the button is one key away.
    const pane = document.querySelector("#task");
    const first = pane?.querySelector("[data-task-form] :is(input, select, textarea):not([type=hidden]):not([disabled])");
    const button = pane?.querySelector("[data-complete]");
    (first ?? button)?.focus();
    event.preventDefault();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    document.querySelector("#task [data-complete]:not([disabled])")?.click();
  }
});

document.addEventListener("change", (event) => {
  if (event.target.name === "ids") countChosen();
});

function countChosen() {
  const chosen = document.querySelectorAll('[data-task-row] input[name="ids"]:checked').length;
  const bar = document.querySelector("#bulk");
  if (!bar) return;
  bar.hidden = chosen === 0;
  bar.querySelector("[data-chosen]").textContent = chosen;
}

// Opening a task marks its row; htmx fetches the pane.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  for (const row of rows()) {
    const isThis = row.contains(link);
    row.classList.toggle("is-selected", isThis);
    if (isThis) row.dataset.selected = "";
    else delete row.dataset.selected;
    row.querySelector("a[data-open]").setAttribute("aria-current", isThis ? "true" : "false");
  }
  document.body.classList.add("has-task");
});

document.addEventListener("DOMContentLoaded", () => {
  countChosen();
  const invalid = document.querySelector("#task .is-invalid, #task [aria-invalid=true]");
  if (invalid) invalid.focus();
  else document.querySelector("#task[data-opened] h2")?.focus({ preventScroll: true });
});
