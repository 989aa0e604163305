"""The index of the paper: S = (effect - cost) / cost, exact, with the cases that it leaves open.

A saving is an effect, so a cost below 0 is refused where candidates are made. Nothing is rounded before comparison.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from practice_repo.next_best_activity.candidate import EXACT

COSTLESS = "costless"
FINITE = "finite"
NEEDS_ESTIMATE = "needs estimate"
NO_OP = "no-op"
RANKABLE = (COSTLESS, FINITE)
SCALE_BITS = 64


class Rankable(Protocol):
    """A candidate, or a bundle of them."""

    @property
    def id(self) -> str: ...
    @property
    def effect(self) -> Decimal | None: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def duration_days(self) -> int: ...
    @property
    def evidence(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Index:
    """`value` is S when the class is finite; costless, no-op and unknown ones have none."""

    kind: str  # costless | finite | needs estimate | no-op
    value: Fraction | None
    net: Decimal | None  # effect - cost

    def __str__(self) -> str:
        if self.kind == FINITE:
            return _readable(self.value)
        return f"costless, effect {self.net}" if self.kind == COSTLESS else self.kind

    @property
    def is_rankable(self) -> bool:
        return self.kind in RANKABLE

    def exceeds(self, threshold: Fraction | Decimal) -> bool:
        """Worth it beyond the threshold. Costless ones are, when they have a positive effect."""
        if self.kind == COSTLESS:
            return self.net > 0
        return self.value is not None and self.value > Fraction(threshold)


def _readable(value: Fraction) -> str:
    """Two decimals, and the exact fraction where that is short."""
    if value.denominator == 1:
        return str(value)
    rounded = f"{float(value):.2f}"
    if 100 % value.denominator == 0:
        return rounded
    return f"{rounded} ({value})" if value.denominator < 1000 else rounded


def kind_of(item: Rankable) -> str:
    if item.effect is None or item.cost is None:
        return NEEDS_ESTIMATE
    if item.cost:
        return FINITE
    return COSTLESS if item.effect else NO_OP


def index_of(item: Rankable) -> Index:
    kind = kind_of(item)
    if kind == NEEDS_ESTIMATE:
        return Index(kind, None, None)
    return Index(kind, _ratio(item) if kind == FINITE else None, EXACT.subtract(item.effect, item.cost))


def _ratio(item: Rankable) -> Fraction:
    effect_top, effect_bottom = item.effect.as_integer_ratio()
    cost_top, cost_bottom = item.cost.as_integer_ratio()
    return Fraction(effect_top * cost_bottom - cost_top * effect_bottom, effect_bottom * cost_top)


def rank_key(item: Rankable) -> tuple[Any, ...]:
    """Sorts rankable items best first, and the same way every time.

    Costless with a benefit, then by S, then costless with a loss; equal ones by larger net benefit, smaller cost,
    shorter duration, more evidence, and id. Most comparisons end at the second place, a whole number that never
    contradicts the exact order; only where it is equal are fractions made.
    """
    effect_top, effect_bottom = item.effect.as_integer_ratio()
    cost_top, cost_bottom = item.cost.as_integer_ratio()
    if not cost_top:
        level = 0 if effect_top > 0 else 2
        return (level, -((effect_top << SCALE_BITS) // effect_bottom), _Tie(item))
    return (1, -((effect_top * cost_bottom << SCALE_BITS) // (effect_bottom * cost_top)), _Tie(item))


class _Tie:
    """Compares what the whole numbers cannot tell apart; its parts are computed only then."""

    __slots__ = ("item",)

    def __init__(self, item: Rankable):
        self.item = item

    @property
    def parts(self) -> tuple[Any, ...]:
        item = self.item
        worth = _ratio(item) if item.cost else Fraction(item.effect)
        net = EXACT.subtract(item.effect, item.cost)
        return (-worth, -net, item.cost, item.duration_days, -item.evidence, item.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tie) and (self.item is other.item or self.parts == other.parts)

    def __lt__(self, other: "_Tie") -> bool:
        return self.parts < other.parts


TIE_BREAKERS = ("the larger S", "larger net benefit", "smaller cost", "shorter duration", "more evidence", "id")


def deciding_reason(better: Rankable, worse: Rankable) -> str:
    """What put the first before the second: S itself, or the tie-breaker that decided."""
    if kind_of(better) != kind_of(worse):
        return "a costless benefit goes first" if kind_of(better) == COSTLESS else "a costless loss goes last"
    pairs = zip(TIE_BREAKERS, _Tie(better).parts, _Tie(worse).parts, strict=True)
    return next(name for name, one, other in pairs if one != other)
