import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from practice_repo.packs.archive import unpack
from practice_repo.packs.cli import pack
from practice_repo.practice import shipped_practices

SHIPPED = {folder.name: str(folder) for folder in shipped_practices()}
MODELS = Path(__file__).parent / "foreign_models"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words, code=0):
        result = CliRunner().invoke(pack, [*words, "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    return call


def test_a_practice_goes_from_one_installation_to_another(run, tmp_path):
    key = run("keygen", "acme")
    exported = run("export", SHIPPED["reverse_logistics"], "--key", "acme.key")
    verified = run("verify", exported["written"], "--trust", "acme.pub.toml", "--require-signature")
    imported = run("import", exported["written"], "--into", "copy", "--trust", "acme.pub.toml", "--require-signature")
    again = run("export", "copy", "-o", "again.praxis")

    assert len(key["fingerprint"]) == 16
    assert (verified["holds"], verified["signed_by"], imported["signed_by"]) == (True, ["acme"], ["acme"])
    assert (tmp_path / again["written"]).read_bytes() == (tmp_path / exported["written"]).read_bytes()


def test_a_changed_pack_is_not_imported(run, tmp_path):
    written = tmp_path / run("export", SHIPPED["reverse_logistics"])["written"]
    content = written.read_bytes()
    written.write_bytes(content.replace(b"Reverse logistics", b"Perverse logistic", 1))

    assert run("verify", str(written), code=1)["holds"] is False
    assert run("import", str(written), "--into", "copy", code=1)["folder"] is None
    assert not (tmp_path / "copy").exists()


def test_an_unsigned_pack_is_refused_where_a_signature_is_asked_for(run):
    written = run("export", SHIPPED["reverse_logistics"])["written"]

    found = run("verify", written, "--require-signature", code=1)

    assert [each["rule"] for each in found["findings"] if each["severity"] == "error"] == ["pack-unsigned"]


def test_a_library_is_indexed_followed_and_withdrawn_from(run, tmp_path):
    (tmp_path / "library").mkdir()
    run("export", SHIPPED["reverse_logistics"], "-o", "library")
    run("index", "library", "--name", "Ours")

    first = run("index", "library", "--follow", "mine")
    second = run("index", "library", "--follow", "mine")
    run("index", "library", "--withdraw", "reverse_logistics", "1.0.0", "broken form")
    third = run("index", "library", "--follow", "mine")

    assert [each["id"] for each in first["fetched"]] == ["reverse_logistics"]
    assert second["fetched"] == third["fetched"] == []
    assert third["withdrawn"] == [{"id": "reverse_logistics", "version": "1.0.0", "reason": "broken form"}]


def test_parts_are_listed_and_cut_out(run, tmp_path):
    listed = run("component", SHIPPED["lead_to_order"])
    cut = run("component", SHIPPED["lead_to_order"], "rule_table", "discount_level")

    assert "make_offer" in listed["parts"]["sub_process"]
    assert unpack((tmp_path / cut["written"]).read_bytes()).card.kind == "component"


def test_a_foreign_model_is_reported_and_laid_down(run, tmp_path):
    found = run("foreign", str(MODELS / "camunda8.bpmn"), "--into", "order", "--licence", "MIT")

    assert found["tool"] == "Camunda 8"
    assert (tmp_path / "order" / "process.bpmn").is_file()
    assert any("charge-card" in each["what"] for each in found["decisions"])
    assert not any("licence" in each["what"] for each in found["decisions"])


def test_the_report_is_readable_without_json(tmp_path):
    result = CliRunner().invoke(pack, ["foreign", str(MODELS / "signavio.bpmn")])

    assert result.exit_code == 0
    assert "nothing says who or what does this task" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "none.praxis"),
        ("export", "none"),
        ("component", "none"),
        ("keygen", "../up"),
        ("index", "none"),
        ("export", SHIPPED["reverse_logistics"], "-o", "pack.zip"),
    ],
)
def test_a_mistake_is_told_with_exit_code_2(run, words):
    assert run(*words, code=2)["error"]
