"""The words of DMN: what is a record, what has no meaning, and in which order it stands."""

import re

from engine.bpmn.names import PRAXIS, qualified
from practice_repo.algebra.xml_fields import XML_NAMESPACE, Vocabulary

UID = qualified(PRAXIS, "uid")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CAMUNDA = "http://camunda.org/schema/1.0/dmn"
TOOL_METADATA = re.compile(r"trisotech|signavio|bpmn\.io/schema|camunda\.org/schema/modeler|kie\.org|drools|DMNDI|/DD/")
ANY_CELL = "-"

GRAPH = frozenset(
    {
        "decision", "inputData", "businessKnowledgeModel", "knowledgeSource", "decisionService", "itemDefinition",
        "elementCollection", "performanceIndicator", "organizationUnit", "association", "textAnnotation", "group",
    }
)  # fmt: skip
REQUIREMENTS = ("informationRequirement", "knowledgeRequirement", "authorityRequirement")
TABLE_PLACES = ("decisionTable", "encapsulatedLogic/decisionTable")
TABLE_PARTS = ("input", "output", "rule")
CHILDREN = (
    "description", "extensionElements", "import", "itemDefinition", "typeRef", "typeConstraint", "allowedValues",
    "itemComponent", "functionItem", "question", "allowedAnswers", "variable", *REQUIREMENTS, "supportedObjective",
    "impactedPerformanceIndicator", "decisionMaker", "decisionOwner", "usingProcess", "usingTask", "type", "owner",
    "outputDecision", "encapsulatedDecision", "inputDecision", "inputData", "formalParameter", "inputExpression",
    "inputValues", "outputValues", "defaultOutputEntry", "column", "row", "binding", "contextEntry", "parameter",
    "literalExpression", "decisionTable", "context", "invocation", "functionDefinition", "list", "relation",
    "conditional", "filter", "for", "every", "some", "encapsulatedLogic", "text", "importedValues", "sourceRef",
    "targetRef", "input", "output", "annotation", "rule", "inputEntry", "outputEntry", "annotationEntry",
)  # fmt: skip
RANKS = {tag: number for number, tag in enumerate(CHILDREN)}
DEFAULTS = {
    ("decisionTable", "hitPolicy"): "UNIQUE",
    ("decisionTable", "preferredOrientation"): "Rule-as-Row",
    ("itemDefinition", "isCollection"): "false",
    ("itemComponent", "isCollection"): "false",
    ("functionDefinition", "kind"): "FEEL",
    ("encapsulatedLogic", "kind"): "FEEL",
    ("association", "associationDirection"): "None",
    ("textAnnotation", "textFormat"): "text/plain",
}


def words_for(namespace: str) -> Vocabulary:
    return Vocabulary(
        home=namespace,
        prefixes={namespace: "dmn", PRAXIS: "praxis", CAMUNDA: "camunda", XSI: "xsi", XML_NAMESPACE: "xml"},
        defaults=DEFAULTS,
        dropped=frozenset({"preferredOrientation"}),
        containers=frozenset({"extensionElements"}),
        ranks=RANKS,
        ignored=lambda found: bool(TOOL_METADATA.search(found)),
        elements=frozenset(CHILDREN) - {"typeRef", "sourceRef", "targetRef"},
    )
