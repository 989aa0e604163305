"""Tasks: work for people, for handlers, for decisions and scripts, and messages as tasks."""

from datetime import datetime
from typing import Any

from engine.bpmn.elements import EventDefinition
from engine.bpmn.time_expressions import parse_duration
from engine.errors import InvalidInput
from engine.events import DecisionEvaluated, JobCreated, UserTaskCreated
from engine.feel import EvaluationError
from engine.runtime.expressions import Compiler, Constant, ElementFailure
from engine.runtime.nodes import ActivityNode
from engine.runtime.timers import moment
from engine.runtime.tokens import Token


class UserTask(ActivityNode):
    """Waits for a person."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        wish = self.element.assignment
        parts = (
            "assignee",
            "candidate_users",
            "candidate_groups",
            "form_key",
            "due",
            "follow_up",
            "priority",
        )
        self.wish = {part: compiler.value(self.element, getattr(wish, part)) if wish else None for part in parts}

    def behave(self, token: Token) -> None:
        token.workflow.report(self.described(token, token.workflow.now))

    def described(self, token: Token, now: datetime) -> UserTaskCreated:
        """The task as the model describes it when it is created now."""
        seen = token.visible()
        value = {
            part: evaluator.value(seen, now) if evaluator is not None else None for part, evaluator in self.wish.items()
        }
        return UserTaskCreated(
            now,
            token.id,
            self.element.id,
            name=self.element.name or self.element.id,
            role=self.role or token.role,
            assignee=text_or_none(value["assignee"]),
            candidate_users=names(value["candidate_users"]),
            candidate_groups=names(value["candidate_groups"]),
            form_key=text_or_none(value["form_key"]),
            due_at=self._moment(value["due"], now, "due date"),
            follow_up_at=self._moment(value["follow_up"], now, "follow-up date"),
            priority=self._priority(value["priority"]),
            variables=dict(token.local) if token.local else {},
        )

    def _moment(self, value: Any, now, what: str):
        if value is None or value == "":
            return None
        try:
            return moment(value, now)
        except InvalidInput as error:
            raise ElementFailure("expression", f"The {what} of {self.label} cannot be used: {error}") from error

    def _priority(self, value: Any) -> int:
        if value is None or value == "":
            return 50
        try:
            return max(0, min(100, int(value)))
        except (TypeError, ValueError) as error:
            raise ElementFailure(
                "expression", f"The priority of {self.label} should be a number from 0 to 100, but is {value!r}."
            ) from error


def text_or_none(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def names(value: Any) -> tuple[str, ...]:
    """Comma-separated text or a list, as names without blanks."""
    if value is None:
        return ()
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return tuple(text for part in parts if (text := str(part).strip()))


class JobTask(ActivityNode):
    """Parks as a job for a handler: service task, and every task that names a topic."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.topic = compiler.value(self.element, self.element.topic) or Constant(self.element.id)
        self.retries = compiler.value(self.element, self.element.retries)
        self.backoff = self._backoff(compiler)

    def _backoff(self, compiler: Compiler) -> tuple[float, ...]:
        text = self.element.retry_backoff
        if not text:
            return (10.0, 60.0, 600.0)
        try:
            return tuple(seconds(part.strip()) for part in text.split(","))
        except InvalidInput as error:
            compiler.refuse(self.element, f"The retry backoff '{text}' cannot be used: {error}", "retry-backoff")
            return ()

    def behave(self, token: Token) -> None:
        instance = token.workflow
        seen = token.visible()
        topic = self.topic.value(seen, instance.now)
        if not isinstance(topic, str) or not topic:
            raise ElementFailure("expression", f"The topic of {self.label} should be a text, but is {topic!r}.")
        instance.report(
            JobCreated(
                instance.now,
                token.id,
                self.element.id,
                topic=topic,
                variables=dict(token.local) if self.inputs_map and token.local else dict(seen),
                retries=self._retries(seen, instance.now),
                retry_backoff_seconds=self.backoff,
            )
        )

    def _retries(self, seen: dict[str, Any], now) -> int:
        if self.retries is None:
            return 3
        value = self.retries.value(seen, now)
        try:
            return max(0, int(value))
        except (TypeError, ValueError) as error:
            raise ElementFailure(
                "expression", f"The retries of {self.label} should be a whole number, but are {value!r}."
            ) from error

    def merge(self, token: Token, values: dict[str, Any]) -> None:
        if self.element.result_variable:
            values = {self.element.result_variable: values}
        super().merge(token, values)


