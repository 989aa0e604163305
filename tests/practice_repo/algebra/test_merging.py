"""What a merge takes by itself, what it asks, and what the answers do."""

import json

import pytest

from engine.bpmn import read_model
from practice_repo.algebra.difference import difference
from practice_repo.algebra.document import read_document
from practice_repo.algebra.merging import Resolution, merge
from practice_repo.algebra.package import Package
from practice_repo.algebra.rebasing import rebase
from tests.support.models import (
    boundary,
    end,
    flow,
    message,
    message_event,
    model,
    process,
    start,
    throw,
    timer_event,
    user_task,
)

ONE, TWO = user_task("one", name="First"), user_task("two", name="Second")


def document(*parts, roots=""):
    return read_document("process.bpmn", model(process("p", *parts), roots=roots))


def chain(*elements, extra=()):
    """The elements one after the other; flows keep their ids when something is put between their ends."""
    return document(start(), end(), *elements, *extra)


def base():
    return chain(ONE, TWO, extra=[flow("start", "one"), flow("one", "two", flow_id="f"), flow("two", "end")])


def with_inserted(node, node_id, between=("one", "two"), flow_id="f", roots=""):
    """The base with a node between two others: the flow leads to it now, a new one goes on."""
    flows = {"start": flow("start", "one"), "f": flow("one", "two", flow_id="f"), "end": flow("two", "end")}
    name = "f" if flow_id == "f" else flow_id
    flows[name] = flow(between[0], node_id, flow_id="f" if name == "f" else f"{between[0]}_to_{between[1]}")
    return document(start(), end(), ONE, TWO, node, *flows.values(), flow(node_id, between[1], flow_id=f"on_{node_id}"),
                    roots=roots)  # fmt: skip


def renamed(name):
    return chain(
        user_task("one", name=name),
        TWO,
        extra=[flow("start", "one"), flow("one", "two", flow_id="f"), flow("two", "end")],
    )


def order(merged):
    """The ids of the flow nodes along the only way."""
    model_ = read_model(merged.result.write())
    flows = {each.source_id: each.target_id for each in model_.processes[0].flows.values()}
    way = ["start"]
    while way[-1] in flows:
        way.append(flows[way[-1]])
    return way


def test_changes_of_different_elements_are_both_taken():
    theirs = chain(ONE, user_task("two", name="Later"),
                   extra=[flow("start", "one"), flow("one", "two", flow_id="f"), flow("two", "end")])  # fmt: skip

    merged = merge(base(), renamed("Earlier"), theirs)

    assert merged.is_clean
    assert {record.name for record in merged.result.records.values()} >= {"Earlier", "Later"}
    assert [each.type for each in merged.automatic] == ["Rename"]


def test_the_same_field_with_different_values_is_a_conflict_and_keeps_ours_meanwhile():
    merged = merge(base(), renamed("Ours"), renamed("Theirs"))

    (conflict,) = merged.conflicts
    assert (conflict.kind, conflict.field) == ("same_field", "name")
    assert merged.result.records["one"].name == "Ours"
    assert not merged.lost
    assert "First" in conflict.describe("en")
    assert conflict.describe("zh") != conflict.describe("en")


def test_the_same_change_on_both_sides_is_no_conflict():
    merged = merge(base(), renamed("Same"), renamed("Same"))

    assert merged.is_clean
    assert [each.type for each in merged.obsolete] == ["Rename"]


def test_the_same_insertion_under_other_ids_is_no_conflict():
    ours = with_inserted(user_task("mine", name="Check"), "mine")
    theirs = with_inserted(user_task("yours", name="Check"), "yours")

    merged = merge(base(), ours, theirs)

    assert merged.is_clean
    assert merged.result.digest == ours.digest
    assert "mine" in {record.id for record in merged.result.records.values()}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("ours", ["start", "one", "mine", "two", "end"]),
        ("theirs", ["start", "one", "yours", "two", "end"]),
        ("combine", ["start", "one", "mine", "yours", "two", "end"]),
    ],
)
def test_two_insertions_at_one_place_are_asked_and_answered(choice, expected):
    ours = with_inserted(user_task("mine", name="Check"), "mine")
    theirs = with_inserted(user_task("yours", name="Sign"), "yours")
    (conflict,) = merge(base(), ours, theirs).conflicts

    merged = merge(base(), ours, theirs, resolutions=[Resolution(conflict.id, choice)])

    assert conflict.kind == "insert_same_place"
    assert merged.is_clean
    assert order(merged) == expected
    assert [each.id for each in merged.resolved] == [conflict.id]


