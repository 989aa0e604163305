"""Do the laws of merging hold, and how fast is it? `python -m tests.benchmarks.merge [--cases N]`.

Two sides are mutated by chance from one base (packs and generated models); the merge of both is held against its laws.
With `regions` the two sides keep to different parts of the model: every conflict then is a false one.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.bpmn import read_model
from practice_repo.algebra.document import Document, read_document
from practice_repo.algebra.merging import Merged, merge
from practice_repo.algebra.operations import describe
from tests.support.diagram_mutations import MUTATORS
from tests.support.mutations import generated_models, mutate, pack_models, problems, split_regions
from tests.support.random_models import random_process

COUNTS = (1, 2, 4, 8, 16)
NAME = "process.bpmn"
IN_REGION = frozenset(MUTATORS) - {"AddBoundary"}  # that one leaves its host as it is, so no region holds it back
LAWS = ("same_back", "both_same", "symmetric", "no_loss", "stays_right", "ours_ids")


@dataclass
class Tally:
    """How often each law was looked at and broken, and the first places where."""

    tried: Counter = field(default_factory=Counter)
    broken: Counter = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def note(self, law: str, holds: bool, place: str) -> None:
        self.tried[law] += 1
        if not holds:
            self.broken[law] += 1
            self.places.setdefault(law, []).append(place)

    def share(self, law: str) -> float:
        return self.broken[law] / self.tried[law] if self.tried[law] else 0.0


def check_laws(base: Document, ours: Document, theirs: Document, tally: Tally, place: str) -> Merged[Document]:
    """Merges both ways and notes which laws hold."""
    began = time.perf_counter()
    merged = merge(base, ours, theirs)
    tally.milliseconds.append((time.perf_counter() - began) * 1000)
    turned = merge(base, theirs, ours)
    tally.note("same_back", merge(base, ours, base).result.digest == ours.digest, place)
    tally.note("same_back", merge(base, base, ours).result.digest == ours.digest, place)
    tally.note("both_same", merge(base, ours, ours).result.digest == ours.digest, place)
    tally.note("symmetric", is_mirrored(merged, turned), place)
    tally.note("no_loss", not merged.lost and not turned.lost, place)
    ids = {record.id for record in merged.result.records.values()}
    removed = {record.id for record in ours.records.values()} - ids
    tally.note("ours_ids", removed <= {record.id for record in base.records.values()}, place)
    if merged.is_clean:
        known = problems(base.write())
        tally.note("stays_right", (problems(merged.result.write()) or Counter()) <= known, place)
    return merged


def is_mirrored(merged: Merged[Document], turned: Merged[Document]) -> bool:
    """The same result from both directions, or the same questions (of semantic ones: that there are any)."""
    if merged.is_clean != turned.is_clean:
        return False
    if merged.is_clean:
        return merged.result.digest == turned.result.digest
    return questions(merged) == questions(turned, mirrored=True)


def questions(merged: Merged[Document], mirrored: bool = False) -> list[tuple]:
    found = []
    for conflict in merged.open:
        if conflict.kind == "semantic":
            continue
        sides = [tuple(sorted(describe(each) for each in side)) for side in (conflict.ours, conflict.theirs)]
        found.append(tuple(sides[::-1] if mirrored else sides))
    return sorted(found)


def models(generated: int = 10) -> Mapping[str, bytes]:
    return {**pack_models(), **generated_models(generated)}


def cases(number: int, seed: int, sources: Mapping[str, bytes], counts=COUNTS) -> Iterator[tuple[str, int, bytes, int]]:
    """Place, number of operations, model and seed of so many cases."""
    chance = random.Random(seed)
    names = sorted(sources)
    for index in range(number):
        name, count = chance.choice(names), counts[index % len(counts)]
        yield f"{name} k={count} seed={seed * 1000 + index}", count, sources[name], seed * 1000 + index


def run_anywhere(number: int, seed: int = 1, sources: Mapping[str, bytes] | None = None, counts=COUNTS) -> Tally:
    """Both sides change what they like."""
    tally = Tally()
    for place, count, content, case in cases(number, seed, sources or models(), counts):
        sides = [mutate({NAME: content}, case * 2 + side, count).content for side in (0, 1)]
        documents = [read_document(NAME, each) for each in (content, *sides)]
        check_laws(*documents, tally, place)
    return tally


def run_regions(number: int, seed: int = 2, sources: Mapping[str, bytes] | None = None, counts=COUNTS) -> Tally:
    """Each side changes its own part: whatever is asked then is asked in vain."""
    tally = Tally()
    for place, count, content, case in cases(number, seed, sources or models(), counts):
        regions = split_regions(content)
        sides = [
            mutate({NAME: content}, case * 2 + side, count, region=regions[side], kinds=IN_REGION).content
            for side in (0, 1)
        ]
        documents = [read_document(NAME, each) for each in (content, *sides)]
        merged = check_laws(*documents, tally, place)
        asked = {each.id for conflict in merged.open for each in (*conflict.ours, *conflict.theirs)}
        for operation in (*merged.ours, *merged.theirs):
            tally.note("false_conflict", operation.id not in asked, place)
        tally.note("false_conflict_case", not merged.open, place)
    return tally


def measure_speed(elements: int = 90, runs: int = 9) -> list[float]:
    """Milliseconds of processor time for merges of a generated model of about 100 elements, 8 operations a side."""
    seed = 0
    while True:
        content = random_process(seed)
        if elements <= len(list(read_model(content).processes[0].walk())) <= elements + 20 and not problems(content):
            break
        seed += 1
    found = []
    for case in range(runs):
        regions = split_regions(content)
        sides = [mutate({NAME: content}, case * 2 + side, 8, region=regions[side]).content for side in (0, 1)]
        documents = [read_document(NAME, each) for each in (content, *sides)]
        began = time.process_time()
        merge(*documents)
        found.append((time.process_time() - began) * 1000)
    return sorted(found)


def show(title: str, tally: Tally) -> None:
    print(title)
    for law in (*LAWS, "false_conflict", "false_conflict_case"):
        if tally.tried[law]:
            print(f"  {law:20} broken {tally.broken[law]:4} of {tally.tried[law]:5} ({tally.share(law):.1%})")
            for place in tally.places.get(law, [])[:3]:
                print(f"      {place}")
    ordered = sorted(tally.milliseconds)
    print(f"  merge: median {ordered[len(ordered) // 2]:.0f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="how many of each sort")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    anywhere = run_anywhere(options.cases, options.seed)
    show("Both sides anywhere", anywhere)
    regions = run_regions(options.cases, options.seed + 1)
    show("Each side in its own region", regions)
    speed = measure_speed()
    print(f"100 elements, 8 operations a side: median {speed[len(speed) // 2]:.0f} ms, slowest {speed[-1]:.0f} ms")
    failed = any(tally.broken[law] for tally in (anywhere, regions) for law in LAWS)
    sys.exit(1 if failed or regions.share("false_conflict_case") > 0.05 else 0)


if __name__ == "__main__":
    main()
