"""A model reduced to what similarity looks at: labelled nodes, edges, and their facts of data, roles and rules."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.bpmn import elements as bpmn
from engine.bpmn import names
from engine.errors import NotFound
from practice_repo.search.words import Label, label_of, normalised

DATA, ROLE, RULE = "data", "role", "rule"
ASPECTS = (DATA, ROLE, RULE)


@dataclass(frozen=True)
class Item:
    """One fact of an aspect: of a node, or of the whole model (`node` is "")."""

    aspect: str  # data | role | rule
    node: str
    fact: str  # normalised: two models that say the same have the same text


@dataclass(frozen=True)
class Node:
    id: str
    type: str  # BPMN local name; events carry what they wait for: "intermediateCatchEvent:timer"
    label: Label

    @cached_property
    def family(self) -> str:
        """Types of one family may stand for each other: a manual task became a user task."""
        local = self.type.partition(":")[0]
        return "activity" if local in names.ACTIVITIES else "gateway" if local in names.GATEWAYS else local


@dataclass(frozen=True)
class Shape:
    """The graph of one file or of some of its elements; sub-processes are flattened into it."""

    name: Label
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]

    @cached_property
    def node_labels(self) -> frozenset[Label]:
        return frozenset(node.label for node in self.nodes if node.label)

    @cached_property
    def successors(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped(self.edges)

    @cached_property
    def predecessors(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((target, source) for source, target in self.edges)

    @cached_property
    def edge_set(self) -> frozenset[tuple[str, str]]:
        return frozenset(self.edges)

    @cached_property
    def items_by_aspect(self) -> Mapping[str, tuple[Item, ...]]:
        return {aspect: tuple(item for item in self.items if item.aspect == aspect) for aspect in ASPECTS}

    @cached_property
    def facts(self) -> Mapping[str, Mapping[tuple[str, str], int]]:
        """Aspect → node and fact → how often it is said."""
        return {
            aspect: Counter((item.node, item.fact) for item in items) for aspect, items in self.items_by_aspect.items()
        }

    def fragment(self, ids: Collection[str]) -> "Shape":
        """These nodes and what connects them. Raises NotFound when none of the ids is a node of the model."""
        kept = set(ids)
        nodes = tuple(node for node in self.nodes if node.id in kept)
        if not nodes:
            raise NotFound(f"The model has none of the elements {', '.join(sorted(kept)) or '(none given)'}.")
        edges = tuple(edge for edge in self.edges if edge[0] in kept and edge[1] in kept)
        return Shape(self.name, nodes, edges, tuple(item for item in self.items if item.node in kept))

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name.texts,
            "nodes": [[node.id, node.type, *node.label.texts] for node in self.nodes],
            "edges": self.edges,
            "items": [[item.aspect, item.node, item.fact] for item in self.items],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Shape":
        return cls(
            label_of(tuple(content["name"])),
            tuple(Node(identifier, type_, label_of(tuple(texts))) for identifier, type_, *texts in content["nodes"]),
            tuple((source, target) for source, target in content["edges"]),
            tuple(Item(*item) for item in content["items"]),
        )


def shape_of(model: bpmn.Model) -> Shape:
    """The shape of all processes of the file."""
    titles = [text for process in model.processes for text in _texts(process)]
    nodes: list[Node] = []
    edges: list[tuple[str, str]] = []
    items: list[Item] = [Item(DATA, "", f"message {normalised(each.name)}") for each in model.messages.values()]
    for process in model.processes:
        roles = {lane.id: lane.role or normalised(lane.name) for lane in process.lanes}
        items += (Item(ROLE, "", role) for role in roles.values() if role)
        items += (Item(DATA, "", f"object {normalised(each.name)}") for each in process.data_objects if each.name)
        for element in process.walk():
            nodes.append(Node(element.id, _type(element), label_of(_texts(element))))
            items += _items(element, roles)
            edges += _containment(element)
        for scope in (process, *(each for each in process.walk() if isinstance(each, bpmn.SubProcess))):
            edges += ((flow.source_id, flow.target_id) for flow in scope.flows.values())
            items += _flow_rules(scope)
    unique = tuple(dict.fromkeys(edges))
    return Shape(label_of(tuple(titles) or (model.name,)), tuple(nodes), unique, tuple(dict.fromkeys(items)))


def _texts(element: bpmn.Element | bpmn.Process) -> tuple[str, ...]:
    translated = (text for name, text in element.properties.items() if name.startswith("name:"))
    return tuple(text for text in (element.name, *translated) if text)


def _type(element: bpmn.Element) -> str:
    if isinstance(element, bpmn.CatchOrThrow) and element.definitions:
        return f"{element.type}:{'+'.join(sorted(each.kind for each in element.definitions))}"
    return element.type


def _containment(element: bpmn.Element) -> Iterator[tuple[str, str]]:
    """A sub-process leads to what it starts with, an activity to its boundary events."""
    if isinstance(element, bpmn.SubProcess):
        yield from ((element.id, inner.id) for inner in element.elements.values() if not inner.incoming)
    if isinstance(element, bpmn.CatchOrThrow) and element.attached_to:
        yield element.attached_to, element.id


def _items(element: bpmn.Element, roles: Mapping[str, str]) -> Iterator[Item]:
    yield from _role_items(element, roles)
    yield from _data_items(element)
    yield from _rule_items(element)


def _role_items(element: bpmn.Element, roles: Mapping[str, str]) -> Iterator[Item]:
    if element.lane_id in roles:
        yield Item(ROLE, element.id, f"lane {roles[element.lane_id]}")
    assignment = getattr(element, "assignment", None)
    if assignment:
        for field in ("assignee", "candidate_users", "candidate_groups"):
            if text := _said(getattr(assignment, field)):
                yield Item(ROLE, element.id, f"{field} {text}")


def _data_items(element: bpmn.Element) -> Iterator[Item]:
    for way, mappings in (("in", element.inputs), ("out", element.outputs)):
        for mapping in mappings:
            yield Item(DATA, element.id, f"{way} {mapping.target} = {_said(mapping.source)}")
    assignment = getattr(element, "assignment", None)
    form = _said(assignment.form_key) if assignment else getattr(element, "form_key", None)
    if form:
        yield Item(DATA, element.id, f"form {form}")
    for field in ("topic", "called_element", "result_variable"):
        value = getattr(element, field, None)
        if text := _said(value) if isinstance(value, bpmn.Value) else value:
            yield Item(DATA, element.id, f"{field} {text}")
    message = getattr(element, "message", None)
    for definition in (*getattr(element, "definitions", ()), *((message,) if message else ())):
        if definition.kind in ("message", "signal") and definition.name:
            yield Item(DATA, element.id, f"{definition.kind} {normalised(definition.name)}")


def _rule_items(element: bpmn.Element) -> Iterator[Item]:
    assignment = getattr(element, "assignment", None)
    facts = {
        "decision": _said(getattr(element, "decision", None)),
        "script": _formula(getattr(element, "script", None)),
        "due": _said(assignment.due) if assignment else "",
        "follow up": _said(assignment.follow_up) if assignment else "",
        "activation": _formula(getattr(element, "activation_condition", None)),
        "completion": _formula(getattr(element, "completion_condition", None)),
    }
    for definition in getattr(element, "definitions", ()):
        facts["timer"] = _said(definition.timer.value) if definition.timer else facts.get("timer", "")
        facts[definition.kind] = definition.code or _formula(definition.condition)
    loop = getattr(element, "loop", None)
    if loop:
        formulas = (loop.cardinality, loop.collection, loop.completion_condition, loop.condition)
        facts["loop"] = " ".join([loop.kind, *filter(None, map(_formula, formulas))])
    yield from (Item(RULE, element.id, f"{name} {fact}") for name, fact in facts.items() if fact)


def _flow_rules(scope: bpmn.Process | bpmn.SubProcess) -> Iterator[Item]:
    for flow in scope.flows.values():
        if flow.condition:
            yield Item(RULE, flow.source_id, f"if {_formula(flow.condition)}")
        source = scope.elements.get(flow.source_id)
        if source is not None and source.default == flow.id:
            target = scope.elements.get(flow.target_id)
            yield Item(RULE, flow.source_id, f"otherwise {normalised(target.name) if target else ''}")


def _said(value: bpmn.Value | None) -> str:
    if value is None:
        return ""
    return _formula(value.expression) if value.expression else " ".join((value.text or "").split())


def _formula(expression: bpmn.Expression | None) -> str:
    return "".join(expression.feel.split()) if expression else ""


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    grouped: dict[str, list[str]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in grouped.items()}
