"""The moving part: a SpiffWorkflow workflow whose task tree is BPMN's scope tree.

READY tokens stand in a queue (no tree scans), finished ones leave the tree (state is proportional to what is alive),
joins count tokens per flow, and everything that happened is reported as events.
"""

from collections import deque
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from engine import events
from engine.runtime import joins, waiting
from engine.runtime import variables as scopes
from engine.runtime.catching import Catching
from engine.runtime.compensation import Compensation
from engine.runtime.expressions import ElementFailure
from engine.runtime.loops import Loops
from engine.runtime.nodes import Flow, NodeSpec
from engine.runtime.tokens import COMPLETE, TRIGGERED, Token


class Instance(Workflow):
    """One process instance in memory, able to move."""

    MAX_STEPS = 100_000  # element visits in one go: more is a loop without a wait
    MAX_DEPTH = 100  # nested scopes: more is a recursion without an end

    def __init__(self, definition, process, now: datetime):
        super().__init__(process, deserializing=True)
        self.definition = definition
        self.now = now
        self.queue: deque[Token] = deque()
        self.events: list[events.Event] = []
        self.waiting: dict[int, Token] = {}  # wait id → owner
        self.conditions: dict[int, Token] = {}  # the conditional ones among them
        self.joining: dict[int, Token] = {}  # scopes in which tokens wait at inclusive or complex joins
        self.last_id = 0
        self.variables_changed = False
        self.state = "active"
        self.loops = Loops(self)
        self.catching = Catching(self)
        self.compensation = Compensation(self)

    # ------------------------------------------------------------------ small things

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def report(self, event: events.Event) -> None:
        self.events.append(event)

    def depth(self, token: Token) -> int:
        return sum(1 for _ in token.ancestors())

    def set_variables(self, token: Token, values: dict[str, Any], source: str) -> None:
        """Write variables as seen from `token`, and report it."""
        if not values:
            return
        scopes.write(token, values)
        self.variables_changed = True
        owner = next(t for t in token.scopes() if t.owns_variables or t.local is not None)
        self.report(events.VariablesChanged(self.now, owner.id, source, dict(values)))

    # ------------------------------------------------------------------ moving

    def move(self) -> None:
        """Run until everything waits for the outside."""
        steps = 0
        while True:
            while self.queue:
                token = self.queue.popleft()
                if token._state != TaskState.READY:
                    continue
                steps += 1
                if steps > self.MAX_STEPS:
                    self.raise_incident(token, runaway(token))
                    return  # what stands in the queue behind it goes on with the next call
                token.run()
                if self.variables_changed:
                    self.variables_changed = False
                    if self.conditions:
                        waiting.check_conditions(self)
            if not joins.release(self):
                return

    def spawn(self, node: NodeSpec, scope: Token, queue: bool = True) -> Token:
        """Put a new token on an element."""
        token = Token(self, node, scope, self.new_id())
        if queue:
            self.queue.append(token)
        else:
            token._state = TaskState.STARTED
        return token

    def spawn_triggered(self, node: NodeSpec, scope: Token, payload: dict[str, Any]) -> Token:
        """Put a token on an event that has just happened."""
        token = self.spawn(node, scope)
        token.phase, token.payload = TRIGGERED, dict(payload)
        return token

    def spawn_event_sub_process(self, scope: Token, start: NodeSpec, payload: dict[str, Any], notify=None) -> Token:
        token = self.spawn(start.scope.owner, scope)
        token.start_id, token.payload, token.notify = start.element.id, dict(payload), notify
        return token

    def arrive(self, flow: Flow, scope: Token) -> None:
        """A token comes along a sequence flow."""
        self.report(events.FlowTaken(self.now, flow.id))
        if len(flow.target.element.incoming) > 1 and joins.is_join(flow.target):
            joins.arrive(self, flow, scope)
        else:
            self.spawn(flow.target, scope)

    def resume(self, token: Token) -> None:
        """What the token waited for has happened: complete it."""
        token.phase = COMPLETE
        token._state = TaskState.READY
        self.queue.append(token)

    def leave(self, token: Token) -> None:
        """A completed token leaves its element."""
        scope, taking = token.scope, token.taking
        self.remove(token)
        if token.notify is not None:
            self.compensation.handler_left(token.notify)
        elif token.iteration:
            self.loops.iteration_left(scope, token)
            return
        else:
            for flow in taking:
                self.arrive(flow, scope)
        self.settle(scope)

    def remove(self, token: Token) -> None:
        """Take a finished token out of the tree: history belongs to the store."""
        del self.tasks[token.id]
        del token.scope._children[token.id]

    # ------------------------------------------------------------------ scopes

    def start_scope(self, token: Token, start_id: str | None = None, payload=None, spawn: bool = True) -> None:
        """Begin the content of a process, sub-process or called process: at one event, or where tokens begin."""
        content = token.inner
        for start in content.event_starts:
            waiting.arm(self, token, start)
        if start_id is not None:
            self.spawn_triggered(content.nodes[start_id], token, payload or {})
        elif spawn:
            for node in content.starts:
                self.spawn(node, token)
            self.settle(token)

    def settle(self, scope: Token) -> None:
        """Complete a scope in which nothing moves any more."""
        if not scope.is_open or scope.loop is not None or scope.inner is None or scope.incident is not None:
            return
        child_left = getattr(scope.task_spec, "child_left", None)
        if child_left is not None:
            try:
                child_left(scope)
            except ElementFailure as failure:
                self.raise_incident(scope, failure, retry=False)
                return
        if scope._children or scope.pending is not None or joins.still_possible(self, scope):
            return
        if scope.compensates == scope.id:
            return  # it only exists to be compensated; its handlers decide
        self.joining.pop(scope.id, None)
        if scope.scope is None:
            self.complete_process(scope)
        else:
            self.disarm(scope, own_scope_only=True)
            self.resume(scope)

    def complete_process(self, root: Token) -> None:
        self.disarm(root)
        self.state = "completed"
        self.completed = True
        root._state = TaskState.COMPLETED
        self.report(events.ProcessCompleted(self.now, dict(root.local or {})))

    def terminate_scope(self, thrower: Token) -> None:
        """A terminate end event: everything else in the thrower's scope stops, the scope then completes."""
        scope = thrower.scope
        self.cancel_children(scope, keep=thrower)
        self.disarm(scope, own_scope_only=True)

    def cancel_children(self, scope: Token, keep: Token | None = None) -> None:
        scope.joins = None
        scope.reset = None
        self.joining.pop(scope.id, None)
        for child in scope.children:
            if child is not keep:
                self.cancel_token(child)

    def cancel_token(self, token: Token) -> None:
        """Interrupt a token and all inside it."""
        self.cancel_children(token)
        self.disarm(token)
        if token.incident is not None:
            self.close_incident(token)
        token._state = TaskState.CANCELLED
        if token.entered and token.compensates != token.id:
            self._report_cancelled(token)
        self.remove(token)

    def _report_cancelled(self, token: Token) -> None:
        element_id = token.element.id
        if token.throwing:
            self.report(events.ElementCompleted(self.now, token.id, element_id))
            return
        if token.loop is None:
            if token.element.type == "userTask":
                self.report(events.UserTaskCancelled(self.now, token.id, element_id))
            elif hasattr(token.task_spec, "topic"):
                self.report(events.JobCancelled(self.now, token.id, element_id))
        self.report(events.ElementCancelled(self.now, token.id, element_id))

    def take_away(self, token: Token) -> None:
        """Cancel a token by hand: whoever waited for it goes on without it; a loop without iterations goes too."""
        scope, notify = token.scope, token.notify
        self.cancel_token(token)
        if scope.loop is not None:
            if not scope._children:
                self.take_away(scope)
                return
            scope.loop["ended"] += 1
        if notify is not None:
            self.compensation.handler_left(notify)
        self.settle(scope)

    def withdraw(self, token: Token) -> None:
        """Take a token away that was never visible as a visit of its own."""
        self.disarm(token)
        self.remove(token)
        self.settle(token.scope)

    def report_completed(self, token: Token) -> None:
        self.report(events.ElementCompleted(self.now, token.id, token.element.id))
        token.entered = False

    # ------------------------------------------------------------------ what happens from outside

    def arm(self, token: Token, node: NodeSpec) -> None:
        waiting.arm(self, token, node)

    def arm_boundaries(self, token: Token) -> None:
        for boundary in token.task_spec.boundaries:
            waiting.arm(self, token, boundary)

    def disarm(self, token: Token, own_scope_only: bool = False) -> None:
        """Stop waiting; `own_scope_only` keeps the boundary events and stops the event sub-processes."""
        waiting.disarm(self, token, own_scope_only)

    def trigger(self, owner: Token, node: NodeSpec, payload: dict[str, Any]) -> None:
        """An event has happened for `owner`: at itself, on its boundary, or for an event sub-process in it."""
        element = node.element
        if element.type == "boundaryEvent":
            scope, compensating = owner.scope, owner.notify
            if element.interrupting:
                self.cancel_token(owner)
            self.spawn_triggered(node, scope, payload)
            if element.interrupting and compensating is not None:
                self.compensation.handler_left(compensating)
        elif element.type == "startEvent":
            if element.interrupting:
                owner.interrupted = True
                self.cancel_children(owner)
                self.disarm(owner, own_scope_only=True)
            self.spawn_event_sub_process(owner, node, payload)
        elif node is owner.task_spec:
            owner.payload = {**(owner.payload or {}), **payload}
            self.disarm(owner, own_scope_only=True)
            self.resume(owner)
        else:  # an event behind an event-based gateway
            self.disarm(owner)
            self.resume(owner)
            flow = next(flow for flow in owner.task_spec.flows if flow.target is node)
            self.report(events.FlowTaken(self.now, flow.id))
            self.spawn_triggered(node, owner.scope, payload)

    def throw_message(self, token: Token, thrown) -> None:
        """A message leaves the process instance."""
        seen = token.visible()
        name = waiting.name_of(token, thrown, seen)
        correlation = waiting.correlation_of(token, thrown, seen, required=False)
        sent = scopes.map_into(thrown.variables, seen, {}, self.now) if thrown.variables else dict(seen)
        self.report(events.MessageThrown(self.now, token.id, token.element.id, name, correlation, sent))

    def throw_signal(self, token: Token, thrown) -> None:
        """A signal goes to everybody who waits for it: at once inside this instance, to others through the store."""
        seen = token.visible()
        name = waiting.name_of(token, thrown, seen)
        sent = scopes.map_into(thrown.variables, seen, {}, self.now) if thrown.variables else {}
        self.report(events.SignalThrown(self.now, token.id, token.element.id, name, sent))
        waiting.signal(self, name, sent)

    # ------------------------------------------------------------------ incidents

    def raise_incident(self, token: Token, failure: ElementFailure, retry: bool = True) -> None:
        """Stop a token where it is until somebody repairs the cause. `retry`: resolving runs its phase again."""
        if token.incident is not None:
            return
        element_id = token.element.id if token.element is not None else failure.element_id or self.spec.process_id
        token.incident = {
            "id": self.new_id(),
            "kind": failure.kind,
            "message": failure.message,
            "retry": retry,
            "element": element_id,
        }
        token._state = TaskState.STARTED
        self.report(
            events.IncidentRaised(self.now, token.id, element_id, token.incident["id"], failure.kind, failure.message)
        )

    def close_incident(self, token: Token) -> dict[str, Any]:
        """Take the incident off the token. Answers it."""
        incident, token.incident = token.incident, None
        self.report(events.IncidentResolved(self.now, token.id, incident["element"], incident["id"]))
        return incident

    def resolve_incident(self, token: Token) -> None:
        incident = self.close_incident(token)
        if incident["retry"]:
            token._state = TaskState.READY
            self.queue.append(token)
        else:
            self.settle(token)

    def _task_completed_notify(self, task) -> None:
        """SpiffWorkflow's tree-wide refresh after each completion; the queue makes it unnecessary."""


def runaway(token: Token) -> ElementFailure:
    return ElementFailure(
        "loop",
        f"{token.task_spec.label} was about to run after {Instance.MAX_STEPS} steps without anything to wait for:"
        " the process probably loops for ever. Correct the variables that end the loop and retry.",
    )
