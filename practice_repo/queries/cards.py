"""The cards by which an enterprise measures: those of its own variants, else those of the library."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from engine.errors import InvalidModel
from engine.store.unit_of_work import Work
from practice_repo.candidate_states import ENDED
from practice_repo.contents import get_trees
from practice_repo.practice import CARD, Card, read_card
from practice_repo.tables import PracticeCandidate, PracticeItem, PracticeVersion

NEAREST = ("measured", "contributed", "completed", "executing", "selected", "available", "tailored", "acquired")
IN_USE = frozenset({"available", "selected", "executing", "completed", "measured", "contributed"})
CANDIDATE, ITEM, VERSION = PracticeCandidate.__table__.c, PracticeItem.__table__.c, PracticeVersion.__table__.c


@dataclass(frozen=True)
class KnownCard:
    """A practice's card; `candidate_id` and `state` are those of the enterprise's variant, when it has one."""

    item_id: str
    card: Card
    candidate_id: str | None = None
    state: str | None = None

    @property
    def is_in_use(self) -> bool:
        return self.state in IN_USE


def cards(work: Work, *, enterprise_id: str, item_ids: Collection[str] | None = None) -> dict[str, KnownCard]:
    """The cards of these practices (None: of all in library and workspace) by item id, in three statements.

    Of several variants of a practice the one furthest in its life counts. Practices whose card cannot be read are
    missing.
    """
    wanted = None if item_ids is None else sorted(set(item_ids))
    variants = _variants(work, enterprise_id, wanted)
    newest = _newest(work, wanted)
    trees = [*({CARD: row.draft[CARD]} for row in variants.values()), *({CARD: row.files[CARD]} for row in newest)]
    texts = [(files[CARD]) for files in get_trees(work, trees)]
    of_variants = _read(zip(variants, texts, strict=False))
    of_library = _read(zip((row.id for row in newest), texts[len(variants) :], strict=True))
    found = {item: KnownCard(item, card) for item, card in of_library.items()}
    for item, card in of_variants.items():
        found[item] = KnownCard(item, card, variants[item].id, variants[item].state)
    return dict(sorted(found.items()))


def _variants(work: Work, enterprise_id: str, wanted: list[str] | None) -> dict[str, Any]:
    statement = select(CANDIDATE.id, CANDIDATE.item_id, CANDIDATE.state, CANDIDATE.draft).where(
        CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.state.not_in(["found", ENDED])
    )
    if wanted is not None:
        statement = statement.where(CANDIDATE.item_id.in_(wanted))
    rows = [row for row in work.execute(statement.order_by(CANDIDATE.id)) if CARD in row.draft]
    found: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: NEAREST.index(row.state)):
        found.setdefault(row.item_id, row)
    return found


def _newest(work: Work, wanted: list[str] | None) -> list[Any]:
    statement = select(ITEM.id, VERSION.files).join(PracticeVersion, VERSION.id == ITEM.latest_version_id)
    if wanted is not None:
        statement = statement.where(ITEM.id.in_(wanted))
    return [row for row in work.execute(statement.order_by(ITEM.id)) if CARD in row.files]


def _read(texts: Iterable[tuple[str, bytes]]) -> Mapping[str, Card]:
    found = ((item, _card(text)) for item, text in texts)
    return {item: card for item, card in found if card is not None}


@lru_cache(maxsize=256)
def _card(text: bytes) -> Card | None:
    try:
        return read_card(text.decode())
    except (InvalidModel, UnicodeDecodeError):  # a draft that somebody is working on
        return None
