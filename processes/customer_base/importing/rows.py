"""Import rows of a kind: good lines go in, each bad one is reported with its number and reason."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import EngineError, InvalidInput
from processes.customer_base.importing.bulk import import_leads
from processes.customer_base.importing.kinds import ONE_BY_ONE, import_orders
from processes.customer_base.importing.mapping import KEEP_EXTRA, ColumnMapping, fields_of
from processes.customer_base.importing.report import ImportReport, LineProblem
from processes.customer_base.importing.tables import Row
from processes.customer_base.importing.values import Line, read_line

BATCH = 500
Progress = Callable[[int, int], None]  # lines done, lines in all


def import_rows(
    session: Session,
    kind: str,
    rows: Iterable[Row],
    mapping: ColumnMapping,
    *,
    now: datetime,
    source: str = "import",
    progress: Progress | None = None,
) -> ImportReport:
    """Take rows of leads, customers, products, stock, tickets or orders into the customer base.

    Repeating an import changes nothing: a line is known by its key column, else by its whole content. `report.starts`
    are the processes that the caller starts for new leads (`LeadReceived`) and tickets (`TicketCreated`).
    """
    rows = list(rows)
    known = fields_of(kind)
    wrong = sorted(str(name) for name in mapping.columns.values() if name and name not in known)
    if wrong or mapping.kind != kind:
        raise InvalidInput(f"The mapping does not fit {kind}: {', '.join(wrong) or mapping.kind}.")
    report = ImportReport(kind, total=len(rows))
    if kind not in KEEP_EXTRA:
        report.ignored_columns = mapping.unmapped
    if progress:
        progress(0, len(rows))
    for start in range(0, len(rows), BATCH) if kind != "orders" else (0,):
        batch = rows[start : start + BATCH] if kind != "orders" else rows
        _import_batch(session, kind, _read(batch, mapping, report), report, source, now)
        session.flush()
        if progress:
            progress(min(start + len(batch), len(rows)), len(rows))
    report.problems.sort(key=lambda problem: problem.line)
    return report


def _read(rows: Sequence[Row], mapping: ColumnMapping, report: ImportReport) -> list[Line]:
    lines = []
    for number, row in rows:
        try:
            lines.append(read_line(number, row, mapping))
        except InvalidInput as error:
            report.problems.append(LineProblem(number, str(error)))
    return lines


def _import_batch(
    session: Session, kind: str, lines: list[Line], report: ImportReport, source: str, now: datetime
) -> None:
    if kind == "leads":
        import_leads(session, lines, report, source=source, now=now)
    elif kind == "orders":
        import_orders(session, lines, report, now=now)
    else:
        for line in lines:
            _import_one(session, kind, line, report, source, now)


def _import_one(session: Session, kind: str, line: Line, report: ImportReport, source: str, now: datetime) -> None:
    try:
        with session.begin_nested():
            ONE_BY_ONE[kind](session, line, report, source, now)
    except (EngineError, IntegrityError) as error:
        reason = str(error) if isinstance(error, EngineError) else f"It contradicts what is stored: {error.orig}"
        report.problems.append(LineProblem(line.number, reason))
