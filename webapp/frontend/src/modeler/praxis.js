// Our extensions of BPMN (engine/bpmn/praxis.xsd) for bpmn-js: what stands here survives editing, morphing and copying.
const text = (name) => ({ name, isAttr: true, type: "String" });
const on = (name, extended, ...attributes) => ({ name, extends: extended.map((each) => `bpmn:${each}`), properties: attributes.map(text) });
const element = (name, ...properties) => ({ name, superClass: ["Element"], meta: { allowedIn: ["*"] }, properties });

export const ASSIGNMENT = ["assignee", "candidateUsers", "candidateGroups", "formKey", "due", "followUp", "priority", "touchpoint"];
export const JOB = ["topic", "retries", "retryBackoff"];

export const praxisDescriptor = {
  name: "Praxis",
  uri: "urn:praxis:bpmn:1",
  prefix: "praxis",
  xml: { tagAlias: "lowerCase" },
  associations: [],
  types: [
    on("Lineage", ["BaseElement"], "uid"),
    on("ProcessSettings", ["Process"], "businessKey", "title", "searchable", "candidateStarters", "versionTag"),
    on("LaneSettings", ["Lane"], "role"),
    on("UserTaskSettings", ["UserTask"], ...ASSIGNMENT),
    on("StartSettings", ["StartEvent"], "formKey"),
    on("JobSettings", ["ServiceTask", "SendTask", "BusinessRuleTask", "ThrowEvent"], ...JOB),
    on("ResultSettings", ["ServiceTask", "SendTask", "BusinessRuleTask", "ScriptTask"], "resultVariable"),
    on("DecisionSettings", ["BusinessRuleTask"], "decision"),
    on("CallSettings", ["CallActivity"], "binding", "version", "propagateAll"),
    on("CaughtSettings", ["ErrorEventDefinition", "EscalationEventDefinition", "CatchEvent"], "codeVariable", "messageVariable"),
    element("IoMapping", { name: "inputs", type: "Input", isMany: true }, { name: "outputs", type: "Output", isMany: true }),
    element("Input", text("source"), text("target")),
    element("Output", text("source"), text("target")),
    element("LoopCharacteristics", text("inputCollection"), text("inputElement"), text("outputCollection"), text("outputElement")),
    element("Correlation", text("name"), text("value")),
    element("Send", text("variable"), text("value")),
    element("Property", text("name"), text("value"), { name: "text", isBody: true, type: "String" }),
    element("Script", { name: "text", isBody: true, type: "String" }),
  ],
};
