"""The worklist: views with counts, filters, sorting, and pages that stay fast among 100,000 open tasks."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, func, literal, literal_column, or_, select, tuple_

from engine.errors import InvalidInput
from engine.queries.permissions import names_of
from engine.store.actor import Actor
from engine.store.tables import (
    SEARCHABLE_CHARACTERS,
    Comment,
    Document,
    ProcessDefinition,
    ProcessInstance,
    SearchVariable,
    UserTask,
    UserTaskCandidate,
)
from engine.store.types import UtcDateTime
from engine.store.unit_of_work import Work

VIEWS = ("mine", "my_groups", "due_today", "overdue", "waiting_for_others", "recently_done", "all")
COUNTED_VIEWS = VIEWS[:-1]
MOST_COUNTED = 1000  # a count of this much means "at least"
RECENT = timedelta(days=14)
MOST_ROWS = 500

TASK = UserTask.__table__.c
# Written out, not as parameters: only then may the database use the indexes of open tasks and live cases.
IS_OPEN = TASK.state == literal_column("'open'")
IS_LIVE = ProcessInstance.__table__.c.state.in_((literal_column("'active'"), literal_column("'suspended'")))
SORTS: dict[str, ColumnElement[Any]] = {
    "due": TASK.due_order,
    "priority": TASK.priority,
    "created": TASK.created_at,
    "done": TASK.ended_at,
    "title": func.coalesce(TASK.title, TASK.name),
}


@dataclass(frozen=True)
class TaskRow:
    """One line of the worklist."""

    id: str
    name: str
    title: str | None
    business_key: str | None
    process_id: str
    process_name: str
    process_name_zh: str | None
    definition_id: str
    element_id: str
    process_instance_id: str
    role: str | None
    assignee: str | None
    owner: str | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    state: str
    is_suspended: bool
    created_at: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    completed_by: str | None
    comment_count: int = 0
    document_count: int = 0
    attributes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Rows, and the token that asks for the next ones (none: these were the last)."""

    rows: tuple[Any, ...]
    next: str | None = None


def worklist(
    work: Work,
    *,
    actor: Actor,
    view: str = "mine",
    now: datetime,
    day_ends_at: datetime | None = None,
    enterprise_id: str | None = None,
    process_id: str | None = None,
    role: str | None = None,
    assignee: str | None = None,
    due_from: datetime | None = None,
    due_before: datetime | None = None,
    text: str | None = None,
    attributes: Mapping[str, str] | None = None,
    business_key: str | None = None,
    sort: str | None = None,
    descending: bool | None = None,
    limit: int = 50,
    offset: int = 0,
    after: str | None = None,
) -> Page:
    """A page of tasks of a view. `day_ends_at`: the end of the person's today (default: of the UTC day).

    `attributes` compares searchable variables with their text; `after` is a former page's `next`.
    """
    if view not in VIEWS:
        raise InvalidInput(f"A view was expected ({', '.join(VIEWS)}), found '{view}'.")
    sort = sort or ("done" if view == "recently_done" else "due")
    if sort not in SORTS:
        raise InvalidInput(f"A sort order was expected ({', '.join(SORTS)}), found '{sort}'.")
    if descending is None:
        descending = sort in ("done", "priority")
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidInput(f"A limit from 1 to {MOST_ROWS} was expected, found {limit}.")
    enterprise_id = enterprise_id or actor.enterprise_id
    conditions = [
        *_in_view(view, actor, enterprise_id, now, day_ends_at or _utc_day_end(now)),
        *_filters(process_id, role, assignee, due_from, due_before, business_key),
        *(has_attribute(TASK.process_instance_id, enterprise_id, *each) for each in (attributes or {}).items()),
    ]
    if text and text.strip():
        conditions.append(contains(work, text.strip(), TASK.title, TASK.business_key, TASK.name))
    query = _paged(_rows().where(*conditions), SORTS[sort], descending, after).limit(limit + 1).offset(offset)
    found = work.execute(query).all()
    rows = _decorated(work, found[:limit])
    return Page(rows, _token(found[limit - 1].sort_value, found[limit - 1].id) if len(found) > limit else None)


def view_counts(
    work: Work,
    *,
    actor: Actor,
    now: datetime,
    day_ends_at: datetime | None = None,
    enterprise_id: str | None = None,
) -> dict[str, int]:
    """How many tasks each view holds, in one statement; MOST_COUNTED means that many or more."""
    end = day_ends_at or _utc_day_end(now)
    counts = []
    for view in COUNTED_VIEWS:
        conditions = _in_view(view, actor, enterprise_id or actor.enterprise_id, now, end)
        inside = select(literal(1)).select_from(UserTask).where(*conditions).limit(MOST_COUNTED).subquery()
        counts.append(select(func.count()).select_from(inside).scalar_subquery().label(view))
    return dict(work.execute(select(*counts)).one()._mapping)


# Views and filters ----------------------------------------------------------------------------------------------------


def _in_view(
    view: str, actor: Actor, enterprise_id: str | None, now: datetime, day_ends_at: datetime
) -> list[ColumnElement[bool]]:
    people = sorted({actor.id, *actor.stands_in_for})
    is_mine = TASK.assignee.in_(people)
    in_my_groups = and_(TASK.assignee.is_(None), _is_candidate(actor))
    conditions = [] if enterprise_id is None else [TASK.enterprise_id == enterprise_id]
    if view == "recently_done":
        return [*conditions, TASK.completed_by == actor.id, TASK.ended_at >= now - RECENT]
    conditions.append(IS_OPEN)
    if view == "mine":
        conditions.append(is_mine)
    elif view == "my_groups":
        conditions.append(in_my_groups)
    elif view == "due_today":
        conditions += [or_(is_mine, in_my_groups), TASK.due_order >= now, TASK.due_order < day_ends_at]
    elif view == "overdue":
        conditions += [or_(is_mine, in_my_groups), TASK.due_order < now]
    elif view == "waiting_for_others":
        conditions += _waiting_for_others(actor)
    elif not actor.is_supervisor:
        conditions.append(or_(is_mine, in_my_groups))
    return conditions


