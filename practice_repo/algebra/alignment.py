"""Which record of one document is which record of another.

Lineage first (uid, else id), then equal names, then what stands alone in its place, then similar names in similar
surroundings. Models that share nothing but their content (exports of another tool, models drawn anew) are found
again by the last three; names count in English and Chinese.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.bpmn.names import ACTIVITIES, FLOW_NODES, GATEWAYS, SUB_PROCESSES
from practice_repo.algebra.document import KEYED_FIELDS, Document, FieldValue, Record, is_reference
from practice_repo.algebra.gateways_again import gateways_again
from practice_repo.algebra.labels import best_similarity, normalised

FAMILIES = {
    **dict.fromkeys(ACTIVITIES, "activity"),
    **dict.fromkeys(GATEWAYS, "gateway"),
    "intermediateCatchEvent": "event",
    "intermediateThrowEvent": "event",
}
KEYED_BY_CONTENT = frozenset({"form", "card", "text"})  # a field or role with another key is another one
FLOWS = frozenset({"sequenceFlow", "messageFlow", "association"})
FRAMES = frozenset({"process", "collaboration", "laneSet", "decisionTable", "output", "form", "definitions"})
ONE_LINEAGE_FROM = 0.5  # share of elements with equal keys from which the rest is new or gone, not renamed
MATCHED_APART = FLOWS | {"rule"}  # by their ends, by their cells
UNTRUSTED_BELOW = 0.5  # share of equal ids with alike names below which equal ids are chance
ALIKE = 0.5  # labels below are different words
BARELY_ALIKE = 0.25  # enough where all neighbours are the same
CUT_OFF = 0.4
CUT_OFF_WITHOUT_NAMES = 0.3
CUT_OFF_OF_GATEWAYS = 0.15  # they seldom have names, and their neighbours are often gateways
MARGIN = 0.25


@dataclass(frozen=True)
class Alignment:
    """`pairs`: key in the changed document → key in the base; `scores`: how sure, 0 to 1.

    `taken` are the keys of the base, which nothing new may get.
    """

    pairs: Mapping[str, str]
    scores: Mapping[str, float] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()


def align(base: Document, changed: Document) -> Alignment:
    """The best alignment found; the same for the same documents."""
    alignment = _Matcher(base, changed).alignment()
    if base.kind != "bpmn" or changed.kind != "bpmn":
        return alignment
    keys = {new: key for key, new in _keys(changed, alignment).items()}
    again = gateways_again(base, rekeyed(changed, alignment))
    if not again:
        return alignment
    found = {keys[key]: other for key, other in again.items()}
    whole = _Matcher(base, changed).alignment({**found, **alignment.pairs})
    return replace(whole, scores={**whole.scores, **alignment.scores})


class _Side:
    """One document with what matching asks of it."""

    def __init__(self, document: Document):
        self.records = document.records
        self.position = {key: at for at, key in enumerate(document.records)}
        self.labels = {key: _labels(record) for key, record in document.records.items()}
        self.normal = {key: tuple(normalised(each) for each in found) for key, found in self.labels.items()}
        self.edges = _edges(document)
        self.children: dict[str, list[str]] = defaultdict(list)
        for key, record in document.records.items():
            if record.kind in FLOW_NODES:
                self.children[record.parent].append(key)

    def role(self, gateway: str) -> tuple[bool, bool]:
        """Whether a gateway joins, and whether it splits."""
        roles = [role for role, _neighbour in self.edges[gateway]]
        return roles.count("sequenceFlow from") > 1, roles.count("sequenceFlow to") > 1


class _Matcher:
    def __init__(self, base: Document, changed: Document):
        self.base = _Side(base)
        self.changed = _Side(changed)
        self.pairs: dict[str, str] = {}
        self.paired: set[str] = set()  # keys of the base
        self.scores: dict[str, float] = {}
        self.is_one_lineage = False
        self.looked_at: set[str] = set()  # keys of pairs whose neighbours are in `beside`
        self.beside: set[tuple[str, str]] = set()
        self.candidates: set[tuple[str, str]] = set()
        self.is_keyed_by_content = base.kind in KEYED_BY_CONTENT

    def alignment(self, known: Mapping[str, str] | None = None) -> Alignment:
        """The alignment; `known` are pairs of nodes that were found by other means."""
        for changed, base in (known or {}).items():
            if self.changed.records[changed].kind not in FLOWS:
                self.pair(changed, base, 0.9)
        self.by_lineage()
        fewer = min(len(self.changed.records), len(self.base.records))
        self.is_one_lineage = len(self.pairs) > max(3, ONE_LINEAGE_FROM * fewer)
        is_open = len(self.pairs) < len(self.changed.records) and len(self.paired) < len(self.base.records)
        if is_open and not self.is_keyed_by_content:
            self.by_name()
            self.by_place()
            self.candidates = self.alike_names()
            for _round in self.changed.records:
                if not (self.by_likeness() | self.by_ends() | self.by_cells() | self.by_place()):
                    break
            self.by_one_end()
        return Alignment(self.pairs, self.scores, frozenset(self.base.records))

    def pair(self, changed: str, base: str, score: float) -> None:
        self.pairs[changed] = base
        self.paired.add(base)
        self.scores[changed] = round(min(score, 1.0), 4)

    def open_changed(self) -> list[str]:
        return [key for key in self.changed.records if key not in self.pairs]

    def open_base(self) -> list[str]:
        return [key for key in self.base.records if key not in self.paired]

    # lineage

    def by_lineage(self) -> None:
        """Equal keys, then equal ids, of one family. When the names say that equal ids are chance, names must agree."""
        candidates = [(key, key) for key in self.changed.records if key in self.base.records]
        if self.is_keyed_by_content:
            self.pairs |= {key: key for key, _same in candidates}
            self.scores |= dict.fromkeys(self.pairs, 1.0)
            return
        ids = {record.id: key for key, record in self.base.records.items() if record.id}
        candidates += [
            (key, ids[record.id])
            for key, record in self.changed.records.items()
            if key not in self.base.records and record.id in ids
        ]
        candidates = [pair for pair in candidates if self.is_family(*pair)]
        named = [pair for pair in candidates if self.changed.labels[pair[0]] and self.base.labels[pair[1]]]
        alike = [pair for pair in named if self.likeness(*pair) >= ALIKE]
        is_chance = len(named) > 3 and len(alike) < UNTRUSTED_BELOW * len(named)
        trusted = set(alike) if is_chance else set(candidates)
        for changed, base in candidates:
            if (changed, base) in trusted and changed not in self.pairs and base not in self.paired:
                self.pair(changed, base, 1.0)

    def is_family(self, changed: str, base: str) -> bool:
        one, other = self.changed.records[changed].kind, self.base.records[base].kind
        return FAMILIES.get(one, one) == FAMILIES.get(other, other)

    def likeness(self, changed: str, base: str) -> float:
        return best_similarity(self.changed.labels[changed], self.base.labels[base])

    # names and places

    def by_name(self) -> None:
        """The only two of one kind and name; first with their surroundings, then without, at last of one family."""
        for with_parent, with_kind in ((True, True), (False, True), (False, False)):
            self.pair_unique(lambda side, key, p=with_parent, k=with_kind: self.names_of(side, key, p, k), 0.98)

    def names_of(self, side: _Side, key: str, with_parent: bool, with_kind: bool) -> Iterator[tuple[str, ...]]:
        record = side.records[key]
        if record.kind in FLOWS:
            return
        kind = record.kind if with_kind else FAMILIES.get(record.kind, record.kind)
        around = side.normal.get(record.parent, ()) if with_parent else ()
        for name in side.normal[key]:
            if name:
                yield (kind, name, *around[:1])

    def by_place(self) -> bool:
        """The only two of one kind in places that are one: the process, its only start, the table of a decision."""
        return self.pair_unique(self.place_of, 0.9)

    def place_of(self, side: _Side, key: str) -> Iterator[tuple[str, ...]]:
        record = side.records[key]
        parent = record.parent
        if side is self.changed and parent:
            parent = self.pairs.get(parent, "")
            if not parent:
                return
        attached = str(record.get("attached_to"))
        if side is self.changed and attached:
            attached = self.pairs.get(attached, "")
        if record.kind not in FLOWS and (attached or record.kind != "boundaryEvent"):
            yield (FAMILIES.get(record.kind, record.kind), parent, attached)

    def pair_unique(self, names, score: float) -> bool:  # type: ignore[no-untyped-def]
        """Pair what alone has a name on both sides."""
        found: dict[tuple[str, ...], tuple[set[str], set[str]]] = {}
        for at, side, keys in ((0, self.changed, self.open_changed()), (1, self.base, self.open_base())):
            for key in keys:
                for name in names(side, key):
                    found.setdefault(name, (set(), set()))[at].add(key)
        is_new = False
        for changed, base in found.values():
            if len(changed) == 1 and len(base) == 1:
                one, other = next(iter(changed)), next(iter(base))
                if one not in self.pairs and other not in self.paired and self.may_be(one, other):
                    self.pair(one, other, score)
                    is_new = True
        return is_new

    def may_be(self, changed: str, base: str) -> bool:
        """Named elements that stand alone in their place are only one when their names have something in common.

        Of one lineage, what lost its key was most likely deleted and the other one drawn: then more must agree.
        """
        if self.is_one_lineage and self.changed.records[changed].kind not in FRAMES:
            return self.is_same_again(changed, base)
        if self.is_another(changed, base):
            return False
        both_named = self.changed.labels[changed] and self.base.labels[base]
        if not both_named or self.changed.records[changed].kind in FRAMES:
            return True
        return self.likeness(changed, base) >= ALIKE or self.context(changed, base) > 0.5

    # likeness and surroundings

    def by_likeness(self) -> bool:
        """The most alike pairs of one family: with alike names, or beside pairs that are known."""
        self.look_beside_new_pairs()
        self.candidates = {
            (one, other)
            for one, other in self.candidates | self.beside
            if one not in self.pairs and other not in self.paired
        }
        scored = sorted(
            (-score, self.base.position[other], self.changed.position[one], one, other)
            for one, other in self.candidates
            if (score := self.score(one, other)) > 0
        )
        is_new = False
        for negative, _at, _place, one, other in scored:
            if negative > scored[0][0] + MARGIN:  # surroundings of the rest are clearer after these
                break
            if one not in self.pairs and other not in self.paired:
                self.pair(one, other, -negative)
                is_new = True
        return is_new

    def alike_names(self) -> set[tuple[str, str]]:
        """Open pairs of one family whose names have something in common."""
        found = set()
        for changed, base in self.families():
            for one in filter(self.changed.labels.get, changed):
                found |= {(one, other) for other in base if self.likeness(one, other) >= BARELY_ALIKE}
        return found

    def families(self) -> Iterator[tuple[list[str], list[str]]]:
        """Open keys of both sides, by family."""
        groups: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for at, side, keys in ((0, self.changed, self.open_changed()), (1, self.base, self.open_base())):
            for key in keys:
                kind = side.records[key].kind
                if kind not in MATCHED_APART:
                    groups[FAMILIES.get(kind, kind)][at].append(key)
        yield from groups.values()

    def look_beside_new_pairs(self) -> None:
        """Neighbours in one direction of a pair may be a pair, too."""
        while len(self.looked_at) < len(self.pairs):
            for changed in [key for key in self.pairs if key not in self.looked_at]:
                self.looked_at.add(changed)
                theirs = self.base.edges[self.pairs[changed]]
                for role, one in self.changed.edges[changed]:
                    if one not in self.pairs and self.changed.records[one].kind not in MATCHED_APART:
                        self.beside |= {
                            (one, other)
                            for wanted, other in theirs
                            if wanted == role and other not in self.paired and self.is_family(one, other)
                        }

    def score(self, changed: str, base: str) -> float:
        """0 for pairs that are not one."""
        named, other_named = self.changed.labels[changed], self.base.labels[base]
        around = self.context(changed, base)
        if self.is_another(changed, base) or (self.is_one_lineage and not self.is_same_again(changed, base)):
            return 0.0
        if named and other_named:
            label = self.likeness(changed, base)
            is_alike = label >= ALIKE or (around >= 0.99 and label >= BARELY_ALIKE)
            score = 0.7 * label + 0.3 * around if is_alike else 0.0
            cut_off = CUT_OFF
        else:
            score = around - (0.2 if named or other_named else 0.0)
            cut_off = CUT_OFF_OF_GATEWAYS if self.are_gateways(changed, base) else CUT_OFF_WITHOUT_NAMES
        return score + self.bonus(changed, base) if score >= cut_off else 0.0

    def is_another(self, changed: str, base: str) -> bool:
        """Whether the two do different things, whatever their names and places say.

        Gateways of different kinds, or of which one splits and the other joins, with unlike neighbours; a sub-process
        and a single step; sub-processes that hold different known elements.
        """
        one, other = self.changed.records[changed].kind, self.base.records[base].kind
        if one in GATEWAYS and other in GATEWAYS:
            is_unlike = {self.changed.role(changed), self.base.role(base)} == {(True, False), (False, True)}
            return (one != other or is_unlike) and self.context(changed, base) < 0.99
        if (one in SUB_PROCESSES) != (other in SUB_PROCESSES):
            return not set(self.changed.normal[changed]) & set(self.base.normal[base])
        return one in SUB_PROCESSES and self.holds_another(changed, base)

    def are_gateways(self, changed: str, base: str) -> bool:
        """Two of one kind that lie in the same scope."""
        one, other = self.changed.records[changed], self.base.records[base]
        return one.kind == other.kind and one.kind in GATEWAYS and self.pairs.get(one.parent) == other.parent

    def holds_another(self, changed: str, base: str) -> bool:
        ours = [self.pairs[key] for key in self.changed.children[changed] if key in self.pairs]
        theirs = {key for key in self.base.children[base] if key in self.paired}
        return bool(ours or theirs) and not set(ours) & theirs

    def is_same_again(self, changed: str, base: str) -> bool:
        """An element deleted and drawn anew: of one kind, and with one name or, nameless, in one place."""
        if self.changed.records[changed].kind != self.base.records[base].kind:
            return False
        named, other_named = self.changed.labels[changed], self.base.labels[base]
        if named and other_named:
            return bool(set(self.changed.normal[changed]) & set(self.base.normal[base]))
        return not named and not other_named and self.context(changed, base) >= 0.99

    def bonus(self, changed: str, base: str) -> float:
        """Decides between equals: the same kind, in the same scope and lane."""
        one, other = self.changed.records[changed], self.base.records[base]
        equal = [one.kind == other.kind]
        equal += [self.pairs.get(str(one.get(name)), "") == other.get(name) for name in ("parent", "lane")]
        return 0.01 * sum(equal)

    def context(self, changed: str, base: str) -> float:
        """The share of neighbours that are already known to be the same."""
        ours, theirs = self.changed.edges[changed], self.base.edges[base]
        if not ours or not theirs:
            return 0.0
        left = list(theirs)
        common = 0
        for role, neighbour in ours:
            wanted = (role, self.pairs.get(neighbour, ""))
            if wanted in left:
                left.remove(wanted)
                common += 1
        return common / max(len(ours), len(theirs))

    # flows and rules

    def by_ends(self) -> bool:
        """Flows between the same elements."""
        return self.pair_in_order(self.open_flows(self.changed), self.open_flows(self.base), ("source", "target"), 0.95)

    def by_one_end(self) -> None:
        """What is left of the flows: from the same element, then to the same element."""
        for end in ("source", "target"):
            self.pair_in_order(self.open_flows(self.changed), self.open_flows(self.base), (end,), 0.6)

    def open_flows(self, side: _Side) -> list[str]:
        keys = self.open_changed() if side is self.changed else self.open_base()
        return [key for key in keys if side.records[key].kind in FLOWS]

    def pair_in_order(self, changed: list[str], base: list[str], ends: tuple[str, ...], score: float) -> bool:
        """Flows with equal ends, those that also say the same first."""
        waiting: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in base:
            record = self.base.records[key]
            waiting[(record.kind, *(str(record.get(end)) for end in ends))].append(key)
        candidates = []
        for key in changed:
            record = self.changed.records[key]
            place = (record.kind, *(self.pairs.get(str(record.get(end)), "") for end in ends))
            for other in waiting.get(place, ()) if "" not in place else ():
                order = (self.changed.position[key], self.base.position[other])
                candidates.append((-self.says_the_same(key, other), *order, key, other))
        is_new = False
        for *_order, key, other in sorted(candidates):
            if key not in self.pairs and other not in self.paired:
                self.pair(key, other, score)
                is_new = True
        return is_new

    def says_the_same(self, changed: str, base: str) -> int:
        one, other = self.changed.records[changed], self.base.records[base]
        return sum(one.fields.get(name) == other.fields.get(name) for name in ("name", "condition"))

    def by_cells(self) -> bool:
        """Rules of the same table with the same conditions, then with most cells alike."""
        open_base = [key for key in self.open_base() if self.base.records[key].kind == "rule"]
        open_changed = [key for key in self.open_changed() if self.changed.records[key].kind == "rule"]
        scored = []
        for one in open_changed:
            ours = self.cells(self.changed.records[one], self.pairs)
            for other in open_base:
                if self.pairs.get(self.changed.records[one].parent) != self.base.records[other].parent:
                    continue
                score = _cell_likeness(ours, self.cells(self.base.records[other], {}))
                if score >= CUT_OFF:
                    scored.append((-score, self.base.position[other], self.changed.position[one], one, other))
        is_new = False
        for negative, _at, _place, one, other in sorted(scored):
            if one not in self.pairs and other not in self.paired:
                self.pair(one, other, -negative)
                is_new = True
        return is_new

    @staticmethod
    def cells(record: Record, pairs: Mapping[str, str]) -> dict[str, str]:
        found = {}
        for name, value in record.fields.items():
            prefix, colon, column = name.partition(":")
            if colon and prefix in {"in", "out"}:
                found[f"{prefix}:{pairs.get(column, column)}"] = str(value)
        return found


def _cell_likeness(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    conditions = [name for name in one.keys() | other.keys() if name.startswith("in:")]
    results = [name for name in one.keys() | other.keys() if name.startswith("out:")]
    return 0.7 * _equal_share(one, other, conditions) + 0.3 * _equal_share(one, other, results)


def _equal_share(one: Mapping[str, str], other: Mapping[str, str], names: Iterable[str]) -> float:
    wanted = list(names)
    return sum(one.get(name) == other.get(name) for name in wanted) / len(wanted) if wanted else 1.0


def _labels(record: Record) -> tuple[str, ...]:
    """What people read on the element, in every language that it has."""
    found = [
        str(value)
        for name, value in record.fields.items()
        if name in {"name", "label", "title", "text", "inputExpression/text"}
        or name.startswith(("name/", "label:", "title:", "extensionElements/praxis:property[name"))
    ]
    return tuple(dict.fromkeys(each for each in found if normalised(each)))


def _edges(document: Document) -> dict[str, list[tuple[str, str]]]:
    """Every record's neighbours: by flow, by reference in both directions, and what it lies in."""
    edges: dict[str, list[tuple[str, str]]] = {key: [] for key in document.records}
    for key, record in document.records.items():
        source, target = str(record.get("source")), str(record.get("target"))
        if record.kind in FLOWS and source in edges and target in edges:
            edges[source].append((f"{record.kind} to", target))
            edges[target].append((f"{record.kind} from", source))
            continue
        for name, other in record.references():
            if name in {"flows", "rules", "inputs", "outputs", "components", "default"} or other not in edges:
                continue
            if name in {"parent", "lane"}:  # shared by too many to tell one from another
                continue
            role = "requires" if name.startswith("requires:") else name
            edges[key].append((role, other))
            edges[other].append((f"of {role}", key))
    return edges


