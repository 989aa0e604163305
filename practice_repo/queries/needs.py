"""The register of needs, and which practice meets which (A09)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, select

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.described import text_of
from practice_repo.practice import Text
from practice_repo.queries.workspace import CommitRow, commit_rows
from practice_repo.tables import (
    PracticeCandidate,
    PracticeCommit,
    PracticeItem,
    PracticeNeed,
    PracticeNeedCover,
    PracticeVersion,
)

NEED, COVER = PracticeNeed.__table__.c, PracticeNeedCover.__table__.c
PRIORITIES = ("must", "should", "could")
ENOUGH = 0.3  # the score from which on an item is suggested
KPI_SCORE, PCF_SCORE, AREA_SCORE, WORD_SCORE = 0.5, 0.4, 0.2, 0.15
MOST_SUGGESTIONS = 8


@dataclass(frozen=True)
class Cover:
    need_id: str
    kind: str  # item | candidate
    target_id: str
    degree: str  # full | partial | no
    note: str = ""
    is_suggested: bool = False  # nobody has said so yet: the card of the practice fits


@dataclass(frozen=True)
class NeedRow:
    id: str
    number: int
    title: str
    goal: str
    kpi: str | None
    area: str | None
    pcf: int | None
    priority: str
    state: str
    note: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    covered: str  # full | partial | none: by the enterprise's own variants


@dataclass(frozen=True)
class Suggestion:
    item_id: str
    name: str
    name_zh: str
    reasons: tuple[Text, ...]
    score: float  # 0 to 1


@dataclass(frozen=True)
class NeedDetail:
    row: NeedRow
    cover: tuple[Cover, ...]
    suggestions: tuple[Suggestion, ...]  # best first
    changes: tuple[CommitRow, ...]  # commits that were made for the need


@dataclass(frozen=True)
class Column:
    kind: str  # candidate | item
    id: str
    title: str
    title_zh: str


@dataclass(frozen=True)
class Coverage:
    needs: tuple[NeedRow, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, str], Cover]  # by need id and column id
    gaps: tuple[NeedRow, ...]  # living needs that no variant meets, not even in part


def needs(
    work: Work, *, enterprise_id: str, state: str | None = None, area: str | None = None, text: str | None = None
) -> tuple[NeedRow, ...]:
    """The needs of an enterprise, by priority and number."""
    where = NEED.enterprise_id == enterprise_id
    if state is not None:
        where &= NEED.state == state
    if area is not None:
        where &= NEED.area == area
    if text:
        where &= NEED.title.icontains(text, autoescape=True) | NEED.goal.icontains(text, autoescape=True)
    rows = _need_rows(work, where)
    return _with_cover(rows, _covers(work, [row.id for row in rows]))


def need(work: Work, *, need_id: str, actor: Actor) -> NeedDetail:
    """One need with what meets it, what could, and what was changed for it. Raises NotFound."""
    rows = _need_rows(work, NEED.id == need_id)
    if not rows:
        raise NotFound(f"There is no need {need_id}: look again.")
    actor.must_see(rows[0].enterprise_id, f"The need {need_id}")
    covers = _covers(work, [need_id])
    return NeedDetail(
        row=_with_cover(rows, covers)[0],
        cover=tuple(covers),
        suggestions=_suggestions(rows[0], _items(work)),
        changes=commit_rows(work, PracticeCommit.need_id == need_id),
    )


def coverage(work: Work, *, enterprise_id: str) -> Coverage:
    """Needs against the enterprise's variants, and the items of the library that fit what is left open."""
    living = NEED.enterprise_id == enterprise_id
    rows = _need_rows(work, living & (NEED.state != "dropped"))
    covers = _covers(work, [row.id for row in rows])
    shown = _with_cover(rows, covers)
    gaps = tuple(row for row in shown if row.covered == "none" and row.state != "met")
    items = _items(work)
    cells = {(cover.need_id, cover.target_id): cover for cover in covers}
    open_ids = {row.id for row in gaps}
    for row in rows:
        if row.id in open_ids:
            for suggestion in _suggestions(row, items):
                suggested = Cover(row.id, "item", suggestion.item_id, "partial", "", is_suggested=True)
                cells.setdefault((row.id, suggestion.item_id), suggested)
    own = _own_columns(work, enterprise_id)
    named = {target for (_, target), cover in cells.items() if cover.kind == "item"}
    return Coverage(
        needs=shown,
        columns=(*own, *(_item_column(item) for item in items if item.item_id in named)),
        cells={
            key: cover for key, cover in cells.items() if cover.kind == "item" or key[1] in {each.id for each in own}
        },
        gaps=gaps,
    )


