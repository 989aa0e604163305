"""Camunda 7's and Flowable's expression language (JUEL) in FEEL, where the meaning is the same.

What has no faithful counterpart (bean methods, ambiguous indexes) raises `Untranslatable` with the reason.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d+(?:[eE][+-]?\d+)?|\d+)
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)
    | (?P<operator>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]])
    )""",
    re.VERBOSE,
)
OPENING = re.compile(r"[$#]\{")
ENGINE_OBJECTS = frozenset({"execution", "task", "authenticatedUserId"})
FEEL_KEYWORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "instance",
        "of",
        "function",
        "external",
        "and",
        "or",
        "not",
    ]
)
WORD_OPERATORS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "and": "&&",
    "or": "||",
    "not": "!",
    "div": "/",
    "mod": "%",
}
CONSTANTS = {"true": "true", "false": "false", "null": "null"}
RENAMED = {
    "nrOfInstances": "numberOfInstances",
    "nrOfActiveInstances": "numberOfActiveInstances",
    "nrOfCompletedInstances": "numberOfCompletedInstances",
    "loopCounter": "(loopCounter - 1)",  # counts from 0 there, from 1 here
}
METHODS = {
    ("size", 0): "count({0})",
    ("isEmpty", 0): 'list contains([null, [], "", {{}}], {0})',
    ("length", 0): "string length({0})",
    ("equals", 1): "{0} = {1}",
    ("equalsIgnoreCase", 1): "lower case({0}) = lower case({1})",
    ("startsWith", 1): "starts with({0}, {1})",
    ("endsWith", 1): "ends with({0}, {1})",
    ("toUpperCase", 0): "upper case({0})",
    ("toLowerCase", 0): "lower case({0})",
}
CALLS = {("now", 0): "now()"}
TERNARY, OR, AND, COMPARISON, SUM, PRODUCT, UNARY, ATOM = range(8)


class Untranslatable(ValueError):
    """This expression means something that FEEL cannot say safely; the text gives the reason."""


def translate(text: str) -> str:
    """The FEEL text with the meaning of a JUEL expression (without its `${` and `}`).

    >>> translate("order.total >= 100 && !approved")
    'order.total >= 100 and approved != true'
    """
    try:
        return _Translation(text).whole()
    except RecursionError:
        raise Untranslatable("it is nested too deeply") from None


def translate_template(text: str) -> str:
    """The FEEL text of a JUEL text with `${…}` or `#{…}` parts: one alone, or several within literal text.

    >>> translate_template("Order ${id} of ${customer.name}")
    'string join(["Order ", string(id), " of ", string(customer.name)])'
    """
    parts = list(_parts(text.strip()))
    if len(parts) == 1 and parts[0][1]:
        return translate(parts[0][0])
    items = [f"string({translate(part)})" if is_code else _quoted(part) for part, is_code in parts]
    return f"string join([{', '.join(items)}])"


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Literal and code parts in order; braces inside string literals of the code do not count."""
    position = 0
    while opening := OPENING.search(text, position):
        if opening.start() > position:
            yield text[position : opening.start()], False
        end = _closing(text, opening.end())
        yield text[opening.end() : end], True
        position = end + 1
    if position < len(text):
        yield text[position:], False


def _closing(text: str, position: int) -> int:
    quote = ""
    depth = 0
    for index in range(position, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote and text[index - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == "}":
            return index
    raise Untranslatable("its closing '}' is missing")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Translated text with the binding strength of its outermost operator."""

    text: str
    strength: int = ATOM
    kind: str = ""  # path | number | string | constant | ""

    def at_least(self, strength: int) -> str:
        return self.text if self.strength >= strength else f"({self.text})"


