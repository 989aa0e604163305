"""A portfolio as a TOML file, so that the selector can be tried without a database.

```toml
[[candidate]]
id = "K03"
effect = 180.50                # money within the horizon; leave out what nobody has estimated
cost = 60
prerequisites = ["K02"]        # optional, as everything below
excludes = ["K04"]
group = "scoring"              # at most one practice of a group is deployed
duration_days = 20
lag_days = 5                   # waiting time after the last prerequisite
window = [10, 90]              # not started before, not ended after: days from the start, or dates
staff = {analyst = 1}          # heads while it runs; a bare number means the role "staff"
must = true
success = 0.8                  # probability that the rollout succeeds
low_effect = 120               # P10, for the risk floor
evidence = 4                   # outcomes behind the estimate
area = "sales"

[budget]                       # total (or amount, limit) = 1000, per_period = 100 or [100, 50, 0]
[horizon]                      # start = 2026-01-01, days = 360 (or months, periods, end), period_days = 30,
                               # parallel = 3: rollouts of a plan that may run at once
[staff]                        # analyst = 2: heads that exist; or staff = {analyst = 2} in [budget]
[[synergy]]                    # ids = ["K03", "K06"], effect = 25
[coverage]                     # sales = 1: least number of practices of an area
[risk]                         # floor = 0: least net benefit of the plan with low effects
[state]                        # day = 0, done = ["K01"], running = [],
                               # rejected = {K09 = "too big"}, deferred = {K08 = 30}
```
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from practice_repo.next_best_activity.candidate import (
    LONGEST_DAYS,
    ZERO,
    Budget,
    Candidate,
    Horizon,
    InvalidPortfolio,
    Portfolio,
    Standing,
    Synergy,
    check_heads,
)

LARGEST_FILE_BYTES = 200 * 1024 * 1024
DAYS_PER_MONTH = 30
CANDIDATE_KEYS = {
    "id", "effect", "cost", "prerequisites", "excludes", "group", "duration_days", "lag_days", "window", "staff",
    "must", "success", "low_effect", "evidence", "area",
}  # fmt: skip
TOTALS = ("total", "amount", "limit")  # three words for the same
SECTION_KEYS = {
    "budget": {*TOTALS, "per_period", "staff"},
    "horizon": {"start", "end", "days", "months", "periods", "period_days", "parallel"},
    "risk": {"floor"},
    "state": {"done", "running", "rejected", "deferred", "day"},
}
TABLES = {"candidate", "synergy", "staff", "coverage", *SECTION_KEYS}


@dataclass(frozen=True)
class PortfolioFile:
    portfolio: Portfolio
    standing: Standing
    start: date | None  # the date of day 0, when the file says it
    warnings: tuple[str, ...] = ()


def read_portfolio_file(path: Path) -> PortfolioFile:
    """The portfolio in this file. Raises `InvalidPortfolio` with what was expected, what was found, what to do."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InvalidPortfolio(f"{path.name} is larger than {LARGEST_FILE_BYTES} bytes; split it.")
        text = path.read_bytes().decode()
    except OSError as error:
        raise InvalidPortfolio(f"{path.name} cannot be read: {error.strerror}; check the path.") from error
    except UnicodeDecodeError as error:
        raise InvalidPortfolio(f"{path.name} is not UTF-8 text ({error.reason}); save it as UTF-8.") from error
    return read_portfolio(text)


def read_portfolio(text: str) -> PortfolioFile:
    try:
        source = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ArithmeticError, ValueError, RecursionError) as error:
        raise InvalidPortfolio(f"Expected a TOML file, found: {error}. Correct that line.") from error
    return _Reader(source).read()


