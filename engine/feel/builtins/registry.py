"""How a built-in function is declared, found, and called with the standard's argument checks (10.3.2.13)."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel.budget import TEXT_SHIFT, Run
from engine.feel.errors import Undefined
from engine.feel.operations import kind_name
from engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, midnight_utc
from engine.feel.values import Function, Range

_PARAMETER = re.compile(r"\s*(?P<name>[^:,?]+?)\s*(?P<optional>\?)?\s*:\s*(?P<type>[^,.]+?)\s*(?P<many>\.\.\.)?\s*$")
_TYPES: dict[str, frozenset[type] | None] = {
    "any": None,
    "number": frozenset({int, Decimal}),
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "list": frozenset({list}),
    "context": frozenset({dict}),
    "range": frozenset({Range}),
    "date": frozenset({Date}),
    "time": frozenset({Time}),
    "date and time": frozenset({DateTime}),
    "days and time duration": frozenset({DaysTimeDuration}),
    "years and months duration": frozenset({YearsMonthsDuration}),
    "null": frozenset({type(None)}),
    "function": frozenset(),  # any subclass of Function, see `_accepts`
}


@dataclass(frozen=True)
class Parameter:
    """A formal parameter: its accepted Python types (None: any), whether it may be left out or repeated."""

    name: str
    type_name: str
    accepted: frozenset[type] | None
    takes_function: bool
    is_optional: bool
    is_repeated: bool

    def accepts(self, value: Any) -> bool:
        return (
            self.accepted is None
            or type(value) in self.accepted
            or (self.takes_function and isinstance(value, Function))
        )

    def accepts_kind(self, kind: str) -> bool:
        """Whether values of a kind of type (`number`, `list`, …) fit."""
        return self.accepted is None or kind == "Null" or kind in [name.strip() for name in self.type_name.split("|")]

    def converted(self, value: Any) -> tuple[bool, Any]:
        """Whether the value fits after the implicit conversions of 10.3.2.9.4, and what it then is."""
        if self.accepts(value):
            return True, value
        if self.accepted is None or value is None:
            return False, None
        if type(value) is list and len(value) == 1 and list not in self.accepted and self.accepts(value[0]):
            return True, value[0]
        if list in self.accepted and type(value) is not list:
            return True, [value]
        if type(value) is Date and DateTime in self.accepted:
            return True, midnight_utc(value)
        return False, None


@dataclass(frozen=True)
class Signature:
    """One way to call a built-in."""

    text: str
    parameters: tuple[Parameter, ...]
    call: Callable[..., Any]
    needs_run: bool

    @property
    def required(self) -> int:
        return sum(not parameter.is_optional for parameter in self.parameters)

    def accepts_count(self, count: int) -> bool:
        if self.parameters and self.parameters[-1].is_repeated:
            return count >= self.required
        return self.required <= count <= len(self.parameters)

    def accepts_types(self, kinds: Sequence[str]) -> bool:
        """Whether arguments of these kinds of types fit without conversion."""
        return self.accepts_count(len(kinds)) and all(
            self.parameter(index).accepts_kind(kind) for index, kind in enumerate(kinds)
        )

    def parameter(self, index: int) -> Parameter:
        return self.parameters[min(index, len(self.parameters) - 1)]

    def bind(self, arguments: list[Any], convert: bool) -> list[Any] | None:
        """The arguments as the function takes them, or None where they do not fit."""
        bound = []
        for index, value in enumerate(arguments):
            parameter = self.parameter(index)
            if not parameter.accepts(value):
                if value is None and parameter.is_optional:
                    bound.append(None)
                    continue
                fits, value = parameter.converted(value) if convert else (False, None)
                if not fits:
                    return None
            bound.append(value)
        return bound

    def problem(self, arguments: list[Any]) -> str:
        """Which argument does not fit, and why."""
        for index, value in enumerate(arguments):
            parameter = self.parameter(index)
            if not parameter.converted(value)[0] and not (value is None and parameter.is_optional):
                return f"'{parameter.name}' must be a {parameter.type_name}, found {kind_name(value)}"
        return "the arguments do not fit"


@dataclass(frozen=True)
class Documentation:
    """What the help page, the editor and lint say of a built-in; the example is checked by a test."""

    name: str
    signatures: tuple[str, ...]
    description: str
    example: str
    result: str
    section: str


class Builtin(Function):
    """A built-in function with all its signatures."""

    def __init__(self, name: str, section: str, description: str, example: str, result: str):
        self.name = name
        self.section = section
        self.description = description
        self.example = example
        self.result = result
        self.signatures: list[Signature] = []

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.signatures[0].parameters)

    @property
    def documentation(self) -> Documentation:
        signatures = tuple(signature.text for signature in self.signatures)
        return Documentation(self.name, signatures, self.description, self.example, self.result, self.section)

    def accepts_count(self, count: int) -> bool:
        return any(signature.accepts_count(count) for signature in self.signatures)

    def accepts_types(self, kinds: Sequence[str]) -> bool:
        return any(signature.accepts_types(kinds) for signature in self.signatures)

    def invoke(self, run: Run, arguments: list[Any]) -> Any:
        run.charge(1 + (len(arguments[0]) >> TEXT_SHIFT) if arguments and type(arguments[0]) is str else 1)
        fitting = [signature for signature in self.signatures if signature.accepts_count(len(arguments))]
        for convert in (False, True):
            for signature in fitting:
                bound = signature.bind(arguments, convert)
                if bound is not None:
                    return self._call(run, signature, bound)
        if fitting:
            run.warn("{}: {}", self.name, fitting[-1].problem(arguments))
        else:
            texts = " or ".join(signature.text for signature in self.signatures)
            run.warn("{} takes other arguments: {}", self.name, texts)
        return None

    def invoke_named(self, run: Run, arguments: Mapping[str, Any]) -> Any:
        for signature in self._in_order_of(arguments):
            names = [parameter.name for parameter in signature.parameters]
            if all(name in names for name in arguments):
                if self._prefers_other(signature, arguments):
                    continue
                return self._invoke_by_name(run, signature, names, arguments)
        run.warn("{} has no parameters named {}", self.name, ", ".join(f"'{name}'" for name in arguments))
        return None

    def _in_order_of(self, arguments: Mapping[str, Any]) -> list[Signature]:
        """The signatures; those that name the parameters in the order of the arguments come first.

        `before(point, range)` and `before(range, point)` differ in nothing else.
        """
        given = list(arguments)
        return sorted(
            self.signatures,
            key=lambda each: [parameter.name for parameter in each.parameters[: len(given)]] != given,
        )

    def _prefers_other(self, signature: Signature, arguments: Mapping[str, Any]) -> bool:
        """Whether another signature with the same parameter names accepts these values and this one does not."""

        def fits(candidate: Signature) -> bool:
            by_name = {parameter.name: parameter for parameter in candidate.parameters}
            return all(name in by_name and by_name[name].converted(value)[0] for name, value in arguments.items())

        return not fits(signature) and any(fits(candidate) for candidate in self.signatures)

    def _invoke_by_name(self, run: Run, signature: Signature, names: list[str], arguments: Mapping[str, Any]) -> Any:
        run.charge()
        last_given = max((names.index(name) for name in arguments), default=-1)
        count = max(last_given + 1, signature.required)
        values = [arguments.get(name) for name in names[:count]]
        if signature.parameters and signature.parameters[-1].is_repeated and type(values[-1]) is list:
            values[-1:] = values[-1]
        bound = signature.bind(values, convert=True)
        if bound is None:
            run.warn("{}: {}", self.name, signature.problem(values))
            return None
        return self._call(run, signature, bound)

    def _call(self, run: Run, signature: Signature, bound: list[Any]) -> Any:
        try:
            return signature.call(run, *bound) if signature.needs_run else signature.call(*bound)
        except Undefined as reason:
            run.warn("{}: {}", self.name, reason)
            return None


BUILTINS: dict[str, Builtin] = {}


def builtin(
    signature: str, section: str = "", description: str = "", example: str = "", result: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated function as a built-in, or as a further signature of one.

    `signature` reads like `substring(string: string, start position: number, length?: number)`; alternatives of a type
    are joined by `|`, a repeated last parameter ends in `...`. The function gets the arguments in order; it names its
    first parameter `run` to receive the evaluation's meter. It returns null or raises `Undefined` with the reason.
    """

    def declare(call: Callable[..., Any]) -> Callable[..., Any]:
        name, parameters = _parse_signature(signature)
        function = BUILTINS.get(name)
        if function is None:
            function = BUILTINS[name] = Builtin(name, section, description, example, result)
        needs_run = next(iter(inspect.signature(call).parameters), "") == "run"
        function.signatures.append(Signature(signature, parameters, call, needs_run))
        return call

    return declare


def _parse_signature(signature: str) -> tuple[str, tuple[Parameter, ...]]:
    name, _, rest = signature.partition("(")
    inside = rest.rstrip(")").strip()
    return name.strip(), tuple(_parse_parameter(part) for part in inside.split(",")) if inside else ()


def _parse_parameter(text: str) -> Parameter:
    found = _PARAMETER.match(text)
    if found is None:
        raise ValueError(f"not a parameter: {text}")
    names = [name.strip() for name in found["type"].split("|")]
    accepted: frozenset[type] | None = frozenset()
    for name in names:
        types = _TYPES[name]
        accepted = None if types is None or accepted is None else accepted | types
    return Parameter(
        found["name"], found["type"], accepted, "function" in names, bool(found["optional"]), bool(found["many"])
    )
