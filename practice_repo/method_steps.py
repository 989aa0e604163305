"""The checklists of others (Winer, CRM-Iris) and the tree of benefits, read from `data/`."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import InvalidModel
from practice_repo.practice import Text

FOLDER = Path(__file__).parent / "data"
STEP_KEYS = {"key", "name", "explanation", "capabilities", "figures", "essential", "open"}
BENEFIT_KEYS = {"key", "name", "explanation", "kpis"}


@dataclass(frozen=True)
class OpenPoint:
    """What is said while a figure is zero or unknown (`none`), or while it is above zero (`some`)."""

    figure: str
    when: str  # none | some
    text: Text
    to: str  # where something can be done about it: needs | profile | rollouts | customers …, see the page

    def applies(self, values: Mapping[str, Any]) -> bool:
        return bool(values.get(self.figure)) == (self.when == "some")


@dataclass(frozen=True)
class Step:
    """One step of a checklist: which practices serve it, and what is counted to see how far it is."""

    key: str
    name: Text
    explanation: Text
    capabilities: frozenset[str]
    figures: tuple[str, ...]
    essential: tuple[str, ...]  # one of them must not be zero
    open: tuple[OpenPoint, ...]


@dataclass(frozen=True)
class Benefit:
    """A branch of the tree; `kpis` are "practice.kpi"."""

    key: str
    name: Text
    explanation: Text
    kpis: tuple[str, ...]


@cache
def steps(checklist: str) -> tuple[Step, ...]:
    """The steps of `winer` or `iris`, in their order."""
    return tuple(
        Step(
            key=each["key"],
            name=_text(each["name"]),
            explanation=_text(each["explanation"]),
            capabilities=frozenset(each["capabilities"]),
            figures=tuple(each["figures"]),
            essential=tuple(each["essential"]),
            open=tuple(_open_point(point) for point in each["open"]),
        )
        for each in _tables(f"{checklist}.toml", "step", STEP_KEYS)
    )


@cache
def benefits() -> tuple[Benefit, ...]:
    """The branches of the tree, in their order."""
    return tuple(
        Benefit(each["key"], _text(each["name"]), _text(each["explanation"]), tuple(each["kpis"]))
        for each in _tables("benefits.toml", "benefit", BENEFIT_KEYS)
    )


def _tables(file: str, name: str, wanted: Iterable[str]) -> list[dict[str, Any]]:
    content = tomllib.loads((FOLDER / file).read_text(encoding="utf-8"))
    tables = content.get(name, [])
    for number, table in enumerate(tables, start=1):
        if set(table) != set(wanted):
            raise InvalidModel(
                f"{file}: [[{name}]] {number} must have {', '.join(sorted(wanted))}, found {', '.join(sorted(table))}."
            )
    return tables


def _open_point(point: dict[str, Any]) -> OpenPoint:
    if point["when"] not in ("none", "some"):
        raise InvalidModel(f"An open point applies when there is 'none' or 'some', found '{point['when']}'.")
    return OpenPoint(point["figure"], point["when"], _text(point["text"]), point["to"])


def _text(words: dict[str, str]) -> Text:
    return Text(words["en"], words["zh"])
