"""Other cases of the same business: same key, same customer, started by or from this one."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from engine.errors import NotFound
from engine.queries.process_instances import ROW_COLUMNS, InstanceRow, rows
from engine.store.tables import ProcessDefinition, ProcessInstance, SearchVariable
from engine.store.unit_of_work import Work

LINKING_VARIABLES = ("customer_id", "party_id", "contact_id", "order_id", "lead_id", "ticket_id")


def related_cases(
    work: Work,
    *,
    process_instance_id: str,
    linking_variables: Sequence[str] = LINKING_VARIABLES,
    limit: int = 50,
) -> tuple[InstanceRow, ...]:
    """Up to `limit` cases, the newest first, that share the business key or one of the linking variables."""
    this = work.execute(
        select(
            ProcessInstance.enterprise_id, ProcessInstance.business_key, ProcessInstance.started_by_instance_id
        ).where(ProcessInstance.id == process_instance_id)
    ).one_or_none()
    if this is None:
        raise NotFound(f"The case {process_instance_id} does not exist: look again.")
    links = work.execute(
        select(SearchVariable.name, SearchVariable.text).where(
            SearchVariable.process_instance_id == process_instance_id,
            SearchVariable.name.in_(linking_variables),
            SearchVariable.text.is_not(None),
        )
    ).all()
    reasons = [ProcessInstance.started_by_instance_id == process_instance_id]
    if this.started_by_instance_id:
        reasons.append(ProcessInstance.id == this.started_by_instance_id)
    if this.business_key is not None:
        reasons.append(ProcessInstance.business_key == this.business_key)
    if links:
        same = select(SearchVariable.process_instance_id).where(
            SearchVariable.enterprise_id == this.enterprise_id,
            or_(*(and_(SearchVariable.name == name, SearchVariable.text == text) for name, text in links)),
        )
        reasons.append(ProcessInstance.id.in_(same))
    found = work.execute(
        select(*ROW_COLUMNS)
        .select_from(ProcessInstance)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(
            ProcessInstance.enterprise_id == this.enterprise_id,
            ProcessInstance.id != process_instance_id,
            or_(*reasons),
        )
        .order_by(ProcessInstance.started_at.desc())
        .limit(limit)
    ).all()
    return rows(work, found)
