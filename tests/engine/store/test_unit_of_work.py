import threading

import pytest
from sqlalchemy import func, select, text

from engine.errors import InvalidInput, StaleInstance
from engine.store.tables import Resource
from engine.store.unit_of_work import Store

CONTENT = Resource.__table__


def resource(digest: str) -> Resource:
    return Resource(digest=digest, kind="model", content=b"x")


def count(store) -> int:
    with store.reading() as work:
        return work.execute(select(func.count()).select_from(CONTENT)).scalar_one()


def test_leaving_the_block_keeps_everything(store):
    with store.transaction() as work:
        work.session.add(resource("a"))

    assert count(store) == 1


def test_an_exception_undoes_everything_and_calls_no_follow_up(store):
    called = []

    def change_and_fail():
        with store.transaction() as work:
            work.session.add(resource("a"))
            work.after_commit(lambda: called.append(1))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        change_and_fail()

    assert (count(store), called) == (0, [])


def test_statements_see_what_the_session_holds(store):
    with store.transaction() as work:
        work.session.add(resource("a"))

        assert work.execute(select(CONTENT.c.digest)).scalars().all() == ["a"]


def test_follow_ups_run_after_the_commit_in_order_also_those_of_follow_ups(store):
    order = []

    def second():
        with store.transaction() as work:
            order.append(count_in(work))
            work.after_commit(lambda: order.append("third"))

    def count_in(work):
        return work.execute(select(func.count()).select_from(CONTENT)).scalar_one()

    with store.transaction() as work:
        work.session.add(resource("a"))
        work.after_commit(second)
        work.after_commit(lambda: order.append("beside"))

    assert order == [1, "beside", "third"]


def test_a_failing_follow_up_stops_no_other(store, caplog):
    order = []

    def fail():
        raise RuntimeError("no")

    with store.transaction() as work:
        work.after_commit(fail)
        work.after_commit(lambda: order.append("next"))

    assert order == ["next"]
    assert "follow-up" in caplog.text


def test_an_endless_chain_of_follow_ups_is_left_to_the_worker(store):
    woken, links = [], []
    store.wake = lambda: woken.append(1)

    def link():
        links.append(1)
        with store.transaction() as work:
            work.after_commit(link)

    with store.transaction() as work:
        work.after_commit(link)

    assert woken == [1]
    assert len(links) == 200


def test_run_repeats_what_was_stale(store):
    tries = []

    def sometimes(work):
        tries.append(1)
        work.session.add(resource(f"r{len(tries)}"))
        if len(tries) < 3:
            work.flush()
            raise StaleInstance("somebody was faster")
        return "done"

    assert store.run(sometimes) == "done"
    assert count(store) == 1


def test_run_gives_up_after_a_while(store):
    def never(work):
        raise StaleInstance("somebody was faster")

    with pytest.raises(StaleInstance):
        store.run(never, tries=2)


def test_a_second_unit_of_work_in_the_same_thread_is_a_mistake_that_is_named(sqlite_store):
    with (
        sqlite_store.transaction(),
        pytest.raises(RuntimeError, match="already has a unit of work open"),
        sqlite_store.transaction(),
    ):
        pass


def test_many_writers_all_get_their_turn(store):
    def write(number):
        for step in range(5):
            store.run(lambda work, step=step: work.session.add(resource(f"{number}-{step}")))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count(store) == 30


def test_readers_are_not_kept_waiting_by_a_writer(store):
    with store.transaction() as work:
        work.session.add(resource("a"))
        work.flush()

        seen = []
        reader = threading.Thread(target=lambda: seen.append(count(store)))
        reader.start()
        reader.join(10)

    assert seen == [0]


def test_reading_shows_one_moment_whatever_happens_meanwhile(store):
    def write():
        with store.transaction() as work:
            work.session.add(resource("late"))

    with store.reading() as work:
        before = work.execute(select(func.count()).select_from(CONTENT)).scalar_one()
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(10)
        after = work.execute(select(func.count()).select_from(CONTENT)).scalar_one()

    assert (before, after, count(store)) == (0, 0, 1)


def test_the_database_survives_power_loss_by_default(sqlite_store):
    with sqlite_store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://"])
def test_other_databases_are_refused_with_what_to_use(url):
    with pytest.raises(InvalidInput):
        Store(url)


def test_closing_while_somebody_writes_is_no_error(store_url):
    writer, other = Store(store_url), Store(store_url)
    with writer.transaction() as work:
        work.execute(text("SELECT 1"))
        other.close()
    writer.close()
