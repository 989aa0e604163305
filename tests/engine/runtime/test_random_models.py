"""Random block-structured processes: the engine's trace is the one that a ten-line interpreter of blocks predicts."""

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from engine.bpmn import read_model
from engine.play import Player, Scenario
from engine.runtime import compile_definition
from tests.conformance.notation import *

KINDS = ("task", "sequence", "parallel", "exclusive", "inclusive", "sub", "loop", "many", "interrupted")


@dataclass
class Block:
    """A piece of a process with one way in and one way out, and what it must leave in the trace."""

    kind: str
    id: str
    parts: list["Block"] = field(default_factory=list)
    taken: list[bool] = field(default_factory=list)  # which branches are taken
    times: int = 1


def make(random_: random.Random, counter: list[int], depth: int) -> Block:
    counter[0] += 1
    kind = "task" if depth == 0 else random_.choice(KINDS)
    block = Block(kind, f"{kind[0:2]}{counter[0]}")
    if kind == "task":
        return block
    wanted = 1 if kind in ("sub", "loop", "many", "interrupted") else random_.randint(2, 3)
    block.parts = [make(random_, counter, depth - 1) for _ in range(wanted)]
    block.times = random_.randint(1, 3)
    chosen = random_.randrange(wanted)
    block.taken = [kind != "exclusive" and random_.random() < 0.5 for _ in block.parts]
    block.taken[chosen] = True
    return block


def expected(block: Block) -> Counter:
    """What the block leaves in the trace, as a bag."""
    inner = [expected(part) for part in block.parts]
    match block.kind:
        case "task":
            return Counter([block.id])
        case "sequence":
            return sum(inner, Counter())
        case "parallel":
            return sum(inner, Counter([f"{block.id}_f", f"{block.id}_j"]))
        case "exclusive" | "inclusive":
            taken = [found for found, is_taken in zip(inner, block.taken, strict=True) if is_taken]
            return sum(taken, Counter([f"{block.id}_f", f"{block.id}_j"]))
        case "sub":
            return inner[0] + Counter([block.id])
        case "interrupted":
            return inner[0] + Counter([f"{block.id}_s", f"{block.id}_b"])
        case "loop":
            once = inner[0] + Counter([f"{block.id}_m", f"{block.id}_i", f"{block.id}_g"])
        case _:  # many
            once = inner[0] + Counter([block.id])
    return Counter({name: count * block.times for name, count in once.items()})


