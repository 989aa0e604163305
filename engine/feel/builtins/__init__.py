"""The built-in functions of FEEL (DMN 1.5, 10.3.4), one module per section of the standard."""

from engine.feel.builtins import (  # noqa: F401 - each import declares its functions
    contexts,
    conversion,
    lists,
    numeric,
    ranges,
    strings,
    temporal_functions,
)
from engine.feel.builtins.registry import BUILTINS, Builtin, Documentation

__all__ = ["BUILTINS", "Builtin", "Documentation"]
