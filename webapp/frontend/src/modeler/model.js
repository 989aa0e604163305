// Reading and changing what stands behind the shapes. Every change goes through the command stack, so it can be undone.
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";

export { getBusinessObject, is, isAny };

// The business object that the panel is about: a pool stands for its process.
export function subjectOf(element) {
  const object = getBusinessObject(element);
  return { object, process: is(object, "bpmn:Participant") ? object.processRef : is(object, "bpmn:Process") ? object : null };
}

export function processOf(object) {
  let each = object;
  while (each && !is(each, "bpmn:Process")) each = each.$parent;
  return each ?? null;
}

export class Model {
  constructor(editor) {
    this.editor = editor;
    this.modeling = editor.get("modeling");
    this.factory = editor.get("bpmnFactory");
  }

  get definitions() {
    return this.editor.modeler.getDefinitions();
  }

  // Attributes of `object`, which stands behind `element` or belongs to it; empty texts remove the attribute.
  set(element, object, values) {
    const cleaned = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === "" ? undefined : value]));
    if (object === getBusinessObject(element)) this.modeling.updateProperties(element, cleaned);
    else this.modeling.updateModdleProperties(element, object, cleaned);
  }

  documentation(object) {
    return object.get("documentation")?.[0]?.text ?? "";
  }

  setDocumentation(element, object, text) {
    const documentation = text ? [this.factory.create("bpmn:Documentation", { text })] : [];
    if (documentation.length) documentation[0].$parent = object;
    this.modeling.updateModdleProperties(element, object, { documentation });
  }

  extensions(object, type) {
    return (object?.get("extensionElements")?.get("values") ?? []).filter((each) => each.$type === type);
  }

  extension(object, type) {
    return this.extensions(object, type)[0] ?? null;
  }

  // Replace all extension elements of this type by these (created from plain values), at the place of the first.
  setExtensions(element, object, type, records) {
    const old = object.get("extensionElements");
    const values = [...(old?.get("values") ?? [])];
    const at = values.findIndex((each) => each.$type === type);
    const kept = values.filter((each) => each.$type !== type);
    const created = records.map((record) => this.#create(type, record));
    kept.splice(at < 0 ? kept.length : at, 0, ...created);
    if (!kept.length) {
      if (old) this.modeling.updateModdleProperties(element, object, { extensionElements: undefined });
      return;
    }
    const extensionElements = this.factory.create("bpmn:ExtensionElements", { values: kept });
    extensionElements.$parent = object;
    for (const each of kept) each.$parent = extensionElements;
    this.modeling.updateModdleProperties(element, object, { extensionElements });
  }

  #create(type, record) {
    const created = this.factory.create(type);
    for (const [name, value] of Object.entries(record)) {
      if (Array.isArray(value)) {
        const inner = value.map(({ $type, ...rest }) => this.#create($type, rest));
        for (const each of inner) each.$parent = created;
        created.set(name, inner);
      } else created.set(name, value === "" ? undefined : value);
    }
    return created;
  }

  property(object, name) {
    const found = this.extensions(object, "praxis:Property").find((each) => each.name === name);
    return found ? (found.value ?? found.text ?? "") : "";
  }

  properties(object) {
    return this.extensions(object, "praxis:Property").map((each) => ({ name: each.name ?? "", value: each.value ?? each.text ?? "" }));
  }

  setProperty(element, object, name, value) {
    const others = this.properties(object);
    const at = others.findIndex((each) => each.name === name);
    if (value && at >= 0) others[at] = { name, value };
    else if (value) others.push({ name, value });
    else if (at >= 0) others.splice(at, 1);
    this.setExtensions(element, object, "praxis:Property", others);
  }

  expression(text) {
    return text ? this.factory.create("bpmn:FormalExpression", { body: text }) : undefined;
  }

  // Set an expression-valued child (conditionExpression, timeDuration, completionCondition …).
  setExpression(element, object, name, text) {
    const expression = this.expression(text);
    if (expression) expression.$parent = object;
    if (object === getBusinessObject(element)) this.modeling.updateProperties(element, { [name]: expression });
    else this.modeling.updateModdleProperties(element, object, { [name]: expression });
  }

  // Messages, signals, errors and escalations of the file.
  roots(type) {
    return this.definitions.get("rootElements").filter((each) => is(each, type));
  }

  addRoot(element, type, values) {
    const root = this.factory.create(type, values);
    root.$parent = this.definitions;
    this.modeling.updateModdleProperties(element, this.definitions, { rootElements: [...this.definitions.get("rootElements"), root] });
    return root;
  }

  eventDefinitions(object) {
    return object.get?.("eventDefinitions") ?? [];
  }
}
