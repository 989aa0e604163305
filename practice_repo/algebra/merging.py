"""Three versions become one: what either side changed, and a question where both cannot be had.

The result begins as ours, with its ids and its drawing; the operations of theirs are replayed on it. Operations that
clash, those that depend on them, and those that together break the result are grouped into conflicts; while a conflict
is open, the result keeps ours there. So every operation of both sides is in the result or in a conflict.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, TypeVar

from engine.errors import Finding
from practice_repo.algebra import clashes as kinds
from practice_repo.algebra.clashes import closed
from practice_repo.algebra.conflicts import SAME_FILE, SEMANTIC, Conflict, Resolution
from practice_repo.algebra.document import Document
from practice_repo.algebra.file_merge import FileMerge
from practice_repo.algebra.merge_checks import Worsened, worsened
from practice_repo.algebra.operations import CannotApply, Operation
from practice_repo.algebra.package import Package, package_difference
from practice_repo.algebra.placing import placed

__all__ = ["Conflict", "Merged", "Resolution", "merge"]

Version = TypeVar("Version", Document, Package)
MOST_SEMANTIC = 20  # rounds of looking for operations that break the result together


@dataclass(frozen=True)
class Merged(Generic[Version]):
    """The outcome of a merge.

    `ours` and `theirs` are the operations since the base. `applied` are those that are in the result, `automatic` those
    of theirs among them that needed no answer. `conflicts` are the open questions, `resolved` the answered ones;
    `findings` what the merge made worse (errors only where an answer accepted them).
    """

    result: Version
    ours: tuple[Operation, ...]
    theirs: tuple[Operation, ...]
    applied: tuple[Operation, ...]
    conflicts: tuple[Conflict, ...] = ()
    resolved: tuple[Conflict, ...] = ()
    findings: tuple[Worsened, ...] = ()
    obsolete: tuple[Operation, ...] = ()  # of ours, that theirs did too

    @property
    def open(self) -> tuple[Conflict, ...]:
        return self.conflicts

    @property
    def is_clean(self) -> bool:
        return not self.conflicts

    @property
    def questions(self) -> tuple[Conflict, ...]:
        """All conflicts, open and answered."""
        return (*self.conflicts, *self.resolved)

    @cached_property
    def automatic(self) -> tuple[Operation, ...]:
        asked = {each.id for conflict in self.questions for each in conflict.theirs}
        theirs = {each.id for each in self.theirs}
        return tuple(each for each in self.applied if each.id in theirs and each.id not in asked)

    @property
    def lost(self) -> tuple[Operation, ...]:
        """Operations that are neither in the result nor in a conflict. There are none: see the module."""
        seen = {(each.file, each.id) for each in self.applied}
        seen |= {(each.file, each.id) for conflict in self.questions for each in (*conflict.ours, *conflict.theirs)}
        return tuple(each for each in (*self.ours, *self.theirs) if (each.file, each.id) not in seen)


def merge(base: Version, ours: Version, theirs: Version, *, resolutions: Iterable[Resolution] = ()) -> Merged[Version]:
    """Ours with what theirs changed since the base. Documents or packages; all three must be of one sort.

    `resolutions` are answers to conflicts, also of earlier merges: those whose question does not come up are ignored.
    """
    answers = {resolution.conflict_id: resolution for resolution in resolutions}
    if isinstance(base, Document):
        parts: dict[str, _Part] = {base.name: _File(FileMerge(base, ours, theirs))}
        run = _Run(parts, [{base.name: side} for side in (ours, theirs)], answers, as_package=False)
        return run.merged(lambda files: files[base.name])
    run = _Run(dict(_parts(base, ours, theirs)), [ours.documents, theirs.documents], answers, as_package=True)
    return run.merged(lambda files: _package(files, ours))


def _package(files: Mapping[str, Document], ours: Package) -> Package:
    kept = ours.documents
    return Package(
        {name: ours.files[name] if document is kept.get(name) else document.write() for name, document in files.items()}
    )


def _parts(base: Package, ours: Package, theirs: Package) -> Iterator[tuple[str, "_Part"]]:
    for name in sorted(base.files.keys() | ours.files.keys() | theirs.files.keys()):
        contents = [package.files.get(name) for package in (base, ours, theirs)]
        documents = [package.documents.get(name) for package in (base, ours, theirs)]
        if None not in contents and len({document.kind for document in documents if document}) == 1:
            yield name, _File(FileMerge(*documents))  # type: ignore[arg-type]
        else:
            yield name, _WholeFile(name, base, ours, theirs)


@dataclass(frozen=True)
class _PartResult:
    document: Document | None
    applied: tuple[Operation, ...]


class _Part:
    """One file of the merge."""

    ours: tuple[Operation, ...] = ()
    theirs: tuple[Operation, ...] = ()

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        raise NotImplementedError

    def result(
        self, answers: Mapping[str, Resolution], without: Collection[str], dropping: Collection[str], trying: bool
    ) -> _PartResult:
        raise NotImplementedError

    def obsolete(self) -> Collection[str]:
        return ()


class _File(_Part):
    """A file that all three versions have."""

    def __init__(self, work: FileMerge):
        self.work = work
        self.ours, self.theirs = work.our_operations, work.their_operations

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return self.work.conflicts

    def result(
        self, answers: Mapping[str, Resolution], without: Collection[str], dropping: Collection[str], trying: bool
    ) -> _PartResult:
        found = self.work.result(answers, without=without, dropping=dropping, trying=trying)
        is_untouched = found.document is self.work.original
        document = found.document if is_untouched or trying else placed(found.document, self.work.ours)
        return _PartResult(document, (*found.ours, *found.theirs))

    def obsolete(self) -> Collection[str]:
        return self.work.done_by_both


class _WholeFile(_Part):
    """A file that not all versions have, or that is not the same kind of thing in all."""

    def __init__(self, name: str, base: Package, ours: Package, theirs: Package):
        self.name = name
        self.versions = [package.documents.get(name) for package in (base, ours, theirs)]
        alone = [
            Package({name: package.files[name]} if name in package.files else {}) for package in (base, ours, theirs)
        ]
        self.ours = package_difference(alone[0], alone[1])
        self.theirs = package_difference(alone[0], alone[2])
        contents = [package.files.get(name) for package in alone]
        digests = [document.digest if document else None for document in self.versions]
        self.is_agreed = contents[1] == contents[2] or digests[1] == digests[2] or not self.ours or not self.theirs

    @cached_property
    def conflict(self) -> Conflict | None:
        if self.is_agreed:
            return None
        kind = kinds.DELETE_CHANGE if None in self.versions[1:] else SAME_FILE
        return Conflict(kind, self.name, "file", "", self.name, self.ours, self.theirs)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return (self.conflict,) if self.conflict else ()

    def result(
        self, answers: Mapping[str, Resolution], without: Collection[str], dropping: Collection[str], trying: bool
    ) -> _PartResult:
        _, ours, theirs = self.versions
        without_theirs = any(each.id in without for each in self.theirs)
        if self.conflict is None:
            takes_theirs = bool(self.theirs) and not self.ours and not without_theirs
            both = (*self.ours, *(() if without_theirs else self.theirs))
            return _PartResult(theirs if takes_theirs else ours, both)
        answer = answers.get(self.conflict.id)
        if answer and answer.choice in {"theirs", "edit"} and not without_theirs:
            return _PartResult(theirs, self.theirs)
        return _PartResult(ours, self.ours)


@dataclass
class _Run:
    """The merge of all files, and the search for what breaks only together."""

    parts: Mapping[str, _Part]
    sides: Sequence[Mapping[str, Document]]
    answers: Mapping[str, Resolution]
    as_package: bool
    without: set[str] = field(default_factory=set)  # ids of theirs' operations that are held back
    dropping: set[str] = field(default_factory=set)
    semantic: list[Conflict] = field(default_factory=list)
    accepted: set[tuple[str, str, str | None]] = field(default_factory=set)  # errors that an answer took

    def merged(self, as_version: Callable[[Mapping[str, Document]], Version]) -> Merged[Version]:
        results, found = self._sound_results()
        files = {name: result.document for name, result in results.items() if result.document is not None}
        conflicts = [conflict for part in self.parts.values() for conflict in part.conflicts]
        answered = [replace(each, resolution=self.answers.get(each.id)) for each in (*conflicts, *self.semantic)]
        open_ids = {one.id for each in answered if each.is_open for one in (*each.ours, *each.theirs)}
        applied = [each for result in results.values() for each in result.applied if each.id not in open_ids]
        done_by_both = {identifier for part in self.parts.values() for identifier in part.obsolete()}
        ours = tuple(each for part in self.parts.values() for each in part.ours)
        return Merged(
            as_version(files),
            ours,
            tuple(each for part in self.parts.values() for each in part.theirs),
            tuple(applied),
            tuple(each for each in answered if each.is_open),
            tuple(each for each in answered if not each.is_open),
            tuple(found),
            tuple(each for each in ours if each.id in done_by_both and each.id not in open_ids),
        )

    def _results(
        self, without: Collection[str], dropping: Collection[str], trying: bool = False
    ) -> dict[str, _PartResult]:
        return {name: part.result(self.answers, without, dropping, trying) for name, part in self.parts.items()}

    def _worsened(self, results: Mapping[str, _PartResult], only: Worsened | None = None) -> list[Worsened]:
        files = {name: result.document for name, result in results.items() if result.document is not None}
        return worsened(files, self.sides, as_package=self.as_package, only=only)

    def _sound_results(self) -> tuple[dict[str, _PartResult], list[Worsened]]:
        """Holds back operations of theirs until nothing is broken that neither side has broken alone."""
        for _ in range(MOST_SEMANTIC):
            results = self._results(self.without, self.dropping)
            found = self._worsened(results)
            broken = [each for each in found if self._is_new_error(each)]
            if not broken or not self._ask(broken, results):
                return results, found
        return self._given_up(broken, results)

    def _given_up(
        self, broken: Sequence[Worsened], results: Mapping[str, _PartResult]
    ) -> tuple[dict[str, _PartResult], list[Worsened]]:
        """Too much is broken to tell by whom: all that is left of theirs is one question."""
        applied = {each.id for result in results.values() for each in result.applied}
        theirs = {each.id for part in self.parts.values() for each in part.theirs if each.id in applied}
        conflict = self._semantic_conflict(broken, set(), theirs)
        self.semantic.append(conflict)
        self._settle(conflict, set(), theirs, broken)
        found = self._results(self.without, self.dropping)
        return found, self._worsened(found)

    def _is_new_error(self, worse: Worsened) -> bool:
        return worse.finding.severity == "error" and _place(worse) not in self.accepted

    def _ask(self, broken: Sequence[Worsened], results: Mapping[str, _PartResult]) -> bool:
        """Makes a conflict of the operations that break the first place together."""
        first = broken[0]
        applied = {each.id for result in results.values() for each in result.applied}
        theirs = [each for part in self.parts.values() for each in part.theirs if each.id in applied]
        ours = [each for part in self.parts.values() for each in part.ours if each.id in applied]
        their_group = self._culprits(
            first, theirs, lambda held: self._results(self.without | held, self.dropping, True)
        )
        if not their_group:
            self.accepted.add(_place(first))  # not of this merge's making: an answer or an edit did it
            return True
        others = {each.id for each in theirs} - their_group
        our_group = self._culprits(
            first, ours, lambda held: self._results(self.without | others, self.dropping | held, True)
        ) or self._culprits(first, ours, lambda held: self._results(self.without, self.dropping | held, True))
        conflict = self._semantic_conflict(broken, our_group, their_group)
        if any(each.id == conflict.id for each in self.semantic):
            return False
        self.semantic.append(conflict)
        self._settle(conflict, our_group, their_group, broken)
        return True

    def _settle(self, conflict: Conflict, ours: set[str], theirs: set[str], broken: Sequence[Worsened]) -> None:
        answer = self.answers.get(conflict.id)
        choice = answer.choice if answer else "ours"
        if choice == "combine":
            self.accepted |= {_place(each) for each in broken}
        if choice in {"ours", "edit"}:
            self.without |= theirs
        if choice in {"theirs", "edit"}:
            self.dropping |= ours

    def _culprits(
        self, broken: Worsened, operations: Sequence[Operation], held: Callable[[set[str]], Mapping[str, _PartResult]]
    ) -> set[str]:
        """Ids of the operation without which the place is whole, and of what depends on it; found by bisecting."""
        ids = [each.id for each in operations]
        if not ids or self._breaks(broken, held, set(ids)):
            return set()
        low, high = 0, len(ids)  # with the first `low` all is well, with the first `high` it is not
        while high - low > 1:
            middle = (low + high) // 2
            if self._breaks(broken, held, self._closed(set(ids[middle:]))):
                high = middle
            else:
                low = middle
        return self._closed({ids[high - 1]})

    def _breaks(self, broken: Worsened, held: Callable[[set[str]], Mapping[str, _PartResult]], ids: set[str]) -> bool:
        """Whether the place is broken still without these; what cannot be tried counts as broken."""
        try:
            return _place(broken) in {_place(each) for each in self._worsened(held(ids), broken)}
        except CannotApply:
            return True

    def _closed(self, ids: set[str]) -> set[str]:
        """With all operations that cannot be done without these."""
        found = set(ids)
        for part in self.parts.values():
            if isinstance(part, _File) and found & {each.id for each in (*part.ours, *part.theirs)}:
                found = closed(part.work.their_needs, closed(part.work.our_needs, found))
        return found

    def _semantic_conflict(self, broken: Sequence[Worsened], ours: set[str], theirs: set[str]) -> Conflict:
        first = broken[0]
        mine = tuple(each for part in self.parts.values() for each in part.ours if each.id in ours)
        yours = tuple(each for part in self.parts.values() for each in part.theirs if each.id in theirs)
        finding: Finding = first.finding
        name = finding.element_name or finding.element_id or first.file or yours[0].file
        file = first.file or yours[0].file
        findings = tuple(each.finding for each in broken if each.file == first.file)
        return Conflict(SEMANTIC, file, finding.element_id or "", finding.rule, name, mine, yours, (), findings)


def _place(worse: Worsened) -> tuple[str, str, str | None]:
    return worse.file, worse.finding.rule, worse.finding.element_id
