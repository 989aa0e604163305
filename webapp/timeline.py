"""A case's timeline as people read it: what matters, in words; engine bookkeeping left out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from engine.queries.process_instance import TimelineEntry
from webapp.presentation import shown

LONG_ENOUGH = timedelta(minutes=1)  # shorter durations tell nobody anything
MOST_VARIABLES = 8
NARRATED_TYPES = ("Task", "task", "callActivity", "Process", "Event", "transaction")

TITLES = {
    "process_started": _l("Started"),
    "process_completed": _l("Case completed"),
    "process_cancelled": _l("Case cancelled"),
    "element_completed": _l("Done"),
    "element_cancelled": _l("Interrupted"),
    "variables_changed": _l("Values changed"),
    "decision_evaluated": _l("Decision"),
    "incident_raised": _l("Stopped"),
    "incident_resolved": _l("Tried again"),
    "message_thrown": _l("Message sent"),
    "deliver_message": _l("Message received"),
    "signal_thrown": _l("Signal sent"),
    "deliver_signal": _l("Signal received"),
    "timer_fired": _l("Timer fired"),
    "escalation_uncaught": _l("Escalation"),
    "throw_error": _l("Business error"),
    "comment": _l("Comment"),
    "attach_document": _l("Document added"),
    "claim": _l("Claimed"),
    "unclaim": _l("Given back"),
    "reassign": _l("Assigned"),
    "delegate": _l("Delegated"),
    "resolve_delegation": _l("Delegation returned"),
    "set_due": _l("Due date changed"),
    "set_priority": _l("Priority changed"),
    "suspend": _l("Suspended"),
    "resume": _l("Resumed"),
    "cancel": _l("Cancelled by hand"),
    "modify": _l("Token moved"),
    "migrate": _l("Went on in another version"),
    "set_variables": _l("Values changed by hand"),
    "resolve_incident": _l("Tried again"),
    "assign_incident": _l("Looked after by somebody"),
}
SYMBOLS = {
    "element_completed": "check",
    "variables_changed": "variable",
    "decision_evaluated": "git-branch",
    "incident_raised": "alert-triangle",
    "message_thrown": "send",
    "deliver_message": "mail",
    "timer_fired": "clock",
    "comment": "message",
    "attach_document": "paperclip",
    "claim": "user-check",
    "reassign": "user-share",
    "delegate": "user-share",
    "process_started": "player-play",
}


@dataclass(frozen=True)
class Told:
    """One line of the timeline."""

    entry: TimelineEntry
    title: str
    text: str
    symbol: str
    is_bad: bool

    @property
    def is_by_person(self) -> bool:
        return self.entry.actor not in (None, "system")


def told(entries: Iterable[TimelineEntry]) -> list[Told]:
    """The entries that matter to people, newest first."""
    lines = [
        Told(
            entry=entry,
            title=str(TITLES[entry.kind]),
            text=TEXTS.get(entry.kind, _nothing)(entry.values),
            symbol=SYMBOLS.get(entry.kind, "history"),
            is_bad=entry.kind in ("incident_raised", "process_cancelled", "throw_error"),
        )
        for entry in sorted(entries, key=lambda entry: (entry.at, entry.kind != "process_started"))
        if entry.kind in TITLES and _matters(entry)
    ]
    return lines[::-1]


def _matters(entry: TimelineEntry) -> bool:
    if entry.kind == "element_completed":
        return str(entry.values.get("element_type", "")).endswith(NARRATED_TYPES)
    if entry.kind == "variables_changed":  # what handlers and scripts compute stands among the variables
        return bool(entry.values.get("variables")) and entry.actor not in (None, "system")
    return True


def _nothing(_values: Mapping[str, Any]) -> str:
    return ""


def _duration(values: Mapping[str, Any]) -> str:
    took = timedelta(seconds=values.get("duration_seconds") or 0)
    return format_timedelta(took, locale=get_locale()) if took >= LONG_ENOUGH else ""


def _variables(values: Mapping[str, Any]) -> str:
    pairs = list((values.get("variables") or {}).items())
    text = "; ".join(f"{name}: {shown(value)}" for name, value in pairs[:MOST_VARIABLES])
    return f"{text}; …" if len(pairs) > MOST_VARIABLES else text


def _decision(values: Mapping[str, Any]) -> str:
    rules = [
        f"{each.get('decision')} #{rule}" for each in values.get("audit") or () for rule in each.get("rules") or ()
    ]
    fired = f" ({', '.join(rules)})" if rules else ""
    return f"{values.get('decision_id')} → {shown(values.get('result'))}{fired}"


def _message(values: Mapping[str, Any]) -> str:
    keys = shown(values.get("correlation") or {})
    return f"{values.get('name', '')} {keys}".strip()


def _plain(values: Mapping[str, Any]) -> str:
    hidden = ("element_id", "element_instance_id", "id")
    return shown({name: value for name, value in values.items() if name not in hidden and value is not None})


def _versions(values: Mapping[str, Any]) -> str:
    return f"{values.get('from_version')} → {values.get('to_version')}"


TEXTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "element_completed": _duration,
    "variables_changed": _variables,
    "decision_evaluated": _decision,
    "incident_raised": lambda values: str(values.get("message", "")),
    "message_thrown": _message,
    "deliver_message": _message,
    "comment": lambda values: str(values.get("body", "")),
    "throw_error": _plain,
    "attach_document": _plain,
    "reassign": _plain,
    "delegate": _plain,
    "set_due": _plain,
    "set_priority": _plain,
    "modify": _plain,
    "migrate": _versions,
    "set_variables": _plain,
}
