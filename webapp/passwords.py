"""Passwords: hashed with argon2id; wrong ones slow the next try down."""

import threading
from collections import defaultdict, deque
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from engine.errors import InvalidInput

SHORTEST = 8
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second profile for argon2id
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The hash to keep. InvalidInput when the password is too short."""
    if len(password) < SHORTEST:
        raise InvalidInput(f"A password needs at least {SHORTEST} characters, found {len(password)}.")
    return _hasher.hash(password)


def is_password(password: str, kept_hash: str | None) -> bool:
    """Whether the password belongs to the hash; takes the same time when there is no such user (`None`)."""
    try:
        return _hasher.verify(kept_hash or _NOBODY, password) and kept_hash is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


class Throttle:
    """Counts failures per key (a name, an address) and says how long the next try must wait.

    Kept in memory: the embedded server is one process, and a restart forgives everybody.
    """

    def __init__(self, attempts: int, pause_seconds: int):
        self._attempts = attempts
        self._pause = timedelta(seconds=pause_seconds)
        self._failures: dict[str, deque[datetime]] = defaultdict(deque)
        self._lock = threading.Lock()

    def seconds_to_wait(self, keys: tuple[str, ...], now: datetime) -> int:
        """0 when a try is allowed now."""
        with self._lock:
            return max((self._wait(key, now) for key in keys), default=0)

    def note_failure(self, keys: tuple[str, ...], now: datetime) -> None:
        with self._lock:
            if len(self._failures) > 10_000:
                self._forget_old(now)
            for key in keys:
                self._failures[key].append(now)

    def forgive(self, keys: tuple[str, ...]) -> None:
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)

    def _wait(self, key: str, now: datetime) -> int:
        failures = self._failures.get(key)
        if not failures:
            return 0
        while failures and failures[0] <= now - self._pause:
            failures.popleft()
        if len(failures) < self._attempts:
            return 0
        return max(1, int((failures[-self._attempts] + self._pause - now).total_seconds()))

    def _forget_old(self, now: datetime) -> None:
        for key in [key for key, moments in self._failures.items() if moments and moments[-1] <= now - self._pause]:
            del self._failures[key]
