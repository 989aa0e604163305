"""People look around in the library, acquire what they like, follow it, and compare its versions."""

import re

import pytest

from practice_repo.commands.publish_shipped import with_version
from practice_repo.tables import PracticeCandidate, PracticeFollower, PracticeVersion
from tests.support.office import counted_statements
from tests.support.practice_office import ITEM, practice_with_option
from tests.support.small_practice import small_practice

pytestmark = pytest.mark.usefixtures("practices")


def copies(*numbers: int) -> list:
    """Practices beside the small one, each with an id and a name of its own."""
    package = small_practice()
    card = package.files["practice.toml"].decode()
    return [
        package.with_files(
            {
                "practice.toml": card.replace('id = "triage"', f'id = "triage_{n}"')
                .replace("Triage", f"Sorting {n}")
                .encode()
            }
        )
        for n in numbers
    ]


def test_the_list_shows_practices_and_facets_with_counts(visit):
    page = visit("ines").get("/library").text

    assert "1 practice" in page
    assert "Look at a request and answer it." in page
    assert "/library?area=service" in page
    assert "claimed" in page


def test_the_list_speaks_chinese(visit):
    ines = visit("ines")
    ines.post("/language/zh_Hans")

    page = ines.get("/library").text

    assert "分诊" in page
    assert "查看请求并答复。" in page
    assert "Triage" not in page


def test_words_and_facets_narrow_the_list(visit, practices):
    practices.ship(*copies(1, 2))
    ines = visit("ines")

    assert "3 practices" in ines.get("/library?area=service&pcf=10182").text
    assert "1 practice" in ines.get("/library?q=sorting 2").text
    assert "No practice fits." in ines.get("/library?q=nothing like it").text
    assert "No practice fits." in ines.get("/library?area=sales").text


def test_a_facet_that_is_chosen_leads_back(visit):
    page = visit("ines").get("/library?area=service&q=request").text

    assert 'aria-current="true"' in page
    assert 'href="/library?q=request"' in page


@pytest.mark.parametrize("query", ["pcf=ten", "evidence_level=x", "pcf=10182&evidence_level=high"])
def test_a_wrong_value_of_a_facet_is_told_kindly(visit, query):
    answer = visit("ines").get(f"/library?{query}")

    assert answer.status_code == 400
    assert "must be numbers" in answer.text


@pytest.mark.parametrize("query", ["sort=nonsense", "offset=-5", "offset=many", "area=", "sort=name&offset=0"])
def test_other_odd_addresses_show_the_list(visit, query):
    assert "1 practice" in visit("ines").get(f"/library?{query}").text


def test_long_lists_have_pages(visit, practices):
    practices.ship(*copies(*range(25)))
    ines = visit("ines")

    first, second = ines.get("/library").text, ines.get("/library?offset=24").text

    assert "26 practices" in first
    assert "/library?offset=24" in first
    assert "/library?offset=0" in second
    assert second.count("/library/triage") == 2


def test_the_number_of_statements_does_not_grow_with_the_library(visit, practices):
    def statements() -> int:
        with counted_statements(practices.store) as sent:
            ines.get("/library")
        return len(sent)

    ines = visit("ines")
    ines.get("/library")
    few = statements()
    practices.ship(*copies(*range(12)))
    for number in range(6):
        practices.acquired(item_id=f"triage_{number}")

    assert statements() == few


def test_a_practice_shows_its_questions_figures_roles_and_parts(visit):
    page = visit("ines").get(f"/library/{ITEM}").text

    for text in ("Who approves?", "one click", "Answered", "higher is better", "Clerk", "level.dmn", "PCF 10182"):
        assert text in page
    assert "Acquire" not in page


def test_a_practice_in_chinese(visit):
    ines = visit("ines")
    ines.post("/language/zh_Hans")

    page = ines.get(f"/library/{ITEM}").text

    for text in ("分诊", "谁审批?", "文员", "已答复"):
        assert text in page


def test_files_can_be_looked_at(visit):
    ines = visit("ines")
    version = version_id(ines)

    model = ines.get(f"/library/{ITEM}/versions/{version}/process.bpmn")
    form = ines.get(f"/library/{ITEM}/versions/{version}/forms/look.json")

    assert model.mimetype == "application/xml"
    assert b'id="look"' in model.data
    assert form.mimetype == "text/plain"
    assert ines.get(f"/library/{ITEM}/versions/{version}/none.bpmn").status_code == 404


def version_id(visitor) -> str:
    return re.search(f"/library/{ITEM}/versions/([0-9a-f]+)/", visitor.get(f"/library/{ITEM}").text)[1]


@pytest.mark.parametrize(
    "address", ["/library/nothing", f"/library/{ITEM}?version=9.9.9", f"/library/{ITEM}/versions/x/y"]
)
def test_what_the_library_does_not_have_is_not_found(visit, address):
    assert visit("ines").get(address).status_code == 404


def test_strangers_are_asked_to_sign_in(visit):
    assert visit().get("/library").location.startswith("/sign-in")


