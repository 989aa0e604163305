"""The service tasks of the process `next_best_activity`: from the profile to "no new available practice" (A18).

The verbs are those of the pages; a handler only finds out what its task asks for. Jobs run at least once, so each
handler looks first at what is done already. `loop_handlers` joins in those of `rollout_handlers`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.errors import EngineError, InvalidInput
from engine.handlers import Handlers, Job
from engine.store.unit_of_work import Store, Work
from practice_repo.activities import ensure_activities
from practice_repo.candidate_states import ENDED
from practice_repo.commands.acquire import acquire
from practice_repo.commands.contribute import contribute
from practice_repo.commands.make_available import make_available
from practice_repo.commands.recommend import recommend
from practice_repo.commands.set_profile import set_profile
from practice_repo.contents import tree_digest
from practice_repo.contributing import OVER
from practice_repo.deciding import propose
from practice_repo.loop_candidates import begin_estimates, practices_for_needs, state_of_candidate, unestimated
from practice_repo.loop_decisions import ask_again, is_fresh, keep_answer, newest_of, outcome_of, told_to_people
from practice_repo.method_jobs import acting, asked_at, clerk, needed, number, text, whole
from practice_repo.nba_tables import NbaActivity, NbaProfile, NbaRecommendation, NbaRollout
from practice_repo.notices import notify
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.queries import OutcomeReader
from practice_repo.practice import Text
from practice_repo.queries.kpis import KpiNow, kpis_of
from practice_repo.queries.nba import portfolio
from practice_repo.rollout_handlers import rollout_handlers
from practice_repo.rollouts import COMPLETED, book, locked_rollout
from practice_repo.stale import LIVE, mark_stale
from practice_repo.tables import (
    PracticeCandidate,
    PracticeContribution,
    PracticeNotice,
)
from practice_repo.validation import Bench, validate

TOPICS = (
    "practice.save_profile",
    "practice.find_candidates",
    "practice.acquire",
    "practice.check_available",
    "practice.estimate_defaults",
    "practice.scan",
    "practice.apply_decision",
    "practice.record_actuals",
    "practice.offer",
    "practice.summary",
    "practice.refresh",
    "practice.check_kpis",
)
KPI_WEEKS = 4  # that are compared with the target
LONGEST_PROBLEM = 600  # characters
CANDIDATE = PracticeCandidate.__table__.c


def loop_handlers(
    store: Store,
    *,
    bench: Callable[[], Bench] = Bench,
    calendar: Calendar | None = None,
    outcomes: OutcomeReader | None = None,
) -> Handlers:
    """The handlers of both processes on this store.

    `bench` serves the checks before a practice becomes available; `calendar` and `outcomes` are those by which KPIs
    are measured.
    """
    loop = _Loop(store, bench, calendar, outcomes)
    handlers = Handlers()
    for topic in TOPICS:
        handlers.register(topic)(getattr(loop, topic.removeprefix("practice.")))
    handlers.include(rollout_handlers(store, calendar=calendar, outcomes=outcomes))
    return handlers


class _Loop:
    """One method per topic; the process decides which comes next."""

    def __init__(
        self, store: Store, bench: Callable[[], Bench], calendar: Calendar | None, outcomes: OutcomeReader | None
    ):
        self.store = store
        self.bench = bench
        self.calendar = calendar
        self.outcomes = outcomes

    # From the profile to activities -----------------------------------------------------------------------------------

    def save_profile(self, job: Job) -> Mapping[str, Any]:
        """Keep what the form says; what it does not ask for stays."""
        values = profile_of(job.variables)

        def change(work: Work) -> None:
            set_profile(work, actor=acting(work, job, "profile"), now=job.now, **values)

        self.store.run(change)
        return {"enterprise_id": job.enterprise_id}

    def find_candidates(self, job: Job) -> Mapping[str, Any]:
        """Practices of the library that fit open needs and are not in the workspace, best first."""
        with self.store.reading() as work:
            found = practices_for_needs(work, job.enterprise_id)
        return {"found": found, "found_count": len(found)}

    def acquire(self, job: Job) -> Mapping[str, Any]:
        """Take the practice into the workspace, unless somebody has done so."""
        wanted = job.variables["suggestion"]

        def change(work: Work) -> Mapping[str, Any]:
            own = (CANDIDATE.enterprise_id == job.enterprise_id, CANDIDATE.item_id == wanted["item_id"])
            statement = select(CANDIDATE.id).where(*own, CANDIDATE.state != ENDED).order_by(CANDIDATE.acquired_at)
            found = work.execute(statement.limit(1)).scalar_one_or_none()
            if found is None:
                actor = acting(work, job, "inspect")
                found = acquire(
                    work, item_id=wanted["item_id"], need_id=wanted.get("need_id"), actor=actor, now=job.now
                )
            candidate = work.session.get(PracticeCandidate, found)
            return {
                "candidate_id": candidate.id,
                "candidate_title": candidate.title,
                "candidate_title_zh": candidate.title_zh,
                "problem": "",
                "problem_zh": "",
            }

        return self.store.run(change)

    def check_available(self, job: Job) -> Mapping[str, Any]:
        """Check the newest version of the variant and deploy it; what stands against it goes back to the analyst."""
        candidate_id = needed(job.variables, "candidate_id")
        with self.store.reading() as work:
            actor = acting(work, job, "tailor")
            state = state_of_candidate(work, candidate_id, job.enterprise_id)
        if state is None:
            return _not_available(Text("it is no longer in the workspace", "它已不在工作区"))
        if state not in ("acquired", "tailored"):
            return {"is_available": state != ENDED, "problem": "", "problem_zh": ""}
        try:
            validate(self.store, candidate_id=candidate_id, actor=actor, now=job.now, bench=self.bench())
            self.store.run(lambda work: make_available(work, candidate_id=candidate_id, actor=actor, now=job.now))
        except EngineError as error:
            said = str(error)[:LONGEST_PROBLEM]
            return _not_available(Text(said, said))
        return {"is_available": True, "problem": "", "problem_zh": ""}

    def estimate_defaults(self, job: Job) -> Mapping[str, Any]:
        """Every available practice is an activity with a first expectation; what nobody has estimated is named."""

        def change(work: Work) -> Mapping[str, Any]:
            actor = clerk(job.enterprise_id)
            ensure_activities(work, job.enterprise_id, actor, job.now)
            begin_estimates(work, job.enterprise_id, actor, job.now)
            return unestimated(work, job.enterprise_id)

        return self.store.run(change)

    # Scan and decide --------------------------------------------------------------------------------------------------

    def scan(self, job: Job) -> Mapping[str, Any]:
        """Scan what is available now. A repeated job finds the recommendation that it has made already."""
        with self.store.reading() as work:
            newest = newest_of(work, job.enterprise_id)
            if newest is not None and is_fresh(newest) and newest.at >= asked_at(work, job):
                return told_to_people(work, newest.id, job.enterprise_id)
        made = self._recommend(job)
        with self.store.reading() as work:
            return told_to_people(work, made, job.enterprise_id)

    def refresh(self, job: Job) -> Mapping[str, Any]:
        """Make a stale recommendation anew while it waits; say when the loop waits at the wrong place by now."""
        with self.store.reading() as work:
            old = newest_of(work, job.enterprise_id)
            if old is None or old.state not in LIVE or old.stale_since is None:
                return {"must_scan_again": False}
            before = (old.state, old.answer.get("waits_until_day"))
        made = self._recommend(job, instead_of=old.id)
        if made is None:
            return {"must_scan_again": False}
        with self.store.reading() as work:
            new = work.session.get(NbaRecommendation, made)
            told = told_to_people(work, made, job.enterprise_id)
        return {**told, "must_scan_again": (new.state, new.answer.get("waits_until_day")) != before}

    def _recommend(self, job: Job, *, instead_of: str | None = None) -> Any:
        """The id of the new recommendation; None when `instead_of` was decided or replaced meanwhile."""
        actor = clerk(job.enterprise_id)
        self.store.run(lambda work: ensure_activities(work, job.enterprise_id, actor, job.now))
        with self.store.reading() as work:
            proposal = propose(work, enterprise_id=job.enterprise_id, now=job.now)

        def keep(work: Work) -> str | None:
            if instead_of is not None:
                newest = newest_of(work, job.enterprise_id)
                if newest is None or newest.id != instead_of or newest.state not in LIVE:
                    return None
            return recommend(work, proposal=proposal, actor=actor, now=job.now)

        return self.store.run(keep)

    def apply_decision(self, job: Job) -> Mapping[str, Any]:
        """Keep what the task says, unless the page has kept it already; what cannot be kept is asked again."""

        def change(work: Work) -> Mapping[str, Any]:
            newest = newest_of(work, job.enterprise_id)
            if newest is None or newest.state in ("ended", "waiting", "superseded"):
                return {"decision_result": "other", "decision_problem": ""}
            if newest.state == "open":
                if newest.id != text(job.variables, "recommendation_id"):
                    told = told_to_people(work, newest.id, job.enterprise_id)
                    return {**told, **ask_again("The recommendation has changed meanwhile: look at it again.")}
                keep_answer(work, newest, job)
            return outcome_of(work, newest)

        try:
            return self.store.run(change)
        except InvalidInput as error:
            return ask_again(str(error))

    # After the rollout ------------------------------------------------------------------------------------------------

    def record_actuals(self, job: Job) -> Mapping[str, Any]:
        """What was measured becomes evidence. Out: whether the variant has something new for everybody."""

        def change(work: Work) -> Mapping[str, Any]:
            rollout = locked_rollout(work, needed(job.variables, "rollout_id"), job.enterprise_id)
            records = book(work, rollout, clerk(job.enterprise_id), job.now)
            may = rollout.state == COMPLETED and _offerable(work, rollout) is not None
            return {"evidence_count": records, "may_contribute": may}

        return self.store.run(change)

    def offer(self, job: Job) -> Mapping[str, Any]:
        """Begin the review in the library, once; what stands against it is told, and the loop goes on."""

        def change(work: Work) -> Mapping[str, Any]:
            rollout = locked_rollout(work, needed(job.variables, "rollout_id"), job.enterprise_id)
            candidate_id = _offerable(work, rollout)
            if candidate_id is None:
                return {"is_offered": True, "offer_problem": ""}
            title = text(job.variables, "offer_title") or needed(job.variables, "rollout_title")
            actor = acting(work, job, "offer")
            contribute(work, candidate_id=candidate_id, title=title, actor=actor, now=job.now)
            return {"is_offered": True, "offer_problem": ""}

        try:
            return self.store.run(change)
        except EngineError as error:
            return {"is_offered": False, "offer_problem": str(error)[:LONGEST_PROBLEM]}

    def summary(self, job: Job) -> Mapping[str, Any]:
        """What the loop leaves behind."""
        with self.store.reading() as work:
            page = portfolio(work, enterprise_id=job.enterprise_id, now=job.now)
        done = [row for row in page.rows if row.state == COMPLETED]
        return {
            "done_count": len(done),
            "aborted_count": sum(row.state == "aborted" for row in page.rows),
            "total_planned_effect": sum((row.planned_effect for row in done), Decimal(0)),
            "total_planned_cost": sum((row.planned_cost for row in done), Decimal(0)),
            "total_actual_effect": sum((row.actual_effect or Decimal(0) for row in done), Decimal(0)),
            "total_actual_cost": sum((row.actual_cost or Decimal(0) for row in done), Decimal(0)),
        }

    # The watch --------------------------------------------------------------------------------------------------------

    def check_kpis(self, job: Job) -> Mapping[str, Any]:
        """Compare the KPIs of the last weeks with the profile's targets; who misses one hears of it, and scans anew."""

        def change(work: Work) -> Mapping[str, Any]:
            alarms = self._alarms(work, job)
            if alarms and not _is_told(work, job):
                for each in alarms:
                    _tell_alarm(work, job, each)
                mark_stale(work, [job.enterprise_id], "kpi", job.now)
            return {"alarm_count": len(alarms)}

        return self.store.run(change)

    def _alarms(self, work: Work, job: Job) -> list[KpiNow]:
        profile = work.session.get(NbaProfile, job.enterprise_id)
        if profile is None or not profile.targets:
            return []
        found = kpis_of(
            work,
            enterprise_id=job.enterprise_id,
            start=job.now - timedelta(weeks=KPI_WEEKS),
            end=job.now,
            now=job.now,
            calendar=self.calendar,
            outcomes=self.outcomes,
        )
        return [each for each in found if each.misses_target]


