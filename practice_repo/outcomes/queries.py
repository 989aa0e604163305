"""Cases and their facts, read from the event history: three statements and one for the outcome records, however many
cases there are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, and_, select

from engine.errors import InvalidInput
from engine.store.projections import unpack_facts
from engine.store.tables import ElementInstance, ProcessInstance, Step, UserTask
from engine.store.unit_of_work import Work
from practice_repo.card import Card
from practice_repo.outcomes.case import Calendar, Case, Visit
from practice_repo.outcomes.facts import CaseFacts, case_facts

BATCH = 1000  # rows fetched at once
CASE_SCOPE = 0  # whose variables are those of the case
WHEN = {"started": ProcessInstance.started_at, "ended": ProcessInstance.ended_at}

OutcomeReader = Callable[[Work, str, str, datetime], Mapping[str, Mapping[str, Any]]]
"""(work, enterprise id, practice, since) → case reference → what the case left in the customer base."""

SeenUntil = Callable[[datetime], datetime]
"""when a case started → the moment as of which it is told"""


def facts(
    work: Work,
    *,
    card: Card,
    enterprise_id: str,
    start: datetime,
    end: datetime,
    now: datetime,
    process_ids: Sequence[str] = (),
    definition_ids: Sequence[str] | None = None,
    by: str = "started",
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
) -> list[CaseFacts]:
    """The facts of the practice's cases that `started` (or `ended`) from `start` up to before `end`, oldest first.

    `process_ids` are those whose instances are cases, without them the practice's main process; `definition_ids`
    narrow to versions. What cases left in the customer base comes through `outcomes`.
    """
    found = cases(
        work,
        enterprise_id=enterprise_id,
        process_ids=process_ids or (card.id,),
        start=start,
        end=end,
        definition_ids=definition_ids,
        by=by,
    )
    records = dict(outcomes(work, enterprise_id, card.id, start)) if outcomes else {}
    told = (replace(case, outcome=outcome_of(case, records)) for case in found)
    return sorted(case_facts(card, told, now=now, calendar=calendar), key=lambda each: (each.started_at, each.case_id))


def cases(
    work: Work,
    *,
    enterprise_id: str,
    process_ids: Sequence[str],
    start: datetime,
    end: datetime,
    definition_ids: Sequence[str] | None = None,
    by: str = "started",
    seen_until: SeenUntil | None = None,
) -> Iterator[Case]:
    """The cases with their visits and variables, in order of their ids. Read them within the unit of work.

    With `seen_until` every case is told as somebody would have seen it at that moment: what came later is left out.
    """
    if by not in WHEN:
        raise InvalidInput(f"Expected cases by when they 'started' or 'ended', found '{by}'.")
    chosen = [
        ProcessInstance.enterprise_id == enterprise_id,
        ProcessInstance.process_id.in_(list(process_ids)),
        WHEN[by] >= start,
        WHEN[by] < end,
    ]
    if definition_ids is not None:
        chosen.append(ProcessInstance.definition_id.in_(list(definition_ids)))
    return _merged(work, chosen, seen_until or (lambda started_at: datetime.max.replace(tzinfo=UTC)))


def _merged(work: Work, chosen: Sequence[Any], seen_until: SeenUntil) -> Iterator[Case]:
    """Instances, visits and steps side by side: each comes in the order of the instances' ids."""
    instances = work.execute(_instances(chosen)).all()
    known = {row.id for row in instances}
    visits = _grouped(work, _visits(chosen), known)
    steps = _grouped(work, _steps(chosen), known)
    for row in instances:
        end = seen_until(row.started_at)
        is_over = row.ended_at is not None and row.ended_at <= end
        yield Case(
            id=row.id,
            process_id=row.process_id,
            definition_id=row.definition_id,
            business_key=row.business_key,
            state=row.state if is_over or row.ended_at is None else "active",
            started_at=row.started_at,
            ended_at=row.ended_at if is_over else None,
            variables=_variables([step for step in steps.of(row.id) if step.at <= end]),
            visits=tuple(_visit(each, end) for each in visits.of(row.id) if each.activated_at <= end),
        )


class _Groups:
    """Rows of one instance after the other."""

    def __init__(self, rows: Iterator[Row]):
        self._groups = groupby(rows, key=attrgetter("process_instance_id"))
        self._next: tuple[str, Iterator[Row]] | None = next(self._groups, None)

    def of(self, instance_id: str) -> list[Row]:
        if self._next is None or self._next[0] != instance_id:
            return []
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found


def _grouped(work: Work, statement: Select, known: set[str]) -> _Groups:
    rows = work.execute(statement.execution_options(yield_per=BATCH))
    return _Groups(row for row in rows if row.process_instance_id in known)  # others have begun in the meantime


def _instances(chosen: Sequence[Any]) -> Select:
    columns = ("id", "process_id", "definition_id", "business_key", "state", "started_at", "ended_at")
    return select(*(getattr(ProcessInstance, name) for name in columns)).where(*chosen).order_by(ProcessInstance.id)


def _visits(chosen: Sequence[Any]) -> Select:
    by_person = and_(
        UserTask.process_instance_id == ElementInstance.process_instance_id,
        UserTask.element_instance_id == ElementInstance.element_instance_id,
    )
    return (
        select(
            ElementInstance.process_instance_id,
            ElementInstance.element_id,
            ElementInstance.element_type,
            ElementInstance.state,
            ElementInstance.activated_at,
            ElementInstance.ended_at,
            UserTask.completed_by,
        )
        .join(ProcessInstance, ProcessInstance.id == ElementInstance.process_instance_id)
        .outerjoin(UserTask, by_person)
        .where(*chosen)
        .order_by(ProcessInstance.id, ElementInstance.activated_at, ElementInstance.element_instance_id)
    )


def _steps(chosen: Sequence[Any]) -> Select:
    return (
        select(Step.process_instance_id, Step.at, Step.facts)
        .join(ProcessInstance, ProcessInstance.id == Step.process_instance_id)
        .where(*chosen)
        .order_by(ProcessInstance.id, Step.number)
    )


def _visit(row: Row, end: datetime) -> Visit:
    if row.ended_at is not None and row.ended_at > end:
        return Visit(row.element_id, row.activated_at, None, "active", None, row.element_type)
    return Visit(row.element_id, row.activated_at, row.ended_at, row.state, row.completed_by, row.element_type)


def _variables(steps: Sequence[Row]) -> dict[str, Any]:
    """The case's variables as they were written last."""
    found: dict[str, Any] = {}
    for step in steps:
        for fact in unpack_facts(step.facts).facts:
            if fact.kind == "variables_changed" and fact.values["scope_id"] == CASE_SCOPE:
                found.update(fact.values["variables"])
    return found


def outcome_of(case: Case, records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The measures of the case's record, which goes by its business key, its id or a number among its variables."""
    texts = (value for value in case.variables.values() if isinstance(value, str))
    reference = next((each for each in (case.business_key, case.id, *texts) if each in records), None)
    return {name: typed(value) for name, value in records[reference].items()} if reference is not None else {}


def typed(value: Any) -> Any:
    """A measure as it was before it was stored as text: numbers, truth values, also inside of lists and contexts."""
    if isinstance(value, str):
        return {"True": True, "False": False}.get(value, _number(value))
    if isinstance(value, float):
        return _number(str(value))
    if isinstance(value, Mapping):
        return {name: typed(each) for name, each in value.items()}
    return [typed(each) for each in value] if isinstance(value, list) else value


def _number(text: str) -> Any:
    if not text.strip("-+.0123456789eE") and any(letter.isdigit() for letter in text):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text
