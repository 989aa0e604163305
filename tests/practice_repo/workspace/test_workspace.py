import pytest

from engine.commands.start_process import start_process
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted
from engine.handlers import Handlers
from engine.store.actor import Actor
from practice_repo.algebra.operations import describe
from practice_repo.bindings import Bindings
from practice_repo.candidate_states import LABELS, TRANSITIONS
from practice_repo.commands.add_component import add_component
from practice_repo.commands.bind import bind
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.discard_draft import discard_draft
from practice_repo.commands.make_available import make_available
from practice_repo.commands.move_candidate import move_candidate
from practice_repo.commands.remove_candidate import remove_candidate
from practice_repo.commands.rename_candidate import rename_candidate
from practice_repo.commands.restore_commit import restore_commit
from practice_repo.commands.save_draft import save_draft
from practice_repo.commands.undo_operation import undo_operation
from practice_repo.errors import NotValid, StaleDraft
from practice_repo.queries.library import version_id
from practice_repo.queries.upgrades import instances_on_old_versions
from practice_repo.queries.validations import validations
from practice_repo.queries.workspace import (
    bindable,
    candidate,
    candidates,
    commit_package,
    commits,
    compare,
    draft_file,
    draft_package,
    operations,
    origin_package,
)
from practice_repo.validation import Bench, validate
from tests.practice_repo.workspace.shelf import practice
from tests.support.office import counted_statements

MODEL = "process.bpmn"


def edit(desk, id, before: bytes, after: bytes, name=MODEL, actor=None):
    actor = actor or desk.nora
    was = desk.ask(draft_file, candidate_id=id, name=name, actor=actor)
    assert before in was.content
    content = was.content.replace(before, after)
    return desk.do(save_draft, candidate_id=id, name=name, content=content, expected_digest=was.digest, actor=actor)


def row(desk, id):
    return desk.ask(candidate, candidate_id=id, actor=desk.nora).row


def check(desk, id, bench=None):
    return validate(desk.store, candidate_id=id, actor=desk.nora, now=desk.now, bench=bench)


def handlers() -> Handlers:
    known = Handlers()
    known.register("crm.gift")(lambda job: {})
    return known


# Acquire --------------------------------------------------------------------------------------------------------------


def test_an_acquired_practice_is_pinned_with_source_licence_and_checksum(desk):
    id = desk.acquired()
    desk.ship(practice("1.1.0", gift="Send two gifts"))

    found = desk.ask(candidate, candidate_id=id, actor=desk.nora)
    assert (found.row.state, found.row.origin_version, found.row.newest_version) == ("acquired", "1.0.0", "1.1.0")
    assert (found.licence, found.source, found.checksum) == ("Apache-2.0", "library", practice().digest)
    assert [(each.from_state, each.to_state) for each in found.history] == [("found", "acquired")]
    assert [each.name for each in found.files if each.is_changed or each.is_draft] == []


def test_a_copy_differs_from_its_origin_by_nothing_but_its_lineage(desk):
    id = desk.acquired()

    assert desk.ask(operations, candidate_id=id, actor=desk.nora) == ()
    assert b'praxis:uid="call"' in desk.ask(draft_package, candidate_id=id, actor=desk.nora).files[MODEL]
    origin = desk.ask(origin_package, candidate_id=id, actor=desk.nora)
    assert origin.meaning == practice().meaning
    assert origin.files == desk.ask(draft_package, candidate_id=id, actor=desk.nora).files


def test_acquiring_is_the_analysts_work(sqlite_desk):
    clerk = Actor("carl", frozenset({"finance"}), enterprise_id="demo")
    boss = Actor("olga", is_supervisor=True, enterprise_id="demo")

    with pytest.raises(NotPermitted, match="process_analyst"):
        sqlite_desk.acquired(actor=clerk)
    assert sqlite_desk.acquired(actor=boss)


def test_only_a_part_is_acquired_when_only_a_part_is_wanted(sqlite_desk):
    id = sqlite_desk.acquired(files=["forms/call.json"])

    assert [each.name for each in sqlite_desk.ask(candidate, candidate_id=id, actor=sqlite_desk.nora).files] == [
        "forms/call.json"
    ]
    assert check(sqlite_desk, id).passed
    with pytest.raises(InvalidState, match="component"):
        sqlite_desk.do(make_available, candidate_id=id)
    with pytest.raises(NotFound, match=r"no file 'x\.dmn'"):
        sqlite_desk.acquired(files=["x.dmn"])


