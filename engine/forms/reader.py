"""form-js JSON → Form. Everything that is wrong is found in one reading, each with its field and its remedy."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import regex

from engine.errors import Finding, InvalidModel
from engine.feel import FeelSyntaxError
from engine.forms.fields import CHOICES, CONTAINERS, INPUTS, TYPES, Field, Formula, Option, Rules, Setting, walk
from engine.forms.form import Form

MOST_BYTES = 512 * 1024
MOST_FIELDS = 500
DEEPEST_NESTING = 6
SUBTYPES = ("date", "time", "datetime")
KINDS = ("email", "phone")
KEY = re.compile(r"[^\W\d]\w*")
PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
ALIASES = {"taglist": "checklist", "spacer": "separator"}
IGNORED_TYPES = frozenset({"button"})  # Praxis draws the buttons of a task itself
APPEARANCE = ("layout", "appearance", "properties", "rows", "height", "placeholder", "verticalAlignment")


def read_form(source: bytes | str | Mapping[str, Any]) -> Form:
    """The form of this form-js JSON text (or the parsed object).

    Raises `InvalidModel` with one finding per thing that is wrong.
    """
    return _Reader().read(_parsed(source))


def _parsed(source: bytes | str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    if len(source) > MOST_BYTES:
        raise _unreadable(f"has {len(source)} bytes; at most {MOST_BYTES} are read. Split the form.")
    try:
        parsed = json.loads(source, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _unreadable(f"{error.msg} in column {error.colno}: a form is one JSON object.", error.lineno) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _unreadable(f"{error}: a form is one JSON object in UTF-8.") from error
    if not isinstance(parsed, dict):
        raise _unreadable(f"expected a JSON object with 'components', found {type(parsed).__name__}.")
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _unreadable(text: str, line: int | None = None) -> InvalidModel:
    return InvalidModel(f"The form cannot be read: {text}", [Finding("form-json", text, line=line)])


class _Reader:
    """Reads one form; collects findings instead of stopping at the first."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.count = 0
        self.form_id = ""

    def read(self, source: Mapping[str, Any]) -> Form:
        form_id = source.get("id")
        if not isinstance(form_id, str) or not form_id:
            self._note("form-id", '"id" is missing: name the form, e.g. "id": "first_contact".')
            form_id = ""
        self.form_id = form_id
        if source.get("type", "default") != "default":
            self._note("form-type", f'"type" must be "default", found {source.get("type")!r}.')
        fields = self._components(source, depth=0)
        names = self._titles(source)
        if self.findings:
            first = self.findings[0]
            more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
            raise InvalidModel(f"Form '{form_id}' cannot be used: {first}{more}", self.findings)
        return Form(form_id, fields, names)

    def _titles(self, source: Mapping[str, Any]) -> dict[str, str]:
        titles = {
            "en": source.get("title") or source.get("name"),
            "zh": source.get("title:zh") or source.get("name:zh"),
        }
        return {language: text for language, text in titles.items() if isinstance(text, str)}

    def _note(self, rule: str, message: str, name: str | None = None, label: str | None = None) -> None:
        self.findings.append(Finding(rule, message, name, label))

    def _components(self, parent: Mapping[str, Any], depth: int) -> tuple[Field, ...]:
        components = parent.get("components", [])
        if not isinstance(components, list):
            self._note("form-components", '"components" must be a list of components.')
            return ()
        if depth > DEEPEST_NESTING:
            self._note("form-depth", f"components are nested deeper than {DEEPEST_NESTING} levels: flatten the form.")
            return ()
        fields = [self._component(each, depth) for each in components]
        found = tuple(each for each in fields if each is not None)
        if parent.get("type") != "group":  # a group's fields share the names of the form around it
            self._refuse_twins(found)
        return found

    def _refuse_twins(self, fields: tuple[Field, ...]) -> None:
        seen: set[str] = set()
        for each in walk(fields):
            if each.name in seen:
                self._note(
                    "form-duplicate",
                    f"the key '{each.name}' is used twice: give each field its own key.",
                    each.name,
                    each.label(),
                )
            seen.add(each.name)

    def _component(self, source: Any, depth: int) -> Field | None:
        self.count += 1
        if self.count > MOST_FIELDS:
            if self.count == MOST_FIELDS + 1:
                self._note("form-size", f"more than {MOST_FIELDS} components: split the form.")
            return None
        if not isinstance(source, Mapping):
            self._note("form-component", f"expected a component object, found {source!r}.")
            return None
        kind = ALIASES.get(source.get("type"), source.get("type"))
        if kind in IGNORED_TYPES:
            return None
        name = self._name(source, kind)
        if kind not in TYPES:
            self._note(
                "form-type", f"component type {kind!r} is not supported: use one of {', '.join(sorted(TYPES))}.", name
            )
            return None
        return self._field(source, kind, name, depth)

    def _name(self, source: Mapping[str, Any], kind: Any) -> str:
        attribute = "path" if kind == "dynamiclist" else "key"
        if kind in INPUTS or kind == "dynamiclist":
            key = source.get(attribute)
            if isinstance(key, str) and KEY.fullmatch(key):
                return key
            self._note(
                "form-key",
                f'"{attribute}" must name a variable (letters, digits, _; no digit first), found {key!r}.',
                str(source.get("id") or key or kind),
                source.get("label") if isinstance(source.get("label"), str) else None,
            )
        name = source.get("key") or source.get("id")
        return name if isinstance(name, str) else f"{kind}_{self.count}"

    def _field(self, source: Mapping[str, Any], kind: str, name: str, depth: int) -> Field:
        place = _Place(self, source, name)
        writes = kind in INPUTS or kind == "dynamiclist"
        if kind == "group" and source.get("path"):
            place.note("form-path", 'groups with a "path" are not supported: give each field its own key.')
        options, options_formula = place.options() if kind in CHOICES else ((), None)
        return Field(
            name=name,
            type=kind,
            key=name if writes else None,
            subtype=place.subtype() if kind == "datetime" else None,
            texts=place.texts(),
            default=place.setting("defaultValue"),
            readonly=place.flag(source.get("readonly", source.get("disabled")), "readonly"),
            hide=place.hide(),
            rules=place.rules(),
            options=options,
            options_formula=options_formula,
            fields=self._components(source, depth + 1) if kind in CONTAINERS else (),
            default_rows=place.whole_number("defaultRepetitions", source.get("defaultRepetitions")) or 0,
            rows=place.formula("dataSource", source.get("dataSource")) if kind == "table" else None,
            columns=place.columns() if kind == "table" else (),
            multiple=place.is_true("multiple"),
            add_and_remove=source.get("allowAddRemove", True) is not False,
            templates=place.templates() if kind == "text" else {},
            appearance={key: source[key] for key in APPEARANCE if key in source},
        )


