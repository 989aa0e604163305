"""Options of a practice: named answers to its questions, each a group of operations that can be taken back.

A pack keeps an option as `options/<point>.<option>.json`:

    {"point": "l6_site_survey", "option": "yes", "when": "industry = \\"machinery\\"",
     "requires": ["l2_score.rules"], "excludes": ["l5_configuration.none"], "operations": [ … ]}

`when` is FEEL over the profile of an enterprise (industry, size, channels …) or null. `requires` and `excludes` name
options as point.option. An option that is the default of its variation point needs no file: it changes nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError, Finding, InvalidInput, InvalidModel
from engine.feel import compile_expression
from practice_repo.algebra.operations import CannotApply, Operation, operations_from_json
from practice_repo.algebra.package import Package, apply_to_package
from practice_repo.practice import CARD, Card, Text, VariationPoint, read_card

FOLDER = "options/"
ENDING = ".json"


@dataclass(frozen=True)
class Option:
    """One answer. `name` and `is_default` come from the card; operations are in the order of their doing."""

    point: str
    key: str
    name: Text
    operations: tuple[Operation, ...] = ()
    when: str | None = None
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    is_default: bool = False
    industries: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """How other options name it: point.option."""
        return f"{self.point}.{self.key}"

    @property
    def is_ready(self) -> bool:
        """Whether choosing it is known to do what it says: it has operations, or is the default."""
        return self.is_default or bool(self.operations)

    def to_json(self) -> dict[str, Any]:
        """What its file holds."""
        return {
            "point": self.point,
            "option": self.key,
            "when": self.when,
            "requires": list(self.requires),
            "excludes": list(self.excludes),
            "operations": [operation.to_json() for operation in self.operations],
        }


@dataclass(frozen=True)
class Suggestion:
    """An option that fits the profile, and why."""

    option: Option
    reason: Text


@dataclass(frozen=True)
class Question:
    """A variation point to be asked, with the options to choose from."""

    point: VariationPoint
    options: tuple[Option, ...]
    suggested: str  # option key
    needs: tuple[str, ...] = ()  # points that are asked before, because options here depend on their answers


def read_options(package: Package) -> tuple[Option, ...]:
    """Every option of every variation point of the card, in its order; without a file it has no operations.

    Raises InvalidModel with one finding per thing that is wrong with an option file.
    """
    if CARD not in package.files:
        return ()
    card = read_card(package.files[CARD].decode())
    findings: list[Finding] = []
    contents = {}
    for name in sorted(package.files):
        if name.startswith(FOLDER) and name.endswith(ENDING):
            contents[name] = _content(name, package.files[name], findings)
    options = []
    known = {f"{point.key}.{option.key}" for point in card.variation_points for option in point.options}
    for point in card.variation_points:
        for choice in point.options:
            content = contents.pop(f"{FOLDER}{point.key}.{choice.key}{ENDING}", None) or {}
            options.append(
                Option(
                    point.key,
                    choice.key,
                    choice.name,
                    content.get("operations", ()),
                    content.get("when"),
                    content.get("requires", ()),
                    content.get("excludes", ()),
                    choice.key == point.default,
                    choice.industries,
                )
            )
    findings += [_finding(name, "belongs to no option of the card's variation points.") for name in contents]
    for option in options:
        for other in (*option.requires, *option.excludes):
            if other not in known:
                findings.append(_finding(f"{option.path}{ENDING}", f"names '{other}', which is no option of the card."))
    if findings:
        raise InvalidModel(f"The options of {card.id}: {findings[0].message}", findings)
    return tuple(options)


def _content(name: str, content: bytes, findings: list[Finding]) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
        if not isinstance(found, dict):
            raise InvalidInput("must be a JSON object.")
        read = {"operations": operations_from_json(found.get("operations") or [])}
        for key in ("requires", "excludes"):
            values = found.get(key) or []
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise InvalidInput(f"'{key}' must be a list of options, written as point.option.")
            read[key] = tuple(values)
        when = found.get("when")
        if when is not None:
            compile_expression(str(when).removeprefix("="))
        expected = name.removeprefix(FOLDER).removesuffix(ENDING)
        if f"{found.get('point')}.{found.get('option')}" != expected:
            raise InvalidInput(f"'point' and 'option' must be those of the file name, {expected}.")
        return {**read, "when": when}
    except (ValueError, EngineError) as error:
        findings.append(_finding(name, str(error)))
        return None


def _finding(name: str, message: str) -> Finding:
    return Finding("option", f"{name}: {message}")


def apply_options(package: Package, choices: Mapping[str, str]) -> Package:
    """The package with these answers (variation point → option), whatever order they are named in.

    Options that others require are applied before them, all others in the order of the card. Raises InvalidInput for an
    answer that the card does not know, for one that needs or excludes another, and when two options do not go together.
    """
    chosen = chosen_options(package, choices)
    result = package
    done: list[Option] = []
    for option in chosen:
        try:
            result = apply_to_package(result, option.operations)
        except CannotApply as refusal:
            raise _clash(package, option, done, refusal) from refusal
        done.append(option)
    return result


def unapply_options(package: Package, origin: Package, choices: Mapping[str, str]) -> Package:
    """The package without these answers: the inverse operations, the last first. `origin` holds the option files.

    Raises CannotApply when something built on them since; then take that back first, or merge.
    """
    operations = [operation for option in chosen_options(origin, choices) for operation in option.operations]
    return apply_to_package(package, [operation.inverse() for operation in reversed(operations)])


def chosen_options(package: Package, choices: Mapping[str, str]) -> tuple[Option, ...]:
    """The options of these answers in the order of their doing, checked against each other."""
    options = {option.path: option for option in read_options(package)}
    points = {option.point for option in options.values()}
    chosen: dict[str, Option] = {}
    for point, key in choices.items():
        if f"{point}.{key}" not in options:
            known = ", ".join(each.key for each in options.values() if each.point == point)
            expected = f"known are {known}" if point in points else f"the questions are {', '.join(sorted(points))}"
            raise InvalidInput(f"'{key}' is no answer to '{point}': {expected}.")
        chosen[f"{point}.{key}"] = options[f"{point}.{key}"]
    effective = set(chosen) | {each.path for each in options.values() if each.is_default and each.point not in choices}
    for option in chosen.values():
        for needed in option.requires:
            if needed not in effective:
                raise InvalidInput(f"The option {option.path} needs {needed}: choose that, too.")
        for other in option.excludes:
            if other in effective:
                raise InvalidInput(f"The option {option.path} does not go with {other}: choose one of them.")
    return _in_order(chosen, list(options))


def _in_order(chosen: Mapping[str, Option], card_order: Sequence[str]) -> tuple[Option, ...]:
    """In the order of the card, but what is required first. Raises InvalidInput for a circle."""
    waiting = sorted(chosen, key=card_order.index)
    ordered: list[Option] = []
    while waiting:
        done = {option.path for option in ordered}
        ready = next((path for path in waiting if set(chosen[path].requires) & set(chosen) <= done), None)
        if ready is None:
            raise InvalidInput(f"The options {', '.join(waiting)} require each other in a circle: correct the pack.")
        waiting.remove(ready)
        ordered.append(chosen[ready])
    return tuple(ordered)


def _clash(package: Package, option: Option, done: Sequence[Option], refusal: CannotApply) -> InvalidInput:
    """Names the other option in the way, or says that the option does not fit the practice at all."""
    for other in done:
        try:
            apply_to_package(apply_to_package(package, other.operations), option.operations)
        except CannotApply:
            both = f"The options {other.path} and {option.path} change the same place and cannot be had together"
            return InvalidInput(f"{both}: {refusal}")
    return InvalidInput(f"The option {option.path} does not fit this version of the practice: {refusal}")


def fitting_options(package: Package, profile: Mapping[str, Any]) -> tuple[Suggestion, ...]:
    """The options that fit an enterprise, at most one per variation point, with the reason.

    `profile` holds what `when` may ask: industry, size, channels … A rule that holds counts more than an industry that
    is named; what fits nobody in particular is not suggested.
    """
    found: dict[str, tuple[int, Suggestion]] = {}
    for option in read_options(package):
        weight, reason = _fit(option, profile)
        if reason is not None and weight > found.get(option.point, (0, None))[0]:
            found[option.point] = (weight, Suggestion(option, reason))
    return tuple(suggestion for _, suggestion in found.values())


def _fit(option: Option, profile: Mapping[str, Any]) -> tuple[int, Text | None]:
    if option.when is not None:
        if not holds(option.when, profile):
            return 0, None
        return 2, Text(f"Holds for you: {option.when}", f"符合贵企业情况:{option.when}")
    industry = profile.get("industry")
    if industry is not None and industry in option.industries:
        return 1, Text(f"Usual in your industry ({industry})", f"贵行业({industry})常用")
    return 0, None


def holds(when: str, profile: Mapping[str, Any]) -> bool:
    """Whether the rule is true for the profile; what cannot be evaluated is not."""
    try:
        expression = compile_expression(when.removeprefix("="))
        return expression.evaluate(dict(profile)) is True
    except EngineError:
        return False


def questionnaire(
    card: Card, options: Iterable[Option], profile: Mapping[str, Any] | None = None
) -> tuple[Question, ...]:
    """The questions in the order of asking: those that others depend on first, else as in the card.

    With a `profile` the suggested answer is the one that fits it, else the default.
    """
    by_point: dict[str, list[Option]] = {point.key: [] for point in card.variation_points}
    for option in options:
        by_point.setdefault(option.point, []).append(option)
    questions = {
        point.key: Question(point, tuple(by_point[point.key]), _suggested(point, by_point[point.key], profile), needs)
        for point in card.variation_points
        for needs in [_needs(by_point[point.key], point.key)]
    }
    ordered: list[Question] = []
    waiting = list(questions)
    while waiting:
        asked = {question.point.key for question in ordered}
        key = next((each for each in waiting if set(questions[each].needs) & set(questions) <= asked), waiting[0])
        waiting.remove(key)
        ordered.append(questions[key])
    return tuple(ordered)


def _needs(options: Iterable[Option], point: str) -> tuple[str, ...]:
    named = [path.partition(".")[0] for option in options for path in option.requires]
    return tuple(dict.fromkeys(each for each in named if each != point))


def _suggested(point: VariationPoint, options: Sequence[Option], profile: Mapping[str, Any] | None) -> str:
    fits = [(_fit(option, profile)[0], -index) for index, option in enumerate(options)] if profile else []
    best = max(fits, default=(0, 0))
    return options[-best[1]].key if best[0] else point.default
