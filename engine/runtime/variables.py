"""Where variables live: one scope per process and call activity, local ones for mappings and iterations."""

from collections.abc import Mapping
from typing import Any

from engine.runtime.tokens import Token


def write(token: Token, values: Mapping[str, Any]) -> None:
    """Set each variable where it is, seen from `token` outward; a new one goes to the process scope."""
    for name, value in values.items():
        for scope in token.scopes():
            if scope.owns_variables or (scope.local is not None and name in scope.local):
                if scope.local is None:
                    scope.local = {}
                scope.local[name] = value
                if scope.written is not None and name not in scope.written:
                    scope.written = [*scope.written, name]
                break


def assign_path(variables: dict[str, Any], path: str, value: Any) -> None:
    """Set `a.b.c` inside nested contexts, creating those that are missing; nothing shared is changed in place."""
    head, *rest = path.split(".")
    if not rest:
        variables[head] = value
        return
    inner = variables.get(head)
    inner = dict(inner) if isinstance(inner, Mapping) else {}
    assign_path(inner, ".".join(rest), value)
    variables[head] = inner


def map_into(mappings, seen: dict[str, Any], target: dict[str, Any], now) -> dict[str, Any]:
    """Evaluate mappings in order over what is seen; later ones see earlier results. Answers `target`."""
    view = dict(seen)
    for path, evaluator in mappings:
        value = evaluator.value(view, now)
        if "." in path and path.split(".")[0] not in target and path.split(".")[0] in view:
            target[path.split(".")[0]] = view[path.split(".")[0]]
        assign_path(target, path, value)
        view[path.split(".")[0]] = target[path.split(".")[0]]
    return target
