"""Puts a foreign BPMN file into our dialect without changing what it means to the engine.

Every vendor extension that the engine reads is written anew as `praxis:`, every expression in another language that
has a FEEL translation as FEEL. What the engine cannot express otherwise stays as it was (the engine reads the vendors'
namespaces, too) and is reported; what it never reads is dropped and reported. `convert` compares the model before and
after and takes back what has changed a meaning, so nothing is lost silently.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from engine.bpmn import names, read_model
from engine.bpmn.dialects import JUEL_OPENING, script, value
from engine.bpmn.elements import Expression, Value, VariableMapping
from engine.bpmn.event_definitions import text_or_expression, timer_value
from engine.bpmn.extensions import Extension, read_extension
from engine.bpmn.extensions.extension import text_of
from engine.bpmn.roots import read_expression
from engine.bpmn.secure_xml import parse_xml
from practice_repo.packs.foreign.report import ImportReport, Item
from practice_repo.packs.foreign.semantics import differing, meanings
from practice_repo.packs.foreign.tools import STANDARD, VENDORS, title_of, tool_of

ROUNDS = 4  # of taking back what has changed a meaning
VALUES = {
    "assignee": "assignee",
    "candidate_users": "candidateUsers",
    "candidate_groups": "candidateGroups",
    "form_key": "formKey",
    "due": "due",
    "follow_up": "followUp",
    "priority": "priority",
    "topic": "topic",
    "retries": "retries",
    "decision": "decision",
    "title": "title",
    "candidate_starters": "candidateStarters",
}
TEXTS = {
    "touchpoint": "touchpoint",
    "retry_backoff": "retryBackoff",
    "result_variable": "resultVariable",
    "binding": "binding",
    "version": "version",
    "code_variable": "codeVariable",
    "message_variable": "messageVariable",
    "searchable": "searchable",
    "version_tag": "versionTag",
    "role": "role",
}
LOOP = {"element_variable": "inputElement", "output_collection": "outputCollection"}
EXPRESSIONS = frozenset(
    names.bpmn(local)
    for local in (
        "conditionExpression",
        "condition",
        "loopCondition",
        "loopCardinality",
        "completionCondition",
        "activationCondition",
        "messagePath",
        "dataPath",
        "transformation",
        "from",
    )
)
TIMERS = frozenset(names.bpmn(local) for local in ("timeDate", "timeDuration", "timeCycle"))
NAMED_BY_EXPRESSION = frozenset({names.bpmn("message"), names.bpmn("signal")})
COLOURS = ("bpmn.io/schema/bpmn/biocolor", "non-normative/color")
HARMLESS = {  # what is left out without loss, and why
    "asyncBefore": "every service task is a job of its own here",
    "asyncAfter": "every service task is a job of its own here",
    "async": "every service task is a job of its own here",
    "exclusive": "jobs of one case never run at once",
    "historyTimeToLive": "retention is set for the installation",
    "isStartableInTasklist": "who may start is said by praxis:candidateStarters",
    "userTask": "user tasks are always in the worklist",
    "type": "the topic says who does the work",
    "modelerTemplate": "templates belong to that modeler",
    "modelerTemplateVersion": "templates belong to that modeler",
    "modelerTemplateIcon": "templates belong to that modeler",
    "formData": "made into a form of the practice",
    "formProperty": "made into a form of the practice",
    "userTaskForm": "made into a form of the practice",
}


def convert(content: bytes) -> tuple[bytes, ImportReport]:
    """The file in our dialect, and what was done. Raises `InvalidModel` for a file that cannot be read."""
    before = read_model(content)
    wanted = meanings(before)
    root = parse_xml(content)
    kept: set[str] = set()
    for _round in range(ROUNDS):
        conversion = _Conversion(parse_xml(content), kept)
        converted = conversion.run()
        changed = differing(wanted, meanings(read_model(converted)))
        if not changed:
            return converted, conversion.report
        kept |= changed
    report = ImportReport(tool_of(root), root.get("exporter") or "")
    remedy = "deploy it as it is; the engine reads its dialect"
    report.decisions.append(Item("the file could not be put into our dialect without changing its meaning", remedy))
    return content, report


class _Conversion:
    """One pass over the file; what belongs to an id in `kept` stays as it is."""

    def __init__(self, root: etree._Element, kept: set[str]):
        self.root = root
        self.kept = kept
        self.report = ImportReport(tool_of(root), root.get("exporter") or "")
        self.mapped: Counter[str] = Counter()
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.language = root.get("expressionLanguage")

    def run(self) -> bytes:
        for node in list(self.root.iter(etree.Element)):
            if names.split(node.tag)[0] == names.BPMN and node.tag != names.bpmn("extensionElements"):
                self.one(node)
        if self.language and "" not in self.kept:
            del self.root.attrib["expressionLanguage"]
            self.mapped[f"expression language {self.language} → FEEL"] += 1
        self._tidy()
        self.report.mapped = [
            Item(what, count=count) for what, count in sorted(self.mapped.items())
        ] + self.report.mapped
        self.report.dropped += [Item(what, why, count=count) for (what, why), count in sorted(self.dropped.items())]
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")

    def one(self, node: etree._Element) -> None:
        owner = _owner(node)
        foreign = list(_foreign_parts(node))
        stuck = foreign if owner in self.kept else [part for part in foreign if _problems(part.says(node))]
        self._report_kept(node, stuck)
        if len(stuck) < len(foreign):
            self._rewrite(node, [part for part in foreign if part not in stuck], stuck)
        if owner not in self.kept:
            self._translate(node)

    # Extensions

    def _rewrite(self, node: etree._Element, foreign: list["_Part"], stuck: list["_Part"]) -> None:
        """Say in our dialect what the parts say together, apart from those that stay."""
        for part in stuck:
            part.remove()
        extension = read_extension(node)
        for part in foreign:
            self._account(node, part)
            part.remove()
        for part in stuck:
            part.put_back()
        _drop_empty_extension(node)
        _write(node, extension)

    def _account(self, node: etree._Element, part: "_Part") -> None:
        """One line of the report for a foreign attribute or element."""
        title = f"{title_of(part.namespace)} {part.local}"
        says = part.says(node)
        if part.namespace not in VENDORS:
            self.dropped[(f"{title} (a note of that tool)", "")] += 1
        elif says != Extension() and not _only_notes(says):
            self.mapped[f"{title} → praxis"] += 1
        elif says.notes:
            for note in says.notes:
                self.report.decisions.append(
                    Item(f"{title} was dropped: {note}", "model it, or do without", *_place(node))
                )
        else:
            self.dropped[(title, HARMLESS.get(part.local, "the engine has no use for it"))] += 1

    def _report_kept(self, node: etree._Element, foreign: list["_Part"]) -> None:
        for part in foreign:
            title = f"{title_of(part.namespace)} {part.local}"
            problems = _problems(part.says(node))
            for problem in problems:
                what, _, remedy = problem.partition("; ")
                self.report.decisions.append(Item(f"{title}: {what}", remedy, *_place(node)))
            if not problems and part.namespace in VENDORS:
                self.report.mapped.append(Item(f"{title} stays as it is: the engine reads it so", "", *_place(node)))

    # Expressions

    def _translate(self, node: etree._Element) -> None:
        if node.tag in EXPRESSIONS:
            self._put(node, read_expression(node, self.language), "")
            if node.get("language"):
                del node.attrib["language"]
        elif node.tag in TIMERS:
            self._put(node, timer_value(node).expression, "=")
        elif node.tag in NAMED_BY_EXPRESSION:
            found = text_or_expression((node.get("name") or "").strip())[1]
            if found and not found.problem and found.source != f"={found.feel}":
                node.set("name", f"={found.feel}")
                self.mapped[f"{_language_of(found)} → FEEL"] += 1
        elif node.tag == names.bpmn("script"):
            self._translate_script(node)
        elif node.tag == names.bpmn("callActivity"):
            called = value(node.get("calledElement"))
            if called and called.expression and not called.expression.problem:
                node.set("calledElement", f"={called.expression.feel}")

    def _translate_script(self, node: etree._Element) -> None:
        task = node.getparent()
        if task is None:
            return
        language = task.get("scriptFormat")
        self._put(node, script(text_of(node), language), "")
        if language and "scriptFormat" in task.attrib:
            task.attrib["scriptFormat"] = "feel"

    def _put(self, node: etree._Element, found: Expression | None, sign: str) -> None:
        if found is None:
            return
        if found.problem:
            what, _, remedy = found.problem.partition("; ")
            self.report.decisions.append(Item(what, remedy, *_place(node)))
            return
        text = f"{sign}{found.feel}"
        if text_of(node) not in {text, f"={found.feel}"}:
            for child in list(node):
                node.remove(child)
            node.text = text
            self.mapped[f"{_language_of(found)} → FEEL"] += 1

    def _tidy(self) -> None:
        """No declarations of vendors' namespaces that nothing uses any more; prefixes inside texts stay declared."""
        prefixes = {
            str(prefix)
            for node in self.root.iter(etree.Element)
            for prefix, namespace in node.nsmap.items()
            if prefix and namespace not in VENDORS
        }
        etree.cleanup_namespaces(self.root, top_nsmap={"praxis": names.PRAXIS}, keep_ns_prefixes=sorted(prefixes))


