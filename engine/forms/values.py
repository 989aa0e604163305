"""What a person or a program sent → a typed value: one reader per kind of field.

A reader takes the field, the value, and the present moment (its zone is the person's), and gives the typed value or
raises `Unfit` with the message. Nothing (missing, empty text) is None before any reader is asked.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import regex

from engine.feel import display
from engine.forms.fields import Field, Option
from engine.forms.messages import Message, message, quoted

LONGEST_TEXT = 100_000
PATTERN_SECONDS = 0.2
NUMBER_DIGITS = 34
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")
EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
PHONE = re.compile(r"\+?[\d\s()./-]{3,30}(\s*(x|ext\.?|转)\s*\d{1,6})?", re.IGNORECASE)
TRUE_WORDS = frozenset({"true", "on", "yes", "1"})
FALSE_WORDS = frozenset({"false", "off", "no", "0", ""})


class Unfit(Exception):
    """A value that does not fit its field."""

    def __init__(self, key: str, field: Field, **params: Any):
        super().__init__(key)
        self.message: Message = message(key, field.labels, **params)


def is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def single(value: Any) -> Any:
    """The one value of a field that takes one; browsers send lists, the last entry counts."""
    if isinstance(value, list | tuple):
        return value[-1] if value else None
    return value


def read_value(field: Field, value: Any, choices: tuple[Option, ...], now: datetime | None) -> Any:
    """The typed value, or None for nothing. Raises `Unfit`."""
    if field.type == "checklist":
        return _read_checklist(field, value, choices)
    if field.type == "filepicker":
        return _read_files(field, value)
    value = single(value)
    if field.type == "checkbox":
        return _read_boolean(field, value)
    if is_nothing(value):
        return None
    if field.type in ("select", "radio"):
        return _read_choice(field, value, choices)
    return READERS[field.type](field, value, now)


def _read_text(field: Field, value: Any, _now: datetime | None) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Unfit("not_text", field, found=quoted(value))
    text = str(value).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    text = text.strip() if field.type == "textfield" else text
    longest = LONGEST_TEXT if field.rules.max_length is None else field.rules.max_length
    if len(text) > longest:
        raise Unfit("max_length", field, limit=longest, found=len(text))
    if field.rules.min_length is not None and len(text) < field.rules.min_length:
        raise Unfit("min_length", field, limit=field.rules.min_length, found=len(text))
    if field.rules.kind == "email" and not EMAIL.fullmatch(text):
        raise Unfit("email", field, found=quoted(text))
    if field.rules.kind == "phone" and not PHONE.fullmatch(text):
        raise Unfit("phone", field, found=quoted(text))
    if field.rules.pattern is not None and not _matches(field.rules.pattern, text):
        raise Unfit("pattern", field, found=quoted(text), limit=field.rules.pattern)
    return text


def _matches(pattern: str, text: str) -> bool:
    """Does the pattern occur in the text? (form-js: not anchored unless the pattern says so.)"""
    try:
        return regex.search(pattern, text, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        return False


def _read_number(field: Field, value: Any, _now: datetime | None) -> int | Decimal:
    number = _decimal(value)
    if number is None:
        raise Unfit("not_a_number", field, found=quoted(value))
    digits = field.rules.decimal_digits
    if digits is not None and number != round(number, digits):
        raise Unfit("decimal_digits", field, limit=digits, found=quoted(str(value)))
    return int(number) if number == number.to_integral_value() and number.adjusted() < NUMBER_DIGITS else number


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
    elif isinstance(value, str) and len(value) <= 60:
        text = value.strip()
        text = text.replace(",", "") if GROUPED_NUMBER.fullmatch(text) else text
        if not NUMBER.fullmatch(text):
            return None
        number = Decimal(text)
    else:
        return None
    if not number.is_finite() or len(number.as_tuple().digits) > NUMBER_DIGITS or abs(number.adjusted()) > 6000:
        return None
    return number


def _read_boolean(field: Field, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else value
    if word in TRUE_WORDS or word == 1:
        return True
    if word in FALSE_WORDS or word == 0:
        return False
    raise Unfit("not_a_boolean", field, found=quoted(value))


def _read_moment(field: Field, value: Any, now: datetime | None) -> date | time | datetime:
    subtype = field.subtype or "datetime"
    found = _moment(subtype, value)
    if found is None:
        raise Unfit(f"not_a_{subtype}", field, found=quoted(value))
    if subtype == "datetime" and found.tzinfo is None and now is not None:
        return found.replace(tzinfo=now.tzinfo)
    return found


def python_moment(value: Any) -> Any:
    """FEEL's dates, times and date-times as Python's; every other value (and years beyond Python's) as it is."""
    try:
        return value.to_python() if callable(getattr(value, "to_python", None)) else value
    except (ValueError, OverflowError):
        return value


def _moment(subtype: str, value: Any) -> Any:
    value = python_moment(value)
    if subtype == "date" and isinstance(value, date) and not isinstance(value, datetime):
        return value
    if (subtype == "datetime" and isinstance(value, datetime)) or (subtype == "time" and isinstance(value, time)):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        if subtype == "date":
            return date.fromisoformat(text) if DATE.fullmatch(text) else None
        if subtype == "time":
            return time.fromisoformat(text) if TIME.fullmatch(text) else None
        day, _, hour = text.replace(" ", "T", 1).partition("T")
        return datetime.fromisoformat(f"{day}T{hour}") if DATE.fullmatch(day) and TIME.fullmatch(hour) else None
    except ValueError:
        return None


def _read_choice(field: Field, value: Any, choices: tuple[Option, ...]) -> Any:
    for option in choices:
        if same_value(option.value, value):
            return option.value
    raise Unfit("not_an_option", field, found=quoted(value), **_named_options(choices))


def _read_checklist(field: Field, value: Any, choices: tuple[Option, ...]) -> list[Any]:
    if isinstance(value, str):
        value = [value]
    if value is not None and not isinstance(value, list | tuple):
        raise Unfit("not_a_list", field, found=quoted(value))
    chosen = [_read_choice(field, each, choices) for each in value or () if not is_nothing(each)]
    return [option.value for option in choices if any(same_value(option.value, each) for each in chosen)]


def same_value(option: Any, value: Any) -> bool:
    """Is this what the option stands for? Browsers send every value as text."""
    if isinstance(option, bool) is isinstance(value, bool) and option == value:
        return True
    return isinstance(value, str) and value == option_text(option)


def option_text(value: Any) -> str:
    """The text by which a browser sends an option's value."""
    return value if isinstance(value, str) else display(value)


def _named_options(choices: tuple[Option, ...]) -> dict[str, str]:
    shown = choices[:10]
    more = " …" if len(choices) > len(shown) else ""
    return {
        "options": ", ".join(option.label("en") for option in shown) + more,
        "options:zh": "、".join(option.label("zh") for option in shown) + more,
    }


def _read_files(field: Field, value: Any) -> Any:
    found = [each for each in (value if isinstance(value, list | tuple) else [value]) if not is_nothing(each)]
    if any(not isinstance(each, str | Mapping) for each in found):
        raise Unfit("not_text", field, found=quoted(value))
    if field.multiple:
        return found
    return found[-1] if found else None


READERS: dict[str, Callable[[Field, Any, datetime | None], Any]] = {
    "textfield": _read_text,
    "textarea": _read_text,
    "number": _read_number,
    "datetime": _read_moment,
}
