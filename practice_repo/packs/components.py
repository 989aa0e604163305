"""Parts of a practice that can be acquired alone: a called process with all it needs, a rule table, a form, roles.

Each becomes a small pack of kind `component` whose card says in [origin] where it was cut out, so that the link to
the prototype (and its later versions) is kept.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.bpmn import read_model
from engine.bpmn.elements import CallActivity, CatchOrThrow, Element, Model, Process, Task
from engine.bpmn.writer import Editor
from engine.dmn import Definitions, read_dmn
from engine.errors import InvalidModel, NotFound
from practice_repo.card import CARD
from practice_repo.card_kinds import PARTS
from practice_repo.card_writer import write_toml
from practice_repo.packs.archive import InvalidPack, Pack, make_pack

ALL_ROLES = "all"
KEPT_WORDS = ("LICENSE", "NOTICE")


@dataclass
class _Cut:
    """What goes into the component, as it is found out."""

    id: str
    name: dict[str, str]
    type: str
    process: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    roles: set[str] = field(default_factory=set)
    touchpoints: set[str] = field(default_factory=set)
    elements: set[str] = field(default_factory=set)  # that variation points may name
    processes: set[str] = field(default_factory=set)
    scenarios: list[dict[str, Any]] = field(default_factory=list)


class _Whole:
    """The pack that a part is cut out of, with its files read."""

    def __init__(self, pack: Pack):
        self.pack = pack
        self.card: dict[str, Any] = tomllib.loads(pack.files[CARD].decode(), parse_float=Decimal)
        self.models: dict[str, Model] = {
            path: read_model(content) for path, content in pack.files.items() if path.endswith(".bpmn")
        }
        self.decisions: dict[str, Definitions] = {
            path: read_dmn(content) for path, content in pack.files.items() if path.endswith(".dmn")
        }

    def processes(self) -> Iterator[tuple[str, Process]]:
        for path, model in self.models.items():
            for process in model.processes:
                yield path, process

    def find_process(self, process_id: str) -> tuple[str, Process] | None:
        return next(((path, found) for path, found in self.processes() if found.id == process_id), None)

    def user_tasks(self) -> Iterator[Task]:
        for _path, process in self.processes():
            for element in process.walk():
                if isinstance(element, Task) and element.type == "userTask":
                    yield element

    def names(self, kind: str) -> list[str]:
        """What a component of this kind can be called."""
        if kind == "sub_process":
            return sorted(process.id for _path, process in self.processes() if process.id != self.pack.id)
        if kind == "rule_table":
            return sorted(found for definitions in self.decisions.values() for found in definitions.decision_ids)
        if kind == "form":
            return sorted(_stem(path) for path in self.pack.files if path.startswith("forms/"))
        return [ALL_ROLES, *sorted(role["key"] for role in self.card.get("role", []))]


def parts(pack: Pack) -> dict[str, list[str]]:
    """What can be acquired alone: kind of part → names."""
    whole = _Whole(pack)
    return {kind: whole.names(kind) for kind in PARTS}


def component(pack: Pack, kind: str, name: str) -> Pack:
    """A pack that holds only this part of another one, with what the part needs and where it comes from.

    `kind` is sub_process (a process id; called processes, decisions, forms, roles and touchpoints come along),
    rule_table (a decision id; the decisions it needs come along), form (a form key) or role_set (role keys joined by
    commas, or "all"). Raises `NotFound` for a name that the pack does not have, naming those that it has.
    """
    if kind not in CUTS:
        raise InvalidPack(f"A part is one of {', '.join(CUTS)}, found '{kind}'.")
    whole = _Whole(pack)
    known = whole.names(kind)
    wanted = [part.strip() for part in name.split(",") if part.strip()] if kind == "role_set" else [name]
    for each in wanted or [name]:
        if each not in known:
            raise NotFound(
                f"{pack.id} has no {kind.replace('_', ' ')} '{each}'; it has {', '.join(known) or 'none at all'}."
            )
    cut = CUTS[kind](whole, name)
    words = {path: pack.files[path] for path in KEPT_WORDS if path in pack.files}
    card = _card(whole, cut, kind, name)
    files = {**cut.files, **words, **_options(whole, cut, card), CARD: write_toml(card).encode()}
    files["README.md"] = _readme(whole, cut, kind, name, files).encode()
    if cut.scenarios:
        files["scenarios.toml"] = write_toml({"scenario": cut.scenarios}, inline_from=3).encode()
    return make_pack(files)


def _cut_process(whole: _Whole, name: str) -> _Cut:
    _path, process = whole.find_process(name)  # type: ignore[misc]
    cut = _Cut(name, _process_name(process), "activity")
    waiting = [name]
    while waiting:
        found = whole.find_process(waiting.pop())
        if found is None or found[1].id in cut.processes:
            continue  # called from another practice: it stays a prerequisite
        cut.processes.add(found[1].id)
        waiting += _called(found[1])
    for path, model in whole.models.items():
        kept = {each.id for each in model.processes} & cut.processes
        if kept:
            cut.files[path] = _without_processes(whole.pack.files[path], model, kept)
            if name in kept:
                cut.process = path
    for path in list(cut.files):
        for each in read_model(cut.files[path]).processes:
            _take_needs(whole, each, cut)
    cut.scenarios = [each for each in _scenarios(whole) if each.get("process") in cut.processes]
    return cut


def _take_needs(whole: _Whole, process: Process, cut: _Cut) -> None:
    """Decisions, forms, roles and touchpoints of a process, and the ids that its variation points may name."""
    parents = {lane.parent_id for lane in process.lanes}
    cut.roles |= {lane.role for lane in process.lanes if lane.role and lane.id not in parents}
    cut.roles |= set(_listed(process.candidate_starters.text if process.candidate_starters else None))
    cut.elements |= {process.id, *process.flows, *(lane.id for lane in process.lanes)}
    for element in process.walk():
        cut.elements.add(element.id)
        form = _form_key(element)
        if form and f"forms/{form}.json" in whole.pack.files:
            cut.files.setdefault(f"forms/{form}.json", whole.pack.files[f"forms/{form}.json"])
        if isinstance(element, Task):
            if element.assignment:
                groups = element.assignment.candidate_groups
                cut.roles |= set(_listed(groups.text if groups else None))
                cut.touchpoints |= _named(element.assignment.touchpoint)
            if element.decision and element.decision.text:
                _take_decision(whole, element.decision.text, cut)


def _take_decision(whole: _Whole, decision_id: str, cut: _Cut) -> None:
    """The file with the decision and every file with a decision that it needs."""
    waiting = [decision_id]
    while waiting:
        wanted = waiting.pop()
        for path, definitions in whole.decisions.items():
            if wanted in definitions.decision_ids and path not in cut.files:
                cut.files[path] = whole.pack.files[path]
                cut.elements |= set(definitions.decision_ids)
                for decision in definitions.decisions:
                    waiting += [reference.id for reference in decision.information]


def _cut_rules(whole: _Whole, name: str) -> _Cut:
    decision = next(
        found for definitions in whole.decisions.values() for found in definitions.decisions if found.id == name
    )
    label = decision.name or name
    cut = _Cut(f"{whole.pack.id}_{_key(name)}", {"en": label, "zh": label}, "technique")
    _take_decision(whole, name, cut)
    return cut


def _cut_form(whole: _Whole, name: str) -> _Cut:
    tasks = [task for task in whole.user_tasks() if _form_key(task) == name]
    label = _process_name(tasks[0]) if tasks else {"en": name, "zh": name}
    cut = _Cut(f"{whole.pack.id}_{_key(name)}_form", label, "technique")
    cut.files[f"forms/{name}.json"] = whole.pack.files[f"forms/{name}.json"]
    cut.touchpoints |= _named(*(task.assignment.touchpoint for task in tasks if task.assignment))
    return cut


def _cut_roles(whole: _Whole, name: str) -> _Cut:
    wanted = {part.strip() for part in name.split(",")}
    keys = {role["key"] for role in whole.card.get("role", [])}
    practice = whole.card["practice"]["name"]
    label = {"en": f"Roles of {practice['en']}", "zh": f"{practice['zh']}的角色"}
    cut = _Cut(f"{whole.pack.id}_roles", label, "method")
    cut.roles = keys if ALL_ROLES in wanted else wanted
    return cut


CUTS = {"sub_process": _cut_process, "rule_table": _cut_rules, "form": _cut_form, "role_set": _cut_roles}


def _card(whole: _Whole, cut: _Cut, kind: str, name: str) -> dict[str, Any]:
    source = whole.card["practice"]
    summary = {"en": f"Part of {source['name']['en']}.", "zh": f"{source['name']['zh']}的组成部分。"}
    practice = {
        "id": cut.id,
        "version": source["version"],
        "kind": "component",
        "type": cut.type,
        "name": cut.name,
        "summary": summary,
        "area": source["area"],
        "licence": source["licence"],
        "evidence_level": 0,  # what was measured was the whole, not the part
        "industries": source.get("industries", []),
    }
    if cut.process:
        practice["process"] = cut.process
    origin = {
        "practice": whole.pack.id,
        "version": whole.pack.version,
        "digest": whole.pack.digest,
        "relation": "component",
        "part": kind,
        "name": name,
    }
    card = {"practice": practice, "origin": origin}
    points = [
        point
        for point in whole.card.get("variation_point", [])
        if point["elements"] and set(point["elements"]) <= cut.elements
    ]
    sections = {
        "role": [role for role in whole.card.get("role", []) if role["key"] in cut.roles],
        "data_object": whole.card.get("data_object", []) if kind == "sub_process" else [],
        "variation_point": points,
        "touchpoint": [each for each in whole.card.get("touchpoint", []) if each["key"] in cut.touchpoints],
    }
    return card | {section: entries for section, entries in sections.items() if entries}


def _options(whole: _Whole, cut: _Cut, card: Mapping[str, Any]) -> dict[str, bytes]:
    """Options of the variation points that came along, as far as they change nothing outside the part."""
    points = {point["key"] for point in card.get("variation_point", [])}
    found = {}
    for path, content in whole.pack.files.items():
        if path.startswith("options/") and _stem(path).partition(".")[0] in points:
            named = set(_named_files(json.loads(content)))
            if named <= {*cut.files, CARD}:
                found[path] = content
    return found


def _named_files(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("file"), str):
            yield document["file"]
        for value in document.values():
            yield from _named_files(value)
    elif isinstance(document, list):
        for value in document:
            yield from _named_files(value)


def _readme(whole: _Whole, cut: _Cut, kind: str, name: str, files: Iterable[str]) -> str:
    origin = f"`{name}` of the practice `{whole.pack.id}` {whole.pack.version}"
    lines = [
        f"# {cut.name['en']}",
        "",
        f"The {kind.replace('_', ' ')} {origin}, cut out to be used alone.",
        "",
        *(f"- `{path}`" for path in sorted(files)),
    ]
    missing = sorted({called for process in cut.processes for called in _missing_calls(whole, process)})
    if missing:
        lines += ["", f"It calls processes that other practices bring: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def _missing_calls(whole: _Whole, process_id: str) -> list[str]:
    found = whole.find_process(process_id)
    return [called for called in _called(found[1]) if whole.find_process(called) is None] if found else []


def _scenarios(whole: _Whole) -> list[dict[str, Any]]:
    text = whole.pack.files.get("scenarios.toml", b"").decode()
    document = tomllib.loads(text, parse_float=Decimal)
    common = {key: value for key, value in document.items() if key in {"now", "simulators"}}
    return [{**common, **each} for each in document.get("scenario", [])]


def _without_processes(source: bytes, model: Model, kept: set[str]) -> bytes:
    """The file without its other processes and their pools; the file as it is when it would not read without them."""
    others = [process for process in model.processes if process.id not in kept]
    if not others:
        return source
    editor = Editor(source)
    gone = {element.id for process in others for element in process.walk()} | {process.id for process in others}
    pools = [pool.id for pool in model.participants if pool.process_id in gone]
    flows = [flow.id for flow in model.message_flows if {flow.source_id, flow.target_id} & {*gone, *pools}]
    try:
        for element_id in (*flows, *pools, *(process.id for process in others)):
            editor.remove(element_id)
        read_model(editor.source())
    except (InvalidModel, NotFound):
        return source
    return editor.source()


def _called(process: Process) -> list[str]:
    return [
        element.called_element.text
        for element in process.walk()
        if isinstance(element, CallActivity) and element.called_element and element.called_element.text
    ]


def _form_key(element: Element) -> str | None:
    if isinstance(element, Task) and element.assignment and element.assignment.form_key:
        return element.assignment.form_key.text
    if isinstance(element, CatchOrThrow):
        return element.form_key
    return None


def _process_name(process: Process | Element) -> dict[str, str]:
    name = process.name or process.id
    return {"en": name, "zh": process.properties.get("name:zh") or name}


def _named(*names: str | None) -> set[str]:
    return {name for name in names if name}


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")


def _key(name: str) -> str:
    """A snake_case key made of an id."""
    return "".join(letter.lower() if letter.isalnum() and letter.isascii() else "_" for letter in name)
