import pytest

from engine.errors import InvalidInput, NotFound, NotPermitted
from engine.store.actor import Actor
from practice_repo.commands.acquire import acquire
from practice_repo.commands.add_need import add_need
from practice_repo.commands.change_need import change_need
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.cover_need import cover_need
from practice_repo.commands.remove_candidate import remove_candidate
from practice_repo.commands.save_draft import save_draft
from practice_repo.queries.needs import coverage, need, needs
from tests.support.office import counted_statements


def test_needs_stand_by_priority_and_number(desk):
    for title, priority in (("Nice", "could"), ("First", "must"), ("Second", "must")):
        desk.do(add_need, title=title, priority=priority)

    assert [(each.number, each.title) for each in desk.ask(needs, enterprise_id="demo")] == [
        (2, "First"),
        (3, "Second"),
        (1, "Nice"),
    ]
    assert [each.title for each in desk.ask(needs, enterprise_id="demo", text="eco")] == ["Second"]
    assert desk.ask(needs, enterprise_id="machines") == ()


def test_a_need_without_sense_is_refused(sqlite_desk):
    with pytest.raises(InvalidInput, match="title"):
        sqlite_desk.do(add_need, title=" ")
    with pytest.raises(InvalidInput, match="must, should, could"):
        sqlite_desk.do(add_need, title="X", priority="now")
    with pytest.raises(NotPermitted):
        sqlite_desk.do(add_need, title="X", actor=Actor("carl", enterprise_id="demo"))
    id = sqlite_desk.do(add_need, title="X")
    with pytest.raises(InvalidInput, match="cannot be changed"):
        sqlite_desk.do(change_need, need_id=id, number=7)
    with pytest.raises(NotFound):
        sqlite_desk.do(change_need, need_id=id, state="met", actor=sqlite_desk.otto)


def test_a_need_finds_practices_by_kpi_process_element_area_and_words(desk):
    id = desk.do(add_need, title="More customer care", kpi="calls", area="sales", pcf=10182)

    (suggested,) = desk.ask(need, need_id=id, actor=desk.nora).suggestions
    assert (suggested.item_id, suggested.score) == ("welcome", 1.0)
    assert [each.en for each in suggested.reasons] == [
        "measures Calls",
        "is about Manage leads/opportunities (10182)",
        "is of the same area",
        "speaks of customer",
    ]
    with pytest.raises(NotFound):
        desk.ask(need, need_id=id, actor=desk.otto)


def test_the_matrix_shows_what_is_met_and_where_the_gaps_are(desk):
    met = desk.do(add_need, title="Welcome everybody")
    gap = desk.do(add_need, title="Ring up", kpi="calls")
    variant = desk.acquired()
    desk.do(cover_need, need_id=met, kind="candidate", target_id=variant, degree="full")

    found = desk.ask(coverage, enterprise_id="demo")

    assert [(each.kind, each.id) for each in found.columns] == [("candidate", variant), ("item", "welcome")]
    assert found.cells[met, variant].degree == "full"
    assert found.cells[gap, "welcome"].is_suggested
    assert [each.id for each in found.gaps] == [gap]
    assert {each.id: (each.covered, each.state) for each in found.needs} == {
        met: ("full", "in_work"),
        gap: ("none", "open"),
    }


def test_a_variant_that_was_given_up_meets_nothing(sqlite_desk):
    id = sqlite_desk.do(add_need, title="Welcome")
    variant = sqlite_desk.do(acquire, item_id="welcome", need_id=id)
    assert sqlite_desk.ask(needs, enterprise_id="demo")[0].covered == "partial"

    sqlite_desk.do(remove_candidate, candidate_id=variant, reason="no")

    assert sqlite_desk.ask(needs, enterprise_id="demo")[0].covered == "none"
    assert [each.id for each in sqlite_desk.ask(coverage, enterprise_id="demo").gaps] == [id]


def test_a_note_of_cover_is_taken_away(sqlite_desk):
    id = sqlite_desk.do(add_need, title="Welcome")
    sqlite_desk.do(cover_need, need_id=id, kind="item", target_id="welcome", degree="partial")
    sqlite_desk.do(cover_need, need_id=id, kind="item", target_id="welcome", degree=None)

    assert sqlite_desk.ask(need, need_id=id, actor=sqlite_desk.nora).cover == ()
    with pytest.raises(NotFound):
        sqlite_desk.do(cover_need, need_id=id, kind="item", target_id="nothing", degree="full")


def test_a_need_names_the_changes_that_were_made_for_it(sqlite_desk):
    id = sqlite_desk.do(add_need, title="Write it down")
    variant = sqlite_desk.acquired()
    sqlite_desk.do(save_draft, candidate_id=variant, name="docs/how.md", content=b"So.", expected_digest=None)
    sqlite_desk.do(commit_draft, candidate_id=variant, message="How we do it", need_id=id)

    assert [each.message for each in sqlite_desk.ask(need, need_id=id, actor=sqlite_desk.nora).changes] == [
        "How we do it"
    ]


def test_the_matrix_takes_the_same_number_of_statements_for_one_and_for_many(sqlite_desk):
    sqlite_desk.do(add_need, title="One", kpi="calls")
    with counted_statements(sqlite_desk.store) as few:
        sqlite_desk.ask(coverage, enterprise_id="demo")
    for number in range(4):
        sqlite_desk.do(add_need, title=f"Need {number}", kpi="calls")
        sqlite_desk.acquired()

    with counted_statements(sqlite_desk.store) as many:
        assert len(sqlite_desk.ask(coverage, enterprise_id="demo").needs) == 5

    assert len(many) == len(few)
