"""The life of a practice in an enterprise (A10): from found to contributed."""

from engine.errors import InvalidState
from practice_repo.practice import Text

TRANSITIONS: dict[str, frozenset[str]] = {
    "found": frozenset({"acquired"}),
    "acquired": frozenset({"tailored", "available", "aborted"}),
    "tailored": frozenset({"available", "aborted"}),
    "available": frozenset({"tailored", "selected", "contributed", "aborted"}),
    "selected": frozenset({"available", "tailored", "executing", "aborted"}),
    "executing": frozenset({"completed", "aborted"}),
    "completed": frozenset({"tailored", "measured", "contributed"}),
    "measured": frozenset({"tailored", "contributed"}),
    "contributed": frozenset({"tailored", "selected"}),
    "aborted": frozenset({"tailored"}),
}
EDITABLE = frozenset({"acquired", "tailored", "available", "completed", "measured", "contributed"})
CONTRIBUTABLE = frozenset({"available", "selected", "executing", "completed", "measured", "contributed"})
AVAILABLE = "available"
ENDED = "aborted"

LABELS = {
    "found": Text("Found", "已发现"),
    "acquired": Text("Acquired", "已采集"),
    "tailored": Text("Being tailored", "修改中"),
    "available": Text("Available", "可用"),
    "selected": Text("Selected", "已选定"),
    "executing": Text("Being rolled out", "执行中"),
    "completed": Text("Rolled out", "已完成"),
    "measured": Text("Measured", "已测量"),
    "contributed": Text("Contributed", "已贡献"),
    "aborted": Text("Given up", "已放弃"),
}


def must_allow(title: str, state: str, to_state: str) -> None:
    """Refuse a step that a candidate's life does not know."""
    if to_state not in TRANSITIONS:
        raise InvalidState(f"'{to_state}' is no state of a practice: known are {', '.join(TRANSITIONS)}.")
    if to_state not in TRANSITIONS[state]:
        allowed = ", ".join(sorted(TRANSITIONS[state])) or "none"
        raise InvalidState(f"'{title}' is {state} and cannot become {to_state}; possible now: {allowed}.")
