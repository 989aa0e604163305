"""Whatever is called in whatever order, only EngineErrors leave an execution, and a saved one goes on the same way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.bpmn import read_model
from engine.errors import EngineError
from engine.runtime import Execution, compile_definition
from tests.conformance.catalogue import CASES

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
DEFINITIONS: dict[int, Any] = {}
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 12), st.sampled_from(["x", "", [], [1, 2], {"a": 1}]))
VARIABLES = st.dictionaries(
    st.sampled_from(["n", "x", "xs", "k", "ok", "again", "yes", "log", "t"]), VALUES, max_size=3
)
ANY_ID = st.integers(-1, 60)
CODES = st.sampled_from(["E1", "E2", "X", ""])
EXECUTABLE = [number for number, case in enumerate(CASES) if case.construct not in {"empty process"}]


def definition_of(number: int):
    if number not in DEFINITIONS:
        DEFINITIONS[number] = compile_definition([read_model(CASES[number].model)])
    return DEFINITIONS[number]


class AnyCalls(RuleBasedStateMachine):
    """Valid and invalid calls on an execution of any model of the catalogue, and on a twin that is always reloaded."""

    def __init__(self):
        super().__init__()
        self.now = AT
        self.plain: Execution | None = None
        self.reloaded: Execution | None = None

    @initialize(number=st.sampled_from(EXECUTABLE), variables=VARIABLES)
    def begin(self, number: int, variables: dict[str, Any]) -> None:
        self.definition = definition_of(number)
        given = {**CASES[number].given, **variables}
        starts = self.definition.start_events("p")
        start_id = None if not starts or any(start.kind == "none" for start in starts) else starts[0].element_id
        self.plain, self.reloaded = (
            Execution.start(self.definition, "p", at=AT, variables=given, start_event_id=start_id) for _ in range(2)
        )
        assert self.kinds(self.plain) == self.kinds(self.reloaded)

    def both(self, verb: str, *arguments: Any, **named: Any) -> None:
        """Call it on both; they must agree, in what happens and in what they refuse."""
        outcomes = []
        self.reloaded = Execution.load(self.definition, self.reloaded.dump())
        for execution in (self.plain, self.reloaded):
            try:
                outcomes.append(repr(getattr(execution, verb)(*arguments, **named)))
            except EngineError as error:
                outcomes.append(f"{type(error).__name__}: {error}")
        assert outcomes[0] == outcomes[1]
        assert self.kinds(self.plain) == self.kinds(self.reloaded)

    @staticmethod
    def kinds(execution: Execution) -> list[type]:
        return [type(event) for event in execution.take_events()]

    def waiting(self, kind: str, position: int) -> Any:
        found = [waiting for waiting in self.plain.waiting() if waiting.kind == kind]
        return found[position % len(found)] if found else None

    @rule(position=st.integers(0, 9), variables=VARIABLES)
    def complete_what_waits(self, position: int, variables: dict[str, Any]) -> None:
        for kind, verb in (("userTask", "complete_user_task"), ("job", "complete_job")):
            task = self.waiting(kind, position)
            if task is not None:
                self.both(verb, task.element_instance_id, variables, at=self.now)

    @rule(position=st.integers(0, 9))
    def fire_what_is_next(self, position: int) -> None:
        timer = self.waiting("timer", position)
        if timer is not None:
            self.now = max(self.now, timer.due_at)
            self.both("fire_timer", timer.id, at=self.now)

    @rule(position=st.integers(0, 9), variables=VARIABLES)
    def deliver_what_is_awaited(self, position: int, variables: dict[str, Any]) -> None:
        message = self.waiting("message", position)
        if message is not None:
            self.both("deliver_message", message.id, variables, at=self.now)
        self.both("deliver_signal", "S", variables, at=self.now)

    @rule(position=st.integers(0, 9), variables=VARIABLES)
    def repair(self, position: int, variables: dict[str, Any]) -> None:
        incident = self.waiting("incident", position)
        if incident is not None:
            self.both("set_variables", variables, at=self.now)
            self.both("resolve_incident", incident.id, at=self.now)

    @rule(position=st.integers(0, 9), code=CODES, variables=VARIABLES)
    def fail_what_waits(self, position: int, code: str, variables: dict[str, Any]) -> None:
        for kind in ("job", "userTask"):
            task = self.waiting(kind, position)
            if task is not None:
                self.both("throw_error", task.element_instance_id, code, "text", variables, at=self.now)

    @rule(identifier=ANY_ID, variables=VARIABLES)
    def call_with_any_id(self, identifier: int, variables: dict[str, Any]) -> None:
        self.both("complete_user_task", identifier, variables, at=self.now)
        self.both("complete_job", identifier, variables, at=self.now)
        self.both("fail_job", identifier, "down", at=self.now)
        self.both("fire_timer", identifier, at=self.now)
        self.both("deliver_message", identifier, variables, at=self.now)
        self.both("resolve_incident", identifier, at=self.now)
        self.both("variables_of", identifier)
        self.both("set_variables", variables, at=self.now, scope_id=identifier)

    @rule(data=st.data(), identifier=ANY_ID)
    def move_a_token(self, data: st.DataObject, identifier: int) -> None:
        elements = [element.id for element in self.definition.process("p").walk()] + ["nowhere"]
        target = data.draw(st.sampled_from(elements))
        active = [waiting.element_instance_id for waiting in self.plain.waiting()]
        self.both("modify", cancel=[data.draw(st.sampled_from([*active, identifier]))], activate=[target], at=self.now)

    @rule()
    def time_passes(self) -> None:
        self.now += timedelta(minutes=10)

    @rule()
    def cancel(self) -> None:
        self.both("cancel", "no longer wanted", at=self.now)

    @invariant()
    def both_are_the_same(self) -> None:
        if self.plain is not None:
            assert self.plain.dump() == self.reloaded.dump()
            assert self.plain.waiting() == self.reloaded.waiting()

    @invariant()
    def an_ended_one_waits_for_nothing(self) -> None:
        if self.plain is not None and self.plain.state != "active":
            assert self.plain.waiting() == []

    @invariant()
    def an_active_one_waits_for_something(self) -> None:
        if self.plain is not None and self.plain.state == "active":
            assert self.plain.waiting() != []


TestAnyCalls = AnyCalls.TestCase
TestAnyCalls.settings = settings(
    max_examples=60, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
