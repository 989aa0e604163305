"""The words of BPMN: what is a record, what lies inside of one, what has no meaning, and in which order it stands."""

import re

from lxml import etree

from engine.bpmn import names
from engine.bpmn.names import qualified, split
from practice_repo.algebra.xml_fields import XML_NAMESPACE, Vocabulary

UID = qualified(names.PRAXIS, "uid")
DEFINITIONS = "definitions"

PREFIXES = {
    names.BPMN: "bpmn",
    names.XSI: "xsi",
    names.PRAXIS: "praxis",
    names.CAMUNDA: "camunda",
    names.FLOWABLE: "flowable",
    names.ACTIVITI: "activiti",
    names.ZEEBE: "zeebe",
    names.SPIFFWORKFLOW: "spiffworkflow",
    XML_NAMESPACE: "xml",
}
DIAGRAM_PREFIXES = {
    names.BPMN_DI: "bpmndi",
    names.DIAGRAM_COMMON: "dc",
    names.DIAGRAM_INTERCHANGE: "di",
    "http://bpmn.io/schema/bpmn/biocolor/1.0": "bioc",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0": "color",
}
TOOL_METADATA = re.compile(
    r"signavio|bpmn\.io/schema|camunda\.org/schema/(modeler|1\.0/modeler)|non-normative/color|bizagi|trisotech|"
    r"yaoqiang|visual-paradigm|sparxsystems|bonitasoft|boc-group|adonis|bocgroup|oracle\.com|ibm\.com|omnigraffle|"
    r"itp-commerce|w4\.eu|mid\.de|innovator|aris|softwareag|eclipse\.org/bpmn2/ext|jboss\.org/drools|gbpm|"
    r"sourceforge\.net|visio|modelio|magicdraw|nomagic|cardanit|intalio|knowprocess|processmaker|sap\.com|"
    r"triso|bpsim|/spec/DD/|/spec/BPMN/20100524/DI",
    re.IGNORECASE,
)

CONTAINERS = names.SUB_PROCESSES | {
    "process", "collaboration", "choreography", "globalConversation", "conversation", "subConversation",
    "subChoreography", "laneSet", "lane", "category",
}  # fmt: skip
NESTED = frozenset(
    {
        "documentation", "extensionElements", "ioSpecification", "ioBinding", "property", "auditing", "monitoring",
        "incoming", "outgoing", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics",
        "dataInputAssociation", "dataOutputAssociation", "flowNodeRef", "partitionElement", "correlationSubscription",
        "resourceRole", "performer", "humanPerformer", "potentialOwner", "supports", "supportedInterfaceRef",
        "completionCondition", "participantAssociation", "messageFlowAssociation", "correlationKey",
        "choreographyRef", "categoryValueRef", "script", "text", "participantRef", "messageFlowRef",
        "initiatingParticipantRef", "definitionalCollaborationRef", "conversationAssociation",
    }
)  # fmt: skip
KEPT_AS_XML = frozenset({"import", "extension", "relationship"})
REBUILT = frozenset({"incoming", "outgoing", "flowNodeRef"})