class _Place:
    """One component being read: knows where findings belong."""

    def __init__(self, reader: _Reader, source: Mapping[str, Any], name: str):
        self.reader = reader
        self.source = source
        self.name = name

    def note(self, rule: str, message: str) -> None:
        label = self.source.get("label")
        self.reader._note(rule, message, self.name, label if isinstance(label, str) else None)

    def formula(self, where: str, text: Any) -> Formula | None:
        if text is None:
            return None
        if not isinstance(text, str) or not text.strip().lstrip("="):
            self.note("form-expression", f'"{where}" must be a FEEL expression such as "=amount > 0", found {text!r}.')
            return None
        try:
            return Formula(text.strip().removeprefix("="))
        except FeelSyntaxError as error:
            self.note("form-expression", f'"{where}" is not FEEL: {error} (in {text!r}).')
            return None

    def setting(self, where: str, value: Any = None) -> Setting:
        value = self.source.get(where) if value is None else value
        if isinstance(value, str) and value.startswith("="):
            return Setting(formula=self.formula(where, value))
        return Setting(literal=_plain(value))

    def flag(self, value: Any, where: str) -> Setting:
        if value is None or isinstance(value, bool) or (isinstance(value, str) and value.startswith("=")):
            return self.setting(where, value)
        self.note("form-flag", f'"{where}" must be true, false or a FEEL expression "=…", found {value!r}.')
        return Setting()

    def is_true(self, where: str) -> bool:
        return self.source.get(where) is True

    def hide(self) -> Formula | None:
        conditional = self.source.get("conditional")
        if conditional is None:
            return None
        if not isinstance(conditional, Mapping):
            self.note("form-conditional", f'"conditional" must be {{"hide": "=…"}}, found {conditional!r}.')
            return None
        return self.formula("conditional.hide", conditional.get("hide") or None)

    def texts(self) -> dict[str, str]:
        texts = {}
        for key, value in self.source.items():
            if key.split(":")[0] in ("label", "description", "text") and value is not None:
                if isinstance(value, str):
                    texts[key] = value
                else:
                    self.note("form-text", f'"{key}" must be a text, found {value!r}.')
        return texts

    def templates(self) -> dict[str, tuple[str | Formula, ...]]:
        templates = {}
        for key, language in (("text", "en"), ("text:zh", "zh")):
            if isinstance(self.source.get(key), str):
                pieces = PLACEHOLDER.split(self.source[key])
                parts = [self.formula(key, piece) if index % 2 else piece for index, piece in enumerate(pieces)]
                templates[language] = tuple(part for part in parts if part)
        return templates

    def subtype(self) -> str:
        subtype = self.source.get("subtype", "date")
        if subtype not in SUBTYPES:
            self.note("form-subtype", f'"subtype" must be one of {", ".join(SUBTYPES)}, found {subtype!r}.')
        return subtype

    def whole_number(self, where: str, value: Any) -> int | None:
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100_000:
            self.note("form-number", f'"{where}" must be a whole number from 0 to 100000, found {value!r}.')
            return None
        return value

    def rules(self) -> Rules:
        rules = self.source.get("validate", {})
        if not isinstance(rules, Mapping):
            self.note("form-validate", f'"validate" must be an object such as {{"required": true}}, found {rules!r}.')
            return Rules()
        return Rules(
            required=self.flag(rules.get("required"), "required") if rules.get("required") is not None else Setting(),
            min=self._limit("min", rules.get("min")),
            max=self._limit("max", rules.get("max")),
            min_length=self.whole_number("validate.minLength", rules.get("minLength")),
            max_length=self.whole_number("validate.maxLength", rules.get("maxLength")),
            pattern=self._pattern(rules.get("pattern")),
            kind=self._kind(rules.get("validationType")),
            decimal_digits=self.whole_number("decimalDigits", self.source.get("decimalDigits")),
        )

    def _limit(self, where: str, value: Any) -> Setting:
        if value is None or value == "":
            return Setting()
        if isinstance(value, str) and not value.startswith("=") and self.source.get("type") == "number":
            try:
                return Setting(literal=_plain(Decimal(value)))
            except ArithmeticError:
                self.note("form-limit", f'"validate.{where}" must be a number or "=FEEL", found {value!r}.')
                return Setting()
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            self.note("form-limit", f'"validate.{where}" must be a number or "=FEEL", found {value!r}.')
            return Setting()
        return self.setting(where, value)

    def _pattern(self, value: Any) -> str | None:
        if value is None or value == "":
            return None
        try:
            regex.compile(value)
        except (regex.error, TypeError) as error:
            self.note("form-pattern", f'"validate.pattern" is not a regular expression: {error} (in {value!r}).')
            return None
        return value

    def _kind(self, value: Any) -> str | None:
        if value in (None, "", "custom"):
            return None
        if value not in KINDS:
            self.note("form-validate", f'"validationType" must be one of {", ".join(KINDS)}, found {value!r}.')
            return None
        return value

    def options(self) -> tuple[tuple[Option, ...], Formula | None]:
        if self.source.get("valuesExpression") is not None:
            return (), self.formula("valuesExpression", self.source["valuesExpression"])
        if self.source.get("valuesKey") is not None:
            return (), self.formula("valuesKey", self.source["valuesKey"])
        values = self.source.get("values")
        if not isinstance(values, list) or not values:
            self.note("form-options", '"values" must be a list of {"label", "value"}, or give a "valuesExpression".')
            return (), None
        options = tuple(option for option in map(self._option, values) if option is not None)
        texts = [str(option.value) for option in options]
        for twice in sorted({text for text in texts if texts.count(text) > 1}):
            self.note("form-options", f"the option value {twice!r} stands twice: every option needs its own value.")
        return options, None

    def _option(self, item: Any) -> Option | None:
        if isinstance(item, str | int | Decimal) and not isinstance(item, bool):
            return Option(_plain(item), {"en": str(item)})
        if not isinstance(item, Mapping) or isinstance(item.get("value"), Mapping | list | None):
            self.note("form-options", f'an option must be {{"label": …, "value": …}}, found {item!r}.')
            return None
        value = _plain(item["value"])
        return Option(value, _labels(item, "label", str(value)))

    def columns(self) -> tuple[Option, ...]:
        columns = self.source.get("columns")
        if columns is None:
            return ()
        if not isinstance(columns, list) or not all(
            isinstance(each, Mapping) and isinstance(each.get("key"), str) for each in columns
        ):
            self.note("form-columns", f'"columns" must be a list of {{"key", "label"}}, found {columns!r}.')
            return ()
        return tuple(Option(each["key"], _labels(each, "label", each["key"])) for each in columns)


def _labels(item: Mapping[str, Any], name: str, otherwise: str) -> dict[str, str]:
    labels = {"en": str(item.get(name) or otherwise)}
    if item.get(f"{name}:zh"):
        labels["zh"] = str(item[f"{name}:zh"])
    return labels


def _plain(value: Any) -> Any:
    """JSON numbers as the engine keeps them: int, else Decimal."""
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < 34:
        return int(value)
    return value
