"""FEEL's types: reading them, whether a value conforms to one, and the implicit conversions (10.3.2.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import InvalidInput
from engine.feel import tree
from engine.feel.numbers import NUMBER_TYPES
from engine.feel.operations import kind_name
from engine.feel.parser import Parser
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, midnight_utc
from engine.feel.tree import TypeNode
from engine.feel.values import Function, Range


@dataclass(frozen=True, slots=True)
class Type:
    """A type: its kind, and for list, range, context and function the types of the parts.

    `allowed` (set by item definitions) is an extra condition on the value; None allows all.
    """

    kind: str
    item: "Type | None" = None
    entries: Mapping[str, "Type"] = field(default_factory=dict)
    parameters: tuple["Type", ...] = ()
    result: "Type | None" = None
    allowed: Any = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash((self.kind, self.item, tuple(sorted(self.entries)), self.parameters, self.result))

    def __str__(self) -> str:
        if self.kind in ("list", "range"):
            return f"{self.kind}<{self.item}>"
        if self.kind == "context" and self.entries:
            return f"context<{', '.join(f'{key}: {part}' for key, part in self.entries.items())}>"
        if self.kind == "function":
            return f"function<{', '.join(map(str, self.parameters))}>->{self.result}"
        return self.kind


ANY = Type("Any")
_SIMPLE: dict[str, frozenset[type]] = {
    "number": NUMBER_TYPES,
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "date": frozenset({Date}),
    "time": frozenset({Time}),
    "date and time": frozenset({DateTime}),
    "days and time duration": frozenset({DaysTimeDuration}),
    "years and months duration": frozenset({YearsMonthsDuration}),
    "Null": frozenset({type(None)}),
}
_ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "day time duration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "year month duration": "years and months duration",
    "duration": "duration",
    "any": "Any",
}
# Without parts these are no types in FEEL (Table 61: `123 instance of list` is null), but DMN files use them so.
_NEED_PARTS = frozenset({"list", "range", "function", "context"})


def parse_type(text: str, types: Mapping[str, Type] | None = None) -> Type:
    """The type that a text names, such as `number`, `list<string>` or the name of an item definition.

    Raises InvalidInput where the text names no type.
    """
    node = Parser(text, types=types or ()).type_only()
    found = resolve(node, types or {})
    if found is None and node.name in _NEED_PARTS and not node.parts:
        found = Type(node.name)
    if found is None:
        known = ", ".join([*_SIMPLE, "Any", "list<…>", "context<…>", "function<…>->…", "range<…>", *(types or ())])
        raise InvalidInput(f"There is no type '{text}'. Known types: {known}.")
    return found


def resolve(node: TypeNode, types: Mapping[str, Type]) -> Type | None:
    """The type of a type expression, or None where it cannot be mapped to one."""
    if node.name in types and not node.parts and node.result is None:
        return types[node.name]
    if node.parts or node.result is not None:
        return _resolve_parts(node, types)
    name = _ALIASES.get(node.name, node.name)
    return Type(name) if name in _SIMPLE or name in ("Any", "duration") else None


def _resolve_parts(node: TypeNode, types: Mapping[str, Type]) -> Type | None:
    if node.name == "context":
        entries = {key: resolve(part, types) for key, part in node.parts}
        return None if None in entries.values() else Type("context", entries=entries)
    parts = tuple(resolve(part, types) for part in node.parts)
    if None in parts:
        return None
    if node.name == "function":
        result = resolve(node.result, types) if node.result else None
        return None if result is None else Type("function", parameters=parts, result=result)
    return Type(node.name, item=parts[0])


def conforms(value: Any, wanted: Type) -> bool:
    """Whether the value is null or an instance of the type, and allowed by it."""
    return value is None or instance_of(value, wanted)


def instance_of(value: Any, wanted: Type) -> bool:
    """FEEL's `instance of` (Table 61): null is an instance of Null only."""
    kind = wanted.kind
    if value is None:
        return kind == "Null"
    if wanted.allowed is not None and not wanted.allowed(value):
        return False
    if kind == "Any":
        return True
    if kind in _SIMPLE:
        return type(value) in _SIMPLE[kind]
    if kind == "list":
        return type(value) is list and (wanted.item is None or all(conforms(item, wanted.item) for item in value))
    if kind == "context":
        return type(value) is dict and _conforming_entries(value, wanted)
    if kind == "range":
        return type(value) is Range and _conforming_range(value, wanted.item or ANY)
    if kind == "function":
        return isinstance(value, Function) and _conforming_function(value, wanted)
    return kind == "duration" and type(value) in (DaysTimeDuration, YearsMonthsDuration)


