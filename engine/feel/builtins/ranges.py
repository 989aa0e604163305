"""Range functions (10.3.4.7): Allen's relations between points and ranges, by ternary logic."""

from collections.abc import Callable
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.operations import conjunction, disjunction, equals, less
from engine.feel.values import Range

_SECTION = "Range"
_POINT = "number | string | date | time | date and time | days and time duration | years and months duration"
Truth = bool | None


def _all(*truths: Truth) -> Truth:
    result: Truth = True
    for truth in truths:
        result = conjunction(result, truth)
    return result


def _any(*truths: Truth) -> Truth:
    result: Truth = False
    for truth in truths:
        result = disjunction(result, truth)
    return result


def _same(left: Any, right: Any) -> Truth:
    """Equality that is null where an endpoint is undefined."""
    return None if left is None or right is None else equals(left, right)


def before(first: Any, second: Any) -> Truth:
    """Whether the first point or range ends before the second begins."""
    end, end_included = (first.end, first.end_included) if type(first) is Range else (first, True)
    start, start_included = (second.start, second.start_included) if type(second) is Range else (second, True)
    touching = _all(_same(end, start), not (end_included and start_included))
    return _any(less(end, start), touching)


def after(first: Any, second: Any) -> Truth:
    return before(second, first)


def meets(first: Range, second: Range) -> Truth:
    return _all(first.end_included, second.start_included, _same(first.end, second.start))


def met_by(first: Range, second: Range) -> Truth:
    return meets(second, first)


def overlaps(first: Range, second: Range) -> Truth:
    return _all(_reaches(first, second), _reaches(second, first))


def _reaches(first: Range, second: Range) -> Truth:
    """Whether the first ends after, or at, the start of the second."""
    touching = _all(_same(first.end, second.start), first.end_included, second.start_included)
    return _any(less(second.start, first.end), touching)


def overlaps_before(first: Range, second: Range) -> Truth:
    starts_earlier = _any(
        less(first.start, second.start),
        _all(_same(first.start, second.start), first.start_included, not second.start_included),
    )
    ends_earlier = _any(
        less(first.end, second.end),
        _all(_same(first.end, second.end), not first.end_included or second.end_included),
    )
    return _all(starts_earlier, _reaches(first, second), ends_earlier)


def overlaps_after(first: Range, second: Range) -> Truth:
    starts_later = _any(
        less(second.start, first.start),
        _all(_same(second.start, first.start), second.start_included, not first.start_included),
    )
    ends_later = _any(
        less(second.end, first.end),
        _all(_same(second.end, first.end), not second.end_included or first.end_included),
    )
    return _all(starts_later, _reaches(second, first), ends_later)


def finishes(first: Any, second: Range) -> Truth:
    if type(first) is not Range:
        return _all(second.end_included, _same(second.end, first))
    starts_later = _any(
        less(second.start, first.start),
        _all(_same(first.start, second.start), not first.start_included or second.start_included),
    )
    return _all(first.end_included is second.end_included, _same(first.end, second.end), starts_later)


def finished_by(first: Range, second: Any) -> Truth:
    return finishes(second, first)


def includes(first: Range, second: Any) -> Truth:
    if type(second) is not Range:
        return _any(
            _all(less(first.start, second), less(second, first.end)),
            _all(_same(first.start, second), first.start_included),
            _all(_same(first.end, second), first.end_included),
        )
    starts_earlier = _any(
        less(first.start, second.start),
        _all(_same(first.start, second.start), first.start_included or not second.start_included),
    )
    ends_later = _any(
        less(second.end, first.end),
        _all(_same(first.end, second.end), first.end_included or not second.end_included),
    )
    return _all(starts_earlier, ends_later)


def during(first: Any, second: Range) -> Truth:
    return includes(second, first)


def starts(first: Any, second: Range) -> Truth:
    if type(first) is not Range:
        return _all(_same(second.start, first), second.start_included)
    ends_earlier = _any(
        less(first.end, second.end),
        _all(_same(first.end, second.end), not first.end_included or second.end_included),
    )
    return _all(_same(first.start, second.start), first.start_included is second.start_included, ends_earlier)


def started_by(first: Range, second: Any) -> Truth:
    return starts(second, first)


def coincides(first: Any, second: Any) -> Truth:
    if type(first) is not Range:
        return _same(first, second)
    return _all(
        _same(first.start, second.start),
        first.start_included is second.start_included,
        _same(first.end, second.end),
        first.end_included is second.end_included,
    )


POINTS = f"(point1: {_POINT}, point2: {_POINT})"
POINT_RANGE = f"(point: {_POINT}, range: range)"
RANGE_POINT = f"(range: range, point: {_POINT})"
RANGES = "(range1: range, range2: range)"
_RELATIONS: tuple[tuple[str, Callable[[Any, Any], Truth], tuple[str, ...], str, str, str], ...] = (
    (
        "before",
        before,
        (POINTS, POINT_RANGE, RANGE_POINT, RANGES),
        "Whether the first ends before the second begins.",
        "before([1..10], [15..20])",
        "true",
    ),
    (
        "after",
        after,
        (POINTS, POINT_RANGE, RANGE_POINT, RANGES),
        "Whether the first begins after the second ends.",
        "after([11..20], 12)",
        "false",
    ),
    ("meets", meets, (RANGES,), "Whether the first ends where the second begins.", "meets([1..5], [5..10])", "true"),
    ("met by", met_by, (RANGES,), "Whether the first begins where the second ends.", "met by([5..10], [1..5])", "true"),
    ("overlaps", overlaps, (RANGES,), "Whether the two have a point in common.", "overlaps([1..5], [3..8])", "true"),
    (
        "overlaps before",
        overlaps_before,
        (RANGES,),
        "Whether the first begins earlier and ends within the second.",
        "overlaps before([1..5], [3..8])",
        "true",
    ),
    (
        "overlaps after",
        overlaps_after,
        (RANGES,),
        "Whether the first begins within the second and ends later.",
        "overlaps after([3..8], [1..5])",
        "true",
    ),
    (
        "finishes",
        finishes,
        (POINT_RANGE, RANGES),
        "Whether the first ends with the second and lies within it.",
        "finishes(10, [1..10])",
        "true",
    ),
    (
        "finished by",
        finished_by,
        (RANGE_POINT, RANGES),
        "Whether the second ends with the first and lies within it.",
        "finished by([1..10], 10)",
        "true",
    ),
    (
        "includes",
        includes,
        (RANGE_POINT, RANGES),
        "Whether the second lies within the first.",
        "includes([1..10], 5)",
        "true",
    ),
    (
        "during",
        during,
        (POINT_RANGE, RANGES),
        "Whether the first lies within the second.",
        "during(5, [1..10])",
        "true",
    ),
    (
        "starts",
        starts,
        (POINT_RANGE, RANGES),
        "Whether the first begins with the second and lies within it.",
        "starts(1, [1..10])",
        "true",
    ),
    (
        "started by",
        started_by,
        (RANGE_POINT, RANGES),
        "Whether the second begins with the first and lies within it.",
        "started by([1..10], 1)",
        "true",
    ),
    (
        "coincides",
        coincides,
        (POINTS, RANGES),
        "Whether the two are the same point or range.",
        "coincides([1..5], [1..5])",
        "true",
    ),
)

for _name, _relation, _forms, _description, _example, _result in _RELATIONS:
    for _form in _forms:
        builtin(_name + _form, _SECTION, _description, _example, _result)(_relation)
