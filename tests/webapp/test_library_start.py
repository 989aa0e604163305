"""The library of an installation: filled once, and telling by mail."""

import pytest

from engine.clock import VirtualClock
from engine.store.actor import SYSTEM, Actor
from engine.store.unit_of_work import Store
from practice_repo.algebra.package import Package
from practice_repo.commands.acquire import acquire
from practice_repo.commands.publish import publish
from practice_repo.commands.publish_shipped import with_version
from practice_repo.permissions import ANALYST, LIBRARY
from practice_repo.practice import read_practice, shipped_practices
from practice_repo.queries.library import library
from processes.customer_base.mailing import mailbox
from webapp.cli.user import add_user
from webapp.known_names import known_names
from webapp.library_start import open_library
from webapp.notice_mail import mail_notices
from webapp.practice_bench import bench
from webapp.settings import Settings
from webapp.tables import Enterprise, Role
from webapp.wiring import wire

ANNA = Actor("anna", frozenset({ANALYST}), enterprise_id="acme")


@pytest.fixture
def wiring(sqlite_store: Store, clock: VirtualClock, tmp_path):
    wiring = wire(Settings(data_directory=tmp_path, secret_key="for tests"), clock=clock, store=sqlite_store)

    def people(work):
        add_user(
            work.session,
            name="anna",
            full_name="Anna Berg 安娜",
            password="long enough, is it?",
            roles=(ANALYST,),
            enterprise_id="acme",
            email="anna@acme.example",
            now=clock.now(),
        )

    wiring.run(people)
    return wiring


def review() -> list:
    return [read_practice(folder) for folder in shipped_practices() if folder.name == "contribution_review"]


def ask(wiring, query, **arguments):
    with wiring.store.reading() as work:
        return query(work, **arguments)


def test_opening_the_library_twice_changes_nothing(wiring):
    open_library(wiring, review())
    open_library(wiring, review())

    assert [(each.id, each.version) for each in ask(wiring, library).rows] == [("contribution_review", "1.0.0")]
    with wiring.store.reading() as work:
        assert work.session.get(Enterprise, LIBRARY) is not None
        assert work.session.get(Role, (LIBRARY, "library_editor")) is not None


def test_adopters_get_one_mail_about_a_new_version(wiring):
    open_library(wiring, review())
    now = wiring.clock.now()
    wiring.run(lambda work: acquire(work, item_id="contribution_review", actor=ANNA, now=now))
    newer = with_version(Package.of(review()[0]), "1.1.0")
    wiring.run(lambda work: publish(work, package=newer, actor=SYSTEM, now=now, notes="Clearer names"))

    assert mail_notices(wiring.store, wiring.resources, now) == 1
    assert mail_notices(wiring.store, wiring.resources, now) == 0
    with wiring.resources.session_for("acme", now) as session:
        sent = [(each.recipient, each.subject) for each in mailbox(session)]
    assert sent == [("anna@acme.example", "Contribution review 1.1.0 was released: Clearer names")]


def test_the_screening_knows_the_enterprise_and_its_people(wiring):
    known = ask(wiring, known_names, enterprise_id="acme")

    assert "Anna Berg" in known.persons
    assert "安娜" in known.persons


def test_the_bench_has_the_groups_and_handlers_of_the_installation(wiring):
    found = bench(wiring, ANNA)

    assert ANALYST in found.groups
    assert {"practice.release", "crm.convert_lead"} <= found.topics
