"""The coverage page in the README says what the tests prove, not what somebody remembers."""

from tests.conformance.catalogue import CASES
from tests.conformance.coverage import BEGIN, END, README, section, written_into


def test_the_page_in_the_readme_is_current():
    text = README.read_text(encoding="utf-8")

    assert written_into(text) == text, "run: python -m tests.conformance.coverage"


def test_writing_the_page_changes_nothing_around_it():
    assert written_into(f"before\n{BEGIN}\nold\n{END}\nafter\n") == f"before\n{section()}\nafter\n"
    assert written_into("# Title\n").startswith("# Title\n\n## What the engine runs\n\n" + BEGIN)


def test_every_promise_is_made_once():
    promises = [(case.construct, case.promise) for case in CASES]

    assert len(set(promises)) == len(promises)
