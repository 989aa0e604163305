"""Offer a variant to everybody: what is new in it goes to the library's review (A19)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from engine.commands.start_process import start_process
from engine.errors import InvalidInput, InvalidState
from engine.store.actor import SYSTEM, Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.candidate_states import CONTRIBUTABLE
from practice_repo.contributing import OVER, REVIEW_PROCESS, note_event, pseudonym_of
from practice_repo.permissions import LIBRARY
from practice_repo.tables import PracticeCandidate, PracticeContribution
from practice_repo.workspace import must_be_committed, own_candidate


def contribute(
    work: Work,
    *,
    candidate_id: str,
    title: str,
    title_zh: str = "",
    summary: str = "",
    known_names: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> str:
    """The id of the contribution. Nothing leaves before it was screened and confirmed (`confirm_contribution`).

    `known_names` are names of people, customers, products or places that the screening must blank; they stay in the
    enterprise. Raises InvalidState for a variant that never was available, or that is being contributed already.
    """
    if not title.strip():
        raise InvalidInput("A title was expected: reviewers see it first.")
    candidate = own_candidate(work, candidate_id, actor)
    must_be_committed(candidate)
    if candidate.state not in CONTRIBUTABLE:
        raise InvalidState(f"'{candidate.title}' is {candidate.state}: contribute it when it is available.")
    _must_not_travel(work, candidate)
    contribution = PracticeContribution(
        id=new_id(),
        enterprise_id=candidate.enterprise_id,
        candidate_id=candidate.id,
        commit_id=candidate.head_commit_id,
        item_id=candidate.item_id,
        origin_version_id=candidate.origin_version_id,
        pseudonym=pseudonym_of(work, candidate.enterprise_id),
        title=title.strip(),
        title_zh=(title_zh or title).strip(),
        summary=summary.strip(),
        state="preparing",
        known_names=[name.strip() for name in known_names if name.strip()],
        round=1,
        screen_decisions=[],
        files={},
        operations=[],
        resolutions={},
        submitted_at=now,
        submitted_by=actor.id,
    )
    work.session.add(contribution)
    note_event(work, contribution.id, "submitted", now)
    started = start_process(
        work,
        enterprise_id=LIBRARY,
        process_id=REVIEW_PROCESS,
        variables={
            "contribution_id": contribution.id,
            "title": contribution.title,
            "item_id": contribution.item_id,
            "pseudonym": contribution.pseudonym,
        },
        business_key=contribution.id,
        actor=SYSTEM,
        now=now,
    )
    contribution.process_instance_id = started.process_instance_id
    return contribution.id


def _must_not_travel(work: Work, candidate: PracticeCandidate) -> None:
    columns = PracticeContribution.__table__.c
    travelling = select(columns.id).where(columns.candidate_id == candidate.id, columns.state.not_in(OVER))
    if work.execute(travelling).first() is not None:
        raise InvalidState(f"'{candidate.title}' is being contributed already: wait for the decision or withdraw it.")
