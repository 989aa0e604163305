"""Release a version of a practice: into the library, to everybody who follows it, and as an upgrade of its variants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.errors import AlreadyExists, InvalidInput
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.algebra.operations import Operation
from practice_repo.algebra.package import Package, package_difference, required_bump
from practice_repo.candidate_states import ENDED
from practice_repo.contents import get_files, put_files, tree_digest
from practice_repo.described import described, facet_entries, search_text
from practice_repo.notices import notify
from practice_repo.outcomes.evidence import evidence_level as measured_level
from practice_repo.permissions import must_edit_library
from practice_repo.practice import HIGHEST_EVIDENCE_LEVEL, Card, practice_of_files
from practice_repo.queries.evidence import evidence
from practice_repo.stale import mark_stale
from practice_repo.tables import (
    PracticeCandidate,
    PracticeFacet,
    PracticeFollower,
    PracticeItem,
    PracticeLineage,
    PracticeUpgrade,
    PracticeVersion,
)

EDGES = ("next", "patch", "option", "variant", "new", "scenario")


@dataclass(frozen=True)
class Published:
    """`is_new` is false when exactly these files are released already: then it is that version."""

    item_id: str
    version_id: str
    version: str
    is_new: bool
    bump: str | None = None  # major | minor | patch: what the changes are, whatever the number says
    opened_upgrades: int = 0


def publish(
    work: Work,
    *,
    package: Package,
    actor: Actor,
    now: datetime,
    notes: str = "",
    notes_zh: str = "",
    contributor: str | None = None,
    contribution_id: str | None = None,
    derived_from: str | None = None,
    edge: str = "next",
    evidence_level: int | None = None,
) -> Published:
    """Make these files the newest version of the practice that their card names.

    `derived_from` is the version (usually of another item) that they came out of, `edge` how. Followers and adopters
    get a notice, and every variant of an older version an upgrade. Raises AlreadyExists when the version's number is
    taken by other files, InvalidInput when it is not higher than the newest.
    """
    must_edit_library(actor)
    card = practice_of_files(package.files).card
    level = card.evidence_level if evidence_level is None else evidence_level
    level = max(level, measured_level(evidence(work, item_id=card.id)))  # what was proven stays proven
    if not 0 <= level <= HIGHEST_EVIDENCE_LEVEL or edge not in EDGES:
        raise InvalidInput(f"An evidence level from 0 to 3 and one of {', '.join(EDGES)} were expected.")
    tree = put_files(work, package.files)
    digest = tree_digest(tree)
    highest, latest = _highest(work, card.id)
    known = _released(work, card.id, card.version, digest)
    if known is not None:
        if known.digest != digest:
            raise AlreadyExists(f"{card.id} {card.version} is released with other files: raise the version.")
        return Published(card.id, known.id, known.version, is_new=False, bump=known.bump)
    _must_be_higher(card, highest)
    operations = _operations(work, latest, package)
    version_id = new_id()
    _keep_item(work, card, version_id, level, now, is_new=highest is None)
    version = PracticeVersion(
        id=version_id,
        item_id=card.id,
        number=highest.number + 1 if highest else 1,
        version=card.version,
        digest=digest,
        files=tree,
        card=described(card),
        operations=None if operations is None else [operation.to_json() for operation in operations],
        operation_count=len(operations or ()),
        bump=required_bump(operations) if operations else None,
        previous_id=latest.id if latest else None,
        state="released",
        licence=card.licence,
        evidence_level=level,
        released_at=now,
        released_by=actor.id,
        notes=notes,
        notes_zh=notes_zh or notes,
        contributor=contributor,
        contribution_id=contribution_id,
    )
    work.session.add(version)
    work.flush()
    _keep_lineage(work, version, derived_from, edge)
    opened = _open_upgrades(work, version, now)
    _tell(work, version, now)
    mark_stale(work, None, "library", now)
    return Published(card.id, version_id, card.version, True, version.bump, opened)


def version_parts(version: str) -> tuple[int, int, int]:
    """1.10.0 → (1, 10, 0), to compare versions by."""
    major, minor, patch = version.partition("-")[0].split(".")
    return int(major), int(minor), int(patch)


def _highest(work: Work, item_id: str) -> tuple[Any, Any]:
    """The version with the highest number, and the newest one that was not withdrawn: changes are counted from that."""
    columns = PracticeVersion.__table__.c
    statement = (
        select(columns.id, columns.number, columns.version, columns.files, columns.state)
        .where(columns.item_id == item_id)
        .order_by(columns.number.desc())
    )
    rows = work.execute(statement).all()
    return next(iter(rows), None), next((row for row in rows if row.state != "withdrawn"), None)


def _released(work: Work, item_id: str, version: str, digest: str) -> Any:
    """The version with these files, else the one with this number."""
    columns = PracticeVersion.__table__.c
    statement = select(columns.id, columns.version, columns.digest, columns.bump).where(
        columns.item_id == item_id, (columns.version == version) | (columns.digest == digest)
    )
    rows = work.execute(statement).all()
    return next((row for row in rows if row.digest == digest), rows[0] if rows else None)


def _must_be_higher(card: Card, highest: Any) -> None:
    if highest is not None and version_parts(card.version) <= version_parts(highest.version):
        raise InvalidInput(
            f"{card.id} {card.version} cannot follow {highest.version}: give it a higher version in practice.toml."
        )


def _operations(work: Work, latest: Any, package: Package) -> tuple[Operation, ...] | None:
    if latest is None:
        return None
    return package_difference(Package(get_files(work, latest.files)), package)


def _keep_item(work: Work, card: Card, version_id: str, level: int, now: datetime, *, is_new: bool) -> None:
    """The item's row and facets say what its newest version says."""
    words = search_text(card)
    if is_new:
        row = {"id": card.id, "latest_version_id": version_id, "search_text": words, "created_at": now}
        work.execute(insert(PracticeItem), row)
    else:
        changed = update(PracticeItem).where(PracticeItem.id == card.id)
        work.execute(changed.values(latest_version_id=version_id, search_text=words))
        work.execute(delete(PracticeFacet).where(PracticeFacet.item_id == card.id))
    work.execute(
        insert(PracticeFacet),
        [
            {
                "item_id": card.id,
                "name": entry.name,
                "value": entry.value,
                "label": entry.label.en,
                "label_zh": entry.label.zh,
            }
            for entry in facet_entries(card, level)
        ],
    )


