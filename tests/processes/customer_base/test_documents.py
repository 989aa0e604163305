"""Quotes and invoices as files that word processors and spreadsheets open."""

import io
from datetime import timedelta

import pytest
from docx import Document as WordFile
from openpyxl import load_workbook

from engine.errors import NotFound
from processes.customer_base.deliveries import plan_delivery, ship_delivery
from processes.customer_base.documents.storing import documents_of, read_document, store_document
from processes.customer_base.documents.writing import write_invoice, write_quote
from processes.customer_base.invoicing import invoice_delivery
from processes.customer_base.orders import confirm_order, order_from_quote
from processes.customer_base.pricing import price_offer
from processes.customer_base.quotes import create_quote


@pytest.fixture
def quote_for(session, now, party_named):
    def quote_for(name: str):
        party = party_named(name)
        items = [
            {"sku": "PUMP-200", "quantity": 1, "choices": {"motor": "5kw", "seal": "chemical", "control": "inverter"}},
            {"sku": "SEAL-KIT", "quantity": 12, "discount_share": "0.05"},
        ]
        offer = price_offer(session, items=items, party_id=party.id, region=party.region, on=now.date())
        return create_quote(session, party_id=party.id, offer=offer, terms="FCA <Shanghai> & insured", now=now)

    return quote_for


def words_in(content: bytes) -> str:
    file = WordFile(io.BytesIO(content))
    cells = (cell.text for table in file.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in file.paragraphs), *cells])


def test_an_english_quote_says_everything(session, now, quote_for):
    quote = quote_for("Riverside")
    word, _ = write_quote(session, quote_id=quote.id, now=now)

    text = words_in(word.content)

    for expected in (
        quote.number, "Quotation", "Riverside Packaging Ltd", "Ann Lee", "Frequency inverter",
        "FCA <Shanghai> & insured", f"{quote.total:,.2f}", "5.0%", "Shaft seal kit",
    ):  # fmt: skip
        assert expected in text
    assert "{{" not in text
    assert "{%" not in text
    assert word.name == f"{quote.number}-v1.docx"


def test_a_chinese_customer_gets_a_chinese_quote(session, now, quote_for):
    word, _ = write_quote(session, quote_id=quote_for("Huadong").id, now=now)
    text = words_in(word.content)
    for expected in ("报价单", "华东精密机械有限公司", "王丽", "轴封套件", "价税合计"):
        assert expected in text


def test_the_spreadsheet_keeps_formulas_that_give_the_quotes_amounts(session, now, quote_for):
    quote = quote_for("Riverside")
    _, sheet_file = write_quote(session, quote_id=quote.id, now=now)

    formulas = load_workbook(io.BytesIO(sheet_file.content)).active
    values = load_workbook(io.BytesIO(sheet_file.content), data_only=True).active

    assert formulas["I10"].value == "=ROUND(D10*H10,2)"
    assert formulas["I13"].value == "=SUM(I10:I11)"
    assert [values[cell].value for cell in ("I13", "I14", "I15", "I16")] == [
        float(amount) for amount in (quote.net_total, quote.freight, quote.tax, quote.total)
    ]


def test_the_same_quote_gives_the_same_bytes_and_a_changed_one_a_new_version(session, now, quote_for):
    quote = quote_for("Riverside")
    first = write_quote(session, quote_id=quote.id, now=now)
    again = write_quote(session, quote_id=quote.id, now=now + timedelta(days=1))
    assert [document.id for document in again] == [document.id for document in first]

    quote.terms = "EXW"
    session.flush()
    changed = write_quote(session, quote_id=quote.id, now=now)

    assert [document.version for document in changed] == [2, 2]
    newest = documents_of(session, subject_kind="quote", subject_id=quote.id)
    assert [(document.name[-5:], document.version) for document in newest] == [(".docx", 2), (".xlsx", 2)]


def test_an_invoice_is_written_in_both_formats(session, now, quote_for):
    quote = quote_for("Huadong")
    order = order_from_quote(session, quote_id=quote.id, purchase_order_number="PO-5", now=now)
    confirm_order(session, order_id=order.id, now=now)
    delivery = plan_delivery(session, order_id=order.id, now=now)
    ship_delivery(session, delivery_id=delivery.id, now=now)
    invoice = invoice_delivery(session, delivery_id=delivery.id, now=now)

    word, sheet = write_invoice(session, invoice_id=invoice.id, now=now)

    text = words_in(word.content)
    assert all(expected in text for expected in ("发票", invoice.number, "PO-5", f"{invoice.total:,.2f}", "运费"))
    values = load_workbook(io.BytesIO(sheet.content), data_only=True).active
    assert float(invoice.total) in {cell.value for row in values.iter_rows() for cell in row}


def test_a_stored_file_is_read_back_and_a_foreign_one_is_not(session, now, resources):
    stored = store_document(
        session,
        subject_kind="ticket",
        subject_id="t",
        name="photo.png",
        media_type="image/png",
        content=b"\x89PNG",
        now=now,
    )
    assert read_document(session, stored.id).content == b"\x89PNG"
    with pytest.raises(NotFound):
        read_document(session, "nothing")
