"""Moves tokens: the only room that imports SpiffWorkflow.

`compile_definition(models, decisions)` once per set of documents; `Execution.start` or `.load`, then one method per
thing that can happen; `take_events` tells what did.
"""

from engine.runtime.definition import Definition, StartEvent, compile_definition
from engine.runtime.execution import Execution, Waiting

__all__ = ["Definition", "Execution", "StartEvent", "Waiting", "compile_definition"]
