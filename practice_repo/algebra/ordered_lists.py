"""Two versions of an ordered list become one, as in diff3: elements are kept, taken out and put in by either side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

START = ""


@dataclass(frozen=True)
class MergedList:
    """`items` is None when both sides put the elements they share in different orders.

    `crowded` are the elements that both sides put in at one place, so that only chance orders them.
    """

    items: tuple[str, ...] | None
    crowded: frozenset[str] = frozenset()


def merge_lists(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], rank: Callable[[str], object] = str
) -> MergedList:
    """The list with the changes of both sides; what both put in at one place stands in the order of `rank`.

    >>> merge_lists("abc", "axbc", "abcy").items
    ('a', 'x', 'b', 'c', 'y')
    >>> sorted(merge_lists("ab", "axb", "ayb").crowded)
    ['x', 'y']
    >>> merge_lists("abc", "acb", "bac").items is None
    True
    """
    stays = set(base) & set(ours) & set(theirs)
    orders = [[item for item in side if item in stays] for side in (base, ours, theirs)]
    if orders[1] == orders[2] or orders[2] == orders[0]:
        kept = orders[1]
    elif orders[1] == orders[0]:
        kept = orders[2]
    else:
        return MergedList(None)
    groups = [_new_behind(side, stays, set(base)) for side in (ours, theirs)]
    result: list[str] = []
    crowded: set[str] = set()
    for anchor in (START, *kept):
        if anchor != START:
            result.append(anchor)
        one, other = (group.get(anchor, []) for group in groups)
        if one and other and set(one) != set(other):
            crowded |= set(one) ^ set(other)
        first, second = (one, other) if [rank(item) for item in one] <= [rank(item) for item in other] else (other, one)
        result += [item for item in (*first, *second) if item not in result]
    return MergedList(tuple(dict.fromkeys(result)), frozenset(crowded))


def _new_behind(side: Sequence[str], stays: set[str], known: set[str]) -> dict[str, list[str]]:
    """What the side put in, by the shared element that it stands behind."""
    found: dict[str, list[str]] = {}
    anchor = START
    for item in side:
        if item in stays:
            anchor = item
        elif item not in known:
            found.setdefault(anchor, []).append(item)
    return found
