"""Exports of other systems become worked cases: columns guessed, bad lines named, nothing doubled."""

import io
import time
from decimal import Decimal

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from engine.errors import InvalidInput
from processes.customer_base.characteristics import current_characteristics
from processes.customer_base.credit import credit_profile
from processes.customer_base.importing import guess_mapping, import_rows, read_mapping, read_table, write_mapping
from processes.customer_base.importing.tables import decode, guess_delimiter
from processes.customer_base.importing.values import moment_of, truth_of
from processes.customer_base.matching import find_duplicates
from processes.customer_base.parties import contacts_of
from processes.customer_base.products import product_by_sku
from processes.customer_base.stock import stock_level
from processes.customer_base.tables import Lead, Order, Party, Ticket


@pytest.fixture
def take_in(session, now):
    """Import a text as a CSV file."""

    def take_in(kind, text, mapping=None, **keywords):
        table = read_table(text.encode() if isinstance(text, str) else text, "file.csv")
        return import_rows(
            session, kind, table.rows, mapping or guess_mapping(table.headers, kind), now=now, **keywords
        )

    return take_in


LEADS = """Company;Contact person;E-mail;Phone;City;Opt-in;Number of employees;Favourite colour
Kappa Ltd;Kim;kim@kappa.example.com;+44 20 7946 0001;Leeds;yes;50-200;green
Lambda Ltd;Lee;broken@;;Leeds;no;;
Mu Ltd;Max;broken@;+44 20 7946 0003;Leeds;maybe;;
Nu Ltd;Ned;broken@;+44 20 7946 0004;York;;;
"""


def test_good_leads_go_in_and_each_bad_line_is_named_with_its_reason(session, take_in):
    report = take_in("leads", LEADS)

    assert (report.total, report.created, report.failed) == (4, 2, 2)
    assert [(problem.line, problem.is_error) for problem in report.problems] == [(3, True), (4, True), (5, False)]
    assert "name@company.com" in report.problems[0].reason
    assert "Column 'Opt-in': Yes or no was expected" in report.problems[1].reason
    kappa = session.scalars(select(Lead).where(Lead.company == "Kappa Ltd")).one()
    assert (kappa.phone, kappa.consent, kappa.employees) == ("+442079460001", True, 50)
    (colour,) = current_characteristics(session, lead_id=kappa.id)["descriptive"]
    assert (colour["item"], colour["value"]) == ("Favourite colour", "green")
    assert [candidate.id for candidate in find_duplicates(session, email="kim@kappa.example.com")] == [kappa.id]


def test_a_second_run_changes_nothing_and_starts_nothing(session, take_in):
    first = take_in("leads", LEADS)
    second = take_in("leads", LEADS)

    assert (len(first.starts), len(second.starts)) == (2, 0)
    assert (second.created, second.unchanged, second.failed) == (0, 2, 2)
    assert session.scalar(select(func.count(Lead.id))) == 2


def test_every_new_lead_asks_for_its_process(take_in):
    (start, _) = take_in("leads", LEADS).starts
    assert (start.message, start.correlation) == ("LeadReceived", {"lead_ref": start.variables["lead_no"]})
    assert start.variables["company"] == "Kappa Ltd"
    assert start.variables["lead_id"]


def test_the_key_column_makes_a_lead_known(take_in):
    first = take_in("leads", "ID,Company,Phone\n7,Kappa,+442079460001\n7,Kappa again,+442079460001\n")
    later = take_in("leads", "ID,Company,Phone\n7,Kappa changed,+442079460001\n8,Rho,+442079460008\n")
    assert (first.created, first.unchanged, later.created, later.unchanged) == (1, 1, 1, 1)
    assert later.starts[0].correlation == {"lead_ref": "8"}


def test_ten_thousand_leads_with_unknown_columns_take_less_than_a_minute(session, now):
    rows = "".join(
        f"{n},Company {n} Ltd,Person {n},p{n}@c{n}.example.com,+8613{n % 10}{n:08d},Leeds,x{n},{n % 7}\n"
        for n in range(10_000)
    )
    table = read_table(("ID,Company,Contact,E-mail,Mobile,City,Favourite colour,Stars\n" + rows).encode())
    seen = []

    started = time.perf_counter()
    report = import_rows(
        session, "leads", table.rows, guess_mapping(table.headers, "leads"), now=now,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    seconds = time.perf_counter() - started

    assert (report.created, len(report.starts)) == (10_000, 10_000)
    assert seconds < 60
    assert seen[0] == (0, 10_000)
    assert seen[-1] == (10_000, 10_000)
    assert seen == sorted(seen)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_chinese_files_are_read_in_any_usual_encoding_and_delimiter(take_in, encoding, delimiter):
    lines = [["公司名称", "联系人", "手机号", "备注"], ["苏州精工", "张伟", "138 0013 8111", "需要两台泵"]]
    content = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)

    report = take_in("leads", content)

    assert (report.created, report.problems) == (1, [])
    variables = report.starts[0].variables
    assert (variables["company"], variables["contact_name"], variables["phone"], variables["need"]) == (
        "苏州精工",
        "张伟",
        "+8613800138111",
        "需要两台泵",
    )


