"""Every scenario of the shipped pack passes with the real handlers, also reloaded between any two steps."""

from functools import cache

from engine.bpmn import read_model
from engine.bpmn.elements import Task
from engine.feel import normalise
from engine.forms import read_form
from tests.processes.packs import (
    assert_well_described,
    every_scenario,
    played,
    practice,
    scenarios,
)

PACK = "sales/lead_to_order"


def test_the_pack_is_well_described():
    assert_well_described(PACK)


@cache
def _plain(name):
    """How the scenario of this name plays: its trace, state and what waits at the end."""
    (scenario,) = (scenario for scenario in scenarios(PACK) if scenario.name == name)
    player = played(PACK, scenario)
    return tuple(player.trace), player.state, player.waiting()


@every_scenario(PACK)
def test_scenario(scenario):
    plain = _plain(scenario.name)

    reloaded = played(PACK, scenario, reload=True)

    assert (tuple(reloaded.trace), reloaded.state, reloaded.waiting()) == plain


def test_every_element_is_played_by_some_scenario():
    traced = {element_id for scenario in scenarios(PACK) for element_id in _plain(scenario.name)[0]}

    assert _all_elements() - traced <= {"short"}  # an error end event interrupts its sub-process


def test_scenarios_fill_only_fields_that_the_forms_have():
    fields = _fields_of_user_tasks()
    for scenario in scenarios(PACK):
        for step in scenario.steps:
            if "complete" in step:
                unknown = set(step.get("variables", {})) - fields[step["complete"]]
                assert not unknown, f"{scenario.name}: {step['complete']} has no {', '.join(unknown)}"


def test_the_happy_path_fills_every_form_as_the_form_demands():
    forms = {key: read_form(content) for key, content in practice(PACK).forms.items()}
    keys = _form_keys()
    happy = scenarios(PACK)[0]

    errors = {
        step["complete"]: forms[keys[step["complete"]]].accept(normalise(step["variables"]), {}, happy.now).errors
        for step in happy.steps
        if "complete" in step
    }

    assert len(errors) >= 6
    assert {task: found for task, found in errors.items() if found} == {}


def _models():
    return [read_model(content) for content in practice(PACK).models.values()]


def _all_elements() -> set[str]:
    return {element.id for model in _models() for process in model.processes for element in process.walk()}


def _form_keys() -> dict[str, str]:
    return {
        element.id: element.assignment.form_key.text
        for model in _models()
        for process in model.processes
        for element in process.walk()
        if isinstance(element, Task) and element.type == "userTask"
    }


def _fields_of_user_tasks() -> dict[str, set[str]]:
    forms = {key: set(read_form(content).keys) for key, content in practice(PACK).forms.items()}
    return {element_id: forms[key] for element_id, key in _form_keys().items()}
