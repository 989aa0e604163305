"""Exact money: rounding to the cent, and reading decimals out of what forms, files and processes deliver."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from engine.errors import InvalidInput

CENT = Decimal("0.01")
ZERO = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    """The amount to the cent, halves away from zero, as on invoices."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def shown(quantity: Decimal) -> str:
    """The number for people, without trailing zeros.

    >>> shown(Decimal("3.0000")), shown(Decimal("0.50"))
    ('3', '0.5')
    """
    return f"{quantity.normalize():f}"


def decimal_of(value: Any, what: str = "value") -> Decimal:
    """The exact number in a process variable, a form value or a text such as `1,299.50`, `1.299,50` or `¥1299`.

    >>> decimal_of("¥ 1,299.50"), decimal_of(3), decimal_of("12 %")
    (Decimal('1299.50'), Decimal('3'), Decimal('0.12'))
    """
    if isinstance(value, bool) or value is None:
        raise InvalidInput(f"A number was expected for {what}, found {value!r}.")
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    text = (
        str(value).strip().replace("￥", "¥").replace(" ", "").replace("\u00a0", "").lstrip("¥$€£").removesuffix("元")
    )
    divisor = Decimal(100) if text.endswith("%") else Decimal(1)
    text = _without_thousands(text.rstrip("%"))
    try:
        number = Decimal(text) / divisor
    except InvalidOperation:
        raise InvalidInput(f"A number was expected for {what}, found '{value}'.") from None
    if not number.is_finite():
        raise InvalidInput(f"A number was expected for {what}, found '{value}'.")
    return number


def _without_thousands(text: str) -> str:
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        thousands, decimal_mark = (",", ".") if point > comma else (".", ",")
        return text.replace(thousands, "").replace(decimal_mark, ".")
    if comma >= 0:
        groups = text.split(",")
        grouped = all(len(group) == 3 for group in groups[1:]) and len(groups[0].lstrip("-+")) <= 3
        return text.replace(",", "" if grouped else ".", -1 if grouped else 1)
    return text
