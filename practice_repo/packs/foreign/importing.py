"""Makes a practice folder out of a foreign model: our dialect, forms, roles from lanes, a card to begin with."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from engine.bpmn import names, read_model
from engine.bpmn.elements import CallActivity, Element, Model, Task
from engine.bpmn.extensions import read_extension
from engine.bpmn.lint import lint
from engine.bpmn.secure_xml import parse_xml
from engine.dmn import read_dmn
from engine.errors import EngineError
from engine.forms import read_form
from practice_repo.card import CARD
from practice_repo.card_entry import KEY
from practice_repo.card_writer import write_toml
from practice_repo.packs.foreign.conversion import convert
from practice_repo.packs.foreign.forms import embedded_forms, embedded_id, form, form_fields, placeholder, written
from practice_repo.packs.foreign.report import ForeignImport, ImportReport, Item
from practice_repo.packs.foreign.signavio_json import is_signavio_json, read_signavio_json

MAIN = "process.bpmn"
UNKNOWN_LICENCE = "LicenseRef-unknown"
MOST_DECISIONS = 500


def import_foreign(
    content: bytes, *, name: str = MAIN, others: Mapping[str, bytes] | None = None, licence: str = UNKNOWN_LICENCE
) -> ForeignImport:
    """A practice made of another tool's BPMN file, and the report of what was mapped, dropped, and must be decided.

    `others` are files that belong to it (further .bpmn, .dmn, .form and .json), by name. To the engine the converted
    model means the same as the foreign one, element by element; ids stay, except that the main process gets a
    snake_case id where it has none. Signavio's own JSON is read as well. Raises `InvalidModel` with a finding per place
    for a file that cannot be read.
    """
    left_out: list[Item] = []
    if is_signavio_json(content):
        content, left_out = read_signavio_json(content)
    work = _Import(content, name, dict(others or {}), licence)
    work.left_out = left_out
    return ForeignImport(dict(sorted(work.run().items())), work.report)


class _Import:
    """One import: the files as they come to be, and the report."""

    def __init__(self, content: bytes, name: str, others: dict[str, bytes], licence: str):
        self.source, self.name, self.others, self.licence = content, name, others, licence
        self.report = ImportReport("")
        self.files: dict[str, bytes] = {}
        self.forms: dict[str, bytes] = {}
        self.roles: dict[str, str] = {}
        self.left_out: list[Item] = []  # before the BPMN file came to be

    def run(self) -> dict[str, bytes]:
        foreign = parse_xml(self.source)
        converted, self.report = convert(self.source)
        self.report.dropped += self.left_out
        root = parse_xml(converted)
        self._take_others()
        main = self._main_process(root)
        self._take_forms(foreign, root)
        self._take_roles(root)
        self.files[MAIN] = etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
        self.files |= {f"forms/{key}.json": found for key, found in self.forms.items()}
        models = [read_model(found) for path, found in self.files.items() if path.endswith(".bpmn")]
        for model in models:
            self._decide(model)
        self.files[CARD] = self._card(main, models).encode()
        self.files["README.md"] = _readme(main, self.report, self.name).encode()
        self.files["import_report.json"] = written(self.report.to_json())
        return self.files

    def _take_others(self) -> None:
        """Files beside the model: other models are converted, decisions and forms checked."""
        for name, content in sorted(self.others.items()):
            try:
                if name.endswith(".bpmn"):
                    converted, report = convert(content)
                    self.files[_file_name(name)] = converted
                    for part in ("mapped", "dropped", "decisions"):
                        getattr(self.report, part).extend(getattr(report, part))
                elif name.endswith(".dmn"):
                    read_dmn(content)
                    self.files[_file_name(name)] = content
                elif name.endswith((".form", ".json")):
                    read_form(content)
                    key = _key(json.loads(content).get("id") or name.rpartition(".")[0])
                    self.forms[key] = content
                else:
                    self.report.dropped.append(Item(f"{name}: a kind of file that no practice holds"))
            except EngineError as error:
                remedy = "correct the file and add it to the practice"
                self.report.decisions.append(Item(f"{name} was left out: {error}", remedy))

    def _main_process(self, root: etree._Element) -> etree._Element:
        """The process that the practice is named after: the first executable one, else the first."""
        processes = root.findall(names.bpmn("process"))
        called = {node.get("calledElement") for node in root.iter(names.bpmn("callActivity"))}
        able = [node for node in processes if node.get("isExecutable") == "true"]
        free = [node for node in able or processes if node.get("id") not in called]
        main = (free or able or processes)[0]
        old = main.get("id") or ""
        if not KEY.fullmatch(old) or re.fullmatch(r"process_[a-z0-9]+", old.lower()):
            new = _free_key(_key(main.get("name") or _pool_name(root, old) or old or "process"), _ids(root))
            _rename_process(root, old, new)
            self.report.mapped.append(Item(f"the process id '{old}' is now '{new}'", "", new, main.get("name")))
        return main

    # Forms

    def _take_forms(self, foreign: etree._Element, root: etree._Element) -> None:
        embedded = {
            key: found
            for process in foreign.iter(names.bpmn("process"))
            for key, found in embedded_forms(process).items()
        }
        foreign_nodes = {node.get("id"): node for node in foreign.iter(etree.Element) if node.get("id")}
        used: dict[str, str] = {}
        for node in root.iter(names.bpmn("userTask"), names.bpmn("startEvent")):
            source = foreign_nodes.get(node.get("id"))
            fields = form_fields(source) if source is not None else []
            self._take_form(node, fields, embedded, used)
        for key in sorted(set(embedded) - set(used)):
            self.report.dropped.append(Item(f"the embedded form '{key}', which no task uses"))

    def _take_form(
        self,
        node: etree._Element,
        fields: list[dict[str, Any]],
        embedded: dict[str, dict[str, Any]],
        used: dict[str, str],
    ) -> None:
        attribute = names.qualified(names.PRAXIS, "formKey")
        found, place = read_extension(node).form_key, (node.get("id"), node.get("name"))
        said = found.text if found else None
        is_task = node.tag == names.bpmn("userTask")
        if found and found.expression:
            self.report.decisions.append(
                Item("its form is chosen while it runs", "add every form it may choose", *place)
            )
            return
        reference = embedded_id(said) if said else None
        key = _key(reference or said or node.get("id") or "form")
        if reference and reference in embedded:
            key = used.setdefault(reference, key)
            self.forms[key] = written({**embedded[reference], "id": key})
            self.report.mapped.append(Item(f"the embedded form '{reference}' is now forms/{key}.json", "", *place))
        elif fields:
            self.forms[key] = form(key, fields)
            self.report.mapped.append(Item(f"{len(fields)} form fields are now forms/{key}.json", "", *place))
        elif said and key in self.forms:
            self.report.mapped.append(Item(f"its form is forms/{key}.json", "", *place))
        elif is_task or said:
            was = f"its form '{said}' is not in the file" if said else "it has no form"
            self.forms.setdefault(key, placeholder(key, f"{node.get('name') or node.get('id')}"))
            self.report.decisions.append(Item(was, f"draw forms/{key}.json", *place))
        else:
            return
        node.set(attribute, key)

    # Roles

    def _take_roles(self, root: etree._Element) -> None:
        """Lanes and literal candidate groups become roles; a name that gives no key gets one as praxis:role."""
        role = names.qualified(names.PRAXIS, "role")
        for lane in root.iter(names.bpmn("lane")):
            if lane.find(names.bpmn("childLaneSet")) is not None:
                continue
            label = " ".join((lane.get("name") or "").split())
            key = lane.get(role) or _key(label, otherwise="")
            if not key:
                key = _free_key("role", set(self.roles))
                self.report.decisions.append(
                    Item(
                        f"the lane '{label}' gives no key for a role: '{key}' was made",
                        "name the role",
                        lane.get("id"),
                        label,
                    )
                )
            if key != re.sub(r"\W+", "_", label.lower()).strip("_"):
                lane.set(role, key)
            self.roles.setdefault(key, label or key)
            self.report.mapped.append(Item(f"the lane is the role '{key}'", "", lane.get("id"), label))
        for node in root.iter(etree.Element):
            for name in ("candidateGroups", "candidateStarters"):
                text = node.get(names.qualified(names.PRAXIS, name)) or ""
                for group in (part.strip() for part in text.split(",") if not text.startswith("=")):
                    if group and not KEY.fullmatch(group):
                        remedy = "rename the group to a snake_case role key"
                        place = (node.get("id"), node.get("name"))
                        self.report.decisions.append(Item(f"the group '{group}' cannot be a role key", remedy, *place))
                    elif group:
                        self.roles.setdefault(group, group.replace("_", " ").capitalize())

    # What is left to decide

    def _decide(self, model: Model) -> None:
        for item in [*_missing(model, self._decisions()), *_refused(model)]:
            is_new = not any(
                known.element_id == item.element_id and item.what in known.what for known in self.report.decisions
            )
            if is_new and len(self.report.decisions) < MOST_DECISIONS:
                self.report.decisions.append(item)
        for process in model.processes:
            if not process.executable and process.elements:
                remedy = "mark it executable when it is complete"
                what = "the process is a drawing: it is not marked executable"
                self.report.decisions.append(Item(what, remedy, process.id, process.name or None))
        for element in (each for process in model.processes for each in process.walk()):
            if element.type == "task":
                remedy = "make it a user task, or a service task with a topic"
                self.report.decisions.append(_item(element, "nothing says who or what does this task", remedy))
            if isinstance(element, Task) and element.topic and element.topic.text:
                said = f" ({element.implementation})" if element.implementation else ""
                remedy = "bind it to a handler when the practice is converted"
                what = f"the work '{element.topic.text}'{said} is done outside the process"
                self.report.decisions.append(Item(what, remedy, element.id, element.name or None))

    def _decisions(self) -> set[str]:
        found: set[str] = set()
        for path, content in self.files.items():
            if path.endswith(".dmn"):
                found |= set(read_dmn(content).decision_ids)
        return found

    # The card

    def _card(self, main: etree._Element, models: list[Model]) -> str:
        identifier = main.get("id") or "process"
        label = " ".join((main.get("name") or identifier.replace("_", " ").capitalize()).split())
        practice: dict[str, object] = {
            "id": identifier,
            "version": "0.1.0",
            "kind": "process",
            "type": "process",
            "name": {"en": label, "zh": label},
            "summary": {"en": f"Imported from {self.name}.", "zh": f"由 {self.name} 导入。"},
            "area": "imported",
            "licence": self.licence,
            "evidence_level": 0,
            "industries": [],
            "process": MAIN,
        }
        if self.licence == UNKNOWN_LICENCE:
            remedy = "ask the author, then write the licence into the card"
            self.report.decisions.append(Item("nobody has said under which licence this model may be used", remedy))
        roles = [{"key": key, "name": {"en": label, "zh": label}} for key, label in sorted(self.roles.items())]
        origin = {"practice": identifier, "version": "0.1.0", "relation": "import"}
        return write_toml({"practice": practice, "origin": origin, **({"role": roles} if roles else {})})


def _missing(model: Model, decisions: set[str]) -> Iterator[Item]:
    """Decisions and processes that the model names and nobody has sent."""
    processes = {process.id for process in model.processes}
    for element in (each for process in model.processes for each in process.walk()):
        decision = element.decision.text if isinstance(element, Task) and element.decision else None
        called = element.called_element.text if isinstance(element, CallActivity) and element.called_element else None
        if decision and decision not in decisions:
            what = f"its decision '{decision}' is in none of the files"
            yield _item(element, what, "import it together with its .dmn file")
        if called and called not in processes:
            what = f"it calls the process '{called}', which is in none of the files"
            yield _item(element, what, "import it together with that .bpmn file, or deploy that one first")


def _refused(model: Model) -> Iterator[Item]:
    """What deploying would refuse, with the remedy that lint knows."""
    for finding in lint(model):
        if finding.severity == "error" and finding.rule not in {"user-task-form", "called-element"}:
            what, _, remedy = finding.message.partition("; ")
            yield Item(what.rstrip("."), remedy.rstrip("."), finding.element_id, finding.element_name)


def _item(element: Element, what: str, remedy: str) -> Item:
    return Item(what, remedy, element.id, element.name or None)


def _readme(main: etree._Element, report: ImportReport, name: str) -> str:
    label = main.get("name") or main.get("id") or ""
    lines = [f"# {label}", "", f"Imported from `{name}`, made by {report.tool}. Open points:", ""]
    lines += [f"- {item}" for item in report.decisions] or ["- none"]
    return "\n".join(lines) + "\n"


def _rename_process(root: etree._Element, old: str, new: str) -> None:
    """Give a process another id, and everything that names it."""
    for node in root.iter(etree.Element):
        local = names.split(node.tag)[1]
        if local == "process" and node.get("id") == old:
            node.set("id", new)
        for attribute, holder in (
            ("processRef", "participant"),
            ("calledElement", "callActivity"),
            ("bpmnElement", ""),
        ):
            text = node.get(attribute)
            if text and text.rpartition(":")[2] == old and (not holder or local == holder):
                node.set(attribute, new)


def _pool_name(root: etree._Element, process_id: str) -> str | None:
    for node in root.iter(names.bpmn("participant")):
        if (node.get("processRef") or "").rpartition(":")[2] == process_id:
            return node.get("name")
    return None


def _ids(root: etree._Element) -> set[str]:
    return {node.get("id") for node in root.iter(etree.Element) if node.get("id")}


def _key(text: str, otherwise: str = "process") -> str:
    """A snake_case key made of a name: `Order Approval!` → `order_approval`; `otherwise` where nothing is left."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    key = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if key and not key[0].isalpha():
        key = f"p_{key}"
    return key or otherwise


def _free_key(key: str, taken: set[str]) -> str:
    number = 1
    found = key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    return found


def _file_name(name: str) -> str:
    """A stranger's file name as one that a practice folder can have."""
    stem, dot, ending = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    found = f"{_key(stem)}{dot}{ending}"
    return f"other_{found}" if found == MAIN else found
