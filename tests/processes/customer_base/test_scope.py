"""An enterprise never sees another one's rows."""

import pytest
from sqlalchemy import func, select, update

from engine.errors import InvalidState, NotFound
from processes.customer_base.parties import create_party
from processes.customer_base.scope import enterprise_of, find, in_enterprise
from processes.customer_base.tables import Contact, Party


def test_rows_of_another_enterprise_are_neither_found_nor_counted_nor_changed(resources, now):
    with resources.session_for("ours", now) as session:
        ours = create_party(session, name="Only ours", now=now).id
    with resources.session_for("theirs", now) as session:
        found = session.scalars(select(Party).where(Party.name == "Only ours")).all()
        counted = session.scalar(select(func.count()).select_from(Party).where(Party.name == "Only ours"))
        changed = session.execute(update(Party).where(Party.name == "Only ours").values(name="Stolen")).rowcount
        joined = session.scalars(
            select(Contact).join(Party, Party.id == Contact.party_id).where(Party.id == ours)
        ).all()

        assert (found, counted, changed, joined) == ([], 0, 0, [])
        with pytest.raises(NotFound, match=f"no party with id '{ours}'"):
            find(session, Party, ours)


def test_new_rows_belong_to_the_enterprise_of_their_session(session, now):
    assert create_party(session, name="New", now=now).enterprise_id == enterprise_of(session) == "acme"


def test_a_session_stays_with_its_enterprise(session):
    with pytest.raises(InvalidState, match="open another one"):
        in_enterprise(session, "other")
