import threading

import pytest

from engine.commands.complete_user_task import complete_user_task
from engine.commands.form_values import InvalidForm
from engine.errors import InvalidState, NotFound, NotPermitted
from tests.support.models import (
    end,
    exclusive,
    flow,
    lanes,
    line,
    model,
    process,
    properties,
    script_task,
    start,
    user_task,
)
from tests.support.office import BOSS, counted_statements, person

TWO_TASKS = model(process("two", line(start(), user_task("first"), user_task("second"), end())))


def test_completing_leads_to_the_next_task_in_the_same_unit_of_work(office):
    office.deploy(TWO_TASKS)
    case = office.start("two", {"n": 1})

    done = office.complete("first", {"n": 2})

    assert office.open_tasks() == ["second"]
    assert done.user_task_ids == (office.task("second").id,)
    assert office.variables(case.process_instance_id) == {"n": 2}
    assert office.differences() == []


def test_the_last_task_completes_the_case(office):
    office.deploy(TWO_TASKS)
    case = office.start("two")

    office.complete("first")
    done = office.complete("second")

    assert done.state == "completed"
    assert office.state(case.process_instance_id) == "completed"
    assert office.differences() == []


def test_a_double_submit_happens_once(office):
    office.deploy(TWO_TASKS)
    office.start("two")
    task = office.task("first")

    once = office.do(complete_user_task, user_task_id=task.id, completion_key="click-1")
    again = office.do(complete_user_task, user_task_id=task.id, completion_key="click-1")

    assert (once.is_repeated, again.is_repeated) == (False, True)
    assert office.visits("first") == 1


def test_the_same_person_may_submit_twice_without_a_key(office):
    office.deploy(TWO_TASKS)
    office.start("two")
    task = office.task("first")

    office.do(complete_user_task, user_task_id=task.id)

    assert office.do(complete_user_task, user_task_id=task.id).is_repeated


def test_somebody_else_who_comes_too_late_is_told_who_was_first(office):
    office.deploy(TWO_TASKS)
    office.start("two")
    task = office.task("first")
    office.do(complete_user_task, user_task_id=task.id)

    with pytest.raises(InvalidState, match=r"'First' \(first\) is already completed by boss"):
        office.do(complete_user_task, user_task_id=task.id, actor=person("late"))


def test_an_unknown_task_is_not_found(office):
    with pytest.raises(NotFound):
        office.do(complete_user_task, user_task_id="nowhere")


def test_another_enterprise_does_not_see_the_task(office):
    office.deploy(TWO_TASKS)
    office.start("two")
    stranger = type(BOSS)("stranger", is_supervisor=True, enterprise_id="other")

    with pytest.raises(NotFound):
        office.do(complete_user_task, user_task_id=office.task("first").id, actor=stranger)


IN_A_LANE = model(process("lane", lanes(sales_rep=["first"]), line(start(), user_task("first"), end())))


def test_a_task_in_a_lane_is_work_for_the_lanes_role_only(office):
    office.deploy(IN_A_LANE)
    office.start("lane")
    task = office.task("first")

    with pytest.raises(NotPermitted, match="work for sales_rep"):
        office.do(complete_user_task, user_task_id=task.id, actor=person("eve", "accounting"))
    office.do(complete_user_task, user_task_id=task.id, actor=person("sam", "sales_rep"))

    assert office.task("first", "completed").completed_by == "sam"


FOUR_EYES = model(
    process(
        "eyes",
        line(start(), user_task("draft"), user_task("approve", inside=properties(four_eyes="draft")), end()),
    )
)


def test_four_eyes_keep_the_drafter_from_approving(office):
    office.deploy(FOUR_EYES)
    office.start("eyes")
    office.complete("draft", actor=person("ann"))

    with pytest.raises(NotPermitted, match="Four-eyes rule: 'Approve' checks 'Draft', which ann has done"):
        office.complete("approve", actor=person("ann"))
    office.complete("approve", actor=person("ben"))

    assert office.states("eyes") == ["completed"]


