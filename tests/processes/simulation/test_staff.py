from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random

from processes.customer_base.working_time import WorkingCalendar
from processes.simulation import Desk, Employee, Piece

OFFICE = WorkingCalendar("UTC", None, time(9), time(17))
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def clerk(name="ann", *roles, calendar=OFFICE):
    return Employee(name, frozenset(roles or ("clerk",)), calendar)


def piece(name, since=MONDAY, **about):
    return Piece(name, about.pop("role", "clerk"), since, **about)


def takes(hours):
    return lambda _piece: hours * HOUR


def worked_off(desk, pieces, seed=1):
    """All assignments of these pieces, each offered at its moment."""
    chance, now, found, running = Random(seed), MONDAY, [], []
    todo = sorted(pieces, key=lambda each: each.since)
    while True:
        moments = [each.end for each in running] + ([todo[0].since] if todo else [])
        opening = desk.next_moment(now)
        moments = [max(now, each) for each in (*moments, opening) if each is not None]
        if not moments:
            return found
        now = min(moments)
        for done in [each for each in running if each.end <= now]:
            desk.finish(done)
            running.remove(done)
        while todo and todo[0].since <= now:
            desk.offer(todo.pop(0))
        new = desk.assign(now, lambda _piece: timedelta(minutes=chance.randint(5, 400)))
        running += new
        found += new


def test_nobody_works_out_of_hours_or_on_two_things_at_once():
    chance = Random(4)
    late = WorkingCalendar("UTC", None, time(12), time(20), frozenset({0, 2, 5}))
    desk = Desk([clerk("ann"), clerk("bob"), clerk("cleo", "clerk", "judge", calendar=late)])
    pieces = [
        piece(
            str(number),
            MONDAY + timedelta(minutes=chance.randint(0, 60 * 24 * 20)),
            role=chance.choice(["clerk", "judge"]),
        )
        for number in range(120)
    ]

    work = worked_off(desk, pieces)

    assert {each.piece.id for each in work} == {each.id for each in pieces}
    for name, employee in desk.employees.items():
        own = sorted((each for each in work if each.employee == name), key=lambda each: each.start)
        assert own
        assert all(first.end <= second.start for first, second in pairwise(own))
        for each in own:
            assert employee.calendar.is_open(each.start)
            assert employee.calendar.is_open(each.end - timedelta(seconds=1))
            assert each.start >= each.piece.since
            assert each.piece.role in employee.roles


def test_who_has_waited_longest_is_first():
    desk = Desk([clerk()])
    for number in (2, 1, 3):
        desk.offer(piece(str(number), MONDAY + number * timedelta(minutes=1)))

    found = desk.assign(MONDAY + HOUR, takes(1))

    assert [each.piece.id for each in found] == ["1"]


def test_work_goes_on_in_the_morning():
    desk = Desk([clerk()])
    desk.offer(piece("long", MONDAY + 7 * HOUR))

    found = desk.assign(MONDAY + 7 * HOUR, takes(3))

    assert found[0].end == datetime(2026, 1, 6, 11, tzinfo=UTC)


def test_work_that_comes_at_night_waits_for_the_morning():
    desk = Desk([clerk()])
    evening = MONDAY + 10 * HOUR
    desk.offer(piece("late", evening))

    assert desk.assign(evening, takes(1)) == []
    assert desk.next_moment(evening) == datetime(2026, 1, 6, 9, tzinfo=UTC)


def test_four_eyes_and_names_are_respected():
    desk = Desk([clerk("ann"), clerk("bob")])
    desk.offer(piece("check", except_for=frozenset({"ann"})))
    desk.offer(piece("hers", only="ann"))

    found = desk.assign(MONDAY, takes(1))

    assert {each.piece.id: each.employee for each in found} == {"check": "bob", "hers": "ann"}


def test_who_worked_on_what_is_withdrawn_is_free_at_once():
    desk = Desk([clerk()])
    desk.offer(piece("first"))
    desk.offer(piece("second"))
    [first] = desk.assign(MONDAY, takes(5))

    desk.withdraw("first", MONDAY + HOUR)

    assert not desk.is_at_work(first)
    assert [each.piece.id for each in desk.assign(MONDAY + HOUR, takes(1))] == ["second"]
