"""The service tasks of the process `rollout`: plan, pilot, measure, go live, close or take back (A17).

A rollout that is over changes no more: whatever comes late finds its work done.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.errors import EngineError, InvalidState
from engine.handlers import Handlers, Job
from engine.store.unit_of_work import Store, Work
from practice_repo.activities import Activity, activity_of
from practice_repo.card import Card
from practice_repo.commands.look_at_experiment import take_look
from practice_repo.commands.start_experiment import start_experiment
from practice_repo.commands.stop_experiment import stop_experiment
from practice_repo.expectations import Expectation
from practice_repo.experiments import RUNNING, measurable_kpis
from practice_repo.measuring import USUAL_WEEKS, Measured, measure_rollout
from practice_repo.method_jobs import acting, clerk, day, needed, number, rows, text, whole
from practice_repo.nba_tables import NbaExperiment, NbaProfile, NbaRollout
from practice_repo.outcomes.case import Calendar
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Guardrail
from practice_repo.outcomes.queries import OutcomeReader
from practice_repo.permissions import ANALYST, DEPARTMENT, MANAGER
from practice_repo.portfolios import current_estimates
from practice_repo.practice import Text
from practice_repo.queries.cards import KnownCard, cards
from practice_repo.rollouts import (
    Adoption,
    Plan,
    abort,
    begin_measuring,
    close,
    go_live,
    is_on_cost,
    is_on_time,
    is_over,
    keep_measured,
    keep_plan,
    keep_training,
    locked_rollout,
    rollout_of,
    start_pilot,
)

TOPICS = (
    "practice.open_rollout",
    "practice.plan_rollout",
    "practice.start_pilot",
    "practice.measure",
    "practice.go_live",
    "practice.close_rollout",
    "practice.abort_rollout",
)
SYSTEM_ROLE = "system"  # of the cards: nobody has to learn it
METHOD_ROLES = {
    DEPARTMENT: Text("Department head", "部门负责人"),
    ANALYST: Text("Process analyst", "流程分析师"),
    MANAGER: Text("General manager", "总经理"),
}
NO_CHANCE = 0.05  # below it a change is hardly by chance
UNITS = {"share": "{:.1%}", "hours": "{:,.1f} h", "days": "{:,.1f} d", "money": "{:,.2f}", "count": "{:,.2f}"}
METHODS = {
    "experiment": Text("experiment", "实验"),
    "difference-in-differences": Text("compared with others", "与对照组比较"),
    "interrupted time series": Text("against its trend", "与趋势比较"),
    "before-after": Text("before and after", "前后比较"),
    "claim": Text("against what was said", "与申报值比较"),
}
VERDICTS = {
    "continue": Text("The experiment goes on: nothing is clear yet.", "实验继续：尚无定论。"),
    "challenger_better": Text("The experiment is decided: the new way is better.", "实验已定：新流程更好。"),
    "champion_better": Text("The experiment is decided: the old way is better.", "实验已定：旧流程更好。"),
    "no_difference": Text("The experiment is over: no difference was found.", "实验结束：未发现差异。"),
    "guardrail": Text(
        "The experiment was stopped: a KPI that must not get worse got worse.", "实验已停止：受保护的指标变差。"
    ),
    "superseded": Text(
        "The experiment is over: a newer version was deployed meanwhile.", "实验结束：期间已部署新版本。"
    ),
    "stopped": Text("The experiment was stopped.", "实验已停止。"),
}
NOTHING_SAID = {"experiment_text": "", "experiment_text_zh": ""}


def rollout_handlers(
    store: Store, *, calendar: Calendar | None = None, outcomes: OutcomeReader | None = None
) -> Handlers:
    """The handlers on this store; `calendar` and `outcomes` are those by which KPIs are measured."""
    desk = _Rollouts(store, calendar, outcomes)
    handlers = Handlers()
    for topic in TOPICS:
        handlers.register(topic)(getattr(desk, topic.removeprefix("practice.")))
    return handlers


class _Rollouts:
    """One method per topic; the process decides which comes next."""

    def __init__(self, store: Store, calendar: Calendar | None, outcomes: OutcomeReader | None):
        self.store = store
        self.calendar = calendar
        self.outcomes = outcomes

    def _change(self, job: Job, change: Callable[[Work, NbaRollout], Mapping[str, Any] | None]) -> dict[str, Any]:
        """Change the rollout's row in one unit of work."""

        def run(work: Work) -> dict[str, Any]:
            rollout = locked_rollout(work, needed(job.variables, "rollout_id"), job.enterprise_id)
            return dict(change(work, rollout) or {})

        return self.store.run(run)

    def open_rollout(self, job: Job) -> Mapping[str, Any]:
        """What the planning form begins with, out of the estimate and the practice's card."""

        def change(work: Work, rollout: NbaRollout) -> Mapping[str, Any]:
            if not is_over(rollout):
                rollout.process_instance_id = job.process_instance_id
            return _beginning(work, rollout)

        return self._change(job, change)

    def plan_rollout(self, job: Job) -> Mapping[str, Any]:
        plan = plan_of(job.variables, job)
        return self._change(
            job, lambda work, rollout: keep_plan(work, rollout, plan, acting(work, job, "plan_rollout"), job.now)
        )

    def start_pilot(self, job: Job) -> Mapping[str, Any]:
        """The pilot begins; as an experiment, new cases go both ways from now on, where that is possible."""

        def change(work: Work, rollout: NbaRollout) -> Mapping[str, Any]:
            start_pilot(rollout, job.now)
            keep_training(rollout, training_of(job.variables))
            return NOTHING_SAID

        found = self._change(job, change)
        if text(job.variables, "way") != "experiment":
            return found
        try:
            self._change(job, lambda work, rollout: _start_experiment(work, rollout, job))
        except EngineError as error:  # the pilot goes on without one
            return {"experiment_text": f"There is no experiment: {error}", "experiment_text_zh": f"未进行实验：{error}"}
        return found

    def measure(self, job: Job) -> Mapping[str, Any]:
        """What the cases tell: of the pilot, or after go-live. The experiment has its look first."""
        is_pilot = job.variables.get("stage") == "pilot"
        said = self._look(job) if is_pilot else NOTHING_SAID
        if not is_pilot:
            self._change(job, lambda _work, rollout: begin_measuring(rollout))
        with self.store.reading() as work:
            rollout = rollout_of(work, needed(job.variables, "rollout_id"), job.enterprise_id)
            measured = () if is_over(rollout) else self._measured(work, rollout, job, is_pilot)
            shown_rows = _rows_of(work, rollout, measured)
        phase = "deciding" if is_pilot else "checking"
        self._change(job, lambda _work, rollout: keep_measured(rollout, measured, phase))
        words = said or {name: job.variables.get(name) or "" for name in NOTHING_SAID}
        return {"measured_rows": shown_rows, "has_measured": bool(measured), **words}

    def _measured(self, work: Work, rollout: NbaRollout, job: Job, is_pilot: bool) -> tuple[Measured, ...]:
        begun = rollout.pilot_at if is_pilot else rollout.live_at
        return measure_rollout(
            work,
            rollout=rollout,
            go_live=(begun or job.now).date(),
            weeks=int(rollout.plan.get("measure_weeks") or USUAL_WEEKS),
            calendar=self.calendar,
            outcomes=self.outcomes,
            now=job.now,
        )

    def _look(self, job: Job) -> Mapping[str, Any] | None:
        """Judge the rollout's experiment, if it has one; None: nothing new to say."""
        with self.store.reading() as work:
            rollout = rollout_of(work, needed(job.variables, "rollout_id"), job.enterprise_id)
            experiment = _experiment(work, rollout)
            if experiment is None:
                return None
            must_look = experiment.state == RUNNING and not is_over(rollout)
        if must_look:
            with suppress(InvalidState):  # it has ended meanwhile
                take_look(
                    self.store,
                    experiment_id=experiment.id,
                    calendar=self.calendar,
                    outcomes=self.outcomes,
                    actor=clerk(job.enterprise_id),
                    now=job.now,
                )
        with self.store.reading() as work:
            verdict = work.session.get(NbaExperiment, experiment.id).verdict
        said = VERDICTS.get(verdict or "continue", VERDICTS["continue"])
        return {"experiment_text": said.en, "experiment_text_zh": said.zh}

    def go_live(self, job: Job) -> Mapping[str, Any]:
        """Everybody works the new way; an experiment that is still running ends for it."""

        def change(work: Work, rollout: NbaRollout) -> None:
            keep_training(rollout, training_of(job.variables))
            go_live(rollout, job.now)
            _end_experiment(work, rollout, CHALLENGER, "the rollout went live", job)

        return self._change(job, change)

    def close_rollout(self, job: Job) -> Mapping[str, Any]:
        """Actual cost, effect and adoption are kept; the activity is in place."""

        def change(work: Work, rollout: NbaRollout) -> Mapping[str, Any]:
            close(work, rollout, adoption_of(job.variables), acting(work, job, "adoption_check"), job.now)
            return {
                "rollout_result": "rolled_out" if rollout.state == "completed" else "aborted",
                "is_on_time": is_on_time(rollout),
                "is_on_cost": is_on_cost(rollout),
                "adoption_rate": rollout.adoption_rate,
            }

        return self._change(job, change)

    def abort_rollout(self, job: Job) -> Mapping[str, Any]:
        """What it has cost so far is sunk; new cases go the old way again."""

        def change(work: Work, rollout: NbaRollout) -> Mapping[str, Any]:
            reason = text(job.variables, "abort_reason") or "no reason was given"
            asked = "adoption_check" if rollout.phase == "checking" else "go_no_go"
            cost = number(job.variables, "actual_cost")
            abort(work, rollout, reason, acting(work, job, asked), job.now, actual_cost=cost)
            _end_experiment(work, rollout, CHAMPION, reason, job)
            return {"rollout_result": "aborted"}

        return self._change(job, change)


