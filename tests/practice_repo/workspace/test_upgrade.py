import json

import pytest

from engine.commands.start_process import start_process
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.store.actor import Actor
from practice_repo.algebra.package import Package, package_difference
from practice_repo.commands.choose_options import choose_options
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.decline_upgrade import decline_upgrade
from practice_repo.commands.finish_upgrade import finish_upgrade
from practice_repo.commands.make_available import make_available
from practice_repo.commands.resolve_conflict import resolve_conflict
from practice_repo.commands.save_draft import save_draft
from practice_repo.errors import Conflicts
from practice_repo.queries.upgrade import upgrade
from practice_repo.queries.upgrades import instances_on_old_versions, upgrades
from practice_repo.queries.workspace import candidate, commits, draft_file, draft_package, operations
from practice_repo.validation import validate
from tests.practice_repo.workspace.shelf import practice

MODEL = "process.bpmn"


def edited(desk, id, before: bytes, after: bytes) -> None:
    was = desk.ask(draft_file, candidate_id=id, name=MODEL, actor=desk.nora)
    assert before in was.content
    content = was.content.replace(before, after)
    desk.do(save_draft, candidate_id=id, name=MODEL, content=content, expected_digest=was.digest)
    desk.do(commit_draft, candidate_id=id, message="our way")


def variant(desk) -> str:
    """A committed variant that renames the gift."""
    id = desk.acquired()
    edited(desk, id, b"Send a gift", b"Send flowers")
    return id


def only_upgrade(desk, state="open"):
    (found,) = desk.ask(upgrades, enterprise_id="demo", state=state)
    return found


def model(desk, id) -> bytes:
    return desk.ask(draft_package, candidate_id=id, actor=desk.nora).files[MODEL]


def test_changes_in_different_places_go_together_by_themselves(desk):
    id = variant(desk)
    desk.ship(practice("1.1.0", call="Ring the customer up"))

    seen = desk.ask(upgrade, upgrade_id=only_upgrade(desk).id, actor=desk.nora)
    assert seen.may_finish
    assert ("ours", "automatic", "gift") in [(each.side, each.state, each.operation.target) for each in seen.steps]
    desk.do(finish_upgrade, upgrade_id=seen.row.id)

    assert b"Send flowers" in model(desk, id)
    assert b"Ring the customer up" in model(desk, id)
    assert desk.ask(candidate, candidate_id=id, actor=desk.nora).row.origin_version == "1.1.0"
    assert [each.target for each in desk.ask(operations, candidate_id=id, actor=desk.nora)] == ["gift"]
    assert desk.ask(commits, candidate_id=id, actor=desk.nora)[0].kind == "upgrade"
    assert only_upgrade(desk, "finished").to_version == "1.1.0"
    with pytest.raises(InvalidState, match="finished already"):
        desk.do(finish_upgrade, upgrade_id=seen.row.id)


def test_single_changes_of_the_newer_version_can_be_left_out(sqlite_desk):
    desk = sqlite_desk
    id = variant(desk)
    desk.ship(practice("1.1.0", call="Ring the customer up"))
    seen = desk.ask(upgrade, upgrade_id=only_upgrade(desk).id, actor=desk.nora)
    (call,) = [each.operation for each in seen.steps if each.operation.target == "call"]

    with pytest.raises(InvalidInput, match="reload the page"):
        desk.do(finish_upgrade, upgrade_id=seen.row.id, without=["of another page"])
    desk.do(finish_upgrade, upgrade_id=seen.row.id, without=[call.id])

    assert b"Ring the customer up" not in model(desk, id)
    assert b"Send flowers" in model(desk, id)
    assert desk.ask(candidate, candidate_id=id, actor=desk.nora).row.origin_version == "1.1.0"
    assert {each.target for each in desk.ask(operations, candidate_id=id, actor=desk.nora)} == {"gift", "call"}


@pytest.mark.parametrize(("choice", "expected"), [("ours", b"Send flowers"), ("theirs", b"Send two gifts")])
def test_a_clash_waits_for_a_decision_and_follows_it(sqlite_desk, choice, expected):
    desk = sqlite_desk
    id = variant(desk)
    desk.ship(practice("1.1.0", gift="Send two gifts"))
    offer = only_upgrade(desk).id
    seen = desk.ask(upgrade, upgrade_id=offer, actor=desk.nora)
    (clash,) = [each.conflict for each in seen.conflicts]
    assert not seen.may_finish
    with pytest.raises(Conflicts, match="not decided"):
        desk.do(finish_upgrade, upgrade_id=offer)
    with pytest.raises(InvalidInput, match="no such conflict"):
        desk.do(resolve_conflict, upgrade_id=offer, conflict_id="other", choice=choice)

    desk.do(resolve_conflict, upgrade_id=offer, conflict_id=clash.id, choice=choice)
    desk.do(finish_upgrade, upgrade_id=offer)

    assert expected in model(desk, id)


def test_a_decision_is_remembered_for_the_next_variant(sqlite_desk):
    desk = sqlite_desk
    variant(desk), variant(desk)
    desk.ship(practice("1.1.0", gift="Send two gifts"))
    first, second = desk.ask(upgrades, enterprise_id="demo", state="open")
    (clash,) = [each.conflict for each in desk.ask(upgrade, upgrade_id=first.id, actor=desk.nora).conflicts]
    desk.do(resolve_conflict, upgrade_id=first.id, conflict_id=clash.id, choice="ours")

    seen = desk.ask(upgrade, upgrade_id=second.id, actor=desk.nora)

    assert [(each.is_remembered, each.resolution.choice) for each in seen.conflicts] == [(True, "ours")]
    assert seen.may_finish


