"""Multi-instance and standard loops: a body token with one token per iteration."""

from typing import Any

from engine.feel import display
from engine.runtime.expressions import ElementFailure
from engine.runtime.tokens import Token

MAX_ITERATIONS = 10_000


class Loops:
    """Starts iterations and decides when a loop is over."""

    def __init__(self, instance):
        self.instance = instance

    def start(self, body: Token) -> bool:
        """Begin the loop of an activity. True: there is nothing to do."""
        loop = body.task_spec.loop
        if loop.definition.kind == "standard":
            body.loop = {"n": 0}
            if loop.definition.test_before and not self._goes_on(body, 0):
                return True
            self._iterate(body, 1, {})
            return False
        items = self._items(body)
        count = len(items)
        if count > MAX_ITERATIONS:
            raise ElementFailure(
                "loop",
                f"{body.task_spec.label} would repeat {count} times; at most {MAX_ITERATIONS} are allowed."
                " Split the collection, or keep large data outside the process.",
            )
        body.loop = {"count": count, "started": 0, "ended": 0, "out": [None] * count}
        if loop.collection is not None:
            body.loop["items"] = items
        if not count:
            return True
        for _ in range(1 if loop.definition.kind == "sequential" else count):
            self._next(body)
        if loop.definition.kind == "parallel":
            body.loop.pop("items", None)
        return False

    def _items(self, body: Token) -> list[Any]:
        loop, now, seen = body.task_spec.loop, self.instance.now, body.visible()
        if loop.collection is not None:
            return list(loop.collection.expect("a list", lambda value: isinstance(value, list), seen, now))
        if loop.cardinality is not None:
            count = loop.cardinality.expect("a whole number, 0 or more", is_count, seen, now)
            if count > MAX_ITERATIONS:
                return range(int(count))  # refused by the caller without building a list
            return [None] * int(count)
        raise ElementFailure("loop", f"{body.task_spec.label} repeats, but names neither a collection nor a count.")

    def _next(self, body: Token) -> None:
        state, definition = body.loop, body.task_spec.loop.definition
        index = state["started"]
        state["started"] += 1
        local: dict[str, Any] = {"loopCounter": index + 1}
        if definition.element_variable and "items" in state:
            local[definition.element_variable] = state["items"][index]
        kept = definition.output_element
        if kept is not None and kept.feel.strip().isidentifier() and kept.feel.strip() not in local:
            local[kept.feel.strip()] = None  # iterations do not overwrite each other's result
        self._iterate(body, index + 1, local)

    def _iterate(self, body: Token, number: int, local: dict[str, Any]) -> None:
        token = self.instance.spawn(body.task_spec, body)
        token.iteration = number
        token.local = {"loopCounter": number, **local}

    def judge(self, iteration: Token) -> bool:
        """Keep the result of an iteration that completes. True: the loop is over after it."""
        body = iteration.scope
        loop, state = body.task_spec.loop, body.loop
        if loop.definition.kind == "standard":
            return not self._goes_on(body, state["n"] + 1)
        if loop.output_element is not None:
            state["out"][iteration.iteration - 1] = loop.output_element.value(iteration.visible(), self.instance.now)
        return self._is_enough(body, iteration) or state["ended"] + 1 == state["count"]

    def iteration_left(self, body: Token, iteration: Token) -> None:
        """One iteration has completed: start the next, or end the loop."""
        standard = body.task_spec.loop.definition.kind == "standard"
        body.loop["n" if standard else "ended"] += 1
        if iteration.ends_loop:
            self.instance.cancel_children(body)
            self.instance.resume(body)
        elif standard:
            self._iterate(body, body.loop["n"] + 1, {})
        elif body.task_spec.loop.definition.kind == "sequential":
            self._next(body)

    def _is_enough(self, body: Token, iteration: Token) -> bool:
        condition, state = body.task_spec.loop.completion_condition, body.loop
        if condition is None:
            return False
        ended = state["ended"] + 1  # with this one
        active = state["started"] - ended
        counts = {
            "numberOfInstances": state["count"],
            "numberOfActiveInstances": active,
            "numberOfCompletedInstances": ended,
            "numberOfTerminatedInstances": 0,
            "nrOfInstances": state["count"],
            "nrOfActiveInstances": active,
            "nrOfCompletedInstances": ended,
        }
        return condition.truth({**iteration.visible(), **counts}, self.instance.now)

    def _goes_on(self, body: Token, done: int) -> bool:
        loop = body.task_spec.loop
        maximum = loop.definition.maximum
        if maximum is not None and done >= maximum:
            return False
        if done >= MAX_ITERATIONS:
            raise ElementFailure(
                "loop", f"{body.task_spec.label} has repeated {done} times; its loop condition never became false."
            )
        if loop.condition is None:
            return maximum is not None
        return loop.condition.truth({**body.visible(), "loopCounter": done}, self.instance.now)

    def collect(self, body: Token) -> None:
        """Give the loop's results to the surrounding scope."""
        name = body.task_spec.loop.definition.output_collection
        if name and body.loop is not None and "out" in body.loop:
            self.instance.set_variables(body.scope, {name: body.loop["out"]}, body.element.id)


def is_count(value: Any) -> bool:
    return not isinstance(value, bool) and display(value).isdigit()
