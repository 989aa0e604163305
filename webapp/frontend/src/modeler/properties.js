// The properties of the selected element, in groups; only what fits the element's kind is shown.
import { redraw } from "./dom.js";
import { button, checkField, feelField, group, note, rowsField, selectField, textField } from "./fields.js";
import { Model, is, isAny, processOf, subjectOf } from "./model.js";
import { t } from "./text.js";

const JOBS = ["bpmn:ServiceTask", "bpmn:SendTask", "bpmn:BusinessRuleTask"];
const TIMERS = ["timeDuration", "timeDate", "timeCycle"];

export class PropertiesPanel {
  // `desk` is the page: { draft, editor, openFile(name), language, server }.
  constructor(box, desk) {
    this.box = box;
    this.desk = desk;
  }

  render() {
    const editor = this.desk.editor;
    if (!editor?.modeler) return redraw(this.box, note(t("Open a process to see its properties.")));
    const element = editor.subject;
    if (!element) return;
    const { object, process } = subjectOf(element);
    const view = new View(this.desk, new Model(editor), element, object, process);
    redraw(this.box, view.groups());
  }
}

const GROUPS = ["general", "settings", "lane", "people", "form", "deadline", "job", "decision", "script", "call", "event", "flow", "gateway", "loop", "mapping", "extras"];

class View {
  constructor(desk, model, element, object, process) {
    Object.assign(this, { desk, model, element, object, process });
    this.words = desk.draft.words;
    this.id = object.id;
    this.world = { server: desk.server, words: this.words, processId: (process ?? processOf(object))?.id, mayEdit: desk.draft.mayEdit };
  }

  groups() {
    return GROUPS.flatMap((name) => this[name]() ?? []);
  }

  is(...types) {
    return isAny(this.object, types);
  }

  key(name) {
    return `${this.id}-${name}`;
  }

  set(values, object = this.object) {
    this.model.set(this.element, object, values);
  }

  field(make, name, label, more = {}, object = this.object) {
    return make({ key: this.key(name), label, value: object.get(`praxis:${name}`), world: this.world, commit: (value) => this.set({ [`praxis:${name}`]: value }, object), ...more });
  }

  text(name, label, more, object) {
    return this.field(textField, name, label, more, object);
  }

  feel(name, label, more, object) {
    return this.field(feelField, name, label, { kind: "value", ...more }, object);
  }

  general() {
    if (this.is("bpmn:Collaboration")) return [note(t("Choose an element on the diagram or in the outline; choose a pool for what holds for the whole process."))];
    const other = this.desk.language === "en" ? ["name:zh", t("Name in Chinese")] : ["name:en", t("Name in English")];
    const label = this.is("bpmn:TextAnnotation")
      ? textField({ key: this.key("text"), label: t("Text"), value: this.object.text, rows: 3, world: this.world, commit: (text) => this.set({ text }) })
      : textField({ key: this.key("name"), label: t("Name"), value: this.object.name, world: this.world, commit: (name) => this.set({ name }) });
    return group("general", `${kindName(this.object)} · ${this.id}`, [
      label,
      this.is("bpmn:TextAnnotation")
        ? null
        : textField({ key: this.key(other[0]), label: other[1], value: this.model.property(this.object, other[0]), world: this.world, commit: (value) => this.model.setProperty(this.element, this.object, other[0], value) }),
      textField({ key: this.key("documentation"), label: t("Documentation"), value: this.model.documentation(this.object), rows: 3, world: this.world, commit: (text) => this.model.setDocumentation(this.element, this.object, text) }),
    ]);
  }

  settings() {
    const process = this.process;
    if (!process) return null;
    return group("process", t("Process"), [
      checkField({ key: this.key("executable"), label: t("Can be run"), value: process.isExecutable, world: this.world, commit: (value) => this.set({ isExecutable: value }, process) }),
      this.feel("title", t("Title of a case"), {}, process),
      this.feel("businessKey", t("Business key"), { kind: "expression" }, process),
      this.text("searchable", t("Variables to search by"), { hint: t("Separated by commas.") }, process),
      this.text("candidateStarters", t("Roles that may start it"), {}, process),
    ]);
  }

  lane() {
    if (!this.is("bpmn:Lane")) return null;
    return group("lane", t("Role"), [
      this.text("role", t("Role"), { list: this.roles(), hint: t("User tasks in this lane go to this role unless they say otherwise.") }),
    ]);
  }

  roles() {
    return this.words.roles.map((role) => [role.key, this.desk.language === "zh" ? role.zh : role.en]);
  }

