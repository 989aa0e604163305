"""Activities that contain tokens: sub-processes of every kind and call activities."""

from engine.events import ElementActivated
from engine.runtime.expressions import Compiler, ElementFailure
from engine.runtime.nodes import ActivityNode
from engine.runtime.tokens import Token
from engine.runtime.variables import map_into


class SubProcessNode(ActivityNode):
    """An embedded sub-process or a transaction: complete when nothing moves inside any more."""

    inner = None  # set when the definition is built

    @property
    def is_event_sub_process(self) -> bool:
        return self.element.triggered_by_event

    @property
    def is_transaction(self) -> bool:
        return self.element.type == "transaction"

    def inner_of(self, token: Token):
        return self.inner if token.loop is None else None

    def behave(self, token: Token) -> None:
        token.workflow.start_scope(token)

    def remember_for_compensation(self, token: Token) -> None:
        if token.loop is not None:
            return
        if self.compensation is not None:
            super().remember_for_compensation(token)
        elif token.done or self.inner.compensation_start is not None:
            scope = token.scope.scope if token.iteration else token.scope
            if scope.done is None:
                scope.done = []
            record = {"e": self.element.id, "h": None, "v": dict(token.local or {}), "n": token.done or []}
            scope.done.append(record)


class EventSubProcessNode(SubProcessNode):
    """Runs when its start event is triggered, inside the scope that it belongs to."""

    def enter(self, token: Token) -> bool:
        instance = token.workflow
        if not token.entered:
            token.entered = True
            instance.report(
                ElementActivated(
                    instance.now, token.id, self.element.id, self.element.type, token.scope.id, self.scope.process_id
                )
            )
        payload, token.payload = token.payload, None
        instance.start_scope(token, token.start_id, payload)
        return False


class AdHocNode(SubProcessNode):
    """Activities in any order: all at once, or one after the other; over when its completion condition is true."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.completion_condition = compiler.expression(self.element, self.element.completion_condition)

    def behave(self, token: Token) -> None:
        instance = token.workflow
        instance.start_scope(token, spawn=False)
        entries = [node.element.id for node in self.inner.entries]
        if self.element.sequential:
            token.ahead = list(range(1, len(entries)))
            entries = entries[:1]
        for element_id in entries:
            instance.spawn(self.inner.nodes[element_id], token)
        if not entries:
            instance.settle(token)

    def child_left(self, token: Token) -> None:
        """Called after each inner element: is it enough, or what comes next?"""
        instance = token.workflow
        enough = self.completion_condition is not None and self.completion_condition.truth(
            token.visible(), instance.now
        )
        if enough:
            token.ahead = None
            if self.element.cancel_remaining:
                instance.cancel_children(token)
        elif token.ahead and not token._children:
            following = self.inner.entries[token.ahead.pop(0)]
            instance.spawn(following, token)


class CallActivityNode(ActivityNode):
    """Runs another process inside this one, with a variable scope of its own."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.called = compiler.value(self.element, self.element.called_element)
        self.processes: dict = {}

    def link(self, definition) -> None:
        self.processes = definition.processes

    def inner_of(self, token: Token):
        return self.processes.get(token.called) if token.loop is None else None

    def map_inputs(self, token: Token) -> None:
        """Inputs go into the called process, not beside it."""

    def behave(self, token: Token) -> None:
        instance = token.workflow
        seen = token.visible()
        called = self.called.value(seen, instance.now) if self.called is not None else None
        if called not in self.processes:
            known = ", ".join(sorted(self.processes)) or "none"
            raise ElementFailure(
                "expression",
                f"{self.label} calls process '{called}', which was not deployed when this process was. Known: {known}.",
            )
        inputs = map_into(self.inputs_map, seen, {}, instance.now)
        if instance.depth(token) > instance.MAX_DEPTH:
            raise ElementFailure("loop", f"{self.label} calls itself more than {instance.MAX_DEPTH} levels deep.")
        local = {**seen, **inputs} if self.element.all_in else {**(token.local or {}), **inputs}
        token.local, token.called, token.owns_variables = local, called, True
        token.written = list(inputs if self.element.all_in else local)
        instance.start_scope(token)

    def finish(self, token: Token) -> None:
        """Bring results back: mapped ones, or all of the called process's variables."""
        if token.loop is None and token.owns_variables:
            returned, written = token.local or {}, token.written or ()
            token.owns_variables, token.written = False, None
            if self.outputs_map:
                token.local = returned
            else:
                own = self.loop.own_variables if token.iteration else ()
                token.local = {name: returned[name] for name in own if name in returned} or None
                if self.element.all_out:  # what it only saw stays as it is by now, another branch may have changed it
                    brought = {name: returned[name] for name in written if name in returned and name not in own}
                    token.payload = {**brought, **(token.payload or {})}
        super().finish(token)
