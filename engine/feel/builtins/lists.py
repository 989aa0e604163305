"""List functions and sort (10.3.4.4, 10.3.4.9)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.budget import Run
from engine.feel.builtins.registry import builtin
from engine.feel.errors import Undefined
from engine.feel.numbers import DECIMAL128, NUMBER_TYPES, add, as_integer, divide, multiply, simplified, subtract
from engine.feel.operations import equals_in, kind_name, less
from engine.feel.temporal import TEMPORAL_TYPES
from engine.feel.values import Function

_SECTION = "List"
_HASHABLE = frozenset({str, bool, type(None), *TEMPORAL_TYPES})


def items_of(arguments: tuple[Any, ...]) -> list[Any]:
    """The list that was given, or the arguments themselves: `min([1,2])` and `min(1,2)` are the same."""
    if len(arguments) == 1 and type(arguments[0]) is list:
        return arguments[0]
    return list(arguments)


def numbers_of(run: Run, arguments: tuple[Any, ...]) -> list[Any]:
    """Like `items_of`, for functions of numbers only."""
    items = items_of(arguments)
    run.charge(len(items))
    for item in items:
        if type(item) not in NUMBER_TYPES:
            raise Undefined(f"'list' must hold numbers only, found {kind_name(item)}")
    return items


def position_in(items: list[Any], position: Any) -> int:
    """The Python index of a FEEL position (1 is the first, -1 the last)."""
    whole = as_integer(position)
    if whole is None or whole == 0 or abs(whole) > len(items):
        raise Undefined(f"the position must be within 1..{len(items)} or -{len(items)}..-1")
    return whole - 1 if whole > 0 else len(items) + whole


@builtin(
    "list contains(list: list, element: any)",
    _SECTION,
    "Whether the list contains it.",
    "list contains([1,2,3], 2)",
    "true",
)
def list_contains(run: Run, items: list[Any], element: Any) -> bool:
    run.charge(len(items))
    return any(equals_in(run, item, element) is True for item in items)


@builtin("count(list: list)", _SECTION, "The number of items.", "count([1,[2,3]])", "2")
def count(items: list[Any]) -> int:
    return len(items)


def _extreme(run: Run, arguments: tuple[Any, ...], is_better: Callable[[Any, Any], bool | None]) -> Any:
    items = items_of(arguments)
    run.charge(len(items))
    if not items:
        return None
    best = items[0]
    if is_better(best, best) is None:
        raise Undefined(f"there is no order of {kind_name(best)} values")
    for item in items[1:]:
        better = is_better(item, best)
        if better is None:
            raise Undefined(f"cannot compare {kind_name(item)} with {kind_name(best)}")
        if better:
            best = item
    return best


@builtin("min(list: any...)", _SECTION, "The smallest item of a list, or of the arguments.", "min([1,2,3])", "1")
def minimum(run: Run, *arguments: Any) -> Any:
    return _extreme(run, arguments, less)


@builtin("max(list: any...)", _SECTION, "The largest item of a list, or of the arguments.", "max(1,2,3)", "3")
def maximum(run: Run, *arguments: Any) -> Any:
    return _extreme(run, arguments, lambda item, best: less(best, item))


@builtin("sum(list: any...)", _SECTION, "The sum of numbers; null for none.", "sum([1,2,3])", "6")
def total(run: Run, *arguments: Any) -> Any:
    return _folded(numbers_of(run, arguments), add)


@builtin("product(list: any...)", _SECTION, "The product of numbers; null for none.", "product([2,3,4])", "24")
def product(run: Run, *arguments: Any) -> Any:
    return _folded(numbers_of(run, arguments), multiply)


def _folded(items: list[Any], operation: Callable[[Any, Any], Any]) -> Any:
    if not items:
        return None
    result = items[0]
    for item in items[1:]:
        result = operation(result, item)
    return result


@builtin("mean(list: any...)", _SECTION, "The arithmetic mean of numbers; null for none.", "mean([1,2,3])", "2")
def mean(run: Run, *arguments: Any) -> Any:
    items = numbers_of(run, arguments)
    return divide(_folded(items, add), len(items)) if items else None


@builtin("median(list: any...)", _SECTION, "The middle one of the sorted numbers.", "median([6,1,2,3])", "2.5")
def median(run: Run, *arguments: Any) -> Any:
    items = sorted(numbers_of(run, arguments))
    if not items:
        return None
    middle = len(items) // 2
    return items[middle] if len(items) % 2 else divide(add(items[middle - 1], items[middle]), 2)


@builtin(
    "stddev(list: any...)",
    _SECTION,
    "The sample standard deviation; null for fewer than two numbers.",
    "stddev(2, 4, 7, 5)",
    "2.081665999466132735282297706979931",
)
def stddev(run: Run, *arguments: Any) -> Any:
    items = numbers_of(run, arguments)
    if len(items) < 2:
        return None
    middle = divide(_folded(items, add), len(items))
    squares = [multiply(subtract(item, middle), subtract(item, middle)) for item in items]
    return simplified(DECIMAL128.sqrt(Decimal(divide(_folded(squares, add), len(items) - 1))))


@builtin(
    "mode(list: any...)", _SECTION, "The most frequent numbers, in ascending order.", "mode([6,1,9,6,1])", "[1, 6]"
)
def mode(run: Run, *arguments: Any) -> list[Any]:
    counts: dict[Any, int] = {}
    for item in numbers_of(run, arguments):
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, times in counts.items() if times == most)


def _truths(run: Run, arguments: tuple[Any, ...]) -> list[bool | None]:
    items = items_of(arguments)
    run.charge(len(items))
    for item in items:
        if item is not None and type(item) is not bool:
            raise Undefined(f"'list' must hold booleans only, found {kind_name(item)}")
    return items


@builtin(
    "all(list: any...)",
    _SECTION,
    "False if any item is false, else true if all are true, else null.",
    "all([false,null,true])",
    "false",
)
def all_true(run: Run, *arguments: Any) -> bool | None:
    items = _truths(run, arguments)
    return False if False in items else (None if None in items else True)


@builtin(
    "any(list: any...)",
    _SECTION,
    "True if any item is true, else false if all are false, else null.",
    "any([false,null,true])",
    "true",
)
def any_true(run: Run, *arguments: Any) -> bool | None:
    items = _truths(run, arguments)
    return True if True in items else (None if None in items else False)


@builtin(
    "sublist(list: list, start position: number, length?: number)",
    _SECTION,
    "The items from a position on.",
    "sublist([4,5,6], 1, 2)",
    "[4, 5]",
)
def sublist(run: Run, items: list[Any], start: Any, length: Any = None) -> list[Any]:
    begin = position_in(items, start)
    run.charge(len(items))
    if length is None:
        return items[begin:]
    wanted = as_integer(length)
    if wanted is None or not 1 <= wanted <= len(items) - begin:
        raise Undefined(f"the length must be within 1..{len(items) - begin}")
    return items[begin : begin + wanted]


@builtin(
    "append(list: list, item: any...)", _SECTION, "The list with items at its end.", "append([1], 2, 3)", "[1, 2, 3]"
)
def append(run: Run, items: list[Any], *added: Any) -> list[Any]:
    run.check_list_size(len(items) + len(added))
    return [*items, *added]


@builtin(
    "concatenate(list: list...)", _SECTION, "The items of all lists, in order.", "concatenate([1,2],[3])", "[1, 2, 3]"
)
def concatenate(run: Run, *lists: list[Any]) -> list[Any]:
    run.check_list_size(sum(map(len, lists)))
    return [item for items in lists for item in items]


@builtin(
    "insert before(list: list, position: number, newItem: any)",
    _SECTION,
    "The list with an item inserted at a position.",
    "insert before([1,3], 1, 2)",
    "[2, 1, 3]",
)
def insert_before(run: Run, items: list[Any], position: Any, item: Any) -> list[Any]:
    index = position_in(items, position)
    run.check_list_size(len(items) + 1)
    return [*items[:index], item, *items[index:]]


@builtin(
    "remove(list: list, position: number)",
    _SECTION,
    "The list without the item at a position.",
    "remove([1,2,3], 2)",
    "[1, 3]",
)
def remove(run: Run, items: list[Any], position: Any) -> list[Any]:
    index = position_in(items, position)
    run.charge(len(items))
    return [*items[:index], *items[index + 1 :]]


@builtin(
    "list replace(list: list, position: number, newItem: any)",
    _SECTION,
    "The list with the item at a position, or all items for which a function is true, replaced.",
    "list replace([2,4,7,8], function(item, newItem) item < newItem, 5)",
    "[5, 5, 7, 8]",
)
def list_replace_at(run: Run, items: list[Any], position: Any, item: Any) -> list[Any]:
    index = position_in(items, position)
    run.charge(len(items))
    return [*items[:index], item, *items[index + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any)")
def list_replace_matching(run: Run, items: list[Any], match: Function, new_item: Any) -> list[Any]:
    if not match.accepts_count(2):
        raise Undefined("'match' must be a function of two parameters")
    replaced = []
    for item in items:
        found = match.invoke(run, [item, new_item])
        if type(found) is not bool:
            raise Undefined("'match' must return true or false")
        replaced.append(new_item if found else item)
    return replaced


@builtin("reverse(list: list)", _SECTION, "The list from its end to its beginning.", "reverse([1,2,3])", "[3, 2, 1]")
def reverse(run: Run, items: list[Any]) -> list[Any]:
    run.charge(len(items))
    return items[::-1]


@builtin(
    "index of(list: list, match: any)",
    _SECTION,
    "The positions at which it occurs.",
    "index of([1,2,3,2], 2)",
    "[2, 4]",
)
def index_of(run: Run, items: list[Any], match: Any) -> list[int]:
    run.charge(len(items))
    return [position for position, item in enumerate(items, 1) if equals_in(run, item, match) is True]


@builtin(
    "union(list: list...)", _SECTION, "The items of all lists without duplicates.", "union([1,2],[2,3])", "[1, 2, 3]"
)
def union(run: Run, *lists: list[Any]) -> list[Any]:
    run.check_list_size(sum(map(len, lists)))
    return _distinct(run, [item for items in lists for item in items])


@builtin(
    "distinct values(list: list)", _SECTION, "The list without duplicates.", "distinct values([1,2,3,2,1])", "[1, 2, 3]"
)
def distinct_values(run: Run, items: list[Any]) -> list[Any]:
    return _distinct(run, items)


def _distinct(run: Run, items: list[Any]) -> list[Any]:
    kept: list[Any] = []
    seen: set[Any] = set()
    compound: list[Any] = []
    for item in items:
        run.charge()
        kind = type(item)
        if kind in NUMBER_TYPES or kind in _HASHABLE:
            key = ("number" if kind in NUMBER_TYPES else kind, item)
            if key in seen:
                continue
            seen.add(key)
        else:
            run.charge(len(compound))
            if any(equals_in(run, other, item) is True for other in compound):
                continue
            compound.append(item)
        kept.append(item)
    return kept


@builtin(
    "flatten(list: list)", _SECTION, "All items of nested lists in one.", "flatten([[1,2],[[3]], 4])", "[1, 2, 3, 4]"
)
def flatten(run: Run, items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    pending = [iter(items)]
    while pending:
        for item in pending[-1]:
            run.charge()
            if type(item) is list:
                pending.append(iter(item))
                break
            flat.append(item)
        else:
            pending.pop()
    return flat


@builtin(
    "sort(list: list, precedes: function)",
    _SECTION,
    "The list in the order of a function that tells which of two items comes first.",
    "sort(list: [3,1,4,5,2], precedes: function(x,y) x < y)",
    "[1, 2, 3, 4, 5]",
)
def sort(run: Run, items: list[Any], precedes: Function) -> list[Any]:
    if not precedes.accepts_count(2):
        raise Undefined("'precedes' must be a function of two parameters")

    class Ordered:
        __slots__ = ("item",)

        def __init__(self, item: Any):
            self.item = item

        def __lt__(self, other: "Ordered") -> bool:
            found = precedes.invoke(run, [self.item, other.item])
            if type(found) is not bool:
                raise Undefined("'precedes' must return true or false for every pair of items")
            return found

    return [ordered.item for ordered in sorted(map(Ordered, items))]


@builtin("sort(list: list)")
def sort_naturally(run: Run, items: list[Any]) -> list[Any]:
    run.charge(len(items))
    ordered = items[:1]
    if ordered and less(ordered[0], ordered[0]) is None:
        raise Undefined(f"there is no order of {kind_name(ordered[0])} values")
    if any(less(items[0], item) is None for item in items):
        raise Undefined("the items are of different types")
    return sorted(items, key=_natural_key)


def _natural_key(item: Any) -> Any:
    return item if type(item) is str or type(item) in NUMBER_TYPES else item.key
