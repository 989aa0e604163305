"""After any mixture of what people, handlers, time and operators do, the rows equal the engine's state."""

import random
from contextlib import suppress

import pytest

from engine.commands.broadcast_signal import broadcast_signal
from engine.commands.cancel_instance import cancel_instance
from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.modify_instance import modify_instance
from engine.commands.resolve_incident import resolve_incident
from engine.commands.resume_instance import resume_instance
from engine.commands.set_variables import set_variables
from engine.commands.suspend_instance import suspend_instance
from engine.errors import EngineError
from engine.handlers import BpmnError
from engine.queries.process_instances import process_instances
from engine.queries.worklist import worklist
from tests.support.models import (
    boundary,
    catch,
    end,
    error,
    error_event,
    exclusive,
    flow,
    line,
    message,
    message_event,
    model,
    process,
    service_task,
    signal,
    signal_event,
    start,
    throw,
    timer_event,
    user_task,
)
from tests.support.office import ACME, BOSS, Office

BUSY = model(
    process(
        "busy",
        line(start(), '<bpmn:parallelGateway id="split"/>', user_task("ask"), exclusive("ok", default="ok_to_ask")),
        flow("ok", "ask"),
        flow("ok", "join", "answer > 3"),
        line('<bpmn:parallelGateway id="join"/>', throw("tell", signal_event("s")), user_task("close"), end()),
        line(service_task("work", "work"), catch("hear", message_event("m"))),
        flow("split", "work"),
        flow("hear", "join"),
        boundary("remind", "ask", timer_event("timeCycle", "R2/PT2H"), interrupting=False),
        user_task("reminded"),
        end("end_reminded"),
        flow("remind", "reminded"),
        flow("reminded", "end_reminded"),
        boundary("alarm", "ask", signal_event("s"), interrupting=False),
        end("end_alarm"),
        flow("alarm", "end_alarm"),
        boundary("failed", "work", error_event("e")),
        user_task("repair"),
        flow("failed", "repair"),
        flow("repair", "work"),
        attributes='praxis:searchable="answer"',
    ),
    roots=message("m", "News", number="=number") + signal("s", "Bell") + error("e", "BROKEN"),
)


class Chaos:
    """Does random things in an office; refusals are fine, differences are not."""

    def __init__(self, office: Office, chance: random.Random):
        self.office, self.chance = office, chance
        self.started = 0

        @office.handlers.register("work")
        def work(job):
            outcome = chance.random()
            if outcome < 0.2:
                raise BpmnError("BROKEN")
            if outcome < 0.4:
                raise ConnectionError("no answer")
            return {"worked": True}

    def step(self) -> None:
        often = (self.complete, self.complete, self.complete, self.claim, self.time, self.time, self.message)
        seldom = (self.start, self.signal, self.suspend, self.resume, self.cancel, self.resolve, self.modify)
        action = self.chance.choice((*often, *seldom, self.correct))
        with suppress(EngineError):  # a kind refusal: the wrong moment
            action()

    def start(self) -> None:
        self.started += 1
        self.office.start("busy", {"answer": self.chance.randrange(6), "number": self.chance.randrange(4)})

    def complete(self) -> None:
        task = self._any_task()
        values = {"answer": self.chance.randrange(8)}
        self.office.do(complete_user_task, user_task_id=task, variables=values)

    def claim(self) -> None:
        self.office.do(claim_user_task, user_task_id=self._any_task())

    def time(self) -> None:
        self.office.pass_by(minutes=self.chance.randrange(200))

    def message(self) -> None:
        self.office.publish("News", correlation={"number": self.chance.randrange(4)}, time_to_live_seconds=7200)

    def signal(self) -> None:
        self.office.do(broadcast_signal, enterprise_id=ACME, name="Bell")

    def suspend(self) -> None:
        self.office.do(suspend_instance, process_instance_id=self._any_case())

    def resume(self) -> None:
        self.office.do(resume_instance, process_instance_id=self._any_case())

    def cancel(self) -> None:
        if self.chance.random() < 0.2:
            self.office.do(cancel_instance, process_instance_id=self._any_case(), reason="chance")

    def resolve(self) -> None:
        incidents = self.office.incidents()
        if incidents:
            self.office.do(resolve_incident, incident_id=self.chance.choice(incidents).id)

    def modify(self) -> None:
        self.office.do(
            modify_instance,
            process_instance_id=self._any_case(),
            activate=[self.chance.choice(["ask", "work", "close"])],
            reason="chance",
        )

    def correct(self) -> None:
        self.office.do(
            set_variables, process_instance_id=self._any_case(), variables={"number": self.chance.randrange(4)}
        )

    def _any_task(self) -> str:
        rows = self.office.ask(worklist, actor=BOSS, view="all", now=self.office.now).rows
        return self.chance.choice(rows).id if rows else "none"

    def _any_case(self) -> str:
        rows = self.office.ask(process_instances, enterprise_id=ACME).rows
        return self.chance.choice(rows).id if rows else "none"


@pytest.mark.parametrize("seed", range(4))
def test_rows_equal_the_engines_state_after_random_operations(office, seed):
    chaos = Chaos(office, random.Random(seed))
    office.deploy(BUSY)

    for number in range(100):
        chaos.step()
        if number % 20 == 19:
            assert office.differences() == []

    assert chaos.started > 2
    assert office.differences() == []
