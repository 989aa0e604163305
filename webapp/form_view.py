"""Forms on a page: from a form schema to what the template draws, and from what the browser sends to values.

Field names in HTML are paths: `f.amount`, and in the rows of a dynamic list `f.lines.0.quantity`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from engine.feel import display
from engine.forms import Field, Form
from webapp.markdown import to_html

PREFIX = "f."
MOST_ROWS = 500
EMPTY_ROW = "__row__"  # stands for the row number in the template that the browser copies


@dataclass
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass
class Shown:
    """One component, ready to draw. `name` is the HTML name; `path` the key of its error."""

    field: Field
    name: str
    path: str
    label: str
    description: str
    is_hidden: bool
    is_readonly: bool
    is_required: bool
    value: Any = None  # text for the input; bool for a checkbox; list for files
    choices: list[Choice] = field(default_factory=list)
    children: list["Shown"] = field(default_factory=list)  # of a group
    rows: list[list["Shown"]] = field(default_factory=list)  # of a dynamic list
    empty_row: list["Shown"] = field(default_factory=list)
    html: Markup | None = None  # of a text component
    columns: list[str] = field(default_factory=list)  # of a table
    cells: list[list[Any]] = field(default_factory=list)
    error: str | None = None

    @property
    def type(self) -> str:
        return self.field.type

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


class FormView:
    """A form with the values that stand in it.

    `variables` are what the task sees; `entered` what the person has typed so far (a draft or a refused submission)
    and wins over them; `errors` by path.
    """

    def __init__(
        self,
        form: Form,
        variables: Mapping[str, Any],
        *,
        now: datetime,
        zone: ZoneInfo,
        language: str,
        entered: Mapping[str, Any] | None = None,
        errors: Mapping[str, Any] | None = None,
    ):
        self.form, self.variables, self.language = form, variables, language
        self.now = now.astimezone(zone)
        self.zone = zone
        self.entered = entered or {}
        self.errors = {path: _error_text(error, language) for path, error in (errors or {}).items()}
        self.initial = form.defaults(variables, self.now)
        self.scope = {**variables, **self.initial, **self._typed()}

    @property
    def components(self) -> list[Shown]:
        """The form's components in order, hidden ones too (the page shows them when a value asks for it)."""
        visible = self.form.visible(self.scope, self.now)
        return [self._shown(each, self.initial, self.entered, "", visible, self.scope) for each in self.form.fields]

    @property
    def title(self) -> str:
        return self.form.title.get(self.language) or self.form.title.get("en", "")

    def state(self) -> dict[str, Any]:
        """What the page must know after each change: the hidden and the locked fields, and choices that changed."""
        flat = list(_flat(self.components))
        return {
            "hidden": [each.name for each in flat if each.is_hidden],
            "readonly": [each.name for each in flat if each.is_readonly],
            "required": [each.name for each in flat if each.is_required],
            "choices": {
                each.name: [[choice.value, choice.label] for choice in each.choices]
                for each in flat
                if each.field.options_formula is not None and each.type == "select"
            },
            "texts": {each.id: str(each.html) for each in flat if each.html is not None},
        }

    def _typed(self) -> dict[str, Any]:
        if not self.entered:
            return {}
        values, _errors = self.form.accept(self.entered, self.variables, self.now)
        return values

    def _shown(
        self,
        each: Field,
        initial: Mapping[str, Any],
        entered: Mapping[str, Any],
        prefix: str,
        visible: set[str],
        scope: Mapping[str, Any],
    ) -> Shown:
        path = prefix + (each.key or each.name)
        shown = Shown(
            field=each,
            name=PREFIX + path,
            path=path,
            label=each.words("label", self.language) or ("" if each.type in ("text", "separator") else each.name),
            description=each.description(self.language),
            is_hidden=each.name not in visible,
            is_readonly=each.is_readonly(scope, self.now),
            is_required=each.rules.required.value(scope, self.now) is True,
            error=self.errors.get(path),
        )
        if each.type == "group":
            shown.children = [self._shown(child, initial, entered, prefix, visible, scope) for child in each.fields]
        elif each.type == "dynamiclist":
            self._fill_rows(shown, initial, entered, scope)
        elif each.type == "text":
            shown.html = to_html(self.form.markdown(each, scope, self.now, self.language), top_heading=3)
        elif each.type == "table":
            self._fill_table(shown, scope)
        elif each.key:
            value = entered[each.key] if each.key in entered and not shown.is_readonly else initial.get(each.key)
            self._fill_value(shown, value, scope)
        return shown

    def _fill_value(self, shown: Shown, value: Any, scope: Mapping[str, Any]) -> None:
        each = shown.field
        if each.type in ("select", "radio", "checklist"):
            chosen = {input_text(item) for item in (value if isinstance(value, list | tuple) else [value])}
            shown.choices = [
                Choice(input_text(option.value), option.label(self.language), input_text(option.value) in chosen)
                for option in each.choices(scope, self.now)
            ]
            shown.value = next((choice.label for choice in shown.choices if choice.is_chosen), "")
            if each.type == "checklist":
                shown.value = ", ".join(choice.label for choice in shown.choices if choice.is_chosen)
        elif each.type == "checkbox":
            shown.value = value in (True, "true", "on", "1")
        elif each.type == "filepicker":
            found = value if isinstance(value, list | tuple) else [value]
            shown.value = [item for item in found if item]
        else:
            shown.value = input_text(value, self.zone, each.subtype)

    def _fill_rows(
        self, shown: Shown, initial: Mapping[str, Any], entered: Mapping[str, Any], scope: Mapping[str, Any]
    ) -> None:
        key = shown.field.key or ""
        stored = initial.get(key) or []
        typed = entered.get(key)
        count = min(MOST_ROWS, len(typed if typed is not None else stored))
        for index in range(count):
            old = stored[index] if index < len(stored) and isinstance(stored[index], Mapping) else {}
            new = typed[index] if typed is not None and isinstance(typed[index], Mapping) else {}
            shown.rows.append(self._row(shown, old, new, f"{shown.path}.{index}.", scope))
        shown.empty_row = self._row(shown, {}, {}, f"{shown.path}.{EMPTY_ROW}.", scope)

    def _row(
        self, shown: Shown, old: Mapping[str, Any], new: Mapping[str, Any], prefix: str, scope: Mapping[str, Any]
    ) -> list[Shown]:
        inner = {**scope, **old, **new}
        visible = self.form.visible_in_row(shown.field.name, {**old, **new}, scope, self.now)
        initial = {
            each.key: old[each.key] if old.get(each.key) is not None else each.default.value(inner, self.now)
            for each in shown.field.fields
            if each.key
        }
        return [self._shown(each, initial, new, prefix, visible, inner) for each in shown.field.fields]

    def _fill_table(self, shown: Shown, scope: Mapping[str, Any]) -> None:
        rows = self.form.table_rows(shown.field, scope, self.now, self.language)
        columns = shown.field.columns
        keys = [column.value for column in columns] or list(rows[0] if rows else [])
        shown.columns = [column.label(self.language) for column in columns] or [str(key) for key in keys]
        shown.cells = [[row.get(key) for key in keys] for row in rows]


