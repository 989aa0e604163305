"""Markdown, links in mails, signed links: nothing foreign gets through."""

import pytest

from engine.errors import NotFound
from webapp.links import read_token, sign
from webapp.markdown import to_html
from webapp.pages.mailbox import linked


def test_markdown_becomes_headings_lists_and_emphasis():
    html = to_html("# Title\n\nSome **bold** and `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |")

    assert "<h3>Title</h3>" in html
    assert "<strong>bold</strong>" in html
    assert "<li>one</li>" in html
    assert "<td>2</td>" in html


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "[x](javascript:alert(1))", '[x](https://a.example" onclick="x)', "**<img>**"]
)
def test_markdown_lets_no_markup_through(text):
    html = to_html(text)

    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'onclick="' not in html


def test_escaped_characters_stay_as_they_are():
    assert to_html(r"2 \* 3 \* 4 \<b\>") == "<p>2 * 3 * 4 &lt;b&gt;</p>"


def test_addresses_in_a_mail_become_links_and_nothing_else():
    html = linked("See <b> https://praxis.example/quote/x.y, thanks")

    assert 'href="https://praxis.example/quote/x.y"' in html
    assert "&lt;b&gt;" in html


def test_only_our_own_links_are_read():
    token = sign("key", "quote", "acme", "42")

    assert read_token("key", "quote", token) == ("acme", "42")
    for wrong in (
        ("key", "invoice", token),
        ("other key", "quote", token),
        ("key", "quote", token[:-1]),
        ("key", "quote", ""),
    ):
        with pytest.raises(NotFound):
            read_token(*wrong)