def test_quoted_texts_with_line_breaks_keep_the_line_numbers_right(take_in):
    text = 'Company,Phone,Notes\nKappa,+442079460001,"two\nlines"\n,,\nBad,,\n'
    report = take_in("leads", text)
    assert (report.created, [problem.line for problem in report.errors]) == (1, [5])


def test_a_spreadsheet_is_read_with_its_numbers_as_people_see_them(session, now):
    book = Workbook()
    book.active.append(["Company", "Mobile", "Employees"])
    book.active.append(["Kappa", 13800138222, 45.0])
    content = io.BytesIO()
    book.save(content)

    table = read_table(content.getvalue(), "leads.xlsx")
    report = import_rows(session, "leads", table.rows, guess_mapping(table.headers, "leads"), now=now)

    assert report.starts[0].variables["phone"] == "+8613800138222"
    assert report.starts[0].variables["employees"] == 45


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04broken", b"a\x00b,c\x00d\n1,2\n"])
def test_what_is_no_table_is_refused(content):
    with pytest.raises(InvalidInput):
        read_table(content, "x")


def test_an_old_spreadsheet_is_refused_by_its_name():
    with pytest.raises(InvalidInput, match="save it as"):
        read_table(b"\xd0\xcf\x11\xe0", "old.xls")


def test_the_delimiter_is_the_one_that_splits_evenly():
    assert guess_delimiter("name;note\na;one, two\nb;three\n") == ";"
    assert guess_delimiter("only\none\n") == ","
    assert decode("é".encode("latin-1"))[0] != ""


@pytest.mark.parametrize(
    ("kind", "headers", "expected"),
    [
        ("leads", ["Lead Name", "E-Mail Adress", "Mobile Phone", "Lead Source"],
         ["contact_name", "email", "phone", "source"]),
        ("leads", ["姓名", "邮箱", "公司", "来源"], ["contact_name", "email", "company", "source"]),
        ("leads", ["First Name", "Last Name", "Company", "Unknown thing"],
         ["first_name", "last_name", "company", None]),
        ("products", ["Item number", "Description", "List price", "Standard cost"],
         ["sku", "name", "list_price", "cost"]),
        ("stock", ["SKU", "Warehouse", "Quantity on hand"], ["sku", "location", "on_hand"]),
        ("orders", ["Order No.", "Customer", "Item", "Qty", "Unit price"],
         ["purchase_order_number", "customer", "sku", "quantity", "unit_price"]),
        ("tickets", ["Case number", "Subject", "Serial number", "Priority"],
         ["external_key", "text", "serial", "priority"]),
        ("customers", ["客户编号", "客户名称", "税号", "城市", "信用额度"],
         ["external_key", "name", "tax_id", "city", "credit_limit"]),
    ],
)  # fmt: skip
def test_columns_are_guessed_in_english_and_chinese(kind, headers, expected):
    mapping = guess_mapping(headers, kind)
    assert list(mapping.columns.values()) == expected


def test_every_field_is_guessed_for_one_column_only():
    mapping = guess_mapping(["Email", "E-mail", "Mail"], "leads")
    assert sorted(name for name in mapping.columns.values() if name) == ["email"]
    assert len(mapping.unmapped) == 2


def test_a_mapping_file_wins_over_the_guess_and_survives_writing(take_in):
    text = 'kind = "leads"\n[columns]\n"Firma" = "company"\n"Phone" = ""\n[defaults]\nsource = "fair"\n'
    headers = ["Firma", "Phone", "Mobile"]

    mapping = read_mapping(text, headers, "leads")

    assert mapping.columns == {"Firma": "company", "Phone": "", "Mobile": "phone"}
    again = read_mapping(write_mapping(mapping), headers, "leads")
    assert (again.columns, again.defaults) == (mapping.columns, mapping.defaults)
    report = take_in("leads", "Firma,Phone,Mobile\nKappa,12,+442079460001\n", mapping)
    assert report.starts[0].variables["source"] == "fair"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kind = ", "not valid TOML"),
        ('kind = "stock"', "are imported"),
        ('[columns]\n"Ghost" = "company"', "no column Ghost"),
        ('[columns]\n"Firma" = "shoe_size"', "no field shoe_size"),
    ],
)
def test_a_mapping_that_does_not_fit_says_why(text, problem):
    with pytest.raises(InvalidInput, match=problem):
        read_mapping(text, ["Firma"], "leads")


