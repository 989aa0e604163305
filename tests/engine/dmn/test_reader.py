import json

import pytest
from click.testing import CliRunner

from engine.dmn import read_dmn
from engine.dmn.cli import dmn
from engine.dmn.elements import DecisionTable
from engine.dmn.xml import VERSIONS
from engine.errors import InvalidModel

from .dmn_models import decision, input_data, item, knowledge_model, literal, model, table


@pytest.mark.parametrize(("namespace", "version"), VERSIONS.items())
def test_every_version_of_dmn_is_read(namespace, version):
    definitions = read_dmn(model(decision("x", literal("1")), dmn=namespace))

    assert definitions.dmn_version == version
    assert definitions.decision_ids == ("d_x",)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "is empty"),
        (b"<a", "not well-formed"),
        (b"<definitions/>", "expected DMN"),
        (b'<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', "document type"),
        (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>', "document type"),
        (b"<?xml version='1.0' encoding='nonsense'?><d/>", "DMN file that can be read"),
        (b"<d>" * 5000 + b"</d>" * 5000, "not well-formed"),
        (b" " * (10 * 1024 * 1024 + 1), "at most 10 MB"),
    ],
)
def test_what_is_no_dmn_is_refused_with_the_reason(source, said):
    with pytest.raises(InvalidModel, match=said) as caught:
        read_dmn(source)

    assert caught.value.findings[0].rule == "dmn-xml"


def test_entities_are_not_expanded_before_the_refusal():
    bomb = '<!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><d>&c;</d>'

    with pytest.raises(InvalidModel, match="document type"):
        read_dmn(bomb.encode())


def test_a_table_is_read_with_all_its_parts():
    logic = table([("score", "[0..100]")], [("grade", '"A", "B"', '"B"')], [("> 50", '"A"')], "FIRST")

    (read,) = read_dmn(model(decision("x", logic))).decisions

    assert isinstance(read.expression, DecisionTable)
    assert read.expression.hit_policy == "FIRST"
    assert read.expression.inputs[0].allowed_values == "[0..100]"
    assert read.expression.outputs[0].default.text == '"B"'
    assert read.expression.rules[0].inputs == ("> 50",)


def test_comments_inside_texts_are_left_out():
    logic = "<literalExpression><text>1 <!-- one -->+ 2</text></literalExpression>"

    assert read_dmn(model(decision("x", logic))).decisions[0].expression.text == "1 + 2"


def test_types_written_as_children_are_read():
    source = model(item("tName", "string", allowed='"a"'))

    (read,) = read_dmn(source).item_definitions

    assert (read.name, read.type_ref.name, read.allowed_values) == ("tName", "string", '"a"')


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        (decision("x", literal("1")) * 2, "dmn-duplicate-id"),
        (input_data("x") + decision("x", literal("1")), "dmn-duplicate-name"),
        ('<decision name="x"/>', "dmn-name"),
        (decision("x", table(["a"], [""], [("1",)])), "dmn-table"),
        (decision("x", table(["a"], ["", ""], [("1", "2", "3")])), "dmn-table"),
        (decision("x", table(["a"], [""], [("1", "2")], "LUCKY")), "dmn-hit-policy"),
        (decision("x", "<oracle/>"), "dmn-expression"),
    ],
)
def test_what_is_wrong_inside_is_noted(part, rule):
    assert rule in [finding.rule for finding in read_dmn(model(part)).findings]


# -- praxis dmn -----------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(dmn, [str(each) for each in arguments])


@pytest.fixture
def rating(tmp_path):
    path = tmp_path / "rating.dmn"
    path.write_bytes(
        model(
            input_data("since", "date"),
            decision("years", literal('years and months duration(since, @"2026-01-01").years'), inputs=["since"]),
            decision("rating", table(["years"], [""], [("< 2", '"new"'), (">= 2", '"loyal"')]), decisions=["years"]),
            knowledge_model("twice", ["n"], literal("n * 2")),
        )
    )
    return path


def test_the_command_prints_result_decisions_audit_and_messages(rating):
    printed = json.loads(run(rating, "--input", '{"since": "2020-05-01"}', "--json").output)

    assert printed["result"] == "loyal"
    assert printed["decisions"] == {"years": 5, "rating": "loyal"}
    assert printed["audit"][-1] == {
        "decision": "rating",
        "rules": [2],
        "rule_ids": [""],
        "inputs": {"years": 5},
        "outputs": ["loyal"],
    }
    assert printed["messages"] == []


def test_the_command_takes_one_decision_or_one_function(rating):
    since = '{"since": "2025-05-01", "n": 4}'

    assert run(rating, "--decision", "years", "--input", since).output == "0\n"
    assert run(rating, "--service", "twice", "--input", since).output == "8\n"
    assert run(rating, "--decision", "twice", "--input", since).output == "8\n"


def test_white_space_in_names_of_the_command_is_as_in_the_model(tmp_path):
    path = tmp_path / "x.dmn"
    path.write_bytes(
        model(input_data("a  b", "number"), decision("my   sum", literal("a b + 1"), inputs=["a  b"])),
    )

    assert run(path, "--decision", "my   sum", "--input", '{"a  b": 1}').output == "2\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--decision", "nothing"], "There is no decision 'nothing'"),
        (["--service", "nothing"], "There is no decision service"),
        (["--input", "[1]"], "must be a JSON object"),
        (["--input", "{"], "must be a JSON object"),
    ],
)
def test_a_wrong_use_of_the_command_is_explained(rating, arguments, said):
    result = run(rating, *arguments)

    assert result.exit_code == 2
    assert said in result.output


def test_a_file_that_is_no_dmn_is_explained(tmp_path):
    path = tmp_path / "x.dmn"
    path.write_text("<a/>")

    result = run(path)

    assert result.exit_code == 1
    assert "expected DMN" in result.output


def test_imported_models_are_found_beside_the_file(tmp_path):
    imported = '<import name="b" namespace="urn:base" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
    (tmp_path / "base.dmn").write_bytes(model(decision("one", literal("1")), namespace="urn:base"))
    (tmp_path / "broken.dmn").write_text("<a>")
    main = tmp_path / "main.dmn"
    main.write_bytes(
        model(imported, decision("x", literal("b.one + 1"), decisions=["urn:base#d_one"]).replace("d_urn", "urn"))
    )

    assert run(main).output == "2\n"


def test_an_expression_that_fails_is_null_with_a_message(tmp_path):
    path = tmp_path / "x.dmn"
    path.write_bytes(model(decision("x", literal("1 +"))))

    printed = json.loads(run(path, "--json").output)

    assert printed["result"] is None
    assert "is not FEEL" in printed["messages"][0]
