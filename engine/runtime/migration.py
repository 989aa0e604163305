"""Moves the saved state of a running instance to another version of its process.

Every token goes to the element that corresponds to its own; what it waits for is kept where the new version says the
same, armed anew where it says something else, armed where it is new, and closed where it is gone. What cannot be
carried over is a reason (`Obstacle`); then nothing has happened.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine import events
from engine.errors import InvalidInput, InvalidState
from engine.runtime import joins, scope_nodes, snapshot, tasks, timers, waiting
from engine.runtime.correspondence import BESIDE, Correspondence
from engine.runtime.event_nodes import CatchEvent, StartEvent
from engine.runtime.execution import Execution
from engine.runtime.expressions import ElementFailure
from engine.runtime.gateways import EventBasedGateway
from engine.runtime.nodes import NodeSpec
from engine.runtime.obstacles import Obstacle, about
from engine.runtime.tokens import BEHAVE, COMPLETE, Token, Wait
from engine.runtime.workflow import Instance

CHANGED_TIMERS = ("activation", "now", "keep")
NOT_CARRIED = ("joins", "reset", "done", "pending", "fired", "start_id", "incident", "ahead", "waits")


@dataclass(frozen=True)
class Migration:
    """What became of one instance: an execution in the new version, or the reasons why not.

    `elements`, `waits` and `incidents` tell the new element ids, by element instance, wait and incident id, of what
    goes on under another id; `jobs` are the element instances whose job goes to another handler or sees something
    else. Events of the execution tell what was armed and closed.
    """

    execution: Execution | None
    obstacles: tuple[Obstacle, ...] = ()
    elements: Mapping[int, str] = field(default_factory=dict)
    waits: Mapping[int, str] = field(default_factory=dict)
    incidents: Mapping[int, str] = field(default_factory=dict)
    jobs: frozenset[int] = frozenset()

    def described_user_task(self, element_instance_id: int, *, created_at: datetime) -> events.UserTaskCreated | None:
        """An open user task as the new version describes it; None when it is stopped. Raises ElementFailure."""
        try:
            return self.execution.described_user_task(element_instance_id, created_at=created_at)
        except InvalidState:
            return None


def migrate(
    data: bytes, correspondence: Correspondence, *, at: datetime, changed_timers: str = "activation"
) -> Migration:
    """The instance of a snapshot in the new version.

    A timer whose definition is the same keeps its moment. One whose definition changed is counted from the moment it
    was armed (`activation`), from now (`now`), or keeps its moment all the same (`keep`); what is then over is due at
    once. Events that the old version did not have are armed now.
    """
    if changed_timers not in CHANGED_TIMERS:
        raise InvalidInput(f"changed_timers should be one of {', '.join(CHANGED_TIMERS)}, but is '{changed_timers}'.")
    old = snapshot.load(correspondence.old, data)
    if old.state != "active":
        return Migration(None, (Obstacle("ended", values={"state": old.state}),))
    if old.spec.process_id not in correspondence.new.processes:
        return Migration(None, (Obstacle("process_missing", values={"called": old.spec.process_id}),))
    new = Instance(correspondence.new, correspondence.new.root(old.spec.process_id), at)
    new.last_id, new.state = old.last_id, old.state
    move = _Move(correspondence, old, new, changed_timers)
    move.carry()
    if not move.obstacles:
        move.arm()
    if move.obstacles:
        return Migration(None, _once(move.obstacles))
    move.go_on()
    return Migration(Execution(new), (), move.elements, move.waits, move.incidents, frozenset(move.jobs))


def _once(obstacles: list[Obstacle]) -> tuple[Obstacle, ...]:
    return tuple(each for number, each in enumerate(obstacles) if each not in obstacles[:number])


class _Move:
    """One instance on its way: every token has a twin of the same id in the new one."""

    def __init__(self, correspondence: Correspondence, old: Instance, new: Instance, changed_timers: str):
        self.correspondence = correspondence
        self.old, self.new = old, new
        self.changed_timers = changed_timers
        self.obstacles: list[Obstacle] = []
        self.elements: dict[int, str] = {}
        self.waits: dict[int, str] = {}
        self.incidents: dict[int, str] = {}
        self.jobs: set[int] = set()

    def pairs(self) -> Iterator[tuple[Token, Token]]:
        for token in self.old.tasks.values():
            twin = self.new.tasks.get(token.id)
            if twin is not None:
                yield token, twin

    def refuse(self, token: Token, key: str, **values: Any) -> None:
        if token.element is None:
            self.obstacles.append(Obstacle(key, token.workflow.spec.process_id, token.task_spec.name, values=values))
        else:
            self.obstacles.append(about(token.element, key, **values))

    # ------------------------------------------------------------------ tokens

    def carry(self) -> None:
        """Put every token on its new element, then carry over what scopes and tokens remember."""
        for token in self.old.tasks.values():
            self._carry(token)
        for token, twin in self.pairs():
            self._carry_joins(token, twin)
            self._carry_compensation(token, twin)
            self._carry_half_happened(token, twin)
            self._carry_start(token, twin)
            self._carry_incident(token, twin)
            self._carry_ahead(token, twin)
        if not self.obstacles:
            for token, twin in self.pairs():
                self._look_for_starving_joins(token, twin)

    def _carry(self, token: Token) -> None:
        scope, node = None, self.new.spec.root
        if token.scope is not None:
            scope = self.new.tasks.get(token.scope.id)
            if scope is None:
                return  # the scope around it cannot go on; that is the reason
            node = scope.task_spec if token.iteration else self._node_for(token)
            if node is None:
                return
        if token.called is not None and token.called not in self.new.definition.processes:
            self.refuse(token, "called_missing", called=token.called)
            return
        twin = Token(self.new, node, scope, token.id)
        twin._state = token._state
        for name in (*snapshot.PLAIN, *snapshot.VALUES):
            if name in token.__dict__ and name not in NOT_CARRIED:
                setattr(twin, name, token.__dict__[name])
        if scope is None:
            self.new.task_tree = twin
        elif twin.element.id != token.element.id:
            self.elements[token.id] = twin.element.id
        if token._state == TaskState.READY:  # it stood in the queue behind a runaway
            self.new.queue.append(twin)

    def _node_for(self, token: Token) -> NodeSpec | None:
        match = self.correspondence.match(token.task_spec)
        if match.obstacle is not None:
            self.obstacles.append(match.obstacle)
            return None
        return match.target

    def _carry_joins(self, token: Token, twin: Token) -> None:
        twin.joins = {} if token.joins is not None else None
        for gateway_id, arrived in (token.joins or {}).items():
            join = token.inner.nodes[gateway_id]
            flows = self._flows(join, arrived)
            if flows is None:
                continue
            target = self.correspondence.counterpart(join)
            if len(target.element.incoming) < 2:  # nothing is joined here any more: each token goes on
                for _ in range(sum(arrived.values())):
                    self.new.spawn(target, twin)
                continue
            counts = twin.joins.setdefault(target.element.id, {})
            for flow_id, count in arrived.items():
                counts[flows[flow_id]] = counts.get(flows[flow_id], 0) + count
        for gateway_id, expected in (token.reset or {}).items():
            join = token.inner.nodes[gateway_id]
            flows = self._flows(join, expected)
            if flows is not None:
                twin.reset = {**(twin.reset or {}), self.correspondence.counterpart(join).element.id: [*flows.values()]}
        if twin.joins:
            self.new.joining[twin.id] = twin

    def _flows(self, join: NodeSpec, flow_ids: Iterable[str]) -> dict[str, str] | None:
        """The flows of the new join; None, with the reason noted, when the join or a flow is missing."""
        match = self.correspondence.match(join)
        if match.obstacle is not None:
            self.obstacles.append(match.obstacle)
            return None
        found = {flow_id: self.correspondence.flow(flow_id, join, match.target) for flow_id in flow_ids}
        missing = [flow_id for flow_id, target in found.items() if target is None]
        for flow_id in missing:
            self.obstacles.append(about(join.element, "flow_missing", flow=flow_id))
        return None if missing else found

    def _carry_compensation(self, token: Token, twin: Token) -> None:
        if token.done is not None:
            twin.done = self._records(token.done, token.inner)
        if token.pending is not None:
            thrown_in = self.old.tasks.get(token.compensates)
            twin.pending = self._records(token.pending, thrown_in.inner) if thrown_in is not None else token.pending

    def _records(self, records: list[dict[str, Any]], content) -> list[dict[str, Any]]:
        found = []
        for record in records:
            node = content.nodes[record["e"]]
            target = self.correspondence.counterpart(node)
            handler = content.nodes[record["h"]] if record["h"] is not None else None
            new_handler = self.correspondence.counterpart(handler)
            if target is None or (handler is not None and new_handler is None):
                self.obstacles.append(about(node.element, "compensation_lost"))
                continue
            moved = {**record, "e": target.element.id, "h": new_handler.element.id if new_handler else None}
            if "n" in record:
                moved["n"] = self._records(record["n"], node.inner)
            found.append(moved)
        return found

    def _carry_half_happened(self, token: Token, twin: Token) -> None:
        """Parallel multiple events of which some have happened."""
        if token.fired is not None:
            twin.fired = {}
        for element_id, happened in (token.fired or {}).items():
            node = next(each for each in _catchers(token) if each.element.id == element_id)
            target = self._catcher(token, twin, node)
            if target is None:
                continue  # it stood beside the token, and is gone
            if any(not _is_same(*pair) for pair in zip(node.caught, target.caught, strict=True)):
                self.obstacles.append(about(node.element, "half_happened"))
                continue
            twin.fired[target.element.id] = happened

    def _carry_start(self, token: Token, twin: Token) -> None:
        if token.start_id is None:
            return
        start = token.inner.nodes.get(token.start_id) if token.inner is not None else None
        if start is None:  # how a cancel end event notes that it has thrown
            twin.start_id = token.start_id
            return
        target = self.correspondence.counterpart(start)
        if target is not None:
            twin.start_id = target.element.id
        elif token.incident is not None:
            self.refuse(token, "start_missing")

    def _carry_incident(self, token: Token, twin: Token) -> None:
        if token.incident is None:
            return
        element_id = token.incident["element"]
        if token.element is not None:
            element_id = twin.element.id
        else:
            node = next((each for each in _catchers(token) if each.element.id == element_id), None)
            target = self.correspondence.counterpart(node)
            if node is not None:
                element_id = target.element.id if target is not None else self.new.spec.process_id
        twin.incident = {**token.incident, "element": element_id}
        if element_id != token.incident["element"]:
            self.incidents[token.incident["id"]] = element_id

    def _carry_ahead(self, token: Token, twin: Token) -> None:
        if token.ahead is None:
            return
        entries = [node.element.id for node in twin.inner.entries]
        following = [self.correspondence.counterpart(token.inner.entries[position]) for position in token.ahead]
        if any(node is None or node.element.id not in entries for node in following):
            self.refuse(token, "ahead_missing")
            return
        twin.ahead = [entries.index(node.element.id) for node in following]

    def _look_for_starving_joins(self, token: Token, twin: Token) -> None:
        """A parallel join may not wait for a branch that begins before the place where the case already is."""
        if token.inner is None or twin.inner is None:
            return
        before = {self.correspondence.counterpart(join) for join in joins.starving(token)}
        for join, flow_ids in joins.starving(twin).items():
            if join not in before:
                self.obstacles.append(about(join.element, "join_starves", flow=", ".join(sorted(flow_ids))))

    # ------------------------------------------------------------------ waiting

    def arm(self) -> None:
        """Keep, change, open and close what the tokens wait for."""
        for token, twin in self.pairs():
            try:
                self._arm(token, twin)
                if _is_waiting_job(token):
                    self._hand_over(token, twin)
            except ElementFailure as failure:
                self.refuse(token, "cannot_wait", message=failure.message)

    def _arm(self, token: Token, twin: Token) -> None:
        known = {
            (target.element.id, index)
            for node in _catchers(token)
            if (target := self._catcher(token, twin, node)) is not None
            for index in range(len(node.caught))
        }
        for wait in list((token.waits or {}).values()):
            node = waiting.target_of(token, wait)
            target = self._catcher(token, twin, node)
            if target is None:
                self._close(token, wait)
            elif _is_same(node.caught[wait.index], target.caught[wait.index]):
                self._keep(twin, wait, target)
            else:
                _CHANGE[wait.kind](self, token, twin, wait, target)
        for node in _armed(twin):
            for index in range(len(node.caught)):
                if (node.element.id, index) not in known:
                    waiting.arm_definition(self.new, twin, node, index)

    def _catcher(self, token: Token, twin: Token, node: NodeSpec) -> NodeSpec | None:
        """The catching node of the twin that carries one of the token's on."""
        if node is token.task_spec:
            return twin.task_spec
        target = self.correspondence.counterpart(node)
        return target if target is not None and target in list(_catchers(twin)) else None

    def _keep(self, twin: Token, wait: Wait, target: NodeSpec) -> None:
        if wait.target_id != target.element.id:
            self.waits[wait.id] = wait.target_id = target.element.id
        if wait.kind == "timer":
            wait.name = target.element.name
        waiting.keep(self.new, twin, wait)

    def _close(self, token: Token, wait: Wait) -> None:
        if wait.kind == "timer":
            self.new.report(events.TimerCancelled(self.new.now, token.id, wait.target_id, wait.id))
        elif wait.kind in ("message", "signal"):
            self.new.report(
                events.SubscriptionClosed(self.new.now, token.id, wait.target_id, wait.id, wait.kind, wait.name)
            )

    def _change_timer(self, token: Token, twin: Token, wait: Wait, target: NodeSpec) -> None:
        if self.changed_timers == "keep":
            self._keep(twin, wait, target)
            return
        from_now = self.changed_timers == "now"
        armed_at, repetition = (self.new.now, 0) if from_now else (wait.armed_at, wait.repetition)
        due_at = timers.due(target, target.caught[wait.index], twin.visible(), armed_at, self.new.now, repetition)
        if due_at is None and target.element.type not in BESIDE:
            raise ElementFailure("expression", f"The timer of {target.label} is over before it begins.")
        self._close(token, wait)
        if due_at is None:
            return
        fresh = Wait(self.new.new_id(), "timer", target.element.id, wait.index, target.element.name)
        fresh.armed_at, fresh.due_at, fresh.repetition = armed_at, max(due_at, self.new.now), repetition
        waiting.keep(self.new, twin, fresh)
        self.new.report(events.TimerScheduled(self.new.now, twin.id, target.element.id, fresh.id, fresh.due_at))

    def _change_subscription(self, token: Token, twin: Token, wait: Wait, target: NodeSpec) -> None:
        caught, seen = target.caught[wait.index], twin.visible()
        name = waiting.name_of(twin, caught, seen)
        correlation = waiting.correlation_of(twin, caught, seen, required=True) if wait.kind == "message" else {}
        if (name, correlation) == (wait.name, wait.correlation):
            self._keep(twin, wait, target)
            return
        self._close(token, wait)
        waiting.arm_definition(self.new, twin, target, wait.index)

    def _change_condition(self, _token: Token, twin: Token, wait: Wait, target: NodeSpec) -> None:
        waiting.arm_definition(self.new, twin, target, wait.index)

    # ------------------------------------------------------------------ jobs

    def _hand_over(self, token: Token, twin: Token) -> None:
        """Give a waiting job to the handler that the new version names, with what it shall see."""
        node, target = token.task_spec, twin.task_spec
        inputs_changed = _sources(node.inputs_map) != _sources(target.inputs_map)
        if node.topic.source == target.topic.source and not inputs_changed:
            return
        self.jobs.add(token.id)
        self.new.report(events.JobCancelled(self.new.now, token.id, node.element.id))
        if inputs_changed:
            own = node.loop.own_variables if token.iteration and node.loop else ()
            given = {path.split(".")[0] for path, _source in node.inputs_map} - set(own)
            twin.local = {name: value for name, value in (twin.local or {}).items() if name not in given} or None
            target.map_inputs(twin)
        target.behave(twin)

    # ------------------------------------------------------------------ going on

    def go_on(self) -> None:
        """What the new version lets happen at once: joins that are complete now, conditions that are true."""
        for twin in list(self.new.tasks.values()):
            if twin.joins and twin.inner is not None:
                joins.open_complete(self.new, twin)
        if self.new.variables_changed:
            self.new.variables_changed = False
            waiting.check_conditions(self.new)
        self.new.move()


