"""A case of the simulation: which scenario it lives, how far it has come, and what comes next (pure).

People answer forms as the scenario says, in its order; where a case has left its scenario, they do what is usual.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.bpmn.time_expressions import parse_duration
from engine.errors import InvalidInput, NotFound
from engine.play.scenario import Scenario, read_scenarios
from processes.simulation.profile import PROFILE, Profile, read_profile

MOST_TASKS = 80  # of one case: what goes on for longer walks in a circle
MOST_REPLIES = 6  # of one kind to one case
NOT_PLAYED = ("job", "resolve")  # steps of scenarios that stand in for handlers


@dataclass(frozen=True)
class Model:
    """A process that can be simulated: its profile and the scenarios that its cases live."""

    profile: Profile
    scenarios: Mapping[str, Scenario]

    @property
    def process(self) -> str:
        return self.profile.process

    @property
    def usual(self) -> Scenario:
        """The story that most cases live."""
        return self.scenarios[max(self.profile.stories, key=lambda name: self.profile.stories[name])]

    def usual_answer(self, element_id: str) -> tuple[Mapping[str, Any], Scenario, timedelta]:
        """What people answer when no story says it: of the usual story, else of the next that knows the task."""
        for scenario in self._by_weight():
            passed = timedelta()
            for step in scenario.steps:
                passed += _advance_of(step, scenario)
                if step.get("complete") == element_id and "error" not in step:
                    return step.get("variables", {}), scenario, passed
        return {}, self.usual, timedelta()

    def usual_message(self, name: str) -> tuple[Mapping[str, Any], Scenario, timedelta] | None:
        """What is sent when no story says so; None when usually nobody sends it."""
        in_usual = any(step.get("message") == name for step in self.usual.steps)
        if not in_usual and name not in self.profile.replies:
            return None
        for scenario in self._by_weight():
            passed = timedelta()
            for step in scenario.steps:
                passed += _advance_of(step, scenario)
                if step.get("message") == name:
                    return step.get("variables", {}), scenario, passed
        return None

    def _by_weight(self) -> list[Scenario]:
        chosen = sorted(self.profile.stories, key=lambda name: -self.profile.stories[name])
        rest = [name for name in self.scenarios if name not in self.profile.stories]
        return [self.scenarios[name] for name in (*chosen, *rest)]


def read_model(folder: Path) -> Model:
    """The model of a practice's folder. Raises NotFound without simulation.toml, InvalidInput when it is wrong."""
    if not (folder / PROFILE).is_file():
        raise NotFound(f"{folder.name} has no {PROFILE}: it cannot be simulated.")
    profile = read_profile((folder / PROFILE).read_text(encoding="utf-8"), process=folder.name)
    return model_of(profile, read_scenarios((folder / "scenarios.toml").read_text(encoding="utf-8")))


def model_of(profile: Profile, scenarios: Iterable[Scenario]) -> Model:
    """The profile with its scenarios. Raises InvalidInput when a story cannot be lived by a real case."""
    known = {scenario.name: scenario for scenario in scenarios}
    for name in profile.stories:
        if name not in known:
            raise InvalidInput(f"{PROFILE} of '{profile.process}': there is no scenario '{name}'.")
        problem = _problem(known[name], profile)
        if problem:
            raise InvalidInput(f"{PROFILE} of '{profile.process}': '{name}' cannot be a story: {problem}.")
    return Model(profile, {name: each for name, each in known.items() if _problem(each, profile) is None})


def _problem(scenario: Scenario, profile: Profile) -> str | None:
    """Why no real case can live this scenario."""
    if scenario.simulators:
        return "it replaces handlers by simulators"
    if scenario.process not in (None, profile.process):
        return f"it is about the process {scenario.process}"
    scripted = next((verb for step in scenario.steps for verb in NOT_PLAYED if verb in step), None)
    if scripted:
        return f"it has a step '{scripted}', which stands in for a handler"
    if not scenario.start and "message" not in next(iter(doable(scenario)), {}):
        return "it does not begin with a message"
    return None


def doable(scenario: Scenario) -> list[Mapping[str, Any]]:
    """The steps that do something; expectations are the scenario's own test."""
    return [step for step in scenario.steps if "expect" not in step]


def _advance_of(step: Mapping[str, Any], scenario: Scenario) -> timedelta:
    if "advance" not in step:
        return timedelta()
    return parse_duration(step["advance"]).add_to(scenario.now) - scenario.now


@dataclass(frozen=True)
class OpenTask:
    """A row of the worklist."""

    id: str
    element_id: str
    element_instance_id: int
    role: str | None
    assignee: str | None
    four_eyes: str | None
    created_at: datetime


@dataclass(frozen=True)
class Do:
    """Something to do next: work on a task, send a message, rest, set variables, broadcast a signal.

    `story_at` is the moment in the scenario's own calendar: what its dates are relative to.
    """

    kind: str  # task | message | rest | set | signal
    name: str
    story_at: datetime
    variables: Mapping[str, Any] = field(default_factory=dict)
    task: OpenTask | None = None
    rest: timedelta = timedelta()


