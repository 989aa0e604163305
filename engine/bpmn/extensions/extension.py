"""The fields that extensions of a BPMN element can fill, and small tools to fill them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn import names
from engine.bpmn.elements import Assignment, Expression, Value, VariableMapping


@dataclass(slots=True)
class Extension:
    """What extensions say about one element; None, False or empty where they say nothing."""

    assignee: Value | None = None
    candidate_users: Value | None = None
    candidate_groups: Value | None = None
    form_key: Value | None = None
    due: Value | None = None
    follow_up: Value | None = None
    priority: Value | None = None
    touchpoint: str | None = None
    topic: Value | None = None
    retries: Value | None = None
    retry_backoff: str | None = None
    implementation: str | None = None
    script: Expression | None = None
    decision: Value | None = None
    result_variable: str | None = None
    called_element: Value | None = None
    binding: str | None = None
    version: str | None = None
    all_in: bool | None = None
    all_out: bool | None = None
    collection: Expression | None = None
    element_variable: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    code_variable: str | None = None
    message_variable: str | None = None
    business_key: Expression | None = None
    title: Value | None = None
    searchable: str | None = None
    candidate_starters: Value | None = None
    version_tag: str | None = None
    role: str | None = None
    uid: str | None = None
    outputs_only: bool | None = None
    inputs: list[VariableMapping] = field(default_factory=list)
    outputs: list[VariableMapping] = field(default_factory=list)
    correlation: list[VariableMapping] = field(default_factory=list)
    send: list[VariableMapping] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def say(self, **fields: object) -> None:
        """Fill fields that nobody has filled yet; None says nothing."""
        for name, found in fields.items():
            if found is not None and getattr(self, name) is None:
                setattr(self, name, found)

    def assignment(self) -> Assignment:
        return Assignment(
            assignee=self.assignee,
            candidate_users=self.candidate_users,
            candidate_groups=self.candidate_groups,
            form_key=self.form_key,
            due=self.due,
            follow_up=self.follow_up,
            priority=self.priority,
            touchpoint=self.touchpoint,
        )


def extension_elements(node: etree._Element) -> Iterator[tuple[str, str, etree._Element]]:
    """Namespace, local name and element of everything in the node's extensionElements."""
    for holder in node.findall(names.bpmn("extensionElements")):
        yield from children(holder)


def children(node: etree._Element) -> Iterator[tuple[str, str, etree._Element]]:
    """Namespace, local name and element of the child elements (no comments, no processing instructions)."""
    for child in node:
        if isinstance(child.tag, str):
            yield (*names.split(child.tag), child)


def text_of(node: etree._Element) -> str:
    """The element's text with CDATA and around comments, trimmed."""
    return "".join(_texts(node)).strip()


def _texts(node: etree._Element) -> Iterator[str]:
    if node.text:
        yield node.text
    for child in node:
        if child.tail:
            yield child.tail


def is_true(text: str | None) -> bool | None:
    """The XML Schema boolean; None when there is no text."""
    return None if text is None else text.strip().lower() in {"true", "1"}
