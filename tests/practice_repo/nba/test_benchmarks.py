"""The midline: where an enterprise stands, without a word on who the others are."""

import tomllib
from functools import cache

import pytest

from practice_repo.algebra.package import Package
from practice_repo.practice import folder_files, read_practice, shipped_practices
from practice_repo.queries.benchmarks import ALL, EXAMPLES, benchmarks, examples
from tests.practice_repo.nba.measured_practice import greetings
from tests.practice_repo.nba.test_evidence import Library, record
from tests.practice_repo.workspace.conftest import Desk
from tests.support.office import counted_statements

FOLDERS = {folder.name: folder for folder in shipped_practices()}
SIX = dict(zip(("Fox", "Owl", "Ibis", "Lynx", "Lark", "Crane"), (2.1, 3.7, 4.4, 5.2, 7.9, 9.3), strict=True))


def hours(name, after, **about):
    told = {"item": "welcome", "kpi": "mean_hours", "better": "lower", "unit": "hours"}
    return record(name, after=after, baseline=10.0, effect=after - 10, **told | about)


@cache
def card_of(practice):
    return read_practice(FOLDERS[practice]).card


class Shelf(Library):
    def line(self, kpi="mean_hours", *, enterprise_id="demo", industry="machinery", **more):
        asked = {"enterprise_id": enterprise_id, "industry": industry, "now": self.desk.now}
        found = {each.kpi: each for each in self.desk.ask(benchmarks, **asked | more)}
        return found.get(kpi)


def shelved(desk):
    desk.ship(greetings())
    return Shelf(desk)


@pytest.fixture
def shelf(store, clock):
    return shelved(Desk(store, clock))


@pytest.fixture
def sqlite_shelf(sqlite_store, clock):
    return shelved(Desk(sqlite_store, clock))


def test_three_others_make_a_midline_and_two_do_not(shelf):
    shelf.gets(hours("Fox", 4.0), hours("Owl", 5.0), hours("Owl", 6.0))
    assert shelf.line() is None

    shelf.gets(hours("Ibis", 9.0))
    found = shelf.line()

    assert (found.midline.enterprises, found.midline.median) == (3, pytest.approx(19 / 3, abs=0.01))
    assert (found.midline.lower, found.own, found.percentile, found.illustrative) == (None, None, None, False)
    assert (found.name.zh, found.unit, found.better) == ("每次致电小时数", "hours", "lower")


def test_quartiles_are_shown_from_five_on_and_are_nobodys_value(shelf):
    shelf.gets(*(hours(name, after) for name, after in SIX.items()))

    found = shelf.line().midline

    assert found.lower < found.median < found.upper
    assert not {found.lower, found.median, found.upper} & set(SIX.values())


def test_the_own_value_has_a_place_among_the_others_but_is_none_of_them(shelf):
    own = shelf.own_name()
    shelf.gets(*(hours(name, after) for name, after in SIX.items()), hours(own, 3.9))

    found = shelf.line()

    assert (found.own, found.midline.enterprises) == (3.9, 6)
    assert found.percentile == pytest.approx(100 * 4 / 6)
    assert found.is_above


def test_one_enterprise_more_does_not_move_the_midline(shelf):
    shelf.gets(hours("Fox", 4.0), hours("Owl", 5.0), hours("Ibis", 9.0))
    before = shelf.line().midline

    shelf.gets(hours("Lynx", 100.0))

    assert shelf.line().midline == before


def test_a_small_industry_is_held_against_all(sqlite_shelf):
    retail = {"context": {"industry": "retail"}}
    sqlite_shelf.gets(*(hours(name, after) for name, after in SIX.items()), hours("Swan", 1.0, **retail))

    assert sqlite_shelf.line().midline.industry == "machinery"
    assert sqlite_shelf.line(industry="retail").midline.industry == ""


def test_claims_are_no_benchmarks(sqlite_shelf):
    sqlite_shelf.gets(*(hours(name, 4.0, method="claim") for name in SIX))

    assert sqlite_shelf.line() is None


def test_the_number_of_statements_does_not_grow_with_the_records(shelf):
    def selects():
        with counted_statements(shelf.desk.store) as sent:
            shelf.line()
        return len([each for each in sent if each.startswith("SELECT")])

    shelf.gets(hours("Fox", 4.0))
    few = selects()
    shelf.gets(*(hours(name, after, kpi=kpi) for name, after in SIX.items() for kpi in ("mean_hours", "glad_share")))

    assert selects() == few <= 9


# Examples -------------------------------------------------------------------------------------------------------------


def test_examples_stand_in_until_three_have_measured_and_say_so(sqlite_store, clock):
    desk = Desk(sqlite_store, clock)
    desk.ship(Package(folder_files(FOLDERS["lead_to_order"])))
    shelf = Shelf(desk)
    shelf.gets(record(shelf.own_name(), item="lead_to_order", kpi="win_rate", baseline=0.1, effect=0.1, after=0.2))

    found = shelf.line("win_rate", industry="retail")
    others = {"item": "lead_to_order", "kpi": "win_rate", "baseline": 0.1, "effect": 0.2, "after": 0.3}
    shelf.gets(*(record(name, **others, context={"industry": "retail"}) for name in ("Fox", "Owl", "Ibis")))
    real = shelf.line("win_rate", industry="retail")

    assert (found.illustrative, found.midline.enterprises, found.midline.median) == (True, 0, 0.105)
    assert "Olist" in found.source
    assert found.percentile > 75
    assert shelf.line("sales_cycle_days", industry="aviation").midline.industry == ""
    assert (real.illustrative, real.midline.median, real.source) == (False, 0.3, "")


def test_every_example_is_a_kpi_of_a_shipped_practice_and_plausible():
    for (practice, kpi), example in examples().items():
        [known] = [each for each in card_of(practice).kpis if each.key == kpi]
        for lower, median, upper in example.values.values():
            assert 0 < lower < median < upper, (practice, kpi)
            assert upper < 1 or known.unit != "share", (practice, kpi)
        assert ALL in example.values


def test_the_examples_cover_four_practices_and_four_industries_and_are_all_marked():
    assert {practice for practice, _ in examples()} == {
        "lead_to_order",
        "campaign_lifecycle",
        "ticket_to_dispatch",
        "reverse_logistics",
    }
    wide = [each for each in examples().values() if len(set(each.values) - {ALL}) >= 4]
    assert len(wide) >= 30
    assert all(each["illustrative"] is True for each in tomllib.loads(EXAMPLES.read_text())["benchmark"])


def test_sources_of_examples_are_those_of_the_cards():
    """An anchor that a card names is cited word for word, so that both can be held against each other."""
    cited = " ".join(each.source for each in examples().values())

    for word in ("Olist", "BPI Challenge 2012", "BPI Challenge 2013", "Hillstrom", "Frappe", "2011/83/EU"):
        assert word in cited
        assert any(word in anchor.source for practice, _ in examples() for anchor in card_of(practice).anchors)
