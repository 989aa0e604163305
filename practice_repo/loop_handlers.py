"""The service tasks of the process `next_best_activity`: from the profile to "no new available practice" (A18).

The verbs are those of the pages; a handler only finds out what its task asks for. Jobs run at least once, so each
handler looks first at what is done already. `loop_handlers` joins in those of `rollout_handlers`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.errors import EngineError, InvalidInput
from engine.handlers import Handlers, Job
from engine.store.actor import Actor
from engine.store.unit_of_work import Store, Work
from practice_repo.activities import AVAILABLE, activities_of, ensure_activities
from practice_repo.candidate_states import ENDED
from practice_repo.commands.acquire import acquire
from practice_repo.commands.contribute import contribute
from practice_repo.commands.decide import DECISIONS, record_decision
from practice_repo.commands.estimate import estimate
from practice_repo.commands.make_available import make_available
from practice_repo.commands.recommend import recommend
from practice_repo.commands.set_profile import set_profile
from practice_repo.contents import tree_digest
from practice_repo.contributing import OVER
from practice_repo.deciding import propose
from practice_repo.errors import NotValid
from practice_repo.expectations import Expectation, suggested
from practice_repo.method_jobs import acting, asked_at, clerk, day, needed, number, shown, text, whole
from practice_repo.nba_tables import NbaActivity, NbaProfile, NbaRecommendation, NbaRollout
from practice_repo.next_best_activity.wording import Teller
from practice_repo.notices import notify
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.queries import OutcomeReader
from practice_repo.portfolios import current_estimates
from practice_repo.practice import Text
from practice_repo.queries.cards import cards
from practice_repo.queries.kpis import KpiNow, kpis_of
from practice_repo.queries.nba import RecommendationView, portfolio, recommendation
from practice_repo.queries.needs import Suggestion, coverage, need
from practice_repo.rollout_handlers import rollout_handlers
from practice_repo.rollouts import COMPLETED, book, is_over, locked_rollout
from practice_repo.stale import LIVE, mark_stale
from practice_repo.tables import (
    PracticeCandidate,
    PracticeContribution,
    PracticeNotice,
    PracticeVersion,
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
METHOD_AREA = "method"  # the method's own processes meet no need of an enterprise
ACQUIRED_KINDS = frozenset({"process", "technology"})  # what can become available by itself
MOST_SUGGESTED = 6  # practices at once: more than people look at
MOST_NAMED = 8  # activities in one sentence
KPI_WEEKS = 4  # that are compared with the target
LONGEST_PROBLEM = 600  # characters
RECOMMENDATION, CANDIDATE = NbaRecommendation.__table__.c, PracticeCandidate.__table__.c
ACCEPTED = ("accepted", "overridden")


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
            found = _suggested(work, job.enterprise_id)
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
            state = _state_of_candidate(work, candidate_id, job.enterprise_id)
        if state is None:
            return _not_available(Text("it is no longer in the workspace", "它已不在工作区"))
        if state not in ("acquired", "tailored"):
            return {"is_available": state != ENDED, "problem": "", "problem_zh": ""}
        try:
            validate(self.store, candidate_id=candidate_id, actor=actor, now=job.now, bench=self.bench())
            self.store.run(lambda work: make_available(work, candidate_id=candidate_id, actor=actor, now=job.now))
        except (NotValid, EngineError) as error:
            said = str(error)[:LONGEST_PROBLEM]
            return _not_available(Text(said, said))
        return {"is_available": True, "problem": "", "problem_zh": ""}

    def estimate_defaults(self, job: Job) -> Mapping[str, Any]:
        """Every available practice is an activity with a first expectation; what nobody has estimated is named."""

        def change(work: Work) -> Mapping[str, Any]:
            actor = clerk(job.enterprise_id)
            ensure_activities(work, job.enterprise_id, actor, job.now)
            _begin_estimates(work, job.enterprise_id, actor, job.now)
            return _unestimated(work, job.enterprise_id)

        return self.store.run(change)

    # Scan and decide --------------------------------------------------------------------------------------------------

    def scan(self, job: Job) -> Mapping[str, Any]:
        """Scan what is available now. A repeated job finds the recommendation that it has made already."""
        with self.store.reading() as work:
            newest = _newest(work, job.enterprise_id)
            if newest is not None and _is_fresh(newest) and newest.at >= asked_at(work, job):
                return _told(work, newest.id, job.enterprise_id)
        made = self._recommend(job)
        with self.store.reading() as work:
            return _told(work, made, job.enterprise_id)

    def refresh(self, job: Job) -> Mapping[str, Any]:
        """Make a stale recommendation anew while it waits; say when the loop waits at the wrong place by now."""
        with self.store.reading() as work:
            old = _newest(work, job.enterprise_id)
            if old is None or old.state not in LIVE or old.stale_since is None:
                return {"must_scan_again": False}
            before = (old.state, old.answer.get("waits_until_day"))
        made = self._recommend(job, instead_of=old.id)
        if made is None:
            return {"must_scan_again": False}
        with self.store.reading() as work:
            new = work.session.get(NbaRecommendation, made)
            told = _told(work, made, job.enterprise_id)
        return {**told, "must_scan_again": (new.state, new.answer.get("waits_until_day")) != before}

    def _recommend(self, job: Job, *, instead_of: str | None = None) -> Any:
        """The id of the new recommendation; None when `instead_of` was decided or replaced meanwhile."""
        actor = clerk(job.enterprise_id)
        self.store.run(lambda work: ensure_activities(work, job.enterprise_id, actor, job.now))
        with self.store.reading() as work:
            proposal = propose(work, enterprise_id=job.enterprise_id, now=job.now)

        def keep(work: Work) -> str | None:
            if instead_of is not None:
                newest = _newest(work, job.enterprise_id)
                if newest is None or newest.id != instead_of or newest.state not in LIVE:
                    return None
            return recommend(work, proposal=proposal, actor=actor, now=job.now)

        return self.store.run(keep)

    def apply_decision(self, job: Job) -> Mapping[str, Any]:
        """Keep what the task says, unless the page has kept it already; what cannot be kept is asked again."""

        def change(work: Work) -> Mapping[str, Any]:
            newest = _newest(work, job.enterprise_id)
            if newest is None or newest.state in ("ended", "waiting", "superseded"):
                return {"decision_result": "other", "decision_problem": ""}
            if newest.state == "open":
                if newest.id != text(job.variables, "recommendation_id"):
                    told = _told(work, newest.id, job.enterprise_id)
                    return {**told, **_ask_again("The recommendation has changed meanwhile: look at it again.")}
                _decide(work, newest, job)
            return _decided(work, newest)

        try:
            return self.store.run(change)
        except InvalidInput as error:
            return _ask_again(str(error))

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


# Candidates -----------------------------------------------------------------------------------------------------------


def _suggested(work: Work, enterprise_id: str) -> list[dict[str, Any]]:
    best: dict[str, tuple[Suggestion, Any]] = {}
    for gap in coverage(work, enterprise_id=enterprise_id).gaps:
        for each in need(work, need_id=gap.id, actor=clerk(enterprise_id)).suggestions:
            if each.item_id not in best or best[each.item_id][0].score < each.score:
                best[each.item_id] = (each, gap)
    allowed = _may_be_acquired(work, enterprise_id, set(best))
    chosen = sorted((each for each in best.values() if each[0].item_id in allowed), key=_best_first)
    return [_suggestion(each, gap) for each, gap in chosen[:MOST_SUGGESTED]]


def _best_first(each: tuple[Suggestion, Any]) -> tuple[float, str]:
    return -each[0].score, each[0].item_id


def _may_be_acquired(work: Work, enterprise_id: str, item_ids: set[str]) -> set[str]:
    """Those that can become available by themselves and are not in the workspace."""
    versions = PracticeVersion.__table__.c
    own = select(CANDIDATE.item_id).where(CANDIDATE.enterprise_id == enterprise_id, CANDIDATE.state != ENDED)
    statement = select(versions.item_id, versions.card).where(
        versions.item_id.in_(sorted(item_ids)), versions.state == "released", versions.item_id.not_in(own)
    )
    return {
        row.item_id
        for row in work.execute(statement)
        if row.card.get("kind") in ACQUIRED_KINDS and row.card.get("area") != METHOD_AREA
    }


def _suggestion(each: Suggestion, gap: Any) -> dict[str, Any]:
    return {
        "item_id": each.item_id,
        "name": each.name,
        "name_zh": each.name_zh,
        "need_id": gap.id,
        "need": gap.title,
        "reason": ", ".join(reason.en for reason in each.reasons),
        "reason_zh": "，".join(reason.zh for reason in each.reasons),
    }


def _state_of_candidate(work: Work, candidate_id: str, enterprise_id: str) -> str | None:
    own = (CANDIDATE.id == candidate_id, CANDIDATE.enterprise_id == enterprise_id)
    return work.execute(select(CANDIDATE.state).where(*own)).scalar_one_or_none()


def _not_available(problem: Text) -> dict[str, Any]:
    return {"is_available": False, "problem": problem.en, "problem_zh": problem.zh}


def _begin_estimates(work: Work, enterprise_id: str, actor: Actor, now: datetime) -> None:
    """A first expectation out of the card for every available practice that nobody has estimated."""
    known = current_estimates(work, enterprise_id)
    activities = activities_of(work, enterprise_id)
    waiting = [each for each in activities if each.item_id and each.state == AVAILABLE and each.id not in known]
    keys = {each.item_id: each.key for each in activities if each.item_id}
    found = cards(work, enterprise_id=enterprise_id, item_ids={each.item_id for each in waiting if each.item_id})
    for each in waiting:
        card = found.get(each.item_id or "")
        if card is not None:
            expectation = suggested(card.card, keys)
            estimate(work, activity_id=each.id, expectation=expectation, note="from the card", actor=actor, now=now)


def _unestimated(work: Work, enterprise_id: str) -> dict[str, Any]:
    known = current_estimates(work, enterprise_id)
    available = [each for each in activities_of(work, enterprise_id) if each.state == AVAILABLE]
    missing = [each for each in available if not _is_complete(known.get(each.id))]
    more = " …" if len(missing) > MOST_NAMED else ""
    return {
        "activity_count": len(available),
        "unestimated_count": len(missing),
        "unestimated_titles": ", ".join(each.title for each in missing[:MOST_NAMED]) + more,
        "unestimated_titles_zh": "、".join(each.title_zh or each.title for each in missing[:MOST_NAMED]) + more,
    }


def _is_complete(row: Any) -> bool:
    """Whether both effect and cost are known, so that it can be ranked."""
    expectation = Expectation.of_json(row.content) if row else Expectation()
    return expectation.is_effect_known and expectation.costs is not None


# Recommendations ------------------------------------------------------------------------------------------------------


def _newest(work: Work, enterprise_id: str) -> NbaRecommendation | None:
    own = RECOMMENDATION.enterprise_id == enterprise_id
    statement = select(NbaRecommendation).where(own).order_by(RECOMMENDATION.number.desc()).limit(1)
    return work.session.execute(statement).scalar_one_or_none()


def _is_fresh(row: NbaRecommendation) -> bool:
    return row.state in LIVE and row.stale_since is None


def _told(work: Work, recommendation_id: str, enterprise_id: str) -> dict[str, Any]:
    """The recommendation as the task `decide` shows it, and what the process asks about it."""
    view = recommendation(work, recommendation_id=recommendation_id, enterprise_id=enterprise_id)
    assert view is not None, f"the recommendation {recommendation_id} was just made"
    best = view.next
    told = {language: _teller(view, language).tell(view.explanation) for language in ("en", "zh")}
    return {
        "recommendation_id": view.row.id,
        "is_none_left": best is None,
        "waits_until": _start_of(view.waits_until) if best is None else None,
        "recommended_id": best.activity_id if best else None,
        "next_title": best.name.en if best else "",
        "next_title_zh": (best.name.zh or best.name.en) if best else "",
        "next_index": best.display if best else "",
        "next_effect": shown(best.effect) if best else "",
        "next_cost": shown(best.cost) if best else "",
        "currency": view.currency,
        "is_loss": view.needs_confirmation,
        "explanation": told["en"],
        "explanation_zh": told["zh"],
        "choices": [
            {
                "value": each.activity_id,
                "label": f"{each.name.en} (S {each.display})",
                "label:zh": f"{each.name.zh or each.name.en}（S {each.display}）",
            }
            for each in view.runners_up
        ],
        "decision": None,  # the answer to the recommendation before is none to this one
        "chosen": None,
        "reason": None,
        "until": None,
        "confirmed": None,
        "decision_problem": "",
    }


def _start_of(wanted: date | None) -> str | None:
    """The beginning of the day in UTC, as the process's timer reads it."""
    return None if wanted is None else datetime.combine(wanted, time.min).isoformat() + "Z"


