"""Checks of our practices, in the background: they play every scenario, and people look at something else meanwhile."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.errors import EngineError
from practice_repo.validation import ValidationReport
from webapp.wiring import Wiring


@dataclass
class CheckRun:
    """One check that was started on screen."""

    candidate_id: str
    report: ValidationReport | None = None
    problem: str | None = None

    @property
    def is_running(self) -> bool:
        return self.report is None and self.problem is None


@dataclass
class CheckRuns:
    """The checks of this server process, the last of each candidate; a restart forgets them, not their reports."""

    by_candidate: dict[str, CheckRun] = field(default_factory=dict)

    def start(self, wiring: Wiring, candidate_id: str, check: Callable[[], ValidationReport]) -> CheckRun:
        """Begin in a thread of its own; one that runs for this candidate already goes on instead."""
        known = self.by_candidate.get(candidate_id)
        if known and known.is_running:
            return known
        run = self.by_candidate[candidate_id] = CheckRun(candidate_id)
        name = f"check {candidate_id}"
        threading.Thread(target=_run, args=(run, wiring, check), name=name, daemon=True).start()
        return run

    def take(self, candidate_id: str) -> CheckRun | None:
        """The candidate's check; one that has ended is told once."""
        run = self.by_candidate.get(candidate_id)
        if run and not run.is_running:
            del self.by_candidate[candidate_id]
        return run


def _run(run: CheckRun, wiring: Wiring, check: Callable[[], ValidationReport]) -> None:
    try:
        run.report = check()
    except EngineError as error:
        run.problem = str(error)
    except Exception as error:  # told on the page; the log has the rest
        wiring.log.exception("A check failed")
        run.problem = f"{type(error).__name__}: {error}"
