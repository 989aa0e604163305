"""Statements of the hot path, compiled to text once per database: every step of every case sends them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import ClauseElement

from engine.store.unit_of_work import Work


class Prepared:
    """An INSERT, UPDATE or DELETE with named parameters.

    `columns` are an INSERT's columns in the rows to come; column defaults do not apply, rows are complete.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None):
        self._statement = statement
        self._columns = columns
        self._by_dialect: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {}

    def run(self, work: Work, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Send it once, or once per row in one go."""
        dialect = work.connection.dialect
        prepared = self._by_dialect.get(dialect.name)
        if prepared is None:
            prepared = self._by_dialect[dialect.name] = self._prepare(dialect)
        sql, bind = prepared
        work.flush()
        if not isinstance(rows, Mapping) and len(rows) == 1:
            rows = rows[0]
        if isinstance(rows, Mapping):
            return work.connection.exec_driver_sql(sql, bind(rows))
        return work.connection.exec_driver_sql(sql, [bind(row) for row in rows])

    def _prepare(self, dialect: Dialect) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
        names = {name: bind for bind, name in compiled.bind_names.items()}
        processors = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is for name, bind in names.items()
        }
        if compiled.positional:
            ordered = [(name, processors[name]) for name in compiled.positiontup]
            return str(compiled), lambda row: tuple([process(row[name]) for name, process in ordered])
        return str(compiled), lambda row: {name: process(row[name]) for name, process in processors.items()}


def _as_it_is(value: Any) -> Any:
    return value
