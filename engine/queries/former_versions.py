"""What the elements of a case are called and were called: a case may have run in several versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from engine.queries.compiled import Compiled, compiled
from engine.store.tables import InstanceMigration, ProcessDefinition
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class ElementNames:
    """Names by element id, of the version that the case runs in and of those before it."""

    now: Compiled
    former: tuple[Compiled, ...] = ()  # the latest first
    renamed: Mapping[str, str] = field(default_factory=dict)  # former id → id in the present version

    def present_id(self, element_id: str) -> str:
        """The id that carries a former one on, as far as it went."""
        return self.renamed.get(element_id, element_id)

    def element_name(self, element_id: str | None) -> str:
        """The element's name in the newest version that knows it, its id when it has none."""
        for version in (self.now, *self.former):
            if element_id in version.elements:
                return version.element_name(element_id)
        return self.now.element_name(element_id)


def element_names(work: Work, process_instance_id: str, now: Compiled) -> ElementNames:
    """The names for a case whose present version is `now`."""
    migrations = work.execute(
        select(InstanceMigration.renamed, ProcessDefinition.bundle_digest, ProcessDefinition.bundle)
        .join(ProcessDefinition, ProcessDefinition.id == InstanceMigration.from_definition_id)
        .where(InstanceMigration.process_instance_id == process_instance_id)
        .order_by(InstanceMigration.number.desc())
    ).all()
    renamed: dict[str, str] = {}
    for migration in migrations:  # backwards, so that a chain of names ends at the present one
        renamed.update({before: renamed.get(after, after) for before, after in migration.renamed.items()})
    former = tuple(compiled(work, each.bundle_digest, each.bundle) for each in migrations)
    return ElementNames(now, former, renamed)
