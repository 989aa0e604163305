"""Prints a syntax tree as FEEL text; parsing that text gives an equal tree."""

from typing import Any

from engine.feel import tree
from engine.feel.numbers import display_number
from engine.feel.parser import KEYWORDS
from engine.feel.values import PLAIN_NAME, quoted

_OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _NEGATE, _INSTANCE, _POSTFIX, _ATOM = range(1, 11)
_POWERS = {"+": _ADD, "-": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "**": _POWER}


def to_text(node: Any) -> str:
    """The FEEL text of an expression or of the tests of a decision table cell."""
    if type(node) is tree.UnaryTests:
        inside = ", ".join(_print(test, 0) for test in node.tests)
        return f"not({inside})" if node.negated else inside or "-"
    return _print(node, 0)


def _print(node: tree.Node, power: int) -> str:
    """The text of a node, in parentheses where it binds less tightly than its surroundings ask for."""
    text, own = _PRINTERS[type(node)](node)
    return f"({text})" if own < power else text


def _literal(node: tree.Literal) -> tuple[str, int]:
    value = node.value
    if value is None:
        return "null", _ATOM
    if type(value) is bool:
        return ("true" if value else "false"), _ATOM
    if type(value) is str:
        return quoted(value), _ATOM
    return display_number(value), _ATOM if value >= 0 else _NEGATE


def _name(node: tree.Name) -> tuple[str, int]:
    return node.name, _ATOM


def _negation(node: tree.Negation) -> tuple[str, int]:
    operand = _print(node.operand, _NEGATE)
    return (f"-({operand})" if operand[:1] in "-.0123456789" else f"-{operand}"), _NEGATE


def _arithmetic(node: tree.Arithmetic) -> tuple[str, int]:
    own = _POWERS[node.operator]
    return f"{_print(node.left, own)} {node.operator} {_print(node.right, own + 1)}", own


def _comparison(node: tree.Comparison) -> tuple[str, int]:
    return f"{_print(node.left, _COMPARE)} {node.operator} {_print(node.right, _ADD)}", _COMPARE


def _and(node: tree.And) -> tuple[str, int]:
    return f"{_print(node.left, _AND)} and {_print(node.right, _COMPARE)}", _AND


def _or(node: tree.Or) -> tuple[str, int]:
    return f"{_print(node.left, _OR)} or {_print(node.right, _AND)}", _OR


def _between(node: tree.Between) -> tuple[str, int]:
    low, high = _print(node.low, _ADD), _print(node.high, _ADD)
    return f"{_print(node.value, _COMPARE)} between {low} and {high}", _COMPARE


def _in(node: tree.In) -> tuple[str, int]:
    value = _print(node.value, _COMPARE)
    if node.grouped:
        return f"{value} in ({', '.join(_print(test, 0) for test in node.tests)})", _COMPARE
    return f"{value} in {_print(node.tests[0], _ADD)}", _COMPARE


def _instance_of(node: tree.InstanceOf) -> tuple[str, int]:
    return f"{_print(node.value, _INSTANCE)} instance of {print_type(node.type)}", _INSTANCE


def print_type(node: tree.TypeNode) -> str:
    """The text of a type expression."""
    if node.name == "context" and node.parts:
        return f"context<{', '.join(f'{_key(key)}: {print_type(part)}' for key, part in node.parts)}>"
    if node.result is not None:
        return f"function<{', '.join(map(print_type, node.parts))}>->{print_type(node.result)}"
    return f"{node.name}<{print_type(node.parts[0])}>" if node.parts else node.name


def _if(node: tree.If) -> tuple[str, int]:
    condition, then, otherwise = (_print(part, 0) for part in (node.condition, node.then, node.otherwise))
    return f"if {condition} then {then} else {otherwise}", 0


def _iterators(iterators: list[tree.Iterator]) -> str:
    return ", ".join(
        f"{iterator.name} in {_print(iterator.source, 1)}"
        + (f"..{_print(iterator.end, 1)}" if iterator.end is not None else "")
        for iterator in iterators
    )


def _for(node: tree.For) -> tuple[str, int]:
    return f"for {_iterators(node.iterators)} return {_print(node.body, 0)}", 0


def _quantified(node: tree.Quantified) -> tuple[str, int]:
    return f"{node.quantifier} {_iterators(node.iterators)} satisfies {_print(node.condition, 0)}", 0


def _path(node: tree.Path) -> tuple[str, int]:
    return f"{_print(node.source, _POSTFIX)}.{node.name}", _POSTFIX


def _filter(node: tree.Filter) -> tuple[str, int]:
    condition = _print(node.condition, 0)
    if condition.startswith("="):  # after [ this would read as the end of a range
        condition = f"({condition})"
    return f"{_print(node.source, _POSTFIX)}[{condition}]", _POSTFIX


def _call(node: tree.Call) -> tuple[str, int]:
    if node.named is not None:
        arguments = ", ".join(f"{name}: {_print(value, 0)}" for name, value in node.named)
    else:
        arguments = ", ".join(_print(argument, 0) for argument in node.arguments)
    return f"{_print(node.function, _POSTFIX)}({arguments})", _POSTFIX


def _list(node: tree.ListNode) -> tuple[str, int]:
    return f"[{', '.join(_print(item, 0) for item in node.items)}]", _ATOM


def _key(key: str) -> str:
    return key if PLAIN_NAME.fullmatch(key) and not KEYWORDS.intersection(key.split()) else quoted(key)


def _context(node: tree.ContextNode) -> tuple[str, int]:
    return "{" + ", ".join(f"{_key(key)}: {_print(value, 0)}" for key, value in node.entries) + "}", _ATOM


def _range(node: tree.RangeNode) -> tuple[str, int]:
    opening, closing = "[" if node.start_included else "(", "]" if node.end_included else ")"
    return f"{opening}{_print(node.start, 1)}..{_print(node.end, 1)}{closing}", _ATOM


def _unary_test(node: tree.UnaryTest) -> tuple[str, int]:
    return f"{node.operator} {_print(node.endpoint, _ADD)}", _COMPARE


def _function(node: tree.FunctionNode) -> tuple[str, int]:
    parameters = ", ".join(f"{name}: {print_type(wanted)}" if wanted else name for name, wanted in node.parameters)
    return f"function({parameters}) {'external ' if node.external else ''}{_print(node.body, 0)}", 0


_PRINTERS: dict[type, Any] = {
    tree.Literal: _literal,
    tree.AtLiteral: lambda node: (f"@{quoted(node.text)}", _ATOM),
    tree.Name: _name,
    tree.Negation: _negation,
    tree.Arithmetic: _arithmetic,
    tree.Comparison: _comparison,
    tree.And: _and,
    tree.Or: _or,
    tree.Between: _between,
    tree.In: _in,
    tree.InstanceOf: _instance_of,
    tree.If: _if,
    tree.For: _for,
    tree.Quantified: _quantified,
    tree.Path: _path,
    tree.Filter: _filter,
    tree.Call: _call,
    tree.ListNode: _list,
    tree.ContextNode: _context,
    tree.RangeNode: _range,
    tree.UnaryTest: _unary_test,
    tree.FunctionNode: _function,
}
