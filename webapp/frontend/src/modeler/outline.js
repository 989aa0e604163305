// The model as a table: everything that the diagram can do, by keyboard and for screen readers.
import { afterDrawing, h, newId, redraw } from "./dom.js";
import { connect, insertAfter, kindChoices, remove, targetsOf } from "./edit.js";
import { button, iconButton } from "./fields.js";
import { feelInput } from "./feel.js";
import { Model, is, isAny } from "./model.js";
import { kindName, laneOf } from "./properties.js";
import { t } from "./text.js";

export class Outline {
  constructor(desk) {
    this.desk = desk;
    this.filter = "";
    this.body = h("tbody");
    this.note = h("p", { class: "visually-hidden", role: "status" });
    const search = h("input", { type: "search", class: "form-control form-control-sm", "aria-label": t("Find an element"), placeholder: t("Find an element"), oninput: () => ((this.filter = search.value.toLowerCase()), this.render()) });
    const columns = [t("Kind"), t("Name"), t("Lane"), t("Setting"), t("Leads to"), t("Actions")];
    this.box = h(
      "div",
      { class: "outline", tabindex: "-1" },
      h("div", { class: "outline-tools" }, search, this.note),
      h(
        "div",
        { class: "outline-scroll", tabindex: "0", role: "group", "aria-label": t("Elements") },
        h("table", { class: "table table-sm outline-table" }, h("caption", { class: "visually-hidden" }, t("Elements in the order of the flow")), h("thead", {}, h("tr", {}, columns.map((each) => h("th", { scope: "col" }, each)))), this.body),
      ),
    );
  }

