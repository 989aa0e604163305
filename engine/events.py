"""Facts an execution reports, in BPMN terms; the store turns each into rows, play into a trace.

Ids of element instances, timers, subscriptions and incidents are small integers, unique within one process instance
and never reused. `scope_id` is the element instance that contains this one (0: the process instance itself).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, at an aware UTC moment."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ProcessStarted(Event):
    process_id: str
    start_event_id: str | None


@dataclass(frozen=True, slots=True)
class ProcessCompleted(Event):
    """Every token has ended; `variables` are the process instance's last ones."""

    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProcessCancelled(Event):
    reason: str


@dataclass(frozen=True, slots=True)
class ElementEvent(Event):
    """Something that happened to one visit of a BPMN element."""

    element_instance_id: int
    element_id: str


@dataclass(frozen=True, slots=True)
class ElementActivated(ElementEvent):
    element_type: str
    scope_id: int
    process_id: str  # differs from the instance's own inside a call activity


@dataclass(frozen=True, slots=True)
class ElementCompleted(ElementEvent):
    pass


@dataclass(frozen=True, slots=True)
class ElementCancelled(ElementEvent):
    """The visit was interrupted: by a boundary event, a terminate end event, a cancel or a modification."""


@dataclass(frozen=True, slots=True)
class UserTaskCreated(ElementEvent):
    """Work for a person waits. Expressions are already evaluated."""

    name: str
    role: str | None  # the lane's role key, when the task sits in a lane
    assignee: str | None = None
    candidate_users: tuple[str, ...] = ()
    candidate_groups: tuple[str, ...] = ()
    form_key: str | None = None
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = 50
    variables: Mapping[str, Any] = field(default_factory=dict)  # local inputs of the task, when it has input mappings


@dataclass(frozen=True, slots=True)
class UserTaskCompleted(ElementEvent):
    pass


@dataclass(frozen=True, slots=True)
class UserTaskCancelled(ElementEvent):
    pass


@dataclass(frozen=True, slots=True)
class JobCreated(ElementEvent):
    """Work for a handler waits; `variables` is what the handler sees."""

    topic: str
    variables: Mapping[str, Any]
    retries: int = 3
    retry_backoff_seconds: tuple[float, ...] = (10.0, 60.0, 600.0)


@dataclass(frozen=True, slots=True)
class JobCompleted(ElementEvent):
    pass


@dataclass(frozen=True, slots=True)
class JobCancelled(ElementEvent):
    pass


@dataclass(frozen=True, slots=True)
class TimerScheduled(ElementEvent):
    timer_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class TimerFired(ElementEvent):
    timer_id: int


@dataclass(frozen=True, slots=True)
class TimerCancelled(ElementEvent):
    timer_id: int


@dataclass(frozen=True, slots=True)
class SubscriptionOpened(ElementEvent):
    """The element instance waits for a message or a signal."""

    subscription_id: int
    kind: str  # message | signal
    name: str
    correlation: Mapping[str, Any]  # key name -> value that a message must carry; {} for signals


@dataclass(frozen=True, slots=True)
class SubscriptionClosed(ElementEvent):
    subscription_id: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class MessageThrown(ElementEvent):
    """A message leaves the instance: publish it to whoever waits, or start what it starts."""

    name: str
    correlation: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignalThrown(ElementEvent):
    """Already delivered inside this instance; broadcast it to all others."""

    name: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EscalationUncaught(ElementEvent):
    """An escalation that nothing catches: the process goes on (BPMN 2.0.2, 13.5.5), the fact is kept."""

    code: str | None


@dataclass(frozen=True, slots=True)
class IncidentRaised(ElementEvent):
    """The element cannot go on until somebody repairs the cause and resolves the incident."""

    incident_id: int
    kind: str  # expression | decision | job | error | loop | condition | budget
    message: str


@dataclass(frozen=True, slots=True)
class IncidentResolved(ElementEvent):
    incident_id: int


@dataclass(frozen=True, slots=True)
class DecisionEvaluated(ElementEvent):
    """A DMN decision ran; `audit` holds one dictionary per decision: decision, inputs, rules that fired, outputs."""

    decision_id: str
    result: Any
    audit: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FlowTaken(Event):
    """A token passed a sequence flow (the done path on the diagram)."""

    flow_id: str


@dataclass(frozen=True, slots=True)
class VariablesChanged(Event):
    """Process variables got new values. `scope_id` as in ElementActivated; `source` names the element or actor."""

    scope_id: int
    source: str
    variables: Mapping[str, Any]
