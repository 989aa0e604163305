"""Documents that somebody worked on: seeded edits of every kind of file, and what another tool makes of a file."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

from lxml import etree

from practice_repo.algebra.document import Document, Record, read_document
from practice_repo.practice import shipped_practices

WORDS = ("Check", "order", "客户", "Approve", "信用", "offer", "late", "报价", "Ship", "goods")
NODES = ("userTask", "serviceTask", "scriptTask", "callActivity", "exclusiveGateway", "businessRuleTask")


@cache
def shipped(ending: str) -> tuple[Path, ...]:
    """Models, decisions, cards, and the JSON files that are forms."""
    found = (path for folder in shipped_practices() for path in folder.rglob(f"*{ending}"))
    return tuple(sorted(path for path in found if ending != ".json" or path.parent.name == "forms"))


@cache
def document(path: Path) -> Document:
    return read_document(path.name, path.read_bytes())


def edited(base: Document, seed: int, number: int = 6) -> Document:
    """The document after some edits, as it would be read from its file."""
    random = Random(seed)
    records = dict(base.records)
    for _edit in range(number):
        with suppress(IndexError):  # nothing left to edit in this way
            random.choice(EDITS[base.kind])(records, random)
    return base.with_records(records).settled()


def of_kind(records: dict[str, Record], *kinds: str) -> list[Record]:
    return [record for record in records.values() if record.kind in kinds]


def put(records: dict[str, Record], key: str, **fields: object) -> None:
    records[key] = records[key].having(fields)


def new_key(records: dict[str, Record], stem: str) -> str:
    return next(f"{stem}_{number}" for number in range(1, 10_000) if f"{stem}_{number}" not in records)


def words(random: Random) -> str:
    return " ".join(random.sample(WORDS, 3))


# BPMN


def rename(records: dict[str, Record], random: Random) -> None:
    put(
        records,
        random.choice(of_kind(records, *NODES, "lane", "message", "startEvent", "endEvent")).key,
        name=words(random),
    )


def describe(records: dict[str, Record], random: Random) -> None:
    put(records, random.choice(of_kind(records, *NODES)).key, documentation=words(random))


def set_property(records: dict[str, Record], random: Random) -> None:
    name = random.choice(("extensionElements/praxis:property[name:zh]@value", "praxis:due", "praxis:topic"))
    put(records, random.choice(of_kind(records, *NODES)).key, **{name: words(random)})


def set_condition(records: dict[str, Record], random: Random) -> None:
    put(records, random.choice(of_kind(records, "sequenceFlow")).key, condition=f"x > {random.randint(0, 9)}")


def set_inputs(records: dict[str, Record], random: Random) -> None:
    path = "extensionElements/praxis:ioMapping/praxis:input"
    node = random.choice(of_kind(records, *NODES))
    order = (*node.get(f"{path}/order", ()), "x", "y")
    put(records, node.key, **{f"{path}[x]@source": "=1", f"{path}[y]@source": "=2", f"{path}/order": order})


def insert(records: dict[str, Record], random: Random) -> None:
    flow = random.choice(of_kind(records, "sequenceFlow"))
    key = new_key(records, "added")
    records[key] = Record(key, random.choice(NODES), key, {"parent": flow.parent, "name": words(random)})
    onward = new_key(records, "onward")
    fields = {"parent": flow.parent, "source": key, "target": flow.get("target")}
    records[onward] = Record(onward, "sequenceFlow", onward, fields)
    put(records, flow.key, target=key)


def delete(records: dict[str, Record], random: Random) -> None:
    """A node between two flows goes, the first flow takes over."""
    node = random.choice(of_kind(records, *NODES))
    into = [each for each in of_kind(records, "sequenceFlow") if each.get("target") == node.key]
    out = [each for each in of_kind(records, "sequenceFlow") if each.get("source") == node.key]
    used = [
        each
        for each in records.values()
        for _name, key in each.references()
        if key in {node.key, out[0].key if out else ""}
    ]
    if len(into) == len(out) == 1 and len(used) <= 3 and into[0].key != out[0].key:
        put(records, into[0].key, target=out[0].get("target"))
        for key in (node.key, out[0].key):
            del records[key]
        for each in list(records.values()):
            if out[0].key in each.get("flows", ()):
                put(records, each.key, flows=None)


def move_to_lane(records: dict[str, Record], random: Random) -> None:
    lanes = of_kind(records, "lane")
    if lanes:
        put(records, random.choice(of_kind(records, *NODES)).key, lane=random.choice(lanes).key)


def change_kind(records: dict[str, Record], random: Random) -> None:
    node = random.choice(of_kind(records, *NODES[:3], "manualTask"))
    records[node.key] = Record(node.key, "manualTask", node.id, node.fields)


def add_message(records: dict[str, Record], random: Random) -> None:
    key = new_key(records, "message")
    records[key] = Record(key, "message", key, {"parent": "", "name": key})


def reorder_flows(records: dict[str, Record], random: Random) -> None:
    found = [record for record in records.values() if record.get("flows")]
    if found:
        record = random.choice(found)
        put(records, record.key, flows=tuple(random.sample(record.get("flows"), len(record.get("flows")))))


# DMN


def change_cell(records: dict[str, Record], random: Random) -> None:
    rules = of_kind(records, "rule")
    if rules:
        rule = random.choice(rules)
        name = random.choice([name for name in rule.fields if name.startswith(("in:", "out:"))] or ["annotation"])
        put(records, rule.key, **{name: f"> {random.randint(0, 99)}"})


def change_table(records: dict[str, Record], random: Random) -> None:
    tables = of_kind(records, "decisionTable")
    if tables:
        put(records, random.choice(tables).key, hit_policy=random.choice(("UNIQUE", "FIRST", "ANY", "COLLECT")))


def change_rules(records: dict[str, Record], random: Random) -> None:
    tables = [table for table in of_kind(records, "decisionTable") if table.get("rules")]
    if not tables:
        return
    table = random.choice(tables)
    rules = list(table.get("rules"))
    if random.random() < 0.4 and len(rules) > 1:
        gone = rules.pop(random.randrange(len(rules)))
        del records[gone]
    elif random.random() < 0.7:
        key = new_key(records, "rule")
        records[key] = Record(key, "rule", key, {**records[rules[0]].fields, "annotation": words(random)})
        rules.insert(random.randrange(len(rules) + 1), key)
    else:
        random.shuffle(rules)
    put(records, table.key, rules=tuple(rules))


def add_decision(records: dict[str, Record], random: Random) -> None:
    key = new_key(records, "decision")
    needs = random.choice(of_kind(records, "decision", "inputData"))
    kind = "requiredDecision" if needs.kind == "decision" else "requiredInput"
    fields = {
        "parent": "",
        "name": key,
        "literalExpression/text": "1 + 1",
        f"requires:{needs.key}": f"informationRequirement/{kind}",
    }
    records[key] = Record(key, "decision", key, fields)


# forms and cards


def change_field(records: dict[str, Record], random: Random) -> None:
    field = random.choice(of_kind(records, "component", "form"))
    change = random.choice(
        ({"label": words(random)}, {"validate/required": True}, {"validate/min": 0.5}, {"label:zh": None})
    )
    put(records, field.key, **change)


def change_fields(records: dict[str, Record], random: Random) -> None:
    form = records["form"]
    fields = list(form.get("components", ()))
    chance = random.random()
    if chance < 0.4 and fields and not any(each.parent == fields[-1] for each in records.values()):
        del records[fields.pop()]
    elif chance < 0.8:
        key = new_key(records, "field")
        said = {"parent": "form", "type": "textfield", "key": key, "label": words(random)}
        records[key] = Record(key, "component", f"Field_{key}", said)
        fields.insert(random.randrange(len(fields) + 1), key)
    else:
        random.shuffle(fields)
    put(records, "form", components=tuple(fields) or None)


def change_entry(records: dict[str, Record], random: Random) -> None:
    record = random.choice(list(records.values()))
    put(
        records,
        record.key,
        **{
            random.choice(("description", "extra", *(("name/en",) if "name/en" in record.fields else ()))): words(
                random
            )
        },
    )


def drop_entry(records: dict[str, Record], random: Random) -> None:
    entries = [key for key in records if ":" in key]
    if entries:
        del records[random.choice(entries)]


EDITS: dict[str, tuple[Callable[[dict[str, Record], Random], None], ...]] = {
    "bpmn": (
        rename, describe, set_property, set_condition, set_inputs, insert, insert, delete, delete, move_to_lane,
        change_kind, add_message, reorder_flows,
    ),
    "dmn": (change_cell, change_cell, change_table, change_rules, change_rules, add_decision),
    "form": (change_field, change_fields),
    "card": (change_entry, change_entry, drop_entry),
}  # fmt: skip


# other tools


def round_trip(content: bytes) -> bytes:
    """What an export of another tool makes of a model: other ids, prefixes, defaults written out, its own metadata."""
    root = etree.fromstring(content)
    ids = {node.get("id") for node in root.iter() if isinstance(node.tag, str) and node.get("id")}
    renamed = {identifier: f"sid-{number:05d}" for number, identifier in enumerate(sorted(ids))}
    renamed |= {f"tns:{identifier}": f"tns:{other}" for identifier, other in renamed.items()}
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        local = etree.QName(node).localname
        for name, value in list(node.attrib.items()):
            if name == "id" or name.endswith("Ref") or name in {"default", "bpmnElement"}:
                node.set(name, renamed.get(value, value))
            elif name == "href":
                node.set(name, "#" + renamed.get(value[1:], value[1:]))
        if local in {"incoming", "outgoing"} or local.endswith(("Ref", "Refs")):
            node.text = renamed.get(node.text, node.text)
        if local.endswith("Task") or local == "callActivity":
            node.set("isForCompensation", "false")
            node.set("startQuantity", "1")
            node.set("{http://www.signavio.com}bgcolor", "#ffffcc")
        if local.endswith("Gateway"):
            node.set("gatewayDirection", "Unspecified")
        if local == "Bounds":
            node.set("x", str(float(node.get("x")) + 7))
    root.set("exporter", "Some other tool")
    root.set("exporterVersion", "1.2")
    text = etree.tostring(root).decode()
    return re.sub(r"(</?|xmlns:)bpmn(?=[:=])", r"\1semantic", text).replace("bpmn:tFormal", "semantic:tFormal").encode()