def _teller(view: RecommendationView, language: str) -> Teller:
    names = {key: Text(each["title"], each["title_zh"]) for key, each in view.inputs["activities"].items()}
    return Teller(names, date.fromisoformat(view.inputs["starts_on"]), language)


def _decide(work: Work, newest: NbaRecommendation, job: Job) -> None:
    decision = text(job.variables, "decision")
    record_decision(
        work,
        recommendation_id=newest.id,
        enterprise_id=job.enterprise_id,
        decision=decision,
        reason=text(job.variables, "reason"),
        until=day(job.variables, "until") if decision == "defer" else None,
        activity_id=text(job.variables, "chosen") if decision == "override" else None,
        confirmed=job.variables.get("confirmed") is True,
        actor=acting(work, job, "decide"),
        now=job.now,
    )
    work.flush()


def _decided(work: Work, newest: NbaRecommendation) -> dict[str, Any]:
    assert newest.state in DECISIONS.values(), newest.state
    result = {"decision_result": "other", "decision_problem": ""}
    if newest.state not in ACCEPTED:
        return result
    columns = NbaRollout.__table__.c
    statement = select(NbaRollout).where(columns.recommendation_id == newest.id)
    rollout = work.session.execute(statement).scalar_one()
    if is_over(rollout):  # aborted before it began
        return result
    activity = work.session.get(NbaActivity, rollout.activity_id)
    named = newest.inputs["activities"].get(activity.key, {})
    title = named.get("title") or activity.title
    return result | {
        "decision_result": "accepted",
        "rollout_id": rollout.id,
        "rollout_title": title,
        "rollout_title_zh": named.get("title_zh") or activity.title_zh or title,
        "rollout_result": None,
    }


def _ask_again(problem: str) -> dict[str, Any]:
    return {"decision_result": "ask_again", "decision_problem": problem}


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