def test_four_eyes_see_through_a_substitute(office):
    office.deploy(FOUR_EYES)
    office.start("eyes")
    office.complete("draft", actor=person("ann"))
    from engine.commands.reassign_user_task import reassign_user_task

    with pytest.raises(NotPermitted, match="Four-eyes"):
        office.do(reassign_user_task, user_task_id=office.task("approve").id, to="ann")
    office.do(reassign_user_task, user_task_id=office.task("approve").id, to="ben")

    with pytest.raises(NotPermitted, match="Four-eyes"):
        office.complete("approve", actor=person("ann", stands_in_for=("ben",)))


FORM = b"""{"type": "default", "id": "offer", "schemaVersion": 16, "components": [
  {"type": "number", "key": "amount", "label": "Amount", "validate": {"required": true, "min": 1}}]}"""
WITH_FORM = model(process("formal", line(start(), user_task("offer", 'praxis:formKey="offer"'), user_task("x"), end())))


def test_the_deployed_form_checks_and_types_what_is_sent(office):
    office.deploy(WITH_FORM, forms={"offer": FORM})
    case = office.start("formal")

    with pytest.raises(InvalidForm) as refused:
        office.complete("offer", {"amount": "nothing"})
    office.complete("offer", {"amount": "12", "unknown": 1})

    assert set(refused.value.errors) == {"amount"}
    assert office.variables(case.process_instance_id) == {"amount": 12}


BRANCHES = [f"part_{number}" for number in range(6)]
PARALLEL = model(
    process(
        "parallel",
        line(start(), '<bpmn:parallelGateway id="split"/>'),
        line('<bpmn:parallelGateway id="join"/>', end()),
        *(user_task(each) + flow("split", each) + flow(each, "join") for each in BRANCHES),
    )
)


def test_people_who_complete_branches_of_one_case_at_once_never_see_a_conflict(office):
    office.deploy(PARALLEL)
    case = office.start("parallel").process_instance_id
    ready = threading.Barrier(len(BRANCHES))
    problems = []

    def work_on(element_id):
        task_id = office.task(element_id).id
        ready.wait()
        try:
            office.do(complete_user_task, user_task_id=task_id, variables={element_id: "done"})
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work_on, args=(each,)) for each in BRANCHES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert office.state(case) == "completed"
    assert office.variables(case) == dict.fromkeys(BRANCHES, "done")
    assert office.differences() == []


def test_of_many_clicks_on_one_button_at_once_one_completes_the_task(office):
    office.deploy(TWO_TASKS)
    office.start("two")
    task_id = office.task("first").id
    ready = threading.Barrier(5)
    outcomes = []

    def click():
        ready.wait()
        outcomes.append(office.do(complete_user_task, user_task_id=task_id, completion_key="one click"))

    threads = [threading.Thread(target=click) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome.is_repeated for outcome in outcomes) == [False, True, True, True, True]
    assert office.open_tasks() == ["second"]


LOOP = model(
    process(
        "loop",
        start(),
        user_task("again"),
        script_task("count", "{n: n + 1}"),
        exclusive("enough", default="enough_to_again"),
        end(),
        flow("start", "again"),
        flow("again", "count"),
        flow("count", "enough"),
        flow("enough", "again"),
        flow("enough", "end", "stop = true"),
    )
)


def test_the_number_of_statements_does_not_depend_on_the_age_of_the_case(office):
    office.deploy(LOOP)
    office.start("loop", {"n": 0, "stop": False})
    office.complete("again")

    with counted_statements(office.store) as young:
        task = office.do(complete_user_task, user_task_id=office.task("again").id)
    for _ in range(200):
        task = office.do(complete_user_task, user_task_id=task.user_task_ids[0])
    with counted_statements(office.store) as old:
        office.do(complete_user_task, user_task_id=office.task("again").id)

    assert old == young
    assert len(old) <= 12
    assert office.visits("count") == 203
