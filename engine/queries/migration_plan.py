"""What would happen if the running cases of one version went on in another: per element and per case, nothing written.

Element ids are frozen while cases run on them: an element whose id changed is found by its lineage (praxis:uid); one
without a lineage is only suggested by type and name, and counts as unmapped for the commands until somebody hands the
plan's `mapping` to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from engine.errors import InvalidInput
from engine.queries.versions import Version, correspondence, must_be_versions_of_one_process, version
from engine.runtime.correspondence import BESIDE, Correspondence, Match
from engine.runtime.expressions import ElementFailure
from engine.runtime.migration import Migration, migrate
from engine.runtime.nodes import NodeSpec
from engine.runtime.obstacles import Obstacle, about
from engine.store.codec import expand
from engine.store.tables import ElementInstance, Job, ProcessInstance, UserTask
from engine.store.unit_of_work import Work

LIVE = ("active", "suspended")
EXAMPLES = 5
TASK = UserTask.__table__.c
JOB = Job.__table__.c


@dataclass(frozen=True)
class ElementName:
    """What a screen calls an element."""

    id: str
    type: str
    name: str
    name_zh: str | None
    process_id: str

    def label(self, language: str = "en") -> str:
        return (self.name_zh if language.startswith("zh") else None) or self.name


@dataclass(frozen=True)
class ElementPlan:
    """What becomes of one element of the old version.

    `note`, for events beside an activity or scope: disarmed (gone) | rearmed (another event in its place).
    """

    element: ElementName
    status: str  # mapped | unmapped | forbidden
    how: str | None  # choice | id | lineage | name
    target: ElementName | None
    obstacle: Obstacle | None
    active: int  # visits of it that run now, in cases of the old version
    options: tuple[ElementName, ...]  # where cases that stand here could go on; none where ids or lineage tell
    note: str | None = None

    @property
    def is_in_the_way(self) -> bool:
        """Cases stand here that cannot follow."""
        return bool(self.active) and self.status != "mapped"


@dataclass(frozen=True)
class FlowOption:
    """A sequence flow of the new version on which tokens of a missing one could wait."""

    id: str
    source: ElementName


@dataclass(frozen=True)
class InstancePlan:
    """Whether one case could go on in the new version now."""

    process_instance_id: str
    title: str | None
    business_key: str | None
    state: str
    obstacles: tuple[Obstacle, ...]

    @property
    def can_migrate(self) -> bool:
        return not self.obstacles


@dataclass(frozen=True)
class ReasonGroup:
    """One reason, with the number of looked-at cases that it holds back."""

    obstacle: Obstacle
    count: int
    examples: tuple[InstancePlan, ...]


@dataclass(frozen=True)
class MigrationPlan:
    """The plan. `mapping` names every counterpart that ids do not tell by themselves: hand it to the commands."""

    old: Version
    new: Version
    elements: tuple[ElementPlan, ...]
    added: tuple[ElementName, ...]
    mapping: Mapping[str, str | None]
    instances: tuple[InstancePlan, ...]
    total: int  # running cases of the old version
    after: str | None  # where to go on; None: all have been looked at
    flows: Mapping[str, tuple[FlowOption, ...]]  # missing flow that tokens came along → flows to choose from

    @property
    def can_migrate(self) -> int:
        """Of the looked-at cases."""
        return sum(each.can_migrate for each in self.instances)

    @property
    def reasons(self) -> tuple[ReasonGroup, ...]:
        """Why cases cannot, the most frequent first."""
        found: dict[str, list[InstancePlan]] = {}
        obstacles: dict[str, Obstacle] = {}
        for each in self.instances:
            for obstacle in each.obstacles:
                obstacles.setdefault(obstacle.sentence(), obstacle)
                found.setdefault(obstacle.sentence(), []).append(each)
        groups = (ReasonGroup(obstacles[text], len(held), tuple(held[:EXAMPLES])) for text, held in found.items())
        return tuple(sorted(groups, key=lambda group: -group.count))


def migration_plan(
    work: Work,
    *,
    from_definition_id: str,
    to_definition_id: str,
    now: datetime,
    mapping: Mapping[str, str | None] | None = None,
    changed_timers: str = "activation",
    enterprise_id: str | None = None,
    limit: int = 500,
    after: str | None = None,
) -> MigrationPlan:
    """The plan for the running cases of a version: `limit` of them are tried out, from `after` on.

    `mapping` is what people chose (element id → id in the new version, None for nowhere); the rest is matched by id,
    then lineage, then unique type and name. Raises NotFound; InvalidInput for another process or unknown ids.
    """
    old, new = version(work, from_definition_id, enterprise_id), version(work, to_definition_id, enterprise_id)
    if old.id == new.id:
        raise InvalidInput("Two different versions were expected, found the same one twice: choose another one.")
    must_be_versions_of_one_process(old, new)
    matches = correspondence(old, new, mapping, by_name=True)
    rows, total, following = _cases(work, old.id, limit, after)
    tasks = _by_instance(work, select(*_TASKS).where(TASK.state == "open"), TASK, rows)
    jobs = _by_instance(work, select(*_JOBS).where(JOB.lock_until > now), JOB, rows)
    instances = tuple(
        _instance_plan(row, old, new, matches, tasks.get(row.id, ()), jobs.get(row.id, ()), now, changed_timers)
        for row in rows
    )
    return MigrationPlan(
        old=old,
        new=new,
        elements=_elements(work, old, matches),
        added=tuple(_name(node) for node in matches.added()),
        mapping=_mapping(matches, mapping or {}),
        instances=instances,
        total=total,
        after=following,
        flows=_flows(matches, instances),
    )


_TASKS = (TASK.process_instance_id, TASK.element_instance_id, TASK.element_id, TASK.form_key, TASK.created_at)
_JOBS = (JOB.process_instance_id, JOB.element_instance_id, JOB.element_id)


def _cases(work: Work, definition_id: str, limit: int, after: str | None) -> tuple[Sequence[Row[Any]], int, str | None]:
    case = ProcessInstance.__table__.c
    live = (case.definition_id == definition_id, case.state.in_(LIVE))
    total = work.execute(select(func.count()).select_from(ProcessInstance).where(*live)).scalar_one()
    query = select(case.id, case.title, case.business_key, case.state, case.snapshot).where(*live).order_by(case.id)
    if after is not None:
        query = query.where(case.id > after)
    rows = work.execute(query.limit(limit + 1)).all()
    return rows[:limit], total, rows[limit - 1].id if len(rows) > limit else None


def _by_instance(work: Work, query: Any, columns: Any, cases: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    ids = [case.id for case in cases]
    for start in range(0, len(ids), 500):
        for row in work.execute(query.where(columns.process_instance_id.in_(ids[start : start + 500]))).all():
            found.setdefault(row.process_instance_id, []).append(row)
    return found


def _instance_plan(
    row: Row[Any],
    old: Version,
    new: Version,
    matches: Correspondence,
    tasks: Sequence[Row[Any]],
    jobs: Sequence[Row[Any]],
    now: datetime,
    changed_timers: str,
) -> InstancePlan:
    try:
        moved = migrate(expand(row.snapshot), matches, at=now, changed_timers=changed_timers)
    except InvalidInput as error:
        obstacles: tuple[Obstacle, ...] = (Obstacle("damaged", values={"message": str(error)}),)
    else:
        obstacles = (*moved.obstacles, *row_obstacles(old, new, moved, tasks, jobs))
    return InstancePlan(row.id, row.title, row.business_key, row.state, obstacles)


def row_obstacles(
    old: Version, new: Version, moved: Migration, tasks: Sequence[Row[Any]], running_jobs: Sequence[Row[Any]]
) -> list[Obstacle]:
    """What stands in the way outside the execution: forms that are missing, handlers at work on what changes hands."""
    if moved.execution is None:
        return []
    found = [
        about(old.compiled.elements[task.element_id], "form_missing", form=task.form_key)
        for task in tasks
        if lost_form(old, new, task.form_key) and new_form(new, moved, task) is None
    ]
    found += [
        about(old.compiled.elements[job.element_id], "job_running")
        for job in running_jobs
        if job.element_instance_id in moved.jobs
    ]
    return found


def lost_form(old: Version, new: Version, form_key: str | None) -> bool:
    """Whether the form belonged to the old version and does not belong to the new one."""
    return form_key is not None and form_key in old.bundle["forms"] and form_key not in new.bundle["forms"]


def new_form(new: Version, moved: Migration, task: Row[Any]) -> str | None:
    """The form key that the new version gives to an open task, where it has that form."""
    try:
        created = moved.described_user_task(task.element_instance_id, created_at=task.created_at)
    except ElementFailure:
        return None
    return created.form_key if created is not None and created.form_key in new.bundle["forms"] else None


# Elements -------------------------------------------------------------------------------------------------------------


def _elements(work: Work, old: Version, matches: Correspondence) -> tuple[ElementPlan, ...]:
    visit, case = ElementInstance.__table__.c, ProcessInstance.__table__.c
    counts = work.execute(
        select(visit.process_id, visit.element_id, func.count())
        .join(ProcessInstance, case.id == visit.process_instance_id)
        .where(case.definition_id == old.id, case.state.in_(LIVE), visit.state == "active")
        .group_by(visit.process_id, visit.element_id)
    ).all()
    active = {(process_id, element_id): count for process_id, element_id, count in counts}
    return tuple(
        ElementPlan(
            element=_name(match.node),
            status=match.status,
            how=match.how,
            target=_name(match.target) if match.target is not None else None,
            obstacle=match.obstacle,
            active=active.get((match.node.scope.process_id, match.node.element.id), 0),
            options=tuple(_name(node) for node in matches.options(match.node)) if _is_open(match) else (),
            note=_note(match),
        )
        for match in matches
    )


def _is_open(match: Match) -> bool:
    """Whether people have a say in where cases go on: ids and lineage need no word."""
    return match.status != "mapped" or match.how in ("choice", "name")


def _note(match: Match) -> str | None:
    """Events beside an activity or scope hold nobody back: what waits for them is closed, or waits for another one."""
    if match.obstacle is None or match.node.element.type not in BESIDE:
        return None
    return "disarmed" if match.target is None else "rearmed"


def _name(node: NodeSpec) -> ElementName:
    element = node.element
    name = element.name or element.id
    return ElementName(element.id, element.type, name, element.properties.get("name:zh"), node.scope.process_id)


def _flows(matches: Correspondence, instances: Sequence[InstancePlan]) -> dict[str, tuple[FlowOption, ...]]:
    missing = {
        (obstacle.element_id, obstacle.values["flow"])
        for each in instances
        for obstacle in each.obstacles
        if obstacle.key == "flow_missing"
    }
    joins = {match.node.element.id: match.target for match in matches if match.status == "mapped"}
    found: dict[str, tuple[FlowOption, ...]] = {}
    for join_id, flow_id in sorted(missing):
        join = joins[join_id]
        sources = join.scope.flow_sources
        found[flow_id] = tuple(
            FlowOption(option, _name(join.scope.nodes[sources[option]])) for option in join.element.incoming
        )
    return found


def _mapping(matches: Correspondence, chosen: Mapping[str, str | None]) -> dict[str, str | None]:
    told = {
        match.node.element.id: match.target.element.id
        for match in matches
        if match.target is not None and match.how in ("choice", "name")
    }
    return {**told, **chosen}
