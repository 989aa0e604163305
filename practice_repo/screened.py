"""What the screening of a contribution gives: the files that may leave the house, and what was blanked in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package
from practice_repo.screening.finding import Decision, Finding, KnownNames
from practice_repo.screening.screen import screen

Knowing = Callable[[Work, str], KnownNames]  # what an enterprise (by id) knows to be names


@dataclass(frozen=True)
class Found:
    """One place that names something. `replacement` is what stands there now, if `is_replaced`.

    `is_open`: too uncertain to be replaced without a word of the contributor.
    """

    id: str
    file: str
    kind: str  # person organisation system product place mail phone url tax_number account number metadata role …
    text: str  # never leaves the enterprise
    replacement: str
    place: str = ""
    element_id: str | None = None
    context: str = ""
    certainty: float = 1.0
    is_replaced: bool = True
    is_open: bool = False
    decision: str = ""  # replace | keep | edit; empty when nobody decided
    reason: str = ""  # why it is kept

    def without_text(self) -> "Found":
        """As people of other enterprises see it; what is kept stands in the files anyway."""
        return replace(self, context="", text=self.text if self.decision == "keep" else "")


@dataclass(frozen=True)
class Screened:
    package: Package
    found: tuple[Found, ...]
    problems: tuple[str, ...] = ()  # what the contributor must look at

    def to_json(self) -> dict[str, Any]:
        return {"found": [asdict(each) for each in self.found], "problems": list(self.problems)}


def knowing_nothing(_work: Work, _enterprise_id: str) -> KnownNames:
    return KnownNames()


def screened(
    package: Package,
    known: KnownNames,
    more_names: Sequence[str],
    decisions: Sequence[Mapping[str, str]],
    published: Mapping[str, bytes] | None = None,
) -> Screened:
    """The package without what would tell who made it. Decisions on places that are gone are passed over.

    What the files that it grew from (`published`) name already is public; those that still say the same are taken over
    as they were published.
    """
    origin = Package(published or {})
    same = {name: origin.files[name] for name in package.files if _says_the_same(name, package, origin)}
    changed = {name: content for name, content in package.files.items() if name not in same}
    names = replace(known, others=(*known.others, *more_names))
    if decisions:
        there = {finding.id for finding in screen(changed, names, published=published).findings}
        decisions = [decision for decision in decisions if decision["finding_id"] in there]
    chosen = [Decision(**decision) for decision in decisions]
    found = screen(changed, names, decisions=chosen, published=published)
    return Screened(Package({**same, **found.cleaned}), tuple(_found(each) for each in found.findings), found.problems)


def _says_the_same(name: str, package: Package, origin: Package) -> bool:
    return name in origin.files and origin.documents[name].digest == package.documents[name].digest


def found_of_json(content: Mapping[str, Any] | None) -> tuple[Found, ...]:
    return tuple(Found(**each) for each in (content or {}).get("found", ()))


def _found(finding: Finding) -> Found:
    return Found(
        id=finding.id,
        file=finding.file,
        kind=finding.kind,
        text=finding.text,
        replacement=finding.replacement,
        place=finding.place,
        element_id=finding.element or None,
        context=finding.context,
        certainty=finding.certainty,
        is_replaced=finding.is_replaced,
        is_open=finding.is_open,
        decision=finding.decision,
        reason=finding.reason,
    )
