"""Decisions by DMN 1.5: read the model, compile it once, take decisions with an audit of the rules that held."""

from engine.dmn.analysis import analyse
from engine.dmn.decisions import DecisionResult, Decisions, compile_decisions
from engine.dmn.elements import Definitions
from engine.dmn.reader import read_dmn

__all__ = ["DecisionResult", "Decisions", "Definitions", "analyse", "compile_decisions", "read_dmn"]