def test_an_analyst_acquires_a_practice(visit, practices):
    anna = visit("anna")

    answer = anna.post(f"/library/{ITEM}/candidates", {"version": "1.0.0"})

    found = practices.row(PracticeCandidate)
    assert answer.request.path == f"/practices/{found.id}"
    assert (found.item_id, found.enterprise_id, found.state, found.acquired_by) == (ITEM, "acme", "acquired", "anna")
    assert "Acquired. Answer the questions" in answer.text
    assert f"/practices/{found.id}" in anna.get(f"/library/{ITEM}").text


def test_a_part_can_be_acquired_alone(visit, practices):
    answer = visit("anna").post(f"/library/{ITEM}/candidates", {"version": "1.0.0", "files": ["level.dmn"]})

    assert answer.status_code == 200
    assert practices.row(PracticeCandidate).component == ["level.dmn"]


def test_an_unknown_part_is_refused(visit, practices):
    answer = visit("anna").post(f"/library/{ITEM}/candidates", {"files": ["gone.dmn"]})

    assert answer.status_code in (400, 404)
    assert "gone.dmn" in answer.text
    assert practices.rows(PracticeCandidate) == []


@pytest.mark.parametrize("name", ["ines", "rolf"])
def test_others_may_not_acquire(visit, practices, name):
    answer = visit(name).post(f"/library/{ITEM}/candidates", {"version": "1.0.0"})

    assert answer.status_code == 403
    assert "process_analyst" in answer.text
    assert practices.rows(PracticeCandidate) == []


def test_an_enterprise_does_not_see_that_another_one_has_the_practice(visit, practices):
    candidate_id = practices.acquired()

    page = visit("otto").get(f"/library/{ITEM}").text

    assert candidate_id not in page
    assert "You have it already" not in page
    assert "1 adopter" in page


def test_a_practice_is_followed_and_no_longer_followed(visit, practices):
    anna = visit("anna")

    anna.post(f"/library/{ITEM}/follow", {"follow": "yes"})
    assert practices.row(PracticeFollower).enterprise_id == "acme"
    assert "You will be told of new versions." in anna.page
    anna.post(f"/library/{ITEM}/follow", {"follow": "no"})

    assert practices.rows(PracticeFollower) == []


def test_a_new_version_shows_what_changed_and_leads_to_the_comparison(visit, practices):
    practices.ship_next("1.1.0")
    first, second = sorted(practices.rows(PracticeVersion), key=lambda row: row.number)
    ines = visit("ines")

    page = ines.get(f"/library/{ITEM}").text
    assert "Changed in 1.1.0" in page
    assert "Rename the user task" in page
    address = f"/compare?before=version:{first.id}&after=version:{second.id}"
    assert address.replace("&", "&amp;") in page
    comparison = ines.get(address).text

    assert "2 changes" in comparison
    assert "Look closely" in comparison
    assert "Take back" not in comparison
    diagram = ines.get(f"/compare/diagram.bpmn?before=version:{first.id}&after=version:{second.id}&file=process.bpmn")
    assert b'name="Look closely"' in diagram.data


def test_an_older_version_can_be_looked_at_and_acquired(visit, practices):
    practices.ship_next("1.1.0")
    anna = visit("anna")

    assert "version 1.0.0" in anna.get(f"/library/{ITEM}?version=1.0.0").text
    anna.post(f"/library/{ITEM}/candidates", {"version": "1.0.0"})

    old = next(row for row in practices.rows(PracticeVersion) if row.version == "1.0.0")
    assert practices.row(PracticeCandidate).origin_version_id == old.id


def test_two_that_say_the_same_have_nothing_to_compare(visit, practices):
    version = practices.row(PracticeVersion).id

    assert (
        "The two say the same." in visit("ines").get(f"/compare?before=version:{version}&after=version:{version}").text
    )


def test_comparing_asks_for_two_states_that_exist(visit, practices):
    version = practices.row(PracticeVersion).id
    ines = visit("ines")

    for address in (
        "/compare",
        f"/compare?before=version:{version}",
        f"/compare?before=version:{version}&after=version:0",
        f"/compare?before=version:{version}&after=nonsense:{version}",
        f"/compare/diagram.bpmn?before=version:{version}&after=version:{version}&file=none.bpmn",
    ):
        assert ines.get(address).status_code in (400, 404), address


def test_the_drafts_of_others_cannot_be_compared(visit, practices):
    candidate_id = practices.acquired()
    address = f"/compare?before=origin:{candidate_id}&after=draft:{candidate_id}"

    assert visit("ines").get(address).status_code == 200
    assert visit("otto").get(address).status_code == 404


def test_a_version_without_notes_in_chinese_has_words(visit, practices):
    practices.ship(with_version(practice_with_option(), "1.0.1"))
    ines = visit("ines")
    ines.post("/language/zh_Hans")

    assert "随产品发布" in ines.get(f"/library/{ITEM}").text
