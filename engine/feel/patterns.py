"""XPath regular expressions (XQuery and XPath Functions and Operators, 7.6) on top of the `regex` module.

The pattern is read by the rules of XML Schema and written anew, so that nothing of Python's own syntax (look-around,
named groups, inline flags) can be reached, and so that classes mean what the standard says.
"""

from functools import lru_cache

import regex

from engine.feel.errors import Undefined

MAX_PATTERN = 5_000
MAX_REPEAT = 65_535
MAX_GROUP_DEPTH = 50
_NAME_START = (
    r":A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_NAME_PART = _NAME_START + r"\-.0-9\u00B7\u0300-\u036F\u203F-\u2040"
_CLASS_ESCAPES = {
    "s": r"[ \t\n\r]",
    "S": r"[^ \t\n\r]",
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"[^\p{P}\p{Z}\p{C}]",
    "W": r"[\p{P}\p{Z}\p{C}]",
    "i": f"[{_NAME_START}]",
    "I": f"[^{_NAME_START}]",
    "c": f"[{_NAME_PART}]",
    "C": f"[^{_NAME_PART}]",
}
_SINGLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPABLE = frozenset("\\|.?*+(){}$-[]^")
_CATEGORY = regex.compile(r"(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?)")
_BLOCK = regex.compile(r"Is([A-Za-z0-9-]+)")
_QUANTIFIER = regex.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??")
_SPACE = "\t\n\r "


class _Translator:
    """Reads one XPath pattern and writes the equal pattern of the `regex` module (version 1 syntax)."""

    def __init__(self, pattern: str, flags: str):
        self.text = pattern
        self.position = 0
        self.multiline = "m" in flags
        self.skip_space = "x" in flags
        self.groups = 0
        self.closed: set[int] = set()
        self.depth = 0

    def translate(self) -> str:
        written = self._alternatives()
        if self.position < len(self.text):
            raise self._invalid("an unexpected )")
        return written

    def _invalid(self, what: str) -> Undefined:
        return Undefined(f"the pattern '{self.text[:60]}' is not a regular expression: {what} at {self.position + 1}")

    def _peek(self) -> str:
        if self.skip_space:
            while self.text[self.position : self.position + 1] and self.text[self.position] in _SPACE:
                self.position += 1
        return self.text[self.position : self.position + 1]

    def _alternatives(self) -> str:
        branches = [self._branch()]
        while self._peek() == "|":
            self.position += 1
            branches.append(self._branch())
        return "|".join(branches)

    def _branch(self) -> str:
        pieces = []
        while (character := self._peek()) and character not in "|)":
            pieces.append(self._piece(character))
        return "".join(pieces)

    def _piece(self, character: str) -> str:
        if character in "^$":
            self.position += 1
            return self._anchor(character)
        atom = self._atom(character)
        self._peek()
        found = _QUANTIFIER.match(self.text, self.position)
        if found is None:
            return atom
        self._check_repeat(found)
        self.position = found.end()
        return atom + found[0]

    def _check_repeat(self, found: "regex.Match[str]") -> None:
        low, high = found[1], found[2]
        if low is not None and (int(low) > MAX_REPEAT or int(high or 0) > MAX_REPEAT):
            raise self._invalid(f"more than {MAX_REPEAT} repetitions")
        if low is not None and high and int(high) < int(low):
            raise self._invalid("a repetition whose maximum is below its minimum")

    def _anchor(self, character: str) -> str:
        if self.multiline:
            return "(?m:^)" if character == "^" else "(?m:$)"
        return r"\A" if character == "^" else r"\Z"

    def _atom(self, character: str) -> str:
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape(in_class=False)
        self.position += 1
        if character == ".":
            return "."
        if character in "*+?{}]":
            self.position -= 1
            raise self._invalid(f"an unexpected {character}")
        return regex.escape(character, special_only=False, literal_spaces=False)

    def _group(self) -> str:
        self.depth += 1
        if self.depth > MAX_GROUP_DEPTH:
            raise self._invalid("groups are nested too deeply")
        self.position += 1
        captures = not self.text.startswith("?:", self.position)
        if captures:
            self.groups += 1
        else:
            self.position += 2
        number = self.groups
        inside = self._alternatives()
        if self._peek() != ")":
            raise self._invalid("a ( without its )")
        self.position += 1
        self.depth -= 1
        if captures:
            self.closed.add(number)
        return f"({inside})" if captures else f"(?:{inside})"

    def _escape(self, in_class: bool) -> str:
        self.position += 1
        character = self.text[self.position : self.position + 1]
        self.position += 1
        if character in _CLASS_ESCAPES and character:
            return _CLASS_ESCAPES[character]
        if character in ("p", "P"):
            return self._property(character)
        if character in _SINGLE_ESCAPES:
            return regex.escape(_SINGLE_ESCAPES[character])
        if character and character in _ESCAPABLE:
            return "\\" + character
        if character in tuple("123456789") and not in_class:
            return self._back_reference(character)
        self.position -= 1
        raise self._invalid(f"the escape \\{character}")

    def _back_reference(self, digit: str) -> str:
        number = int(digit)
        while self.text[self.position : self.position + 1].isdecimal():
            longer = number * 10 + int(self.text[self.position])
            if longer not in self.closed:
                break
            number = longer
            self.position += 1
        if number not in self.closed:
            raise self._invalid(f"a reference to group {number}, which is not closed here")
        return f"(?:\\{number})"

    def _property(self, kind: str) -> str:
        end = self.text.find("}", self.position)
        name = self.text[self.position + 1 : end]
        if end < 0 or self.text[self.position : self.position + 1] != "{":
            raise self._invalid(f"\\{kind} without {{…}}")
        self.position = end + 1
        if _CATEGORY.fullmatch(name):
            return f"\\{kind}{{{name}}}"
        block = _BLOCK.fullmatch(name)
        if block is None:
            raise self._invalid(f"the unknown category {name}")
        return f"\\{kind}{{Block={block[1].replace('-', '')}}}"

    def _class(self) -> str:
        """`[...]`, with the subtraction of XML Schema: `[a-z-[aeiou]]`."""
        self.depth += 1
        if self.depth > MAX_GROUP_DEPTH:
            raise self._invalid("classes are nested too deeply")
        self.position += 1
        negated = self.text.startswith("^", self.position)
        self.position += negated
        parts, subtracted = [], ""
        while not self.text.startswith("]", self.position):
            if self.position >= len(self.text):
                raise self._invalid("a [ without its ]")
            if self.text.startswith("-[", self.position) and parts:
                self.position += 1
                subtracted = self._class()
                if not self.text.startswith("]", self.position):
                    raise self._invalid("more after the subtracted class")
                break
            parts.append(self._class_part(first=not parts))
        if not parts:
            raise self._invalid("an empty class")
        self.position += 1
        self.depth -= 1
        inside = f"[{'^' if negated else ''}{''.join(parts)}]"
        return f"[{inside}--{subtracted}]" if subtracted else inside

    def _class_part(self, first: bool) -> str:
        start = self._class_character(first)
        if len(start) != 1:
            return start
        following = self.text[self.position + 1 : self.position + 2]
        if not self.text.startswith("-", self.position) or following in ("]", "[", ""):
            return _in_class(start)
        self.position += 1
        end = self._class_character(first=False)
        if len(end) != 1 or end < start:
            raise self._invalid("a range of characters whose end is before its start")
        return f"{_in_class(start)}-{_in_class(end)}"

    def _class_character(self, first: bool) -> str:
        """One character as itself, or the written form of a class escape (longer than one character)."""
        character = self.text[self.position]
        if character == "\\":
            written = self._escape(in_class=True)
            return written[1] if len(written) == 2 and written[1] in _ESCAPABLE else _unwrapped(written)
        if character == "[":
            raise self._invalid("an unexpected [")
        if character == "-" and not first and self.text[self.position + 1 : self.position + 2] not in ("]", "-"):
            raise self._invalid("an unexpected -")
        self.position += 1
        return character


def _unwrapped(written: str) -> str:
    """A control character that was escaped, as itself; class escapes stay as they are."""
    for name, character in _SINGLE_ESCAPES.items():
        if written in (f"\\{name}", regex.escape(character)):
            return character
    return written


def _in_class(character: str) -> str:
    return f"\\U{ord(character):08X}"


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> "regex.Pattern[str]":
    """The compiled form of an XPath pattern; raises `Undefined` where pattern or flags are not legal."""
    if len(pattern) > MAX_PATTERN:
        raise Undefined(f"a pattern may have {MAX_PATTERN} characters")
    unknown = set(flags) - set("smixq")
    if unknown:
        raise Undefined(f"the flags are s, m, i, x and q, not '{flags[:20]}'")
    written = regex.escape(pattern) if "q" in flags else _Translator(pattern, flags).translate()
    if "i" in flags:
        written = f"(?-f:{written})"  # one character folds to one character, unlike version 1's default
    options = regex.VERSION1 | (regex.DOTALL if "s" in flags else 0) | (regex.IGNORECASE if "i" in flags else 0)
    try:
        return regex.compile(written, options)
    except (regex.error, RecursionError, OverflowError) as error:
        raise Undefined(f"the pattern '{pattern[:60]}' is not a regular expression: {error}") from error


def matches(text: str, pattern: str, flags: str, seconds: float) -> bool:
    """Whether the pattern is found anywhere in the text; raises TimeoutError after `seconds`, as the others here do."""
    expression = compiled(pattern, flags)
    return expression.search(text, timeout=seconds) is not None


def replace(text: str, pattern: str, replacement: str, flags: str, seconds: float) -> str:
    """The text with every occurrence replaced; `$1` is the first group, `\\$` a dollar, `\\\\` a backslash.

    With the flag q, pattern and replacement stand for themselves.
    """
    expression = compiled(pattern, flags)
    _refuse_empty_match(expression, pattern, seconds)
    parts = [replacement] if "q" in flags else _replacement_parts(replacement, expression.groups)

    def substitute(found: "regex.Match[str]") -> str:
        return "".join(part if type(part) is str else (found[part] or "") for part in parts)

    return expression.sub(substitute, text, timeout=seconds)


def split(text: str, pattern: str, seconds: float) -> list[str]:
    """The parts of the text between the occurrences of the pattern."""
    expression = compiled(pattern, "")
    _refuse_empty_match(expression, pattern, seconds)
    parts, position = [], 0
    for found in expression.finditer(text, timeout=seconds):
        parts.append(text[position : found.start()])
        position = found.end()
    return [*parts, text[position:]]


def _refuse_empty_match(expression: "regex.Pattern[str]", pattern: str, seconds: float) -> None:
    if expression.search("", timeout=seconds) is not None:
        raise Undefined(f"the pattern '{pattern[:60]}' matches the empty string")


def _replacement_parts(replacement: str, groups: int) -> list[str | int]:
    parts: list[str | int] = []
    position = 0
    while position < len(replacement):
        character = replacement[position]
        following = replacement[position + 1 : position + 2]
        if character == "\\":
            if following not in ("\\", "$"):
                raise Undefined("a \\ in a replacement must be followed by \\ or $")
            parts.append(following)
            position += 2
        elif character == "$":
            position = _group_reference(replacement, position + 1, groups, parts)
        else:
            parts.append(character)
            position += 1
    return parts


def _group_reference(replacement: str, position: int, groups: int, parts: list[str | int]) -> int:
    """Append the group that the digits name (the longest number that exists) and return where the digits end."""
    if replacement[position : position + 1] not in tuple("0123456789"):
        raise Undefined("a $ in a replacement must be followed by a digit")
    number = int(replacement[position])
    position += 1
    while replacement[position : position + 1] in tuple("0123456789"):
        longer = number * 10 + int(replacement[position])
        if longer > groups:
            break
        number = longer
        position += 1
    parts.append(number if number <= groups else "")
    return position
