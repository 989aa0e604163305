"""Whether two versions of a process can share new cases: what starts the one must be able to start the other."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from engine.forms.fields import Field, walk
from engine.forms.form import Form
from engine.queries.compiled import compiled, form
from engine.store.unit_of_work import Work


def disagreements(work: Work, newest: Row[Any], other: Row[Any]) -> tuple[str, ...]:
    """Why a case that starts as the newest version asks for could not go on as the other one; empty when it can.

    Both are rows of `process_definition`. The newest version's start form is the one that people fill, before it is
    known which way their case goes: the other version must be content with its values.
    """
    return (*_starts(work, newest, other), *_starters(newest, other), *_forms(work, newest, other))


def _starts(work: Work, newest: Row[Any], other: Row[Any]) -> Iterator[str]:
    here, there = (
        {
            (start.kind, start.name)
            for start in compiled(work, each.bundle_digest, each.bundle).definition.start_events(each.process_id)
        }
        for each in (newest, other)
    )
    for kind, name in sorted(here - there):
        yield f"version {other.version} does not start by {_event(kind, name)}, as version {newest.version} does"


def _event(kind: str, name: str) -> str:
    return "hand" if kind == "none" else f"a {kind}" if not name else f"the {kind} '{name}'"


def _starters(newest: Row[Any], other: Row[Any]) -> Iterator[str]:
    if set(newest.candidate_starters) != set(other.candidate_starters):
        asked, found = (", ".join(sorted(each.candidate_starters)) or "everybody" for each in (newest, other))
        yield f"version {newest.version} is started by {asked}, version {other.version} by {found}"


def _forms(work: Work, newest: Row[Any], other: Row[Any]) -> Iterator[str]:
    shown, needed = _form(work, newest), _form(work, other)
    if needed is None:
        return
    given = {each.key: each for each in walk(shown.fields) if each.is_input} if shown else {}
    for field in walk(needed.fields):
        problem = _unfit(given.get(field.key), field) if field.is_input and field.key else None
        if problem:
            yield f"the start form of version {other.version} needs '{field.label()}' ({field.key}): {problem}"


def _form(work: Work, row: Row[Any]) -> Form | None:
    digest = row.bundle["forms"].get(row.start_form_key) if row.start_form_key else None
    return form(work, digest) if digest else None


def _unfit(shown: Field | None, needed: Field) -> str | None:
    """What is wrong with the field that people fill, for the version that needs the other one."""
    is_required = needed.rules.required.is_set and needed.rules.required.literal is not False
    if shown is None:
        return "the newest version does not ask for it" if is_required else None
    if (shown.type, shown.subtype) != (needed.type, needed.subtype):
        return f"the newest version asks for a {shown.type} instead of a {needed.type}"
    if is_required and not shown.rules.required.is_set:
        return "the newest version lets it empty"
    strange = [str(each.value) for each in shown.options if each.value not in {own.value for own in needed.options}]
    if needed.options and strange:
        return f"the newest version also offers {', '.join(strange)}"
    return None
