"""A practice as it lies in its folder: the card, the models, the decisions, the forms, the words."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.errors import Finding, InvalidModel, NotFound

KINDS = ("process", "scenario", "technology")
TYPES = ("technique", "method", "process", "activity", "reward")
UNITS = ("share", "hours", "days", "count", "money")
DIRECTIONS = ("higher", "lower")
ACCESSES = ("read", "write")
HIGHEST_EVIDENCE_LEVEL = 3
LARGEST_FILE = 5 * 1024 * 1024
KEY = re.compile(r"[a-z][a-z0-9_]*")
VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
CAPABILITY = re.compile(r"[A-Z]\d{2}")
CARD = "practice.toml"


@dataclass(frozen=True)
class Text:
    """The same words in English and Chinese."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        return self.zh if language.lower().startswith("zh") else self.en


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
    process: str  # file name of the main model
    evidence_level: int = 0
    capabilities: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    pcf: tuple[Pcf, ...] = ()
    roles: tuple[Role, ...] = ()
    data_objects: tuple[DataObject, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    variation_points: tuple[VariationPoint, ...] = ()
    estimate: Estimate = Estimate()
    touchpoints: tuple[Touchpoint, ...] = ()
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True)
class Practice:
    """One practice folder, read."""

    card: Card
    models: Mapping[str, bytes]  # file name → BPMN
    decisions: Mapping[str, bytes]  # file name → DMN
    forms: Mapping[str, bytes]  # form key → form-js JSON
    scenarios: str = ""  # TOML
    readme: str = ""
    folder: Path | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def main_model(self) -> bytes:
        return self.models[self.card.process]


def shipped_practices() -> list[Path]:
    """The folders of the practices that come with Praxis, in order of area and name."""
    processes = Path(__file__).resolve().parent.parent / "processes"
    return sorted(card.parent for card in processes.glob(f"*/*/{CARD}"))


def read_practice(folder: Path) -> Practice:
    """The practice in this folder.

    Raises `NotFound` when the folder has no practice.toml, `InvalidModel` with one finding per thing that is wrong
    with the card, or when a file is missing or too large. Models, decisions and forms are not opened: see
    `practice_repo.practice_check.check_practice`.
    """
    folder = Path(folder)
    if not (folder / CARD).is_file():
        raise NotFound(f"{folder.name} has no {CARD}: a practice folder needs its card.")
    card = read_card(_text(folder / CARD))
    models = _files(folder, "*.bpmn")
    if card.process not in models:
        found = ", ".join(models) or "none"
        raise InvalidModel(f"{CARD} of {card.id}: the process file '{card.process}' is missing (found: {found}).")
    return Practice(
        card=card,
        models=models,
        decisions=_files(folder, "*.dmn"),
        forms={Path(name).stem: content for name, content in _files(folder / "forms", "*.json").items()},
        scenarios=_text(folder / "scenarios.toml"),
        readme=_text(folder / "README.md"),
        folder=folder,
    )


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


