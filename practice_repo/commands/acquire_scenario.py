"""Take a scenario: the practices that it bundles, each with the scenario's answers given already (A03)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.card_kinds import Bundled
from practice_repo.commands.acquire import acquire
from practice_repo.commands.choose_options import choose_options
from practice_repo.commands.follow_item import follow_item
from practice_repo.packs.index import version_key
from practice_repo.permissions import must_tailor
from practice_repo.practice import CARD, read_card
from practice_repo.queries.library import version_id, version_package
from practice_repo.tables import PracticeVersion


@dataclass(frozen=True)
class AcquiredScenario:
    """What came into the workspace: practice id → candidate id, in the order of the bundle."""

    scenario: str
    candidates: dict[str, str]


def acquire_scenario(
    work: Work, *, item_id: str, version: str | None = None, need_id: str | None = None, actor: Actor, now: datetime
) -> AcquiredScenario:
    """The candidates made of a scenario's bundle, tailored as the scenario says.

    Of each practice the newest released version is taken that is not older than the scenario asks and has the same
    first number. Raises InvalidState when the item is no scenario, NotFound when the library lacks such a version.
    """
    must_tailor(actor)
    found = version_id(work, item_id=item_id, version=version)
    card = read_card(version_package(work, version_id=found).files[CARD].decode())
    if card.situation is None:
        raise InvalidState(f"'{item_id}' is a practice of kind {card.kind}: acquire it as it is.")
    candidates = {}
    for bundled in card.situation.bundle:
        taken = _fitting_version(work, bundled)
        title = f"{taken.card['name']['en']} ({card.name.en})"
        candidate_id = acquire(
            work, item_id=bundled.practice, version=taken.version, title=title, need_id=need_id, actor=actor, now=now
        )
        if bundled.choices:
            choose_options(work, candidate_id=candidate_id, choices=bundled.choices, actor=actor, now=now)
        candidates[bundled.practice] = candidate_id
    follow_item(work, item_id=item_id, actor=actor, now=now)
    return AcquiredScenario(item_id, candidates)


def _fitting_version(work: Work, bundled: Bundled) -> PracticeVersion:
    statement = select(PracticeVersion).where(
        PracticeVersion.item_id == bundled.practice, PracticeVersion.state == "released"
    )
    least = version_key(bundled.version)
    fitting = [
        found
        for found in work.session.scalars(statement)
        if version_key(found.version) >= least and version_key(found.version)[0] == least[0]
    ]
    if not fitting:
        raise NotFound(
            f"The library has no released version of '{bundled.practice}' from {bundled.version} on: add it first."
        )
    return max(fitting, key=lambda found: version_key(found.version))
