"""A Pratt parser for FEEL (DMN 1.5, 10.3.1.2), with the context-dependent names of 10.3.1.6."""

import difflib
from collections.abc import Callable, Iterable

from engine.feel.errors import FeelSyntaxError, Undefined
from engine.feel.lexer import END, NAME, NUMBER, STRING, Tokens, name_tokens, unescape
from engine.feel.numbers import parse_number
from engine.feel.tree import (
    And,
    Arithmetic,
    AtLiteral,
    Between,
    Call,
    Comparison,
    ContextNode,
    Filter,
    For,
    FunctionNode,
    If,
    In,
    InstanceOf,
    Iterator,
    ListNode,
    Literal,
    Name,
    Negation,
    Node,
    Or,
    Path,
    Quantified,
    RangeNode,
    TypeNode,
    UnaryTest,
    UnaryTests,
)

MAX_DEPTH = 100
_OPERATOR_WORDS = ("in", "return", "then", "else", "satisfies", "and", "or", "between", "instance")
KEYWORDS = frozenset([*_OPERATOR_WORDS, "for", "if", "some", "every", "function", "null", "true", "false"])
# Keywords that end a name which is not known.
_STOPS = frozenset(_OPERATOR_WORDS)
_TYPE_NAMES = (
    "years and months duration",
    "year month duration",
    "days and time duration",
    "day time duration",
    "date and time",
)
OR, AND, COMPARE, ADD, MULTIPLY, POWER, NEGATE, INSTANCE, POSTFIX = range(1, 10)
_CANNOT_START = frozenset([")", "]", "}", ",", "=", ".", "..", ":", "*", "/", "+", "**"])
_NAME_SYMBOLS = frozenset([".", "/", "-", "’", "‘", "'", "+", "*"])


