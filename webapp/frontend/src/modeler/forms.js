// The form builder: fields as a list, the chosen one's properties below, and the form as employees see it beside.
// Works on the form's JSON in place: what it does not know stays as it is.
import { afterDrawing, h, later, redraw } from "./dom.js";
import { button, checkField, feelField, group, iconButton, rowsField, selectField, textField } from "./fields.js";
import { t } from "./text.js";

const PREVIEW_AFTER_MS = 500;
const TYPES = ["textfield", "textarea", "number", "checkbox", "select", "radio", "checklist", "datetime", "filepicker", "text", "table", "separator", "group", "dynamiclist"];
const CONTAINERS = ["group", "dynamiclist"];
const CHOICES = ["select", "radio", "checklist", "taglist"];
const SHOWN_ONLY = ["text", "separator", "table", "group"];

const typeName = (type) =>
  ({
    textfield: t("Text, one line"), textarea: t("Text, several lines"), number: t("Number"), checkbox: t("Yes or no"), select: t("Choice from a list"),
    radio: t("Choice, all shown"), checklist: t("Several choices"), taglist: t("Several choices"), datetime: t("Date and time"), filepicker: t("File"), text: t("Words"),
    table: t("Table"), separator: t("Line"), group: t("Group"), dynamiclist: t("Rows"),
  })[type] ?? type; // prettier-ignore

export class FormEditor extends EventTarget {
  constructor(name, desk) {
    super();
    Object.assign(this, { name, desk, done: [], undone: [], chosen: null });
    this.list = h("div", { class: "form-fields" });
    this.details = h("div", { class: "form-details" });
    this.preview = h("div", { class: "form-preview card" }, h("div", { class: "card-header" }, h("h3", { class: "card-title" }, t("As employees see it"))), (this.previewBody = h("div", { class: "card-body", inert: true })));
    this.box = h("div", { class: "form-editor" }, h("div", { class: "form-left" }, this.list, this.details), this.preview);
    this.previewSoon = later(PREVIEW_AFTER_MS, () => this.#drawPreview());
  }

  async open(text) {
    await this.load(text);
  }

  async load(text) {
    this.form = JSON.parse(text);
    this.form.components ??= [];
    this.last = JSON.stringify(this.form);
    this.render();
    this.previewSoon.now();
  }

  async replace(text) {
    this.done = [];
    this.undone = [];
    await this.load(text);
  }

  async content() {
    return `${JSON.stringify(this.form, null, 2)}\n`;
  }

  shown() {}

  get world() {
    const { draft, server } = this.desk;
    return { server, words: draft.words, processId: null, mayEdit: draft.mayEdit };
  }

  #changed() {
    const now = JSON.stringify(this.form);
    if (now === this.last) return;
    this.done.push(this.last);
    this.undone = [];
    this.last = now;
    this.#redrawn();
  }

