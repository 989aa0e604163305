"""The library's pages of scenarios and technologies, and packs to take home."""

import pytest

from practice_repo.algebra.package import Package
from practice_repo.commands.publish_shipped import publish_shipped
from practice_repo.packs.archive import unpack
from practice_repo.practice import shipped_practices
from practice_repo.queries.library import version_id
from practice_repo.tables import PracticeCandidate

SHIPPED = {folder.name: folder for folder in shipped_practices()}
NAMES = ("reverse_logistics", "online_returns", "mail_channel")


@pytest.fixture
def library(office):
    packages = [Package.from_folder(SHIPPED[name]) for name in NAMES]
    office.store.run(lambda work: publish_shipped(work, packages, office.now))
    return office


def test_a_scenario_shows_its_situation_and_its_bundle(library, visit):
    page = visit("olga").get("/library/online_returns").text

    assert "Money back two working days after grading" in page
    assert "/library/reverse_logistics" in page
    assert "r7: never" in page


def test_a_technology_shows_its_contract_and_adapters(library, visit):
    page = visit("olga").get("/library/mail_channel").text

    assert "mail.send" in page
    assert "Mailbox on screen" in page
    assert "/library/ticket_to_dispatch" in page


def test_acquiring_a_scenario_acquires_what_it_bundles(library, visit):
    olga = visit("olga")

    answer = olga.post("/library/online_returns/candidates", {"version": "1.0.0"})

    assert answer.status_code == 200
    with library.store.reading() as work:
        [candidate] = work.session.query(PracticeCandidate).all()
        assert (candidate.item_id, candidate.choices["r1"]) == ("reverse_logistics", "generous")


def test_a_version_can_be_taken_home_as_a_pack(library, visit):
    with library.store.reading() as work:
        found = version_id(work, item_id="reverse_logistics")

    answer = visit("olga").client.get(f"/library/reverse_logistics/versions/{found}.praxis")

    pack = unpack(answer.data)
    assert (pack.id, pack.version) == ("reverse_logistics", "1.0.0")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="reverse_logistics-1.0.0.praxis"'
    assert dict(pack.files) == dict(Package.from_folder(SHIPPED["reverse_logistics"]).files)
