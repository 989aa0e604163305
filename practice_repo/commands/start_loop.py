"""Start the loop of the method for an enterprise: from profile and needs to the next best activity, and again (A18)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.commands.deploy import deploy
from engine.commands.start_process import Started, start_process
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.commands.make_available import models_in_order
from practice_repo.nba_tables import NbaProfile
from practice_repo.permissions import must_estimate
from practice_repo.practice import read_practice, shipped_practices
from practice_repo.stale import LOOP

ROLLOUT = "rollout"
ASKED = ("industry", "employees", "goals", "currency", "horizon_days", "budget", "mode", "stop")  # by the first form


def start_loop(work: Work, *, actor: Actor, now: datetime) -> Started:
    """The loop's instance; while one is running, that one. Deploys the method where the enterprise does not have it.

    Raises NotPermitted.
    """
    enterprise_id = must_estimate(actor)
    deploy_method(work, enterprise_id=enterprise_id, actor=actor, now=now)
    return start_process(
        work,
        enterprise_id=enterprise_id,
        process_id=LOOP,
        variables={"enterprise_id": enterprise_id, **_profile(work, enterprise_id)},
        business_key=enterprise_id,
        actor=replace(actor, is_supervisor=True),  # the process itself lets nobody start it: one loop per enterprise
        now=now,
    )


def _profile(work: Work, enterprise_id: str) -> dict[str, Any]:
    """What the profile says already, so that its form begins with it."""
    found = work.session.get(NbaProfile, enterprise_id)
    if found is None:
        return {}
    values = {name: getattr(found, name) for name in ASKED}
    return {name: value for name, value in values.items() if value is not None} | {
        "risk_appetite": str(found.risk_appetite)
    }


def deploy_method(work: Work, *, enterprise_id: str, actor: Actor, now: datetime) -> None:
    """Both processes of the method, as they are shipped; what is there already stays as it is."""
    folders = {folder.name: folder for folder in shipped_practices()}
    for name in (ROLLOUT, LOOP):  # the loop calls the rollout
        practice = read_practice(folders[name])
        deploy(
            work,
            enterprise_id=enterprise_id,
            name=practice.card.name.en,
            models=models_in_order(practice),
            decisions=list(practice.decisions.values()),
            forms=practice.forms,
            actor=actor,
            now=now,
        )
