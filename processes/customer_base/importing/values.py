"""One line of a file as field values: texts become numbers, dates and truth values, or a problem with the line."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from dateutil import parser as dates

from engine.errors import InvalidInput
from processes.customer_base.amounts import decimal_of
from processes.customer_base.importing.mapping import LEFT_OUT, ColumnMapping

NUMBERS = {
    "list_price", "cost", "tax_share", "weight_kg", "on_hand", "minimum", "maximum", "quantity", "unit_price",
    "credit_limit",
}  # fmt: skip
WHOLE_NUMBERS = {"employees", "lead_time_days", "warranty_months"}
TRUTHS = {"consent", "serialised", "hazardous", "returnable"}
MOMENTS = {"created_at", "ordered_at"}
YES = {"yes", "y", "true", "1", "x", "ja", "是", "有", "√", "✓", "同意"}
NO = {"no", "n", "false", "0", "", "nein", "否", "无", "不同意"}
EMPTY = {"", "-", "--", "n/a", "na", "null", "none", "无", "暂无", "/"}


@dataclass(frozen=True)
class Line:
    """A line's field values, what has no field (`extra`), and a digest of its whole content."""

    number: int
    values: dict[str, Any]
    extra: dict[str, str]
    digest: str

    def text(self, name: str) -> str | None:
        """A field as text, None when it is empty."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def needed(self, name: str) -> Any:
        """A field that must have a value."""
        value = self.values.get(name)
        if value in (None, ""):
            raise InvalidInput(f"'{name}' is empty: it is needed.")
        return value


def read_line(number: int, row: Mapping[str, str], mapping: ColumnMapping) -> Line:
    """The line's values by field. InvalidInput says which column cannot be read."""
    values: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for header, text in row.items():
        name = mapping.columns.get(header)
        if name == LEFT_OUT or text.strip().casefold() in EMPTY:
            continue
        if name is None:
            extra[header] = text.strip()
            continue
        try:
            values[name] = convert(name, text.strip())
        except InvalidInput as error:
            raise InvalidInput(f"Column '{header}': {error}") from error
    for name, text in mapping.defaults.items():
        values.setdefault(name, convert(name, text))
    return Line(number, values, extra, _digest(row))


def convert(name: str, text: str) -> Any:
    """The value of a field."""
    if name in NUMBERS:
        return decimal_of(text, name)
    if name in WHOLE_NUMBERS:
        return int(decimal_of(_lower_bound(text), name))
    if name in TRUTHS:
        return truth_of(text, name)
    if name in MOMENTS:
        return moment_of(text, name)
    return text


def truth_of(text: str, name: str) -> bool:
    """Yes or no, in English or Chinese."""
    folded = text.strip().casefold()
    if folded in YES:
        return True
    if folded in NO:
        return False
    raise InvalidInput(f"Yes or no was expected for {name}, found '{text}'.")


def moment_of(text: str, name: str) -> datetime:
    """A moment in UTC; a day alone is its beginning, a moment without a time zone is taken as UTC."""
    cleaned = text.replace("年", "-").replace("月", "-").replace("日", " ").replace("/", "-").strip()
    try:
        found = dates.parse(cleaned, yearfirst=cleaned[:4].isdigit(), dayfirst=not cleaned[:4].isdigit())
    except (ValueError, OverflowError):
        raise InvalidInput(f"A date such as 2026-03-31 was expected for {name}, found '{text}'.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def plain_values(line: Line) -> dict[str, Any]:
    """The line's values for a process: texts, numbers, truth values, moments."""
    return {name: value for name, value in line.values.items() if isinstance(value, str | bool | int | Decimal | date)}


def _lower_bound(text: str) -> str:
    """`50-200`, `50–200 人`, `1,000+` and `>500` are read as their lower bound."""
    cleaned = text.replace("–", "-").replace("—", "-").replace("~", "-").strip("+><≥≤人名 ")
    head = cleaned.split("-")[0].strip() if "-" in cleaned.lstrip("-") else cleaned
    return head.rstrip("+人名 ")


def _digest(row: Mapping[str, str]) -> str:
    text = json.dumps(
        sorted((header, value.strip()) for header, value in row.items() if value.strip()), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:40]
