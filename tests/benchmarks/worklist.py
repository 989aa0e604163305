"""How fast the worklist is among many open tasks: `python -m tests.benchmarks.worklist [--tasks N] [--database URL]`.

Prints the median and the 95th percentile, in milliseconds, of the first page under three filters, of the counts of all
views, and of both together (what a person waits for), for different people and filters.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import insert, text

from engine.queries.worklist import view_counts, worklist
from engine.store.actor import Actor
from engine.store.tables import (
    END_OF_TIME,
    Deployment,
    ProcessDefinition,
    ProcessInstance,
    SearchVariable,
    UserTask,
    UserTaskCandidate,
)
from engine.store.types import new_id
from engine.store.unit_of_work import Store, Work

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
PROCESSES = ("lead_to_order", "campaign_lifecycle", "ticket_to_dispatch", "reverse_logistics")
ROLES = tuple(f"role_{number}" for number in range(12))
PEOPLE = tuple(f"person_{number}" for number in range(60))
ENTERPRISE = "acme"
BATCH = 5000


def fill(store: Store, tasks: int, chance: random.Random) -> None:
    """Write `tasks` open tasks, each in a case of its own: a third is claimed, a tenth has no due moment."""
    definitions = {}
    with store.transaction() as work:
        work.execute(
            insert(Deployment),
            {
                "id": "deployment",
                "enterprise_id": ENTERPRISE,
                "name": "bench",
                "digest": "",
                "deployed_at": NOW,
                "deployed_by": "bench",
            },
        )
        for process_id in PROCESSES:
            definitions[process_id] = new_id()
            work.execute(insert(ProcessDefinition), _definition(definitions[process_id], process_id))
    for start in range(0, tasks, BATCH):
        with store.transaction() as work:
            _fill_batch(work, definitions, range(start, min(start + BATCH, tasks)), chance)
    with store.transaction() as work:
        work.execute(text("ANALYZE"))


def _definition(definition_id: str, process_id: str) -> dict:
    return {
        "id": definition_id,
        "enterprise_id": ENTERPRISE,
        "process_id": process_id,
        "version": 1,
        "name": process_id,
        "description": "",
        "deployment_id": "deployment",
        "digest": "",
        "bundle_digest": "",
        "bundle": {},
        "candidate_starters": [],
        "startable": True,
        "is_latest": True,
        "is_suspended": False,
        "deployed_at": NOW,
    }


def _fill_batch(work: Work, definitions: dict[str, str], numbers: range, chance: random.Random) -> None:
    cases, tasks, candidates, variables = [], [], [], []
    for number in numbers:
        process_id = chance.choice(PROCESSES)
        case_id, task_id = new_id(), new_id()
        created_at = NOW - timedelta(minutes=chance.randrange(60 * 24 * 30))
        due_at = None if chance.random() < 0.1 else created_at + timedelta(hours=chance.randrange(24 * 60))
        role = chance.choice(ROLES)
        assignee = chance.choice(PEOPLE) if chance.random() < 0.33 else None
        customer = f"Customer {chance.randrange(tasks_per_customer(numbers))}"
        common = {"enterprise_id": ENTERPRISE, "definition_id": definitions[process_id], "process_id": process_id}
        titled = {"business_key": f"K-{number}", "title": f"{process_id} of {customer}"}
        cases.append(
            common
            | titled
            | {"id": case_id, "state": "active", "revision": 1, "started_by": chance.choice(PEOPLE)}
            | {"started_at": created_at, "moved_at": created_at, "snapshot": b"\x00" * 600}
        )
        tasks.append(
            common
            | titled
            | {
                "id": task_id,
                "process_instance_id": case_id,
                "element_instance_id": 2,
                "element_id": f"task_{number % 9}",
            }
            | {"name": f"Task {number % 9}", "role": role, "assignee": assignee, "due_at": due_at, "state": "open"}
            | {"due_order": due_at or END_OF_TIME, "priority": chance.choice((30, 50, 50, 50, 80))}
            | {"is_suspended": False, "created_at": created_at, "claimed_at": created_at if assignee else None}
        )
        candidates.append({"user_task_id": task_id, "kind": "group", "name": role})
        for name, value in (("customer", customer), ("region", f"R{number % 8}"), ("segment", f"S{number % 5}")):
            variables.append(
                {"process_instance_id": case_id, "name": name, "enterprise_id": ENTERPRISE, "text": value}
                | {"number": None, "moment": None}
            )
    for mapped, rows in (
        (ProcessInstance, cases),
        (UserTask, tasks),
        (UserTaskCandidate, candidates),
        (SearchVariable, variables),
    ):
        work.execute(insert(mapped), rows)


def tasks_per_customer(numbers: range) -> int:
    return max(10, len(numbers) // 5)


def filters(chance: random.Random) -> dict:
    """Three filters, as a person would choose them."""
    return chance.choice(
        (
            {
                "process_id": chance.choice(PROCESSES),
                "due_before": NOW + timedelta(days=chance.randrange(1, 20)),
                "attributes": {"region": f"R{chance.randrange(8)}"},
            },
            {
                "process_id": chance.choice(PROCESSES),
                "role": chance.choice(ROLES),
                "text": f"customer {chance.randrange(900)}",
            },
            {
                "attributes": {"customer": f"Customer {chance.randrange(900)}", "segment": f"S{chance.randrange(5)}"},
                "due_from": NOW - timedelta(days=20),
            },
            {
                "role": chance.choice(ROLES),
                "text": "of customer 1",
                "attributes": {"segment": f"S{chance.randrange(5)}"},
            },
        )
    )


def measured(function: Callable[[], object], times: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        function()
        taken.append((time.perf_counter() - begun) * 1000)
    return median(taken), quantiles(taken, n=20)[-1]


def measure(store: Store, chance: random.Random, times: int) -> dict[str, tuple[float, float]]:
    """Figures by what was measured."""
    people = [Actor(name, frozenset(chance.sample(ROLES, 3)), enterprise_id=ENTERPRISE) for name in PEOPLE]
    supervisor = Actor("boss", is_supervisor=True, enterprise_id=ENTERPRISE)

    def page(view: str, actor: Actor | None = None, **arguments) -> None:
        with store.reading() as work:
            worklist(work, actor=actor or chance.choice(people), view=view, now=NOW, **arguments)

    def counts() -> None:
        with store.reading() as work:
            view_counts(work, actor=chance.choice(people), now=NOW)

    def first_screen() -> None:
        with store.reading() as work:
            actor = chance.choice(people)
            view_counts(work, actor=actor, now=NOW)
            worklist(work, actor=actor, view="my_groups", now=NOW, **filters(chance))

    return {
        "mine": measured(lambda: page("mine"), times),
        "my groups": measured(lambda: page("my_groups"), times),
        "my groups, three filters": measured(lambda: page("my_groups", **filters(chance)), times),
        "all (supervisor), three filters": measured(lambda: page("all", supervisor, **filters(chance)), times),
        "all (supervisor), by priority": measured(lambda: page("all", supervisor, sort="priority"), times),
        "counts of all views": measured(counts, times),
        "first screen: counts and three filters": measured(first_screen, times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--database", help="an empty database; default: a SQLite file that is removed afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(options.database or f"sqlite:///{Path(folder) / 'bench.db'}")
        store.create_tables()
        chance = random.Random(7)
        fill(store, options.tasks, chance)
        print(f"{options.tasks} open tasks, {store.engine.dialect.name}; milliseconds, median and 95th percentile")
        for what, (middle, slow) in measure(store, chance, options.times).items():
            print(f"  {what:42} {middle:8.1f} {slow:8.1f}")
        store.close()


if __name__ == "__main__":
    main()
