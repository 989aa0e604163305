"""The distance of models: laws, what it is split into, and that more change means more distance."""

import statistics

import pytest

from engine.bpmn.reader import read_model
from engine.bpmn.writer import Editor
from engine.errors import NotFound
from practice_repo.practice import read_practice, shipped_practices
from practice_repo.search.graph_distance import compare, graph_distance
from practice_repo.search.shape import Shape, shape_of
from tests.support.generated_library import make_plan, mutated
from tests.support.mutations import single
from tests.support.rank_correlation import kendall_tau

SHIPPED = [(path.name, name) for path in shipped_practices() for name in read_practice(path).models]


def source_of(practice: str, name: str) -> bytes:
    folder = next(path for path in shipped_practices() if path.name == practice)
    return read_practice(folder).models[name]


def shape(source: bytes) -> Shape:
    return shape_of(read_model(source))


@pytest.fixture(scope="module")
def check_order() -> bytes:
    return source_of("lead_to_order", "check_order.bpmn")


def edited(source: bytes, change) -> Shape:
    editor = Editor(source)
    change(editor)
    return shape(editor.source())


@pytest.mark.parametrize(("practice", "name"), SHIPPED)
def test_a_model_has_no_distance_from_itself(practice, name):
    one = shape(source_of(practice, name))

    assert graph_distance(one, one).total == pytest.approx(0.0)


def test_distance_is_the_same_from_both_sides_and_between_0_and_1(check_order):
    others = [shape(source_of(*each)) for each in SHIPPED[:12]]
    ours = shape(check_order)

    for other in others:
        there, back = graph_distance(ours, other), graph_distance(other, ours)
        assert there.total == pytest.approx(back.total, abs=0.03)  # greedy: ties may fall differently
        assert all(0 <= value <= 1 for value in there.to_json().values())


def test_another_condition_is_a_distance_of_rules_only(check_order):
    changed = edited(check_order, lambda editor: editor.set_condition("consistent_to_checks_split", "=items > 3"))

    distance = graph_distance(shape(check_order), changed)

    assert distance.rule > 0
    assert distance.control == distance.data == distance.role == 0


def test_another_form_is_a_distance_of_data_only(check_order):
    changed = edited(
        check_order, lambda editor: editor.set_attribute("fix_order", "formKey", "other", "urn:praxis:bpmn:1")
    )

    distance = graph_distance(shape(check_order), changed)

    assert distance.data > 0
    assert distance.control == distance.rule == distance.role == 0


def test_another_role_is_a_distance_of_roles_only(check_order):
    changed = edited(
        check_order,
        lambda editor: editor.set_attribute("check_order_compliance", "role", "legal", "urn:praxis:bpmn:1"),
    )

    distance = graph_distance(shape(check_order), changed)

    assert distance.role > 0
    assert distance.control == distance.rule == distance.data == 0


def test_a_fragment_is_at_no_distance_from_the_model_it_was_cut_from(check_order):
    whole = shape(check_order)
    fragment = whole.fragment(["import_order", "consistent", "fix_order"])

    assert compare(fragment, whole, is_fragment=True).distance.total == pytest.approx(0.0)
    assert compare(fragment, whole).distance.total > 0.5


def test_a_fragment_of_unknown_elements_is_refused(check_order):
    with pytest.raises(NotFound, match="nowhere"):
        shape(check_order).fragment(["nowhere"])


def test_unnamed_gateways_are_matched_by_their_neighbours():
    plan = next(each for each in map(make_plan, range(200)) if b"exclusiveGateway" in each.write())
    ours = shape(plan.write())

    matched = {match.query.id for match in compare(ours, ours).matches}

    assert matched == {node.id for node in ours.nodes}


def test_shapes_survive_json(check_order):
    one = shape(check_order)

    assert Shape.from_json(one.to_json()) == one


def test_more_mutations_mean_more_distance():
    taus = []
    for seed in range(12):
        plan = make_plan(seed)
        original = shape(plan.write())
        points = [
            (times, graph_distance(original, shape(mutated(plan, times, draw).write())).total)
            for times in (0, 1, 2, 4, 8, 16)
            for draw in range(2)
        ]
        taus.append(kendall_tau(points))

    assert statistics.mean(taus) >= 0.8


@pytest.mark.parametrize(
    ("practice", "name"), [("lead_to_order", "qualify_lead.bpmn"), ("campaign_lifecycle", "handle_response.bpmn")]
)
def test_more_mutations_of_a_shipped_model_mean_more_distance(practice, name):
    source = source_of(practice, name)
    points = [(0, 0.0)]
    for count in (1, 2, 4, 8, 16):
        changed = single(source, seed=count, count=count)
        points.append((len(changed.script), graph_distance(shape(source), shape(changed.content)).total))

    assert kendall_tau(points) >= 0.8
