"""A digest shows who does what, and gives every variant back."""

import pytest

from engine.bpmn.reader import read_model
from engine.bpmn.writer import Editor
from engine.errors import InvalidInput
from practice_repo.algebra.document import Document, read_document
from practice_repo.practice import read_practice, shipped_practices
from practice_repo.search.configurable import configure, merge_family, read_digest

MODELS = {
    f"{path.name}/{name}": source for path in shipped_practices() for name, source in read_practice(path).models.items()
}


def family_of(source: bytes) -> dict[str, Document]:
    """The model; one with another name and another condition; one with a step more."""
    process = read_model(source).processes[0]
    tasks = [element for element in process.walk() if element.type.endswith("Task")]
    renamed = Editor(source)
    renamed.set_name(tasks[0].id, "As the north does it")
    condition = next((flow for flow in process.flows.values() if flow.condition), None)
    if condition:
        renamed.set_condition(condition.id, "=north = true")
    longer = Editor(source)
    flow = next(iter(process.flows.values()))
    longer.insert_element(process.id, "manualTask", "southern_step", "Southern step")
    longer.set_attribute(flow.id, "targetRef", "southern_step")
    longer.insert_flow("southern_flow", "southern_step", flow.target_id)
    return {
        "prototype": read_document("process.bpmn", source),
        "north": read_document("process.bpmn", renamed.source()),
        "south": read_document("process.bpmn", longer.source()),
    }


@pytest.mark.parametrize("name", MODELS)
def test_every_variant_comes_back_exactly(name):
    family = family_of(MODELS[name])

    digest = merge_family(family)

    for variant, document in family.items():
        assert configure(digest, variant).digest == document.digest
        assert read_document("process.bpmn", configure(digest, variant).write()).digest == document.digest


@pytest.mark.parametrize("name", list(MODELS)[:4])
def test_every_variant_comes_back_from_the_written_digest(name):
    family = family_of(MODELS[name])

    digest = read_digest("process.bpmn", merge_family(family).write())

    assert digest.variants == tuple(family)
    for variant, document in family.items():
        assert configure(digest, variant).digest == document.digest


@pytest.fixture(scope="module")
def digest():
    return merge_family(family_of(MODELS["lead_to_order/check_order.bpmn"]))


def test_the_digest_says_who_has_what(digest):
    assert digest.held_by("southern_step") == ("south",)
    assert digest.held_by("fix_order") == ("prototype", "north", "south")
    renamed = next(key for key in digest.holders if "name" in digest.differing(key))
    assert digest.differing(renamed)["name"]["north"] == "As the north does it"


def test_the_written_digest_is_a_model_that_shows_all_variants(digest):
    model = read_model(digest.write())

    element = model.processes[0].elements["southern_step"]
    assert element.properties["digest:variants"] == '["south"]'


def test_differences_that_depend_on_each_other_are_one_choice(digest):
    names = {choice.names for choice in digest.choices}
    step = next(choice for choice in digest.choices if "southern_step" in choice.elements)

    assert ("Southern step",) in names
    assert step.alternatives == (("prototype", "north"), ("south",))
    assert len(digest.choices) == 3  # the name, the condition, the step


def test_one_choice_can_be_taken_over_alone(digest):
    step = next(choice for choice in digest.choices if "southern_step" in choice.elements)

    chosen = read_model(configure(digest, {step.key: "south"}).write()).processes[0]

    assert "southern_step" in chosen.elements
    assert "As the north does it" not in {element.name for element in chosen.walk()}


def test_names_that_are_not_there_are_refused(digest):
    with pytest.raises(InvalidInput, match="west"):
        configure(digest, "west")
    with pytest.raises(InvalidInput, match="no choice 'x'"):
        configure(digest, {"x": "south"})
    with pytest.raises(InvalidInput, match="at least one"):
        merge_family({})
    with pytest.raises(InvalidInput, match="no digest"):
        read_digest("process.bpmn", MODELS["lead_to_order/check_order.bpmn"])


def test_a_family_of_one_has_no_choices():
    document = read_document("process.bpmn", MODELS["lead_to_order/check_order.bpmn"])

    alone = merge_family({"prototype": document})

    assert alone.choices == ()
    assert configure(alone, "prototype").digest == document.digest
