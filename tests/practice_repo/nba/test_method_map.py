"""Where an enterprise stands in the method: the map, the checklists, usability and the tree of benefits."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.note_form_errors import note_form_errors
from engine.commands.save_draft import save_draft
from engine.commands.start_process import start_process
from engine.commands.unclaim_user_task import unclaim_user_task
from engine.store.actor import Actor
from engine.store.tables import UserTask
from practice_repo.activities import STEPS
from practice_repo.commands.add_need import add_need
from practice_repo.commands.change_activity import change_activity
from practice_repo.commands.cover_need import cover_need
from practice_repo.commands.make_available import make_available
from practice_repo.method_steps import OpenPoint, benefits, steps
from practice_repo.nba_tables import NbaRecommendation, NbaRollout
from practice_repo.practice import Text, read_practice, shipped_practices
from practice_repo.queries.benefits import Leaf, benefit_tree
from practice_repo.queries.checklists import iris, servings, winer
from practice_repo.queries.method_map import STATIONS, method_map
from practice_repo.queries.usability import usability
from practice_repo.validation import Bench, validate
from tests.practice_repo.nba.conftest import Office, expecting
from tests.practice_repo.nba.measured_practice import greetings
from tests.practice_repo.workspace.shelf import practice
from tests.support.office import counted_statements


def where(office):
    return office.ask(method_map, enterprise_id="demo")


def checked(office, candidate_id: str) -> None:
    validate(office.store, candidate_id=candidate_id, actor=office.nora, now=office.now, bench=Bench())


def winer_of(office, **figures):
    found = office.ask(winer, enterprise_id="demo", customer_base=figures)
    return {each.step.key: each for each in found.steps}


def iris_of(office, people=None, topics=()):
    people = people or {}
    return office.ask(
        iris, enterprise_id="demo", now=office.now, people_by_role=people, people=len(people), topics=topics
    )


# The map --------------------------------------------------------------------------------------------------------------


def test_the_place_moves_from_need_to_contribution_with_what_people_do(office):
    places = [where(office).here]
    office.do(add_need, title="Answer sooner", priority="must")
    office.ship(practice())
    places.append(where(office).here)
    candidate_id = office.acquired()
    places.append(where(office).here)
    checked(office, candidate_id)
    places.append(where(office).here)
    office.do(make_available, candidate_id=candidate_id)
    places.append(where(office).here)
    office.adds("K01", 200, 100)
    office.scans()
    places.append(where(office).here)
    office.decides("accept")
    places.append(where(office).here)

    assert places == [
        "needs",
        "acquisition",
        "modification",
        "conversion",
        "ranking",
        "recommendation",
        "execution",
    ]


def test_the_numbers_are_those_of_the_enterprise(office):
    office.ship(practice())
    first = office.do(add_need, title="Answer sooner", priority="must")
    office.do(add_need, title="Sell more", priority="could")
    before = where(office)
    candidate_id = office.acquired()
    office.do(cover_need, need_id=first, kind="candidate", target_id=candidate_id, degree="partial")
    office.adds("K01", 200, 100)
    office.adds("K02")
    office.scans()
    found = where(office)

    assert (before.not_acquired, found.not_acquired) == (1, 0)
    assert found.library == {"process": 1}
    assert found.candidates == {"acquired": 1}
    assert (found.needs_open, found.needs_uncovered) == (2, 1)
    assert (found.activities, found.without_estimate) == ({"available": 2}, 1)
    assert found.recommendation.name == Text("Practice K01", "Practice K01")
    assert (found.recommendation.index, found.recommendation.scanned) == ("1", 1)
    assert {"modification", "recommendation", "needs"} <= found.busy <= set(STATIONS)


def test_a_rollout_is_counted_with_its_phase_and_afterwards_as_in_place(office):
    office.adds("K01", 200, 100)
    office.scans()
    rollout_id = office.decides("accept").rollout_id
    running = where(office)
    office.store.run(
        lambda work: work.execute(update(NbaRollout).where(NbaRollout.id == rollout_id).values(state="completed"))
    )

    assert (running.rollouts, running.phases) == ({"running": 1}, {"planning": 1})
    assert (where(office).rollouts, where(office).phases) == ({"completed": 1}, {})


def test_a_stale_recommendation_leads_back_to_the_ranking(office):
    office.adds("K01", 200, 100)
    office.scans()
    office.store.run(lambda work: work.execute(update(NbaRecommendation).values(stale_since=office.now)))

    found = where(office)

    assert (found.here, found.recommendation.is_stale) == ("ranking", True)


def test_the_end_is_a_station_of_its_own(office):
    office.scans()

    found = where(office)

    assert (found.here, found.recommendation.state, found.recommendation.name) == ("none_left", "ended", None)


def test_other_enterprises_see_nothing_of_it(office):
    office.ship(practice())
    office.acquired()
    office.do(add_need, title="Answer sooner", priority="must")
    office.adds("K01", 200, 100)
    office.scans()

    found = office.ask(method_map, enterprise_id="machines")

    assert (found.candidates, found.needs, found.activities, found.recommendation) == ({}, {}, {}, None)
    assert (found.here, found.has_profile, found.not_acquired) == ("needs", False, 1)


def test_the_map_takes_the_same_statements_however_much_there_is(sqlite_office):
    def count() -> int:
        with counted_statements(sqlite_office.store) as sent:
            where(sqlite_office)
        return len(sent)

    few = count()
    sqlite_office.adds_the_vector()
    for number in range(5):
        sqlite_office.do(add_need, title=f"Need {number}", priority="could")
    sqlite_office.scans()

    assert count() == few <= 20


# The checklists -------------------------------------------------------------------------------------------------------


def test_a_step_goes_from_gap_to_in_place(office):
    states = [winer_of(office)["database"].state]
    office.ship(practice())  # of capability C01
    states.append(winer_of(office)["database"].state)
    candidate_id = office.acquired()
    states.append(winer_of(office)["database"].state)
    checked(office, candidate_id)
    office.do(make_available, candidate_id=candidate_id)
    states.append(winer_of(office)["database"].state)
    states.append(winer_of(office, customers=3)["database"].state)

    assert states == ["gap", "to_acquire", "begun", "begun", "in_place"]


def test_what_could_be_acquired_is_named(office):
    office.ship(practice())

    step = winer_of(office)["database"]

    assert [(each.item_id, each.status) for each in step.candidates] == [("welcome", "in_library")]
    assert [each.item_id for each in winer_of(office)["analysis"].practices] == []


def test_a_deployed_process_counts_as_in_use(desk_with_practice):
    office, candidate_id = desk_with_practice

    [found] = office.ask(servings, enterprise_id="demo")
    [elsewhere] = office.ask(servings, enterprise_id="machines")

    assert (found.status, found.candidate_id) == ("in_place", candidate_id)
    assert (elsewhere.status, elsewhere.candidate_id) == ("in_library", None)


def test_open_points_keep_a_step_from_being_in_place():
    nobody = OpenPoint("consents", "none", Text("", ""), "customers")
    some = OpenPoint("without_consent", "some", Text("", ""), "customers")

    assert nobody.applies({})
    assert nobody.applies({"consents": 0})
    assert not nobody.applies({"consents": 2})
    assert some.applies({"without_consent": 2})
    assert not some.applies({"without_consent": 0})


def test_roles_without_people_are_found(desk_with_practice):
    office, _ = desk_with_practice

    alone, staffed = iris_of(office), iris_of(office, {"sales_rep": 2})

    assert [(role.key, role.people) for role in alone.roles] == [("sales_rep", 0)]
    assert [(role.key, role.people) for role in staffed.roles] == [("sales_rep", 2)]
    [step] = [each for each in staffed.steps if each.step.key == "organisation"]
    assert dict(step.figures) == {"roles_staffed": 1, "roles_empty": 0, "people": 1}
    assert step.state == "in_place"


def test_activities_stand_at_their_step(office):
    activity_id = office.adds("K01", 200, 100)
    office.do(change_activity, activity_id=activity_id, step="monitoring")

    found = {each.step.key: [one.key for one in each.activities] for each in iris_of(office).steps}

    assert found == {key: (["K01"] if key == "monitoring" else []) for key in STEPS}


def test_services_without_a_handler_are_named(desk_with_practice):
    office, _ = desk_with_practice

    assert iris_of(office).topics_without == ("crm.gift",)
    assert iris_of(office, topics=("crm.gift",)).topics_without == ()


def test_checklists_take_the_same_statements_however_much_there_is(sqlite_office):
    def count() -> int:
        with counted_statements(sqlite_office.store) as sent:
            winer_of(sqlite_office)
            iris_of(sqlite_office)
        return len(sent)

    sqlite_office.ship(practice())
    few = count()
    sqlite_office.adds_the_vector()
    sqlite_office.acquired()
    sqlite_office.do(add_need, title="Answer sooner", priority="must")

    assert count() == few <= 25


# What is shipped ------------------------------------------------------------------------------------------------------


def test_the_parts_of_iris_are_the_steps_of_activities():
    assert {each.key: each.name for each in steps("iris")} == STEPS
    assert len(steps("winer")) == 7


def test_every_shipped_kpi_is_a_leaf_of_the_tree_and_every_leaf_is_shipped():
    cards = [read_practice(folder).card for folder in shipped_practices()]
    shipped = {f"{card.id}.{kpi.key}" for card in cards if card.area != "method" for kpi in card.kpis}
    leaves = {path for each in benefits() for path in each.kpis}

    assert (shipped - leaves, leaves - shipped) == (set(), set()), "write them into practice_repo/data/benefits.toml"


# Usability ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def calls(store, clock):
    """An office whose people call customers with a form."""
    office = Office(store, clock)
    office.ship(greetings())
    candidate_id = office.acquired()
    checked(office, candidate_id)
    office.do(make_available, candidate_id=candidate_id)
    return office


ROSA = Actor("rosa", frozenset({"sales_rep"}), enterprise_id="demo")


def task_of(office) -> str:
    """A new case's task."""
    started = office.do(start_process, enterprise_id="demo", process_id="welcome", actor=ROSA)
    with office.store.reading() as work:
        statement = select(UserTask.id).where(UserTask.process_instance_id == started.process_instance_id)
        return work.execute(statement).scalar_one()