  people() {
    if (!this.is("bpmn:UserTask")) return null;
    const lane = laneOf(this.object);
    const role = lane && (lane.get("praxis:role") || lane.name);
    return group("people", t("Who"), [
      this.feel("candidateGroups", t("Roles"), { hint: role ? t("Without one: the role of its lane, {role}.", { role }) : t("Role keys, separated by commas.") }),
      this.feel("assignee", t("Assigned to")),
      this.feel("candidateUsers", t("People who may take it")),
    ]);
  }

  form() {
    if (!this.is("bpmn:UserTask", "bpmn:StartEvent")) return null;
    const key = this.object.get("praxis:formKey");
    const known = this.words.forms.find((form) => form.key === key);
    const options = [["", t("no form")], ...this.words.forms.map((form) => [form.key, `${(this.desk.language === "zh" && form.zh) || form.en || form.key} (${form.key})`])];
    return group("form", t("Form"), [
      this.field(selectField, "formKey", t("Form"), { options, action: known ? button(t("Open"), () => this.desk.openFile(known.file), { keep: this.key("open-form") }) : null }),
      this.is("bpmn:UserTask")
        ? this.field(selectField, "touchpoint", t("Information standard"), { options: [["", t("none")], ...this.words.touchpoints], hint: t("What a form at this touchpoint must and must not ask.") })
        : null,
    ]);
  }

  deadline() {
    if (!this.is("bpmn:UserTask")) return null;
    return group("deadline", t("Until when"), [
      this.feel("due", t("Due"), { hint: t("PT4H is four hours after it begins; or a moment; or FEEL after =.") }),
      this.feel("followUp", t("Follow up")),
      this.feel("priority", t("Priority"), { hint: t("0 to 100, 50 when empty.") }),
    ]);
  }

  job() {
    const throws = this.is("bpmn:ThrowEvent") && this.model.eventDefinitions(this.object).some((each) => is(each, "bpmn:MessageEventDefinition"));
    if (!this.is(...JOBS) && !throws) return null;
    return group("job", t("Handler"), [
      this.text("topic", t("Topic"), { list: this.words.topics, hint: this.is("bpmn:BusinessRuleTask") ? t("Leave empty to evaluate a decision.") : undefined }),
      this.feel("retries", t("Retries")),
      this.text("retryBackoff", t("Pauses between retries"), { placeholder: "PT10S, PT1M, PT10M" }),
      this.is("bpmn:ServiceTask") ? this.text("resultVariable", t("Result variable"), { hint: t("Empty: the handler's results are merged by name.") }) : null,
    ]);
  }

  decision() {
    if (!this.is("bpmn:BusinessRuleTask")) return null;
    const key = this.object.get("praxis:decision");
    const known = this.words.decisions.find((decision) => decision.key === key);
    return group("decision", t("Decision"), [
      this.field(selectField, "decision", t("Decision"), { options: [["", t("none")], ...this.words.decisions.map((each) => each.key)], action: known ? button(t("Open"), () => this.desk.openFile(known.file), { keep: this.key("open-decision") }) : null }),
      this.text("resultVariable", t("Result variable")),
    ]);
  }

  script() {
    if (!this.is("bpmn:ScriptTask")) return null;
    return group("script", t("Script"), [
      feelField({ key: this.key("script"), label: t("FEEL"), value: this.object.script, kind: "script", rows: 7, world: this.world, commit: (script) => this.set({ script }), hint: t("A context sets variables in order: {net: qty * price, total: net * 1.13}") }),
      this.text("resultVariable", t("Result variable"), { hint: t("Only when the script is no context.") }),
    ]);
  }

  call() {
    if (!this.is("bpmn:CallActivity")) return null;
    const called = this.object.calledElement;
    const known = this.words.processes.find((process) => process.key === called);
    const list = this.words.processes.map((process) => [process.key, (this.desk.language === "zh" && process.zh) || process.name || process.key]);
    return group("call", t("Called process"), [
      textField({ key: this.key("calledElement"), label: t("Process"), value: called, list, world: this.world, commit: (calledElement) => this.set({ calledElement }), action: known ? button(t("Open"), () => this.desk.openFile(known.file), { keep: this.key("open-called") }) : null }),
      this.field(selectField, "binding", t("Version"), { options: [["", t("as deployed")], ["latest", t("always the newest")], ["deployment", t("of the same deployment")]] }),
      checkField({ key: this.key("propagateAll"), label: t("All variables go in and come back"), value: this.object.get("praxis:propagateAll") !== "false", world: this.world, commit: (all) => this.set({ "praxis:propagateAll": all ? "" : "false" }) }),
    ]);
  }

