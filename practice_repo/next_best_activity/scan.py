"""The scan itself: N = 1, 2, …; compare S(N+1) with the best so far and keep the better one; every step is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from practice_repo.next_best_activity.availability import Exclusion
from practice_repo.next_best_activity.candidate import ZERO
from practice_repo.next_best_activity.index import Rankable, deciding_reason, index_of, rank_key

Item = TypeVar("Item", bound=Rankable)


class Step(NamedTuple, Generic[Item]):
    """One comparison: S(n) of this item with the best so far (None at N = 1)."""

    n: int
    item: Item
    best_before: Item | None
    is_taken: bool

    @property
    def verdict(self) -> str:
        return "start" if self.best_before is None else "take" if self.is_taken else "keep"

    def __str__(self) -> str:
        said = f"N={self.n}: S({name_of(self.item)}) = {index_of(self.item)}"
        if self.best_before is None:
            return f"{said}, the first and so the best so far"
        best = f"S({name_of(self.best_before)}) = {index_of(self.best_before)}"
        if self.is_taken:
            return f"{said} beats {best} ({deciding_reason(self.item, self.best_before)}): take it"
        why = deciding_reason(self.best_before, self.item)
        return f"{said} does not beat {best} ({why}): keep {name_of(self.best_before)}"


def name_of(item: Rankable) -> str:
    """Its id, or the ids of a bundle joined with plus."""
    return " + ".join(getattr(item, "ids", (item.id,)))


@dataclass(frozen=True)
class Exploration(Generic[Item]):
    """One scan: what it recommends, over whom, and why the others are not in the running."""

    best: Item | None
    available: tuple[Item, ...]
    without_index: tuple[Item, ...]  # available, but no-op or without an estimate
    excluded: tuple[Exclusion, ...]
    steps: tuple[Step[Item], ...]
    stop_reason: str | None = None  # why nothing is recommended

    @cached_property
    def ranking(self) -> tuple[Item, ...]:
        """All available ones that have an index, best first."""
        return tuple(sorted(self.available, key=rank_key))

    @property
    def needs_confirmation(self) -> bool:
        """The recommendation loses money, so somebody has to say yes to that."""
        return self.best is not None and not index_of(self.best).exceeds(ZERO)


def scan(items: Sequence[Item], is_adjacent: bool = False) -> Iterator[Step[Item]]:
    """The comparisons in order; `is_adjacent` stops at the first item that does not beat the best."""
    best, best_key = None, None
    for n, item in enumerate(items, start=1):
        key = rank_key(item)
        is_taken = best_key is None or key < best_key
        yield Step(n, item, best, is_taken)
        if is_taken:
            best, best_key = item, key
        elif is_adjacent:
            return


def winner(steps: Sequence[Step[Item]]) -> Item | None:
    return next((step.item for step in reversed(steps) if step.is_taken), None)