def does(office, task_id: str, minutes: float, **variables) -> None:
    office.do(claim_user_task, user_task_id=task_id, actor=ROSA)
    office.clock.pass_by(minutes=minutes)
    office.do(complete_user_task, user_task_id=task_id, variables={"note": "glad"} | variables, actor=ROSA)


def used(office, **people):
    people = people or {"sales_rep": {"rosa", "li"}}
    return office.ask(usability, enterprise_id="demo", people_by_role=people, now=office.now)


def test_the_time_of_a_form_is_the_median_from_claim_to_completion(calls):
    for minutes in (2, 10, 60):
        does(calls, task_of(calls), minutes)

    [form] = used(calls).forms

    assert (form.form_key, form.tasks, form.completed, form.median_minutes, form.fields) == ("call", 3, 3, 10.0, 1)
    assert (form.pain, form.is_long) == (0.0, False)


def test_what_is_given_back_refused_or_left_lying_hurts(calls):
    first, second, third, _fourth = (task_of(calls) for _ in range(4))
    for task_id in (first, second, third):
        calls.do(claim_user_task, user_task_id=task_id, actor=ROSA)
    calls.do(unclaim_user_task, user_task_id=first, actor=ROSA)
    calls.do(note_form_errors, user_task_id=second, fields=["note"], actor=ROSA)
    calls.do(save_draft, user_task_id=third, values={"note": "later"}, actor=ROSA)
    [soon] = used(calls).forms
    calls.clock.pass_by(days=4)
    [later] = used(calls).forms

    assert (later.tasks, later.given_back, later.refused) == (4, 1, 1)
    assert (soon.abandoned, later.abandoned) == (0, 1)
    assert later.pain == pytest.approx(0.75)


