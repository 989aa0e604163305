"""Waiting for the outside: messages, signals, timers and conditions."""

from typing import Any

from engine import events
from engine.runtime import timers
from engine.runtime.expressions import ElementFailure
from engine.runtime.nodes import NodeSpec
from engine.runtime.tokens import Token, Wait


def arm(instance, token: Token, node: NodeSpec) -> None:
    """Start to wait for every event definition of a catching node on behalf of `token`.

    What waits already (an earlier try failed half-way) goes on waiting.
    """
    armed = {(wait.target_id, wait.index) for wait in token.waits.values()} if token.waits else ()
    for index in range(len(node.caught)):
        if (node.element.id, index) not in armed:
            arm_definition(instance, token, node, index)


def arm_definition(instance, token: Token, node: NodeSpec, index: int) -> None:
    """Start to wait for one event definition of a catching node, where it is of a kind that waits."""
    caught = node.caught[index]
    begin = _BEGIN.get(caught.kind)
    if begin is None:
        return
    try:
        wait = begin(instance, token, node, index, caught)
    except ElementFailure as failure:
        failure.element_id = node.element.id
        raise
    if wait is not None:
        keep(instance, token, wait)


def keep(instance, token: Token, wait: Wait) -> None:
    """Enter a wait that runs."""
    if token.waits is None:
        token.waits = {}
    token.waits[wait.id] = wait
    instance.waiting[wait.id] = token
    if wait.kind == "conditional":
        instance.conditions[wait.id] = token


def _message(instance, token: Token, node: NodeSpec, index: int, caught) -> Wait:
    seen = token.visible()
    wait = Wait(instance.new_id(), "message", node.element.id, index, name_of(token, caught, seen))
    wait.correlation = correlation_of(token, caught, seen, required=True)
    instance.report(
        events.SubscriptionOpened(
            instance.now, token.id, node.element.id, wait.id, "message", wait.name, wait.correlation
        )
    )
    return wait


def _signal(instance, token: Token, node: NodeSpec, index: int, caught) -> Wait:
    wait = Wait(instance.new_id(), "signal", node.element.id, index, name_of(token, caught, token.visible()))
    instance.report(
        events.SubscriptionOpened(instance.now, token.id, node.element.id, wait.id, "signal", wait.name, {})
    )
    return wait


def _timer(instance, token: Token, node: NodeSpec, index: int, caught) -> Wait | None:
    """None: a cycle beside an activity is over before it begins, so that nothing will happen."""
    due_at = timers.due(node, caught, token.visible(), instance.now, instance.now, 0)
    if due_at is None and node.element.type in ("boundaryEvent", "startEvent"):
        return None
    if due_at is None:
        raise ElementFailure(
            "expression",
            f"The cycle of {node.label} is over before it begins, so it would wait for ever. Correct it and retry.",
        )
    wait = Wait(instance.new_id(), "timer", node.element.id, index, node.element.name)
    # A moment that is over is due at once; firing it "then" would turn the instance's time back.
    wait.armed_at, wait.due_at = instance.now, max(due_at, instance.now)
    instance.report(events.TimerScheduled(instance.now, token.id, node.element.id, wait.id, wait.due_at))
    return wait


def _conditional(instance, token: Token, node: NodeSpec, index: int, caught) -> Wait:
    wait = Wait(instance.new_id(), "conditional", node.element.id, index, caught.condition.source)
    instance.variables_changed = True  # it may be true already
    return wait


_BEGIN = {"message": _message, "signal": _signal, "timer": _timer, "conditional": _conditional}


def name_of(token: Token, definition, seen: dict[str, Any]) -> str:
    """The message's or signal's name, which may be an expression."""
    name = definition.name.value(seen, token.workflow.now)
    if isinstance(name, str) and name:
        return name
    raise ElementFailure(
        "expression", f"The {definition.kind} of {token.task_spec.label} needs a name, but has {name!r}."
    )


def correlation_of(token: Token, definition, seen: dict[str, Any], required: bool) -> dict[str, Any]:
    """Values of the correlation keys; a catch needs all of them."""
    values = {key: evaluator.value(seen, token.workflow.now) for key, evaluator in definition.correlation}
    if required:
        for key, value in values.items():
            if value is None:
                raise ElementFailure(
                    "expression",
                    f"{token.task_spec.label} waits for message '{definition.definition.name}' by key '{key}',"
                    " but the key's value is null. Set the variables it is computed from and retry.",
                )
    return values


def disarm(instance, token: Token, own_scope_only: bool = False) -> None:
    """Close the token's waits; `own_scope_only` keeps those of its boundary events."""
    if not token.waits:
        return
    boundaries = {node.element.id for node in token.task_spec.boundaries} if own_scope_only else ()
    for wait in list(token.waits.values()):
        if wait.target_id not in boundaries:
            _close(instance, token, wait)


