"""What a change is about: the type of the operation and its tags, by file, kind of element and field."""

import re
from dataclasses import dataclass

from engine.bpmn.names import FLOW_NODES
from practice_repo.algebra.document import Record
from practice_repo.algebra.operations import Change


@dataclass(frozen=True)
class Subject:
    type: str
    tags: frozenset[str]


def _subject(operation: str, *tags: str) -> Subject:
    return Subject(operation, frozenset(tags))


RENAME = _subject("Rename", "doc")
REDOCUMENT = _subject("Redocument", "doc")
ELSE = _subject("ChangeElement", "control")

# BPMN: the first pattern that the whole field name matches. Prefixes of other tools say the same as ours.
TOOL = r"(praxis|camunda|flowable|activiti|zeebe|spiffworkflow)"
MENTIONS_ROLE = r"assignmentDefinition|resourceRole|performer|potentialOwner|praxis:candidate"
EVENTS = r"(message|signal|error|escalation|link)EventDefinition"
REFERENCES = r"(message|signal|error|escalation)Ref"
SERVICE = (
    r"topic|retries|retryBackoff|decision|binding|version|type|class|expression|delegateExpression|decisionRef\w*"
    r"|asyncBefore|asyncAfter|calledElement\w*"
)
SERVICE_PARTS = r"taskDefinition|calledElement|calledDecision|connector|taskHeaders"
DATA_PARTS = r"ioMapping|inputOutput|dataInputAssociation|dataOutputAssociation|ioSpecification|assignment"
DATA_NAMES = r"script.*|property.*|dataObjectRef|dataStoreRef|itemSubjectRef|isCollection|dataState.*"
DATA_SETTINGS = r"resultVariable|propagateAll|businessKey|title|searchable"
BPMN_FIELDS = (
    (r"name|extensionElements/praxis:property\[(name|title)(:[\w-]+)?\].*", RENAME),
    (r"documentation.*|text", REDOCUMENT),
    (r"condition([@/].*)?|flows|activationCondition.*|conditional.*", _subject("ChangeCondition", "control")),
    (r"default", _subject("ChangeDefault", "control")),
    (rf".*timerEventDefinition.*|{TOOL}:(due|followUp|dueDate|followUpDate)", _subject("ChangeTimer", "time")),
    (rf"{TOOL}:(assignee|candidate\w+|priority|role)|.*({MENTIONS_ROLE}).*", _subject("ChangeAssignment", "role")),
    (r"lane", _subject("MoveToLane", "role")),
    (r".*correlation.*", _subject("ChangeCorrelation", "integration")),
    (rf".*{REFERENCES}|.*praxis:send.*|(error|escalation)Code|.*{EVENTS}.*", _subject("ChangeMessage", "integration")),
    (rf"{TOOL}:({SERVICE})|implementation|operationRef|calledElement", _subject("BindService", "integration")),
    (rf"extensionElements/{TOOL}:({SERVICE_PARTS}).*", _subject("BindService", "integration")),
    (rf"{TOOL}:(formKey|formRef\w*|touchpoint)|.*(formDefinition|formData).*", _subject("BindForm", "form")),
    (rf".*({DATA_PARTS}).*|{DATA_NAMES}|{TOOL}:({DATA_SETTINGS})", _subject("ChangeMapping", "data")),
    (r"source|target|attached_to", _subject("Reconnect", "control")),
)
DMN_FIELDS = (
    (r"name|label", RENAME),
    (r"description|annotation|question|allowedAnswers|annotationEntry.*", REDOCUMENT),
    (r"hit_policy|aggregation", _subject("ChangeHitPolicy", "rule")),
    (r"requires:.*", _subject("ChangeRequirement", "rule", "data")),
)
FORM_FIELDS = (
    (r"(label|title|name)(:[\w-]+)?|(values|columns)\[.*\]/label(:[\w-]+)?", RENAME),
    (r"(description|text)(:[\w-]+)?", REDOCUMENT),
)
CARD_FIELDS = (
    (r"name(/\w+)?|title(/\w+)?", RENAME),
    (r"(description|summary|question|tagline)(/\w+)?", REDOCUMENT),
)
CARD_TAGS = {
    "role": "role",
    "data_object": "data",
    "touchpoint": "form",
    "variation_point": "control",
    "scenario": "control",
    "estimate": "rule",
    "kpi": "rule",
}
DATA = frozenset({"dataObject", "dataObjectReference", "dataStoreReference", "dataStore", "property", "itemDefinition"})
CONTRACTS = frozenset({"message", "signal", "error", "escalation", "messageFlow"})
NOTES = frozenset({"textAnnotation", "association", "group", "category", "categoryValue"})


def set_as(document_kind: str, record: Record, change: Change) -> Subject:
    """The subject of one field."""
    name = str(change.field)
    if document_kind == "bpmn":
        return _bpmn(record, change)
    if document_kind == "dmn":
        return _first(DMN_FIELDS, name) or _subject("ChangeRule", "rule")
    if document_kind == "form":
        if name == "components":
            return _subject("MoveField", "form")
        return _first(FORM_FIELDS, name) or _subject("ChangeField", "form")
    if document_kind == "card":
        return _first(CARD_FIELDS, name) or _subject("ChangeEntry", CARD_TAGS.get(record.kind, "doc"))
    return _subject("ChangeText", "doc")


def _bpmn(record: Record, change: Change) -> Subject:
    name = str(change.field)
    if name == "name" and record.kind == "lane":
        return _subject("RenameLane", "role")
    if name == "name" and record.kind in CONTRACTS - {"messageFlow"}:
        return _subject("ChangeMessage", "integration")
    if change.before is None and re.fullmatch(rf"{TOOL}:due(Date)?", name):
        return _subject("AddSla", "time")
    return _first(BPMN_FIELDS, name) or ELSE


def _first(table: tuple[tuple[str, Subject], ...], name: str) -> Subject | None:
    return next((subject for pattern, subject in table if re.fullmatch(pattern, name)), None)


def added_as(document_kind: str, record: Record) -> Subject:
    return _whole("Add", document_kind, record)


def removed_as(document_kind: str, record: Record) -> Subject:
    return _whole("Remove", document_kind, record)


def _whole(verb: str, document_kind: str, record: Record) -> Subject:
    if document_kind == "form":
        return _subject(f"{verb}Field", "form")
    if document_kind == "dmn":
        noun = {"rule": "Rule", "input": "Column", "output": "Column"}.get(record.kind, "Decision")
        return _subject(f"{verb}{noun}", "rule")
    if document_kind == "card":
        return _subject(f"{verb}Entry", CARD_TAGS.get(record.kind, "doc"))
    if document_kind == "text":
        return _subject(f"{verb}Text", "doc")
    if record.kind in {"lane", "laneSet"}:
        return _subject(f"{verb}Lane", "role")
    if record.kind in DATA:
        return _subject(f"{verb}DataObject", "data")
    if record.kind in CONTRACTS:
        return _subject(f"{verb}Message", "integration")
    if record.kind in NOTES:
        return _subject(f"{verb}Note", "doc")
    if record.kind in {"participant", "collaboration"}:
        return _subject(f"{verb}Participant", "role")
    return _subject(f"{verb}Element", "control")


def moved_as(document_kind: str, record: Record) -> Subject:
    if document_kind == "form":
        return _subject("MoveField", "form")
    if document_kind == "bpmn" and record.kind in FLOW_NODES:
        return _subject("Move", "control")
    return _subject("Reconnect", "control")
