from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import InvalidModel, NotFound
from practice_repo.practice import read_card, read_practice, shipped_practices

CARD = (Path(__file__).parent / "card.toml").read_text(encoding="utf-8")


def problems(text):
    with pytest.raises(InvalidModel) as caught:
        read_card(text)
    return [finding.message for finding in caught.value.findings]


def test_a_card_is_read_with_all_its_sections():
    card = read_card(CARD)

    assert (card.id, card.version, card.pcf[0].number) == ("returns", "1.0.0", 10182)
    assert card.name.in_language("zh-CN") == "退货"
    assert card.roles[0].hourly_rate == Decimal("32.5")
    assert card.variation_points[0].options[1].industries == ("machinery",)
    assert card.estimate.cost_drivers[1].amount == 900
    assert card.touchpoints[0].forbidden == ("birthday",)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('id = "returns"', 'id = "Returns!"', "snake_case"),
        ('version = "1.0.0"', 'version = "1"', "must look like 1.0.0"),
        ('kind = "process"', 'kind = "song"', "must be one of process, scenario, technology"),
        ('name = {en = "Returns", zh = "退货"}', 'name = {en = "Returns"}', "has no text for zh"),
        ('name = {en = "Returns", zh = "退货"}', 'name = "Returns"', "must be {en"),
        ("number = 10182", 'number = "10182"', "must be a whole number"),
        ('capabilities = ["C01"]', 'capabilities = ["one"]', "must look like C01"),
        ('unit = "hours"\nbetter', 'unit = "miles"\nbetter', "must be one of share"),
        ('default = "all"', 'default = "none"', "not one of the options"),
        ('licence = "Apache-2.0"', 'license = "Apache-2.0"', "'license' is not known"),
        ('{kpi = "lead_time"', '{kpi = "profit"', "the KPI 'profit' is not among"),
        ('{role = "clerk"', '{role = "boss"', "the role 'boss' is not among"),
        ('forbidden = ["birthday"]', 'forbidden = ["serial_number"]', "cannot be asked and forbidden"),
        ("hours = 8}", "amount = 8}", "needs either role and hours"),
        ("hourly_rate = 32.5", "hourly_rate = -1", "a number of 0 or more"),
        ("[[anchor]]", "[[ankor]]", "is not a section"),
    ],
)
def test_a_mistake_in_a_card_is_named(right, wrong, said):
    assert right in CARD

    found = problems(CARD.replace(right, wrong, 1))

    assert any(said in message for message in found), found


def test_two_kpis_cannot_share_a_key():
    kpi = CARD[CARD.index("[[kpi]]") : CARD.index("[[variation_point]]")]

    assert any("'lead_time' stands twice" in message for message in problems(CARD + kpi))


def test_a_card_that_is_no_toml_names_the_place():
    assert "line 1" in problems("practice = ?\n")[0]


def make_folder(folder, **files):
    (folder / "forms").mkdir()
    (folder / "practice.toml").write_text(CARD)
    (folder / "process.bpmn").write_bytes(b"<model/>")
    (folder / "forms" / "intake.json").write_bytes(b"{}")
    (folder / "README.md").write_text("# Returns")
    return folder


def test_a_folder_is_read_as_it_lies(tmp_path):
    practice = read_practice(make_folder(tmp_path))

    assert practice.id == "returns"
    assert practice.main_model == b"<model/>"
    assert practice.forms == {"intake": b"{}"}
    assert practice.decisions == {}
    assert practice.readme == "# Returns"


def test_a_folder_without_card_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"practice\.toml"):
        read_practice(tmp_path)


def test_the_process_file_must_be_there(tmp_path):
    (make_folder(tmp_path) / "process.bpmn").unlink()

    with pytest.raises(InvalidModel, match=r"process\.bpmn.*missing"):
        read_practice(tmp_path)


def test_shipped_practices_are_folders_with_a_card():
    assert all((folder / "practice.toml").is_file() for folder in shipped_practices())
    assert shipped_practices() == sorted(shipped_practices())
