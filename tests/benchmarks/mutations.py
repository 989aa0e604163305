"""How well difference() tells what was really done: precision and recall against scripts of random changes.

    python -m tests.benchmarks.mutations [--seeds 40] [--verbose]

Shipped packs and generated block-structured models are changed by k random valid mutations (tests.support.mutations),
written, read again and compared. Once with their ids (same lineage), once with every id renamed (a model drawn anew).

An operation counts as right when its type and target are those of a mutation of the script. Both are taken as the same
where nobody could tell from the two files what was done first or which of two was done:

- A step moved past its neighbour: the neighbour may be told as moved. Of a swap, either element may be the target.
- Steps inserted next to each other (in one line, or as branch and in its line) may have been inserted in any order, so
  that their types may be exchanged among them.
- What was inserted behind a new boundary event belongs to the AddBoundary, and what was deleted behind a removed one to
  its RemoveBoundary; the script is then one mutation shorter.
- An element deleted and another one inserted at its place are one Replace.

Everything else that is not in the script lowers precision, everything in it that is not told lowers recall. Replay is
counted apart: apply(base, difference(base, changed)) must have the digest of the changed model, always.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from practice_repo.algebra.difference import apply, difference
from practice_repo.algebra.document import Document, read_document
from practice_repo.algebra.operations import Operation
from tests.support.mutations import Mutated, Mutation, generated_models, pack_models, single

COUNTS = (1, 2, 4, 8, 16)
INSERTIONS = frozenset({"InsertSerial", "InsertParallel", "InsertConditional"})
NAME = "process.bpmn"


@dataclass
class Score:
    """Sums over comparisons."""

    right: int = 0
    told: int = 0
    done: int = 0
    compared: int = 0
    inexact: int = 0
    seconds: list[float] = field(default_factory=list)
    missed: Counter = field(default_factory=Counter)
    invented: Counter = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        return self.right / self.told if self.told else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.done if self.done else 1.0

    def add(self, base: Document, changed: Document, mutated: Mutated) -> tuple[list[Mutation], list[Operation]]:
        """Count one comparison; the mutations that were missed and the operations that were invented."""
        start = perf_counter()
        operations = difference(base, changed)
        self.seconds.append(perf_counter() - start)
        missed, invented = unmatched(base, changed, mutated.script, operations)
        self.right += len(operations) - len(invented)
        self.told += len(operations)
        self.done += len(operations) - len(invented) + len(missed)
        self.compared += 1
        self.inexact += apply(base, operations).digest != changed.digest
        self.missed.update(each.type for each in missed)
        self.invented.update(each.type for each in invented)
        return missed, invented


def unmatched(
    base: Document, changed: Document, script: Sequence[Mutation], operations: Sequence[Operation]
) -> tuple[list[Mutation], list[Operation]]:
    """The mutations that no operation tells, and the operations that tell none; see above for what counts as one."""
    missed, invented = list(script), list(operations)

    def settle(mutations: Iterable[Mutation], operation: Operation) -> None:
        invented.remove(operation)
        for mutation in mutations:
            missed.remove(mutation)

    for mutation in script:
        for operation in [each for each in invented if each.type == mutation.type]:
            if operation.target in targets(mutation, base):
                settle([mutation], operation)
                break
    new = inserted_neighbours(changed, script)
    for mutation in [each for each in missed if each.type in INSERTIONS]:
        for operation in [each for each in invented if each.type == mutation.type]:
            if operation.target in new.get(mutation.target, ()):
                settle([mutation], operation)
                break
    for operation in operations:
        covered = [each for each in missed if is_covered(each, operation)]
        for mutation in covered:
            missed.remove(mutation)
        if operation in invented and operation.type == "Replace":
            pair = [each for each in missed if is_part_of_replacement(each, operation)]
            if {each.type for each in pair} == {"Delete", "InsertSerial"}:
                settle(pair, operation)
    return missed, invented


def targets(mutation: Mutation, base: Document) -> set[str]:
    """The elements that the mutation may be told of."""
    if mutation.type == "Swap":
        return {mutation.target, mutation.details["other"]}
    if mutation.type == "Move":  # past the one neighbour that it has on both sides of the move
        old, new = mutation.details["from"], mutation.details["between"]
        jumped = {new[1]} & {old[0]} | {new[0]} & {old[1]}
        return {mutation.target} | jumped
    return {mutation.target}


def inserted_neighbours(changed: Document, script: Iterable[Mutation]) -> Mapping[str, set[str]]:
    """Inserted steps → those inserted in one line or branch with them, other new gateways between them or not."""
    inserted = {each.target for each in script if each.type in INSERTIONS}
    ids = {record.id: record.key for record in changed.records.values()}
    keys = {ids.get(target, target) for target in inserted}
    following: dict[str, set[str]] = {}
    for record in changed.records.values():
        if record.kind == "sequenceFlow":
            following.setdefault(str(record.get("source")), set()).add(str(record.get("target")))
    found: dict[str, set[str]] = {}
    for key in keys:
        for other in following.get(key, set()) & keys:
            found.setdefault(key, set()).add(other)
            found.setdefault(other, set()).add(key)
    return found


def is_covered(mutation: Mutation, operation: Operation) -> bool:
    if operation.type == "AddBoundary":
        return mutation.type == "InsertSerial" and mutation.target in operation.creates
    if operation.type == "RemoveBoundary":
        return mutation.type == "Delete" and mutation.target in operation.removes
    return False


def is_part_of_replacement(mutation: Mutation, operation: Operation) -> bool:
    if mutation.type == "Delete":
        return mutation.target in operation.removes
    return mutation.type == "InsertSerial" and mutation.target in operation.creates


def measure(
    models: Mapping[str, bytes], count: int, seeds: Iterable[int], *, strip_uids: bool, verbose: bool = False
) -> Score:
    """Precision and recall over models taken in turn, one per seed."""
    score = Score()
    named = sorted(models)
    for seed in seeds:
        name = named[seed % len(named)]
        mutated = single(models[name], seed * 100 + count, count, strip_uids=strip_uids)
        base, changed = read_document(NAME, models[name]), read_document(NAME, mutated.content)
        missed, invented = score.add(base, changed, mutated)
        if verbose and (missed or invented):
            print(f"{name} seed {seed * 100 + count} k {count}")
            for mutation in missed:
                print("   missed  ", mutation.type, mutation.target, dict(mutation.details))
            for operation in invented:
                print("   invented", operation.type, operation.target, operation.details.get("between_keys", ""))
    return score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=60, help="comparisons per row")
    parser.add_argument("--verbose", action="store_true", help="show what was missed and what was invented")
    arguments = parser.parse_args()
    print("models     ids      k  precision  recall  inexact  ms p50   ms max")
    for title, models in (("packs", pack_models()), ("generated", generated_models(20))):
        for strip_uids in (False, True):
            for count in COUNTS:
                score = measure(models, count, range(arguments.seeds), strip_uids=strip_uids, verbose=arguments.verbose)
                times = sorted(score.seconds)
                print(
                    f"{title:<10} {'renamed' if strip_uids else 'kept':<8} {count:>2} {score.precision:>9.3f}"
                    f" {score.recall:>8.3f} {score.inexact:>7} {times[len(times) // 2] * 1000:>8.1f}"
                    f" {times[-1] * 1000:>8.1f}"
                )
                if score.missed or score.invented:
                    print(f"           missed {dict(score.missed)}, invented {dict(score.invented)}")


if __name__ == "__main__":
    main()
