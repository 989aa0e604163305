"""Say that what the screening left may leave the enterprise."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from engine.errors import InvalidInput, InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.contributing import CONFIRM_TASK, complete, must_be, note_event, own_contribution
from practice_repo.permissions import must_tailor
from practice_repo.screened import found_of_json
from practice_repo.screening.finding import Decision
from practice_repo.screening.screen import CHOICES
from practice_repo.tables import PracticeCandidate, PracticeContribution

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
    decisions: Sequence[Decision] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Grant the licence and let it go to the reviewers.

    With `also_blank` (names) or `decisions` (replace, keep with a reason, or edit what was found) it is screened again
    first, and waits here again. Without agreeing it is withdrawn. An evidence level above 0 needs a measured practice.
    Raises InvalidState while places are undecided that the screening is not sure of.
    """
    must_tailor(actor)
    contribution = own_contribution(work, contribution_id, actor)
    must_be(contribution, "confirming")
    more = [name.strip() for name in also_blank if name.strip()]
    if more or decisions:
        contribution.known_names = [*contribution.known_names, *more]
        contribution.screen_decisions = _decided(contribution, decisions)
        contribution.state, answer = "preparing", "blank_more"
    elif agrees:
        _must_be_decided(contribution)
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


def _decided(contribution: PracticeContribution, decisions: Sequence[Decision]) -> list[dict[str, str]]:
    """All decisions so far; a later one on the same place counts."""
    found = {each.id: each for each in found_of_json(contribution.screening)}
    for decision in decisions:
        if decision.finding_id not in found:
            raise InvalidInput(f"There is no finding '{decision.finding_id}': reload the contribution.")
        if decision.choice not in CHOICES or (decision.choice == "keep" and not decision.reason.strip()):
            raise InvalidInput(f"A place is decided by one of {', '.join(CHOICES)}; keeping it needs a reason.")
        if decision.choice == "edit" and found[decision.finding_id].text in decision.text:
            raise InvalidInput(f"The new text still holds '{found[decision.finding_id].text}': write something else.")
    kept = {each["finding_id"]: each for each in contribution.screen_decisions}
    return list({**kept, **{each.finding_id: asdict(each) for each in decisions}}.values())


def _must_be_decided(contribution: PracticeContribution) -> None:
    count = sum(each.is_open for each in found_of_json(contribution.screening))
    if count:
        raise InvalidState(f"{count} places may name somebody: decide for each whether it is replaced or kept.")


def _check(work: Work, candidate_id: str, licence: str, evidence_level: int) -> None:
    if licence not in LICENCES:
        raise InvalidInput(f"The library takes the licences {', '.join(LICENCES)}, found '{licence}'.")
    if evidence_level not in (0, 1):
        raise InvalidInput("One enterprise can show evidence of level 0 (claimed) or 1 (measured in one enterprise).")
    state = work.session.get(PracticeCandidate, candidate_id).state
    if evidence_level and state not in MEASURED:
        raise InvalidInput("Evidence of level 1 needs a measured practice: measure it first, or claim level 0.")
