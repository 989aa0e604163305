"""Judge what another enterprise contributes."""

from datetime import datetime

from sqlalchemy import select

from engine.errors import InvalidInput, InvalidState, NotPermitted
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.contributing import (
    CLASSES,
    DECISIONS,
    REVIEW_TASKS,
    complete,
    find_contribution,
    must_be,
    note_event,
    open_task,
)
from practice_repo.permissions import must_review
from practice_repo.tables import PracticeContribution, PracticeReview


def review_contribution(
    work: Work,
    *,
    contribution_id: str,
    decision: str,
    class_: str | None = None,
    comment: str = "",
    actor: Actor,
    now: datetime,
) -> int:
    """Which review it was: 1 or 2. Accepting says as what: patch, option, variant, new or scenario.

    Asking for changes and rejecting need a comment. Raises NotPermitted for the contributor's own enterprise, and for
    a second review by the same enterprise.
    """
    must_review(actor)
    if decision not in DECISIONS or (decision == "accept" and class_ not in CLASSES):
        raise InvalidInput(
            f"A review says one of {', '.join(DECISIONS)}; accepting says as what: {', '.join(CLASSES)}."
        )
    if decision != "accept" and not comment.strip():
        raise InvalidInput("Say what should change, or why it is not taken up: the contributor will read it.")
    contribution = find_contribution(work, contribution_id)
    problem = why_not(work, contribution, actor)
    if problem is not None:
        raise NotPermitted(problem)
    must_be(contribution, "in_review")
    task = open_task(work, contribution, *REVIEW_TASKS)
    if task is None:
        raise InvalidState(f"The contribution '{contribution.title}' waits for no review now: reload it.")
    number = REVIEW_TASKS[task.element_id]
    work.session.add(
        PracticeReview(
            contribution_id=contribution.id,
            round=contribution.round,
            number=number,
            reviewer=actor.id,
            reviewer_enterprise_id=actor.enterprise_id,
            decision=decision,
            accepted_class=class_ if decision == "accept" else None,
            comment=comment.strip(),
            at=now,
        )
    )
    note_event(work, contribution.id, "reviewed", now, number=number, decision=decision)
    answers = {"decision": decision, "accepted_class": class_ or "", "comment": comment.strip()}
    given = {f"{name}_{number}": value for name, value in answers.items()}
    complete(work, contribution, task.element_id, given, actor.id, now)
    return number


def why_not(work: Work, contribution: PracticeContribution, actor: Actor) -> str | None:
    """Why the actor may not review it: the rule against conflicts of interest."""
    if actor.enterprise_id is None or actor.enterprise_id == contribution.enterprise_id:
        return "Your own enterprise contributes this: reviewers come from other enterprises."
    columns = PracticeReview.__table__.c
    earlier = select(columns.reviewer_enterprise_id).where(
        columns.contribution_id == contribution.id, columns.round == contribution.round
    )
    if actor.enterprise_id in set(work.execute(earlier).scalars()):
        return "Your enterprise has reviewed this already: the second reviewer comes from another one."
    return None
