"""The help page for FEEL lists what there is and lets one try it."""

from urllib.parse import urlencode

import pytest


@pytest.mark.parametrize(
    ("expression", "context", "expected"),
    [
        ("amount * 2", '{"amount": 21}', ">42<"),
        ("amount *", "{}", "expected an expression"),
        ("1 + 1", "[1]", "should be a JSON object"),
        ("missing + 1", "{}", "no variable found"),
    ],
)
def test_an_expression_can_be_tried(visit, expression, context, expected):
    page = visit("ines").get("/help/expressions?" + urlencode({"expression": expression, "context": context}))

    assert page.status_code == 200
    assert expected in page.text


def test_every_function_is_listed(visit):
    assert "string join(" in visit("ines").get("/help/expressions").text
