"""Reading CSV (any usual encoding and delimiter) and XLSX into rows of texts."""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from engine.errors import InvalidInput

DELIMITERS = ",;\t|"
MOST_BYTES = 100_000_000
MOST_UNPACKED_BYTES = 1_000_000_000
ENCODINGS = ("utf-8", "gb18030")  # strict UTF-8 hardly ever accepts something else; GB 18030 accepts GBK and GB 2312
WITH_MARK = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
Row = tuple[int, dict[str, str]]  # line number in the file, header → text


@dataclass(frozen=True)
class Table:
    """A file's rows; `line` numbers count from 1, the header is line 1 (more when texts span lines)."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str


def read_table(content: bytes, file_name: str = "") -> Table:
    """The rows of a CSV or XLSX file. InvalidInput when it is neither, empty or too large."""
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"A file of at most {MOST_BYTES // 1_000_000} MB was expected: split it.")
    if content[:4] == b"PK\x03\x04":
        return _read_xlsx(content)
    if file_name.lower().endswith((".xls", ".ods", ".pdf", ".doc", ".docx")):
        raise InvalidInput(f"A .csv or .xlsx file was expected, found '{file_name}': save it as one of these.")
    return _read_csv(content)


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file and the encoding it was in."""
    for mark, encoding in WITH_MARK:
        if content.startswith(mark):
            return content.decode(encoding), encoding
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "latin-1"


def guess_delimiter(text: str) -> str:
    """The delimiter that splits the first lines into the most columns of a constant number."""
    sample = text[:20_000]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _parse(sample, delimiter) if row][:20]
        if not widths or widths[0] < 2:
            continue
        steady = sum(width == widths[0] for width in widths) / len(widths)
        if widths[0] * steady > best_score:
            best, best_score = delimiter, widths[0] * steady
    return best


def _read_csv(content: bytes) -> Table:
    text, encoding = decode(content)
    if "\x00" in text:
        raise InvalidInput("A text file (CSV) was expected, this one is binary: export it as CSV or XLSX.")
    delimiter = guess_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    headers: tuple[str, ...] = ()
    rows: list[Row] = []
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise InvalidInput(f"Line {line} of the file is not readable as CSV: {error}.") from error
        if not any(value.strip() for value in values):
            continue
        if not headers:
            headers = _headers(values)
        else:
            rows.append((line, _named(headers, values)))
    return _checked(Table(headers, tuple(rows), encoding, delimiter))


def _read_xlsx(content: bytes) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED_BYTES:
                raise InvalidInput("The spreadsheet is too large: split it.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InvalidInput(f"The file is not a readable .xlsx spreadsheet: {error}") from error
    headers: tuple[str, ...] = ()
    rows: list[Row] = []
    try:
        sheet = book.worksheets[0] if book.worksheets else None
        for line, cells in enumerate(sheet.iter_rows(values_only=True) if sheet else (), start=1):
            values = [_cell_text(cell) for cell in cells]
            if not any(values):
                continue
            if not headers:
                headers = _headers(values)
            else:
                rows.append((line, _named(headers, values)))
    finally:
        book.close()
    return _checked(Table(headers, tuple(rows), "xlsx", ""))


def _cell_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def _headers(values: list[str]) -> tuple[str, ...]:
    """Unique, non-empty header texts."""
    seen: dict[str, int] = {}
    headers = []
    for number, value in enumerate(values, start=1):
        name = " ".join(value.split()) or f"Column {number}"
        seen[name] = seen.get(name, 0) + 1
        headers.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    while headers and headers[-1] == f"Column {len(headers)}" and not values[len(headers) - 1].strip():
        headers.pop()
    return tuple(headers)


def _named(headers: tuple[str, ...], values: list[str]) -> dict[str, str]:
    return {header: value.strip() for header, value in zip(headers, values, strict=False)}


def _checked(table: Table) -> Table:
    if not table.headers:
        raise InvalidInput("The file is empty: a first line with column names was expected.")
    return table


def _parse(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        return