def test_a_component_is_put_into_another_practice(sqlite_desk):
    whole, part = sqlite_desk.acquired(), sqlite_desk.acquired(files=["forms/call.json"])
    edit(sqlite_desk, part, b'"Note"', b'"What was said"', "forms/call.json")
    sqlite_desk.do(commit_draft, candidate_id=part, message="clearer")

    sqlite_desk.do(add_component, candidate_id=whole, from_candidate_id=part, files=["forms/call.json"])

    assert (
        b"What was said"
        in sqlite_desk.ask(draft_package, candidate_id=whole, actor=sqlite_desk.nora).files["forms/call.json"]
    )
    assert sqlite_desk.ask(commits, candidate_id=whole, actor=sqlite_desk.nora)[0].kind == "component"


def test_nobody_sees_another_enterprises_workspace(desk):
    id = desk.acquired()
    head = row(desk, id).head_commit_id

    assert desk.ask(candidates, enterprise_id="machines") == ()
    for query, arguments in (
        (candidate, {"candidate_id": id}),
        (draft_file, {"candidate_id": id, "name": MODEL}),
        (operations, {"candidate_id": id}),
        (commit_package, {"commit_id": head}),
        (validations, {"candidate_id": id}),
        (compare, {"before": f"origin:{id}", "after": f"draft:{id}"}),
    ):
        with pytest.raises(NotFound):
            desk.ask(query, actor=desk.otto, **arguments)
    for command, arguments in (
        (commit_draft, {"message": "mine"}),
        (make_available, {}),
        (remove_candidate, {"reason": "mine"}),
        (save_draft, {"name": MODEL, "content": b"", "expected_digest": None}),
    ):
        with pytest.raises(NotFound):
            desk.do(command, candidate_id=id, actor=desk.otto, **arguments)


def test_the_list_takes_the_same_number_of_statements_for_one_and_for_many(sqlite_desk):
    sqlite_desk.acquired()
    with counted_statements(sqlite_desk.store) as few:
        sqlite_desk.ask(candidates, enterprise_id="demo")
    for _ in range(4):
        sqlite_desk.acquired()

    with counted_statements(sqlite_desk.store) as many:
        assert len(sqlite_desk.ask(candidates, enterprise_id="demo")) == 5

    assert len(many) == len(few)


# Tailor ---------------------------------------------------------------------------------------------------------------


def test_every_edit_is_an_operation_against_the_origin(desk):
    id = desk.acquired()
    edit(desk, id, b"Send a gift", b"Send flowers")

    changed = desk.ask(operations, candidate_id=id, actor=desk.nora)
    assert [(each.type, each.target) for each in changed] == [("Rename", "gift")]
    assert "Send flowers" in describe(changed[0], "en")
    assert (row(desk, id).state, row(desk, id).has_draft) == ("tailored", True)


def test_a_stale_save_is_refused_and_names_what_is_there(desk):
    id = desk.acquired()
    was = desk.ask(draft_file, candidate_id=id, name=MODEL, actor=desk.nora)
    saved = edit(desk, id, b"Send a gift", b"Send flowers")

    with pytest.raises(StaleDraft, match="was saved meanwhile") as refused:
        desk.do(save_draft, candidate_id=id, name=MODEL, content=b"x", expected_digest=was.digest)
    assert refused.value.current_digest == saved.digest


@pytest.mark.parametrize("name", ["../x", "a/b/c", "forms/", "", ".hidden", "forms/../x"])
def test_a_file_keeps_to_the_folders_of_a_practice(sqlite_desk, name):
    id = sqlite_desk.acquired()

    with pytest.raises(InvalidInput, match="no file name"):
        sqlite_desk.do(save_draft, candidate_id=id, name=name, content=b"x", expected_digest=None)


