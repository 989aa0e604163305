"""Mail for what the library has to tell: to the people of an enterprise who tailor practices."""

from datetime import datetime

from sqlalchemy import or_, select, update

from engine.store.unit_of_work import Store
from practice_repo.notices import text_of_notice
from practice_repo.permissions import ANALYST
from practice_repo.tables import PracticeNotice
from processes.customer_base.mailing import Mail
from processes.handlers.resources import Resources
from webapp.tables import Membership, User

NOTICES = PracticeNotice.__table__.c
MOST_AT_ONCE = 500


def mail_notices(store: Store, resources: Resources, now: datetime) -> int:
    """Send every notice that was not mailed yet; gives how many. A notice is mailed once to each address."""
    with store.reading() as work:
        statement = select(PracticeNotice.__table__).where(NOTICES.mailed_at.is_(None)).order_by(NOTICES.at)
        waiting = work.execute(statement.limit(MOST_AT_ONCE)).all()
        readers = _readers(work, {row.enterprise_id for row in waiting})
    for enterprise_id in sorted({row.enterprise_id for row in waiting}):
        own = [row for row in waiting if row.enterprise_id == enterprise_id]
        with resources.session_for(enterprise_id, now) as session:
            for row in own:
                for user in readers.get(enterprise_id, ()):
                    resources.send(session, _mail(row, user), now=now)
    sent = [row.id for row in waiting]
    if sent:
        store.run(lambda work: work.execute(update(PracticeNotice).where(NOTICES.id.in_(sent)).values(mailed_at=now)))
    return len(sent)


def _readers(work, enterprise_ids: set[str]) -> dict[str, list]:
    """Active people with an address who tailor practices, and supervisors, by enterprise."""
    analysts = select(Membership.user_id).where(Membership.role_key == ANALYST)
    statement = select(User.name, User.email, User.language, User.enterprise_id).where(
        User.enterprise_id.in_(enterprise_ids),
        User.is_active,
        User.email.is_not(None),
        or_(User.is_supervisor, User.id.in_(analysts)),
    )
    found: dict[str, list] = {}
    for row in work.execute(statement.order_by(User.name)):
        found.setdefault(row.enterprise_id, []).append(row)
    return found


def _mail(row, user) -> Mail:
    text = text_of_notice(row.kind, row.details).in_language(user.language or "en")
    return Mail(key=f"notice-{row.id}-{user.name}", to=user.email, subject=text[:120], body=text)