class _Translation:
    """Recursive descent over the tokens, one method per level of precedence."""

    def __init__(self, text: str):
        self.tokens = _tokens(text)
        self.position = 0
        self.depth = 0

    def whole(self) -> str:
        piece = self.ternary()
        kind, token = self.peek()
        if kind:
            raise Untranslatable(f"'{token}' is not expected there")
        return piece.text

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.position] if self.position < len(self.tokens) else ("", "end")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.position += 1
        return token

    def accept(self, *operators: str) -> str:
        kind, token = self.peek()
        if kind == "operator" and token in operators:
            self.position += 1
            return token
        return ""

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise Untranslatable(f"expected '{operator}', found '{self.peek()[1]}'")

    def ternary(self) -> _Piece:
        self.depth += 1
        if self.depth > 100:
            raise Untranslatable("it is nested too deeply")
        condition = self.disjunction()
        if self.accept("?"):
            yes = self.ternary()
            self.expect(":")
            no = self.ternary()
            condition = _Piece(f"if {condition.text} then {yes.at_least(OR)} else {no.text}", TERNARY)
        self.depth -= 1
        return condition

    def disjunction(self) -> _Piece:
        left = self.conjunction()
        while self.accept("||"):
            left = _Piece(f"{left.at_least(OR)} or {self.conjunction().at_least(AND)}", OR)
        return left

    def conjunction(self) -> _Piece:
        left = self.comparison()
        while self.accept("&&"):
            left = _Piece(f"{left.at_least(AND)} and {self.comparison().at_least(COMPARISON)}", AND)
        return left

    def comparison(self) -> _Piece:
        left = self.sum()
        while operator := self.accept("==", "!=", "<", "<=", ">", ">="):
            right = self.sum()
            feel = "=" if operator == "==" else operator
            left = _Piece(f"{left.at_least(SUM)} {feel} {right.at_least(SUM)}", COMPARISON)
        return left

    def sum(self) -> _Piece:
        left = self.product()
        while operator := self.accept("+", "-"):
            left = _Piece(f"{left.at_least(SUM)} {operator} {self.product().at_least(PRODUCT)}", SUM)
        return left

    def product(self) -> _Piece:
        left = self.unary()
        while operator := self.accept("*", "/", "%"):
            right = self.unary()
            if operator == "%":
                left = _Piece(f"modulo({left.text}, {right.text})")
            else:
                left = _Piece(f"{left.at_least(PRODUCT)} {operator} {right.at_least(UNARY)}", PRODUCT)
        return left

    def unary(self) -> _Piece:
        if self.accept("!"):
            return self.negation(self.unary())
        if self.accept("-"):
            return _Piece(f"-{self.unary().at_least(ATOM)}", UNARY)
        kind, token = self.peek()
        if (kind, token) == ("name", "empty"):
            self.take()
            return _Piece(f'list contains([null, "", [], {{}}], {self.unary().text})')
        return self.postfix()

    @staticmethod
    def negation(operand: _Piece) -> _Piece:
        """A missing value counts as false there: `not(null)` would be null, so a variable is compared instead."""
        if operand.kind == "path":
            return _Piece(f"{operand.text} != true", COMPARISON)
        inside = operand.text
        if inside.startswith("(") and operand.kind == "group":
            inside = inside[1:-1]
        return _Piece(f"not({inside})")

    def postfix(self) -> _Piece:
        piece = self.primary()
        while True:
            if self.accept("."):
                piece = self.member(piece)
            elif self.accept("["):
                piece = self.index(piece)
            else:
                return piece

    def member(self, owner: _Piece) -> _Piece:
        kind, name = self.take()
        if kind not in {"name", "word"}:
            raise Untranslatable(f"expected a name after '.', found '{name}'")
        if not self.accept("("):
            if owner.text in ENGINE_OBJECTS:
                raise Untranslatable(f"'{owner.text}.{name}' has no counterpart in FEEL")
            return _Piece(f"{owner.at_least(ATOM)}.{_name(name)}", ATOM, "path")
        arguments = self.arguments()
        if owner.text == "execution":
            return self.of_execution(name, arguments)
        template = METHODS.get((name, len(arguments)))
        if template is None:
            raise Untranslatable(f"the method '{name}' has no counterpart in FEEL")
        text = template.format(owner.at_least(SUM), *(argument.at_least(SUM) for argument in arguments))
        return _Piece(text, COMPARISON if " = " in text else ATOM)

    @staticmethod
    def of_execution(name: str, arguments: list[_Piece]) -> _Piece:
        if name in {"getVariable", "hasVariable"} and len(arguments) == 1 and arguments[0].kind == "string":
            variable = _variable(json.loads(arguments[0].text))
            return _Piece(f"{variable} != null", COMPARISON) if name == "hasVariable" else _Piece(variable, kind="path")
        raise Untranslatable(f"'execution.{name}' has no counterpart in FEEL")

    def index(self, owner: _Piece) -> _Piece:
        key = self.ternary()
        self.expect("]")
        if key.kind == "string" and (name := json.loads(key.text)).isidentifier():
            return _Piece(f"{owner.at_least(ATOM)}.{_name(name)}", ATOM, "path")
        if key.kind == "number" and key.text.isdigit():
            return _Piece(f"{owner.at_least(ATOM)}[{int(key.text) + 1}]", ATOM, "path")
        raise Untranslatable(f"the index [{key.text}] can mean a position or a key")

    def arguments(self) -> list[_Piece]:
        found: list[_Piece] = []
        while not self.accept(")"):
            if found:
                self.expect(",")
            found.append(self.ternary())
        return found

    def primary(self) -> _Piece:
        kind, token = self.take()
        if kind == "number":
            return _Piece(token, kind="number")
        if kind == "text":
            return _Piece(_quoted(_unquoted(token)), kind="string")
        if kind == "name":
            return self.named(token)
        if token == "(":
            inner = self.ternary()
            self.expect(")")
            return inner if inner.strength == ATOM else _Piece(f"({inner.text})", kind="group")
        raise Untranslatable(f"'{token}' is not expected there")

    def named(self, name: str) -> _Piece:
        if name in CONSTANTS:
            return _Piece(CONSTANTS[name], kind="constant")
        if self.accept(":"):
            raise Untranslatable(f"the functions of '{name}:' have no counterpart in FEEL")
        if not self.accept("("):
            return _Piece(_variable(name), kind="path")
        call = CALLS.get((name, len(self.arguments())))
        if call is None:
            raise Untranslatable(f"the function '{name}' has no counterpart in FEEL")
        return _Piece(call)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = TOKEN.match(text, position)
        if found is None:
            raise Untranslatable(f"'{text[position:].strip()[:20]}' is not understood")
        kind = str(found.lastgroup)
        token = found[kind]
        after_dot = bool(tokens) and tokens[-1] == ("operator", ".")
        if kind == "name" and token in WORD_OPERATORS and not after_dot:
            kind, token = "operator", WORD_OPERATORS[token]
        tokens.append((kind, token))
        position = found.end()
    if not tokens:
        raise Untranslatable("it is empty")
    return tokens


def _variable(name: str) -> str:
    return RENAMED.get(name) or _name(name)


def _name(name: str) -> str:
    if name in FEEL_KEYWORDS or not name.isidentifier():
        raise Untranslatable(f"'{name}' cannot be a name in FEEL")
    return name


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
