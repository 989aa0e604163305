"""The token net of one process or sub-process: places are sequence flows, nodes consume and produce tokens.

The translation follows Dijkman, Dumas and Ouyang (Information and Software Technology 50(12), 2008), with inclusive
joins kept as such, because they look at the whole marking. Sub-processes are single nodes; each is looked at for
itself. Reductions (Murata 1989; Sadiq and Orlowska 2000) take away what cannot go wrong: sequences, blocks, loops.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.bpmn.elements import Activity, CatchOrThrow, Element, Process, SubProcess
from engine.bpmn.graph import is_event_sub_process, link_names

ANY, ALL, SOME = "any", "all", "some"  # of the incoming or outgoing places; SOME is the inclusive gateway
CLEARING = frozenset({"terminate", "error", "cancel"})


@dataclass(eq=False)
class Node:
    """A step: takes tokens from `ins` as `join` says, gives tokens to `outs` as `split` says.

    `always` are outgoing places that an inclusive split gives a token in any case. A node without `outs` is an end;
    `clears` then means that it takes every other token of the scope with it.
    """

    element_id: str
    ins: list[str] = field(default_factory=list)
    outs: list[str] = field(default_factory=list)
    join: str = ANY
    split: str = ALL
    always: frozenset[str] = frozenset()
    clears: bool = False
    conditional: bool = False  # the choice of an inclusive split depends on conditions that may exclude each other


@dataclass
class Net:
    """The nodes, and the places that hold a token at the beginning: one alternative per way to start."""

    nodes: list[Node]
    starts: list[frozenset[str]]
    undecided: list[str] = field(default_factory=list)  # elements whose behaviour cannot be told from the model

    def producers(self) -> dict[str, Node]:
        return {place: node for node in self.nodes for place in node.outs}

    def consumers(self) -> dict[str, Node]:
        return {place: node for node in self.nodes for place in node.ins}


def net_of(scope: Process | SubProcess) -> Net:
    """The net of what lies directly in the scope."""
    return _Translation(scope).net()


class _Translation:
    def __init__(self, scope: Process | SubProcess):
        self.scope = scope
        self.nodes: list[Node] = []
        self.undecided: list[str] = []
        self.boundaries: dict[str, list[CatchOrThrow]] = {}
        self.catches: dict[str, Element] = {}
        for element in scope.elements.values():
            if isinstance(element, CatchOrThrow) and element.attached_to:
                self.boundaries.setdefault(element.attached_to, []).append(element)
            for name in link_names(element, catch=True):
                self.catches[name] = element

    def net(self) -> Net:
        for element in self.scope.elements.values():
            self._add(element)
        return Net(self.nodes, self._starts(), self.undecided)

    def _add(self, element: Element) -> None:
        if is_event_sub_process(element) or (isinstance(element, Activity) and element.is_for_compensation):
            return
        ins = self._incoming(element)
        outs = [flow for flow in element.outgoing if flow in self.scope.flows]
        outs += [f"link {name}" for name in link_names(element, catch=False) if name in self.catches]
        node = Node(element.id, ins, outs)
        node.join = {"parallelGateway": ALL, "inclusiveGateway": SOME, "complexGateway": SOME}.get(element.type, ANY)
        self._set_split(element, node)
        node.clears = isinstance(element, CatchOrThrow) and not outs and bool(CLEARING & _kinds(element))
        if element.type == "complexGateway" and len(ins) > 1:
            self.undecided.append(element.id)
        for part in self._with_boundaries(node):
            self.nodes += _pure(part)

    def _incoming(self, element: Element) -> list[str]:
        ins = [flow for flow in element.incoming if flow in self.scope.flows]
        if isinstance(element, CatchOrThrow) and element.attached_to:
            return [f"at {element.id}"]
        ins += [f"link {name}" for name in link_names(element, catch=True)]
        return ins or [f"start {element.id}"]

    def _set_split(self, element: Element, node: Node) -> None:
        flows = self.scope.flows
        conditional = {flow for flow in node.outs if flow in flows and flows[flow].condition}
        if element.type in {"exclusiveGateway", "eventBasedGateway"}:
            node.split = ANY
        elif element.type in {"inclusiveGateway", "complexGateway"} or (
            conditional and element.type != "parallelGateway"
        ):
            node.split, node.conditional = SOME, True
            default = {element.default} if element.default else set()
            node.always = frozenset(set(node.outs) - conditional - default)

    def _with_boundaries(self, node: Node) -> Iterator[Node]:
        """The node, with its boundary events as an alternative end (interrupting) or an additional one."""
        events = [event for event in self.boundaries.get(node.element_id, ()) if "compensation" not in _kinds(event)]
        beside = [f"at {event.id}" for event in events if not event.interrupting]
        instead = [f"at {event.id}" for event in events if event.interrupting]
        if not beside and not instead:
            yield node
            return
        done, left = f"done {node.element_id}", f"left {node.element_id}"
        outcome = done if instead else left
        yield Node(
            node.element_id,
            node.ins,
            [outcome, *beside],
            join=node.join,
            split=SOME if beside else ALL,
            always=frozenset([outcome]),
        )
        if instead:
            yield Node(node.element_id, [done], [left, *instead], split=ANY)
        yield Node(
            node.element_id, [left], node.outs, split=node.split, always=node.always, conditional=node.conditional
        )

    def _starts(self) -> list[frozenset[str]]:
        free = [node.ins[0] for node in self.nodes if len(node.ins) == 1 and node.ins[0].startswith("start ")]
        elements = self.scope.elements
        events = [place for place in free if elements[place[6:]].type == "startEvent"]
        instantiating = [place for place in free if getattr(elements[place[6:]], "instantiate", False)]
        if events or instantiating:
            return [frozenset([place]) for place in (*events, *instantiating)]
        return [frozenset(free)] if free else []


def _kinds(event: CatchOrThrow) -> set[str]:
    return {definition.kind for definition in event.definitions}


def _pure(node: Node) -> list[Node]:
    """A node that joins and splits at once becomes two, an end with several ways in becomes several."""
    if not node.outs and node.join == ANY:
        return [Node(node.element_id, [place], clears=node.clears) for place in node.ins]
    if len(node.ins) < 2 or len(node.outs) < 2:
        return [node]
    between = f"in {node.element_id}"
    join = Node(node.element_id, node.ins, [between], join=node.join)
    split = Node(node.element_id, [between], node.outs, split=node.split, always=node.always)
    split.conditional = node.conditional
    return [join, split]


# Which split and which join make a block that lets exactly one token out for each one that came in.
BLOCKS = {(ANY, ANY), (ALL, ALL), (SOME, SOME), (ANY, SOME), (ALL, SOME)}


def reduced(net: Net) -> Net:
    """The net without sequences, blocks and simple loops; it is sound if and only if the whole net is."""
    nodes = [Node(**vars(node)) for node in net.nodes]
    for node in nodes:
        node.ins, node.outs = list(node.ins), list(node.outs)
    work = _Reduction(nodes, net.starts)
    work.run()
    return Net(work.live(), work.starts, net.undecided)


class _Reduction:
    def __init__(self, nodes: list[Node], starts: Iterable[frozenset[str]]):
        self.nodes = nodes
        self.starts = list(starts)
        self.source = {place: node for node in nodes for place in node.outs}
        self.target = {place: node for node in nodes for place in node.ins}
        self.gone: set[Node] = set()

    def live(self) -> list[Node]:
        return [node for node in self.nodes if node not in self.gone]

    def run(self) -> None:
        rules = (self._pass, self._block, self._fuse_join, self._fuse_split, self._loop, self._ends)
        ahead = list(reversed(self.nodes))
        while ahead:
            node = ahead.pop()
            if node in self.gone:
                continue
            near = self._neighbours(node)
            if any(rule(node) for rule in rules):
                ahead += [each for each in (*near, node) if each not in self.gone]

    def _neighbours(self, node: Node) -> list[Node]:
        before = [self.source[place] for place in node.ins if place in self.source]
        return before + [self.target[place] for place in node.outs if place in self.target]

    def _pass(self, node: Node) -> bool:
        """One way in, one way out: the two places become one (the later, so that messages name what a join lacks)."""
        if len(node.ins) != 1 or len(node.outs) != 1 or node.ins == node.outs:
            return False
        before, after = node.ins[0], node.outs[0]
        source = self.source.pop(before, None)
        if source is not None:
            source.outs[source.outs.index(before)] = after
            source.always = frozenset(after if place == before else place for place in source.always)
            self.source[after] = source
        else:
            self.source.pop(after, None)
        self.target.pop(before, None)
        self.starts = [frozenset(after if place == before else place for place in start) for start in self.starts]
        self.gone.add(node)
        return True

    def _block(self, split: Node) -> bool:
        """Several ways from a split straight to a join of the same kind become one."""
        by_target: dict[Node, list[str]] = {}
        for place in split.outs:
            if place in self.target:
                by_target.setdefault(self.target[place], []).append(place)
        for join, places in by_target.items():
            if len(places) > 1 and (split.split, join.join) in BLOCKS and join is not split:
                for place in places[1:]:
                    self._drop(split, place)
                    join.ins.remove(place)
                if split.always & set(places):
                    split.always = (split.always - set(places)) | {places[0]}
                return True
        return False

    def _fuse_join(self, inner: Node) -> bool:
        """A join that leads straight to a join of the same kind is one with it."""
        outer = self.target.get(inner.outs[0]) if len(inner.outs) == 1 and len(inner.ins) > 1 else None
        if outer is None or outer is inner or len(outer.ins) < 2 or len(outer.outs) > 1:
            return False
        if inner.join != outer.join or inner.join == SOME:
            return False
        place = inner.outs[0]
        outer.ins.remove(place)
        outer.ins += inner.ins
        for moved in inner.ins:
            self.target[moved] = outer
        self._forget(place)
        self.gone.add(inner)
        return True

    def _fuse_split(self, outer: Node) -> bool:
        """A split behind a split of the same kind is one with it."""
        for place in outer.outs:
            inner = self.target.get(place)
            if inner is None or inner is outer or len(outer.outs) < 2 or len(inner.outs) < 2 or len(inner.ins) > 1:
                continue
            if outer.split != inner.split or outer.split == SOME:
                continue
            outer.outs[outer.outs.index(place) : outer.outs.index(place) + 1] = inner.outs
            for moved in inner.outs:
                self.source[moved] = outer
            self._forget(place)
            self.gone.add(inner)
            return True
        return False

    def _loop(self, split: Node) -> bool:
        """A choice that leads straight back to the merge before it: going round changes nothing."""
        if split.split != ANY or len(split.outs) < 2 or len(split.ins) != 1:
            return False
        merge = self.source.get(split.ins[0])
        if merge is None or merge.join != ANY or len(merge.outs) != 1 or len(merge.ins) < 2:
            return False
        back = next((place for place in split.outs if self.target.get(place) is merge), None)
        if back is None or not set(merge.ins) - {back}:
            return False
        merge.ins.remove(back)
        self._drop(split, back)
        return True

    def _ends(self, split: Node) -> bool:
        """A way that only ends is left out where the others go on anyhow; of several that may be chosen, one stays."""
        ends = [place for place in split.outs if self._is_plain_end(place)]
        if len(split.outs) < 2 or not ends:
            return False
        if split.split == ANY:
            surplus = ends[1:]
        elif split.split == ALL:
            surplus = ends if len(ends) < len(split.outs) else ends[1:]
        else:
            surplus = [place for place in ends if split.always - {place}]
        for place in surplus[:1]:
            self.gone.add(self.target[place])
            split.always -= {place}
            self._drop(split, place)
        return bool(surplus)

    def _is_plain_end(self, place: str) -> bool:
        end = self.target.get(place)
        return end is not None and not end.outs and not end.clears and len(end.ins) == 1

    def _drop(self, split: Node, place: str) -> None:
        split.outs.remove(place)
        self._forget(place)

    def _forget(self, place: str) -> None:
        self.source.pop(place, None)
        self.target.pop(place, None)
