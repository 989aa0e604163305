import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.delegate_user_task import delegate_user_task
from engine.commands.note_form_errors import FORM_REFUSED, note_form_errors
from engine.commands.reassign_user_task import reassign_user_task
from engine.commands.resolve_delegation import resolve_delegation
from engine.commands.save_draft import save_draft
from engine.commands.set_due import set_due
from engine.commands.set_priority import set_priority
from engine.commands.unclaim_user_task import unclaim_user_task
from engine.errors import InvalidInput, InvalidState, NotPermitted
from engine.queries.process_instance import timeline
from engine.store.tables import Audit
from tests.support.models import end, lanes, line, model, process, start, user_task
from tests.support.office import person

TRIAGE = model(process("triage", lanes(agent=["look"]), line(start(), user_task("look"), end())))
ANN, BEN, EVE = person("ann", "agent"), person("ben", "agent"), person("eve", "accounting")


@pytest.fixture
def task_id(office):
    office.deploy(TRIAGE)
    office.start("triage")
    return office.task("look").id


def test_the_second_to_claim_is_told_who_was_first_and_when(office, clock, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)
    clock.pass_by(seconds=3)

    with pytest.raises(InvalidState, match=r"'Look' \(look\) was taken by ann 3 s ago"):
        office.do(claim_user_task, user_task_id=task_id, actor=BEN)


def test_of_twenty_who_claim_at_once_one_wins_and_nineteen_get_a_kind_message(office, task_id):
    people = [person(f"agent{number}", "agent") for number in range(20)]
    outcomes: list[str] = []
    ready = threading.Barrier(len(people))

    def claim(actor):
        ready.wait()
        try:
            office.do(claim_user_task, user_task_id=task_id, actor=actor)
            outcomes.append("won")
        except InvalidState as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=claim, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winner = office.task("look").assignee
    assert outcomes.count("won") == 1
    assert sum(f"was taken by {winner}" in outcome for outcome in outcomes) == 19


def test_claiming_again_changes_nothing(office, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)

    office.do(claim_user_task, user_task_id=task_id, actor=ANN)

    assert office.task("look").assignee == "ann"


def test_who_is_no_candidate_cannot_claim(office, task_id):
    with pytest.raises(NotPermitted, match="work for agent"):
        office.do(claim_user_task, user_task_id=task_id, actor=EVE)


def test_a_task_given_back_can_be_claimed_by_another(office, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)

    office.do(unclaim_user_task, user_task_id=task_id, actor=ANN)
    office.do(claim_user_task, user_task_id=task_id, actor=BEN)

    assert office.task("look").assignee == "ben"


def test_only_the_assignee_gives_a_task_back(office, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)

    with pytest.raises(NotPermitted, match="ann's work"):
        office.do(unclaim_user_task, user_task_id=task_id, actor=BEN)


def test_a_delegated_task_comes_back_to_its_owner(office, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)
    office.do(delegate_user_task, user_task_id=task_id, to="eve", actor=ANN, reason="numbers")

    with pytest.raises(InvalidState, match="delegated by ann to eve"):
        office.do(complete_user_task, user_task_id=task_id, actor=EVE)
    office.do(resolve_delegation, user_task_id=task_id, actor=EVE, variables={"sum": 3})

    back = office.task("look")
    assert (back.assignee, back.owner, back.draft) == ("ann", None, {"sum": 3})
    office.do(complete_user_task, user_task_id=task_id, actor=ANN)


def test_a_delegated_task_cannot_be_delegated_further(office, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)
    office.do(delegate_user_task, user_task_id=task_id, to="eve", actor=ANN)

    with pytest.raises(InvalidState, match="already delegated"):
        office.do(delegate_user_task, user_task_id=task_id, to="ben", actor=EVE)


def test_reassigning_leaves_a_trail_with_reason(office, task_id):
    office.do(reassign_user_task, user_task_id=task_id, to="ben", reason="knows the customer")

    entries = office.ask(timeline, process_instance_id=office.task("look").process_instance_id)

    entry = next(entry for entry in entries if entry.kind == "reassign")
    assert (entry.actor, entry.reason, entry.values["to"]) == ("boss", "knows the customer", "ben")
    assert office.task("look").assignee == "ben"


def test_a_substitute_completes_and_both_names_are_kept(office, task_id):
    office.do(claim_user_task, user_task_id=task_id, actor=ANN)

    office.do(complete_user_task, user_task_id=task_id, actor=person("sub", stands_in_for=("ann",)))

    done = office.task("look", "completed")
    assert (done.completed_by, done.completed_for) == ("sub", "ann")


def test_due_and_priority_can_be_changed(office, clock, task_id):
    later = clock.now() + timedelta(days=2)

    office.do(set_due, user_task_id=task_id, due_at=later, actor=ANN)
    office.do(set_priority, user_task_id=task_id, priority=80, actor=ANN)

    row = office.task("look")
    assert (row.due_at, row.due_order, row.priority) == (later, later, 80)


def test_a_priority_beyond_the_scale_is_refused(office, task_id):
    with pytest.raises(InvalidInput, match="0 to 100"):
        office.do(set_priority, user_task_id=task_id, priority=101)


def test_a_draft_survives_and_is_only_for_who_may_do_the_task(office, task_id):
    office.do(save_draft, user_task_id=task_id, values={"note": "half"}, actor=ANN)

    with pytest.raises(NotPermitted):
        office.do(save_draft, user_task_id=task_id, values={}, actor=EVE)

    assert office.task("look").draft == {"note": "half"}


def test_refused_entries_leave_the_names_of_their_fields_and_nothing_that_was_typed(office, task_id):
    office.do(note_form_errors, user_task_id=task_id, fields=["phone", "email", "phone"], actor=ANN)

    with office.store.reading() as work:
        row = work.execute(select(Audit.__table__).where(Audit.verb == FORM_REFUSED)).one()
    assert (row.user_task_id, row.actor, row.detail) == (task_id, "ann", {"fields": ["email", "phone"]})


def test_entries_of_a_task_that_is_over_are_not_noted(office, task_id):
    office.do(complete_user_task, user_task_id=task_id, actor=ANN)

    with pytest.raises(InvalidState, match="already completed"):
        office.do(note_form_errors, user_task_id=task_id, fields=["phone"], actor=ANN)
