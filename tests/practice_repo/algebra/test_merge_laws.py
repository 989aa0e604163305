"""The laws of merging, on seeded mutations of packs and generated models.

In full: `python -m tests.benchmarks.merge`.
"""

import pytest

from engine.bpmn.layout.quality import measure
from practice_repo.algebra.document import read_document
from practice_repo.algebra.merging import merge
from practice_repo.algebra.package import Package
from tests.benchmarks.merge import LAWS, NAME, Tally, cases, models, run_anywhere, run_regions
from tests.support.mutations import mutate, pack_files, pack_models

SMALL = {name: content for name, content in models(4).items() if len(content) < 40_000}
MOST_FALSE_CONFLICTS = 0.05


def broken(tally: Tally) -> dict[str, list[str]]:
    return {law: tally.places[law] for law in LAWS if tally.broken[law]}


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_the_laws_hold_wherever_both_sides_change(count):
    tally = run_anywhere(4, seed=40 + count, sources=SMALL, counts=(count,))

    assert tally.tried["no_loss"] == 4
    assert broken(tally) == {}


def test_sides_that_keep_to_their_regions_seldom_meet():
    tally = run_regions(10, seed=50, sources=SMALL, counts=(1, 2, 4))

    assert broken(tally) == {}
    assert tally.share("false_conflict") <= MOST_FALSE_CONFLICTS


def test_what_a_merge_draws_stands_on_nothing_else():
    for _place, count, content, case in cases(8, 60, pack_models(), (1, 2, 4)):
        sides = [mutate({NAME: content}, case * 2 + side, count).content for side in (0, 1)]
        documents = [read_document(NAME, each) for each in (content, *sides)]

        merged = merge(*documents)

        before, after = measure(sides[0]), measure(merged.result.write())
        assert set(after.overlaps) <= set(before.overlaps)
        assert set(after.slanted) <= set(before.slanted)
        assert set(after.loose_ends) <= set(before.loose_ends)


def test_the_laws_hold_for_whole_practices():
    files = pack_files("service/ticket_to_dispatch")
    base = Package(files)
    ours, theirs = (Package(mutate(files, seed, 4).files) for seed in (71, 72))

    merged, turned = merge(base, ours, theirs), merge(base, theirs, ours)

    assert merge(base, ours, base).result.digest == ours.digest
    assert merge(base, ours, ours).result.digest == ours.digest
    assert not merged.lost
    assert merged.is_clean == turned.is_clean
    assert not merged.is_clean or merged.result.meaning == turned.result.meaning
