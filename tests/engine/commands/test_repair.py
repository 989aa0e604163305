import pytest

from engine.commands.cancel_instance import cancel_instance
from engine.commands.complete_user_task import complete_user_task
from engine.commands.modify_instance import modify_instance
from engine.commands.resolve_incident import resolve_incident
from engine.commands.resume_instance import resume_instance
from engine.commands.set_variables import set_variables
from engine.commands.suspend_instance import suspend_instance
from engine.errors import InvalidInput, InvalidState
from engine.queries.process_instance import timeline
from tests.support.models import boundary, end, exclusive, flow, line, model, process, start, timer_event, user_task

CASE = model(
    process(
        "case",
        line(start(), user_task("first"), user_task("second"), end()),
        boundary("late", "first", timer_event("timeDuration", "PT1H")),
        line('<bpmn:task id="late_to" />', end("late_end")),
        '<bpmn:sequenceFlow id="late_flow" sourceRef="late" targetRef="late_to"/>',
    )
)


@pytest.fixture
def case_id(office):
    office.deploy(CASE)
    return office.start("case").process_instance_id


def test_a_suspended_case_rests_until_it_is_resumed(office, case_id):
    office.do(suspend_instance, process_instance_id=case_id, reason="customer asked")

    office.pass_by(hours=2)
    with pytest.raises(InvalidState, match="suspended"):
        office.do(complete_user_task, user_task_id=office.task("first").id)
    office.do(resume_instance, process_instance_id=case_id)
    office.run_due()

    assert office.state(case_id) == "completed"
    assert office.visits("late_end") == 1
    assert office.differences() == []


def test_cancelling_withdraws_everything_and_keeps_the_reason(office, case_id):
    office.do(cancel_instance, process_instance_id=case_id, reason="duplicate")

    assert office.state(case_id) == "cancelled"
    assert office.open_tasks() == []
    assert office.differences() == []
    entries = office.ask(timeline, process_instance_id=case_id)
    assert any(entry.kind == "cancel" and entry.reason == "duplicate" for entry in entries)


def test_cancelling_needs_a_reason(office, case_id):
    with pytest.raises(InvalidInput, match="reason"):
        office.do(cancel_instance, process_instance_id=case_id, reason=" ")


def test_nothing_moves_in_a_case_that_has_ended(office, case_id):
    task_id = office.task("first").id
    office.do(cancel_instance, process_instance_id=case_id, reason="duplicate")

    with pytest.raises(InvalidState, match="withdrawn"):
        office.do(complete_user_task, user_task_id=task_id)
    with pytest.raises(InvalidState, match="already cancelled"):
        office.do(set_variables, process_instance_id=case_id, variables={"a": 1})


def test_a_token_is_moved_by_hand_with_its_reason(office, case_id):
    here = office.task("first").element_instance_id

    office.do(modify_instance, process_instance_id=case_id, cancel=[here], activate=["second"], reason="done by phone")

    assert office.open_tasks() == ["second"]
    assert office.differences() == []
    audited = next(e for e in office.ask(timeline, process_instance_id=case_id) if e.kind == "modify")
    assert (audited.actor, audited.reason) == ("boss", "done by phone")


FAILS = model(
    process(
        "fails",
        line(start(), exclusive("choose")),
        end(),
        flow("choose", "end", "choice = 1"),
    )
)


def test_a_gateway_that_finds_no_way_is_an_incident_that_is_resolved_with_a_changed_variable(office):
    office.deploy(FAILS)
    case_id = office.start("fails", {"choice": 5}).process_instance_id

    incident = office.incidents()[0]
    office.do(resolve_incident, incident_id=incident.id, variables={"choice": 1}, reason="typing error")

    assert incident.element_id == "choose"
    assert office.incidents() == []
    assert office.state(case_id) == "completed"
    assert office.differences() == []


def test_an_incident_whose_cause_is_still_there_is_raised_again(office):
    office.deploy(FAILS)
    office.start("fails", {"choice": 5})

    office.do(resolve_incident, incident_id=office.incidents()[0].id)

    assert len(office.incidents()) == 1
    assert len(office.incidents("resolved")) == 1


def test_an_incident_is_resolved_once(office):
    office.deploy(FAILS)
    office.start("fails", {"choice": 5})
    incident = office.incidents()[0]
    office.do(resolve_incident, incident_id=incident.id, variables={"choice": 1})

    with pytest.raises(InvalidState, match="already resolved"):
        office.do(resolve_incident, incident_id=incident.id)
