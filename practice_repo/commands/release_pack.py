"""Take packs of others into the own library, and their withdrawals too."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from engine.errors import InvalidInput, InvalidModel, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package
from practice_repo.commands.deprecate_version import deprecate_version
from practice_repo.commands.publish import Published, publish
from practice_repo.commands.withdraw_version import withdraw_version
from practice_repo.packs.archive import Pack
from practice_repo.packs.index import Entry
from practice_repo.practice_check import check_practice
from practice_repo.tables import PracticeVersion


def release_pack(
    work: Work, *, pack: Pack, actor: Actor, now: datetime, source: str = "", signers: Iterable[str] = ()
) -> Published:
    """Release the practice in this pack, linked to what it was made of where that is in the library.

    What is released already stays as it is. Raises InvalidModel with the findings when the practice has errors, and
    like `publish`.
    """
    errors = [finding for finding in check_practice(pack.practice()) if finding.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InvalidModel(f"{pack.id} {pack.version} is not released: {errors[0]}{more}", errors)
    derived_from, edge = _origin(work, pack)
    whose = ", ".join(signers)
    return publish(
        work,
        package=Package(pack.files),
        actor=actor,
        now=now,
        notes=" ".join(filter(None, (f"From {source}." if source else "", f"Signed by {whose}." if whose else ""))),
        notes_zh="".join(filter(None, (f"来自 {source}。" if source else "", f"由 {whose} 签名。" if whose else ""))),
        derived_from=derived_from,
        edge=edge,
    )


def follow_withdrawals(work: Work, *, withdrawn: Iterable[Entry], actor: Actor, now: datetime) -> list[Entry]:
    """Withdraw what the followed library has withdrawn, when it is the very same content; deprecate what is in use.

    Gives the entries that changed something here.
    """
    changed = []
    for entry in withdrawn:
        found = _version(work, entry.id, entry.version, entry.digest)
        if found is None or found.state != "released":
            continue
        about = {"version_id": found.id, "reason": entry.withdrawn, "actor": actor, "now": now}
        try:
            withdraw_version(work, **about)
        except InvalidState:
            with suppress(InvalidState, InvalidInput):
                deprecate_version(work, **about)
        changed.append(entry)
    return changed


def _origin(work: Work, pack: Pack) -> tuple[str | None, str]:
    """The version that the pack's card names as its origin, and how the two are linked."""
    origin = pack.card.origin
    if origin is None or origin.practice == pack.id:
        return None, "next"
    found = _version(work, origin.practice, origin.version, origin.digest)
    return (found.id, "variant" if origin.relation == "variant" else "new") if found else (None, "next")


def _version(work: Work, item_id: str, version: str, digest: str) -> PracticeVersion | None:
    """This version of a practice, if its files are the ones meant (an empty digest: whatever they are)."""
    statement = select(PracticeVersion).where(PracticeVersion.item_id == item_id, PracticeVersion.version == version)
    found = work.session.scalar(statement)
    return found if found is not None and digest in {"", found.digest} else None
