"""Leads in bulk: ten thousand in seconds, with their match keys and further characteristics."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.store.types import new_id
from processes.customer_base.characteristics import DEFAULT_PURPOSE
from processes.customer_base.importing.report import ImportReport, LineProblem, Start
from processes.customer_base.importing.values import Line
from processes.customer_base.matching import add_keys, match_keys
from processes.customer_base.normalising import clean_contact
from processes.customer_base.numbering import next_numbers
from processes.customer_base.scope import enterprise_of
from processes.customer_base.tables import Characteristic, Lead

COLUMNS = (
    "company", "contact_name", "role", "email", "phone", "tax_id", "city", "region", "country", "industry", "employees",
    "language", "need", "product_sku", "consent", "campaign_id", "owner",
)  # fmt: skip
LIMITED = {
    "company": 300,
    "contact_name": 300,
    "role": 300,
    "city": 300,
    "region": 40,
    "industry": 40,
    "product_sku": 120,
}


def import_leads(session: Session, lines: list[Line], report: ImportReport, *, source: str, now: datetime) -> None:
    """One batch of lines; known keys are left alone, new leads ask for `LeadReceived`."""
    keys = {line.number: _key(line) for line in lines}
    known = set(session.scalars(select(Lead.external_key).where(Lead.external_key.in_(list(keys.values())))))
    fresh: list[tuple[Line, dict[str, Any]]] = []
    for line in lines:
        key = keys[line.number]
        if key in known:
            report.unchanged += 1
            continue
        values = _values(line, report)
        if values is not None:
            known.add(key)
            fresh.append((line, {**values, "external_key": key}))
    _insert(session, fresh, report, source, now)


def _values(line: Line, report: ImportReport) -> dict[str, Any] | None:
    raw = {name: line.values.get(name) for name in COLUMNS}
    if not raw["contact_name"]:
        raw["contact_name"] = _full_name(line)
    cleaned = clean_contact({name: value for name, value in raw.items() if value is not None})
    if not cleaned.is_usable:
        reasons = [*cleaned.problems.values()] or [
            "A name (company or person) and an e-mail address or phone are needed."
        ]
        report.problems.append(LineProblem(line.number, " ".join(reasons)))
        return None
    for problem in cleaned.problems.values():
        report.problems.append(LineProblem(line.number, problem, is_error=False))
    values = cleaned.values
    for name, most in LIMITED.items():
        if isinstance(values.get(name), str):
            values[name] = values[name][:most]
    return values


def _insert(
    session: Session, fresh: list[tuple[Line, dict[str, Any]]], report: ImportReport, source: str, now: datetime
) -> None:
    if not fresh:
        return
    numbers = next_numbers(session, "lead", now, count=len(fresh))
    leads: list[dict[str, Any]] = []
    traits: list[dict[str, Any]] = []
    keys: list[tuple[str, str, str]] = []
    for number, (line, values) in zip(numbers, fresh, strict=True):
        lead = _lead_row(session, line, values, number, source, now)
        leads.append(lead)
        traits.extend(_characteristics(session, lead, line.extra, source, now))
        keys.extend(("lead", lead["id"], key) for key in _match_keys(values))
        report.starts.append(_start(lead, line))
    session.execute(insert(Lead), leads)
    if traits:
        session.execute(insert(Characteristic), traits)
    add_keys(session, keys)
    report.created += len(leads)


def _lead_row(
    session: Session, line: Line, values: dict[str, Any], number: str, source: str, now: datetime
) -> dict[str, Any]:
    return {
        **dict.fromkeys(COLUMNS),
        "language": "en",
        "consent": False,
        **values,
        "id": new_id(),
        "enterprise_id": enterprise_of(session),
        "number": number,
        "status": "new",
        "source": line.text("source") or source,
        "channel": line.text("channel") or "import",
        "attempts": 0,
        "extra": dict(line.extra),
        "created_at": now,
    }


def _characteristics(
    session: Session, lead: dict[str, Any], extra: dict[str, str], source: str, now: datetime
) -> Iterable[dict[str, Any]]:
    for item, value in extra.items():
        yield {
            "id": new_id(),
            "enterprise_id": lead["enterprise_id"],
            "lead_id": lead["id"],
            "kind": "descriptive",
            "item": item[:300],
            "value": value,
            "observed_at": now,
            "source": source,
            "confidence": Decimal(1),
            "purpose": DEFAULT_PURPOSE,
            "created_at": now,
        }


def _match_keys(values: dict[str, Any]) -> set[str]:
    return match_keys(
        names=[values.get("company") or values.get("contact_name")],
        emails=[values.get("email")],
        phones=[values.get("phone")],
        tax_id=values.get("tax_id"),
    )


def _start(lead: dict[str, Any], line: Line) -> Start:
    variables = {name: lead[name] for name in (*COLUMNS, "source", "channel") if lead.get(name) is not None}
    reference = lead["external_key"] if line.values.get("external_key") else lead["number"]
    return Start(
        "LeadReceived",
        {"lead_ref": reference},
        {**variables, "lead_id": lead["id"], "lead_no": lead["number"], "lead_ref": reference, "extra": lead["extra"]},
    )


def _full_name(line: Line) -> str | None:
    first, last = line.text("first_name"), line.text("last_name")
    if not (first and last):
        return first or last
    return f"{last}{first}" if not (first + last).isascii() else f"{first} {last}"


def _key(line: Line) -> str:
    return (line.text("external_key") or f"sha:{line.digest}")[:120]