class Writer:
    """Writes blocks as BPMN; `write` answers the ids of the entry and the exit."""

    def __init__(self):
        self.parts: list[str] = []
        self.given: dict[str, object] = {}

    def add(self, *parts: str) -> None:
        self.parts.extend(parts)

    def flow(self, source: str, target: str, condition: str = "") -> None:
        self.add(flows(f"{source}>{target}" + (f"?{condition}" if condition else "")))

    def write(self, block: Block) -> tuple[str, str]:
        return getattr(self, f"write_{block.kind}")(block)

    def write_task(self, block: Block) -> tuple[str, str]:
        self.add(task(block.id))
        return block.id, block.id

    def write_sequence(self, block: Block) -> tuple[str, str]:
        ends = [self.write(part) for part in block.parts]
        for (_, before), (after, _) in pairwise(ends):
            self.flow(before, after)
        return ends[0][0], ends[-1][1]

    def write_parallel(self, block: Block) -> tuple[str, str]:
        return self.split(block, "parallel")

    def write_inclusive(self, block: Block) -> tuple[str, str]:
        return self.split(block, "inclusive")

    def write_exclusive(self, block: Block) -> tuple[str, str]:
        return self.split(block, "exclusive")

    def split(self, block: Block, kind: str) -> tuple[str, str]:
        fork, join = f"{block.id}_f", f"{block.id}_j"
        self.add(gateway(kind, fork), gateway(kind, join))
        for part, taken in zip(block.parts, block.taken, strict=True):
            entry, exit_ = self.write(part)
            self.flow(fork, entry, "" if kind == "parallel" else str(taken).lower())
            self.flow(exit_, join)
        return fork, join

    def inside(self, block: Block) -> str:
        inner = type(self)()
        entry, exit_ = inner.write(block)
        inner.flow(f"in_{block.id}", entry)
        inner.flow(exit_, f"out_{block.id}")
        self.given.update(inner.given)
        return "".join([node("task", f"in_{block.id}"), node("task", f"out_{block.id}"), *inner.parts])

    def write_sub(self, block: Block) -> tuple[str, str]:
        self.add(sub(block.id, self.inside(block.parts[0])))
        return block.id, block.id

    def write_many(self, block: Block) -> tuple[str, str]:
        kind = "sequential" if block.times % 2 or has_loop(block) else "parallel"  # loops count in process variables
        self.add(sub(block.id, multi(kind, cardinality(str(block.times))), self.inside(block.parts[0])))
        return block.id, block.id

    def write_interrupted(self, block: Block) -> tuple[str, str]:
        """A sub-process that throws when its content is done, caught on its boundary."""
        thrower, event, last = f"{block.id}_s", f"{block.id}_b", f"{block.id}_x"
        inner = type(self)()
        exit_ = inner.write(block.parts[0])[1]
        inner.flow(exit_, thrower)
        self.given.update(inner.given)
        self.add(sub(block.id, *inner.parts, end(thrower, error("E"))), boundary(event, block.id, error("E")))
        self.add(gateway("exclusive", last))
        self.flow(event, last)
        return block.id, last

    def write_loop(self, block: Block) -> tuple[str, str]:
        merge, count, again = f"{block.id}_m", f"{block.id}_i", f"{block.id}_g"
        variable = f"n_{block.id}"
        self.given[variable] = 0
        out = f"{block.id}_o"
        # every entry of the block counts anew, because it can stand in a loop itself
        self.add(script(f"{block.id}_0", f"{{{variable}: 0}}"), gateway("exclusive", merge))
        self.add(
            script(count, f"{{{variable}: {variable} + 1}}"), node("exclusiveGateway", again, default=f"{again}_{out}")
        )
        self.add(task(out))
        entry, exit_ = self.write(block.parts[0])
        self.flow(f"{block.id}_0", merge)
        self.flow(merge, count)
        self.flow(count, entry)
        self.flow(exit_, again)
        self.flow(again, merge, f"{variable} < {block.times}")
        self.flow(again, out)
        return f"{block.id}_0", out


def has_loop(block: Block) -> bool:
    return block.kind == "loop" or any(has_loop(part) for part in block.parts)


def helpers(block: Block, wanted: Counter, times: int = 1) -> Counter:
    """The nodes that only the writer knows (entries and exits of sub-processes and loops), as often as they run."""
    if block.kind in ("sub", "many"):
        inner = times * (block.times if block.kind == "many" else 1)
        wanted.update({f"in_{block.parts[0].id}": inner, f"out_{block.parts[0].id}": inner})
    if block.kind == "loop":
        wanted.update({f"{block.id}_0": times, f"{block.id}_o": times})
    if block.kind == "interrupted":
        wanted.update({f"{block.id}_x": times})
    repeated = times * (block.times if block.kind in ("loop", "many") else 1)
    for part, taken in zip(block.parts, block.taken, strict=True):
        if taken or block.kind not in ("exclusive", "inclusive"):
            helpers(part, wanted, repeated)
    return wanted


@pytest.mark.parametrize("seed", range(150))
def test_a_random_process_does_what_its_blocks_say(seed: int):
    block = make(random.Random(seed), [0], 4)
    writer = Writer()
    entry, exit_ = writer.write(block)
    writer.flow("s", entry)
    writer.flow(exit_, "e")
    model = document(errors("E"), process(start(), end(), *writer.parts))
    definition = compile_definition([read_model(model)])

    player = Player(definition, Scenario(variables=writer.given), process_id="p", reload=bool(seed % 2))
    player.run()

    assert player.state == "completed", player.incidents()
    assert Counter(player.trace) == helpers(block, expected(block) + Counter(["s", "e"]))
