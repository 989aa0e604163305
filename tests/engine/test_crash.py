"""kill -9 at every commit boundary of a case: after a restart it ends the same, and no effect happens twice."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from engine.clock import VirtualClock
from engine.handlers import Handlers
from engine.queries.process_instance import process_instance
from engine.store.tables import ElementInstance, Job, Message, MessageSubscription, ProcessInstance, Timer
from engine.store.unit_of_work import Store
from tests.conftest import NEW_YEAR
from tests.support import databases
from tests.support.models import (
    catch,
    end,
    flow,
    line,
    message,
    message_event,
    model,
    process,
    script_task,
    service_task,
    start,
    throw,
    timer_event,
    user_task,
)
from tests.support.models import signal as signal_root
from tests.support.models import signal_event as signal_definition
from tests.support.office import Office

ROOTS = (
    message("m_order", "Order", order="=order")
    + message("m_goods", "Goods", order="=order")
    + signal_root("s_day", "Day")
)
SHOP = model(
    process(
        "shop",
        line(
            start(),
            user_task("offer"),
            service_task("price", "price"),
            throw("order", message_event("m_order")),
            catch("goods", message_event("m_goods")),
            catch("rest", timer_event("timeDuration", "PT2H")),
            '<bpmn:parallelGateway id="both"/>',
            user_task("pack"),
            '<bpmn:parallelGateway id="joined"/>',
            throw("day", signal_definition("s_day")),
            end(),
        ),
        service_task("bill", "bill"),
        flow("both", "bill"),
        flow("bill", "joined"),
    ),
    roots=ROOTS,
)
SUPPLIER = model(
    process(
        "supplier",
        line(
            start("ordered", message_event("m_order")),
            service_task("make", "make"),
            script_task("count", "{made: 1}"),
            throw("deliver", message_event("m_goods")),
            catch("evening", signal_definition("s_day")),
            end("done"),
        ),
    ),
    roots=ROOTS,
)
WORK = {"offer": {"amount": 20}, "pack": {"boxes": 2}}


class KilledStore(Store):
    """Ends the process, without any goodbye, at the n-th commit: just before it, or just after it."""

    def __init__(self, url: str, kill_at: int, before: bool):
        super().__init__(url)
        self.kill_at, self.before, self.commits = kill_at, before, 0
        event.listen(self.engine, "commit", self._on_commit)

    def _on_commit(self, _connection) -> None:
        self.commits += 1
        if self.before and self.commits == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _committed(self, work) -> None:
        if not self.before and self.commits >= self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._committed(work)


def drive(store: Store) -> None:
    """Work on the case from wherever it stands until everything has ended; days pass when nothing else moves."""
    office = Office(store, VirtualClock(NEW_YEAR), _handlers(store))
    office.deploy(SHOP)
    office.deploy(SUPPLIER)
    if not office.states("shop"):
        office.start("shop", {"order": "A1"}, business_key="A1")
    for _ in range(50):
        office.run_due()
        for element_id in office.open_tasks():
            office.complete(element_id, WORK[element_id])
        if set(office.states("shop") + office.states("supplier")) == {"completed"}:
            return
        office.clock.pass_by(hours=1)
    raise AssertionError("The case does not end.")


def _handlers(store: Store) -> Handlers:
    """Handlers whose effects are safe to repeat: kept once per idempotency key."""
    handlers = Handlers()
    for topic in ("price", "bill", "make"):

        @handlers.register(topic)
        def effect(job, topic=topic):
            with store.transaction() as work:
                work.execute(
                    text("INSERT INTO effect (key, topic) VALUES (:key, :topic) ON CONFLICT DO NOTHING"),
                    {"key": job.idempotency_key, "topic": topic},
                )
            return {topic: "done"}

    return handlers


def outcome(url: str) -> dict:
    """Everything that matters about how the case ended."""
    store = Store(url)
    office = Office(store, VirtualClock(NEW_YEAR))
    with store.reading() as work:
        cases = work.execute(select(ProcessInstance.id, ProcessInstance.process_id, ProcessInstance.state)).all()
        visits = work.execute(select(ElementInstance.element_id, ElementInstance.state)).all()
        effects = work.execute(text("SELECT topic FROM effect")).scalars().all()
        left = sum(
            len(work.execute(select(mapped.__table__)).all()) for mapped in (Job, Timer, MessageSubscription, Message)
        )
        variables = {
            case.process_id: process_instance(work, process_instance_id=case.id, now=NEW_YEAR).variables
            for case in cases
        }
    found = {
        "cases": sorted((case.process_id, case.state) for case in cases),
        "visits": sorted(map(tuple, visits)),
        "effects": sorted(effects),
        "left": left,
        "variables": variables,
        "differences": office.differences(),
    }
    store.close()
    return found


@pytest.fixture
def new_database(sqlite_template, tmp_path):
    """Gives the address of a fresh database, each time it is called."""
    made = iter(range(10_000))

    def make() -> str:
        folder = tmp_path / str(next(made))
        Path(folder).mkdir()
        url = databases.sqlite_copy(sqlite_template, folder)
        store = Store(url)
        with store.transaction() as work:
            work.execute(text("CREATE TABLE effect (key TEXT PRIMARY KEY, topic TEXT)"))
        store.close()
        return url

    return make


def run_and_be_killed(url: str, kill_at: int, before: bool) -> int | None:
    """The exit code of a process that works on the case: minus nine when it was killed."""
    child = multiprocessing.get_context("fork").Process(target=_child, args=(url, kill_at, before))
    child.start()
    child.join(60)
    return child.exitcode


def _child(url: str, kill_at: int, before: bool) -> None:
    drive(KilledStore(url, kill_at, before))
    os._exit(0)


@pytest.mark.parametrize("before", [True, False], ids=["just before the commit", "just after the commit"])
def test_a_case_that_is_killed_at_any_commit_ends_the_same_after_a_restart(new_database, before):
    undisturbed = new_database()
    counting = KilledStore(undisturbed, kill_at=10**9, before=before)
    drive(counting)
    counting.close()
    expected = outcome(undisturbed)

    for kill_at in range(1, counting.commits + 1):
        url = new_database()
        exit_code = run_and_be_killed(url, kill_at, before)
        restarted = Store(url)
        drive(restarted)
        restarted.close()

        assert exit_code == -signal.SIGKILL, f"commit {kill_at} was not reached"
        assert outcome(url) == expected, f"killed at commit {kill_at}"

    assert expected["cases"] == [("shop", "completed"), ("supplier", "completed")]
    assert expected["effects"] == ["bill", "make", "price"]
    assert expected["left"] == 0
    assert expected["differences"] == []
    assert counting.commits > 15
