"""Simulates processes: real cases, through the real commands, handlers and worker, in time order on a virtual clock.

    simulate(wiring, ["ticket_to_dispatch"], start, end, seed=1, effects={"guided_diagnosis": date(2026, 4, 6)})

Cases arrive as the packs' `simulation.toml` say and live their scenarios; people take up one task at a time within
their working hours, so that queues form. The same seed gives the same history. What was simulated is remembered (in
the audit), so that a second run adds nothing twice and a longer run goes on where the first one ended.

Mails stay in the mailbox, whatever the settings say. Stop a server on the same database meanwhile: its worker would
fire the timers of the past at once.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from engine.clock import VirtualClock
from engine.commands.broadcast_signal import broadcast_signal
from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.progress import load_instance
from engine.commands.publish_message import publish_message
from engine.commands.set_variables import set_variables
from engine.commands.start_process import start_process
from engine.commands.user_tasks import audit
from engine.errors import EngineError, InvalidInput
from engine.feel import compile_expression, normalise
from engine.store.actor import SYSTEM, Actor
from engine.store.tables import Audit, Job, Message, MessageSubscription, ProcessInstance, StartSubscription, Timer
from engine.store.tables import UserTask as UserTaskRow
from engine.store.unit_of_work import Work
from practice_repo.outcomes.case import moment as moment_of
from practice_repo.practice import shipped_practices
from processes.customer_base.scope import in_enterprise
from processes.simulation import (
    Arrival,
    Assignment,
    Desk,
    Effect,
    Employee,
    Piece,
    arrivals,
    cast,
    duration,
    reply,
    story,
)
from processes.simulation.profile import PROFILE
from processes.simulation.prospects import prospect
from processes.simulation.supplies import replenish
from webapp import demo
from webapp.simulated_case import Do, Model, OpenTask, SimulatedCase, doable, read_model
from webapp.tables import Membership, User
from webapp.together import Together
from webapp.wiring import Wiring, wire

AUDIT_VERB = "simulate"
BATCH = timedelta(days=1)  # of simulated time, kept by one commit
MOST_ROUNDS = 1000
TASK, MESSAGE = UserTaskRow.__table__.c, MessageSubscription.__table__.c


@dataclass
class Simulated:
    """What a simulation did."""

    start: datetime
    end: datetime
    cases: Counter[str] = field(default_factory=Counter)  # by process
    stories: Counter[tuple[str, str]] = field(default_factory=Counter)  # by process and scenario
    known: Counter[str] = field(default_factory=Counter)  # cases of an earlier run, by process
    ended: Counter[str] = field(default_factory=Counter)  # cases that came to their end
    work: list[Assignment] = field(default_factory=list)  # every piece of work that somebody did
    messages: int = 0
    problems: Counter[str] = field(default_factory=Counter)  # what could not be done, and how often
    case_ids: dict[str, str] = field(default_factory=dict)  # by key


def models(processes: Iterable[str] = ()) -> list[Model]:
    """The models of these shipped processes, of all that have one when none is named. Raises InvalidInput."""
    folders = {folder.name: folder for folder in shipped_practices() if (folder / PROFILE).is_file()}
    wanted = list(processes) or list(folders)
    for name in wanted:
        if name not in folders:
            raise InvalidInput(f"'{name}' cannot be simulated; expected one of {', '.join(folders)}.")
    return [read_model(folders[name]) for name in wanted]


def simulate(
    wiring: Wiring,
    processes: Sequence[str | Model],
    start: datetime,
    end: datetime,
    *,
    seed: int = 1,
    effects: Mapping[str, date] | None = None,
    enterprise: str = demo.ENTERPRISE,
    cases_per_month: float | None = None,
    dry_run: bool = False,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[datetime], None] = lambda _moment: None,
) -> Simulated:
    """Add the cases that begin from `start` up to before `end`, worked until `end`; nothing when `dry_run`.

    `effects` are keys of `[[effect]]` tables with the days of their go-live. `cases_per_month` replaces what the
    profiles say, for each process. Raises InvalidInput (unknown process, effect; a span that ends before it begins).
    """
    if end <= start:
        raise InvalidInput(f"Expected an end after the start, found {start.isoformat()} to {end.isoformat()}.")
    chosen = [each if isinstance(each, Model) else models([each])[0] for each in processes] or models()
    in_force = _effects(chosen, effects or {})
    return Simulation(wiring, chosen, start, end, seed, in_force, enterprise, cases_per_month, note, progress).run(
        dry_run=dry_run
    )


def _effects(chosen: Sequence[Model], wanted: Mapping[str, date]) -> dict[str, list[tuple[Effect, date]]]:
    """The effects in force, by process. Raises InvalidInput for one that no profile has."""
    found: dict[str, list[tuple[Effect, date]]] = {model.process: [] for model in chosen}
    for key, go_live in wanted.items():
        having = [model for model in chosen if key in model.profile.effects]
        if not having:
            known = ", ".join(name for model in chosen for name in model.profile.effects) or "none"
            raise InvalidInput(f"No profile has the effect '{key}'. Known effects: {known}.")
        for model in having:
            found[model.process].append((model.profile.effects[key], go_live))
    return found


class Simulation:
    """One run: an agenda of what is to happen, the people, the cases that live."""

    def __init__(
        self,
        wiring: Wiring,
        chosen: Sequence[Model],
        start: datetime,
        end: datetime,
        seed: int,
        effects: Mapping[str, list[tuple[Effect, date]]],
        enterprise: str,
        cases_per_month: float | None,
        note: Callable[[str], None],
        progress: Callable[[datetime], None],
    ):
        self.models = {model.process: model for model in chosen}
        self.start, self.end, self.seed = start, end, seed
        self.effects, self.enterprise, self.cases_per_month = effects, enterprise, cases_per_month
        self.note, self.progress = note, progress
        self.result = Simulated(start, end)
        self.agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self.cases: dict[str, SimulatedCase] = {}  # that live, by id
        self.tasks: dict[str, tuple[SimulatedCase, Do]] = {}  # in somebody's hands, by piece
        self.added: dict[
            str, dict[str, list[Any]]
        ] = {}  # process → key → [case id, story, number], since the last commit
        self.touched: set[str] = set()
        self.revisions: dict[str, int] = {}
        self.desk = Desk()
        self.clock = VirtualClock(start)
        self.outer_clock = wiring.clock if isinstance(wiring.clock, VirtualClock) else None
        self.store = Together(wiring.store)
        self.wiring = wire(replace(wiring.settings, smtp_url=""), clock=self.clock, store=self.store)
        self.director = Actor("simulation", is_supervisor=True, enterprise_id=enterprise)
        self._numbers: Mapping[str, str] | None = None

    # The run ----------------------------------------------------------------------------------------------------------

    def run(self, *, dry_run: bool) -> Simulated:
        with self.store.reading() as work:
            until, known = self._remembered(work)
        for model in self.models.values():
            self._plan(model, max(self.start, until.get(model.process, self.start)), known)
        if dry_run or all(until.get(process, self.start) >= self.end for process in self.models):
            return self.result
        with self.store.reading() as work:
            self._hire(work)
        self._take_up(known, until)
        while self.clock.now() < self.end:
            stop = min(self.clock.now() + BATCH, self.end)
            with self.store.batch():
                self._replenish()
                self._run_until(stop)
                if stop == self.end:
                    self._claim_what_is_in_hand()
                self._remember(stop)
            self._move_clock(stop)
            self.progress(stop)
        return self.result

    def _plan(self, model: Model, start: datetime, known: Mapping[str, Any]) -> None:
        """Put the arrivals into the agenda."""
        factor = 1.0
        if self.cases_per_month is not None:
            factor = self.cases_per_month * 12 / (365.25 / 7) / model.profile.arrivals.per_week
        in_force = self.effects[model.process]
        for arrival in arrivals(model.profile, start, self.end, seed=self.seed, factor=factor):
            if arrival.key in known:
                continue
            name = story(model.profile, arrival, seed=self.seed, effects=in_force)
            self.result.cases[model.process] += 1
            self.result.stories[model.process, name] += 1
            self._at(arrival.at, lambda arrival=arrival, name=name: self._begin(model, arrival, name))
        self.result.known[model.process] = sum(key.startswith(f"{model.process}/") for key in known)

    def _run_until(self, stop: datetime) -> None:
        for _ in iter(int, 1):
            moment = self._next_moment(stop)
            if moment is None:
                return
            self._move_clock(moment)
            while self.agenda and self.agenda[0][0] <= moment:
                heapq.heappop(self.agenda)[2]()
                self._settle()
            self._settle()
            self._assign()

    def _replenish(self) -> None:
        now = self.clock.now()
        self.store.run(lambda work: replenish(in_enterprise(work.session, self.enterprise), now=now))

    def _next_moment(self, stop: datetime) -> datetime | None:
        now = self.clock.now()
        found = [self._due_at(), self.desk.next_moment(now), self.agenda[0][0] if self.agenda else None]
        moment = max(now, min((each for each in found if each is not None), default=stop))
        return moment if moment < stop else None

    def _move_clock(self, moment: datetime) -> None:
        self.clock.move_to(moment)
        if self.outer_clock is not None:
            self.outer_clock.move_to(moment)

    def _at(self, moment: datetime, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self.agenda, (moment, self._count, act))

    # What the engine does by itself -----------------------------------------------------------------------------------

    def _due_at(self) -> datetime | None:
        """When the next timer, job, message or timer start event is due."""
        moments = [row[0] for row in self._read(_EARLIEST) if row[0] is not None]
        return min(moments, default=None)

    def _settle(self) -> None:
        """Let timers, jobs and messages happen that are due now, then see what people do about it."""
        now, worker = self.clock.now(), self.wiring.worker
        for _ in range(MOST_ROUNDS):
            due = {kind: at for at, kind in self._read(_EARLIEST) if at is not None and at <= now}
            if not due:
                break
            if "timer" in due or "job" in due:
                self.touched.update(row[0] for row in self._read(_DUE_CASES, now=now))
            if "timer" in due:
                worker.fire_due_timers(now)
            if "start" in due:
                worker.start_due_processes(now)
                self.store.sent_messages = True
            if "message" in due:
                worker.route_messages(now)
                self.store.sent_messages = True
            if "job" in due:
                worker.run_jobs(now)
        if self.store.sent_messages:
            self.store.sent_messages = False
            self._sweep()
        touched, self.touched = self.touched, set()
        for case_id in sorted(touched & set(self.cases), key=lambda each: self.cases[each].key):
            self._look(self.cases[case_id])

    def _sweep(self) -> None:
        """Messages went between cases: see which of them moved, and which began."""
        for row in self._read(_LIVE, enterprise=self.enterprise, processes=list(self.models)):
            if row.id in self.cases:
                if self.revisions.get(row.id) != row.revision:
                    self.touched.add(row.id)
            elif row.started_by_instance_id in self.revisions or row.started_by in (None, SYSTEM.id):
                self._adopt(row)
            self.revisions[row.id] = row.revision
        self.touched.update(case_id for case_id in self.cases if case_id not in self.revisions)

    def _adopt(self, row: Any) -> None:
        """A case that another case or the calendar started: people work on it as usual."""
        if not self.clock.now() - BATCH < row.started_at <= self.clock.now():
            return  # somebody else's
        parent = self.cases.get(row.started_by_instance_id or "")
        self._count += 1
        key = f"{parent.key if parent else self.seed}/{row.process_id}/{self._count}"
        self._live(SimulatedCase.begin(key, row.id, self._count, self.models[row.process_id], None))

    # Cases ------------------------------------------------------------------------------------------------------------

    def _begin(self, model: Model, arrival: Arrival, name: str) -> None:
        scenario, number = model.scenarios[name], arrival.number
        try:
            case_id = self._start(model, arrival, name)
        except EngineError as error:
            self.result.problems[f"start of '{name}': {error}"[:200]] += 1
            return
        if case_id is None or case_id in self.cases:
            self.result.problems[f"start of '{name}': it joined another case"] += 1
            return
        self.added.setdefault(model.process, {})[arrival.key] = [case_id, name, number]
        self.result.case_ids[arrival.key] = case_id
        skip = 0 if scenario.start else 1
        self._live(SimulatedCase.begin(arrival.key, case_id, number, model, scenario, skip=skip))

    def _live(self, case: SimulatedCase) -> None:
        self.cases[case.id] = case
        self.revisions.setdefault(case.id, 0)
        self.touched.add(case.id)

    def _start(self, model: Model, arrival: Arrival, name: str) -> str | None:
        scenario = model.scenarios[name]
        if scenario.start:
            variables = self._here(self._own(model, arrival, scenario.variables), scenario.now)
            started = self._run(
                start_process, process_id=scenario.process or model.process, variables=variables, enterprise=True
            )
            return started.process_instance_id if started.is_new else None
        first = doable(scenario)[0]
        published = self._run(
            publish_message,
            name=first["message"],
            correlation=self._here(self._own(model, arrival, first.get("correlation", {})), scenario.now),
            variables=self._here(self._own(model, arrival, first.get("variables", {})), scenario.now),
            enterprise=True,
        )
        return published.process_instance_id if published.outcome == "started" else None

    def _own(self, model: Model, arrival: Arrival, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The scenario's start for somebody else: another prospect, numbers of its own."""
        found = {
            **variables,
            **{name: value for name, value in prospect(arrival.key, arrival.number).items() if variables.get(name)},
        }
        if not variables.get("company"):  # a known customer stays who they are
            found = dict(variables)
        found |= _numbered(found, {*model.profile.unique, *demo.CASE_KEYS}, arrival.number)
        return _recast(found, cast(model.profile, arrival.key, seed=self.seed))

    def _look(self, case: SimulatedCase) -> None:
        """See where the case stands, and let people and customers act."""
        row = self._read(_STATE, case=case.id)[0]
        self.revisions[case.id] = row.revision
        tasks = [OpenTask(*each) for each in self._read(_TASKS, case=case.id)] if row.state == "active" else []
        self._withdraw(case, {task.id for task in tasks})
        if row.state != "active":
            case.has_ended = True
            self.result.ended[case.model.process] += row.state == "completed"
            self.cases.pop(case.id, None)
            return
        waits = [each.name for each in self._read(_SUBSCRIPTIONS, case=case.id)]
        moves = bool(self._read(_MOVES, case=case.id))
        for do in case.next_acts(tasks, waits, may_wait=moves):
            self._set_going(case, do)

    def _withdraw(self, case: SimulatedCase, still_open: set[str]) -> None:
        for piece_id, (owner, do) in list(self.tasks.items()):
            if owner is case and do.task is not None and do.task.id not in still_open:
                case.in_hand.discard(do.task.id)
                self.desk.withdraw(piece_id, self.clock.now())
                del self.tasks[piece_id]

    def _set_going(self, case: SimulatedCase, do: Do) -> None:
        now = self.clock.now()
        if do.kind == "task":
            self._offer(case, do)
        elif do.kind == "rest":
            self._at(now + do.rest, lambda: self._rested(case))
        elif do.kind == "message":
            case.visits[f"message {do.name}"] += 1
            visit = case.visits[f"message {do.name}"]
            in_force = self.effects[case.model.process]
            pause = reply(case.model.profile, do.name, case.key, visit, now, seed=self.seed, effects=in_force)
            self._at(now + pause, lambda: self._send(case, do))
        else:
            self._at(now, lambda: self._change(case, do))

    def _rested(self, case: SimulatedCase) -> None:
        case.rested()
        if not case.has_ended:
            self.touched.add(case.id)

    def _send(self, case: SimulatedCase, do: Do) -> None:
        case.sending.discard(do.name)
        if case.has_ended:
            return
        self.touched.add(case.id)
        waiting = [row for row in self._read(_SUBSCRIPTIONS, case=case.id) if row.name == do.name]
        if not waiting:
            return
        variables = self._said(case, do)
        self._try(
            f"message '{do.name}'",
            publish_message,
            name=do.name,
            correlation=dict(waiting[0].correlation),
            variables=variables,
            enterprise=True,
        )
        self.result.messages += 1

    def _change(self, case: SimulatedCase, do: Do) -> None:
        if case.has_ended:
            return
        self.touched.add(case.id)
        variables = self._said(case, do)
        if do.kind == "set":
            self._try("set", set_variables, process_instance_id=case.id, variables=variables)
        else:
            self._try(f"signal '{do.name}'", broadcast_signal, name=do.name, variables=variables, enterprise=True)

    # People -----------------------------------------------------------------------------------------------------------

    def _offer(self, case: SimulatedCase, do: Do) -> None:
        task = do.task
        assert task is not None
        piece = Piece(
            id=f"{case.key}/{task.element_id}/{case.visits[task.element_id]}",
            role=task.role,
            since=max(self.clock.now(), self._not_before(case, task)),
            only=task.assignee,
            except_for=frozenset(case.done_by.get(task.four_eyes or "", ())),
        )
        if not self.desk.suits(piece):
            self._hire_for(piece)
        self.tasks[piece.id] = (case, do)
        self.desk.offer(piece)

    def _not_before(self, case: SimulatedCase, task: OpenTask) -> datetime:
        formula = case.model.profile.habit(task.element_id).not_before
        if not formula:
            return self.clock.now()
        value = self._evaluated(formula, self._variables(case, task))
        return moment_of(value) or self.clock.now()

    def _assign(self) -> None:
        for assignment in self.desk.assign(self.clock.now(), self._takes):
            self._at(assignment.end, lambda assignment=assignment: self._finish(assignment))

    def _claim_what_is_in_hand(self) -> None:
        """The worklist shows who is at what when the run ends."""
        for assignment in self.desk.in_work():
            _, do = self.tasks[assignment.piece.id]
            if do.task is not None and do.task.assignee is None:
                actor, task_id, since = self._actor(assignment.employee), do.task.id, assignment.start
                self._try("claim", _claim, task_id=task_id, by=actor, since=since)

    def _takes(self, piece: Piece) -> timedelta:
        case, do = self.tasks[piece.id]
        visit, now = int(piece.id.rpartition("/")[2]), self.clock.now()
        in_force = self.effects[case.model.process]
        return duration(case.model.profile, do.name, case.key, visit, now, seed=self.seed, effects=in_force)

    def _finish(self, assignment: Assignment) -> None:
        if not self.desk.is_at_work(assignment):
            return  # withdrawn meanwhile
        self.desk.finish(assignment)
        case, do = self.tasks.pop(assignment.piece.id)
        task = do.task
        assert task is not None
        case.in_hand.discard(task.id)
        self.touched.add(case.id)
        actor = self._actor(assignment.employee)
        answers = self._answers(case, do, task)
        for variables in (answers, None):
            if variables is None:
                usual, scenario, passed = case.model.usual_answer(task.element_id)
                variables = self._here(dict(usual), scenario.now + passed)
            if self._try(
                f"task '{do.name}'", _work_on, task=task, variables=variables, by=actor, since=assignment.start
            ):
                case.done_by.setdefault(task.element_id, set()).add(assignment.employee)
                self.result.work.append(assignment)
                return

    def _answers(self, case: SimulatedCase, do: Do, task: OpenTask) -> dict[str, Any]:
        """What the story says, with the values that the profile takes from the case."""
        answers = self._said(case, do)
        said = case.model.profile.habit(task.element_id).answers
        if not said:
            return answers
        variables = self._variables(case, task)
        for name, value in said.items():
            found = self._evaluated(value, variables) if isinstance(value, str) and value.startswith("=") else value
            if found is not None:
                answers[name] = found
        return answers

    def _variables(self, case: SimulatedCase, task: OpenTask) -> Mapping[str, Any]:
        with self.store.reading() as work:
            return load_instance(work, case.id).execution.variables_of(task.element_instance_id)

    def _evaluated(self, formula: str, variables: Mapping[str, Any]) -> Any:
        return compile_expression(formula.removeprefix("=")).evaluate(normalise(dict(variables)), now=self.clock.now())

    def _hire(self, work: Work) -> None:
        """The people of the enterprise for the roles of the profiles, and as many more as the profiles say."""
        having = select(User.name, Membership.role_key).join(Membership, Membership.user_id == User.id)
        people: dict[str, list[str]] = {}
        for name, role in work.execute(having.where(User.enterprise_id == self.enterprise).order_by(User.name)):
            people.setdefault(role, []).append(name)
        for team in [team for model in self.models.values() for team in model.profile.teams]:
            names = people.get(team.role, [])[: team.heads]
            names += [f"{team.role}.{number}" for number in range(len(names) + 1, team.heads + 1)]
            for name in names:
                self.desk.hire(Employee(name, frozenset([team.role]), team.calendar))

    def _hire_for(self, piece: Piece) -> None:
        """Somebody for work that nobody may do: the one who is named, or a deputy where four eyes are needed."""
        teams = [team for model in self.models.values() for team in model.profile.teams]
        team = next((each for each in teams if each.role == piece.role), None)
        calendar = team.calendar if team else next(iter(self.models.values())).profile.calendar
        name = piece.only or f"{piece.role or 'deputy'}.{self.desk.heads(piece.role or '') + 1}"
        self.desk.hire(Employee(name, frozenset([piece.role] if piece.role else []), calendar))

    def _actor(self, name: str) -> Actor:
        roles = self.desk.employees[name].roles
        return Actor(name, roles, is_supervisor=True, enterprise_id=self.enterprise)

    # Going on after an earlier run ------------------------------------------------------------------------------------

    def _remembered(self, work: Work) -> tuple[dict[str, datetime], dict[str, list[Any]]]:
        """Until when each process was simulated with this seed, and the cases: key → [case id, story, number]."""
        columns = Audit.__table__.c
        rows = work.execute(
            select(columns.detail).where(
                columns.enterprise_id == self.enterprise,
                columns.verb == AUDIT_VERB,
                columns.reason == f"seed {self.seed}",
            )
        ).scalars()
        until: dict[str, datetime] = {}
        known: dict[str, list[Any]] = {}
        for detail in rows:
            for process in detail["processes"]:
                stop = datetime.fromisoformat(detail["until"])
                until[process] = max(stop, until.get(process, stop))
            for cases in detail["cases"].values():
                known |= cases
        return until, known

    def _remember(self, stop: datetime) -> None:
        detail = {"processes": list(self.models), "until": stop.isoformat(), "cases": self.added}
        self.store.run(
            lambda work: audit(
                work,
                self.director,
                AUDIT_VERB,
                stop,
                enterprise_id=self.enterprise,
                reason=f"seed {self.seed}",
                detail=detail,
            )
        )
        self.added = {}

    def _take_up(self, known: Mapping[str, list[Any]], until: Mapping[str, datetime]) -> None:
        """The cases of an earlier run that still live, from where it ended on."""
        if not known:
            return
        by_id = {case_id: (key, name, number) for key, (case_id, name, number) in known.items()}
        with self.store.reading() as work:
            live = work.execute(_LIVE, {"enterprise": self.enterprise, "processes": list(self.models)}).all()
            done = {row.id: work.execute(_COMPLETED, {"case": row.id}).all() for row in live if row.id in by_id}
        for row in live:
            if row.id not in by_id:
                continue
            key, name, number = by_id[row.id]
            model = self.models[row.process_id]
            scenario = model.scenarios.get(name)
            case = SimulatedCase.begin(
                key, row.id, number, model, scenario, skip=int(scenario is not None and not scenario.start)
            )
            case.catch_up([each.element_id for each in done[row.id]])
            for each in done[row.id]:
                case.done_by.setdefault(each.element_id, set()).add(each.completed_by)
            self.revisions[row.id] = row.revision
            self._at(max(self.start, until.get(row.process_id, self.start)), lambda case=case: self._live(case))

    # Small words ------------------------------------------------------------------------------------------------------

    def _here(self, value: Any, story_at: datetime) -> Any:
        """A scenario's value with today's calendar and this enterprise's document numbers."""
        days = timedelta(days=(self.clock.now() - story_at).days)
        moved = demo.shifted(value, days)
        return demo.renumbered(moved, self.numbers) if demo.DOCUMENT_NUMBER.search(str(moved)) else moved

    @property
    def numbers(self) -> Mapping[str, str]:
        """The number here of each document that scenarios name; found when one is first named."""
        if self._numbers is None:
            self._numbers = demo.numbers_here(self.wiring) if self.enterprise == demo.ENTERPRISE else {}
        return self._numbers

    def _said(self, case: SimulatedCase, do: Do) -> dict[str, Any]:
        """What the scenario answers or sends, with this case's own numbers."""
        variables = dict(do.variables) | _numbered(do.variables, case.model.profile.unique, case.number)
        played = _recast(variables, cast(case.model.profile, case.key, seed=self.seed))
        return self._here(played, do.story_at)

    def _read(self, statement: Any, **parameters: Any) -> Sequence[Any]:
        with self.store.reading() as work:
            return work.execute(statement, parameters).all()

    def _run(self, command: Callable[..., Any], *, enterprise: bool = False, **arguments: Any) -> Any:
        if enterprise:
            arguments["enterprise_id"] = self.enterprise
        now = self.clock.now()
        return self.store.run(lambda work: command(work, actor=self.director, now=now, **arguments))

    def _try(self, what: str, command: Callable[..., Any], **arguments: Any) -> bool:
        """Whether it could be done; what could not is counted."""
        try:
            self._run(command, **arguments)
        except EngineError as error:
            self.result.problems[f"{what}: {error}"[:200]] += 1
            return False
        return True


