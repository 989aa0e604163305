"""What a play does between the steps: jobs, messages between instances, timers, and the end of everything endless."""

import pytest

from engine.bpmn import read_model
from engine.handlers import BpmnError, Handlers
from engine.play import CannotPlay, Player, Scenario
from engine.play.player import default_process
from engine.runtime import compile_definition
from tests.conformance.notation import (
    boundary,
    catch,
    document,
    end,
    error,
    errors,
    flows,
    gateway,
    message,
    messages,
    node,
    process,
    service,
    signal,
    signals,
    start,
    task,
    timer,
)


def definition_of(*parts: str, root: str = ""):
    return compile_definition([read_model(document(root, process(*parts)))])


def player_of(*parts: str, root: str = "", steps=(), **options) -> Player:
    scenario = Scenario(steps=list(steps), variables=options.pop("given", {}), simulators=options.pop("simulators", {}))
    return Player(definition_of(*parts, root=root), scenario, **options)


ONE_JOB = (start(), service("a", praxis_topic="t"), end(), flows("s>a>e"))


def test_a_job_runs_its_handler():
    handlers = Handlers()
    handlers.register("t")(lambda job: {"doubled": job.variables["n"] * 2})

    player = player_of(*ONE_JOB, given={"n": 4}, handlers=lambda: handlers)
    player.run()

    assert player.variables["doubled"] == 8


def test_a_handler_that_breaks_is_an_incident_and_not_a_crash():
    handlers = Handlers()
    handlers.register("t")(lambda job: 1 / 0)

    player = player_of(*ONE_JOB, handlers=lambda: handlers)
    player.run()

    assert player.incidents() == [{"element": "a", "kind": "job", "message": "ZeroDivisionError: division by zero"}]


@pytest.mark.parametrize("answer", [5, "text", [1], object()])
def test_a_handler_that_answers_no_variables_is_an_incident(answer):
    handlers = Handlers()
    handlers.register("t")(lambda job: answer)

    player = player_of(*ONE_JOB, handlers=lambda: handlers)
    player.run()

    assert [row["kind"] for row in player.incidents()] == ["job"]


def test_a_handler_throws_business_errors():
    handlers = Handlers()

    @handlers.register("t")
    def broke(job):
        raise BpmnError("E1", "no money")

    player = player_of(start(), service("a", praxis_topic="t"), boundary("b", "a", error("E1")), end("x"), end("y"),
                       flows("s>a>x, b>y"), root=errors("E1"), handlers=lambda: handlers)  # fmt: skip
    player.run()

    assert player.trace == ["s", "b", "y"]


def test_a_simulator_answers_for_a_job():
    player = player_of(*ONE_JOB, simulators={"t": {"k": 1}})
    player.run()

    assert player.variables == {"k": 1}


def test_instances_that_start_each_other_for_ever_are_stopped():
    for definition, root, step in (
        (message(), messages("M"), {"message": "M"}),
        (signal(), signals("S"), {"signal": "S"}),
    ):
        player = player_of(start("s", definition), end("e", definition), flows("s>e"), root=root, steps=[step])
        with pytest.raises(CannotPlay, match="start each other"):
            player.run()


def test_timers_that_fire_without_time_passing_are_stopped():
    player = player_of(start(), gateway("exclusive", "m"), catch("c", timer("PT0S")), flows("s>m>c>m"))

    with pytest.raises(CannotPlay, match="without any time passing"):
        player.run()


def test_tokens_that_multiply_for_ever_are_one_incident():
    player = player_of(start(), gateway("exclusive", "m"), gateway("parallel", "f"), task("a"), task("b"),
                       flows("s>m>f>a>m, f>b>m"))  # fmt: skip
    player.run()

    (incident,) = player.incidents()
    assert incident["kind"] == "loop"


def test_an_uncaught_error_shows_once_in_the_trace_however_often_it_is_tried_again():
    player = player_of(start(), end("e", error("E1")), flows("s>e"), root=errors("E1"),
                       steps=[{"resolve": "e"}, {"resolve": "e"}])  # fmt: skip
    player.run()

    assert player.trace == ["s", "e"]
    assert [row["element"] for row in player.incidents()] == ["e"]


def test_the_process_that_calls_the_others_is_played():
    called = process(start("qs"), end("qe"), flows("qs>qe"), id="q")
    caller = process(start(), node("callActivity", "c", calledElement="q"), end(), flows("s>c>e"))
    definition = compile_definition([read_model(document(called, caller))])

    assert default_process(definition) == "p"


def test_the_clock_moves_through_due_timers_in_order():
    player = player_of(start(), gateway("parallel", "f"), catch("late", timer("PT2H")), catch("early", timer("PT1H")),
                       flows("s>f>late, f>early"), steps=[{"advance": "PT3H"}])  # fmt: skip
    player.run()

    assert player.trace == ["s", "f", "early", "late"]