def test_old_work_is_not_counted(calls):
    does(calls, task_of(calls), 5)
    calls.clock.pass_by(weeks=13)

    assert used(calls).forms == ()


def test_adoption_is_the_share_of_a_role_s_people_who_work_with_it(calls):
    does(calls, task_of(calls), 5)
    task_of(calls)

    [role] = used(calls).roles
    [nobody] = used(calls, other={"kim"}).roles

    assert (role.role, role.people, role.active, role.adoption) == ("sales_rep", 2, 1, 0.5)
    assert (role.completed, role.open, role.overdue, role.overdue_share) == (1, 1, 0, 0.0)
    assert (nobody.people, nobody.adoption) == (0, None)


def test_surveys_and_training_of_rollouts_are_shown_by_role(office):
    office.adds("K01", 200, 100)
    office.scans()
    rollout_id = office.decides("accept").rollout_id
    plan = {"resistance": {"sales_rep": "4", "clerk": 2}, "trained": {"sales_rep": 3}}
    office.store.run(lambda work: work.execute(update(NbaRollout).where(NbaRollout.id == rollout_id).values(plan=plan)))

    found = {role.role: role for role in used(office).roles}

    assert {key: (role.resistance, role.trained, role.resists) for key, role in found.items()} == {
        "sales_rep": (4.0, 3, True),
        "clerk": (2.0, 0, False),
    }


