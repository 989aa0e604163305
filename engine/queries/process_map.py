"""The deployed end-to-end processes of an enterprise, and the messages by which they hand over to each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from engine import bpmn
from engine.bpmn.elements import CallActivity, CatchOrThrow, Element, EventDefinition, Task
from engine.queries.compiled import resources
from engine.store.tables import ProcessDefinition, ProcessInstance
from engine.store.unit_of_work import Work

THROWING = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})
LIVE = ("active", "suspended")
KEPT = 512


@dataclass(frozen=True)
class Connections:
    """What the models of a deployment send, wait for, call and leave to handlers, by name."""

    sends: frozenset[str]
    receives: frozenset[str]
    calls: frozenset[str]
    topics: frozenset[str]


@dataclass(frozen=True)
class MappedProcess:
    """The newest version of a process that no other process calls."""

    definition_id: str
    process_id: str
    name: str
    name_zh: str | None
    version: int
    running: int  # cases of every version
    connections: Connections


@dataclass(frozen=True)
class Handover:
    sender_id: str  # process ids
    message: str
    receiver_id: str


@dataclass(frozen=True)
class ProcessMap:
    processes: tuple[MappedProcess, ...]
    handovers: tuple[Handover, ...]

    @property
    def topics(self) -> frozenset[str]:
        return frozenset().union(*(each.connections.topics for each in self.processes))


_connections: dict[str, Connections] = {}


def process_map(work: Work, *, enterprise_id: str) -> ProcessMap:
    """End-to-end processes by id, with handovers between different ones. Three statements, one less once known."""
    rows = _newest(work, enterprise_id)
    connections = _connections_of(work, rows)
    running = _running(work, enterprise_id)
    called = frozenset().union(*(connections[row.bundle_digest].calls for row in rows))
    processes = tuple(
        MappedProcess(
            definition_id=row.id,
            process_id=row.process_id,
            name=row.name,
            name_zh=row.name_zh,
            version=row.version,
            running=running.get(row.process_id, 0),
            connections=connections[row.bundle_digest],
        )
        for row in rows
        if row.process_id not in called
    )
    return ProcessMap(processes, tuple(_handovers(processes)))


def _newest(work: Work, enterprise_id: str) -> list[Row[Any]]:
    columns = ProcessDefinition.__table__.c
    names = ("id", "process_id", "name", "name_zh", "version", "bundle", "bundle_digest")
    statement = select(*(columns[name] for name in names)).where(
        columns.enterprise_id == enterprise_id, columns.is_latest
    )
    return list(work.execute(statement.order_by(columns.process_id)))


def _running(work: Work, enterprise_id: str) -> dict[str, int]:
    columns = ProcessInstance.__table__.c
    statement = (
        select(columns.process_id, func.count())
        .where(columns.enterprise_id == enterprise_id, columns.state.in_(LIVE))
        .group_by(columns.process_id)
    )
    return dict(work.execute(statement).all())


def _connections_of(work: Work, rows: list[Row[Any]]) -> dict[str, Connections]:
    """By bundle digest; models are read once per process of ours, because a deployed bundle never changes."""
    unknown = [row for row in rows if row.bundle_digest not in _connections]
    if unknown:
        content = resources(work, [digest for row in unknown for digest in row.bundle["models"]])
        models = {digest: bpmn.read_model(source) for digest, source in content.items()}
        if len(_connections) > KEPT:
            _connections.clear()
        for row in unknown:
            elements = [
                element
                for digest in row.bundle["models"]
                for process in models[digest].processes
                for element in process.walk()
            ]
            _connections[row.bundle_digest] = _connected(elements)
    return {row.bundle_digest: _connections[row.bundle_digest] for row in rows}


def _connected(elements: list[Element]) -> Connections:
    messages = [(element.type in THROWING, each) for element in elements for each in _messages(element)]
    return Connections(
        sends=frozenset(each.name for throws, each in messages if throws and each.name),
        receives=frozenset(each.name for throws, each in messages if not throws and each.name),
        calls=frozenset(_texts(element.called_element for element in elements if isinstance(element, CallActivity))),
        topics=frozenset(_texts(element.topic for element in elements if isinstance(element, Task | CatchOrThrow))),
    )


def _messages(element: Element) -> Iterator[EventDefinition]:
    if isinstance(element, CatchOrThrow):
        yield from (each for each in element.definitions if each.kind == "message")
    elif isinstance(element, Task) and element.message is not None:
        yield element.message


def _texts(values: Any) -> Iterator[str]:
    return (value.text for value in values if value is not None and value.text)


def _handovers(processes: tuple[MappedProcess, ...]) -> Iterator[Handover]:
    for sender in processes:
        for message in sorted(sender.connections.sends):
            for receiver in processes:
                if receiver is not sender and message in receiver.connections.receives:
                    yield Handover(sender.process_id, message, receiver.process_id)