  event() {
    const parts = [];
    if (this.is("bpmn:BoundaryEvent")) {
      parts.push(checkField({ key: this.key("cancelActivity"), label: t("Interrupts the activity"), value: this.object.cancelActivity !== false, world: this.world, commit: (value) => this.set({ cancelActivity: value }) }));
    }
    if (this.is("bpmn:StartEvent") && this.object.$parent?.triggeredByEvent) {
      parts.push(checkField({ key: this.key("isInterrupting"), label: t("Interrupts what it stands in"), value: this.object.isInterrupting !== false, world: this.world, commit: (value) => this.set({ isInterrupting: value }) }));
    }
    for (const definition of this.model.eventDefinitions(this.object)) parts.push(...(this.definition(definition) ?? []));
    if (this.is("bpmn:SendTask", "bpmn:ReceiveTask")) parts.push(...this.message(this.object));
    return parts.length ? group("event", t("Event"), parts) : null;
  }

  definition(definition) {
    if (is(definition, "bpmn:TimerEventDefinition")) return this.timer(definition);
    if (is(definition, "bpmn:MessageEventDefinition")) return this.message(definition);
    if (is(definition, "bpmn:SignalEventDefinition")) return [this.reference(definition, "signalRef", "bpmn:Signal", "name", t("Signal"), this.words.signals)];
    if (is(definition, "bpmn:ErrorEventDefinition")) return this.coded(definition, "errorRef", "bpmn:Error", "errorCode", t("Error code"));
    if (is(definition, "bpmn:EscalationEventDefinition")) return this.coded(definition, "escalationRef", "bpmn:Escalation", "escalationCode", t("Escalation code"));
    if (is(definition, "bpmn:ConditionalEventDefinition")) {
      return [feelField({ key: this.key("condition"), label: t("Condition"), value: definition.condition?.body, world: this.world, commit: (text) => this.model.setExpression(this.element, definition, "condition", text) })];
    }
    if (is(definition, "bpmn:LinkEventDefinition")) {
      return [textField({ key: this.key("link"), label: t("Link"), value: definition.name, world: this.world, commit: (name) => this.set({ name }, definition) })];
    }
    return null;
  }

  timer(definition) {
    const kind = TIMERS.find((name) => definition[name]) ?? "timeDuration";
    const commit = (nextKind, text) => {
      const expression = this.model.expression(text || "PT1H");
      expression.$parent = definition;
      this.set({ ...Object.fromEntries(TIMERS.map((name) => [name, undefined])), [nextKind]: expression }, definition);
    };
    const body = definition[kind]?.body ?? "";
    return [
      selectField({ key: this.key("timer-kind"), label: t("Timer"), value: kind, world: this.world, options: [["timeDuration", t("after a while")], ["timeDate", t("at a moment")], ["timeCycle", t("again and again")]], commit: (next) => commit(next, body) }),
      feelField({ key: this.key("timer"), label: { timeDuration: t("How long"), timeDate: t("At what moment"), timeCycle: t("How often") }[kind], value: body, kind: "value", world: this.world, commit: (text) => commit(kind, text), hint: { timeDuration: "PT4H, P3D", timeDate: "2026-03-01T09:00:00Z", timeCycle: "R3/PT1H, 0 8 * * 1" }[kind] }),
    ];
  }

  message(owner) {
    const message = owner.messageRef;
    const parts = [this.reference(owner, "messageRef", "bpmn:Message", "name", t("Message"), this.words.messages)];
    const own = this.model.extensions(this.object, "praxis:Correlation").length > 0;
    const holder = own ? this.object : message; // on the event it overrides what stands on the message
    if (holder) {
      parts.push(
        rowsField({ key: this.key("correlation"), label: t("Keys that the message must carry"), rows: this.model.extensions(holder, "praxis:Correlation").map(({ name, value }) => ({ name, value })), columns: [{ name: "name", label: t("Key") }, { name: "value", label: t("Value"), feel: "expression", start: "=" }], world: this.world, commit: (rows) => this.model.setExtensions(this.element, holder, "praxis:Correlation", rows) }),
      );
    }
    if (this.is("bpmn:ThrowEvent", "bpmn:SendTask")) {
      parts.push(
        rowsField({ key: this.key("send"), label: t("What is sent (nothing here: all variables)"), rows: this.model.extensions(this.object, "praxis:Send").map(({ variable, value }) => ({ variable, value })), columns: [{ name: "variable", label: t("Variable") }, { name: "value", label: t("Value"), feel: "value", start: "=" }], world: this.world, commit: (rows) => this.model.setExtensions(this.element, this.object, "praxis:Send", rows) }),
      );
    }
    return parts;
  }

