"""One table of a card: every reader takes an entry out and notes what does not fit."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

KEY = re.compile(r"[a-z][a-z0-9_]*")
VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
CAPABILITY = re.compile(r"[A-Z]\d{2}")


@dataclass(frozen=True)
class Text:
    """The same words in English and Chinese."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        return self.zh if language.lower().startswith("zh") else self.en


class Notes(Protocol):
    """Who collects the findings, and reads a table inside a table."""

    def note(self, where: str, text: str) -> None: ...

    def read(self, where: str, source: Mapping[str, Any], read: "Callable[[Entry], Any]") -> Any: ...


class Entry:
    """One table of the card; every reader takes an entry out, what is left at the end is unknown."""

    def __init__(self, reader: Notes, where: str, source: Mapping[str, Any]):
        self.reader = reader
        self.where = where
        self.left = dict(source)

    def note(self, text: str) -> None:
        self.reader.note(self.where, text)

    def close(self) -> None:
        for unknown in sorted(self.left):
            self.note(f"'{unknown}' is not known here: check the spelling.")

    def text(self, name: str, *, otherwise: str | None = None, like: tuple[re.Pattern, str] | None = None) -> str:
        value = self.left.pop(name, otherwise)
        if not isinstance(value, str) or not value.strip():
            self.note(f"'{name}' must be a text, found {_found(value)}.")
            return ""
        if like and not like[0].fullmatch(value):
            self.note(f"'{name}' must look like {like[1]}, found '{value}'.")
        return value.strip()

    def key(self, name: str) -> str:
        value = self.text(name)
        if value and not KEY.fullmatch(value):
            self.note(f"'{name}' must be snake_case (a-z, 0-9 and _), found '{value}'.")
        return value

    def one_of(self, name: str, choices: tuple[str, ...], *, otherwise: str | None = None) -> str:
        value = self.left.pop(name, otherwise)
        if value not in choices:
            self.note(f"'{name}' must be one of {', '.join(choices)}, found {_found(value)}.")
        return str(value)

    def whole(self, name: str, *, otherwise: int | None = None, highest: int | None = None) -> int:
        value = self.left.pop(name, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.note(f"'{name}' must be a whole number, found {_found(value)}.")
            return 0
        if highest is not None and value > highest:
            self.note(f"'{name}' must be a whole number from 0 to {highest}, found {value}.")
        return value

    def amount(self, name: str) -> Decimal | None:
        value = self.left.pop(name, None)
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | Decimal)
            or not Decimal(value).is_finite()
            or value < 0
        ):
            self.note(f"'{name}' must be a number of 0 or more, found {_found(value)}.")
            return None
        return Decimal(value)

    def texts(self, name: str, *, like: tuple[re.Pattern, str] | None = None) -> tuple[str, ...]:
        value = self.left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            self.note(f"'{name}' must be a list of texts, found {_found(value)}.")
            return ()
        for each in value:
            if like and not like[0].fullmatch(each):
                self.note(f"every entry of '{name}' must look like {like[1]}, found '{each}'.")
        return tuple(value)

    def flag(self, name: str) -> bool:
        value = self.left.pop(name, False)
        if not isinstance(value, bool):
            self.note(f"'{name}' must be true or false, found {_found(value)}.")
        return value is True

    def table(self, name: str) -> dict[str, Any]:
        value = self.left.pop(name, {})
        if not isinstance(value, dict):
            self.note(f"'{name}' must be a table, found {_found(value)}.")
            return {}
        return value

    def bilingual(self, name: str) -> Text:
        value = self.left.pop(name, None)
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            self.note(f'\'{name}\' must be {{en = "…", zh = "…"}}, found {_found(value)}.')
            return Text("", "")
        missing = [language for language in ("en", "zh") if not value.get(language, "").strip()]
        unknown = sorted(set(value) - {"en", "zh"})
        if missing:
            self.note(f"'{name}' has no text for {' and '.join(missing)}.")
        if unknown:
            self.note(f"'{name}' has the unknown languages {', '.join(unknown)}: en and zh are kept.")
        return Text(value.get("en", ""), value.get("zh", ""))

    def entries(self, name: str, read: Callable[["Entry"], Any]) -> tuple[Any, ...]:
        value = self.left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.note(f"'{name}' must be a list of tables, found {_found(value)}.")
            return ()
        return tuple(
            self.reader.read(f"{self.where} {name} {index}", each, read) for index, each in enumerate(value, 1)
        )


def _found(value: Any) -> str:
    return "nothing" if value is None else repr(value)
