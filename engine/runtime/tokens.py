"""A token: one visit of a BPMN element, as a SpiffWorkflow task; scopes are tokens that contain tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

ENTER, BEHAVE, COMPLETE, TRIGGERED = "enter", "behave", "complete", "triggered"


@dataclass(slots=True)
class Wait:
    """Something outside that an element instance waits for: a message, a signal, a timer or a condition."""

    id: int
    kind: str  # message | signal | timer | conditional
    target_id: str  # the catching element: the token's own, its boundary event, or an event sub-process's start
    index: int  # which of the target's event definitions
    name: str = ""
    correlation: dict[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    armed_at: datetime | None = None  # cycles count from here, so that they do not drift
    repetition: int = 0  # how often the cycle has fired
    was_true: bool = False  # a condition fires when it becomes true, not while it stays true


class Token(Task):
    """A visit of an element. Its children are the visits inside it (sub-process, call activity, iterations).

    SpiffWorkflow's task life cycle moves it (READY, STARTED, COMPLETED, CANCELLED); `phase` tells how far inside the
    element it is, so that an incident is retried at the very place where it happened.
    """

    local: dict[str, Any] | None = None  # variables of this scope; None: it has none of its own
    owns_variables = False  # process and call activity: variables stop here
    phase = ENTER
    entered = False
    waits: dict[int, Wait] | None = None
    fired: dict[str, dict[str, Any]] | None = None  # parallel multiple event → what of it has already happened
    ahead: list[int] | None = None  # sequential ad-hoc sub-process: which of its activities are still to begin
    throwing = False  # a throw event in the act: what interrupts it now is what it threw
    ends_loop = False  # a completed iteration after which the loop is over
    joins: dict[str, dict[str, int]] | None = None  # gateway → incoming flow → tokens that wait there
    reset: dict[str, list[str]] | None = None  # complex gateway after activation → flows still expected
    loop: dict[str, Any] | None = None  # the body of a loop
    iteration = 0  # counts from 1 inside a loop body
    done: list[dict[str, Any]] | None = None  # what could be compensated here, oldest first
    pending: list[dict[str, Any]] | None = None  # what this token is still to compensate
    compensates: int | None = None  # the scope whose activities `pending` came from
    notify: int | None = None  # the compensating token that waits for this handler
    payload: dict[str, Any] | None = None  # what came in from outside and is not merged yet
    start_id: str | None = None  # scope that was triggered: which start event
    called: str | None = None  # call activity: process id
    written: list[str] | None = None  # call activity: variables that the called process was given or has set itself
    incident: dict[str, Any] | None = None
    interrupted = False  # an interrupting event sub-process has taken this scope over
    taking: tuple = ()

    def __init__(self, workflow, task_spec, scope: "Token | None", token_id: int):
        # Task.__init__ draws a uuid and the system time for every visit; ids here are small and time is an argument.
        self.id = token_id
        self.workflow = workflow
        self.task_spec = task_spec
        self.scope = scope
        self._parent = scope.id if scope is not None else None
        self._state = TaskState.READY
        self._children: dict[int, Token] = {}
        workflow.tasks[token_id] = self
        if scope is not None:
            scope._children[token_id] = self

    @property
    def parent(self) -> "Token | None":
        return self.scope

    @property
    def children(self) -> list["Token"]:
        return list(self._children.values())

    def _set_state(self, value: int) -> None:
        self._state = value

    def run(self) -> bool | None:
        """Run the current phase. STARTED comes first, because what runs may already make the token READY again."""
        self._state = TaskState.STARTED
        done = self.task_spec._run(self)
        if done:
            self.complete()
        return done

    @property
    def role(self) -> str | None:
        """The lane's role of the nearest surrounding element (call activities pass theirs on)."""
        return next((t.task_spec.role for t in self.ancestors() if t.task_spec.role), None)

    @property
    def is_open(self) -> bool:
        return self._state < TaskState.COMPLETED

    @property
    def element(self):
        """The BPMN element visited (None for the process itself)."""
        return self.task_spec.element

    def scopes(self) -> Iterator["Token"]:
        """This token and the scopes around it up to where variables stop."""
        token = self
        while True:
            yield token
            if token.owns_variables:
                return
            token = token.scope

    def ancestors(self) -> Iterator["Token"]:
        """The scopes around this token, nearest first, up to the process instance."""
        token = self.scope
        while token is not None:
            yield token
            token = token.scope

    def visible(self) -> dict[str, Any]:
        """The variables that this token sees; inner names hide outer ones. Do not write to it."""
        layers = [token.local for token in self.scopes() if token.local]
        if not layers:
            return {}
        if len(layers) == 1:
            return layers[0]
        merged: dict[str, Any] = {}
        for layer in reversed(layers):
            merged.update(layer)
        return merged

    @property
    def inner(self):
        """The content of this scope: of the sub-process, the called process or the process itself."""
        return self.task_spec.inner_of(self)
