"""The words an analyst may choose from: variables, forms, decisions, roles, topics, processes, messages."""

from collections.abc import Iterator
from typing import Any

from engine.bpmn.context import Context, compiled
from engine.bpmn.elements import Activity, CatchOrThrow, Element, Model, Process, Task
from engine.bpmn.rules.data_flow import BUILT_IN
from engine.errors import InvalidModel
from engine.feel import FeelSyntaxError, compile_script, known_functions
from engine.forms import Form
from practice_repo.practice import CARD, Card, read_card
from webapp.modeling.files import Files, Opened, form_key, kind_of, open_files

ORIGINS = ("form", "result", "mapping", "script", "decision", "message", "loop", "error", "data", "search", "read")


def vocabulary(files: Files, *, origin: Files | None = None, topics: tuple[str, ...] = ()) -> dict[str, Any]:
    """Choices for the properties panel; `variables` by process id, each with where it comes from.

    `trusted` are the names that the origin reads: handlers and messages bring many that no model declares.
    """
    opened = open_files(files)
    card = _card(files)
    return {
        "variables": _variables(opened),
        "built_in": sorted(BUILT_IN),
        "trusted": _trusted(origin or {}),
        "functions": sorted(known_functions()),
        "forms": [{"key": form_key(name), "file": name, **_titles(form)} for name, form in opened.forms.items()],
        "decisions": [
            {"key": decision_id, "file": name}
            for name, definitions in opened.decisions.items()
            for decision_id in definitions.decision_ids
        ],
        "processes": [
            {"key": process.id, "name": process.name, "zh": process.properties.get("name:zh", ""), "file": name}
            for name, model in opened.models.items()
            for process in model.processes
        ],
        "roles": [{"key": role.key, "en": role.name.en, "zh": role.name.zh} for role in card.roles] if card else [],
        "touchpoints": [touchpoint.key for touchpoint in card.touchpoints] if card else [],
        "topics": sorted({*topics, *_topics(opened)}),
        "messages": sorted({m.name for model in opened.models.values() for m in model.messages.values() if m.name}),
        "signals": sorted({name for model in opened.models.values() for name in model.signals.values() if name}),
        "errors": sorted({code for model in opened.models.values() for code in model.errors.values() if code}),
    }


def _card(files: Files) -> Card | None:
    try:
        return read_card(files.get(CARD, b"").decode(errors="replace"))
    except InvalidModel:
        return None


def _titles(form: Form) -> dict[str, str]:
    return {"en": form.title.get("en", ""), "zh": form.title.get("zh", "")}


def _topics(opened: Opened) -> Iterator[str]:
    for model in opened.models.values():
        for process in model.processes:
            for element in process.walk():
                topic = getattr(element, "topic", None)
                if topic is not None and topic.text:
                    yield topic.text


def _variables(opened: Opened) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for model in opened.models.values():
        read = _read_names(model)
        for process in model.processes:
            names: dict[str, tuple[str, str]] = {}
            for name, origin, place in _written(process, opened):
                names.setdefault(name, (origin, place))
            for name in read.get(process.id, ()):
                names.setdefault(name, ("read", ""))
            found[process.id] = [
                {"name": name, "origin": origin, "place": place} for name, (origin, place) in sorted(names.items())
            ]
    return found


def _written(process: Process, opened: Opened) -> Iterator[tuple[str, str, str]]:
    """Name, origin (one of ORIGINS) and the element that sets it."""
    for data in process.data_objects:
        if data.name.isidentifier():
            yield data.name, "data", ""
    for name in process.searchable:
        yield name, "search", ""
    for element in process.walk():
        place = element.name or element.id
        for name, origin in _written_by(element, opened):
            yield name, origin, place


def _written_by(element: Element, opened: Opened) -> Iterator[tuple[str, str]]:
    for mapping in (*element.inputs, *element.outputs):
        yield mapping.target.partition(".")[0], "mapping"
    if isinstance(element, Activity) and element.loop:
        for name in filter(None, (element.loop.element_variable, element.loop.output_collection)):
            yield name, "loop"
    if isinstance(element, CatchOrThrow):
        yield from ((key, "form") for key in _form_keys(element.form_key, opened))
        for definition in element.definitions:
            for name in filter(None, (definition.code_variable, definition.message_variable)):
                yield name, "error"
            for mapping in (*definition.variables, *definition.correlation):
                yield mapping.target.partition(".")[0], "message"
    if isinstance(element, Task):
        yield from _written_by_task(element, opened)


def _written_by_task(task: Task, opened: Opened) -> Iterator[tuple[str, str]]:
    if task.result_variable:
        yield task.result_variable, "decision" if task.decision else "result"
    if task.assignment and task.assignment.form_key:
        yield from ((key, "form") for key in _form_keys(task.assignment.form_key.text, opened))
    if task.type == "scriptTask" and task.script and not task.script.problem:
        try:
            yield from ((key, "script") for key in compile_script(task.script.feel).keys)
        except FeelSyntaxError:
            return


def _form_keys(key: str | None, opened: Opened) -> Iterator[str]:
    form = opened.forms.get(f"forms/{key}.json")
    if form is not None:
        yield from form.keys


def _trusted(origin: Files) -> list[str]:
    models = open_files({name: content for name, content in origin.items() if kind_of(name) == "bpmn"}).models
    return sorted({name for model in models.values() for names in _read_names(model).values() for name in names})


def _read_names(model: Model) -> dict[str, set[str]]:
    """What the model's expressions read, by process: jobs and messages bring some of it that nobody declares."""
    read: dict[str, set[str]] = {}
    for placed in Context(model).expressions:
        expression = compiled(placed)
        if expression is not None:
            own = set(getattr(expression, "keys", ()))
            read.setdefault(placed.scope.process.id, set()).update(expression.names - own)
    return read