class _Part:
    """A foreign attribute of a node, or a foreign child of its extensionElements."""

    def __init__(self, namespace: str, local: str, holder: etree._Element, found: etree._Element | str):
        self.namespace, self.local, self.holder, self.found = namespace, local, holder, found

    def says(self, node: etree._Element) -> Extension:
        """What the engine understands of this part alone."""
        if self.namespace not in VENDORS:
            return Extension()
        probe = etree.Element(node.tag, nsmap=node.nsmap)
        if isinstance(self.found, str):
            probe.set(names.qualified(self.namespace, self.local), self.found)
        else:
            holder = etree.SubElement(probe, names.bpmn("extensionElements"))
            holder.append(etree.fromstring(etree.tostring(self.found)))
        return read_extension(probe)

    def put_back(self) -> None:
        if isinstance(self.found, str):
            self.holder.set(names.qualified(self.namespace, self.local), self.found)
        else:
            self.holder.append(self.found)

    def remove(self) -> None:
        if isinstance(self.found, str):
            del self.holder.attrib[names.qualified(self.namespace, self.local)]
        else:
            self.holder.remove(self.found)


def _foreign_parts(node: etree._Element) -> Iterator[_Part]:
    for name, text in node.attrib.items():
        namespace, local = names.split(str(name))
        if _is_foreign(namespace):
            yield _Part(namespace, local, node, str(text))
    for holder in node.findall(names.bpmn("extensionElements")):
        for child in holder:
            if isinstance(child.tag, str) and _is_foreign(names.split(child.tag)[0]):
                yield _Part(*names.split(child.tag), holder, child)


