"""Correct the variables of a case by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.commands.progress import load_instance, save_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work


def set_variables(
    work: Work,
    *,
    process_instance_id: str,
    variables: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    scope_id: int = 0,
    reason: str | None = None,
) -> None:
    """Give variables new values (in the scope of an element instance, 0: the case); conditions see them at once."""
    if not variables:
        raise InvalidInput("At least one variable was expected, found none.")
    instance = load_instance(work, process_instance_id, actor=actor).must_be_active()
    instance.execution.set_variables(variables, at=now, scope_id=scope_id, source=actor.id)
    save_instance(work, instance, now=now, cause="set_variables", actor=actor)
    audit(
        work,
        actor,
        "set_variables",
        now,
        enterprise_id=instance.enterprise_id,
        process_instance_id=process_instance_id,
        reason=reason,
        detail={"variables": sorted(variables), "scope_id": scope_id},
    )