def seconds(text: str) -> float:
    """The length of an ISO 8601 duration in seconds."""
    return parse_duration(text).total_seconds()


class ScriptTask(ActivityNode):
    """Runs a FEEL context whose entries become variables, or an expression with a result variable."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.script = compiler.script(self.element, self.element.script)
        has_place = self.script is None or self.script.is_context or self.element.result_variable
        if not has_place and self.element.type == "scriptTask":
            compiler.refuse(
                self.element,
                "The script gives one value, but no variable to keep it in: write a FEEL context such as"
                " {total: qty * price}, or name a praxis:resultVariable.",
                "script-result",
            )

    def behave(self, token: Token) -> bool:
        if self.script is None:
            return True
        result = self.script.run(token.visible(), token.workflow.now)
        name = self.element.result_variable
        if name:
            self.merge(token, {name: result})
        elif self.script.is_context:
            self.merge(token, result)
        return True


class DecisionTask(ActivityNode):
    """Evaluates a DMN decision at once."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.decision = compiler.value(self.element, self.element.decision)
        self.decisions = None

    def link(self, definition) -> None:
        self.decisions = definition.decisions

    def behave(self, token: Token) -> bool:
        instance = token.workflow
        seen = token.visible()
        decision_id = self.decision.value(seen, instance.now)
        if self.decisions is None or decision_id not in self.decisions.ids:
            raise ElementFailure(
                "decision", f"{self.label} asks for decision '{decision_id}', which is not deployed with this process."
            )
        try:
            result = self.decisions.evaluate(decision_id, seen, now=instance.now)
        except EvaluationError as error:
            raise ElementFailure("budget", f"Decision '{decision_id}' was stopped: {error}") from error
        instance.report(
            DecisionEvaluated(instance.now, token.id, self.element.id, decision_id, result.value, tuple(result.audit))
        )
        if result.value is None and result.messages and not result.is_without_rule:
            raise ElementFailure("decision", f"Decision '{decision_id}' gives no result: {'; '.join(result.messages)}")
        self.merge(token, {self.element.result_variable or str(decision_id): result.value})
        return True


class SendTask(ActivityNode):
    """Publishes its message and goes on."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.thrown = compile_definitions(self, compiler, (self.element.message,) if self.element.message else ())

    def behave(self, token: Token) -> bool:
        for definition in self.thrown:
            token.workflow.throw_message(token, definition)
        return True


class ReceiveTask(ActivityNode):
    """Waits for its message."""

    def compile(self, compiler: Compiler) -> None:
        super().compile(compiler)
        self.caught = compile_definitions(self, compiler, (self.element.message,) if self.element.message else ())

    def behave(self, token: Token) -> None:
        token.workflow.arm(token, self)


class CompiledDefinition:
    """An event definition with its expressions compiled."""

    __slots__ = ("condition", "correlation", "definition", "kind", "name", "timer", "variables")

    def __init__(self, node, compiler: Compiler, definition: EventDefinition):
        element = node.element
        self.definition = definition
        self.kind = definition.kind
        self.name = (
            compiler.expression(element, definition.name_expression)
            if definition.name_expression
            else Constant(definition.name or "")
        )
        self.correlation = compiler.mappings(element, definition.correlation)
        self.variables = compiler.mappings(element, definition.variables)
        self.timer = compiler.value(element, definition.timer.value) if definition.timer else None
        self.condition = compiler.expression(element, definition.condition)


def compile_definitions(node, compiler: Compiler, definitions) -> tuple[CompiledDefinition, ...]:
    return tuple(CompiledDefinition(node, compiler, definition) for definition in definitions)