@dataclass
class _Reader:
    source: Mapping[str, Any]
    warnings: list[str] = field(default_factory=list)
    start: date | None = None

    def read(self) -> PortfolioFile:
        self._know("the file", self.source, TABLES)
        horizon, parallel = self._horizon()
        candidates = tuple(self._candidate(n, each) for n, each in enumerate(self._tables("candidate"), start=1))
        if "candidate" not in self.source:
            raise InvalidPortfolio("Expected [[candidate]] tables, found none; add one for each practice.")
        floor = self._section("risk").get("floor")
        portfolio = Portfolio(
            candidates=candidates,
            budget=self._budget(),
            horizon=horizon,
            staff=self._staff(),
            synergies=tuple(self._synergy(n, each) for n, each in enumerate(self._tables("synergy"), start=1)),
            coverage={key: _whole("[coverage]", key, value) for key, value in self._section("coverage").items()},
            risk_floor=None if floor is None else _amount("[risk]", "floor", floor),
            parallel=parallel,
        )
        standing = self._standing()
        self._point_out_strangers(portfolio, standing)
        return PortfolioFile(portfolio, standing, self.start, tuple(self.warnings))

    def _know(self, where: str, table: Mapping[str, Any], known: set[str]) -> None:
        for key in table:
            if key in known:
                continue
            meant = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
            if meant:
                raise InvalidPortfolio(f"{where}: '{key}' is not known; write '{meant[0]}', if that is meant.")
            self.warnings.append(f"{where}: '{key}' is not known and was passed over.")

    def _tables(self, name: str) -> list[dict[str, Any]]:
        tables = self.source.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise InvalidPortfolio(f"Expected a list of tables, found {name} = {_shown(tables)}; write [[{name}]].")
        return tables

    def _section(self, name: str) -> dict[str, Any]:
        section = self.source.get(name, {})
        if not isinstance(section, dict):
            raise InvalidPortfolio(f"Expected the table [{name}], found {name} = {_shown(section)}.")
        if name in SECTION_KEYS:
            self._know(f"[{name}]", section, SECTION_KEYS[name])
        return section

    def _candidate(self, n: int, table: dict[str, Any]) -> Candidate:
        key = table.get("id")
        if not isinstance(key, str) or not key.strip():
            raise InvalidPortfolio(f"[[candidate]] number {n}: expected id = a text, found {_shown(key)}.")
        where = f"Candidate '{key}'"
        if table.keys() - CANDIDATE_KEYS:
            self._know(where, table, CANDIDATE_KEYS)
        group, area, must = table.get("group"), table.get("area"), table.get("must", False)
        for name, value in (("group", group), ("area", area)):
            if value is not None and not isinstance(value, str):
                raise InvalidPortfolio(f"{where}: expected {name} = a text, found {_shown(value)}.")
        if not isinstance(must, bool):
            raise InvalidPortfolio(f"{where}: expected must = true or false, found {_shown(must)}.")
        return Candidate(
            id=key,
            effect=_optional_amount(where, "effect", table),
            cost=_optional_amount(where, "cost", table),
            prerequisites=_ids(where, "prerequisites", table),
            excludes=_ids(where, "excludes", table),
            group=group,
            duration_days=_whole(where, "duration_days", table.get("duration_days", 0)),
            lag_days=_whole(where, "lag_days", table.get("lag_days", 0)),
            window=self._window(where, table["window"]) if "window" in table else (None, None),
            staff=self._heads(f"{where}: staff", table["staff"]) if "staff" in table else {},
            must=must,
            success=_amount(where, "success", table["success"]) if "success" in table else Decimal(1),
            low_effect=_optional_amount(where, "low_effect", table),
            evidence=_whole(where, "evidence", table.get("evidence", 0)),
            area=area,
        )

    def _window(self, where: str, value: Any) -> tuple[int | None, int | None]:
        if not isinstance(value, list) or len(value) != 2:
            raise InvalidPortfolio(f"{where}: expected window = [from, to], found {_shown(value)}.")
        opens, closes = (self._day(where, "window", each) for each in value)
        if opens is not None and closes is not None and opens > closes:
            raise InvalidPortfolio(f"{where}: its window ends before it starts ({value[0]} to {value[1]}); swap them.")
        return opens, closes

    def _day(self, where: str, name: str, value: Any) -> int | None:
        """Days from the start: a whole number, a date (or its text), or "" for open."""
        if value == "":
            return None
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError as error:
                raise InvalidPortfolio(f"{where}: {name}: expected a date or a day, found {_shown(value)}.") from error
        if isinstance(value, datetime):
            value = value.date()
        if isinstance(value, date):
            if self.start is None:
                raise InvalidPortfolio(f"{where}: {name} is the date {value}; say [horizon] start = a date, too.")
            return (value - self.start).days
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LONGEST_DAYS:
            raise InvalidPortfolio(
                f"{where}: {name}: expected a date or a whole day up to {LONGEST_DAYS}, found {_shown(value)}."
            )
        return value

    def _heads(self, where: str, value: Any) -> dict[str, Decimal]:
        heads = value if isinstance(value, dict) else {"staff": value}
        if isinstance(value, dict) and set(value) == {"total"}:
            heads = {"staff": value["total"]}
        counted = {role: _amount(where, role, amount) for role, amount in heads.items()}
        for role, amount in counted.items():
            check_heads(where, role, amount)
        return counted

    def _staff(self) -> dict[str, Decimal] | None:
        """Heads that exist: [staff], or staff in [budget]."""
        section = self.source.get("budget")
        in_budget = section.get("staff") if isinstance(section, dict) else None
        if "staff" in self.source and in_budget is not None:
            raise InvalidPortfolio("Expected the heads in [staff] or in [budget] staff, found both; keep one.")
        heads = self.source.get("staff", in_budget)
        return None if heads is None else self._heads("[staff]", heads)

    def _budget(self) -> Budget:
        if isinstance(self.source.get("budget"), int | Decimal):
            return Budget(_at_least_0("the file", "budget", self.source["budget"]))
        section = self._section("budget")
        totals = [section[name] for name in TOTALS if name in section]
        if len(totals) > 1:
            raise InvalidPortfolio(f"[budget]: expected one of {', '.join(TOTALS)}, found {len(totals)}; keep one.")
        total, per_period = totals[0] if totals else None, section.get("per_period")
        if isinstance(per_period, list):
            per_period = tuple(_at_least_0("[budget]", "per_period", each) for each in per_period)
        elif per_period is not None:
            per_period = _at_least_0("[budget]", "per_period", per_period)
        return Budget(None if total is None else _at_least_0("[budget]", "total", total), per_period)

    def _horizon(self) -> tuple[Horizon, int | None]:
        section = self._section("horizon")
        period_days = _whole("[horizon]", "period_days", section.get("period_days", DAYS_PER_MONTH), least=1)
        if "start" in section:
            self.start = self._date(section["start"])
        lengths = {
            "days": lambda value: _whole("[horizon]", "days", value),
            "periods": lambda value: _whole("[horizon]", "periods", value) * period_days,
            "months": lambda value: _whole("[horizon]", "months", value) * DAYS_PER_MONTH,
            "end": lambda value: self._day("[horizon]", "end", value),
        }
        found = {name: length(section[name]) for name, length in lengths.items() if name in section}
        if len(set(found.values())) > 1:
            told = ", ".join(f"{name} means {days} days" for name, days in found.items())
            raise InvalidPortfolio(f"[horizon]: expected one length, found {told}; keep one of them.")
        days = next(iter(found.values()), None)
        if days is not None and days < 0:
            raise InvalidPortfolio("[horizon]: it ends before it starts; correct start or end.")
        parallel = section.get("parallel")
        if parallel is not None:
            parallel = _whole("[horizon]", "parallel", parallel, least=1)
        return Horizon(days, period_days), parallel

    def _date(self, value: Any) -> date:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise InvalidPortfolio(
                f"[horizon]: expected start = a date such as 2026-01-31, found {_shown(value)}; "
                "windows without dates count days from it."
            ) from error

    def _synergy(self, n: int, table: dict[str, Any]) -> Synergy:
        where = f"[[synergy]] number {n}"
        self._know(where, table, {"ids", "effect"})
        ids = _ids(where, "ids", table)
        if len(ids) < 2:
            raise InvalidPortfolio(f"{where}: expected ids = two or more practices, found {_shown(table.get('ids'))}.")
        return Synergy(ids, _amount(where, "effect", table.get("effect")))

    def _standing(self) -> Standing:
        section = self._section("state")
        day = self._day("[state]", "day", section.get("day", 0)) or 0
        rejected, deferred = section.get("rejected", {}), section.get("deferred", {})
        if isinstance(rejected, list):
            rejected = dict.fromkeys(_ids("[state]", "rejected", section), "")
        if not isinstance(rejected, dict) or not all(isinstance(each, str) for each in rejected.values()):
            raise InvalidPortfolio(f'[state]: expected rejected = {{id = "reason"}}, found {_shown(rejected)}.')
        if not isinstance(deferred, dict):
            raise InvalidPortfolio(f"[state]: expected deferred = {{id = day}}, found {_shown(deferred)}.")
        return Standing(
            day=day,
            done=dict.fromkeys(_ids("[state]", "done", section), 0),
            running=frozenset(_ids("[state]", "running", section)),
            rejected=rejected,
            deferred={key: self._day("[state]", f"deferred {key}", value) or 0 for key, value in deferred.items()},
        )

    def _point_out_strangers(self, portfolio: Portfolio, standing: Standing) -> None:
        known = {*portfolio.by_id, *standing.done}
        for each in portfolio.candidates:
            for other in (*each.prerequisites, *each.excludes):
                if other not in known:
                    self.warnings.append(f"Candidate '{each.id}' names '{other}', which is no candidate.")
        for synergy in portfolio.synergies:
            for other in synergy.ids:
                if other not in known:
                    raise InvalidPortfolio(f"A synergy names '{other}', which is no candidate; correct the id.")


def _optional_amount(where: str, name: str, table: Mapping[str, Any]) -> Decimal | None:
    return _amount(where, name, table[name]) if name in table else None


def _amount(where: str, name: str, value: Any) -> Decimal:
    if isinstance(value, Decimal):
        if value.is_finite():
            return value
    elif isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise InvalidPortfolio(f"{where}: expected {name} = a number, found {_shown(value)}; correct or leave it out.")


def _at_least_0(where: str, name: str, value: Any) -> Decimal:
    amount = _amount(where, name, value)
    if amount < ZERO:
        raise InvalidPortfolio(f"{where}: expected {name} of 0 or more, found {amount}.")
    return amount


def _whole(where: str, name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LONGEST_DAYS:
        raise InvalidPortfolio(
            f"{where}: expected {name} = a whole number from {least} to {LONGEST_DAYS}, found {_shown(value)}."
        )
    return value


def _ids(where: str, name: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidPortfolio(f'{where}: expected {name} = a list of ids such as ["K01"], found {_shown(value)}.')
    return tuple(dict.fromkeys(value))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
