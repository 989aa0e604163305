"""Papers as spreadsheets: amounts are formulas, so that one can try another quantity or price."""

import io
from datetime import datetime, time
from typing import Any

import xlsxwriter

from processes.customer_base.documents.papers import Paper

LABELS = {
    "en": {
        "quote": "Quotation", "invoice": "Invoice", "number": "Number", "date": "Date", "valid": "Valid until",
        "due": "Due on", "customer": "Customer", "contact": "Contact", "currency": "Currency", "position": "No.",
        "sku": "Item", "description": "Description", "quantity": "Quantity", "unit": "Unit", "list_price": "List price",
        "discount": "Discount", "unit_price": "Unit price", "net": "Net amount", "tax": "Tax", "net_total": "Net total",
        "freight": "Freight", "tax_total": "Tax total", "total": "Total", "terms": "Terms",
        "payment": "Payment within {days} days", "reference": "Your reference",
    },
    "zh": {
        "quote": "报价单", "invoice": "发票", "number": "编号", "date": "日期", "valid": "有效期至",
        "due": "付款截止日", "customer": "客户", "contact": "联系人", "currency": "币种", "position": "序号",
        "sku": "货号", "description": "品名",
        "quantity": "数量", "unit": "单位", "list_price": "目录价", "discount": "折扣", "unit_price": "单价",
        "net": "未税金额", "tax": "税额", "net_total": "未税合计", "freight": "运费", "tax_total": "税额合计",
        "total": "价税合计", "terms": "条款", "payment": "{days} 天内付款", "reference": "贵方参考号",
    },
}  # fmt: skip
WIDTHS = (6, 16, 42, 10, 8, 13, 10, 13, 15, 13)
FIRST_LINE = 9  # row index of the first item


def write_xlsx(paper: Paper) -> bytes:
    """The paper as .xlsx with formulas for nets and totals; the same paper gives the same bytes."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    book.set_properties(
        {"title": paper.number, "author": paper.seller, "created": datetime.combine(paper.written_on, time())}
    )
    labels = LABELS[paper.language]
    sheet = book.add_worksheet(labels[paper.kind])
    formats = _formats(book, paper.language)
    _head(sheet, paper, labels, formats)
    last = _lines(sheet, paper, labels, formats)
    _totals(sheet, paper, labels, formats, last)
    sheet.fit_to_pages(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.freeze_panes(FIRST_LINE, 0)
    book.close()
    return written.getvalue()


def _formats(book: Any, language: str) -> dict[str, Any]:
    font = {"font_name": "SimSun" if language == "zh" else "Calibri", "font_size": 10}
    money = {"num_format": "#,##0.00"}
    return {
        "title": book.add_format({**font, "bold": True, "font_size": 16}),
        "text": book.add_format({**font, "text_wrap": True, "valign": "top"}),
        "label": book.add_format({**font, "font_color": "#555555"}),
        "head": book.add_format({**font, "bold": True, "bg_color": "#E8EEF4", "border": 1, "text_wrap": True}),
        "cell": book.add_format({**font, "border": 1, "text_wrap": True, "valign": "top"}),
        "number": book.add_format({**font, "border": 1, "num_format": "#,##0.####", "valign": "top"}),
        "money": book.add_format({**font, **money, "border": 1, "valign": "top"}),
        "share": book.add_format({**font, "border": 1, "num_format": "0.0%", "valign": "top"}),
        "sum_label": book.add_format({**font, "bold": True, "align": "right"}),
        "sum": book.add_format({**font, **money, "bold": True, "top": 1}),
    }


def _head(sheet: Any, paper: Paper, labels: dict[str, str], formats: dict[str, Any]) -> None:
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, f"{paper.seller} – {labels[paper.kind]}", formats["title"])
    version = f" v{paper.version}" if paper.kind == "quote" else ""
    last_day = labels["valid"] if paper.kind == "quote" else labels["due"]
    left = [(labels["customer"], paper.customer), ("", paper.address), (labels["contact"], paper.contact)]
    right = [
        (labels["number"], paper.number + version),
        (labels["date"], paper.written_on.isoformat()),
        (last_day, paper.last_day.isoformat()),
        (labels["currency"], paper.currency),
        (labels["reference"], paper.reference),
    ]
    for column, pairs in ((0, left), (6, right)):
        for row, (label, value) in enumerate(pairs, start=2):
            sheet.write_string(row, column, label, formats["label"])
            sheet.write_string(row, column + 2, value, formats["text"])


def _lines(sheet: Any, paper: Paper, labels: dict[str, str], formats: dict[str, Any]) -> int:
    """Write the items; gives the row index after the last one."""
    names = ("position", "sku", "description", "quantity", "unit", "list_price", "discount", "unit_price", "net", "tax")
    for column, name in enumerate(names):
        sheet.write_string(FIRST_LINE - 1, column, labels[name], formats["head"])
    for row, line in enumerate(paper.lines, start=FIRST_LINE):
        description = f"{line.description}\n{line.options}" if line.options else line.description
        share = line.tax / line.net if line.net else 0
        sheet.write_number(row, 0, line.position, formats["cell"])
        sheet.write_string(row, 1, line.sku, formats["cell"])
        sheet.write_string(row, 2, description, formats["cell"])
        sheet.write_number(row, 3, line.quantity, formats["number"])
        sheet.write_string(row, 4, line.unit, formats["cell"])
        sheet.write_number(row, 5, line.list_price, formats["money"])
        sheet.write_formula(
            row, 6, f"=IF(F{row + 1}=0,0,1-H{row + 1}/F{row + 1})", formats["share"], line.discount_share
        )
        sheet.write_number(row, 7, line.unit_price, formats["money"])
        sheet.write_formula(row, 8, f"=ROUND(D{row + 1}*H{row + 1},2)", formats["money"], line.net)
        sheet.write_formula(row, 9, f"=ROUND(I{row + 1}*{share:.4f},2)", formats["money"], line.tax)
    return FIRST_LINE + len(paper.lines)


def _totals(sheet: Any, paper: Paper, labels: dict[str, str], formats: dict[str, Any], last: int) -> None:
    first_cell, last_cell = FIRST_LINE + 1, last
    goods_tax = sum(line.tax for line in paper.lines)
    rows = (
        ("net_total", f"=SUM(I{first_cell}:I{last_cell})", paper.net_total),
        ("freight", None, paper.freight),
        ("tax_total", f"=SUM(J{first_cell}:J{last_cell})+{paper.tax - goods_tax:.2f}", paper.tax),
        ("total", f"=I{last + 2}+I{last + 3}+I{last + 4}", paper.total),
    )
    for offset, (name, formula, value) in enumerate(rows, start=1):
        row = last + offset
        sheet.write_string(row, 7, labels[name], formats["sum_label"])
        if formula:
            sheet.write_formula(row, 8, formula, formats["sum"], value)
        else:
            sheet.write_number(row, 8, value, formats["sum"])
    sheet.write_string(last + 6, 0, labels["payment"].format(days=paper.payment_days), formats["text"])
    if paper.terms:
        sheet.write_string(last + 7, 0, f"{labels['terms']}: {paper.terms}", formats["text"])
