"""`praxis play`: run a model from the command line."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from engine.bpmn import read_model
from engine.bpmn.elements import Model
from engine.errors import EngineError, Finding, InvalidInput, InvalidModel
from engine.play.player import CannotPlay, Player
from engine.play.scenario import STEPS, Scenario, read_scenarios
from engine.runtime import Definition, compile_definition

RAN, FAILED, REFUSED = 0, 1, 2
DMN_NAMESPACE, BPMN_NAMESPACE = b"omg.org/spec/DMN/", b"omg.org/spec/BPMN/"


def read_documents(paths: Sequence[Path]) -> Definition:
    """Compile the models and decisions in these files. Raises InvalidModel or InvalidInput."""
    models, decisions = [], []
    for path in dict.fromkeys(Path(path) for path in paths):
        content = _content(path)
        (decisions if _is_decision(path, content) else models).append(content)
    if not models:
        raise InvalidInput("There is no BPMN model among the files; name at least one .bpmn file.")
    return compile_definition(_distinct([read_model(content) for content in models]), read_decisions(decisions))


def _distinct(models: Sequence[Model]) -> list[Model]:
    """Each model once. Raises InvalidInput when two of them hold a process of the same id."""
    kept = list({model.digest: model for model in models}.values())
    ids = Counter(process.id for model in kept for process in model.processes)
    for process_id, count in ids.items():
        if count > 1:
            raise InvalidInput(f"The process '{process_id}' stands in two of the files; play one of them.")
    return kept


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"The file {path} cannot be read: {reason}.") from error


def _is_decision(path: Path, content: bytes) -> bool:
    """Decisions are told by the file's name, or by their namespace where the name says nothing."""
    if path.suffix.lower() in (".dmn", ".bpmn"):
        return path.suffix.lower() == ".dmn"
    return DMN_NAMESPACE in content[:4096] and BPMN_NAMESPACE not in content[:4096]


def read_decisions(documents: Sequence[bytes]):
    """Compile DMN documents together; None when there are none."""
    if not documents:
        return None
    from engine.dmn import compile_decisions, read_dmn  # only models with decisions pay for loading DMN

    return compile_decisions([read_dmn(document) for document in documents])


@click.command(epilog="Steps of a scenario: " + "; ".join(f"{verb}: {text}" for verb, text in STEPS.items()) + ".")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--scenario", "scenario_file", type=click.Path(path_type=Path), help="TOML file with steps.")
@click.option("--name", help="Play only the scenario of this name.")
@click.option("--process", "process_id", help="Process to start; default: the one that starts by itself.")
@click.option("--variables", default="{}", help="Variables to start with, as a JSON object.")
@click.option("--reload", is_flag=True, help="Dump and reload every execution between two steps.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def play(context, files, scenario_file, name, process_id, variables, reload, as_json):
    """Run BPMN models (and DMN files) in memory on a virtual clock.

    A scenario file can name its models itself (`models = [...]`, relative to the file).
    """
    world = context.obj or {}
    try:
        scenarios = _scenarios(scenario_file, name)
        given = _variables(variables)
        definition = read_documents(files or _models_of(scenarios, scenario_file))
        if process_id is not None:
            definition.root(process_id)
    except EngineError as error:
        _print(refusal(error), as_json)
        sys.exit(REFUSED)
    results = []
    for scenario in scenarios:
        player = Player(
            definition,
            scenario,
            process_id=process_id,
            variables=given,
            handlers=world.get("handlers"),
            resources=world.get("resources"),
            reload=reload,
        )
        results.append(outcome(player, scenario))
    _print(results[0] if len(results) == 1 else {"scenarios": results}, as_json)
    if any(result["state"] == "refused" for result in results):
        sys.exit(REFUSED)
    sys.exit(FAILED if any("problem" in result for result in results) else RAN)


def outcome(player: Player, scenario: Scenario) -> dict[str, Any]:
    """Run a play; a step that cannot happen stands under `problem`."""
    try:
        player.run()
    except CannotPlay as error:
        return {"name": scenario.name, **report(player), "problem": str(error)}
    except InvalidInput as error:
        return {"name": scenario.name, **refusal(error)}
    return {"name": scenario.name, **report(player)}


def report(player: Player) -> dict[str, Any]:
    findings = [finding_json(finding) for finding in player.definition.warnings]
    return {**player.report(), "findings": findings}


def _scenarios(path: Path | None, name: str | None) -> list[Scenario]:
    if path is None:
        return [Scenario()]
    try:
        text = _content(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The scenario file {path} is no text in UTF-8: {error.reason}.") from error
    scenarios = read_scenarios(text)
    chosen = [scenario for scenario in scenarios if name in (None, scenario.name)]
    if not chosen:
        known = ", ".join(scenario.name for scenario in scenarios)
        raise InvalidInput(f"There is no scenario '{name}' in {path}. Known: {known}.")
    return chosen


def _models_of(scenarios: Sequence[Scenario], path: Path | None) -> list[Path]:
    """The models that the scenarios name, where their file stands."""
    models = [path.parent / model for scenario in scenarios for model in scenario.models] if path else []
    if not models:
        raise InvalidInput("There is nothing to play; name at least one .bpmn file.")
    return models


def _variables(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(f"--variables should be a JSON object, but cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"--variables should be a JSON object, but is {text}.")
    return value


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace").decode())
        return
    for single in result.get("scenarios", [result]):
        click.echo(f"{single.get('name', '')}: {single['state']}".strip(": "))
        click.echo(f"  trace: {' → '.join(single['trace']) or '(nothing completed)'}")
        for row in single["waiting"]:
            click.echo(f"  waits: {row['kind']} {row['element']} {row['due_at'] or ''}".rstrip())
        for row in [*single["incidents"], *single["findings"]]:
            click.echo(f"  {row.get('severity', 'incident')}: {row['element']}: {row['message']}")
        if "problem" in single:
            click.echo(f"  problem: {single['problem']}")


def finding_json(finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "element": finding.element_id,
        "name": finding.element_name,
        "message": finding.message,
        "line": finding.line,
        "severity": finding.severity,
    }


def refusal(error: EngineError) -> dict[str, Any]:
    """The result of a play that the gate refused."""
    told = error.findings if isinstance(error, InvalidModel) else ()
    findings = [finding_json(finding) for finding in told or (Finding("input", str(error)),)]
    return {
        "state": "refused",
        "trace": [],
        "variables": {},
        "waiting": [],
        "incidents": [],
        "findings": findings,
    }
