"""Compiled definitions by the digest of what executes: compiled once per process, shared by all threads."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from engine import bpmn, dmn, forms, runtime
from engine.bpmn.elements import Element, Model, Process
from engine.errors import NotFound
from engine.store.projections import Notes
from engine.store.tables import Resource
from engine.store.unit_of_work import Work

KEPT_DEFINITIONS = 128


class DefinitionCache:
    """The most recently used compiled definitions."""

    def __init__(self, size: int = KEPT_DEFINITIONS):
        self._size = size
        self._by_digest: OrderedDict[str, Compiled] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> "Compiled | None":
        with self._lock:
            found = self._by_digest.get(digest)
            if found is not None:
                self._by_digest.move_to_end(digest)
            return found

    def keep(self, digest: str, compiled: "Compiled") -> "Compiled":
        with self._lock:
            kept = self._by_digest.setdefault(digest, compiled)
            while len(self._by_digest) > self._size:
                self._by_digest.popitem(last=False)
            return kept

    def clear(self) -> None:
        with self._lock:
            self._by_digest.clear()


class Compiled:
    """A definition able to run, with its models' elements by id."""

    def __init__(self, models: Sequence[Model], definition: runtime.Definition):
        self.models = tuple(models)
        self.definition = definition
        self.elements: Mapping[str, Element] = {
            element.id: element for model in models for process in model.processes for element in process.walk()
        }
        self._notes = {element_id: _notes(element) for element_id, element in self.elements.items()}

    def notes(self, element_id: str) -> Notes:
        return self._notes.get(element_id, Notes(name=element_id))

    def process(self, process_id: str) -> Process:
        return self.definition.process(process_id)

    def element_name(self, element_id: str | None) -> str:
        """The element's name, its id when it has none."""
        element = self.elements.get(element_id or "")
        return (element.name if element else "") or element_id or ""


def _notes(element: Element) -> Notes:
    assignment = getattr(element, "assignment", None)
    return Notes(
        name=element.name or element.id,
        four_eyes=element.properties.get("four_eyes"),
        touchpoint=assignment.touchpoint if assignment else None,
    )


cache = DefinitionCache()


def compiled(work: Work, bundle_digest: str, bundle: Mapping[str, Any]) -> Compiled:
    """The compiled definition of a bundle ({models: [digest], decisions: [digest]})."""
    found = cache.get(bundle_digest)
    if found is not None:
        return found
    content = resources(work, [*bundle["models"], *bundle["decisions"]])
    return cache.keep(
        bundle_digest,
        compile_bundle(
            [content[digest] for digest in bundle["models"]], [content[digest] for digest in bundle["decisions"]]
        ),
    )


def compile_bundle(models: Sequence[bytes], decisions: Sequence[bytes]) -> Compiled:
    """Read and compile files; raises InvalidModel with findings."""
    read = [bpmn.read_model(source) for source in models]
    tables = dmn.compile_decisions([dmn.read_dmn(source) for source in decisions]) if decisions else None
    return Compiled(read, runtime.compile_definition(read, tables))


def resources(work: Work, digests: Sequence[str]) -> dict[str, bytes]:
    """The content of resources by digest."""
    rows = work.execute(select(Resource.digest, Resource.content).where(Resource.digest.in_(set(digests)))).all()
    content = {digest: bytes(stored) for digest, stored in rows}
    missing = set(digests) - set(content)
    if missing:
        raise NotFound(
            f"The files with the digests {', '.join(sorted(missing))} are not in the store: deploy them again."
        )
    return content


_forms: dict[str, forms.Form] = {}


def form_set(work: Work, digests: Sequence[str]) -> dict[str, forms.Form]:
    """The forms with these digests; the unknown ones are read with one statement."""
    unknown = set(digests) - set(_forms)
    if unknown:
        _forms.update((digest, forms.read_form(source)) for digest, source in resources(work, list(unknown)).items())
    return {digest: _forms[digest] for digest in digests}


def form(work: Work, digest: str) -> forms.Form:
    """The form with this digest; read once per process."""
    found = _forms.get(digest)
    if found is None:
        found = _forms[digest] = forms.read_form(resources(work, [digest])[digest])
    return found