def _conforming_entries(value: dict[str, Any], wanted: Type) -> bool:
    return all(key in value and conforms(value[key], part) for key, part in wanted.entries.items())


def _conforming_range(value: Range, item: Type) -> bool:
    return conforms(value.start, item) and conforms(value.end, item)


def _conforming_function(value: Function, wanted: Type) -> bool:
    """Parameters are contravariant; what is not declared is Any, an unknown result fits every type."""
    if wanted.result is None:
        return True
    if not value.accepts_types([parameter.kind for parameter in wanted.parameters]):
        return False
    declared = getattr(value, "parameter_types", None) or ()
    if not all(
        mine is None or is_subtype(theirs, mine) for theirs, mine in zip(wanted.parameters, declared, strict=False)
    ):
        return False
    result = getattr(value, "result_type", None)
    return result is None or is_subtype(result, wanted.result)


def inferred_type(node: tree.Node) -> Type | None:
    """The type that an expression has whatever its variables are, or None where that depends on them."""
    kind = type(node)
    if kind is tree.Literal:
        return _type_of_literal(node.value)
    if kind in _TRUTHS:
        return Type("boolean")
    if kind is tree.ContextNode:
        entries = {key: inferred_type(value) for key, value in node.entries}
        return None if None in entries.values() else Type("context", entries=entries)
    if kind is tree.ListNode and node.items:
        first, *rest = [inferred_type(item) for item in node.items]
        return Type("list", item=first) if first is not None and all(other == first for other in rest) else None
    return None


def _type_of_literal(value: Any) -> Type | None:
    if value is None:
        return Type("Null")
    return next((Type(name) for name, accepted in _SIMPLE.items() if type(value) in accepted), None)


_TRUTHS = frozenset({tree.Comparison, tree.And, tree.Or, tree.Between, tree.In, tree.InstanceOf, tree.Quantified})


def is_subtype(narrow: Type, wide: Type) -> bool:
    """The relation `<:` between types (10.3.2.9.2)."""
    if wide.kind == "Any" or narrow.kind == "Null":
        return True
    if narrow.kind != wide.kind:
        return False
    if narrow.kind in ("list", "range"):
        return is_subtype(narrow.item or ANY, wide.item or ANY)
    if narrow.kind == "context":
        return all(
            key in narrow.entries and is_subtype(narrow.entries[key], part) for key, part in wide.entries.items()
        )
    if narrow.kind == "function":
        return (
            len(narrow.parameters) == len(wide.parameters)
            and all(is_subtype(theirs, mine) for theirs, mine in zip(wide.parameters, narrow.parameters, strict=True))
            and is_subtype(narrow.result or ANY, wide.result or ANY)
        )
    return True


def coerce(value: Any, wanted: Type | None) -> Any:
    """The value after the implicit conversions of 10.3.2.9.4, or null where it does not conform to the type."""
    return convert(value, wanted)[0]


def convert(value: Any, wanted: Type | None) -> tuple[Any, str | None]:
    """Like `coerce`, with the reason why the result is null where the value did not fit."""
    if wanted is None or conforms(value, wanted):
        return value, None
    if wanted.kind == "list" and type(value) is not list and conforms([value], wanted):
        return [value], None
    if wanted.kind != "list" and type(value) is list and len(value) == 1 and conforms(value[0], wanted):
        return value[0], None
    if wanted.kind == "date and time" and type(value) is Date:
        moment = midnight_utc(value)
        if conforms(moment, wanted):
            return moment, None
    return None, _misfit(value, wanted)


def _misfit(value: Any, wanted: Type) -> str:
    if wanted.allowed is not None and instance_of(value, replace(wanted, allowed=None)):
        return f"expected {wanted}, found a {kind_name(value)} that the type's allowed values or constraint exclude"
    return f"expected {wanted}, found {kind_name(value)}"