def test_files_come_and_go_in_the_draft(sqlite_desk):
    id = sqlite_desk.acquired()
    form = sqlite_desk.ask(draft_file, candidate_id=id, name="forms/call.json", actor=sqlite_desk.nora)
    sqlite_desk.do(save_draft, candidate_id=id, name="docs/hint.md", content=b"Hint", expected_digest=None)
    sqlite_desk.do(save_draft, candidate_id=id, name="forms/call.json", content=None, expected_digest=form.digest)

    changed = sqlite_desk.ask(operations, candidate_id=id, actor=sqlite_desk.nora)
    assert {(each.type, each.file) for each in changed} == {
        ("AddFile", "docs/hint.md"),
        ("RemoveFile", "forms/call.json"),
    }
    for operation in changed:
        sqlite_desk.do(undo_operation, candidate_id=id, operation_id=operation.id)
    assert sqlite_desk.ask(operations, candidate_id=id, actor=sqlite_desk.nora) == ()


def test_one_change_is_undone_and_the_others_stay(desk):
    id = desk.acquired()
    edit(desk, id, b"Send a gift", b"Send flowers")
    edit(desk, id, b"Call the customer", b"Ring the customer up")
    first = next(each for each in desk.ask(operations, candidate_id=id, actor=desk.nora) if each.target == "gift")

    left = desk.do(undo_operation, candidate_id=id, operation_id=first.id)

    assert [each.target for each in left] == ["call"]
    content = desk.ask(draft_file, candidate_id=id, name=MODEL, actor=desk.nora).content
    assert b"Send a gift" in content
    assert b"Ring the customer up" in content
    with pytest.raises(NotFound, match="reload"):
        desk.do(undo_operation, candidate_id=id, operation_id=first.id)


def test_commits_remember_who_changed_what_for_which_reason(desk):
    id = desk.acquired()
    edit(desk, id, b"Send a gift", b"Send flowers")
    desk.do(commit_draft, candidate_id=id, message=" Flowers are cheaper ")

    newest, first = desk.ask(commits, candidate_id=id, actor=desk.nora)
    assert (newest.number, newest.kind, newest.message, newest.author) == (2, "edit", "Flowers are cheaper", "nora")
    assert (newest.parents, newest.operation_count, newest.is_head, newest.checked) == ((first.id,), 1, True, None)
    assert (first.kind, first.is_head) == ("acquire", False)
    with pytest.raises(InvalidState, match="no changes"):
        desk.do(commit_draft, candidate_id=id, message="again")
    with pytest.raises(InvalidInput, match="version note"):
        desk.do(commit_draft, candidate_id=id, message="  ")


def test_a_draft_is_discarded_and_an_old_state_restored(desk):
    id = desk.acquired()
    first = row(desk, id).head_commit_id
    edit(desk, id, b"Send a gift", b"Send flowers")
    desk.do(commit_draft, candidate_id=id, message="Flowers")
    edit(desk, id, b"Send flowers", b"Send wine")

    with pytest.raises(InvalidState, match="without a version note"):
        desk.do(restore_commit, commit_id=first)
    desk.do(discard_draft, candidate_id=id)
    assert b"Send flowers" in desk.ask(draft_file, candidate_id=id, name=MODEL, actor=desk.nora).content
    desk.do(restore_commit, commit_id=first)
    assert desk.ask(operations, candidate_id=id, actor=desk.nora) == ()
    assert [each.kind for each in desk.ask(commits, candidate_id=id, actor=desk.nora)] == ["restore", "edit", "acquire"]


def test_any_two_states_can_be_compared(desk):
    id = desk.acquired()
    edit(desk, id, b"Send a gift", b"Send flowers")
    desk.ship(practice("1.1.0", call="Ring up"))
    newest = desk.ask(version_id, item_id="welcome")

    def between(before, after):
        found = desk.ask(compare, before=before, after=after, actor=desk.nora)
        return sorted(each.target for each in found.operations if each.file == MODEL)

    assert between(f"origin:{id}", f"draft:{id}") == ["gift"]
    assert between(f"commit:{row(desk, id).head_commit_id}", f"draft:{id}") == ["gift"]
    assert between(f"draft:{id}", f"version:{newest}") == ["call", "gift"]
    with pytest.raises(InvalidInput, match="names no state"):
        between("nowhere", f"draft:{id}")


# Convert --------------------------------------------------------------------------------------------------------------


