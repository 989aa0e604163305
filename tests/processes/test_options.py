"""The shipped options: each applies, can be taken back, passes the gate, and does what its name says.

An option is one answer to a question of a practice's card; its file holds the operations that the answer makes.
"""

from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn import names, read_model
from engine.bpmn.elements import SubProcess
from engine.dmn import compile_decisions, read_dmn
from engine.forms import read_form
from engine.play import CannotPlay, Player, read_decisions, read_scenarios
from engine.runtime import compile_definition
from practice_repo.algebra.options import apply_options, read_options
from practice_repo.algebra.package import Package, apply_to_package
from practice_repo.algebra.soundness import check_soundness
from practice_repo.practice import practice_of_files
from practice_repo.practice_check import check_practice
from processes.handlers import all_handlers
from processes.handlers.resources import Resources

ROOT = Path(__file__).parents[2] / "processes"
L2O, CMP = "sales/lead_to_order", "marketing/campaign_lifecycle"
T2D, REV = "service/ticket_to_dispatch", "service/reverse_logistics"
PACKS = (L2O, CMP, T2D, REV)
FEWEST = 5


@cache
def prototype(pack):
    return Package.from_folder(ROOT / pack)


@cache
def options(pack):
    """The options that are built in operations, by `point.option`; others are described only."""
    return {option.path: option for option in read_options(prototype(pack)) if option.operations}


@cache
def adapted(pack, *chosen):
    """The package after these options (`point.option`)."""
    return apply_options(prototype(pack), dict(each.split(".") for each in chosen))


@cache
def practice(pack, *chosen):
    return practice_of_files(adapted(pack, *chosen).files)


@cache
def definition(pack, *chosen):
    found = practice(pack, *chosen)
    models = [read_model(content) for content in found.models.values()]
    return compile_definition(models, read_decisions(list(found.decisions.values())))


def played(pack, chosen, name, *, as_far_as_it_goes=False):
    """The scenario of this name, played on the adapted practice; without its expectations as far as steps fit."""
    (scenario,) = (each for each in read_scenarios(practice(pack).scenarios) if each.name == name)
    if as_far_as_it_goes:
        scenario.steps = [step for step in scenario.steps if "expect" not in step]
    player = Player(
        definition(pack, chosen),
        scenario,
        process_id=scenario.process or Path(pack).name,
        handlers=all_handlers,
        resources=Resources.in_memory,
    )
    try:
        player.run()
    except CannotPlay:
        if not as_far_as_it_goes:
            raise
    return player


def decided(pack, chosen, decision_id, **inputs):
    """What a decision of the adapted practice says."""
    decisions = compile_decisions([read_dmn(content) for content in practice(pack, chosen).decisions.values()])
    return decisions.evaluate(decision_id, inputs).value


def form(pack, chosen, key):
    return read_form(practice(pack, chosen).forms[key])


def elements(pack, chosen, file_name):
    return {
        each.id for found in read_model(practice(pack, chosen).models[file_name]).processes for each in found.walk()
    }


EVERY = [(pack, name) for pack in PACKS for name in sorted(options(pack))]
every_option = pytest.mark.parametrize(("pack", "option"), EVERY, ids=lambda value: value.rpartition("/")[2])
every_pack = pytest.mark.parametrize("pack", PACKS)


@every_pack
def test_a_pack_has_options_for_real(pack):
    assert len(options(pack)) >= FEWEST


@every_option
def test_an_option_is_an_answer_other_than_the_default(pack, option):
    point_key, answer = option.split(".")
    [point] = [point for point in practice(pack).card.variation_points if point.key == point_key]

    assert answer in {each.key for each in point.options} - {point.default}


@every_option
def test_an_option_passes_the_gate(pack, option):
    found = practice(pack, option)

    assert [str(finding) for finding in check_practice(found) if finding.severity == "error"] == []
    for name, content in found.models.items():
        if content != prototype(pack).files[name]:
            assert [str(finding) for finding in check_soundness(read_model(content))] == []


@every_option
def test_an_option_can_be_taken_back_without_a_trace(pack, option):
    inverse = [operation.inverse() for operation in reversed(options(pack)[option].operations)]

    assert apply_to_package(adapted(pack, option), inverse).meaning == prototype(pack).meaning


@every_option
def test_an_adapted_model_is_drawn_completely(pack, option):
    for name, content in practice(pack, option).models.items():
        if content != prototype(pack).files[name]:
            assert list(_badly_drawn(content)) == []


@every_pack
def test_answers_to_different_questions_do_not_depend_on_their_order(pack):
    for one, other in combinations(options(pack).values(), 2):
        if one.point == other.point or other.path in one.excludes or one.path in other.excludes:
            continue
        first = apply_to_package(apply_to_package(prototype(pack), one.operations), other.operations)
        second = apply_to_package(apply_to_package(prototype(pack), other.operations), one.operations)
        assert first.meaning == second.meaning, (one.point, other.point)


