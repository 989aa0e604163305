"""A practice as its files say: the card, the models, the decisions, the forms, the words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from engine.errors import InvalidModel, NotFound
from practice_repo.card import (
    ACCESSES,
    CARD,
    CHANGE_TYPES,
    DIRECTIONS,
    HIGHEST_EVIDENCE_LEVEL,
    KINDS,
    TYPES,
    UNITS,
    Anchor,
    Card,
    CostDriver,
    DataObject,
    EffectDriver,
    Estimate,
    Kpi,
    Pcf,
    Role,
    Touchpoint,
    VariationOption,
    VariationPoint,
    read_card,
)
from practice_repo.card_entry import Text

__all__ = [
    "ACCESSES",
    "CARD",
    "CHANGE_TYPES",
    "DIRECTIONS",
    "HIGHEST_EVIDENCE_LEVEL",
    "KINDS",
    "TYPES",
    "UNITS",
    "Anchor",
    "Card",
    "CostDriver",
    "DataObject",
    "EffectDriver",
    "Estimate",
    "Kpi",
    "Pcf",
    "Practice",
    "Role",
    "Text",
    "Touchpoint",
    "VariationOption",
    "VariationPoint",
    "folder_files",
    "practice_of_files",
    "read_card",
    "read_practice",
    "shipped_practices",
]

LARGEST_FILE = 5 * 1024 * 1024
PACK_FILES = frozenset({"manifest.json", "signatures.json"})  # what an import leaves beside the practice
FOLDERS = ("forms", "options", "data", "docs", "templates")  # below a practice folder; nothing lies deeper


@dataclass(frozen=True)
class Practice:
    """One practice, read from its folder or from the files of a pack."""

    card: Card
    models: Mapping[str, bytes]  # file name → BPMN
    decisions: Mapping[str, bytes]  # file name → DMN
    forms: Mapping[str, bytes]  # form key → form-js JSON
    scenarios: str = ""  # TOML
    readme: str = ""
    folder: Path | None = field(default=None, compare=False)
    options: Mapping[str, bytes] = field(default_factory=dict)  # "<point>.<option>" → operations as JSON
    data: Mapping[str, bytes] = field(default_factory=dict)  # file name → sample data
    simulation: str = ""  # TOML: how cases of a year arrive and are worked on

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def main_model(self) -> bytes:
        """The BPMN of the main process. Raises `NotFound` for a practice without one (see `has_process`)."""
        if not self.has_process:
            raise NotFound(f"'{self.id}' is a practice of kind {self.card.kind}: it has no process of its own.")
        return self.models[self.card.process]

    @property
    def has_process(self) -> bool:
        """Whether there is a main process to show and to deploy; a technology, for one, has none."""
        return self.card.process in self.models


def shipped_practices() -> list[Path]:
    """The folders of the practices that come with Praxis, in order of area and name."""
    processes = Path(__file__).resolve().parent.parent / "processes"
    return sorted(card.parent for card in processes.glob(f"*/*/{CARD}"))


def read_practice(folder: Path) -> Practice:
    """The practice in this folder.

    Raises `NotFound` when the folder has no practice.toml, `InvalidModel` with one finding per thing that is wrong
    with the card, or when a file is missing or too large. Models, decisions and forms are not opened: see
    `practice_repo.practice_check.check_practice`.
    """
    folder = Path(folder)
    if not (folder / CARD).is_file():
        raise NotFound(f"{folder.name} has no {CARD}: a practice folder needs its card.")
    return practice_of_files(folder_files(folder), folder=folder)


def folder_files(folder: Path) -> dict[str, bytes]:
    """What lies in a practice folder: path with "/" → content, in order of the paths.

    Hidden files, and the manifest and signatures of the pack that it came in, are left out.
    """
    folder = Path(folder)
    paths = {path.relative_to(folder).as_posix(): path for path in _paths(folder)}
    return {name: _content(paths[name]) for name in sorted(paths)}


def practice_of_files(files: Mapping[str, bytes], *, folder: Path | None = None) -> Practice:
    """The practice that these files make up (path with "/" → content). Raises like `read_practice`."""
    if CARD not in files:
        raise NotFound(f"There is no {CARD} among the files: a practice needs its card.")
    card = read_card(_text(files, CARD))
    models = _ending(files, "", ".bpmn")
    if card.process and card.process not in models:
        found = ", ".join(models) or "none"
        raise InvalidModel(f"{CARD} of {card.id}: the process file '{card.process}' is missing (found: {found}).")
    return Practice(
        card=card,
        models=models,
        decisions=_ending(files, "", ".dmn"),
        forms=_keyed(_ending(files, "forms", ".json")),
        scenarios=_text(files, "scenarios.toml"),
        readme=_text(files, "README.md"),
        folder=folder,
        options=_keyed(_ending(files, "options", ".json")),
        data=_ending(files, "data", ""),
        simulation=_text(files, "simulation.toml"),
    )


def _paths(folder: Path) -> Iterator[Path]:
    for place in (folder, *(folder / name for name in FOLDERS)):
        for path in sorted(place.glob("*")) if place.is_dir() else ():
            if path.is_file() and not path.name.startswith(".") and path.name not in PACK_FILES:
                yield path


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise InvalidModel(f"{path.name} has {size} bytes; at most {LARGEST_FILE} are read.")
    return path.read_bytes()


def _ending(files: Mapping[str, bytes], folder: str, ending: str) -> dict[str, bytes]:
    """File name → content of the files that lie directly in this folder."""
    paths = {PurePosixPath(path): content for path, content in files.items()}
    wanted = PurePosixPath(folder)
    return {path.name: paths[path] for path in sorted(paths) if path.parent == wanted and path.name.endswith(ending)}


def _keyed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.removesuffix(".json"): content for name, content in files.items()}


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return files.get(name, b"").decode()
    except UnicodeDecodeError as error:
        raise InvalidModel(f"{name} is not UTF-8 text: {error}.") from error
