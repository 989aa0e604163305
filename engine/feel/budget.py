"""How much one evaluation may consume, and the meter that counts it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from engine.feel.errors import EvaluationError

MAX_WARNINGS = 100
TEXT_SHIFT = 7  # so many binary digits fewer: 128 characters cost as much as one turn of a loop
_CLOCK_EVERY = 4096


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one evaluation; exceeding one raises `EvaluationError` with the name of the limit.

    `iterations` counts loop turns, filtered items, function calls and items that built-in functions touch;
    `depth` counts nested function calls; sizes are items and characters; times are seconds of wall clock.
    """

    iterations: int = 1_000_000
    depth: int = 120
    list_size: int = 500_000
    string_size: int = 1_000_000
    regular_expression_seconds: float = 0.5
    seconds: float = 5.0


DEFAULT_BUDGET = Budget()


class Run:
    """The state of one evaluation: what it has consumed, what it warned of, what time it is."""

    __slots__ = (
        "budget",
        "clock_due",
        "deadline",
        "depth",
        "entered",
        "externals",
        "moment",
        "pattern_seconds",
        "used",
        "warnings",
    )

    def __init__(
        self,
        moment: datetime | None = None,
        budget: Budget | None = None,
        warnings: list[str] | None = None,
        externals: Mapping[str, Callable[..., Any]] | None = None,
    ):
        self.budget = budget or DEFAULT_BUDGET
        self.moment = moment
        self.warnings = warnings
        self.externals = externals
        self.entered: dict[str, Any] | None = None  # lists and contexts that were already converted, by variable
        self.used = 0
        self.depth = 0
        self.pattern_seconds = 0.0
        self.deadline = None
        self.clock_due = _CLOCK_EVERY

    def warn(self, text: str, *values: Any) -> None:
        """Note why a result is null; `values` fill the braces of `text` only when somebody listens."""
        if self.warnings is not None and len(self.warnings) < MAX_WARNINGS:
            message = text.format(*values) if values else text
            if message not in self.warnings:
                self.warnings.append(message)

    def charge(self, amount: int = 1) -> None:
        """Count `amount` units of work against the budget."""
        self.used = used = self.used + amount
        if used > self.budget.iterations:
            raise EvaluationError(
                f"The expression needs more than {self.budget.iterations} iterations; "
                "loop over fewer items or raise the budget 'iterations'.",
                "iterations",
            )
        if used >= self.clock_due:
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        now = monotonic()
        if self.deadline is None:
            self.deadline = now + self.budget.seconds
        elif now > self.deadline:
            raise EvaluationError(
                f"The expression ran longer than {self.budget.seconds} seconds; simplify it or raise 'seconds'.",
                "seconds",
            )
        self.clock_due = self.used + _CLOCK_EVERY

    def enter(self) -> None:
        """Count one nested function call; the caller takes it back with `depth -= 1`."""
        self.depth += 1
        if self.depth > self.budget.depth:
            raise EvaluationError(
                f"Function calls are nested deeper than {self.budget.depth}; end the recursion or raise 'depth'.",
                "depth",
            )
        self.charge()

    def check_list_size(self, size: int) -> None:
        """Refuse a list of more than the allowed number of items, and count the items as work."""
        if size > self.budget.list_size:
            raise EvaluationError(
                f"A list of {size} items exceeds the {self.budget.list_size} allowed; "
                "use a smaller list or raise the budget 'list_size'.",
                "list_size",
            )
        self.charge(size)

    def check_string_size(self, size: int) -> None:
        """Refuse a string of more than the allowed number of characters, and count making it as work."""
        if size > self.budget.string_size:
            raise EvaluationError(
                f"A string of {size} characters exceeds the {self.budget.string_size} allowed; "
                "use a shorter string or raise the budget 'string_size'.",
                "string_size",
            )
        self.charge(size >> TEXT_SHIFT)

    def timed_pattern(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a regular-expression operation, which gets the seconds that are left as its last argument."""
        left = self.budget.regular_expression_seconds - self.pattern_seconds
        started = monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            return operation(*arguments, left)
        except TimeoutError as error:
            raise EvaluationError(
                f"Regular expressions ran longer than {self.budget.regular_expression_seconds} seconds; "
                "write them without nested repetitions or raise 'regular_expression_seconds'.",
                "regular_expression_seconds",
            ) from error
        finally:
            self.pattern_seconds += monotonic() - started

    def now(self) -> datetime:
        """The moment of this evaluation: the one that was passed in, else the system's, fixed at first use."""
        if self.moment is None:
            self.moment = datetime.now(UTC)
        return self.moment
