"""Draws flows anew that do not lead from where they begin to where they end any more."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product
from math import inf
from typing import Any

from engine.bpmn.layout.drawing import Box
from engine.bpmn.layout.text import label_size
from practice_repo.algebra.document import Record

FLOWS = frozenset({"sequenceFlow", "messageFlow", "association"})
STUB = 15  # px that a flow goes straight at its ends
TOUCH = 1.0
NEAR = 4  # px: flows closer than this run on each other
MOST_CHANNELS = 24
THROUGH, OVER, BEND = 10_000, 300, 20  # cost of crossing a shape, of running along a flow, of a bend

Way = list[list[float]]


def reroute(records: Mapping[str, Record], layout: dict[str, dict[str, Any]], wishes: Mapping[str, Any]) -> None:
    """Draws every connection whose way is missing, slanted, loose or through a shape that it must not cross."""
    work = _Rerouting(records, layout)
    for record in records.values():
        if record.kind in FLOWS:
            work.look_at(record, wishes.get(record.key))


class _Rerouting:
    def __init__(self, records: Mapping[str, Record], layout: dict[str, dict[str, Any]]):
        self.records = records
        self.layout = layout
        self.boxes = {key: Box(*place["bounds"]) for key, place in layout.items() if "bounds" in place}

    def look_at(self, record: Record, wish: Mapping[str, Any] | None) -> None:
        source, target = str(record.get("source")), str(record.get("target"))
        if source not in self.boxes or target not in self.boxes:
            self.layout.pop(record.key, None)
            return
        plane = self.layout[source]["plane"]
        if self.layout[target]["plane"] != plane:
            self.layout.pop(record.key, None)
            return
        drawn = self.layout.get(record.key)
        if drawn and drawn["plane"] == plane and self._is_right(record, drawn["waypoints"], source, target):
            return
        way = self._best(record, source, target, plane)
        place = {"plane": plane, "waypoints": way, "id": (drawn or wish or {}).get("id", ""), "attributes": {}}
        if drawn:
            place["attributes"] = drawn.get("attributes") or {}
        if record.name and record.kind != "association":
            width, height = label_size(record.name)
            x, y = _label_point(way)
            place["label"] = [x + 5, y - height - 4, width, height]
        self.layout[record.key] = place

    def _is_right(self, record: Record, way: Way, source: str, target: str) -> bool:
        if record.kind != "association" and any(a[0] != b[0] and a[1] != b[1] for a, b in pairwise(way)):
            return False
        return (
            _is_on(self.boxes[source], way[0])
            and _is_on(self.boxes[target], way[-1])
            and not any(True for _ in self._cut(record, way, source, target))
        )

    def _around(self, *keys: str) -> set[str]:
        """Containers of the ends (and what the ends are attached to): a way may cross these."""
        found = set(keys)
        for key in keys:
            host = str(self.records[key].get("attached_to") or "")
            for start in (key, host):
                while start in self.records:
                    found.add(start)
                    start = self.records[start].parent
        return found

    def _obstacles(self, source: str, target: str) -> Iterator[Box]:
        plane = self.layout[source]["plane"]
        around = self._around(source, target)
        for key, box in self.boxes.items():
            kind = self.records[key.partition("#")[0]].kind
            if kind in {"lane", "participant", "group"} or self.layout[key]["plane"] != plane or key in around:
                continue
            if str(self.records[key].get("attached_to") or "") in {source, target} and key not in {source, target}:
                continue
            yield box
        for key in (source, target):
            yield self.boxes[key].grown(-TOUCH)

    def _cut(self, record: Record, way: Way, source: str, target: str) -> Iterator[Box]:
        if record.kind == "association":
            return
        for box in self._obstacles(source, target):
            core = box.grown(-TOUCH)
            if any(_cuts(core, a, b) for a, b in pairwise(way)):
                yield box

    def _best(self, record: Record, source: str, target: str, plane: str) -> Way:
        start, end = self.boxes[source], self.boxes[target]
        obstacles = [box.grown(-TOUCH) for box in self._obstacles(source, target)]
        others = _Segments(
            place["waypoints"]
            for key, place in self.layout.items()
            if key != record.key and place["plane"] == plane and "waypoints" in place
        )

        def cost(way: Way, limit: float) -> float:
            price = (len(way) - 2) * BEND + sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(way))
            if price < limit:
                price += OVER * others.along(way)
            if price < limit:
                price += THROUGH * sum(any(_cuts(box, a, b) for a, b in pairwise(way)) for box in obstacles)
            return price

        best: tuple[float, Way] | None = None
        bottom = self.records[source].kind == "boundaryEvent"
        for candidates in (_simple(start, end, bottom), _channelled(start, end, obstacles, bottom)):
            for way in candidates:
                price = cost(way, best[0] if best else inf)
                if best is None or price < best[0]:
                    best = (price, way)
            if best and best[0] < THROUGH:
                break
        return best[1] if best else [[*start.middle], [*end.middle]]


def _is_on(box: Box, point: list[float]) -> bool:
    on_side = point[0] in (box.x, box.right) or point[1] in (box.y, box.bottom)
    grown = box.grown(0.6)
    return on_side and grown.x <= point[0] <= grown.right and grown.y <= point[1] <= grown.bottom


def _cuts(box: Box, a: list[float], b: list[float]) -> bool:
    is_beside = max(a[0], b[0]) <= box.x or box.right <= min(a[0], b[0])
    is_above_or_below = max(a[1], b[1]) <= box.y or box.bottom <= min(a[1], b[1])
    return not is_beside and not is_above_or_below


class _Segments:
    """The straight parts of ways, by the line they lie on."""

    def __init__(self, ways: Iterable[Way]):
        self.lines: dict[tuple[int, int], list[tuple[float, float]]] = {}
        for way in ways:
            for line, span in _parts(way):
                self.lines.setdefault(line, []).append(span)

    def along(self, way: Way) -> int:
        """How many of the parts run on a part of this way."""
        return sum(
            min(high, other[1]) - max(low, other[0]) > NEAR
            for (axis, at), (low, high) in _parts(way)
            for near in range(at - NEAR + 1, at + NEAR)
            for other in self.lines.get((axis, near), ())
        )


def _parts(way: Way) -> Iterator[tuple[tuple[int, int], tuple[float, float]]]:
    """Axis and place of the line that each straight part lies on, and from where to where it goes."""
    for a, b in pairwise(way):
        for axis in (0, 1):
            if a[1 - axis] == b[1 - axis]:
                yield (axis, round(a[1 - axis])), (min(a[axis], b[axis]), max(a[axis], b[axis]))


def _ports(box: Box) -> dict[str, list[float]]:
    x, y = box.middle
    return {"right": [box.right, y], "left": [box.x, y], "top": [x, box.y], "bottom": [x, box.bottom]}


def _simple(start: Box, end: Box, from_bottom: bool) -> Iterator[Way]:
    """Straight, one bend, two bends."""
    ports, goals = _ports(start), _ports(end)
    sides = ["bottom", "top", "right", "left"] if from_bottom else ["right", "bottom", "top", "left"]
    for side, goal in product(sides, ["left", "top", "bottom", "right"]):
        a, b = ports[side], goals[goal]
        if not _leads_out(side, a, b) or not _leads_out(goal, b, a):
            continue
        is_level, ends_level = side in {"right", "left"}, goal in {"right", "left"}
        if is_level and ends_level:
            if a[1] == b[1]:
                yield [a, b]
            else:
                for share in (0.5, 0.25, 0.75):
                    x = round(a[0] + (b[0] - a[0]) * share)
                    yield [a, [x, a[1]], [x, b[1]], b]
        elif not is_level and not ends_level:
            if a[0] == b[0]:
                yield [a, b]
            else:
                for share in (0.5, 0.25, 0.75):
                    y = round(a[1] + (b[1] - a[1]) * share)
                    yield [a, [a[0], y], [b[0], y], b]
        elif is_level:
            yield [a, [b[0], a[1]], b]
        else:
            yield [a, [a[0], b[1]], b]


def _leads_out(side: str, point: list[float], goal: list[float]) -> bool:
    axis = 0 if side in {"right", "left"} else 1
    difference = goal[axis] - point[axis]
    return difference > 0 if side in {"right", "bottom"} else difference < 0


def _channelled(start: Box, end: Box, obstacles: list[Box], from_bottom: bool) -> Iterator[Way]:
    """Around what stands between, through a free level (or upright) channel."""
    ports, goals = _ports(start), _ports(end)
    levels = sorted(
        {round(box.y - STUB) for box in obstacles} | {round(box.bottom + STUB) for box in obstacles},
        key=lambda y: abs(y - start.middle[1]) + abs(y - end.middle[1]),
    )
    for y in levels[:MOST_CHANNELS]:
        for out, back in product(("bottom", "top", "right"), ("bottom", "top", "left")):
            a, b = ports[out], goals[back]
            first = [a[0] + STUB, a[1]] if out == "right" else None
            last = [b[0] - STUB, b[1]] if back == "left" else None
            if first is None and not _leads_out(out, a, [a[0], y]):
                continue
            if last is None and not _leads_out(back, b, [b[0], y]):
                continue
            begin, finish = [point for point in (a, first) if point], [point for point in (last, b) if point]
            yield [*begin, [begin[-1][0], y], [finish[0][0], y], *finish]


def _label_point(way: Way) -> list[float]:
    """The beginning of the first level part, else of the way."""
    for a, b in pairwise(way):
        if a[1] == b[1]:
            return a if a[0] < b[0] else b
    return way[0]
