"""How far apart two models are, and which of their elements stand for each other.

The graph matching distance of Dijkman, Dumas and García-Bañuelos (Graph matching algorithms for business process
model similarity search, BPM 2009): the weighted mean of skipped nodes, of how unlike the matched nodes are, and of
skipped edges, for the matching that a greedy search finds. What taking a pair would gain is kept up to date for its
neighbours only, so that a comparison costs O(p log p) in the p pairs of similar nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from practice_repo.search.labels import LabelMatcher
from practice_repo.search.shape import ASPECTS, Node, Shape

SKIPPED_NODES, SUBSTITUTION, SKIPPED_EDGES = 0.4, 0.2, 0.4
OTHER_TYPE = 0.85  # a user task for a manual task is the same step, done differently
WITHOUT_LABEL = 0.75  # nodes without a name can only be told by their type and their neighbours
WEIGHTS = {"control": 0.55, "data": 0.15, "role": 0.15, "rule": 0.15}
EDGE_GAIN = 0.5


@dataclass(frozen=True)
class Distance:
    """0 (the same) to 1 (nothing in common), in total and by what differs."""

    total: float
    control: float
    data: float
    role: float
    rule: float

    def to_json(self) -> dict[str, float]:
        return {name: round(getattr(self, name), 4) for name in ("total", "control", "data", "role", "rule")}


@dataclass(frozen=True)
class Match:
    """An element of the query and the one that stands for it; similarity 0 to 1."""

    query: Node
    found: Node
    similarity: float


@dataclass(frozen=True)
class Comparison:
    distance: Distance
    matches: tuple[Match, ...]  # most alike first


def compare(
    query: Shape, other: Shape, matcher: LabelMatcher | None = None, *, is_fragment: bool = False
) -> Comparison:
    """The distance of two models and the pairs of elements behind it.

    With `is_fragment` only what the query has counts: a model that contains all of it has distance 0. `matcher` is
    made once for the query's labels when it is compared with many.
    """
    matcher = matcher or LabelMatcher(query.node_labels)
    matcher.prepare(other.node_labels)
    matching = _Matching(query, other, matcher)
    matching.run()
    pairs, similarity = matching.pairs, matching.similarity
    control = _control_distance(query, other, pairs, similarity, is_fragment)
    aspects = {aspect: _aspect_distance(query, other, aspect, pairs, is_fragment) for aspect in ASPECTS}
    present = {"control": control, **{name: value for name, value in aspects.items() if value is not None}}
    weight = sum(WEIGHTS[name] for name in present)
    total = sum(WEIGHTS[name] * value for name, value in present.items()) / weight
    distance = Distance(total, control, *(aspects[aspect] or 0.0 for aspect in ASPECTS))
    ours, theirs = matching.ours, matching.theirs
    matches = (Match(ours[one], theirs[two], similarity[one]) for one, two in pairs.items())
    return Comparison(distance, tuple(sorted(matches, key=lambda each: (-each.similarity, each.query.id))))


def graph_distance(one: Shape, other: Shape) -> Distance:
    """How far apart two models are, split by what differs."""
    return compare(one, other).distance


class _Matching:
    """Greedy: always the pair that gains most; nodes without a label join as neighbours of matched ones."""

    def __init__(self, query: Shape, other: Shape, matcher: LabelMatcher):
        self.query, self.other = query, other
        self.ours = {node.id: node for node in query.nodes}
        self.theirs = {node.id: node for node in other.nodes}
        self.pairs: dict[str, str] = {}
        self.similarity: dict[str, float] = {}
        self._taken: set[str] = set()
        self._candidates = self._alike(matcher)
        self._gain = dict(self._candidates)
        self._heap = [(-gain, *pair) for pair, gain in self._gain.items()]
        heapify(self._heap)

    def _alike(self, matcher: LabelMatcher) -> dict[tuple[str, str], float]:
        by_label: dict[object, list[Node]] = {}
        for node in self.query.nodes:
            if node.label:
                by_label.setdefault(node.label, []).append(node)
        alike = {}
        for theirs in self.other.nodes:
            for label, score in matcher.near(theirs.label) if theirs.label else ():
                for ours in by_label.get(label, ()):
                    if ours.family == theirs.family:
                        alike[ours.id, theirs.id] = score if ours.type == theirs.type else score * OTHER_TYPE
        return alike

    def run(self) -> None:
        while self._heap:
            gain, ours, theirs = heappop(self._heap)
            if ours in self.pairs or theirs in self._taken or -gain < self._gain[ours, theirs]:
                continue
            self.pairs[ours] = theirs
            self.similarity[ours] = self._candidates[ours, theirs]
            self._taken.add(theirs)
            for ways in ("successors", "predecessors"):
                self._raise_neighbours(getattr(self.query, ways), getattr(self.other, ways), ours, theirs)

    def _raise_neighbours(self, ways: Mapping, other_ways: Mapping, ours: str, theirs: str) -> None:
        """Every pair that would now keep an edge gains by it."""
        for one in ways.get(ours, ()):
            if one in self.pairs:
                continue
            for two in other_ways.get(theirs, ()):
                if two in self._taken:
                    continue
                pair = one, two
                if pair not in self._gain and not self._admit_without_label(pair):
                    continue
                self._gain[pair] += EDGE_GAIN
                heappush(self._heap, (-self._gain[pair], *pair))

    def _admit_without_label(self, pair: tuple[str, str]) -> bool:
        ours, theirs = self.ours.get(pair[0]), self.theirs.get(pair[1])
        if ours is None or theirs is None or ours.type != theirs.type or (ours.label and theirs.label):
            return False
        self._candidates[pair] = WITHOUT_LABEL if ours.label or theirs.label else 1.0
        self._gain[pair] = WITHOUT_LABEL / 2
        return True


def _control_distance(
    query: Shape, other: Shape, pairs: Mapping[str, str], similarity: Mapping[str, float], is_fragment: bool
) -> float:
    kept_edges = sum((pairs.get(source), pairs.get(target)) in other.edge_set for source, target in query.edges)
    nodes, edges = _skipped(len(pairs), query.nodes, other.nodes, is_fragment), None
    if query.edges or (other.edges and not is_fragment):
        edges = _skipped(kept_edges, query.edges, other.edges, is_fragment)
    unlike = 1 - sum(similarity.values()) / len(pairs) if pairs else 1.0
    parts = [(SKIPPED_NODES, nodes), (SUBSTITUTION, unlike), *([(SKIPPED_EDGES, edges)] if edges is not None else [])]
    return sum(weight * value for weight, value in parts) / sum(weight for weight, _ in parts)


def _skipped(matched: int, ours: tuple, theirs: tuple, is_fragment: bool) -> float:
    if is_fragment:
        return 1 - matched / len(ours) if ours else 0.0
    total = len(ours) + len(theirs)
    return 1 - 2 * matched / total if total else 0.0


def _aspect_distance(
    query: Shape, other: Shape, aspect: str, pairs: Mapping[str, str], is_fragment: bool
) -> float | None:
    """The share of facts that are not found at the corresponding place; None when neither model has any."""
    ours, theirs = query.facts[aspect], other.facts[aspect]
    if not ours and (is_fragment or not theirs):
        return None
    common = 0
    for (node, fact), count in ours.items():
        place = pairs.get(node) if node else ""
        if place is not None:
            common += min(count, theirs.get((place, fact), 0))
    total = sum(ours.values())
    return 1 - common / total if is_fragment else 1 - 2 * common / (total + sum(theirs.values()))
