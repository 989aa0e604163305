"""Every text on screen exists in English and Chinese."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import webapp

FOLDER = Path(webapp.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
UNSPOKEN = {"Praxis", "PCF", "Ctrl"}  # names and keys are the same in every language
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}


def texts_in_sources() -> set[str]:
    found = extract_from_dir(
        str(FOLDER),
        method_map=[("frontend/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")],
        keywords=KEYWORDS,
    )
    return {text if isinstance(text, str) else text[0] for _file, _line, text, *_rest in found}


def catalogue() -> dict[str, object]:
    with (FOLDER / "translations/zh_Hans/LC_MESSAGES/messages.po").open("rb") as file:
        return {(each.id if isinstance(each.id, str) else each.id[0]): each for each in read_po(file) if each.id}


def test_every_text_has_a_chinese_translation():
    entries = catalogue()
    missing = sorted(text for text in texts_in_sources() if text not in entries)
    empty = sorted(text for text, entry in entries.items() if not entry.string or entry.fuzzy)

    assert (missing, empty) == ([], [])


def test_the_catalogue_holds_nothing_that_is_no_longer_said():
    assert sorted(set(catalogue()) - texts_in_sources()) == []


def test_translations_keep_the_placeholders():
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)s", text))

    for text, entry in catalogue().items():
        translated = entry.string if isinstance(entry.string, str) else entry.string[0]
        assert placeholders(text) == placeholders(translated), text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_that_cannot_be_translated(template):
    source = template.read_text()
    source = re.sub(r"<(script|style)\b.*?</\1>", " ", source, flags=re.S)
    source = re.sub(r"\{% set \w+ %\}.*?\{% endset %\}", " ", source, flags=re.S)  # attributes and values, no words
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.S)
    spoken = re.findall(r'\b(?:title|placeholder|alt|aria-label)="([^"]*)"', source)
    visible = re.sub(r"<[^>]*>", " ", source)

    words = {word for text in (*spoken, visible) for word in re.findall(r"[A-Za-z]{3,}", text)}
    assert words - UNSPOKEN - {"order_id", "amount"} <= {"order", "SO", "kbd", "Enter"}


def test_a_visitor_gets_the_browser_s_language(visit):
    assert "登录" in visit().get("/sign-in", **{"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert "Sign in" in visit().get("/sign-in", **{"Accept-Language": "fr"}).text


def test_the_choice_of_language_outlives_signing_in(visit):
    visitor = visit()
    visitor.post("/language/zh_Hans")

    assert "工作清单" in visitor.sign_in("ines").text
