"""The library: what can be adopted, where it comes from, and who is to be thanked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from engine.errors import InvalidInput, NotFound
from engine.store.unit_of_work import Work
from practice_repo.algebra.operations import Operation, operations_from_json
from practice_repo.algebra.package import Package
from practice_repo.candidate_states import ENDED
from practice_repo.contents import get_files
from practice_repo.described import FACETS, text_of
from practice_repo.practice import CARD, Card, Text, read_card
from practice_repo.tables import (
    PracticeCandidate,
    PracticeFacet,
    PracticeFollower,
    PracticeItem,
    PracticeLineage,
    PracticeVersion,
)

SORTS = ("name", "newest", "adopters", "evidence")
PROVEN = 1  # the evidence level from which on a practice is called proven (A05)
ITEM, VERSION, FACET = PracticeItem.__table__.c, PracticeVersion.__table__.c, PracticeFacet.__table__.c
CANDIDATE, FOLLOWER, EDGE = PracticeCandidate.__table__.c, PracticeFollower.__table__.c, PracticeLineage.__table__.c
_LIVING = CANDIDATE.state.not_in(["found", ENDED])


@dataclass(frozen=True)
class ItemRow:
    id: str
    name: str
    name_zh: str
    summary: str
    summary_zh: str
    area: str
    kind: str
    type: str
    licence: str
    evidence_level: int
    version: str
    version_id: str
    released_at: datetime
    state: str  # released | deprecated | withdrawn
    adopters: int  # enterprises that took it into their workspace
    followers: int
    contributor: str | None
    industries: tuple[str, ...] = ()
    pcf: tuple[int, ...] = ()
    kpis: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    candidate_ids: tuple[str, ...] = ()  # of the asking enterprise

    @property
    def is_proven(self) -> bool:
        return self.evidence_level >= PROVEN


@dataclass(frozen=True)
class FacetValue:
    value: str
    count: int
    name: Text


@dataclass(frozen=True)
class LibraryPage:
    rows: tuple[ItemRow, ...]
    total: int
    facets: Mapping[str, tuple[FacetValue, ...]]  # of everything that was found, not only of this page


@dataclass(frozen=True)
class VersionRow:
    id: str
    item_id: str
    version: str
    digest: str
    files: Mapping[str, str]
    bump: str | None
    released_at: datetime
    released_by: str
    notes: str
    notes_zh: str
    contributor: str | None
    licence: str
    evidence_level: int
    state: str
    state_reason: str | None
    previous_id: str | None
    operation_count: int
    adopters: int = 0  # enterprises whose variant is based on it


@dataclass(frozen=True)
class ItemDetail:
    row: ItemRow
    version: VersionRow
    versions: tuple[VersionRow, ...]  # newest first
    card: Card
    is_followed: bool


@dataclass(frozen=True)
class LineageNode:
    id: str
    kind: str  # version | variant
    item_id: str
    title: str
    title_zh: str
    version: str | None
    state: str
    at: datetime
    contributor: str | None = None
    is_own: bool = False
    adopters: int = 0


@dataclass(frozen=True)
class LineageEdge:
    parent: str
    child: str
    kind: str  # next | patch | option | variant | new | scenario | acquired
    operation_count: int = 0


@dataclass(frozen=True)
class Lineage:
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]


@dataclass(frozen=True)
class Credit:
    """What the library owes to one enterprise."""

    pseudonym: str
    contributions: int
    adoptions: int  # enterprises that use what it contributed
    last_at: datetime


def library(
    work: Work,
    *,
    text: str | None = None,
    area: str | None = None,
    pcf: int | None = None,
    industry: str | None = None,
    kind: str | None = None,
    type: str | None = None,
    kpi: str | None = None,
    capability: str | None = None,
    evidence_level: int | None = None,
    sort: str = "name",
    with_withdrawn: bool = False,
    limit: int = 50,
    offset: int = 0,
    enterprise_id: str | None = None,
) -> LibraryPage:
    """The items that fit every filter given; `evidence_level` means at least this one.

    `text` must occur, word by word, in names, summaries, KPIs or roles. `enterprise_id` marks its own variants.
    """
    if sort not in SORTS:
        raise InvalidInput(f"'{sort}' is no order of the library: known are {', '.join(SORTS)}.")
    exact = {"area": area, "industry": industry, "kind": kind, "type": type, "kpi": kpi, "capability": capability}
    wanted = {name: value for name, value in exact.items() if value is not None}
    if pcf is not None:
        wanted["pcf"] = str(pcf)
    found = _found(wanted, text, evidence_level, with_withdrawn)
    adopters = _adopters().subquery()
    count = func.coalesce(adopters.c.adopters, 0)
    name = VERSION.card["name"]["en"].as_string()
    order = {
        "name": [func.lower(name)],
        "newest": [VERSION.released_at.desc(), func.lower(name)],
        "adopters": [count.desc(), func.lower(name)],
        "evidence": [VERSION.evidence_level.desc(), func.lower(name)],
    }[sort]
    statement = (
        _item_columns(count, func.count().over().label("total"))
        .join(adopters, adopters.c.item_id == ITEM.id, isouter=True)
        .where(ITEM.id.in_(found))
        .order_by(*order, ITEM.id)
        .limit(limit)
        .offset(offset)
    )
    rows = work.execute(statement).all()
    own = _own_candidates(work, [row.item_id for row in rows], enterprise_id)
    return LibraryPage(tuple(_item_row(row, own) for row in rows), rows[0].total if rows else 0, _facets(work, found))


def item(work: Work, *, item_id: str, version: str | None = None, enterprise_id: str | None = None) -> ItemDetail:
    """One item with all its versions; `version` chooses whose card is shown. Raises NotFound."""
    adopters = _adopters().subquery()
    count = func.coalesce(adopters.c.adopters, 0)
    found = work.execute(
        _item_columns(count).join(adopters, adopters.c.item_id == ITEM.id, isouter=True).where(ITEM.id == item_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"The library has no practice '{item_id}': look again.")
    versions = _versions(work, VERSION.item_id == item_id)
    shown = next((each for each in versions if each.version == version), None) if version else versions[0]
    if shown is None:
        known = ", ".join(each.version for each in versions)
        raise NotFound(f"'{item_id}' has no version {version}: released are {known}.")
    followed = select(FOLLOWER.item_id).where(FOLLOWER.item_id == item_id, FOLLOWER.enterprise_id == enterprise_id)
    card = read_card(get_files(work, {CARD: shown.files[CARD]})[CARD].decode())
    return ItemDetail(
        row=_item_row(found, _own_candidates(work, [item_id], enterprise_id)),
        version=shown,
        versions=versions,
        card=card,
        is_followed=work.execute(followed).first() is not None,
    )


def version(work: Work, *, version_id: str) -> VersionRow:
    """One version. Raises NotFound."""
    found = _versions(work, VERSION.id == version_id)
    if not found:
        raise NotFound(f"The library has no version {version_id}: look again.")
    return found[0]


def version_id(work: Work, *, item_id: str, version: str | None = None) -> str:
    """The id of this version, of the newest without one. Raises NotFound."""
    if version is None:
        statement = select(ITEM.latest_version_id).where(ITEM.id == item_id)
    else:
        statement = select(VERSION.id).where(VERSION.item_id == item_id, VERSION.version == version)
    found = work.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound(f"The library has no practice '{item_id}'{' ' + version if version else ''}: look again.")
    return found


def newest_versions(work: Work) -> dict[str, str]:
    """The newest version of every item."""
    statement = select(VERSION.item_id, VERSION.version).join(
        PracticeItem.__table__, ITEM.latest_version_id == VERSION.id
    )
    return {row.item_id: row.version for row in work.execute(statement)}


def version_package(work: Work, *, version_id: str) -> Package:
    """The files of a version. Raises NotFound."""
    return Package(get_files(work, _tree(work, version_id)))


def file(work: Work, *, version_id: str, name: str) -> bytes:
    """One file of a version. Raises NotFound."""
    tree = _tree(work, version_id)
    if name not in tree:
        raise NotFound(f"The version has no file '{name}': it has {', '.join(sorted(tree))}.")
    return get_files(work, {name: tree[name]})[name]


def version_operations(work: Work, *, version_id: str) -> tuple[Operation, ...]:
    """What changed since the previous version; nothing for the first one."""
    found = work.execute(select(VERSION.operations).where(VERSION.id == version_id)).one_or_none()
    if found is None:
        raise NotFound(f"The library has no version {version_id}: look again.")
    return operations_from_json(found.operations or [])


def lineage(work: Work, *, item_id: str, enterprise_id: str | None = None) -> Lineage:
    """Where an item comes from and what came out of it, with the asking enterprise's own variants.

    Variants of other enterprises are only counted, in the version they are based on.
    """
    edges = work.execute(select(EDGE.child_id, EDGE.parent_id, EDGE.kind, EDGE.operation_count)).all()
    versions = {row.id: row.item_id for row in work.execute(select(VERSION.id, VERSION.item_id))}
    items = _family(item_id, [(versions[row.child_id], versions[row.parent_id]) for row in edges])
    shown = {id: item for id, item in versions.items() if item in items}
    nodes = [_version_node(row) for row in _version_rows(work, VERSION.item_id.in_(items))]
    own = _own_variants(work, items, enterprise_id)
    return Lineage(
        nodes=(*nodes, *(_variant_node(row) for row in own)),
        edges=(
            *(
                LineageEdge(row.parent_id, row.child_id, row.kind, row.operation_count)
                for row in edges
                if row.child_id in shown and row.parent_id in shown
            ),
            *(LineageEdge(row.origin_version_id, row.id, "acquired") for row in own),
        ),
    )


def leaderboard(work: Work, *, limit: int = 20) -> tuple[Credit, ...]:
    """Who contributed most, by how many enterprises use it and how much it is."""
    adopted = (
        select(VERSION.contributor, func.count(CANDIDATE.enterprise_id.distinct()).label("adoptions"))
        .join(PracticeCandidate.__table__, and_(CANDIDATE.origin_version_id == VERSION.id, _LIVING))
        .where(VERSION.contributor.is_not(None))
        .group_by(VERSION.contributor)
        .subquery()
    )
    adoptions = func.coalesce(func.max(adopted.c.adoptions), 0)
    contributions = func.count(VERSION.id)
    statement = (
        select(VERSION.contributor, contributions, adoptions, func.max(VERSION.released_at))
        .join(adopted, adopted.c.contributor == VERSION.contributor, isouter=True)
        .where(VERSION.contributor.is_not(None), VERSION.state != "withdrawn")
        .group_by(VERSION.contributor)
        .order_by(adoptions.desc(), contributions.desc(), VERSION.contributor)
        .limit(limit)
    )
    return tuple(Credit(*row) for row in work.execute(statement))


def _found(
    wanted: Mapping[str, str], text: str | None, evidence_level: int | None, with_withdrawn: bool
) -> Select[tuple[str]]:
    """The ids of the items that fit."""
    statement = select(ITEM.id).join(PracticeVersion.__table__, ITEM.latest_version_id == VERSION.id)
    for name, value in wanted.items():
        having = select(FACET.item_id).where(FACET.name == name, FACET.value == value)
        statement = statement.where(ITEM.id.in_(having))
    for word in (text or "").lower().split():
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(ITEM.search_text.like(f"%{escaped}%", escape="\\"))
    if evidence_level is not None:
        statement = statement.where(VERSION.evidence_level >= evidence_level)
    return statement if with_withdrawn else statement.where(VERSION.state != "withdrawn")


def _adopters() -> Select[Any]:
    return (
        select(CANDIDATE.item_id, func.count(CANDIDATE.enterprise_id.distinct()).label("adopters"))
        .where(_LIVING)
        .group_by(CANDIDATE.item_id)
    )


def _item_columns(adopters: ColumnElement[int], *more: Any) -> Select[Any]:
    followers = select(func.count()).where(FOLLOWER.item_id == ITEM.id).scalar_subquery()
    return select(
        ITEM.id.label("item_id"),
        VERSION.id.label("version_id"),
        VERSION.version,
        VERSION.card,
        VERSION.licence,
        VERSION.evidence_level,
        VERSION.released_at,
        VERSION.state,
        VERSION.contributor,
        adopters.label("adopters"),
        followers.label("followers"),
        *more,
    ).join_from(PracticeItem.__table__, PracticeVersion.__table__, ITEM.latest_version_id == VERSION.id)


def _item_row(row: Row[Any], own: Mapping[str, tuple[str, ...]]) -> ItemRow:
    card = row.card
    name, summary = text_of(card["name"]), text_of(card["summary"])
    return ItemRow(
        id=row.item_id,
        name=name.en,
        name_zh=name.zh,
        summary=summary.en,
        summary_zh=summary.zh,
        area=card["area"],
        kind=card["kind"],
        type=card["type"],
        licence=row.licence,
        evidence_level=row.evidence_level,
        version=row.version,
        version_id=row.version_id,
        released_at=row.released_at,
        state=row.state,
        adopters=row.adopters,
        followers=row.followers,
        contributor=row.contributor,
        industries=tuple(card["industries"]),
        pcf=tuple(each["number"] for each in card["pcf"]),
        kpis=tuple(each["key"] for each in card["kpis"]),
        capabilities=tuple(card["capabilities"]),
        roles=tuple(each["key"] for each in card["roles"]),
        candidate_ids=own.get(row.item_id, ()),
    )


def _own_candidates(work: Work, item_ids: list[str], enterprise_id: str | None) -> dict[str, tuple[str, ...]]:
    if enterprise_id is None or not item_ids:
        return {}
    statement = select(CANDIDATE.item_id, CANDIDATE.id).where(
        CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.item_id.in_(item_ids), CANDIDATE.state != ENDED
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in work.execute(statement.order_by(CANDIDATE.acquired_at, CANDIDATE.id)):
        found[row.item_id] = (*found.get(row.item_id, ()), row.id)
    return found


def _facets(work: Work, found: Select[tuple[str]]) -> dict[str, tuple[FacetValue, ...]]:
    statement = (
        select(FACET.name, FACET.value, func.count(), func.max(FACET.label), func.max(FACET.label_zh))
        .where(FACET.item_id.in_(found))
        .group_by(FACET.name, FACET.value)
    )
    values: defaultdict[str, list[FacetValue]] = defaultdict(list)
    for name, value, count, label, label_zh in work.execute(statement):
        values[name].append(FacetValue(value, count, Text(label, label_zh)))
    return {name: tuple(sorted(values[name], key=lambda each: (-each.count, each.name.en))) for name in FACETS}


def _version_rows(work: Work, where: ColumnElement[bool]) -> list[Row[Any]]:
    adopters = (
        select(func.count(CANDIDATE.enterprise_id.distinct()))
        .where(CANDIDATE.origin_version_id == VERSION.id, _LIVING)
        .scalar_subquery()
    )
    columns = [column for column in VERSION if column.name != "operations"]
    statement = select(*columns, adopters.label("adopters")).where(where)
    return list(work.execute(statement.order_by(VERSION.item_id, VERSION.number.desc())))


def _versions(work: Work, where: ColumnElement[bool]) -> tuple[VersionRow, ...]:
    return tuple(
        VersionRow(**{name: getattr(row, name) for name in VersionRow.__dataclass_fields__})
        for row in _version_rows(work, where)
    )


def _tree(work: Work, version_id: str) -> dict[str, str]:
    found = work.execute(select(VERSION.files).where(VERSION.id == version_id)).one_or_none()
    if found is None:
        raise NotFound(f"The library has no version {version_id}: look again.")
    return found.files


def _family(item_id: str, links: Iterable[tuple[str, str]]) -> set[str]:
    """The items that are connected with this one, in whatever direction."""
    links = list(links)
    found, size = {item_id}, 0
    while len(found) > size:
        size = len(found)
        for child, parent in links:
            if child in found or parent in found:
                found |= {child, parent}
    return found


def _version_node(row: Row[Any]) -> LineageNode:
    name = text_of(row.card["name"])
    return LineageNode(
        id=row.id,
        kind="version",
        item_id=row.item_id,
        title=name.en,
        title_zh=name.zh,
        version=row.version,
        state=row.state,
        at=row.released_at,
        contributor=row.contributor,
        adopters=row.adopters,
    )


def _own_variants(work: Work, items: set[str], enterprise_id: str | None) -> list[Row[Any]]:
    if enterprise_id is None:
        return []
    columns = (
        CANDIDATE.id,
        CANDIDATE.item_id,
        CANDIDATE.title,
        CANDIDATE.title_zh,
        CANDIDATE.state,
        CANDIDATE.acquired_at,
        CANDIDATE.origin_version_id,
    )
    statement = select(*columns).where(
        CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.item_id.in_(items), CANDIDATE.state != ENDED
    )
    return list(work.execute(statement.order_by(CANDIDATE.acquired_at, CANDIDATE.id)))


def _variant_node(row: Row[Any]) -> LineageNode:
    return LineageNode(
        id=row.id,
        kind="variant",
        item_id=row.item_id,
        title=row.title,
        title_zh=row.title_zh,
        version=None,
        state=row.state,
        at=row.acquired_at,
        is_own=True,
    )
