"""Random valid changes to the files of a practice, with the script of what was changed as the truth.

    mutated = mutate({"process.bpmn": content}, seed=7, count=4)
    mutated.files["process.bpmn"], [(each.type, each.target) for each in mutated.script]

Every file stays valid: a BPMN file has no finding of the gate and of the soundness check that it did not have before.
Every element is the target of at most one mutation, and what a mutation added is the target of no other one; but their
neighbourhoods overlap as chance will have it.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from engine.bpmn import names, read_model
from engine.bpmn.lint import lint
from engine.errors import EngineError
from engine.play import read_decisions
from practice_repo.algebra.soundness import check_soundness
from tests.support.diagram_mutations import MUTATORS, Diagram, Drawn, shallow
from tests.support.random_models import random_process
from tests.support.table_mutations import FORM_MUTATORS, RULE_MUTATORS, Form, Rules

PACKS = Path(__file__).parents[2] / "processes"
MOST_TRIES = 80
USED = ("other", "members", "also", "around", "with")  # details that name further elements that a mutation uses up


@dataclass(frozen=True)
class Mutation:
    """What was done: a type of the operations table, its target (an id or form key of the file) and where."""

    type: str
    file: str
    target: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mutated:
    files: dict[str, bytes]
    script: tuple[Mutation, ...]

    @property
    def content(self) -> bytes:
        """The only file."""
        (content,) = self.files.values()
        return content


def mutate(
    files: Mapping[str, bytes],
    seed: int,
    count: int,
    *,
    kinds: Collection[str] | None = None,
    region: Collection[str] | None = None,
    strip_uids: bool = False,
) -> Mutated:
    """The files after `count` random changes (fewer when no more are found), and the script.

    `kinds` are the types to draw from. With a `region` only elements with these ids (form fields: keys) and new ones
    are touched. With `strip_uids` nothing in the result has its old id or uid, as after drawing it anew; the script
    then names new elements by the ids that the result has, and all others by those of the given files.
    """
    mutator = _Mutator(files, random.Random(seed), kinds, region)
    for _ in range(count):
        mutator.step()
    result, script = dict(mutator.files), tuple(mutator.script)
    if strip_uids:
        result, script = _with_other_ids(files, result, script, random.Random(seed + 1))
    return Mutated(result, script)


def single(content: bytes, seed: int, count: int, **options: Any) -> Mutated:
    """`mutate` for one BPMN file."""
    return mutate({"process.bpmn": content}, seed, count, **options)


class _Mutator:
    def __init__(
        self,
        files: Mapping[str, bytes],
        chance: random.Random,
        kinds: Collection[str] | None,
        region: Collection[str] | None,
    ):
        self.files = dict(files)
        self.chance = chance
        self.kinds = kinds
        self.region = None if region is None else set(region)
        self.known = {name: set(_elements(name, content)) for name, content in files.items()}
        self.spent: dict[str, set[str]] = {name: set() for name in files}
        self.script: list[Mutation] = []

    def step(self) -> None:
        for _ in range(MOST_TRIES):
            if self.tried(*self.choice()):
                return

    def choice(self) -> tuple[str, str]:
        """A file and a type; diagrams change most."""
        weights = {".bpmn": 6, ".dmn": 2, ".json": 1}
        offered = {name: self.offered(name) for name in self.files}
        candidates = [name for name, kinds in offered.items() if kinds]
        endings = Counter(Path(name).suffix for name in candidates)
        chances = [weights[Path(name).suffix] / endings[Path(name).suffix] for name in candidates]
        name = self.chance.choices(candidates, chances)[0]
        return name, self.chance.choice(offered[name])

    def offered(self, name: str) -> list[str]:
        tables: dict[str, Mapping[str, Any]] = {".bpmn": MUTATORS, ".dmn": RULE_MUTATORS, ".json": FORM_MUTATORS}
        return [each for each in tables.get(Path(name).suffix, {}) if self.kinds is None or each in self.kinds]

    def tried(self, name: str, kind: str) -> bool:
        before = self.files[name]
        after, drawn = _drawn(name, kind, before, self.chance, frozenset(self.spent[name]))
        if drawn is None or not _is_valid(name, after, before) or not self.stays_inside(name, before, after):
            return False
        self.files[name] = after
        self.script.append(Mutation(drawn.type, name, drawn.target, drawn.details))
        new = set(_elements(name, after)) - self.known[name]
        used = {each for key in USED for each in _listed(drawn.details.get(key))}
        self.spent[name] |= new | used | {drawn.target}
        return True

    def stays_inside(self, name: str, before: bytes, after: bytes) -> bool:
        if self.region is None:
            return True
        old, new = _elements(name, before), _elements(name, after)
        touched = {key for key, text in old.items() if new.get(key) != text}
        return touched & self.known[name] <= self.region


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _drawn(
    name: str, kind: str, content: bytes, chance: random.Random, spent: frozenset[str]
) -> tuple[bytes, Drawn | None]:
    opened: Any
    if name.endswith(".bpmn"):
        opened, change = Diagram(content, chance), MUTATORS[kind]
    elif name.endswith(".dmn"):
        opened, change = Rules(content, chance), RULE_MUTATORS[kind]
    else:
        opened, change = Form(content, chance), FORM_MUTATORS[kind]
    drawn = change(opened, spent)  # type: ignore[operator]
    return (opened.content(), drawn) if drawn else (content, None)


def _is_valid(name: str, after: bytes, before: bytes) -> bool:
    if name.endswith(".bpmn"):
        return problems(after) is not None and problems(after) <= (problems(before) or Counter())
    try:
        if name.endswith(".dmn"):
            read_decisions([after])
    except EngineError:
        return False
    return True


@cache
def problems(content: bytes) -> Counter | None:
    """How often which rule of the gate and of soundness is broken; None: the file cannot be read at all."""
    try:
        model = read_model(content)
    except EngineError:
        return None
    findings = [*lint(model), *check_soundness(model)]
    return Counter(finding.rule for finding in findings if finding.severity == "error")


def _elements(name: str, content: bytes) -> dict[str, str]:
    """What stands in the file: id or key → all that is said there."""
    if name.endswith(".bpmn"):
        return dict(shallow(content))
    if name.endswith(".dmn"):
        root = etree.fromstring(content)
        rules = [node for node in root.iter() if isinstance(node.tag, str) and etree.QName(node).localname == "rule"]
        return {node.get("id"): etree.tostring(node, with_tail=False).decode() for node in rules if node.get("id")}
    if name.endswith(".json"):
        fields = Form(content, random.Random(0)).fields(frozenset())
        return {field["key"]: json.dumps(field, sort_keys=True) for _, field in fields}
    return {}


# Models to change


@cache
def pack_models() -> dict[str, bytes]:
    """Every BPMN file of the shipped packs, by its path below `processes`."""
    return {str(path.relative_to(PACKS)): path.read_bytes() for path in sorted(PACKS.glob("*/*/*.bpmn"))}


@cache
def pack_files(pack: str) -> dict[str, bytes]:
    """The diagrams, tables and forms of a pack (`sales/lead_to_order`), by their path in it."""
    folder = PACKS / pack
    found = [*folder.glob("*.bpmn"), *folder.glob("*.dmn"), *folder.glob("forms/*.json")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}


@cache
def generated_models(count: int = 10) -> dict[str, bytes]:
    """Random block-structured models of twenty to a hundred elements."""
    found: dict[str, bytes] = {}
    seed = 0
    while len(found) < count:
        content = random_process(seed)
        if 20 <= len(list(read_model(content).processes[0].walk())) <= 100 and not problems(content):
            found[f"generated_{seed}.bpmn"] = content
        seed += 1
    return found


def split_regions(content: bytes) -> tuple[frozenset[str], frozenset[str]]:
    """Two disjoint halves of a BPMN file: the flow nodes nearer to its start, and the others, each with its flows.

    Flows from one half to the other belong to none; what lies in a sub-process belongs to the half of the outermost.
    """
    diagram = Diagram(content, random.Random(0))
    outermost = {key: _outermost(diagram, key) for key in diagram.flow_nodes()}
    order = list(dict.fromkeys(outermost[key] for key in _walk(diagram)))
    early = set(order[: len(order) // 2])
    halves: tuple[set[str], set[str]] = (set(), set())
    for key, top in outermost.items():
        halves[top not in early].add(key)
    for flow in diagram.flows():
        for half in halves:
            if {diagram.source(flow), diagram.target(flow)} <= half:
                half.add(flow)
    return frozenset(halves[0]), frozenset(halves[1])


def _outermost(diagram: Diagram, key: str) -> str:
    while diagram.kind(diagram.scope(key)) in names.SUB_PROCESSES:
        key = diagram.scope(key)
    return diagram.by_id[key].get("attachedToRef", key)


def _walk(diagram: Diagram) -> list[str]:
    """Flow nodes, breadth first from those that nothing leads to."""
    seen: dict[str, None] = {}
    ahead = [key for key in diagram.flow_nodes() if not diagram.incoming.get(key)] + diagram.flow_nodes()
    while ahead:
        key = ahead.pop(0)
        if key not in seen:
            seen[key] = None
            ahead = [diagram.target(flow) for flow in diagram.outgoing.get(key, ())] + ahead
    return list(seen)


# New names for everything


def _with_other_ids(
    base: Mapping[str, bytes], files: Mapping[str, bytes], script: tuple[Mutation, ...], chance: random.Random
) -> tuple[dict[str, bytes], tuple[Mutation, ...]]:
    result: dict[str, bytes] = {}
    renamed: dict[str, dict[str, str]] = {}
    for name, content in files.items():
        if name.endswith(".bpmn"):
            result[name], renamed[name] = _renamed_diagram(content, chance)
        elif name.endswith(".dmn"):
            result[name], renamed[name] = _renamed_rules(content, chance)
        elif name.endswith(".json"):
            text = re.sub(rb'("id": ")(?!%s")[^"]*"' % Path(name).stem.encode(), rb'\1_"', content)
            result[name], renamed[name] = text, {}
        else:
            result[name], renamed[name] = content, {}
    known = {name: set(_elements(name, base[name])) for name in base}

    def told(mutation: Mutation) -> Mutation:
        new = renamed[mutation.file].get(mutation.target)
        is_new = mutation.target not in known[mutation.file]
        return Mutation(mutation.type, mutation.file, new, mutation.details) if new and is_new else mutation

    return result, tuple(told(mutation) for mutation in script)


def _renamed_diagram(content: bytes, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    """Other ids for all but the processes, whose ids other files call; no uids."""
    root = etree.fromstring(content)
    kept = {node.get("id") for node in root.iter(names.bpmn("process"))} | {root.get("id")}
    new = {
        node.get("id"): f"el_{chance.getrandbits(48):012x}"
        for node in root.iter()
        if isinstance(node.tag, str) and node.get("id") and node.get("id") not in kept
    }
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        node.attrib.pop(names.qualified(names.PRAXIS, "uid"), None)
        for attribute, value in node.attrib.items():
            local = names.split(attribute)[1]
            if value in new and (local in ("id", "default", "bpmnElement") or local.endswith("Ref")):
                node.set(attribute, new[value])
        text = (node.text or "").strip()
        if text in new and names.split(node.tag)[1].endswith(("Ref", "Refs", "incoming", "outgoing")):
            node.text = new[text]
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), new


def _renamed_rules(content: bytes, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    """Other ids for rules, columns and cells; decisions keep theirs, processes call them by it."""
    root = etree.fromstring(content)
    new = {}
    for node in root.iter():
        local = etree.QName(node).localname if isinstance(node.tag, str) else ""
        if local in {"rule", "inputEntry", "outputEntry", "input", "output", "inputExpression"} and node.get("id"):
            new[node.get("id")] = f"el_{chance.getrandbits(48):012x}"
            node.set("id", new[node.get("id")])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8"), new
