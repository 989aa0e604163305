"""Events: catching, throwing, starting and ending."""

from engine.events import EscalationUncaught
from engine.runtime.expressions import Compiler, Constant, ElementFailure
from engine.runtime.nodes import NodeSpec
from engine.runtime.tasks import JobTask, compile_definitions
from engine.runtime.tokens import Token

WAITING_KINDS = frozenset({"message", "signal", "timer", "conditional"})


class CatchEvent(NodeSpec):
    """Intermediate catch, boundary and start events: triggered from outside, or waiting when a token arrives."""

    def compile(self, compiler: Compiler) -> None:
        self.caught = compile_definitions(self, compiler, self.element.definitions)

    def behave(self, token: Token) -> bool:
        if any(definition.kind in WAITING_KINDS for definition in self.caught):
            token.workflow.arm(token, self)
            return False
        return True


class StartEvent(CatchEvent):
    """A start event is only ever reached by what triggers it."""

    def behave(self, token: Token) -> bool:
        return True


class ThrowEvent(NodeSpec):
    """Intermediate throw and end events: throw each definition in order."""

    def compile(self, compiler: Compiler) -> None:
        self.thrown = compile_definitions(self, compiler, self.element.definitions)

    def behave(self, token: Token) -> bool:
        done = True
        token.throwing = True
        try:
            for definition in self.thrown:
                if not token.is_open:  # an interrupting catch has taken the thrower away
                    return False
                done = self.throw(token, definition) is not False and done
        finally:
            token.throwing = False
        return done and token.is_open

    def throw(self, token: Token, definition) -> bool | None:
        """Throw one definition; False: the token does not go on by itself."""
        return getattr(self, f"throw_{definition.kind}")(token, definition)

    def throw_message(self, token: Token, definition) -> None:
        token.workflow.throw_message(token, definition)

    def throw_signal(self, token: Token, definition) -> None:
        token.workflow.throw_signal(token, definition)

    def throw_escalation(self, token: Token, definition) -> None:
        instance, code = token.workflow, definition.definition.code
        if not instance.catching.escalation(token, code):
            instance.report(EscalationUncaught(instance.now, token.id, self.element.id, code))

    def throw_link(self, token: Token, definition) -> None:
        return None

    def throw_compensation(self, token: Token, definition) -> bool:
        return token.workflow.compensation.throw(token, definition.definition)

    def throw_error(self, token: Token, definition) -> bool:
        code = definition.definition.code
        instance = token.workflow
        if not instance.catching.error(token, code, "", {}):
            raise ElementFailure(
                "error",
                f"The error '{code or ''}' thrown by {self.label} is caught by nothing. Add an error boundary event or"
                " an error event sub-process around it, or correct the variables and retry.",
            )
        return False

    def throw_cancel(self, token: Token, definition) -> bool:
        token.workflow.compensation.cancel_transaction(token)
        return False

    def throw_terminate(self, token: Token, definition) -> bool:
        token.workflow.terminate_scope(token)
        return True


class LinkThrow(ThrowEvent):
    """Goes on at the catching link event of the same name and scope."""

    def link(self, definition) -> None:
        name = self.element.definitions[0].name
        for node in self.scope.nodes.values():
            if node.element.type == "intermediateCatchEvent" and any(
                d.kind == "link" and d.name == name for d in node.element.definitions
            ):
                self.target = node
                return
        self.target = None

    def choose(self, token: Token) -> tuple:
        return ()

    def _on_complete(self, token: Token) -> None:
        token.workflow.spawn(self.target, token.scope)
        super()._on_complete(token)


class JobEvent(JobTask):
    """A throw event that a handler carries out (a message event with a topic)."""

    def compile(self, compiler: Compiler) -> None:
        self.loop = None
        self.topic = compiler.value(self.element, self.element.topic) or Constant(self.element.id)
        self.retries = None
        self.backoff = (10.0, 60.0, 600.0)

    def merge(self, token: Token, values) -> None:
        super(JobTask, self).merge(token, values)
