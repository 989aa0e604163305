import dataclasses
import inspect
from datetime import UTC, datetime

from engine import events
from engine.store.projections import PROJECTIONS, Changes, Context, Notes, pack_facts, project, signature, unpack_facts
from engine.store.tables import ElementInstance, Job, Timer, UserTask, UserTaskCandidate

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def context(**changed) -> Context:
    values = {
        "process_instance_id": "case",
        "enterprise_id": "acme",
        "definition_id": "definition",
        "process_id": "p",
        "business_key": None,
        "title": None,
        "number": 1,
        "at": NOW,
        "cause": "start_process",
        "actor": "ann",
        "notes": lambda element_id: Notes(name=element_id),
    }
    return Context(**values | changed)


def test_every_event_has_its_projection():
    concrete = {
        each
        for _, each in inspect.getmembers(events, inspect.isclass)
        if issubclass(each, events.Event) and each not in (events.Event, events.ElementEvent)
    }

    assert set(PROJECTIONS) == concrete


def test_what_appears_and_ends_within_a_step_is_written_once_as_ended():
    changes = project(
        [
            events.ElementActivated(NOW, 1, "a", "task", 0, "p"),
            events.ElementCompleted(NOW, 1, "a"),
        ],
        context(),
    )

    assert [row["state"] for row in changes.rows(ElementInstance)] == ["completed"]
    assert changes.changed == {}


def test_a_timer_that_comes_and_goes_within_a_step_is_never_written():
    changes = project(
        [events.TimerScheduled(NOW, 1, "a", 5, NOW), events.TimerCancelled(NOW, 1, "a", 5)],
        context(),
    )

    assert changes.rows(Timer) == []
    assert changes.removed == {}


def test_an_older_timer_that_fires_is_removed():
    changes = project([events.TimerFired(NOW, 1, "a", 5)], context())

    assert changes.removed == {Timer.__table__: {5}}


def test_a_task_of_a_lane_is_for_its_role_and_one_without_is_for_everybody():
    changes = project(
        [
            events.UserTaskCreated(NOW, 1, "a", name="A", role="clerk"),
            events.UserTaskCreated(NOW, 2, "b", name="B", role=None),
            events.UserTaskCreated(NOW, 3, "c", name="C", role="clerk", candidate_users=("ann",)),
        ],
        context(),
    )

    assert [(row["kind"], row["name"]) for row in changes.candidates] == [
        ("group", "clerk"),
        ("group", "*"),
        ("user", "ann"),
    ]
    assert len(changes.rows(UserTask)) == 3
    assert UserTaskCandidate.__table__ not in changes.added


def test_a_job_keeps_its_id_when_it_is_tried_again():
    made = [
        project([events.JobCreated(NOW, 4, "a", topic="t", variables={})], context()).rows(Job)[0]["id"]
        for _ in range(2)
    ]

    assert made == ["case-4", "case-4"]


def test_facts_come_back_as_they_were():
    changes = Changes(context(detail={"message": "M"}))
    changes.flows["f1"] = None
    changes.fact("timer_fired", events.TimerFired(NOW, 3, "t", 1), NOW, late=2)

    facts = unpack_facts(pack_facts(changes))

    assert facts.flow_ids == ("f1",)
    assert facts.detail == {"message": "M"}
    assert dataclasses.astuple(facts.facts[0]) == ("timer_fired", NOW, 3, "t", {"late": 2})


def test_messages_that_differ_in_their_values_only_have_one_signature():
    assert signature("Order 'A-1' of 12.50 is unknown") == signature("Order 'B-77' of 9 is unknown")
    assert signature("Order 'A-1' is unknown") != signature("Order 'A-1' is closed")
