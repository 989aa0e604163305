// Keys that work on every page. A page offers a key with data-key="x" on a link or button; g + letter goes places.
const dialog = () => document.querySelector("#keyboard-help");
let waitingForSecond = false;

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open], .djs-container") !== null;
}

function act(element) {
  if (element.matches("input, select, textarea")) {
    element.focus();
    element.select?.();
  } else if (element.matches("summary")) {
    element.parentElement.open = true;
    element.parentElement.querySelector("select, input, textarea")?.focus();
  } else {
    element.click();
  }
}

export function press(key) {
  const element = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((each) => !each.disabled);
  if (!element) return false;
  act(element);
  return true;
}

export function startKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches?.("input, textarea, select")) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (waitingForSecond) {
      waitingForSecond = false;
      if (press(`g ${event.key}`)) event.preventDefault();
      return;
    }
    if (event.key === "g") {
      waitingForSecond = true;
      setTimeout(() => (waitingForSecond = false), 1500);
      return;
    }
    if (event.key === "?") {
      dialog()?.showModal();
      event.preventDefault();
      return;
    }
    if (press(event.key)) event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-close-dialog]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  for (const button of document.querySelectorAll("[data-open-dialog]")) {
    button.addEventListener("click", () => document.querySelector(button.dataset.openDialog).showModal());
  }
}
