"""Work in a thread of its own, that people started on screen and look at from time to time."""

import threading
from collections.abc import Callable
from typing import Any

from engine.errors import EngineError
from webapp.wiring import Wiring


class BackgroundRun:
    """Ends with a `report`, or with a `problem` in a sentence."""

    report: Any = None
    problem: str | None = None

    @property
    def is_running(self) -> bool:
        return self.report is None and self.problem is None

    def begin(self, wiring: Wiring, name: str, work: Callable[[], Any]) -> None:
        """Start; `name` is for whoever looks at the server's threads and log."""
        threading.Thread(target=self._do, args=(wiring, name, work), name=name, daemon=True).start()

    def _do(self, wiring: Wiring, name: str, work: Callable[[], Any]) -> None:
        try:
            self.report = work()
        except EngineError as error:
            self.problem = str(error)
        except Exception as error:  # told on the page; the log has the rest
            wiring.log.exception("In the background: %s failed", name)
            self.problem = f"{type(error).__name__}: {error}"
