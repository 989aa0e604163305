"""What can go wrong with a FEEL text, sorted by what its author can do about it."""

from engine.errors import EngineError, InvalidInput


class FeelSyntaxError(InvalidInput):
    """The text is not FEEL: correct it at `line` and `column` (both count from 1).

    `expected` says what would have been right there, `found` what stands there instead.
    """

    def __init__(self, message: str, *, line: int = 1, column: int = 1, expected: str = "", found: str = ""):
        super().__init__(message)
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found


class EvaluationError(EngineError):
    """An evaluation asked for more than its budget; `budget` names the limit that was reached."""

    def __init__(self, message: str, budget: str):
        super().__init__(message)
        self.budget = budget


class Undefined(Exception):
    """Raised inside the package where the standard says null; the text becomes a warning."""
