"""String functions (10.3.4.3)."""

from typing import Any

from engine.feel import patterns
from engine.feel.budget import Run
from engine.feel.builtins.registry import builtin
from engine.feel.errors import Undefined

_SECTION = "String"


@builtin(
    "substring(string: string, start position: number, length?: number)",
    _SECTION,
    "The characters from a position on; the first is 1, the last is -1.",
    'substring("foobar", 3, 3)',
    '"oba"',
)
def substring(text: str, start: Any, length: Any = None) -> str:
    first = int(start) if abs(start) <= len(text) else 0
    if first == 0:
        raise Undefined(f"the start position must be within 1..{len(text)} or -{len(text)}..-1")
    begin = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[begin:]
    if length < 1:
        raise Undefined("the length must be at least 1")
    return text[begin : begin + int(min(length, len(text)))]


@builtin("string length(string: string)", _SECTION, "The number of characters.", 'string length("foo")', "3")
def string_length(text: str) -> int:
    return len(text)


@builtin("upper case(string: string)", _SECTION, "The text in upper case.", 'upper case("aBc4")', '"ABC4"')
def upper_case(text: str) -> str:
    return text.upper()


@builtin("lower case(string: string)", _SECTION, "The text in lower case.", 'lower case("aBc4")', '"abc4"')
def lower_case(text: str) -> str:
    return text.lower()


@builtin(
    "substring before(string: string, match: string)",
    _SECTION,
    "What stands before the first occurrence; empty where there is none.",
    'substring before("foobar", "bar")',
    '"foo"',
)
def substring_before(text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin(
    "substring after(string: string, match: string)",
    _SECTION,
    "What stands after the first occurrence; empty where there is none.",
    'substring after("foobar", "ob")',
    '"ar"',
)
def substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@builtin("contains(string: string, match: string)", _SECTION, "Whether it occurs.", 'contains("foobar", "of")', "false")
def contains(text: str, match: str) -> bool:
    return match in text


@builtin(
    "starts with(string: string, match: string)",
    _SECTION,
    "Whether the text begins with it.",
    'starts with("foobar", "fo")',
    "true",
)
def starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin(
    "ends with(string: string, match: string)",
    _SECTION,
    "Whether the text ends in it.",
    'ends with("foobar", "r")',
    "true",
)
def ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@builtin(
    "matches(input: string, pattern: string, flags?: string)",
    _SECTION,
    "Whether a regular expression (XPath) is found; the flags are s, m, i, x, q.",
    'matches("foobar", "^fo*b")',
    "true",
)
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool:
    return run.timed_pattern(patterns.matches, text, pattern, flags or "")


@builtin(
    "replace(input: string, pattern: string, replacement: string, flags?: string)",
    _SECTION,
    "Replaces what a regular expression (XPath) finds; $1 is the first group.",
    'replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")',
    '"[1=ab][2=]cd"',
)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    run.check_string_size(len(text) * max(1, len(replacement) >> 4))
    changed = run.timed_pattern(patterns.replace, text, pattern, replacement, flags or "")
    run.check_string_size(len(changed))
    return changed


@builtin(
    "split(string: string, delimiter: string)",
    _SECTION,
    "The parts between the occurrences of a regular expression (XPath).",
    'split("a;b;c;;", ";")',
    '["a", "b", "c", "", ""]',
)
def split(run: Run, text: str, delimiter: str) -> list[str]:
    parts = run.timed_pattern(patterns.split, text, delimiter)
    run.check_list_size(len(parts))
    return parts


@builtin(
    "string join(list: list, delimiter?: string)",
    _SECTION,
    "The strings of a list as one text, without the nulls.",
    'string join(["a", null, "c"], "X")',
    '"aXc"',
)
def string_join(run: Run, items: list[Any], delimiter: str | None = None) -> str:
    run.charge(len(items))
    parts = [item for item in items if item is not None]
    if not all(type(part) is str for part in parts):
        raise Undefined("'list' must hold strings only")
    run.check_string_size(sum(map(len, parts)) + len(delimiter or "") * len(parts))
    return (delimiter or "").join(parts)
