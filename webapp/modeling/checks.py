"""What is wrong or doubtful in the practice as it stands: the rules of the gate and of the practice, by file."""

import re
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache

from engine.bpmn.lint import lint
from engine.dmn import analyse
from engine.errors import EngineError, Finding, InvalidModel
from engine.feel import (
    FeelSyntaxError,
    compile_expression,
    compile_script,
    compile_unary_tests,
    known_functions,
)
from practice_repo.algebra.soundness import check_soundness
from practice_repo.practice import CARD, practice_of_files
from practice_repo.practice_check import check_practice
from webapp.modeling.files import Files, Opened, open_files, read_cached_model

FILE_IN_TEXT = re.compile(r"(?:forms/)?[\w-]+\.(?:bpmn|dmn|json|toml)")


@dataclass(frozen=True)
class Found:
    """A finding with the file that it stands in."""

    file: str
    rule: str
    severity: str  # error | warning
    message: str
    element: str | None
    name: str | None

    @property
    def sort_key(self) -> tuple:
        return (self.severity != "error", self.file, self.element or "")


def check_files(files: Files, *, topics: Collection[str] | None = None) -> list[dict[str, object]]:
    """The findings of every file, errors first: those that `practice_repo.validation` refuses a deployment for.

    `topics` are those that have a handler; None means that nobody knows.
    """
    opened = open_files(files)
    found = dict.fromkeys(_file_findings(opened, topics))
    if not opened.unreadable:  # else much would not fit only because a part of it is missing
        found |= dict.fromkeys(_practice_findings(opened))
    return [asdict(each) for each in sorted(found, key=lambda each: each.sort_key)]


def _file_findings(opened: Opened, topics: Collection[str] | None) -> Iterator[Found]:
    for name, error in opened.unreadable.items():
        for finding in error.findings or [Finding("unreadable", str(error))]:
            yield _found(name, finding)
    known = (opened.decision_ids, opened.process_ids, None if topics is None else frozenset(topics))
    for name in opened.models:
        for finding in _model_findings(opened.files[name], *known):
            yield _found(name, finding)
    for name, definitions in opened.decisions.items():
        others = [other for other in opened.decisions.values() if other is not definitions]
        for finding in analyse(definitions, others):
            yield _found(name, finding)
    for name, form in opened.forms.items():
        for finding in form.lint():
            yield _found(name, finding)


@lru_cache(maxsize=128)
def _model_findings(
    content: bytes, decisions: frozenset[str], called: frozenset[str], topics: frozenset[str] | None
) -> tuple[Finding, ...]:
    """The gate's findings and those about soundness; a file is checked anew only when it changes."""
    model = read_cached_model(content)
    return (*lint(model, decisions=decisions, called=called, topics=topics), *check_soundness(model))


def _practice_findings(opened: Opened) -> Iterator[Found]:
    """What does not fit together; what the files say of themselves was told before."""
    try:
        findings = check_practice(practice_of_files(opened.files))
    except (InvalidModel, KeyError) as error:
        for finding in getattr(error, "findings", ()) or [Finding("unreadable", str(error))]:
            yield _found(CARD, finding)
        return
    owners = _owners(opened)
    for finding in findings:
        if finding.rule.startswith("practice-") and finding.rule != "practice-unreadable":
            yield _found(_file_of(finding, owners, opened.files), finding)


def _owners(opened: Opened) -> dict[str, str]:
    """The file of each element; an id that stands in several belongs to the first."""
    owners: dict[str, str] = {}
    for name, model in opened.models.items():
        for process in model.processes:
            for element_id in (process.id, *(lane.id for lane in process.lanes), *(e.id for e in process.walk())):
                owners.setdefault(element_id, name)
    return owners


def _file_of(finding: Finding, owners: dict[str, str], files: Files) -> str:
    if finding.element_id in owners:
        return owners[finding.element_id]
    named = [name for name in FILE_IN_TEXT.findall(finding.message) if name in files]
    if named:
        return named[0]
    return next((owners[word] for word in re.findall(r"'(\w+)'", finding.message) if word in owners), CARD)


def _found(file: str, finding: Finding) -> Found:
    return Found(file, finding.rule, finding.severity, finding.message, finding.element_id, finding.element_name)


def check_expression(text: str, kind: str) -> dict[str, object]:
    """Whether the text is FEEL, and what it reads.

    `kind` is expression (with or without a leading "="), value (a literal unless it starts with "="), script, or tests
    (a cell of a decision table). The answer has `problem` (None when it is fine), `names` and `functions`: what it
    reads and calls that FEEL does not know by itself.
    """
    if kind == "value" and not text.startswith("="):
        return {"problem": None, "names": [], "functions": []}
    compiler = {"script": compile_script, "tests": compile_unary_tests}.get(kind, compile_expression)
    try:
        compiled = compiler(text.removeprefix("=").strip())
    except FeelSyntaxError as error:
        return {"problem": str(error), "names": [], "functions": []}
    except EngineError as error:
        return {"problem": str(error), "names": [], "functions": []}
    own = set(getattr(compiled, "keys", ()))
    return {
        "problem": None,
        "names": sorted(compiled.names - own),
        "functions": sorted(compiled.functions - own - set(known_functions())),
    }
