"""Contributions: those of one's own enterprise, and those that wait for a reviewer or an editor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work
from practice_repo.algebra.operations import Operation, operations_from_json
from practice_repo.algebra.package import Package
from practice_repo.contents import get_trees
from practice_repo.contributing import EDIT_TASK, REVIEW_TASKS, SEEN_BY_REVIEWERS, WITHDRAWABLE
from practice_repo.permissions import may_edit_library, may_review
from practice_repo.screened import Found, found_of_json
from practice_repo.tables import (
    PracticeContribution,
    PracticeContributionEvent,
    PracticeReview,
    PracticeVersion,
)
from practice_repo.validation import Check, ValidationReport, checks_of_json

COLUMNS, TASK = PracticeContribution.__table__.c, UserTask.__table__.c
WAITING_FOR = {**{element: f"reviewer_{number}" for element, number in REVIEW_TASKS.items()}, EDIT_TASK: "editor"}


@dataclass(frozen=True)
class ContributionRow:
    id: str
    candidate_id: str
    item_id: str
    title: str
    title_zh: str
    summary: str
    pseudonym: str
    state: str
    round: int
    accepted_class: str | None  # patch | option | variant | new | scenario
    evidence_level: int
    submitted_at: datetime
    decided_at: datetime | None
    version_id: str | None  # of what was released


@dataclass(frozen=True)
class Review:
    round: int
    number: int  # 1 | 2
    decision: str  # accept | changes | reject
    accepted_class: str | None
    comment: str
    at: datetime
    reviewer: str | None  # for the library only; the contributor sees "reviewer 1" and "reviewer 2"


@dataclass(frozen=True)
class Event:
    at: datetime
    kind: str  # submitted confirmed blanked_more reviewed changes_requested resubmitted conflict settled released …
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Near:
    """One of the nearest items of the library; distances from 0 (the same) to 1."""

    item_id: str
    version: str
    name: str
    name_zh: str
    similarity: float  # 0 to 1
    control: float
    data: float
    role: float
    rule: float


@dataclass(frozen=True)
class NoveltyReport:
    finding: str  # same | parameter_set | option | new_variant | new
    suggested_class: str  # patch | option | variant | new
    similarity: float  # to the nearest item, 0 to 1
    changed_share: float  # of the steps, 0 to 1
    regions: int
    changes_interface: bool
    nearest: tuple[Near, ...]


SUGGESTED = {"same": "patch", "parameter_set": "option", "option": "option", "new_variant": "variant", "new": "new"}


@dataclass(frozen=True)
class ConflictRow:
    id: str
    kind: str
    file: str
    target: str
    description: str
    description_zh: str
    choice: str | None  # ours | theirs | combine, once it is settled


@dataclass(frozen=True)
class ContributionDetail:
    row: ContributionRow
    is_own: bool
    operations: tuple[Operation, ...]  # what is new, against the origin
    package: Package  # what leaves the house, screened
    origin_package: Package
    blanked: tuple[Found, ...]  # what names something; for others without the texts that were blanked
    screening_problems: tuple[str, ...]  # what the contributor must look at
    novelty: NoveltyReport | None
    checks: tuple[Check, ...] | None
    consent: Mapping[str, Any] | None
    reviews: tuple[Review, ...]
    conflicts: tuple[ConflictRow, ...]
    history: tuple[Event, ...]
    next_verbs: tuple[str, ...]  # confirm | review | resolve | resubmit | withdraw | recall: what this actor may do now
    why_not_review: str | None

    @property
    def report(self) -> ValidationReport | None:
        return None if self.checks is None else ValidationReport(self.checks)


@dataclass(frozen=True)
class QueueRow:
    contribution_id: str
    title: str
    title_zh: str
    item_id: str
    pseudonym: str
    waiting_for: str  # reviewer_1 | reviewer_2 | editor
    task_id: str
    since: datetime
    round: int
    finding: str | None  # of the novelty check
    may_act: bool
    why_not: str | None


def contributions(work: Work, *, enterprise_id: str) -> tuple[ContributionRow, ...]:
    """What the enterprise contributed, the newest first."""
    newest_first = _rows().order_by(COLUMNS.submitted_at.desc(), COLUMNS.id.desc())
    rows = work.execute(newest_first.where(COLUMNS.enterprise_id == enterprise_id))
    return tuple(ContributionRow(*row) for row in rows)


def contribution(work: Work, *, contribution_id: str, actor: Actor) -> ContributionDetail:
    """One contribution, as far as the actor may see it.

    The contributing enterprise sees everything; reviewers and the library see what left the house, and never who it
    came from. Raises NotFound for everybody else.
    """
    found = work.execute(select(PracticeContribution.__table__).where(COLUMNS.id == contribution_id)).one_or_none()
    is_own = found is not None and found.enterprise_id == actor.enterprise_id
    if found is None or not (is_own or _may_look(found, actor)):
        raise NotFound(f"There is no contribution {contribution_id}: look again.")
    versions = PracticeVersion.__table__.c
    origin = work.execute(select(versions.files).where(versions.id == found.origin_version_id)).scalar_one()
    origin_package, package = (Package(files) for files in get_trees(work, [origin, found.files]))
    reviews = _reviews(work, contribution_id)
    task = _open_element(work, found.process_instance_id)
    why_not = _why_not(found, actor, {row.reviewer_enterprise_id for row in reviews if row.round == found.round})
    return ContributionDetail(
        row=ContributionRow(*(getattr(found, name) for name in ContributionRow.__dataclass_fields__)),
        is_own=is_own,
        operations=operations_from_json(found.operations),
        package=package,
        origin_package=origin_package,
        blanked=_blanked(found, is_own),
        screening_problems=tuple((found.screening or {}).get("problems", ())) if is_own else (),
        novelty=novelty_of_json(found.novelty),
        checks=checks_of_json(found.checks) if found.checks else None,
        consent=found.consent if is_own else _licence_only(found.consent),
        reviews=tuple(_review(row, is_own) for row in reviews),
        conflicts=_conflicts(found),
        history=_history(work, contribution_id),
        next_verbs=tuple(_verbs(found, actor, is_own, task, why_not)),
        why_not_review=why_not,
    )


def review_queue(work: Work, *, actor: Actor) -> tuple[QueueRow, ...]:
    """What waits for a reviewer or an editor, the longest waiting first; rows that are another's say why."""
    if not (may_review(actor) or may_edit_library(actor)):
        return ()
    statement = (
        select(
            COLUMNS.id,
            COLUMNS.title,
            COLUMNS.title_zh,
            COLUMNS.item_id,
            COLUMNS.pseudonym,
            COLUMNS.round,
            COLUMNS.novelty,
            COLUMNS.enterprise_id,
            TASK.id.label("task_id"),
            TASK.element_id,
            TASK.created_at,
        )
        .join(UserTask.__table__, TASK.process_instance_id == COLUMNS.process_instance_id)
        .where(TASK.state == "open", TASK.element_id.in_(list(WAITING_FOR)))
        .order_by(TASK.created_at, COLUMNS.id)
    )
    rows = work.execute(statement).all()
    reviewed = _reviewed_by(work, [row.id for row in rows])
    return tuple(_queue_row(row, actor, reviewed.get((row.id, row.round), set())) for row in rows)


