"""Writes cards and scenarios as TOML: what tomllib reads comes back equal (comments and layout do not)."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

WIDTH = 110  # inline up to here, else one entry per line


def write_toml(document: Mapping[str, Any], *, inline_from: int = 2) -> str:
    """The document as TOML text; tables nested deeper than `inline_from` stand inline.

    >>> print(write_toml({"practice": {"id": "a", "name": {"en": "A", "zh": "甲"}}}), end="")
    [practice]
    id = "a"
    name = {en = "A", zh = "甲"}
    """
    return "\n".join(_section((), document, inline_from)).strip("\n") + "\n"


def _section(path: tuple[str, ...], table: Mapping[str, Any], inline_from: int) -> Iterator[str]:
    stands_apart = {key: value for key, value in table.items() if len(path) + 1 < inline_from and _is_apart(value)}
    for key, value in table.items():
        if key not in stands_apart and value is not None:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in stands_apart.items():
        inner = (*path, key)
        for entry in value if isinstance(value, list) else [value]:
            brackets = "[[{}]]" if isinstance(value, list) else "[{}]"
            yield ""
            yield brackets.format(".".join(map(_key, inner)))
            yield from _section(inner, entry, inline_from)


def _is_apart(value: Any) -> bool:
    """A table, or a list of tables: it gets a header of its own."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(entry, dict) for entry in value)
    return isinstance(value, dict)


def _key(key: str) -> str:
    is_bare = key and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in key)
    return key if is_bare else _text(key)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int() | Decimal() | float():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
            return f"{{{inner}}}"
        case list() | tuple():
            written = [_value(each) for each in value]
            line = f"[{', '.join(written)}]"
            return line if len(line) <= WIDTH else "[\n" + "".join(f"  {each},\n" for each in written) + "]"
    raise TypeError(f"TOML has no place for {value!r}.")


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but for DEL and lone surrogates, which no card has."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
