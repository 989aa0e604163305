"""How moments, values, people and model elements look on a page; installed as template filters and globals."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from flask import Flask, current_app
from flask_babel import format_date, format_datetime, format_decimal, get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from engine.feel import display
from engine.queries.model import element_labels
from webapp.access import now, people, read, role_names, wiring
from webapp.languages import model_language
from webapp.markdown import to_html

SOON = timedelta(hours=24)


def zone() -> ZoneInfo:
    """The time zone that moments are shown in."""
    return ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])


def moment(value: datetime | None, form: str = "medium") -> str:
    """A moment in the installation's time zone."""
    return format_datetime(value, form) if value else ""


def day(value: date | None) -> str:
    return format_date(value, "medium") if value else ""


def ago(value: datetime | None) -> str:
    """How long ago, or in how long: `3 hours ago`."""
    if value is None:
        return ""
    if abs(value - now()) < timedelta(seconds=1):
        return _("just now")
    return format_timedelta(value - now(), add_direction=True, locale=get_locale())


def due_state(value: datetime | None) -> str:
    """`none`, `later`, `soon` (within 24 hours) or `overdue`."""
    if value is None:
        return "none"
    if value < now():
        return "overdue"
    return "soon" if value - now() <= SOON else "later"


def day_ends_at() -> datetime:
    """When today ends, in the installation's time zone."""
    today = now().astimezone(zone()).date()
    return datetime.combine(today + timedelta(days=1), time(), zone())


def shown(value: Any) -> str:
    """A process variable as people read it."""
    match value:
        case None:
            return "–"
        case bool():
            return _("Yes") if value else _("No")
        case int() | float() | Decimal():
            return format_decimal(value)
        case datetime():
            return moment(value) if value.tzinfo else format_datetime(value, "medium", rebase=False)
        case date():
            return day(value)
        case str():
            return value
        case Mapping():
            return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
        case list() | tuple():
            return ", ".join(shown(item) for item in value)
        case _:
            return display(value)


def money(value: Decimal | None) -> str:
    """An amount with two decimals."""
    return "–" if value is None else format_decimal(value, "#,##0.00")


def person_name(name: str | None) -> str:
    """The full name behind a sign-in name."""
    if not name:
        return ""
    return people().get(name, _("Praxis") if name == "system" else name)


def role_name(key: str | None) -> str:
    """A role's name in the visitor's language."""
    if not key:
        return ""
    names = role_names().get(key)
    return names[model_language()] if names else key.replace("_", " ").capitalize()


def initials(name: str | None) -> str:
    """Two letters for an avatar."""
    words = person_name(name).split()
    return "".join(word[0] for word in words[:2]).upper()


def in_language(item: Any, field: str = "name") -> str:
    """`item.name`, or its `name_zh` for Chinese readers where it has one."""
    value = getattr(item, f"{field}_zh", None) if model_language() == "zh" else None
    return value or getattr(item, field) or ""


def element_name(definition_id: str, element_id: str | None, otherwise: str = "") -> str:
    """A BPMN element's name in the visitor's language."""
    label = _labels(current_app.extensions["praxis"].store.url, definition_id).get(element_id or "")
    if label is None:
        return otherwise or element_id or ""
    return (label.name_zh if model_language() == "zh" else None) or label.name


@lru_cache(maxsize=256)
def _labels(store_url: str, definition_id: str) -> dict[str, Any]:
    """A deployed definition never changes, so its labels are read once (per database)."""
    with wiring().store.reading() as work:
        return element_labels(work, definition_id=definition_id)


def task_name(task: Any) -> str:
    return element_name(task.definition_id, task.element_id, task.name)


def process_name(row: Any) -> str:
    return in_language(row, "process_name")


def icon(name: str, label: str = "", classes: str = "") -> Markup:
    """A symbol of our sprite; decoration unless it gets a label."""
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    address = f"{current_app.static_url_path}/icons.svg#{name}"
    return Markup(f'<svg class="icon {escape(classes)}" {meaning}><use href="{address}"></use></svg>')


def sentence(waiting: Any) -> str:
    """Why a case waits, in one sentence of the visitor's language and with names instead of keys."""
    values = dict(waiting.values)
    if values.get("assignee"):
        values["assignee"] = person_name(values["assignee"])
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = moment(value, "short")
        elif name == "candidates":
            keys = value if isinstance(value, list | tuple | set | frozenset) else str(value).split(",")
            values[name] = ", ".join(role_name(str(key).strip()) for key in keys)
    return replace(waiting, values=values).sentence(model_language())


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        moment=moment,
        day=day,
        ago=ago,
        due_state=due_state,
        shown=shown,
        money=money,
        person_name=person_name,
        role_name=role_name,
        initials=initials,
        markdown=to_html,
        task_name=task_name,
        process_name=process_name,
        in_language=in_language,
        sentence=sentence,
    )
    app.jinja_env.globals.update(icon=icon, element_name=element_name, read=read, this_moment=now)
