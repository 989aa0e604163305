"""The coverage page: what the engine is proven to run, and what the gate refuses. `python -m tests.conformance.coverage`
writes it into the README between its markers."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from engine.bpmn.rules import RULES
from tests.conformance.catalogue import CASES

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- coverage -->", "<!-- /coverage -->"


def section() -> str:
    """The page, markers included."""
    return "\n".join([BEGIN, *_proven(), "", *_refused(), END])


def written_into(text: str) -> str:
    """The text of a README with the page in its place, or at its end."""
    before, begin, rest = text.partition(BEGIN)
    if not begin:
        return f"{text.rstrip()}\n\n## What the engine runs\n\n{section()}\n".lstrip()
    _old, _end, after = rest.partition(END)
    return f"{before}{section()}{after}"


def _proven() -> Iterator[str]:
    promises: dict[str, list[str]] = {}
    for case in CASES:
        promises.setdefault(case.construct, []).append(case.promise)
    yield (
        f"{len(CASES)} promises on {len(promises)} constructs, each played twice: straight through, and with the execution"
        " dumped and reloaded between any two steps (`tests/conformance`)."
    )
    yield ""
    yield "| Construct | What is promised | Cases |"
    yield "|---|---|---:|"
    for construct, told in sorted(promises.items(), key=lambda item: item[0].lower()):
        yield f"| {construct} | {'; '.join(_cell(promise) for promise in told)} | {2 * len(told)} |"


def _refused() -> Iterator[str]:
    yield "What cannot be run as the standard says is refused with the element's name and what to use instead:"
    yield ""
    yield "| Rule | Why |"
    yield "|---|---|"
    for name, rule in RULES.items():
        if "context.finding(" in inspect.getsource(rule):  # a rule that only warns refuses nothing
            yield f"| `{name}` | {_cell(' '.join((rule.__doc__ or '').split()))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    text = README.read_text(encoding="utf-8") if README.exists() else "# Praxis\n"
    README.write_text(written_into(text), encoding="utf-8")


if __name__ == "__main__":
    main()
