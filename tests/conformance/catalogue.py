"""Every promise, in the order of the coverage page."""

from tests.conformance import cases_activities, cases_dialects, cases_events, cases_flow  # noqa: F401  they add cases
from tests.conformance.cases import CASES, Case

__all__ = ["CASES", "Case"]