def rekeyed(changed: Document, alignment: Alignment) -> Document:
    """The changed document with the keys of the base, its references too; what is new keeps or gets a free key."""
    keys = _keys(changed, alignment)
    if all(key == new for key, new in keys.items()):
        return changed
    records = {keys[key]: rekeyed_record(record, keys) for key, record in changed.records.items()}
    layout = {_renamed(key, keys): place for key, place in changed.layout.items()}
    layout = {key: {**place, **_plane(place, keys)} for key, place in layout.items()}
    spelling = {keys.get(key, key): texts for key, texts in (changed.extras.get("spelling") or {}).items()}
    nested = {_renamed(place, keys): each for place, each in (changed.extras.get("nested_ids") or {}).items()}
    order = tuple(keys.get(key, key) for key in changed.extras.get("order") or ())
    return changed.with_records(records, layout=layout, spelling=spelling, nested_ids=nested, order=order)


def _keys(changed: Document, alignment: Alignment) -> dict[str, str]:
    """Old key → new key of every record."""
    keys = dict(alignment.pairs)
    taken = set(keys.values()) | alignment.taken
    for key in changed.records:
        if key not in keys:
            free, number = key, 2
            while free in taken:
                free, number = f"{key}.{number}", number + 1
            keys[key] = free
            taken.add(free)
    return keys