def _close(instance, token: Token, wait: Wait) -> None:
    del token.waits[wait.id]
    instance.waiting.pop(wait.id, None)
    instance.conditions.pop(wait.id, None)
    if wait.kind == "timer":
        instance.report(events.TimerCancelled(instance.now, token.id, wait.target_id, wait.id))
    elif wait.kind in ("message", "signal"):
        instance.report(
            events.SubscriptionClosed(instance.now, token.id, wait.target_id, wait.id, wait.kind, wait.name)
        )


def target_of(token: Token, wait: Wait) -> NodeSpec:
    """The node that catches this wait."""
    spec = token.task_spec
    if spec.element is not None and spec.element.id == wait.target_id:
        return spec
    for node in spec.boundaries:
        if node.element.id == wait.target_id:
            return node
    for flow in spec.flows:
        if flow.target.element.id == wait.target_id:
            return flow.target
    return next(node for node in token.inner.event_starts if node.element.id == wait.target_id)


def fire(instance, token: Token, wait: Wait, payload: dict[str, Any]) -> None:
    """What the wait was for has happened."""
    node = target_of(token, wait)
    element = node.element
    if wait.kind == "timer":
        instance.report(events.TimerFired(instance.now, token.id, element.id, wait.id))
        _drop(instance, token, wait)
    stays = element.type in ("boundaryEvent", "startEvent") and not element.interrupting
    if getattr(element, "parallel_multiple", False):
        collected = _all_fired(instance, token, node, wait, payload)
        if collected is None:
            return
        payload = collected
        if stays:
            arm(instance, token, node)  # the next round needs all of them again
    instance.trigger(token, node, payload)
    if stays and wait.kind == "timer" and not element.parallel_multiple:
        _repeat(instance, token, node, wait)


def _drop(instance, token: Token, wait: Wait) -> None:
    token.waits.pop(wait.id, None)
    instance.waiting.pop(wait.id, None)


def _repeat(instance, token: Token, node: NodeSpec, fired: Wait) -> None:
    """A cycle goes on, counted from the moment it was armed, so that it does not drift."""
    caught = node.caught[fired.index]
    if caught.definition.timer.kind != "cycle":
        return
    repetition = fired.repetition + 1
    due_at = timers.due(node, caught, token.visible(), fired.armed_at, instance.now, repetition)
    if due_at is None:
        return
    wait = Wait(instance.new_id(), "timer", fired.target_id, fired.index, fired.name)
    wait.armed_at, wait.due_at, wait.repetition = fired.armed_at, due_at, repetition
    token.waits[wait.id] = wait
    instance.waiting[wait.id] = token
    instance.report(events.TimerScheduled(instance.now, token.id, node.element.id, wait.id, due_at))


def _all_fired(instance, token: Token, node: NodeSpec, wait: Wait, payload: dict[str, Any]) -> dict[str, Any] | None:
    """Parallel multiple: remember this one and wait for the others. Answers what all of them brought, or None."""
    if token.fired is None:
        token.fired = {}
    round_ = token.fired.setdefault(node.element.id, {"definitions": [], "payload": {}})
    round_["definitions"].append(wait.index)
    round_["payload"].update(payload)
    if wait.id in token.waits:
        _close(instance, token, wait)
    if len(set(round_["definitions"])) < len(node.caught):
        return None
    del token.fired[node.element.id]
    return round_["payload"]


def signal(instance, name: str, payload: dict[str, Any]) -> int:
    """Deliver a signal to everything here that waits for it. Answers how many did."""
    hits = [
        (wait_id, token)
        for wait_id, token in sorted(instance.waiting.items())
        if token.waits[wait_id].kind == "signal" and token.waits[wait_id].name == name
    ]
    for wait_id, token in hits:
        if wait_id in instance.waiting:  # an earlier catch may have interrupted it
            fire(instance, token, token.waits[wait_id], payload)
    return len(hits)


def check_conditions(instance) -> None:
    """Fire the conditions that have become true; null and anything but true count as not true."""
    for wait_id, token in sorted(instance.conditions.items()):
        if wait_id not in instance.conditions:
            continue
        wait = token.waits[wait_id]
        condition = target_of(token, wait).caught[wait.index].condition
        try:
            true = condition.value(token.visible(), instance.now) is True
        except ElementFailure as failure:
            instance.raise_incident(token, failure, retry=False)
            continue
        if true and not wait.was_true:
            wait.was_true = True
            fire(instance, token, wait, {})
        else:
            wait.was_true = true