def _is_foreign(namespace: str) -> bool:
    return bool(namespace) and namespace not in STANDARD and not any(part in namespace for part in COLOURS)


def _problems(extension: Extension) -> list[str]:
    """Why what the extension says cannot run: its own problems, and those of its expressions."""
    found = list(extension.problems)
    for name in Extension.__slots__:
        field = getattr(extension, name)
        for each in field if isinstance(field, list) else [field]:
            source = each.source if isinstance(each, VariableMapping) else each
            inner = source.expression if isinstance(source, Value) else source
            if isinstance(inner, Expression) and inner.problem:
                found.append(inner.problem)
    return found


def _only_notes(extension: Extension) -> bool:
    return Extension(notes=extension.notes) == extension


def _drop_empty_extension(node: etree._Element) -> None:
    for holder in node.findall(names.bpmn("extensionElements")):
        if len(holder) == 0:
            node.remove(holder)


def _write(node: etree._Element, extension: Extension) -> None:
    """Say with praxis: attributes and elements what the extension says; what is there already stays."""
    for field, name in VALUES.items():
        _set(node, name, _written(getattr(extension, field)))
    for field, name in TEXTS.items():
        _set(node, name, getattr(extension, field))
    if extension.business_key:
        _set(node, "businessKey", f"={extension.business_key.feel}")
    if extension.all_in is not None and extension.all_in == extension.all_out:
        _set(node, "propagateAll", "true" if extension.all_in else "false")
    if extension.called_element:
        node.set("calledElement", _written(extension.called_element) or "")
    if extension.implementation and "implementation" not in node.attrib:
        node.set("implementation", extension.implementation)
    _write_elements(node, extension)