def novelty_of_json(content: Mapping[str, Any] | None) -> NoveltyReport | None:
    """The stored answer of `practice_repo.search.novelty`."""
    if content is None:
        return None
    return NoveltyReport(
        finding=content["finding"],
        suggested_class=SUGGESTED[content["finding"]],
        similarity=content["similarity"],
        changed_share=content["changed_share"],
        regions=content["regions"],
        changes_interface=content["changes_interface"],
        nearest=tuple(_near(each) for each in content["nearest"]),
    )


def _near(content: Mapping[str, Any]) -> Near:
    distance = content["distance"] or {}
    return Near(
        content["id"],
        content["version"],
        content["name"]["en"],
        content["name"]["zh"],
        round(1 - distance.get("total", 1), 4),
        *(distance.get(name, 1.0) for name in ("control", "data", "role", "rule")),
    )


def _rows() -> Any:
    return select(*(COLUMNS[name] for name in ContributionRow.__dataclass_fields__))


def _may_look(found: Row[Any], actor: Actor) -> bool:
    return found.state in SEEN_BY_REVIEWERS and (may_review(actor) or may_edit_library(actor))


def _reviews(work: Work, contribution_id: str) -> list[Row[Any]]:
    columns = PracticeReview.__table__.c
    statement = select(PracticeReview.__table__).where(columns.contribution_id == contribution_id)
    return list(work.execute(statement.order_by(columns.round, columns.number)))


