"""What lists show of a practice, out of its card: kept with every version, so that lists open no files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from practice_repo.practice import Card, Text

FACETS = ("area", "kind", "type", "industry", "pcf", "kpi", "capability", "evidence_level")
EVIDENCE = (
    Text("Claimed", "仅有主张"),
    Text("Measured in one enterprise", "在一家企业测量"),
    Text("Measured in three or more", "在三家以上测量"),
    Text("Controlled comparison", "对照比较"),
)
TYPE_NAMES = {
    "technique": Text("Technique", "技术"),
    "method": Text("Method", "方法"),
    "process": Text("Process", "流程"),
    "activity": Text("Activity", "活动"),
    "reward": Text("Reward", "回报"),
}
KIND_NAMES = {
    "process": Text("Process", "流程原型"),
    "scenario": Text("Scenario", "情景原型"),
    "technology": Text("Technology", "技术应用原型"),
    "component": Text("Component", "组件"),
}
AREA_NAMES = {
    "sales": Text("Sales", "销售"),
    "marketing": Text("Marketing", "市场营销"),
    "service": Text("Service and support", "服务与支持"),
    "method": Text("Method", "方法"),
    "technology": Text("Technology application", "技术应用"),
    "scenarios": Text("Scenarios", "情景"),
}


@dataclass(frozen=True)
class FacetEntry:
    name: str
    value: str
    label: Text


def described(card: Card) -> dict[str, Any]:
    """The card as plain JSON, as far as lists show it."""
    return {
        "name": _both(card.name),
        "summary": _both(card.summary),
        "area": card.area,
        "kind": card.kind,
        "type": card.type,
        "change_type": card.change_type,
        "industries": list(card.industries),
        "capabilities": list(card.capabilities),
        "pcf": [{"number": pcf.number, "name": pcf.name} for pcf in card.pcf],
        "kpis": [{"key": kpi.key, **_both(kpi.name)} for kpi in card.kpis],
        "roles": [{"key": role.key, **_both(role.name)} for role in card.roles],
    }


def facet_entries(card: Card, evidence_level: int) -> Iterator[FacetEntry]:
    """By what the practice can be found, each value once."""
    yield FacetEntry("area", card.area, AREA_NAMES.get(card.area, _same(card.area)))
    yield FacetEntry("kind", card.kind, KIND_NAMES.get(card.kind, _same(card.kind)))
    yield FacetEntry("type", card.type, TYPE_NAMES.get(card.type, _same(card.type)))
    yield FacetEntry("evidence_level", str(evidence_level), EVIDENCE[evidence_level])
    for industry in dict.fromkeys(card.industries):
        yield FacetEntry("industry", industry, _same(industry))
    for pcf in {pcf.number: pcf for pcf in card.pcf}.values():
        yield FacetEntry("pcf", str(pcf.number), Text(f"{pcf.number} {pcf.name}", f"{pcf.number} {pcf.name}"))
    for kpi in card.kpis:
        yield FacetEntry("kpi", kpi.key, kpi.name)
    for capability in dict.fromkeys(card.capabilities):
        yield FacetEntry("capability", capability, Text(capability, capability))


def search_text(card: Card) -> str:
    """The words that a text search looks into, in lower case."""
    texts = [card.id, card.name.en, card.name.zh, card.summary.en, card.summary.zh, card.area, *card.industries]
    texts += [word for kpi in card.kpis for word in (kpi.key, kpi.name.en, kpi.name.zh)]
    texts += [word for role in card.roles for word in (role.name.en, role.name.zh)]
    texts += [pcf.name for pcf in card.pcf]
    return " ".join(texts).lower()


def text_of(content: Mapping[str, str] | None) -> Text:
    return Text(content["en"], content["zh"]) if content else Text("", "")


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _same(word: str) -> Text:
    shown = word.replace("_", " ").capitalize()
    return Text(shown, shown)
