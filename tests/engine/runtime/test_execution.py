"""What the commands rely on: incidents, repair, cancelling, events, snapshots."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from engine import events
from engine.bpmn import read_model
from engine.dmn import compile_decisions, read_dmn
from engine.errors import InvalidInput, InvalidModel, InvalidState, NotFound
from engine.runtime import Execution, compile_definition
from tests.conformance.notation import *

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def definition_of(*parts: str, root: str = ""):
    return compile_definition([read_model(document(root, process(*parts)))])


def started(*parts: str, root: str = "", **variables) -> Execution:
    return Execution.start(definition_of(*parts, root=root), "p", at=AT, variables=variables)


def the(execution: Execution, kind: str):
    (waiting,) = [waiting for waiting in execution.waiting() if waiting.kind == kind]
    return waiting


SIMPLE = (start(), user("u"), end(), flows("s>u>e"))


def test_completing_a_user_task_twice_is_told_kindly():
    execution = started(*SIMPLE)
    task = the(execution, "userTask").element_instance_id
    execution.complete_user_task(task, {}, at=AT)

    with pytest.raises(InvalidState, match="already done"):
        execution.complete_user_task(task, {}, at=AT)


def test_events_tell_the_story_in_order():
    execution = started(*SIMPLE)

    kinds = [type(event).__name__ for event in execution.take_events()]

    assert kinds == [
        "ProcessStarted",
        "ElementActivated",
        "ElementCompleted",
        "FlowTaken",
        "ElementActivated",
        "UserTaskCreated",
    ]
    assert execution.take_events() == []


def test_a_user_task_carries_who_and_until_when():
    execution = started(
        start(),
        user("u", praxis_assignee="=boss", praxis_candidateGroups="sales, finance", praxis_due="PT4H",
             praxis_priority="70", praxis_formKey="form_u"),
        end(),
        flows("s>u>e"),
        boss="ann",
    )  # fmt: skip

    (created,) = [event for event in execution.take_events() if isinstance(event, events.UserTaskCreated)]

    assert created.assignee == "ann"
    assert created.candidate_groups == ("sales", "finance")
    assert created.due_at == AT + timedelta(hours=4)
    assert (created.priority, created.form_key) == (70, "form_u")


def test_a_repaired_variable_lets_the_gateway_go_on():
    execution = started(start(), gateway("exclusive", "g"), end("x"), end("y"), flows("s>g, g>x?n > 1, g>y?n < 1"), n=1)
    incident = the(execution, "incident")
    assert "no condition is true" in incident.name

    execution.set_variables({"n": 2}, at=AT)
    execution.resolve_incident(incident.id, at=AT)

    assert execution.state == "completed"
    with pytest.raises(InvalidState):
        execution.resolve_incident(incident.id, at=AT)


def test_a_loop_without_a_wait_becomes_an_incident_and_not_a_hang():
    execution = started(start(), task("a"), task("b"), flows("s>a>b>a"))

    assert "loops for ever" in the(execution, "incident").name


def test_a_recursion_without_an_end_becomes_an_incident():
    execution = Execution.start(
        compile_definition([read_model(document(process(start(), node("callActivity", "c", calledElement="p"), end(),
                                                        flows("s>c>e"))))]),
        "p", at=AT,
    )  # fmt: skip

    assert "levels deep" in the(execution, "incident").name


def test_cancelling_withdraws_everything():
    execution = started(start(), gateway("parallel", "f"), user("u"), service("j"), end("x"), end("y"),
                        boundary("b", "u", timer("PT1H")), end("z"), flows("s>f>u>x, f>j>y, b>z"))  # fmt: skip
    execution.take_events()

    execution.cancel("customer withdrew", at=AT)

    kinds = {type(event).__name__ for event in execution.take_events()}
    assert {"UserTaskCancelled", "JobCancelled", "TimerCancelled", "ProcessCancelled"} <= kinds
    assert execution.waiting() == []
    with pytest.raises(InvalidState):
        execution.set_variables({"x": 1}, at=AT)


def test_a_token_can_be_moved_by_hand():
    execution = started(start(), user("a"), user("b"), end(), flows("s>a>b>e"))

    execution.modify(cancel=[the(execution, "userTask").element_instance_id], activate=["b"], at=AT)

    assert the(execution, "userTask").element_id == "b"


def test_a_token_can_be_moved_into_a_sub_process():
    execution = started(
        start(), user("a"), sub("p1", start("s1"), user("b"), end("e1"), flows("s1>b>e1")), end(), flows("s>a>p1>e")
    )

    execution.modify(cancel=[the(execution, "userTask").element_instance_id], activate=["b"], at=AT)
    execution.complete_user_task(the(execution, "userTask").element_instance_id, {}, at=AT)

    assert execution.state == "completed"


def test_a_wrong_modification_changes_nothing():
    execution = started(*SIMPLE)
    before = execution.dump()

    with pytest.raises(InvalidInput, match="no element 'nowhere'"):
        execution.modify(activate=["nowhere"], at=AT)
    with pytest.raises(NotFound):
        execution.modify(cancel=[99], at=AT)

    assert execution.dump() == before


def test_values_keep_their_types_through_a_snapshot():
    values = {"one": 1, "true": True, "half": Decimal("0.5"), "day": date(2026, 1, 5), "nothing": None,
              "list": [1, True, "1"], "typename": {"$": "x", "a.b": 1}}  # fmt: skip
    execution = started(*SIMPLE, **values)

    loaded = Execution.load(execution._instance.definition, execution.dump())

    assert loaded.variables == execution.variables
    assert [type(value) for value in loaded.variables.values()] == [
        type(value) for value in execution.variables.values()
    ]
    assert loaded.dump() == execution.dump()


def test_the_state_stays_small_however_long_the_history():
    parts = (start(), user("u"), script("i", "{n: n + 1}"), flows("s>u>i>u"))
    execution = started(*parts, n=0)
    sizes = []
    for _ in range(50):
        execution.complete_user_task(the(execution, "userTask").element_instance_id, {}, at=AT)
        sizes.append(len(execution.dump()))

    assert max(sizes) - min(sizes) < 10  # only the counters grow by a digit


def test_running_instances_do_not_change_the_definition():
    definition = definition_of(
        *SIMPLE,
        event_sub("h", start("hs", message(), isInterrupting="false"), end("he"), flows("hs>he")),
        root=messages("M"),
    )
    first = Execution.start(definition, "p", at=AT)
    first.deliver_message(the(first, "message").id, {}, at=AT)
    second = Execution.start(definition, "p", at=AT)

    second.complete_user_task(the(second, "userTask").element_instance_id, {}, at=AT)

    assert second.state == "completed"
    assert first.state == "active"


def test_a_hostile_expression_is_an_incident():
    execution = started(
        start(), script("a", "{x: count(for i in 1..100000, j in 1..100000 return i)}"), end(), flows("s>a>e")
    )

    assert "stopped" in the(execution, "incident").name


def test_a_process_needs_a_start_that_fits():
    definition = definition_of(start("s", message()), end(), flows("s>e"), root=messages("M"))

    with pytest.raises(InvalidInput, match="s \\(message\\)"):
        Execution.start(definition, "p", at=AT)
    with pytest.raises(InvalidInput, match="no process 'q'"):
        Execution.start(definition, "q", at=AT)


def test_what_cannot_be_run_is_refused_with_all_findings():
    model = read_model(
        document(process(start(), script("a", "import os"), script("b", "{x: }"), end(), flows("s>a>b>e")))
    )

    with pytest.raises(InvalidModel) as refused:
        compile_definition([model])

    assert {finding.element_id for finding in refused.value.findings} == {"a", "b"}


def test_an_unreadable_snapshot_is_told():
    definition = definition_of(*SIMPLE)

    with pytest.raises(InvalidInput, match="version 99"):
        Execution.load(definition, b'{"version": 99}')
    with pytest.raises(InvalidInput, match="cannot be read"):
        Execution.load(definition, b"\x00")


DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
<decision id="grade" name="grade"><decisionTable hitPolicy="{policy}">
<input id="i"><inputExpression typeRef="number"><text>n</text></inputExpression></input><output id="o" name="grade"/>
<rule id="r1"><inputEntry><text>&gt; 1</text></inputEntry><outputEntry><text>"A"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>&gt; 5</text></inputEntry><outputEntry><text>"B"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def decided(policy: str, n: int) -> Execution:
    decisions = compile_decisions([read_dmn(DMN.format(policy=policy).encode())])
    rule = node("businessRuleTask", "r", praxis_decision="grade", praxis_resultVariable="result")
    model = read_model(document(process(start(), rule, end(), flows("s>r>e"))))
    return Execution.start(compile_definition([model], decisions), "p", at=AT, variables={"n": n})


def test_a_decision_without_a_rule_that_holds_is_null():
    execution = decided("UNIQUE", 0)

    assert (execution.state, execution.variables["result"]) == ("completed", None)


def test_a_decision_that_contradicts_itself_is_an_incident():
    assert "UNIQUE" in the(decided("UNIQUE", 7), "incident").name.upper()


def test_a_decision_is_reported_with_the_rules_that_held():
    (event,) = [event for event in decided("FIRST", 7).take_events() if isinstance(event, events.DecisionEvaluated)]

    assert (event.decision_id, event.result, event.audit[0]["rules"]) == ("grade", "A", [1])


def test_a_snapshot_of_something_else_is_told():
    definition = definition_of(*SIMPLE)
    other = Execution.start(definition_of(start(), user("v"), end(), flows("s>v>e")), "p", at=AT).dump()

    for damaged in (other, b"[]", b'{"version": 1}', b'{"version": 1, "process": "p", "id": 1, "tokens": [[1]]}'):
        with pytest.raises(InvalidInput):
            Execution.load(definition, damaged)


def test_half_a_character_is_told_and_not_a_crash():
    execution = started(*SIMPLE, text="\ud800")

    with pytest.raises(InvalidInput, match="text that cannot be saved"):
        execution.dump()


def test_a_failed_start_of_an_event_sub_process_is_closed_with_the_instance():
    execution = started(*SIMPLE, event_sub("h", start("hs", timer("=t")), end("he"), flows("hs>he")))
    assert the(execution, "incident").element_id == "hs"

    execution.cancel("not needed", at=AT)

    assert execution.waiting() == []


def test_an_iteration_taken_away_by_hand_does_not_hold_up_the_others():
    execution = started(start(), user("u", multi("parallel", cardinality("3"))), end(), flows("s>u>e"))
    first, second, third = [waiting.element_instance_id for waiting in execution.waiting()]

    execution.modify(cancel=[second], at=AT)
    execution.complete_user_task(first, {}, at=AT)
    execution.complete_user_task(third, {}, at=AT)

    assert execution.state == "completed"


def test_a_token_is_moved_into_the_iteration_that_runs_and_nowhere_else():
    body = sub(
        "p1", multi("parallel", cardinality("2")), start("s1"), user("a"), user("b"), end("e1"), flows("s1>a>b>e1")
    )
    execution = started(start(), user("u"), body, end(), flows("s>u>p1>e"))

    with pytest.raises(InvalidInput, match="no iteration runs"):
        execution.modify(activate=["b"], at=AT)
    execution.complete_user_task(the(execution, "userTask").element_instance_id, {}, at=AT)
    execution.modify(activate=["b"], at=AT)

    assert sorted(waiting.element_id for waiting in execution.waiting()) == ["a", "a", "b"]


def test_a_timer_for_a_moment_that_is_over_does_not_turn_time_back():
    execution = started(start(), catch("c", timer("2020-01-01T00:00:00Z", "Date")), user("u", praxis_due="PT1H"), end(),
                        flows("s>c>u>e"))  # fmt: skip
    waiting = the(execution, "timer")
    assert waiting.due_at == AT

    execution.fire_timer(waiting.id, at=waiting.due_at)

    (created,) = [event for event in execution.take_events() if isinstance(event, events.UserTaskCreated)]
    assert (created.at, created.due_at) == (AT, AT + timedelta(hours=1))
