"""Checks of our practices, in the background: they play every scenario, and people look at something else meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field

from practice_repo.validation import ValidationReport
from webapp.background import BackgroundRun
from webapp.wiring import Wiring


class CheckRun(BackgroundRun):
    """One check of a candidate that was started on screen."""

    report: ValidationReport | None = None


@dataclass
class CheckRuns:
    """The checks of this server process, the last of each candidate; a restart forgets them, not their reports."""

    by_candidate: dict[str, CheckRun] = field(default_factory=dict)

    def start(self, wiring: Wiring, candidate_id: str, check: Callable[[], ValidationReport]) -> CheckRun:
        """Begin in a thread of its own; one that runs for this candidate already goes on instead."""
        known = self.by_candidate.get(candidate_id)
        if known and known.is_running:
            return known
        run = self.by_candidate[candidate_id] = CheckRun()
        run.begin(wiring, f"check {candidate_id}", check)
        return run

    def take(self, candidate_id: str) -> CheckRun | None:
        """The candidate's check; one that has ended is told once."""
        run = self.by_candidate.get(candidate_id)
        if run and not run.is_running:
            del self.by_candidate[candidate_id]
        return run
