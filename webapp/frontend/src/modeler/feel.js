// An input for FEEL: completes variables and functions, asks the server whether the text is right.
import { h, later, newId } from "./dom.js";
import { t } from "./text.js";

const CHECK_AFTER_MS = 300;
const MOST_SUGGESTIONS = 8;
const WORD = /[\p{L}_][\p{L}\p{N}_]*$/u;
const KEYWORDS = ["if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "between", "null", "true", "false", "not"];

// `world` gives { server, words, processId, mayEdit }; `kind` is expression, value, script or tests.
export function feelInput({ key, value, kind, rows, world, commit, describedBy, label }) {
  const listId = newId("suggestions");
  const noteId = newId("note");
  const input = h(rows > 1 ? "textarea" : "input", {
    class: "form-control form-control-sm feel",
    "data-keep": key,
    value: value ?? "",
    rows: rows > 1 ? rows : undefined,
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": listId,
    "aria-describedby": [noteId, describedBy].filter(Boolean).join(" "),
    "aria-label": label,
    spellcheck: "false",
    autocomplete: "off",
    disabled: !world.mayEdit,
  });
  const list = h("ul", { id: listId, role: "listbox", class: "suggestions", "aria-label": t("Suggestions"), hidden: true });
  const note = h("div", { id: noteId, class: "field-note", role: "status" });
  let chosen = -1;
  let shown = [];

  const isExpression = () => kind !== "value" || input.value.startsWith("=");
  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const word = () => input.value.slice(0, input.selectionStart).match(WORD)?.[0] ?? "";
  const suggest = () => {
    const begun = word().toLowerCase();
    if (!begun || !isExpression()) return close();
    shown = suggestions(world, begun).slice(0, MOST_SUGGESTIONS);
    if (!shown.length || (shown.length === 1 && shown[0].name.toLowerCase() === begun)) return close();
    list.replaceChildren(
      ...shown.map((each, number) =>
        h(
          "li",
          { role: "option", id: `${listId}-${number}`, "aria-selected": "false", onmousedown: (event) => (event.preventDefault(), take(number)) },
          h("span", { class: "suggestion-name" }, each.name),
          h("span", { class: "suggestion-from" }, each.from),
        ),
      ),
    );
    list.hidden = false;
    chosen = -1;
    input.setAttribute("aria-expanded", "true");
  };
  const choose = (number) => {
    list.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = (number + shown.length) % shown.length;
    list.children[chosen].setAttribute("aria-selected", "true");
    list.children[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `${listId}-${chosen}`);
  };
  const take = (number) => {
    const begun = word();
    const at = input.selectionStart;
    const { name, call } = shown[number];
    const inserted = call ? `${name}()` : name;
    input.value = input.value.slice(0, at - begun.length) + inserted + input.value.slice(at);
    const caret = at - begun.length + inserted.length - (call ? 1 : 0);
    input.setSelectionRange(caret, caret);
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const check = async () => {
    const asked = input.value;
    if (!asked.trim() || !isExpression()) return tell("", "");
    try {
      const answer = await checked(world.server, asked, kind);
      if (asked !== input.value) return;
      if (answer.problem) return tell("problem", answer.problem);
      const unknown = answer.names.filter((name) => !isKnown(world, name));
      const functions = answer.functions.filter((name) => !isKnown(world, name));
      if (functions.length) tell("problem", t("FEEL has no function {names}.", { names: functions.join(", ") }));
      else if (unknown.length) tell("doubt", t("Nothing in this practice sets {names}. Is the name right?", { names: unknown.join(", ") }));
      else tell("", "");
    } catch {} // the next change asks again
  };
  const tell = (state, text) => {
    note.textContent = text;
    note.className = `field-note ${state && `is-${state}`}`;
    input.classList.toggle("is-invalid", state === "problem");
    if (state === "problem") input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const checkSoon = later(CHECK_AFTER_MS, check);
  const commitSoon = later(CHECK_AFTER_MS, () => commit(input.value));

  input.addEventListener("input", () => {
    suggest();
    checkSoon();
    commitSoon();
  });
  const commitNow = () => {
    if (commitSoon.isWaiting()) commitSoon.now();
  };
  input.addEventListener("change", commitNow);
  input.addEventListener("blur", () => {
    close();
    commitNow();
  });
  input.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === " ") return suggest();
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? shown.length - 1 : chosen - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(chosen);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  if (value && isExpression()) check();
  return { input, box: h("div", { class: "feel-box" }, input, list, note) };
}

// What the server said of a text holds for ever: lists with many expressions ask once.
const answers = new Map();

function checked(server, text, kind) {
  const key = `${kind} ${text}`;
  if (!answers.has(key)) {
    const asking = server.post("expression", { text, kind });
    asking.catch(() => answers.delete(key));
    answers.set(key, asking);
  }
  return answers.get(key);
}

function isKnown(world, name) {
  if (world.words.built_in.includes(name) || world.words.functions.includes(name) || world.words.trusted.includes(name)) return true;
  return Object.values(world.words.variables).some((list) => list.some((each) => each.name === name && each.origin !== "read"));
}

function suggestions(world, begun) {
  const found = new Map();
  const offer = (name, from, rank, call = false) => {
    const at = name.toLowerCase().indexOf(begun);
    if (at < 0) return;
    const better = found.get(name);
    const score = rank + (at === 0 ? 0 : 10);
    if (!better || score < better.score) found.set(name, { name, from, score, call });
  };
  const own = world.words.variables[world.processId] ?? [];
  for (const each of own) offer(each.name, originText(each), each.origin === "read" ? 3 : 0);
  for (const [process, list] of Object.entries(world.words.variables)) {
    if (process !== world.processId) for (const each of list) if (each.origin !== "read") offer(each.name, process, 2);
  }
  for (const name of KEYWORDS) if (name !== begun) offer(name, t("word of FEEL"), 5);
  for (const name of world.words.functions) offer(name, t("function"), 4, true);
  return [...found.values()].sort((a, b) => a.score - b.score || a.name.localeCompare(b.name));
}

function originText({ origin, place }) {
  const from = {
    form: t("form"), result: t("result"), mapping: t("mapping"), script: t("script"), decision: t("decision"), message: t("message"),
    loop: t("loop"), error: t("error"), data: t("data object"), search: t("search attribute"), read: t("read elsewhere"),
  }[origin]; // prettier-ignore
  return place ? `${from} · ${place}` : from;
}
