"""One run of a process, in memory and able to move: what the commands call.

Every method that changes something takes `at` (aware UTC), moves until everything waits again, and reports what
happened through `take_events`. Variables that come in are normalised to FEEL values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import events
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.feel import normalise
from engine.runtime import snapshot, tasks, waiting
from engine.runtime.definition import Definition
from engine.runtime.expressions import ElementFailure
from engine.runtime.tokens import BEHAVE, Token, Wait
from engine.runtime.workflow import Instance


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that an execution waits for. `id` is the timer, subscription or incident id where there is one."""

    kind: str  # userTask | job | message | signal | timer | condition | incident
    element_id: str
    element_instance_id: int
    name: str
    due_at: datetime | None = None
    id: int | None = None
    correlation: Mapping[str, Any] | None = None
    incident_kind: str | None = None  # expression | decision | job | error | loop | join | condition | budget


class Execution:
    """A process instance that can move. Made by `start` or `load`."""

    def __init__(self, instance: Instance):
        self._instance = instance

    # ------------------------------------------------------------------ beginning, saving

    @classmethod
    def start(
        cls,
        definition: Definition,
        process_id: str,
        *,
        at: datetime,
        variables: Mapping[str, Any] | None = None,
        start_event_id: str | None = None,
    ) -> "Execution":
        """Start a process at its none start event, or at the event that has happened. Raises InvalidInput."""
        process = definition.root(process_id)
        node, gateway = _start_node(definition, process, process_id, start_event_id)
        instance = Instance(definition, process, at)
        root = Token(instance, process.root, None, 0)
        root.owns_variables, root.local, root.entered = True, {}, True
        instance.task_tree = root
        instance.report(events.ProcessStarted(at, process_id, start_event_id or (node.element.id if node else None)))
        values = normalise(dict(variables or {}))
        if values:
            instance.set_variables(root, values, "start")
        execution = cls(instance)
        root._state = 32
        _begin(instance, node, gateway)
        instance.move()
        return execution

    @classmethod
    def load(cls, definition: Definition, data: bytes) -> "Execution":
        """Restore an execution from `dump`. Raises InvalidInput when the snapshot is not readable."""
        return cls(snapshot.load(definition, data))

    def dump(self) -> bytes:
        """The execution's state: proportional to what is alive, independent of its history."""
        return snapshot.dump(self._instance)

    # ------------------------------------------------------------------ looking

    @property
    def state(self) -> str:
        """active | completed | cancelled"""
        return self._instance.state

    @property
    def process_id(self) -> str:
        return self._instance.spec.process_id

    @property
    def variables(self) -> dict[str, Any]:
        """The process variables."""
        return dict(self._root.local or {})

    def take_events(self) -> list[events.Event]:
        """What has happened since the last take, in order."""
        taken, self._instance.events = self._instance.events, []
        return taken

    def variables_of(self, element_instance_id: int) -> dict[str, Any]:
        """What an element instance sees."""
        return dict(self._token(element_instance_id).visible())

    def waiting(self) -> list[Waiting]:
        """Everything the execution waits for, oldest first."""
        found: list[Waiting] = []
        for token in self._instance.tasks.values():
            found.extend(_waiting_of(token))
        return found

    def described_user_task(self, element_instance_id: int, *, created_at: datetime) -> events.UserTaskCreated:
        """A user task that waits, as its model describes it with the variables of today. Raises ElementFailure."""
        token = self._waiting_at(element_instance_id, tasks.UserTask, "User task")
        return token.task_spec.described(token, created_at)

    # ------------------------------------------------------------------ moving

    def complete_user_task(
        self, element_instance_id: int, variables: Mapping[str, Any] | None, *, at: datetime
    ) -> None:
        """A person has done a user task. Raises InvalidState when it does not wait any more."""
        self._complete(element_instance_id, tasks.UserTask, "User task", variables, at)

    def complete_job(self, element_instance_id: int, variables: Mapping[str, Any] | None, *, at: datetime) -> None:
        """A handler has done its job."""
        self._complete(element_instance_id, tasks.JobTask, "Job", variables, at)

    def _complete(self, element_instance_id, kind, what, variables, at) -> None:
        token = self._waiting_at(element_instance_id, kind, what)
        event = events.UserTaskCompleted if kind is tasks.UserTask else events.JobCompleted
        self._at(at)
        self._instance.report(event(at, token.id, token.element.id))
        token.payload = normalise(dict(variables or {}))
        self._instance.resume(token)
        self._instance.move()

    def throw_error(
        self,
        element_instance_id: int,
        code: str,
        message: str = "",
        variables: Mapping[str, Any] | None = None,
        *,
        at: datetime,
    ) -> None:
        """A job or user task ends in a business error: the nearest catch takes it; uncaught, it is an incident."""
        token = self._waiting_at(element_instance_id, (tasks.JobTask, tasks.UserTask), "Task")
        self._at(at)
        if not self._instance.catching.error(token, code, message, normalise(dict(variables or {}))):
            text = f"The error '{code}' ({message or 'no text'}) of {token.task_spec.label} is caught by nothing."
            text += " Add an error boundary event, or repair the cause and retry."
            self._instance.raise_incident(token, ElementFailure("error", text))
        self._instance.move()

    def fail_job(self, element_instance_id: int, message: str, *, at: datetime) -> None:
        """A job has failed for good: an incident of kind job, resolved by trying again."""
        token = self._waiting_at(element_instance_id, tasks.JobTask, "Job")
        self._at(at)
        self._instance.raise_incident(token, ElementFailure("job", message))

    def fire_timer(self, timer_id: int, *, at: datetime) -> None:
        """A timer is due; `at` is its due moment, so that cycles do not drift."""
        token, wait = self._wait(timer_id, "timer")
        self._at(at)
        self._guarded(token, lambda: waiting.fire(self._instance, token, wait, {}))

    def deliver_message(
        self, subscription_id: int, variables: Mapping[str, Any] | None = None, *, at: datetime
    ) -> None:
        """A message has arrived for a subscription."""
        token, wait = self._wait(subscription_id, "message")
        self._at(at)
        payload = normalise(dict(variables or {}))
        self._guarded(token, lambda: waiting.fire(self._instance, token, wait, payload))

    def deliver_signal(self, name: str, variables: Mapping[str, Any] | None = None, *, at: datetime) -> int:
        """A signal was broadcast. Answers how many elements here caught it."""
        self._active()
        self._at(at)
        hits = waiting.signal(self._instance, name, normalise(dict(variables or {})))
        self._instance.move()
        return hits

    def resolve_incident(self, incident_id: int, *, at: datetime) -> None:
        """The cause is repaired: the element tries again where it stopped."""
        for token in self._instance.tasks.values():
            if token.incident is not None and token.incident["id"] == incident_id:
                self._active()
                self._at(at)
                if token is self._root:
                    self._begin_again()
                else:
                    self._instance.resolve_incident(token)
                self._instance.move()
                return
        raise InvalidState(f"Incident {incident_id} is already resolved; reload the page.")

    def set_variables(self, variables: Mapping[str, Any], *, at: datetime, scope_id: int = 0, source: str = "") -> None:
        """Change variables by hand, in the process scope or in the local scope of an element instance."""
        self._active()
        token = self._token(scope_id)
        self._at(at)
        self._instance.set_variables(token, normalise(dict(variables)), source)
        if self._instance.conditions:
            waiting.check_conditions(self._instance)
        self._instance.move()

    def modify(
        self,
        *,
        cancel: Sequence[int] = (),
        activate: Iterable[str] = (),
        at: datetime,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Move tokens by hand: cancel element instances, put tokens on elements. Checks everything before it acts."""
        self._active()
        doomed = [self._token(element_instance_id) for element_instance_id in cancel]
        paths = [_path_to(self._instance.spec, element_id) for element_id in activate]
        for path in paths:
            _check_iterations(self._root, path)
        self._at(at)
        if variables:
            self._instance.set_variables(self._root, normalise(dict(variables)), "modification")
        for path in paths:
            _activate(self._instance, self._root, path)
        for token in doomed:
            if token.id in self._instance.tasks and token.id != 0:
                self._instance.take_away(token)
        self._instance.move()

    def cancel(self, reason: str, *, at: datetime) -> None:
        """End the whole instance."""
        self._active()
        self._at(at)
        self._instance.cancel_children(self._root)
        self._instance.disarm(self._root)
        if self._root.incident is not None:
            self._instance.close_incident(self._root)
        self._instance.state = "cancelled"
        self._instance.report(events.ProcessCancelled(at, reason))

    # ------------------------------------------------------------------ inside

    @property
    def _root(self) -> Token:
        return self._instance.task_tree

    def _begin_again(self) -> None:
        start_id, self._root.start_id = self._root.start_id, None
        self._instance.close_incident(self._root)
        definition = self._instance.definition
        _begin(self._instance, *_start_node(definition, self._instance.spec, self.process_id, start_id))

    def _at(self, at: datetime) -> None:
        self._instance.now = at

    def _active(self) -> None:
        if self.state != "active":
            raise InvalidState(f"The process instance is {self.state}; nothing more can happen in it.")

    def _token(self, element_instance_id: int) -> Token:
        token = self._instance.tasks.get(element_instance_id)
        if token is None:
            raise NotFound(f"Element instance {element_instance_id} is not active any more; reload and look again.")
        return token

    def _waiting_at(self, element_instance_id: int, kind, what: str) -> Token:
        token = self._instance.tasks.get(element_instance_id)
        if token is None or not isinstance(token.task_spec, kind) or token.phase != BEHAVE or token.loop is not None:
            raise InvalidState(f"{what} {element_instance_id} is already done or was withdrawn; reload your list.")
        if token.incident is not None:
            raise InvalidState(
                f"{what} {token.task_spec.label} has an open incident: {token.incident['message']} Resolve it first."
            )
        return token

    def _wait(self, wait_id: int, kind: str) -> tuple[Token, Wait]:
        token = self._instance.waiting.get(wait_id)
        wait = token.waits.get(wait_id) if token is not None else None
        if wait is None or wait.kind != kind:
            raise InvalidState(f"Nothing waits for {kind} {wait_id} any more; it has happened or was withdrawn.")
        return token, wait

    def _guarded(self, token: Token, action) -> None:
        try:
            action()
        except ElementFailure as failure:
            self._instance.raise_incident(token, failure, retry=False)
        self._instance.move()


def _start_node(definition: Definition, process, process_id: str, start_event_id: str | None):
    """The node to begin at, and the instantiating event-based gateway before it."""
    if start_event_id is None:
        if process.starts:
            return (process.starts[0], None) if process.starts[0].element.type == "startEvent" else (None, None)
        options = ", ".join(f"{start.element_id} ({start.kind})" for start in definition.start_events(process_id))
        if not options:
            return None, None  # an empty process ends as soon as it starts
        raise InvalidInput(
            f"Process '{process_id}' has no start event that starts by itself; start it by one of: {options or 'none'}."
        )
    node = process.nodes.get(start_event_id)
    if node is None or start_event_id not in {start.element_id for start in definition.start_events(process_id)}:
        options = ", ".join(start.element_id for start in definition.start_events(process_id)) or "none"
        raise InvalidInput(f"'{start_event_id}' is no start event of process '{process_id}'. Known: {options}.")
    if node.element.type == "startEvent":
        return node, None
    gateway = next((n for n in process.nodes.values() if any(flow.target is node for flow in n.flows)), None)
    return node, gateway


def _begin(instance: Instance, node, gateway) -> None:
    """Let the process begin. What its event sub-processes wait for may fail: then nothing has begun yet."""
    root = instance.task_tree
    try:
        instance.start_scope(root, spawn=node is None)
    except ElementFailure as failure:
        root.start_id = node.element.id if node is not None else None
        instance.raise_incident(root, failure)
        return
    if node is not None:
        if gateway is not None:
            _pass_gateway(instance, root, gateway)
        instance.spawn_triggered(node, root, {})


def _pass_gateway(instance: Instance, root: Token, gateway) -> None:
    token = instance.spawn(gateway, root, queue=False)
    instance.report(
        events.ElementActivated(
            instance.now, token.id, gateway.element.id, gateway.element.type, 0, gateway.scope.process_id
        )
    )
    instance.report(events.ElementCompleted(instance.now, token.id, gateway.element.id))
    instance.remove(token)


def _waiting_of(token: Token) -> Iterable[Waiting]:
    if token.incident is not None:
        incident = token.incident
        yield Waiting(
            "incident",
            incident["element"],
            token.id,
            incident["message"],
            id=incident["id"],
            incident_kind=incident["kind"],
        )
    elif token.element is not None:
        name = token.element.name or token.element.id
        if token.phase == BEHAVE and token.loop is None and isinstance(token.task_spec, tasks.UserTask):
            yield Waiting("userTask", token.element.id, token.id, name)
        elif token.phase == BEHAVE and token.loop is None and isinstance(token.task_spec, tasks.JobTask):
            yield Waiting("job", token.element.id, token.id, name)
    for wait in (token.waits or {}).values():
        kind = "condition" if wait.kind == "conditional" else wait.kind
        yield Waiting(kind, wait.target_id, token.id, wait.name, wait.due_at, wait.id, wait.correlation)


def _path_to(scope, element_id: str) -> list:
    """The nodes from the outermost sub-process to the element. Raises InvalidInput."""
    if element_id in scope.nodes:
        return [scope.nodes[element_id]]
    for node in scope.nodes.values():
        inner = getattr(node, "inner", None)
        if inner is not None:
            try:
                return [node, *_path_to(inner, element_id)]
            except InvalidInput:
                continue
    raise InvalidInput(f"There is no element '{element_id}' in this process; choose one of its diagram.")


def _visit_of(node, scope: Token) -> Token | None:
    """The visit of a sub-process that runs in a scope; of a repeated one its first iteration that still runs."""
    for child in scope.children:
        if child.task_spec is node:
            return child if child.loop is None else next(iter(child.children), None)
    return None


def _check_iterations(scope: Token, path: list) -> None:
    """Raise InvalidInput when the path leads into a repeated sub-process of which no iteration runs."""
    at: Token | None = scope
    for node in path[:-1]:
        at = _visit_of(node, at) if at is not None else None
        if at is None and getattr(node, "loop", None) is not None:
            raise InvalidInput(
                f"'{path[-1].element.id}' stands in {node.label}, which repeats and of which no iteration runs;"
                f" activate {node.label} itself."
            )


def _activate(instance: Instance, scope: Token, path: list) -> None:
    node, *rest = path
    if not rest:
        instance.spawn(node, scope)
        return
    inside = _visit_of(node, scope)
    if inside is None:
        inside = instance.spawn(node, scope, queue=False)
        inside.entered, inside.phase = True, BEHAVE
        instance.report(
            events.ElementActivated(
                instance.now, inside.id, node.element.id, node.element.type, scope.id, node.scope.process_id
            )
        )
        instance.arm_boundaries(inside)
        instance.start_scope(inside, spawn=False)
        _activate(instance, inside, rest)
        return
    _activate(instance, inside, rest)