def _flat(components: Iterable[Shown]) -> Iterable[Shown]:
    for each in components:
        yield each
        yield from _flat(each.children)
        for row in each.rows:
            yield from _flat(row)


def _error_text(error: Any, language: str) -> str:
    """An engine message in the reader's language."""
    return error.translated(language) if hasattr(error, "translated") else str(error)


def input_text(value: Any, zone: ZoneInfo | None = None, subtype: str | None = None) -> str:
    """A value as an HTML input takes it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            local = value.astimezone(zone) if zone and value.tzinfo else value
            if subtype == "date":
                return local.date().isoformat()
            return local.replace(tzinfo=None).isoformat(timespec="minutes")
        case time():
            return value.isoformat(timespec="minutes")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case str() | int() | float():
            return str(value)
        case _:
            return display(value)


def read_submission(form: Form, sent: MultiDict[str, str]) -> dict[str, Any]:
    """What the browser sent for this form's fields: texts, lists of texts for checklists, lists of rows."""
    values: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, Any]]] = {}
    for name in sent:
        if not name.startswith(PREFIX):
            continue
        path = name.removeprefix(PREFIX)
        parts = path.split(".")
        found = form.field(parts[0])
        if len(parts) == 3 and found is not None and found.type == "dynamiclist" and parts[1].isdigit():
            inner = form.field(f"{parts[0]}.{parts[2]}")
            rows.setdefault(parts[0], {}).setdefault(int(parts[1]), {})[parts[2]] = _sent(inner, sent.getlist(name))
        elif len(parts) == 2 and parts[1] == "rows" and found is not None and found.type == "dynamiclist":
            rows.setdefault(parts[0], {})  # says that the list was on the page, even without a row
        elif found is not None or form.field(path) is not None:
            values[path] = _sent(form.field(path), sent.getlist(name))
    for key, numbered in rows.items():
        values[key] = [numbered[number] for number in sorted(numbered)]
    return values


def _sent(field: Field | None, texts: list[str]) -> Any:
    if field is not None and (field.type == "checklist" or (field.type == "filepicker" and field.multiple)):
        return [text for text in texts if text]
    return texts[-1] if texts else ""