def test_only_a_checked_state_becomes_available(desk):
    id = desk.acquired()
    with pytest.raises(NotValid, match="run the checks first"):
        desk.do(make_available, candidate_id=id)
    report = check(desk, id, Bench(handlers=handlers))

    assert [(each.key, each.state) for each in report.checks] == [
        ("read", "passed"),
        ("gate", "passed"),
        ("soundness", "passed"),
        ("rules", "skipped"),
        ("references", "passed"),
        ("bindings", "passed"),
        ("dry_run", "passed"),
    ]
    assert report.checks[-1].detail["covered"] == ["begun", "call", "done", "gift"]
    assert desk.ask(validations, candidate_id=id, actor=desk.nora) == (report,)
    desk.do(make_available, candidate_id=id)
    assert (row(desk, id).state, row(desk, id).is_valid) == ("available", True)
    assert [each.process_id for each in row(desk, id).deployed] == ["welcome"]


def test_an_available_variant_runs_and_its_cases_are_counted(desk):
    id = desk.acquired()
    check(desk, id)
    desk.do(make_available, candidate_id=id)
    desk.do(start_process, enterprise_id="demo", process_id="welcome", actor=Actor("sue", frozenset({"sales_rep"})))

    assert row(desk, id).running_instances == 1
    assert desk.ask(instances_on_old_versions, candidate_id=id, actor=desk.nora) == ()
    edit(desk, id, b"Send a gift", b"Send flowers")
    desk.do(commit_draft, candidate_id=id, message="Flowers")
    assert (row(desk, id).state, row(desk, id).is_valid) == ("tailored", False)
    check(desk, id)
    desk.do(make_available, candidate_id=id)
    assert [each.version for each in desk.ask(instances_on_old_versions, candidate_id=id, actor=desk.nora)] == [1]


def test_a_failed_check_says_where_and_keeps_the_variant_back(desk):
    id = desk.acquired()
    edit(desk, id, b' sourceRef="gift" targetRef="done"', b' sourceRef="gift" targetRef="gift"')
    desk.do(commit_draft, candidate_id=id, message="A dead end")

    report = check(desk, id)

    assert not report.passed
    assert "done" in {each.element_id for each in report.errors}
    assert report.checks[-1].state == "skipped"  # it would never end
    with pytest.raises(NotValid, match="did not pass") as refused:
        desk.do(make_available, candidate_id=id)
    assert refused.value.report.errors == report.errors
    assert desk.ask(commits, candidate_id=id, actor=desk.nora)[0].checked is False


def test_unreadable_files_fail_the_first_check_and_skip_the_rest(sqlite_desk):
    id = sqlite_desk.acquired()
    edit(sqlite_desk, id, b"</bpmn:definitions>", b"")
    sqlite_desk.do(commit_draft, candidate_id=id, message="Broken")

    report = check(sqlite_desk, id)

    assert [each.state for each in report.checks] == ["failed", *["skipped"] * 6]
    assert report.checks[0].findings[0].file == MODEL


def test_a_scenario_that_fails_is_named(sqlite_desk):
    id = sqlite_desk.acquired()
    edit(sqlite_desk, id, b'"gift"]', b'"lunch"]', "scenarios.toml")
    sqlite_desk.do(commit_draft, candidate_id=id, message="Expect lunch")

    found = check(sqlite_desk, id).checks[-1]

    assert (found.state, found.detail["scenarios"][0]["passed"]) == ("failed", False)
    assert "usual" in found.findings[0].message


def test_roles_and_services_are_bound_to_what_the_enterprise_has(desk):
    id = desk.acquired()
    bench = Bench(groups=frozenset({"verkauf"}), topics=frozenset({"erp.gift"}))
    told = {each.rule: each.message for each in check(desk, id, bench).errors}
    assert told.keys() == {"binding-role", "binding-topic"}

    bindings = Bindings(
        roles={"sales_rep": "verkauf"}, topics={"crm.gift": "erp.gift"}, currency="CNY", time_zone="Asia/Shanghai"
    )
    desk.do(bind, candidate_id=id, bindings=bindings)

    assert check(desk, id, bench).passed
    seen = desk.ask(bindable, candidate_id=id, actor=desk.nora, groups={"verkauf"}, topics={"erp.gift"})
    assert [(each.key, each.bound_to, each.is_known) for each in seen.roles] == [("sales_rep", "verkauf", True)]
    assert [(each.topic, each.bound_to, each.is_known) for each in seen.topics] == [("crm.gift", "erp.gift", True)]
    deployed = desk.do(make_available, candidate_id=id)
    with pytest.raises(NotPermitted):
        desk.do(start_process, definition_id=deployed.definitions[0].definition_id, enterprise_id="demo",
                actor=Actor("sue", frozenset({"sales_rep"})))  # fmt: skip
    assert desk.ask(operations, candidate_id=id, actor=desk.nora) == ()  # bindings are no part of the variant


