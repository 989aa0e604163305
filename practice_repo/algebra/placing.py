"""The drawing of a merged or changed model: what was drawn stays, what is new finds a place beside its neighbours.

Room is made by pushing: everything from a line on moves right (or down), and lanes, pools and sub-processes that the
line cuts grow. Pushing keeps shapes apart that were apart. Then only the flows that lead to another element than they
are drawn to, or that the pushing bent, are drawn anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.bpmn.layout import drawing as sizes
from engine.bpmn.layout.drawing import Box
from engine.bpmn.layout.text import label_size
from engine.bpmn.names import FLOW_NODES, SUB_PROCESSES
from practice_repo.algebra.document import Document, Record
from practice_repo.algebra.rerouting import reroute

GAP = 50  # px between an element and the next
MARGIN = 12  # px that is kept free around an element
LANE_HEIGHT = 120
HEADER = 30
EXPANDED = (350, 200)
CONTAINERS = frozenset({"participant", "lane", "group"}) | SUB_PROCESSES
DRAWN_BESIDE = frozenset({"textAnnotation", "dataObjectReference", "dataStoreReference", "group"})
CONNECTIONS = frozenset({"sequenceFlow", "messageFlow", "association"})
ROWS = (0, 1, -1, 2, -2)  # where beside the row of its neighbour a new element is tried


def placed(document: Document, known: Document) -> Document:
    """The document with every new element drawn; `known` is the drawing that stays (one without drawing gets none)."""
    if document.kind != "bpmn" or not any("bounds" in place for place in known.layout.values()):
        return document
    if document.records == known.records and document.layout == known.layout:
        return document
    work = _Placing(document, known)
    work.run()
    return document.with_records(document.records, layout=work.layout)


class _Placing:
    def __init__(self, document: Document, known: Document):
        self.records = document.records
        self.wishes = document.layout  # sizes and inner places of what comes from the other side
        own = {key: _copied(place) for key, place in known.layout.items() if key.partition("#")[0] in self.records}
        self.layout: dict[str, dict[str, Any]] = {
            key: place for key, place in own.items() if self._is_as_drawn(key, known)
        }
        self.stale = {key for key in own if key not in self.layout}
        self.planes = {place["plane"] for place in known.layout.values()}
        self.outgoing: dict[str, list[str]] = {}
        self.incoming: dict[str, list[str]] = {}
        for record in self.records.values():
            if record.kind in {"sequenceFlow", "association"}:
                self.outgoing.setdefault(str(record.get("source")), []).append(str(record.get("target")))
                self.incoming.setdefault(str(record.get("target")), []).append(str(record.get("source")))

    def _is_as_drawn(self, key: str, known: Document) -> bool:
        """Whether the element is still the kind of thing, in the scope and the lane, that it was drawn as."""
        record, before = self.records[key.partition("#")[0]], known.records.get(key.partition("#")[0])
        if before is None or record.kind in CONNECTIONS:
            return True
        if any(record.get(name) != before.get(name) for name in ("parent", "attached_to", "lane")):
            return record.kind not in FLOW_NODES | DRAWN_BESIDE
        return _size_class(record) == _size_class(before)

    def run(self) -> None:
        for record in self._new("lane", "participant"):
            self._place_lane(record)
        nodes = self._new(*FLOW_NODES)
        for depth in sorted({len(self._holders(record)) for record in nodes}):  # sub-processes before what is in them
            for record in self._in_order([each for each in nodes if len(self._holders(each)) == depth]):
                if record.kind != "boundaryEvent" and record.key not in self.layout:
                    self._place_node(record)
        for record in self._new("boundaryEvent"):
            self._place_boundary(record)
        for record in self._new(*DRAWN_BESIDE):
            self._place_node(record)
        reroute(self.records, self.layout, self.wishes)

    def _new(self, *kinds: str) -> list[Record]:
        return [each for key, each in self.records.items() if each.kind in kinds and key not in self.layout]

    def _in_order(self, records: Sequence[Record]) -> Iterator[Record]:
        """What stands behind something drawn first, then what stands behind that."""
        waiting = list(records)
        while waiting:
            ready = [each for each in waiting if any(self._box(before) for before in self._before(each))] or waiting[:1]
            yield ready[0]
            waiting.remove(ready[0])

    def _before(self, record: Record) -> list[str]:
        return self.incoming.get(record.key, [])

    def _after(self, record: Record) -> list[str]:
        return self.outgoing.get(record.key, [])

    # --- shapes -----------------------------------------------------------------------------------------------------

    def _box(self, key: str) -> Box | None:
        bounds = self.layout.get(key, {}).get("bounds")
        return Box(*bounds) if bounds else None

    def _size(self, record: Record) -> tuple[float, float]:
        wish = self.wishes.get(record.key, {}).get("bounds")
        if wish:
            return wish[2], wish[3]
        size = _size_class(record)
        return EXPANDED if record.kind in SUB_PROCESSES and self._inner(record) else size

    def _inner(self, record: Record) -> list[Record]:
        return [each for each in self.records.values() if each.parent == record.key]

    def _plane(self, record: Record) -> str:
        if record.parent in self.planes and record.parent in self.records:
            return record.parent
        drawn = self._container(record) or self.layout.get(record.parent)
        if drawn:
            return str(drawn["plane"])
        first = next((place["plane"] for place in self.layout.values()), "")
        return str(first)

    def _container(self, record: Record) -> dict[str, Any] | None:
        """The drawing of the lane, sub-process or pool that the element lies in."""
        for key in (str(record.get("lane") or ""), record.parent):
            if key and "bounds" in self.layout.get(key, {}):
                return self.layout[key]
        owner = self.records.get(record.parent)
        if owner is not None and owner.kind == "process":
            for each in self.records.values():
                if each.kind == "participant" and owner.key in each.fields.values() and each.key in self.layout:
                    return self.layout[each.key]
        return None

    def _place_node(self, record: Record) -> None:
        plane = self._plane(record)
        if record.parent in self.records and not self._is_visible(record, plane):
            return
        width, height = self._size(record)
        neighbour, is_behind = self._neighbour(record, plane)
        box = self._spot(record, plane, width, height, neighbour, is_behind)
        self._draw(record, plane, box)

    def _is_visible(self, record: Record, plane: str) -> bool:
        """What lies in a collapsed sub-process has a drawing only on a plane of its own."""
        parent = self.records[record.parent]
        return parent.kind not in SUB_PROCESSES or parent.key in self.layout or parent.key == plane

    def _neighbour(self, record: Record, plane: str) -> tuple[Box | None, bool]:
        """The drawn element that the new one stands behind (True) or before (False)."""
        for keys, is_behind in ((self._before(record), True), (self._after(record), False)):
            boxes = [box for key in keys if (box := self._box(key)) and self.layout[key]["plane"] == plane]
            if boxes:
                return (max if is_behind else min)(boxes, key=lambda box: box.x), is_behind
        return None, True

    def _spot(
        self, record: Record, plane: str, width: float, height: float, neighbour: Box | None, is_behind: bool
    ) -> Box:
        container = self._container(record)
        around = Box(*container["bounds"]) if container else None
        if neighbour is not None:
            x = neighbour.right + GAP if is_behind else neighbour.x - GAP - width
            middle = neighbour.y + neighbour.height / 2
        else:
            x = around.x + HEADER + GAP if around else self._right_end(plane) + GAP
            middle = around.y + around.height / 2 if around else self._bottom_end(plane) + GAP + height / 2
        if record.kind in DRAWN_BESIDE and neighbour is not None:
            x, middle = neighbour.x, neighbour.y - GAP - height / 2
        if around is not None:
            x = max(x, around.x + HEADER + MARGIN)
            if not around.y + MARGIN <= middle - height / 2 <= around.bottom - height - MARGIN:
                middle = around.y + around.height / 2
        wanted = Box(x, middle - height / 2, width, height)
        serial = is_behind and any(self._box(key) for key in self._after(record))
        if serial and not self._is_free(wanted, plane, record, beyond=GAP / 2):
            return self._pushed_right(wanted, plane, record, around)
        for row in ROWS:
            tried = wanted.moved(0, row * (height + 2 * MARGIN + 14))
            if self._is_free(tried, plane, record) and (around is None or _lies_in(tried, around)):
                return tried
        return self._pushed_right(wanted, plane, record, around)

    def _pushed_right(self, wanted: Box, plane: str, record: Record, around: Box | None) -> Box:
        """Room at the wanted height: all that stands right of the neighbour moves on."""
        if around is not None and around.height < wanted.height + 2 * MARGIN:
            self._push_down(around.bottom - 1, wanted.height + 2 * MARGIN - around.height + 1, plane)
            wanted = Box(wanted.x, around.y + MARGIN, wanted.width, wanted.height)
        x = wanted.x - MARGIN
        inside = self._holders(record)
        row = wanted.grown(MARGIN)
        while True:  # nothing in this row may be cut
            cut = [
                box.right + MARGIN
                for key, box in self._shapes(plane)
                if key not in inside and box.x < x < box.right + MARGIN and box.y < row.bottom and row.y < box.bottom
            ]
            if not cut:
                break
            x = max(cut)
        container = self._container(record)
        border = container["bounds"][0] + container["bounds"][2] if container else x + GAP
        if x > border - GAP:  # at the right border: the container alone grows
            self._push_right(border - 1, wanted.width + GAP, plane)
            return Box(border - 1 + MARGIN, wanted.y, wanted.width, wanted.height)
        self._push_right(x, wanted.width + GAP, plane)
        return Box(x + MARGIN, wanted.y, wanted.width, wanted.height)

    def _is_free(self, box: Box, plane: str, record: Record, beyond: float = 0) -> bool:
        inside = self._holders(record)
        needed = box.grown(MARGIN)
        needed = Box(needed.x, needed.y, needed.width + beyond, needed.height)
        return not any(key not in inside and needed.overlaps(other) for key, other in self._shapes(plane))

    def _holders(self, record: Record) -> set[str]:
        """Sub-processes around the element."""
        found = set()
        parent = record.parent
        while parent in self.records:
            found.add(parent)
            parent = self.records[parent].parent
        return found

    def _shapes(self, plane: str) -> Iterator[tuple[str, Box]]:
        """Elements and their labels; no lanes and pools."""
        for key, place in self.layout.items():
            record = self.records.get(key.partition("#")[0])
            if place["plane"] != plane or "bounds" not in place or record is None:
                continue
            if record.kind not in {"participant", "lane", "group"}:
                yield key, Box(*place["bounds"])
                if place.get("label"):
                    yield key, Box(*place["label"])

    def _right_end(self, plane: str) -> float:
        return max((box.right for _, box in self._shapes(plane)), default=100)

    def _bottom_end(self, plane: str) -> float:
        return max((box.bottom for _, box in self._shapes(plane)), default=100)

    def _draw(self, record: Record, plane: str, box: Box) -> None:
        wish = self.wishes.get(record.key, {})
        attributes = dict(wish.get("attributes") or {})
        drawn = {"plane": plane, "bounds": list(box), "id": wish.get("id", ""), "attributes": attributes}
        if record.kind in SUB_PROCESSES:
            attributes.setdefault("isExpanded", "true" if self._inner(record) else "false")
        if record.kind == "exclusiveGateway":
            attributes.setdefault("isMarkerVisible", "true")
        if record.name and (record.kind.endswith(("Event", "Gateway")) or record.kind.startswith("data")):
            width, height = label_size(record.name)
            drawn["label"] = [box.x + box.width / 2 - width / 2, box.bottom + 4, width, height]
        self.layout[record.key] = drawn
        if wish.get("bounds") and record.kind in SUB_PROCESSES:
            self._draw_inside(record, box.x - wish["bounds"][0], box.y - wish["bounds"][1], plane)

    def _draw_inside(self, record: Record, dx: float, dy: float, plane: str) -> None:
        """What the other side drew in a sub-process comes with it; on a plane of its own, it stays where it is."""
        for each in self._inner(record):
            wish = self.wishes.get(each.key)
            if wish is None or (each.key in self.layout and each.key not in self.stale):
                continue
            place = _copied(wish)
            if wish["plane"] != record.key:
                place = _moved(place, dx, dy, plane)
            self.layout[each.key] = place
            if each.kind in SUB_PROCESSES:
                self._draw_inside(each, dx, dy, plane)

    def _place_boundary(self, record: Record) -> None:
        host = self._box(str(record.get("attached_to")))
        if host is None:
            return
        plane = self.layout[str(record.get("attached_to"))]["plane"]
        width, height = sizes.EVENT_SIZE
        taken = [
            box for key, place in self.layout.items()
            if (each := self.records.get(key)) and each.kind == "boundaryEvent" and "bounds" in place
            and each.get("attached_to") == record.get("attached_to") and (box := Box(*place["bounds"]))
        ]  # fmt: skip
        ends = [
            Box(*point, 1, 1)
            for place in self.layout.values()
            for point in place.get("waypoints", ())
            if host.grown(1).overlaps(Box(*point, 1, 1))
        ]
        spots = [(host.right - 18 - step, host.bottom - height / 2) for step in range(18, int(host.width) - 17, 6)]
        spots += [(host.right - 18 - step, host.y - height / 2) for step in range(18, int(host.width) - 17, 6)]
        for x, y in spots:
            box = Box(x - width / 2, y, width, height)
            if not any(box.overlaps(other) for other in taken) and not any(map(box.grown(4).overlaps, ends)):
                break
        self._draw(record, plane, box)

    def _place_lane(self, record: Record) -> None:
        """A new lane stands below the last one of its pool; a pool below everything."""
        lanes = [
            (key, box) for key, place in self.layout.items()
            if (each := self.records.get(key)) and each.kind == record.kind and each.parent == record.parent
            and "bounds" in place and (box := Box(*place["bounds"]))
        ]  # fmt: skip
        if not lanes:
            return
        key, last = max(lanes, key=lambda found: found[1].bottom)
        plane = self.layout[key]["plane"]
        height = LANE_HEIGHT if record.kind == "lane" else 60
        top = last.bottom if record.kind == "lane" else self._lowest(plane) + GAP
        if record.kind == "lane":
            self._push_down(last.bottom, height, plane, growing=True)
        self.layout[record.key] = {
            "plane": plane,
            "bounds": [last.x, top, last.width, height],
            "id": "",
            "attributes": {"isHorizontal": "true"},
        }

    def _lowest(self, plane: str) -> float:
        return max(Box(*p["bounds"]).bottom for p in self.layout.values() if p["plane"] == plane and "bounds" in p)

    # --- room -------------------------------------------------------------------------------------------------------

    def _push_right(self, x: float, by: float, plane: str) -> None:
        self._push(0, x, by, plane, growing=False)

    def _push_down(self, y: float, by: float, plane: str, growing: bool = False) -> None:
        self._push(1, y, by, plane, growing)

    def _push(self, axis: int, line: float, by: float, plane: str, growing: bool) -> None:
        """Moves what begins at or behind the line; containers that it cuts grow.

        With `growing`, pools that end at the line do, too.
        """
        behind = {key for key, place in self.layout.items() if "bounds" in place and self._start(key, axis) >= line}
        for key, place in self.layout.items():
            if place["plane"] != plane:
                continue
            if "bounds" in place:
                end = place["bounds"][axis] + place["bounds"][2 + axis]
                if key in behind:
                    place["bounds"][axis] += by
                    if place.get("label"):
                        place["label"][axis] += by
                elif (line < end and self._grows(key)) or (growing and line == end and self._is_pool(key)):
                    place["bounds"][2 + axis] += by
            elif place.get("label") and place["label"][axis] >= line:
                place["label"][axis] += by
            for point in place.get("waypoints", ()):
                if point[axis] >= line:
                    point[axis] += by

    def _start(self, key: str, axis: int) -> float:
        """Where the element begins, or what it is attached to."""
        record = self.records[key.partition("#")[0]]
        host = self.layout.get(str(record.get("attached_to") or ""), {})
        return (host if "bounds" in host else self.layout[key])["bounds"][axis]

    def _is_pool(self, key: str) -> bool:
        return self.records[key.partition("#")[0]].kind == "participant"

    def _grows(self, key: str) -> bool:
        """Lanes, pools, and sub-processes that show what is in them."""
        if self.records[key.partition("#")[0]].kind not in CONTAINERS:
            return False
        return (self.layout[key].get("attributes") or {}).get("isExpanded") != "false"


def _size_class(record: Record) -> tuple[float, float]:
    if record.kind.endswith("Event"):
        return sizes.EVENT_SIZE
    if record.kind.endswith("Gateway"):
        return sizes.GATEWAY_SIZE
    return {
        "dataObjectReference": sizes.DATA_OBJECT_SIZE,
        "dataStoreReference": sizes.DATA_STORE_SIZE,
        "textAnnotation": (100, 30),
    }.get(record.kind, sizes.TASK_SIZE)


def _lies_in(box: Box, around: Box) -> bool:
    return around.x <= box.x and around.y <= box.y and box.right <= around.right and box.bottom <= around.bottom


def _copied(place: Mapping[str, Any]) -> dict[str, Any]:
    copied = dict(place)
    for name in ("bounds", "label"):
        if name in copied:
            copied[name] = list(copied[name])
    if "waypoints" in copied:
        copied["waypoints"] = [list(point) for point in copied["waypoints"]]
    return copied


def _moved(place: dict[str, Any], dx: float, dy: float, plane: str) -> dict[str, Any]:
    for name in ("bounds", "label"):
        if place.get(name):
            place[name][0] += dx
            place[name][1] += dy
    for point in place.get("waypoints", ()):
        point[0] += dx
        point[1] += dy
    return {**place, "plane": plane}
