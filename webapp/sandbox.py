"""A case of a practice, tried out: everything happens in memory, on a virtual clock, with demo customers.

The story so far (the scenario and the steps taken) travels with the page; every answer plays it from the beginning,
so that nothing has to be stored or cleaned up.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine import events
from engine.errors import EngineError, InvalidInput
from engine.feel import dump, load
from engine.forms import Form, read_form
from engine.play import Player
from engine.play.scenario import Scenario, check_step
from engine.runtime import Execution, Waiting
from webapp.modeling.files import Files
from webapp.modeling.playing import definition_of, scenarios_of

MOST_STEPS = 200
SILENT = frozenset({"expect"})  # steps of a scenario that only look


@dataclass(frozen=True)
class Story:
    """What was done: steps of the scenario, or others. `position` counts the scenario's steps that are behind."""

    scenario: str = ""
    position: int = 0
    steps: tuple[Mapping[str, Any], ...] = ()

    def dump(self) -> str:
        """As text for a hidden field."""
        return json.dumps([self.scenario, self.position, dump([dict(step) for step in self.steps])])

    @classmethod
    def load(cls, text: str) -> "Story":
        try:
            scenario, position, steps = json.loads(text)
            found = load(steps)
        except (ValueError, TypeError, RecursionError, EngineError) as error:
            raise InvalidInput("The story of this try-out cannot be read: start it again.") from error
        is_sound = isinstance(scenario, str) and isinstance(position, int) and isinstance(found, list | tuple)
        if not is_sound or position < 0 or not all(isinstance(step, Mapping) for step in found):
            raise InvalidInput("The story of this try-out is not one of Praxis: start it again.")
        if len(found) > MOST_STEPS:
            raise InvalidInput(f"A try-out has at most {MOST_STEPS} steps: start it again.")
        for number, step in enumerate(found, start=1):
            check_step(step, number)
        return cls(scenario, position, tuple(found))


@dataclass(frozen=True)
class OpenTask:
    """A user task that waits: who does it, with which form, and what an example would enter."""

    element_id: str
    name: str
    groups: tuple[str, ...]
    form: Form | None
    variables: Mapping[str, Any]
    example: Mapping[str, Any] | None


