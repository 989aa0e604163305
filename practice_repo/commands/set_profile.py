"""Say how the enterprise chooses: context, window, means and rules (A11, A32)."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.nba_tables import NbaProfile
from practice_repo.next_best_activity.answer import MODES
from practice_repo.next_best_activity.exploration import STOPS
from practice_repo.next_best_activity.gates import ChangeLoadPolicy
from practice_repo.permissions import must_estimate
from practice_repo.stale import mark_stale

LONGEST_HORIZON = 3650  # days
POLICY = frozenset(each.name for each in fields(ChangeLoadPolicy))
FIELDS = frozenset(NbaProfile.__table__.c.keys()) - {"enterprise_id", "updated_at", "updated_by"}


def set_profile(work: Work, *, actor: Actor, now: datetime, **values: Any) -> None:
    """Keep these fields of `NbaProfile`; the others stay, or are as usual at the first time.

    Raises InvalidInput for what a profile cannot have, NotPermitted without the role.
    """
    enterprise_id = must_estimate(actor)
    _must_fit(values)
    found = work.session.get(NbaProfile, enterprise_id, with_for_update=True, populate_existing=True)
    if found is None:
        found = _new(enterprise_id, now.date())
        work.session.add(found)
    for name, value in values.items():
        setattr(found, name, value)
    found.updated_at, found.updated_by = now, actor.id
    mark_stale(work, [enterprise_id], "profile", now)


def _new(enterprise_id: str, today: date) -> NbaProfile:
    lists: dict[str, Any] = {name: [] for name in ("channels", "licences", "synergies")}
    tables: dict[str, Any] = {name: {} for name in ("staff", "targets", "policy", "coverage")}
    return NbaProfile(enterprise_id=enterprise_id, starts_on=today, **lists, **tables)


def _must_fit(values: Mapping[str, Any]) -> None:
    strange = sorted(set(values) - FIELDS)
    if strange:
        raise InvalidInput(f"A profile has no '{strange[0]}': known are {', '.join(sorted(FIELDS))}.")
    for name, known in (("mode", MODES), ("stop", STOPS)):
        if name in values and values[name] not in known:
            raise InvalidInput(f"The {name} is one of {', '.join(known)}, found '{values[name]}'.")
    for name, least, most in _BOUNDS:
        value = values.get(name)
        if value is not None and not least <= value <= most:
            raise InvalidInput(f"Expected {name.replace('_', ' ')} from {least} to {most}, found {value}.")
    for name, amount in {**(values.get("staff") or {}), **(values.get("policy") or {})}.items():
        if float(amount) < 0:
            raise InvalidInput(f"Expected 0 or more as {name}, found {amount}.")
    for each in values.get("synergies") or []:
        if len(set(each["keys"])) < 2:
            raise InvalidInput(
                "Activities are worth more together when there are two or more of them: choose another one."
            )
    unknown = sorted(set(values.get("policy") or {}) - POLICY)
    if unknown:
        raise InvalidInput(f"The change-load policy has no '{unknown[0]}': known are {', '.join(sorted(POLICY))}.")


_BOUNDS = (
    ("horizon_days", 1, LONGEST_HORIZON),
    ("period_days", 1, LONGEST_HORIZON),
    ("employees", 1, 10_000_000),
    ("maturity", 0, 5),
    ("risk_appetite", 0, 3),
    ("data_quality", 0, 1),
    ("budget", 0, 10**14),
    ("budget_per_period", 0, 10**14),
    ("parallel", 1, 100),
)
