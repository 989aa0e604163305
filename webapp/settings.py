"""Everything an installation can choose: one frozen dataclass, read from `PRAXIS_*` environment variables."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from engine.errors import InvalidInput

PREFIX = "PRAXIS_"
YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Settings:
    """The choices of an installation; each field is the environment variable `PRAXIS_<NAME>`."""

    data_directory: Path = Path("var")  # database, secret key and mailbox of the embedded default
    database_url: str = ""  # sqlite:///FILE or postgresql://…; default: praxis.sqlite3 in the data directory
    secret_key: str = ""  # signs sessions and links; default: made once and kept in the data directory
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""  # address that customers reach, for links in mails; default: http://<host>:<port>
    threads: int = 32  # requests answered at the same time
    worker: bool = True  # due timers and jobs run inside the server
    tick_seconds: float = 1.0  # how often the worker looks for due work
    cookie_secure: bool = True  # session cookies travel over HTTPS only (browsers except loopback addresses)
    session_hours: int = 12
    sign_in_attempts: int = 8  # wrong passwords per name and per address before a pause
    sign_in_pause_seconds: int = 300
    upload_megabytes: int = 25
    time_zone: str = "UTC"  # how moments are shown, an IANA name such as Asia/Shanghai
    language: str = "en"  # for visitors whose browser asks for none of ours
    smtp_url: str = ""  # smtp://user:password@host:587; default: mails stay in the mailbox on screen
    mail_sender: str = "praxis@localhost"
    demo: bool = False  # the sign-in page names the demo people

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings of this environment; an unknown `PRAXIS_` name is refused, because it is most likely a typo."""
        environment = os.environ if environment is None else environment
        known = {PREFIX + field.name.upper(): field for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                raise InvalidInput(_unknown(name, list(known)))
            values[known[name].name] = _typed(name, text, known[name].type)
        return cls(**values)

    @property
    def store_url(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.data_directory / 'praxis.sqlite3'}"

    @property
    def address(self) -> str:
        """Where people reach this installation, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def signing_key(self) -> str:
        """The secret key; made once and kept in the data directory when none is set."""
        if self.secret_key:
            return self.secret_key
        path = self.data_directory / "secret_key"
        try:
            return path.read_text()
        except FileNotFoundError:
            self.data_directory.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text()


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}."
    return f"The environment variable {name} is no setting of Praxis: {advice}"


def _typed(name: str, text: str, kind: Any) -> Any:
    """The value of a setting from its text."""
    if kind is bool:
        if text.lower() in YES | NO:
            return text.lower() in YES
        raise InvalidInput(f"{name} must be yes or no, found '{text}'.")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError as error:
            raise InvalidInput(f"{name} must be a number, found '{text}'.") from error
    return kind(text)
