"""All files of a practice as one thing that can be compared and changed."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.errors import InvalidModel
from practice_repo.algebra import text_document
from practice_repo.algebra.difference import apply, difference
from practice_repo.algebra.document import Document, Record, read_document
from practice_repo.algebra.operations import CannotApply, Change, Operation
from practice_repo.practice import Practice, folder_files

FILE = "file"  # key and kind of the one record that stands for a file that is added or removed
FILE_TAGS = {"bpmn": "control", "dmn": "rule", "form": "form"}

INTERFACE_TYPES = frozenset(
    {"AddMessage", "RemoveMessage", "ChangeCorrelation", "AddDataObject", "RemoveDataObject", "AddLane", "RemoveLane"}
)
INTERFACE_KINDS = frozenset({"message", "signal", "role", "data_object", "inputData"})
BUMPS = ("patch", "minor", "major")


@dataclass(frozen=True)
class Package:
    """The files of a practice: name with "/" → content."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, practice: Practice) -> "Package":
        """The files that a practice was read from, or those it is made of."""
        if practice.folder is not None:
            return cls.from_folder(practice.folder)
        raise InvalidModel(
            f"The practice '{practice.id}' was not read from a folder; make its package from the files it came with."
        )

    @classmethod
    def from_folder(cls, folder: Path) -> "Package":
        return cls(folder_files(folder))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of exactly these files: over the lines `<hash>  <name>`, as `sha256sum` prints them."""
        lines = [f"{hashlib.sha256(self.files[name]).hexdigest()}  {name}\n" for name in sorted(self.files)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @cached_property
    def meaning(self) -> str:
        """SHA-256 of what the files mean: drawing, ids and spelling apart."""
        found = sorted((name, document.digest) for name, document in self.documents.items())
        return hashlib.sha256(repr(found).encode()).hexdigest()

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """Every file as a document, read when it is asked for; one that is not what its name says is a text."""
        return _Documents(self.files)

    def with_files(self, files: Mapping[str, bytes | None]) -> "Package":
        """The package with these files put in; None takes one out."""
        changed = {**self.files, **files}
        return Package({name: content for name, content in changed.items() if content is not None})


class _Documents(Mapping[str, Document]):
    """Documents by name, each read once."""

    def __init__(self, files: Mapping[str, bytes]):
        self.files = files
        self.read: dict[str, Document] = {}

    def __getitem__(self, name: str) -> Document:
        if name not in self.read:
            self.read[name] = _document(name, self.files[name])
        return self.read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.files))

    def __len__(self) -> int:
        return len(self.files)


def _document(name: str, content: bytes) -> Document:
    try:
        return read_document(name, content)
    except InvalidModel:
        return _as_text(name, content)


def _as_text(name: str, content: bytes) -> Document:
    return text_document.read(name, content)


def package_difference(base: Package, changed: Package, *, with_layout: bool = False) -> tuple[Operation, ...]:
    """The operations that lead from one package to the other, file by file: removed, added, then changed ones."""
    gone = [_removing(name, base) for name in base.files if name not in changed.files]
    new = [_adding(name, changed) for name in changed.files if name not in base.files]
    within = [
        operation
        for name in sorted(base.files.keys() & changed.files.keys())
        if base.files[name] != changed.files[name]
        for operation in _file_difference(name, base, changed, with_layout)
    ]
    return (*gone, *new, *within)


def _file_difference(name: str, base: Package, changed: Package, with_layout: bool) -> tuple[Operation, ...]:
    before, after = base.documents[name], changed.documents[name]
    if before.kind != after.kind:  # one of them cannot be read
        before, after = (_as_text(name, package.files[name]) for package in (base, changed))
    return difference(before, after, with_layout=with_layout)


def _file_record(name: str, content: bytes) -> Record:
    return Record(FILE, FILE, name, text_document.read(name, content).records[text_document.KEY].fields)


def _adding(name: str, package: Package) -> Operation:
    return _whole("AddFile", name, package, Change.adding(_file_record(name, package.files[name])))


def _removing(name: str, package: Package) -> Operation:
    return _whole("RemoveFile", name, package, Change.removing(_file_record(name, package.files[name])))


def _whole(operation: str, name: str, package: Package, change: Change) -> Operation:
    kind = package.documents[name].kind
    tags = frozenset({FILE_TAGS.get(kind, "doc")})
    return Operation(operation, name, FILE, (change,), tags, {"name": name, "kind": kind})


def apply_to_package(package: Package, operations: Sequence[Operation]) -> Package:
    """The package after the operations. Raises CannotApply like `difference.apply`."""
    files = dict(package.files)
    documents: dict[str, Document] = {}
    for name, found in _by_file(operations):
        if any(_is_whole(operation) for operation in found):
            for operation in found:
                _apply_whole(operation, files)
            documents.pop(name, None)
            continue
        document = documents.get(name)
        if document is None:
            document = _file_to_change(package, files, found[0])
        documents[name] = apply(document, found)
        files[name] = documents[name].write()
    return Package(files)


def _by_file(operations: Sequence[Operation]) -> Iterator[tuple[str, list[Operation]]]:
    """Runs of operations on one file; whole files for themselves, in their order."""
    waiting: dict[str, list[Operation]] = {}
    for operation in operations:
        if _is_whole(operation):
            if operation.file in waiting:
                yield operation.file, waiting.pop(operation.file)
            yield operation.file, [operation]
        else:
            waiting.setdefault(operation.file, []).append(operation)
    yield from waiting.items()


def _is_whole(operation: Operation) -> bool:
    return operation.target == FILE and operation.type in {"AddFile", "RemoveFile"}


def _file_to_change(package: Package, files: Mapping[str, bytes], operation: Operation) -> Document:
    name = operation.file
    if name not in files:
        raise CannotApply(
            f"{operation.type} does not fit: expected the file '{name}', found none. Compare the versions again.",
            operation,
        )
    is_text = {change.key for change in operation.changes} == {text_document.KEY}
    if is_text:
        return _as_text(name, files[name])
    return package.documents[name] if files[name] is package.files.get(name) else _document(name, files[name])


def _apply_whole(operation: Operation, files: dict[str, bytes]) -> None:
    name = operation.file
    for change in operation.changes:
        content = text_document.content(change.record)
        if change.action == "add":
            if name in files and files[name] != content:
                raise CannotApply(
                    f"AddFile does not fit: expected no file '{name}', found another one of that name. "
                    "Merge the two, or rename one of them.",
                    operation,
                )
            files[name] = content
        else:
            if files.get(name) != content:
                found = "found it changed" if name in files else "found none"
                raise CannotApply(f"RemoveFile does not fit: expected the file '{name}' as it was, {found}.", operation)
            del files[name]


def required_bump(operations: Iterable[Operation]) -> str:
    """How the version must grow: major when the interface (messages, data, roles) changes, minor for new behaviour,
    patch for words and drawing."""
    return max((_bump(operation) for operation in operations), key=BUMPS.index, default="patch")


def _bump(operation: Operation) -> str:
    if operation.type in INTERFACE_TYPES or (operation.type == "RemoveFile" and not operation.tags <= {"doc"}):
        return "major"
    if any(_touches_interface(change, operation) for change in operation.changes):
        return "major"
    return "patch" if operation.tags <= {"doc"} or not operation.changes else "minor"


def _touches_interface(change: Change, operation: Operation) -> bool:
    if change.action != "set":
        return change.record.kind in INTERFACE_KINDS
    if change.field == "praxis:role":
        return True
    is_contract = operation.target == change.key and operation.details.get("kind") in INTERFACE_KINDS
    return is_contract and change.field in {"name", "access"}


def operations_json(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    return [operation.to_json() for operation in operations]
