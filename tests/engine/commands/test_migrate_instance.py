"""Cases go on in another version: what people and workers see follows, or nothing happens and reasons are told."""

import json
import random
from contextlib import suppress

import pytest
from sqlalchemy import select

from engine.commands.claim_jobs import claim_jobs
from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.migrate_instance import CannotMigrate, migrate_instance
from engine.commands.migration_batch import (
    create_migration_batch,
    migrate_item,
    next_items,
    pause_migration_batch,
    resume_migration_batch,
    retry_migration_items,
)
from engine.commands.resume_instance import resume_instance
from engine.commands.suspend_instance import suspend_instance
from engine.errors import EngineError, InvalidInput, NotFound, NotPermitted
from engine.queries.migration_batches import migration_batch, migration_items
from engine.queries.migration_plan import migration_plan
from engine.queries.process_instance import process_instance, timeline
from engine.queries.user_task import user_task as task_detail
from engine.queries.worklist import worklist
from engine.store.actor import Actor
from engine.store.tables import (
    Audit,
    InstanceMigration,
    Job,
    MessageSubscription,
    ProcessInstance,
    SearchVariable,
    Timer,
)
from tests.engine.commands.test_random_operations import BUSY, Chaos
from tests.support.models import (
    boundary,
    catch,
    end,
    flow,
    lanes,
    line,
    message,
    message_event,
    model,
    process,
    properties,
    service_task,
    start,
    timer_event,
    user_task,
)
from tests.support.office import ACME, BOSS, person


def order(*steps: str, roots: str = "", attributes: str = "", more: str = "") -> bytes:
    return model(process("order", line(start(), *steps, end()), more, attributes=attributes), roots=roots)


def versions(office, first: bytes, second: bytes, cases: int = 1) -> tuple[str, str]:
    """The definition ids of two versions, the first with cases in it."""
    old = office.deploy(first).definitions[0].definition_id
    for number in range(cases):
        office.start("order", {"number": 7 + number, "customer": "Nordwind"})
    new = office.deploy(second).definitions[0].definition_id
    return old, new


def case_of(office) -> str:
    return office._column(select(ProcessInstance.id))[0]


def migrate(office, to: str, **arguments):
    return office.do(migrate_instance, process_instance_id=case_of(office), to_definition_id=to, **arguments)


def rows(office, mapped):
    with office.store.reading() as work:
        return work.execute(select(mapped.__table__)).all()


def plan(office, old: str, new: str, **arguments):
    return office.ask(migration_plan, from_definition_id=old, to_definition_id=new, now=office.now, **arguments)


def test_a_case_goes_on_in_the_new_version_with_its_open_task(office):
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask", name="Ask again"), user_task("check")))
    before = office.task("ask")

    migrated = migrate(office, new, reason="a second check is needed")

    after = office.task("ask")
    assert migrated.is_new
    assert (after.id, after.element_instance_id, after.name) == (before.id, before.element_instance_id, "Ask")
    assert after.definition_id == new
    assert office.differences() == []
    office.complete("ask")
    assert office.open_tasks() == ["check"]
    assert office.task("check").definition_id == new
    assert office.task("ask", "completed").definition_id == new


def test_asked_twice_it_happens_once(office):
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask"), user_task("check")))
    migrate(office, new)

    again = migrate(office, new)

    assert not again.is_new
    assert len(rows(office, InstanceMigration)) == 1


def test_the_audit_tells_who_why_and_between_which_versions(office):
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask"), user_task("check")))

    migrate(office, new, reason="a second check is needed")

    entry = next(row for row in rows(office, Audit) if row.verb == "migrate")
    assert (entry.actor, entry.reason) == (BOSS.id, "a second check is needed")
    assert (entry.detail["from_version"], entry.detail["to_version"]) == (1, 2)


