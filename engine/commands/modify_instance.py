"""Move a token by hand: the repair when a case went the wrong way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.commands.progress import load_instance, save_instance
from engine.commands.user_tasks import audit
from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work


def modify_instance(
    work: Work,
    *,
    process_instance_id: str,
    cancel: Sequence[int] = (),
    activate: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Cancel element instances (by id) and activate elements (by BPMN id), together; the reason is audited."""
    if not reason or not reason.strip():
        raise InvalidInput("A reason was expected, found nothing: say why the case is moved.")
    if not cancel and not activate:
        raise InvalidInput("Nothing to do: name element instances to cancel, elements to activate, or both.")
    instance = load_instance(work, process_instance_id, actor=actor).must_be_active()
    instance.execution.modify(cancel=tuple(cancel), activate=tuple(activate), at=now, variables=variables)
    save_instance(work, instance, now=now, cause="modify_instance", actor=actor)
    audit(
        work,
        actor,
        "modify",
        now,
        enterprise_id=instance.enterprise_id,
        process_instance_id=process_instance_id,
        reason=reason,
        detail={"cancel": list(cancel), "activate": list(activate), "variables": sorted(variables or {})},
    )
