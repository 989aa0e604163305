"""The demo enterprise: people for every role, the shipped practices, customers, and cases at every stage.

Cases are worked by the packs' own scenarios: each is started and played a part of the way through the same commands
that the screens call, with the real handlers, so that what the demo shows is what people would have done.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from engine.clock import VirtualClock
from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.deploy import deploy
from engine.commands.publish_message import publish_message
from engine.commands.set_variables import set_variables
from engine.commands.start_process import start_process
from engine.errors import EngineError
from engine.play.scenario import MONDAY_MORNING, Scenario, read_scenarios
from engine.queries.process_instance import process_instance
from engine.store.actor import Actor
from engine.store.tables import MessageSubscription, UserTask
from practice_repo.commands.acquire import acquire
from practice_repo.commands.add_need import add_need
from practice_repo.permissions import ANALYST, DEPARTMENT, EDITOR, LIBRARY, MANAGER, REVIEWER
from practice_repo.practice import Practice
from processes.customer_base.demo import create_demo as fill_customer_base
from processes.customer_base.demo_customers import ENGINEERS
from processes.customer_base.scope import in_enterprise
from processes.customer_base.tables import TABLES, Party
from processes.handlers.resources import Resources
from webapp.demo_choices import begin_choosing
from webapp.library_start import METHOD, ROLE_NAMES, add_role, open_library, readable_practices
from webapp.passwords import hash_password
from webapp.tables import Enterprise, Membership, Role, User
from webapp.wiring import Wiring

ENTERPRISE = "demo"
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?")
DOCUMENT_NUMBER = re.compile(r"\b([A-Z]{1,5})-(20\d\d)-(\d{4,6})\b")
CASES_PER_PRACTICE = 10
HAPPY_CASES = 7
HISTORY_HOURS = 96  # the cases began over the last days
MINUTES_BETWEEN_CASES = 75
MINUTES_BETWEEN_STEPS = 3
CASE_KEYS = {"request_id", "ticket_ref", "external_key"}  # one running case per key
PROSPECTS = (
    ("Hengda Bottling", "Ms Chen", "Suzhou"),
    ("Lakeside Dairy", "Tom Weber", "Wuxi"),
    ("Orient Pack", "Mr Zhao", "Hangzhou"),
    ("Baltic Breweries", "Anna Rask", "Ningbo"),
    ("Greenfield Juices", "Ms Sun", "Nanjing"),
    ("Pacific Sauces", "Ken Mori", "Shanghai"),
    ("Alpine Water", "Eva Huber", "Kunshan"),
    ("Delta Chemicals", "Mr Guo", "Changzhou"),
    ("Summit Pharma", "Ms Qian", "Hefei"),
    ("Harbour Foods", "Leo Park", "Xiamen"),
    ("Northern Mills", "Ms Tang", "Jinan"),
)
PASSWORD_FILE = "demo_password"
DIRECTOR = Actor(id="olga", is_supervisor=True, enterprise_id=ENTERPRISE)


@dataclass(frozen=True)
class DemoPerson:
    name: str
    full_name: str
    roles: tuple[str, ...] = ()
    is_supervisor: bool = False
    enterprise_id: str = ENTERPRISE


PEOPLE = (
    DemoPerson("olga", "Olga Peters", (), is_supervisor=True),
    DemoPerson("ines", "Ines Duarte", ("inside_sales",)),
    DemoPerson("li", "Li Wei 李伟", ("inside_sales", "sales_rep")),
    DemoPerson("rosa", "Rosa Keller", ("sales_rep",)),
    DemoPerson("max", "Max Fuchs", ("sales_manager", MANAGER, DEPARTMENT)),
    DemoPerson("paul", "Paul Roth", ("pricing_desk", "order_clerk")),
    DemoPerson("eva", "Eva Lind", ("engineering", "quality_engineer", "specialist")),
    DemoPerson("carl", "Carl Hahn", ("credit_controller", "finance", "compliance")),
    DemoPerson("wang", "Wang Fang 王芳", ("warehouse", "returns_warehouse", "parts_store", "stock_planner")),
    DemoPerson("mira", "Mira Novak", ("marketing_manager", "budget_owner", DEPARTMENT)),
    DemoPerson("tom", "Tom Berg", ("campaign_specialist", "content_editor", "analyst")),
    DemoPerson("anna", "Anna Kraus", ("service_agent", "rma_desk")),
    DemoPerson("dirk", "Dirk Lang", ("dispatcher", "service_manager", DEPARTMENT)),
    DemoPerson("fei", "Fei Zhang 张飞", ("field_engineer", "repair_bench", "inspector")),
    DemoPerson("nora", "Nora Beck", (ANALYST,)),
    # Whom the demo customer base names as owners and engineers: work goes to them by name.
    DemoPerson("sales.chen", "Chen Jing 陈静", ("sales_rep",)),
    DemoPerson("sales.zhao", "Zhao Lei 赵磊", ("sales_rep",)),
    DemoPerson("sales.baker", "Sam Baker", ("sales_rep",)),
    *(DemoPerson(engineer[0], engineer[1], ("field_engineer",)) for engineer in ENGINEERS),
)
# Other enterprises, which share the library: nobody reviews what the own enterprise contributes.
NEIGHBOURS = {
    "kestrel": "Kestrel Machines",
    "lumen": "Lumen Software",
    "harbour": "Harbour Distribution",
    LIBRARY: "Library",
}
NEIGHBOURS_PEOPLE = (
    DemoPerson("otto", "Otto Kern", (ANALYST,), enterprise_id="kestrel"),
    DemoPerson("rita", "Rita Sommer", (REVIEWER,), enterprise_id="kestrel"),
    DemoPerson("maya", "Maya Iyer", (ANALYST,), enterprise_id="lumen"),
    DemoPerson("sven", "Sven Dahl", (REVIEWER,), enterprise_id="lumen"),
    DemoPerson("jun", "Jun Zhou 周军", (ANALYST,), enterprise_id="harbour"),
    DemoPerson("vera", "Vera Costa", (REVIEWER,), enterprise_id="harbour"),
    DemoPerson("edda", "Edda Falk", (EDITOR,), enterprise_id=LIBRARY),
)
NEEDS = (  # title, goal, KPI, area, process element, priority
    ("Answer every enquiry within a working day", "First contact within 24 hours", None, "sales", 10182, "must"),
    ("Quotes go out faster", "Half of the quotes leave within two days", None, "sales", 11779, "must"),
    ("Campaigns show what they bring in", "Result per campaign and channel", None, "marketing", 20010, "should"),
    (
        "Returned goods are settled within two weeks",
        "Refund or replacement in 14 days",
        None,
        "service",
        20094,
        "should",
    ),
    ("Partners see the state of their orders", "Fewer calls about orders", None, "sales", 10200, "could"),
)


def create_demo(
    wiring: Wiring, *, note: Callable[[str], None] = lambda _text: None, with_cases: bool = True
) -> tuple[str, list[DemoPerson]]:
    """The demo's password and people. What exists already stays as it is; changed practices are deployed anew.

    `with_cases=False` leaves the worklists empty: for tests that tell a story of their own.
    """
    shipped = readable_practices(note)
    practices = [each for each in shipped if each.has_process and each.card.area != METHOD]
    password = _password(wiring)
    people = list(_people(practices))
    clock = PastClock(wiring.clock.now(), hours=HISTORY_HOURS)
    is_new = wiring.run(lambda work: _add_people(work, clock.now(), password, people, practices))
    wiring.run(lambda work: _fill_customer_base(work, clock.now()))
    deployed = _deploy_all(wiring, practices, note)
    if is_new and with_cases:
        numbers = numbers_here(wiring)
        for practice in deployed:
            count = sum(1 for _case in play_cases(wiring, practice, people, clock, numbers))
            note(f"{practice.card.name.en}: {count} cases")
    wiring.run(lambda work: _add_neighbours(work, wiring.clock.now(), password))
    open_library(wiring, shipped, note=note)
    if is_new:
        wiring.run(lambda work: _begin_workspace(work, wiring.clock.now()))
    if is_new and with_cases:
        begin_choosing(wiring)
    return password, [*people, *NEIGHBOURS_PEOPLE]


class PastClock(VirtualClock):
    """Starts some hours ago and stops at the present: the demo has a history but no future."""

    def __init__(self, present: datetime, *, hours: float):
        super().__init__(present - timedelta(hours=hours))
        self.present = present

    def move_to(self, moment: datetime) -> None:
        super().move_to(min(moment, self.present))


def _password(wiring: Wiring) -> str:
    """Made once and kept beside the database, so that every start can print it."""
    path = wiring.settings.data_directory / PASSWORD_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"praxis-{secrets.token_hex(3)}")
        path.chmod(0o600)
    return path.read_text()


def _people(practices: list[Practice]) -> Iterator[DemoPerson]:
    """The known people, and one more for each role that none of them has."""
    yield from PEOPLE
    covered = {role for person in PEOPLE for role in person.roles} | {"system"}
    for practice in practices:
        for role in practice.card.roles:
            if role.key not in covered:
                covered.add(role.key)
                yield DemoPerson(role.key, role.name.en, (role.key,))


def _add_people(work, now: datetime, password: str, people: list[DemoPerson], practices: list[Practice]) -> bool:
    """Whether the enterprise is new."""
    session = work.session
    is_new = session.get(Enterprise, ENTERPRISE) is None
    if is_new:
        session.add(Enterprise(id=ENTERPRISE, name="Demo", created_at=now))
        session.flush()
    names = {role.key: role.name for practice in practices for role in practice.card.roles}
    for key in {role for person in people for role in person.roles} | set(names):
        if session.get(Role, (ENTERPRISE, key)) is None:
            text = names.get(key)
            text = text or ROLE_NAMES.get(key)
            name = text.en if text else key.replace("_", " ").capitalize()
            session.add(Role(enterprise_id=ENTERPRISE, key=key, name=name, name_zh=text.zh if text else None))
    _add_users(session, now, password, people)
    return is_new


def _add_users(session, now: datetime, password: str, people: Iterable[DemoPerson]) -> None:
    kept_hash = hash_password(password)
    known = set(session.scalars(select(User.name)))
    for person in people:
        if person.name not in known:
            session.add(
                User(
                    enterprise_id=person.enterprise_id,
                    name=person.name,
                    full_name=person.full_name,
                    email=f"{person.name}@{person.enterprise_id}.example",
                    password_hash=kept_hash,
                    is_supervisor=person.is_supervisor,
                    created_at=now,
                    memberships=[Membership(role_key=role) for role in person.roles],
                )
            )


def _add_neighbours(work, now: datetime, password: str) -> None:
    """The other enterprises, their roles and people; what exists already stays."""
    session = work.session
    for enterprise_id, name in NEIGHBOURS.items():
        if session.get(Enterprise, enterprise_id) is None:
            session.add(Enterprise(id=enterprise_id, name=name, created_at=now))
    session.flush()
    for person in NEIGHBOURS_PEOPLE:
        for role in person.roles:
            add_role(session, person.enterprise_id, role)
    _add_users(session, now, password, NEIGHBOURS_PEOPLE)


def _begin_workspace(work, now: datetime) -> None:
    """What the demo enterprise wants, and a first practice that its analyst took for it."""
    nora = Actor(id="nora", groups=frozenset({ANALYST}), enterprise_id=ENTERPRISE)
    needs = [
        add_need(work, title=title, goal=goal, kpi=kpi, area=area, pcf=pcf, priority=priority, actor=nora, now=now)
        for title, goal, kpi, area, pcf, priority in NEEDS
    ]
    acquire(work, item_id="lead_to_order", need_id=needs[0], actor=nora, now=now)


def _fill_customer_base(work, now: datetime) -> None:
    session = in_enterprise(work.session, ENTERPRISE)
    if session.scalar(select(Party.id).limit(1)) is None:
        fill_customer_base(session, ENTERPRISE, now)


def _deploy_all(wiring: Wiring, practices: list[Practice], note: Callable[[str], None]) -> list[Practice]:
    """Deploy what can be deployed; a practice that calls another one comes after it, so try again while it helps."""
    waiting, done = list(practices), []
    problems: dict[str, str] = {}
    while waiting:
        before = len(waiting)
        for practice in list(waiting):
            try:
                deploy_practice(wiring, practice)
            except EngineError as error:
                problems[practice.id] = str(error)
                continue
            waiting.remove(practice)
            done.append(practice)
        if len(waiting) == before:
            break
    for practice in waiting:
        note(f"{practice.id} is not deployed: {problems[practice.id]}")
    return [practice for practice in practices if practice in done]


def deploy_practice(wiring: Wiring, practice: Practice) -> None:
    """Make the practice's processes startable in the demo enterprise. Raises InvalidModel."""
    wiring.run(
        lambda work: deploy(
            work,
            enterprise_id=ENTERPRISE,
            name=practice.id,
            models=[
                practice.main_model,
                *(xml for name, xml in practice.models.items() if name != practice.card.process),
            ],
            decisions=list(practice.decisions.values()),
            forms=practice.forms,
            actor=DIRECTOR,
            now=wiring.clock.now(),
        )
    )


