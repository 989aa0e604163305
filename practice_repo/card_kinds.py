"""The sections that only some cards have: a scenario's situation, a technology's contract, an origin, a context."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from practice_repo.card_entry import VERSION, Entry, Text

SIZES = ("micro", "small", "medium", "large")
SETTING_TYPES = ("text", "number", "boolean", "choice", "secret")
VALUE_TYPES = ("text", "number", "boolean", "date", "datetime", "list", "context")
ADAPTER_KINDS = ("stub", "real")
CHARGES = ("use", "month", "year")
RELATIONS = ("variant", "component", "import")
PARTS = ("sub_process", "rule_table", "form", "role_set")


@dataclass(frozen=True)
class Context:
    """Where a practice has been used or fits: each dimension is a list of keys, empty for "anywhere" (A24)."""

    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()  # micro | small | medium | large
    channels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bundled:
    """A practice that a scenario takes, with the answers to its questions and the variables a case starts with."""

    practice: str
    version: str  # this one or a later one with the same first number
    choices: Mapping[str, str] = field(default_factory=dict)  # variation point → option
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """A file of the pack with data to try the scenario on; `kind` is what `praxis import` calls it."""

    file: str
    kind: str
    description: str = ""


@dataclass(frozen=True)
class Situation:
    """What a scenario is about (A03); its acceptance script is scenarios.toml, played against the bundle."""

    industry: str
    sizes: tuple[str, ...]
    channels: tuple[str, ...]
    product_type: str
    goal: Text
    goal_kpis: tuple[str, ...]  # keys of the bundled practices' KPIs
    start_conditions: tuple[Text, ...]
    exit_conditions: tuple[Text, ...]
    bundle: tuple[Bundled, ...]
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class ContractValue:
    name: str
    type: str  # text number boolean date datetime list context
    required: bool = False
    description: str = ""


@dataclass(frozen=True)
class Contract:
    """What one topic takes and gives, and the BPMN errors it may raise."""

    topic: str
    inputs: tuple[ContractValue, ...]
    outputs: tuple[ContractValue, ...]
    errors: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Setting:
    key: str
    name: Text
    type: str  # text number boolean choice secret
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adapter:
    """Something that fulfils the contract; `settings` are the keys that it needs.

    `simulate` is what a stub answers, topic → FEEL, as the `simulators` of a scenario say it.
    """

    key: str
    kind: str  # stub | real
    name: Text
    description: str = ""
    settings: tuple[str, ...] = ()
    simulate: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunningCost:
    name: str
    amount: Decimal
    per: str  # use | month | year


@dataclass(frozen=True)
class Use:
    """Elements of a practice that need the technology."""

    practice: str
    elements: tuple[str, ...]


@dataclass(frozen=True)
class Technology:
    """A pluggable capability (A04): its contract, what is set, who fulfils it, what it costs, who uses it."""

    contract: tuple[Contract, ...]
    settings: tuple[Setting, ...]
    adapters: tuple[Adapter, ...]
    running_costs: tuple[RunningCost, ...]
    used_by: tuple[Use, ...]


@dataclass(frozen=True)
class Origin:
    """Where a pack comes from: the practice, its version and digest, and how this one relates to it."""

    practice: str
    version: str
    digest: str  # of the origin's package, empty when unknown
    relation: str  # variant | component | import
    part: str = ""  # of a component: sub_process | rule_table | form | role_set
    name: str = ""  # of a component: the key of that part in the origin


def read_context(entry: Entry) -> Context:
    return Context(
        industries=entry.texts("industries"),
        sizes=_sizes(entry),
        channels=entry.texts("channels"),
        regions=entry.texts("regions"),
        product_types=entry.texts("product_types"),
    )


def read_situation(entry: Entry) -> Situation:
    situation = Situation(
        industry=entry.key("industry"),
        sizes=_sizes(entry),
        channels=entry.texts("channels"),
        product_type=entry.text("product_type"),
        goal=entry.bilingual("goal"),
        goal_kpis=entry.texts("goal_kpis"),
        start_conditions=entry.entries("start_conditions", _words),
        exit_conditions=entry.entries("exit_conditions", _words),
        bundle=entry.entries("bundle", _bundled),
        samples=entry.entries("sample", _sample),
    )
    for name in ("start_conditions", "exit_conditions", "bundle"):
        if not getattr(situation, name):
            entry.note(f"'{name}' is empty: a scenario needs at least one.")
    return situation


def read_technology(entry: Entry) -> Technology:
    technology = Technology(
        contract=entry.entries("contract", _contract),
        settings=entry.entries("setting", _setting),
        adapters=entry.entries("adapter", _adapter),
        running_costs=entry.entries("running_cost", _running_cost),
        used_by=entry.entries("used_by", _use),
    )
    if not technology.contract:
        entry.note("'contract' is empty: say which topics the technology fulfils.")
    if {adapter.kind for adapter in technology.adapters} != set(ADAPTER_KINDS):
        entry.note("'adapter' needs a stub and at least one real adapter.")
    known = {setting.key for setting in technology.settings}
    for adapter in technology.adapters:
        for key in adapter.settings:
            if key not in known:
                entry.note(f"the adapter '{adapter.key}' needs the setting '{key}', which is not described.")
    return technology


def read_origin(entry: Entry) -> Origin:
    relation = entry.one_of("relation", RELATIONS)
    return Origin(
        practice=entry.key("practice"),
        version=entry.text("version", like=(VERSION, "1.0.0")),
        digest=entry.text("digest", otherwise="-").removeprefix("-"),
        relation=relation,
        part=entry.one_of("part", PARTS) if relation == "component" else "",
        name=entry.text("name") if relation == "component" else "",
    )


def _sizes(entry: Entry) -> tuple[str, ...]:
    sizes = entry.texts("sizes")
    for size in sizes:
        if size not in SIZES:
            entry.note(f"every entry of 'sizes' must be one of {', '.join(SIZES)}, found '{size}'.")
    return sizes


def _words(entry: Entry) -> Text:
    return Text(entry.text("en"), entry.text("zh"))


def _bundled(entry: Entry) -> Bundled:
    choices = entry.table("choices")
    if not all(isinstance(choice, str) for choice in choices.values()):
        entry.note("'choices' must name one option per variation point.")
    return Bundled(
        entry.key("practice"), entry.text("version", like=(VERSION, "1.0.0")), choices, entry.table("parameters")
    )


def _sample(entry: Entry) -> Sample:
    return Sample(entry.text("file"), entry.text("kind"), entry.text("description", otherwise="-").removeprefix("-"))


def _contract(entry: Entry) -> Contract:
    return Contract(
        entry.text("topic"),
        entry.entries("inputs", _contract_value),
        entry.entries("outputs", _contract_value),
        entry.texts("errors"),
        entry.text("description", otherwise="-").removeprefix("-"),
    )


def _contract_value(entry: Entry) -> ContractValue:
    return ContractValue(
        entry.text("name"),
        entry.one_of("type", VALUE_TYPES),
        entry.flag("required"),
        entry.text("description", otherwise="-").removeprefix("-"),
    )


def _setting(entry: Entry) -> Setting:
    setting = Setting(
        entry.key("key"),
        entry.bilingual("name"),
        entry.one_of("type", SETTING_TYPES),
        entry.flag("required"),
        entry.left.pop("default", None),
        entry.texts("choices"),
    )
    if setting.type == "choice" and not setting.choices:
        entry.note("a setting of type choice needs 'choices'.")
    if setting.type == "secret" and setting.default is not None:
        entry.note("a secret has no default: it is never part of a pack.")
    return setting


def _adapter(entry: Entry) -> Adapter:
    return Adapter(
        entry.key("key"),
        entry.one_of("kind", ADAPTER_KINDS),
        entry.bilingual("name"),
        entry.text("description", otherwise="-").removeprefix("-"),
        entry.texts("settings"),
        entry.table("simulate"),
    )


def _running_cost(entry: Entry) -> RunningCost:
    return RunningCost(entry.text("name"), entry.amount("amount") or Decimal(0), entry.one_of("per", CHARGES))


def _use(entry: Entry) -> Use:
    return Use(entry.key("practice"), entry.texts("elements"))
