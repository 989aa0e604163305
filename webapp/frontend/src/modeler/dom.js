// Elements in one line: h("button", { class: "btn", onclick: save }, "Save").
let lastId = 0;

export function newId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let iconSheet = "";
export function useIcons(address) {
  iconSheet = address;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${iconSheet}#${name}`);
  svg.append(use);
  return svg;
}

export function later(milliseconds, action) {
  let timer = null;
  const call = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      action(...given);
    }, milliseconds);
  };
  call.now = (...given) => {
    clearTimeout(timer);
    timer = null;
    return action(...given);
  };
  call.isWaiting = () => timer !== null;
  return call;
}

// What is typed into and what is being clicked stays in the page until that is over; then the newest state is drawn.
const waiting = new Map(); // box → children
let isPointerDown = false;

const isTyping = (box) => box.contains(document.activeElement) && document.activeElement.dataset.typing === "yes";

function drawWaiting() {
  for (const [box, children] of [...waiting]) redraw(box, children);
}

const drawLater = () => setTimeout(drawWaiting);

document.addEventListener("input", ({ target }) => {
  if (target.matches("input:not([type=checkbox]), textarea")) target.dataset.typing = "yes";
});
for (const ended of ["change", "focusout"]) {
  document.addEventListener(ended, ({ target }) => {
    if (!target.dataset?.typing) return;
    delete target.dataset.typing;
    drawLater();
  });
}
document.addEventListener("pointerdown", () => (isPointerDown = true), true);
for (const ended of ["pointerup", "pointercancel"]) {
  document.addEventListener(ended, () => setTimeout(() => ((isPointerDown = false), drawWaiting())), true);
}

// For what needs the newest state in the page: focus it after a click has been dealt with.
export const afterDrawing = (action) => setTimeout(action);

// Draw anew what stands in `box`, and leave the focus where the person had it (by data-keep).
export function redraw(box, children) {
  if (isPointerDown || isTyping(box)) {
    waiting.set(box, children);
    return;
  }
  waiting.delete(box);
  const active = box.contains(document.activeElement) ? document.activeElement : null;
  const key = active?.dataset.keep;
  const range = active?.matches("input:not([type=checkbox]), textarea") ? [active.selectionStart, active.selectionEnd] : null;
  const open = new Map([...box.querySelectorAll("details[data-keep]")].map((each) => [each.dataset.keep, each.open]));
  const top = box.scrollTop;
  box.replaceChildren(...[children].flat(Infinity).filter(Boolean));
  for (const each of box.querySelectorAll("details[data-keep]")) {
    if (open.has(each.dataset.keep)) each.open = open.get(each.dataset.keep);
  }
  box.scrollTop = top;
  const again = key && [...box.querySelectorAll("[data-keep]")].find((each) => each.dataset.keep === key);
  if (!again) return;
  again.focus({ preventScroll: true });
  try {
    if (range) again.setSelectionRange(...range);
  } catch {} // inputs without a text selection
}

// Tabs with arrow keys (WAI-ARIA pattern). `tabs` are { key, label, panel }; returns { show, button }.
export function tabs(label, entries, { onShow } = {}) {
  const list = h("div", { role: "tablist", "aria-label": label, class: "modeler-tabs" });
  const buttons = new Map();
  const show = (key, focus = false) => {
    for (const entry of entries) {
      const isShown = entry.key === key;
      const button = buttons.get(entry.key);
      button.setAttribute("aria-selected", String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      entry.panel.hidden = !isShown;
      if (isShown && focus) button.focus();
    }
    onShow?.(key);
  };
  for (const entry of entries) {
    const id = newId("tab");
    entry.panel.id ||= newId("panel");
    entry.panel.setAttribute("role", "tabpanel");
    entry.panel.setAttribute("aria-labelledby", id);
    const button = h(
      "button",
      { type: "button", role: "tab", id, "aria-controls": entry.panel.id, class: "modeler-tab", onclick: () => show(entry.key) },
      entry.label,
    );
    buttons.set(entry.key, button);
    list.append(button);
  }
  list.addEventListener("keydown", (event) => {
    const keys = entries.filter((each) => !buttons.get(each.key).hidden).map((each) => each.key);
    const at = keys.findIndex((key) => buttons.get(key) === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: keys.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    show(keys[(to + keys.length) % keys.length], true);
  });
  return { list, show, button: (key) => buttons.get(key) };
}
