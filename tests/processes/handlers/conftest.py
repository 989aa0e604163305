"""Jobs for handlers, on the demo company in memory."""

from datetime import UTC, datetime

import pytest

from engine.handlers import Job
from processes.handlers import all_handlers
from processes.handlers.resources import Resources

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.fixture
def resources():
    return Resources.in_memory(NOW)


@pytest.fixture
def base(resources):
    """Open a session on the same customer base."""
    return lambda: resources.session_for("acme", NOW)


@pytest.fixture
def run(resources):
    """Run the handler of a topic; the same key is the same job again."""
    handlers, keys = all_handlers(), iter(range(1000))

    def run(topic, key=None, **variables):
        job = Job(
            topic=topic,
            variables=variables,
            idempotency_key=key or f"job-{next(keys)}",
            now=NOW,
            process_instance_id="pi-1",
            process_id="lead_to_order",
            element_id="element",
            business_key="CASE-1",
            enterprise_id="acme",
            resources=resources,
        )
        return handlers.get(topic)(job)

    return run
