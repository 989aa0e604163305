"""What is doubtful in decision tables: overlaps, gaps, shadowed rules."""

from engine.dmn.decisions import compile_decisions
from engine.dmn.elements import Definitions
from engine.errors import Finding


def analyse(definitions: Definitions) -> list[Finding]:
    """Findings on the model."""
    return list(compile_decisions([definitions], strict=False).findings)