  render() {
    const editor = this.desk.editor;
    if (!editor?.modeler || this.box.closest("[hidden]")) return;
    const rows = inOrder(editor).filter(({ element }) => !this.filter || searchable(element).includes(this.filter));
    redraw(this.body, rows.map((row) => this.#row(editor, row)));
  }

  #row(editor, { element, depth }) {
    const object = element.businessObject;
    const mayEdit = this.desk.draft.mayEdit;
    const name = h("input", {
      class: "form-control form-control-sm",
      "data-keep": `outline-${object.id}-name`,
      "aria-label": t("Name of {id}", { id: object.id }),
      value: object.name ?? "",
      disabled: !mayEdit,
      onchange: () => editor.get("modeling").updateProperties(element, { name: name.value || undefined }),
      onfocus: () => editor.select(object.id),
    });
    const isSelected = editor.selected === element;
    return h(
      "tr",
      { "data-row": object.id, class: isSelected ? "is-selected" : undefined, "aria-current": isSelected ? "true" : undefined },
      h("td", { class: `outline-kind depth-${Math.min(depth, 4)}` }, kindName(object), this.#findings(object.id)),
      h("td", { class: "outline-name" }, name),
      h("td", {}, laneOf(object)?.name ?? ""),
      h("td", { class: "outline-setting" }, this.#setting(editor, element)),
      h("td", {}, this.#flows(editor, element)),
      h(
        "td",
        { class: "outline-actions" },
        iconButton("settings", t("Properties of {name}", { name: object.name || object.id }), () => this.desk.showProperties(object.id), { keep: `outline-${object.id}-properties` }),
        mayEdit && !is(object, "bpmn:EndEvent") ? iconButton("plus", t("Add after {name}", { name: object.name || object.id }), () => this.#addAfter(editor, element), { keep: `outline-${object.id}-add` }) : null,
        mayEdit && !is(object, "bpmn:EndEvent") ? iconButton("arrow-right", t("Connect {name} to …", { name: object.name || object.id }), () => this.#connect(editor, element), { keep: `outline-${object.id}-connect` }) : null,
        mayEdit ? iconButton("trash", t("Delete {name}", { name: object.name || object.id }), () => this.#remove(editor, element), { keep: `outline-${object.id}-delete` }) : null,
      ),
    );
  }

  #findings(id) {
    const found = this.desk.draft.findings.filter((each) => each.file === this.desk.editor.name && each.element === id);
    if (!found.length) return null;
    const kind = found.some((each) => each.severity === "error") ? "is-error" : "is-warning";
    return h("span", { class: `finding-badge ${kind}`, title: found.map((each) => each.message).join("\n") }, String(found.length), h("span", { class: "visually-hidden" }, ` ${t("problems")}`));
  }

  // The one property that says most about this kind of element.
  #setting(editor, element) {
    const object = element.businessObject;
    const setting = [
      ["bpmn:UserTask", "praxis:formKey", t("Form"), this.desk.draft.words.forms.map((each) => each.key)],
      ["bpmn:StartEvent", "praxis:formKey", t("Form"), this.desk.draft.words.forms.map((each) => each.key)],
      ["bpmn:BusinessRuleTask", "praxis:decision", t("Decision"), this.desk.draft.words.decisions.map((each) => each.key)],
      ["bpmn:ServiceTask", "praxis:topic", t("Topic"), this.desk.draft.words.topics],
      ["bpmn:CallActivity", "calledElement", t("Process"), this.desk.draft.words.processes.map((each) => each.key)],
    ].find(([type]) => is(object, type));
    if (!setting) return null;
    const [, attribute, label, choices] = setting;
    const listId = newId("list");
    const input = h("input", {
      class: "form-control form-control-sm",
      "data-keep": `outline-${object.id}-setting`,
      "aria-label": t("{setting} of {name}", { setting: label, name: object.name || object.id }),
      placeholder: label,
      value: object.get(attribute) ?? "",
      list: listId,
      disabled: !this.desk.draft.mayEdit,
      onchange: () => editor.get("modeling").updateProperties(element, { [attribute]: input.value || undefined }),
      onfocus: () => editor.select(object.id),
    });
    return [input, h("datalist", { id: listId }, choices.map((each) => h("option", { value: each })))];
  }

  #flows(editor, element) {
    const flows = element.outgoing.filter((each) => each.type === "bpmn:SequenceFlow");
    const isBranching = flows.length > 1 && !isAny(element.businessObject, ["bpmn:ParallelGateway", "bpmn:EventBasedGateway"]);
    return h(
      "ul",
      { class: "outline-flows" },
      flows.map((flow) => {
        const object = flow.businessObject;
        const target = object.targetRef;
        const isDefault = element.businessObject.default === object;
        return h(
          "li",
          {},
          h("button", { type: "button", class: "btn-as-link", "data-keep": `outline-${object.id}-target`, onclick: () => this.focusRow(target.id) }, `→ ${target?.name || target?.id}`),
          isDefault ? h("span", { class: "text-secondary" }, ` ${t("(otherwise)")}`) : null,
          (isBranching && !isDefault) || object.conditionExpression ? this.#condition(editor, flow) : null,
        );
      }),
    );
  }

  #condition(editor, flow) {
    const object = flow.businessObject;
    const world = { server: this.desk.server, words: this.desk.draft.words, processId: object.$parent?.id, mayEdit: this.desk.draft.mayEdit };
    const commit = (text) => new Model(editor).setExpression(flow, object, "conditionExpression", text);
    const label = t("Condition of the way to {name}", { name: object.targetRef?.name || object.targetRef?.id });
    return feelInput({ key: `outline-${object.id}-condition`, value: object.conditionExpression?.body, kind: "expression", rows: 1, world, commit, label }).box;
  }

  focusRow(id, part = "name") {
    const input = this.body.querySelector(`[data-keep="outline-${CSS.escape(id)}-${part}"]`);
    input?.focus();
    input?.scrollIntoView({ block: "nearest" });
  }

  #addAfter(editor, element) {
    const kind = choice(t("Kind"), kindChoices());
    const name = h("input", { class: "form-control", id: newId("field"), autocomplete: "off" });
    ask(t("Add after {name}", { name: element.businessObject.name || element.id }), [kind.box, h("label", { class: "form-label mt-2", for: name.id }, t("Name")), name], t("Add"), () => {
      const created = insertAfter(editor, element, Number(kind.value()), name.value.trim());
      this.render();
      this.focusRow(created.id);
      this.note.textContent = t("{name} is added.", { name: name.value || created.id });
    });
  }

  #connect(editor, element) {
    const targets = targetsOf(editor, element);
    const target = choice(t("Leads to"), targets.map((each) => [each.id, each.businessObject.name || each.id]));
    ask(t("Connect {name} to …", { name: element.businessObject.name || element.id }), [target.box], t("Connect"), () => {
      connect(editor, element, editor.element(target.value()));
      this.render();
      this.focusRow(element.id, "connect");
    });
  }

  #remove(editor, element) {
    const ids = [...this.body.querySelectorAll("tr")].map((row) => row.dataset.row);
    const at = ids.indexOf(element.id);
    const name = element.businessObject.name || element.id;
    remove(editor, element);
    this.render();
    afterDrawing(() => this.focusRow(ids[at + 1] ?? ids[at - 1]));
    this.note.textContent = t("{name} is deleted; undo brings it back.", { name });
  }
}