# Cases at every stage -------------------------------------------------------------------------------------------------


def play_cases(
    wiring: Wiring, practice: Practice, people: list[DemoPerson], clock: VirtualClock, numbers: Mapping[str, str]
) -> Iterator[str]:
    """Cases of the practice, begun over the last days and worked to different stages; gives their ids.

    The first scenario, the happy path, is played to ever later steps; some of the others as far as they go.
    """
    try:
        scenarios = [each for each in read_scenarios(practice.scenarios) if not each.simulators]
    except EngineError:
        return
    for number, (scenario, steps) in enumerate(stages(scenarios)):
        director = Director(wiring, practice, people, clock, numbers)
        case_id = director.start(scenario, number)
        if case_id is not None:
            director.play(case_id, scenario, steps=steps)
            yield case_id
        clock.pass_by(minutes=MINUTES_BETWEEN_CASES)


def stages(scenarios: list[Scenario]) -> list[tuple[Scenario, int]]:
    """Which scenarios are played, and how many steps of each."""
    if not scenarios:
        return []
    happy, others = scenarios[0], scenarios[1:]
    most = len(doable_steps(happy))
    wanted = sorted({round(most * part / HAPPY_CASES) for part in range(HAPPY_CASES + 1)})
    every = max(1, len(others) // (CASES_PER_PRACTICE - HAPPY_CASES))
    chosen = others[::every][: CASES_PER_PRACTICE - HAPPY_CASES]
    return [(happy, steps) for steps in wanted] + [(each, len(each.steps)) for each in chosen]


def doable_steps(scenario: Scenario) -> list[Mapping[str, Any]]:
    """The steps that do something; expectations are the scenario's own test."""
    return [step for step in scenario.steps if "expect" not in step]


def shifted(value: Any, days: timedelta) -> Any:
    """The value with its dates moved by so many days: a scenario's calendar becomes the demo's."""
    match value:
        case date():  # datetime too
            return value + days
        case str() if ISO_DATE.fullmatch(value):
            return (date.fromisoformat(value[:10]) + days).isoformat() + value[10:]
        case Mapping():
            return {name: shifted(item, days) for name, item in value.items()}
        case list():
            return [shifted(item, days) for item in value]
        case _:
            return value


def numbers_here(wiring: Wiring) -> dict[str, str]:
    """The number here of each document that scenarios name.

    Scenarios are written for a customer base that was made on their Monday; the demo's was made later, with the same
    documents in the same order, so that the n-th number of a series there is the n-th here.
    """
    with Resources.in_memory(MONDAY_MORNING).session_for(ENTERPRISE, MONDAY_MORNING) as session:
        theirs = _numbers_by_series(session)
    with wiring.store.reading() as work:
        ours = _numbers_by_series(work.session)
    return {
        their_number: our_number
        for series, numbers in theirs.items()
        for their_number, our_number in zip(numbers, ours.get(series, ()), strict=False)
    }


def _numbers_by_series(session) -> dict[str, list[str]]:
    """Document numbers such as SO-2026-00024 by table and prefix, the oldest first."""
    found: dict[str, list[str]] = {}
    for table in TABLES:
        if "number" not in table.c:
            continue
        for number in session.scalars(select(table.c.number).where(table.c.enterprise_id == ENTERPRISE)):
            if match := DOCUMENT_NUMBER.fullmatch(number or ""):
                found.setdefault(f"{table.name} {match[1]}", []).append(number)
    return {series: sorted(numbers) for series, numbers in found.items()}


def renumbered(value: Any, numbers: Mapping[str, str]) -> Any:
    """The value with the demo's document numbers (see `numbers_here`)."""
    match value:
        case str():
            return DOCUMENT_NUMBER.sub(lambda found: numbers.get(found[0], found[0]), value)
        case Mapping():
            return {name: renumbered(item, numbers) for name, item in value.items()}
        case list():
            return [renumbered(item, numbers) for item in value]
        case _:
            return value


def varied(variables: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The same start for somebody else, so that the demo's leads are not each other's duplicates."""
    found = dict(variables)
    for name in CASE_KEYS & set(found):
        found[name] = f"{found[name]}-{number}"
    company, contact, city = PROSPECTS[number % len(PROSPECTS)]
    domain = f"{company.split()[0].lower()}{number}.example"
    changes = {
        "company": company,
        "contact_name": contact,
        "city": city,
        "email": f"{contact.split()[-1].lower()}@{domain}",
        "phone": f"+86 21 6552 {8100 + 37 * number:04d}",
    }
    if number and found.get("company"):
        found |= {name: value for name, value in changes.items() if found.get(name)}
    return found


class Director:
    """Plays a scenario's steps as the demo's people would do them on screen."""

    def __init__(
        self,
        wiring: Wiring,
        practice: Practice,
        people: list[DemoPerson],
        clock: VirtualClock,
        numbers: Mapping[str, str],
    ):
        self.wiring = wiring
        self.practice = practice
        self.people = people
        self.clock = clock
        self.numbers = numbers

    def start(self, scenario: Scenario, number: int) -> str | None:
        """The new case's id; None when this scenario cannot be started here."""
        try:
            case_id = self._start(scenario, number) if scenario.start else self._start_by_message(scenario, number)
        except EngineError:
            return None
        self.wiring.worker.run_due(self.clock.now())
        return case_id

    def _start(self, scenario: Scenario, number: int) -> str | None:
        started = self.wiring.run(
            lambda work: start_process(
                work,
                enterprise_id=ENTERPRISE,
                process_id=scenario.process or self.practice.id,
                variables=self._here(varied(scenario.variables, number), scenario),
                actor=DIRECTOR,
                now=self.clock.now(),
            )
        )
        return started.process_instance_id if started.is_new else None

    def _start_by_message(self, scenario: Scenario, number: int) -> str | None:
        first = next(iter(doable_steps(scenario)), {})
        if "message" not in first:
            return None
        published = self.wiring.run(
            lambda work: publish_message(
                work,
                enterprise_id=ENTERPRISE,
                name=first["message"],
                correlation=self._here(varied(first.get("correlation", {}), number), scenario),
                variables=self._here(varied(first.get("variables", {}), number), scenario),
                actor=DIRECTOR,
                now=self.clock.now(),
            )
        )
        return published.process_instance_id if published.outcome == "started" else None

    def play(self, case_id: str, scenario: Scenario, *, steps: int) -> None:
        """Do this many steps, or as many as can happen now; the case then waits where it is."""
        for step in doable_steps(scenario)[0 if scenario.start else 1 : steps]:
            self.clock.pass_by(minutes=MINUTES_BETWEEN_STEPS)
            try:
                if not self._do(case_id, self._here(step, scenario)):
                    return
            except EngineError:
                return
            self.wiring.worker.run_due(self.clock.now())

    def _here(self, value: Any, scenario: Scenario) -> Any:
        """A scenario's value with the demo's calendar and the demo's document numbers."""
        days = timedelta(days=(self.clock.now() - scenario.now).days)
        return renumbered(shifted(value, days), self.numbers)

    def _do(self, case_id: str, step: Mapping[str, Any]) -> bool:
        if "complete" in step:
            return self._complete(case_id, step["complete"], step.get("variables", {}))
        if "message" in step:
            return self._publish(case_id, step["message"], step.get("variables", {}))
        if "set" in step:
            self.wiring.run(
                lambda work: set_variables(
                    work,
                    process_instance_id=case_id,
                    variables=step["set"],
                    actor=DIRECTOR,
                    now=self.clock.now(),
                )
            )
            return True
        return False  # the demo's clock is the real one

    def _complete(self, case_id: str, element_id: str, variables: Mapping[str, Any]) -> bool:
        task = self._open_task(case_id, element_id)
        if task is None:
            return False
        actor = self._somebody_with(task.role)

        def work_on(work):
            if task.assignee is None:
                claim_user_task(work, user_task_id=task.id, actor=actor, now=self.clock.now())
            complete_user_task(work, user_task_id=task.id, variables=dict(variables), actor=actor, now=self.clock.now())

        self.wiring.run(work_on)
        return True

    def _publish(self, case_id: str, name: str, variables: Mapping[str, Any]) -> bool:
        """The message with the keys that this case waits for."""
        with self.wiring.store.reading() as work:
            detail = process_instance(work, process_instance_id=case_id, now=self.clock.now())
            keys = _correlation_of(work, case_id, name)
        if detail.row.state != "active" or keys is None:
            return False
        self.wiring.run(
            lambda work: publish_message(
                work,
                enterprise_id=ENTERPRISE,
                name=name,
                correlation=keys,
                variables=dict(variables),
                actor=DIRECTOR,
                now=self.clock.now(),
            )
        )
        return True

    def _open_task(self, case_id: str, element_id: str) -> Any:
        columns = UserTask.__table__.c
        statement = select(columns.id, columns.role, columns.assignee).where(
            columns.process_instance_id == case_id, columns.element_id == element_id, columns.state == "open"
        )
        with self.wiring.store.reading() as work:
            return work.execute(statement.limit(1)).one_or_none()

    def _somebody_with(self, role: str | None) -> Actor:
        person = next((each for each in self.people if role in each.roles), None)
        if person is None:
            return DIRECTOR
        return Actor(id=person.name, groups=frozenset(person.roles), is_supervisor=True, enterprise_id=ENTERPRISE)


def _correlation_of(work, case_id: str, name: str) -> dict[str, Any] | None:
    columns = MessageSubscription.__table__.c
    statement = select(columns.correlation).where(columns.process_instance_id == case_id, columns.name == name)
    found = work.execute(statement.limit(1)).one_or_none()
    return dict(found.correlation) if found else None
