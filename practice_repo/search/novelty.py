"""How new a contribution is: the nearest three of the library, and what it should become (repository.md, "Novelty").

| Finding | Meaning |
|---|---|
| same | nothing but words and drawing differ: a patch to what is there |
| parameter_set | the same steps with other rules, times, assignments or forms |
| option | steps differ in few places: an option of the base |
| new_variant | much differs, or the interface (messages, roles, data) does |
| new | nothing in the library is like it |
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn import names
from engine.bpmn.reader import read_model
from engine.errors import InvalidModel
from practice_repo.algebra.document import Document
from practice_repo.algebra.operations import Operation
from practice_repo.algebra.package import Package, required_bump
from practice_repo.search.graph_distance import WEIGHTS, Distance
from practice_repo.search.index import Result, SimilarityIndex
from practice_repo.search.shape import Shape, shape_of

SAME, PARAMETER_SET, OPTION, NEW_VARIANT, NEW = "same", "parameter_set", "option", "new_variant", "new"
SAME_FROM = 0.95  # similarity from which only words can differ
NEW_BELOW = 0.5  # similarity below which a contribution is a practice of its own
VARIANT_FROM = 0.30  # share of changed steps from which an option is a variant
CANDIDATES = 8
NEAREST = 3
WORDS = frozenset({"doc"})
PARAMETERS = frozenset({"ChangeCondition", "ChangeDefault", "ChangeTimer", "AddSla", "ChangeCalendar"})


@dataclass(frozen=True)
class Novelty:
    """What the reviewer sees first. `nearest` has the whole package's distance; `similarity` is that of the first."""

    finding: str  # same | parameter_set | option | new_variant | new
    similarity: float  # 0 to 1, the s of the rules
    nearest: tuple[Result, ...]  # up to three published items, each with its split distance
    changed_share: float  # of the base's steps that structural changes touch, 0 to 1
    regions: int  # places of the flow that structural changes touch; several may be several options
    changes_interface: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "finding": self.finding,
            "similarity": round(self.similarity, 4),
            "nearest": [result.to_json() for result in self.nearest],
            "changed_share": round(self.changed_share, 4),
            "regions": self.regions,
            "changes_interface": self.changes_interface,
        }


def assess_novelty(
    index: SimilarityIndex,
    contribution: Package,
    *,
    base: Package | None = None,
    operations: Sequence[Operation] | None = None,
    without: Collection[str] = (),
) -> Novelty:
    """How new a package is, by similarity and, when its base is known, by the operations that lead to it.

    `without` leaves items out of the comparison (earlier versions of the contribution itself).
    """
    nearest = nearest_items(index, contribution.files, without=without)
    similarity = max((1 - result.distance.total for result in nearest if result.distance), default=0.0)
    if base is None or operations is None:
        return Novelty(_by_similarity(similarity), similarity, nearest, 0.0, 0, False)
    share, regions = changed_regions(base, contribution, operations)
    is_interface = required_bump(operations) == "major"
    finding = _by_operations(similarity, operations, share, is_interface)
    return Novelty(finding, similarity, nearest, share, regions, is_interface)


def nearest_items(
    index: SimilarityIndex, files: Mapping[str, bytes], *, without: Collection[str] = (), limit: int = NEAREST
) -> tuple[Result, ...]:
    """The published items most like all models of a package together, nearest first.

    Every model is compared with the item's model that is nearest to it; larger models count more. Files that are no
    models, or cannot be read, are left out.
    """
    shapes = list(_shapes(files))
    candidates: dict[str, None] = {}
    for shape in shapes:
        answer = index.by_model(shape, without=without, limit=CANDIDATES)
        candidates.update(dict.fromkeys(result.id for result in answer.results))
    found = [_against(index, shapes, item_id) for item_id in candidates]
    return tuple(sorted(found, key=lambda result: (-result.score, result.id))[:limit])


def changed_regions(base: Package, changed: Package, operations: Iterable[Operation]) -> tuple[float, int]:
    """Share of the base's flow nodes that structural operations touch, and the number of connected places they form."""
    steps = sum(len(_steps(document)) for document in base.documents.values())
    touched: set[tuple[str, str]] = set()
    joined: list[set[tuple[str, str]]] = []
    for operation in operations:
        place = {(operation.file, key) for key in _touched(operation, base, changed)}
        if place:
            touched |= place
            overlapping = [group for group in joined if group & place]
            joined = [group for group in joined if not group & place]
            joined.append(place.union(*overlapping))
    return min(len(touched) / steps, 1.0) if steps else 1.0, len(joined)


def _by_operations(similarity: float, operations: Sequence[Operation], share: float, is_interface: bool) -> str:
    tags = frozenset(tag for operation in operations for tag in operation.tags)
    if tags <= WORDS and similarity >= SAME_FROM:
        return SAME
    if is_interface or share >= VARIANT_FROM:
        return NEW if similarity < NEW_BELOW else NEW_VARIANT
    if any(_is_structural(operation) for operation in operations):
        return OPTION
    return SAME if tags <= WORDS else PARAMETER_SET


def _by_similarity(similarity: float) -> str:
    """Without a base nobody can say what was changed, only how near it comes."""
    if similarity >= SAME_FROM:
        return SAME
    return NEW_VARIANT if similarity >= NEW_BELOW else NEW


def _shapes(files: Mapping[str, bytes]) -> Iterable[Shape]:
    for name, content in sorted(files.items()):
        if name.endswith(".bpmn"):
            try:
                yield shape_of(read_model(content))
            except InvalidModel:
                continue


def _against(index: SimilarityIndex, shapes: Sequence[Shape], item_id: str) -> Result:
    best = [(len(shape.nodes), index.compare(shape, item_id)[0]) for shape in shapes]
    weight = sum(size for size, _ in best) or 1
    parts = {
        name: sum(size * getattr(result.distance, name) for size, result in best) / weight
        for name in ("total", *WEIGHTS)
    }
    largest = max(best, key=lambda pair: pair[0])[1]
    return Result(
        item_id,
        largest.version,
        largest.name,
        largest.model,
        1 - parts["total"],
        largest.why,
        Distance(**parts),
        largest.matches,
    )


def _is_structural(operation: Operation) -> bool:
    """Whether the steps or their order change; another condition at the same gateway is a parameter."""
    return "control" in operation.tags and operation.type not in PARAMETERS


def _touched(operation: Operation, base: Package, changed: Package) -> set[str]:
    """The flow nodes at which an operation changes the flow: those it adds or removes, and the ends of its flows."""
    if not _is_structural(operation):
        return set()
    found: set[str] = set()
    documents = [package.documents[operation.file] for package in (base, changed) if operation.file in package.files]
    for change in operation.changes:
        for document in documents:
            record = document.records.get(change.key)
            if record is None:
                continue
            if record.kind in names.FLOW_NODES:
                found.add(change.key)
            elif record.kind == "sequenceFlow":
                found |= {end for end in (record.get("source"), record.get("target")) if end}
    return found


def _steps(document: Document) -> set[str]:
    return {key for key, record in document.records.items() if record.kind in names.FLOW_NODES}
