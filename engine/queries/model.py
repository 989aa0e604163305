"""The BPMN file behind a definition, for the diagram."""

from dataclasses import dataclass

from sqlalchemy import select

from engine import bpmn
from engine.errors import NotFound
from engine.queries.compiled import compiled, resources
from engine.store.tables import ProcessDefinition
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class ElementLabel:
    """What a screen calls an element."""

    id: str
    type: str
    name: str
    name_zh: str | None
    process_id: str


def model_source(
    work: Work, *, definition_id: str, process_id: str | None = None, enterprise_id: str | None = None
) -> bytes:
    """The BPMN XML that holds the definition's process (or another process that it calls). Raises NotFound."""
    row = _definition(work, definition_id, enterprise_id)
    wanted = process_id or row.process_id
    content = resources(work, row.bundle["models"])
    for digest in row.bundle["models"]:
        if any(process.id == wanted for process in bpmn.read_model(content[digest]).processes):
            return content[digest]
    raise NotFound(f"The process '{wanted}' is not part of the definition {definition_id}.")


def element_labels(work: Work, *, definition_id: str, enterprise_id: str | None = None) -> dict[str, ElementLabel]:
    """Every element of the definition and of what it calls, by id."""
    row = _definition(work, definition_id, enterprise_id)
    found = compiled(work, row.bundle_digest, row.bundle)
    return {
        element.id: ElementLabel(
            element.id, element.type, element.name or element.id, element.properties.get("name:zh"), process.id
        )
        for model in found.models
        for process in model.processes
        for element in process.walk()
    }


def _definition(work: Work, definition_id: str, enterprise_id: str | None):
    row = work.execute(
        select(
            ProcessDefinition.process_id,
            ProcessDefinition.enterprise_id,
            ProcessDefinition.bundle,
            ProcessDefinition.bundle_digest,
        ).where(ProcessDefinition.id == definition_id)
    ).one_or_none()
    if row is None or (enterprise_id is not None and row.enterprise_id != enterprise_id):
        raise NotFound(f"The process definition {definition_id} does not exist: look again.")
    return row
