"""Deploy a checked variant to the enterprise's engine: from then on people can start it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.commands.deploy import Deployed, deploy
from engine.errors import InvalidState
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package
from practice_repo.bindings import Bindings, bound
from practice_repo.contents import get_files
from practice_repo.errors import NotValid
from practice_repo.practice import Practice, practice_of_files
from practice_repo.tables import PracticeCandidate, PracticeDeployment, PracticeValidation
from practice_repo.validation import ValidationReport, checked_digest, checks_of_json
from practice_repo.workspace import move, must_be_committed, own_candidate, touch


def make_available(work: Work, *, candidate_id: str, actor: Actor, now: datetime) -> Deployed:
    """Deploy the newest commit with its bindings; its processes replace older versions for new cases.

    Raises InvalidState for a component, a scenario or an uncommitted draft, NotValid unless exactly this state passed
    the checks (`practice_repo.validation.validate`), InvalidModel for what the engine refuses.
    """
    candidate = own_candidate(work, candidate_id, actor)
    must_be_committed(candidate)
    if candidate.component is not None:
        raise InvalidState(f"'{candidate.title}' is a component: put it into a practice, which can be deployed.")
    _must_be_checked(work, candidate)
    package = bound(Package(get_files(work, candidate.draft)), Bindings.of_json(candidate.bindings))
    deployed = _deploy(work, candidate, practice_of_files(package.files), actor, now)
    if candidate.state in ("acquired", "tailored"):
        move(work, candidate, "available", actor, now)
    touch(candidate, actor, now)
    return deployed


def _deploy(work: Work, candidate: PracticeCandidate, practice: Practice, actor: Actor, now: datetime) -> Deployed:
    """A technology has nothing to deploy; it is available for being chosen and rolled out all the same."""
    if practice.card.kind == "technology":
        return Deployed(None, (), ())
    if not practice.has_process:
        raise InvalidState(
            f"'{candidate.title}' is a {practice.card.kind}: make the practices that it names available."
        )
    deployed = deploy(
        work,
        enterprise_id=candidate.enterprise_id,
        name=candidate.title,
        models=models_in_order(practice),
        decisions=list(practice.decisions.values()),
        forms=practice.forms,
        actor=actor,
        now=now,
    )
    _link(work, candidate, deployed, now)
    return deployed


def models_in_order(practice: Practice) -> Sequence[bytes]:
    """The main model first."""
    others = [content for name, content in practice.models.items() if name != practice.card.process]
    return [practice.main_model, *others]


def _must_be_checked(work: Work, candidate: PracticeCandidate) -> None:
    """The newest report of exactly these files and bindings must be a good one."""
    columns = PracticeValidation.__table__.c
    statement = (
        select(PracticeValidation.__table__)
        .where(columns.candidate_id == candidate.id, columns.digest == checked_digest(candidate))
        .order_by(columns.at.desc(), columns.id.desc())
        .limit(1)
    )
    found = work.execute(statement).one_or_none()
    if found is None:
        raise NotValid(f"'{candidate.title}' was not checked as it is now: run the checks first.")
    if not found.passed:
        report = ValidationReport(checks_of_json(found.report), found.id, found.commit_id, found.digest, found.at)
        first = report.errors[0].message if report.errors else "see the report"
        raise NotValid(f"'{candidate.title}' did not pass the checks: {first}", report)


def _link(work: Work, candidate: PracticeCandidate, deployed: Deployed, now: datetime) -> None:
    columns = PracticeDeployment.__table__.c
    work.execute(update(PracticeDeployment).where(columns.candidate_id == candidate.id).values(is_current=False))
    rows = [
        {
            "definition_id": each.definition_id,
            "candidate_id": candidate.id,
            "commit_id": candidate.head_commit_id,
            "process_id": each.process_id,
            "version": each.version,
            "is_current": True,
            "at": now,
        }
        for each in deployed.definitions
    ]
    dialect = postgresql if work.on_postgresql else sqlite
    statement = dialect.insert(PracticeDeployment)
    kept = {name: statement.excluded[name] for name in ("commit_id", "is_current", "at")}
    work.execute(statement.on_conflict_do_update(index_elements=["definition_id", "candidate_id"], set_=kept), rows)
