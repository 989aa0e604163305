"""What finished rollouts teach about the next guess."""

from decimal import Decimal

import pytest

from practice_repo.experience import Experience, Promise, experience, promises
from tests.practice_repo.nba.test_deciding import finish


def kept(share: float, area: str = "service") -> Promise:
    return Promise(area, Decimal(100), Decimal(str(100 * share)))


def test_without_rollouts_a_guess_counts_as_it_is():
    assert experience([], "service") == Experience(Decimal(1), 0.5, 0)


@pytest.mark.parametrize(
    ("promises", "share"),
    [
        ([kept(0.4)], "0.8000"),  # one of three says 0.4
        ([kept(0.4)] * 4, "0.6000"),
        ([kept(0.4, "sales")], "0.8800"),  # another area counts half
        ([kept(-5)] * 50, "0.1000"),  # a guess never counts as nothing, and one rollout no more than all
        ([kept(2)], "1.3333"),
    ],
)
def test_the_more_rollouts_the_more_they_count(promises, share):
    assert experience(promises, "service").share == Decimal(share)


def test_guesses_that_come_true_make_the_next_one_surer():
    assert experience([kept(1)] * 6, "service").error < 0.3
    assert experience([kept(0.1), kept(1.9)] * 6, "service").error > 0.7


def test_a_measured_outcome_changes_the_next_recommendation(office):
    """Service delivers a fifth of what it promised, so that sales goes first afterwards."""
    for key, area, effect in (("A", "service", 400), ("B", "service", 300), ("C", "sales", 290)):
        office.adds(key, effect, 100, area=area, department=area)
    office.scans()
    assert [each.key for each in office.page().recommendation.runners_up] == ["B", "C"]
    finish(office, office.decides("accept").rollout_id, effect=Decimal(80), cost=Decimal(100))
    office.scans()
    view = office.page().recommendation
    assert (view.next.key, view.next.effect) == ("C", Decimal("243.60"))
    assert view.inputs["activities"]["B"]["experience"] == {"share": "0.7333", "rollouts": 1}


def test_what_comes_true_as_it_was_corrected_leaves_the_correction_alone(office):
    """B is promised 400, counted as 320, and brings 240: as much of its guess as A did, not a disappointment less."""
    for key in ("A", "B"):
        office.adds(key, 400, 100, area="service")
    for actual in (240, 240):
        office.scans()
        finish(office, office.decides("accept").rollout_id, effect=Decimal(actual), cost=Decimal(100))
    with office.store.reading() as work:
        kept = promises(work, "demo")
    assert [each.error for each in kept] == [pytest.approx(-0.4), pytest.approx(-0.4)]