@pytest.mark.parametrize(
    ("pack", "chosen"),
    [
        (
            L2O,
            (
                "l10_compliance.export_control",
                "l2_score.none",
                "l3_qualification.meddic",
                "l5_configuration.engineer_to_order",
                "l6_site_survey.before_quote",
                "l7_approval_ladder.one_level",
            ),
        ),
        (CMP, ("m1.event", "m2.single", "m6.regulated", "m7.none", "m8.zero")),
        (T2D, ("t1.phone", "t10.two_person", "t12.photo", "t2.always", "t4.one", "t7.manual")),
        (REV, ("r1.generous", "r10.no", "r13.yes", "r14.all", "r16.no", "r3.pickup", "r7.never")),
    ],
    ids=PACKS,
)  # fmt: skip
def test_one_answer_to_every_question_still_makes_a_good_practice(pack, chosen):
    found = practice(pack, *chosen)

    assert [str(finding) for finding in check_practice(found) if finding.severity == "error"] == []
    for content in found.models.values():
        assert [str(finding) for finding in check_soundness(read_model(content))] == []


@pytest.mark.parametrize(
    ("pack", "option", "scenario"),
    [
        (L2O, "l6_site_survey.before_quote", "happy path: lead to paid order"),
        (L2O, "l7_approval_ladder.one_level", "discount: one approval"),
        (L2O, "l2_score.none", "never reached"),
        (L2O, "l10_compliance.export_control", "happy path: lead to paid order"),
        (L2O, "l10_compliance.medical_licence", "compliance hit is cleared"),
        (L2O, "l3_qualification.meddic", "happy path: lead to paid order"),
        (L2O, "l5_configuration.engineer_to_order", "special request is feasible"),
        (CMP, "m2.single", "small budget"),
        (CMP, "m7.none", "happy path"),
        (CMP, "m8.zero", "happy path"),
        (CMP, "m8.five", "happy path"),
        (CMP, "m1.event", "happy path"),
        (T2D, "t2.always", "happy path"),
        (T2D, "t4.one", "happy path"),
        (T2D, "t7.manual", "happy path"),
        (T2D, "t10.two_person", "happy path"),
        (T2D, "t12.photo", "happy path"),
        (T2D, "t1.phone", "happy path"),
        (REV, "r1.generous", "happy path: defect in warranty, refund"),
        (REV, "r3.pickup", "happy path: defect in warranty, refund"),
        (REV, "r7.never", "happy path: defect in warranty, refund"),
        (REV, "r10.no", "happy path: defect in warranty, refund"),
        (REV, "r13.yes", "happy path: defect in warranty, refund"),
        (REV, "r14.all", "happy path: defect in warranty, refund"),
        (REV, "r16.no", "happy path: defect in warranty, refund"),
    ],
    ids=lambda value: value.rpartition("/")[2],
)
def test_what_an_option_does_not_touch_plays_as_before(pack, option, scenario):
    assert played(pack, option, scenario).trace


@pytest.mark.parametrize(
    ("pack", "option", "scenario", "passed", "never"),
    [
        (L2O, "l6_site_survey.before_quote", "happy path: lead to paid order", "request_survey", "survey_known"),
        (L2O, "l2_score.none", "grade D is disqualified", "assign_owner", "disqualified"),
        (CMP, "m7.none", "pilot with a winner", "send_batch", "send_pilot"),
        (REV, "r7.never", "advance exchange", "authorise", "hold_deposit"),
    ],
    ids=lambda value: value.rpartition("/")[2],
)
def test_another_way_is_taken(pack, option, scenario, passed, never):
    trace = played(pack, option, scenario, as_far_as_it_goes=True).trace

    assert passed in trace
    assert never not in trace


@pytest.mark.parametrize(
    ("pack", "option", "scenario", "task"),
    [
        (L2O, "l10_compliance.export_control", "blocked customer", "compliance_review"),
        (L2O, "l5_configuration.engineer_to_order", "configured product", "feasibility"),
        (CMP, "m6.regulated", "compliance asks for changes", "compliance_check"),
        (T2D, "t2.always", "complete form from the portal", "triage"),
        (T2D, "t7.manual", "assigned automatically", "assign"),
    ],
    ids=lambda value: value.rpartition("/")[2],
)
def test_a_person_is_asked_where_nobody_was(pack, option, scenario, task):
    player = played(pack, option, scenario, as_far_as_it_goes=True)

    assert any(task in waiting for waiting in map(str, player.waiting()))


def test_one_level_asks_the_sales_manager_only():
    trace = played(
        L2O, "l7_approval_ladder.one_level", "non-standard terms: three approvals", as_far_as_it_goes=True
    ).trace

    assert trace.count("approve") == 1


def test_one_approver_grants_every_budget():
    player = played(CMP, "m2.single", "large budget", as_far_as_it_goes=True)

    assert player.trace.count("approve_budget") == 1
    assert "segment" in player.trace


