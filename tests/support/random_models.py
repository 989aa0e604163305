"""Random block-structured processes: pieces with one way in and one way out, nested in each other, as BPMN."""

import random
import re
from dataclasses import dataclass, field
from itertools import pairwise

from tests.conformance.notation import (
    boundary,
    cardinality,
    document,
    end,
    error,
    errors,
    flows,
    gateway,
    multi,
    node,
    process,
    script,
    start,
    sub,
    task,
    user,
)

ACTIVITY = re.compile(r'<bpmn:(?:userTask|task|scriptTask|subProcess) id="(?P<id>[^"]*)"(?! name)')
KINDS = ("task", "sequence", "parallel", "exclusive", "inclusive", "sub", "loop", "many", "interrupted")
VERBS = (
    "Check", "Send", "Receive", "Approve", "Plan", "Record", "Compare", "Print", "Pack", "Ship", "Call", "Repair",
    "Measure", "Sign", "Archive", "Translate", "Inspect", "Order", "Price", "Confirm",
)  # fmt: skip
THINGS = (
    "the invoice", "the contract", "the sample", "the delivery note", "the claim", "the budget", "the visit",
    "the customer record", "the spare part", "the warranty", "the drawing", "the offer", "the payment",
    "the complaint", "the campaign", "the route", "the label", "the report", "the audit", "the forecast",
)  # fmt: skip


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


class NamedWriter(Writer):
    """Random blocks whose tasks are done by people; activities have names as in a business process, gateways none."""

    def write_task(self, block: Block) -> tuple[str, str]:
        self.add(user(block.id))
        return block.id, block.id

    def add(self, *parts: str) -> None:
        super().add(*(ACTIVITY.sub(named, part) for part in parts))

    def inside(self, block: Block) -> str:
        return ACTIVITY.sub(named, super().inside(block))


def named(tag: re.Match) -> str:
    """The opening tag of an activity with a name made of its id."""
    if "name=" in tag[0]:
        return tag[0]
    identifier = tag["id"]
    number = int(re.search(r"\d+", identifier)[0]) * 5 + len(identifier.rstrip("0123456789")) + ord(identifier[-1]) % 3
    return f'{tag[0]} name="{name_for(number)}"'


def name_for(number: int) -> str:
    """A task's name; the first four hundred are all different."""
    return f"{VERBS[number % len(VERBS)]} {THINGS[(number * 7 + number // len(VERBS)) % len(THINGS)]}"


def has_loop(block: Block) -> bool:
    return block.kind == "loop" or any(has_loop(part) for part in block.parts)


def random_process(seed: int, depth: int = 4, writer: type[Writer] = NamedWriter) -> bytes:
    """A BPMN file with one random process `p`."""
    written = writer()
    entry, exit_ = written.write(make(random.Random(seed), [0], depth))
    written.flow("s", entry)
    written.flow(exit_, "e")
    return document(errors("E"), process(start(), end(), *written.parts))