DEFAULTS = {
    ("*", "isForCompensation"): "false",
    ("*", "startQuantity"): "1",
    ("*", "completionQuantity"): "1",
    ("process", "isExecutable"): "false",
    ("process", "processType"): "None",
    ("process", "isClosed"): "false",
    ("collaboration", "isClosed"): "false",
    ("startEvent", "isInterrupting"): "true",
    ("boundaryEvent", "cancelActivity"): "true",
    ("*", "parallelMultiple"): "false",
    ("*", "instantiate"): "false",
    ("*", "triggeredByEvent"): "false",
    ("eventBasedGateway", "eventGatewayType"): "Exclusive",
    ("*", "isCollection"): "false",
    ("*", "isSequential"): "false",
    ("multiInstanceLoopCharacteristics", "behavior"): "All",
    ("standardLoopCharacteristics", "testBefore"): "false",
    ("adHocSubProcess", "ordering"): "Parallel",
    ("adHocSubProcess", "cancelRemainingInstances"): "true",
    ("transaction", "method"): "##Compensate",
    ("compensateEventDefinition", "waitForCompletion"): "true",
    ("dataStore", "isUnlimited"): "true",
    ("itemDefinition", "itemKind"): "Information",
    ("association", "associationDirection"): "None",
    ("textAnnotation", "textFormat"): "text/plain",
    ("documentation", "textFormat"): "text/plain",
    ("participantMultiplicity", "minimum"): "0",
    ("participantMultiplicity", "maximum"): "1",
    ("sequenceFlow", "isImmediate"): "true",
    ("userTask", "implementation"): "##unspecified",
    ("serviceTask", "implementation"): "##WebService",
    ("sendTask", "implementation"): "##WebService",
    ("receiveTask", "implementation"): "##WebService",
    ("businessRuleTask", "implementation"): "##unspecified",
}
EXPRESSIONS = frozenset(
    {
        "conditionExpression", "condition", "timeDate", "timeDuration", "timeCycle", "loopCardinality",
        "completionCondition", "loopCondition", "activationCondition", "transformation", "from", "to",
        "resourceParameterBinding", "formalExpression",
    }
)  # fmt: skip
CHILDREN = (
    "documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef", "incoming", "outgoing",
    "ioSpecification", "property", "dataInput", "dataOutput", "dataInputAssociation",
    "dataOutputAssociation", "inputSet", "outputSet", "resourceRole", "performer", "humanPerformer", "potentialOwner",
    "sourceRef", "targetRef", "transformation", "assignment",
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "loopCardinality", "loopDataInputRef",
    "loopDataOutputRef", "inputDataItem", "outputDataItem", "complexBehaviorDefinition", "conditionExpression",
    "messageEventDefinition", "timerEventDefinition", "signalEventDefinition", "errorEventDefinition",
    "escalationEventDefinition", "conditionalEventDefinition", "compensateEventDefinition", "linkEventDefinition",
    "terminateEventDefinition", "cancelEventDefinition", "eventDefinitionRef", "script", "activationCondition",
    "laneSet", "completionCondition", "condition", "text", "dataState", "participantMultiplicity", "partitionElement",
    "supportedInterfaceRef", "interfaceRef", "participantRef", "flowNodeRef", "childLaneSet",
    "correlationSubscription", "supports", "ioBinding", "operation", "inMessageRef", "outMessageRef", "errorRef",
    "correlationPropertyRetrievalExpression", "messagePath", "resourceParameter", "correlationKey",
    "correlationPropertyRef", "endPointRef", "participantAssociation", "messageFlowAssociation", "choreographyRef",
    "partnerEntityRef", "partnerRoleRef", "dataInputRefs", "dataOutputRefs",
)  # fmt: skip
RANKS = {tag: number for number, tag in enumerate(CHILDREN)}

WORDS = Vocabulary(
    home=names.BPMN,
    prefixes=PREFIXES,
    naming={
        "praxis:property": "name",
        "praxis:input": "target",
        "praxis:output": "target",
        "praxis:correlation": "name",
        "praxis:send": "variable",
        "camunda:inputParameter": "name",
        "camunda:outputParameter": "name",
        "camunda:property": "name",
        "camunda:field": "name",
        "camunda:formField": "id",
        "flowable:field": "name",
        "zeebe:input": "target",
        "zeebe:output": "target",
        "zeebe:header": "key",
        "zeebe:property": "name",
    },
    unordered=frozenset({"praxis:property", "praxis:correlation", "praxis:send", "camunda:property", "zeebe:header",
                         "zeebe:property", "camunda:field", "flowable:field"}),
    defaults=DEFAULTS,
    dropped=frozenset({"gatewayDirection"}),
    containers=frozenset({"extensionElements", "ioSpecification", "inputSet", "outputSet",
                          "praxis:ioMapping", "zeebe:ioMapping", "zeebe:taskHeaders",
                          "zeebe:properties", "camunda:properties", "camunda:inputOutput"}),
    ranks=RANKS,
    ignored=lambda namespace: bool(TOOL_METADATA.search(namespace)),
    typed=dict.fromkeys(EXPRESSIONS, "bpmn:tFormalExpression"),
    elements=frozenset(CHILDREN) - {"errorRef", "sourceRef", "targetRef"},
)  # fmt: skip

RENAMED = {"sourceRef": "source", "targetRef": "target", "attachedToRef": "attached_to"}
WRITTEN = {new: old for old, new in RENAMED.items()}
ORDERED_GATEWAYS = frozenset({"exclusiveGateway", "complexGateway"})
AFTER_CHILDREN = frozenset(
    {"completionCondition", "correlationSubscription", "supports", "correlationKey", "participantAssociation"}
)
RESOURCES = frozenset({"resourceRole", "performer", "humanPerformer", "potentialOwner"})
STAMPED = names.FLOW_NODES | {"sequenceFlow", "lane", "message", "process", "participant"}


def local_name(node: etree._Element) -> str:
    return split(node.tag)[1]
