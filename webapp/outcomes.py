"""Where the measuring of practices meets the customer base: what cases left behind, and when people work."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.store.unit_of_work import Work
from processes.customer_base.records import measures_by_case
from processes.customer_base.scope import in_enterprise
from processes.customer_base.working_time import WorkingCalendar

CALENDAR = WorkingCalendar()  # by which the shipped handlers count, too


def read_outcomes(work: Work, enterprise_id: str, practice: str, since: datetime) -> Mapping[str, Mapping[str, Any]]:
    """The outcome reader of `practice_repo.outcomes.queries.facts`."""
    return measures_by_case(in_enterprise(work.session, enterprise_id), practice=practice, since=since)
