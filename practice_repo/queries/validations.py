"""What the checks said of a variant."""

from sqlalchemy import select

from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.queries.workspace import find_candidate
from practice_repo.tables import PracticeValidation
from practice_repo.validation import ValidationReport, checks_of_json

COLUMNS = PracticeValidation.__table__.c


def validations(work: Work, *, candidate_id: str, actor: Actor, limit: int = 20) -> tuple[ValidationReport, ...]:
    """The newest first."""
    find_candidate(work, candidate_id, actor)
    statement = select(PracticeValidation.__table__).where(COLUMNS.candidate_id == candidate_id)
    rows = work.execute(statement.order_by(COLUMNS.at.desc(), COLUMNS.id.desc()).limit(limit))
    return tuple(
        ValidationReport(checks_of_json(row.report), row.id, row.commit_id, row.digest, row.at, row.by) for row in rows
    )