def test_two_reviewers_see_what_one_has_approved():
    facts = {"variables": {"compliance_points": ["claims"], "compliance_decision": "approve"}}
    (scenario,) = (each for each in read_scenarios(practice(CMP).scenarios) if each.name == "happy path")
    steps = [step for step in scenario.steps if "expect" not in step]
    at = next(number for number, step in enumerate(steps) if step.get("complete") == "compliance_check")
    scenario.steps = [*steps[: at + 1], {"complete": "compliance_check", **facts}, *steps[at + 1 :]]
    player = Player(
        definition(CMP, "m6.regulated"),
        scenario,
        process_id="campaign_lifecycle",
        handlers=all_handlers,
        resources=Resources.in_memory,
    )

    player.run()

    assert player.state == "completed"


def test_a_licence_on_file_is_looked_at():
    facts = {
        "country": "CN",
        "export_controlled": False,
        "hazardous": False,
        "categories": ["medical"],
        "licence_on_file": True,
        "sanctioned": False,
    }

    before = decided(L2O, "l6_site_survey.before_quote", "compliance", compliance_facts=facts)
    after = decided(L2O, "l10_compliance.medical_licence", "compliance", compliance_facts=facts)

    assert before["compliance_ok"] is True
    assert after["compliance_hits"] == ["licence to be checked"]


def test_a_generous_shop_takes_a_higher_fee():
    facts = {"paid": 100, "restocking": True, "deductions": 0, "acceptable": True, "keep_it": False}

    found = decided(REV, "r1.generous", "return_settlement", facts=facts, wish="refund")

    assert found["restocking_fee"] == 15
    assert b"withdrawal_days_eu: 30" in practice(REV, "r1.generous").decisions["eligibility.dmn"]


def test_the_carrier_fetches_what_would_have_gone_to_a_parcel_shop():
    lines = [{"hazardous": False, "on_site": False, "direct_to_supplier": False, "weight_kg": 2, "quantity": 1}]

    assert decided(REV, "r3.pickup", "return_route", lines=lines, customer={"store_near": True}) == "carrier_pickup"


@pytest.mark.parametrize(
    ("pack", "option", "key", "added", "gone"),
    [
        (L2O, "l3_qualification.meddic", "qualify", {"metrics", "economic_buyer", "champion"}, set()),
        (L2O, "l6_site_survey.before_quote", "plan_opp", set(), {"survey_needed"}),
        (L2O, "l10_compliance.export_control", "compliance_review", {"end_use"}, set()),
        (T2D, "t10.two_person", "arrive", {"second_person"}, set()),
        (T2D, "t12.photo", "sign_off", {"work_proof"}, {"signature"}),
        (REV, "r13.yes", "inspect", {"release_tag"}, set()),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) else None,
)
def test_a_form_asks_something_else(pack, option, key, added, gone):
    keys = set(form(pack, option, key).keys)

    assert added <= keys
    assert not gone & keys


@pytest.mark.parametrize(
    ("pack", "option", "file_name", "gone"),
    [
        (CMP, "m1.event", "process.bpmn", "calendar_due"),
        (T2D, "t1.phone", "process.bpmn", "ticket_in"),
        (T2D, "t4.one", "diagnose_ticket.bpmn", "second_level"),
        (REV, "r16.no", "process.bpmn", "recall_started"),
    ],
    ids=lambda value: value.rpartition("/")[2],
)
def test_a_way_that_is_not_wanted_is_gone(pack, option, file_name, gone):
    assert gone not in elements(pack, option, file_name)


def _badly_drawn(content):
    """Nodes and flows without a drawing, drawings of nothing, and flows that do not touch what they connect."""
    root = etree.fromstring(content)
    shapes = {
        shape.get("bpmnElement"): [float(shape[0].get(name)) for name in ("x", "y", "width", "height")]
        for shape in root.iter(names.qualified(names.BPMN_DI, "BPMNShape"))
    }
    edges = {
        edge.get("bpmnElement"): [
            (float(point.get("x")), float(point.get("y")))
            for point in edge.iter(names.qualified(names.DIAGRAM_INTERCHANGE, "waypoint"))
        ]
        for edge in root.iter(names.qualified(names.BPMN_DI, "BPMNEdge"))
    }
    known = {node.get("id") for node in root.iter(etree.Element)}
    yield from (f"drawing of nothing: {each}" for each in (set(shapes) | set(edges)) - known)
    for process in read_model(content).processes:
        scopes = [process, *(each for each in process.walk() if isinstance(each, SubProcess))]
        yield from (f"not drawn: {each.id}" for each in process.walk() if each.id not in shapes)
        for flow in (flow for scope in scopes for flow in scope.flows.values()):
            points = edges.get(flow.id)
            if not points:
                yield f"not drawn: {flow.id}"
            elif not (_touches(points[0], shapes[flow.source_id]) and _touches(points[-1], shapes[flow.target_id])):
                yield f"hangs in the air: {flow.id}"


def _touches(point, bounds, slack=2):
    x, y, width, height = bounds
    return x - slack <= point[0] <= x + width + slack and y - slack <= point[1] <= y + height + slack
