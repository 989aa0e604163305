// The fields of the properties panel: label, input, note. Every change is one step on the undo stack.
import { h, icon, later, newId } from "./dom.js";
import { feelInput } from "./feel.js";
import { t } from "./text.js";

const COMMIT_AFTER_MS = 350;

export function group(key, title, children, { open = true, count } = {}) {
  return h(
    "details",
    { class: "prop-group", "data-keep": `group-${key}`, open },
    h("summary", {}, title, count ? h("span", { class: "badge badge-outline ms-1" }, String(count)) : null),
    h("div", { class: "prop-body" }, children),
  );
}

function field(label, input, ...more) {
  input.id ||= newId("field");
  return h("div", { class: "prop" }, h("label", { class: "prop-label", for: input.id }, label), ...more);
}

export function textField({ key, label, value, commit, rows = 1, hint, world, list, action, placeholder }) {
  const hintId = hint ? newId("hint") : undefined;
  const listId = list ? newId("list") : undefined;
  const input = h(rows > 1 ? "textarea" : "input", {
    class: "form-control form-control-sm",
    "data-keep": key,
    value: value ?? "",
    rows: rows > 1 ? rows : undefined,
    list: listId,
    placeholder,
    "aria-describedby": hintId,
    disabled: !world.mayEdit,
  });
  commitLater(input, commit);
  const choices = list ? h("datalist", { id: listId }, list.map((each) => optionOf(each))) : null;
  return field(label, input, h("div", { class: "prop-line" }, input, action), choices, hint ? h("div", { class: "form-hint", id: hintId }, hint) : null);
}

function commitLater(input, commit) {
  const soon = later(COMMIT_AFTER_MS, () => commit(input.value));
  input.addEventListener("input", () => {
    soon();
  });
  const now = () => {
    if (soon.isWaiting()) soon.now();
  };
  input.addEventListener("change", now);
  input.addEventListener("blur", now);
}

function optionOf(each, chosen) {
  const [value, label] = Array.isArray(each) ? each : [each, each];
  return h("option", { value, selected: chosen !== undefined && value === chosen ? true : undefined }, label);
}

export function selectField({ key, label, value, options, commit, hint, world, action }) {
  const known = options.some((each) => (Array.isArray(each) ? each[0] : each) === (value ?? ""));
  const input = h(
    "select",
    { class: "form-select form-select-sm", "data-keep": key, disabled: !world.mayEdit, onchange: () => commit(input.value) },
    (known ? options : [...options, [value, t("{name} (not in this practice)", { name: value })]]).map((each) => optionOf(each, value ?? "")),
  );
  return field(label, input, h("div", { class: "prop-line" }, input, action), hint ? h("div", { class: "form-hint" }, hint) : null);
}

export function checkField({ key, label, value, commit, world }) {
  const input = h("input", { type: "checkbox", class: "form-check-input", "data-keep": key, checked: Boolean(value), disabled: !world.mayEdit, onchange: () => commit(input.checked) });
  input.id = newId("field");
  return h("div", { class: "prop form-check" }, input, h("label", { class: "form-check-label", for: input.id }, label));
}

export function feelField({ key, label, value, commit, kind = "expression", rows = 1, hint, world, action }) {
  const hintId = hint ? newId("hint") : undefined;
  const { input, box } = feelInput({ key, value, kind, rows, world, commit, describedBy: hintId });
  const mark = h("span", { class: "feel-mark", title: kind === "value" ? t("A text, or FEEL after =") : t("FEEL") }, kind === "value" ? "a|=" : "=");
  return field(label, input, h("div", { class: "prop-line" }, mark, box, action), hint ? h("div", { class: "form-hint", id: hintId }, hint) : null);
}

export function button(label, action, { symbol, keep, kind = "btn-sm", disabled = false } = {}) {
  return h("button", { type: "button", class: `btn ${kind}`, onclick: action, disabled, "data-keep": keep }, symbol ? icon(symbol) : null, label);
}

export function iconButton(symbol, label, action, { keep, disabled = false } = {}) {
  return h("button", { type: "button", class: "btn btn-icon btn-sm btn-ghost-secondary", "aria-label": label, title: label, onclick: action, disabled, "data-keep": keep }, icon(symbol));
}

// A list of small records: `columns` are { name, label, feel?: kind, list? }; commit gets the new list.
export function rowsField({ key, label, rows, columns, commit, world, addLabel }) {
  const change = (number, name, value) => commit(rows.map((row, at) => (at === number ? { ...row, [name]: value } : row)));
  const cell = (row, number, column) => {
    const keep = `${key}-${number}-${column.name}`;
    const aria = `${column.label} ${number + 1}`;
    if (column.feel) {
      return feelInput({ key: keep, value: row[column.name], kind: column.feel, rows: 1, world, label: aria, commit: (value) => change(number, column.name, value) }).box;
    }
    const listId = column.list ? newId("list") : undefined;
    const input = h("input", { class: "form-control form-control-sm", "data-keep": keep, value: row[column.name] ?? "", "aria-label": aria, list: listId, disabled: !world.mayEdit });
    commitLater(input, (value) => change(number, column.name, value));
    return h("span", {}, input, column.list ? h("datalist", { id: listId }, column.list.map((each) => optionOf(each))) : null);
  };
  return h(
    "fieldset",
    { class: "prop" },
    h("legend", { class: "prop-label" }, label),
    rows.length
      ? h(
          "table",
          { class: "prop-rows" },
          h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col" }, column.label)), h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("Remove"))))),
          h(
            "tbody",
            {},
            rows.map((row, number) =>
              h(
                "tr",
                {},
                columns.map((column) => h("td", {}, cell(row, number, column))),
                h("td", {}, iconButton("trash", t("Remove row {number}", { number: number + 1 }), () => commit(rows.filter((_, at) => at !== number)), { disabled: !world.mayEdit })),
              ),
            ),
          ),
        )
      : null,
    button(addLabel ?? t("Add"), () => commit([...rows, Object.fromEntries(columns.map((column) => [column.name, column.start ?? ""]))]), {
      symbol: "plus",
      keep: `${key}-add`,
      disabled: !world.mayEdit,
    }),
  );
}

export function note(text) {
  return h("p", { class: "prop-note" }, text);
}
