import random
from copy import deepcopy
from datetime import date

import pytest
from lxml import etree

from engine.dmn import compile_decisions, read_dmn
from engine.dmn.inputs import typed_inputs
from engine.errors import InvalidModel, NotFound

from .dmn_models import (
    DMN_15,
    compiled,
    component,
    decision,
    input_data,
    item,
    knowledge_model,
    literal,
    model,
    result_of,
    table,
    value_of,
    variable,
)


def service(name, outputs=(), encapsulated=(), decisions=(), inputs=(), type_ref=None):
    def references(tag, targets):
        return "".join(f'<{tag} href="#{target}"/>' for target in targets)

    return (
        f'<decisionService id="k_{name}" name="{name}">{variable(name, type_ref)}'
        + references("outputDecision", outputs)
        + references("encapsulatedDecision", encapsulated)
        + references("inputDecision", decisions)
        + references("inputData", inputs)
        + "</decisionService>"
    )


# -- requirements ---------------------------------------------------------------------------------------------------


def test_a_decision_sees_what_it_requires():
    decisions = compiled(
        input_data("Applicant Age", "number"),
        decision("Is adult", literal("Applicant Age >= 18"), inputs=["Applicant Age"]),
        decision("Greeting", literal('if Is adult then "Hello" else "Hi"'), decisions=["Is adult"]),
    )

    result = decisions.evaluate("Greeting", {"Applicant Age": 20})

    assert result.value == "Hello"
    assert result.decisions == {"Is adult": True, "Greeting": "Hello"}
    assert [each["decision"] for each in result.audit] == ["Is adult", "Greeting"]


def test_input_data_that_is_not_required_is_not_seen():
    assert value_of(literal("secret"), {"secret": 1}, input_data("secret")) is None


def test_variables_that_no_element_declares_are_seen_by_tables_without_a_graph():
    assert value_of(table(["score"], [""], [("> 5", '"good"')]), {"score": 6}) == "good"


def test_such_variables_are_seen_inside_of_filters_too():
    rows = [{"region": "north", "n": 1}, {"region": "south", "n": 2}]

    assert value_of(literal("rows[region = area].n"), {"rows": rows, "area": "south"}) == [2]


def test_a_decision_is_found_by_id_or_name():
    decisions = compiled(decision("x", literal("1")))

    assert decisions.evaluate("d_x", {}).value == decisions.evaluate("x", {}).value == 1
    assert decisions.ids == {"d_x"}
    with pytest.raises(NotFound, match="d_x, x"):
        decisions.evaluate("y", {})


def test_a_shared_requirement_is_taken_once():
    decisions = compiled(
        decision("base", literal("1")),
        decision("a", literal("base + 1"), decisions=["base"]),
        decision("b", literal("base + 2"), decisions=["base"]),
        decision("c", literal("a + b"), decisions=["a", "b"]),
    )

    result = decisions.evaluate("c", {})

    assert result.value == 5
    assert [each["decision"] for each in result.audit].count("base") == 1


def test_decisions_that_require_each_other_are_null_with_a_message():
    decisions = compiled(decision("a", literal("b"), decisions=["b"]), decision("b", literal("a"), decisions=["a"]))

    result = decisions.evaluate("a", {})

    assert result.value is None
    assert any("requires itself" in message for message in result.messages)


def test_a_missing_requirement_is_refused():
    with pytest.raises(InvalidModel, match="#in_nobody"):
        compiled(decision("x", literal("1"), inputs=["nobody"]))


def test_all_decisions_are_taken_and_the_top_most_is_the_result():
    decisions = compiled(
        decision("top", literal("low + 1"), decisions=["low"]),
        decision("low", literal("1")),
    )

    result = decisions.evaluate_all({})

    assert result.value == 2
    assert result.decisions == {"low": 1, "top": 2}


def test_messages_name_the_decision():
    assert result_of(literal("missing + 1")).messages[0].startswith("Decision 'x': ")


# -- types ----------------------------------------------------------------------------------------------------------


def person(**more):
    return item("tPerson", components=[component("name", "string"), component("age", "number")], **more)


