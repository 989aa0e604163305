"""A form: what is visible, what stands in it at first, and what becomes of the values that are sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.errors import Finding
from engine.feel import display
from engine.forms.fields import CHOICES, Field, Option, walk
from engine.forms.messages import Message, message, quoted
from engine.forms.values import Unfit, is_nothing, python_moment, read_value, same_value

MOST_ROWS = 1000
MARKDOWN_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


@dataclass(frozen=True)
class Accepted:
    """What a submission comes to: `values` by variable, typed; `errors` by path (`key`, or `list.0.key` in a row)."""

    values: dict[str, Any]
    errors: dict[str, Message]

    def __iter__(self):
        return iter((self.values, self.errors))

    @property
    def ok(self) -> bool:
        return not self.errors


@dataclass(frozen=True)
class Form:
    """A form schema that was read and checked."""

    id: str
    fields: tuple[Field, ...]
    title: Mapping[str, str] = field(default_factory=dict)  # by language

    @property
    def keys(self) -> tuple[str, ...]:
        """The variables that the form writes, in order."""
        return tuple(each.key for each in walk(self.fields) if each.is_input and each.key)

    def field(self, name: str) -> Field | None:
        """The field of this name; `list.entry` names an entry of a dynamic list's rows."""
        head, _, rest = name.partition(".")
        found = next((each for each in walk(self.fields) if each.name == head), None)
        if found is None or not rest:
            return found
        return next((each for each in walk(found.fields) if each.name == rest), None)

    def visible(self, variables: Mapping[str, Any], now: datetime | None = None) -> set[str]:
        """Names of the components that are shown; in a row of a dynamic list ask `visible_in_row`."""
        return _visible(self.fields, variables, now)

    def visible_in_row(
        self, name: str, row: Mapping[str, Any], variables: Mapping[str, Any], now: datetime | None = None
    ) -> set[str]:
        """Names of the components shown in this row of the dynamic list."""
        found = self.field(name)
        return _visible(found.fields, {**variables, **row}, now) if found else set()

    def readonly(self, variables: Mapping[str, Any], now: datetime | None = None) -> set[str]:
        """Names of the fields that show a value but do not take one."""
        return {each.name for each in walk(self.fields) if each.is_readonly(variables, now)}

    def defaults(self, variables: Mapping[str, Any], now: datetime | None = None) -> dict[str, Any]:
        """What stands in each field at first: the variable where it has a value, else the field's default."""
        return _initial(self.fields, variables, variables, now)

    def options(
        self, field: Field | str, variables: Mapping[str, Any], now: datetime | None = None
    ) -> tuple[Option, ...]:
        """The choices of a select, radio or checklist now."""
        found = self.field(field) if isinstance(field, str) else field
        return found.choices(variables, now) if found else ()

    def table_rows(
        self, field: Field | str, variables: Mapping[str, Any], now: datetime | None = None, language: str = "en"
    ) -> list[dict[str, Any]]:
        """What a table component shows: one dictionary per row, with the columns' entries only.

        An entry `name_zh` beside `name` stands there for readers of that language.
        """
        found = self.field(field) if isinstance(field, str) else field
        rows = found.rows.value(variables, now) if found and found.rows else None
        if not isinstance(rows, list | tuple):
            return []
        keys = [column.value for column in found.columns]
        return [
            {key: row.get(f"{key}_{language}", row.get(key)) for key in keys or row}
            for row in rows
            if isinstance(row, Mapping)
        ]

    def markdown(
        self, field: Field | str, variables: Mapping[str, Any], now: datetime | None = None, language: str = "en"
    ) -> str:
        """A text component's Markdown with the values of its {{…}} filled in, these escaped."""
        found = self.field(field) if isinstance(field, str) else field
        parts = found.templates.get(language) or found.templates.get("en", ()) if found else ()
        return "".join(part if isinstance(part, str) else _escaped(part.value(variables, now)) for part in parts)

    def accept(self, values: Mapping[str, Any], variables: Mapping[str, Any], now: datetime | None = None) -> Accepted:
        """Turn what was sent into typed values, or say per field why not.

        `values` come from a browser (texts, lists of texts) or from JSON (typed); a dynamic list is a list of
        dictionaries. Unknown keys and hidden fields are dropped and read-only fields keep their value. A field that
        was not sent is unchanged, and takes its default where the variable has no value yet; only checkboxes and
        checklists are emptied, as browsers do not send those. A date-time without zone is in `now`'s zone.
        """
        submission = _Submission(now)
        clean = submission.read(self.fields, values, variables, stored=variables, prefix="")
        return Accepted(clean, submission.errors)

    def lint(self, *, variables: frozenset[str] | None = None) -> list[Finding]:
        """What reads well but is doubtful: missing Chinese texts, choices without options, defaults that do not fit.

        With `variables` (every name that can exist), also the fields that write none of them.
        """
        findings = [finding for each in self.fields for finding in _lint_field(self.id, each)]
        for each in walk(self.fields):
            if variables is not None and each.key and each.is_input and each.key not in variables:
                findings.append(
                    _warning(
                        self.id,
                        each,
                        "unused",
                        "writes a variable that nothing in the process reads: remove the field or use it.",
                    )
                )
        return findings


