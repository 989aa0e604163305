"""What an enterprise knows to be names: itself, its people, its customers and their contacts."""

import re

from sqlalchemy import select

from engine.store.unit_of_work import Work
from practice_repo.screening.finding import KnownNames
from processes.customer_base.tables import Contact, Party
from webapp.tables import Enterprise, User

MOST_NAMES = 5_000  # of each kind; the newest customers count most
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
SHORTEST = 4  # letters: shorter names are words of models, too


def known_names(work: Work, enterprise_id: str) -> KnownNames:
    """The dictionary for the screening of a contribution of this enterprise."""
    own = select(Enterprise.name).where(Enterprise.id == enterprise_id)
    people = select(User.full_name).where(User.enterprise_id == enterprise_id)
    parties = select(Party.name).where(Party.enterprise_id == enterprise_id).limit(MOST_NAMES)
    contacts = select(Contact.name).where(Contact.enterprise_id == enterprise_id).limit(MOST_NAMES)
    return KnownNames(
        organisations=_names(work, own, parties),
        persons=_names(work, people, contacts),
    )


def _names(work: Work, *statements) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for statement in statements:
        for name in work.execute(statement).scalars():
            latin, chinese = CHINESE.sub(" ", name or "").strip(), "".join(CHINESE.findall(name or ""))
            if len(latin) >= SHORTEST:
                found[latin] = None
            if len(chinese) > 1:
                found[chinese] = None
    return tuple(found)