def _review(row: Row[Any], is_own: bool) -> Review:
    reviewer = None if is_own else row.reviewer
    return Review(row.round, row.number, row.decision, row.accepted_class, row.comment, row.at, reviewer)


def _reviewed_by(work: Work, contribution_ids: list[str]) -> dict[tuple[str, int], set[str]]:
    columns = PracticeReview.__table__.c
    statement = select(columns.contribution_id, columns.round, columns.reviewer_enterprise_id).where(
        columns.contribution_id.in_(contribution_ids)
    )
    found: dict[tuple[str, int], set[str]] = {}
    for row in work.execute(statement):
        found.setdefault((row.contribution_id, row.round), set()).add(row.reviewer_enterprise_id)
    return found


def _why_not(found: Row[Any], actor: Actor, reviewed_by: set[str]) -> str | None:
    """The rule against conflicts of interest, as `review_contribution` holds it."""
    if not may_review(actor):
        return "Reviewing needs the role of a library reviewer."
    if actor.enterprise_id is None or found.enterprise_id == actor.enterprise_id:
        return "Your own enterprise contributes this: reviewers come from other enterprises."
    if actor.enterprise_id in reviewed_by:
        return "Your enterprise has reviewed this already: the second reviewer comes from another one."
    return None


def _open_element(work: Work, process_instance_id: str | None) -> str | None:
    statement = select(TASK.element_id).where(
        TASK.process_instance_id == process_instance_id, TASK.state == "open", TASK.element_id.in_(list(WAITING_FOR))
    )
    return work.execute(statement.limit(1)).scalar_one_or_none()


def _verbs(found: Row[Any], actor: Actor, is_own: bool, task: str | None, why_not: str | None) -> list[str]:
    verbs = []
    if is_own and found.state == "confirming":
        verbs.append("confirm")
    if is_own and found.state == "changes_requested":
        verbs.append("resubmit")
    if is_own and found.state in WITHDRAWABLE:
        verbs.append("withdraw")
    if is_own and found.state == "released":
        verbs.append("recall")
    if task in REVIEW_TASKS and why_not is None:
        verbs.append("review")
    if task == EDIT_TASK and may_edit_library(actor):
        verbs.append("resolve")
    return verbs


def _blanked(found: Row[Any], is_own: bool) -> tuple[Found, ...]:
    places = found_of_json(found.screening)
    return places if is_own else tuple(each.without_text() for each in places)


def _licence_only(consent: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if consent is None else {"licence": consent["licence"], "agreed_at": consent["agreed_at"]}


def _conflicts(found: Row[Any]) -> tuple[ConflictRow, ...]:
    return tuple(
        ConflictRow(
            each["id"],
            each["kind"],
            each["file"],
            each["target"],
            each["en"],
            each["zh"],
            found.resolutions.get(each["id"]),
        )
        for each in found.conflicts or ()
    )


def _history(work: Work, contribution_id: str) -> tuple[Event, ...]:
    columns = PracticeContributionEvent.__table__.c
    statement = (
        select(columns.at, columns.kind, columns.details)
        .where(columns.contribution_id == contribution_id)
        .order_by(columns.at, columns.id)
    )
    return tuple(Event(*row) for row in work.execute(statement))


def _queue_row(row: Row[Any], actor: Actor, reviewed_by: set[str]) -> QueueRow:
    waiting_for = WAITING_FOR[row.element_id]
    if waiting_for == "editor":
        why_not = None if may_edit_library(actor) else "An editor of the library settles this."
    else:
        why_not = _why_not(row, actor, reviewed_by)
    return QueueRow(
        contribution_id=row.id,
        title=row.title,
        title_zh=row.title_zh,
        item_id=row.item_id,
        pseudonym=row.pseudonym,
        waiting_for=waiting_for,
        task_id=row.task_id,
        since=row.created_at,
        round=row.round,
        finding=(row.novelty or {}).get("finding"),
        may_act=why_not is None,
        why_not=why_not,
    )
