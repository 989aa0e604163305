"""A small world on a virtual clock: process instances, and messages, signals and timers between them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine import events
from engine.bpmn.time_expressions import parse_duration
from engine.clock import VirtualClock
from engine.errors import EngineError, InvalidInput
from engine.feel import compile_expression, display, normalise, to_json
from engine.handlers import BpmnError, Handlers, Job
from engine.play.scenario import STEPS, Scenario
from engine.runtime import Definition, Execution, StartEvent, Waiting
from engine.runtime.timers import start_due

MAX_EXECUTIONS = 1_000
MAX_FIRINGS = 10_000  # timers due without any time passing: more is a loop of timers without a wait


class CannotPlay(InvalidInput):
    """A step that cannot happen, or an expectation that fails; the text says what was expected and found."""


def default_process(definition: Definition) -> str:
    """The process that a play starts when none is named: executable, not called by another, able to start by itself."""
    called = {
        element.called_element.text
        for process_id in definition.process_ids
        for element in definition.process(process_id).walk()
        if element.type == "callActivity" and element.called_element is not None
    }

    def rank(process_id: str) -> tuple:
        process = definition.process(process_id)
        starts = definition.start_events(process_id)
        by_itself = not starts or any(start.kind == "none" for start in starts)
        return (process_id in called, not process.elements, not process.executable, not by_itself)

    return min(definition.process_ids, key=rank)  # ties: document order


class Player:
    """A small world: a clock, process instances, and messages between them."""

    def __init__(
        self,
        definition: Definition,
        scenario: Scenario | None = None,
        *,
        process_id: str | None = None,
        variables: Mapping[str, Any] | None = None,
        handlers: Callable[[], Handlers] | None = None,
        resources: Callable[[datetime], Any] | None = None,
        reload: bool = False,
    ):
        self.definition = definition
        self.scenario = scenario or Scenario()
        self.process_id = process_id or self.scenario.process or default_process(definition)
        self.given = {**self.scenario.variables, **(variables or {})}
        self.clock = VirtualClock(self.scenario.now)
        self.began = self.clock.now()
        self.executions: list[Execution] = []
        self.trace: list[str] = []
        self.entered: set[tuple[str, str]] = set()  # process id and element id of every visit
        self.taken_flows: set[str] = set()
        self.bodies: set[tuple[int, int]] = set()
        self.uncaught: set[tuple[int, int]] = set()
        self.jobs: dict[tuple[int, int], events.JobCreated] = {}
        self.buffer: list[events.MessageThrown] = []
        self.fired_starts: dict[str, int] = {}
        self.reload = reload
        self._handlers_factory, self._handlers = handlers, None
        self._resources_factory, self._resources = resources, None
        self._error_ends = frozenset(_error_ends(definition))
        self.scripted_jobs = {step["job"] for step in self.scenario.steps if "job" in step}

    # ------------------------------------------------------------------ the play

    def run(self) -> None:
        """Start the process if it starts by itself, then do the steps. Raises CannotPlay."""
        self.definition.root(self.process_id)
        starts = self.definition.start_events(self.process_id)
        if self.scenario.start:
            if not starts or any(start.kind == "none" for start in starts):
                self._start(self.process_id, None, self.given)
            self._settle()
        for position, step in enumerate(self.scenario.steps, start=1):
            verb = next(verb for verb in STEPS if verb in step)
            try:
                getattr(self, f"_do_{verb}")(step)
            except EngineError as error:
                raise CannotPlay(f"Step {position} ({verb} = {step[verb]!r}): {error}") from error
            if self.reload:
                self._reload()

    def _reload(self) -> None:
        self.executions = [Execution.load(self.definition, execution.dump()) for execution in self.executions]

    def _start(self, process_id: str, start_event_id: str | None, variables: Mapping[str, Any]) -> None:
        if len(self.executions) >= MAX_EXECUTIONS:
            raise CannotPlay(f"More than {MAX_EXECUTIONS} process instances were started; messages start each other.")
        execution = Execution.start(
            self.definition, process_id, at=self.clock.now(), variables=variables, start_event_id=start_event_id
        )
        self.executions.append(execution)

    def _settle(self) -> None:
        """Note what happened, run jobs, deliver messages and fire what is due now, until everything rests."""
        firings = 0
        while True:
            busy = self._take_notes()
            busy = self._run_jobs() or busy
            busy = self._deliver_buffer() or busy
            if busy:
                continue
            if not (self._start_by_condition() or self._fire_one(self.clock.now())):
                return
            firings += 1
            if firings > MAX_FIRINGS:
                raise CannotPlay(
                    f"More than {MAX_FIRINGS} timers fired without any time passing: the process loops for ever."
                )

    def _take_notes(self) -> bool:
        noted = False
        for number in range(len(self.executions)):
            happened = self.executions[number].take_events()
            noted = noted or bool(happened)
            for event in happened:
                self._note(number, event)
        return noted

    def _start_by_condition(self) -> bool:
        """Start the process when the condition of one of its start events is true for the given variables."""
        if self.executions:
            return False
        elements = self.definition.process(self.process_id).elements
        for start in self.definition.start_events(self.process_id):
            if start.kind != "conditional":
                continue
            for definition in elements[start.element_id].definitions:
                text = definition.condition.feel if definition.condition else "false"
                if compile_expression(text).evaluate(normalise(dict(self.given)), now=self.clock.now()) is True:
                    self._start(self.process_id, start.element_id, self.given)
                    return True
        return False

    def _fire_one(self, until: datetime) -> bool:
        """Move the clock to the next timer that is due by then, and fire it."""
        due = self._next_due(until)
        if due is None:
            return False
        moment, act = due
        self.clock.move_to(moment)
        act(moment)
        return True

    def _note(self, number: int, event: events.Event) -> None:
        if isinstance(event, events.ElementActivated):
            self.entered.add((event.process_id, event.element_id))
        elif isinstance(event, events.FlowTaken):
            self.taken_flows.add(event.flow_id)
        if isinstance(event, events.ElementActivated) and event.element_type == "multiInstanceBody":
            self.bodies.add((number, event.element_instance_id))
        elif isinstance(event, events.ElementCompleted):
            if (number, event.element_instance_id) not in self.bodies:
                self.trace.append(event.element_id)
        elif isinstance(event, events.JobCreated):
            self.jobs[number, event.element_instance_id] = event
        elif isinstance(event, (events.JobCompleted, events.JobCancelled)):
            self.jobs.pop((number, event.element_instance_id), None)
        elif isinstance(event, events.IncidentRaised):
            self._note_thrown_error(number, event)
        elif isinstance(event, events.MessageThrown):
            self.buffer.append(event)
        elif isinstance(event, events.SignalThrown):
            self._broadcast(event.name, event.variables, thrower=number)

    def _note_thrown_error(self, number: int, event: events.IncidentRaised) -> None:
        """An error end event has thrown its error, caught or not: the trace shows it once."""
        visit = (number, event.element_instance_id)
        if event.kind == "error" and event.element_id in self._error_ends and visit not in self.uncaught:
            self.uncaught.add(visit)
            self.trace.append(event.element_id)

    # ------------------------------------------------------------------ jobs

    def _run_jobs(self) -> bool:
        ran = False
        for (number, instance_id), job in list(self.jobs.items()):
            if job.element_id in self.scripted_jobs or job.topic in self.scripted_jobs:
                continue
            if self.jobs.pop((number, instance_id), None) is None:
                continue
            ran = True
            self._run_job(number, job)
        return ran

    def _run_job(self, number: int, created: events.JobCreated) -> None:
        execution, now = self.executions[number], self.clock.now()
        instance_id = created.element_instance_id
        try:
            result = dict(self._work(number, created) or {})
        except BpmnError as error:
            execution.throw_error(instance_id, error.code, error.message, error.variables, at=now)
        except Exception as error:  # a handler's failure is the model's incident, whatever it was
            execution.fail_job(instance_id, f"{type(error).__name__}: {error}", at=now)
        else:
            execution.complete_job(instance_id, result, at=now)

    def _work(self, number: int, created: events.JobCreated) -> Mapping[str, Any] | None:
        if created.topic in self.scenario.simulators:
            return self.scenario.simulators[created.topic]
        handler = self._known_handlers().get(created.topic)
        if handler is not None:
            return handler(
                Job(
                    topic=created.topic,
                    variables=created.variables,
                    idempotency_key=f"play-{number}-{created.element_instance_id}-{created.at.isoformat()}",
                    now=self.clock.now(),
                    process_instance_id=f"play-{number}",
                    process_id=self.executions[number].process_id,
                    element_id=created.element_id,
                    enterprise_id="play",
                    resources=self._known_resources(),
                )
            )
        simulate = self._property(created.element_id, "simulate")
        if simulate is None:
            return {}
        value = compile_expression(simulate.removeprefix("=")).evaluate(created.variables, now=self.clock.now())
        return value if isinstance(value, dict) else {created.element_id: value}

    def _property(self, element_id: str, name: str) -> str | None:
        for process_id in self.definition.process_ids:
            for element in self.definition.process(process_id).walk():
                if element.id == element_id:
                    return element.properties.get(name)
        return None

    def _known_handlers(self) -> Handlers:
        if self._handlers is None:
            self._handlers = self._handlers_factory() if self._handlers_factory else Handlers()
        return self._handlers

    def _known_resources(self) -> Any:
        if self._resources is None and self._resources_factory is not None:
            self._resources = self._resources_factory(self.began)
        return self._resources

    # ------------------------------------------------------------------ messages and signals

    def _deliver_buffer(self) -> bool:
        """Route thrown messages to whoever waits or starts by them; keep the rest for who comes later."""
        for message in list(self.buffer):
            target = self._subscription(message.name, message.correlation, lenient=False)
            if target is not None:
                self.buffer.remove(message)
                self._deliver(target, message.variables)
                return True
            start = self._start_by("message", message.name)
            if start is not None:
                self.buffer.remove(message)
                self._start(start[0], start[1].element_id, message.variables)
                return True
        return False

    def _subscription(self, name: str, correlation: Mapping[str, Any], *, lenient: bool):
        """Who waits for the message: (execution, waiting), or None. Raises CannotPlay when keys are needed to tell."""
        found = [
            (execution, waiting)
            for execution in self.executions
            for waiting in execution.waiting()
            if waiting.kind == "message" and waiting.name == name
        ]
        if not correlation:
            if lenient and len({id(execution) for execution, _ in found}) > 1:
                keys = "; ".join(display(dict(waiting.correlation)) for _, waiting in found)
                raise CannotPlay(
                    f"{len(found)} elements wait for message '{name}'; give a correlation, one of: {keys}."
                )
            if not lenient:
                found = [pair for pair in found if not pair[1].correlation]
            return found[0] if found else None
        given = normalise(dict(correlation))
        return next((pair for pair in found if matches(pair[1].correlation or {}, given)), None)

    def _deliver(self, target: tuple[Execution, Waiting], variables: Mapping[str, Any]) -> None:
        execution, waiting = target
        execution.deliver_message(waiting.id, variables, at=self.clock.now())

    def _start_by(self, kind: str, name: str) -> tuple[str, StartEvent] | None:
        ordered = sorted(self.definition.process_ids, key=lambda process_id: process_id != self.process_id)
        for process_id in ordered:
            for start in self.definition.start_events(process_id):
                if start.kind == kind and start.name == name:
                    return process_id, start
        return None

    def _broadcast(self, name: str, variables: Mapping[str, Any], thrower: int | None = None) -> int:
        hits = 0
        for number, execution in enumerate(list(self.executions)):
            if number != thrower and execution.state == "active":
                hits += execution.deliver_signal(name, variables, at=self.clock.now())
        for process_id in self.definition.process_ids:
            for start in self.definition.start_events(process_id):
                if start.kind == "signal" and start.name == name:
                    hits += 1
                    self._start(process_id, start.element_id, variables)
        return hits

    # ------------------------------------------------------------------ steps

    def _waiting(self, kind: str, element_id: str) -> tuple[Execution, Waiting]:
        found = [
            (execution, waiting)
            for execution in self.executions
            for waiting in execution.waiting()
            if waiting.kind == kind and waiting.element_id == element_id
        ]
        if found:
            return found[0]
        raise CannotPlay(f"expected that {kind} '{element_id}' waits, but what waits is: {self._waiting_text()}.")

    def _waiting_text(self) -> str:
        return ", ".join(f"{row['kind']} {row['element']}" for row in self.waiting()) or "nothing"

    def _do_complete(self, step) -> None:
        execution, waiting = self._waiting("userTask", step["complete"])
        now = self.clock.now()
        if step.get("error"):
            execution.throw_error(waiting.element_instance_id, step["error"], step.get("text", ""), at=now)
        else:
            execution.complete_user_task(waiting.element_instance_id, step.get("variables", {}), at=now)
        self._settle()

    def _do_message(self, step) -> None:
        name, correlation, variables = step["message"], step.get("correlation", {}), step.get("variables", {})
        target = self._subscription(name, correlation, lenient=True)
        if target is not None:
            self._deliver(target, variables)
            self._settle()
            return
        start = self._start_by("message", name)
        if start is None:
            raise CannotPlay(
                f"nothing waits for the message{' with this correlation' if correlation else ''};"
                f" what waits is: {self._waiting_text()}."
            )
        first = {} if self.executions else self.given
        self._start(start[0], start[1].element_id, {**first, **variables})
        self._settle()

    def _do_signal(self, step) -> None:
        first = {} if self.executions else self.given
        if not self._broadcast(step["signal"], {**first, **step.get("variables", {})}):
            raise CannotPlay(f"nothing waits for the signal; what waits is: {self._waiting_text()}.")
        self._settle()

    def _do_advance(self, step) -> None:
        until = parse_duration(step["advance"]).add_to(self.clock.now())
        while self._fire_one(until):
            self._settle()
        self.clock.move_to(until)

    def _next_due(self, until: datetime):
        candidates = []
        for number, execution in enumerate(self.executions):
            for waiting in execution.waiting():
                if waiting.kind == "timer" and waiting.due_at is not None and waiting.due_at <= until:
                    candidates.append((waiting.due_at, number, waiting.id, _fire(execution, waiting)))
        if not self.executions:  # a play follows one case: calendars start it, but do not add others
            for start in self.definition.start_events(self.process_id):
                moment = self._start_due(start)
                if moment is not None and moment <= until:
                    candidates.append((moment, -1, 0, self._fire_start(self.process_id, start)))
        if not candidates:
            return None
        moment, _, _, act = min(candidates, key=lambda row: row[:3])
        return max(moment, self.clock.now()), act

    def _start_due(self, start: StartEvent) -> datetime | None:
        if start.kind != "timer":
            return None
        return start_due(start.timer, self.began, self.fired_starts.get(start.element_id, 0))

    def _fire_start(self, process_id: str, start: StartEvent):
        def act(moment: datetime) -> None:
            self.fired_starts[start.element_id] = self.fired_starts.get(start.element_id, 0) + 1
            self._start(process_id, start.element_id, self.given)

        return act

    def _do_job(self, step) -> None:
        name = step["job"]
        by_topic = next((job.element_id for job in self.jobs.values() if job.topic == name), name)
        execution, waiting = self._waiting("job", by_topic)
        now, instance_id = self.clock.now(), waiting.element_instance_id
        self.jobs.pop((self.executions.index(execution), instance_id), None)
        if "error" in step:
            execution.throw_error(instance_id, step["error"], step.get("text", ""), step.get("variables", {}), at=now)
        elif "fail" in step:
            execution.fail_job(instance_id, step["fail"], at=now)
        else:
            execution.complete_job(instance_id, step.get("result", step.get("variables", {})), at=now)
        self._settle()

    def _do_set(self, step) -> None:
        if not self.executions:
            self.given.update(step["set"])
            self._settle()
            return
        main = next((execution for execution in self.executions if execution.state == "active"), self.executions[0])
        main.set_variables(step["set"], at=self.clock.now(), source="set")
        self._settle()

    def _do_resolve(self, step) -> None:
        execution, waiting = self._waiting("incident", step["resolve"])
        execution.resolve_incident(waiting.id, at=self.clock.now())
        self._settle()

    def _do_expect(self, step) -> None:
        wanted = step["expect"]
        unknown = set(wanted) - {"state", "waiting", "trace", "never", "variables", "incidents"}
        if unknown:
            raise CannotPlay(f"unknown expectation '{min(unknown)}'.")
        for name, value in wanted.items():
            getattr(self, f"_expect_{name}")(value)

    def _expect_state(self, wanted: str) -> None:
        if self.state != wanted:
            raise CannotPlay(f"expected the state {wanted}, found {self.state}; waiting: {self._waiting_text()}.")

    def _expect_waiting(self, wanted: Sequence[str]) -> None:
        found = {row["element"] for row in self.waiting()}
        missing = [element_id for element_id in wanted if element_id not in found]
        if missing or (not wanted and found):
            raise CannotPlay(f"expected to wait at {', '.join(wanted) or 'nothing'}, found: {self._waiting_text()}.")

    def _expect_trace(self, wanted: Sequence[str]) -> None:
        rest = iter(self.trace)
        for element_id in wanted:
            if element_id not in rest:
                raise CannotPlay(
                    f"expected '{element_id}' (in this order) in the trace, found: {', '.join(self.trace)}."
                )

    def _expect_never(self, unwanted: Sequence[str]) -> None:
        for element_id in unwanted:
            if element_id in self.trace:
                raise CannotPlay(f"expected that '{element_id}' never completes, found: {', '.join(self.trace)}.")

    def _expect_variables(self, wanted: Mapping[str, Any]) -> None:
        found = self.variables
        for name, value in normalise(dict(wanted)).items():
            if name not in found or to_json(found[name]) != to_json(value):
                raise CannotPlay(f"expected {name} = {display(value)}, found {display(found.get(name))}.")

    def _expect_incidents(self, wanted: int) -> None:
        if len(self.incidents()) != wanted:
            raise CannotPlay(f"expected {wanted} incidents, found: {self.incidents()}.")

    # ------------------------------------------------------------------ what came out

    @property
    def variables(self) -> dict[str, Any]:
        return self.executions[0].variables if self.executions else dict(self.given)

    @property
    def state(self) -> str:
        """completed | waiting | failed"""
        if self.incidents():
            return "failed"
        if not self.executions or any(execution.state == "active" for execution in self.executions):
            return "waiting"
        return "completed"

    def waiting(self) -> list[dict[str, Any]]:
        rows = [
            {
                "element": waiting.element_id,
                "kind": waiting.kind,
                "name": waiting.name,
                "due_at": waiting.due_at.isoformat() if waiting.due_at else None,
            }
            for execution in self.executions
            for waiting in execution.waiting()
            if waiting.kind != "incident"
        ]
        if not self.executions:
            rows.extend(self._start_rows())
        return rows

    def _start_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "element": start.element_id,
                "kind": "condition" if start.kind == "conditional" else start.kind,
                "name": start.name,
                "due_at": due.isoformat() if (due := self._start_due(start)) else None,
            }
            for start in self.definition.start_events(self.process_id)
        ]

    def incidents(self) -> list[dict[str, Any]]:
        return [
            {"element": waiting.element_id, "kind": waiting.incident_kind, "message": waiting.name}
            for execution in self.executions
            for waiting in execution.waiting()
            if waiting.kind == "incident"
        ]

    def report(self) -> dict[str, Any]:
        """The play's result as JSON-able data."""
        return {
            "state": self.state,
            "trace": list(self.trace),
            "variables": {name: to_json(value) for name, value in self.variables.items()},
            "waiting": self.waiting(),
            "incidents": self.incidents(),
        }


def _error_ends(definition: Definition) -> Iterator[str]:
    """The ids of the end events that throw an error."""
    for process_id in definition.process_ids:
        for element in definition.process(process_id).walk():
            if element.type == "endEvent" and any(found.kind == "error" for found in element.definitions):
                yield element.id


def _fire(execution: Execution, waiting: Waiting):
    def act(moment: datetime) -> None:
        execution.fire_timer(waiting.id, at=moment)

    return act


def matches(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """A message fits a subscription when it carries an equal value for each of its keys; an unnamed key fits any."""
    return all(
        (key in given and to_json(given[key]) == to_json(value))
        or (key == "" and to_json(value) in [to_json(other) for other in given.values()])
        for key, value in wanted.items()
    )