def test_live_rows_take_the_new_ids_and_history_keeps_the_old_ones(office):
    def named(suffix: str, last: str = "") -> bytes:
        waits = catch(f"wait{suffix}", message_event("m"))
        remind = boundary(f"remind{suffix}", f"ask{suffix}", timer_event("timeDuration", "PT4H"), interrupting=False)
        first = user_task(f"first{suffix}", 'praxis:uid="u1"')
        ask = user_task(f"ask{suffix}", 'praxis:uid="u2"')
        work = service_task(f"work{suffix}", "work", 'praxis:uid="u3"')
        fork = f'<bpmn:parallelGateway id="fork{suffix}" praxis:uid="u4"/>'
        hear = waits.replace(" name=", ' praxis:uid="u5" name=')
        late = remind.replace(" attachedToRef", ' praxis:uid="u6" attachedToRef')
        branches = (
            flow(f"fork{suffix}", f"work{suffix}"),
            flow(f"fork{suffix}", f"wait{suffix}"),
            end(f"late_end{suffix}"),
            flow(f"remind{suffix}", f"late_end{suffix}"),
            end(f"hear_end{suffix}"),
            flow(f"wait{suffix}", f"hear_end{suffix}"),
            end(f"work_end{suffix}"),
            flow(f"work{suffix}", f"work_end{suffix}"),
        )
        body = line(start(), first, fork, ask, end())
        return model(
            process("order", body, work, hear, late, *branches, last), roots=message("m", "News", number="=number")
        )

    old, new = versions(office, named(""), named("_two"))
    office.complete("first")

    migrated = migrate(office, new)

    assert migrated.renamed["ask"] == "ask_two"
    assert office.open_tasks() == ["ask_two"]
    assert [row.element_id for row in rows(office, Timer)] == ["remind_two"]
    assert [row.element_id for row in rows(office, MessageSubscription)] == ["wait_two"]
    assert [row.element_id for row in rows(office, Job)] == ["work_two"]
    assert office.task("first", "completed").definition_id == old
    assert office.visits("ask_two", "active") == 1
    assert office.visits("first") == 1
    assert office.differences() == []
    assert office.publish("News", correlation={"number": 7}).outcome == "delivered"
    office.pass_by(hours=5)
    assert office.visits("remind_two") == 1


def test_history_tells_the_names_that_elements_had(office):
    gone = user_task("gone", name="Old step")
    _old, new = versions(
        office, order(gone, user_task("ask", 'praxis:uid="u"')), order(user_task("sign", 'praxis:uid="u"'))
    )
    office.complete("gone")
    migrate(office, new)
    office.complete("sign")

    case = case_of(office)
    told = [
        each.element_name for each in office.ask(timeline, process_instance_id=case) if each.kind == "element_completed"
    ]
    detail = office.ask(process_instance, process_instance_id=case, now=office.now)

    assert told == ["start", "Old step", "Sign", "end"]
    assert detail.done_element_ids == ("start", "gone", "sign", "end")


def test_reasons_are_told_and_nothing_has_happened(office):
    old, new = versions(office, order(user_task("ask")), order(user_task("check")))
    before = rows(office, ProcessInstance)

    with pytest.raises(CannotMigrate) as refusal:
        migrate(office, new)

    assert [(each.key, each.element_id) for each in refusal.value.obstacles] == [("unmapped", "ask")]
    assert "'Ask' has no counterpart" in str(refusal.value)
    assert "Ask" in refusal.value.obstacles[0].sentence("zh")
    assert rows(office, ProcessInstance) == before
    assert office.task("ask").definition_id == old


def test_a_chosen_counterpart_is_used(office):
    _old, new = versions(office, order(user_task("ask")), order(user_task("check")))

    migrate(office, new, mapping={"ask": "check"})

    assert office.open_tasks() == ["check"]
    assert office.differences() == []


def test_a_suspended_case_migrates_and_stays_suspended(office):
    late = boundary("late", "ask", timer_event("timeDuration", "PT1H"))
    more = late + end("late_end") + flow("late", "late_end")
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask"), more=more))
    office.do(suspend_instance, process_instance_id=case_of(office))

    migrate(office, new)

    assert [row.is_suspended for row in rows(office, Timer)] == [True]
    office.pass_by(hours=2)
    assert office.open_tasks() == ["ask"]
    office.do(resume_instance, process_instance_id=case_of(office))
    office.run_due()
    assert office.states("order") == ["completed"]


def test_a_case_that_has_ended_or_of_another_process_is_refused(office):
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask"), user_task("check")))
    other = office.deploy(model(process("other", line(start(), user_task("ask"), end())))).definitions[0].definition_id

    with pytest.raises(InvalidInput, match="Two versions of one process"):
        migrate(office, other)
    with pytest.raises(NotFound):
        migrate(office, new, actor=Actor("spy", is_supervisor=True, enterprise_id="globex"))
    office.complete("ask")
    with pytest.raises(CannotMigrate, match="has ended"):
        migrate(office, new)


def test_a_message_that_waits_in_the_buffer_reaches_a_new_subscription(office):
    stop = boundary("stop", "ask", message_event("m"))
    more = stop + end("stop_end") + flow("stop", "stop_end")
    roots = message("m", "Cancel", number="=number")
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask"), more=more, roots=roots))
    assert office.publish("Cancel", correlation={"number": 7}).outcome == "buffered"

    migrate(office, new)

    assert office.states("order") == ["completed"]
    assert office.visits("stop") == 1


