"""Numeric functions (10.3.4.5)."""

import decimal
from decimal import Decimal
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.errors import Undefined
from engine.feel.numbers import DECIMAL128, NUMBER_TYPES, as_integer, divide, multiply, rounded, simplified, subtract
from engine.feel.operations import negate

_SECTION = "Numeric"
MIN_SCALE, MAX_SCALE = -6111, 6176
_WIDE = decimal.Context(prec=13_000, Emin=-20_000, Emax=20_000, traps=[decimal.InvalidOperation])


def with_scale(number: int | Decimal, scale: Any, rounding: str) -> int | Decimal:
    """The number with that many decimals (negative: zeros before the point), rounded in the given way."""
    places = as_integer(scale)
    if places is None or not MIN_SCALE <= places <= MAX_SCALE:
        raise Undefined(f"the scale must be a whole number within {MIN_SCALE}..{MAX_SCALE}")
    if type(number) is int and places >= 0:
        return number
    exact = Decimal(number)
    if -exact.as_tuple().exponent <= places:
        return number
    result = exact.quantize(Decimal((0, (1,), -places)), rounding=rounding, context=_WIDE)
    return simplified(DECIMAL128.create_decimal(result))


_ROUNDINGS = {
    "decimal": (
        decimal.ROUND_HALF_EVEN,
        "Rounds to the given number of decimals, ties to the even neighbour.",
        "decimal(1/3, 2)",
        ".33",
    ),
    "round up": (decimal.ROUND_UP, "Rounds away from zero.", "round up(-1.126, 2)", "-1.13"),
    "round down": (decimal.ROUND_DOWN, "Rounds towards zero.", "round down(-1.126, 2)", "-1.12"),
    "round half up": (
        decimal.ROUND_HALF_UP,
        "Rounds to the nearest neighbour, ties away from zero.",
        "round half up(-5.5, 0)",
        "-6",
    ),
    "round half down": (
        decimal.ROUND_HALF_DOWN,
        "Rounds to the nearest neighbour, ties towards zero.",
        "round half down(5.5, 0)",
        "5",
    ),
}


def _declare_rounding(name: str, rounding: str, description: str, example: str, result: str) -> None:
    @builtin(f"{name}(n: number, scale: number)", _SECTION, description, example, result)
    def rounded_to_scale(number: Any, scale: Any) -> Any:
        return with_scale(number, scale, rounding)


for _name, _entry in _ROUNDINGS.items():
    _declare_rounding(_name, *_entry)


@builtin(
    "floor(n: number)", _SECTION, "The largest number of the given scale that is not above n.", "floor(-1.5)", "-2"
)
def floor(number: Any) -> Any:
    return with_scale(number, 0, decimal.ROUND_FLOOR)


@builtin("floor(n: number, scale: number)")
def floor_to_scale(number: Any, scale: Any) -> Any:
    return with_scale(number, scale, decimal.ROUND_FLOOR)


@builtin(
    "ceiling(n: number)", _SECTION, "The smallest number of the given scale that is not below n.", "ceiling(1.5)", "2"
)
def ceiling(number: Any) -> Any:
    return with_scale(number, 0, decimal.ROUND_CEILING)


@builtin("ceiling(n: number, scale: number)")
def ceiling_to_scale(number: Any, scale: Any) -> Any:
    return with_scale(number, scale, decimal.ROUND_CEILING)


@builtin(
    "abs(n: number | days and time duration | years and months duration)",
    _SECTION,
    "The absolute value of a number or duration.",
    'abs(@"-PT5H")',
    '@"PT5H"',
)
def absolute(value: Any) -> Any:
    size = value if type(value) in NUMBER_TYPES else value.key
    return negate(value) if size < 0 else value


@builtin(
    "modulo(dividend: number, divisor: number)",
    _SECTION,
    "The remainder of a division, with the sign of the divisor.",
    "modulo(-12, 5)",
    "3",
)
def modulo(dividend: Any, divisor: Any) -> Any:
    if not divisor:
        raise Undefined("the divisor is zero")
    if type(dividend) is int and type(divisor) is int:
        return rounded(dividend % divisor)
    quotient = with_scale(divide(dividend, divisor), 0, decimal.ROUND_FLOOR)
    return subtract(dividend, multiply(divisor, quotient))


def _computed(operation: Any, number: Any) -> Any:
    try:
        return simplified(operation(Decimal(number)))
    except (decimal.Overflow, decimal.InvalidOperation, decimal.DivisionByZero) as error:
        raise Undefined("the result is not a number") from error


@builtin("sqrt(number: number)", _SECTION, "The square root; null for negative numbers.", "sqrt(16)", "4")
def sqrt(number: Any) -> Any:
    if number < 0:
        raise Undefined("a negative number has no square root")
    return _computed(DECIMAL128.sqrt, number)


@builtin("log(number: number)", _SECTION, "The natural logarithm.", "decimal(log(10), 8)", "2.30258509")
def log(number: Any) -> Any:
    if number <= 0:
        raise Undefined("only positive numbers have a logarithm")
    return _computed(DECIMAL128.ln, number)


@builtin("exp(number: number)", _SECTION, "e raised to the number.", "decimal(exp(5), 8)", "148.41315910")
def exp(number: Any) -> Any:
    return _computed(DECIMAL128.exp, number)


@builtin("odd(number: number)", _SECTION, "Whether a whole number is odd.", "odd(5)", "true")
def odd(number: Any) -> bool:
    return _parity(number) == 1


@builtin("even(number: number)", _SECTION, "Whether a whole number is even.", "even(2)", "true")
def even(number: Any) -> bool:
    return _parity(number) == 0


def _parity(number: Any) -> int:
    if type(number) is Decimal and number != number.to_integral_value():
        raise Undefined("a number with decimals is neither odd nor even")
    whole = as_integer(number)
    return 0 if whole is None else whole % 2
