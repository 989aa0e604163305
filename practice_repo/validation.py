"""Is a variant fit to run? The checks that every practice passes before it is available (A23).

    report = validate(store, candidate_id=…, actor=…, now=…, bench=bench)

Checking takes seconds, so it happens outside of units of work: the files are read in one, the report is kept in
another. `check_package` is the same without a store.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from engine.bpmn import read_model
from engine.bpmn.elements import Model
from engine.bpmn.lint import lint
from engine.dmn import analyse, compile_decisions, read_dmn
from engine.errors import EngineError, Finding, InvalidModel, InvalidState
from engine.forms import read_form
from engine.handlers import Handlers
from engine.play.player import CannotPlay, Player
from engine.play.scenario import Scenario, read_scenarios
from engine.runtime import Definition, compile_definition
from engine.store.actor import Actor
from engine.store.types import new_id
from engine.store.unit_of_work import Store, Work
from practice_repo.algebra.package import Package
from practice_repo.algebra.soundness import check_soundness
from practice_repo.bindings import Bindings, bound, roles_of, topics_of
from practice_repo.contents import digest_of, get_trees
from practice_repo.practice import CARD, Practice, Text, practice_of_files
from practice_repo.practice_check import check_practice
from practice_repo.queries.workspace import find_candidate
from practice_repo.tables import PracticeCandidate, PracticeValidation
from practice_repo.workspace import own_candidate

PASSED, FAILED, WARNED, SKIPPED = "passed", "failed", "warned", "skipped"
CHECK_NAMES = {
    "read": Text("Files can be read", "文件可读"),
    "gate": Text("The engine can run it", "引擎可执行"),
    "soundness": Text("Every case can end", "流程健全"),
    "rules": Text("Rules are complete", "规则完整"),
    "references": Text("Forms, roles and data fit", "表单、角色与数据引用"),
    "bindings": Text("Everything is bound", "绑定完整"),
    "dry_run": Text("Scenarios run", "情景试运行"),
}
STOPPING = {"dry_run": ("read", "gate", "soundness")}  # failures after which a check is skipped; else only "read"
SCENARIOS = "scenarios.toml"
MOST_JOBS = 2_000  # of one scenario: more is a loop of service tasks that never ends
FORMER_FINDINGS = ("practice-",)  # what check_practice says itself; models and tables are other checks' business


@dataclass(frozen=True)
class Bench:
    """What the checks may use; the application wires it in. Without handlers, service tasks return nothing."""

    handlers: Callable[[], Handlers] | None = None
    resources: Callable[[datetime], Any] | None = None
    groups: Collection[str] | None = None  # role keys of the enterprise; None: any will do
    topics: Collection[str] | None = None  # topics with a handler; None: any will do
    others: tuple[Package, ...] = ()  # practices whose processes this one calls
    seconds: float | None = None  # for playing scenarios; those that come later are named as not run. None: all run


@dataclass(frozen=True)
class CheckFinding:
    rule: str
    message: str
    severity: str = "error"  # error | warning
    file: str | None = None
    element_id: str | None = None
    element_name: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Check:
    key: str
    state: str  # passed | failed | warned | skipped
    findings: tuple[CheckFinding, ...] = ()
    seconds: float = 0
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ValidationReport:
    checks: tuple[Check, ...]
    id: str | None = None
    commit_id: str | None = None
    digest: str = ""
    at: datetime | None = None
    by: str = ""

    @property
    def passed(self) -> bool:
        return not any(check.state == FAILED for check in self.checks)

    @property
    def errors(self) -> tuple[CheckFinding, ...]:
        return tuple(each for check in self.checks for each in check.findings if each.severity == "error")

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(check) for check in self.checks]


def checks_of_json(content: Iterable[Mapping[str, Any]]) -> tuple[Check, ...]:
    """The checks of a stored report."""
    return tuple(
        Check(
            each["key"],
            each["state"],
            tuple(CheckFinding(**finding) for finding in each["findings"]),
            each["seconds"],
            each["detail"],
        )
        for each in content
    )


def validate(
    store: Store, *, candidate_id: str, actor: Actor, now: datetime, bench: Bench | None = None
) -> ValidationReport:
    """Check the newest commit of a candidate and keep the report.

    Raises InvalidState while the draft has changes of its own; a candidate that changed meanwhile is not marked.
    """
    with store.reading() as work:
        candidate = find_candidate(work, candidate_id, actor)
        if candidate.draft_digest != candidate.head_digest:
            raise InvalidState(f"'{candidate.title}' has changes without a version note: keep or discard them first.")
        package, origin = (Package(each) for each in get_trees(work, [candidate.draft, candidate.origin]))
    report = check_package(
        package,
        Bindings.of_json(candidate.bindings),
        bench,
        origin=origin,
        is_component=candidate.component is not None,
    )
    return store.run(lambda work: _keep(work, candidate, report, actor, now))


def check_package(
    package: Package,
    bindings: Bindings | None = None,
    bench: Bench | None = None,
    *,
    origin: Package | None = None,
    is_component: bool = False,
) -> ValidationReport:
    """Every check in order. What cannot be read is not checked further; what is not sound is not run.

    `origin` is what a variant came from: a scenario that it took over unchanged and that goes another way now is a
    difference to look at (a warning), one of its own that fails is an error.
    """
    subject = _Subject(package, bindings or Bindings(), bench or Bench(), origin, is_component)
    done: list[Check] = []
    for key, check in CHECKS.items():
        if any(each.state == FAILED and each.key in STOPPING.get(key, ("read",)) for each in done):
            done.append(Check(key, SKIPPED))
            continue
        done.append(_timed(key, check, subject))
    return ValidationReport(tuple(done))


@dataclass
class _Subject:
    """The package, opened once for all checks."""

    package: Package
    bindings: Bindings
    bench: Bench
    origin: Package | None = None
    is_component: bool = False
    detail: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def practice(self) -> Practice:
        return practice_of_files(self.package.files)

    @cached_property
    def models(self) -> dict[str, Model]:
        return {name: read_model(content) for name, content in self._ending(".bpmn")}

    @cached_property
    def decisions(self) -> dict[str, Any]:
        return {name: read_dmn(content) for name, content in self._ending(".dmn")}

    @cached_property
    def definition(self) -> Definition:
        """As it is deployed: bound, with the processes that it calls."""
        packages = [bound(self.package, self.bindings), *self.bench.others]
        models = {model.digest: model for model in _read_all(packages, ".bpmn", read_model)}
        decisions = list(_read_all(packages, ".dmn", read_dmn))
        return compile_definition(list(models.values()), compile_decisions(decisions) if decisions else None)

    def _ending(self, ending: str) -> list[tuple[str, bytes]]:
        return [(name, content) for name, content in self.package.files.items() if name.endswith(ending)]


def _read_all(packages: Iterable[Package], ending: str, read: Callable[[bytes], Any]) -> Iterator[Any]:
    for package in packages:
        for name, content in package.files.items():
            if name.endswith(ending):
                yield read(content)


def _timed(key: str, check: Callable[[_Subject], Iterator[CheckFinding] | None], subject: _Subject) -> Check:
    began = time.perf_counter()
    subject.detail = {}
    try:
        found = check(subject)
        findings = None if found is None else tuple(found)
    except InvalidModel as error:
        findings = tuple(_of_finding(each) for each in error.findings) or (CheckFinding(key, str(error)),)
    except EngineError as error:
        findings = (CheckFinding(key, str(error)),)
    seconds = round(time.perf_counter() - began, 3)
    if findings is None:
        return Check(key, SKIPPED, (), seconds, subject.detail)
    severities = {each.severity for each in findings}
    state = FAILED if "error" in severities else WARNED if severities else PASSED
    return Check(key, state, findings, seconds, subject.detail)


def _of_finding(finding: Finding, file: str | None = None) -> CheckFinding:
    return CheckFinding(
        finding.rule,
        finding.message,
        finding.severity,
        file,
        finding.element_id,
        finding.element_name,
        finding.line,
    )


def _check_files(subject: _Subject) -> Iterator[CheckFinding]:
    if not subject.is_component:
        try:
            _ = subject.practice
        except EngineError as error:
            yield from _refused(error, CARD)
    for name, content in subject.package.files.items():
        reader = next((read for ending, read in READERS.items() if name.endswith(ending)), None)
        if reader is None or (reader is read_form and not name.startswith("forms/")):
            continue
        try:
            reader(content)
        except EngineError as error:
            yield from _refused(error, name)


def _refused(error: EngineError, file: str) -> Iterator[CheckFinding]:
    told = error.findings if isinstance(error, InvalidModel) else ()
    if not told:
        yield CheckFinding("read", str(error), "error", file)
    for finding in told:
        yield _of_finding(finding, file)


READERS: dict[str, Callable[[bytes], Any]] = {".bpmn": read_model, ".dmn": read_dmn, ".json": read_form}


def _check_gate(subject: _Subject) -> Iterator[CheckFinding] | None:
    if not subject.models:
        return None
    return _gate_findings(subject)


def _gate_findings(subject: _Subject) -> Iterator[CheckFinding]:
    for name, model in subject.models.items():
        for finding in lint(model):
            yield _of_finding(finding, name)
    yield from (_of_finding(finding) for finding in subject.definition.warnings)


def _check_soundness(subject: _Subject) -> Iterator[CheckFinding] | None:
    if not subject.models:
        return None
    return (_of_finding(each, name) for name, model in subject.models.items() for each in check_soundness(model))


def _check_rules(subject: _Subject) -> Iterator[CheckFinding] | None:
    if not subject.decisions:
        return None
    return _rule_findings(subject)


def _rule_findings(subject: _Subject) -> Iterator[CheckFinding]:
    for name, definitions in subject.decisions.items():
        others = [other for other in subject.decisions.values() if other is not definitions]
        for finding in analyse(definitions, others):
            yield _of_finding(finding, name)


def _check_references(subject: _Subject) -> Iterator[CheckFinding] | None:
    if subject.is_component:
        return None
    return (_of_finding(each) for each in check_practice(subject.practice) if each.rule.startswith(FORMER_FINDINGS))


def _check_bindings(subject: _Subject) -> Iterator[CheckFinding] | None:
    if not subject.models:
        return None
    return _binding_findings(subject)


def _binding_findings(subject: _Subject) -> Iterator[CheckFinding]:
    documents, bindings, bench = subject.package.documents, subject.bindings, subject.bench
    roles, topics = roles_of(documents), topics_of(documents)
    for what, bound_keys, known in (("role", bindings.roles, roles), ("topic", bindings.topics, topics)):
        for key in sorted(set(bound_keys) - set(known)):
            yield CheckFinding("binding-unused", f"The {what} '{key}' is bound, but nothing uses it.", "warning")
    for key, elements in roles.items():
        group = bindings.roles.get(key, key)
        if bench.groups is not None and group not in bench.groups and group != "system":
            text = f"The enterprise has no group '{group}' for the role '{key}': bind the role to one that it has."
            yield CheckFinding("binding-role", text, "error", element_id=elements[0])
    for topic, elements in topics.items():
        used = bindings.topics.get(topic, topic)
        if bench.topics is not None and used not in bench.topics:
            text = f"No handler does the work of '{used}': bind the topic '{topic}' to one that has a handler."
            yield CheckFinding("binding-topic", text, "error", element_id=elements[0])


def _check_dry_run(subject: _Subject) -> Iterator[CheckFinding] | None:
    if subject.is_component or not subject.models:
        return None
    return _dry_run_findings(subject, _scenarios(subject.package))


def _scenarios(package: Package | None) -> list[Scenario]:
    text = package.files.get(SCENARIOS, b"").decode() if package else ""
    return read_scenarios(text) if text.strip() else []


def _dry_run_findings(subject: _Subject, scenarios: list[Scenario]) -> Iterator[CheckFinding]:
    """Play each scenario on the model as it would be deployed, and note what was covered."""
    inherited = _scenarios(subject.origin) if _is_changed(subject) else []
    results: list[dict[str, Any]] = []
    covered: set[str] = set()
    began = time.monotonic()
    for number, scenario in enumerate(scenarios):
        if number and subject.bench.seconds is not None and time.monotonic() - began > subject.bench.seconds:
            left = len(scenarios) - number
            yield CheckFinding("dry-run-time", f"Time was up: {left} scenarios were not run.", "warning", SCENARIOS)
            break
        problem, trace = _played(subject, scenario)
        covered.update(trace)
        results.append({"name": scenario.name, "passed": problem is None, "text": problem or "", "trace": trace})
        if problem is not None and scenario in inherited:
            text = f"'{scenario.name}' goes another way than in the prototype: {problem}"
            yield CheckFinding("dry-run-differs", text, "warning", SCENARIOS)
        elif problem is not None:
            yield CheckFinding("dry-run", f"{scenario.name}: {problem}", "error", SCENARIOS)
    elements = {element.id for model in subject.models.values() for each in model.processes for element in each.walk()}
    subject.detail = {"scenarios": results, "covered": sorted(covered & elements), "elements": len(elements)}
    if not scenarios:
        yield CheckFinding("dry-run", "There are no scenarios to run: add the usual case at least.", "warning")


def _is_changed(subject: _Subject) -> bool:
    """Whether more differs from the origin than the lineage that a copy carries."""
    if subject.origin is None:
        return False
    documents, origin = subject.package.documents, subject.origin.documents
    return documents.keys() != origin.keys() or any(documents[name].digest != origin[name].digest for name in documents)


def _played(subject: _Subject, scenario: Scenario) -> tuple[str | None, list[str]]:
    """What went wrong, and the elements that completed."""
    process_id = scenario.process or subject.practice.id
    player = _BoundedPlayer(
        subject.definition,
        scenario,
        process_id=process_id if process_id in subject.definition.process_ids else None,
        handlers=subject.bench.handlers,
        resources=subject.bench.resources,
    )
    try:
        player.run()
    except EngineError as error:
        return str(error), list(player.trace)
    return None, list(player.trace)


class _BoundedPlayer(Player):
    """A play that gives up on a process whose service tasks go round for ever."""

    ran = 0

    def _run_job(self, number: int, created: Any) -> None:
        self.ran += 1
        if self.ran > MOST_JOBS:
            raise CannotPlay(f"More than {MOST_JOBS} service tasks ran ({created.element_id} last): it never ends.")
        super()._run_job(number, created)


CHECKS: dict[str, Callable[[_Subject], Iterator[CheckFinding] | None]] = {
    "read": _check_files,
    "gate": _check_gate,
    "soundness": _check_soundness,
    "rules": _check_rules,
    "references": _check_references,
    "bindings": _check_bindings,
    "dry_run": _check_dry_run,
}


def _keep(work: Work, seen: Any, report: ValidationReport, actor: Actor, now: datetime) -> ValidationReport:
    candidate: PracticeCandidate = own_candidate(work, seen.id, actor)
    digest = checked_digest(seen)
    row = PracticeValidation(
        id=new_id(),
        candidate_id=candidate.id,
        commit_id=seen.head_commit_id,
        digest=digest,
        passed=report.passed,
        report=report.to_json(),
        at=now,
        by=actor.id,
    )
    work.session.add(row)
    if candidate.head_commit_id == seen.head_commit_id:
        candidate.valid_digest = seen.head_digest if report.passed else None
    return ValidationReport(report.checks, row.id, row.commit_id, digest, now, actor.id)


def checked_digest(candidate: Any) -> str:
    """What was checked: the files and the bindings."""
    bindings = Bindings.of_json(candidate.bindings)
    return digest_of(f"{candidate.head_digest} {sorted(bindings.to_json().items())!r}".encode())