def _keep_lineage(work: Work, version: PracticeVersion, derived_from: str | None, edge: str) -> None:
    count = version.operation_count
    edges = {}
    if version.previous_id:
        kind = edge if derived_from in (None, version.previous_id) else "next"
        edges[version.previous_id] = {"kind": kind, "operation_count": count}
    if derived_from and derived_from not in edges:
        edges[derived_from] = {"kind": edge, "operation_count": 0 if version.previous_id else count}
    rows = [{"child_id": version.id, "parent_id": parent_id, **values} for parent_id, values in edges.items()]
    if rows:
        work.execute(insert(PracticeLineage), rows)


def _open_upgrades(work: Work, version: PracticeVersion, now: datetime) -> int:
    """Every living variant of the item may take the new version over; older offers are superseded by it."""
    columns = PracticeCandidate.__table__.c
    rows = work.execute(
        select(columns.id, columns.enterprise_id, columns.origin_version_id).where(
            columns.item_id == version.item_id,
            columns.origin_version_id != version.id,
            columns.state.not_in(["found", ENDED]),
        )
    ).all()
    if not rows:
        return 0
    work.execute(
        update(PracticeUpgrade)
        .where(PracticeUpgrade.candidate_id.in_([row.id for row in rows]), PracticeUpgrade.state == "open")
        .values(state="superseded", finished_at=now)
    )
    work.execute(
        insert(PracticeUpgrade),
        [
            {
                "id": new_id(),
                "enterprise_id": row.enterprise_id,
                "candidate_id": row.id,
                "from_version_id": row.origin_version_id,
                "to_version_id": version.id,
                "state": "open",
                "resolutions": {},
                "opened_at": now,
            }
            for row in rows
        ],
    )
    return len(rows)


def _tell(work: Work, version: PracticeVersion, now: datetime) -> None:
    if version.number > 1:
        notify(
            work,
            listeners(work, version.item_id),
            "new_version",
            now,
            item_id=version.item_id,
            version_id=version.id,
            details={**version_words(version), "notes": version.notes, "notes_zh": version.notes_zh},
        )


def listeners(work: Work, item_id: str) -> list[str]:
    """The enterprises that follow an item or have a living variant of it."""
    followers = select(PracticeFollower.enterprise_id).where(PracticeFollower.item_id == item_id)
    adopters = select(PracticeCandidate.enterprise_id).where(
        PracticeCandidate.item_id == item_id, PracticeCandidate.state.not_in(["found", ENDED])
    )
    return list(work.execute(followers.union(adopters)).scalars())


def version_words(version: Any) -> dict[str, str]:
    """How a notice names a version."""
    name: Mapping[str, str] = version.card["name"]
    return {"name": name["en"], "name_zh": name["zh"], "version": version.version}


def count_adopters(work: Work, version_ids: Iterable[str], *, but: str | None = None) -> int:
    """How many enterprises have taken one of these versions (`but` one enterprise)."""
    columns = PracticeCandidate.__table__.c
    statement = select(func.count(columns.enterprise_id.distinct())).where(
        columns.origin_version_id.in_(list(version_ids)), columns.state.not_in(["found", ENDED])
    )
    return work.execute(statement if but is None else statement.where(columns.enterprise_id != but)).scalar_one()
