"""Two versions in one diagram: nothing is missing, everything that changed is marked."""

from engine.bpmn import read_model
from engine.bpmn.writer import Editor
from practice_repo.algebra.annotated import annotated
from practice_repo.algebra.difference import difference
from practice_repo.algebra.document import read_document
from practice_repo.practice import read_practice, shipped_practices


def offer() -> bytes:
    folder = next(each for each in shipped_practices() if each.name == "lead_to_order")
    return read_practice(folder).models["make_offer.bpmn"]


def compared(before: bytes, after: bytes, **named):
    one, other = read_document("make_offer.bpmn", before), read_document("make_offer.bpmn", after)
    return annotated(one, other, difference(one, other), **named)


def test_removed_elements_stand_beside_those_that_stayed():
    before = offer()
    editor = Editor(before)
    editor.remove("approve")
    editor.set_name("plan_opp", "Plan the deal")

    found = compared(before, editor.source())

    drawn = {element.id for process in read_model(found.source).processes for element in process.walk()}
    assert drawn == {element.id for process in read_model(before).processes for element in process.walk()}
    assert found.marks["approve"] == "removed"
    assert found.marks["plan_opp"] == "changed"
    assert "discover" not in found.marks


def test_added_elements_are_marked_as_such():
    after = offer()
    editor = Editor(after)
    editor.remove("approve")

    assert compared(editor.source(), after).marks["approve"] == "added"


def test_what_is_disputed_is_marked_above_all():
    before = offer()
    editor = Editor(before)
    editor.set_name("plan_opp", "Plan the deal")
    one, other = read_document("m.bpmn", before), read_document("m.bpmn", editor.source())
    operations = difference(one, other)

    assert annotated(one, other, operations, disputed=operations).marks["plan_opp"] == "conflict"