def test_title_and_searchable_variables_follow_the_new_version(office):
    attributes = 'praxis:title="=&quot;Order of &quot; + customer" praxis:searchable="customer"'
    _old, new = versions(office, order(user_task("ask")), order(user_task("ask"), attributes=attributes))

    migrate(office, new)

    assert rows(office, ProcessInstance)[0].title == office.task("ask").title == "Order of Nordwind"
    assert [(row.name, row.text) for row in rows(office, SearchVariable)] == [("customer", "Nordwind")]


# User tasks -----------------------------------------------------------------------------------------------------------


FORM = json.dumps(
    {
        "type": "default",
        "id": "a",
        "schemaVersion": 16,
        "components": [{"type": "textfield", "key": "answer", "label": "Answer"}],
    }
).encode()


def test_open_tasks_take_over_what_is_asked_for(office):
    second = model(
        process(
            "order",
            lanes(managers=["ask"]),
            line(start(), user_task("ask", 'praxis:due="PT8H" praxis:priority="80"', name="Ask again"), end()),
        )
    )
    _old, new = versions(office, order(user_task("ask", 'praxis:due="PT4H"')), second)
    created_at = office.now
    office.clock.pass_by(hours=1)

    migrate(office, new, take_over=("name", "people", "due"))

    task = office.task("ask")
    assert (task.name, task.role, task.priority) == ("Ask again", "managers", 80)
    assert (task.due_at - created_at).total_seconds() == 8 * 3600
    manager = person("mia", "managers")
    assert [row.id for row in office.ask(worklist, actor=manager, view="my_groups", now=office.now).rows] == [task.id]


def test_a_claimed_task_keeps_its_person(office):
    second = model(process("order", lanes(managers=["ask"]), line(start(), user_task("ask"), end())))
    _old, new = versions(office, order(user_task("ask")), second)
    office.do(claim_user_task, user_task_id=office.task("ask").id, actor=person("ines"))

    migrate(office, new, take_over=("people",))

    assert (office.task("ask").assignee, office.task("ask").role) == ("ines", None)


def test_a_form_that_is_gone_gives_way_to_the_new_one(office):
    office.deploy(order(user_task("ask", 'praxis:formKey="a"')), forms={"a": FORM})
    office.start("order")
    new = office.deploy(order(user_task("ask", 'praxis:formKey="b"')), forms={"b": FORM}).definitions[0].definition_id

    migrate(office, new)

    task = office.ask(task_detail, user_task_id=office.task("ask").id, actor=BOSS, now=office.now)
    assert (task.form_key, task.form.id) == ("b", "a")


def test_a_form_that_is_gone_without_another_is_a_reason(office):
    old = office.deploy(order(user_task("ask", 'praxis:formKey="a"')), forms={"a": FORM}).definitions[0].definition_id
    office.start("order")
    new = office.deploy(order(user_task("ask"))).definitions[0].definition_id

    with pytest.raises(CannotMigrate, match="The form 'a' of the open task"):
        migrate(office, new)
    assert [group.obstacle.key for group in plan(office, old, new).reasons] == ["form_missing"]


def test_four_eyes_see_through_a_new_id(office):
    def checked(name: str) -> bytes:
        ask = user_task(name, 'praxis:uid="u"')
        return order(ask, user_task("check", inside=properties(four_eyes=name)))

    _old, new = versions(office, checked("ask"), checked("ask_two"))
    ines = person("ines", "everybody")
    office.do(claim_user_task, user_task_id=office.task("ask").id, actor=ines)
    office.do(complete_user_task, user_task_id=office.task("ask").id, actor=ines)

    migrate(office, new)

    with pytest.raises(NotPermitted, match="Four-eyes"):
        office.do(claim_user_task, user_task_id=office.task("check").id, actor=ines)


# Jobs -----------------------------------------------------------------------------------------------------------------


def test_a_job_goes_to_the_handler_that_the_new_version_names(office):
    _old, new = versions(office, order(service_task("work", "slow")), order(service_task("work", "fast")))
    office.handlers.register("fast")(lambda job: {"done_by": "fast"})
    before = rows(office, Job)[0].id

    migrate(office, new)

    assert [(row.id, row.topic) for row in rows(office, Job)] == [(before, "fast")]
    assert office.differences() == []
    office.run_due()
    assert office.states("order") == ["completed"]