@dataclass
class Situation:
    """Where the case stands after the story."""

    story: Story
    player: "SandboxPlayer"
    problem: str | None
    tasks: list[OpenTask] = field(default_factory=list)
    messages: list[tuple[Waiting, Mapping[str, Any]]] = field(default_factory=list)  # with what an example would say
    next_timer: Waiting | None = None
    next_step: Mapping[str, Any] | None = None  # of the scenario

    @property
    def active(self) -> dict[str, dict[str, int]]:
        """Process id → element id → tokens that wait there."""
        found: dict[str, dict[str, int]] = {}
        for execution in self.player.executions:
            for waiting in execution.waiting():
                for process_id in self.player.owners.get(waiting.element_id, ()):
                    counts = found.setdefault(process_id, {})
                    counts[waiting.element_id] = counts.get(waiting.element_id, 0) + 1
        return found

    @property
    def done(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for process_id, element_id in sorted(self.player.entered):
            found.setdefault(process_id, []).append(element_id)
        return found


class SandboxPlayer(Player):
    """A player that remembers for whom the open tasks are."""

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.offers: dict[tuple[int, int], events.UserTaskCreated] = {}
        self.owners: dict[str, list[str]] = {}
        for process_id in self.definition.process_ids:
            for element in self.definition.process(process_id).walk():
                self.owners.setdefault(element.id, []).append(process_id)

    def _note(self, number: int, event: events.Event) -> None:
        super()._note(number, event)
        if isinstance(event, events.UserTaskCreated):
            self.offers[number, event.element_instance_id] = event


def situation(
    files: Files,
    story: Story,
    *,
    handlers: Callable[[], Any],
    resources: Callable[[datetime], Any],
) -> Situation:
    """The case after the story. Raises InvalidModel for a practice that cannot run, InvalidInput for bad scenarios.

    A step that cannot happen ends the story; `problem` says why.
    """
    scenario = _scenario(files, story.scenario)
    rest = scenario.steps[story.position :]
    told = replace(scenario, steps=[dict(step) for step in story.steps])
    player = SandboxPlayer(definition_of(files), told, handlers=handlers, resources=resources)
    player.scripted_jobs = {step["job"] for step in scenario.steps if "job" in step}
    problem = None
    try:
        player.run()
    except EngineError as error:
        problem = str(error)
    found = Situation(story, player, problem)
    found.next_step = next((step for step in rest if not SILENT & step.keys()), None)
    for number, execution in enumerate(player.executions):
        _describe(found, files, number, execution, rest)
    return found


def scenario_names(files: Files) -> list[str]:
    return [each.name for each in scenarios_of(files)]


def _scenario(files: Files, name: str) -> Scenario:
    """The named scenario, else the first, else an empty one."""
    known = scenarios_of(files)
    return next((each for each in known if each.name == name), known[0] if known else Scenario())


def _describe(
    found: Situation, files: Files, number: int, execution: Execution, rest: Sequence[Mapping[str, Any]]
) -> None:
    for waiting in execution.waiting():
        if waiting.kind == "userTask":
            offer = found.player.offers.get((number, waiting.element_instance_id))
            found.tasks.append(_task(files, execution, waiting, offer, rest))
        elif waiting.kind == "message":
            example = next((step for step in rest if step.get("message") == waiting.name), {})
            found.messages.append((waiting, example))
        elif (
            waiting.kind == "timer"
            and waiting.due_at
            and (found.next_timer is None or waiting.due_at < found.next_timer.due_at)
        ):
            found.next_timer = waiting


def _task(
    files: Files,
    execution: Execution,
    waiting: Waiting,
    offer: events.UserTaskCreated | None,
    rest: Sequence[Mapping[str, Any]],
) -> OpenTask:
    content = files.get(f"forms/{offer.form_key}.json") if offer and offer.form_key else None
    example = next((step for step in rest if step.get("complete") == waiting.element_id), None)
    groups = offer.candidate_groups or ((offer.role,) if offer.role else ()) if offer else ()
    return OpenTask(
        element_id=waiting.element_id,
        name=waiting.name or waiting.element_id,
        groups=tuple(groups),
        form=read_form(content) if content else None,
        variables=execution.variables_of(waiting.element_instance_id),
        example=example.get("variables", {}) if example else None,
    )


def followed(files: Files, story: Story, *, to_the_end: bool = False) -> Story:
    """The story with the scenario's next step, or with all that are left."""
    steps = _scenario(files, story.scenario).steps
    position, taken = story.position, list(story.steps)
    while position < len(steps):
        step = steps[position]
        position += 1
        if SILENT & step.keys():
            continue
        taken.append(step)
        if not to_the_end:
            break
    return replace(story, position=position, steps=tuple(taken[:MOST_STEPS]))


def continued(files: Files, story: Story, step: Mapping[str, Any]) -> Story:
    """The story with a step of one's own; a step of the scenario that does the same counts as done."""
    steps = _scenario(files, story.scenario).steps
    position = story.position
    for number, planned in enumerate(steps[position:], start=position + 1):
        if any(planned.get(verb) == step.get(verb) for verb in ("complete", "message") if verb in step):
            position = number
            break
        if not SILENT & planned.keys():
            break
    return replace(story, position=position, steps=(*story.steps, step))


def advancing_to(due_at: datetime, now: datetime) -> Mapping[str, Any]:
    """The step that lets time pass until then."""
    seconds = max((due_at - now).total_seconds(), 0)
    return {"advance": f"PT{seconds:.6f}S".replace(".000000S", "S")}
