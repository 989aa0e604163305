"""Take a version of a practice, or a part of one, into the enterprise's workspace (A06, A31)."""

from collections.abc import Sequence
from datetime import datetime

from engine.errors import InvalidInput, InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.commands.cover_need import cover_need
from practice_repo.commands.follow_item import follow_item
from practice_repo.contents import get_files, put_files
from practice_repo.permissions import must_tailor
from practice_repo.queries.library import version_id
from practice_repo.tables import PracticeCandidate, PracticeVersion
from practice_repo.workspace import commit, note_move, with_lineage


def acquire(
    work: Work,
    *,
    item_id: str,
    version: str | None = None,
    files: Sequence[str] | None = None,
    title: str | None = None,
    need_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> str:
    """The id of the new candidate: a copy of this version (the newest without one), pinned and checked.

    `files` takes a component only: these files. The enterprise follows the item from now on; `need_id`
    says that it was taken for that need. Raises InvalidState for a version that is deprecated or withdrawn.
    """
    enterprise_id = must_tailor(actor)
    row = work.session.get(PracticeVersion, version_id(work, item_id=item_id, version=version))
    if row.state != "released":
        raise InvalidState(f"{item_id} {row.version} is {row.state} ({row.state_reason}): take another version.")
    tree = _chosen(row, files)
    candidate = PracticeCandidate(
        id=new_id(),
        enterprise_id=enterprise_id,
        item_id=item_id,
        origin_version_id=row.id,
        title=title or row.card["name"]["en"],
        title_zh=title or row.card["name"]["zh"],
        state="acquired",
        licence=row.licence,
        checksum=row.digest,
        source="library",
        component=None if files is None else sorted(tree),
        origin={},
        draft={},
        draft_digest="",
        head_digest="",
        choices={},
        bindings={},
        acquired_at=now,
        acquired_by=actor.id,
        changed_at=now,
        changed_by=actor.id,
    )
    work.session.add(candidate)
    work.flush()
    note_move(work, candidate.id, "found", "acquired", actor, now)
    package = with_lineage(get_files(work, tree))
    candidate.origin = put_files(work, package.files)
    commit(work, candidate, package, "acquire", f"{item_id} {row.version}", actor, now, other_parents=[row.id])
    follow_item(work, item_id=item_id, actor=actor, now=now)
    if need_id is not None:
        cover_need(
            work, need_id=need_id, kind="candidate", target_id=candidate.id, degree="partial", actor=actor, now=now
        )
    return candidate.id


def _chosen(row: PracticeVersion, files: Sequence[str] | None) -> dict[str, str]:
    """The files to take, by digest."""
    if files is None:
        return row.files
    if not files:
        raise InvalidInput("A component has at least one file: name what to take, or nothing for the whole practice.")
    missing = sorted(set(files) - set(row.files))
    if missing:
        raise NotFound(f"{row.item_id} {row.version} has no file '{missing[0]}': it has {', '.join(row.files)}.")
    return {name: row.files[name] for name in files}