class _Submission:
    """One reading of what was sent; collects the errors."""

    def __init__(self, now: datetime | None):
        self.now = now
        self.errors: dict[str, Message] = {}

    def read(
        self,
        fields: tuple[Field, ...],
        values: Mapping[str, Any],
        outer: Mapping[str, Any],
        stored: Mapping[str, Any],
        prefix: str,
    ) -> dict[str, Any]:
        """The clean values of these fields. `outer`: all that expressions see; `stored`: what the fields hold now."""
        inputs = [each for each in walk(fields) if each.is_input and each.key]
        initial = _initial(fields, stored, outer, self.now)
        typed: dict[str, Any] = {}
        problems: dict[str, Message] = {}
        for each in inputs:
            if each.key in values or each.type in ("checkbox", "checklist"):
                try:
                    typed[each.key] = self._typed(each, values.get(each.key), outer, values)
                except Unfit as unfit:
                    problems[each.key] = unfit.message

        shown, locked, scope = self._settle(fields, inputs, typed, problems, initial, outer)
        clean: dict[str, Any] = {}
        for each in inputs:
            if each.name not in shown:
                continue
            path = prefix + each.key
            if each.name in locked or (each.key not in typed and each.key not in problems):
                value = initial.get(each.key)
                if each.name not in locked:
                    self._check_required(each, value, path, scope)
                if value is not None and stored.get(each.key) is None:
                    clean[each.key] = value
            elif each.key in problems:
                self.errors[path] = problems[each.key]
            elif each.type == "dynamiclist":
                clean[each.key] = self._read_rows(each, typed[each.key], scope, stored.get(each.key), path)
                self._check_required(each, clean[each.key], path, scope)
            else:
                value = self._chosen(each, typed[each.key], scope, path)
                self._check_required(each, value, path, scope)
                self._check_limits(each, value, path, scope)
                if path not in self.errors:
                    clean[each.key] = value
        return clean

    def _typed(self, field: Field, value: Any, outer: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        if field.type == "dynamiclist":
            return _rows(field, value)
        if field.type in CHOICES and field.options_formula is not None:
            return value  # what may be chosen can depend on the other fields: read when these are settled
        return read_value(field, value, field.options, self.now)

    def _chosen(self, field: Field, value: Any, scope: Mapping[str, Any], path: str) -> Any:
        if field.type not in CHOICES or field.options_formula is None:
            return value
        try:
            return read_value(field, value, field.choices(scope, self.now), self.now)
        except Unfit as unfit:
            self.errors[path] = unfit.message
            return None

    def _settle(self, fields, inputs, typed, problems, initial, outer):
        """Which fields are shown and locked, when both may depend on the values: repeat until nothing changes."""
        shown = {each.name for each in walk(fields)}
        locked: set[str] = set()
        scope: dict[str, Any] = {}
        for _round in range(len(inputs) + 2):
            scope = dict(outer)
            for each in inputs:
                if each.name in shown:
                    sent = each.key in typed and each.name not in locked
                    scope[each.key] = typed[each.key] if sent else initial.get(each.key)
                    if each.key in problems and each.name not in locked:
                        scope[each.key] = None
            now_shown = _visible(fields, scope, self.now)
            now_locked = {each.name for each in inputs if each.is_readonly(scope, self.now)}
            if (now_shown, now_locked) == (shown, locked):
                break
            shown, locked = now_shown, now_locked
        return shown, locked, scope

    def _read_rows(self, field: Field, sent: list[Any], scope: Mapping[str, Any], stored: Any, path: str) -> list[Any]:
        stored_rows = [row for row in stored if isinstance(row, Mapping)] if isinstance(stored, list | tuple) else []
        unmatched = list(stored_rows)
        clean = []
        for index, row in enumerate(sent):
            if not isinstance(row, Mapping):
                self.errors[f"{path}.{index}"] = message("not_a_row", field.labels, found=quoted(row))
                continue
            origin = self._origin(field, row, index, len(sent), stored_rows, unmatched, scope)
            if origin is None and _is_blank(row):
                continue
            if origin is None and not field.add_and_remove and index >= max(len(stored_rows), field.default_rows):
                continue
            origin = origin or {}
            new = self.read(field.fields, row, {**scope, **_texts_aside(row)}, origin, f"{path}.{index}.")
            clean.append({**origin, **new})
        return clean

    def _origin(self, field, row, index, sent_count, stored_rows, unmatched, scope) -> Mapping[str, Any] | None:
        """The stored row that the sent one continues: by place when rows cannot move, else by its locked entries."""
        same_place = not field.add_and_remove or sent_count == len(stored_rows)
        locked = [each for each in walk(field.fields) if each.is_input and each.is_readonly({**scope, **row}, self.now)]
        if same_place and index < len(stored_rows):
            return stored_rows[index]
        for candidate in unmatched:
            if locked and all(same_value(candidate.get(each.key), row.get(each.key)) for each in locked):
                unmatched.remove(candidate)
                return candidate
        return None

    def _check_required(self, field: Field, value: Any, path: str, scope: Mapping[str, Any]) -> None:
        if path in self.errors or field.rules.required.value(scope, self.now) is not True:
            return
        if is_nothing(value) or (value is False and field.type == "checkbox") or value == []:
            self.errors[path] = message(_required_key(field), field.labels)

    def _check_limits(self, field: Field, value: Any, path: str, scope: Mapping[str, Any]) -> None:
        if value is None or path in self.errors or field.type not in ("number", "datetime"):
            return
        for key, is_outside in (("min", _is_less), ("max", lambda a, b: _is_less(b, a))):
            limit = getattr(field.rules, key).value(scope, self.now)
            if limit is not None and is_outside(value, limit):
                self.errors[path] = message(key, field.labels, limit=display(limit), found=display(value))


def _required_key(field: Field) -> str:
    special = {"checkbox": "required_tick", "dynamiclist": "required_rows"}
    return special.get(field.type, "required_choice" if field.type in CHOICES else "required")


def _visible(fields: tuple[Field, ...], variables: Mapping[str, Any], now: datetime | None) -> set[str]:
    names: set[str] = set()
    for each in fields:
        if each.is_hidden(variables, now):
            continue
        names.add(each.name)
        if each.type == "group":
            names |= _visible(each.fields, variables, now)
    return names


def _initial(
    fields: tuple[Field, ...], stored: Mapping[str, Any], outer: Mapping[str, Any], now: datetime | None
) -> dict[str, Any]:
    initial: dict[str, Any] = {}
    for each in walk(fields):
        if not each.is_input or not each.key:
            continue
        value = stored.get(each.key)
        if value is None:
            value = _default(each, {**outer, **initial}, now)
        initial[each.key] = value
    return initial


def _default(field: Field, variables: Mapping[str, Any], now: datetime | None) -> Any:
    if field.type == "dynamiclist" and not field.default.is_set:
        return [_initial(field.fields, {}, variables, now) for _ in range(field.default_rows)] or None
    value = field.default.value(variables, now)
    if value is None or field.default.formula is None or field.type in ("dynamiclist", "filepicker"):
        return value
    try:
        return read_value(field, value, field.choices(variables, now), now)
    except Unfit:
        return None


def _rows(field: Field, value: Any) -> list[Any]:
    if is_nothing(value):
        return []
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        raise Unfit("not_a_list", field, found=quoted(value))
    if len(value) > MOST_ROWS:
        raise Unfit("too_many_rows", field, limit=MOST_ROWS, found=len(value))
    return list(value)


def _is_blank(row: Mapping[str, Any]) -> bool:
    return all(is_nothing(value) or value is False or value == [] for value in row.values())


def _texts_aside(row: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of a sent row hide variables of the same name until they are read."""
    return dict.fromkeys(row)


def _is_less(left: Any, right: Any) -> bool:
    """left < right for numbers, dates, times and date-times; False where the two cannot be compared."""
    left, right = python_moment(left), python_moment(right)
    if isinstance(right, str):
        right = _parsed_like(left, right)
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
        return left < right
    if isinstance(left, datetime) and isinstance(right, date) and not isinstance(right, datetime):
        right = datetime.combine(right, time(), left.tzinfo)
    if isinstance(right, datetime) and isinstance(left, date) and not isinstance(left, datetime):
        right = right.date()
    try:
        return bool(left < right)
    except TypeError:
        return False


def _parsed_like(value: Any, text: str) -> Any:
    try:
        if isinstance(value, datetime):
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo or not value.tzinfo else moment.replace(tzinfo=value.tzinfo)
        return type(value).fromisoformat(text) if isinstance(value, date | time) else None
    except ValueError:
        return None


def _escaped(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else display(value)
    return MARKDOWN_MARKS.sub(r"\\\1", text)


def _warning(form_id: str, field: Field, rule: str, text: str) -> Finding:
    return Finding(
        f"form-{rule}", f"Form '{form_id}', field '{field.name}': {text}", field.name, field.label(), severity="warning"
    )


def _lint_field(form_id: str, field: Field) -> list[Finding]:
    findings = []
    if field.type not in ("separator", "text") and not field.texts.get("label"):
        findings.append(_warning(form_id, field, "label", "has no label: say what is asked."))
    for name in ("label", "description", "text"):
        if field.texts.get(name) and not field.texts.get(f"{name}:zh"):
            findings.append(_warning(form_id, field, "translation", f'has no Chinese {name}: add "{name}:zh".'))
    for option in (*field.options, *field.columns):
        if "zh" not in option.labels:
            findings.append(
                _warning(form_id, field, "translation", f"'{option.label()}' has no Chinese label: add \"label:zh\".")
            )
    if field.type in CHOICES and field.default.literal is not None and field.options:
        wanted = field.default.literal if isinstance(field.default.literal, list) else [field.default.literal]
        if any(not any(same_value(option.value, each) for option in field.options) for each in wanted):
            findings.append(_warning(form_id, field, "default", "its default value is not one of its options."))
    low, high = field.rules.min.literal, field.rules.max.literal
    if low is not None and high is not None and _is_less(high, low):
        findings.append(_warning(form_id, field, "limits", f"min {low} is above max {high}: nothing can be entered."))
    for inner in field.fields:
        findings += _lint_field(form_id, inner)
    return findings
