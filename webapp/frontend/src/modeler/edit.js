// Edits of the model that the outline and the keyboard need: insert after, connect, remove.
import { t } from "./text.js";

const GAP = 50;

export const KINDS = [
  ["bpmn:UserTask", "User task"],
  ["bpmn:ServiceTask", "Service task"],
  ["bpmn:BusinessRuleTask", "Business rule task"],
  ["bpmn:ScriptTask", "Script task"],
  ["bpmn:SendTask", "Send task"],
  ["bpmn:ReceiveTask", "Receive task"],
  ["bpmn:CallActivity", "Call activity"],
  ["bpmn:ExclusiveGateway", "Exclusive gateway"],
  ["bpmn:ParallelGateway", "Parallel gateway"],
  ["bpmn:InclusiveGateway", "Inclusive gateway"],
  ["bpmn:EventBasedGateway", "Event based gateway"],
  ["bpmn:IntermediateCatchEvent", "Timer intermediate catch event", "bpmn:TimerEventDefinition"],
  ["bpmn:IntermediateCatchEvent", "Message intermediate catch event", "bpmn:MessageEventDefinition"],
  ["bpmn:EndEvent", "End event"],
];

export function kindChoices() {
  return KINDS.map(([, label], number) => [String(number), t(label)]);
}

// A new element between `source` and what follows it; a further way out when several follow or none. The new element.
export function insertAfter(editor, source, kindNumber, name) {
  const [type, , eventDefinitionType] = KINDS[kindNumber];
  const modeling = editor.get("modeling");
  const flows = source.outgoing.filter((each) => each.type === "bpmn:SequenceFlow");
  let created = null;
  editor.together(() => {
    const shape = editor.get("elementFactory").createShape({ type, eventDefinitionType });
    if (flows.length === 1 && type !== "bpmn:EndEvent") created = insertOn(editor, flows[0], shape);
    else created = editor.get("autoPlace").append(source, shape);
    if (name) modeling.updateProperties(created, { name });
  });
  return created;
}

function insertOn(editor, flow, shape) {
  const { source, target } = flow;
  const modeling = editor.get("modeling");
  const right = source.x + source.width;
  const needed = shape.width + 2 * GAP;
  const free = target.x - right;
  if (free > -source.width && free < needed) makeSpace(editor, right + Math.max(1, Math.min(free, 10)), needed - Math.max(free, 0));
  const isForward = target.x >= right;
  const position = { x: right + GAP + shape.width / 2, y: source.y + source.height / 2 + (isForward ? 0 : 110) };
  const created = modeling.createShape(shape, position, source.parent);
  modeling.reconnectEnd(flow, created, { x: created.x, y: created.y + created.height / 2 });
  modeling.connect(created, target);
  modeling.layoutConnection(flow);
  return created;
}

function makeSpace(editor, start, delta) {
  const spaceTool = editor.get("spaceTool");
  const root = editor.get("canvas").getRootElement();
  const all = [];
  const collect = (element) => element.children?.forEach((child) => (all.push(child), collect(child)));
  collect(root);
  const { movingShapes, resizingShapes } = spaceTool.calculateAdjustments(all, "x", delta, start);
  spaceTool.makeSpace(movingShapes, resizingShapes, { x: delta, y: 0 }, "e", start);
}

export function connect(editor, source, target) {
  return editor.get("modeling").connect(source, target);
}

export function remove(editor, element) {
  editor.get("modeling").removeElements([element]);
}

// Where a sequence flow may lead: the other flow nodes of the same scope that something may enter.
export function targetsOf(editor, source) {
  return editor
    .get("elementRegistry")
    .filter((each) => !each.labelTarget && each.businessObject?.$parent === source.businessObject.$parent && each !== source)
    .filter((each) => editor.get("bpmnRules").canConnect(source, each)?.type === "bpmn:SequenceFlow");
}
