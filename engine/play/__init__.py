"""Plays a model on a virtual clock, in memory: for analysts, for the packs' scenarios and for conformance tests.

Without a scenario the model runs until everything waits. A job runs its handler; without one, its simulator: the
scenario's `simulators`, else the element's property `simulate` (FEEL), else it completes with no result. When a
scenario says `job = …` for an element or topic, such jobs wait for their step instead.
"""

from engine.play.cli import play, read_decisions, read_documents
from engine.play.player import CannotPlay, Player
from engine.play.scenario import Scenario, read_scenarios

__all__ = ["CannotPlay", "Player", "Scenario", "play", "read_decisions", "read_documents", "read_scenarios"]
