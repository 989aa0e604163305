"""People with roles and calendars who take up one piece of work at a time, the one that has waited longest first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from processes.customer_base.working_time import WorkingCalendar


@dataclass(frozen=True)
class Employee:
    name: str
    roles: frozenset[str]
    calendar: WorkingCalendar


@dataclass(frozen=True)
class Piece:
    """Work that waits for a person: of the role, or the one who is named; never one of `except_for` (four eyes)."""

    id: str
    role: str | None
    since: datetime
    only: str | None = None
    except_for: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Assignment:
    """Who works on what, from when until when; the time between is working time of the person's calendar."""

    piece: Piece
    employee: str
    start: datetime
    end: datetime


class Desk:
    """Where work waits for people. Time is the caller's: it calls `assign` at moments that do not go back."""

    def __init__(self, employees: Iterable[Employee] = ()):
        self.employees: dict[str, Employee] = {}
        self._waiting: dict[str, Piece] = {}
        self._busy: dict[str, Assignment] = {}  # by employee
        for employee in employees:
            self.hire(employee)

    def hire(self, employee: Employee) -> None:
        """One more person; a person of this name gets the roles as well."""
        known = self.employees.get(employee.name)
        if known is not None:
            employee = Employee(known.name, known.roles | employee.roles, known.calendar)
        self.employees[employee.name] = employee

    def heads(self, role: str) -> int:
        return sum(role in employee.roles for employee in self.employees.values())

    def suits(self, piece: Piece) -> list[Employee]:
        """Who may do this work."""
        return [employee for employee in self.employees.values() if _may(employee, piece)]

    def offer(self, piece: Piece) -> None:
        self._waiting[piece.id] = piece

    def withdraw(self, piece_id: str, now: datetime) -> None:
        """The work is not wanted any more: nobody takes it up, and who was at it is free."""
        self._waiting.pop(piece_id, None)
        for name, assignment in list(self._busy.items()):
            if assignment.piece.id == piece_id:
                del self._busy[name]

    def finish(self, assignment: Assignment) -> None:
        """The work is done: the person is free for the next piece."""
        if self._busy.get(assignment.employee) == assignment:
            del self._busy[assignment.employee]

    def is_at_work(self, assignment: Assignment) -> bool:
        return self._busy.get(assignment.employee) == assignment

    def in_work(self) -> list[Assignment]:
        """What people are at."""
        return list(self._busy.values())

    def assign(self, now: datetime, takes: Callable[[Piece], timedelta]) -> list[Assignment]:
        """Give waiting work to people who are free and at work now; `takes` says how much working time it needs."""
        found: list[Assignment] = []
        if not self._waiting:
            return found
        free = [each for each in self.employees.values() if each.name not in self._busy and each.calendar.is_open(now)]
        for piece in sorted(self._waiting.values(), key=lambda each: (each.since, each.id)):
            if not free:
                break
            fitting = [employee for employee in free if _may(employee, piece)]
            if fitting and piece.since <= now:
                chosen = min(fitting, key=lambda each: len(each.roles))  # who can do little else goes first
                free.remove(chosen)
                del self._waiting[piece.id]
                assignment = Assignment(piece, chosen.name, now, chosen.calendar.add(now, takes(piece)))
                self._busy[chosen.name] = assignment
                found.append(assignment)
        return found

    def next_moment(self, now: datetime) -> datetime | None:
        """When somebody who is free, but not at work now, can take up waiting work; None when nobody will."""
        moments = [
            max(piece.since, _opens(employee.calendar, max(piece.since, now)))
            for employee in self.employees.values()
            if employee.name not in self._busy
            for piece in self._first_pieces()
            if _may(employee, piece)
        ]
        return min(moments, default=None)

    def _first_pieces(self) -> list[Piece]:
        """Of each kind of waiting work the piece that can be taken up first: the others come no sooner."""
        first: dict[tuple[object, ...], Piece] = {}
        for piece in self._waiting.values():
            kind = (piece.role, piece.only, piece.except_for)
            if kind not in first or piece.since < first[kind].since:
                first[kind] = piece
        return list(first.values())


def _may(employee: Employee, piece: Piece) -> bool:
    if employee.name in piece.except_for:
        return False
    if piece.only is not None:
        return employee.name == piece.only
    return piece.role is None or piece.role in employee.roles


def _opens(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """The moment itself when people work then, else the next opening."""
    if calendar.is_open(moment):
        return moment
    second = timedelta(seconds=1)
    return calendar.add(moment, second) - second
