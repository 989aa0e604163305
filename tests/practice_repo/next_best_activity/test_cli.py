import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from practice_repo.next_best_activity.cli import nba

VECTOR = (Path(__file__).parent / "vector.toml").read_text()
ONE = '[[candidate]]\nid = "a"\neffect = 2\ncost = 1\n'


@pytest.fixture
def rank(tmp_path: Path):
    """Runs `nba rank` on this text; gives the exit code and the JSON."""

    def run(text: str, *options: str):
        path = tmp_path / "portfolio.toml"
        path.write_text(text)
        result = CliRunner().invoke(nba, ["rank", str(path), "--json", *options])
        return result.exit_code, json.loads(result.stdout)

    return run


@pytest.mark.parametrize(
    ("options", "order", "total"),
    [
        (["--loop"], ["P5", "P1", "P2", "P6", "P3"], 280),
        (["--loop", "--stop", "positive"], ["P5", "P1", "P2", "P6"], 300),
        (["--loop", "--mode", "closure"], ["P5", "P1", "P2", "P3", "P4"], 510),
        (["--loop", "--mode", "plan"], ["P5", "P1", "P2", "P3", "P4"], 510),
    ],
)
def test_the_test_vector_is_told_in_json(rank, options, order, total):
    code, told = rank(VECTOR, *options)

    assert (code, told["order"], told["totals"]["net"], told["next"]) == (0, order, total, "P5")
    assert set(order) | {each["id"] for each in told["excluded"] if each["reason"]} == {f"P{n}" for n in range(1, 7)}


def test_a_scan_tells_the_ranking_the_trace_and_the_exclusions(rank):
    _, told = rank(VECTOR)

    assert [(each["id"], each["index"], each["class"], each["net"]) for each in told["ranking"]] == [
        ("P5", None, "costless", 50),
        ("P1", "2", "finite", 120),
        ("P2", "2", "finite", 60),
        ("P6", "1/2", "finite", 70),
        ("P3", "-1/6", "finite", -20),
    ]
    assert told["excluded"] == [{"id": "P4", "reason": "needs P3", "gate": "prerequisites"}]
    assert [(step["n"], step["id"], step["decision"], step["best"]) for step in told["trace"]] == [
        (1, "P1", "start", "P1"),
        (2, "P2", "keep", "P1"),
        (3, "P3", "keep", "P1"),
        (4, "P5", "take", "P5"),
        (5, "P6", "keep", "P5"),
    ]
    assert told["totals"] == {"effect": 50, "cost": 0, "net": 50}


def test_what_has_no_estimate_is_in_the_ranking_without_an_index(rank):
    _, told = rank('[[candidate]]\nid = "a"\ncost = 1\n[[candidate]]\nid = "b"\neffect = 0\ncost = 0\n')

    assert told["next"] is None
    assert [(each["id"], each["index"], each["class"]) for each in told["ranking"]] == [
        ("a", None, "needs estimate"),
        ("b", None, "no-op"),
    ]


def test_dates_staff_groups_and_budgets_are_read(rank):
    code, told = rank(
        """
        [horizon]
        start = 2026-01-01
        months = 3
        [budget]
        total = 100.50
        per_period = [60, 60, 60]
        [staff]
        analyst = 1
        [[candidate]]
        id = "a"
        effect = 90.25
        cost = 50.25
        duration_days = 10
        window = [2026-02-01, "2026-03-01"]
        staff = {analyst = 1}
        [[candidate]]
        id = "b"
        effect = 200
        cost = 50
        duration_days = 10
        staff = {analyst = 1}
        [[candidate]]
        id = "c"
        effect = 200
        cost = 60
        group = "x"
        """,
        "--mode",
        "plan",
    )

    assert code == 0
    assert told["plan"] == [
        {"id": "b", "start": 0, "finish": 10, "start_on": "2026-01-01", "finish_on": "2026-01-11"},
        {"id": "a", "start": 31, "finish": 41, "start_on": "2026-02-01", "finish_on": "2026-02-11"},
    ]
    assert told["totals"] == {"effect": 290.25, "cost": 100.25, "net": 190}


