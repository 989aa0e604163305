"""An office on screen: people, one small process, and visitors who click."""

import json
import re
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from engine.bpmn.layout import lay_out_xml
from engine.commands.complete_user_task import complete_user_task
from engine.handlers import Handlers
from engine.store.tables import UserTask
from engine.worker import Worker
from processes.handlers.resources import Resources
from tests.support import models
from tests.support.advice import AdviceOffice
from tests.support.office import ACME, Office
from tests.support.practice_office import PracticeOffice
from webapp import create_app, passwords
from webapp.cli.user import add_user
from webapp.settings import Settings
from webapp.wiring import Wiring

PASSWORD = "a good password"
PEOPLE = {
    "ines": ("Ines Duarte", ("inside_sales",), False),
    "li": ("Li Wei", ("inside_sales",), False),
    "max": ("Max Fuchs", ("manager",), False),
    "olga": ("Olga Peters", (), True),
}
CONTACT_FORM = {
    "type": "default",
    "id": "first_contact",
    "schemaVersion": 16,
    "components": [
        {
            "type": "textfield",
            "key": "spoke_with",
            "label": "Spoke with",
            "label:zh": "通话人",
            "validate": {"required": True},
        },
        {"type": "number", "key": "amount", "label": "Amount", "label:zh": "金额"},
        {
            "type": "select",
            "key": "result",
            "label": "Result",
            "label:zh": "结果",
            "values": [{"value": "go", "label": "Go on"}, {"value": "stop", "label": "Stop"}],
        },
        {
            "type": "textfield",
            "key": "stop_reason",
            "label": "Why stop",
            "label:zh": "原因",
            "conditional": {"hide": '=result != "stop"'},
        },
        {
            "type": "dynamiclist",
            "path": "lines",
            "label": "Lines",
            "label:zh": "明细",
            "components": [
                {"type": "textfield", "key": "sku", "label": "Product", "label:zh": "产品"},
                {"type": "number", "key": "quantity", "label": "Quantity", "label:zh": "数量"},
            ],
        },
        {"type": "filepicker", "key": "note_file", "label": "Note", "label:zh": "附件"},
    ],
}
START_FORM = {
    "type": "default",
    "id": "enquiry",
    "schemaVersion": 16,
    "components": [
        {"type": "textfield", "key": "company", "label": "Company", "label:zh": "公司", "validate": {"required": True}}
    ],
}


def enquiry_model() -> bytes:
    """Enquiry: first contact (inside sales), then approval (manager), then a message from the customer."""
    steps = models.line(
        models.start(attributes='praxis:formKey="enquiry"'),
        models.user_task(
            "first_contact",
            'praxis:formKey="first_contact" praxis:due="PT4H"',
            models.properties(**{"name:zh": "首次联系"}),
            name="First contact",
        ),
        models.user_task("approve", name="Approve"),
        models.catch("answered", models.message_event("answer")),
        models.end(),
    )
    process = models.process(
        "enquiry",
        models.lanes(inside_sales=["start", "first_contact"], manager=["approve", "answered", "end"]),
        steps,
        name="Enquiry",
        attributes='praxis:title="=&quot;Enquiry of &quot; + company" praxis:searchable="company"',
    )
    return lay_out_xml(models.model(process, roots=models.message("answer", "Answer", company="=company")))


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """Hashes that take no time: most tests sign several people in."""
    slow, passwords._hasher = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords._hasher = slow


@pytest.fixture
def office(sqlite_store, clock):
    """The store with people and the deployed process."""
    office = Office(sqlite_store, clock)

    def people(work):
        for name, (full_name, roles, is_supervisor) in PEOPLE.items():
            add_user(
                work.session,
                name=name,
                full_name=full_name,
                password=PASSWORD,
                roles=roles,
                is_supervisor=is_supervisor,
                enterprise_id=ACME,
                now=clock.now(),
            )

    sqlite_store.run(people)
    office.deploy(
        enquiry_model(),
        forms={"first_contact": json.dumps(CONTACT_FORM).encode(), "enquiry": json.dumps(START_FORM).encode()},
    )
    return office


