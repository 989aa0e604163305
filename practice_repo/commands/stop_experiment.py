"""Stop an experiment before it is decided."""

from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.look_at_experiment import is_superseded, look
from practice_repo.experiments import finish, own_experiment
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Verdict


def stop_experiment(
    work: Work, *, experiment_id: str, reason: str, keep: str = CHAMPION, actor: Actor, now: datetime
) -> None:
    """End it without a verdict; the variant to `keep`, champion or challenger, gets all new cases.

    A version that was deployed meanwhile keeps them instead. Raises NotFound, NotPermitted, InvalidState, InvalidInput
    without a reason.
    """
    if not reason.strip():
        raise InvalidInput("Say why the experiment is stopped: others will ask.")
    if keep not in (CHAMPION, CHALLENGER):
        raise InvalidInput(f"Expected {CHAMPION} or {CHALLENGER} to keep, found '{keep}'.")
    row = own_experiment(work, experiment_id, actor)
    winner = None if is_superseded(work, row) else keep
    row.looks = [*row.looks, look(Verdict("stopped", 0.0), actor, now) | {"reason": reason.strip()}]
    finish(work, row, "stopped", winner, reason=reason.strip(), actor=actor, now=now)
