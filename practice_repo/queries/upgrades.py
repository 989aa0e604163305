"""Newer versions that an enterprise's variants may take over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.tables import ProcessDefinition, ProcessInstance
from engine.store.unit_of_work import Work
from practice_repo.queries.workspace import LIVE, find_candidate
from practice_repo.tables import PracticeCandidate, PracticeDeployment, PracticeUpgrade, PracticeVersion

STATES = ("open", "finished", "declined", "superseded")
UPGRADE, DEPLOYMENT = PracticeUpgrade.__table__.c, PracticeDeployment.__table__.c


@dataclass(frozen=True)
class UpgradeRow:
    id: str
    candidate_id: str
    title: str
    title_zh: str
    item_id: str
    from_version_id: str
    to_version_id: str
    from_version: str
    to_version: str
    bump: str | None  # of the new version against the one before it
    notes: str
    notes_zh: str
    state: str
    opened_at: datetime
    finished_at: datetime | None
    running_instances: int


@dataclass(frozen=True)
class OldInstance:
    """A case that still runs on an older version of a variant."""

    id: str
    definition_id: str
    process_id: str
    version: int
    business_key: str | None
    title: str | None
    state: str


def upgrades(work: Work, *, enterprise_id: str, state: str | None = None) -> tuple[UpgradeRow, ...]:
    """The newest first; superseded ones only when asked for by state."""
    if state is not None and state not in STATES:
        raise InvalidInput(f"'{state}' is no state of an upgrade: known are {', '.join(STATES)}.")
    where = [UPGRADE.enterprise_id == enterprise_id]
    where.append(UPGRADE.state == state if state else UPGRADE.state != "superseded")
    return upgrade_rows(work, *where)


def upgrade_rows(work: Work, *where) -> tuple[UpgradeRow, ...]:
    candidates = PracticeCandidate.__table__
    old, new = PracticeVersion.__table__.alias("old"), PracticeVersion.__table__.alias("new")
    instances = ProcessInstance.__table__
    running = (
        select(func.count())
        .select_from(instances)
        .join(PracticeDeployment.__table__, DEPLOYMENT.definition_id == instances.c.definition_id)
        .where(DEPLOYMENT.candidate_id == UPGRADE.candidate_id, instances.c.state.in_(LIVE))
        .scalar_subquery()
    )
    own = ("id", "candidate_id", "from_version_id", "to_version_id", "state", "opened_at", "finished_at")
    statement = (
        select(
            *(UPGRADE[name] for name in own),
            candidates.c.title,
            candidates.c.title_zh,
            candidates.c.item_id,
            old.c.version.label("from_version"),
            new.c.version.label("to_version"),
            new.c.bump,
            new.c.notes,
            new.c.notes_zh,
            running.label("running_instances"),
        )
        .join_from(PracticeUpgrade.__table__, candidates, candidates.c.id == UPGRADE.candidate_id)
        .join(old, old.c.id == UPGRADE.from_version_id)
        .join(new, new.c.id == UPGRADE.to_version_id)
        .where(*where)
        .order_by(UPGRADE.opened_at.desc(), UPGRADE.id)
    )
    return tuple(UpgradeRow(**row._mapping) for row in work.execute(statement))


def instances_on_old_versions(work: Work, *, candidate_id: str, actor: Actor) -> tuple[OldInstance, ...]:
    """Cases of the variant that run on a version which is not the newest deployed one, oldest first."""
    found = find_candidate(work, candidate_id, actor)
    instances, definitions = ProcessInstance.__table__.c, ProcessDefinition.__table__.c
    processes = select(DEPLOYMENT.process_id).where(DEPLOYMENT.candidate_id == candidate_id)
    statement = (
        select(
            instances.id,
            instances.definition_id,
            instances.process_id,
            definitions.version,
            instances.business_key,
            instances.title,
            instances.state,
        )
        .join(ProcessDefinition.__table__, definitions.id == instances.definition_id)
        .where(
            instances.enterprise_id == found.enterprise_id,
            instances.process_id.in_(processes),
            instances.state.in_(LIVE),
            definitions.is_latest.is_(False),
        )
        .order_by(instances.started_at, instances.id)
    )
    return tuple(OldInstance(*row) for row in work.execute(statement))
