"""Plays of the practice's scenarios: what happened, what was expected, and which paths were taken."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from engine.bpmn.elements import Process, SequenceFlow, SubProcess
from engine.errors import EngineError, InvalidInput
from engine.play import Player, read_decisions, read_scenarios
from engine.play.cli import outcome
from engine.play.scenario import Scenario
from engine.runtime import Definition, compile_definition
from webapp.modeling.files import SCENARIOS, Files, kind_of, open_files


def scenarios_of(files: Files) -> list[Scenario]:
    """The practice's scenarios. Raises InvalidInput naming what is wrong with the file."""
    text = files.get(SCENARIOS, b"").decode(errors="replace")
    return read_scenarios(text) if text.strip() else []


def scenario_names(files: Files) -> list[dict[str, str]]:
    """Name and description of each scenario; empty when the file cannot be read (its finding says why)."""
    try:
        return [{"name": each.name, "description": each.description} for each in scenarios_of(files)]
    except InvalidInput:
        return []


def play_scenario(
    files: Files, name: str, *, handlers: Callable[[], Any] | None = None, resources: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """What `praxis play` says of this scenario, with `passed`, and the paths that its cases took.

    Raises InvalidModel when the practice cannot be run, InvalidInput when the scenarios cannot be read or there is none
    of this name.
    """
    scenario = next((each for each in scenarios_of(files) if each.name == name), None)
    if scenario is None:
        raise InvalidInput(f"There is no scenario '{name}' in {SCENARIOS}; reload the list.")
    player = Player(definition_of(files), scenario, handlers=handlers, resources=resources)
    result = outcome(player, scenario)
    result["passed"] = "problem" not in result and result["state"] != "refused"
    result["paths"] = _taken(player)
    return result


def definition_of(files: Files) -> Definition:
    """The compiled practice. Raises InvalidModel with the findings of the gate."""
    opened = open_files(files)
    for name, error in opened.unreadable.items():
        raise InvalidInput(f"{name} cannot be read: {error}") from error
    return _compiled(
        tuple(files[name] for name in sorted(opened.models)), tuple(files[name] for name in sorted(opened.decisions))
    )


@lru_cache(maxsize=8)
def _compiled(models: tuple[bytes, ...], decisions: tuple[bytes, ...]) -> Definition:
    opened = open_files({f"{number}.bpmn": content for number, content in enumerate(models)})
    return compile_definition(list(opened.models.values()), read_decisions(decisions))


def _taken(player: Player) -> dict[str, dict[str, list[str]]]:
    """Visited elements and taken flows, by process id; a flow counts where its two ends were visited."""
    taken: dict[str, dict[str, list[str]]] = {}
    for process_id in sorted({process_id for process_id, _element_id in player.entered}):
        visited = sorted(element_id for owner, element_id in player.entered if owner == process_id)
        flows = [
            flow.id
            for flow in _flows(player.definition.process(process_id))
            if flow.id in player.taken_flows and {flow.source_id, flow.target_id} <= set(visited)
        ]
        taken[process_id] = {"elements": visited, "flows": flows}
    return taken


def _flows(process: Process) -> Iterator[SequenceFlow]:
    yield from process.flows.values()
    for element in process.walk():
        if isinstance(element, SubProcess):
            yield from element.flows.values()


def possible_paths(files: Files) -> dict[str, dict[str, Any]]:
    """By process id: the file, and every element and flow that a case could pass."""
    possible: dict[str, dict[str, Any]] = {}
    for name in (name for name in files if kind_of(name) == "bpmn"):
        for process in _processes(files, name):
            elements = [element.id for element in process.walk()]
            flows = [flow.id for flow in _flows(process)]
            possible[process.id] = {"file": name, "elements": elements, "flows": flows}
    return possible


def _processes(files: Files, name: str) -> Iterable[Process]:
    opened = open_files({name: files[name]})
    return [process for model in opened.models.values() for process in model.processes if process.elements]


def read_problem(text: str) -> str | None:
    """What is wrong with a scenario file's text; None when it can be read."""
    try:
        read_scenarios(text)
    except EngineError as error:
        return str(error)
    return None
