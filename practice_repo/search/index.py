"""Search of the library in two stages: shared terms find the nearest hundred, graph matching puts them in order.

    index = SimilarityIndex()
    index.add(LibraryEntry.of(practice))
    index.by_model(source, facets={"area": "sales"}).results[0].distance.rule

Questions are asked by text, by model, by fragment (some elements of a model) or by need.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy
import orjson
from rapidfuzz import process
from rapidfuzz.distance import Indel

from engine.bpmn.elements import Model
from engine.bpmn.reader import read_model
from engine.errors import InvalidInput, InvalidModel, NotFound
from practice_repo.card import Text
from practice_repo.search.entries import FACETS, Facets, LibraryEntry
from practice_repo.search.graph_distance import Distance, Match, compare
from practice_repo.search.labels import LabelMatcher
from practice_repo.search.postings import Postings
from practice_repo.search.shape import DATA, ROLE, Shape, shape_of
from practice_repo.search.words import chinese_ngrams, has_chinese, label_of, tokens

RE_RANKED, FEWEST_RE_RANKED = 100, 30  # models that the graph puts in order …
RE_RANKED_NODES = 4000  # … as many as keep the pairs of nodes in bounds when the question is a large model
FORMAT = 1
SPELLING_CUT_OFF = 0.79  # one wrong letter of five
NAME, LABEL, CARD_WORD, NUMBER = 2.0, 1.0, 0.6, 2.0  # weights of terms by where they stand
TERM_SHARE = 0.25  # of the score by model: what shared terms say; the rest is the graph


@dataclass(frozen=True)
class Need:
    """What an enterprise looks for: words, KPIs it wants better, its place in the process classification, an area."""

    text: str = ""
    kpis: tuple[str, ...] = ()
    pcf: tuple[int, ...] = ()
    area: str = ""


@dataclass(frozen=True)
class Reason:
    """A label of the query and the label of the found item that matches it."""

    asked: str
    found: str
    similarity: float  # 0 to 1


@dataclass(frozen=True)
class Result:
    """One item of the library. `distance` and `matches` are there when the question was a model or a fragment."""

    id: str
    version: str
    name: Text
    model: str  # file name of the model that is nearest; empty when the card matched
    score: float  # 0 to 1
    why: tuple[Reason, ...]
    distance: Distance | None = None
    matches: tuple[Match, ...] = ()

    @property
    def similarity(self) -> float | None:
        """1 - distance, the s of the novelty check; None for questions by words."""
        return None if self.distance is None else 1 - self.distance.total

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "version": self.version,
            "name": {"en": self.name.en, "zh": self.name.zh},
            "model": self.model,
            "score": round(self.score, 4),
            "distance": self.distance.to_json() if self.distance else None,
            "why": [asdict(reason) | {"similarity": round(reason.similarity, 3)} for reason in self.why],
        }


@dataclass(frozen=True)
class Answer:
    """Results, best first; `facets` counts the values of all items found (before `limit`), for narrowing further."""

    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[Any, int]]
    found: int

    def to_json(self) -> dict[str, Any]:
        counts = {facet: {str(value): count for value, count in found.items()} for facet, found in self.facets.items()}
        return {"results": [each.to_json() for each in self.results], "facets": counts, "found": self.found}


@dataclass
class _Item:
    """An entry as the index keeps it: shapes in place of files."""

    id: str
    version: str
    name: Text
    facets: Facets
    card_terms: dict[str, float]
    shapes: dict[str, Shape]
    documents: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "version": self.version,
            "name": [self.name.en, self.name.zh],
            "facets": asdict(self.facets),
            "card_terms": self.card_terms,
            "shapes": {name: shape.to_json() for name, shape in self.shapes.items()},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "_Item":
        facets = {name: tuple(value) if isinstance(value, list) else value for name, value in content["facets"].items()}
        shapes = {name: Shape.from_json(shape) for name, shape in content["shapes"].items()}
        terms = dict(content["card_terms"])
        return cls(content["id"], content["version"], Text(*content["name"]), Facets(**facets), terms, shapes)


class SimilarityIndex:
    """The library, ready to be asked. Entries come and go one by one; `dump` and `load` keep it between runs."""

    def __init__(self) -> None:
        self._items: dict[str, _Item] = {}
        self._postings = Postings()
        self._place: dict[int, tuple[str, str]] = {}  # document → id of the item, file name ("" for the whole item)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def add(self, entry: LibraryEntry) -> tuple[str, ...]:
        """Add an entry, in place of an earlier one with its id. Returns what is wrong with models it cannot read:
        the entry is then found by its other models and its card."""
        shapes, problems = {}, []
        for name, source in entry.models.items():
            try:
                shapes[name] = shape_of(read_model(source))
            except InvalidModel as error:
                problems.append(f"{name}: {error}")
        self._place_item(
            _Item(entry.id, entry.version, entry.name, entry.facets, dict(_card_terms(entry)), shapes),
        )
        return tuple(problems)

    def remove(self, item_id: str) -> None:
        """Take an entry out. Raises NotFound when it is not there."""
        if item_id not in self._items:
            raise NotFound(f"The index has no entry '{item_id}'.")
        for document in self._items.pop(item_id).documents:
            self._postings.remove(document)
            del self._place[document]

    def _place_item(self, item: _Item) -> None:
        if item.id in self._items:
            self.remove(item.id)
        whole: Counter[str] = Counter()
        for name, shape in item.shapes.items():
            terms = _shape_terms(shape)
            whole.update(terms)
            self._place_document(item, name, _damped(terms + Counter({t: w / 2 for t, w in item.card_terms.items()})))
        self._place_document(item, "", _damped(whole + Counter(item.card_terms)))
        self._items[item.id] = item

    def _place_document(self, item: _Item, name: str, terms: Mapping[str, float]) -> None:
        document = self._postings.add(terms)
        self._place[document] = item.id, name
        item.documents.append(document)

    def by_text(self, text: str, *, facets: Mapping[str, Any] | None = None, limit: int = 10) -> Answer:
        """Items that have the words of the text, in English or Chinese; misspelt words find their neighbours."""
        return self.by_need(Need(text), facets=facets, limit=limit)

    def by_need(self, need: Need, *, facets: Mapping[str, Any] | None = None, limit: int = 10) -> Answer:
        """Items that serve a need. Area, KPIs and PCF numbers lift an item, they do not exclude others: see facets."""
        terms = self._corrected(_text_terms(need.text, LABEL))
        terms.update({f"kpi:{kpi}": NUMBER for kpi in need.kpis})
        terms.update({f"pcf:{number}": NUMBER for number in need.pcf})
        if need.area:
            terms[f"area:{need.area}"] = NUMBER
        if not terms:
            return self._everything(facets or {}, limit)
        cosines, covered = self._postings.cosines(terms)
        best: dict[str, tuple[float, str]] = {}
        for document in numpy.nonzero(covered > 0)[0].tolist():
            item_id, name = self._place[document]
            score = 0.7 * float(covered[document]) + 0.3 * float(cosines[document])
            best[item_id] = max(best.get(item_id, (0.0, "")), (score, name))
        ranked = sorted(((score, item_id, name) for item_id, (score, name) in best.items()), key=_best_first)
        fitting = [each for each in ranked if self._items[each[1]].facets.fits(facets or {})]
        results = (
            self._found_by_words(score, self._items[key], name, need, terms) for score, key, name in fitting[:limit]
        )
        return self._answer(tuple(results), [key for _, key, _ in fitting])

    def by_model(
        self,
        model: bytes | Model | Shape,
        *,
        facets: Mapping[str, Any] | None = None,
        limit: int = 10,
        without: Collection[str] = (),
    ) -> Answer:
        """Items with a model like this one, each with its nearest model. `without` leaves items out (itself, say)."""
        return self._by_shape(_shape(model), facets or {}, limit, frozenset(without), is_fragment=False)

    def by_fragment(
        self,
        model: bytes | Model | Shape,
        element_ids: Collection[str],
        *,
        facets: Mapping[str, Any] | None = None,
        limit: int = 10,
        without: Collection[str] = (),
    ) -> Answer:
        """Items that contain something like these elements; what else they have does not count against them."""
        return self._by_shape(
            _shape(model).fragment(element_ids), facets or {}, limit, frozenset(without), is_fragment=True
        )

    def compare(self, model: bytes | Model | Shape, item_id: str) -> tuple[Result, ...]:
        """This model against every model of one item, nearest first. Raises NotFound for an unknown item."""
        if item_id not in self._items:
            raise NotFound(f"The index has no entry '{item_id}'.")
        shape, item = _shape(model), self._items[item_id]
        matcher = LabelMatcher(shape.node_labels)
        results = (self._found_by_graph(shape, item, name, 1.0, matcher, False) for name in item.shapes)
        return tuple(sorted(results, key=lambda each: (each.distance.total, each.model)))

    def _by_shape(
        self, shape: Shape, facets: Mapping[str, Any], limit: int, without: frozenset[str], *, is_fragment: bool
    ) -> Answer:
        most = min(RE_RANKED, max(FEWEST_RE_RANKED, RE_RANKED_NODES // max(len(shape.nodes), 1)))
        terms = _shape_terms(shape, with_name=not is_fragment)
        cosines, covered = self._postings.cosines(_damped(terms))
        scores = covered if is_fragment else cosines
        candidates = []
        for document in numpy.argsort(-scores, kind="stable").tolist():
            if scores[document] <= 0 or len(candidates) == most:
                break
            item_id, name = self._place[document]
            if name and item_id not in without and self._items[item_id].facets.fits(facets):
                candidates.append((item_id, name, float(scores[document])))
        matcher = LabelMatcher(shape.node_labels)
        matcher.prepare(label for key, name, _ in candidates for label in self._items[key].shapes[name].node_labels)
        best: dict[str, Result] = {}
        for key, name, score in candidates:
            result = self._found_by_graph(shape, self._items[key], name, score, matcher, is_fragment)
            if key not in best or result.score > best[key].score:
                best[key] = result
        ranked = sorted(best.values(), key=lambda each: (-each.score, each.id))
        return self._answer(tuple(ranked[:limit]), [each.id for each in ranked])

    def _found_by_graph(
        self, shape: Shape, item: _Item, name: str, terms_score: float, matcher: LabelMatcher, is_fragment: bool
    ) -> Result:
        found = compare(shape, item.shapes[name], matcher, is_fragment=is_fragment)
        score = (1 - TERM_SHARE) * (1 - found.distance.total) + TERM_SHARE * min(terms_score, 1.0)
        named = (match for match in found.matches if match.query.label and match.found.label)
        why = tuple(
            Reason(match.query.label.texts[0], _in_script_of(match.query.label.texts[0], match.found.label.texts), s)
            for match in named
            for s in (match.similarity,)
        )
        return Result(item.id, item.version, item.name, name, score, why[:8], found.distance, found.matches)

    def _found_by_words(self, score: float, item: _Item, name: str, need: Need, terms: Mapping[str, float]) -> Result:
        shapes = [item.shapes[name]] if name else list(item.shapes.values())
        why = [Reason(f"KPI {kpi}", kpi, 1.0) for kpi in need.kpis if kpi in item.facets.kpis]
        why += [Reason(f"PCF {number}", str(number), 1.0) for number in need.pcf if number in item.facets.pcf]
        why += _shared_words(need.text, frozenset(terms), _label_texts(item.name, shapes))
        return Result(item.id, item.version, item.name, name, min(score, 1.0), tuple(why[:8]))

    def _everything(self, facets: Mapping[str, Any], limit: int) -> Answer:
        fitting = sorted(key for key, item in self._items.items() if item.facets.fits(facets))
        items = (self._items[key] for key in fitting[:limit])
        return self._answer(tuple(Result(each.id, each.version, each.name, "", 1.0, ()) for each in items), fitting)

    def _answer(self, results: tuple[Result, ...], found: list[str]) -> Answer:
        counts = {
            facet: Counter(value for key in found for value in self._items[key].facets.values(facet))
            for facet in FACETS
        }
        return Answer(results, counts, len(found))

    def _corrected(self, terms: Mapping[str, float]) -> dict[str, float]:
        """The terms, those that the library does not have exchanged for the words most like them."""
        known, corrected = self._postings.terms, dict(terms)
        for term in [term for term in terms if term not in known and not term.startswith("~") and len(term) > 3]:
            words = [word for word in known if ":" not in word and not word.startswith("~")]
            near = process.extract(
                term, words, scorer=Indel.normalized_similarity, score_cutoff=SPELLING_CUT_OFF, limit=3
            )
            if near:
                del corrected[term]
            corrected.update({word: terms[term] * likeness for word, likeness, _ in near if word not in terms})
        return corrected

    def dump(self) -> bytes:
        """The whole index as JSON; `load` gives an index with the same answers."""
        return orjson.dumps({"format": FORMAT, "items": [item.to_json() for item in self._items.values()]})

    @classmethod
    def load(cls, content: bytes) -> "SimilarityIndex":
        """The index of an earlier `dump`. Raises InvalidInput for anything else; then build the index anew."""
        try:
            source = orjson.loads(content)
            if source["format"] != FORMAT:
                raise InvalidInput(f"The index has format {source['format']}, expected {FORMAT}; build it anew.")
            items = [_Item.from_json(item) for item in source["items"]]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"This is no index of practices ({error}); build it anew.") from error
        index = cls()
        for item in items:
            index._place_item(item)
        return index


def _shape(model: bytes | Model | Shape) -> Shape:
    if isinstance(model, Shape):
        return model
    return shape_of(read_model(model) if isinstance(model, bytes) else model)


def _best_first(found: tuple[float, str, str]) -> tuple[float, str]:
    return -found[0], found[1]


def _card_terms(entry: LibraryEntry) -> Counter[str]:
    terms: Counter[str] = Counter()
    for text in (entry.name.en, entry.name.zh):
        terms.update(_text_terms(text, NAME))
    for text in (entry.summary.en, entry.summary.zh, *entry.words, *entry.roles, *entry.data_objects):
        terms.update(_text_terms(text, CARD_WORD))
    numbers = [f"pcf:{number}" for number in entry.facets.pcf] + [f"kpi:{kpi}" for kpi in entry.facets.kpis]
    terms.update(dict.fromkeys([*numbers, *([f"area:{entry.facets.area}"] if entry.facets.area else [])], NUMBER))
    return terms


def _shape_terms(shape: Shape, *, with_name: bool = True) -> Counter[str]:
    terms: Counter[str] = Counter()
    for text in shape.name.texts if with_name else ():
        terms.update(_text_terms(text, NAME))
    for node in shape.nodes:
        for text in node.label.texts:
            terms.update(_text_terms(text, LABEL))
    for item in shape.items:
        if item.aspect in (ROLE, DATA) and not item.node:
            terms.update(_text_terms(item.fact, CARD_WORD))
    return terms


def _text_terms(text: str, weight: float) -> dict[str, float]:
    found = dict.fromkeys(tokens(text), weight)
    found.update(dict.fromkeys(chinese_ngrams(text, 3), weight / 2))
    return found


def _damped(terms: Mapping[str, float]) -> dict[str, float]:
    """What is said ten times is not ten times as important."""
    return {term: weight**0.5 for term, weight in terms.items()}


def _label_texts(name: Text, shapes: Iterable[Shape]) -> Iterator[str]:
    yield from (text for text in (name.en, name.zh) if text)
    for shape in shapes:
        yield from shape.name.texts
        yield from (text for node in shape.nodes for text in node.label.texts)


def _shared_words(text: str, terms: frozenset[str], labels: Iterable[str]) -> list[Reason]:
    """The labels that have most words of the text; `terms` are its words after correction."""
    asked = len(label_of((text,)).tokens)
    if not asked:
        return []
    found = {label: min(len(terms & label_of((label,)).tokens) / asked, 1.0) for label in labels}
    best = sorted(
        ((share, label) for label, share in found.items() if share),
        key=lambda pair: (-pair[0], has_chinese(pair[1]) is not has_chinese(text), pair[1]),
    )
    return [Reason(text, label, share) for share, label in best[:5]]


def _in_script_of(asked: str, texts: tuple[str, ...]) -> str:
    """The text of a found label that is in the language of what was asked, if it has one."""
    return next((text for text in texts if has_chinese(text) is has_chinese(asked)), texts[0])
