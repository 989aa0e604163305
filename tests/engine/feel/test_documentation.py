"""The help page says only what is true: each function's example is executed."""

import pytest

from engine.feel import compile_expression, known_functions

DOCUMENTED = known_functions()
CHANGES_WITH_TIME = {"now", "today"}


@pytest.mark.parametrize("name", sorted(set(DOCUMENTED) - CHANGES_WITH_TIME))
def test_the_example_gives_what_the_help_says(name):
    documentation = DOCUMENTED[name]

    found = compile_expression(documentation.example).evaluate_with_warnings({})
    promised = compile_expression(documentation.result).evaluate({})

    assert found.value == promised, found.warnings
    assert documentation.description
    assert documentation.signatures
