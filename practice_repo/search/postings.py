"""An inverted index with tf-idf weights: which documents share terms with a query, most alike first.

Postings are compact arrays, read by numpy without copying; a removed document is only marked, and swept out when a
third of all is gone. Weights are normalised when they are next asked for, so adding stays cheap.
"""

from array import array
from collections.abc import Mapping

import numpy

SWEEP_AT = 1 / 3


class Postings:
    """Documents (numbered by their addition) as bags of weighted terms."""

    def __init__(self) -> None:
        self._term_number: dict[str, int] = {}
        self._documents: list[array] = []  # of each term: the numbers of its documents …
        self._weights: list[array] = []  # … and its weight there
        self._terms_of: list[tuple[array, array]] = []  # of each document: numbers and weights of its terms
        self._is_there: list[bool] = []
        self._norms: numpy.ndarray | None = None
        self._idf: numpy.ndarray | None = None

    def __len__(self) -> int:
        return sum(self._is_there)

    @property
    def terms(self) -> Mapping[str, int]:
        return self._term_number

    def add(self, terms: Mapping[str, float]) -> int:
        """Number of the new document."""
        number = len(self._terms_of)
        numbers, weights = array("l"), array("f")
        for term, weight in terms.items():
            at = self._term_number.setdefault(term, len(self._term_number))
            if at == len(self._documents):
                self._documents.append(array("l"))
                self._weights.append(array("f"))
            self._documents[at].append(number)
            self._weights[at].append(weight)
            numbers.append(at)
            weights.append(weight)
        self._terms_of.append((numbers, weights))
        self._is_there.append(True)
        self._norms = self._idf = None
        return number

    def remove(self, number: int) -> None:
        """Forget a document; numbers of the others stay."""
        self._is_there[number] = False
        self._norms = self._idf = None
        gone = [at for at, there in enumerate(self._is_there) if not there and len(self._terms_of[at][0])]
        if len(gone) > SWEEP_AT * len(self._is_there):
            self._sweep(set(gone))

    def _sweep(self, gone: set[int]) -> None:
        for at, documents in enumerate(self._documents):
            kept = [each for each in zip(documents, self._weights[at], strict=True) if each[0] not in gone]
            self._documents[at] = array("l", (number for number, _ in kept))
            self._weights[at] = array("f", (weight for _, weight in kept))
        for number in gone:
            self._terms_of[number] = array("l"), array("f")

    def _settle(self) -> None:
        if self._norms is not None:
            return
        count = len(self)
        holding = numpy.zeros(len(self._documents), numpy.float32)
        for (terms, _), there in zip(self._terms_of, self._is_there, strict=True):
            if there and len(terms):
                holding[numpy.frombuffer(terms, numpy.int64)] += 1
        self._idf = numpy.log((1 + count) / (0.5 + holding)).clip(min=0.01).astype(numpy.float32)
        self._norms = numpy.ones(len(self._terms_of), numpy.float32)
        for number, (terms, weights) in enumerate(self._terms_of):
            if len(terms):
                values = numpy.frombuffer(weights, numpy.float32) * self._idf[numpy.frombuffer(terms, numpy.int64)]
                self._norms[number] = max(float(numpy.sqrt(values @ values)), 1e-9)

    def cosines(self, query: Mapping[str, float], *, most_terms: int = 400) -> tuple[numpy.ndarray, numpy.ndarray]:
        """For every document number: the cosine with the query, and the share of the query's weight that it holds.

        Only the `most_terms` heaviest terms of the query are looked up; removed documents have 0.
        """
        self._settle()
        known = [(self._term_number[term], weight) for term, weight in query.items() if term in self._term_number]
        ranked = sorted(((weight * float(self._idf[at]), at) for at, weight in known), reverse=True)
        unknown = sum(weight for term, weight in query.items() if term not in self._term_number)
        whole = sum(value for value, _ in ranked) + unknown * float(numpy.log(1 + len(self) + 1))
        norm = float(numpy.sqrt(sum(value * value for value, _ in ranked))) or 1.0
        products = numpy.zeros(len(self._terms_of), numpy.float32)
        covered = numpy.zeros(len(self._terms_of), numpy.float32)
        for value, at in ranked[:most_terms]:
            documents = numpy.frombuffer(self._documents[at], numpy.int64)
            weights = numpy.frombuffer(self._weights[at], numpy.float32)
            products[documents] += weights * (value * float(self._idf[at]))
            covered[documents] += value
        there = numpy.array(self._is_there, numpy.float32)
        return products / (self._norms * norm) * there, covered / max(whole, 1e-9) * there