def _plane(place: Mapping[str, object], keys: Mapping[str, str]) -> dict[str, object]:
    plane = place.get("plane")
    return {"plane": keys.get(plane, plane)} if isinstance(plane, str) else {}


def rekeyed_record(record: Record, keys: Mapping[str, str]) -> Record:
    fields = {_renamed_field(name, keys): _renamed_value(name, value, keys) for name, value in record.fields.items()}
    return replace(record, key=keys.get(record.key, record.key), fields=fields)


def _renamed_field(name: str, keys: Mapping[str, str]) -> str:
    for prefix in KEYED_FIELDS:
        if name.startswith(prefix):
            key = name.removeprefix(prefix)
            return prefix + keys.get(key, key)
    return name


def _renamed_value(name: str, value: FieldValue, keys: Mapping[str, str]) -> FieldValue:
    if not is_reference(name):
        return value
    if isinstance(value, tuple):
        return tuple(_renamed(each, keys) for each in value)
    return _renamed(value, keys) if isinstance(value, str) else value


def _renamed(reference: str, keys: Mapping[str, str]) -> str:
    owner, hash_sign, path = reference.partition("#")
    if path.startswith(KEYED_FIELDS):
        path = _renamed_field(path, keys)
    return f"{keys.get(owner, owner)}{hash_sign}{path}"
