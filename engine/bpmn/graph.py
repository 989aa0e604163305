"""The flow graph of one process or sub-process: who follows whom, what is reachable, dominators and loops.

Edges are the sequence flows and what else moves a token: from an activity to its boundary events, from a link throw
event to its catch event, from a compensation boundary event to its handler. Sub-processes are single nodes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from engine.bpmn.elements import Activity, CatchOrThrow, Element, Process, SequenceFlow, SubProcess

ROOT = ""  # stands before every entry (dominators) and behind every exit (post-dominators)


class FlowGraph:
    """The graph of the elements and flows of one scope; everything is computed once, when asked for."""

    def __init__(self, elements: Mapping[str, Element], flows: Mapping[str, SequenceFlow]):
        self.elements = elements
        self.flows = flows
        self._successors: dict[str, list[str]] = {identifier: [] for identifier in elements}
        self._predecessors: dict[str, list[str]] = {identifier: [] for identifier in elements}
        for source, target in self._edges():
            if source in elements and target in elements and target not in self._successors[source]:
                self._successors[source].append(target)
                self._predecessors[target].append(source)

    @classmethod
    def of(cls, scope: Process | SubProcess) -> "FlowGraph":
        return cls(scope.elements, scope.flows)

    def successors(self, element_id: str) -> tuple[str, ...]:
        """The elements that a token can move to directly, in document order of the flows."""
        return tuple(self._successors[element_id])

    def predecessors(self, element_id: str) -> tuple[str, ...]:
        return tuple(self._predecessors[element_id])

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """Where tokens begin: start events; without any, everything nothing leads to; and event sub-processes."""
        starts = [element.id for element in self.elements.values() if element.type == "startEvent"]
        free = [element.id for element in self.elements.values() if self._begins_by_itself(element)]
        events = [element.id for element in self.elements.values() if is_event_sub_process(element)]
        instantiating = [element.id for element in self.elements.values() if getattr(element, "instantiate", False)]
        return tuple(dict.fromkeys([*(starts or free), *events, *instantiating]))

    @cached_property
    def exits(self) -> tuple[str, ...]:
        """Elements that nothing follows."""
        return tuple(identifier for identifier, following in self._successors.items() if not following)

    @cached_property
    def reachable(self) -> frozenset[str]:
        """Everything that a token can come to."""
        return self.reachable_from(self.entries)

    def reachable_from(self, element_ids: Iterable[str]) -> frozenset[str]:
        """These elements and everything behind them."""
        return _closure(element_ids, self.successors)

    def can_reach(self, element_id: str, *, avoiding: str | None = None) -> frozenset[str]:
        """The elements from which a token can come to this one (itself only when it lies on a loop).

        `avoiding` names an element that the way must not pass, such as the join that is asked about.
        """

        def before(identifier: str) -> Iterator[str]:
            return (found for found in self._predecessors[identifier] if found != avoiding)

        return _closure(before(element_id), before)

    @cached_property
    def dominators(self) -> Mapping[str, str]:
        """Element → the last element that every way from the entries to it passes; ROOT when there is none.

        Unreachable elements are not listed.
        """
        return _immediate_dominators(self.entries, self.successors)

    @cached_property
    def post_dominators(self) -> Mapping[str, str]:
        """Element → the first element that every way from it to an exit passes; ROOT when there is none."""
        return _immediate_dominators(self.exits, self.predecessors)

    @cached_property
    def back_edges(self) -> frozenset[tuple[str, str]]:
        """Edges (source, target) that lead back to an element still on the depth-first way: they close loops."""
        found = set()
        on_way: set[str] = set()
        done: set[str] = set()
        for entry in (*self.entries, *self.elements):
            for step, node, target in _depth_first(entry, self.successors, done):
                if step == "enter":
                    on_way.add(node)
                elif step == "leave":
                    on_way.discard(node)
                elif target in on_way:
                    found.add((node, target))
        return frozenset(found)

    @cached_property
    def loops(self) -> tuple[frozenset[str], ...]:
        """The largest sets of elements that can all reach each other (a single element when it follows itself)."""
        return tuple(
            part
            for part in _strongly_connected(self.elements, self.successors)
            if len(part) > 1 or any(identifier in self._successors[identifier] for identifier in part)
        )

    def _edges(self) -> Iterator[tuple[str, str]]:
        for flow in self.flows.values():
            yield flow.source_id, flow.target_id
        catches = {name: element.id for element in self.elements.values() for name in link_names(element, catch=True)}
        for element in self.elements.values():
            for name in link_names(element, catch=False):
                yield element.id, catches.get(name, "")
            if isinstance(element, CatchOrThrow) and element.attached_to:
                yield element.attached_to, element.id
                if element.compensation_handler:
                    yield element.id, element.compensation_handler

    def _begins_by_itself(self, element: Element) -> bool:
        if element.incoming or element.type == "boundaryEvent" or link_names(element, catch=True):
            return False
        return not (isinstance(element, Activity) and element.is_for_compensation) and not is_event_sub_process(element)


def is_event_sub_process(element: Element) -> bool:
    return isinstance(element, SubProcess) and element.triggered_by_event


def link_names(element: Element, *, catch: bool) -> tuple[str, ...]:
    """The link names that an intermediate event catches (or throws)."""
    wanted = "intermediateCatchEvent" if catch else "intermediateThrowEvent"
    if element.type != wanted or not isinstance(element, CatchOrThrow):
        return ()
    return tuple(definition.name or "" for definition in element.definitions if definition.kind == "link")


def _closure(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> frozenset[str]:
    seen: set[str] = set()
    ahead = list(start)
    while ahead:
        identifier = ahead.pop()
        if identifier not in seen:
            seen.add(identifier)
            ahead.extend(following(identifier))
    return frozenset(seen)


def _depth_first(
    start: str, following: Callable[[str], Iterable[str]], done: set[str]
) -> Iterator[tuple[str, str, str]]:
    """Steps (enter | edge | leave, node, target) of a depth-first walk without recursion; `done` is filled."""
    if start in done:
        return
    done.add(start)
    yield "enter", start, ""
    stack = [(start, iter(following(start)))]
    while stack:
        node, rest = stack[-1]
        target = next(rest, None)
        if target is None:
            stack.pop()
            yield "leave", node, ""
            continue
        yield "edge", node, target
        if target not in done:
            done.add(target)
            yield "enter", target, ""
            stack.append((target, iter(following(target))))


def _immediate_dominators(starts: Iterable[str], following: Callable[[str], Iterable[str]]) -> dict[str, str]:
    """Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm (2001)."""

    def after(node: str) -> Iterable[str]:
        return starts if node == ROOT else following(node)

    order = [node for step, node, _target in _depth_first(ROOT, after, set()) if step == "leave"]
    number = {node: index for index, node in enumerate(order)}
    before: dict[str, list[str]] = {node: [] for node in order}
    for node in order:
        for target in after(node):
            before[target].append(node)
    dominator = {ROOT: ROOT}

    def meet(left: str, right: str) -> str:
        while left != right:
            while number[left] < number[right]:
                left = dominator[left]
            while number[right] < number[left]:
                right = dominator[right]
        return left

    changed = True
    while changed:
        changed = False
        for node in reversed(order[:-1]):
            known = [found for found in before[node] if found in dominator]
            best = known[0]
            for other in known[1:]:
                best = meet(best, other)
            if dominator.get(node) != best:
                dominator[node] = best
                changed = True
    del dominator[ROOT]
    return dominator


def _strongly_connected(nodes: Iterable[str], following: Callable[[str], Iterable[str]]) -> Iterator[frozenset[str]]:
    """Kosaraju's two walks."""
    nodes = list(nodes)
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for node in nodes:
        for target in following(node):
            before[target].append(node)
    done: set[str] = set()
    order = [node for start in nodes for step, node, _t in _depth_first(start, following, done) if step == "leave"]
    done = set()
    for start in reversed(order):
        part = frozenset(node for step, node, _t in _depth_first(start, before.__getitem__, done) if step == "enter")
        if part:
            yield part
