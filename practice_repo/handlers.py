"""The service tasks of the process `contribution_review` (D.19): from extracting to releasing.

A handler looks at the contribution's state first, so that a repeated job finds its work done.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from engine.handlers import Handlers, Job
from engine.store.actor import SYSTEM
from engine.store.unit_of_work import Store, Work
from practice_repo.algebra.operations import operations_from_json
from practice_repo.algebra.package import Package, package_difference
from practice_repo.bindings import Bindings
from practice_repo.candidate_states import TRANSITIONS
from practice_repo.commands.publish import publish, version_words
from practice_repo.contents import get_trees, put_files
from practice_repo.contributing import find_contribution, note_event, read_contribution
from practice_repo.notices import notify
from practice_repo.practice import Text
from practice_repo.queries.similar import library_index
from practice_repo.releasing import release_of, with_card
from practice_repo.screened import Knowing, knowing_nothing, screened
from practice_repo.search.novelty import SAME, assess_novelty
from practice_repo.tables import (
    PracticeCandidate,
    PracticeCommit,
    PracticeContribution,
    PracticeItem,
    PracticeVersion,
)
from practice_repo.validation import Bench, ValidationReport, check_package
from practice_repo.workspace import note_move

TOPICS = (
    "practice.extract",
    "practice.anonymise",
    "practice.check",
    "practice.novelty",
    "practice.suggest_link",
    "practice.request_changes",
    "practice.reject",
    "practice.lapse",
    "practice.merge",
    "practice.release",
    "practice.withdraw",
)
LONGEST_REASON = 400  # characters of a check's message in a notice
Contribution = PracticeContribution


def practice_handlers(
    store: Store,
    *,
    known: Knowing = knowing_nothing,
    bench: Callable[[], Bench] = Bench,
    tell: Callable[[], None] = lambda: None,
) -> Handlers:
    """The handlers on this store.

    `known` says what an enterprise knows to be names, `bench` serves the automatic checks, `tell` sends what was noted
    for enterprises as mail (after the commit).
    """
    desk = _Desk(store, known, bench, tell)
    handlers = Handlers()
    for topic in TOPICS:
        handlers.register(topic)(getattr(desk, topic.removeprefix("practice.")))
    return handlers


class _Desk:
    """One method per topic; the process decides which comes next."""

    def __init__(self, store: Store, known: Knowing, bench: Callable[[], Bench], tell: Callable[[], None]):
        self.store = store
        self.known = known
        self.bench = bench
        self.tell = tell

    def _change(self, job: Job, change: Callable[[Work, Contribution], Mapping[str, Any]]) -> dict[str, Any]:
        """Change the contribution in one unit of work; one that was withdrawn meanwhile stays as it is."""

        def run(work: Work) -> dict[str, Any]:
            contribution = find_contribution(work, job.variables["contribution_id"])
            if contribution.state == "withdrawn":
                return {}
            return dict(change(work, contribution))

        return self.store.run(run)

    def extract(self, job: Job) -> Mapping[str, Any]:
        """Take the variant's files as they were committed. Bindings stand beside them and stay at home."""

        def change(work: Work, contribution: Contribution) -> Mapping[str, Any]:
            head = work.session.get(PracticeCommit, contribution.commit_id)
            contribution.files = head.files
            contribution.state = "preparing"
            return {"file_count": len(head.files)}

        return self._change(job, change)

    def anonymise(self, job: Job) -> Mapping[str, Any]:
        """Screen the files, and say what is new in what is left."""
        with self.store.reading() as work:
            contribution = read_contribution(work, job.variables["contribution_id"])
            origin = work.session.get(PracticeVersion, contribution.origin_version_id)
            head = work.session.get(PracticeCommit, contribution.commit_id)
            base, files = (Package(each) for each in get_trees(work, [origin.files, head.files]))
            names, decisions = contribution.known_names, contribution.screen_decisions
            known = self.known(work, contribution.enterprise_id)
        outcome = screened(with_card(files, version=origin.version), known, names, decisions, base.files)
        operations = package_difference(base, outcome.package)

        def change(work: Work, contribution: Contribution) -> Mapping[str, Any]:
            contribution.files = put_files(work, outcome.package.files)
            contribution.operations = [operation.to_json() for operation in operations]
            contribution.screening = outcome.to_json()
            contribution.state = "confirming"
            _tell(work, contribution, "confirm", job)
            blanked = sum(each.is_replaced for each in outcome.found)
            return {"operation_count": len(operations), "blanked_count": blanked}

        return self._change(job, change)

    def check(self, job: Job) -> Mapping[str, Any]:
        """The checks that every practice passes, on what leaves the house; bindings are the adopter's business."""
        with self.store.reading() as work:
            contribution = read_contribution(work, job.variables["contribution_id"])
            version = work.session.get(PracticeVersion, contribution.origin_version_id)
            package, origin = (Package(each) for each in get_trees(work, [contribution.files, version.files]))
        report = check_package(package, Bindings(), replace(self.bench(), groups=None), origin=origin)

        def change(_work: Work, contribution: Contribution) -> Mapping[str, Any]:
            contribution.checks = report.to_json()
            return {"checks_passed": report.passed, "checks_text": _first_error(report)}

        return self._change(job, change)

    def novelty(self, job: Job) -> Mapping[str, Any]:
        """How new it is: what it should become, and the three nearest items."""
        with self.store.reading() as work:
            contribution = read_contribution(work, job.variables["contribution_id"])
            origin = work.session.get(PracticeVersion, contribution.origin_version_id)
            base, package = (Package(each) for each in get_trees(work, [origin.files, contribution.files]))
            operations = operations_from_json(contribution.operations)
            index = library_index(work)
        found = assess_novelty(index, package, base=base, operations=operations)

        def change(_work: Work, contribution: Contribution) -> Mapping[str, Any]:
            contribution.novelty = found.to_json()
            is_same = found.finding == SAME or not operations
            if not is_same:
                contribution.state = "in_review"
            nearest = found.nearest[0].id if found.nearest else ""
            return {"novelty": found.finding, "is_same": is_same, "nearest_item": nearest}

        return self._change(job, change)

    def suggest_link(self, job: Job) -> Mapping[str, Any]:
        nearest = job.variables.get("nearest_item") or ""
        return self._end(job, "same", f"the library has it already: {nearest}")

    def request_changes(self, job: Job) -> Mapping[str, Any]:
        def change(work: Work, contribution: Contribution) -> Mapping[str, Any]:
            contribution.state = "changes_requested"
            failed = job.variables.get("checks_passed") is False
            reason = job.variables.get("checks_text", "") if failed else _comments(job)
            note_event(work, contribution.id, "changes_requested", job.now, reason=reason)
            _tell(work, contribution, "changes_requested", job, reason=reason)
            return {}

        return self._told(self._change(job, change))

    def reject(self, job: Job) -> Mapping[str, Any]:
        return self._end(job, "rejected", _comments(job))

    def lapse(self, job: Job) -> Mapping[str, Any]:
        return self._end(job, "lapsed", "no changes came within 30 days")

    def withdraw(self, job: Job) -> Mapping[str, Any]:
        return {}

    def merge(self, job: Job) -> Mapping[str, Any]:
        """Lay what is new onto what is released now; conflicts wait for the editor."""

        def change(work: Work, contribution: Contribution) -> Mapping[str, Any]:
            contribution.state = "merging"
            contribution.accepted_class = job.variables["taken_up_as"]
            release = _release(work, contribution)
            contribution.merged = put_files(work, release.package.files)
            contribution.conflicts = [
                {
                    "id": conflict.id,
                    "kind": conflict.kind,
                    "file": conflict.file,
                    "target": conflict.target,
                    "en": conflict.describe("en"),
                    "zh": conflict.describe("zh"),
                }
                for conflict in release.conflicts
            ]
            if release.conflicts:
                contribution.state = "conflict"
                note_event(work, contribution.id, "conflict", job.now, count=len(release.conflicts))
            return {"has_conflict": bool(release.conflicts)}

        return self._change(job, change)

    def release(self, job: Job) -> Mapping[str, Any]:
        """Publish, credit the contributor, tell adopters."""

        def change(work: Work, contribution: Contribution) -> Mapping[str, Any]:
            if contribution.version_id is None and not _published(work, contribution, job):
                return {"is_released": False}
            version = work.session.get(PracticeVersion, contribution.version_id)
            return {"is_released": True, "released_item": version.item_id, "released_version": version.version}

        return self._told(self._change(job, change))

    def _end(self, job: Job, state: str, reason: str) -> Mapping[str, Any]:
        def change(work: Work, contribution: Contribution) -> Mapping[str, Any]:
            if contribution.state != state:
                contribution.state, contribution.decided_at = state, job.now
                note_event(work, contribution.id, state, job.now, reason=reason)
                _tell(work, contribution, "contribution_decided", job, reason=reason)
            return {}

        return self._told(self._change(job, change))

    def _told(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        self.tell()
        return result


def _first_error(report: ValidationReport) -> str:
    return report.errors[0].message[:LONGEST_REASON] if report.errors else ""


def _comments(job: Job) -> str:
    given = [job.variables.get(f"comment_{number}") for number in (1, 2)]
    return " / ".join(comment for comment in given if comment)


def _tell(work: Work, contribution: Contribution, kind: str, job: Job, **words: Any) -> None:
    notify(
        work,
        [contribution.enterprise_id],
        kind,
        job.now,
        item_id=contribution.item_id,
        candidate_id=contribution.candidate_id,
        contribution_id=contribution.id,
        details={"title": contribution.title, "title_zh": contribution.title_zh, **words},
    )


def _release(work: Work, contribution: Contribution) -> Any:
    origin = work.session.get(PracticeVersion, contribution.origin_version_id)
    item = work.session.get(PracticeItem, origin.item_id)
    newest = work.session.get(PracticeVersion, item.latest_version_id)
    packages = [Package(each) for each in get_trees(work, [origin.files, newest.files, contribution.files])]
    return release_of(
        contribution.accepted_class,
        title=Text(contribution.title, contribution.title_zh),
        licence=contribution.consent["licence"],
        evidence_level=contribution.evidence_level,
        origin=packages[0],
        newest=packages[1],
        contributed=packages[2],
        taken=list(work.execute(select(PracticeItem.id)).scalars()),
        resolutions=contribution.resolutions,
    )


def _published(work: Work, contribution: Contribution, job: Job) -> bool:
    """Release it; False when a version that clashes was released since the merge."""
    release = _release(work, contribution)
    if release.conflicts:
        return False
    published = publish(
        work,
        package=release.package,
        actor=SYSTEM,
        now=job.now,
        notes=contribution.summary or contribution.title,
        notes_zh=contribution.title_zh,
        contributor=contribution.pseudonym,
        contribution_id=contribution.id,
        derived_from=contribution.origin_version_id,
        edge=contribution.accepted_class,
    )
    contribution.version_id, contribution.state, contribution.decided_at = published.version_id, "released", job.now
    contribution.merged = put_files(work, release.package.files)
    version = work.session.get(PracticeVersion, published.version_id)
    note_event(work, contribution.id, "released", job.now, version=version.version, item_id=version.item_id)
    _tell(work, contribution, "contribution_released", job, **version_words(version))
    candidate = work.session.get(PracticeCandidate, contribution.candidate_id, with_for_update=True)
    if "contributed" in TRANSITIONS[candidate.state]:
        note_move(work, candidate.id, candidate.state, "contributed", SYSTEM, job.now, contribution.title)
        candidate.state = "contributed"
    return True
