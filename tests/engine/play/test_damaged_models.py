"""A model with a random damage is refused or runs; it never breaks the program."""

import random

import pytest
from lxml import etree

from engine.bpmn import read_model
from engine.errors import EngineError
from engine.play import Player, Scenario
from engine.runtime import compile_definition
from tests.conformance.catalogue import CASES

TEXTS = ("", " ", "x", "true", "=", "=x", "-1", "999999999999", "PT0S", "R/PT1S", "${x}", "a b", "é", "e1", "s", "p")


def damage(source: bytes, random_: random.Random) -> bytes:
    """Remove, copy, move or overwrite something at one to three places of a model."""
    tree = etree.fromstring(source)
    for _ in range(random_.randint(1, 3)):
        node = random_.choice(list(tree.iter(etree.Element)))
        parent = node.getparent()
        if parent is None:
            continue
        match random_.randrange(6):
            case 0:
                parent.remove(node)
            case 1:
                parent.append(etree.fromstring(etree.tostring(node)))
            case 2 if node.attrib:
                del node.attrib[random_.choice(list(node.attrib))]
            case 3 if node.attrib:
                node.set(random_.choice(list(node.attrib)), random_.choice(TEXTS))
            case 4:
                node.text = random_.choice(TEXTS)
            case _:
                other = random_.choice(list(tree.iter(etree.Element)))
                if node not in other.iterancestors() and other is not node:
                    other.append(node)
    return etree.tostring(tree)


def play_damaged(seed: int) -> str:
    random_ = random.Random(seed)
    case = random_.choice(CASES)
    try:
        definition = compile_definition([read_model(damage(case.model, random_))])
        player = Player(definition, Scenario(variables=case.given, steps=list(case.steps)), reload=True)
        player.run()
        assert player.report()["waiting"] or player.state != "waiting"
    except EngineError:
        return "refused"
    return player.state


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch):
    monkeypatch.setattr("engine.runtime.workflow.Instance.MAX_STEPS", 2_000)
    monkeypatch.setattr("engine.play.player.MAX_FIRINGS", 200)
    monkeypatch.setattr("engine.play.player.MAX_EXECUTIONS", 50)


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_model_is_refused_or_runs(seed: int):
    assert play_damaged(seed) in {"refused", "completed", "waiting", "failed"}
