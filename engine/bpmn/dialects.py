"""One expression language out of many: what a model's text means in FEEL, or why it cannot run.

The reader never evaluates and never checks FEEL's grammar (lint does); it decides which language a text is in.
"""

import re

from engine.bpmn.elements import Expression, Value
from engine.bpmn.juel import OPENING as JUEL_OPENING
from engine.bpmn.juel import Untranslatable, translate_template

STRING_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
FOREIGN_OPERATORS = (
    (re.compile(r"==="), "'==='", "'='"),
    (re.compile(r"=="), "'=='", "'='"),
    (re.compile(r"&&"), "'&&'", "'and'"),
    (re.compile(r"\|\|"), "'||'", "'or'"),
    (re.compile(r"!(?!=)"), "'!'", "'not(…)'"),
)
LANGUAGES = {
    "python": "Python",
    "javascript": "JavaScript",
    "ecmascript": "JavaScript",
    "groovy": "Groovy",
    "ruby": "Ruby",
    "jruby": "Ruby",
    "jython": "Python",
    "kotlin": "Kotlin",
    "scala": "Scala",
    "java": "Java",
    "mvel": "MVEL",
    "drools": "Drools",
    "powershell": "PowerShell",
    "bash": "shell",
    "shell": "shell",
    "php": "PHP",
    "perl": "Perl",
    "lua": "Lua",
    "typescript": "TypeScript",
    "csharp": "C#",
    "vbscript": "VBScript",
    "freemarker": "FreeMarker",
    "velocity": "Velocity",
    "xquery": "XQuery",
}
JUEL_LANGUAGES = frozenset({"juel", "el", "uel"})


def expression(text: str | None, language: str | None = None) -> Expression | None:
    """The FEEL expression of a text where only an expression can stand; None for an empty text.

    A leading "=" is dropped. `${…}` is translated. `language` is what the file says about it (a name, a media type or
    an address); a programming language gives an expression whose `problem` says that it never runs.
    """
    source = (text or "").strip()
    if not source:
        return None
    foreign = foreign_language(language)
    if foreign:
        return Expression(
            source, "", f"{_cited(source)} is {foreign} text, which Praxis never runs; write FEEL instead"
        )
    if JUEL_OPENING.search(source) and not source.startswith("="):
        return _translated(source)
    if _last_word(language) in JUEL_LANGUAGES:
        return _translated(f"${{{source}}}", source)
    feel = source[1:].strip() if source.startswith("=") else source
    return Expression(source, feel, _foreign_operator(source, feel))


def script(text: str | None, script_format: str | None = None) -> Expression | None:
    """The FEEL expression of a script task's text; None when it is empty."""
    source = (text or "").strip()
    foreign = foreign_language(script_format)
    if source and foreign:
        problem = (
            f"the script is {foreign} text, which Praxis never runs; write a FEEL context such as "
            '{total: quantity * price} (no scriptFormat, or scriptFormat="feel"), or make it a service task'
        )
        return Expression(source, "", problem)
    return expression(source, script_format)


def value(text: str | None) -> Value | None:
    """A literal text, or an expression when it starts with "=" or holds `${…}`; None for an empty text."""
    source = (text or "").strip()
    if not source:
        return None
    if source.startswith("=") or JUEL_OPENING.search(source):
        return Value(expression=expression(source))
    return Value(text=source)


def variable(name: str | None) -> Expression | None:
    """An expression where vendors write a variable's name or an expression: both are read as an expression."""
    return expression(name)


def foreign_language(language: str | None) -> str | None:
    """How people call the programming language named here; None for FEEL, JUEL and what nobody can tell."""
    return LANGUAGES.get(_last_word(language))


def _last_word(language: str | None) -> str:
    """`python` of "Python 3", "text/x-python" and "http://www.python.org/python"."""
    words = re.findall(r"[a-z#]+", (language or "").lower().removesuffix("#"))
    known = [word for word in words if word in LANGUAGES or word in JUEL_LANGUAGES]
    return known[-1] if known else ""


def _translated(template: str, source: str | None = None) -> Expression:
    source = source or template
    try:
        return Expression(source, translate_template(template))
    except Untranslatable as reason:
        return Expression(source, "", f"{_cited(source)} cannot be translated to FEEL: {reason}; write it in FEEL")


def _foreign_operator(source: str, feel: str) -> str | None:
    outside_literals = STRING_LITERAL.sub('""', feel)
    for pattern, found, instead in FOREIGN_OPERATORS:
        if pattern.search(outside_literals):
            return f"{_cited(source)} uses {found}, which FEEL does not know; write {instead}"
    return None


def _cited(text: str) -> str:
    one_line = " ".join(text.split())
    return f"'{one_line if len(one_line) <= 80 else one_line[:79] + '…'}'"
