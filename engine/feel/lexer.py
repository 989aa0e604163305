"""Cuts a FEEL text into tokens; which tokens belong together as a name is for the parser to decide."""

import re
from functools import lru_cache

from engine.feel.errors import FeelSyntaxError

NUMBER, NAME, STRING, SYMBOL, END = "number", "name", "string", "symbol", "end"
MAX_TEXT = 200_000

_START = (
    "?A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_START_WITHOUT_SPACE = f"(?![{_SPACE}])[{_START}]"
_PART = f"(?![{_SPACE}])[{_START}0-9\u00b7\u0300-\u036f\u203f-\u2040]"
_TOKEN = re.compile(
    rf"(?:[{_SPACE}]+|//[^\n\r]*|/\*[\s\S]*?\*/)*"
    rf"(?:(?P<name>{_START_WITHOUT_SPACE}(?:{_PART})*)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r'|(?P<string>"(?:[^"\\]|\\[\s\S])*")'
    r"|(?P<symbol>\*\*|\.\.|<=|>=|!=|->|/(?!\*)|[-+*=<>(){}\[\],.:@'’‘])"
    r"|(?P<end>$))"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|([\s\S]))")
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Tokens:
    """The tokens of one text as parallel lists, the last being the end."""

    __slots__ = ("kinds", "starts", "text", "texts")

    def __init__(self, text: str):
        if len(text) > MAX_TEXT:
            raise FeelSyntaxError(
                f"A FEEL text may have {MAX_TEXT} characters; this one has {len(text)}. Split it.",
                expected=f"at most {MAX_TEXT} characters",
                found=str(len(text)),
            )
        self.text = text
        self.kinds: list[str] = []
        self.texts: list[str] = []
        self.starts: list[int] = []
        self._scan()

    def _scan(self) -> None:
        position, match = 0, _TOKEN.match
        kinds, texts, starts, text = self.kinds, self.texts, self.starts, self.text
        while True:
            found = match(text, position)
            if found is None:
                raise self._stray(position)
            kind = found.lastgroup
            kinds.append(kind)
            texts.append(found[kind])
            starts.append(found.start(kind))
            if kind == END:
                return
            position = found.end()

    def _stray(self, position: int) -> FeelSyntaxError:
        skipped = re.compile(rf"(?:[{_SPACE}]+|//[^\n\r]*|/\*[\s\S]*?\*/)*").match(self.text, position)
        at = skipped.end() if skipped else position
        character = self.text[at : at + 1]
        if character == '"':
            return self.error(at, 'a closing "', "the end of the text")
        if self.text.startswith("/*", at):
            return self.error(at, "a closing */", "the end of the text")
        return self.error(at, "an expression or an operator", f"the character {character}")

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def error(self, offset: int, expected: str, found: str, advice: str = "") -> FeelSyntaxError:
        """The error to raise for what stands at an offset."""
        line, column = self.place(offset)
        message = f"Line {line}, column {column}: expected {expected}, found {found}."
        return FeelSyntaxError(f"{message} {advice}".rstrip(), line=line, column=column, expected=expected, found=found)


@lru_cache(maxsize=4096)
def name_tokens(name: str) -> tuple[str, ...] | None:
    """The token texts of a name, or None for a text that no FEEL expression can contain as a name."""
    try:
        tokens = Tokens(name)
    except FeelSyntaxError:
        return None
    if not tokens.texts[:-1] or STRING in tokens.kinds:
        return None
    return tuple(tokens.texts[:-1])


def unescape(literal: str) -> str:
    """The text that a string literal, with its quotes, denotes (grammar rules 33 and 64)."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(_replace_escape, body)
    return _join_surrogates(text)


def _replace_escape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else found[0]
    return _SIMPLE_ESCAPES.get(found[3], found[0])


def _join_surrogates(text: str) -> str:
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
