"""How alike labels are: the better of shared words and edit distance, in whatever languages both have."""

from collections.abc import Iterable, Sequence

import numpy
from rapidfuzz import process
from rapidfuzz.distance import Indel

from practice_repo.search.words import Label, has_chinese

CUT_OFF = 0.5  # labels less alike than this name different things
LETTERS_CUT_OFF = 0.75  # short words that differ in a letter or two ("sell", "tell") are other words


class LabelMatcher:
    """Compares the labels of one query with those of many models; every label is compared once."""

    def __init__(self, labels: Iterable[Label]):
        self._labels = tuple(dict.fromkeys(label for label in labels if label))
        self._with_token: dict[str, list[tuple[int, frozenset[str]]]] = {}
        for at, label in enumerate(self._labels):
            for bag in label.bags:
                for token in bag:
                    self._with_token.setdefault(token, []).append((at, bag))
        self._forms = {
            chinese: _forms(self._labels, lambda form, chinese=chinese: has_chinese(form) is chinese)
            for chinese in (True, False)
        }
        self._near: dict[Label, tuple[tuple[Label, float], ...]] = {}

    def prepare(self, labels: Iterable[Label]) -> None:
        """Compare these labels now, all at once: much faster than one by one."""
        fresh = list(dict.fromkeys(label for label in labels if label and label not in self._near))
        if not fresh:
            return
        best: list[dict[int, float]] = [self._by_words(label) for label in fresh]
        for chinese in (True, False):
            self._by_letters(fresh, best, chinese)
        for label, found in zip(fresh, best, strict=True):
            near = ((self._labels[at], score) for at, score in found.items() if score >= CUT_OFF)
            self._near[label] = tuple(sorted(near, key=lambda pair: (-pair[1], pair[0].forms)))

    def near(self, label: Label) -> tuple[tuple[Label, float], ...]:
        """The query's labels that are alike enough, best first, with the similarity (CUT_OFF to 1)."""
        if label not in self._near:
            self.prepare([label])
        return self._near.get(label, ())

    def _by_words(self, label: Label) -> dict[int, float]:
        best: dict[int, float] = {}
        for bag in label.bags:
            seen: set[tuple[int, frozenset[str]]] = set()
            for token in bag:
                seen.update(self._with_token.get(token, ()))
            for at, other in seen:
                score = len(bag & other) / len(bag | other)
                if score > best.get(at, 0.0):
                    best[at] = score
        return best

    def _by_letters(self, fresh: Sequence[Label], best: list[dict[int, float]], chinese: bool) -> None:
        ours, our_owner = self._forms[chinese]
        theirs, their_owner = _forms(fresh, lambda form: has_chinese(form) is chinese)
        if not ours or not theirs:
            return
        similarity = Indel.normalized_similarity
        scores = process.cdist(theirs, ours, scorer=similarity, score_cutoff=LETTERS_CUT_OFF, dtype=numpy.float32)
        for row, column in zip(*numpy.nonzero(scores), strict=True):
            found, at = best[their_owner[row]], our_owner[column]
            score = float(scores[row, column])
            if score > found.get(at, 0.0):
                found[at] = score


def label_similarity(one: Label, other: Label) -> float:
    """0 to 1; what lies below CUT_OFF is 0, and two elements without a label are not alike."""
    return next((score for _, score in LabelMatcher([one]).near(other)), 0.0)


def _forms(labels: Sequence[Label], wanted) -> tuple[list[str], list[int]]:
    pairs = [(form, at) for at, label in enumerate(labels) for form in label.forms if wanted(form)]
    return [form for form, _ in pairs], [at for _, at in pairs]