def test_what_upstream_took_over_is_obsolete(sqlite_desk):
    variant(sqlite_desk)
    sqlite_desk.ship(practice("1.1.0", gift="Send flowers"))

    seen = sqlite_desk.ask(upgrade, upgrade_id=only_upgrade(sqlite_desk).id, actor=sqlite_desk.nora)

    assert "obsolete" in {each.state for each in seen.steps if each.operation.target == "gift"}
    assert seen.may_finish


def test_a_newer_version_supersedes_the_offer_of_an_older_one(sqlite_desk):
    variant(sqlite_desk)
    sqlite_desk.ship(practice("1.1.0"))
    sqlite_desk.ship(practice("1.2.0"))

    assert only_upgrade(sqlite_desk).to_version == "1.2.0"
    assert only_upgrade(sqlite_desk, "superseded").to_version == "1.1.0"


def test_an_upgrade_is_declined_with_a_reason(sqlite_desk):
    variant(sqlite_desk)
    sqlite_desk.ship(practice("1.1.0"))
    offer = only_upgrade(sqlite_desk).id
    with pytest.raises(InvalidInput, match="reason"):
        sqlite_desk.do(decline_upgrade, upgrade_id=offer, reason="")

    sqlite_desk.do(decline_upgrade, upgrade_id=offer, reason="next year")

    assert only_upgrade(sqlite_desk, "declined").id == offer


def test_another_enterprises_upgrade_does_not_exist(sqlite_desk):
    variant(sqlite_desk)
    sqlite_desk.ship(practice("1.1.0"))
    offer = only_upgrade(sqlite_desk).id

    assert sqlite_desk.ask(upgrades, enterprise_id="machines") == ()
    for command, more in ((finish_upgrade, {}), (decline_upgrade, {"reason": "x"})):
        with pytest.raises(NotFound):
            sqlite_desk.do(command, upgrade_id=offer, actor=sqlite_desk.otto, **more)
    with pytest.raises(NotFound):
        sqlite_desk.ask(upgrade, upgrade_id=offer, actor=sqlite_desk.otto)


def test_running_cases_stay_on_their_version_until_they_are_moved(desk):
    id = variant(desk)
    validate(desk.store, candidate_id=id, actor=desk.nora, now=desk.now)
    desk.do(make_available, candidate_id=id)
    sue = Actor("sue", frozenset({"sales_rep"}))
    case = desk.do(start_process, enterprise_id="demo", process_id="welcome", actor=sue)
    desk.ship(practice("1.1.0", call="Ring the customer up"))
    desk.do(finish_upgrade, upgrade_id=only_upgrade(desk).id)
    validate(desk.store, candidate_id=id, actor=desk.nora, now=desk.now)
    desk.do(make_available, candidate_id=id)

    old = desk.ask(instances_on_old_versions, candidate_id=id, actor=desk.nora)
    assert [(each.id, each.version) for each in old] == [(case.process_instance_id, 1)]


# Options -----------------------------------------------------------------------------------------------------------


def with_option(package: Package) -> Package:
    """The practice whose question is answered by operations: a second call is another name of the task."""
    asked = practice(call="Call the customer twice")
    changes = [each.to_json() for each in package_difference(practice(), asked)]
    content = {"point": "second_call", "option": "yes", "operations": changes}
    return package.with_files({"options/second_call.yes.json": json.dumps(content).encode()})


def test_an_answer_brings_its_operations_and_keeps_free_edits(desk):
    desk.ship(with_option(practice("1.1.0")))
    id = variant(desk)

    desk.do(choose_options, candidate_id=id, choices={"second_call": "yes"})
    assert b"Call the customer twice" in model(desk, id)
    assert b"Send flowers" in model(desk, id)
    assert desk.ask(candidate, candidate_id=id, actor=desk.nora).choices == {"second_call": "yes"}

    desk.do(choose_options, candidate_id=id, choices={"second_call": "no"})
    assert b"Call the customer twice" not in model(desk, id)
    assert b"Send flowers" in model(desk, id)


def test_an_answer_that_clashes_with_an_edit_says_so(sqlite_desk):
    sqlite_desk.ship(with_option(practice("1.1.0")))
    id = sqlite_desk.acquired()
    edited(sqlite_desk, id, b"Call the customer", b"Visit the customer")

    with pytest.raises(Conflicts, match="clash with this choice") as refused:
        sqlite_desk.do(choose_options, candidate_id=id, choices={"second_call": "yes"})

    assert [each.target for each in refused.value.conflicts] == ["call"]


def test_an_answer_that_the_practice_does_not_know_is_refused(sqlite_desk):
    id = sqlite_desk.acquired()

    with pytest.raises(InvalidInput, match="known are no, yes"):
        sqlite_desk.do(choose_options, candidate_id=id, choices={"second_call": "maybe"})
    with pytest.raises(InvalidInput, match="the questions second_call"):
        sqlite_desk.do(choose_options, candidate_id=id, choices={"third_call": "yes"})


def test_an_answer_survives_an_upgrade(sqlite_desk):
    desk = sqlite_desk
    desk.ship(with_option(practice("1.1.0")))
    id = desk.acquired()
    desk.do(choose_options, candidate_id=id, choices={"second_call": "yes"})
    desk.ship(with_option(practice("1.2.0", gift="Send two gifts")))

    desk.do(finish_upgrade, upgrade_id=only_upgrade(desk).id)

    assert b"Call the customer twice" in model(desk, id)
    assert b"Send two gifts" in model(desk, id)
