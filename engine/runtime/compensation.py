"""Compensation: undo completed activities in reverse order, and cancelled transactions."""

from typing import Any

from engine.bpmn.elements import EventDefinition
from engine.runtime.expressions import ElementFailure
from engine.runtime.tokens import Token


class Compensation:
    """Scopes remember what was done in `Token.done`; a compensating token works its `pending` list off, last first."""

    def __init__(self, instance):
        self.instance = instance

    def throw(self, thrower: Token, definition: EventDefinition) -> bool:
        """Start compensating what the thrower's scope has done. True: nothing is to wait for."""
        scope = self._scope_of(thrower, definition.activity_ref)
        records = self._take(scope, definition.activity_ref)
        if not records:
            return True
        if not definition.wait_for_completion:
            self._run_all(scope, records, None)
            return True
        if thrower.pending:  # an earlier definition of the same event is at work; `pending` is worked off from its end
            thrower.pending = [*records, *thrower.pending]
            return False
        thrower.pending, thrower.compensates = records, scope.id
        return self._next(thrower)

    def _scope_of(self, thrower: Token, activity_ref: str | None) -> Token:
        """Where to look for what was done: around event sub-processes, for a named activity the scope that holds it."""
        scope = thrower.scope
        while getattr(scope.task_spec, "is_event_sub_process", False):
            scope = scope.scope
        if activity_ref is None:
            return scope
        around = (s for s in thrower.ancestors() if s.inner is not None and activity_ref in s.inner.nodes)
        return next(around, scope)

    def _take(self, scope: Token, activity_ref: str | None) -> list[dict[str, Any]]:
        done = scope.done or []
        taken = [record for record in done if activity_ref in (None, record["e"])]
        scope.done = [record for record in done if record not in taken] or None
        return taken

    def _run_all(self, scope: Token, records: list[dict[str, Any]], notify: int | None) -> None:
        for record in reversed(records):
            self._run(scope, record, notify)

    def _next(self, thrower: Token) -> bool:
        """Run the next handler. True: all are done."""
        if not thrower.pending:
            thrower.pending = None
            return True
        record = thrower.pending.pop()
        self._run(self.instance.tasks[thrower.compensates], record, thrower.id)
        return False

    def _run(self, scope: Token, record: dict[str, Any], notify: int | None) -> None:
        content = scope.inner
        if record["h"] is not None:
            handler = self.instance.spawn(content.nodes[record["h"]], scope)
            handler.local, handler.notify = dict(record["v"]), notify
            return
        again = self.instance.spawn(content.nodes[record["e"]], scope, queue=False)
        again.local, again.notify, again.done = dict(record["v"]) or None, notify, list(record["n"])
        again.entered = True
        again.compensates = again.id
        start = content.nodes[record["e"]].inner.compensation_start
        if start is not None:
            again.pending = []
            self.instance.spawn_event_sub_process(again, start, {}, notify=again.id)
            return
        again.pending, again.done = again.done, None
        if self._next(again):
            self.instance.withdraw(again)
            self.handler_left(notify)

    def handler_left(self, notify: int | None) -> None:
        """A handler has completed: its thrower goes on with the next one, or goes on."""
        thrower = self.instance.tasks.get(notify)
        if thrower is None or not self._next(thrower):
            return
        if thrower.compensates == thrower.id:  # a sub-process that only existed to be compensated
            self.instance.withdraw(thrower)
            self.handler_left(thrower.notify)
        elif thrower.start_id == "cancel":
            self._leave_transaction(thrower)
        else:
            self.instance.resume(thrower)

    def cancel_transaction(self, thrower: Token) -> None:
        """A cancel end event: stop the transaction, compensate it, leave through its cancel boundary event."""
        transaction = next((t for t in thrower.ancestors() if getattr(t.task_spec, "is_transaction", False)), None)
        if transaction is None:
            raise ElementFailure(
                "error", f"{thrower.task_spec.label} is not inside a transaction; use an error end event."
            )
        self.instance.cancel_children(transaction, keep=thrower)
        thrower.start_id = "cancel"
        thrower.pending, thrower.compensates = self._take(transaction, None), transaction.id
        if self._next(thrower):
            self._leave_transaction(thrower)

    def _leave_transaction(self, thrower: Token) -> None:
        transaction = self.instance.tasks[thrower.compensates]
        body = transaction.scope if transaction.iteration else transaction
        boundary = next(
            (n for n in body.task_spec.boundaries if any(d.kind == "cancel" for d in n.element.definitions)), None
        )
        self.instance.report_completed(thrower)
        if boundary is None:
            thrower.start_id = None
            raise ElementFailure(
                "error",
                f"The transaction around {thrower.task_spec.label} was cancelled, but has no cancel boundary event.",
            )
        self.instance.trigger(body, boundary, {})
