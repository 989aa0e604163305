"""Whose rows a session sees: one enterprise's, and never another's.

    session = in_enterprise(session, "acme")
    find(session, Party, party_id)          # NotFound when the party belongs to somebody else

Every query for an owned table gets the enterprise as a further condition, and every new row its name, so that no
function of the customer base can forget either.
"""

from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from engine.errors import InvalidState, NotFound
from processes.customer_base.tables.columns import Owned

ENTERPRISE = "customer_base_enterprise"
Row = TypeVar("Row", bound=Owned)


def in_enterprise(session: Session, enterprise_id: str) -> Session:
    """The same session, from now on bound to the rows of this enterprise."""
    bound = session.info.setdefault(ENTERPRISE, enterprise_id)
    if bound != enterprise_id:
        raise InvalidState(f"This session works for enterprise '{bound}': open another one for '{enterprise_id}'.")
    return session


def enterprise_of(session: Session) -> str:
    """The enterprise that the session was bound to with `in_enterprise`."""
    try:
        return session.info[ENTERPRISE]
    except KeyError:
        raise InvalidState("The session is bound to no enterprise: call in_enterprise(session, …) first.") from None


def find(session: Session, table: type[Row], row_id: str | None, what: str | None = None) -> Row:
    """The row with this id; NotFound names what was looked for."""
    row = session.get(table, row_id) if row_id else None
    if row is None or row.enterprise_id != enterprise_of(session):
        raise NotFound(f"There is no {what or _noun(table)} with id '{row_id}': look it up again.")
    return row


def add(session: Session, row: Row) -> Row:
    """Add a row and write it, so that its id and constraints are settled."""
    session.add(row)
    session.flush()
    return row


def _noun(table: type[Owned]) -> str:
    return "".join(" " + letter.lower() if letter.isupper() else letter for letter in table.__name__).strip()


@event.listens_for(Session, "do_orm_execute")
def _only_own_rows(state: ORMExecuteState) -> None:
    enterprise_id = state.session.info.get(ENTERPRISE)
    if enterprise_id is None or state.is_column_load or state.is_relationship_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(
            with_loader_criteria(Owned, lambda table: table.enterprise_id == enterprise_id, include_aliases=True)
        )


@event.listens_for(Session, "before_flush")
def _mark_new_rows(session: Session, _context: Any, _instances: Any) -> None:
    enterprise_id = session.info.get(ENTERPRISE)
    if enterprise_id is None:
        return
    for row in session.new:
        if isinstance(row, Owned) and row.enterprise_id is None:
            row.enterprise_id = enterprise_id
