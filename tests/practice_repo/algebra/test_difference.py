import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practice_repo.algebra.difference import apply, difference, undo
from practice_repo.algebra.document import read_document
from practice_repo.algebra.operations import CannotApply, Change, Operation, operations_from_json, spliced
from tests.practice_repo.algebra.edits import document, edited, round_trip, shipped

MODELS = [*shipped(".bpmn"), *shipped(".dmn")]
FILES = [*MODELS, *shipped(".json"), *shipped("practice.toml")]
some_file = st.sampled_from(FILES)
seeds = st.integers(0, 10**6)
few = settings(max_examples=40, deadline=None)


@given(path=some_file, seed=seeds, number=st.integers(1, 12))
@few
def test_the_difference_applied_to_the_base_is_the_changed_document(path, seed, number):
    base = document(path)
    changed = edited(base, seed, number)

    replayed = apply(base, difference(base, changed))

    assert replayed.digest == changed.digest
    assert read_document(path.name, replayed.write()).digest == replayed.digest


@given(path=some_file, seed=seeds)
@few
def test_the_inverse_operations_lead_back_to_the_base(path, seed):
    base = document(path)
    operations = difference(base, edited(base, seed))

    back = apply(apply(base, operations), [operation.inverse() for operation in reversed(operations)])

    assert back.fingerprint == base.fingerprint


@given(path=some_file, seed=seeds, other=seeds)
@few
def test_documents_of_two_people_differ_exactly(path, seed, other):
    ours, theirs = edited(document(path), seed, 8), edited(document(path), other, 8)

    assert apply(ours, difference(ours, theirs)).digest == theirs.digest


@given(path=st.sampled_from(MODELS), seed=seeds)
@few
def test_a_model_of_another_tool_differs_exactly(path, seed):
    base = document(path)
    foreign = read_document(path.name, round_trip(edited(base, seed, 4).write()))

    assert apply(base, difference(base, foreign)).digest == foreign.digest


@given(path=some_file, seed=seeds)
@few
def test_operations_survive_json(path, seed):
    base = document(path)
    operations = difference(base, edited(base, seed))

    again = operations_from_json(json.loads(json.dumps([each.to_json() for each in operations])))

    assert [each.id for each in again] == [each.id for each in operations]
    assert apply(base, again).fingerprint == apply(base, operations).fingerprint


@given(path=some_file, seed=seeds)
@few
def test_what_is_taken_back_can_be_done_again(path, seed):
    base = document(path)
    operations = difference(base, edited(base, seed))
    changed = apply(base, operations)

    for operation in operations:
        try:
            without = undo(changed, operations, operation.id)
        except CannotApply:
            continue
        assert apply(without, [operation]).digest == changed.digest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_differs_from_itself(path):
    assert difference(document(path), read_document(path.name, path.read_bytes())) == ()


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_a_round_trip_through_another_tool_changes_nothing(path):
    foreign = read_document(path.name, round_trip(path.read_bytes()))

    assert difference(document(path), foreign) == ()
    assert foreign.digest == document(path).digest


def renamed(base, key, before, after):
    return Operation("Rename", base.name, key, (Change("set", key, "name", before, after),), details={"name": before})


def test_an_operation_that_does_not_fit_says_what_it_expected_and_found():
    base = document(shipped("process.bpmn")[1])
    key = next(record.key for record in base.records.values() if record.kind == "lane")

    with pytest.raises(CannotApply, match=r"expected name = 'Somebody' at .*found '") as caught:
        apply(base, [renamed(base, key, "Somebody", "Else")])

    assert caught.value.operation.target == key


def test_an_operation_on_a_missing_element_is_refused():
    base = document(shipped("process.bpmn")[0])

    with pytest.raises(CannotApply, match="expected the element 'nowhere'"):
        apply(base, [renamed(base, "nowhere", "a", "b")])


def test_a_reference_to_a_missing_element_is_refused():
    base = document(shipped("process.bpmn")[0])
    flow = next(record for record in base.records.values() if record.kind == "sequenceFlow")
    change = Change("set", flow.key, "target", flow.get("target"), "nowhere")

    with pytest.raises(CannotApply, match="expected the element 'nowhere', the target of"):
        apply(base, [Operation("Reconnect", base.name, flow.key, (change,))])


def test_what_others_build_on_is_not_taken_back_alone():
    base = document(shipped("process.bpmn")[0])
    lane = next(record for record in base.records.values() if record.kind == "lane")
    first = renamed(base, lane.key, lane.name, "Sales")
    second = renamed(base, lane.key, "Sales", "Sales team")
    changed = apply(base, [first, second])

    with pytest.raises(CannotApply, match="Take those back first") as caught:
        undo(changed, [first, second], first.id)

    assert caught.value.others == (second,)
    assert undo(changed, [first, second], second.id).records[lane.key].name == "Sales"


@pytest.mark.parametrize(
    ("before", "after", "current", "result"),
    [
        ("ab", "axb", "ab", "axb"),
        ("ab", "axb", "abc", "axbc"),
        ("ab", "axb", "acb", "axcb"),
        ("abc", "ac", "abcd", "acd"),
        ("ab", "ba", "ab", "ba"),
        ("ab", "ba", "abc", None),
        ("", "x", "ab", "abx"),
        ("ab", "xab", "cab", "cxab"),
    ],
)
def test_a_change_of_a_list_fits_a_list_that_others_changed(before, after, current, result):
    assert spliced(tuple(before), tuple(after), tuple(current)) == (None if result is None else tuple(result))