  #redrawn() {
    this.render();
    this.previewSoon();
    this.dispatchEvent(new CustomEvent("changed"));
  }

  #travel(from, to) {
    if (!from.length) return;
    to.push(this.last);
    this.last = from.pop();
    this.form = JSON.parse(this.last);
    this.#redrawn();
  }

  undo() {
    this.#travel(this.done, this.undone);
  }

  redo() {
    this.#travel(this.undone, this.done);
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  // Every component with its list, its place in it and how deep it lies.
  #all() {
    const rows = [];
    const walk = (list, depth, path) =>
      list.forEach((component, at) => {
        const here = `${path}.${at}`;
        rows.push({ component, list, at, depth, path: here });
        if (component.components) walk(component.components, depth + 1, here);
      });
    walk(this.form.components, 0, "");
    return rows;
  }

  render() {
    const rows = this.#all();
    const { mayEdit } = this.desk.draft;
    redraw(this.list, [
      this.#head(),
      h(
        "table",
        { class: "table table-sm outline-table" },
        h("caption", { class: "visually-hidden" }, t("Fields of the form")),
        h("thead", {}, h("tr", {}, [t("Kind"), t("Key"), t("Label"), t("Label in Chinese"), t("Must be filled"), t("Actions")].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", {}, rows.map((row) => this.#row(row, mayEdit))),
      ),
      mayEdit ? button(t("Add a field"), () => this.#add(this.form.components, this.form.components.length), { symbol: "plus", keep: "add-field" }) : null,
    ]);
    this.#drawDetails(rows);
  }

  #head() {
    const field = (name, label) => textField({ key: `form-${name}`, label, value: this.form[name], world: this.world, commit: (value) => this.#set(this.form, name, value) });
    return h("div", { class: "form-head" }, field("title", t("Title")), field("title:zh", t("Title in Chinese")));
  }

  #set(object, name, value) {
    if (value === "" || value === undefined) delete object[name];
    else object[name] = value;
    this.#changed();
  }

  #row({ component, list, at, depth, path }, mayEdit) {
    const text = component.type === "text" ? "text" : "label";
    const name = component.label || component.key || component.path || component.id || typeName(component.type);
    const input = (attribute, label, target = component) => {
      const box = h("input", { class: "form-control form-control-sm", "data-keep": `field${path}-${attribute}`, "aria-label": `${label}: ${name}`, value: target[attribute] ?? "", disabled: !mayEdit, onchange: () => this.#set(target, attribute, box.value) });
      return box;
    };
    const keyName = component.type === "dynamiclist" ? "path" : SHOWN_ONLY.includes(component.type) ? null : "key";
    const required = h("input", { type: "checkbox", class: "form-check-input", "data-keep": `field${path}-required`, "aria-label": `${t("Must be filled")}: ${name}`, checked: component.validate?.required === true, disabled: !mayEdit, onchange: () => this.#rule(component, "required", required.checked || undefined) });
    const move = (by) => {
      list.splice(at, 1);
      list.splice(at + by, 0, component);
      this.#changed();
    };
    return h(
      "tr",
      { class: component === this.chosen ? "is-selected" : undefined },
      h("td", { class: `outline-kind depth-${Math.min(depth, 4)}` }, typeName(component.type)),
      h("td", {}, keyName ? input(keyName, t("Key")) : ""),
      h("td", {}, component.type === "separator" ? "" : input(text, t("Label"))),
      h("td", {}, component.type === "separator" ? "" : input(`${text}:zh`, t("Label in Chinese"))),
      h("td", { class: "text-center" }, SHOWN_ONLY.includes(component.type) || component.type === "dynamiclist" ? "" : required),
      h(
        "td",
        { class: "outline-actions" },
        iconButton("settings", t("Properties of {name}", { name }), () => this.#choose(component), { keep: `field${path}-more` }),
        mayEdit
          ? [
              iconButton("chevron-up", t("Move {name} up", { name }), () => move(-1), { keep: `field${path}-up`, disabled: at === 0 }),
              iconButton("chevron-down", t("Move {name} down", { name }), () => move(1), { keep: `field${path}-down`, disabled: at === list.length - 1 }),
              iconButton("plus", t("Add after {name}", { name }), () => (CONTAINERS.includes(component.type) ? this.#add((component.components ??= []), component.components.length) : this.#add(list, at + 1)), { keep: `field${path}-add` }),
              iconButton("trash", t("Delete {name}", { name }), () => (list.splice(at, 1), this.#changed()), { keep: `field${path}-delete` }),
            ]
          : null,
      ),
    );
  }

  #rule(component, name, value) {
    const validate = { ...component.validate };
    if (value === undefined || value === "") delete validate[name];
    else validate[name] = value;
    if (Object.keys(validate).length) component.validate = validate;
    else delete component.validate;
    this.#changed();
  }

  #add(list, at) {
    const known = new Set(this.#all().map(({ component }) => component.key));
    let number = known.size + 1;
    while (known.has(`field_${number}`)) number += 1;
    const component = { type: "textfield", id: `field_${number}`, key: `field_${number}`, label: "New field", "label:zh": "新字段" };
    list.splice(at, 0, component);
    this.chosen = component;
    this.#changed();
  }

  #choose(component) {
    this.chosen = component;
    this.render();
    afterDrawing(() => this.details.querySelector("select, input, textarea")?.focus());
  }

  #drawDetails(rows) {
    const row = rows.find(({ component }) => component === this.chosen) ?? rows.find(({ path }) => path === this.chosenPath);
    this.chosen = row?.component ?? null;
    this.chosenPath = row?.path;
    redraw(this.details, row ? this.#properties(row) : h("p", { class: "prop-note" }, t("Choose a field to see more of its properties.")));
  }

  #properties({ component, path }) {
    const { world } = this;
    const key = (name) => `details${path}-${name}`;
    const text = (name, label, more = {}) => textField({ key: key(name), label, value: component[name], world, commit: (value) => this.#set(component, name, value), ...more });
    const number = (name, label) => textField({ key: key(name), label, value: component.validate?.[name], world, commit: (value) => this.#rule(component, name, value === "" || Number.isNaN(Number(value)) ? value : Number(value)) });
    const type = component.type;
    return group("field", `${typeName(type)} · ${component.key ?? component.path ?? component.id ?? ""}`, [
      selectField({ key: key("type"), label: t("Kind"), value: type, options: TYPES.map((each) => [each, typeName(each)]), world, commit: (next) => this.#retype(component, next) }),
      type === "text" ? [text("text", t("Words (Markdown, {{variables}})"), { rows: 4 }), text("text:zh", t("Words in Chinese"), { rows: 4 })] : [text("description", t("Explanation")), text("description:zh", t("Explanation in Chinese"))],
      SHOWN_ONLY.includes(type) ? null : text("defaultValue", t("Value at the start"), { commit: (value) => this.#set(component, "defaultValue", typed(component, value)) }),
      type === "number" ? [number("min", t("At least")), number("max", t("At most"))] : null,
      ["textfield", "textarea"].includes(type) ? [number("minLength", t("At least this many characters")), number("maxLength", t("At most this many characters"))] : null,
      type === "datetime" ? selectField({ key: key("subtype"), label: t("What to enter"), value: component.subtype ?? "date", options: [["date", t("a day")], ["time", t("a time")], ["datetime", t("a day and a time")]], world, commit: (value) => this.#set(component, "subtype", value) }) : null,
      CHOICES.includes(type) ? this.#choices(component, key) : null,
      type === "table" ? feelField({ key: key("dataSource"), label: t("Rows from"), value: component.dataSource, world, commit: (value) => this.#set(component, "dataSource", value) }) : null,
      type === "table" ? rowsField({ key: key("columns"), label: t("Columns"), rows: component.columns ?? [], columns: [{ name: "key", label: t("Key") }, { name: "label", label: t("Label") }, { name: "label:zh", label: t("Label in Chinese") }], world, commit: (rows) => this.#set(component, "columns", rows) }) : null,
      feelField({ key: key("hide"), label: t("Hidden when"), value: component.conditional?.hide, world, commit: (value) => this.#set(component, "conditional", value ? { ...component.conditional, hide: value } : undefined) }),
      SHOWN_ONLY.includes(type) ? null : checkField({ key: key("readonly"), label: t("Only to read"), value: component.readonly === true, world, commit: (value) => this.#set(component, "readonly", value || undefined) }),
    ].flat());
  }

  #choices(component, key) {
    const { world } = this;
    return [
      feelField({ key: key("valuesExpression"), label: t("Choices from"), value: component.valuesExpression, world, commit: (value) => this.#set(component, "valuesExpression", value), hint: t("FEEL that gives a list; or write them here:") }),
      component.valuesExpression
        ? null
        : rowsField({ key: key("values"), label: t("Choices"), rows: component.values ?? [], columns: [{ name: "value", label: t("Value") }, { name: "label", label: t("Label") }, { name: "label:zh", label: t("Label in Chinese") }], world, commit: (rows) => this.#set(component, "values", rows) }),
    ];
  }

  #retype(component, type) {
    component.type = type;
    if (type === "dynamiclist") {
      component.path ??= component.key;
      delete component.key;
    } else if (!SHOWN_ONLY.includes(type)) component.key ??= component.path ?? component.id;
    if (CONTAINERS.includes(type)) component.components ??= [];
    if (CHOICES.includes(type) && !component.valuesExpression) component.values ??= [{ value: "yes", label: "Yes", "label:zh": "是" }, { value: "no", label: "No", "label:zh": "否" }];
    this.#changed();
  }

  async #drawPreview() {
    try {
      const html = await this.desk.server.text("form-preview", { content: await this.content() });
      const parsed = new DOMParser().parseFromString(html, "text/html");
      this.previewBody.replaceChildren(...parsed.body.childNodes);
    } catch (error) {
      this.previewBody.replaceChildren(h("p", { class: "text-secondary" }, error.message));
    }
  }
}

function typed(component, value) {
  if (value === "") return undefined;
  if (component.type === "number" && !Number.isNaN(Number(value))) return Number(value);
  if (component.type === "checkbox") return value === "true";
  return value;
}
