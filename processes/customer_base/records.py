"""Surveys and outcome records: what customers say, and what cases achieved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from processes.customer_base.characteristics import record_behaviour
from processes.customer_base.scope import add
from processes.customer_base.tables import OutcomeRecord, Survey


def request_survey(
    session: Session,
    *,
    case_reference: str,
    now: datetime,
    kind: str = "satisfaction",
    party_id: str | None = None,
    contact_id: str | None = None,
) -> Survey:
    """Ask once per case and kind; asking again gives the first."""
    known = _survey(session, case_reference, kind)
    if known:
        return known
    return add(
        session,
        Survey(
            case_reference=case_reference,
            kind=kind,
            party_id=party_id,
            contact_id=contact_id,
            asked_at=now,
            created_at=now,
        ),
    )


def answer_survey(
    session: Session,
    *,
    case_reference: str,
    score: int,
    now: datetime,
    comment: str | None = None,
    kind: str = "satisfaction",
) -> Survey:
    """Keep the answer, 1 (bad) to 5 (good), or 0 to 10 for a recommendation."""
    best = 10 if kind == "recommendation" else 5
    if not 0 <= score <= best:
        raise InvalidInput(f"A score lies between 0 and {best}, found {score}.")
    survey = request_survey(session, case_reference=case_reference, kind=kind, now=now)
    survey.score, survey.comment, survey.answered_at = score, comment, now
    if survey.party_id:
        record_behaviour(session, item=f"{kind} score", party_id=survey.party_id, value=score, now=now)
    return survey


def record_outcome(
    session: Session,
    *,
    practice: str,
    case_reference: str,
    outcome: str,
    measures: Mapping[str, Any],
    ended_at: datetime,
    started_at: datetime | None = None,
) -> OutcomeRecord:
    """What a case of a practice achieved; recording again replaces it."""
    record = session.scalar(
        select(OutcomeRecord).where(OutcomeRecord.practice == practice, OutcomeRecord.case_reference == case_reference)
    )
    if record is None:
        record = OutcomeRecord(practice=practice, case_reference=case_reference, created_at=ended_at)
        session.add(record)
    record.outcome, record.measures, record.started_at, record.ended_at = outcome, dict(measures), started_at, ended_at
    session.flush()
    return record


def outcomes(session: Session, *, practice: str, since: datetime | None = None) -> list[OutcomeRecord]:
    """The outcomes of a practice, oldest first."""
    statement = select(OutcomeRecord).where(OutcomeRecord.practice == practice).order_by(OutcomeRecord.ended_at)
    if since:
        statement = statement.where(OutcomeRecord.ended_at >= since)
    return list(session.scalars(statement))


def measures_by_case(session: Session, *, practice: str, since: datetime) -> dict[str, dict[str, Any]]:
    """What the cases of a practice that ended from `since` on left behind: case reference → measures."""
    columns = (OutcomeRecord.case_reference, OutcomeRecord.measures)
    statement = select(*columns).where(OutcomeRecord.practice == practice, OutcomeRecord.ended_at >= since)
    return {reference: dict(measures) for reference, measures in session.execute(statement)}


def _survey(session: Session, case_reference: str, kind: str) -> Survey | None:
    return session.scalar(select(Survey).where(Survey.case_reference == case_reference, Survey.kind == kind))