def test_two_messages_sent_at_one_place_come_one_after_the_other_without_asking():
    roots = message("m1", "told_one") + message("m2", "told_two")
    flows = [flow("start", "one"), flow("one", "two", flow_id="f"), flow("two", "end")]
    plain = document(start(), end(), ONE, TWO, *flows, roots=roots)
    ours = with_inserted(throw("mine", message_event("m1")), "mine", roots=roots)
    theirs = with_inserted(throw("yours", message_event("m2")), "yours", roots=roots)

    merged, turned = merge(plain, ours, theirs), merge(plain, theirs, ours)

    assert merged.is_clean
    assert set(order(merged)) == {"start", "one", "mine", "yours", "two", "end"}
    assert merged.result.digest == turned.result.digest


def test_removing_what_the_other_side_changed_is_a_conflict():
    ours = chain(TWO, extra=[flow("start", "two"), flow("two", "end")])

    (conflict,) = merge(base(), ours, renamed("Still needed")).conflicts

    assert conflict.kind == "delete_change"


def test_attaching_to_what_the_other_side_removed_dangles():
    ours = chain(TWO, extra=[flow("start", "two"), flow("two", "end")])
    late = [boundary("late", "one", timer_event("timeDuration", "PT1H")), end("over"), flow("late", "over")]
    theirs = chain(ONE, TWO, extra=[flow("start", "one"), flow("one", "two", flow_id="f"), flow("two", "end"), *late])

    (conflict,) = merge(base(), ours, theirs).conflicts

    assert conflict.kind == "dangling"
    merged = merge(base(), ours, theirs, resolutions=[Resolution(conflict.id, "theirs")])
    assert merged.result.digest == theirs.digest


def split(kind, *more):
    default = ' default="a"' if kind.startswith("ex") else ""
    return document(
        start(), end(), f'<bpmn:{kind} id="fork"{default}/>',
        f'<bpmn:{kind} id="join"/>', ONE, TWO, flow("start", "fork"), flow("fork", "one", flow_id="a"),
        flow("fork", "two", "" if kind.startswith("par") else "x > 1", flow_id="b"), flow("one", "join"),
        flow("two", "join"), flow("join", "end"), *more,
    )  # fmt: skip


def test_another_kind_of_gateway_and_another_branch_are_a_conflict():
    third = [user_task("three", name="Third"), flow("fork", "three", "x > 2", flow_id="c"), flow("three", "join")]

    merged = merge(split("exclusiveGateway"), split("parallelGateway"), split("exclusiveGateway", *third))

    assert {each.kind for each in merged.conflicts} == {"gateway_type"}
    assert not merged.lost


def test_what_would_deadlock_together_is_asked_and_not_done():
    """Ours adds a branch to the parallel block, theirs ends one before the join: the result must stay sound."""
    plain = split("parallelGateway")
    ours = split(
        "parallelGateway", user_task("three", name="Third"), flow("fork", "three", flow_id="c"), flow("three", "join")
    )
    theirs = document(
        start(), end(), '<bpmn:parallelGateway id="fork"/>', '<bpmn:exclusiveGateway id="join"/>', ONE, TWO,
        flow("start", "fork"), flow("fork", "one", flow_id="a"), flow("fork", "two", flow_id="b"), end("done"),
        flow("one", "done"), flow("two", "join"), flow("join", "end"),
    )  # fmt: skip

    merged = merge(plain, ours, theirs)

    assert merged.conflicts
    assert not [each for each in merged.findings if each.finding.severity == "error"]


def test_an_answer_with_operations_of_its_own_replaces_both():
    (conflict,) = merge(base(), renamed("Ours"), renamed("Theirs")).conflicts
    own = difference(base(), renamed("Agreed"))

    merged = merge(base(), renamed("Ours"), renamed("Theirs"), resolutions=[Resolution(conflict.id, "edit", own)])

    assert merged.is_clean
    assert merged.result.records["one"].name == "Agreed"


def test_an_answer_travels_as_json():
    answer = Resolution("abc", "edit", difference(base(), renamed("Agreed")))

    assert Resolution.from_json(json.loads(json.dumps(answer.to_json()))).to_json() == answer.to_json()


def test_ids_of_ours_stay():
    ours = with_inserted(user_task("mine", name="Check"), "mine")

    merged = merge(base(), ours, renamed("Theirs"))

    assert {each.id for each in merged.result.records.values()} == {each.id for each in ours.records.values()}


FORM = {"type": "default", "id": "f", "components": [{"type": "textfield", "key": "name", "label": "Name", "id": "c1"}]}


def form(*more):
    content = {**FORM, "components": [*FORM["components"], *more]}
    return read_document("forms/f.json", json.dumps(content).encode())


def test_fields_of_both_sides_stand_in_one_form():
    ours = form({"type": "textfield", "key": "phone", "label": "Phone", "id": "c2"})
    theirs = form({"type": "number", "key": "age", "label": "Age", "id": "c3"})

    merged = merge(form(), ours, theirs)

    assert merged.is_clean
    assert {"name", "phone", "age"} <= {each.get("key") for each in json.loads(merged.result.write())["components"]}
    assert merged.result.digest == merge(form(), theirs, ours).result.digest


