from engine.commands.complete_user_task import complete_user_task
from engine.commands.suspend_instance import suspend_instance
from engine.handlers import PermanentFailure
from engine.queries.incidents import incident_groups, incidents
from engine.queries.model import element_labels, model_source
from engine.queries.operations import elements, landscape
from engine.queries.process_instance import process_instance, timeline, variable_history
from engine.queries.process_instances import process_instances
from engine.queries.related_cases import related_cases
from tests.support.models import (
    catch,
    end,
    flow,
    lanes,
    line,
    message,
    message_event,
    model,
    process,
    service_task,
    start,
    timer_event,
    user_task,
)
from tests.support.office import ACME

MIXED = model(
    process(
        "mixed",
        lanes(agent=["look"]),
        line(start(), '<bpmn:parallelGateway id="split"/>', user_task("look", 'praxis:due="PT4H"'), end()),
        catch("hear", message_event("m")),
        catch("rest", timer_event("timeDuration", "PT1H")),
        service_task("work", "some.topic"),
        *(flow("split", target) for target in ("hear", "rest", "work")),
        *(flow(source, f"end_{source}") + end(f"end_{source}") for source in ("hear", "rest", "work")),
        attributes='praxis:searchable="customer_id"',
    ),
    roots=message("m", "Answer", order="=order"),
)


def mixed(office, **variables):
    office.deploy(MIXED)
    return office.start("mixed", {"order": 7, **variables}).process_instance_id


def test_a_case_says_in_one_sentence_each_what_it_waits_for(office):
    case = mixed(office)

    waiting = office.ask(process_instance, process_instance_id=case, now=office.now).waiting

    assert {each.kind: each.sentence() for each in waiting} == {
        "user_task": "'Look' waits for somebody of agent to take it, due 2026-01-05 13:00.",
        "message": "'hear' waits for the message 'Answer' (order = 7) since 2026-01-05 09:00.",
        "timer": "'rest' is due at 2026-01-05 10:00.",
        "job": "'work' waits for the handler of 'some.topic'.",
    }
    assert all(each.sentence("zh") for each in waiting)


def test_a_retried_job_says_why_and_when(office):
    @office.handlers.register("some.topic")
    def fail(job):
        raise ConnectionError("no answer")

    case = mixed(office)
    office.run_due()

    waiting = office.ask(process_instance, process_instance_id=case, now=office.now).waiting

    sentence = next(each.sentence() for each in waiting if each.kind == "job")
    assert "no answer" in sentence
    assert "tried again at 2026-01-05 09:00, 2 tries left" in sentence


def test_a_suspended_case_says_so(office):
    case = mixed(office)
    office.do(suspend_instance, process_instance_id=case)

    assert office.ask(process_instance, process_instance_id=case, now=office.now).waiting[0].kind == "suspended"


def test_the_diagram_gets_tokens_done_elements_and_flows(office):
    case = mixed(office)
    office.complete("look")

    detail = office.ask(process_instance, process_instance_id=case, now=office.now)

    assert sorted(each.element_id for each in detail.active) == ["hear", "rest", "work"]
    assert set(detail.done_element_ids) == {"start", "split", "look", "end"}
    assert set(detail.taken_flow_ids) >= {"start_to_split", "split_to_look", "look_to_end", "split_to_hear"}
    assert detail.row.open_tasks == 0


def test_the_timeline_tells_who_did_what_in_order(office):
    case = mixed(office)
    office.clock.pass_by(minutes=5)
    office.complete("look", {"note": "fine"})
    office.publish("Answer", correlation={"order": 7})

    entries = office.ask(timeline, process_instance_id=case)

    told = [(entry.kind, entry.element_id, entry.actor) for entry in entries]
    assert ("element_completed", "look", "boss") in told
    assert ("deliver_message", "hear", "boss") in told
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    changes = office.ask(variable_history, process_instance_id=case)
    assert [entry.values["variables"] for entry in changes] == [{"order": 7}, {"note": "fine"}]


def test_cases_are_found_by_element_incident_and_state(office):
    @office.handlers.register("some.topic")
    def fail(job):
        raise PermanentFailure(f"customer {job.variables['order']} unknown")

    first = mixed(office)
    office.run_due()
    second = office.start("mixed", {"order": 8}).process_instance_id
    search = {"enterprise_id": ACME}

    def ids(**filters):
        return [row.id for row in office.ask(process_instances, **search, **filters).rows]

    assert ids() == [second, first]
    assert ids(has_incident=True) == [first]
    assert ids(has_incident=False) == [second]
    assert ids(element_id="look") == [second, first]
    assert ids(state="completed") == []
    assert ids(limit=1) == [second]


def test_incidents_with_the_same_cause_are_one_group(office):
    @office.handlers.register("some.topic")
    def fail(job):
        raise PermanentFailure(f"customer {job.variables['order']} unknown")

    mixed(office)
    office.start("mixed", {"order": 8})
    office.run_due()

    groups = office.ask(incident_groups, enterprise_id=ACME)

    assert [(group.element_id, group.count) for group in groups] == [("work", 2)]
    assert len(office.ask(incidents, enterprise_id=ACME, signature=groups[0].signature).rows) == 2


def test_the_landscape_counts_what_runs_stands_still_and_is_late(office):
    mixed(office)
    office.run_due()
    office.clock.pass_by(hours=5)

    health = office.ask(landscape, enterprise_id=ACME, now=office.now)[0]
    badges = office.ask(elements, enterprise_id=ACME, process_id="mixed", now=office.now)

    assert (health.process_id, health.running, health.incidents, health.overdue) == ("mixed", 1, 1, 1)
    assert health.started_by_day[-1] == (office.now.date(), 1)
    assert (badges["look"].active, badges["look"].overdue, badges["work"].incidents) == (1, 1, 1)


def test_cases_of_the_same_customer_are_related(office):
    first = mixed(office, customer_id="C1")
    second = office.start("mixed", {"order": 8, "customer_id": "C1"}).process_instance_id
    office.start("mixed", {"order": 9, "customer_id": "C2"})

    assert [row.id for row in office.ask(related_cases, process_instance_id=first)] == [second]


def test_the_model_is_there_for_the_diagram(office):
    case = mixed(office)
    definition_id = office.ask(process_instance, process_instance_id=case, now=office.now).row.definition_id

    assert office.ask(model_source, definition_id=definition_id) == MIXED
    assert office.ask(element_labels, definition_id=definition_id)["look"].name == "Look"


def test_a_completed_case_waits_for_nothing(office):
    office.deploy(model(process("short", line(start(), user_task("only"), end()))))
    case = office.start("short").process_instance_id
    office.do(complete_user_task, user_task_id=office.task("only").id)

    detail = office.ask(process_instance, process_instance_id=case, now=office.now)

    assert (detail.row.state, detail.waiting, detail.active) == ("completed", (), ())
