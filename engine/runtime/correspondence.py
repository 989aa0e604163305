"""Which element of a new version carries on an element of an old one, and why another one cannot.

By choice where somebody chose, else by the same id, else by the same lineage (praxis:uid); with `by_name` also by type
and name where both are unique in their scope. Called processes correspond by process id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn import elements as bpmn
from engine.errors import InvalidInput
from engine.runtime.definition import Definition, ScopeSpec
from engine.runtime.nodes import NodeSpec
from engine.runtime.obstacles import Obstacle, about

BESIDE = ("boundaryEvent", "startEvent")  # events that wait beside an activity or scope: no token stays on them


@dataclass(frozen=True)
class Match:
    """What becomes of one element of the old version."""

    node: NodeSpec
    target: NodeSpec | None = None
    how: str | None = None  # choice | id | lineage | name
    obstacle: Obstacle | None = None  # why a case that stands here cannot follow

    @property
    def status(self) -> str:
        """mapped | unmapped | forbidden"""
        if self.target is None:
            return "unmapped"
        return "mapped" if self.obstacle is None else "forbidden"


class Correspondence:
    """The elements of two definitions, matched; computed once, used for every instance. Raises InvalidInput.

    `mapping` names counterparts by hand: element or sequence-flow id → id in the new version, or None for "nowhere".
    """

    def __init__(
        self,
        old: Definition,
        new: Definition,
        mapping: Mapping[str, str | None] | None = None,
        *,
        by_name: bool = False,
    ):
        self.old, self.new, self.chosen = old, new, dict(mapping or {})
        self._check_choices()
        self._matches: dict[NodeSpec, Match] = {}
        for process_id, scope in old.processes.items():
            self._match_process(scope, new.processes.get(process_id), by_name)

    def __iter__(self) -> Iterator[Match]:
        """Every element of the old version, process by process, in document order."""
        return iter(self._matches.values())

    def match(self, node: NodeSpec) -> Match:
        """What becomes of a node of the old definition."""
        return self._matches[node]

    def counterpart(self, node: NodeSpec | None) -> NodeSpec | None:
        """The node that carries a node of the old definition on; None where there is none, or it may not."""
        match = self._matches.get(node) if node is not None else None
        return match.target if match is not None and match.obstacle is None else None

    def added(self) -> Iterator[NodeSpec]:
        """The elements of the new version that carry on nothing."""
        taken = {match.target for match in self if match.target is not None}
        for scope in self.new.processes.values():
            yield from (node for node in nodes_of(scope) if node not in taken)

    def options(self, node: NodeSpec) -> list[NodeSpec]:
        """The elements of the new version on which a case that stands on `node` could go on."""
        scope = self.new.processes.get(node.scope.process_id)
        return [each for each in nodes_of(scope) if self._obstacle(node, each) is None] if scope is not None else []

    def renamed(self) -> dict[str, str]:
        """Element id → id in the new version, of what goes on under another id."""
        pairs = ((match.node.element.id, match.target.element.id) for match in self if match.status == "mapped")
        return {before: after for before, after in pairs if before != after}

    def flow(self, flow_id: str, old_join: NodeSpec, new_join: NodeSpec) -> str | None:
        """The incoming flow of the new join that carries on one of the old join; None where that cannot be told."""
        incoming = new_join.element.incoming
        chosen = self.chosen.get(flow_id, flow_id)
        if chosen in incoming or flow_id in self.chosen:
            return chosen if chosen in incoming else None
        uid = _flows(self.old, old_join)[flow_id].uid
        same = [other for other in incoming if uid and _flows(self.new, new_join)[other].uid == uid]
        if len(same) == 1:
            return same[0]
        source = self.counterpart(old_join.scope.nodes.get(old_join.scope.flow_sources[flow_id]))
        from_source = [
            other for other in incoming if source and new_join.scope.flow_sources[other] == source.element.id
        ]
        return from_source[0] if len(from_source) == 1 else None

    # ------------------------------------------------------------------ matching

    def _check_choices(self) -> None:
        known, targets = _ids(self.old), _ids(self.new)
        for chosen, target in self.chosen.items():
            if chosen not in known:
                raise InvalidInput(f"The mapping names '{chosen}', which the old version does not have: leave it out.")
            if target is not None and target not in targets:
                raise InvalidInput(
                    f"The mapping sends '{chosen}' to '{target}', which the new version does not have: choose another."
                )

    def _match_process(self, old: ScopeSpec, new: ScopeSpec | None, by_name: bool) -> None:
        found = {node.element.id: node for node in nodes_of(new)} if new is not None else {}
        by_lineage = {lineage: found[name] for name, lineage in _lineages(found.values()).items()}
        lineages = _lineages(nodes_of(old))
        targets: dict[NodeSpec, tuple[NodeSpec, str]] = {}
        for node in nodes_of(old):
            name = node.element.id
            if name in self.chosen:
                if self.chosen[name] in found:
                    targets[node] = found[self.chosen[name]], "choice"
            elif name in found:
                targets[node] = found[name], "id"
            elif lineages[name] in by_lineage:
                targets[node] = by_lineage[lineages[name]], "lineage"
        if by_name and new is not None:
            self._match_by_name(old, new, targets)
        in_order = list(nodes_of(old))
        self._matches.update((node, Match(node)) for node in in_order)  # keeps the order of the document
        for node in sorted(in_order, key=lambda node: node.element.type == "boundaryEvent"):  # activities before theirs
            target, how = targets.get(node, (None, None))
            self._matches[node] = Match(node, target, how, self._obstacle(node, target))

    def _match_by_name(self, old: ScopeSpec, new: ScopeSpec, targets: dict[NodeSpec, tuple[NodeSpec, str]]) -> None:
        """Add what has the same type and name, unique on both sides of a pair of scopes; outer before inner."""
        taken = {target for target, _how in targets.values()}
        free_old = _by_name(node for node in old.nodes.values() if node not in targets and self._is_free(node))
        free_new = _by_name(node for node in new.nodes.values() if node not in taken)
        for label, nodes in free_old.items():
            if len(nodes) == 1 and len(free_new.get(label, ())) == 1:
                targets[nodes[0]] = free_new[label][0], "name"
        for node in old.nodes.values():
            target = targets.get(node, (None, None))[0]
            if getattr(node, "inner", None) is not None and getattr(target, "inner", None) is not None:
                self._match_by_name(node.inner, target.inner, targets)

    def _is_free(self, node: NodeSpec) -> bool:
        return node.element.id not in self.chosen

    def _obstacle(self, node: NodeSpec, target: NodeSpec | None) -> Obstacle | None:
        element = node.element
        if target is None:
            return about(element, "unmapped")
        if element.type != target.element.type:
            return about(element, "type_changed", type=element.type, new_type=target.element.type)
        if type(node) is not type(target):
            return about(element, "behaviour_changed")
        if not self._same_scope(node, target):
            return about(element, "scope_changed")
        if _loop(node) != _loop(target):
            return about(element, "loop_changed")
        kinds, new_kinds = _event_kinds(element), _event_kinds(target.element)
        if kinds != new_kinds:
            return about(element, "event_changed", kinds=" + ".join(kinds), new_kinds=" + ".join(new_kinds))
        return None

    def _same_scope(self, node: NodeSpec, target: NodeSpec) -> bool:
        """The scopes correspond, and for boundary events the activities that they stand on."""
        if node.scope.process_id != target.scope.process_id:
            return False
        if (node.scope.owner is None) != (target.scope.owner is None):
            return False
        if node.scope.owner is not None and self.counterpart(node.scope.owner) is not target.scope.owner:
            return False
        host = getattr(node.element, "attached_to", None)
        if not host:
            return True
        around = self.counterpart(node.scope.nodes.get(host))
        return around is not None and around.element.id == target.element.attached_to


def nodes_of(scope: ScopeSpec) -> Iterator[NodeSpec]:
    """Every node of a process or sub-process, outer before inner, in document order."""
    for node in scope.nodes.values():
        yield node
        inner = getattr(node, "inner", None)
        if inner is not None:
            yield from nodes_of(inner)


def _lineages(nodes) -> dict[str, str]:
    """Element id → lineage: praxis:uid, which of several copies the one keeps whose id it is, else the first."""
    elements = [node.element for node in nodes]
    owners: dict[str, str] = {}
    for element in elements:
        if element.uid and (element.uid not in owners or element.id == element.uid):
            owners[element.uid] = element.id
    return {each.id: each.uid if each.uid and owners[each.uid] == each.id else each.id for each in elements}


def _by_name(nodes) -> dict[tuple[str, str], list[NodeSpec]]:
    found: dict[tuple[str, str], list[NodeSpec]] = {}
    for node in nodes:
        if node.element.name:
            found.setdefault((node.element.type, node.element.name.casefold()), []).append(node)
    return found


def _loop(node: NodeSpec) -> tuple[Any, ...] | None:
    loop = getattr(node.element, "loop", None)
    return (loop.kind, loop.element_variable) if loop is not None else None


def _event_kinds(element: bpmn.Element) -> tuple[str, ...]:
    if isinstance(element, bpmn.CatchOrThrow):
        return tuple(definition.kind for definition in element.definitions) + ("all",) * element.parallel_multiple
    if element.type == "receiveTask":
        return ("message",) if element.message is not None else ()
    return ()


def _flows(definition: Definition, node: NodeSpec) -> Mapping[str, bpmn.SequenceFlow]:
    """The sequence flows of the scope that a node stands in."""
    owner = node.scope.owner
    return owner.element.flows if owner is not None else definition.process(node.scope.process_id).flows


def _ids(definition: Definition) -> set[str]:
    """The ids of every element and sequence flow."""
    found: set[str] = set()
    for process_id, scope in definition.processes.items():
        found.update(definition.process(process_id).flows)
        for node in nodes_of(scope):
            found.add(node.element.id)
            found.update(getattr(node.element, "flows", None) or ())
    return found
