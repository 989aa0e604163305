"""Decide a conflict between a variant and the newer version of its practice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.operations import Operation
from practice_repo.permissions import must_tailor
from practice_repo.tables import PracticeResolution, PracticeUpgrade
from practice_repo.upgrading import find_upgrade, rebased, sides, stored_resolutions

CHOICES = ("ours", "theirs", "combine", "edit")


def resolve_conflict(
    work: Work,
    *,
    upgrade_id: str,
    conflict_id: str,
    choice: str,
    operations: Sequence[Operation] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Keep ours, take theirs, combine, or `edit` with operations of one's own.

    The same conflict is decided alike next time, in any variant of the enterprise. Raises InvalidInput for a conflict
    that the upgrade does not have.
    """
    must_tailor(actor)
    if choice not in CHOICES or (choice == "edit") != bool(operations):
        raise InvalidInput(f"A conflict is decided by one of {', '.join(CHOICES)}; only 'edit' has operations.")
    found = find_upgrade(work, upgrade_id, actor)
    must_be_open(found)
    _must_exist(work, found, conflict_id)
    content = {"choice": choice, "operations": [operation.to_json() for operation in operations]}
    row = work.session.get(PracticeUpgrade, upgrade_id, with_for_update=True)
    row.resolutions = {**row.resolutions, conflict_id: content}
    _remember(work, found.enterprise_id, conflict_id, content, actor, now)


def must_be_open(upgrade: Any) -> None:
    if upgrade.state != "open":
        raise InvalidState(f"The upgrade of '{upgrade.title}' is {upgrade.state} already.")


def _must_exist(work: Work, upgrade: Any, conflict_id: str) -> None:
    packages = sides(work, upgrade)
    resolutions, _ = stored_resolutions(work, upgrade)
    known = {each.id for each in rebased(packages, {}).conflicts}
    if conflict_id not in known:
        known |= {each.id for each in rebased(packages, resolutions).conflicts}
    if conflict_id not in known:
        raise InvalidInput("The upgrade has no such conflict any more: reload it.")


def _remember(
    work: Work, enterprise_id: str, conflict_id: str, content: dict[str, Any], actor: Actor, now: datetime
) -> None:
    dialect = postgresql if work.on_postgresql else sqlite
    statement = dialect.insert(PracticeResolution).values(
        enterprise_id=enterprise_id, conflict_id=conflict_id, resolution=content, at=now, by=actor.id
    )
    kept = {name: statement.excluded[name] for name in ("resolution", "at", "by")}
    work.execute(statement.on_conflict_do_update(index_elements=["enterprise_id", "conflict_id"], set_=kept))