_CHANGE = {
    "timer": _Move._change_timer,
    "message": _Move._change_subscription,
    "signal": _Move._change_subscription,
    "conditional": _Move._change_condition,
}


def _catchers(token: Token) -> Iterator[NodeSpec]:
    """Every node that may catch something for the token: itself, behind it, on its boundary, in its scope."""
    node = token.task_spec
    if hasattr(node, "caught"):
        yield node
    if isinstance(node, EventBasedGateway):
        yield from (flow.target for flow in node.flows)
    yield from node.boundaries
    if token.inner is not None:
        yield from token.inner.event_starts


def _armed(token: Token) -> Iterator[NodeSpec]:
    """The nodes whose events the token waits for, those included that have happened already."""
    node = token.task_spec
    tries_again = token.incident is not None and token.incident["retry"]  # that arms what is missing
    behaves = token.phase == BEHAVE and not tries_again
    catches = isinstance(node, (CatchEvent, tasks.ReceiveTask)) and not isinstance(node, StartEvent)
    if behaves and token.loop is None and catches:
        yield node
    if behaves and isinstance(node, EventBasedGateway):
        yield from (flow.target for flow in node.flows)
    if token.compensates == token.id:
        return
    inside = token.phase in (BEHAVE, COMPLETE) or token.loop is not None
    if token.scope is not None and inside and not token.iteration and token.entered:
        yield from node.boundaries
    if token.inner is not None and not token.interrupted and _content_runs(token, tries_again):
        yield from token.inner.event_starts


def _content_runs(token: Token, tries_again: bool) -> bool:
    if tries_again or not token.entered:
        return False
    if token.scope is None or isinstance(token.task_spec, scope_nodes.EventSubProcessNode):
        return token.phase != COMPLETE
    return token.phase == BEHAVE


def _is_waiting_job(token: Token) -> bool:
    is_job = isinstance(token.task_spec, tasks.JobTask) and token.loop is None
    return is_job and token.phase == BEHAVE and token.incident is None


def _is_same(old, new) -> bool:
    """Whether two compiled event definitions wait for the same."""
    return _said(old) == _said(new)


def _said(caught) -> tuple[Any, ...]:
    definition = caught.definition
    if caught.kind == "timer":
        return "timer", definition.timer.kind, caught.timer.source, type(caught.timer)
    if caught.kind == "conditional":
        return "conditional", caught.condition.source
    return caught.kind, caught.name.source, type(caught.name), _sources(caught.correlation)


def _sources(mappings) -> tuple[Any, ...]:
    return tuple((target, type(source), getattr(source, "source", None)) for target, source in mappings)


__all__ = ["CHANGED_TIMERS", "Migration", "migrate"]