@dataclass
class SimulatedCase:
    """One case: what it has done of its story, and what is in somebody's hands."""

    key: str
    id: str
    number: int
    model: Model
    scenario: Scenario
    steps: Sequence[Mapping[str, Any]]
    moments: Sequence[datetime]  # of each step, in the scenario's calendar
    used: set[int] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)  # ids of tasks
    in_hand: set[str] = field(default_factory=set)  # ids of offered tasks that are not done
    sending: set[str] = field(default_factory=set)  # names of messages on their way
    resting: int | None = None  # the step that rests
    visits: Counter[str] = field(default_factory=Counter)
    done_by: dict[str, set[str]] = field(default_factory=dict)  # element id → who completed it
    has_ended: bool = False

    @classmethod
    def begin(
        cls, key: str, case_id: str, number: int, model: Model, scenario: Scenario | None, *, skip: int = 0
    ) -> "SimulatedCase":
        """The case at the beginning of its story, `skip` steps of which started it; without one, of no story."""
        steps = doable(scenario) if scenario else []
        moment = (scenario or model.usual).now
        moments = []
        for step in steps:
            moment += _advance_of(step, scenario) if scenario else timedelta()
            moments.append(moment)
        chosen = scenario or model.usual
        return cls(key, case_id, number, model, chosen, steps, moments, used=set(range(skip)))

    def catch_up(self, completed: Sequence[str]) -> None:
        """Take up the story again after these user tasks were done: steps before the last of them are past."""
        for element_id in completed:
            self.visits[element_id] += 1
            found = next((i for i in self._left() if self.steps[i].get("complete") == element_id), None)
            if found is not None:
                self.used.update(range(found + 1))

    def next_acts(self, tasks: Sequence[OpenTask], subscriptions: Iterable[str], *, may_wait: bool) -> list[Do]:
        """What people and customers do now, given what is open; `may_wait` when a timer or a job will move the case."""
        if len(self.offered) >= MOST_TASKS:
            return []
        waiting = [task for task in tasks if task.id not in self.offered]
        names = [name for name in dict.fromkeys(subscriptions) if name not in self.sending]
        acts: list[Do] = []
        while True:
            acts += self._tasks_of_segment(waiting)
            index = next(self._left(), None)
            if index is None:
                return acts + self._usual_tasks(waiting, ()) + self._usual_messages(names)
            step, moment = self.steps[index], self.moments[index]
            later = [self.steps[i].get("complete") for i in self._left()]
            if "complete" in step:
                acts += self._usual_tasks(waiting, later)
                if self.in_hand or self.sending or (not waiting and may_wait):
                    return acts
                if not waiting:
                    return acts + self._usual_messages(names)
            elif "advance" in step:
                if self.resting is None:
                    self.resting = index
                    acts.append(Do("rest", str(index), moment, rest=_advance_of(step, self.scenario)))
                return acts + self._usual_tasks(waiting, later)
            elif "message" in step:
                name = step["message"]
                if self.in_hand or self.sending or self.resting is not None:
                    return acts
                if name in names:
                    self.used.add(index)
                    self.sending.add(name)
                    return [*acts, Do("message", name, moment, step.get("variables", {}))]
                acts += self._usual_tasks(waiting, later)
                if self.in_hand or (not waiting and may_wait):
                    return acts
            else:
                kind = "set" if "set" in step else "signal"
                acts.append(Do(kind, kind if kind == "set" else step["signal"], moment, step.get("set", {})))
            self.used.add(index)

    def rested(self) -> None:
        """The rest is over."""
        if self.resting is not None:
            self.used.add(self.resting)
            self.resting = None

    def _left(self) -> Iterator[int]:
        return (index for index in range(len(self.steps)) if index not in self.used)

    def _tasks_of_segment(self, waiting: list[OpenTask]) -> list[Do]:
        """The waiting tasks that the story completes before it waits for something else."""
        acts = []
        for index in list(self._left()):
            step = self.steps[index]
            if "complete" not in step:
                break
            task = next((each for each in waiting if each.element_id == step["complete"]), None)
            if task is not None:
                waiting.remove(task)
                self.used.add(index)
                acts.append(self._take(task, step.get("variables", {}), self.moments[index]))
        return acts

    def _usual_tasks(self, waiting: list[OpenTask], later: Iterable[Any]) -> list[Do]:
        """Work that the story says nothing of, answered as usual."""
        kept, acts = set(later), []
        for task in [each for each in waiting if each.element_id not in kept]:
            waiting.remove(task)
            variables, scenario, passed = self.model.usual_answer(task.element_id)
            acts.append(self._take(task, variables, scenario.now + passed))
        return acts

    def _take(self, task: OpenTask, variables: Mapping[str, Any], story_at: datetime) -> Do:
        self.offered.add(task.id)
        self.in_hand.add(task.id)
        self.visits[task.element_id] += 1
        return Do("task", task.element_id, story_at, variables, task)

    def _usual_messages(self, names: Iterable[str]) -> list[Do]:
        acts = []
        for name in names:
            found = self.model.usual_message(name)
            if found is None or self.visits[f"message {name}"] >= MOST_REPLIES:
                continue
            variables, scenario, passed = found
            self.sending.add(name)
            acts.append(Do("message", name, scenario.now + passed, variables))
        return acts