def test_what_people_said_in_rollouts_is_kept_together(office):
    office.adds("K01", 200, 100)
    office.scans()
    rollout_id = office.decides("accept").rollout_id
    plan = {"resistance_note": "Too many fields", "usability": "  "}
    silent = used(office).voices
    office.store.run(lambda work: work.execute(update(NbaRollout).where(NbaRollout.id == rollout_id).values(plan=plan)))

    [voice] = used(office).voices

    assert silent == ()
    assert (voice.activity.key, voice.doubts, voice.troubles) == ("K01", "Too many fields", "")


def test_estimates_without_a_reserve_for_resistance_are_counted(office):
    office.adds("K01", 200, 100)
    office.estimates(office.adds("K02"), expecting(90, 30, resistance_share=Decimal("0.15"), success=Decimal("0.8")))

    found = used(office)

    assert [(each.activity.key, str(each.share), str(each.success)) for each in found.reserves] == [
        ("K02", "0.15", "0.8"),
        ("K01", "0", "1"),
    ]
    assert found.without_reserve == 1


# Benefits -------------------------------------------------------------------------------------------------------------


STEADY = (0.4, 0.41, 0.4, 0.39)


def leaf(value, before, better="higher", target=None, weekly=STEADY) -> Leaf:
    return Leaf("p", Text("", ""), "k", Text("", ""), "share", better, value, before, 5, weekly, target)


def test_a_trend_knows_which_way_is_better():
    assert [leaf(*each).trend for each in ((0.5, 0.4), (0.3, 0.4), (0.4, 0.4), (0.5, None), (None, 0.4))] == [
        "better",
        "worse",
        "same",
        None,
        None,
    ]
    assert leaf(3, 5, "lower").trend == "better"
    assert leaf(3, 5, "lower", target=2).misses_target
    assert not leaf(3, 5, "lower", target=4).misses_target


def test_what_weeks_differ_by_chance_is_no_trend():
    assert leaf(0.5, 0.4, weekly=(0.1, 0.9, 0.3, 0.7)).trend == "same"
    assert leaf(0.5, 0.4, weekly=(0.5, None, 0.5)).trend is None


def test_the_tree_shows_the_kpis_of_practices_in_use(calls, monkeypatch):
    monkeypatch.setattr("practice_repo.queries.benefits.benefits", lambda: (BRANCH,))
    for _ in range(2):
        does(calls, task_of(calls), 30)
    calls.clock.pass_by(weeks=1)

    tree = calls.ask(benefit_tree, enterprise_id="demo", now=calls.now)
    [branch] = tree.branches

    assert [(each.key, each.n) for each in branch.leaves if each.value is not None] == [("mean_hours", 2)]
    assert branch.leaves[0].value == pytest.approx(0.5, abs=0.01)
    assert [week is None for week in branch.leaves[0].weekly] == [True] * 7 + [False]
    assert (branch.known, branch.not_in_use, branch.candidates) == (1, 1, ())


def test_practices_that_would_bring_more_are_named(sqlite_office, monkeypatch):
    monkeypatch.setattr("practice_repo.queries.benefits.benefits", lambda: (BRANCH,))

    sqlite_office.ship(greetings())

    [branch] = sqlite_office.ask(benefit_tree, enterprise_id="demo", now=sqlite_office.now).branches

    assert (branch.leaves, branch.not_in_use) == ((), 2)
    assert [each.item_id for each in branch.candidates] == ["welcome"]


BRANCH = type(benefits()[0])("quality", Text("Quality", "质量"), Text("", ""), ("welcome.mean_hours", "welcome.other"))
