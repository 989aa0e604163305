"""What a contribution should become, and the nearest three."""

import pytest

from engine.bpmn.writer import Editor
from practice_repo.algebra.package import Package, package_difference
from practice_repo.practice import read_practice, shipped_practices
from practice_repo.search.entries import entries_in
from practice_repo.search.index import SimilarityIndex
from practice_repo.search.novelty import Novelty, assess_novelty
from tests.support.generated_library import make_plan

MODEL = "check_order.bpmn"


@pytest.fixture(scope="module")
def index() -> SimilarityIndex:
    library = SimilarityIndex()
    for entry in entries_in(shipped_practices()):
        library.add(entry)
    return library


@pytest.fixture(scope="module")
def base() -> Package:
    return Package.of(read_practice(next(path for path in shipped_practices() if path.name == "lead_to_order")))


def judged(index: SimilarityIndex, base: Package, change) -> Novelty:
    editor = Editor(base.files[MODEL])
    change(editor)
    contribution = base.with_files({MODEL: editor.source()})
    return assess_novelty(index, contribution, base=base, operations=package_difference(base, contribution))


def insert_step(editor: Editor) -> None:
    editor.insert_element("check_order", "userTask", "weigh", "Weigh parcel")
    editor.set_attribute("order_received_to_import_order", "targetRef", "weigh")
    editor.insert_flow("weigh_to_import_order", "weigh", "import_order")


def test_other_words_are_the_same_practice(index, base):
    novelty = judged(index, base, lambda editor: editor.set_name("fix_order", "Put order right"))

    assert novelty.finding == "same"
    assert novelty.regions == 0


def test_another_condition_is_a_parameter_set(index, base):
    change = lambda editor: editor.set_condition("consistent_to_checks_split", "=items > 3")  # noqa: E731

    assert judged(index, base, change).finding == "parameter_set"


def test_a_new_step_in_one_place_is_an_option(index, base):
    novelty = judged(index, base, insert_step)

    assert novelty.finding == "option"
    assert novelty.regions == 1
    assert 0 < novelty.changed_share < 0.3


def test_another_message_is_a_new_variant(index, base):
    model = "process.bpmn"
    editor = Editor(base.files[model])
    editor.set_attribute("message_LeadReceived", "name", "EnquiryReceived")
    contribution = base.with_files({model: editor.source()})

    novelty = assess_novelty(index, contribution, base=base, operations=package_difference(base, contribution))

    assert novelty.changes_interface
    assert novelty.finding == "new_variant"


def test_the_reviewer_sees_the_nearest_three_with_split_distance(index, base):
    nearest = judged(index, base, insert_step).nearest

    assert len(nearest) == 3
    assert nearest[0].id == "lead_to_order"
    assert [result.score for result in nearest] == sorted((result.score for result in nearest), reverse=True)
    assert set(nearest[0].to_json()["distance"]) == {"total", "control", "data", "role", "rule"}


def test_what_nothing_is_like_is_new(index):
    foreign = Package({"process.bpmn": make_plan(27).write()})

    novelty = assess_novelty(index, foreign)

    assert novelty.finding == "new"
    assert novelty.similarity < 0.5


def test_what_comes_without_its_base_is_judged_by_similarity(index, base):
    assert assess_novelty(index, base).finding == "same"
    assert assess_novelty(index, base, without=["lead_to_order"]).finding == "new"