  // A message, signal, error or escalation by its name: an existing one is used, another name makes a new one.
  reference(owner, attribute, type, nameAttribute, label, list = []) {
    const roots = this.model.roots(type);
    const names = [...new Set([...roots.map((root) => root[nameAttribute]), ...list])].filter(Boolean);
    const commit = (name) => {
      const found = roots.find((root) => root[nameAttribute] === name);
      this.desk.editor.together(() => {
        const root = !name ? undefined : (found ?? this.model.addRoot(this.element, type, nameAttribute === "name" ? { name } : { name, [nameAttribute]: name }));
        this.set({ [attribute]: root }, owner);
      });
    };
    return textField({ key: this.key(attribute), label, value: owner[attribute]?.[nameAttribute], list: names, world: this.world, commit, hint: t("Choose one, or type a new name.") });
  }

  coded(definition, attribute, type, codeAttribute, label) {
    const parts = [this.reference(definition, attribute, type, codeAttribute, label, attribute === "errorRef" ? this.words.errors : [])];
    if (this.is("bpmn:CatchEvent")) {
      const owner = this.object.get("praxis:codeVariable") || this.object.get("praxis:messageVariable") ? this.object : definition;
      parts.push(this.text("codeVariable", t("Variable for the code"), {}, owner), this.text("messageVariable", t("Variable for the text"), {}, owner));
    }
    return parts;
  }

