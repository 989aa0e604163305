"""Service-task topic → Python callable: the interface for everybody who writes handlers.

    handlers = Handlers()

    @handlers.register("crm.normalise_contact")
    def normalise_contact(job: Job) -> Mapping[str, Any]:
        ...

A handler runs outside the engine's transaction and at least once: it must make its effect safe to repeat, with the
job's idempotency key. It returns the variables that the element gets, raises `BpmnError` for what the model catches
with an error boundary event, and any other exception for what is worth a retry and then an incident.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.errors import AlreadyExists


class BpmnError(Exception):
    """A business error that the model knows: an error boundary event with this code catches it.

    Uncaught, it becomes an incident on the service task.
    """

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None):
        super().__init__(message or code)
        self.code = code
        self.message = message or code
        self.variables = dict(variables or {})


class PermanentFailure(Exception):
    """Trying again will not help: raise an incident at once instead of retrying."""


@dataclass(frozen=True)
class Job:
    """One piece of work for a handler."""

    topic: str
    variables: Mapping[str, Any]
    idempotency_key: str  # the same for every retry of this job
    now: datetime  # aware UTC
    process_instance_id: str = ""
    process_id: str = ""
    element_id: str = ""
    business_key: str | None = None
    enterprise_id: str = ""
    resources: Any = None  # what the application wires in: sessions, adapters, settings (see processes/README.md)


Handler = Callable[[Job], Mapping[str, Any] | None]


@dataclass
class Handlers:
    """The handlers an installation knows, by topic."""

    by_topic: dict[str, Handler] = field(default_factory=dict)

    def register(self, topic: str) -> Callable[[Handler], Handler]:
        """Decorate the handler of a topic; each topic has exactly one."""

        def add(handler: Handler) -> Handler:
            if topic in self.by_topic:
                raise AlreadyExists(
                    f"Topic '{topic}' already has the handler {self.by_topic[topic].__qualname__}: choose another."
                )
            self.by_topic[topic] = handler
            return handler

        return add

    def include(self, other: "Handlers") -> None:
        """Take over the handlers of another registry."""
        for topic, handler in other.by_topic.items():
            self.register(topic)(handler)

    def get(self, topic: str) -> Handler | None:
        return self.by_topic.get(topic)

    def __contains__(self, topic: str) -> bool:
        return topic in self.by_topic

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_topic)