class NameTable:
    """Which names of several tokens are in scope, by their first token, longest first."""

    __slots__ = ("by_first",)

    def __init__(self, names: Iterable[str] = ()):
        self.by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Bring a name into scope; names of one token need no entry."""
        if name.isidentifier():
            return
        tokens = name_tokens(name)
        if tokens is None or len(tokens) < 2:
            return
        entries = self.by_first.setdefault(tokens[0], [])
        if all(entry[0] != tokens for entry in entries):
            entries.append((tokens, name))
            entries.sort(key=lambda entry: -len(entry[0]))

    def match(self, texts: list[str], position: int) -> tuple[int, str] | None:
        """Number of tokens and canonical form of the longest known name at a position."""
        entries = self.by_first.get(texts[position])
        if entries is not None:
            for tokens, name in entries:
                if tuple(texts[position : position + len(tokens)]) == tokens:
                    return len(tokens), name
        return None


_TYPES = NameTable(_TYPE_NAMES)


class Parser:
    """Parses one text; `names` are the known variables, `builtins` the functions with names of several words."""

    def __init__(
        self, text: str, names: Iterable[str] = (), builtins: NameTable | None = None, types: Iterable[str] = ()
    ):
        self.tokens = Tokens(text)
        self.kinds = self.tokens.kinds
        self.texts = self.tokens.texts
        self.position = 0
        self.depth = 0
        self.names = NameTable(names)
        self.builtins = builtins or NameTable()
        self.types = types

    # -- entry points -----------------------------------------------------------------------------------------------

    def expression_only(self) -> Node:
        """The whole text as one expression."""
        node = self.expression()
        self._expect_end()
        return node

    def type_only(self) -> TypeNode:
        """The whole text as one type expression."""
        node = self.type()
        self._expect_end()
        return node

    def unary_tests(self) -> UnaryTests:
        """The whole text as the content of a decision table cell."""
        if self.texts[0] == "-" and self.kinds[1] == END:
            return UnaryTests([])
        if self.texts[0] == "not" and self.texts[1] == "(":
            negated = self._negated_tests()
            if negated is not None:
                return negated
        tests = self._list_of_tests()
        self._expect_end()
        return UnaryTests(tests)

    def _negated_tests(self) -> UnaryTests | None:
        """`not(tests)`, or None where more follows the parenthesis, as in `not(x) and y`."""
        self.position = 2
        tests = self._list_of_tests()
        self._expect(")")
        if self.kinds[self.position] == END:
            return UnaryTests(tests, negated=True)
        self.position = 0
        return None

    def _list_of_tests(self) -> list[Node]:
        tests = [self.expression()]
        while self._accept(","):
            tests.append(self.expression())
        return tests

    # -- the core ---------------------------------------------------------------------------------------------------

    def expression(self, power: int = 0) -> Node:
        """The longest expression here whose operators bind tighter than `power`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error("an expression nested less deeply", f"more than {MAX_DEPTH} levels")
        left = self._prefix()
        texts = self.texts
        while True:
            text = texts[self.position]
            entry = _INFIX.get(text)
            if entry is None or entry[0] <= power or self.kinds[self.position] is STRING:
                break
            following = entry[1](self, left)
            if following is None:
                break
            left = following
        self.depth -= 1
        return left

    def _prefix(self) -> Node:
        position = self.position
        kind, text = self.kinds[position], self.texts[position]
        if kind == NUMBER:
            self.position += 1
            return self._number(text)
        if kind == STRING:
            self.position += 1
            return Literal(unescape(text))
        if kind == NAME:
            return self._name_or_keyword(text)
        parse = _PREFIX.get(text)
        if parse is None or kind == END:
            raise self._error("an expression", self._found())
        self.position += 1
        return parse(self)

    def _number(self, text: str) -> Literal:
        try:
            return Literal(parse_number(text))
        except Undefined as reason:
            raise self._error("a number of the decimal128 range", text[:40]) from reason

    def _name_or_keyword(self, text: str) -> Node:
        known = self.names.match(self.texts, self.position)
        if known is None and text in _KEYWORD_PREFIX:
            parse = _KEYWORD_PREFIX[text]
            if text != "function" or self.texts[self.position + 1] == "(":
                self.position += 1
                return parse(self)
        if known is None and text in KEYWORDS:
            raise self._error("an expression", f"the keyword '{text}'")
        return Name(self._name())

    def _name(self) -> str:
        """The longest name at this position: known variables first, then functions, then plain words."""
        start, texts, kinds = self.position, self.texts, self.kinds
        known = self.names.match(texts, start)
        builtin = self.builtins.match(texts, start)
        if builtin is not None and (known is None or builtin[0] > known[0]):
            after = start + builtin[0]
            if texts[after] == "(" or not _STOPS.intersection(texts[start:after]):
                known = builtin
        if known is not None:
            self.position = start + known[0]
            return known[1]
        end = start + 1
        while (kinds[end] == NAME and texts[end] not in _STOPS) or kinds[end] == NUMBER:
            end += 1
        self.position = end
        return texts[start] if end == start + 1 else " ".join(texts[start:end])

    # -- parts ------------------------------------------------------------------------------------------------------

    def _at_literal(self) -> Node:
        if self.kinds[self.position] != STRING:
            raise self._error('a string such as "2026-01-31" after @', self._found())
        self.position += 1
        return AtLiteral(unescape(self.texts[self.position - 1]))

    def _negation(self) -> Node:
        if self.kinds[self.position] == NUMBER and self.tokens.starts[self.position] == self._end_of_previous():
            literal = self._number(self.texts[self.position])
            self.position += 1
            return Literal(-literal.value if type(literal.value) is int else literal.value.copy_negate())
        return Negation(self.expression(NEGATE - 1))

    def _end_of_previous(self) -> int:
        return self.tokens.starts[self.position - 1] + len(self.texts[self.position - 1])

    def _parenthesis(self) -> Node:
        first = self.expression()
        if self._accept(".."):
            return self._range_end(first, start_included=False)
        self._expect(")")
        return first

    def _bracket(self) -> Node:
        if self._accept("]"):
            return ListNode([])
        first = self.expression()
        if self._accept(".."):
            return self._range_end(first, start_included=True)
        items = [first]
        while self._accept(","):
            items.append(self.expression())
        self._expect("]")
        return ListNode(items)

    def _open_range(self) -> Node:
        first = self.expression()
        self._expect("..")
        return self._range_end(first, start_included=False)

    def _range_end(self, start: Node, start_included: bool) -> Node:
        end = self.expression()
        closing = self.texts[self.position]
        if closing not in ("]", ")", "["):
            raise self._error("] or ) or [ at the end of the range", self._found())
        self.position += 1
        return RangeNode(start, end, start_included, closing == "]")

    def _context(self) -> Node:
        entries: list[tuple[str, Node]] = []
        outer = self.names
        self.names = _copy(outer)
        if not self._accept("}"):
            while True:
                key = self._key()
                self._expect(":")
                entries.append((key, self.expression()))
                self.names.add(key)
                if not self._accept(","):
                    break
            self._expect("}")
        # Keys stay known: a path or a filter may name them after the context has ended.
        for key, _ in entries:
            outer.add(key)
        self.names = outer
        return ContextNode(entries)

    def _key(self) -> str:
        if self.kinds[self.position] == STRING:
            self.position += 1
            return unescape(self.texts[self.position - 1])
        return self._new_name((":",), "a key")

    def _new_name(self, ends: tuple[str, ...], what: str) -> str:
        """The name that is being declared: every token up to one of the ends."""
        start = end = self.position
        if self.kinds[start] != NAME:
            raise self._error(f"{what} (a name)", self._found())
        while self.texts[end] not in ends:
            is_part = self.kinds[end] in (NAME, NUMBER) or self.texts[end] in _NAME_SYMBOLS
            if not is_part:
                self.position = end
                raise self._error(f"{' or '.join(ends)} after {what}", self._found())
            end += 1
        self.position = end
        return self._joined(start, end)

    def _joined(self, start: int, end: int) -> str:
        """The text of some tokens, white space between them as one space."""
        if end == start + 1:
            return self.texts[start]
        first, last = self.tokens.starts[start], self.tokens.starts[end - 1] + len(self.texts[end - 1])
        return " ".join(self.tokens.text[first:last].split())

    def _if(self) -> Node:
        condition = self.expression()
        self._expect_keyword("then")
        then = self.expression()
        self._expect_keyword("else")
        return If(condition, then, self.expression())

    def _for(self) -> Node:
        outer = self.names
        self.names = _copy(outer)
        iterators = self._iterators("return")
        self.names.add("partial")
        body = self.expression()
        self.names = outer
        return For(iterators, body)

    def _some(self) -> Node:
        return self._quantified("some")

    def _every(self) -> Node:
        return self._quantified("every")

    def _quantified(self, quantifier: str) -> Node:
        outer = self.names
        self.names = _copy(outer)
        iterators = self._iterators("satisfies")
        condition = self.expression()
        self.names = outer
        return Quantified(quantifier, iterators, condition)

    def _iterators(self, closing: str) -> list[Iterator]:
        iterators = []
        while True:
            name = self._new_name(("in",), "the name of the loop variable")
            self.position += 1
            source = self.expression()
            end = self.expression() if self._accept("..") else None
            iterators.append(Iterator(name, source, end))
            self.names.add(name)
            if not self._accept(","):
                break
        self._expect_keyword(closing)
        return iterators

    def _function(self) -> Node:
        self._expect("(")
        outer = self.names
        self.names = _copy(outer)
        parameters: list[tuple[str, TypeNode | None]] = []
        if not self._accept(")"):
            while True:
                name = self._new_name((",", ")", ":"), "a parameter")
                parameters.append((name, self.type() if self._accept(":") else None))
                self.names.add(name)
                if not self._accept(","):
                    break
            self._expect(")")
        external = self.texts[self.position] == "external" and self.kinds[self.position] == NAME
        self.position += external
        body = self.expression()
        self.names = outer
        return FunctionNode(parameters, body, external)

    # -- types ------------------------------------------------------------------------------------------------------

    def type(self) -> TypeNode:
        """A type expression (rule 52)."""
        if self.kinds[self.position] != NAME:
            raise self._error("a type such as number, string or list<number>", self._found())
        name = self.texts[self.position]
        if self.texts[self.position + 1] == "<" and name in ("list", "range", "context", "function"):
            self.position += 2
            return _TYPE_PARTS[name](self)
        return TypeNode(self._type_name())

    def _type_name(self) -> str:
        known = NameTable(self.types).match(self.texts, self.position) or _TYPES.match(self.texts, self.position)
        if known is not None:
            self.position += known[0]
            name = known[1]
        else:
            name = self._plain_type_name()
        while self.texts[self.position] == "." and self.kinds[self.position + 1] == NAME:
            self.position += 1
            name = f"{name}.{self._plain_type_name()}"
        return name

    def _plain_type_name(self) -> str:
        start = end = self.position
        end += 1
        while self.kinds[end] == NAME and self.texts[end] not in _STOPS and self.texts[end] != "external":
            end += 1
        self.position = end
        return " ".join(self.texts[start:end])

    def _single_part(self, name: str) -> TypeNode:
        part = self.type()
        self._expect(">")
        return TypeNode(name, (part,))

    def _list_type(self) -> TypeNode:
        return self._single_part("list")

    def _range_type(self) -> TypeNode:
        return self._single_part("range")

    def _context_type(self) -> TypeNode:
        parts = []
        while True:
            key = self._key()
            self._expect(":")
            parts.append((key, self.type()))
            if not self._accept(","):
                break
        self._expect(">")
        return TypeNode("context", tuple(parts))

    def _function_type(self) -> TypeNode:
        parts = []
        if not self._accept(">"):
            while True:
                parts.append(self.type())
                if not self._accept(","):
                    break
            self._expect(">")
        self._expect("->")
        return TypeNode("function", tuple(parts), self.type())

    # -- infix ------------------------------------------------------------------------------------------------------

    def _arithmetic(self, left: Node) -> Node:
        operator = self.texts[self.position]
        self.position += 1
        return Arithmetic(operator, left, self.expression(_BINDING[operator]))

    def _comparison(self, left: Node) -> Node:
        operator = self.texts[self.position]
        self.position += 1
        return Comparison(operator, left, self.expression(COMPARE))

    def _and(self, left: Node) -> Node:
        self.position += 1
        return And(left, self.expression(AND))

    def _or(self, left: Node) -> Node:
        self.position += 1
        return Or(left, self.expression(OR))

    def _between(self, left: Node) -> Node:
        self.position += 1
        low = self.expression(COMPARE)
        self._expect_keyword("and")
        return Between(left, low, self.expression(COMPARE))

    def _in(self, left: Node) -> Node:
        self.position += 1
        start = self.position
        if self._accept("("):
            tests = [self.expression()]
            if self.texts[self.position] != "..":
                while self._accept(","):
                    tests.append(self.expression())
                self._expect(")")
                if _INFIX.get(self.texts[self.position], (0,))[0] <= COMPARE:
                    return In(left, tests, True)
            self.position = start
        return In(left, [self.expression(COMPARE)], False)

    def _instance_of(self, left: Node) -> Node | None:
        if self.texts[self.position + 1] != "of":
            return None
        self.position += 2
        return InstanceOf(left, self.type())

    def _path(self, left: Node) -> Node:
        self.position += 1
        if self.kinds[self.position] != NAME:
            raise self._error("the name of a property after .", self._found())
        return Path(left, self._member())

    def _member(self) -> str:
        known = self.names.match(self.texts, self.position)
        if known is not None:
            self.position += known[0]
            return known[1]
        start = end = self.position
        end += 1
        while (self.kinds[end] == NAME and self.texts[end] not in _STOPS) or self.kinds[end] == NUMBER:
            end += 1
        self.position = end
        return " ".join(self.texts[start:end])

    def _filter(self, left: Node) -> Node | None:
        following = self.position + 1
        if self.kinds[following] == END or self.texts[following] in _CANNOT_START or self.texts[following] in _STOPS:
            return None  # the closing bracket of a range such as [1..5[
        self.position += 1
        condition = self.expression()
        self._expect("]")
        return Filter(left, condition)

    def _call(self, left: Node) -> Node:
        self.position += 1
        if self._accept(")"):
            return Call(left, [])
        if self._is_named_argument():
            return Call(left, [], self._named_arguments())
        arguments = [self.expression()]
        while self._accept(","):
            arguments.append(self.expression())
        self._expect(")")
        return Call(left, arguments)

    def _is_named_argument(self) -> bool:
        end = self.position
        if self.kinds[end] != NAME:
            return False
        while self.kinds[end] in (NAME, NUMBER) or self.texts[end] in _NAME_SYMBOLS:
            end += 1
        return self.texts[end] == ":"

    def _named_arguments(self) -> list[tuple[str, Node]]:
        named = []
        while True:
            name = self._new_name((":",), "a parameter")
            self._expect(":")
            named.append((name, self.expression()))
            if not self._accept(","):
                break
        self._expect(")")
        return named

    # -- tokens -----------------------------------------------------------------------------------------------------

    def _accept(self, text: str) -> bool:
        if self.texts[self.position] == text and self.kinds[self.position] != STRING:
            self.position += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(text, self._found())

    def _expect_keyword(self, keyword: str) -> None:
        if not self._accept(keyword):
            raise self._error(f"the keyword '{keyword}'", self._found(), self._nearest(keyword))

    def _nearest(self, keyword: str) -> str:
        """Advice where one of the last words looks like the keyword: it may have been read as part of a name."""
        words = [word for word in self.texts[max(0, self.position - 4) : self.position + 1] if word != keyword]
        close = difflib.get_close_matches(keyword, words, n=1, cutoff=0.6)
        return f"Did you mean '{keyword}' instead of '{close[0]}'?" if close else ""

    def _expect_end(self) -> None:
        if self.kinds[self.position] != END:
            raise self._error("an operator or the end of the expression", self._found(), self._near_keyword())

    def _near_keyword(self) -> str:
        close = difflib.get_close_matches(self.texts[self.position].lower(), KEYWORDS, n=1, cutoff=0.75)
        return f"Did you mean '{close[0]}'?" if close else ""

    def _found(self) -> str:
        if self.kinds[self.position] == END:
            return "the end of the text"
        return f"'{self.texts[self.position][:40]}'"

    def _error(self, expected: str, found: str, advice: str = "") -> FeelSyntaxError:
        return self.tokens.error(self.tokens.starts[self.position], expected, found, advice)


