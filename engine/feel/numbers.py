"""FEEL numbers: Python integers where exact, decimals of 34 digits otherwise (DMN 1.5, 10.3.2.3.1)."""

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from engine.feel.errors import Undefined

DIGITS = 34
LIMIT = 10**DIGITS
DECIMAL128 = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
NUMBER_TYPES = frozenset({int, Decimal})
MAX_EXPONENT = 999_999_999


def is_number(value: object) -> bool:
    """Whether the value is a FEEL number; true and false are not."""
    return type(value) in NUMBER_TYPES


def rounded(value: int | Decimal) -> int | Decimal:
    """The number within 34 digits; raises `Undefined` where it leaves the range of decimal128."""
    if type(value) is int and -LIMIT < value < LIMIT:
        return value
    if type(value) is int and value.bit_length() > 20_500:  # beyond 10**6145, without an expensive conversion
        raise Undefined("a number left the range of 34 digits and exponent 6144")
    try:
        return DECIMAL128.create_decimal(value)
    except (Overflow, InvalidOperation) as error:
        raise Undefined("a number left the range of 34 digits and exponent 6144") from error


def parse_number(text: str) -> int | Decimal:
    """The number that a numeric literal (grammar rule 35) denotes."""
    if text.isdigit() and len(text) <= DIGITS:
        return int(text)
    try:
        return simplified(DECIMAL128.create_decimal(text))
    except (Overflow, InvalidOperation) as error:
        raise Undefined(f"the number {text[:40]} is out of range") from error


def simplified(value: Decimal) -> int | Decimal:
    """The same number, as an integer where it is one of at most 34 digits."""
    if value == value.to_integral_value() and value.copy_abs() < LIMIT:
        return int(value)
    return value


def as_integer(value: int | Decimal) -> int | None:
    """The integer that the number equals (1.0 counts), or None; numbers beyond 10**34 count as None."""
    if type(value) is int:
        return value
    if value.copy_abs() < LIMIT and value == value.to_integral_value():
        return int(value)
    return None


def add(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    if type(left) is int and type(right) is int:
        return rounded(left + right)
    return _checked(DECIMAL128.add, left, right)


def subtract(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    if type(left) is int and type(right) is int:
        return rounded(left - right)
    return _checked(DECIMAL128.subtract, left, right)


def multiply(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    if type(left) is int and type(right) is int and left.bit_length() + right.bit_length() < 20_500:
        return rounded(left * right)
    return _checked(DECIMAL128.multiply, left, right)


def divide(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    if not right:
        raise Undefined("division by zero")
    if type(left) is int and type(right) is int and left % right == 0:
        return rounded(left // right)
    return _checked(DECIMAL128.divide, left, right)


def power(base: int | Decimal, exponent: int | Decimal) -> int | Decimal:
    if not -MAX_EXPONENT <= exponent <= MAX_EXPONENT:
        raise Undefined("an exponent lies outside of -999999999..999999999")
    if not exponent:
        return 1
    result = _checked(DECIMAL128.power, base, exponent)
    return simplified(result) if type(base) is int and result.adjusted() < DIGITS else result


def _checked(operation, left, right) -> Decimal:
    try:
        result = operation(left, right)
    except Overflow as error:
        raise Undefined("a number left the range of 34 digits and exponent 6144") from error
    except (InvalidOperation, DivisionByZero) as error:
        raise Undefined("the operation is not defined for these numbers") from error
    if not result.is_finite():
        raise Undefined("the result is infinite")
    return result


def display_number(value: int | Decimal) -> str:
    """The number in plain digits, without exponent and without zeros that carry no value."""
    if type(value) is int:
        if -LIMIT < value < LIMIT:
            return str(value)
        value = Decimal(value)  # text of an integer has a limit in Python, text of a decimal has none
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
