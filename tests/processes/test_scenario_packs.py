"""A scenario's acceptance script passes against its bundle; a technology's contract is what the handlers fulfil."""

from functools import cache

import pytest

from engine.bpmn import read_model
from engine.feel import compile_expression
from engine.play import Player, read_decisions, read_scenarios
from engine.runtime import compile_definition
from practice_repo.algebra.options import apply_options, read_options
from practice_repo.algebra.package import Package
from practice_repo.card_kinds import Bundled
from practice_repo.packs.index import version_key
from practice_repo.practice import Practice, practice_of_files, read_practice, shipped_practices
from practice_repo.practice_check import check_practice
from processes.customer_base.importing import KINDS, guess_mapping, read_table
from processes.handlers import all_handlers
from processes.handlers.resources import Resources

SHIPPED = {folder.name: read_practice(folder) for folder in shipped_practices()}
SCENARIOS = [practice for practice in SHIPPED.values() if practice.card.kind == "scenario"]
TECHNOLOGIES = [practice for practice in SHIPPED.values() if practice.card.kind == "technology"]
PROCESSES = [practice for practice in SHIPPED.values() if practice.card.kind == "process"]


def by_name(practices):
    return pytest.mark.parametrize("practice", practices, ids=lambda practice: practice.id)


@cache
def bundle_definition(scenario_id):
    bundle = [adapted(bundled) for bundled in SHIPPED[scenario_id].card.situation.bundle]
    models = [read_model(content) for practice in bundle for content in practice.models.values()]
    return compile_definition(
        models, read_decisions([each for practice in bundle for each in practice.decisions.values()])
    )


def adapted(bundled: Bundled) -> Practice:
    """The bundled practice with the answers that the scenario gives."""
    package = Package.of(SHIPPED[bundled.practice])
    return practice_of_files(apply_options(package, bundled.choices).files)


@by_name(SCENARIOS + TECHNOLOGIES)
def test_the_pack_is_well_described(practice: Practice):
    assert [str(finding) for finding in check_practice(practice)] == []
    assert not practice.has_process


@by_name(SCENARIOS)
def test_the_acceptance_script_passes_with_the_real_handlers(practice: Practice):
    for scenario in read_scenarios(practice.scenarios):
        player = Player(
            bundle_definition(practice.id),
            scenario,
            process_id=scenario.process,
            handlers=all_handlers,
            resources=Resources.in_memory,
        )
        player.run()

        assert player.trace


@by_name(SCENARIOS)
def test_a_scenario_takes_what_the_library_has(practice: Practice):
    for bundled in practice.card.situation.bundle:
        prototype = SHIPPED[bundled.practice].card
        asked, there = version_key(bundled.version), version_key(prototype.version)
        assert asked[0] == there[0]
        assert asked <= there
        points = {point.key: {option.key for option in point.options} for point in prototype.variation_points}
        for point, option in bundled.choices.items():
            assert option in points[point]
        ready = {option.path for option in read_options(Package.of(SHIPPED[bundled.practice])) if option.is_ready}
        assert {f"{point}.{option}" for point, option in bundled.choices.items()} <= ready


@by_name(SCENARIOS)
def test_the_goal_is_measured_by_a_kpi_of_the_bundle(practice: Practice):
    bundle = [SHIPPED[bundled.practice].card for bundled in practice.card.situation.bundle]

    assert practice.card.situation.goal_kpis
    assert set(practice.card.situation.goal_kpis) <= {kpi.key for card in bundle for kpi in card.kpis}


@by_name(SCENARIOS)
def test_sample_data_can_be_imported(practice: Practice):
    for sample in practice.card.situation.samples:
        content = practice.data[sample.file.removeprefix("data/")]
        table = read_table(content, sample.file)

        assert sample.kind in KINDS
        assert table.rows
        assert guess_mapping(table.headers, sample.kind).unmapped == []


def test_every_process_with_customers_has_a_scenario():
    bundled = {each.practice for practice in SCENARIOS for each in practice.card.situation.bundle}

    assert bundled == {practice.id for practice in PROCESSES if practice.card.area in {"sales", "marketing", "service"}}


@by_name(TECHNOLOGIES)
def test_a_handler_fulfils_every_topic_of_the_contract(practice: Practice):
    topics = set(all_handlers())

    assert {contract.topic for contract in practice.card.technology.contract} <= topics


@by_name(TECHNOLOGIES)
def test_what_uses_a_technology_is_there(practice: Practice):
    for use in practice.card.technology.used_by:
        elements = {
            element.id
            for content in SHIPPED[use.practice].models.values()
            for process in read_model(content).processes
            for element in process.walk()
        }
        assert set(use.elements) <= elements


@by_name(TECHNOLOGIES)
def test_a_stub_gives_what_the_contract_promises(practice: Practice):
    for adapter in practice.card.technology.adapters:
        for contract in practice.card.technology.contract if adapter.kind == "stub" else ():
            inputs = {value.name: None for value in contract.inputs}
            answer = compile_expression(adapter.simulate[contract.topic]).evaluate(inputs)
            assert {value.name for value in contract.outputs if value.required} <= set(answer)
