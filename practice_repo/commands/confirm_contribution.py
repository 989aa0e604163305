"""Say that what the screening left may leave the enterprise."""

from collections.abc import Sequence
from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.contributing import CONFIRM_TASK, complete, must_be, note_event, own_contribution
from practice_repo.permissions import must_tailor
from practice_repo.tables import PracticeCandidate

LICENCES = ("Apache-2.0", "MIT", "CC-BY-4.0", "CC0-1.0")
MEASURED = frozenset({"measured", "contributed"})


def confirm_contribution(
    work: Work,
    *,
    contribution_id: str,
    agrees: bool,
    licence: str = "Apache-2.0",
    evidence_level: int = 0,
    also_blank: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Grant the licence and let it go to the reviewers; or, with `also_blank`, have more names blanked first.

    Without agreeing the contribution is withdrawn. An evidence level above 0 needs a measured practice.
    """
    must_tailor(actor)
    contribution = own_contribution(work, contribution_id, actor)
    must_be(contribution, "confirming")
    more = [name.strip() for name in also_blank if name.strip()]
    if more:
        contribution.known_names = [*contribution.known_names, *more]
        contribution.state, answer = "preparing", "blank_more"
    elif agrees:
        _check(work, contribution.candidate_id, licence, evidence_level)
        contribution.consent = {"licence": licence, "agreed_by": actor.id, "agreed_at": now.isoformat()}
        contribution.evidence_level = evidence_level
        contribution.state, answer = "checking", "agree"
    else:
        contribution.state, contribution.decided_at, answer = "withdrawn", now, "stop"
    note_event(
        work, contribution.id, {"blank_more": "blanked_more", "agree": "confirmed", "stop": "withdrawn"}[answer], now
    )
    complete(work, contribution, CONFIRM_TASK, {"answer": answer}, contribution.pseudonym, now)


def _check(work: Work, candidate_id: str, licence: str, evidence_level: int) -> None:
    if licence not in LICENCES:
        raise InvalidInput(f"The library takes the licences {', '.join(LICENCES)}, found '{licence}'.")
    if evidence_level not in (0, 1):
        raise InvalidInput("One enterprise can show evidence of level 0 (claimed) or 1 (measured in one enterprise).")
    state = work.session.get(PracticeCandidate, candidate_id).state
    if evidence_level and state not in MEASURED:
        raise InvalidInput("Evidence of level 1 needs a measured practice: measure it first, or claim level 0.")