def _files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {path.name: _content(path) for path in sorted(folder.glob(pattern)) if path.is_file()}


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise InvalidModel(f"{path.name} has {size} bytes; at most {LARGEST_FILE} are read.")
    return path.read_bytes()


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    try:
        return _content(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidModel(f"{path.name} is not UTF-8 text: {error}.") from error


class _CardReader:
    """Reads the sections of a card and notes everything that is wrong with them."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def note(self, where: str, text: str) -> None:
        self.findings.append(Finding("card", f"{where}: {text}"))

    def card(self, source: Mapping[str, Any]) -> Card | None:
        sections = {"pcf", "role", "data_object", "kpi", "variation_point", "touchpoint", "anchor"}
        for unknown in sorted(set(source) - sections - {"practice", "estimate"}):
            known = ", ".join(sorted(sections | {"practice", "estimate"}))
            self.note(f"[{unknown}]", f"is not a section of a card; known are {known}.")
        if not isinstance(source.get("practice"), dict):
            self.note("[practice]", "is missing: it names the practice.")
            return None
        entry = _Entry(self, "[practice]", source["practice"])
        card = Card(
            id=entry.key("id"),
            version=entry.text("version", like=(VERSION, "1.0.0")),
            kind=entry.one_of("kind", KINDS),
            type=entry.one_of("type", TYPES),
            name=entry.bilingual("name"),
            summary=entry.bilingual("summary"),
            area=entry.key("area"),
            licence=entry.text("licence"),
            process=entry.text("process", otherwise="process.bpmn"),
            evidence_level=entry.whole("evidence_level", otherwise=0, highest=HIGHEST_EVIDENCE_LEVEL),
            capabilities=entry.texts("capabilities", like=(CAPABILITY, "C01")),
            industries=entry.texts("industries"),
            pcf=self.each(source, "pcf", _pcf),
            roles=self.each(source, "role", _role),
            data_objects=self.each(source, "data_object", _data_object),
            kpis=self.each(source, "kpi", _kpi),
            variation_points=self.each(source, "variation_point", _variation_point),
            estimate=self.estimate(source.get("estimate", {})),
            touchpoints=self.each(source, "touchpoint", _touchpoint),
            anchors=self.each(source, "anchor", _anchor),
        )
        entry.close()
        self._references(card)
        return card

    def each(self, source: Mapping[str, Any], section: str, read: Callable[["_Entry"], Any]) -> tuple[Any, ...]:
        entries = source.get(section, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self.note(f"[[{section}]]", "must be a list of tables: write it with double brackets.")
            return ()
        found = [self._read(f"[[{section}]] {index}", entry, read) for index, entry in enumerate(entries, 1)]
        self._refuse_twins(section, found)
        return tuple(found)

    def _read(self, where: str, source: Mapping[str, Any], read: Callable[["_Entry"], Any]) -> Any:
        entry = _Entry(self, where, source)
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
        entry = _Entry(self, "[estimate]", source)
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


class _Entry:
    """One table of the card; every reader takes an entry out, what is left at the end is unknown."""

    def __init__(self, reader: _CardReader, where: str, source: Mapping[str, Any]):
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

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.left.pop(name, None)
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

    def entries(self, name: str, read: Callable[["_Entry"], Any]) -> tuple[Any, ...]:
        value = self.left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.note(f"'{name}' must be a list of tables, found {_found(value)}.")
            return ()
        return tuple(
            self.reader._read(f"{self.where} {name} {index}", each, read) for index, each in enumerate(value, 1)
        )


def _found(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def _pcf(entry: _Entry) -> Pcf:
    return Pcf(entry.whole("number"), entry.text("name"))


def _role(entry: _Entry) -> Role:
    return Role(entry.key("key"), entry.bilingual("name"), entry.amount("hourly_rate"))


def _data_object(entry: _Entry) -> DataObject:
    return DataObject(entry.text("name"), entry.one_of("access", ACCESSES))


def _kpi(entry: _Entry) -> Kpi:
    return Kpi(
        entry.key("key"),
        entry.bilingual("name"),
        entry.one_of("unit", UNITS),
        entry.one_of("better", DIRECTIONS),
        entry.text("formula"),
        entry.text("description", otherwise="-").removeprefix("-"),
    )


def _variation_point(entry: _Entry) -> VariationPoint:
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


def _variation_option(entry: _Entry) -> VariationOption:
    return VariationOption(
        entry.key("key"),
        entry.bilingual("name"),
        entry.text("description", otherwise="-").removeprefix("-"),
        entry.texts("industries"),
    )


def _effect_driver(entry: _Entry) -> EffectDriver:
    return EffectDriver(entry.text("kpi"), entry.text("formula"), entry.text("unit"))


def _cost_driver(entry: _Entry) -> CostDriver:
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


def _touchpoint(entry: _Entry) -> Touchpoint:
    return Touchpoint(entry.key("key"), entry.texts("required"), entry.texts("optional"), entry.texts("forbidden"))


def _anchor(entry: _Entry) -> Anchor:
    return Anchor(entry.text("figure"), entry.text("source"))
