"""How practices look on a page: names of areas, kinds and states, sentences for operations and findings."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from practice_repo.algebra.operations import Operation, describe
from practice_repo.candidate_states import LABELS
from practice_repo.queries.notices import unread_count
from practice_repo.validation import CHECK_NAMES
from webapp.access import enterprise_id, read
from webapp.languages import model_language

NAMES = {
    # areas
    "sales": _l("Sales"),
    "marketing": _l("Marketing"),
    "service": _l("Service"),
    "method": _l("Method"),
    "scenarios": _l("Scenarios"),
    "technology": _l("Technology application"),
    # kinds and types
    "process": _l("Process"),
    "scenario": _l("Scenario"),
    "component": _l("Component"),
    "technique": _l("Technique"),
    "activity": _l("Activity"),
    "reward": _l("Reward"),
    # states of versions, needs, upgrades and contributions
    "released": _l("released"),
    "deprecated": _l("deprecated"),
    "withdrawn": _l("withdrawn"),
    "open": _l("open"),
    "in_work": _l("in work"),
    "met": _l("met"),
    "dropped": _l("dropped"),
    "finished": _l("finished"),
    "declined": _l("declined"),
    "superseded": _l("superseded"),
    "confirming": _l("to be confirmed"),
    "checking": _l("being checked"),
    "in_review": _l("in review"),
    "changes_requested": _l("changes requested"),
    "merging": _l("being merged"),
    "conflict": _l("waits for an editor"),
    "rejected": _l("rejected"),
    "recalled": _l("recalled"),
    "same": _l("already in the library"),
    "preparing": _l("being prepared"),
    "lapsed": _l("lapsed"),
    # what happened to a contribution
    "submitted": _l("offered"),
    "blanked_more": _l("more names blanked"),
    "confirmed": _l("confirmed"),
    "reviewed": _l("reviewed"),
    "resubmitted": _l("sent again"),
    "settled": _l("dispute settled"),
    # how new it is
    "parameter_set": _l("set of parameters"),
    "new_variant": _l("variant"),
    # what a screening finds
    "person": _l("Person"),
    "organisation": _l("Organisation"),
    "system": _l("System"),
    "product": _l("Product"),
    "place": _l("Place"),
    "mail": _l("E-mail address"),
    "phone": _l("Telephone"),
    "url": _l("Web address"),
    "tax_number": _l("Tax number"),
    "account": _l("Account"),
    "card_number": _l("Card number"),
    "number": _l("Number"),
    "identity_card": _l("Identity card"),
    "metadata": _l("Data of the file"),
    "role": _l("Role"),
    "threshold": _l("Threshold"),
    "path": _l("File path"),
    "name": _l("Name"),
    "unreadable": _l("Cannot be read"),
    # industries, sizes and channels
    "automotive": _l("Automotive"),
    "aviation": _l("Aviation"),
    "distribution": _l("Distribution"),
    "electronics": _l("Electronics"),
    "energy": _l("Energy"),
    "finance": _l("Finance"),
    "high-tech": _l("High-tech"),
    "machinery": _l("Machinery"),
    "medical": _l("Medical"),
    "pharma": _l("Pharma"),
    "public": _l("Public sector"),
    "retail": _l("Retail"),
    "services": _l("Services"),
    "software": _l("Software"),
    "telecom": _l("Telecom"),
    "utilities": _l("Utilities"),
    "micro": _l("Micro enterprise"),
    "small": _l("Small enterprise"),
    "medium": _l("Medium enterprise"),
    "large": _l("Large enterprise"),
    "web": _l("Web"),
    "fair": _l("Trade fair"),
    "portal": _l("Portal"),
    "email": _l("E-mail"),
    # priorities
    "must": _l("must"),
    "should": _l("should"),
    "could": _l("could"),
    # coverage
    "full": _l("full"),
    "partial": _l("partial"),
    "none": _l("none"),
    "no": _l("none"),
    # what a new version is
    "major": _l("major: changes what others rely on"),
    "minor": _l("minor: adds something"),
    "patch": _l("patch: mends something"),
    # what a contribution becomes
    "option": _l("option"),
    "variant": _l("variant"),
    "new": _l("new practice"),
    "parameters": _l("set of parameters"),
    # commits
    "acquire": _l("acquired"),
    "options": _l("options chosen"),
    "edit": _l("edited"),
    "bind": _l("bound to the enterprise"),
    "upgrade": _l("new version merged"),
    "restore": _l("older state restored"),
    "undo": _l("taken back"),
    # decisions
    "accept": _l("accept"),
    "changes": _l("ask for changes"),
    "reject": _l("reject"),
    # checks of a validation
    "passed": _l("passed"),
    "failed": _l("failed"),
    "warned": _l("passed with warnings"),
    "skipped": _l("skipped"),
}
GROUPS = (
    ("control", _l("flow")),
    ("rule", _l("rules")),
    ("form", _l("form")),
    ("data", _l("data")),
    ("role", _l("people")),
    ("time", _l("time")),
    ("integration", _l("systems")),
    ("doc", _l("words")),
)


def code_name(code: str | None) -> str:
    """A key of the data model in the reader's language; unknown ones as words."""
    if not code:
        return ""
    return str(NAMES.get(code, str(code).replace("_", " ").capitalize()))


def candidate_state(state: str) -> str:
    label = LABELS.get(state)
    return label.in_language(model_language()) if label else state


def operation_sentence(operation: Operation) -> str:
    return describe(operation, model_language())


def operation_group(operation: Operation) -> str:
    """The first of its tags, in words: what kind of change it is."""
    return next((str(name) for tag, name in GROUPS if tag in operation.tags), _("change"))


def facet_names() -> dict[str, str]:
    return {
        "area": _("Area"),
        "kind": _("Kind"),
        "type": _("Type of practice"),
        "industry": _("Industry"),
        "kpi": _("Figure"),
        "pcf": _("PCF process"),
        "evidence_level": _("Evidence"),
        "capability": _("Capability"),
    }


def check_names() -> dict[str, str]:
    """The checks of a validation, by their keys."""
    return {key: text.in_language(model_language()) for key, text in CHECK_NAMES.items()}


def models_of(files: Iterable[str], main: str) -> list[str]:
    """The models among these files: the practice's own first, then those that it calls."""
    return sorted((name for name in files if name.endswith(".bpmn")), key=lambda name: (name != main, name))


def file_answer(name: str, content: bytes) -> Response:
    """One file of a practice as it is: models for the viewer, the rest for reading."""
    return Response(content, mimetype="application/xml" if name.endswith((".bpmn", ".dmn")) else "text/plain")


def notice_count() -> int:
    """Unread notices of the library; asked once per request."""
    if "notice_count" not in g:
        g.notice_count = read(lambda work: unread_count(work, enterprise_id=enterprise_id()))
    return g.notice_count


def grouped(operations: Any, by: Callable[[Operation], str] = operation_group) -> dict[str, list[Operation]]:
    """Operations under the names of their groups, in the order of GROUPS."""
    found: dict[str, list[Operation]] = {}
    for operation in operations:
        found.setdefault(by(operation), []).append(operation)
    order = [str(name) for _tag, name in GROUPS]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        code_name=code_name,
        candidate_state=candidate_state,
        operation_sentence=operation_sentence,
        operation_group=operation_group,
        grouped=grouped,
    )
    app.jinja_env.globals.update(facet_names=facet_names, notice_count=notice_count)