@pytest.mark.parametrize(
    "values", [{"currency": "euro"}, {"time_zone": "Mars"}, {"language": "fr"}, {"roles": {"sales_rep": ""}}]
)
def test_bindings_that_make_no_sense_are_refused(values):
    with pytest.raises(InvalidInput):
        Bindings(**values)


# The life of a candidate ----------------------------------------------------------------------------------------------


def test_every_state_has_a_name_and_a_way_on():
    assert set(LABELS) == set(TRANSITIONS)
    assert {to for targets in TRANSITIONS.values() for to in targets} <= set(TRANSITIONS)


def test_a_candidate_goes_from_acquired_to_measured(desk):
    id = desk.acquired()
    check(desk, id)
    desk.do(make_available, candidate_id=id)
    for state in ("selected", "executing", "completed", "measured"):
        desk.do(move_candidate, candidate_id=id, to_state=state)

    assert [each.to_state for each in desk.ask(candidate, candidate_id=id, actor=desk.nora).history] == [
        "acquired",
        "available",
        "selected",
        "executing",
        "completed",
        "measured",
    ]
    with pytest.raises(InvalidState, match="possible now"):
        desk.do(move_candidate, candidate_id=id, to_state="executing")


def test_states_that_other_verbs_lead_to_are_not_reached_by_hand(sqlite_desk):
    id = sqlite_desk.acquired()

    with pytest.raises(InvalidInput, match="make_available"):
        sqlite_desk.do(move_candidate, candidate_id=id, to_state="available")


def test_what_is_being_rolled_out_is_not_edited(sqlite_desk):
    id = sqlite_desk.acquired()
    check(sqlite_desk, id)
    sqlite_desk.do(make_available, candidate_id=id)
    sqlite_desk.do(move_candidate, candidate_id=id, to_state="selected")

    with pytest.raises(InvalidState, match="cannot be changed now"):
        edit(sqlite_desk, id, b"Send a gift", b"Send flowers")


def test_a_given_up_practice_leaves_the_list_and_keeps_its_history(sqlite_desk):
    id = sqlite_desk.acquired()
    sqlite_desk.do(rename_candidate, candidate_id=id, title="Our welcome")
    sqlite_desk.do(remove_candidate, candidate_id=id, reason="too expensive")

    assert sqlite_desk.ask(candidates, enterprise_id="demo") == ()
    assert [each.title for each in sqlite_desk.ask(candidates, enterprise_id="demo", state="aborted")] == [
        "Our welcome"
    ]
    history = sqlite_desk.ask(candidate, candidate_id=id, actor=sqlite_desk.nora).history
    assert history[-1].reason == "too expensive"


def test_a_step_that_was_put_in_is_taken_out_with_its_connections(desk):
    id = desk.acquired()
    before = desk.ask(draft_package, candidate_id=id, actor=desk.nora).documents[MODEL].digest
    edit(
        desk,
        id,
        b"<bpmn:endEvent ",
        b'<bpmn:manualTask id="card" name="Card"/><bpmn:sequenceFlow id="card_to_done" sourceRef="card"'
        b' targetRef="done"/><bpmn:endEvent ',
    )
    edit(desk, id, b' sourceRef="gift" targetRef="done"', b' sourceRef="gift" targetRef="card"')
    (inserted,) = desk.ask(operations, candidate_id=id, actor=desk.nora)
    assert "card" in inserted.creates

    assert desk.do(undo_operation, candidate_id=id, operation_id=inserted.id) == ()

    assert desk.ask(draft_package, candidate_id=id, actor=desk.nora).documents[MODEL].digest == before