def _numbered(variables: Mapping[str, Any], names: Iterable[str], number: int) -> dict[str, Any]:
    """Those of the variables that no two cases may share, each with the case's number."""
    return {name: f"{variables[name]}-{number}" for name in names if variables.get(name)}


def _recast(value: Any, instead: Mapping[str, str]) -> Any:
    """The value with other people and things in the place of the scenario's."""
    match value:
        case str():
            return instead.get(value, value)
        case Mapping():
            return {name: _recast(each, instead) for name, each in value.items()}
        case list():
            return [_recast(each, instead) for each in value]
        case _:
            return value


def _claim(work: Work, *, task_id: str, by: Actor, since: datetime, actor: Actor, now: datetime) -> None:
    claim_user_task(work, user_task_id=task_id, actor=by, now=since)


def _work_on(
    work: Work,
    *,
    task: OpenTask,
    variables: Mapping[str, Any],
    by: Actor,
    since: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Claimed when the work began, completed now: one unit of work for both."""
    if task.assignee is None:
        claim_user_task(work, user_task_id=task.id, actor=by, now=since)
    complete_user_task(work, user_task_id=task.id, variables=dict(variables), actor=by, now=now)


# Statements -----------------------------------------------------------------------------------------------------------


def _statements() -> tuple[Any, ...]:
    from sqlalchemy import bindparam, literal, union, union_all

    timer, job, message, start = (each.__table__.c for each in (Timer, Job, Message, StartSubscription))
    instance = ProcessInstance.__table__.c
    timers = timer.is_suspended.is_(False)
    jobs = (job.state == "ready", job.is_suspended.is_(False), job.lock_until.is_(None))
    case, now = bindparam("case"), bindparam("now", type_=timer.try_at.type)
    earliest = union_all(
        select(func.min(timer.try_at).label("at"), literal("timer").label("kind")).where(timers),
        select(func.min(job.due_at), literal("job")).where(*jobs),
        select(func.min(message.try_at), literal("message")).where(message.state == "sent"),
        select(func.min(start.try_at), literal("start")).where(start.kind == "timer"),
    )
    due = union(
        select(timer.process_instance_id).where(timers, timer.try_at <= now),
        select(job.process_instance_id).where(*jobs, job.due_at <= now),
    )
    live = (
        select(
            instance.id,
            instance.revision,
            instance.process_id,
            instance.started_by,
            instance.started_by_instance_id,
            instance.started_at,
        )
        .where(
            instance.enterprise_id == bindparam("enterprise"),
            instance.process_id.in_(bindparam("processes", expanding=True)),
            instance.state == "active",
        )
        .order_by(instance.started_at, instance.process_id)
    )
    tasks = (
        select(
            TASK.id,
            TASK.element_id,
            TASK.element_instance_id,
            TASK.role,
            TASK.assignee,
            TASK.four_eyes,
            TASK.created_at,
        )
        .where(TASK.process_instance_id == case, TASK.state == "open", TASK.is_suspended.is_(False))
        .order_by(TASK.element_instance_id)
    )
    subscriptions = select(MESSAGE.name, MESSAGE.correlation).where(
        MESSAGE.process_instance_id == case, MESSAGE.kind == "message"
    )
    moves = union_all(
        select(timer.timer_id).where(timer.process_instance_id == case),
        select(job.element_instance_id).where(job.process_instance_id == case, job.state == "ready"),
    )
    completed = (
        select(TASK.element_id, TASK.completed_by)
        .where(TASK.process_instance_id == case, TASK.state == "completed")
        .order_by(TASK.ended_at, TASK.element_instance_id)
    )
    state = select(instance.state, instance.revision).where(instance.id == case)
    return earliest, due, live, tasks, subscriptions, moves, completed, state


_EARLIEST, _DUE_CASES, _LIVE, _TASKS, _SUBSCRIPTIONS, _MOVES, _COMPLETED, _STATE = _statements()
