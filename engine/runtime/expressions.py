"""The model's expressions, compiled once; what fails becomes an incident that explains itself."""

from datetime import datetime
from typing import Any

from engine.bpmn.elements import Expression, Value
from engine.errors import Finding
from engine.feel import EvaluationError, FeelSyntaxError, compile_expression, compile_script, display


class ElementFailure(Exception):
    """An element cannot go on; the instance reports it as an incident of this kind."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.element_id: str | None = None  # where it happened, when that is not the token's own element


class Evaluator:
    """One compiled FEEL expression of one element."""

    __slots__ = ("compiled", "source")

    def __init__(self, expression: Expression):
        self.source = expression.feel
        self.compiled = compile_expression(expression.feel)

    def value(self, variables: dict[str, Any], now: datetime) -> Any:
        """The expression's value; null where FEEL says null."""
        try:
            return self.compiled.evaluate(variables, now=now)
        except EvaluationError as error:
            raise ElementFailure("budget", f"The expression '{self.source}' was stopped: {error}") from error

    def truth(self, variables: dict[str, Any], now: datetime) -> bool:
        """The expression's value as a condition: anything but true or false is a failure."""
        value = self.value(variables, now)
        if value is True or value is False:
            return value
        raise ElementFailure("condition", self._unfit("true or false", value, variables, now))

    def expect(self, wanted: str, fits, variables: dict[str, Any], now: datetime) -> Any:
        """The expression's value if `fits(value)`, else a failure that says what was wanted."""
        value = self.value(variables, now)
        if fits(value):
            return value
        raise ElementFailure("expression", self._unfit(wanted, value, variables, now))

    def _unfit(self, wanted: str, value: Any, variables: dict[str, Any], now: datetime) -> str:
        warnings = self.compiled.evaluate_with_warnings(variables, now=now).warnings
        why = f" ({'; '.join(warnings)})" if warnings else ""
        found = "null" if value is None else display(value)
        return f"The expression '{self.source}' should give {wanted}, but gives {found}{why}. Correct it and retry."


class Constant:
    """A literal text where an expression was possible."""

    __slots__ = ("source",)

    def __init__(self, text: str):
        self.source = text

    def value(self, variables: dict[str, Any], now: datetime) -> Any:
        return self.source


class Script:
    """A script task's text: a context whose entries become variables in order, or one expression."""

    def __init__(self, expression: Expression):
        self.source = expression.feel
        self.compiled = compile_script(expression.feel)

    @property
    def is_context(self) -> bool:
        return self.compiled.is_context

    def run(self, variables: dict[str, Any], now: datetime) -> Any:
        try:
            return self.compiled.run(variables, now=now).value
        except EvaluationError as error:
            raise ElementFailure("budget", f"The script was stopped: {error}") from error


class Compiler:
    """Compiles expressions and collects what is wrong with them, so that all findings come at once."""

    def __init__(self):
        self.findings: list[Finding] = []

    def refuse(self, element, message: str, rule: str = "engine") -> None:
        self.findings.append(
            Finding(
                rule=rule, message=message, element_id=element.id, element_name=element.name, line=element.line or None
            )
        )

    def _compile(self, element, expression: Expression, make):
        if expression.problem:
            self.refuse(element, expression.problem, "expression")
            return None
        try:
            return make(expression)
        except FeelSyntaxError as error:
            self.refuse(element, f"The expression '{expression.source}' cannot be read: {error}", "expression")
            return None

    def expression(self, element, expression: Expression | None) -> Evaluator | None:
        return self._compile(element, expression, Evaluator) if expression is not None else None

    def script(self, element, expression: Expression | None) -> Script | None:
        return self._compile(element, expression, Script) if expression is not None else None

    def value(self, element, value: Value | None) -> Evaluator | Constant | None:
        if value is None:
            return None
        if value.expression is not None:
            return self.expression(element, value.expression)
        return Constant(value.text or "")

    def mappings(self, element, mappings) -> tuple[tuple[str, Evaluator | Constant], ...]:
        return tuple((mapping.target, self.value(element, mapping.source)) for mapping in mappings)