def _is_candidate(actor: Actor) -> ColumnElement[bool]:
    candidate = UserTaskCandidate.__table__
    return select(literal(1)).where(candidate.c.user_task_id == TASK.id, names_of(actor)).exists()


def _waiting_for_others(actor: Actor) -> list[ColumnElement[bool]]:
    """Delegated by the actor, or in cases that the actor started; not the actor's own."""
    started = select(ProcessInstance.id).where(ProcessInstance.started_by == actor.id, IS_LIVE)
    return [
        or_(TASK.assignee.is_(None), TASK.assignee != actor.id),
        or_(TASK.owner == actor.id, TASK.process_instance_id.in_(started)),
    ]


def _filters(
    process_id: str | None,
    role: str | None,
    assignee: str | None,
    due_from: datetime | None,
    due_before: datetime | None,
    business_key: str | None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in (
        (TASK.process_id, process_id),
        (TASK.role, role),
        (TASK.assignee, assignee),
        (TASK.business_key, business_key),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    if due_from is not None:
        conditions.append(TASK.due_order >= due_from)
    if due_before is not None:
        conditions.append(TASK.due_order < due_before)
    return conditions


def contains(work: Work, text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of the columns contains the text, whatever its case."""
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if work.on_postgresql:
        return or_(*(column.ilike(pattern, escape="\\") for column in columns))
    return or_(*(column.like(pattern, escape="\\") for column in columns))  # SQLite's LIKE ignores case


def has_attribute(
    instance_id: ColumnElement[Any], enterprise_id: str | None, name: str, value: str
) -> ColumnElement[bool]:
    """Whether the case's searchable variable has this value, as people read it."""
    variable = SearchVariable.__table__.c
    cases = select(variable.process_instance_id).where(
        variable.name == name, variable.text == value[:SEARCHABLE_CHARACTERS]
    )
    if enterprise_id is not None:
        cases = cases.where(variable.enterprise_id == enterprise_id)
    return instance_id.in_(cases)


def _utc_day_end(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


# Rows and pages -------------------------------------------------------------------------------------------------------

TASK_COLUMNS = tuple(
    TASK[name]
    for name in (
        "id",
        "name",
        "title",
        "business_key",
        "process_id",
        "definition_id",
        "element_id",
        "process_instance_id",
        "role",
        "assignee",
        "owner",
        "due_at",
        "follow_up_at",
        "priority",
        "state",
        "is_suspended",
        "created_at",
        "claimed_at",
        "ended_at",
        "completed_by",
    )
)


def _rows() -> Select[Any]:
    return select(
        *TASK_COLUMNS,
        ProcessDefinition.name.label("process_name"),
        ProcessDefinition.name_zh.label("process_name_zh"),
    ).join(ProcessDefinition, ProcessDefinition.id == TASK.definition_id)


def _paged(query: Select[Any], column: ColumnElement[Any], descending: bool, after: str | None) -> Select[Any]:
    query = query.add_columns(column.label("sort_value"))
    order = (column.desc(), TASK.id.desc()) if descending else (column, TASK.id)
    if after is not None:
        value, last_id = _read_token(after, column)
        here = tuple_(column, TASK.id)
        there = tuple_(literal(value, type_=column.type), literal(last_id))
        query = query.where(here < there if descending else here > there)
    return query.order_by(*order)


def _token(value: Any, row_id: str) -> str:
    stored = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([stored, row_id])).decode().rstrip("=")


def _read_token(token: str, column: ColumnElement[Any]) -> tuple[Any, str]:
    try:
        value, row_id = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if isinstance(column.type, UtcDateTime):
            value = datetime.fromisoformat(value)
        return value, str(row_id)
    except (ValueError, TypeError) as error:
        raise InvalidInput("The page token does not fit: start again from the first page.") from error


def _decorated(work: Work, found: list[Any]) -> tuple[TaskRow, ...]:
    """The rows with counts of comments and documents and with business attributes, in three statements in all."""
    if not found:
        return ()
    instance_ids = sorted({row.process_instance_id for row in found})
    comments = _counts(work, Comment, instance_ids)
    documents = _counts(work, Document, instance_ids)
    attributes: dict[str, dict[str, str | None]] = {}
    for instance_id, name, text in work.execute(
        select(SearchVariable.process_instance_id, SearchVariable.name, SearchVariable.text).where(
            SearchVariable.process_instance_id.in_(instance_ids)
        )
    ):
        attributes.setdefault(instance_id, {})[name] = text
    return tuple(
        TaskRow(
            **{name: value for name, value in row._mapping.items() if name != "sort_value"},
            comment_count=comments.get(row.process_instance_id, 0),
            document_count=documents.get(row.process_instance_id, 0),
            attributes=attributes.get(row.process_instance_id, {}),
        )
        for row in found
    )


def _counts(work: Work, mapped: type, instance_ids: list[str]) -> dict[str, int]:
    counted = work.execute(
        select(mapped.process_instance_id, func.count())
        .where(mapped.process_instance_id.in_(instance_ids))
        .group_by(mapped.process_instance_id)
    )
    return dict(counted.all())
