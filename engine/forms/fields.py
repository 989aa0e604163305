"""The components of a form, frozen, with their texts in English and Chinese."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.feel import EvaluationError, compile_expression

INPUTS = frozenset(
    {"textfield", "textarea", "number", "checkbox", "select", "radio", "checklist", "datetime", "filepicker"}
)
CHOICES = frozenset({"select", "radio", "checklist"})
SHOWN_ONLY = frozenset({"text", "separator", "table"})
CONTAINERS = frozenset({"group", "dynamiclist"})
TYPES = INPUTS | SHOWN_ONLY | CONTAINERS


class Formula:
    """A FEEL expression of a form. A failed evaluation is null, as everywhere in FEEL."""

    def __init__(self, source: str, names: tuple[str, ...] = ()):
        self.source = source
        self._compiled = compile_expression(source, names)

    def value(self, variables: Mapping[str, Any], now: Any) -> Any:
        try:
            return self._compiled.evaluate(variables, now=now)
        except EvaluationError:
            return None

    def __repr__(self) -> str:
        return f"Formula({self.source!r})"


@dataclass(frozen=True)
class Setting:
    """A property that is written as a literal or as "=FEEL"."""

    literal: Any = None
    formula: Formula | None = None

    def value(self, variables: Mapping[str, Any], now: Any) -> Any:
        return self.formula.value(variables, now) if self.formula else self.literal

    @property
    def is_set(self) -> bool:
        return self.formula is not None or self.literal is not None


@dataclass(frozen=True)
class Option:
    """One choice of a select, radio or checklist."""

    value: Any
    labels: Mapping[str, str]

    def label(self, language: str = "en") -> str:
        return self.labels.get(language) or self.labels["en"]


@dataclass(frozen=True)
class Rules:
    """What a value must satisfy."""

    required: Setting = Setting()
    min: Setting = Setting()
    max: Setting = Setting()
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    kind: str | None = None  # email | phone
    decimal_digits: int | None = None


@dataclass(frozen=True)
class Field:
    """One component. `name` is unique in its form (or row): the key, the list's path, or the component's id."""

    name: str
    type: str
    key: str | None = None  # the variable (or row entry) it writes; None for what is only shown
    subtype: str | None = None  # datetime: date | time | datetime
    texts: Mapping[str, str] = field(default_factory=dict)  # "label", "label:zh", "description", "text", …
    default: Setting = Setting()
    readonly: Setting = Setting()
    hide: Formula | None = None
    rules: Rules = Rules()
    options: tuple[Option, ...] = ()
    options_formula: Formula | None = None
    fields: tuple["Field", ...] = ()  # of a group or a dynamic list
    default_rows: int = 0
    rows: Formula | None = None  # table: the list it shows
    columns: tuple[Option, ...] = ()  # table: entry key (value) and heading
    multiple: bool = False  # filepicker
    add_and_remove: bool = True  # dynamic list: may the person add and remove rows?
    templates: Mapping[str, tuple[str | Formula, ...]] = field(default_factory=dict)  # text: by language, cut at {{ }}
    appearance: Mapping[str, Any] = field(default_factory=dict)  # layout hints, passed on to the screen

    def label(self, language: str = "en") -> str:
        """The component's caption; its name where it has none."""
        return self.words("label", language) or self.name

    def description(self, language: str = "en") -> str:
        return self.words("description", language)

    def words(self, name: str, language: str = "en") -> str:
        """A text of the component in this language, else in English, else empty."""
        return self.texts.get(f"{name}:{language}") or self.texts.get(name, "")

    @property
    def labels(self) -> dict[str, str]:
        return {"en": self.label("en"), "zh": self.label("zh")}

    @property
    def is_input(self) -> bool:
        return self.type in INPUTS or self.type == "dynamiclist"

    def is_hidden(self, variables: Mapping[str, Any], now: Any) -> bool:
        return self.hide is not None and self.hide.value(variables, now) is True

    def is_readonly(self, variables: Mapping[str, Any], now: Any) -> bool:
        return self.readonly.value(variables, now) is True

    def choices(self, variables: Mapping[str, Any], now: Any) -> tuple[Option, ...]:
        """The options now: those written down, or those the expression gives."""
        if self.options_formula is None:
            return self.options
        found = self.options_formula.value(variables, now)
        return tuple(_option(item) for item in found) if isinstance(found, list | tuple) else ()


def walk(fields: tuple[Field, ...]) -> Iterator[Field]:
    """The fields and those in their groups; rows of dynamic lists are a world of their own."""
    for each in fields:
        yield each
        if each.type == "group":
            yield from walk(each.fields)


def _option(item: Any) -> Option:
    if isinstance(item, Mapping):
        value = item.get("value")
        label = item.get("label")
        labels = {"en": str(value if label is None else label)}
        if item.get("label:zh"):
            labels["zh"] = str(item["label:zh"])
        return Option(value, labels)
    return Option(item, {"en": str(item)})
