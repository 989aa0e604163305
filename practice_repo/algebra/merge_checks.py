"""What a merge made worse: findings that the merged files have and neither side had."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from engine.bpmn import read_model
from engine.bpmn.context import Context, Placed, compiled
from engine.bpmn.elements import Activity, CallActivity, CatchOrThrow, Element, EventDefinition, Model, Process, Task
from engine.bpmn.lint import lint
from engine.bpmn.rules import RULES
from engine.dmn import analyse, read_dmn
from engine.errors import EngineError, Finding
from engine.forms import read_form
from practice_repo.algebra.document import Document
from practice_repo.algebra.soundness import check_soundness

THROWING = frozenset({"intermediateThrowEvent", "endEvent", "sendTask"})
KEPT_MODELS = 128


@dataclass(frozen=True)
class Worsened:
    """A finding, and the file that it is in ("" for what concerns several files)."""

    file: str
    finding: Finding


def worsened(
    merged: Mapping[str, Document],
    sides: Collection[Mapping[str, Document]],
    *,
    as_package: bool,
    only: Worsened | None = None,
) -> list[Worsened]:
    """The findings of the merged files beyond those of the worse side, file by file and then over all files.

    With `only` no more is checked than is needed to see whether that one is there.
    """
    found = []
    rule = only.finding.rule if only else None
    for name, document in merged.items():
        others = [side[name] for side in sides if name in side]
        if only is not None and name != only.file:
            continue
        if any(document is other or document.fingerprint == other.fingerprint for other in others):
            continue
        known = [_counted(_of_document(other, rule)) for other in others]
        found += [Worsened(name, finding) for finding in _beyond(_of_document(document, rule), known)]
    if only is not None and only.file:
        return found
    facts = _Facts.of(merged, as_package)
    known_problems = [set(_Facts.of(side, as_package).problems(facts)) for side in sides]
    before = [_Facts.of(side, as_package) for side in sides]
    for problem in facts.problems(facts, *before):
        if not any(problem in known for known in known_problems):
            found.append(Worsened("", problem))
    return found


def _counted(findings: Collection[Finding]) -> Counter[tuple[str, str | None, str]]:
    return Counter(map(_place, findings))


def _place(finding: Finding) -> tuple[str, str | None, str]:
    return finding.rule, finding.element_id, finding.severity


def _beyond(findings: Collection[Finding], known: list[Counter[tuple[str, str | None, str]]]) -> Iterator[Finding]:
    seen: Counter[tuple[str, str | None, str]] = Counter()
    for finding in findings:
        place = _place(finding)
        seen[place] += 1
        if seen[place] > max((each[place] for each in known), default=0):
            yield finding


def _of_document(document: Document, rule: str | None) -> tuple[Finding, ...]:
    return _of_bytes(document.kind, document.write(), rule)


@lru_cache(maxsize=KEPT_MODELS)
def _of_bytes(kind: str, content: bytes, rule: str | None) -> tuple[Finding, ...]:
    try:
        if kind == "bpmn":
            model = _model(content)
            if rule in RULES:
                return tuple(lint(model, rules=[rule]))
            return (*(lint(model) if rule is None else ()), *check_soundness(model))
        if kind == "dmn":
            return tuple(analyse(read_dmn(content)))
        if kind == "form":
            read_form(content)
    except EngineError as error:
        return tuple(getattr(error, "findings", ())) or (Finding("unreadable", str(error)),)
    return ()


@lru_cache(maxsize=KEPT_MODELS)
def _model(content: bytes) -> Model:
    return read_model(content)


@dataclass
class _Facts:
    """What the files need of each other, offer each other, say to each other, write and read."""

    needs: dict[tuple[str, str], Element] = field(default_factory=dict)  # (what, key) → who needs it
    offers: set[tuple[str, str]] = field(default_factory=set)
    sends: dict[str, Element] = field(default_factory=dict)
    waits: dict[str, Element] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    reads: dict[str, Element | None] = field(default_factory=dict)
    as_package: bool = False

    @classmethod
    def of(cls, documents: Mapping[str, Document], as_package: bool) -> "_Facts":
        facts = cls(as_package=as_package)
        for name, document in documents.items():
            if document.kind == "form":
                facts.offers.add(("form", name.rpartition("/")[2].removesuffix(".json")))
                facts.writes |= {record.key for record in document.records.values()}
            for record in document.records.values():
                if record.kind in {"decision", "decisionService"} and document.kind == "dmn":
                    facts.offers.add(("decision", record.id))
                elif record.kind == "role" and document.kind == "card":
                    facts.offers.add(("role", str(record.get("key") or record.id or record.key)))
            if document.kind == "bpmn":
                facts._add_model(document)
        return facts

    def _add_model(self, document: Document) -> None:
        try:
            model = _model(document.write())
        except EngineError:
            return
        for process in model.processes:
            self.offers.add(("process", process.id))
            for element in process.walk():
                self._add_element(element)
        reads, writes = _variables(document.write())
        self.writes |= writes
        self.reads.update({name: element for name, element in reads.items() if name not in self.reads})

    def _add_element(self, element: Element) -> None:
        if isinstance(element, Task):
            form = element.assignment.form_key if element.assignment else None
            for what, value in (("form", form), ("decision", element.decision)):
                if value is not None and value.text:
                    self.needs.setdefault((what, value.text), element)
        if isinstance(element, CallActivity) and element.called_element and element.called_element.text:
            self.needs.setdefault(("process", element.called_element.text), element)
        for definition in _definitions(element):
            if definition.kind == "message" and definition.name:
                (self.sends if element.type in THROWING else self.waits).setdefault(definition.name, element)

    def problems(self, merged: "_Facts", *before: "_Facts") -> Iterator[Finding]:
        """Needs that nothing meets, offers that nobody needs, messages without partner, variables without writer.

        Said of these files; a variable or partner counts as lost when one of the sides before had it.
        """
        if self.as_package:
            for (what, key), element in self.needs.items():
                if (what, key) not in self.offers and what != "process":
                    yield _finding(f"missing-{what}", f"needs the {what} '{key}', which is not there any more", element)
            for what, key in sorted(self.offers - set(self.needs)):
                if what in {"form", "decision"}:
                    yield Finding(f"orphan-{what}", f"Nothing uses the {what} '{key}' any more.", severity="warning")
        for name, element in self.sends.items():
            if name not in self.waits and any(name in facts.waits for facts in before):
                yield _finding("message-partner", f"sends '{name}', but nothing waits for it", element, "warning")
        for name, element in self.waits.items():
            if name not in self.sends and any(name in facts.sends for facts in before):
                yield _finding("message-partner", f"waits for '{name}', but nothing sends it", element, "warning")
        for name, element in self.reads.items():
            if name not in self.writes and any(name in facts.writes for facts in before):
                yield _finding("lost-variable", f"reads '{name}', which nothing writes any more", element, "warning")


def _finding(rule: str, message: str, element: Element | None, severity: str = "error") -> Finding:
    if element is None:
        return Finding(rule, f"The process {message}; decide on both changes together.", severity=severity)
    text = f"{element.label} {message}; decide on both changes together."
    return Finding(rule, text, element.id, element.name or None, severity=severity)


def _definitions(element: Element) -> tuple[EventDefinition, ...]:
    if isinstance(element, CatchOrThrow):
        return element.definitions
    message = getattr(element, "message", None)
    return (message,) if message is not None else ()


@lru_cache(maxsize=KEPT_MODELS)
def _variables(content: bytes) -> tuple[Mapping[str, Element | None], frozenset[str]]:
    """Which variables a model reads (and one element that does), and which its elements write."""
    context = Context(_model(content))
    reads: dict[str, Element | None] = {}
    writes: set[str] = set()
    for element, scope in context.every_element():
        writes |= {mapping.target.partition(".")[0] for mapping in (*element.inputs, *element.outputs)}
        if isinstance(element, Activity) and element.loop:
            writes |= {name for name in (element.loop.element_variable, element.loop.output_collection) if name}
        if isinstance(element, Task) and element.result_variable:
            writes.add(element.result_variable)
        if isinstance(element, Task) and element.type == "scriptTask" and element.script:
            script = compiled(Placed(element.script, element, scope, "script"))
            writes |= set(getattr(script, "keys", ()) or ())
        for definition in _definitions(element):
            writes |= {mapping.target.partition(".")[0] for mapping in definition.variables}
            writes |= {name for name in (definition.code_variable, definition.message_variable) if name}
    for placed in context.expressions:
        expression = compiled(placed)
        if expression is not None:
            owner = placed.owner if isinstance(placed.owner, Element) else None
            for name in sorted(set(expression.names) - set(getattr(expression, "keys", ()) or ())):
                reads.setdefault(name, owner)
    for process in context.model.processes:
        writes |= _of_process(process)
    return reads, frozenset(writes)


def _of_process(process: Process) -> set[str]:
    return {data.name for data in process.data_objects} | set(process.searchable)