def _need_rows(work: Work, where: ColumnElement[bool]) -> list[Row[Any]]:
    rank = case({priority: place for place, priority in enumerate(PRIORITIES)}, value=NEED.priority)
    return list(work.execute(select(PracticeNeed.__table__).where(where).order_by(rank, NEED.number)))


def _covers(work: Work, need_ids: list[str]) -> list[Cover]:
    """What people have said, but for variants that were given up."""
    candidates = PracticeCandidate.__table__
    statement = (
        select(COVER.need_id, COVER.kind, COVER.target_id, COVER.degree, COVER.note)
        .join(candidates, (COVER.kind == "candidate") & (candidates.c.id == COVER.target_id), isouter=True)
        .where(COVER.need_id.in_(need_ids), candidates.c.state.is_(None) | (candidates.c.state != "aborted"))
        .order_by(COVER.need_id, COVER.kind, COVER.target_id)
    )
    return [Cover(*row) for row in work.execute(statement)]


def _with_cover(rows: Iterable[Row[Any]], covers: Iterable[Cover]) -> tuple[NeedRow, ...]:
    degrees: dict[str, set[str]] = {}
    for cover in covers:
        if cover.kind == "candidate":
            degrees.setdefault(cover.need_id, set()).add(cover.degree)
    names = [name for name in NeedRow.__dataclass_fields__ if name != "covered"]
    return tuple(
        NeedRow(
            **{name: getattr(row, name) for name in names},
            covered=next((each for each in ("full", "partial") if each in degrees.get(row.id, ())), "none"),
        )
        for row in rows
    )


def _items(work: Work) -> list[Row[Any]]:
    items, versions = PracticeItem.__table__, PracticeVersion.__table__
    statement = select(items.c.id.label("item_id"), items.c.search_text, versions.c.card).join(
        versions, versions.c.id == items.c.latest_version_id
    )
    return list(work.execute(statement.where(versions.c.state == "released").order_by(items.c.id)))


def _suggestions(need: Row[Any], items: Iterable[Row[Any]]) -> tuple[Suggestion, ...]:
    scored = [_suggestion(need, item) for item in items]
    fitting = [each for each in scored if each.score >= ENOUGH]
    return tuple(sorted(fitting, key=lambda each: (-each.score, each.item_id))[:MOST_SUGGESTIONS])


def _suggestion(need: Row[Any], item: Row[Any]) -> Suggestion:
    card, reasons, score = item.card, [], 0.0
    kpi = next((each for each in card["kpis"] if need.kpi and each["key"] == need.kpi), None)
    if kpi:
        score += KPI_SCORE
        reasons.append(Text(f"measures {kpi['en']}", f"衡量{kpi['zh']}"))
    pcf = next((each for each in card["pcf"] if each["number"] == need.pcf), None)
    if pcf:
        score += PCF_SCORE
        reasons.append(Text(f"is about {pcf['name']} ({pcf['number']})", f"涉及 {pcf['name']}（{pcf['number']}）"))
    if need.area and card["area"] == need.area:
        score += AREA_SCORE
        reasons.append(Text("is of the same area", "属于同一领域"))
    words = {word for word in f"{need.title} {need.goal}".lower().split() if len(word) > 3}
    found = sorted(word for word in words if word in item.search_text)
    if found:
        score += min(WORD_SCORE * len(found), 1 - score)
        reasons.append(Text(f"speaks of {', '.join(found[:4])}", f"提到 {'、'.join(found[:4])}"))
    name = text_of(card["name"])
    return Suggestion(item.item_id, name.en, name.zh, tuple(reasons), round(min(score, 1.0), 2))


def _own_columns(work: Work, enterprise_id: str) -> tuple[Column, ...]:
    columns = PracticeCandidate.__table__.c
    statement = select(columns.id, columns.title, columns.title_zh).where(
        columns.enterprise_id == enterprise_id, columns.state != "aborted"
    )
    return tuple(Column("candidate", *row) for row in work.execute(statement.order_by(columns.acquired_at, columns.id)))


def _item_column(item: Row[Any]) -> Column:
    name = text_of(item.card["name"])
    return Column("item", item.item_id, name.en, name.zh)