@pytest.mark.parametrize("means", ["[budget]\namount = 3\nstaff = 1", "[budget]\nlimit = 3\n[staff]\ntotal = 1"])
def test_means_may_be_said_in_other_words(rank, means):
    _, told = rank(
        ONE.replace("cost = 1", "cost = 4")
        + ONE.replace('"a"', '"b"')
        + "staff = 2\n"
        + ONE.replace('"a"', '"c"')
        + "staff = 1\n"
        + means
    )

    assert told["next"] == "c"
    assert {each["id"]: each["reason"] for each in told["excluded"]} == {
        "a": "costs 4, 3 of the budget is left",
        "b": "needs 2 staff, 1 exist",
    }


def test_the_same_file_gives_the_same_answer(rank):
    assert rank(VECTOR, "--mode", "plan") == rank(VECTOR, "--mode", "plan")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("candidate = ", "Expected a TOML file"),
        ("", "Expected [[candidate]] tables, found none"),
        ("candidate = 5", "Expected a list of tables, found candidate = 5; write [[candidate]]"),
        ("[[candidate]]\neffect = 1", "[[candidate]] number 1: expected id = a text, found nothing"),
        ('[[candidate]]\nid = "a"\neffect = "much"', "expected effect = a number, found 'much'"),
        ('[[candidate]]\nid = "a"\neffect = nan', "expected effect = a number, found NaN"),
        ('[[candidate]]\nid = "a"\ncost = -1', "expected a cost of 0 or more, found -1"),
        ('[[candidate]]\nid = "a"\ncosts = 1', "'costs' is not known; write 'cost', if that is meant"),
        (ONE + "prerequisites = 'b'", "expected prerequisites = a list of ids"),
        (ONE + "window = [5]", "expected window = [from, to], found [5]"),
        (ONE + "window = [9, 5]", "its window ends before it starts"),
        (ONE + "window = [2026-01-01, 2026-02-01]", "say [horizon] start = a date"),
        (ONE + "must = 1", "expected must = true or false, found 1"),
        (ONE + "duration_days = 1.5", "expected duration_days = a whole number from 0 to 36500, found 1.5"),
        (ONE + "duration_days = 99999999999", "from 0 to 36500, found 99999999999"),
        (ONE + "staff = 0.00000001", "expected 0 to 1000000 staff with at most 4 decimals"),
        (ONE.replace("2", "1e999999"), "with at most 60 digits"),
        (ONE + "x = " + "[" * 5000, "Expected a TOML file"),
        (ONE + ONE, "more than one has: a"),
        (ONE + 'prerequisites = ["a"]', "Prerequisites go round in a circle: a needs a"),
        (ONE + "[budget]\ntotal = -5", "expected total of 0 or more, found -5"),
        (ONE + "[horizon]\ndays = 10\nperiods = 1", "expected one length, found days means 10 days, periods means 30"),
        (ONE + '[[synergy]]\nids = ["a", "x"]\neffect = 1', "A synergy names 'x', which is no candidate"),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_do(rank, text, said):
    code, told = rank(text)

    assert code == 2
    assert said in told["error"]


def test_a_missing_file_is_an_error_in_json():
    result = CliRunner().invoke(nba, ["rank", "nowhere.toml", "--json"])

    assert result.exit_code == 2
    assert "nowhere.toml cannot be read" in json.loads(result.stdout)["error"]


def test_unknown_names_are_pointed_out_but_passed_over(rank):
    _, told = rank(ONE + 'colour = "red"\nprerequisites = ["elsewhere"]')

    assert told["warnings"] == [
        "Candidate 'a': 'colour' is not known and was passed over.",
        "Candidate 'a' names 'elsewhere', which is no candidate.",
    ]
    assert told["excluded"][0]["reason"] == "needs elsewhere, which is neither a candidate nor in place"


def test_people_get_a_text(tmp_path):
    path = tmp_path / "portfolio.toml"
    path.write_text(VECTOR)

    told = CliRunner().invoke(nba, ["rank", str(path)]).output

    assert told.startswith("Next best activity: P5\n")
    assert "N=1: S(P1) = 2, the first and so the best so far" in told
    assert "P4: needs P3" in told


def test_a_loop_over_too_many_is_refused_and_a_long_one_has_a_short_trace(rank):
    def many(count: int) -> str:
        return "\n".join(f'[[candidate]]\nid = "P{n:04}"\neffect = {n}\ncost = 7' for n in range(count))

    code, told = rank(many(2001), "--loop")
    assert (code, told["error"][:56]) == (2, "Expected at most 2000 candidates for a loop or a plan, f")

    _, told = rank(many(301), "--loop")
    assert len(told["order"]) == 301
    assert {step["decision"] for step in told["trace"]} == {"start", "take"}