def test_one_field_key_with_two_types_is_a_conflict():
    ours = form({"type": "textfield", "key": "amount", "label": "Amount", "id": "c2"})
    theirs = form({"type": "number", "key": "amount", "label": "Amount", "id": "c3"})

    assert [each.kind for each in merge(form(), ours, theirs).conflicts] == ["same_key"]


DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
<decision id="level" name="Level"><decisionTable id="t" hitPolicy="{policy}">
<input id="i"><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
<output id="o" name="level" typeRef="string"/>{rules}</decisionTable></decision></definitions>"""
RULE = """<rule id="{0}"><inputEntry id="{0}_i"><text>{1}</text></inputEntry>
<outputEntry id="{0}_o"><text>"{2}"</text></outputEntry></rule>"""


def table(*rules, policy="UNIQUE"):
    text = DMN.format(policy=policy, rules="".join(RULE.format(*rule) for rule in rules))
    return read_document("level.dmn", text.encode())


LOW, HIGH = ("low", "&lt; 10", "low"), ("high", ">= 100", "high")


def test_rules_of_both_sides_stand_in_one_table_and_cells_are_told_apart():
    ours = table(LOW, HIGH, ("mid", "[10..50)", "mid"))
    theirs = table(LOW, ("high", ">= 100", "top"))

    merged = merge(table(LOW, HIGH), ours, theirs)

    assert merged.is_clean
    assert b'"top"' in merged.result.write()
    assert b"[10..50)" in merged.result.write()


def test_one_cell_with_two_values_is_a_conflict():
    ours, theirs = table(LOW, ("high", ">= 90", "high")), table(LOW, ("high", ">= 95", "high"))

    assert [each.kind for each in merge(table(LOW, HIGH), ours, theirs).conflicts] == ["same_field"]


def test_rules_that_overlap_only_together_are_a_semantic_conflict():
    ours, theirs = table(LOW, HIGH, ("mid", "[10..50)", "mid")), table(LOW, HIGH, ("some", "[40..60]", "some"))

    (conflict,) = merge(table(LOW, HIGH), ours, theirs).conflicts

    assert conflict.kind == "semantic"
    assert [each.type for each in (*conflict.ours, *conflict.theirs)] == ["AddRule", "AddRule"]


def test_rules_put_at_one_place_are_asked_where_the_first_one_counts():
    ours = table(LOW, ("mid", "[10..50)", "mid"), HIGH, policy="FIRST")
    theirs = table(LOW, ("some", "[40..60]", "some"), HIGH, policy="FIRST")

    (conflict,) = merge(table(LOW, HIGH, policy="FIRST"), ours, theirs).conflicts

    assert conflict.kind == "insert_same_place"


def test_files_of_a_package_are_merged_one_by_one():
    files = {"process.bpmn": base().write(), "README.md": b"one\n"}
    ours = Package({**files, "process.bpmn": renamed("Ours").write()})
    theirs = Package({**files, "README.md": b"two\n", "docs/more.md": b"more\n"})

    merged = merge(Package(files), ours, theirs)

    assert merged.is_clean
    assert merged.result.files["README.md"] == b"two\n"
    assert merged.result.files["docs/more.md"] == b"more\n"
    assert merged.result.files["process.bpmn"] == ours.files["process.bpmn"]
    assert not merged.lost


def test_a_file_that_one_side_removed_and_the_other_changed_is_a_conflict():
    files = {"process.bpmn": base().write(), "README.md": b"one\n"}
    ours = Package({"process.bpmn": files["process.bpmn"]})
    theirs = Package({**files, "README.md": b"two\n"})

    merged = merge(Package(files), ours, theirs)

    (conflict,) = merged.conflicts
    assert conflict.kind == "delete_change"
    taken = merge(Package(files), ours, theirs, resolutions=[Resolution(conflict.id, "theirs")])
    assert taken.result.files["README.md"] == b"two\n"


def test_what_upstream_has_too_is_obsolete_in_a_rebase():
    variant = with_inserted(user_task("mine", name="Check"), "mine")
    upstream = with_inserted(user_task("yours", name="Check"), "yours")

    rebased = rebase(base(), variant, upstream)

    assert {step.state for step in rebased.steps if step.side == "ours"} == {"obsolete"}
    assert not rebased.conflicts


def test_a_rebase_tells_what_goes_by_itself_and_what_needs_somebody():
    variant = renamed("Ours")
    clashing = rebase(base(), variant, renamed("Theirs"))
    easy = rebase(base(), variant, with_inserted(user_task("more", name="More"), "more"))

    assert [(step.side, step.state) for step in clashing.steps] == [("ours", "needs_you"), ("theirs", "needs_you")]
    assert {step.state for step in easy.steps} == {"automatic"}
