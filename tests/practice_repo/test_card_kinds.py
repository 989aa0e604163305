"""Cards of scenarios, technologies and components say what their kind needs."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import InvalidModel
from practice_repo.card_writer import write_toml
from practice_repo.practice import folder_files, practice_of_files, read_card, shipped_practices
from practice_repo.practice_check import check_practice

SHIPPED = {folder.name: folder for folder in shipped_practices()}
PROCESS = (Path(__file__).parent / "card.toml").read_text(encoding="utf-8")
SCENARIO = (SHIPPED["machinery_quote"] / "practice.toml").read_text(encoding="utf-8")
TECHNOLOGY = (SHIPPED["mail_channel"] / "practice.toml").read_text(encoding="utf-8")
COMPONENT = """
[practice]
id = "part"
version = "1.0.0"
kind = "component"
type = "technique"
name = {en = "Part", zh = "部件"}
summary = {en = "A part", zh = "一个部件"}
area = "sales"
licence = "Apache-2.0"
[origin]
practice = "whole"
version = "1.2.0"
digest = "abc"
relation = "component"
part = "form"
name = "intake"
"""


def problems(text):
    with pytest.raises(InvalidModel) as caught:
        read_card(text)
    return [finding.message for finding in caught.value.findings]


def test_a_scenario_tells_its_situation():
    situation = read_card(SCENARIO).situation

    assert (situation.industry, situation.product_type) == ("machinery", "configured")
    assert situation.bundle[0].practice == "lead_to_order"
    assert situation.bundle[0].choices["l5_configuration"] == "option_rules"
    assert situation.bundle[0].parameters["channel"] == "web"
    assert situation.samples[0].kind == "leads"
    assert situation.start_conditions[0].zh


def test_a_technology_tells_its_contract():
    technology = read_card(TECHNOLOGY).technology

    assert technology.contract[0].topic == "mail.send"
    assert {adapter.kind for adapter in technology.adapters} == {"stub", "real"}
    assert [setting.key for setting in technology.settings if setting.type == "secret"] == ["password"]
    assert technology.running_costs[0].amount == Decimal(20)
    assert "send_quote" in technology.used_by[0].elements


def test_a_component_tells_where_it_was_cut_out():
    origin = read_card(COMPONENT).origin

    assert (origin.practice, origin.version, origin.part, origin.name) == ("whole", "1.2.0", "form", "intake")


def test_only_a_process_needs_a_model():
    assert read_card(SCENARIO).process == ""
    assert read_card(PROCESS).process == "process.bpmn"


def test_what_an_enterprise_does_with_a_practice_is_to_adopt_it_unless_said():
    assert read_card(PROCESS).change_type == "adopt"
    assert (
        read_card(PROCESS.replace('version = "1.0.0"', 'version = "1.0.0"\nchange_type = "eliminate"')).change_type
        == "eliminate"
    )


@pytest.mark.parametrize(
    ("card", "right", "wrong", "said"),
    [
        (PROCESS, 'version = "1.0.0"', 'version = "1.0.0"\nchange_type = "love"', "improve, eliminate"),
        (PROCESS, "[estimate]", "[situation]\n[estimate]", "belongs into a card of kind scenario"),
        (SCENARIO, 'kind = "scenario"', 'kind = "technology"', "[technology]: is missing"),
        (SCENARIO, 'sizes = ["medium"]', 'sizes = ["big"]', "must be one of micro"),
        (SCENARIO, "[[situation.bundle]]", "[[situation.bundles]]", "'bundles' is not known"),
        (SCENARIO, 'l5_configuration = "option_rules"', "l5_configuration = 5", "must name one option"),
        (TECHNOLOGY, 'kind = "stub"', 'kind = "real"', "needs a stub and at least one real adapter"),
        (TECHNOLOGY, 'type = "secret"', 'type = "secret"\ndefault = "1234"', "a secret has no default"),
        (TECHNOLOGY, 'settings = ["host"', 'settings = ["hostess"', "the setting 'hostess', which is not described"),
        (TECHNOLOGY, 'per = "month"', 'per = "moon"', "must be one of use, month, year"),
        (COMPONENT, 'relation = "component"', 'relation = "cousin"', "must be one of variant, component, import"),
        (COMPONENT, 'part = "form"', 'part = "song"', "must be one of sub_process"),
        (COMPONENT, "[origin]", "[context]\n[[origin]]", "[origin]: must be a table"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_section_is_named(card, right, wrong, said):
    assert right in card

    found = problems(card.replace(right, wrong, 1))

    assert any(said in message for message in found), found


def changed(name, **files):
    """The errors and warnings of a shipped practice with some files exchanged (None: left out)."""
    content = {**folder_files(SHIPPED[name]), **files}
    practice = practice_of_files({path: text for path, text in content.items() if text is not None})
    return {finding.rule: finding.message for finding in check_practice(practice)}


def test_sample_data_must_be_there_and_be_described():
    assert "add it below data/" in changed("machinery_quote", **{"data/leads.csv": None})["practice-sample"]
    assert "describe or remove it" in changed("machinery_quote", **{"data/more.csv": b"a"})["practice-sample"]


def test_a_scenario_without_acceptance_script_is_incomplete():
    assert "missing" in changed("machinery_quote", **{"scenarios.toml": None})["practice-scenarios"]


def test_a_stub_answers_every_topic_in_feel():
    silent = TECHNOLOGY.replace('"mail.send" = ', '"mail.fetch" = ')
    broken = TECHNOLOGY.replace("mail_sent_at: now()}", "mail_sent_at: }")

    assert (
        "says nothing about 'mail.send'"
        in changed("mail_channel", **{"practice.toml": silent.encode()})["practice-stub"]
    )
    assert "is not FEEL" in changed("mail_channel", **{"practice.toml": broken.encode()})["practice-stub"]


def test_an_option_belongs_to_a_question_of_the_card():
    assert "no variation point 'l99'" in changed("lead_to_order", **{"options/l99.yes.json": b"{}"})["practice-option"]
    assert (
        "has no option 'maybe'"
        in changed("lead_to_order", **{"options/l6_site_survey.maybe.json": b"{}"})["practice-option"]
    )
    assert (
        "is not JSON"
        in changed("lead_to_order", **{"options/l6_site_survey.before_quote.json": b"{"})["practice-option"]
    )


@pytest.mark.parametrize("folder", shipped_practices(), ids=lambda folder: folder.name)
def test_a_written_card_says_the_same(folder):
    for name, depth in (("practice.toml", 2), ("scenarios.toml", 3)):
        text = folder_files(folder).get(name, b"").decode()
        document = tomllib.loads(text, parse_float=Decimal)

        assert tomllib.loads(write_toml(document, inline_from=depth), parse_float=Decimal) == document
