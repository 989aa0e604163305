"""Compact, versioned state of an execution: only what is alive; the model stays where it is, by digest.

One fixture per released version is kept in tests/snapshots, so that old instances always load.
"""

from datetime import datetime
from typing import Any

import orjson
from SpiffWorkflow.util.task import TaskState

from engine.errors import InvalidInput
from engine.feel import dump as dump_value
from engine.feel import load as load_value
from engine.runtime.tokens import Token, Wait
from engine.runtime.workflow import Instance

VERSION = 1

# Attribute of a token → its key in the snapshot; only values that differ from the class's default are kept.
PLAIN = {
    "phase": "p",
    "entered": "e",
    "ahead": "m",
    "joins": "j",
    "reset": "r",
    "iteration": "i",
    "compensates": "c",
    "notify": "n",
    "start_id": "s",
    "called": "a",
    "written": "u",
    "incident": "x",
    "interrupted": "t",
    "owns_variables": "o",
}
VALUES = {"local": "v", "loop": "l", "done": "d", "pending": "q", "payload": "y", "fired": "f"}


def dump(instance: Instance) -> bytes:
    """Serialise an instance at rest. Raises InvalidInput for a text with half a character (a lone surrogate)."""
    state: dict[str, Any] = {
        "version": VERSION,
        "process": instance.spec.process_id,
        "state": instance.state,
        "id": instance.last_id,
        "tokens": [_dump_token(token) for token in instance.tasks.values()],
    }
    try:
        return orjson.dumps(state, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise InvalidInput(f"The variables hold a text that cannot be saved: {error}. Correct the text.") from error


def _dump_token(token: Token) -> list[Any]:
    kept: dict[str, Any] = {}
    own = token.__dict__
    for name, key in PLAIN.items():
        if name in own and own[name] != getattr(Token, name):
            kept[key] = own[name]
    for name, key in VALUES.items():
        if own.get(name) is not None:
            kept[key] = dump_value(own[name])
    if token.waits:
        kept["w"] = [_dump_wait(wait) for wait in token.waits.values()]
    element = token.element
    return [token.id, token._parent, element.id if element is not None else None, token._state, kept]


def _dump_wait(wait: Wait) -> list[Any]:
    return [
        wait.id,
        wait.kind,
        wait.target_id,
        wait.index,
        wait.name,
        dump_value(wait.correlation),
        wait.due_at.isoformat() if wait.due_at else None,
        wait.armed_at.isoformat() if wait.armed_at else None,
        wait.repetition,
        wait.was_true,
    ]


def load(definition, data: bytes) -> Instance:
    """Restore an instance. Raises InvalidInput when the bytes are no snapshot of a known version."""
    try:
        state = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The saved state of the process instance cannot be read: {error}.") from error
    version = state.get("version") if isinstance(state, dict) else None
    if version != VERSION:
        raise InvalidInput(
            f"The saved state has version {version}, but this Praxis reads up to {VERSION}. Update Praxis."
        )
    try:
        return _restored(definition, state)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            f"The saved state does not fit this definition or is damaged ({type(error).__name__}: {error}). Load it"
            " with the definition that it was saved with."
        ) from error


def _restored(definition, state: dict[str, Any]) -> Instance:
    instance = Instance(definition, definition.root(state["process"]), datetime.min)
    instance.last_id, instance.state = state["id"], state["state"]
    for row in state["tokens"]:
        _load_token(instance, *row)
    return instance


def _load_token(
    instance: Instance, token_id: int, parent_id: int | None, element_id: str | None, status: int, kept
) -> None:
    if parent_id is None:
        token = Token(instance, instance.spec.root, None, token_id)
        instance.task_tree = token
    else:
        scope = instance.tasks[parent_id]
        node = scope.task_spec if kept.get("i") else scope.inner.nodes[element_id]
        token = Token(instance, node, scope, token_id)
    token._state = status
    for name, key in PLAIN.items():
        if key in kept:
            setattr(token, name, kept[key])
    for name, key in VALUES.items():
        if key in kept:
            setattr(token, name, load_value(kept[key]))
    for row in kept.get("w", ()):
        _load_wait(instance, token, row)
    if token.joins:
        instance.joining[token.id] = token
    if status == TaskState.READY:  # it stood in the queue behind a runaway
        instance.queue.append(token)


def _load_wait(instance: Instance, token: Token, row: list[Any]) -> None:
    wait_id, kind, target_id, index, name, correlation, due_at, armed_at, repetition, was_true = row
    if token.waits is None:
        token.waits = {}
    token.waits[wait_id] = Wait(
        wait_id,
        kind,
        target_id,
        index,
        name,
        load_value(correlation),
        datetime.fromisoformat(due_at) if due_at else None,
        datetime.fromisoformat(armed_at) if armed_at else None,
        repetition,
        was_true,
    )
    instance.waiting[wait_id] = token
    if kind == "conditional":
        instance.conditions[wait_id] = token
