"""Context functions (10.3.4.10)."""

from typing import Any

from engine.feel.budget import Run
from engine.feel.builtins.registry import builtin
from engine.feel.errors import Undefined

_SECTION = "Context"


@builtin(
    "get value(m: context, key: string)",
    _SECTION,
    "The value of an entry; null where there is none.",
    'get value({key1: "value1"}, "key1")',
    '"value1"',
)
def get_value(context: dict[str, Any], key: str) -> Any:
    return context.get(key)


@builtin(
    "get entries(m: context)",
    _SECTION,
    "The entries as a list of contexts with key and value.",
    "get entries({a: 1})",
    '[{key: "a", value: 1}]',
)
def get_entries(run: Run, context: dict[str, Any]) -> list[dict[str, Any]]:
    run.charge(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin(
    "context(entries: list)",
    _SECTION,
    "The context that has the given entries, each with key and value.",
    'context([{key: "a", value: 1}, {key: "b", value: 2}])',
    "{a: 1, b: 2}",
)
def context_of_entries(run: Run, entries: list[Any]) -> dict[str, Any]:
    run.charge(len(entries))
    made: dict[str, Any] = {}
    for entry in entries:
        if type(entry) is not dict or type(entry.get("key")) is not str or "value" not in entry:
            raise Undefined("each entry must be a context with a string 'key' and a 'value'")
        if entry["key"] in made:
            raise Undefined(f"the key '{entry['key']}' occurs twice")
        made[entry["key"]] = entry["value"]
    return made


@builtin(
    "context put(context: context, key: string, value: any)",
    _SECTION,
    "The context with an entry added or replaced; a list of keys leads into nested contexts.",
    'context put({x: 1, y: {a: 0}}, ["y", "a"], 2)',
    "{x: 1, y: {a: 2}}",
)
def context_put(run: Run, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    run.charge(len(context))
    return {**context, key: value}


@builtin("context put(context: context, keys: list, value: any)")
def context_put_nested(run: Run, context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any]:
    if not keys or not all(type(key) is str for key in keys):
        raise Undefined("'keys' must be a list of one or more strings")
    run.charge(len(context))
    if len(keys) == 1:
        return {**context, keys[0]: value}
    nested = context.get(keys[0])
    if type(nested) is not dict:
        raise Undefined(f"the entry '{keys[0]}' is not a context")
    return {**context, keys[0]: context_put_nested(run, nested, keys[1:], value)}


@builtin(
    "context merge(contexts: list)",
    _SECTION,
    "The entries of all contexts in one; later ones replace earlier ones.",
    "context merge([{x: 1, y: 0}, {y: 2}])",
    "{x: 1, y: 2}",
)
def context_merge(run: Run, contexts: list[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for context in contexts:
        if type(context) is not dict:
            raise Undefined("'contexts' must be a list of contexts")
        run.charge(len(context))
        merged.update(context)
    return merged
