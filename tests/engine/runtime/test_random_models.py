"""Random block-structured processes: the engine's trace is the one that a ten-line interpreter of blocks predicts."""

import random
from collections import Counter

import pytest

from engine.bpmn import read_model
from engine.play import Player, Scenario
from engine.runtime import compile_definition
from tests.conformance.notation import document, end, errors, process, start
from tests.support.random_models import Block, Writer, make


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
