"""How fast FEEL is: `python -m tests.benchmarks.feel`, with ratios to plain Python `eval` of the equal expression."""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable

from engine.feel import compile_expression, compile_unary_tests
from engine.feel.expression import _compile_expression

EVALUATION_LIMIT_MICROSECONDS = 3.0
COMPILE_LIMIT_MILLISECONDS = 20.0
CASES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ('score >= 70 and grade in ("A","B")', 'score >= 70 and grade in ("A","B")', {"score": 80, "grade": "B"}),
    ("amount * 1.2 + fee", "amount * 1.2 + fee", {"amount": 100, "fee": 5}),
    ("customer.address.city", 'customer["address"]["city"]', {"customer": {"address": {"city": "Bern"}}}),
    ("if a > b then a else b", "a if a > b else b", {"a": 3, "b": 4}),
    ("sum(for x in items return x * 2)", "sum([x * 2 for x in items])", {"items": list(range(20))}),
    ("count(items[item > 10])", "len([x for x in items if x > 10])", {"items": list(range(20))}),
    ('upper case(name) + "!"', 'name.upper() + "!"', {"name": "ada"}),
)
PACK = [
    f"{text} {suffix}"
    for text, _, _ in CASES
    for suffix in (
        "",
        "= 1",
        "= null",
        *(f"!= {number}" for number in range(9)),
        *(f"in ({number}, {number + 1})" for number in range(16)),
    )
][:200]


def microseconds(call: Callable[[], object], seconds: float = 0.2) -> float:
    """The median time of one call."""
    call()
    loops, started = 1, time.perf_counter()
    while time.perf_counter() - started < seconds / 10:
        call()
        loops += 1
    samples = []
    for _ in range(9):
        started = time.perf_counter()
        for _ in range(loops):
            call()
        samples.append((time.perf_counter() - started) / loops)
    return statistics.median(samples) * 1e6


def compile_pack() -> None:
    """Compile 200 expressions, past the cache."""
    for text in PACK:
        _compile_expression(text, frozenset())


def measure() -> dict[str, object]:
    """All figures, by name."""
    gc.collect()
    rows = []
    for feel, python, variables in CASES:
        expression, code = compile_expression(feel), compile(python, "python", "eval")
        ours = microseconds(lambda e=expression, v=variables: e.evaluate(v))
        theirs = microseconds(lambda c=code, v=variables: eval(c, {}, v))
        rows.append({"expression": feel, "microseconds": round(ours, 2), "ratio_to_eval": round(ours / theirs, 1)})
    test = compile_unary_tests("[18..65]")
    return {
        "expressions": rows,
        "unary_test_microseconds": round(microseconds(lambda: test.matches(30, {})), 2),
        "compile_200_milliseconds": round(microseconds(compile_pack) / 1000, 2),
    }


def exceeded(figures: dict[str, object]) -> list[str]:
    """Which of the promised limits the figures miss."""
    missed = []
    condition = figures["expressions"][0]
    if condition["microseconds"] > EVALUATION_LIMIT_MICROSECONDS:
        missed.append(f"{condition['expression']} took more than {EVALUATION_LIMIT_MICROSECONDS} µs")
    if figures["compile_200_milliseconds"] > COMPILE_LIMIT_MILLISECONDS:
        missed.append(f"compiling 200 expressions took more than {COMPILE_LIMIT_MILLISECONDS} ms")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    figures = measure()
    missed = exceeded(figures)
    if as_json:
        print(json.dumps({**figures, "exceeded": missed}))
        return len(missed)
    for row in figures["expressions"]:
        print(f"{row['microseconds']:8.2f} µs  {row['ratio_to_eval']:5.1f} × eval  {row['expression']}")
    print(f"{figures['unary_test_microseconds']:8.2f} µs  unary test [18..65]")
    print(f"{figures['compile_200_milliseconds']:8.2f} ms  to compile 200 expressions")
    print("\n".join(missed) or "all within the promised limits")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
