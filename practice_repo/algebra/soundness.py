"""Can every case come to its end, with nothing left behind? Pure control flow; conditions count as free choices.

A process or sub-process is sound (van der Aalst 1998, with BPMN's ends) when no join waits for ever, no flow carries
two tokens at once, every element can be reached and an end can be reached from everywhere. The net is reduced first;
what is left is explored marking by marking.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from engine.bpmn.elements import Activity, Element, Model, Process, SubProcess
from engine.bpmn.graph import FlowGraph, is_event_sub_process, link_names
from engine.errors import Finding
from practice_repo.algebra.flow_net import ALL, ANY, SOME, Net, Node, net_of, reduced

STATE_LIMIT = 3_000  # markings in any order; then the order is fixed and as many are tried again
MOST_SUBSETS_OF = 5  # outgoing flows of an inclusive split: with more, only single flows, pairs and all together
MOST_FINDINGS = 5  # per scope and rule

DEADLOCK = "deadlock"
LACK_OF_SYNCHRONISATION = "lack-of-synchronisation"
IMPROPER_COMPLETION = "improper-completion"
UNREACHABLE = "unreachable"
NO_END = "no-end"
NOT_DECIDED = "soundness-not-decided"


def check_soundness(model: Model, *, state_limit: int = STATE_LIMIT) -> list[Finding]:
    """What keeps cases of the model from completing properly; errors, and warnings for what is only possible.

    Rules: `deadlock`, `lack-of-synchronisation`, `improper-completion`, `unreachable`, `no-end`. A finding that needs
    two conditions of an inclusive choice to be true at once is a warning, because they may exclude each other. So is
    `soundness-not-decided`: the state space is larger than `state_limit`, or a complex gateway decides.
    """
    findings = []
    for scope in _scopes(model):
        findings += _ScopeCheck(scope, state_limit).findings()
    return findings


def _scopes(model: Model) -> Iterator[Process | SubProcess]:
    """Every process and sub-process whose elements are joined by flows; ad-hoc ones start what they like."""
    for process in model.processes:
        yield process
        for element in process.walk():
            if isinstance(element, SubProcess) and element.type != "adHocSubProcess":
                yield element


class _ScopeCheck:
    """The check of what lies directly in one process or sub-process."""

    def __init__(self, scope: Process | SubProcess, state_limit: int):
        self.scope = scope
        self.graph = FlowGraph.of(scope)
        self.limit = state_limit

    def findings(self) -> Iterator[Finding]:
        if not self.scope.elements:
            return
        unreachable = list(self._unreachable())
        yield from unreachable
        endless = list(self._endless())
        yield from endless
        net = net_of(self.scope)
        if net.undecided:
            yield self._not_decided(f"what {self._label(net.undecided[0])} waits for is decided by an expression")
            return
        small = reduced(net)
        if not any(len(node.ins) > 1 or len(node.outs) > 1 for node in small.nodes):
            return
        certain = self._explored(small, cautious=True)
        if endless:
            certain.endless = ()  # told already
        yield from self._of_outcome(certain, "error")
        if any(node.conditional for node in small.nodes):
            possible = self._explored(small, cautious=False)
            yield from self._of_outcome(possible.without(certain), "warning")
            certain.complete = certain.complete and possible.complete
        if not certain.complete:
            yield self._not_decided(f"more than {self.limit} states are possible")

    def _explored(self, net: Net, *, cautious: bool) -> "Outcome":
        outcome = Exploration(net, cautious=cautious, limit=self.limit).in_any_order()
        if outcome.complete:
            return outcome
        return Exploration(net, cautious=cautious, limit=self.limit).in_fixed_order().joined(outcome)

    def _unreachable(self) -> Iterator[Finding]:
        for element in self.scope.elements.values():
            if element.id not in self.graph.reachable and not self._stands_outside(element):
                yield self._finding(
                    UNREACHABLE, element.id, "No case can come to this element; connect it or remove it."
                )

    def _stands_outside(self, element: Element) -> bool:
        """Compensation, and links and boundary events (their throw or host is told about)."""
        if isinstance(element, Activity) and element.is_for_compensation:
            return True
        if bool(link_names(element, catch=True)) or element.type == "boundaryEvent" or is_event_sub_process(element):
            return True
        return any(self._stands_outside(self.scope.elements[before]) for before in self._before(element))

    def _before(self, element: Element) -> Sequence[str]:
        if element.id in self.graph.reachable:
            return ()
        sources = [before for before in self.graph.predecessors(element.id) if before not in self.graph.reachable]
        return [each for each in sources if self.scope.elements[each].type == "boundaryEvent"]

    def _endless(self) -> Iterator[Finding]:
        """Loops that nothing leads out of."""
        exits = set(self.graph.exits)
        for loop in self.graph.loops:
            if loop & self.graph.reachable and not exits & self.graph.reachable_from(loop):
                first = next(element for element in self.scope.elements if element in loop)
                yield self._finding(
                    NO_END, first, "Nothing leads out of this loop, so no case ends; add a way to an end."
                )

    def _of_outcome(self, outcome: "Outcome", severity: str) -> Iterator[Finding]:
        maybe = "" if severity == "error" else " when several conditions are true at once"
        for rule, stuck in ((DEADLOCK, outcome.deadlocks), (IMPROPER_COMPLETION, outcome.left_behind)):
            for element_id, missing in list(stuck.items())[:MOST_FINDINGS]:
                waits = f"The join can wait for ever for {self._flows(missing)}{maybe}"
                more = ", though an end has been reached" if rule == IMPROPER_COMPLETION else ""
                remedy = "join what was split in the same way (exclusive with exclusive, parallel with parallel)"
                yield self._finding(rule, element_id, f"{waits}{more}; {remedy}.", severity)
        for element_id in list(outcome.doubled)[:MOST_FINDINGS]:
            message = (
                f"What follows can run twice at once{maybe}: branches that run side by side meet here without a join; "
                "join them with a parallel or inclusive gateway."
            )
            yield self._finding(LACK_OF_SYNCHRONISATION, element_id, message, severity)
        for element_id in outcome.endless[:1]:
            message = "Once a case is here, no way leads to its end; add one that leaves the loop with all branches."
            yield self._finding(NO_END, element_id, message, severity)
        if outcome.complete and not outcome.has_problems and severity == "error":
            for element_id in outcome.never:
                yield self._finding(
                    UNREACHABLE, element_id, "No case can come to this element; check what is before it."
                )

    def _flows(self, places: Sequence[str]) -> str:
        return " and ".join(self._flow(place) for place in places)

    def _flow(self, place: str) -> str:
        flow = self.scope.flows.get(place)
        return f"the flow from {self._label(flow.source_id)}" if flow else "one of its flows"

    def _label(self, element_id: str) -> str:
        element = self.scope.elements.get(element_id)
        return element.label if element else f"'{element_id}'"

    def _not_decided(self, why: str) -> Finding:
        message = f"Whether every case can end properly is not decided, because {why}; check it by playing scenarios."
        return Finding(NOT_DECIDED, message, self.scope.id, self.scope.name or None, severity="warning")

    def _finding(self, rule: str, element_id: str, message: str, severity: str = "error") -> Finding:
        element = self.scope.elements[element_id]
        return Finding(rule, message, element_id, element.name or None, element.line or None, severity)


@dataclass
class Outcome:
    """What an exploration saw: joins that wait for ever (and for which places), elements that run twice or never."""

    deadlocks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_behind: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubled: dict[str, None] = field(default_factory=dict)
    endless: tuple[str, ...] = ()  # elements that go on and on, with no way to an end
    never: tuple[str, ...] = ()
    complete: bool = True

    @property
    def has_problems(self) -> bool:
        return bool(self.deadlocks or self.left_behind or self.doubled or self.endless)

    def without(self, other: "Outcome") -> "Outcome":
        return Outcome(
            {key: value for key, value in self.deadlocks.items() if key not in other.deadlocks},
            {key: value for key, value in self.left_behind.items() if key not in other.left_behind},
            {key: None for key in self.doubled if key not in other.doubled},
            complete=self.complete,
        )

    def joined(self, other: "Outcome") -> "Outcome":
        return Outcome(
            {**other.deadlocks, **self.deadlocks},
            {**other.left_behind, **self.left_behind},
            {**other.doubled, **self.doubled},
            complete=self.complete,
        )


class Exploration:
    """Walks the markings of a net; a marking is an integer with one bit per place, the lowest for "an end was reached".

    `cautious`: of an inclusive choice only one condition is true at a time.
    """

    def __init__(self, net: Net, *, cautious: bool, limit: int):
        self.net = net
        self.cautious = cautious
        self.limit = limit
        places = dict.fromkeys(place for node in net.nodes for place in (*node.ins, *node.outs))
        places.update(dict.fromkeys(place for start in net.starts for place in sorted(start)))
        self.bits = {place: 2 << number for number, place in enumerate(places)}
        consumers = net.consumers()
        self.nodes = [*net.nodes, *(Node("", [place]) for place in places if place not in consumers)]
        self.outcome = Outcome()
        self.fired: set[str] = set()

    def in_any_order(self) -> Outcome:
        """Every marking that any order of steps leads to."""
        return self._walk(self._every_step)

    def in_fixed_order(self) -> Outcome:
        """Only one order of independent steps: what stands first in the flow moves first, so branches wait at joins.

        The steps of different branches do not disturb each other, so what can go wrong shows in that order, too; only
        a branch that a loop starts again before it has ended may be missed.
        """
        return self._walk(self._first_step)

    def _walk(self, steps) -> Outcome:
        ahead = [self._mask(start) for start in self.net.starts]
        seen = set(ahead)
        before: dict[int, list[int]] = {}
        while ahead:
            marking = ahead.pop()
            following = list(steps(marking))
            if not following and marking > 1:
                self._note_stuck(marking)
            for after in following:
                before.setdefault(after, []).append(marking)
                if after not in seen:
                    seen.add(after)
                    ahead.append(after)
            if len(seen) > self.limit:
                self.outcome.complete = False
                return self.outcome
        if not self.outcome.has_problems:
            self._note_endless(seen, before)
        self.outcome.never = tuple(
            dict.fromkeys(node.element_id for node in self.net.nodes if node.element_id not in self.fired)
        )
        return self.outcome

    def _mask(self, places) -> int:
        return sum(self.bits[place] for place in places)

    # --- steps ------------------------------------------------------------------------------------------------------

    @cached_property
    def _plain(self) -> list[tuple[Node, list[int], list[int]]]:
        """The nodes that look at their own places only, first of the flow first: ways to take and ways to give."""
        return [(node, self._takes(node), self._gives(node)) for node in self._order if not self._is_inclusive(node)]

    @cached_property
    def _inclusive(self) -> list[tuple[Node, list[int], list[int], list[int]]]:
        """The inclusive joins: for each incoming place its bit and the places from which a token can come to it."""
        found = []
        for node in self._order:
            if self._is_inclusive(node):
                reach = [self._before(place, node) for place in node.ins]
                found.append((node, [self.bits[place] for place in node.ins], reach, self._gives(node)))
        return found

    @staticmethod
    def _is_inclusive(node: Node) -> bool:
        return node.join == SOME and len(node.ins) > 1

    def _takes(self, node: Node) -> list[int]:
        return [self._mask(node.ins)] if node.join == ALL else [self.bits[place] for place in node.ins]

    def _gives(self, node: Node) -> list[int]:
        if node.split == ALL or not node.outs:
            return [self._mask(node.outs)]
        if node.split == ANY:
            return [self.bits[place] for place in node.outs]
        free = [place for place in node.outs if place not in node.always]
        always = self._mask(node.always)
        least = 0 if node.always else 1
        if self.cautious and node.conditional:
            sizes: set[int] = {least, 1}
        elif len(free) > MOST_SUBSETS_OF:
            sizes = {least, 1, 2, len(free)}
        else:
            sizes = set(range(least, len(free) + 1))
        return [always | self._mask(chosen) for size in sorted(sizes) for chosen in combinations(free, size)]

    def _every_step(self, marking: int) -> Iterator[int]:
        is_stuck = True
        for node, takes, gives in self._plain:
            for take in takes:
                if marking & take == take:
                    is_stuck = False
                    yield from self._fire(node, marking, take, gives)
        yield from self._inclusive_steps(marking, is_stuck)

    def _first_step(self, marking: int) -> Iterator[int]:
        inclusive = {join[0]: join for join in self._inclusive}
        plain = {node: (takes, gives) for node, takes, gives in self._plain}
        for node in self._order:
            join = inclusive.get(node)
            if join is not None:
                taken = sum(bit for bit in join[1] if marking & bit)
                if taken and not self._may_still_arrive(marking, join):
                    yield from self._fire(node, marking, taken, join[3])
                    return
                continue
            takes, gives = plain[node]
            for take in takes:
                if marking & take == take:
                    yield from self._fire(node, marking, take, gives)
                    return
        yield from self._inclusive_steps(marking, True)

    def _inclusive_steps(self, marking: int, is_stuck: bool) -> Iterator[int]:
        """Inclusive joins to which nothing more can come; when all wait for each other, the first goes on."""
        waiting = [each for each in self._inclusive if any(marking & bit for bit in each[1])]
        ready = [each for each in waiting if not self._may_still_arrive(marking, each)]
        if waiting and not ready and is_stuck and not marking & ~1 & ~sum(bit for each in waiting for bit in each[1]):
            ready = waiting[:1]
        for node, bits, _reach, gives in ready:
            yield from self._fire(node, marking, sum(bit for bit in bits if marking & bit), gives)

    @staticmethod
    def _may_still_arrive(marking: int, join: tuple[Node, list[int], list[int], list[int]]) -> bool:
        """BPMN 2.0.2, 13.4.3: a token can reach an empty way in, and no filled one, without passing the join."""
        _node, bits, reach, _gives = join
        to_filled = to_empty = own = 0
        for bit, region in zip(bits, reach, strict=True):
            own |= bit
            if marking & bit:
                to_filled |= region
            else:
                to_empty |= region
        return bool(marking & to_empty & ~to_filled & ~own)

    def _fire(self, node: Node, marking: int, take: int, gives: list[int]) -> Iterator[int]:
        self.fired.add(node.element_id)
        rest = marking & ~take
        if not node.outs:
            yield 1 if node.clears else rest | 1
            return
        for give in gives:
            if rest & give:
                self.outcome.doubled.setdefault(node.element_id)
            else:
                yield rest | give

    def _note_stuck(self, marking: int) -> None:
        found = self.outcome.left_behind if marking & 1 else self.outcome.deadlocks
        for node in self.nodes:
            if node.join == ALL and len(node.ins) > 1:
                missing = tuple(place for place in node.ins if not marking & self.bits[place])
                if 0 < len(missing) < len(node.ins):
                    found.setdefault(node.element_id, missing)

    def _note_endless(self, seen: set[int], before: Mapping[int, list[int]]) -> None:
        """Markings from which no way leads to the end of all tokens."""
        can_end: set[int] = set()
        ahead = [marking for marking in seen if marking < 2]
        while ahead:
            marking = ahead.pop()
            if marking not in can_end:
                can_end.add(marking)
                ahead += before.get(marking, ())
        lost = 0
        for marking in seen - can_end:
            lost |= marking
        self.outcome.endless = tuple(
            dict.fromkeys(node.element_id for node in self.nodes if self._mask(node.ins) & lost and node.element_id)
        )

    # --- order and reach --------------------------------------------------------------------------------------------

    @cached_property
    def _order(self) -> list[Node]:
        """The nodes with those first that come first in the flow (reverse postorder of a depth-first walk)."""
        consumers = {place: node for node in self.nodes for place in node.ins}
        order: list[Node] = []
        seen: set[Node] = set()
        for place in (place for start in self.net.starts for place in sorted(start)):
            stack = [(consumers[place], iter(consumers[place].outs))] if consumers[place] not in seen else []
            seen.add(consumers[place])
            while stack:
                node, rest = stack[-1]
                following = next(rest, None)
                if following is None:
                    order.append(node)
                    stack.pop()
                elif consumers[following] not in seen:
                    seen.add(consumers[following])
                    stack.append((consumers[following], iter(consumers[following].outs)))
        return [*reversed(order), *(node for node in self.nodes if node not in seen)]

    def _before(self, place: str, join: Node) -> int:
        """The places from which a token can come to this one without passing the join."""
        producers = self.net.producers()
        mask, ahead = 0, [place]
        while ahead:
            current = ahead.pop()
            if mask & self.bits[current]:
                continue
            mask |= self.bits[current]
            source = producers.get(current)
            if source is not None and source is not join:
                ahead += source.ins
        return mask
