"""Answers to the questions of a practice: named groups of operations that can be taken back.

An option lies in a pack as `options/<point>.<option>.json`:

    {"point": "l7_approval_ladder", "option": "one_level", "when": "size in (\"micro\", \"small\")",
     "requires": ["l6_site_survey.no"], "excludes": [], "operations": [...]}

`when` is FEEL over the profile of an enterprise (industry, size, channels …) and says where the option fits. The
operations lead from the practice as delivered to the practice with this answer. The default answer has no file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError, Finding, InvalidInput, InvalidModel
from engine.feel import compile_expression, normalise
from practice_repo.algebra.operations import CannotApply, Operation, operations_from_json
from practice_repo.algebra.package import Package, apply_to_package
from practice_repo.practice import Card

FOLDER, ENDING = "options/", ".json"
FIELDS = frozenset({"point", "option", "when", "requires", "excludes", "operations"})


@dataclass(frozen=True)
class Option:
    """One answer that is built in by operations. `requires` and `excludes` name other answers as `point.option`."""

    point: str
    key: str
    operations: tuple[Operation, ...]
    when: str | None = None
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.point}.{self.key}"

    @property
    def file(self) -> str:
        return f"{FOLDER}{self.name}{ENDING}"

    def to_json(self) -> dict[str, Any]:
        return {
            "point": self.point,
            "option": self.key,
            "when": self.when,
            "requires": list(self.requires),
            "excludes": list(self.excludes),
            "operations": [operation.to_json() for operation in self.operations],
        }


@dataclass(frozen=True)
class Fitting:
    """Whether an option suits a profile; `fits` is None where its rule asks for what the profile leaves open."""

    option: Option
    fits: bool | None


@dataclass(frozen=True)
class Question:
    """A variation point with what can be answered by one click: the default, and options with operations."""

    point: str
    default: str
    options: tuple[str, ...]
    built: frozenset[str]


def read_options(package: Package) -> tuple[Option, ...]:
    """The options of a pack, in order of their names. Raises InvalidModel with a finding per file that is wrong."""
    found, findings = [], []
    for name in sorted(package.files):
        if name.startswith(FOLDER) and name.endswith(ENDING):
            try:
                found.append(_read(name, package.files[name]))
            except (InvalidInput, ValueError) as error:
                findings.append(Finding("option", f"{name}: {error}"))
    if findings:
        raise InvalidModel(str(findings[0].message), findings)
    return tuple(found)


def _read(name: str, content: bytes) -> Option:
    source = json.loads(content)
    if not isinstance(source, Mapping):
        raise InvalidInput("expected an object with point, option and operations.")
    unknown = sorted(source.keys() - FIELDS)
    if unknown:
        raise InvalidInput(f"'{unknown[0]}' is not known here; known are {', '.join(sorted(FIELDS))}.")
    option = Option(
        point=str(source.get("point", "")),
        key=str(source.get("option", "")),
        operations=operations_from_json(source.get("operations")),
        when=source.get("when") or None,
        requires=tuple(source.get("requires") or ()),
        excludes=tuple(source.get("excludes") or ()),
    )
    if option.file != name:
        raise InvalidInput(f"its content is the option '{option.name}'; call the file {option.file}.")
    if option.when is not None:
        compile_expression(option.when)
    return option


def apply_options(package: Package, choices: Mapping[str, str]) -> Package:
    """The practice as delivered with these answers (point → option); the order of the answers does not matter.

    An answer without a file changes nothing. Raises InvalidInput when answers exclude each other or need another one,
    and when two of them change the same place.
    """
    result = package
    for option in _chosen(package, choices):
        try:
            result = apply_to_package(result, option.operations)
        except CannotApply as error:
            raise InvalidInput(
                f"The answer '{option.name}' does not fit together with the other answers: {error}"
            ) from error
    return result


def unapply_options(package: Package, choices: Mapping[str, str]) -> Package:
    """The practice with these answers taken back. Raises InvalidInput when later changes build on one of them."""
    result = package
    for option in reversed(_chosen(package, choices)):
        try:
            result = apply_to_package(result, [operation.inverse() for operation in reversed(option.operations)])
        except CannotApply as error:
            raise InvalidInput(f"The answer '{option.name}' cannot be taken back: {error}") from error
    return result


def _chosen(package: Package, choices: Mapping[str, str]) -> list[Option]:
    """The options behind the answers, in one order for everybody."""
    if not choices:
        return []
    named = {f"{point}.{key}" for point, key in choices.items()}
    chosen = [option for option in read_options(package) if option.name in named]
    for option in chosen:
        _check_company(option, named)
    return chosen


def _check_company(option: Option, named: set[str]) -> None:
    clash = sorted(named & set(option.excludes))
    if clash:
        raise InvalidInput(f"The answers '{option.name}' and '{clash[0]}' exclude each other: choose one of them.")
    missing = sorted(set(option.requires) - named)
    if missing:
        raise InvalidInput(f"The answer '{option.name}' needs the answer '{missing[0]}': choose that, too.")


def fitting_options(package: Package, profile: Mapping[str, Any]) -> tuple[Fitting, ...]:
    """Every option with whether its rule holds for the profile; one without a rule fits everywhere."""
    known = normalise(dict(profile))
    return tuple(Fitting(option, _fits(option, known)) for option in read_options(package))


def _fits(option: Option, profile: Mapping[str, Any]) -> bool | None:
    if option.when is None:
        return True
    try:
        answer = compile_expression(option.when).evaluate(profile)
    except EngineError:
        return None
    return answer if isinstance(answer, bool) else None


def questionnaire(card: Card, options: Sequence[Option]) -> tuple[Question, ...]:
    """The card's questions in their order, each with the answers that can be built in."""
    built = {(option.point, option.key) for option in options}
    return tuple(
        Question(
            point.key,
            point.default,
            tuple(option.key for option in point.options),
            frozenset(key for owner, key in built if owner == point.key) | {point.default},
        )
        for point in card.variation_points
    )
