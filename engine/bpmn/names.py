"""Namespaces and local names of BPMN 2.0 and of the extensions that Praxis reads."""

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DIAGRAM_COMMON = "http://www.omg.org/spec/DD/20100524/DC"
DIAGRAM_INTERCHANGE = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PRAXIS = "urn:praxis:bpmn:1"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
FLOWABLE = "http://flowable.org/bpmn"
ACTIVITI = "http://activiti.org/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFFWORKFLOW = "http://spiffworkflow.org/bpmn/schema/1.0/core"

DIAGRAM_NAMESPACES = frozenset({BPMN_DI, DIAGRAM_COMMON, DIAGRAM_INTERCHANGE})
CAMUNDA_7_NAMESPACES = (CAMUNDA, FLOWABLE, ACTIVITI)

PREFIXES = {
    "bpmn": BPMN,
    "bpmndi": BPMN_DI,
    "dc": DIAGRAM_COMMON,
    "di": DIAGRAM_INTERCHANGE,
    "xsi": XSI,
    "praxis": PRAXIS,
}

TASKS = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
    }
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
CATCH_EVENTS = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
THROW_EVENTS = frozenset({"endEvent", "intermediateThrowEvent"})
EVENTS = CATCH_EVENTS | THROW_EVENTS
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS

DATA_OBJECTS = frozenset({"dataObject", "dataObjectReference", "dataStoreReference", "property"})
SCOPE_CHILDREN_WITHOUT_EFFECT = frozenset(
    {
        "documentation",
        "extensionElements",
        "auditing",
        "monitoring",
        "laneSet",
        "ioSpecification",
        "ioBinding",
        "textAnnotation",
        "association",
        "group",
        "artifact",
        "supportedInterfaceRef",
        "supports",
        "correlationSubscription",
        "resourceRole",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "incoming",
        "outgoing",
        "dataInputAssociation",
        "dataOutputAssociation",
        "standardLoopCharacteristics",
        "multiInstanceLoopCharacteristics",
        "completionCondition",
        "categoryValueRef",
    }
)

EVENT_DEFINITIONS = {
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "timerEventDefinition": "timer",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "conditionalEventDefinition": "conditional",
    "linkEventDefinition": "link",
    "compensateEventDefinition": "compensation",
    "terminateEventDefinition": "terminate",
    "cancelEventDefinition": "cancel",
}


def bpmn(local: str) -> str:
    """The qualified tag of a BPMN element: `{namespace}local`."""
    return f"{{{BPMN}}}{local}"


def qualified(namespace: str, local: str) -> str:
    """The qualified name of an element or attribute of this namespace."""
    return f"{{{namespace}}}{local}"


def split(tag: str) -> tuple[str, str]:
    """Namespace (empty when there is none) and local name of a qualified name."""
    if tag.startswith("{"):
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag
