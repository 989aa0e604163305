// Forms: rows that can be added, drafts that save themselves, a guard against losing work, one submit only.
const SAVE_AFTER_MS = 700;

function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

export function enhanceForms(root) {
  for (const form of root.querySelectorAll("form:not([data-ready])")) {
    form.dataset.ready = "yes";
    submitOnce(form);
    confirmFirst(form);
    if (form.dataset.draft) saveDrafts(form);
    if (form.matches("[data-guard]")) guard(form);
    form.addEventListener("click", onRowButton);
    form.addEventListener("change", onFileChosen);
    updateEmptyLists(form);
  }
}

function submitOnce(form) {
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.hasAttribute("hx-post")) return;
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll('[type="submit"]')) button.setAttribute("aria-disabled", "true");
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);
}

function confirmFirst(form) {
  if (!form.dataset.confirm) return;
  form.addEventListener(
    "submit",
    (event) => {
      if (!window.confirm(form.dataset.confirm)) event.preventDefault();
    },
    { capture: true },
  );
}

// Drafts --------------------------------------------------------------------------------------------------------------

function saveDrafts(form) {
  let timer = null;
  let isSaving = false;
  let isChanged = false;
  const note = form.querySelector("[data-draft-note]");

  const save = async () => {
    if (isSaving || form.dataset.sent) return;
    isSaving = true;
    isChanged = false;
    const body = new FormData(form);
    for (const [name, value] of [...body.entries()]) if (value instanceof File) body.delete(name);
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST",
        body,
        headers: { "X-CSRFToken": token(), Accept: "application/json" },
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const state = await answer.json();
      applyState(form, state);
      if (note && state.saved) note.textContent = form.dataset.savedText;
      if (state.saved && !isChanged) delete form.dataset.unsaved;
    } catch {
      if (note) note.textContent = form.dataset.notSavedText;
    } finally {
      isSaving = false;
      if (isChanged) later();
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  };
  const changed = () => {
    isChanged = true;
    form.dataset.unsaved = "yes";
    if (note) note.textContent = form.dataset.savingText;
    later();
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("rowschanged", changed);
  guard(form);
}

function guard(form) {
  form.addEventListener("input", () => (form.dataset.unsaved = "yes"));
  window.addEventListener("beforeunload", (event) => {
    if (form.isConnected && form.dataset.unsaved && !form.dataset.sent) event.preventDefault();
  });
}

// What the server says about the form after a change: hidden, locked, required, choices, texts.
function applyState(form, state) {
  if (!state.hidden) return;
  const hidden = new Set(state.hidden);
  const locked = new Set(state.readonly);
  const required = new Set(state.required);
  for (const box of form.querySelectorAll("[data-field]")) {
    const name = box.dataset.field;
    if (name.includes("__row__")) continue;
    box.hidden = hidden.has(name);
    box.querySelector(":scope > .form-label, :scope > legend")?.classList.toggle("required", required.has(name));
    if (box.dataset.locks === undefined) continue;
    for (const input of box.querySelectorAll("input, textarea, select")) {
      if (input.matches("select, [type=checkbox], [type=radio], [type=file]")) input.disabled = locked.has(name);
      else input.readOnly = locked.has(name);
    }
  }
  for (const [name, choices] of Object.entries(state.choices)) {
    const select = form.elements.namedItem(name);
    if (select instanceof HTMLSelectElement) replaceChoices(select, choices);
  }
  for (const [id, html] of Object.entries(state.texts)) {
    const text = document.getElementById(id);
    if (text && text.innerHTML !== html) text.innerHTML = html;
  }
}

function replaceChoices(select, choices) {
  const before = [...select.options].slice(1).map((option) => [option.value, option.text]);
  if (JSON.stringify(before) === JSON.stringify(choices)) return;
  const chosen = select.value;
  select.replaceChildren(select.options[0], ...choices.map(([value, label]) => new Option(label, value)));
  select.value = choices.some(([value]) => value === chosen) ? chosen : "";
}

// Rows of a list ------------------------------------------------------------------------------------------------------

function onRowButton(event) {
  const add = event.target.closest("[data-add-row]");
  const remove = event.target.closest("[data-remove-row]");
  if (add) addRow(add.closest("[data-list]"));
  else if (remove) removeRow(remove.closest("[data-row]"));
  else return;
  event.preventDefault();
}

function addRow(list) {
  const number = Number(list.dataset.next);
  list.dataset.next = number + 1;
  const template = list.querySelector(":scope > template");
  const row = template.content.cloneNode(true);
  const holder = document.createElement("div");
  holder.append(row);
  holder.innerHTML = holder.innerHTML.replaceAll("__row__", number);
  const added = holder.firstElementChild;
  list.querySelector(":scope > [data-rows]").append(added);
  added.querySelector("input, select, textarea")?.focus();
  list.dispatchEvent(new Event("rowschanged", { bubbles: true }));
  updateEmptyLists(list.closest("form"));
}

function removeRow(row) {
  const list = row.closest("[data-list]");
  row.remove();
  list.dispatchEvent(new Event("rowschanged", { bubbles: true }));
  list.querySelector("[data-add-row]")?.focus();
  updateEmptyLists(list.closest("form"));
}

function updateEmptyLists(form) {
  for (const list of form.querySelectorAll("[data-list]")) {
    const empty = list.querySelector(":scope > [data-no-rows]");
    if (empty) empty.hidden = list.querySelector(":scope > [data-rows] > [data-row]") !== null;
  }
}

// Files ---------------------------------------------------------------------------------------------------------------

async function onFileChosen(event) {
  const input = event.target.closest("[data-upload]");
  if (!input || !input.files.length) return;
  const box = input.closest("[data-field]");
  const list = box.querySelector("[data-files]");
  const note = box.querySelector("[data-upload-note]");
  for (const file of input.files) {
    const body = new FormData();
    body.append("file", file);
    note.textContent = input.dataset.uploading;
    try {
      const answer = await fetch(input.dataset.upload, {
        method: "POST",
        body,
        headers: { "X-CSRFToken": token(), Accept: "application/json" },
      });
      const result = await answer.json();
      if (!answer.ok) throw new Error(result.detail);
      if (!input.multiple) list.replaceChildren();
      const item = document.createElement("li");
      const kept = document.createElement("input");
      kept.type = "hidden";
      kept.name = input.dataset.name;
      kept.value = result.id;
      item.append(result.name, kept);
      list.append(item);
      note.textContent = "";
    } catch (error) {
      note.textContent = error.message;
    }
  }
  input.value = "";
  input.form.dispatchEvent(new Event("rowschanged", { bubbles: true }));
}
