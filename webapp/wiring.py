"""What an installation consists of at run time: store, clock, handlers, worker; made once, passed everywhere."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from engine.clock import Clock, SystemClock
from engine.errors import InvalidInput
from engine.handlers import Handlers
from engine.store.unit_of_work import Store, Work
from engine.worker import Chore, Worker
from practice_repo.commands.look_at_experiment import look_at_all
from practice_repo.handlers import practice_handlers
from practice_repo.loop_handlers import loop_handlers
from practice_repo.validation import Bench
from processes.customer_base import mailing
from processes.handlers import all_handlers
from processes.handlers.resources import Resources
from webapp.known_names import known_names
from webapp.links import sign
from webapp.notice_mail import mail_notices
from webapp.outcomes import CALENDAR, read_outcomes
from webapp.passwords import Throttle
from webapp.settings import Settings

T = TypeVar("T")
BETWEEN_LOOKS = timedelta(hours=6)  # at running experiments
SECONDS_OF_PLAY = 60  # of the automatic checks of a contribution: nobody waits for them


@dataclass
class Wiring:
    """The running pieces. `store.run` for commands, `store.reading()` for queries."""

    settings: Settings
    store: Store
    clock: Clock
    handlers: Handlers
    resources: Resources
    worker: Worker
    throttle: Throttle = field(init=False)
    log: logging.Logger = field(default=logging.getLogger("webapp"), init=False)

    def __post_init__(self) -> None:
        self.throttle = Throttle(self.settings.sign_in_attempts, self.settings.sign_in_pause_seconds)

    def run(self, function: Callable[[Work], T]) -> T:
        """A command's result, from one unit of work that is repeated when somebody else was faster."""
        return self.store.run(function)


def wire(settings: Settings, *, clock: Clock | None = None, store: Store | None = None) -> Wiring:
    """The pieces for these settings; nothing runs yet (`wiring.worker.start()` does)."""

    clock = clock or SystemClock()
    if settings.store_url.startswith("sqlite:"):
        settings.data_directory.mkdir(parents=True, exist_ok=True)
    store = store or Store(settings.store_url)
    handlers = all_handlers()
    links = {"base_url": settings.address, "sign_link": partial(sign, settings.signing_key())}
    resources = Resources.for_store(store, mail=mail_adapter(settings), settings=links)
    handlers.include(_practice_handlers(store, clock, handlers, resources))
    handlers.include(loop_handlers(store, bench=lambda: _bench(handlers), calendar=CALENDAR, outcomes=read_outcomes))
    chores = (
        Chore("experiments", BETWEEN_LOOKS, partial(look_at_all, store, calendar=CALENDAR, outcomes=read_outcomes)),
    )
    worker = Worker(store, handlers, clock, resources, chores=chores)
    return Wiring(settings, store, clock, handlers, resources, worker)


def _practice_handlers(store: Store, clock: Clock, handlers: Handlers, resources: Resources) -> Handlers:
    """What the library does in the review of contributions; its checks play scenarios with the shipped handlers."""
    return practice_handlers(
        store,
        known=known_names,
        bench=lambda: _bench(handlers),
        tell=lambda: mail_notices(store, resources, clock.now()),
    )


def _bench(handlers: Handlers) -> Bench:
    """Automatic checks play scenarios with the shipped handlers, on a demo customer base in memory."""
    return Bench(
        handlers=all_handlers, resources=Resources.in_memory, topics=frozenset(handlers), seconds=SECONDS_OF_PLAY
    )


def mail_adapter(settings: Settings) -> mailing.MailAdapter:
    """SMTP where a server is named, else the mailbox that one reads on screen."""
    if not settings.smtp_url:
        return mailing.Mailbox()
    address = urlsplit(settings.smtp_url)
    if address.scheme not in ("smtp", "smtp+plain") or not address.hostname:
        raise InvalidInput(
            f"PRAXIS_SMTP_URL must look like smtp://user:password@host:587, found '{settings.smtp_url}'."
            " Use smtp+plain:// for a server without STARTTLS."
        )
    return mailing.Smtp(
        host=address.hostname,
        port=address.port or 587,
        username=unquote(address.username) if address.username else None,
        password=unquote(address.password) if address.password else None,
        sender=settings.mail_sender,
        starttls=address.scheme == "smtp",
    )
