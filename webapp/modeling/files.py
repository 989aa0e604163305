"""A practice as the modeler sees it: files by name, whatever state they are in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from engine.bpmn import read_model
from engine.bpmn.elements import Model
from engine.dmn import Definitions, read_dmn
from engine.errors import EngineError, InvalidModel
from engine.forms import Form, read_form
from practice_repo.practice import CARD

Files = Mapping[str, bytes]
SCENARIOS = "scenarios.toml"


def digest_of(content: bytes) -> str:
    """What tells one state of a file from another."""
    return sha256(content).hexdigest()


def kind_of(name: str) -> str:
    """bpmn, dmn, form, card, scenarios or text."""
    if name == CARD:
        return "card"
    if name == SCENARIOS:
        return "scenarios"
    if name.startswith("forms/") and name.endswith(".json"):
        return "form"
    ending = name.rpartition(".")[2]
    return ending if ending in ("bpmn", "dmn") else "text"


def form_key(name: str) -> str:
    return name.removeprefix("forms/").removesuffix(".json")


@dataclass(frozen=True)
class Opened:
    """The files, read as far as they can be; `unreadable` says why the others cannot."""

    files: Files
    models: Mapping[str, Model]
    decisions: Mapping[str, Definitions]
    forms: Mapping[str, Form]  # by file name
    unreadable: Mapping[str, InvalidModel]

    @property
    def decision_ids(self) -> frozenset[str]:
        return frozenset(each for definitions in self.decisions.values() for each in definitions.decision_ids)

    @property
    def form_keys(self) -> frozenset[str]:
        return frozenset(form_key(name) for name in self.files if kind_of(name) == "form")

    @property
    def process_ids(self) -> frozenset[str]:
        return frozenset(process.id for model in self.models.values() for process in model.processes)


def open_files(files: Files) -> Opened:
    """Read everything that can be read."""
    read = {"bpmn": ({}, read_cached_model), "dmn": ({}, _decisions), "form": ({}, _form)}
    unreadable: dict[str, InvalidModel] = {}
    for name, content in files.items():
        if (kind := kind_of(name)) in read:
            found, reader = read[kind]
            try:
                found[name] = reader(content)
            except InvalidModel as error:
                unreadable[name] = error
            except EngineError as error:
                unreadable[name] = InvalidModel(str(error))
    return Opened(files, read["bpmn"][0], read["dmn"][0], read["form"][0], unreadable)


@lru_cache(maxsize=256)
def read_cached_model(content: bytes) -> Model:
    """The model of a BPMN file. Raises InvalidModel."""
    return read_model(content)


@lru_cache(maxsize=128)
def _decisions(content: bytes) -> Definitions:
    return read_dmn(content)


@lru_cache(maxsize=256)
def _form(content: bytes) -> Form:
    return read_form(content)
