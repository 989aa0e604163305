"""Champion and challenger on real cases, from the start of an experiment to its end."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import select

from engine.commands.complete_user_task import complete_user_task
from engine.commands.start_process import start_process
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted
from engine.queries.definitions import definitions
from engine.store.actor import Actor
from engine.store.tables import Audit, ProcessInstance
from practice_repo.algebra.package import Package
from practice_repo.commands.acquire import acquire
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.look_at_experiment import judged, keep_look, look_at_all, look_at_experiment
from practice_repo.commands.make_available import make_available
from practice_repo.commands.save_draft import save_draft
from practice_repo.commands.start_experiment import start_experiment
from practice_repo.commands.stop_experiment import stop_experiment
from practice_repo.nba_tables import NbaExperiment
from practice_repo.outcomes.experiment import CHALLENGER, CHAMPION, Experiment, Guardrail, choose_variant, judge
from practice_repo.queries.experiments import choices, experiment, experiments
from practice_repo.queries.workspace import candidate, draft_file
from practice_repo.validation import Bench, validate
from tests.practice_repo.outcomes.shop import CARD, facts_of
from tests.practice_repo.workspace.conftest import Desk, analyst
from tests.practice_repo.workspace.shelf import practice
from tests.support.office import counted_statements

MEASURES = """
[[fact]]
key = "hours"
formula = "hours_between(started_at, last.call.ended_at)"
[[fact]]
key = "glad"
formula = "note = \\"glad\\""
[[fact]]
key = "wages"
figure = "Wages of the window"
[[kpi]]
key = "mean_hours"
name = {en = "Hours until welcomed", zh = "欢迎所需小时"}
unit = "hours"
better = "lower"
formula = "mean(cases[hours != null].hours)"
[[kpi]]
key = "glad_share"
name = {en = "Glad customers", zh = "满意客户"}
unit = "share"
better = "higher"
formula = "count(cases[glad = true]) / count(cases)"
[[kpi]]
key = "cost"
name = {en = "Cost of a case", zh = "每案成本"}
unit = "money"
better = "lower"
formula = "wages / count(cases)"
"""


def measured() -> Package:
    plain = practice()
    return Package({**plain.files, "practice.toml": plain.files["practice.toml"] + MEASURES.encode()})


class Trial(Desk):
    """An enterprise with two versions of one practice, and cases that take as long as their version lets them."""

    def __init__(self, store, clock):
        super().__init__(store, clock)
        self.numbers = count(1)
        self.ship(measured())
        self.boss = Actor("boss", is_supervisor=True, enterprise_id="demo")
        self.candidate_id = self.do(acquire, item_id="welcome")
        self.available(self.candidate_id)

    def available(self, candidate_id: str) -> None:
        report = validate(self.store, candidate_id=candidate_id, actor=self.nora, now=self.now, bench=Bench())
        assert report.passed, report.errors
        self.do(make_available, candidate_id=candidate_id)

    def changed(self, before: str = "Call the customer", after: str = "Write to the customer", **where) -> None:
        """The candidate in another version, available."""
        name = where.get("name", "process.bpmn")
        candidate_id = where.get("candidate_id", self.candidate_id)
        was = self.ask(draft_file, candidate_id=candidate_id, name=name, actor=self.nora)
        content = was.content.decode().replace(before, after).encode()
        assert content != was.content
        self.do(save_draft, candidate_id=candidate_id, name=name, content=content, expected_digest=was.digest)
        self.do(commit_draft, candidate_id=candidate_id, message="another way")
        if where.get("is_available", True):
            self.available(candidate_id)

    def begins(self, **how) -> str:
        """Two versions, and an experiment between them."""
        self.changed()
        return self.starts(**how)

    def starts(self, **how) -> str:
        how = {"candidate_id": self.candidate_id, "kpi": "mean_hours", "planned_cases": 60} | how
        return self.do(start_experiment, **how)

    def works(self, cases: int, hours, glad=lambda _variant: True, experiment_id="") -> None:
        """As many cases each way, one after the other; `hours` and `glad` say how they go, by variant."""
        for number in range(cases):
            variant = (CHAMPION, CHALLENGER)[number % 2]
            started = self.do(
                start_process,
                enterprise_id="demo",
                process_id="welcome",
                business_key=self.next_key(variant, experiment_id),
                actor=self.boss,
            )
            self.clock.pass_by(hours=hours(variant))
            note = "glad" if glad(variant) else "angry"
            self.do(
                complete_user_task, user_task_id=started.user_task_ids[0], variables={"note": note}, actor=self.boss
            )

    def next_key(self, variant: str, experiment_id: str) -> str:
        """The next customer whose cases go this way."""
        keys = (f"customer-{number}" for number in self.numbers)
        return next(key for key in keys if choose_variant(key, 0.5, experiment_id) == variant)

    def looks(self, experiment_id: str, **how):
        return self.do(look_at_experiment, experiment_id=experiment_id, **how)

    def row(self, experiment_id: str):
        with self.store.reading() as work:
            return work.execute(select(NbaExperiment.__table__).filter_by(id=experiment_id)).one()

    def page(self, experiment_id: str):
        return self.ask(experiment, experiment_id=experiment_id, actor=self.nora, now=self.now)

    def versions_of_new_cases(self, cases: int = 12) -> set[int]:
        """The versions that cases start with now."""
        before = self.instances()
        for _ in range(cases):
            self.do(start_process, enterprise_id="demo", process_id="welcome", actor=self.boss)
        numbers = {row.id: row.version for row in self.ask(definitions, enterprise_id="demo", all_versions=True)}
        return {numbers[definition] for key, definition in self.instances().items() if key not in before}

    def instances(self) -> dict[str, str]:
        with self.store.reading() as work:
            return dict(work.execute(select(ProcessInstance.id, ProcessInstance.definition_id)).all())

    def deployed(self, candidate_id: str = "") -> set[int]:
        found = self.ask(candidate, candidate_id=candidate_id or self.candidate_id, actor=self.nora)
        return {each.version for each in found.row.deployed}


@pytest.fixture
def trial(store, clock):
    return Trial(store, clock)


@pytest.fixture
def sqlite_trial(sqlite_store, clock):
    return Trial(sqlite_store, clock)


def slower(experiment_id, chance, champion=10.0, challenger=5.0):
    return lambda variant: max(0.5, chance.gauss(challenger if variant == CHALLENGER else champion, 2))


def test_a_better_challenger_is_found_on_real_cases_and_gets_all_new_ones(trial):
    running = trial.begins(planned_cases=40, guardrails=[Guardrail("glad_share", 0.2)])
    chance = random.Random(1)

    trial.works(16, slower(running, chance), experiment_id=running)
    early = trial.looks(running)
    trial.works(20, slower(running, chance), experiment_id=running)
    verdict = trial.looks(running)

    assert early.state == "continue"
    assert (verdict.state, verdict.effect.improvement > 3) == ("challenger_better", True)
    assert (trial.row(running).state, trial.row(running).verdict) == ("ended", "challenger_better")
    assert [look["state"] for look in trial.row(running).looks] == ["continue", "challenger_better"]
    assert trial.versions_of_new_cases() == {2}
    assert trial.deployed() == {2}


def test_a_better_champion_gets_all_new_cases_back_as_a_new_version(trial):
    running = trial.begins(planned_cases=40)

    trial.works(36, slower(running, random.Random(2), champion=4, challenger=12), experiment_id=running)
    verdict = trial.looks(running)

    assert verdict.state == "champion_better"
    assert trial.versions_of_new_cases() == {3}
    assert trial.deployed() == {3}
    names = {row.version: row.id for row in trial.ask(definitions, enterprise_id="demo", all_versions=True)}
    assert trial.page(running).champion.definition_id == names[1]


def test_a_broken_guardrail_gives_the_champion_all_cases(trial):
    running = trial.begins(planned_cases=400, guardrails=[Guardrail("glad_share", 0.05)])

    trial.works(
        48,
        slower(running, random.Random(3)),
        glad=lambda variant: variant == CHAMPION,
        experiment_id=running,
    )
    verdict = trial.looks(running)

    assert (verdict.state, verdict.broken_guardrails) == ("guardrail", ("glad_share",))
    assert trial.versions_of_new_cases() == {3}


def test_alike_variants_end_with_the_champion(trial):
    running = trial.begins(planned_cases=30)

    trial.works(30, slower(running, random.Random(4), 8, 8), experiment_id=running)
    verdict = trial.looks(running)

    assert verdict.state == "no_difference"
    assert trial.versions_of_new_cases() == {3}


def test_cases_without_a_business_key_are_found_again_too(sqlite_trial):
    running = sqlite_trial.begins()

    assert sqlite_trial.versions_of_new_cases(30) == {1, 2}

    page = sqlite_trial.page(running)
    assert page.champion.cases + page.challenger.cases == 30
    assert min(page.champion.cases, page.challenger.cases) > 0


def test_the_share_decides_how_many_go_the_new_way(sqlite_trial):
    running = sqlite_trial.begins(share=0.1)
    keys = [f"k{n}" for n in range(40)]
    for key in keys:
        sqlite_trial.do(
            start_process, enterprise_id="demo", process_id="welcome", business_key=key, actor=sqlite_trial.boss
        )

    wanted = Counter(choose_variant(key, 0.1, running) for key in keys)
    page = sqlite_trial.page(running)
    assert (page.champion.cases, page.challenger.cases) == (wanted[CHAMPION], wanted[CHALLENGER])
    assert wanted[CHAMPION] > wanted[CHALLENGER]


def test_looking_again_without_new_cases_spends_nothing(sqlite_trial):
    running = sqlite_trial.begins(planned_cases=200)
    sqlite_trial.works(24, slower(running, random.Random(5), 8, 8), experiment_id=running)

    verdicts = [sqlite_trial.looks(running) for _ in range(3)]

    assert [each.state for each in verdicts] == ["continue"] * 3
    assert [each.bound is None for each in verdicts] == [False, True, True]


def test_cases_that_have_not_settled_do_not_count(trial):
    running = trial.begins(planned_cases=40, settle_days=5)
    chance = random.Random(8)
    trial.works(36, slower(running, chance, 2, 1), experiment_id=running)

    assert trial.looks(running).information == 0
    trial.clock.pass_by(days=5)
    assert trial.looks(running).information == pytest.approx(0.9)


def test_the_system_looks_by_itself_and_remembers_only_what_was_news(trial):
    running = trial.begins(planned_cases=40)
    chance = random.Random(9)

    assert look_at_all(trial.store, trial.now) == 1
    assert trial.row(running).looks == []
    trial.works(24, slower(running, chance, 8, 8), experiment_id=running)
    for _ in range(3):
        look_at_all(trial.store, trial.now)
    assert [(look["by"], look["state"]) for look in trial.row(running).looks] == [("system", "continue")]
    trial.works(16, slower(running, chance, 20, 1), experiment_id=running)
    look_at_all(trial.store, trial.now)

    assert trial.row(running).verdict == "challenger_better"
    assert look_at_all(trial.store, trial.now) == 0


def test_a_look_that_was_overtaken_by_another_one_is_not_kept(sqlite_trial):
    running = sqlite_trial.begins(planned_cases=40)
    sqlite_trial.works(24, slower(running, random.Random(9), 8, 8), experiment_id=running)
    with sqlite_trial.store.reading() as work:
        found = judged(work, experiment_id=running, actor=sqlite_trial.nora, now=sqlite_trial.now)
    sqlite_trial.looks(running)

    with pytest.raises(InvalidState, match="in this moment"):
        sqlite_trial.do(keep_look, experiment_id=running, judged=found)
    assert len(sqlite_trial.row(running).looks) == 1


def test_a_newer_version_ends_the_experiment_without_a_verdict(trial):
    running = trial.begins()
    trial.changed("Write to the customer", "Visit the customer")

    assert trial.page(running).is_superseded
    assert trial.looks(running).state == "superseded"
    assert trial.row(running).verdict == "superseded"
    assert trial.versions_of_new_cases() == {3}


@pytest.mark.parametrize(("keep", "version"), [(CHAMPION, 3), (CHALLENGER, 2)])
def test_somebody_can_stop_it_and_say_who_keeps_the_cases(sqlite_trial, keep, version):
    running = sqlite_trial.begins()

    sqlite_trial.do(stop_experiment, experiment_id=running, reason="the season is over", keep=keep)

    assert sqlite_trial.versions_of_new_cases() == {version}
    assert sqlite_trial.page(running).looks[-1].reason == "the season is over"
    with sqlite_trial.store.reading() as work:
        verbs = work.execute(select(Audit.verb, Audit.reason).where(Audit.verb == "end_experiment")).all()
    assert [tuple(each) for each in verbs] == [("end_experiment", "the season is over")]
    with pytest.raises(InvalidState, match="ended already"):
        sqlite_trial.looks(running)


def test_stopping_needs_a_reason_and_a_variant(sqlite_trial):
    running = sqlite_trial.begins()

    with pytest.raises(InvalidInput, match="Say why"):
        sqlite_trial.do(stop_experiment, experiment_id=running, reason=" ")
    with pytest.raises(InvalidInput, match="champion or challenger"):
        sqlite_trial.do(stop_experiment, experiment_id=running, reason="x", keep="both")


def test_a_second_experiment_on_the_process_is_refused(trial):
    trial.begins()

    with pytest.raises(InvalidState, match="running already"):
        trial.starts()


def test_of_two_that_start_one_at_once_only_one_succeeds(trial):
    trial.changed()

    def attempt(_number: int) -> str:
        try:
            return trial.starts()
        except InvalidState:
            return ""

    with ThreadPoolExecutor(2) as together:
        started = list(together.map(attempt, range(2)))

    assert sorted(map(bool, started)) == [False, True]
    assert [row.id for row in trial.ask(experiments, enterprise_id="demo")] == [max(started)]


def test_two_practices_can_compete_and_the_winner_is_the_one_deployed(sqlite_trial):
    other = sqlite_trial.do(acquire, item_id="welcome", title="Our other way")
    sqlite_trial.changed(candidate_id=other)

    running = sqlite_trial.starts(candidate_id=sqlite_trial.candidate_id, against=other)
    page = sqlite_trial.page(running)
    assert (page.champion.candidate_id, page.challenger.candidate_id) == (other, sqlite_trial.candidate_id)
    sqlite_trial.works(40, slower(running, random.Random(6)), experiment_id=running)

    assert sqlite_trial.looks(running).state == "challenger_better"
    assert sqlite_trial.versions_of_new_cases() == {3}
    assert (sqlite_trial.deployed(), sqlite_trial.deployed(other)) == ({3}, set())


def test_a_first_version_has_nothing_to_prove_itself_against(sqlite_trial):
    with pytest.raises(InvalidState, match="no version before"):
        sqlite_trial.starts()
    with pytest.raises(InvalidInput, match="is the same"):
        sqlite_trial.starts(against=sqlite_trial.candidate_id)


def test_what_is_not_deployed_cannot_compete(sqlite_trial):
    other = sqlite_trial.do(acquire, item_id="welcome", title="Not yet")

    with pytest.raises(InvalidState, match="not deployed"):
        sqlite_trial.starts(candidate_id=other)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"kpi": "cost"}, "cases of 'Welcome customers' tell, found 'cost': choose one of mean_hours, glad_share"),
        ({"kpi": "calls"}, "found 'calls'"),
        ({"kpi": "nothing"}, "found 'nothing'"),
        ({"settle_days": -1}, "after 0 to 3660 days"),
        ({"share": 1.0}, "share above 0 and below 1"),
        ({"planned_cases": 4}, "planned cases or more"),
        ({"guardrails": [Guardrail("mean_hours")]}, "stands in an experiment once"),
        ({"guardrails": [Guardrail("glad_share", -1)]}, "tolerance"),
        ({"guardrails": [Guardrail("cost")]}, "found 'cost'"),
    ],
)
def test_an_experiment_that_could_not_be_judged_is_refused(sqlite_trial, how, problem):
    sqlite_trial.changed()

    with pytest.raises(InvalidInput, match=problem):
        sqlite_trial.starts(**how)
    assert sqlite_trial.ask(experiments, enterprise_id="demo") == ()
    assert sqlite_trial.versions_of_new_cases() == {2}


def test_cards_that_mean_different_things_by_a_kpi_are_refused(sqlite_trial):
    sqlite_trial.changed("mean(cases", "median(cases", name="practice.toml", is_available=False)
    sqlite_trial.changed()

    with pytest.raises(InvalidInput, match="mean the same"):
        sqlite_trial.starts()
    assert sqlite_trial.starts(kpi="glad_share")


def test_only_managers_and_analysts_of_the_enterprise_may_experiment(sqlite_trial):
    running = sqlite_trial.begins()
    clerk = Actor("carl", frozenset({"sales_rep"}), enterprise_id="demo")
    stranger = analyst("eve", "machines")

    with pytest.raises(NotPermitted):
        sqlite_trial.looks(running, actor=clerk)
    for command, more in ((look_at_experiment, {}), (stop_experiment, {"reason": "mine"})):
        with pytest.raises(NotFound):
            sqlite_trial.do(command, experiment_id=running, actor=stranger, **more)
    with pytest.raises(NotFound):
        sqlite_trial.starts(actor=stranger)
    with pytest.raises(NotFound):
        sqlite_trial.ask(experiment, experiment_id=running, actor=stranger, now=sqlite_trial.now)


def test_the_page_shows_both_variants_with_intervals_guardrails_and_the_bounds(trial):
    running = trial.begins(planned_cases=80, guardrails=[Guardrail("glad_share", 0.1)])
    trial.works(24, slower(running, random.Random(7), 9, 8), experiment_id=running)
    trial.looks(running)

    page = trial.page(running)

    assert page.kpi.key == "mean_hours"
    assert page.champion.cases + page.challenger.cases == 24
    assert page.champion.low < float(page.champion.value) < page.champion.high
    assert page.guardrails[0].is_broken is False
    assert (page.guardrails[0].champion, page.guardrails[0].challenger) == (1, 1)
    assert [bound.is_past for bound in page.bounds] == [True, False, False, False]
    assert [bound.share for bound in page.bounds] == pytest.approx([0.3, 0.5, 0.75, 1.0])
    assert page.bounds[0].bound > page.bounds[1].bound > page.bounds[-1].bound > 1.9
    assert page.information == pytest.approx(0.3)


def test_the_list_shows_running_experiments_first(sqlite_trial):
    first = sqlite_trial.begins()
    sqlite_trial.do(stop_experiment, experiment_id=first, reason="enough", keep=CHALLENGER)
    sqlite_trial.clock.pass_by(days=1)
    sqlite_trial.changed("Write to the customer", "Visit the customer")
    second = sqlite_trial.starts()

    rows = sqlite_trial.ask(experiments, enterprise_id="demo")

    assert [(row.id, row.state) for row in rows] == [(second, "running"), (first, "ended")]
    assert {row.kpi.en for row in rows} == {"Hours until welcomed"}
    assert sqlite_trial.ask(experiments, enterprise_id="machines") == ()


def test_the_statements_of_list_and_page_do_not_grow(sqlite_trial):
    running = sqlite_trial.begins()
    sqlite_trial.works(4, lambda _: 1, experiment_id=running)
    with counted_statements(sqlite_trial.store) as few:
        sqlite_trial.page(running)
        sqlite_trial.ask(experiments, enterprise_id="demo")
    sqlite_trial.works(6, lambda _: 1, experiment_id=running)
    sqlite_trial.looks(running)
    with counted_statements(sqlite_trial.store) as many:
        sqlite_trial.page(running)
        sqlite_trial.ask(experiments, enterprise_id="demo")

    assert len(many) == len(few)


def test_what_can_be_chosen_for_a_practice_is_offered(sqlite_trial):
    offered = sqlite_trial.ask(choices, candidate_id=sqlite_trial.candidate_id, actor=sqlite_trial.nora)
    assert (offered.former, offered.rivals, offered.running) == (None, (), None)
    sqlite_trial.changed()
    other = sqlite_trial.do(acquire, item_id="welcome", title="Our other way")
    sqlite_trial.available(other)

    offered = sqlite_trial.ask(choices, candidate_id=sqlite_trial.candidate_id, actor=sqlite_trial.nora)

    assert (offered.former.version, [rival.candidate_id for rival in offered.rivals]) == (1, [other])
    assert [kpi.key for kpi in offered.kpis] == ["mean_hours", "glad_share"]
    running = sqlite_trial.starts(against=other)
    assert sqlite_trial.ask(choices, candidate_id=sqlite_trial.candidate_id, actor=sqlite_trial.nora).running == running


def test_a_year_of_experiments_ends_wrongly_no_more_often_than_alpha_and_rightly_mostly():
    """On facts: five looks each, with no difference and with one that the planned cases can show."""
    alike = [decided(seed, difference=0.0) for seed in range(120)]
    different = [decided(seed, difference=-2.5) for seed in range(40)]

    wrong = sum(state in ("challenger_better", "champion_better") for state in alike)
    assert wrong / len(alike) <= 0.05 + 2 * (0.05 * 0.95 / len(alike)) ** 0.5
    assert different.count("challenger_better") >= 0.9 * len(different)
    assert "champion_better" not in different


def decided(seed: int, difference: float) -> str:
    chance = random.Random(seed)
    one = Experiment(f"e{seed}", "v1", "v2", "mean_hours", planned_cases=120)
    found, spent = [], []
    for number in range(120):
        definition_id = one.definition_for(f"case-{number}")
        hours = chance.gauss(10 + (difference if definition_id == "v2" else 0), 3)
        found += facts_of([{"hours": round(hours, 4)}], first=number, definition_id=definition_id)
        if (number + 1) % 24 == 0:
            verdict = judge(CARD, one, found, earlier_looks=spent)
            if verdict.is_final:
                return verdict.state
            spent += [verdict.information] if verdict.bound is not None else []
    return "continue"
