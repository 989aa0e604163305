"""Imports as units of work: a few hundred lines at a time, each with the processes that they start.

A chunk's rows and its messages are kept together or not at all, so a second run finds what the first one left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.commands.publish_message import publish_message
from engine.errors import NotFound
from engine.store.actor import Actor
from engine.store.types import new_id
from processes.customer_base.importing import ColumnMapping, ImportReport, Table, import_rows
from processes.customer_base.scope import in_enterprise
from webapp.background import BackgroundRun
from webapp.wiring import Wiring

CHUNK = 200
KEPT_RUNS = 50
Progress = Callable[[int, int], None]


def run_import(
    wiring: Wiring,
    *,
    enterprise_id: str,
    table: Table,
    mapping: ColumnMapping,
    actor: Actor,
    source: str,
    dry_run: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> ImportReport:
    """What the import did; with `dry_run` what it would do. Good lines go in, bad ones are reported."""
    whole = ImportReport(mapping.kind, total=len(table.rows))
    done = 0
    progress(0, whole.total)
    for rows in chunks(mapping.kind, table):
        _add(whole, _import_chunk(wiring, rows, enterprise_id, mapping, actor, source, dry_run))
        done += len(rows)
        progress(done, whole.total)
    whole.problems.sort(key=lambda problem: problem.line)
    return whole


def chunks(kind: str, table: Table) -> Iterator[Any]:
    """The rows in pieces; an order's lines may stand anywhere, so orders come in one piece."""
    size = len(table.rows) if kind == "orders" else CHUNK
    for start in range(0, len(table.rows), max(1, size)):
        yield table.rows[start : start + size]


class _Undo(Exception):
    """Carries a dry run's report out of its unit of work, which is undone."""

    def __init__(self, report: ImportReport):
        super().__init__()
        self.report = report


def _import_chunk(
    wiring: Wiring,
    rows: Any,
    enterprise_id: str,
    mapping: ColumnMapping,
    actor: Actor,
    source: str,
    dry_run: bool,
) -> ImportReport:
    now = wiring.clock.now()

    def work_on(work) -> ImportReport:
        session = in_enterprise(work.session, enterprise_id)
        report = import_rows(session, mapping.kind, rows, mapping, now=now, source=source)
        if dry_run:
            raise _Undo(report)
        for start in report.starts:
            publish_message(
                work,
                enterprise_id=enterprise_id,
                name=start.message,
                correlation=start.correlation,
                variables=start.variables,
                actor=actor,
                now=now,
            )
        return report

    try:
        return wiring.run(work_on)
    except _Undo as undone:
        return undone.report


def _add(whole: ImportReport, part: ImportReport) -> None:
    whole.created += part.created
    whole.updated += part.updated
    whole.unchanged += part.unchanged
    whole.problems += part.problems
    whole.starts += part.starts
    whole.ignored_columns = part.ignored_columns


# Imports that run while people look at something else ---------------------------------------------------------------


@dataclass
class ImportRun(BackgroundRun):
    """One import that was started on screen."""

    id: str
    enterprise_id: str
    file_name: str
    kind: str
    started_at: datetime
    done: int = 0
    total: int = 0
    report: ImportReport | None = None

    def progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@dataclass
class ImportRuns:
    """The imports of this server process; a restart forgets their progress, not what they imported."""

    by_id: dict[str, ImportRun] = field(default_factory=dict)

    def start(self, wiring: Wiring, *, file_name: str, now: datetime, **arguments: Any) -> ImportRun:
        """Begin an import in a thread of its own; `arguments` as for `run_import`."""
        run = ImportRun(new_id(), arguments["enterprise_id"], file_name, arguments["mapping"].kind, now)
        self.by_id[run.id] = run
        while len(self.by_id) > KEPT_RUNS:
            del self.by_id[next(iter(self.by_id))]
        run.begin(wiring, f"import {run.id}", lambda: run_import(wiring, progress=run.progress, **arguments))
        return run

    def get(self, run_id: str, enterprise_id: str) -> ImportRun:
        run = self.by_id.get(run_id)
        if run is None or run.enterprise_id != enterprise_id:
            raise NotFound("This import is not known any more: the server was restarted. Repeating it does no harm.")
        return run