def profile_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the profile that the form asks for, as `set_profile` takes them; an empty one is none."""
    found: dict[str, Any] = {
        "industry": text(values, "industry"),
        "goals": text(values, "goals"),
        "employees": whole(values, "employees", 0) or None,
        "budget": number(values, "budget"),
        "horizon_days": whole(values, "horizon_days", 360),
        "risk_appetite": whole(values, "risk_appetite", 3),
    }
    found |= {name: text(values, name) for name in ("currency", "mode", "stop") if text(values, name)}
    return found


def _not_available(problem: Text) -> dict[str, Any]:
    return {"is_available": False, "problem": problem.en, "problem_zh": problem.zh}


# Contributing and alarms ----------------------------------------------------------------------------------------------


def _offerable(work: Work, rollout: NbaRollout) -> str | None:
    """The candidate, when its files differ from what was acquired and it is not under way to the library already."""
    activity = work.session.get(NbaActivity, rollout.activity_id)
    if activity is None or activity.candidate_id is None:
        return None
    candidate = work.session.get(PracticeCandidate, activity.candidate_id)
    if candidate.head_digest == tree_digest(candidate.origin) or candidate.component is not None:
        return None
    columns = PracticeContribution.__table__.c
    travelling = select(columns.id).where(
        columns.candidate_id == candidate.id,
        columns.state.not_in(sorted(OVER)) | (columns.commit_id == candidate.head_commit_id),
    )
    return None if work.execute(travelling.limit(1)).first() else candidate.id


def _is_told(work: Work, job: Job) -> bool:
    """Whether this job has told of its alarms already."""
    columns = PracticeNotice.__table__.c
    statement = select(columns.id).where(
        columns.enterprise_id == job.enterprise_id, columns.kind == "kpi_alarm", columns.at >= asked_at(work, job)
    )
    return work.execute(statement.limit(1)).first() is not None


def _tell_alarm(work: Work, job: Job, alarm: KpiNow) -> None:
    details = {"name": alarm.name.en, "name_zh": alarm.name.zh, "value": f"{alarm.value:.2f}", "target": alarm.target}
    notify(
        work,
        [job.enterprise_id],
        "kpi_alarm",
        job.now,
        item_id=alarm.practice,
        details={name: str(value) for name, value in details.items()},
    )
