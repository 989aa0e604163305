"""Lists as files: CSV that any program reads, XLSX with typed cells."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import xlsxwriter
from flask import Response
from flask_babel import gettext as _

from engine.errors import NotFound
from webapp.presentation import zone

CSV, XLSX = "csv", "xlsx"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a text that begins so would be run by a spreadsheet
LOOKS = {
    "number": "#,##0.####",
    "money": "#,##0.00",
    "share": "0.0%",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
NARROWEST, WIDEST = 9, 60  # characters


@dataclass(frozen=True)
class Column:
    """A head and how its values look. `kind`: text | number | money | share | day | moment."""

    title: str
    kind: str = "text"


@dataclass(frozen=True)
class Sheet:
    """A list to take away: every row has a value for every column, None for nothing."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


def download(form: str, name: str, *sheets: Sheet) -> Response:
    """The sheets as a file `name.form`; CSV has the first one only. Raises NotFound for another form than csv, xlsx."""
    if form == CSV:
        content, kind = to_csv(sheets[0]), "text/csv; charset=utf-8"
    elif form == XLSX:
        content, kind = to_xlsx(sheets), XLSX_TYPE
    else:
        raise NotFound(_("Lists come as csv or xlsx, not as “%(form)s”.", form=form))
    answer = Response(content, content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{form}")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def to_csv(sheet: Sheet) -> bytes:
    """RFC 4180 in UTF-8 with a byte order mark, so that Excel reads Chinese; texts cannot become formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([harmless(each.title) for each in sheet.columns])
    writer.writerows([_as_text(value) for value in row] for row in sheet.rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_text(value: Any) -> str:
    """Numbers with a point and without separators, days and moments as ISO 8601 in the installation's zone."""
    match value:
        case None:
            return ""
        case bool():
            return _("Yes") if value else _("No")
        case Decimal():
            return format(value, "f")
        case int() | float():
            return repr(value)
        case Fraction():
            return repr(float(value))
        case datetime():
            return _local(value).isoformat(sep=" ", timespec="minutes")
        case date():
            return value.isoformat()
        case _:
            return harmless(str(value))


def to_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """A workbook: typed cells, the head stays in sight, columns as wide as what is in them, a filter."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {kind: book.add_format({"num_format": look}) for kind, look in LOOKS.items()}
        formats["text"] = book.add_format({"text_wrap": True, "valign": "top"})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        for name, sheet in zip(_sheet_names(sheets), sheets, strict=True):
            _write(book.add_worksheet(name), sheet, formats, head)
    return file.getvalue()


def _write(page: Any, sheet: Sheet, formats: dict[str, Any], head: Any) -> None:
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, column.title, head)
        page.set_column(place, place, _width(column, [row[place] for row in sheet.rows]))
    for number, row in enumerate(sheet.rows, start=1):
        for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write_cell(page, number, place, value, formats[column.kind])
    page.freeze_panes(1, 0)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)


def _write_cell(page: Any, row: int, column: int, value: Any, look: Any) -> None:
    match value:
        case None:
            page.write_blank(row, column, None, look)
        case bool():
            page.write_string(row, column, _("Yes") if value else _("No"), look)
        case int() | float() | Decimal() | Fraction():
            page.write_number(row, column, float(value), look)
        case datetime():
            page.write_datetime(row, column, _local(value), look)
        case date():
            page.write_datetime(row, column, datetime.combine(value, datetime.min.time()), look)
        case _:
            page.write_string(row, column, str(value), look)


def _local(value: datetime) -> datetime:
    """Without zone, as spreadsheets want it."""
    return value.astimezone(zone()).replace(tzinfo=None) if value.tzinfo else value


def _width(column: Column, values: Iterable[Any]) -> float:
    lengths = [_length(column.title) + 2, *(_length(_as_text(value)) + 2 for value in values)]
    return min(WIDEST, max(NARROWEST, *lengths))


def _length(text: str) -> int:
    """In columns of a screen: Chinese characters take two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _sheet_names(sheets: Sequence[Sheet]) -> list[str]:
    """Titles as Excel allows them: 31 characters, none of []:*?/\\, all different."""
    names: list[str] = []
    for number, sheet in enumerate(sheets, start=1):
        name = re.sub(r"[\[\]:*?/\\]", " ", sheet.title).strip(" '")[:31] or str(number)
        taken = {each.lower() for each in names}
        names.append(f"{name[:27]} {number}" if name.lower() in taken else name)
    return names
