"""How fast decisions are: `python -m tests.benchmarks.dmn`; limit: a table of 100 rules × 2 inputs in 200 µs."""

import argparse
import json
from collections.abc import Callable

from engine.dmn import analyse, compile_decisions, read_dmn
from tests.benchmarks.feel import microseconds

LIMIT_MICROSECONDS = 200.0
NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
VARIABLES = {"score": 137, "grade": "C", "limit": 1000}


def model(rules: int, cell: Callable[[int], str], policy: str) -> bytes:
    """A model with one decision: a table of two inputs, the second one of four grades."""
    rows = "".join(
        f"<rule><inputEntry><text>{cell(number)}</text></inputEntry>"
        f'<inputEntry><text>"{"ABCD"[number % 4]}"</text></inputEntry>'
        f"<outputEntry><text>{number}</text></outputEntry></rule>"
        for number in range(rules)
    )
    columns = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in ("score", "grade")
    )
    table = f'<decisionTable hitPolicy="{policy}">{columns}<output/>{rows}</decisionTable>'
    return (
        f'<definitions xmlns="{NAMESPACE}" id="m" name="m" namespace="urn:m">'
        f'<decision id="d" name="d"><variable name="d"/>{table}</decision></definitions>'
    ).encode()


def ranges(number: int) -> str:
    return f"[{number // 4 * 10}..{number // 4 * 10 + 10})"


def tried(number: int) -> str:
    """A cell that no index knows."""
    return f"? >= {number // 4 * 10} and ? &lt; {number // 4 * 10 + 10} and limit > 0"


CASES: tuple[tuple[str, int, Callable[[int], str], str], ...] = (
    ("5 rules × 2 inputs, indexed", 5, ranges, "COLLECT"),
    ("20 rules × 2 inputs, indexed", 20, ranges, "COLLECT"),
    ("100 rules × 2 inputs, indexed", 100, ranges, "UNIQUE"),
    ("100 rules × 2 inputs, one column tried cell by cell", 100, tried, "UNIQUE"),
    ("1000 rules × 2 inputs, indexed", 1000, ranges, "UNIQUE"),
    ("1000 rules × 2 inputs, one column tried cell by cell", 1000, tried, "UNIQUE"),
)


def measure() -> dict[str, object]:
    """All figures, by name."""
    rows = []
    for name, rules, cell, policy in CASES:
        decisions = compile_decisions([read_dmn(model(rules, cell, policy))])
        rows.append(
            {"table": name, "microseconds": round(microseconds(lambda d=decisions: d.evaluate("d", VARIABLES)), 1)}
        )
    source = model(100, ranges, "UNIQUE")
    definitions = read_dmn(source)
    return {
        "tables": rows,
        "read_100_rules_milliseconds": round(microseconds(lambda: read_dmn(source)) / 1000, 2),
        "compile_100_rules_milliseconds": round(microseconds(lambda: compile_decisions([definitions])) / 1000, 2),
        "analyse_100_rules_milliseconds": round(microseconds(lambda: analyse(definitions)) / 1000, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    figures = measure()
    if as_json:
        print(json.dumps(figures))
        return
    for row in figures["tables"]:
        print(f"{row['microseconds']:8.1f} µs  {row['table']}")
    for name in ("read", "compile", "analyse"):
        print(f"{figures[f'{name}_100_rules_milliseconds']:8.2f} ms  to {name} 100 rules")
    print(f"limit: {LIMIT_MICROSECONDS} µs for 100 rules × 2 inputs")


if __name__ == "__main__":
    main()