def _write_elements(node: etree._Element, extension: Extension) -> None:
    said = read_extension(node)
    if (extension.inputs or extension.outputs) and not (said.inputs or said.outputs):
        mapping = _child(node, "ioMapping")
        for local, found in (("input", extension.inputs), ("output", extension.outputs)):
            for each in found:
                _sub(mapping, local, source=_written(each.source) or "", target=each.target)
    if extension.collection or extension.output_collection or extension.element_variable:
        attributes = {name: getattr(extension, field) for field, name in LOOP.items()}
        attributes["inputCollection"] = _feel(extension.collection)
        attributes["outputElement"] = _feel(extension.output_element)
        _fill(_child(node, "loopCharacteristics"), attributes)
    for each in extension.correlation if not said.correlation else ():
        _fill(_child(node, "correlation"), {"name": each.target, "value": _written(each.source)})
    for each in extension.send if not said.send else ():
        _fill(_child(node, "send"), {"variable": each.target, "value": _sent(each)})
    for name, text in extension.properties.items():
        if name not in said.properties:
            _fill(_child(node, "property"), {"name": name, "value": text})
    if extension.script and not said.script:
        _child(node, "script").text = extension.script.feel


def _sent(mapping: VariableMapping) -> str | None:
    return _written(mapping.source)


def _set(node: etree._Element, name: str, text: str | None) -> None:
    if text:
        node.set(names.qualified(names.PRAXIS, name), text)


def _written(found: Value | None) -> str | None:
    if found is None:
        return None
    return _feel(found.expression) if found.expression else found.text


def _feel(found: Expression | None) -> str | None:
    return f"={found.feel}" if found else None


def _child(node: etree._Element, local: str) -> etree._Element:
    """A new praxis element in the node's extensionElements, which stand behind its documentation."""
    holder = node.find(names.bpmn("extensionElements"))
    if holder is None:
        holder = etree.Element(names.bpmn("extensionElements"))
        node.insert(len(node.findall(names.bpmn("documentation"))), holder)
    return etree.SubElement(holder, names.qualified(names.PRAXIS, local))


def _sub(parent: etree._Element, local: str, **attributes: str) -> None:
    _fill(etree.SubElement(parent, names.qualified(names.PRAXIS, local)), attributes)


def _fill(node: etree._Element, attributes: Mapping[str, str | None]) -> None:
    for name, text in attributes.items():
        if text is not None:
            node.set(name, text)


def _owner(node: etree._Element) -> str:
    """The id under which `meanings` keeps what this node says: the nearest flow node, flow, process or root."""
    kept = names.FLOW_NODES | {"sequenceFlow", "process", "message"}
    found: etree._Element | None = node
    while found is not None:
        if names.split(found.tag)[1] in kept:
            return found.get("id") or ""
        found = found.getparent()
    return ""


def _place(node: etree._Element) -> tuple[str | None, str | None]:
    """Id and name of the element that people know."""
    found: etree._Element | None = node
    while found is not None and not found.get("id"):
        found = found.getparent()
    while found is not None and names.split(found.tag)[1] not in names.FLOW_NODES | {
        "sequenceFlow",
        "process",
        "message",
    }:
        parent = found.getparent()
        if parent is None or parent.tag == names.bpmn("definitions"):
            break
        found = parent
    return (None, None) if found is None else (found.get("id"), found.get("name"))


def _language_of(found: Expression) -> str:
    return "JUEL expressions" if JUEL_OPENING.search(found.source) else "expressions"
