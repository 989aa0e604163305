"""Offer a contribution again, with the changes that reviewers asked for."""

from datetime import datetime

from engine.commands.publish_message import publish_message
from engine.store.actor import SYSTEM, Actor
from engine.store.unit_of_work import Work
from practice_repo.contributing import RESUBMITTED, must_be, note_event, own_contribution
from practice_repo.permissions import LIBRARY
from practice_repo.workspace import must_be_committed, own_candidate


def resubmit_contribution(work: Work, *, contribution_id: str, actor: Actor, now: datetime) -> None:
    """The variant's newest commit goes through screening, confirmation and review again."""
    contribution = own_contribution(work, contribution_id, actor)
    candidate = own_candidate(work, contribution.candidate_id, actor)
    must_be(contribution, "changes_requested")
    must_be_committed(candidate)
    contribution.commit_id, contribution.origin_version_id = candidate.head_commit_id, candidate.origin_version_id
    contribution.round += 1
    contribution.state, contribution.consent, contribution.resolutions = "preparing", None, {}
    note_event(work, contribution.id, "resubmitted", now)
    publish_message(
        work,
        enterprise_id=LIBRARY,
        name=RESUBMITTED,
        correlation={"contribution_id": contribution.id},
        actor=SYSTEM,
        now=now,
    )