# Forms as values ------------------------------------------------------------------------------------------------------


def plan_of(values: Mapping[str, Any], job: Job) -> Plan:
    """What the planning form says."""
    way = text(values, "way") or "pilot"
    return Plan(
        start=day(values, "planned_start") or job.now.date(),
        department=text(values, "department"),
        way=way,
        pilot_days=0 if way == "direct" else whole(values, "pilot_days", 14),
        hypercare_days=whole(values, "hypercare_days", 28),
        measure_weeks=whole(values, "measure_weeks", USUAL_WEEKS),
        trainees=[
            {"role": text(each, "role"), "people": whole(each, "people", 0)} for each in rows(values, "trainees")
        ],
        experiment_kpi=text(values, "experiment_kpi") if way == "experiment" else "",
        experiment_share=float(number(values, "experiment_percent") or 50) / 100,
        experiment_cases=whole(values, "experiment_cases", 0) if way == "experiment" else 0,
        guardrails=[str(each) for each in values.get("guardrails") or ()] if way == "experiment" else [],
    )


def training_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the training form says, by role: people trained, hours as texts, resistance from 1 (none) to 5."""
    people = {text(each, "role"): each for each in rows(values, "trainees")}
    answers = {role: whole(each, "resistance", 0) for role, each in people.items()}
    return {
        "trained": {role: whole(each, "trained", 0) for role, each in people.items()},
        "training_hours": {role: str(number(each, "hours") or 0) for role, each in people.items()},
        "resistance": {role: answer for role, answer in answers.items() if answer},
        "resistance_note": text(values, "resistance_note"),
    }


def adoption_of(values: Mapping[str, Any]) -> Adoption:
    """What the adoption check says."""
    people = rows(values, "trainees")
    hours: dict[str, Decimal] = {}
    for each in people:
        role = text(each, "role")
        hours[role] = hours.get(role, Decimal(0)) + (number(each, "hours") or Decimal(0))
    return Adoption(
        actual_cost=number(values, "actual_cost"),
        stated_effect=number(values, "stated_effect"),
        people=sum(whole(each, "people", 0) for each in people),
        using=sum(whole(each, "using", 0) for each in people),
        hours={role: amount for role, amount in hours.items() if amount},
        usability=text(values, "usability"),
    )


# What the forms show --------------------------------------------------------------------------------------------------


def _beginning(work: Work, rollout: NbaRollout) -> dict[str, Any]:
    activity = activity_of(work, rollout.activity_id, rollout.enterprise_id)
    estimate = current_estimates(work, rollout.enterprise_id).get(activity.id)
    expectation = Expectation.of_json(estimate.content) if estimate else Expectation()
    profile = work.session.get(NbaProfile, rollout.enterprise_id)
    known = _card_of(work, activity, rollout.enterprise_id)
    return {
        "planned_effect": rollout.planned_effect,
        "planned_cost": rollout.planned_cost,
        "currency": profile.currency if profile else "",
        "planned_days": (rollout.planned_finish - rollout.planned_start).days,
        "planned_start": rollout.planned_start.isoformat(),
        "department": expectation.department or activity.area,
        "kpi_choices": _kpi_choices(known.card) if known else [],
        "role_choices": _role_choices(known.card if known else None, profile),
        "trainees": _trainees(known.card if known else None, profile),
        "measured_rows": [],
        "has_measured": False,
        "rollout_result": None,
        "abort_reason": None,
        "actual_cost": None,
        "stated_effect": None,
        "stays": None,
        "verdict": None,
        "way": None,
        **NOTHING_SAID,
    }


def _card_of(work: Work, activity: Activity, enterprise_id: str) -> KnownCard | None:
    if activity.item_id is None:
        return None
    return cards(work, enterprise_id=enterprise_id, item_ids={activity.item_id}).get(activity.item_id)


def _kpi_choices(card: Card) -> list[dict[str, str]]:
    return [{"value": kpi.key, "label": kpi.name.en, "label:zh": kpi.name.zh} for kpi in measurable_kpis(card)]


def _role_choices(card: Card | None, profile: NbaProfile | None) -> list[dict[str, str]]:
    """The roles of the card, of the profile, and of the method itself."""
    names = {role.key: role.name for role in (card.roles if card else ()) if role.key != SYSTEM_ROLE}
    others = (*(profile.staff if profile else ()), *METHOD_ROLES)
    names = names | {key: METHOD_ROLES.get(key, Text(key, key)) for key in others if key not in names}
    return [{"value": key, "label": name.en, "label:zh": name.zh} for key, name in names.items()]


def _trainees(card: Card | None, profile: NbaProfile | None) -> list[dict[str, Any]]:
    """The roles of the card, with as many people as the profile says that there are."""
    staff = profile.staff if profile else {}
    roles = [role.key for role in (card.roles if card else ()) if role.key != SYSTEM_ROLE]
    return [{"role": role, "people": max(1, int(Decimal(str(staff.get(role, 1)))))} for role in roles]


def _rows_of(work: Work, rollout: NbaRollout, measured: tuple[Measured, ...]) -> list[dict[str, Any]]:
    """What was measured as rows of a table; texts with `_zh` are those for Chinese readers."""
    known = cards(work, enterprise_id=rollout.enterprise_id, item_ids={each.practice for each in measured})
    return [_row(each, known.get(each.practice)) for each in measured]


def _row(each: Measured, known: KnownCard | None) -> dict[str, Any]:
    kpi = next((one for one in known.card.kpis if one.key == each.kpi), None) if known else None
    name = kpi.name if kpi else Text(each.kpi, each.kpi)
    how = METHODS.get(each.method, Text(each.method, each.method))
    said = _verdict(each)
    effect = each.effect
    shape = UNITS.get(each.unit, "{:,.2f}")
    return {
        "name": name.en,
        "name_zh": name.zh,
        "before": shape.format(each.baseline),
        "after": shape.format(each.after),
        "verdict": said.en,
        "verdict_zh": said.zh,
        "range": f"{shape.format(effect.low)} … {shape.format(effect.high)}",
        "n": each.n,
        "method": how.en,
        "method_zh": how.zh,
    }


def _verdict(each: Measured) -> Text:
    chance = each.effect.p_value
    if chance is None or chance > NO_CHANCE:
        return Text("not clear", "不明显")
    return Text("better", "变好") if each.improvement > 0 else Text("worse", "变差")


# Experiments ----------------------------------------------------------------------------------------------------------


def _experiment(work: Work, rollout: NbaRollout) -> NbaExperiment | None:
    columns = NbaExperiment.__table__.c
    own = (columns.rollout_id == rollout.id, columns.enterprise_id == rollout.enterprise_id)
    statement = select(NbaExperiment).where(*own).order_by(columns.started_at.desc()).limit(1)
    return work.session.execute(statement).scalar_one_or_none()


def _start_experiment(work: Work, rollout: NbaRollout, job: Job) -> None:
    if is_over(rollout) or _experiment(work, rollout) is not None:
        return
    activity = activity_of(work, rollout.activity_id, rollout.enterprise_id)
    start_experiment(
        work,
        candidate_id=activity.candidate_id or "",
        kpi=str(rollout.plan.get("experiment_kpi") or ""),
        planned_cases=int(rollout.plan.get("experiment_cases") or 0),
        share=float(rollout.plan.get("experiment_share") or 0.5),
        guardrails=[
            Guardrail(key) for key in rollout.plan.get("guardrails") or () if key != rollout.plan.get("experiment_kpi")
        ],
        rollout_id=rollout.id,
        actor=acting(work, job, "plan_rollout"),
        now=job.now,
    )


def _end_experiment(work: Work, rollout: NbaRollout, keep: str, reason: str, job: Job) -> None:
    experiment = _experiment(work, rollout)
    if experiment is not None and experiment.state == RUNNING:
        actor = clerk(job.enterprise_id)
        stop_experiment(work, experiment_id=experiment.id, reason=reason, keep=keep, actor=actor, now=job.now)
