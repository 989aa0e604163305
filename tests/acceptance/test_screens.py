"""What holds on every screen of the demo: fair races, addresses to share, no barrier, no foreign words."""

import re
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from engine.commands.complete_user_task import complete_user_task
from engine.commands.start_process import start_process
from engine.store.actor import Actor
from engine.store.tables import UserTask
from processes.customer_base.tables import MailboxMessage, Party
from tests.acceptance.conftest import PASSWORD, open_for_business
from tests.acceptance.pages import Enterprise, Person, grave_findings
from webapp.demo import ENTERPRISE
from webapp.tables import Membership, User

pytestmark = pytest.mark.browser

DIRECTOR = Actor(id="olga", is_supervisor=True, enterprise_id=ENTERPRISE)
CLIENTS = 20
LEAD = {
    "source": "direct",
    "channel": "web",
    "company": "Nordwind Food Machines",
    "contact_name": "Ms Chen",
    "email": "chen@nordwind.example",
    "phone": "+86 21 6552 9988",
    "country": "CN",
    "city": "Suzhou",
    "region": "east",
    "need": "A pump",
    "request": "quote",
    "product_sku": "PUMP-100",
    "industry": "food",
    "employees": 240,
    "consent": True,
}
WAY_TO_THE_QUOTE = (
    ("first_contact", {"contact_channel": "phone", "reached": True, "spoke_with": "Ms Chen", "summary": "Quote"}),
    (
        "qualify",
        {
            "need": "A pump",
            "budget": "yes",
            "authority": "decides",
            "timeline": "now",
            "fit": "good",
            "lead_result": "qualified",
        },
    ),
    ("discover", {"industry": "food", "requirements": [{"requirement": "Stainless", "weight": "must"}]}),
    (
        "plan_opp",
        {
            "stage": "discovery",
            "amount": 9000,
            "close_date": "2026-02-15",
            "next_step": "Quote",
            "next_step_on": "2026-01-08",
            "pursue": True,
            "lines": [{"sku": "PUMP-100", "quantity": 1}],
            "valid_days": 30,
        },
    ),
)


class Office:
    """Cases that are already under way, worked by the commands that the screens call."""

    def __init__(self, enterprise: Enterprise):
        self.enterprise = enterprise
        self.wiring = enterprise.wiring

    def lead(self, *, steps: int = 0, **changes: str) -> str:
        """The case id of a lead that went through the first steps on the way to its quote."""
        started = self.wiring.run(
            lambda work: start_process(
                work,
                enterprise_id=ENTERPRISE,
                process_id="lead_to_order",
                form_values={**LEAD, **changes},
                actor=DIRECTOR,
                now=self.wiring.clock.now(),
            )
        )
        self.enterprise.settles()
        for element_id, values in WAY_TO_THE_QUOTE[:steps]:
            self._complete(started.process_instance_id, element_id, values)
        return started.process_instance_id

    def task(self, case_id: str, element_id: str) -> str:
        """The id of the open task at this element."""
        task = UserTask.__table__.c
        wanted = select(task.id).where(
            task.process_instance_id == case_id, task.element_id == element_id, task.state == "open"
        )
        with self.wiring.store.reading() as work:
            return work.execute(wanted).scalar_one()

    def _complete(self, case_id: str, element_id: str, values: dict) -> None:
        task_id = self.task(case_id, element_id)
        self.wiring.run(
            lambda work: complete_user_task(
                work, user_task_id=task_id, variables=values, actor=DIRECTOR, now=self.wiring.clock.now()
            )
        )
        self.enterprise.settles()

    def hire(self, names: list[str], *, role: str) -> None:
        """More people of a role, all with the demo's password."""

        def add(work):
            model = work.session.scalars(select(User).where(User.name == "ines")).one()
            work.session.add_all(
                User(
                    enterprise_id=ENTERPRISE,
                    name=name,
                    full_name=name.capitalize(),
                    password_hash=model.password_hash,
                    created_at=self.wiring.clock.now(),
                    memberships=[Membership(role_key=role)],
                )
                for name in names
            )

        self.wiring.run(add)


# Races ----------------------------------------------------------------------------------------------------------------


def test_of_twenty_who_claim_on_screen_at_once_one_wins_and_nineteen_read_a_kind_message(enterprise):
    office = Office(enterprise)
    task_id = office.task(office.lead(), "first_contact")
    names = [f"rep{number}" for number in range(CLIENTS)]
    office.hire(names, role="sales_rep")
    visitors = [_signed_in(enterprise, name) for name in names]
    ready = threading.Barrier(CLIENTS)
    answers: list[str] = []

    def claim(visitor, token):
        ready.wait()
        answer = visitor.post(f"/tasks/{task_id}/claim", data={"csrf_token": token}, follow_redirects=True)
        answers.append(f"{answer.status_code} {answer.text}")

    threads = [threading.Thread(target=claim, args=each) for each in visitors]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert all(answer.startswith("200") for answer in answers)
    assert sum("It is yours now." in answer for answer in answers) == 1
    assert sum("taken by" in answer for answer in answers) == CLIENTS - 1