  flow() {
    if (!this.is("bpmn:SequenceFlow")) return null;
    const source = this.object.sourceRef;
    const mayDefault = isAny(source, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway", "bpmn:Activity"]);
    const isDefault = source.default === this.object;
    return group("flow", t("Condition"), [
      isDefault ? note(t("This is the default flow: it is taken when no condition is true.")) : this.condition(this.object, this.element, t("Taken when")),
      mayDefault ? checkField({ key: this.key("default"), label: t("Default flow"), value: isDefault, world: this.world, commit: (value) => this.setDefault(this.element.source, value ? this.object : undefined) }) : null,
    ]);
  }

  condition(flow, element, label) {
    return feelField({ key: `${flow.id}-condition`, label, value: flow.conditionExpression?.body, rows: 2, world: this.world, commit: (text) => new Model(this.desk.editor).setExpression(element, flow, "conditionExpression", text) });
  }

  setDefault(source, flow) {
    this.desk.editor.together(() => {
      if (flow?.conditionExpression) this.model.setExpression(this.desk.editor.element(flow.id), flow, "conditionExpression", "");
      this.model.modeling.updateProperties(source, { default: flow });
    });
  }

  gateway() {
    const flows = this.object.outgoing ?? [];
    if (!this.is("bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway") || flows.length < 2) return null;
    const label = (flow) => flow.name || flow.targetRef?.name || flow.targetRef?.id;
    return group("gateway", t("Ways out"), [
      selectField({ key: this.key("default"), label: t("Default flow"), value: this.object.default?.id ?? "", options: [["", t("none")], ...flows.map((flow) => [flow.id, label(flow)])], world: this.world, commit: (id) => this.setDefault(this.element, flows.find((flow) => flow.id === id)) }),
      ...flows.filter((flow) => flow !== this.object.default).map((flow) => this.condition(flow, this.desk.editor.element(flow.id), t("{name} when", { name: label(flow) }))),
    ]);
  }

  loop() {
    if (!this.is("bpmn:Activity")) return null;
    const loop = this.object.loopCharacteristics;
    const kind = !loop ? "" : is(loop, "bpmn:StandardLoopCharacteristics") ? "loop" : loop.isSequential ? "sequential" : "parallel";
    const parts = [
      selectField({ key: this.key("loop"), label: t("How often"), value: kind, world: this.world, options: [["", t("once")], ["parallel", t("for each, at the same time")], ["sequential", t("for each, one after the other")], ["loop", t("while a condition holds")]], commit: (next) => this.setLoop(next) }),
    ];
    if (kind === "loop") parts.push(this.loopExpression(loop, "loopCondition", t("While")));
    if (kind === "parallel" || kind === "sequential") parts.push(...this.multiInstance(loop));
    return group("loop", t("Repetition"), parts, { open: Boolean(kind) });
  }

  setLoop(kind) {
    const loop = this.object.loopCharacteristics;
    const isMulti = kind === "parallel" || kind === "sequential";
    if (loop && isMulti && is(loop, "bpmn:MultiInstanceLoopCharacteristics")) return this.set({ isSequential: kind === "sequential" }, loop);
    const next = !kind ? undefined : this.model.factory.create(isMulti ? "bpmn:MultiInstanceLoopCharacteristics" : "bpmn:StandardLoopCharacteristics", isMulti ? { isSequential: kind === "sequential" } : {});
    if (next) next.$parent = this.object;
    this.set({ loopCharacteristics: next });
  }

  loopExpression(loop, name, label) {
    return feelField({ key: this.key(name), label, value: loop[name]?.body, world: this.world, commit: (text) => this.model.setExpression(this.element, loop, name, text) });
  }

  multiInstance(loop) {
    const ours = this.model.extension(loop, "praxis:LoopCharacteristics");
    const names = ["inputCollection", "inputElement", "outputCollection", "outputElement"];
    const values = Object.fromEntries(names.map((name) => [name, ours?.get(name) ?? ""]));
    const commit = (name) => (value) => {
      const next = { ...values, [name]: value };
      this.model.setExtensions(this.element, loop, "praxis:LoopCharacteristics", names.some((each) => next[each]) ? [next] : []);
    };
    const each = (make, name, label) => make({ key: this.key(name), label, value: values[name], world: this.world, commit: commit(name) });
    return [
      each(feelField, "inputCollection", t("For each of")),
      each(textField, "inputElement", t("called")),
      each(textField, "outputCollection", t("Results in the list")),
      each(feelField, "outputElement", t("Result of each")),
      this.loopExpression(loop, "loopCardinality", t("Or this many times")),
      this.loopExpression(loop, "completionCondition", t("Done early when")),
    ];
  }

  mapping() {
    if (!this.is("bpmn:Activity", "bpmn:Event")) return null;
    const ours = this.model.extension(this.object, "praxis:IoMapping");
    const rows = (name) => (ours?.get(name) ?? []).map(({ source, target }) => ({ source, target }));
    const inputs = rows("inputs");
    const outputs = rows("outputs");
    const commit = (nextInputs, nextOutputs) => {
      const record = {
        inputs: nextInputs.map((each) => ({ $type: "praxis:Input", ...each })),
        outputs: nextOutputs.map((each) => ({ $type: "praxis:Output", ...each })),
      };
      this.model.setExtensions(this.element, this.object, "praxis:IoMapping", nextInputs.length + nextOutputs.length ? [record] : []);
    };
    const columns = [{ name: "target", label: t("Variable") }, { name: "source", label: t("Value"), feel: "value", start: "=" }];
    return group(
      "mapping",
      t("Inputs and outputs"),
      [
        this.is("bpmn:StartEvent", "bpmn:CatchEvent") ? null : rowsField({ key: this.key("inputs"), label: t("Inputs, known only inside"), rows: inputs, columns, world: this.world, commit: (next) => commit(next, outputs) }),
        rowsField({ key: this.key("outputs"), label: t("Outputs (with one, only these leave)"), rows: outputs, columns, world: this.world, commit: (next) => commit(inputs, next) }),
      ],
      { open: inputs.length + outputs.length > 0, count: inputs.length + outputs.length },
    );
  }

  extras() {
    if (this.is("bpmn:Collaboration")) return null;
    const hidden = ["name:zh", "name:en"];
    const all = this.model.properties(this.object);
    const rows = all.filter((each) => !hidden.includes(each.name));
    return group(
      "extras",
      t("Notes"),
      [
        rowsField({ key: this.key("notes"), label: t("Free notes for packs and tools"), rows, columns: [{ name: "name", label: t("Name") }, { name: "value", label: t("Value") }], world: this.world, commit: (next) => this.model.setExtensions(this.element, this.object, "praxis:Property", [...all.filter((each) => hidden.includes(each.name)), ...next]) }),
      ],
      { open: rows.length > 0, count: rows.length },
    );
  }
}

function laneOf(object) {
  const lanes = [];
  const collect = (sets) => sets?.forEach((set) => set.lanes?.forEach((lane) => (lanes.push(lane), collect(lane.childLaneSet ? [lane.childLaneSet] : []))));
  collect(processOf(object)?.laneSets);
  return lanes.filter((lane) => lane.flowNodeRef?.includes(object)).at(-1);
}

export { laneOf };

export function kindName(object) {
  const local = object.$type.replace("bpmn:", "");
  const words = local.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const event = object.get?.("eventDefinitions")?.[0]?.$type.replace("bpmn:", "").replace("EventDefinition", "").toLowerCase();
  const whole = event ? `${event} ${words}` : words;
  return t(whole[0].toUpperCase() + whole.slice(1));
}