PRACTICE_PEOPLE = {
    "anna": (ACME, ("process_analyst",)),
    "rolf": (ACME, ("practice_reviewer",)),
    "otto": ("machines", ("process_analyst",)),
    "rita": ("machines", ("practice_reviewer",)),
    "sven": ("software", ("practice_reviewer",)),
    "edda": ("library", ("library_editor",)),
}


@pytest.fixture
def practices(office):
    """The office with a small practice in its library, an analyst, and people of other enterprises."""

    def people(work):
        for name, (enterprise_id, roles) in PRACTICE_PEOPLE.items():
            add_user(
                work.session,
                name=name,
                full_name=name.capitalize(),
                password=PASSWORD,
                roles=roles,
                enterprise_id=enterprise_id,
                now=office.now,
            )

    office.store.run(people)
    return PracticeOffice(office)


@pytest.fixture
def bare(office, practices):
    """Gina decides on the next best activity, but nobody has said anything about it yet."""

    def people(work):
        who = {"full_name": "Gina Rossi", "roles": ("general_manager",), "enterprise_id": ACME}
        add_user(work.session, name="gina", password=PASSWORD, now=office.now, **who)

    office.store.run(people)
    return AdviceOffice(practices)


@pytest.fixture
def advice(bare):
    """A profile, seven activities, one scan, and the loop waiting for the decision."""
    bare.has_a_profile()
    bare.ids = bare.adds_some()
    bare.starts_the_loop()
    bare.scans()
    return bare


@pytest.fixture
def app(office, clock, tmp_path):
    settings = Settings(data_directory=tmp_path, secret_key="for tests", sign_in_attempts=3, cookie_secure=False)
    resources = Resources.for_store(office.store)
    wiring = Wiring(
        settings, office.store, clock, Handlers(), resources, Worker(office.store, Handlers(), clock, resources)
    )
    return create_app(settings, wiring)


def second_enquiry_model() -> bytes:
    """The first contact has another name and id, the approval is gone."""
    steps = models.line(
        models.start(attributes='praxis:formKey="enquiry"'),
        models.user_task("talk", name="First contact"),
        models.user_task("sign", name="Sign"),
        models.end(),
    )
    return lay_out_xml(models.model(models.process("enquiry", steps, name="Enquiry")))


@pytest.fixture
def two_versions(office):
    """Two cases run in version 1, one at each step, when version 2 comes."""
    for company in ("Nordwind", "Sonne"):
        office.start("enquiry", {"company": company})
    with office.store.reading() as work:
        first = work.execute(select(UserTask.id).where(UserTask.title == "Enquiry of Sonne")).scalar_one()
    office.do(complete_user_task, user_task_id=first, variables={"spoke_with": "Ms Chen"})
    forms = {"first_contact": json.dumps(CONTACT_FORM).encode(), "enquiry": json.dumps(START_FORM).encode()}
    office.deploy(second_enquiry_model(), forms=forms)
    return office


class Visitor:
    """A browser without a screen: keeps cookies, sends the page's CSRF token with every form."""

    def __init__(self, app):
        self.client = app.test_client()
        self.page = ""

    def get(self, address: str, **headers: str) -> Any:
        answer = self.client.get(address, headers=headers)
        self.page = answer.text
        return answer

    def post(self, address: str, values: dict[str, Any] | None = None, *, follow: bool = True, **headers: str) -> Any:
        answer = self.client.post(
            address,
            data={"csrf_token": self.token(), **(values or {})},
            headers=headers,
            follow_redirects=follow,
            content_type="multipart/form-data",
        )
        self.page = answer.text
        return answer

    def token(self) -> str:
        return re.search(
            r'name="csrf-token" content="([^"]+)"', self.client.get("/sign-in", follow_redirects=True).text
        )[1]

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        return self.post("/sign-in", {"name": name, "password": password})


@pytest.fixture
def visit(app):
    """`visit("ines")` is Ines, signed in; `visit()` is a stranger."""

    def visitor(name: str | None = None) -> Visitor:
        somebody = Visitor(app)
        if name:
            assert somebody.sign_in(name).status_code == 200
        return somebody

    return visitor
