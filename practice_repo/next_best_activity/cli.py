"""`praxis nba`: which practice to deploy next, and why."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from engine.errors import EngineError
from practice_repo.next_best_activity.answer import MODES, answer
from practice_repo.next_best_activity.availability import Exclusion
from practice_repo.next_best_activity.candidate import InvalidPortfolio, Portfolio, Standing
from practice_repo.next_best_activity.exploration import READINGS, STOPS, Rules
from practice_repo.next_best_activity.portfolio_file import read_portfolio_file


@click.group()
def nba() -> None:
    """Next best activity: rank practices by S = (effect - cost) / cost."""


@dataclass(frozen=True)
class Source:
    """Whom to rank, from a file or from an enterprise's own activities."""

    portfolio: Portfolio
    standing: Standing
    start: date | None
    warnings: tuple[str, ...] = ()
    barred: Mapping[str, Exclusion] = field(default_factory=dict)


@nba.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--enterprise", help="Rank the activities of this enterprise of the installation, with its gates.")
@click.option("--mode", type=click.Choice(MODES), default="scan", show_default=True)
@click.option(
    "--stop",
    type=click.Choice(STOPS),
    help="exhaust: until no new practice is available (the paper; default of scan). "
    "positive: until the best S is not above 0 (default of closure).",
)
@click.option("--reading", type=click.Choice(READINGS), default="linear", help="How a scan reads the paper's N, N+1.")
@click.option("--loop", "is_loop", is_flag=True, help="Accept every recommendation, to the end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def rank(
    context: click.Context,
    file: Path | None,
    enterprise: str | None,
    mode: str,
    stop: str | None,
    reading: str,
    is_loop: bool,
    as_json: bool,
) -> None:
    """Rank the candidates of a TOML FILE, or the activities of an enterprise.

    scan is the paper's loop; closure takes a practice with its missing prerequisites as one bundle; plan chooses and
    schedules all of them at once within budget, staff and windows. Exit code 2 when the file is wrong.
    """
    try:
        source = _source(context, file, enterprise)
        rules = Rules(stop or ("positive" if mode == "closure" else "exhaust"), reading)
        result = answer(source.portfolio, source.standing, mode, rules, is_loop, source.barred)
    except EngineError as error:
        click.echo(
            json.dumps({"error": str(error)}, ensure_ascii=False) if as_json else f"Error: {error}", err=not as_json
        )
        sys.exit(2)
    for warning in source.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if source.start is not None:
        for each in result["plan"]:
            each["start_on"] = _date_of(each["start"], source.start)
            each["finish_on"] = _date_of(each["finish"], source.start)
    result["warnings"] = list(source.warnings)
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else _as_text(result))


def _source(context: click.Context, file: Path | None, enterprise: str | None) -> Source:
    if (file is None) == (enterprise is None):
        raise InvalidPortfolio("Expected either a FILE with candidates or --enterprise ID: give one of them.")
    if file is not None:
        found = read_portfolio_file(file)
        return Source(found.portfolio, found.standing, found.start, found.warnings)
    situation = context.obj["situation"](enterprise)  # given by `praxis`, which knows the installation
    return Source(situation.portfolio, situation.standing, situation.profile.starts_on, (), situation.barred)


def _date_of(day: int, start: date) -> str | None:
    """None after the last day that a calendar knows."""
    return str(start + timedelta(days=day)) if day <= (date.max - start).days else None


def _as_text(result: dict[str, Any]) -> str:
    lines = [result["explanation"], ""]
    if result["next"] is not None:
        lines[:0] = [f"Next best activity: {result['next']}"]
    lines += [f"  {each['text']}" for each in result["trace"]]
    lines += ["", "Ranking:", *(f"  {each['id']}: {each['reason']}" for each in result["ranking"])]
    if result["excluded"]:
        lines += ["", "Not in the running:", *(f"  {each['id']}: {each['reason']}" for each in result["excluded"])]
    if result["plan"]:
        lines += [
            "",
            "Days:",
            *(f"  {each['start']:>5} - {each['finish']:>5}  {each['id']}" for each in result["plan"]),
        ]
    totals = result["totals"]
    lines += ["", f"Effect {totals['effect']}, cost {totals['cost']}, net benefit {totals['net']}."]
    return "\n".join(lines)
