"""What everybody measured helps everybody, and tells of nobody."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from engine.errors import InvalidInput, NotFound
from engine.store.types import new_id
from practice_repo.commands.publish import publish
from practice_repo.commands.record_evidence import record_evidence
from practice_repo.contributing import pseudonym_of
from practice_repo.expectations import Expectation, ExpectedCost
from practice_repo.nba_tables import NbaActivity, NbaEstimate, NbaRollout
from practice_repo.next_best_activity.estimates import cost_factor
from practice_repo.outcomes.evidence import Evidence
from practice_repo.queries.evidence import evidence, library_effects, own_evidence, projects
from practice_repo.queries.library import library
from tests.practice_repo.workspace.conftest import Desk
from tests.practice_repo.workspace.shelf import practice
from tests.support.office import counted_statements

AT = datetime(2026, 3, 2, tzinfo=UTC)
KEY = ("welcome", "calls")


def record(enterprise="Fox", *, item="welcome", kpi="calls", effect=20.0, baseline=100.0, sd=10.0, n=100, **about):
    """Evidence of an effect of `effect` on a KPI that was `baseline`, with a standard error of sd / 10."""
    usual = {
        "package_digest": "d" * 64,
        "version": "1.0.0",
        "unit": "count",
        "better": "higher",
        "after": baseline + effect,
        "method": "before-after",
        "window_start": date(2026, 1, 5),
        "window_end": date(2026, 3, 1),
        "at": AT,
        "context": {"industry": "machinery"},
    }
    numbers = {"baseline": baseline, "effect": effect, "sd": sd, "n": n}
    return Evidence(item=item, enterprise=enterprise, kpi=kpi, **usual | numbers | about)


class Library:
    """Evidence comes in, effects go out."""

    def __init__(self, desk):
        self.desk = desk
        self.days = 0

    def gets(self, *records, **about):
        """Each a day later than the one before."""
        for each in records:
            self.days += 1
            moved = Evidence(**{**vars(each), "at": each.at + timedelta(days=self.days)})
            self.desk.store.run(lambda work, it=moved: record_evidence(work, evidence=it, now=self.desk.now, **about))

    def own_name(self):
        return self.desk.store.run(lambda work: pseudonym_of(work, "demo"))

    def effects(self, *wanted, industry="machinery"):
        asked = {"enterprise_id": "demo", "industry": industry, "wanted": set(wanted) or {KEY}}
        return self.desk.ask(library_effects, **asked)

    def effect(self, **how):
        return self.effects(**how).get(KEY)


def shelved(desk):
    desk.ship(practice())
    return Library(desk)


@pytest.fixture
def shelf(store, clock):
    """A library with one practice, on each kind of database."""
    return shelved(Desk(store, clock))


@pytest.fixture
def sqlite_shelf(sqlite_store, clock):
    """The same on SQLite, for what does not depend on the database."""
    return shelved(Desk(sqlite_store, clock))


# Effects --------------------------------------------------------------------------------------------------------------


def test_three_enterprises_give_an_effect_as_a_share_of_the_baseline(shelf):
    shelf.gets(record("Fox", effect=18), record("Owl", effect=22), record("Ibis", effect=20))

    found = shelf.effect()

    assert found.mean == pytest.approx(0.2, abs=0.005)
    assert 0 < found.deviation < 0.05
    assert (found.outcomes, found.in_industry, found.enterprises, found.own) == (3, 3, 3, 0)
    assert found.said.startswith("based on 3 deployments, 3 in your industry")
    assert shelf.effects(("welcome", "other")) == {}
    assert shelf.effects(KEY, ("nothing", "calls")) == {KEY: found}


def test_what_fewer_than_three_others_measured_is_not_told(shelf):
    shelf.gets(record("Fox"), record("Fox", effect=30), record("Owl"))

    assert shelf.effect() is None


def test_the_own_measurement_counts_alone_until_three_others_have_measured(shelf):
    own = shelf.own_name()
    shelf.gets(record("Fox", effect=60), record(own, effect=10), record("Owl", effect=60))

    alone = shelf.effect()
    shelf.gets(record("Ibis", effect=60))
    together = shelf.effect()

    assert (alone.mean, alone.outcomes, alone.enterprises, alone.own) == (pytest.approx(0.1), 1, 1, 1)
    assert alone.said == "based on 1 own measurement"
    assert (together.outcomes, together.enterprises, together.own) == (4, 4, 1)
    assert together.mean > 0.3


def test_one_enterprise_more_changes_nothing_until_two_others_join_it(shelf):
    shelf.gets(record("Fox"), record("Owl"), record("Ibis"))
    before = shelf.effect()

    shelf.gets(record("Lynx", effect=90))
    shelf.gets(record("Lark", effect=80))
    between = shelf.effect()
    shelf.gets(record("Crane", effect=70))

    assert between == before
    assert shelf.effect().outcomes == 6
    assert shelf.effect().mean > before.mean


def test_other_industries_count_less_and_make_it_less_certain(sqlite_shelf):
    sqlite_shelf.gets(*(record(name, effect=10) for name in ("Fox", "Owl", "Ibis")))
    same, far = sqlite_shelf.effect(), sqlite_shelf.effect(industry="retail")
    retail = {"context": {"industry": "retail"}}
    sqlite_shelf.gets(*(record(name, effect=30, sd=100.0, **retail) for name in ("Lynx", "Lark", "Crane")))

    machines, shops = sqlite_shelf.effect(), sqlite_shelf.effect(industry="retail")

    assert (same.in_industry, far.in_industry) == (3, 0)
    assert far.deviation > same.deviation
    assert (machines.in_industry, shops.in_industry) == (3, 3)
    assert machines.mean < shops.mean


def test_better_methods_count_more(sqlite_shelf):
    sqlite_shelf.gets(*(record(name, effect=10, method="experiment") for name in ("Fox", "Owl", "Ibis")))
    sqlite_shelf.gets(*(record(name, effect=40, method="claim", sd=100.0) for name in ("Lynx", "Lark", "Crane")))

    assert sqlite_shelf.effect().mean < 0.2


def test_lower_is_better_where_the_card_says_so(sqlite_shelf):
    sqlite_shelf.gets(*(record(name, effect=-25, better="lower") for name in ("Fox", "Owl", "Ibis")))

    assert sqlite_shelf.effect().mean == pytest.approx(0.25)


def test_known_truth_is_promised_more_honestly_after_shrinking(sqlite_shelf):
    """The best of many noisy effects disappoints; the shrunk one does so much less, and says how far it may be off."""
    chance, truth = random.Random(3), {}
    records = []
    for number in range(30):
        kpi = f"kpi_{number}"
        truth["welcome", kpi] = chance.gauss(0.1, 0.05)
        for name in ("Fox", "Owl", "Ibis"):
            seen = truth["welcome", kpi] + chance.gauss(0, 0.12)
            records.append(record(name, kpi=kpi, effect=100 * seen, sd=120.0, method="experiment"))
    sqlite_shelf.gets(*records)

    found = sqlite_shelf.effects(*truth)

    best = max(found, key=lambda key: found[key].mean)
    raw = {key: sum(each.effect / 300 for each in records if each.kpi == key[1]) for key in truth}
    picked = max(raw, key=raw.get)
    assert found[best].mean - truth[best] < 0.6 * (raw[picked] - truth[picked])
    inside = [abs(found[key].mean - true) <= 1.2816 * found[key].deviation for key, true in truth.items()]
    assert 0.7 <= sum(inside) / len(inside) <= 1


def test_the_number_of_statements_does_not_grow_with_the_evidence(shelf):
    def selects(*wanted):
        with counted_statements(shelf.desk.store) as sent:
            shelf.effects(*wanted)
        return len([each for each in sent if each.startswith("SELECT")])

    shelf.gets(record("Fox"), record("Owl"), record("Ibis"))
    few = selects(KEY)
    shelf.gets(*(record(name, kpi=f"kpi_{n}") for n in range(4) for name in ("Fox", "Owl", "Ibis")))

    assert selects(KEY, *(("welcome", f"kpi_{n}") for n in range(4))) == few == 2


# Levels ---------------------------------------------------------------------------------------------------------------


def level(shelf):
    [row] = shelf.desk.ask(library).rows
    counted = {each.value: each.count for each in shelf.desk.ask(library).facets["evidence_level"]}
    assert counted == {str(row.evidence_level): 1}
    return row.evidence_level


def test_the_level_of_a_practice_follows_what_was_measured(shelf):
    assert level(shelf) == 0

    shelf.gets(record("Fox", method="claim"))
    assert level(shelf) == 0
    shelf.gets(record("Fox"))
    assert level(shelf) == 1
    shelf.gets(record("Owl"), record("Ibis"))
    assert level(shelf) == 2
    shelf.gets(record("Lynx", method="difference-in-differences"))
    assert level(shelf) == 3


def test_a_rollout_that_failed_proves_nothing_but_counts(shelf):
    shelf.gets(*(record(name, effect=-10, success=False) for name in ("Fox", "Owl", "Ibis")))

    assert level(shelf) == 0
    assert shelf.effect().mean == pytest.approx(-0.1)


def test_a_new_version_keeps_what_was_proven(sqlite_shelf):
    sqlite_shelf.gets(record("Fox"))

    desk = sqlite_shelf.desk
    desk.do(publish, package=practice("1.0.1", call="Call them"), actor=desk.edda)

    assert level(sqlite_shelf) == 1


def test_evidence_belongs_to_a_practice_of_the_library_and_to_somebody(sqlite_shelf):
    with pytest.raises(NotFound, match="nowhere"):
        sqlite_shelf.gets(record(item="nowhere"))
    with pytest.raises(InvalidInput, match="pseudonym"):
        sqlite_shelf.gets(record(""))


def test_records_read_back_as_they_were_measured(shelf):
    own = shelf.own_name()
    shelf.gets(record("Fox", actual_cost=Decimal("12.50"), duration_days=30, adoption_rate=0.75), record(own))

    [fox, mine] = shelf.desk.ask(evidence, item_id="welcome", kpi="calls")

    assert (fox.enterprise, fox.effect, fox.actual_cost, fox.duration_days) == ("Fox", 20, Decimal("12.50"), 30)
    assert (fox.adoption_rate, fox.context["industry"], fox.window_end) == (0.75, "machinery", date(2026, 3, 1))
    assert shelf.desk.ask(own_evidence, enterprise_id="demo") == (mine,)
    assert shelf.desk.ask(own_evidence, enterprise_id="machines") == ()
    assert shelf.desk.ask(evidence, kpi="other") == ()


# Projects -------------------------------------------------------------------------------------------------------------


def finished(shelf, name, ratio, *, area="sales", **about):
    """One rollout with two KPIs."""
    cost = Decimal(1000)
    told = {"rollout_id": new_id(), "planned_cost": cost, "area": area}
    both = (record(name, kpi=kpi, actual_cost=cost * ratio, **about) for kpi in ("calls", "gifts"))
    shelf.gets(*both, **told)


def test_projects_count_rollouts_once_and_only_those_of_three_enterprises(shelf):
    finished(shelf, "Fox", 2)
    finished(shelf, "Fox", 2)
    finished(shelf, "Owl", 3)
    assert shelf.desk.ask(projects) == []

    finished(shelf, "Ibis", 4, area="service")
    found = shelf.desk.ask(projects)

    mean = Decimal("2.6321")  # of 2, 2, 3 and 4, as factors multiply: nobody's own
    assert [(each.estimated, each.actual) for each in found] == [(1, mean)] * 4
    assert {each.family for each in found} == {"welcome"}
    assert {each.area for each in found} == {""}  # two enterprises in sales, one in service
    factor = cost_factor(found, "welcome")
    assert (factor.projects, factor.median) == (4, mean)


def test_overruns_of_many_keep_their_spread(sqlite_shelf):
    names = [f"{colour} {animal}" for colour in ("Red", "Blue", "Grey") for animal in ("Fox", "Owl", "Ibis", "Lynx")]
    for place, name in enumerate(names):
        finished(sqlite_shelf, name, 1 + Decimal(place) / 10)

    factor = cost_factor(sqlite_shelf.desk.ask(projects), "welcome")

    assert factor.projects == 12
    assert 1.4 < factor.median < 1.7 < factor.p80 < 2.1


def test_own_rollouts_always_count_and_are_held_against_what_was_estimated_then(shelf):
    desk = shelf.desk
    finished(shelf, shelf.own_name(), 9)
    assert desk.ask(projects, enterprise_id="demo") == []  # the own rollout counts, not its record

    desk.store.run(lambda work: work.session.add_all([*finished_rollout("planned", desk.now)]))
    [planned] = desk.ask(projects, enterprise_id="demo")
    desk.store.run(lambda work: work.session.add_all([*finished_rollout("estimated", desk.now, 120, 80)]))
    estimated = sorted(each.estimated for each in desk.ask(projects, enterprise_id="demo"))

    assert (planned.estimated, planned.actual, planned.area) == (100, 150, "sales")
    assert estimated == [100, 120]  # not the 80 that were estimated afterwards


def finished_rollout(key, now, *estimates):
    """An own activity that was planned at 100 and did cost 150; the second estimate came when it was over."""
    activity = NbaActivity(
        id=new_id(),
        enterprise_id="demo",
        key=key,
        title=key,
        title_zh="",
        kind="activity",
        area="sales",
        state="completed",
        created_at=now,
        created_by="max",
    )
    yield activity
    for number, amount in enumerate(estimates, 1):
        once = ExpectedCost("Training", amount=Decimal(amount))
        running = ExpectedCost("Licence", amount=Decimal(999), per_year=True)
        yield NbaEstimate(
            id=new_id(),
            activity_id=activity.id,
            number=number,
            is_current=number == len(estimates),
            content=Expectation(costs=(once, running)).to_json(),
            at=now + timedelta(days=7 * (number - 1)),
            by="max",
        )
    yield NbaRollout(
        id=new_id(),
        enterprise_id="demo",
        activity_id=activity.id,
        state="completed",
        phase="done",
        planned_start=now.date(),
        planned_finish=now.date(),
        planned_effect=Decimal(0),
        planned_cost=Decimal(100),
        actual_cost=Decimal(150),
        plan={},
        hours={},
        measured=[],
        started_at=now,
    )
