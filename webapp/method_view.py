"""How the method looks on a page: words of the map's stations, names of figures, what leads where."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import current_app, url_for
from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from practice_repo.queries.method_map import MethodMap
from webapp.languages import model_language
from webapp.method_drawing import Label, Words

PLACES: Mapping[str, tuple[str, dict[str, Any]]] = {  # where open points and stations lead: endpoint and its values
    "library": ("library.show", {}),
    "candidates": ("candidates.index", {}),
    "tailored": ("candidates.index", {"state": "tailored"}),
    "available": ("candidates.index", {"state": "available"}),
    "needs": ("needs.index", {}),
    "coverage": ("needs.matrix", {}),
    "nba": ("nba.show", {}),
    "activities": ("nba.activities", {}),
    "profile": ("nba.profile", {}),
    "portfolio": ("portfolio.show", {}),
    "contributions": ("contributions.index", {}),
    "upgrades": ("upgrades.index", {}),
    "customers": ("customers.index", {}),
    "imports": ("imports.show", {}),
    "start": ("start.show", {}),
    "incidents": ("operations.incident_list", {}),
    "roles": ("method_map.iris", {"_anchor": "roles"}),
    "bindings": ("candidates.index", {}),
    "benchmarks": ("portfolio.benchmarks", {}),
}
FIGURES = {  # what is counted
    "customers": _l("Customers"),
    "contacts": _l("Contacts"),
    "reachable": _l("Contacts with an address that works"),
    "filled": _l("Share of the facts that are filled in"),
    "interactions": _l("Interactions on record"),
    "characteristics": _l("Characteristics observed"),
    "segments": _l("Segments"),
    "segment_members": _l("Contacts in segments"),
    "buyers": _l("Customers that have bought"),
    "value_per_buyer": _l("Median value of a customer so far"),
    "top_fifth": _l("Share of sales of the best fifth"),
    "target_lists": _l("Campaigns with a target list"),
    "targets": _l("Contacts on target lists"),
    "held_out": _l("Held out for comparison"),
    "leads_qualified": _l("Qualified leads"),
    "channels": _l("Channels of planned activities"),
    "sends": _l("Messages sent in campaigns"),
    "channel_estimates": _l("Channels measured per segment"),
    "contents": _l("Approved pieces of content"),
    "quotes": _l("Quotes sent"),
    "campaigns": _l("Campaigns"),
    "campaigns_running": _l("Campaigns that run now"),
    "contracts": _l("Service contracts in force"),
    "tickets_open": _l("Open tickets"),
    "returns": _l("Returns under way"),
    "consents": _l("Valid consents"),
    "without_consent": _l("Contacts without any consent"),
    "withdrawn": _l("Withdrawn consents"),
    "do_not_call": _l("Contacts not to be called"),
    "subject_requests": _l("Requests of people on their own data"),
    "kpis_in_place": _l("KPIs of practices in use"),
    "kpis_known": _l("KPIs in the library"),
    "kpi_targets": _l("KPIs with a target"),
    "kpis_measured": _l("KPIs measured by a rollout"),
    "surveys": _l("Surveys answered"),
    "roles_staffed": _l("Roles with people"),
    "roles_empty": _l("Roles without people"),
    "people": _l("People"),
    "needs_must": _l("Needs that must be met"),
    "needs_should": _l("Needs that should be met"),
    "needs_could": _l("Needs that could be met"),
    "needs_uncovered": _l("Needs that no practice covers"),
    "processes": _l("End-to-end processes"),
    "handovers": _l("Handovers between them"),
    "cases_running": _l("Cases running"),
    "activities_open": _l("Activities still to come"),
    "rollouts_running": _l("Rollouts running"),
    "rollouts_done": _l("Rollouts completed"),
    "rollouts_aborted": _l("Rollouts given up"),
    "alarms": _l("Alarms of KPIs"),
    "evidence": _l("Measured effects"),
    "incidents_open": _l("Open incidents"),
    "tasks_overdue": _l("Overdue tasks"),
    "technologies": _l("Technology applications taken over"),
    "topics_bound": _l("Services with a handler"),
    "topics_without": _l("Services without a handler"),
}
SHARES = frozenset({"filled", "top_fifth"})
FACTS = {  # of a customer, for completeness
    "industry": _l("Industry"),
    "country": _l("Country"),
    "city": _l("City"),
    "tax_id": _l("Tax number"),
    "employees": _l("Employees"),
    "owner": _l("Owner"),
}
STEP_STATES = {  # words, look of the badge, symbol
    "in_place": (_l("in place"), "completed", "circle-check"),
    "begun": (_l("begun"), "active", "player-play"),
    "to_acquire": (_l("to be acquired"), "suspended", "books"),
    "gap": (_l("gap"), "open", "alert-circle"),
}
PRACTICE_STATES = {
    "in_place": (_l("in use"), "completed"),
    "under_way": (_l("being rolled out"), "active"),
    "prepared": (_l("in our workspace"), "suspended"),
    "in_library": (_l("in the library"), "cancelled"),
}


def place(key: str) -> str:
    """The address of a place, empty when this installation has no such page."""
    endpoint, values = PLACES[key]
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


def figure_name(key: str) -> str:
    return str(FIGURES[key])


def figure_value(key: str, value: Any, currency: str | None = None) -> str:
    """A count, a share or an amount as people read it; a dash where nobody knows."""
    if value is None:
        return "–"
    if key in SHARES:
        return format_percent(value)
    if isinstance(value, Decimal):
        amount = format_decimal(value, "#,##0")
        return f"{amount} {currency}" if currency else amount
    return format_decimal(value)


def minutes(value: float | None) -> str:
    """A length of work in the unit that people would use."""
    if value is None:
        return "–"
    if value < 1:
        return _("under a minute")
    if value < 90:
        return _("%(count)s min", count=format_decimal(round(value)))
    if value < 36 * 60:
        return _("%(count)s h", count=format_decimal(round(value / 60, 1)))
    return _("%(count)s days", count=format_decimal(round(value / 60 / 24, 1)))


def percent(value: float | None) -> str:
    return "–" if value is None else format_percent(value)


def kpi_value(value: float | Decimal | None, unit: str) -> str:
    """A KPI in its unit: a share in per cent, hours and days with their word, money and counts as numbers."""
    if value is None:
        return "–"
    if unit == "share":
        return format_percent(value, "#,##0.#%")
    number = format_decimal(value, "#,##0.##")
    if unit == "hours":
        return _("%(count)s h", count=number)
    if unit == "days":
        return _("%(count)s days", count=number)
    return number


def map_words() -> Words:
    return Words(
        stages=(
            _("1 Take over and adapt"),
            _("2 Do the next best"),
            _("3 Give back"),
        ),
        yes=_("yes"),
        no=_("no"),
        shared=_("for other enterprises"),
    )


def map_labels(found: MethodMap) -> dict[str, Label]:
    """What every station says, with its live numbers."""
    return {**_first_stage(found), **_second_stage(found), **_third_stage(found)}


def _first_stage(found: MethodMap) -> dict[str, Label]:
    library = sum(found.library.values())
    scenarios = found.library.get("scenario", 0)
    mine = sum(count for state, count in found.candidates.items() if state != "aborted")
    acquired, tailored = (found.candidates.get(state, 0) for state in ("acquired", "tailored"))
    available = found.candidates.get("available", 0)
    return {
        "library": Label(
            _("Best-practice library"),
            (
                ngettext("%(num)s practice", "%(num)s practices", library),
                ngettext("%(num)s of them a scenario", "%(num)s of them scenarios", scenarios),
            ),
            place("library"),
        ),
        "acquisition": Label(
            _("Acquisition"),
            (
                _("%(count)s in our workspace", count=mine),
                _("%(count)s more in the library", count=found.not_acquired),
            ),
            place("candidates"),
        ),
        "needs": Label(
            _("Our own CRM needs"),
            (
                _("%(count)s open", count=found.needs_open),
                _("%(count)s uncovered", count=found.needs_uncovered),
            ),
            place("needs"),
        ),
        "modification": Label(
            _("Modification"),
            (
                _("%(count)s acquired", count=acquired),
                _("%(count)s being tailored", count=tailored),
            ),
            place("tailored") if tailored else place("candidates"),
        ),
        "conversion": Label(
            _("Conversion"),
            (
                _("%(count)s checked, to be released", count=found.checked),
                ngettext("%(num)s process deployed", "%(num)s processes deployed", found.deployed),
            ),
            place("candidates"),
        ),
        "available": Label(
            _("Available practices"),
            (
                _("%(count)s available", count=available),
                _("processes, activities, techniques, methods"),
            ),
            place("available"),
        ),
    }


def _second_stage(found: MethodMap) -> dict[str, Label]:
    ready = found.activities.get("available", 0)
    running = found.rollouts.get("running", 0)
    return {
        "ranking": Label(
            _("Ranking by the benefit index S"),
            (
                _("%(count)s to rank", count=ready),
                _("%(count)s without an estimate", count=found.without_estimate),
            ),
            place("activities"),
        ),
        "scan": Label(_("Scan: N = 1, compare S(N+1) with S(N)"), (_scanned(found),), place("nba")),
        "recommendation": Label(_("Next best activity"), _recommended(found), place("nba")),
        "execution": Label(
            _("Execution"),
            (
                ngettext("%(num)s rollout running", "%(num)s rollouts running", running),
                _("%(count)s selected", count=found.activities.get("selected", 0)),
            ),
            place("portfolio"),
        ),
        "completion": Label(
            _("Completed and measured"),
            (
                _("%(count)s in place", count=found.in_place),
                ngettext("%(num)s measured effect", "%(num)s measured effects", found.evidence),
            ),
            place("portfolio"),
        ),
        "none_left": Label(_("Is a new practice available?"), (_left(found),), place("nba")),
    }


def _third_stage(found: MethodMap) -> dict[str, Label]:
    return {
        "unique": Label(
            _("New and unique?"),
            (_("%(count)s could be offered", count=found.offerable),),
            place("contributions"),
        ),
        "contribution": Label(
            _("Contribution to the library"),
            (
                _("%(count)s in review", count=found.in_review),
                _("%(count)s published", count=found.released_contributions),
            ),
            place("contributions"),
        ),
    }


def _scanned(found: MethodMap) -> str:
    newest = found.recommendation
    if newest is None:
        return _("No scan yet")
    return _("Scan %(number)s came to N = %(scanned)s", number=newest.number, scanned=newest.scanned)


def _recommended(found: MethodMap) -> tuple[str, ...]:
    newest = found.recommendation
    if newest is None:
        return (_("No recommendation yet"),)
    if newest.name is None:
        return (_("Nothing new is available"),)
    name = newest.name.in_language(model_language())
    state = _("to be decided") if newest.state == "open" else _("decided")
    if newest.index is None:
        return (name, state)
    return (name, _("S = %(index)s, %(state)s", index=f"{float(Fraction(newest.index)):.2f}", state=state))


def _left(found: MethodMap) -> str:
    if found.recommendation is not None and found.recommendation.state == "ended":
        return _("No: the exploration has ended")
    if found.activities.get("available", 0) or found.candidates.get("available", 0):
        return _("Yes: the loop goes on")
    return _("Not before a practice becomes available")


def what_next(found: MethodMap) -> tuple[str, str, str]:
    """Where the enterprise stands, in a sentence: what to do next, where, and the word on the button."""
    sentences = {
        "needs": (_("Begin with what your customers and you need."), "needs", _("Write needs down")),
        "acquisition": (_("Find practices that fit your needs and acquire them."), "library", _("Search the library")),
        "modification": (
            _("Practices wait in the workspace to be adapted to your enterprise."),
            "candidates",
            _("Our practices"),
        ),
        "conversion": (_("Checked practices can be made available now."), "candidates", _("Our practices")),
        "ranking": (
            _("Practices are available: let them be ranked, and get the next best activity."),
            "nba",
            _("Next best activity"),
        ),
        "recommendation": (
            _("A recommendation waits for a decision: accept, defer or reject it."),
            "nba",
            _("To the decision"),
        ),
        "execution": (_("A practice is being rolled out; its tasks are in the worklist."), "portfolio", _("Rollouts")),
        "none_left": (
            _("No new practice is available. New versions, needs or alarms start the exploration again."),
            "library",
            _("Search the library"),
        ),
        "unique": (
            _("What you have rolled out may be new to others: offer it to the library."),
            "contributions",
            _("Contributions"),
        ),
        "contribution": (_("A contribution is on its way into the library."), "contributions", _("Contributions")),
    }
    text, key, word = sentences[found.here]
    return text, place(key), word
