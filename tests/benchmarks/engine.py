"""What durability costs: `python -m tests.benchmarks.engine [--instances N] [--without-postgresql]`.

One process with three user tasks (four commits per instance) on: bare SpiffWorkflow in memory, Praxis in memory,
Praxis durable on SQLite (FULL and NORMAL) and on PostgreSQL; and the cost of the bare commit. Ratios are to the
first line of their kind.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from engine.bpmn import read_model
from engine.commands.complete_user_task import complete_user_task
from engine.commands.deploy import deploy
from engine.commands.start_process import start_process
from engine.runtime import Execution, compile_definition
from engine.store.actor import SYSTEM
from engine.store.tables import ProcessInstance
from engine.store.unit_of_work import Store
from tests.support.databases import PostgreSql
from tests.support.models import end, line, model, process, start, user_task

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TASKS = ("first", "second", "third")
MODEL = model(process("three", line(start(), *(user_task(name) for name in TASKS), end())))
VARIABLES = {"customer": "Ada", "amount": 1200, "region": "north", "items": [1, 2, 3], "urgent": False}
ANSWER = {"approved": True, "note": "fine"}
COMMITS_PER_INSTANCE = 1 + len(TASKS)


@dataclass(frozen=True)
class Figure:
    what: str
    instances_per_second: float
    bytes_per_instance: float = 0  # at rest, in the middle

    @property
    def completions_per_second(self) -> float:
        return self.instances_per_second * len(TASKS)


def bare_spiffworkflow(instances: int) -> Figure:
    """The library as it is: parsed once, every instance in memory."""
    parser = BpmnParser()
    parser.add_bpmn_str(MODEL)
    spec, inner = parser.get_spec("three"), parser.get_subprocess_specs("three")

    def one() -> None:
        workflow = BpmnWorkflow(spec, inner)
        workflow.task_tree.set_data(**VARIABLES)
        workflow.do_engine_steps()
        for _ in TASKS:
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.data.update(ANSWER)
            task.run()
            workflow.do_engine_steps()
        assert workflow.is_completed()

    rate = _rate(one, instances)
    workflow = BpmnWorkflow(spec, inner)
    workflow.task_tree.set_data(**VARIABLES)
    workflow.do_engine_steps()
    return Figure("SpiffWorkflow, in memory", rate, len(BpmnWorkflowSerializer().serialize_json(workflow)))


def praxis_in_memory(instances: int) -> Figure:
    """The runtime alone: events are taken and forgotten."""
    definition = compile_definition([read_model(MODEL)])

    def one() -> None:
        execution = Execution.start(definition, "three", at=NOW, variables=VARIABLES)
        for _ in TASKS:
            execution.complete_user_task(execution.waiting()[0].element_instance_id, ANSWER, at=NOW)
        execution.take_events()
        assert execution.state == "completed"

    rate = _rate(one, instances)
    waiting = Execution.start(definition, "three", at=NOW, variables=VARIABLES)
    return Figure("Praxis, in memory", rate, len(waiting.dump()))


def praxis_durable(what: str, store: Store, instances: int) -> Figure:
    """Through the commands: every step loads the instance, moves it, keeps it, commits."""
    store.run(lambda work: deploy(work, enterprise_id="e", name="bench", models=[MODEL], actor=SYSTEM, now=NOW))

    def one() -> None:
        with store.transaction() as work:
            tasks = start_process(
                work, enterprise_id="e", process_id="three", variables=VARIABLES, actor=SYSTEM, now=NOW
            ).user_task_ids
        while tasks:
            with store.transaction() as work:
                tasks = complete_user_task(
                    work, user_task_id=tasks[0], variables=ANSWER, actor=SYSTEM, now=NOW
                ).user_task_ids

    rate = _rate(one, instances)
    with store.transaction() as work:
        case = start_process(
            work, enterprise_id="e", process_id="three", variables=VARIABLES, actor=SYSTEM, now=NOW
        ).process_instance_id
    with store.reading() as work:
        size = work.execute(
            select(func.length(ProcessInstance.snapshot)).where(ProcessInstance.id == case)
        ).scalar_one()
    return Figure(what, rate, size)


def bare_commit_sqlite(folder: Path, synchronous: str, commits: int) -> float:
    """Commits per second of one small row each."""
    connection = sqlite3.connect(folder / f"commit-{synchronous}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT)")

    def one() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO note (body) VALUES ('x')")
        connection.execute("COMMIT")

    rate = _rate(one, commits)
    connection.close()
    return rate


def bare_commit_postgresql(url: str, commits: int) -> float:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE note (id SERIAL PRIMARY KEY, body TEXT)")
        return _rate(lambda: connection.execute("INSERT INTO note (body) VALUES ('x')"), commits)


def _rate(function: Callable[[], object], times: int) -> float:
    """Times per second: the best of three rounds, after one round to warm up."""
    for _ in range(max(1, times // 10)):
        function()
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        for _ in range(max(1, times // 3)):
            function()
        best = min(best, (time.perf_counter() - begun) / max(1, times // 3))
    return 1 / best


def report(figures: list[Figure], commits: dict[str, float]) -> str:
    """The figures as a table."""
    stock, memory = figures[0], figures[1]
    lines = [
        f"{'three user tasks, four commits':34}{'inst/s':>10}{'tasks/s':>10}{'x Spiff':>9}{'x memory':>9}{'bytes':>8}"
    ]
    lines += [
        f"{each.what:34}{each.instances_per_second:10.0f}{each.completions_per_second:10.0f}"
        f"{each.instances_per_second / stock.instances_per_second:9.2f}"
        f"{each.instances_per_second / memory.instances_per_second:9.2f}{each.bytes_per_instance:8.0f}"
        for each in figures
    ]
    lines.append("")
    lines.append(f"{'bare commit of one row':34}{'commits/s':>10}{'us':>10}{'share of a step':>18}")
    for what, rate in commits.items():
        durable = next((each for each in figures if each.what.endswith(what)), None)
        share = durable.instances_per_second * COMMITS_PER_INSTANCE / rate if durable else 0
        lines.append(f"{what:34}{rate:10.0f}{1e6 / rate:10.0f}{share:17.0%}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=900)
    parser.add_argument("--without-postgresql", action="store_true")
    options = parser.parse_args()
    instances = options.instances
    figures = [bare_spiffworkflow(instances), praxis_in_memory(instances * 3)]
    commits: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for synchronous in ("FULL", "NORMAL"):
            what = f"SQLite {synchronous}"
            store = Store(f"sqlite:///{folder / synchronous}.db", synchronous=synchronous)
            store.create_tables()
            figures.append(praxis_durable(f"Praxis, {what}", store, instances))
            store.close()
            commits[what] = bare_commit_sqlite(folder, synchronous, instances)
        if not options.without_postgresql:
            with PostgreSql(durable=True) as server, server.database() as url:
                store = Store(url)
                figures.append(praxis_durable("Praxis, PostgreSQL", store, instances))
                store.close()
                commits["PostgreSQL"] = bare_commit_postgresql(url, instances)
    print(report(figures, commits))


if __name__ == "__main__":
    main()
