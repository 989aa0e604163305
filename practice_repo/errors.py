"""What can go wrong in a workspace, beyond the categories of `engine.errors`."""

from collections.abc import Sequence
from typing import Any

from engine.errors import InvalidModel, InvalidState


class StaleDraft(InvalidState):
    """Somebody saved the file since it was opened: `current_digest` is what it is now (None: removed)."""

    def __init__(self, message: str, file: str, current_digest: str | None):
        super().__init__(message)
        self.file = file
        self.current_digest = current_digest


class Conflicts(InvalidState):
    """Changes of two sides clash: `conflicts` have to be decided first."""

    def __init__(self, message: str, conflicts: Sequence[Any] = ()):
        super().__init__(message)
        self.conflicts = tuple(conflicts)


class NotValid(InvalidModel):
    """The state did not pass the checks; `report` is the validation report, None when it was never checked."""

    def __init__(self, message: str, report: Any = None):
        super().__init__(message)
        self.report = report