def test_customers_come_with_contact_site_limit_and_further_characteristics(session, take_in, now):
    headers = "Customer ID,Name,Tax id,Street,City,Country,Email,Credit limit,Fleet\n"
    text = headers + "K1,Kappa,T-1,1 High St,Leeds,UK,k@k.example.com,50000,12\n"
    first, second = take_in("customers", text), take_in("customers", text)
    changed = take_in("customers", text.replace("Leeds", "York"))

    assert (first.created, second.unchanged, changed.updated) == (1, 1, 1)
    party = session.scalars(select(Party).where(Party.external_key == "K1")).one()
    assert (party.city, party.country, party.status) == ("York", "GB", "customer")
    assert [contact.email for contact in contacts_of(session, party.id)] == ["k@k.example.com"]
    assert credit_profile(session, party_id=party.id, now=now).credit_limit == 50000
    assert current_characteristics(session, party_id=party.id)["descriptive"][0]["value"] == "12"


def test_a_customer_without_key_is_known_by_tax_id(session, take_in, party_named):
    report = take_in("customers", "Name,Tax id,City\nRiverside Packaging Limited,GB123456789,Leeds\n")
    assert (report.created, report.updated) == (0, 1)
    assert party_named("Riverside Packaging Limited").number


def test_products_are_known_by_their_sku(session, take_in):
    text = 'SKU,Name,Price,Cost,Tax rate\nNEW-1,New thing,"1,200.50",700,13\nNEW-2,,5,1,\nNEW-3,Thing,abc,1,\n'
    report = take_in("products", text)
    assert (report.created, [problem.line for problem in report.errors]) == (1, [3, 4])
    product = product_by_sku(session, "NEW-1")
    assert (product.list_price, product.tax_share) == (Decimal("1200.50"), Decimal("0.13"))
    assert take_in("products", text.replace("700", "650")).updated == 1


def test_stock_is_set_to_what_was_counted(session, take_in):
    text = "SKU,Warehouse,Quantity\nSEAL-KIT,MAIN,77\nSEAL-KIT,North store,5\nGHOST,MAIN,1\nBELT-2M,MAIN,-4\n"
    report = take_in("stock", text)
    assert (report.updated, [problem.line for problem in report.errors]) == (2, [4, 5])
    assert stock_level(session, sku="SEAL-KIT").on_hand == 77
    assert stock_level(session, sku="SEAL-KIT", location="North store").on_hand == 5
    assert take_in("stock", text).unchanged == 2


def test_tickets_are_identified_and_ask_for_their_process(session, take_in):
    text = (
        "Ticket ID,Description,Email,Created\nT9,Pump leaks,ann.lee@riverside.example.com,2026-02-27\nT10,,x@y.com,\n"
    )
    report = take_in("tickets", text)
    assert (report.created, report.failed) == (1, 1)
    (start,) = report.starts
    assert (start.message, start.correlation) == ("TicketCreated", {"ticket_ref": "T9"})
    ticket = session.get(Ticket, start.variables["ticket_id"])
    assert session.get(Party, ticket.party_id).name == "Riverside Packaging Ltd"
    assert take_in("tickets", text).starts == []


def test_orders_gather_their_lines_and_a_bad_line_keeps_its_order_out(session, take_in):
    text = (
        "PO number,Customer,SKU,Quantity\n"
        "A1,Riverside Packaging Ltd,SEAL-KIT,2\nA2,Riverside Packaging Ltd,GHOST,1\n"
        "A1,Riverside Packaging Ltd,FILTER-SET,3\nA3,Nobody,SEAL-KIT,1\nA4,Riverside Packaging Ltd,SEAL-KIT,\n"
    )
    report = take_in("orders", text)
    assert (report.created, sorted(problem.line for problem in report.errors)) == (2, [3, 5, 6])
    order = session.scalars(select(Order).where(Order.purchase_order_number == "A1")).one()
    assert [(line.product_sku, line.quantity) for line in order.lines] == [("SEAL-KIT", 2), ("FILTER-SET", 3)]
    assert (take_in("orders", text).created, take_in("orders", text).unchanged) == (0, 2)


def test_columns_that_cannot_be_used_are_named(take_in):
    assert take_in("stock", "SKU,Quantity,Shelf colour\nSEAL-KIT,5,red\n").ignored_columns == ["Shelf colour"]


def test_unknown_kinds_are_refused(session, now):
    with pytest.raises(InvalidInput, match="leads, customers"):
        import_rows(session, "unicorns", [], guess_mapping([], "leads"), now=now)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-31", "2026-03-31"),
        ("31.03.2026", "2026-03-31"),
        ("2026年3月31日", "2026-03-31"),
        ("2026/3/31 10:00", "2026-03-31"),
    ],
)
def test_dates_are_read_as_people_write_them(written, expected):
    assert moment_of(written, "date").date().isoformat() == expected


def test_what_is_no_date_or_truth_value_is_refused():
    with pytest.raises(InvalidInput, match="date"):
        moment_of("soon", "date")
    with pytest.raises(InvalidInput, match="Yes or no"):
        truth_of("perhaps", "consent")
    assert truth_of("是", "consent")
    assert not truth_of("否", "consent")
