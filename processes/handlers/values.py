"""Reading what a job brought: FEEL values as the customer base wants them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.handlers import Job

ZERO = Decimal(0)
CENT = Decimal("0.01")


def text(source: Mapping[str, Any], name: str, otherwise: str = "") -> str:
    """The value as stripped text; `otherwise` when it is missing or empty."""
    value = source.get(name)
    return str(value).strip() or otherwise if value is not None else otherwise


def required_text(source: Mapping[str, Any], name: str) -> str:
    """The value as text. Raises InvalidInput naming the variable when it is missing."""
    value = text(source, name)
    if not value:
        raise InvalidInput(f"The variable '{name}' is needed here and has no value: set it and try again.")
    return value


def number(source: Mapping[str, Any], name: str, otherwise: Decimal | int = ZERO) -> Decimal:
    """The value as a decimal number; `otherwise` when it is missing."""
    value = source.get(name)
    if value is None or value == "":
        return Decimal(otherwise)
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise InvalidInput(f"The variable '{name}' must be a number, found '{value}'.") from None


def money(value: Decimal) -> Decimal:
    """Rounded to cents."""
    return value.quantize(CENT)


def flag(source: Mapping[str, Any], name: str) -> bool:
    """Whether the value is true."""
    return source.get(name) is True


def items(source: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of entries; empty when it is missing."""
    value = source.get(name)
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def day(source: Mapping[str, Any], name: str) -> date | None:
    """The value as a calendar day; None when it is missing."""
    value = source.get(name)
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(_iso(value)[:10])
    except ValueError:
        raise InvalidInput(f"The variable '{name}' must be a day such as 2026-03-01, found '{value}'.") from None


def moment(source: Mapping[str, Any], name: str) -> datetime | None:
    """The value as an aware moment in UTC; None when it is missing."""
    value = source.get(name)
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(_iso(value))
    except ValueError:
        raise InvalidInput(f"The variable '{name}' must be a moment, found '{value}'.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def hours_between(start: datetime | None, end: datetime | None) -> Decimal | None:
    """Hours from start to end; None when one of them is unknown."""
    if start is None or end is None:
        return None
    return (Decimal((end - start) // timedelta(seconds=1)) / 3600).quantize(Decimal("0.01"))


def next_morning(job: Job, days: int = 0) -> datetime:
    """Midnight UTC, `days` after tomorrow: when a day that ends today is over."""
    return datetime.combine(job.now.date() + timedelta(days=days + 1), datetime.min.time(), UTC)


def _iso(value: Any) -> str:
    """ISO 8601 text of a FEEL or Python date, or of text."""
    from_python = getattr(value, "isoformat", None)
    return from_python() if from_python else str(value)


class Known(dict[str, Any]):
    """Variables for a text's braces; what is missing or empty becomes a dash instead of an error."""

    def __init__(self, source: Mapping[str, Any]):
        super().__init__({name: value for name, value in source.items() if value is not None})

    def __missing__(self, name: str) -> str:
        return "–"