function searchable(element) {
  return `${element.businessObject.name ?? ""} ${element.id} ${kindName(element.businessObject)}`.toLowerCase();
}

// Flow nodes from the start events onwards; what nothing reaches comes last, inner elements after their sub-process.
function inOrder(editor) {
  const registry = editor.get("elementRegistry");
  const nodes = registry.filter((each) => !each.labelTarget && is(each.businessObject, "bpmn:FlowNode") && each.type !== "label" && !each.isImplicit && each.waypoints === undefined && !each.id.endsWith("_plane"));
  const parentOf = (each) => each.businessObject.$parent;
  const rows = [];
  const visit = (scope, depth) => {
    const inside = nodes.filter((each) => parentOf(each) === scope);
    const seen = new Set();
    const rank = (each) => (is(each.businessObject, "bpmn:StartEvent") ? 0 : is(each.businessObject, "bpmn:BoundaryEvent") ? 2 : 1);
    const starts = inside.filter((each) => !each.incoming.some((flow) => flow.type === "bpmn:SequenceFlow")).sort((a, b) => rank(a) - rank(b) || a.y - b.y);
    const walk = (begin) => {
      const waiting = [begin];
      while (waiting.length) {
        const element = waiting.shift();
        if (seen.has(element) || !inside.includes(element)) continue;
        seen.add(element);
        rows.push({ element, depth });
        if (is(element.businessObject, "bpmn:SubProcess")) visit(element.businessObject, depth + 1);
        waiting.push(...element.outgoing.filter((flow) => flow.type === "bpmn:SequenceFlow").map((flow) => flow.target));
      }
    };
    starts.forEach(walk);
    inside.forEach(walk);
  };
  const scopes = [...new Set(nodes.map(parentOf))].filter((scope) => is(scope, "bpmn:Process"));
  scopes.forEach((scope) => visit(scope, 0));
  return rows;
}

function choice(label, options) {
  const id = newId("choice");
  const select = h("select", { class: "form-select", id }, options.map(([value, text]) => h("option", { value }, text)));
  return { box: h("div", {}, h("label", { class: "form-label", for: id }, label), select), value: () => select.value };
}

// A small dialog; `act` runs when the person agrees.
export function ask(title, children, agree, act) {
  const titleId = newId("title");
  const dialog = h(
    "dialog",
    { "aria-labelledby": titleId },
    h(
      "form",
      { class: "card mb-0", method: "dialog", onsubmit: () => setTimeout(act) },
      h("div", { class: "card-header" }, h("h2", { class: "card-title", id: titleId }, title)),
      h("div", { class: "card-body" }, children),
      h("div", { class: "card-footer d-flex gap-2" }, h("button", { class: "btn btn-primary" }, agree), button(t("Cancel"), () => dialog.close(), { kind: "" })),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
