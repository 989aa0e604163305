"""Lists as files: exact, typed, and harmless in a spreadsheet."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from engine.errors import NotFound
from webapp.exporting import Column, Sheet, download, to_csv, to_xlsx

COLUMNS = (
    Column("Name"),
    Column("Amount", "money"),
    Column("Share", "share"),
    Column("Day", "day"),
    Column("At", "moment"),
    Column("Good"),
)
MOMENT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ROW = ("客户 A, “B”\nC", Decimal("1234.50"), 0.125, date(2026, 1, 5), MOMENT, True)


@pytest.fixture(autouse=True)
def asked(app):
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        yield


def sheet(*rows, title="List") -> Sheet:
    return Sheet(title, COLUMNS, rows)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_is_rfc_4180_in_utf_8_with_a_mark():
    content = to_csv(sheet(ROW))

    assert content.startswith(b"\xef\xbb\xbfName,Amount")
    assert content.endswith(b"\r\n")
    assert read_csv(content)[1] == ["客户 A, “B”\nC", "1234.50", "0.125", "2026-01-05", "2026-01-05 09:30", "Yes"]


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-cmd", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_cannot_become_a_formula(text):
    written = read_csv(to_csv(sheet((text, None, None, None, None, None))))[1][0]

    assert written == f"'{text}"


def test_negative_numbers_stay_numbers():
    row = read_csv(to_csv(sheet(("A", Decimal("-12.5"), -0.5, None, None, False))))[1]

    assert row == ["A", "-12.5", "-0.5", "", "", "No"]


def test_xlsx_has_typed_cells_a_frozen_head_and_widths():
    page = load_workbook(io.BytesIO(to_xlsx([sheet(ROW)]))).active

    assert [cell.value for cell in page[2]] == [
        "客户 A, “B”\nC",
        1234.5,
        0.125,
        datetime(2026, 1, 5),
        datetime(2026, 1, 5, 9, 30),
        "Yes",
    ]
    assert page["D2"].number_format == "yyyy-mm-dd"
    assert page["C2"].number_format == "0.0%"
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:F2"
    assert page.column_dimensions["A"].width > page.column_dimensions["B"].width


def test_xlsx_takes_texts_for_texts():
    page = load_workbook(io.BytesIO(to_xlsx([sheet(("=1+1", None, None, None, None, None))]))).active

    assert (page["A2"].value, page["A2"].data_type) == ("=1+1", "s")
    assert page["B2"].value is None


def test_names_of_sheets_are_those_that_excel_allows():
    titles = ("Budget [2026]: people/money", "a" * 40, "A" * 40, "")
    book = load_workbook(io.BytesIO(to_xlsx([sheet(title=title) for title in titles])))

    assert book.sheetnames == ["Budget  2026   people money", "a" * 31, "A" * 27 + " 3", "4"]


def test_a_download_names_its_file_and_is_not_kept():
    answer = download("xlsx", "plan", sheet(ROW))

    assert answer.headers["Content-Disposition"] == "attachment; filename=plan.xlsx"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    assert download("csv", "plan", sheet(ROW)).mimetype == "text/csv"


def test_other_forms_are_refused_with_what_there_is():
    with pytest.raises(NotFound, match="csv or xlsx, not as “pdf”"):
        download("pdf", "plan", sheet(ROW))
