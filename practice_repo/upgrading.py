"""A variant on a newer version of its practice: the three packages, the resolutions, and what comes of them."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.conflicts import Resolution
from practice_repo.algebra.operations import operations_from_json
from practice_repo.algebra.options import apply_options
from practice_repo.algebra.package import Package
from practice_repo.algebra.rebasing import Rebased, rebase
from practice_repo.contents import get_trees
from practice_repo.practice import CARD, read_card
from practice_repo.tables import PracticeCandidate, PracticeResolution, PracticeUpgrade, PracticeVersion
from practice_repo.workspace import with_lineage

MOST_OUTCOMES = 32
_outcomes: dict[tuple[str, str, str, str], Rebased] = {}
_lock = threading.Lock()
UPGRADE, CANDIDATE = PracticeUpgrade.__table__.c, PracticeCandidate.__table__.c


@dataclass(frozen=True)
class Sides:
    """The version that a variant comes from, the variant, and the newer version; options are applied to both ends."""

    base: Package
    variant: Package
    new_base: Package
    released: Package  # the newer version without answers, with its lineage: the origin from then on


def find_upgrade(work: Work, upgrade_id: str, actor: Actor) -> Row[Any]:
    """The upgrade with its candidate. Raises NotFound when it is not there for this actor."""
    statement = (
        select(
            PracticeUpgrade.__table__,
            CANDIDATE.draft,
            CANDIDATE.choices,
            CANDIDATE.component,
            CANDIDATE.origin,
            CANDIDATE.title,
            CANDIDATE.item_id,
            CANDIDATE.origin_version_id,
        )
        .join(PracticeCandidate.__table__, CANDIDATE.id == UPGRADE.candidate_id)
        .where(UPGRADE.id == upgrade_id)
    )
    found = work.execute(statement).one_or_none()
    if found is None:
        raise NotFound(f"There is no upgrade {upgrade_id}: look again.")
    actor.must_see(found.enterprise_id, f"The upgrade {upgrade_id}")
    return found


def sides(work: Work, upgrade: Row[Any]) -> Sides:
    """What is merged. A component sees only its own files of the two versions."""
    columns = PracticeVersion.__table__.c
    newer = work.execute(select(columns.files).where(columns.id == upgrade.to_version_id)).scalar_one()
    trees = [upgrade.origin, upgrade.draft, _part(newer, upgrade.component)]
    base, variant, plain = get_trees(work, trees)
    base, variant, new_base = Package(base), Package(variant), with_lineage(plain)
    choices = _lasting(upgrade.choices, base, new_base)
    if not choices:
        return Sides(base, variant, new_base, new_base)
    return Sides(apply_options(base, choices), variant, apply_options(new_base, choices), new_base)


def _part(tree: Mapping[str, str], component: list[str] | None) -> dict[str, str]:
    return {name: digest for name, digest in tree.items() if component is None or name in component}


def _lasting(choices: Mapping[str, str], base: Package, new_base: Package) -> dict[str, str]:
    """The answers that both versions know; others have become operations of the variant's own."""
    known = [_answers(package) for package in (base, new_base)]
    return {point: option for point, option in choices.items() if all((point, option) in each for each in known)}


def _answers(package: Package) -> set[tuple[str, str]]:
    if CARD not in package.files:
        return set()
    card = read_card(package.files[CARD].decode())
    return {(point.key, option.key) for point in card.variation_points for option in point.options}


def stored_resolutions(work: Work, upgrade: Row[Any]) -> tuple[dict[str, Resolution], frozenset[str]]:
    """Resolutions by conflict id, and which of them are only remembered from an earlier time."""
    own = {id: resolution_of(id, content) for id, content in upgrade.resolutions.items()}
    columns = PracticeResolution.__table__.c
    statement = select(columns.conflict_id, columns.resolution).where(columns.enterprise_id == upgrade.enterprise_id)
    remembered = {row.conflict_id: resolution_of(row.conflict_id, row.resolution) for row in work.execute(statement)}
    return {**remembered, **own}, frozenset(remembered.keys() - own.keys())


def resolution_of(conflict_id: str, content: Mapping[str, Any]) -> Resolution:
    return Resolution(conflict_id, content["choice"], operations_from_json(content["operations"]))


def rebased(packages: Sides, resolutions: Mapping[str, Resolution]) -> Rebased:
    """The variant on the newer version. The last outcomes are kept: trying out, deciding and finishing ask the same."""
    answers = tuple(resolutions[conflict_id] for conflict_id in sorted(resolutions))
    content = json.dumps([answer.to_json() for answer in answers], sort_keys=True)
    key = (packages.base.digest, packages.variant.digest, packages.new_base.digest, content)
    with _lock:
        found = _outcomes.get(key)
    if found is None:
        found = rebase(packages.base, packages.variant, packages.new_base, resolutions=answers)
        with _lock:
            _outcomes[key] = found
            while len(_outcomes) > MOST_OUTCOMES:
                _outcomes.pop(next(iter(_outcomes)))
    return found
