"""What the verbs of contributing share: states, names, who may see what, and the review's process.

A contribution travels through the process `contribution_review`, which runs in the enterprise "library". Its service
tasks are `practice_repo.handlers`, its user tasks are completed by the verbs here, in the library's name: nobody of
another enterprise sees who contributes.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.commands.complete_user_task import complete_user_task
from engine.errors import InvalidState, NotFound
from engine.store.actor import Actor
from engine.store.tables import UserTask
from engine.store.unit_of_work import Work
from practice_repo.permissions import EDITOR, LIBRARY, REVIEWER
from practice_repo.tables import PracticeContribution, PracticeContributionEvent, PracticePseudonym

REVIEW_PROCESS = "contribution_review"
CLASSES = ("patch", "option", "variant", "new", "scenario")
DECISIONS = ("accept", "changes", "reject")
WITHDRAWABLE = frozenset({"preparing", "confirming", "checking", "in_review", "changes_requested", "conflict"})
OVER = frozenset({"released", "rejected", "withdrawn", "recalled", "same", "lapsed"})
SEEN_BY_REVIEWERS = frozenset(
    {"in_review", "changes_requested", "merging", "conflict", "released", "rejected", "recalled", "lapsed", "same"}
)
REVIEW_TASKS = {"review_1": 1, "review_2": 2}
EDIT_TASK = "settle_conflicts"
CONFIRM_TASK = "confirm_what_leaves"
RESUBMITTED, WITHDRAWN = "ContributionResubmitted", "ContributionWithdrawn"

ADJECTIVES = ("Amber", "Calm", "Clear", "Copper", "Early", "Golden", "Green", "Keen", "Quiet", "Silver", "Swift")
ANIMALS = ("Badger", "Crane", "Falcon", "Fox", "Heron", "Ibis", "Lark", "Lynx", "Otter", "Owl", "Raven", "Robin")


def pseudonym_of(work: Work, enterprise_id: str) -> str:
    """The name under which the enterprise contributes; made at the first time, and always the same."""
    columns = PracticePseudonym.__table__.c
    found = work.execute(select(columns.pseudonym).where(columns.enterprise_id == enterprise_id)).scalar_one_or_none()
    if found is not None:
        return found
    taken = set(work.execute(select(columns.pseudonym)).scalars())
    free = {f"{adjective} {animal}" for adjective in ADJECTIVES for animal in ANIMALS} - taken
    chosen = secrets.choice(sorted(free)) if free else f"Member {secrets.token_hex(4)}"
    work.session.add(PracticePseudonym(enterprise_id=enterprise_id, pseudonym=chosen))
    work.flush()
    return chosen


def find_contribution(work: Work, contribution_id: str) -> PracticeContribution:
    """The contribution, locked. Raises NotFound."""
    found = work.session.get(PracticeContribution, contribution_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(f"There is no contribution {contribution_id}: look again.")
    return found


def read_contribution(work: Work, contribution_id: str) -> PracticeContribution:
    """The contribution, to look at only. Raises NotFound."""
    found = work.session.get(PracticeContribution, contribution_id)
    if found is None:
        raise NotFound(f"There is no contribution {contribution_id}: look again.")
    return found


def own_contribution(work: Work, contribution_id: str, actor: Actor) -> PracticeContribution:
    """The same, of the actor's enterprise."""
    found = find_contribution(work, contribution_id)
    if found.enterprise_id != actor.enterprise_id:
        raise NotFound(f"There is no contribution {contribution_id}: look again.")
    return found


def must_be(contribution: PracticeContribution, *states: str) -> None:
    if contribution.state not in states:
        raise InvalidState(f"The contribution '{contribution.title}' is {contribution.state}: reload it.")


def note_event(work: Work, contribution_id: str, kind: str, now: datetime, **details: Any) -> None:
    """A line of the contribution's history; it names no person."""
    work.session.add(PracticeContributionEvent(contribution_id=contribution_id, kind=kind, details=details, at=now))


def open_task(work: Work, contribution: Any, *elements: str) -> Any:
    """The open user task of one of these elements, or None."""
    columns = UserTask.__table__.c
    statement = select(columns.id, columns.element_id, columns.created_at).where(
        columns.process_instance_id == contribution.process_instance_id,
        columns.element_id.in_(elements),
        columns.state == "open",
    )
    return work.execute(statement.order_by(columns.created_at).limit(1)).one_or_none()


def complete(
    work: Work,
    contribution: PracticeContribution,
    element_id: str,
    variables: Mapping[str, Any],
    person: str,
    now: datetime,
) -> None:
    """Complete the review process's task in the library's name. Raises InvalidState when it is not open."""
    task = open_task(work, contribution, element_id)
    if task is None:
        raise InvalidState(f"The contribution '{contribution.title}' does not wait for this any more: reload it.")
    groups = frozenset({REVIEWER, EDITOR, "contributor"})
    desk = Actor(person, groups, is_supervisor=True, enterprise_id=LIBRARY)
    complete_user_task(work, user_task_id=task.id, variables=dict(variables), actor=desk, now=now)