def _signed_in(enterprise: Enterprise, name: str):
    """A visitor without a screen, and the token of its forms."""
    client = enterprise.app.test_client()
    sent = {"name": name, "password": enterprise.password, "csrf_token": _token(client)}
    assert client.post("/sign-in", data=sent).status_code == 302
    return client, _token(client)


def _token(client) -> str:
    page = client.get("/sign-in", follow_redirects=True).text
    return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]


# Addresses to share ---------------------------------------------------------------------------------------------------


def test_an_address_shared_with_a_colleague_shows_the_same_rows(enterprise, people):
    office = Office(enterprise)
    for company in ("Baltic Breweries", "Baltic Mills", "Alpine Water"):
        domain = company.split()[-1].lower()
        office.lead(company=company, email=f"info@{domain}.example", phone="", contact_name=f"Head of {domain}")
    rosa, li = people["rosa"], people["li"]

    rosa.goes_to("/worklist?view=my_groups")
    rosa.page.get_by_label("Sort by").select_option("Title")
    rosa.page.wait_for_url("**sort=title**")
    rosa.page.get_by_label("Search").fill("Baltic")
    rosa.page.get_by_label("Search").press("Enter")
    rosa.page.wait_for_url("**q=Baltic**")
    seen = rosa.rows_shown()

    assert len(seen) == 2
    assert li.rows(rosa.page.url) == seen


# Barriers and words ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lively(chromium, premises, tmp_path_factory) -> Iterator[tuple[Enterprise, dict[str, str]]]:
    """An enterprise with work at several stages, and the addresses of its main pages by name."""
    with open_for_business(premises, tmp_path_factory.mktemp("lively")) as (app, wiring, address):
        enterprise = Enterprise(chromium, address, app, wiring, PASSWORD)
        office = Office(enterprise)
        case = office.lead(steps=3)
        quoted = office.lead(steps=4, company="Alpine Water", email="huber@alpine.example", phone="+86 21 6552 1111")
        with wiring.store.reading() as work:
            party = work.execute(select(Party.id).where(Party.name == "Huadong Precision Machinery Co., Ltd.")).scalar()
            mail = work.execute(select(MailboxMessage.id).limit(1)).scalar()
        yield (
            enterprise,
            {
                "worklist": "/worklist?view=all",
                "task": f"/worklist?view=all&task={office.task(case, 'plan_opp')}",
                "case": f"/cases/{quoted}",
                "cases": "/cases",
                "customers": "/customers",
                "customer": f"/customers/{party}",
                "operations": "/operations",
                "process": "/operations/processes/lead_to_order",
                "start": "/start",
                "start form": "/start/lead_to_order",
                "import": "/imports",
                "mailbox": "/mailbox",
                "mail": f"/mailbox/{mail}",
                "messages": "/messages",
                "library": "/library",
            },
        )
        enterprise.goes_home()


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_on_a_screen_is_in_anybodys_way(lively, locale):
    enterprise, addresses = lively
    stranger = enterprise.opens_a_browser(locale=locale)
    stranger.goto("/sign-in")
    found = grave_findings(stranger, "sign-in")
    olga = Person(enterprise, "olga", locale=locale)
    for name, address in addresses.items():
        found += grave_findings(olga.goes_to(address), name)

    assert found == [], found


# Names of products, people, customers, messages and files are the same in every language; so is what people wrote.
NAMES = {
    *("Praxis", "English", "PCF", "csv", "xlsx", "docx"),
    *("Olga", "Peters", "Nordwind", "Food", "Machines", "Alpine", "Water", "pump"),
    *("PurchaseOrderReceived", "QuoteDecision"),
}
HEADINGS_AND_CONTROLS = "h1, h2, h3, button, .btn, .nav-link, label, legend, th[scope=col], .view-link"


def test_nothing_on_a_screen_is_english_for_a_chinese_reader(lively):
    enterprise, addresses = lively
    olga = Person(enterprise, "olga", locale="zh-CN")
    found = {}
    for name, address in addresses.items():
        if name == "mail":  # speaks the customer's language
            continue
        page = olga.goes_to(address)
        page.wait_for_load_state("networkidle")
        texts = page.locator("main, header").locator(HEADINGS_AND_CONTROLS).all_inner_texts()
        words = {word for text in texts for word in re.findall(r"[A-Za-z]{3,}", text)} - NAMES
        if words:
            found[name] = sorted(words)

    assert found == {}, found