@pytest.mark.parametrize(
    ("types", "type_ref", "value", "expected"),
    [
        ([], "number", 5, 5),
        ([], "number", "5", None),
        ([], "number", [5], 5),
        ([], "string", None, None),
        ([item("tLevel", "string", allowed='"a", "b"')], "tLevel", "a", "a"),
        ([item("tLevel", "string", allowed='"a", "b"')], "tLevel", "c", None),
        ([item("tAges", "number", collection=True)], "tAges", [1, 2], [1, 2]),
        ([item("tAges", "number", collection=True)], "tAges", 1, [1]),
        ([item("tAges", "number", collection=True)], "tAges", [1, "2"], None),
        ([item("tAges", "number", collection=True, allowed=">= 18")], "tAges", [18, 17], None),
        ([item("tAges", "number", collection=True, constraint="count(?) < 3")], "tAges", [1, 2, 3], None),
        ([item("tAges", "number", collection=True, constraint="count(?) < 3")], "tAges", [1, 2], [1, 2]),
        ([person()], "tPerson", {"name": "A", "age": 1}, {"name": "A", "age": 1}),
        ([person()], "tPerson", {"name": "A", "age": "1"}, None),
        ([person()], "tPerson", {"name": "A"}, None),
        ([person(collection=True)], "tPerson", {"name": "A", "age": 1}, [{"name": "A", "age": 1}]),
        ([item("tBase", "number", allowed="> 0"), item("tSmall", "tBase", allowed="< 10")], "tSmall", 5, 5),
        ([item("tBase", "number", allowed="> 0"), item("tSmall", "tBase", allowed="< 10")], "tSmall", -5, None),
        ([item("tBase", "number", allowed="> 0"), item("tSmall", "tBase", allowed="< 10")], "own:tSmall", 11, None),
        ([], "feel:number", "x", None),
        ([item("t", "date")], "t", date(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_values_conform_to_their_declared_type_or_are_null(types, type_ref, value, expected):
    decisions = compiled(*types, input_data("v", type_ref), decision("x", literal("v"), inputs=["v"]))

    assert decisions.evaluate("x", {"v": value}).value == expected


@pytest.mark.parametrize(("end", "expected"), [(5, True), (2, False)])
def test_allowed_values_of_a_component_may_speak_of_its_siblings(end, expected):
    span = item("tSpan", components=[component("start", "number"), component("end", "number", allowed="> start")])
    decisions = compiled(span, input_data("v", "tSpan"), decision("x", literal("v != null"), inputs=["v"]))

    assert decisions.evaluate("x", {"v": {"start": 3, "end": end}}).value is expected


def test_the_result_of_a_decision_conforms_to_its_type():
    assert value_of(literal("5"), type_ref="string") is None
    assert value_of(literal("[5]"), type_ref="number") == 5


def test_an_unknown_type_is_refused_and_otherwise_not_checked():
    source = model(decision("x", literal("5"), type_ref="tNothing"))

    with pytest.raises(InvalidModel, match="no type 'tNothing'"):
        compile_decisions([read_dmn(source)])
    assert compile_decisions([read_dmn(source)], strict=False).evaluate("x", {}).value == 5


def test_a_type_may_contain_itself():
    tree = item("tTree", components=[component("value", "number"), component("children", "tTree", collection=True)])
    decisions = compiled(tree, input_data("t", "tTree"), decision("x", literal("t.children.value"), inputs=["t"]))

    assert decisions.evaluate("x", {"t": {"value": 1, "children": [{"value": 2, "children": []}]}}).value == [2]


def test_instance_of_knows_the_models_types():
    assert value_of(literal('{name: "A", age: 1} instance of tPerson'), {}, person()) is True
    assert value_of(literal('{name: "A"} instance of tPerson'), {}, person()) is False


def test_a_function_type_says_what_a_knowledge_model_returns():
    kind = (
        '<itemDefinition name="tFn"><functionItem outputTypeRef="number">'
        '<parameters name="a" typeRef="number"/></functionItem></itemDefinition>'
    )
    wrong = knowledge_model("f", ["a"], literal('"text"'), type_ref="tFn")

    assert value_of(literal("f(1)"), {}, kind, wrong, knowledge=["f"]) is None


# -- decision services ------------------------------------------------------------------------------------------------

SERVICE_PARTS = (
    input_data("a", "number"),
    decision("given", literal("100")),
    decision("inner", literal("a + given"), inputs=["a"], decisions=["given"]),
    decision("one", literal("inner * 2"), decisions=["inner"]),
    decision("two", literal("inner * 3"), decisions=["inner"]),
)


def test_a_service_with_one_output_gives_its_value():
    decisions = compiled(*SERVICE_PARTS, service("s", ["d_one"], ["d_inner"], decisions=["d_given"], inputs=["in_a"]))

    assert decisions.call("s", {"a": 1, "given": 2}).value == 6


def test_a_service_with_several_outputs_gives_a_context():
    decisions = compiled(
        *SERVICE_PARTS, service("s", ["d_one", "d_two"], ["d_inner"], decisions=["d_given"], inputs=["in_a"])
    )

    assert decisions.call("s", {"a": 1, "given": 2}).value == {"one": 6, "two": 9}


def test_a_service_is_a_function_of_its_input_data_then_its_input_decisions():
    parts = (*SERVICE_PARTS, service("s", ["d_one"], ["d_inner"], decisions=["d_given"], inputs=["in_a"]))

    assert value_of(literal("s(1, 2)"), {}, *parts, knowledge=["s"]) == 6
    assert value_of(literal("s(given: 2, a: 1)"), {}, *parts, knowledge=["s"]) == 6
    assert value_of(literal("s(1)"), {}, *parts, knowledge=["s"]) is None
    assert value_of(literal('s("x", 2)'), {}, *parts, knowledge=["s"]) is None


def test_a_called_service_tells_which_decisions_it_took():
    parts = (*SERVICE_PARTS, service("s", ["d_one"], ["d_inner"], decisions=["d_given"], inputs=["in_a"]))

    result = compiled(*parts).call("s", {"a": 1, "given": 2})

    assert result.decisions["one"] == result.value == 6
    assert "given" not in result.decisions


def test_a_service_is_not_executed_with_arguments_that_do_not_conform():
    """10.3.2.13.2: the invocation is null, even where the service would make something of null."""
    parts = (
        input_data("n", "number"),
        decision("is missing", literal("n = null"), inputs=["n"]),
        service("s", ["d_is missing"], inputs=["in_n"]),
    )

    assert value_of(literal("s(null)"), {}, *parts, knowledge=["s"]) is True
    assert value_of(literal('s("many")'), {}, *parts, knowledge=["s"]) is None


def test_the_result_of_a_service_conforms_to_its_type():
    parts = (*SERVICE_PARTS, service("s", ["d_one"], inputs=["in_a"], type_ref="string"))

    assert value_of(literal("s(1)"), {}, *parts, knowledge=["s"]) is None


def test_a_knowledge_model_can_be_called_by_name():
    assert compiled(knowledge_model("twice", ["n"], literal("n * 2"))).call("twice", {"n": 4}).value == 8


# -- imports ----------------------------------------------------------------------------------------------------------


def importing(prefix):
    return f'<import name="{prefix}" namespace="urn:base" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'


BASE = model(
    item("tAge", "number", allowed=">= 0"),
    input_data("Person Age", "tAge"),
    decision("Is adult", literal("Person Age >= 18"), inputs=["Person Age"]),
    knowledge_model("twice", ["n"], literal("n * 2")),
    namespace="urn:base",
)


@pytest.mark.parametrize(("prefix", "seen"), [("base", "base."), ("my base", "my base."), ("", "")])
def test_elements_of_an_imported_model_are_seen_under_its_prefix(prefix, seen):
    logic = literal(f"{seen}Is adult and {seen}Person Age = {seen}twice(10)")
    source = decision(
        "x",
        logic,
        inputs=["urn:base#in_Person Age"],
        decisions=["urn:base#d_Is adult"],
        knowledge=["twice"],
    ).replace("#k_twice", "urn:base#k_twice")
    source = source.replace("in_urn:base", "urn:base").replace("d_urn:base", "urn:base")

    decisions = compile_decisions([read_dmn(model(importing(prefix), source)), read_dmn(BASE)])

    assert decisions.evaluate("x", {"Person Age": 20}).value is True
    if prefix:
        assert decisions.evaluate("x", {prefix: {"Person Age": 20}}).value is True


def test_types_of_an_imported_model_are_named_with_its_prefix():
    parts = (importing("base"), input_data("v", "base.tAge"), decision("x", literal("v"), inputs=["v"]))
    decisions = compiled(*parts, imports=[BASE])

    assert decisions.evaluate("x", {"v": 1}).value == 1
    assert decisions.evaluate("x", {"v": -1}).value is None


def test_each_import_path_has_input_data_of_its_own():
    """Two models import the same third one, which callers see as `left.base` and `right.base`."""

    def importing(namespace, logic, **imported):
        lines = [f'<import name="{name}" namespace="urn:{name}" importType="{DMN_15}"/>' for name in imported]
        hrefs = "".join(
            f'<informationRequirement><requiredDecision href="urn:{name}#d_{decision_name}"/></informationRequirement>'
            for name, decision_name in imported.items()
        )
        taken = decision(namespace, literal(logic)).replace("<literal", hrefs + "<literal", 1)
        return model(*lines, taken, namespace=f"urn:{namespace}")

    sources = (
        importing("both", "[left.left, right.right]", left="left", right="right"),
        importing("left", "base.hello", base="hello"),
        importing("right", "base.hello", base="hello"),
        model(input_data("who"), decision("hello", literal('"Hi " + who'), inputs=["who"]), namespace="urn:base"),
    )
    decisions = compile_decisions([read_dmn(source) for source in sources])

    result = decisions.evaluate("both", {"left": {"base": {"who": "Ann"}}, "right": {"base": {"who": "Bo"}}})

    assert result.value == ["Hi Ann", "Hi Bo"]
    assert decisions.evaluate("both", {"who": "all"}).value == ["Hi all", "Hi all"]


def test_an_import_that_is_not_there_is_refused():
    with pytest.raises(InvalidModel, match="urn:base"):
        compiled(importing("base"), decision("x", literal("1")))


def test_models_that_import_each_other_are_refused():
    other = model(
        '<import name="back" namespace="urn:test" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
        namespace="urn:base",
    )

    with pytest.raises(InvalidModel, match="imports this model in turn"):
        compiled(importing("base"), imports=[other])


# -- JSON inputs ------------------------------------------------------------------------------------------------------


def test_texts_become_the_temporal_values_that_inputs_declare():
    trip = item("tTrip", components=[component("start", "date"), component("stay", "days and time duration")])
    decisions = compiled(
        trip,
        item("tTrips", "tTrip", collection=True),
        input_data("trips", "tTrips"),
        decision("x", literal("trips[1].start + trips[1].stay"), inputs=["trips"]),
    )

    inputs = typed_inputs(decisions, {"trips": [{"start": "2026-01-01", "stay": "P2D"}]})

    assert decisions.evaluate("x", inputs).value == date(2026, 1, 3)


def test_a_date_for_a_date_and_time_is_its_midnight_in_utc():
    decisions = compiled(input_data("at", "date and time"), decision("x", literal("string(at)"), inputs=["at"]))

    result = decisions.evaluate("x", typed_inputs(decisions, {"at": "2020-01-31"}))

    assert result.value == "2020-01-31T00:00:00Z"


def test_components_may_have_keywords_in_their_names():
    parts = [item("tLoan", components=[component("debt and income", "number")]), input_data("loan", "tLoan")]

    value = value_of(literal("loan.debt and income + 1"), {"loan": {"debt and income": 1}}, *parts, inputs=["loan"])

    assert value == 2


def test_a_value_that_its_type_excludes_is_named_so():
    colour = item("tColour", "string", allowed='"red", "blue"')

    result = result_of(literal('"green"'), {}, colour, type_ref="tColour")

    assert result.value is None
    assert "allowed values" in result.messages[0]


def test_a_text_that_is_no_date_is_null_with_a_message():
    decisions = compiled(input_data("d", "date"), decision("x", literal("d"), inputs=["d"]))

    result = decisions.evaluate("x", typed_inputs(decisions, {"d": "soon"}))

    assert result.value is None
    assert any("expected date, found string" in message for message in result.messages)


# -- robustness -------------------------------------------------------------------------------------------------------


def test_models_that_lost_or_gained_parts_never_break_the_lenient_compiler():
    whole = etree.fromstring(
        model(
            person(),
            input_data("a", "tPerson"),
            knowledge_model("twice", [("n", "number")], literal("n * 2")),
            decision(
                "t", table([("a.age", "[0..9]")], [("", '"x", "y"', '"y"')], [("< 5", '"x"')], "PRIORITY"), inputs=["a"]
            ),
            decision("x", literal("[t, twice(a.age)]"), inputs=["a"], decisions=["t"], knowledge=["twice"]),
            service("s", ["d_x"], ["d_t"], inputs=["in_a"]),
        )
    )
    chance = random.Random(7)
    for _ in range(300):
        copy = deepcopy(whole)
        for _ in range(chance.randint(1, 3)):
            victim = chance.choice(list(copy.iter())[1:])
            change = chance.choice(["remove", "repeat", "empty", "rename"])
            if change == "remove":
                victim.getparent().remove(victim)
            elif change == "repeat":
                victim.addnext(deepcopy(victim))
            elif change == "empty":
                victim.attrib.clear()
            else:
                victim.tag = chance.choice(list(whole.iter())).tag

        decisions = compile_decisions([read_dmn(etree.tostring(copy))], strict=False)

        decisions.evaluate_all({"a": {"name": "A", "age": 3}})
        assert all(isinstance(finding.message, str) for finding in decisions.findings)
