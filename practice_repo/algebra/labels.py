"""How alike two names are, in English and Chinese: for matching elements of models that share no lineage.

Words and their synonyms are those of the search (`practice_repo.search.words`); here two names are compared as a
whole, quickly and without a library around them.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from practice_repo.search.words import chinese_ngrams, has_chinese, label_of

WORD = re.compile(r"[^\W_]+")
SAME_WORDS = 0.95  # the same words in other order or spelling are nearly, but not quite, the same name


@lru_cache(maxsize=20_000)
def normalised(label: str) -> str:
    """One spelling of a label: full width, case, punctuation, white space and accents apart.

    >>> normalised("Check  Order!"), normalised("检查订单?"), normalised("ＣＨＥＣＫ＿order")
    ('check order', '检查订单', 'check order')
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", label)).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(WORD.findall(text))


@lru_cache(maxsize=200_000)
def similarity(one: str, other: str) -> float:
    """From 0 (nothing in common) to 1 (the same): the best of spelling, words and (Chinese) trigrams.

    >>> similarity("Check order", "CHECK ORDER."), similarity("Verify the client's order", "检查客户订单")
    (1.0, 0.95)
    """
    first, second = normalised(one), normalised(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    scores = [Levenshtein.normalized_similarity(first, second)]
    bags, other_bags = label_of((one,)).bags, label_of((other,)).bags
    scores += [SAME_WORDS * _jaccard(bag, other_bag) for bag in bags for other_bag in other_bags]
    if has_chinese(first) and has_chinese(second):
        scores.append(SAME_WORDS * _jaccard(_trigrams(first), _trigrams(second)))
    return max(scores)


@lru_cache(maxsize=20_000)
def _trigrams(text: str) -> frozenset[str]:
    return frozenset(chinese_ngrams(text, 3))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def best_similarity(ones: Iterable[str], others: Iterable[str]) -> float:
    """The similarity of the most alike of an element's names in several languages."""
    theirs = tuple(others)
    return max((similarity(one, other) for one in ones for other in theirs), default=0.0)