def test_a_job_that_runs_right_now_does_not_change_hands(office):
    old, new = versions(office, order(service_task("work", "slow")), order(service_task("work", "fast")))
    with office.store.transaction() as work:
        claim_jobs(work, worker_id="w", now=office.now)

    with pytest.raises(CannotMigrate, match="works on 'work' right now"):
        migrate(office, new)
    assert [group.obstacle.key for group in plan(office, old, new).reasons] == ["job_running"]
    office.clock.pass_by(minutes=10)  # the lease has ended
    assert migrate(office, new).is_new


def test_a_job_of_the_same_handler_is_left_to_it(office):
    _old, new = versions(
        office, order(service_task("work", "slow")), order(service_task("work", "slow"), user_task("check"))
    )
    office.handlers.register("slow")(lambda job: {})
    with office.store.transaction() as work:
        claim_jobs(work, worker_id="w", now=office.now)

    migrate(office, new)

    assert rows(office, Job)[0].locked_by == "w"
    assert office.differences() == []


# Plans ----------------------------------------------------------------------------------------------------------------


def test_the_plan_tells_per_element_and_per_case(office):
    old, new = versions(
        office,
        order(user_task("ask"), user_task("sign", name="Sign")),
        order(user_task("sign_2", name="Sign")),
        cases=2,
    )
    office.do(complete_user_task, user_task_id=_task_of(office, "ask", 0), variables={})

    found = plan(office, old, new)

    told = {each.element.id: (each.status, each.how, each.active) for each in found.elements}
    assert told["start"] == ("mapped", "id", 0)
    assert told["ask"] == ("unmapped", None, 1)
    assert told["sign"] == ("mapped", "name", 1)
    assert found.mapping == {"sign": "sign_2"}
    assert (found.total, found.can_migrate, len(found.instances)) == (2, 1, 2)
    assert [(group.obstacle.key, group.count) for group in found.reasons] == [("unmapped", 1)]
    assert [option.id for each in found.elements if each.element.id == "ask" for option in each.options] == ["sign_2"]


def _task_of(office, element_id: str, position: int) -> str:
    page = office.ask(worklist, actor=BOSS, view="all", now=office.now)
    return [row.id for row in page.rows if row.element_id == element_id][position]


def test_the_plan_writes_nothing_and_what_it_promises_holds(office):
    old, new = versions(office, order(user_task("ask")), order(user_task("check", name="Ask")))
    before = rows(office, ProcessInstance)

    found = plan(office, old, new)

    assert rows(office, ProcessInstance) == before
    assert found.can_migrate == 1
    migrate(office, new, mapping=found.mapping)
    assert office.open_tasks() == ["check"]


def test_the_plan_goes_on_where_it_stopped(office):
    old, new = versions(office, order(user_task("ask")), order(user_task("ask"), user_task("check")), cases=5)

    first = plan(office, old, new, limit=3)
    rest = plan(office, old, new, limit=3, after=first.after)

    ids = [each.process_instance_id for each in (*first.instances, *rest.instances)]
    assert (len(first.instances), len(rest.instances), rest.after) == (3, 2, None)
    assert len(set(ids)) == first.total == 5


def test_a_mapping_to_nowhere_is_refused_kindly(office):
    old, new = versions(office, order(user_task("ask")), order(user_task("check")))

    with pytest.raises(InvalidInput, match="sends 'ask' to 'nowhere'"):
        plan(office, old, new, mapping={"ask": "nowhere"})
    with pytest.raises(InvalidInput, match="names 'asked'"):
        plan(office, old, new, mapping={"asked": "check"})
    with pytest.raises(InvalidInput, match="same one twice"):
        plan(office, old, old)


# Batches --------------------------------------------------------------------------------------------------------------


def batch_of(office, old: str, new: str, **arguments) -> str:
    return office.do(
        create_migration_batch, from_definition_id=old, to_definition_id=new, reason="better process", **arguments
    )


def batch(office, batch_id: str):
    return office.ask(migration_batch, batch_id=batch_id, enterprise_id=ACME)


def test_the_worker_works_a_batch_off_and_keeps_why_single_cases_cannot(office):
    old, new = versions(office, order(user_task("ask"), user_task("sign")), order(user_task("sign")), cases=2)
    office.do(complete_user_task, user_task_id=_task_of(office, "ask", 0), variables={})
    batch_id = batch_of(office, old, new)
    assert (batch(office, batch_id).state, batch(office, batch_id).waiting) == ("running", 2)

    done = office.run_due()

    row = batch(office, batch_id)
    assert (row.state, row.migrated, row.refused, row.percent, done.migrations) == ("completed", 1, 1, 100, 2)
    (item,) = office.ask(migration_items, batch_id=batch_id)
    assert item.problems[0]["en"].startswith("'Ask' has no counterpart in the new version: nothing there has its id")
    assert "没有与" in item.problems[0]["zh"]
    assert office.differences() == []


