"""How fast models are read, compared and changed: `python -m tests.benchmarks.algebra`.

Prints one JSON object; the figures stand in practice_repo/README.md. Models of 100 and 200 flow nodes are drawn by
the seeded generator below, then edited; "foreign" is the same model after a round trip through another tool that
keeps no id. Times are the median of several runs, in milliseconds.
"""

import json
import sys
from collections.abc import Callable
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from practice_repo.algebra.alignment import align
from practice_repo.algebra.difference import apply, difference
from practice_repo.algebra.document import Document, read_document
from practice_repo.algebra.package import Package, package_difference
from practice_repo.practice import shipped_practices
from tests.practice_repo.algebra.edits import edited, round_trip

RUNS = 5
LIMIT_100_ELEMENTS = 200  # milliseconds
VERBS = ("Check", "Approve", "Send", "Record", "Plan", "Price", "Confirm", "Close", "Assign", "Review")
THINGS = ("order", "quote", "invoice", "delivery", "ticket", "visit", "contract", "payment", "part", "campaign")
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:benchmark" '
    'xmlns:praxis="urn:praxis:bpmn:1"><process id="p" isExecutable="true"><laneSet id="lanes">'
)


def model(nodes: int, seed: int = 1) -> bytes:
    """A process with this many flow nodes: tasks in a row, every fifth a choice that may skip the next two."""
    random = Random(seed)
    ids = ["start", *(f"node_{number}" for number in range(1, nodes - 1)), "end"]
    lanes = [f'<lane id="lane_{lane}" name="Team {lane}">' for lane in range(4)]
    for identifier in ids:
        lanes[random.randrange(4)] += f"<flowNodeRef>{identifier}</flowNodeRef>"
    parts = [HEAD, *(f"{lane}</lane>" for lane in lanes), "</laneSet>", '<startEvent id="start" name="Start"/>']
    flows = [f'<sequenceFlow id="f{at}" sourceRef="{one}" targetRef="{ids[at + 1]}"' for at, one in enumerate(ids[:-1])]
    for at, identifier in enumerate(ids[1:-1], 1):
        if at % 5 == 0 and at + 3 < len(ids):
            parts.append(f'<exclusiveGateway id="{identifier}" name="Skip {at}?" default="f{at}"/>')
            parts.append(
                f'<sequenceFlow id="skip_{at}" sourceRef="{identifier}" targetRef="{ids[at + 3]}">'
                f"<conditionExpression>x = {at}</conditionExpression></sequenceFlow>"
            )
        else:
            name = f"{random.choice(VERBS)} {random.choice(THINGS)} {at}"
            parts.append(f'<userTask id="{identifier}" name="{name}" praxis:formKey="form_{at}"/>')
    parts += ['<endEvent id="end" name="End"/>', *(f"{flow}/>" for flow in flows), "</process></definitions>"]
    return "".join(parts).encode()


def milliseconds(work: Callable[[], Any]) -> float:
    times = []
    for _run in range(RUNS):
        begin = perf_counter()
        work()
        times.append((perf_counter() - begin) * 1000)
    return round(median(times), 1)


def measured(nodes: int) -> dict[str, Any]:
    source = model(nodes)
    base = read_document("m.bpmn", source)
    changed = edited(base, seed=7, number=10)
    foreign = read_document("m.bpmn", round_trip(changed.write()))
    operations = difference(base, changed)
    found = align(base, foreign).pairs
    return {
        "records": len(base.records),
        "operations": len(operations),
        "operations_foreign": len(difference(base, foreign)),
        "read_ms": milliseconds(lambda: read_document("m.bpmn", source)),
        "digest_ms": milliseconds(lambda: fresh(base).digest),
        "difference_ms": milliseconds(lambda: difference(base, changed)),
        "difference_foreign_ms": milliseconds(lambda: difference(base, foreign)),
        "apply_ms": milliseconds(lambda: apply(base, operations)),
        "write_ms": milliseconds(lambda: fresh(changed).write()),
        "aligned_share": round(len(found) / len(foreign.records), 3),
    }


def fresh(document: Document) -> Document:
    """The same document, with nothing remembered."""
    return document.with_records(document.records)


def packages() -> dict[str, Any]:
    found = {}
    for folder in shipped_practices():
        base = Package.from_folder(folder)
        name = next((name for name in base.files if name.endswith(".bpmn")), None)
        if name is not None:
            edit = edited(base.documents[name], seed=3, number=6).write()
            changed = base.with_files({name: edit})
            found[folder.name] = milliseconds(
                lambda base=base, changed=changed: package_difference(Package(base.files), Package(changed.files))
            )
    return found


def main() -> None:
    result = {"100": measured(100), "200": measured(200), "packages_ms": packages()}
    print(json.dumps(result, indent=2))
    slowest = max(result["100"]["difference_ms"], result["100"]["difference_foreign_ms"])
    if slowest > LIMIT_100_ELEMENTS:
        sys.exit(f"Comparing two models of 100 elements took {slowest} ms; {LIMIT_100_ELEMENTS} ms are allowed.")


if __name__ == "__main__":
    main()
