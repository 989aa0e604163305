"""Facts of cases: the `[[fact]]` formulas of a card, evaluated over one case each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.errors import InvalidInput
from engine.feel import FeelSyntaxError, compile_expression
from practice_repo.card import Card, Fact
from practice_repo.outcomes.case import CONTEXTS, Calendar, Case, names_of
from practice_repo.outcomes.formulas import CASES, used


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the KPIs read of one case: `values` are its own facts, `rows` what it adds to other collections."""

    case_id: str
    definition_id: str
    business_key: str | None
    started_at: datetime
    ended_at: datetime | None
    values: Mapping[str, Any]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


def case_facts(
    card: Card, cases: Iterable[Case], *, now: datetime, calendar: Calendar | None = None
) -> list[CaseFacts]:
    """The facts of every case, in the order of the cases; what a case does not tell is None.

    Raises `InvalidInput` when a formula of the card is not FEEL.
    """
    own = [(fact.key, _compiled(fact)) for fact in card.facts if fact.formula and not fact.fields]
    lists = [(fact, _compiled(fact)) for fact in card.facts if fact.formula and fact.fields]
    needed = frozenset(each for fact in card.facts if fact.formula for each in used(fact.formula, CONTEXTS).fields)
    found = []
    for case in cases:
        names = names_of(case, calendar, needed)
        found.append(
            CaseFacts(
                case.id,
                case.definition_id,
                case.business_key,
                case.started_at,
                case.ended_at,
                {key: formula.evaluate(names, now=now) for key, formula in own},
                {fact.key: _rows(fact, formula.evaluate(names, now=now)) for fact, formula in lists},
            )
        )
    return found


def collections_of(card: Card) -> dict[str, frozenset[str]]:
    """The collections that KPIs may read, with the fields of their rows."""
    own = frozenset(fact.key for fact in card.facts if fact.formula and not fact.fields)
    return {CASES: own} | {fact.key: frozenset(fact.fields) for fact in card.facts if fact.formula and fact.fields}


def figures_of(card: Card) -> frozenset[str]:
    """The figures of a window that the enterprise's books say, not its cases."""
    return frozenset(fact.key for fact in card.facts if not fact.formula)


def _rows(fact: Fact, value: Any) -> list[Mapping[str, Any]]:
    """The rows that a case adds, each with all declared fields."""
    rows = value if isinstance(value, list) else [] if value is None else [value]
    return [{name: row.get(name) for name in fact.fields} for row in rows if isinstance(row, Mapping)]


def _compiled(fact: Fact) -> Any:
    try:
        return compile_expression(fact.formula.removeprefix("="))
    except FeelSyntaxError as error:
        raise InvalidInput(f"The formula of the fact '{fact.key}' is not FEEL: {error}") from error
