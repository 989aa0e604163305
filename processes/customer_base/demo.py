"""Demo data: a small machine builder's customers, products and installed base, the same at every creation."""

from datetime import datetime

from sqlalchemy.orm import Session

from processes.customer_base.scope import in_enterprise


def create_demo(session: Session, enterprise_id: str, now: datetime) -> None:
    """Fill an enterprise's empty customer base."""
    in_enterprise(session, enterprise_id)
