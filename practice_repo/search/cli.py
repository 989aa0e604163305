"""`praxis similar`: which practices are like a model, some of its elements or a text, and where they differ."""

import json
import sys
from pathlib import Path

import click

from engine.errors import EngineError, InvalidInput
from practice_repo.practice import shipped_practices
from practice_repo.search.entries import entries_in
from practice_repo.search.index import Answer, Result, SimilarityIndex


@click.command()
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--in", "folders", multiple=True, type=click.Path(path_type=Path), help="Folder of practices or models.")
@click.option("--text", help="Ask by words in place of a model.")
@click.option("--element", "elements", multiple=True, help="Only these elements of the model (ids): who contains them?")
@click.option("--area", help="Only practices of this area (sales, marketing, service, returns …).")
@click.option("--pcf", type=int, help="Only practices with this element of the APQC classification.")
@click.option("--kpi", help="Only practices that measure this KPI.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def similar(
    model: Path | None,
    folders: tuple[Path, ...],
    text: str | None,
    elements: tuple[str, ...],
    area: str | None,
    pcf: int | None,
    kpi: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Say which practices are most like MODEL (a BPMN file of any tool), nearest first.

    The library is what comes with Praxis, or the folders named by --in. The distance runs from 0 (the same) to 1 and
    is split into control flow, data, roles and rules. Exit code 2 when the model or a folder cannot be read.
    """
    try:
        index, problems = _library(folders)
        facets = {"area": area, "pcf": pcf, "kpi": kpi}
        answer = _ask(index, model, text, elements, facets, limit)
    except EngineError as error:
        click.echo(json.dumps({"error": str(error)}, ensure_ascii=False) if as_json else f"Error: {error}", err=True)
        sys.exit(2)
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
    if as_json:
        click.echo(json.dumps({**answer.to_json(), "searched": len(index), "problems": problems}, ensure_ascii=False))
    else:
        click.echo(_as_text(answer, len(index)))


def _library(folders: tuple[Path, ...]) -> tuple[SimilarityIndex, list[str]]:
    index, problems = SimilarityIndex(), []
    for entry in entries_in(folders or shipped_practices()):
        problems += (f"{entry.id}: {problem}" for problem in index.add(entry))
    return index, problems


def _ask(
    index: SimilarityIndex, model: Path | None, text: str | None, elements: tuple[str, ...], facets: dict, limit: int
) -> Answer:
    if (model is None) == (text is None):
        raise InvalidInput("Give either a MODEL or --text: one question at a time.")
    if model is None:
        return index.by_text(text or "", facets=facets, limit=limit)
    try:
        source = model.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{model} cannot be read: {error.strerror}.") from error
    if elements:
        return index.by_fragment(source, elements, facets=facets, limit=limit)
    return index.by_model(source, facets=facets, limit=limit)


def _as_text(answer: Answer, searched: int) -> str:
    if not answer.results:
        return f"Nothing alike among {searched} practices."
    lines = [f"{answer.found} of {searched} practices have something in common; nearest first:"]
    for result in answer.results:
        lines += ["", *_result_lines(result)]
    return "\n".join(lines)


def _result_lines(result: Result) -> list[str]:
    version = f" {result.version}" if result.version else ""
    model = f", {result.model}" if result.model else ""
    lines = [f"  {result.score:.3f}  {result.id}{version}{model} ({result.name.en})"]
    if result.distance:
        split = ", ".join(f"{name} {value:.2f}" for name, value in result.distance.to_json().items())
        lines.append(f"         distance: {split}")
    shown = [f"{each.asked} = {each.found}" if each.asked != each.found else each.asked for each in result.why[:4]]
    return [*lines, *([f"         alike: {'; '.join(shown)}"] if shown else [])]
