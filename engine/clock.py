"""Time as an argument: nobody asks the operating system what time it is, except `SystemClock`."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present moment as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """A clock that moves only when told: for play, simulation and tests.

    >>> clock = VirtualClock(datetime(2026, 1, 5, 9, tzinfo=UTC))
    >>> clock.pass_by(hours=1)
    >>> clock.now().isoformat()
    '2026-01-05T10:00:00+00:00'
    """

    def __init__(self, at: datetime):
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def pass_by(self, **duration: float) -> None:
        """Move forward by `timedelta(**duration)`."""
        self.move_to(self._at + timedelta(**duration))

    def move_to(self, moment: datetime) -> None:
        """Set the clock; it never runs backwards."""
        self._at = max(self._at, moment.astimezone(UTC))
