"""What the checks of a variant may use in this installation: its handlers, its groups, a customer base in memory."""

from sqlalchemy import select

from engine.store.actor import Actor
from practice_repo.validation import Bench
from processes.handlers import all_handlers
from processes.handlers.resources import Resources
from webapp.tables import Role
from webapp.wiring import Wiring

SECONDS_OF_PLAY = 20  # somebody waits for the answer


def bench(wiring: Wiring, actor: Actor) -> Bench:
    """The bench for this actor's enterprise: scenarios run with the real handlers on a copy of the demo's customers."""
    with wiring.store.reading() as work:
        groups = work.execute(select(Role.key).where(Role.enterprise_id == actor.enterprise_id)).scalars().all()
    return Bench(
        handlers=all_handlers,
        resources=Resources.in_memory,
        groups=frozenset(groups),
        topics=frozenset(wiring.handlers),
        seconds=SECONDS_OF_PLAY,
    )