def _copy(table: NameTable) -> NameTable:
    copy = NameTable()
    copy.by_first = {first: list(entries) for first, entries in table.by_first.items()}
    return copy


def _unary(operator: str) -> Callable[[Parser], Node]:
    return lambda parser: UnaryTest(operator, parser.expression(COMPARE))


_PREFIX: dict[str, Callable[[Parser], Node]] = {
    "-": Parser._negation,
    "(": Parser._parenthesis,
    "[": Parser._bracket,
    "]": Parser._open_range,
    "{": Parser._context,
    "@": Parser._at_literal,
    **{operator: _unary(operator) for operator in ("<", "<=", ">", ">=", "=", "!=")},
}
_KEYWORD_PREFIX: dict[str, Callable[[Parser], Node]] = {
    "if": Parser._if,
    "for": Parser._for,
    "some": Parser._some,
    "every": Parser._every,
    "function": Parser._function,
    "true": lambda parser: Literal(True),
    "false": lambda parser: Literal(False),
    "null": lambda parser: Literal(None),
}
_BINDING = {"+": ADD, "-": ADD, "*": MULTIPLY, "/": MULTIPLY, "**": POWER}
_INFIX: dict[str, tuple[int, Callable[[Parser, Node], Node | None]]] = {
    "or": (OR, Parser._or),
    "and": (AND, Parser._and),
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), (COMPARE, Parser._comparison)),
    "between": (COMPARE, Parser._between),
    "in": (COMPARE, Parser._in),
    **{operator: (power, Parser._arithmetic) for operator, power in _BINDING.items()},
    "instance": (INSTANCE, Parser._instance_of),
    ".": (POSTFIX, Parser._path),
    "[": (POSTFIX, Parser._filter),
    "(": (POSTFIX, Parser._call),
}
_TYPE_PARTS: dict[str, Callable[[Parser], TypeNode]] = {
    "list": Parser._list_type,
    "range": Parser._range_type,
    "context": Parser._context_type,
    "function": Parser._function_type,
}
