"""`praxis simulate`: a history of real cases, on a virtual clock."""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.errors import InvalidInput
from engine.store.unit_of_work import Work
from practice_repo.outcomes.kpis import KpiValue, kpi_value
from practice_repo.outcomes.queries import facts
from practice_repo.practice import Practice, read_practice, shipped_practices
from webapp.cli.errors import kindly
from webapp.cli.migrate import prepare_database
from webapp.outcomes import read_outcomes
from webapp.settings import Settings
from webapp.simulated_case import Model
from webapp.simulating import Simulated, models, simulate
from webapp.tables import Enterprise
from webapp.wiring import Wiring, wire

MONTH = timedelta(days=365.25 / 12)
SHOWN_KPIS = 6  # of each process
MOST_QUARTERS = 8


@click.command("simulate")
@click.option("--enterprise", default="demo", show_default=True, help="Whose cases they are.")
@click.option(
    "--months", type=click.FloatRange(min=0.1), default=12.0, show_default=True, help="Length of the history."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day before which it ends; default: today.")
@click.option("--process", "processes", multiple=True, metavar="KEY", help="Only this process; may be repeated.")
@click.option("--cases-per-month", type=click.FloatRange(min=0.1), help="Of each process, instead of the profiles'.")
@click.option(
    "--effect", "effects", multiple=True, metavar="KEY=DATE", help="A known effect and its go-live; may be repeated."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same history.")
@click.option("--dry-run", is_flag=True, help="Say what would come, change nothing.")
@kindly
def simulate_command(
    enterprise: str,
    months: float,
    until: datetime | None,
    processes: tuple[str, ...],
    cases_per_month: float | None,
    effects: tuple[str, ...],
    seed: int,
    dry_run: bool,
) -> None:
    """Fill an enterprise with a history of cases that people worked on; stop the server meanwhile.

    A second run with the same seed adds nothing twice, a longer one goes on where the first one ended.
    """
    settings = Settings.from_environment()
    prepare_database(settings)
    wiring = wire(settings)
    console = Console()
    logging.getLogger("engine.worker").setLevel(logging.ERROR)  # what fails stands in the cases
    try:
        _must_exist(wiring, enterprise)
        chosen = models(processes)
        end = _midnight(until.date()) if until else wiring.clock.now()
        start = _midnight((end - MONTH * months).date())
        began = monotonic()
        result = _with_bar(
            console,
            start,
            end,
            wiring=wiring,
            processes=chosen,
            seed=seed,
            effects=_effects(effects),
            enterprise=enterprise,
            cases_per_month=cases_per_month,
            dry_run=dry_run,
        )
        _tell(console, result, chosen, monotonic() - began, seed, dry_run)
        if not dry_run:
            with wiring.store.reading() as work:
                for model in chosen:
                    console.print(_quarters(work, model, enterprise, start, end, wiring.clock.now()))
    finally:
        wiring.store.close()


def _with_bar(
    console: Console, start: datetime, end: datetime, *, wiring: Wiring, processes: Any, **how: Any
) -> Simulated:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{start:%d.%m.%Y}", total=(end - start).total_seconds())

        def move(moment: datetime) -> None:
            bar.update(task, completed=(moment - start).total_seconds(), description=f"{moment:%d.%m.%Y}")

        return simulate(wiring, processes, start, end, progress=move, **how)


def _must_exist(wiring: Wiring, enterprise: str) -> None:
    with wiring.store.reading() as work:
        if work.session.get(Enterprise, enterprise) is None:
            raise InvalidInput(f"There is no enterprise '{enterprise}': run `praxis demo` first, or name another one.")


def _effects(texts: tuple[str, ...]) -> dict[str, date]:
    found = {}
    for text in texts:
        key, _, day = text.partition("=")
        try:
            found[key] = date.fromisoformat(day)
        except ValueError as error:
            raise InvalidInput(f"--effect should look like guided_diagnosis=2026-04-06, found '{text}'.") from error
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _tell(console: Console, result: Simulated, chosen: list[Model], seconds: float, seed: int, dry_run: bool) -> None:
    """Which cases came, in which stories, and what could not be done."""
    table = Table(title=f"{result.start:%Y-%m-%d} to {result.end:%Y-%m-%d}, seed {seed}", title_justify="left")
    for heading in ("Process", "New cases", "Were there", "Ended", "Most frequent stories"):
        table.add_column(heading, justify="left" if heading in ("Process", "Most frequent stories") else "right")
    for model in chosen:
        stories = {name: count for (process, name), count in result.stories.items() if process == model.process}
        often = sorted(stories, key=lambda name: -stories[name])[:3]
        table.add_row(
            model.process,
            str(result.cases[model.process]),
            str(result.known[model.process]),
            str(result.ended[model.process]),
            ", ".join(f"{name} ({stories[name]})" for name in often),
        )
    console.print(table)
    count = sum(result.cases.values())
    if dry_run:
        console.print(f"Dry run: {count} cases would be added; nothing was changed.")
        return
    pace = f", {seconds / count:.2f} s each" if count else ": everything was there already"
    console.print(
        f"{count} cases in {seconds:.0f} s{pace}. {len(result.work)} tasks done, {result.messages} messages sent."
    )
    for problem, times in result.problems.most_common(5):
        console.print(f"  {times} times: {problem}", highlight=False)


def _quarters(work: Work, model: Model, enterprise: str, start: datetime, end: datetime, now: datetime) -> Table:
    """The KPIs of the process, one column per quarter in which cases began."""
    practice = _practice(model)
    quarters = list(_quarters_of(start, end))[-MOST_QUARTERS:]
    columns = [_values(work, practice, model, enterprise, begin, finish, now) for _, begin, finish in quarters]
    table = Table(title=practice.card.name.en, title_justify="left")
    table.add_column("KPI")
    for name, _, _ in quarters:
        table.add_column(name, justify="right")
    table.add_row("cases", *(str(count) for count, _ in columns))
    for kpi in practice.card.kpis:
        values = [found.get(kpi.key) for _, found in columns]
        if table.row_count <= SHOWN_KPIS and any(value is not None and value.value is not None for value in values):
            table.add_row(f"{kpi.name.en} ({kpi.unit})", *(_shown(value) for value in values))
    return table


def _values(
    work: Work, practice: Practice, model: Model, enterprise: str, start: datetime, end: datetime, now: datetime
) -> tuple[int, Mapping[str, KpiValue]]:
    found = facts(
        work,
        card=practice.card,
        enterprise_id=enterprise,
        start=start,
        end=end,
        now=now,
        process_ids=(model.process,),
        calendar=model.profile.calendar,
        outcomes=read_outcomes,
    )
    return len(found), {kpi.key: kpi_value(practice.card, kpi.key, found) for kpi in practice.card.kpis}


def _practice(model: Model) -> Practice:
    return read_practice(next(folder for folder in shipped_practices() if folder.name == model.process))


def _quarters_of(start: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    year, quarter = start.year, (start.month - 1) // 3
    while (begin := datetime(year, 3 * quarter + 1, 1, tzinfo=UTC)) < end:
        name = f"{year} Q{quarter + 1}"
        year, quarter = (year + 1, 0) if quarter == 3 else (year, quarter + 1)
        yield name, begin, datetime(year, 3 * quarter + 1, 1, tzinfo=UTC)


def _shown(value: KpiValue | None) -> str:
    if value is None or value.value is None:
        return "–"
    return f"{value.value:.0%}" if value.unit == "share" else f"{value.value.quantize(Decimal('0.1'))}"
