import pytest

from engine.errors import InvalidInput, InvalidModel
from practice_repo.algebra.difference import apply, difference
from practice_repo.algebra.document import read_document
from practice_repo.algebra.grouping import group
from practice_repo.algebra.operations import Change, Operation, describe, operations_from_json
from practice_repo.algebra.wording import SENTENCES

TYPES_OF_THE_DESIGN = (
    "InsertSerial InsertParallel InsertConditional Delete Move Replace Swap ExtractSubprocess InlineSubprocess "
    "WrapLoop Parallelise Sequentialise AddBoundary RemoveBoundary AddDependency RemoveDependency ChangeCondition "
    "ChangeDefault AddRule RemoveRule ChangeRule ChangeHitPolicy AddField RemoveField ChangeField AddDataObject "
    "ChangeMapping AddLane RenameLane MoveToLane ChangeAssignment ChangeTimer AddSla ChangeCalendar BindService "
    "ChangeMessage ChangeCorrelation Rename Redocument Relayout"
)

MODEL = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<message id="m" name="OrderSent"><extensionElements>
<praxis:correlation name="no" value="=no"/></extensionElements></message>
<process id="p" isExecutable="true">
<laneSet id="ls"><lane id="l1" name="Sales" praxis:role="sales"><flowNodeRef>t</flowNodeRef></lane>
<lane id="l2" name="Service"/></laneSet>
<startEvent id="s"/><userTask id="t" name="Check order" praxis:formKey="check" praxis:candidateGroups="sales"/>
<serviceTask id="v" name="Post" praxis:topic="post"><extensionElements>
<praxis:ioMapping><praxis:input source="=a" target="a"/></praxis:ioMapping></extensionElements></serviceTask>
<intermediateCatchEvent id="w" name="Wait"><timerEventDefinition>
<timeDuration xsi:type="tFormalExpression">PT4H</timeDuration></timerEventDefinition></intermediateCatchEvent>
<exclusiveGateway id="g" name="Good?" default="g_e"/><endEvent id="e"/>
<sequenceFlow id="s_t" sourceRef="s" targetRef="t"/><sequenceFlow id="t_v" sourceRef="t" targetRef="v"/>
<sequenceFlow id="v_w" sourceRef="v" targetRef="w"/><sequenceFlow id="w_g" sourceRef="w" targetRef="g"/>
<sequenceFlow id="g_t" name="no" sourceRef="g" targetRef="t">
<conditionExpression>x = 1</conditionExpression></sequenceFlow>
<sequenceFlow id="g_e" name="yes" sourceRef="g" targetRef="e"/>
</process></definitions>"""
TOTAL = '{"type": "number", "key": "sum", "id": "f_sum", "label": "Total", "validate": {"min": 0.5}}'
FINE = '{"type": "checkbox", "key": "ok", "label": "Fine"}'
NUMBER = '{"type": "textfield", "key": "no", "id": "f_no", "label": "Number"}'
FORM = f'{{"id": "check", "title": "Check", "components": [{NUMBER}, {TOTAL}]}}'
ROW = '<rule id="{0}"><inputEntry><text>{1}</text></inputEntry><outputEntry><text>{2}</text></outputEntry></rule>'
TABLE = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="ds" name="d" namespace="n">'
    '<decision id="d" name="Discount"><decisionTable id="t"><input id="i" label="Amount">'
    '<inputExpression id="x"><text>amount</text></inputExpression></input><output id="o" name="share"/>'
    f"{ROW.format('r1', '&gt; 10', 1)}{ROW.format('r2', '-', 0)}</decisionTable></decision></definitions>"
)
COUNTRY = '<input id="j" label="Country"><inputExpression><text>country</text></inputExpression></input>'
CARD = '[practice]\nid = "a"\n\n[[role]]\nkey = "sales"\nname = {en = "Sales", zh = "销售"}\n'


def changes(name, before, after):
    """Type, tags and English sentence of every operation between the two texts; they are replayed, too."""
    base, changed = read_document(name, before.encode()), read_document(name, after.encode())
    operations = difference(base, changed)
    assert apply(base, operations).digest == changed.digest
    return [(operation.type, sorted(operation.tags), describe(operation)) for operation in operations]


@pytest.mark.parametrize(
    ("old", "new", "operation", "tag", "sentence"),
    [
        ('"Check order"', '"Check offer"', "Rename", "doc", "Rename the user task 'Check order' to 'Check offer'."),
        ('name="Sales"', 'name="Sales team"', "RenameLane", "role", "Rename the lane 'Sales' to 'Sales team'."),
        (
            "x = 1",
            "x = 2",
            "ChangeCondition",
            "control",
            "Change the condition of the flow 'no' from 'x = 1' to 'x = 2'.",
        ),
        (
            'default="g_e"',
            'default="g_t"',
            "ChangeDefault",
            "control",
            "Change the default of the choice 'Good?' from 'yes' to 'no'.",
        ),
        ("PT4H", "PT8H", "ChangeTimer", "time", "Change the time of the waiting event 'Wait' from 'PT4H' to 'PT8H'."),
        (
            'Groups="sales"',
            'Groups="service"',
            "ChangeAssignment",
            "role",
            "Change who does the user task 'Check order' from 'sales' to 'service'.",
        ),
        (
            'formKey="check"',
            'formKey="check" praxis:due="P1D"',
            "AddSla",
            "time",
            "Set a due time for the user task 'Check order': 'P1D'.",
        ),
        (
            'topic="post"',
            'topic="book"',
            "BindService",
            "integration",
            "Change what the service task 'Post' calls from 'post' to 'book'.",
        ),
        (
            'formKey="check"',
            'formKey="ask"',
            "BindForm",
            "form",
            "Change the form of the user task 'Check order' from 'check' to 'ask'.",
        ),
        (
            '"OrderSent"',
            '"OrderGone"',
            "ChangeMessage",
            "integration",
            "Change the message of the message 'OrderSent' from 'OrderSent' to 'OrderGone'.",
        ),
        (
            'value="=no"',
            'value="=nr"',
            "ChangeCorrelation",
            "integration",
            "Change how the message 'OrderSent' finds its case from '=no' to '=nr'.",
        ),
        (
            'source="=a"',
            'source="=b"',
            "ChangeMapping",
            "data",
            "Change the data of the service task 'Post': source from '=a' to '=b'.",
        ),
        (
            "<startEvent",
            '<dataObject id="o" name="Order"/><startEvent',
            "AddDataObject",
            "data",
            "Add the data object 'Order'.",
        ),
        ('<lane id="l2" name="Service"/>', "", "RemoveLane", "role", "Remove the lane 'Service'."),
    ],
)
def test_a_change_of_a_model_has_a_name_a_tag_and_a_sentence(old, new, operation, tag, sentence):
    assert changes("m.bpmn", MODEL, MODEL.replace(old, new)) == [(operation, [tag], sentence)]


def test_an_element_that_moves_to_another_lane_says_so():
    moved = MODEL.replace("<flowNodeRef>t</flowNodeRef>", "").replace(
        'name="Service"/>', 'name="Service"><flowNodeRef>t</flowNodeRef></lane>'
    )

    assert changes("m.bpmn", MODEL, moved) == [
        ("MoveToLane", ["role"], "Move the user task 'Check order' from 'Sales' to 'Service'.")
    ]


@pytest.mark.parametrize(
    ("old", "new", "operation", "sentence"),
    [
        ('"label": "Number"', '"label": "No."', "Rename", "Rename the field 'Number' to 'No.'."),
        ('"min": 0.5', '"min": 2', "ChangeField", "Change the field 'Total': min from '0.5' to '2'."),
        (f", {TOTAL}", "", "RemoveField", "Remove the field 'Total'."),
        (f", {TOTAL}", f", {FINE}, {TOTAL}", "AddField", "Add the field 'Fine'."),
    ],
)
def test_a_change_of_a_form_has_a_name_and_a_sentence(old, new, operation, sentence):
    found = changes("forms/check.json", FORM, FORM.replace(old, new))

    assert [(each[0], each[2]) for each in found] == [(operation, sentence)]


@pytest.mark.parametrize(
    ("old", "new", "operation", "sentence"),
    [
        ("<text>1</text>", "<text>2</text>", "ChangeRule", "Change the rule '> 10' in 'Discount' from '1' to '2'."),
        (
            'id="t"',
            'id="t" hitPolicy="FIRST"',
            "ChangeHitPolicy",
            "Change the hit policy of the decision table 'Discount' from 'UNIQUE' to 'FIRST'.",
        ),
        (ROW.format("r2", "-", 0), "", "RemoveRule", "Remove the rule 'r2' from 'Discount'."),
        ('<rule id="r2">', ROW.format("r3", 5, 7) + '<rule id="r2">', "AddRule", "Add the rule '5' to 'Discount'."),
        ('<output id="o"', COUNTRY + '<output id="o"', "AddColumn", "Add the input 'Country' to 'Discount'."),
    ],
)
def test_a_change_of_a_decision_has_a_name_and_a_sentence(old, new, operation, sentence):
    found = changes("d.dmn", TABLE, TABLE.replace(old, new))

    assert [(each[0], each[2]) for each in found] == [(operation, sentence)]
    assert found[0][1] == ["rule"]


def test_a_column_takes_its_cells_along():
    base, changed = (
        read_document("d.dmn", text.encode())
        for text in (
            TABLE,
            TABLE.replace('<output id="o"', '<output id="p" name="why"/><output id="o"').replace(
                "<outputEntry>", '<outputEntry><text>"large"</text></outputEntry><outputEntry>'
            ),
        )
    )

    (operation,) = difference(base, changed)

    assert operation.type == "AddColumn"
    assert ("r1", "out:p") in operation.writes


def test_a_change_of_a_card_has_a_name_and_a_sentence():
    assert changes("practice.toml", CARD, CARD + '[[role]]\nkey = "desk"\nname = {en = "Desk", zh = "台"}\n') == [
        ("AddEntry", ["role"], "Add the role 'Desk'.")
    ]


def test_rules_that_came_together_can_be_taken_back_one_by_one():
    base = read_document("d.dmn", TABLE.encode())
    changed = read_document(
        "d.dmn",
        TABLE.replace('<rule id="r2">', ROW.format("n1", 5, 7) + ROW.format("n2", 6, 8) + '<rule id="r2">').encode(),
    )
    first, second = difference(base, changed)

    without = apply(changed, [first.inverse()])

    assert without.records["t"].get("rules") == ("r1", "n2", "r2")
    assert apply(without, [second.inverse()]).fingerprint == base.fingerprint


def test_every_type_has_a_sentence_in_both_languages():
    assert set(TYPES_OF_THE_DESIGN.split(" ")) <= set(SENTENCES)
    for name in SENTENCES:
        bare = Operation(name, "m.bpmn", "x", ())
        full = Operation(
            name,
            "m.bpmn",
            "x",
            (),
            details={"name": "N", "between": ["A", "B"], "before": "1", "after": "2", "in": "T"},
        )
        for language in ("en", "zh"):
            for operation in (bare, full, full.inverse()):
                sentence = describe(operation, language)
                assert not set("{}⟨⟩") & set(sentence)
                assert sentence.endswith("。" if language == "zh" else ".")


def test_an_inverse_says_that_something_is_taken_back():
    operation = Operation(
        "Rename", "m.bpmn", "x", (), details={"name": "A", "kind": "userTask", "before": "A", "after": "B"}
    )

    assert describe(operation.inverse()) == "Take back: Rename the user task 'A' to 'A'."
    assert describe(operation, "zh") == "将用户任务“A”重命名为“B”。"
    assert operation.inverse().inverse() == operation


def test_the_same_change_has_the_same_id_everywhere():
    base = read_document("m.bpmn", MODEL.encode())
    changed = read_document("m.bpmn", MODEL.replace("PT4H", "PT5H").encode())

    one, other = difference(base, changed)[0], difference(base, changed)[0]

    assert one.id == other.id
    assert one.id != one.inverse().id


def test_operations_say_what_they_need_and_touch():
    base = read_document("m.bpmn", MODEL.encode())
    extended = MODEL.replace("<startEvent", '<userTask id="n" name="New"/><startEvent').replace(
        'targetRef="e"/>\n</process>', 'targetRef="n"/><sequenceFlow id="n_e" sourceRef="n" targetRef="e"/></process>'
    )
    changed = read_document("m.bpmn", extended.encode())

    operations = difference(base, changed)
    created = frozenset().union(*(operation.creates for operation in operations))
    required = frozenset().union(*(operation.requires for operation in operations))

    assert created == {"n", "n_e"}
    assert {"g_e", "e"} <= required
    assert ("g_e", "target") in frozenset().union(*(operation.writes for operation in operations))


def test_what_is_left_over_is_grouped_without_loss():
    base = read_document("m.bpmn", MODEL.encode())
    left = [Change("set", "t", "name", "Check order", "A"), Change("set", "v", "name", "Post", "B")]
    changed = apply(base, [Operation("Rename", "m.bpmn", "t", tuple(left))])

    operations = group(base, changed, left)

    assert [change for operation in operations for change in operation.changes] == left


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "Expected a list of operations"),
        ("text", "Expected a list of operations"),
        ([{"type": "Rename"}], "An operation needs 'file'"),
        ([{"type": "Rename", "file": "a", "target": "t", "changes": [{}]}], "A change needs an 'action'"),
        (
            [{"type": "R", "file": "a", "target": "t", "changes": [{"action": "add", "key": "k"}]}],
            "the change needs it as 'after'",
        ),
        (
            [{"type": "R", "file": "a", "target": "t", "changes": [{"action": "set", "key": "k"}]}],
            "needs the name of the 'field'",
        ),
        ([1], "An operation needs 'type'"),
        ([{"type": "R", "file": "a", "target": "t", "changes": [1]}], "A change needs an 'action'"),
        ([{"type": "R", "file": "a", "target": "t", "changes": [], "tags": "x"}], "needs 'tags' as a list"),
        (
            [
                {
                    "type": "R",
                    "file": "a",
                    "target": "t",
                    "changes": [{"action": "set", "key": "k", "field": "f", "after": {}}],
                }
            ],
            "is a text, number, truth value or list of texts",
        ),
        (
            [
                {
                    "type": "R",
                    "file": "a",
                    "target": "t",
                    "changes": [
                        {"action": "add", "key": "k", "after": {"kind": "task", "id": "k", "fields": {"a": {}}}}
                    ],
                }
            ],
            "with 'kind', 'id' and 'fields'",
        ),
    ],
)
def test_json_that_holds_no_operations_is_refused(content, said):
    with pytest.raises(InvalidInput, match=said):
        operations_from_json(content)


@pytest.mark.parametrize("field", ["a b", "x/y z", "<script>", "name", "documentation", "x!xml"])
def test_operations_that_no_file_can_hold_are_refused_when_it_is_written(field):
    base = read_document("m.bpmn", MODEL.encode())
    operation = Operation(
        "Rename", "m.bpmn", "t", (Change("set", "t", field, base.records["t"].get(field, None), "\x00"),)
    )

    with pytest.raises(InvalidModel, match="cannot be written"):
        apply(base, [operation]).write()


def test_what_is_added_or_reconnected_carries_its_drawing():
    shape = (
        '<di:BPMNShape id="{0}_di" bpmnElement="{0}"><dc:Bounds x="{1}" y="5" width="100" height="80"/></di:BPMNShape>'
    )
    edge = (
        '<di:BPMNEdge id="{0}_di" bpmnElement="{0}"><d:waypoint x="1" y="{1}"/><d:waypoint x="9" y="9"/></di:BPMNEdge>'
    )
    plane = (
        '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:d="http://www.omg.org/spec/DD/20100524/DI">'
        '<di:BPMNPlane bpmnElement="p">{0}</di:BPMNPlane></di:BPMNDiagram></definitions>'
    )
    old = MODEL.replace("</definitions>", plane.format(shape.format("t", 0) + edge.format("g_e", 1)))
    new = (
        MODEL.replace(
            'targetRef="e"/>\n</process>',
            'targetRef="n"/><sequenceFlow id="n_e" sourceRef="n" targetRef="e"/></process>',
        )
        .replace("<startEvent", '<userTask id="n" name="New"/><startEvent')
        .replace("</definitions>", plane.format(shape.format("t", 0) + shape.format("n", 7) + edge.format("g_e", 2)))
    )
    base, changed = read_document("m.bpmn", old.encode()), read_document("m.bpmn", new.encode())

    operations = difference(base, changed)

    replayed = apply(base, operations)
    assert replayed.layout == changed.layout
    assert read_document("m.bpmn", replayed.write()).layout == changed.layout
    assert apply(replayed, [each.inverse() for each in reversed(operations)]).layout == base.layout