def test_a_paused_batch_waits_until_it_is_resumed(office):
    old, new = versions(office, order(user_task("ask")), order(user_task("ask"), user_task("check")), cases=2)
    batch_id = batch_of(office, old, new)
    with office.store.reading() as work:
        items = next_items(work)
    office.store.run(
        lambda work: migrate_item(work, batch_id=batch_id, process_instance_id=items[0][1], now=office.now)
    )
    office.do(pause_migration_batch, batch_id=batch_id)

    office.run_due()

    assert (batch(office, batch_id).state, batch(office, batch_id).migrated) == ("paused", 1)
    office.do(resume_migration_batch, batch_id=batch_id)
    office.run_due()
    assert (batch(office, batch_id).state, batch(office, batch_id).migrated) == ("completed", 2)


def test_refused_cases_are_tried_again_when_they_have_moved_on(office):
    old, new = versions(office, order(user_task("ask"), user_task("sign")), order(user_task("sign")))
    batch_id = batch_of(office, old, new)
    office.run_due()
    office.complete("ask")

    assert office.do(retry_migration_items, batch_id=batch_id) == 1
    office.run_due()

    assert (batch(office, batch_id).state, batch(office, batch_id).migrated) == ("completed", 1)


def test_an_item_that_breaks_off_stops_no_other(office, monkeypatch):
    old, new = versions(office, order(user_task("ask")), order(user_task("ask"), user_task("check")), cases=2)
    batch_id = batch_of(office, old, new)
    broken = office.ask(next_items)[0][1]
    with office.store.transaction() as work:
        work.execute(ProcessInstance.__table__.update().where(ProcessInstance.id == broken).values(snapshot=b"\x00{"))

    office.run_due()

    row = batch(office, batch_id)
    assert (row.state, row.migrated, row.failed) == ("completed", 1, 1)
    assert "cannot be read" in office.ask(migration_items, batch_id=batch_id)[0].problems[0]["en"]


def test_a_batch_needs_a_reason_cases_and_fitting_versions(office):
    old, new = versions(office, order(user_task("ask")), order(user_task("check")))

    with pytest.raises(InvalidInput, match="reason"):
        office.do(create_migration_batch, from_definition_id=old, to_definition_id=new, reason=" ")
    with pytest.raises(InvalidInput, match="No running case"):
        batch_of(office, new, old)
    with pytest.raises(InvalidInput, match="same one twice"):
        batch_of(office, old, old)
    with pytest.raises(InvalidInput, match="take_over"):
        batch_of(office, old, new, take_over=("everything",))
    with pytest.raises(NotFound):
        batch_of(office, old, new, actor=Actor("spy", is_supervisor=True, enterprise_id="globex"))


# Anything ------------------------------------------------------------------------------------------------------------


def other_versions_of_busy() -> list[bytes]:
    """Versions of the busy process that differ in what they wait for, in ids, and in what they have."""
    text = BUSY.decode()
    return [
        text.replace("R2/PT2H", "R3/PT1H").replace('name="News"', 'name="Newer"').encode(),
        text.replace('"ask"', '"ask_two"').replace('praxis:topic="work"', 'praxis:topic="toil"').encode(),
        text.replace("answer &gt; 3", "answer &gt; 2").replace('name="Bell"', 'name="Gong"').encode(),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_rows_equal_the_engines_state_when_cases_migrate_between_anything_else(office, seed):
    chance = random.Random(seed)
    chaos = Chaos(office, chance)
    definitions = [office.deploy(BUSY).definitions[0].definition_id]
    for _ in range(8):
        chaos.start()
    definitions += [office.deploy(each).definitions[0].definition_id for each in other_versions_of_busy()]
    migrations = 0

    for number in range(80):
        chaos.step()
        with suppress(EngineError):
            to = chance.choice(definitions)
            names = {"ask": "ask_two"} if chance.random() < 0.5 else {}
            migrations += office.do(
                migrate_instance, process_instance_id=chaos._any_case(), to_definition_id=to, mapping=names
            ).is_new
        if number % 20 == 19:
            assert office.differences() == []

    assert migrations > 5
    assert office.differences() == []
