"""What a practice says of itself: practice.toml, read into frozen types."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.errors import Finding, InvalidModel
from practice_repo.card_entry import CAPABILITY, VERSION, Entry, Text
from practice_repo.card_kinds import (
    Context,
    Origin,
    Situation,
    Technology,
    read_context,
    read_origin,
    read_situation,
    read_technology,
)

KINDS = ("process", "scenario", "technology", "component")
TYPES = ("technique", "method", "process", "activity", "reward")
CHANGE_TYPES = ("adopt", "strengthen", "improve", "eliminate")
UNITS = ("share", "hours", "days", "count", "money")
DIRECTIONS = ("higher", "lower")
ACCESSES = ("read", "write")
HIGHEST_EVIDENCE_LEVEL = 3
MAIN_PROCESS = "process.bpmn"
LISTS = {"pcf", "role", "data_object", "fact", "kpi", "variation_point", "touchpoint", "anchor"}
TABLES = {"practice", "estimate", "context", "origin", "situation", "technology"}
CARD = "practice.toml"


@dataclass(frozen=True)
class Pcf:
    """An element of the APQC process classification framework."""

    number: int
    name: str


@dataclass(frozen=True)
class Role:
    key: str
    name: Text
    hourly_rate: Decimal | None = None  # money per hour, an example figure


@dataclass(frozen=True)
class DataObject:
    name: str
    access: str  # read | write


@dataclass(frozen=True)
class Kpi:
    key: str
    name: Text
    unit: str  # share | hours | days | count | money
    better: str  # higher | lower
    formula: str  # FEEL over case facts
    description: str = ""


@dataclass(frozen=True)
class Fact:
    """Something that KPI formulas read.

    With a `formula` (FEEL over one case, see `practice_repo.outcomes.case`) it is a field of `cases`; with `fields`,
    too, the formula gives rows, which make a collection of that name. With `figure` instead it is a number of the
    window that no case tells, and this text says where the enterprise finds it.
    """

    key: str
    formula: str = ""
    fields: tuple[str, ...] = ()
    figure: str = ""


@dataclass(frozen=True)
class VariationOption:
    key: str
    name: Text
    description: str = ""
    industries: tuple[str, ...] = ()


@dataclass(frozen=True)
class VariationPoint:
    """A question that the adopting enterprise answers; `elements` are the BPMN elements the answer changes."""

    key: str
    question: Text
    options: tuple[VariationOption, ...]
    default: str
    elements: tuple[str, ...]


@dataclass(frozen=True)
class EffectDriver:
    kpi: str
    formula: str
    unit: str


@dataclass(frozen=True)
class CostDriver:
    """Hours of a role, or a named amount of money."""

    role: str | None = None
    hours: Decimal | None = None
    name: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Estimate:
    effect_drivers: tuple[EffectDriver, ...] = ()
    cost_drivers: tuple[CostDriver, ...] = ()
    prerequisites: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Touchpoint:
    """The information standard of one contact: what its forms must, may and must not ask."""

    key: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Anchor:
    """A public figure that the practice can be held against."""

    figure: str
    source: str


@dataclass(frozen=True)
class Card:
    """What practice.toml says."""

    id: str
    version: str
    kind: str
    type: str
    name: Text
    summary: Text
    area: str
    licence: str
    process: str  # file name of the main model; empty for a kind that needs none
    evidence_level: int = 0
    capabilities: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    pcf: tuple[Pcf, ...] = ()
    roles: tuple[Role, ...] = ()
    data_objects: tuple[DataObject, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    facts: tuple[Fact, ...] = ()
    variation_points: tuple[VariationPoint, ...] = ()
    estimate: Estimate = Estimate()
    touchpoints: tuple[Touchpoint, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    change_type: str = "adopt"  # adopt | strengthen | improve | eliminate
    context: Context | None = None
    origin: Origin | None = None
    situation: Situation | None = None  # of a scenario
    technology: Technology | None = None  # of a technology application


def read_card(text: str) -> Card:
    """The card of this practice.toml text. Raises `InvalidModel` with one finding per thing that is wrong."""
    try:
        source = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InvalidModel(f"{CARD} is not TOML: {error}.", [Finding("card-toml", str(error))]) from error
    reader = _CardReader()
    card = reader.card(source)
    if reader.findings:
        more = f" (and {len(reader.findings) - 1} more)" if len(reader.findings) > 1 else ""
        raise InvalidModel(f"{CARD}: {reader.findings[0].message}{more}", reader.findings)
    return card


class _CardReader:
    """Reads the sections of a card and notes everything that is wrong with them."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def note(self, where: str, text: str) -> None:
        self.findings.append(Finding("card", f"{where}: {text}"))

    def card(self, source: Mapping[str, Any]) -> Card | None:
        for unknown in sorted(set(source) - LISTS - TABLES):
            known = ", ".join(sorted(LISTS | TABLES))
            self.note(f"[{unknown}]", f"is not a section of a card; known are {known}.")
        if not isinstance(source.get("practice"), dict):
            self.note("[practice]", "is missing: it names the practice.")
            return None
        entry = Entry(self, "[practice]", source["practice"])
        kind = entry.one_of("kind", KINDS)
        card = Card(
            id=entry.key("id"),
            version=entry.text("version", like=(VERSION, "1.0.0")),
            kind=kind,
            type=entry.one_of("type", TYPES),
            name=entry.bilingual("name"),
            summary=entry.bilingual("summary"),
            area=entry.key("area"),
            licence=entry.text("licence"),
            process=self.process(entry, kind),
            evidence_level=entry.whole("evidence_level", otherwise=0, highest=HIGHEST_EVIDENCE_LEVEL),
            capabilities=entry.texts("capabilities", like=(CAPABILITY, "C01")),
            industries=entry.texts("industries"),
            pcf=self.each(source, "pcf", _pcf),
            roles=self.each(source, "role", _role),
            data_objects=self.each(source, "data_object", _data_object),
            kpis=self.each(source, "kpi", _kpi),
            facts=self.each(source, "fact", _fact),
            variation_points=self.each(source, "variation_point", _variation_point),
            estimate=self.estimate(source.get("estimate", {})),
            touchpoints=self.each(source, "touchpoint", _touchpoint),
            anchors=self.each(source, "anchor", _anchor),
            change_type=entry.one_of("change_type", CHANGE_TYPES, otherwise="adopt"),
            context=self.table(source, "context", read_context),
            origin=self.table(source, "origin", read_origin),
            situation=self.table(source, "situation", read_situation),
            technology=self.table(source, "technology", read_technology),
        )
        entry.close()
        self._kind(card)
        self._references(card)
        return card

    @staticmethod
    def process(entry: Entry, kind: str) -> str:
        """Only a process must have a main model; others name one when they have it."""
        if kind == "process" or "process" in entry.left:
            return entry.text("process", otherwise=MAIN_PROCESS)
        return ""

    def table(self, source: Mapping[str, Any], section: str, read: Callable[[Entry], Any]) -> Any:
        """What a section says that stands at most once; None when it is missing."""
        if section not in source:
            return None
        if not isinstance(source[section], dict):
            self.note(f"[{section}]", "must be a table.")
            return None
        return self.read(f"[{section}]", source[section], read)

    def _kind(self, card: Card) -> None:
        """A scenario tells its situation, a technology its contract, a component where it was cut out."""
        needs = {"scenario": "situation", "technology": "technology", "component": "origin"}
        section = needs.get(card.kind)
        if section and getattr(card, section) is None:
            self.note(f"[{section}]", f"is missing: a card of kind {card.kind} needs it.")
        for kind in ("scenario", "technology"):
            if card.kind != kind and getattr(card, needs[kind]) is not None:
                self.note(
                    f"[{needs[kind]}]", f"belongs into a card of kind {kind}, but this one is of kind {card.kind}."
                )

    def each(self, source: Mapping[str, Any], section: str, read: Callable[[Entry], Any]) -> tuple[Any, ...]:
        entries = source.get(section, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self.note(f"[[{section}]]", "must be a list of tables: write it with double brackets.")
            return ()
        found = [self.read(f"[[{section}]] {index}", entry, read) for index, entry in enumerate(entries, 1)]
        self._refuse_twins(section, found)
        return tuple(found)

    def read(self, where: str, source: Mapping[str, Any], read: Callable[[Entry], Any]) -> Any:
        entry = Entry(self, where, source)
        found = read(entry)
        entry.close()
        return found

    def _refuse_twins(self, section: str, found: list[Any]) -> None:
        names = [getattr(each, "key", None) or getattr(each, "number", None) for each in found]
        for twice in sorted({str(name) for name in names if name is not None and names.count(name) > 1}):
            self.note(f"[[{section}]]", f"'{twice}' stands twice: every {section.replace('_', ' ')} needs its own key.")

    def estimate(self, source: Any) -> Estimate:
        if not isinstance(source, dict):
            self.note("[estimate]", "must be a table.")
            return Estimate()
        entry = Entry(self, "[estimate]", source)
        estimate = Estimate(
            effect_drivers=entry.entries("effect_drivers", _effect_driver),
            cost_drivers=entry.entries("cost_drivers", _cost_driver),
            prerequisites=entry.texts("prerequisites"),
            excludes=entry.texts("excludes"),
        )
        entry.close()
        return estimate

    def _references(self, card: Card) -> None:
        kpis = {kpi.key for kpi in card.kpis}
        for driver in card.estimate.effect_drivers:
            if driver.kpi and driver.kpi not in kpis:
                self.note("[estimate] effect_drivers", f"the KPI '{driver.kpi}' is not among the card's [[kpi]].")
        roles = {role.key for role in card.roles}
        for driver in card.estimate.cost_drivers:
            if driver.role and driver.role not in roles:
                self.note("[estimate] cost_drivers", f"the role '{driver.role}' is not among the card's [[role]].")
        for touchpoint in card.touchpoints:
            clash = sorted(set(touchpoint.forbidden) & {*touchpoint.required, *touchpoint.optional})
            if clash:
                self.note(
                    f"[[touchpoint]] {touchpoint.key}", f"{', '.join(clash)} cannot be asked and forbidden at once."
                )


def _pcf(entry: Entry) -> Pcf:
    return Pcf(entry.whole("number"), entry.text("name"))


def _role(entry: Entry) -> Role:
    return Role(entry.key("key"), entry.bilingual("name"), entry.amount("hourly_rate"))


def _data_object(entry: Entry) -> DataObject:
    return DataObject(entry.text("name"), entry.one_of("access", ACCESSES))


def _kpi(entry: Entry) -> Kpi:
    return Kpi(
        entry.key("key"),
        entry.bilingual("name"),
        entry.one_of("unit", UNITS),
        entry.one_of("better", DIRECTIONS),
        entry.text("formula"),
        entry.text("description", otherwise="-").removeprefix("-"),
    )


def _fact(entry: Entry) -> Fact:
    fact = Fact(
        entry.key("key"),
        entry.text("formula", otherwise="-").removeprefix("-"),
        entry.texts("fields"),
        entry.text("figure", otherwise="-").removeprefix("-"),
    )
    if bool(fact.formula) == bool(fact.figure):
        entry.note(f"'{fact.key}' needs either a formula over one case, or the words of a figure.")
    if fact.fields and not fact.formula:
        entry.note(f"'{fact.key}' has fields but no formula that gives rows.")
    return fact


def _variation_point(entry: Entry) -> VariationPoint:
    point = VariationPoint(
        entry.key("key"),
        entry.bilingual("question"),
        entry.entries("options", _variation_option),
        entry.text("default"),
        entry.texts("elements"),
    )
    keys = [option.key for option in point.options]
    if len(keys) < 2:
        entry.note(f"'{point.key}' needs two options or more, found {len(keys)}.")
    if len(set(keys)) < len(keys):
        entry.note(f"'{point.key}': every option needs its own key.")
    if point.default and point.default not in keys:
        entry.note(f"the default '{point.default}' is not one of the options {', '.join(keys)}.")
    return point


def _variation_option(entry: Entry) -> VariationOption:
    return VariationOption(
        entry.key("key"),
        entry.bilingual("name"),
        entry.text("description", otherwise="-").removeprefix("-"),
        entry.texts("industries"),
    )


def _effect_driver(entry: Entry) -> EffectDriver:
    return EffectDriver(entry.text("kpi"), entry.text("formula"), entry.text("unit"))


def _cost_driver(entry: Entry) -> CostDriver:
    left = entry.left
    driver = CostDriver(
        role=entry.text("role") if "role" in left else None,
        hours=entry.amount("hours"),
        name=entry.text("name") if "name" in left else None,
        amount=entry.amount("amount"),
    )
    by_role = driver.role is not None and driver.hours is not None and driver.amount is None
    by_amount = driver.role is None and driver.name is not None and driver.amount is not None and driver.hours is None
    if not (by_role or by_amount):
        entry.note("needs either role and hours, or name and amount.")
    return driver


def _touchpoint(entry: Entry) -> Touchpoint:
    return Touchpoint(entry.key("key"), entry.texts("required"), entry.texts("optional"), entry.texts("forbidden"))


def _anchor(entry: Entry) -> Anchor:
    return Anchor(entry.text("figure"), entry.text("source"))
