"""The same thing said in four vendors' words is the same fields."""

from pathlib import Path

import pytest
from lxml import etree

import engine.bpmn
from engine.bpmn import read_model
from engine.bpmn.builder import PRAXIS_ATTRIBUTES
from engine.bpmn.elements import Activity, CallActivity, CatchOrThrow, Task, Value
from engine.bpmn.extensions import praxis
from engine.bpmn.lint import lint

NAMESPACES = """xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:flowable="http://flowable.org/bpmn"
 xmlns:activiti="http://activiti.org/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
 xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" """


def read(body: str, roots: str = "", attributes: str = ""):
    text = f'<definitions {NAMESPACES}>{roots}<process id="p" {attributes}>{body}</process></definitions>'
    return read_model(text.encode()).processes[0]


def element(body: str, roots: str = ""):
    return next(iter(read(body, roots).elements.values()))


def said(found: Value | None) -> str | None:
    """The text, or the expression with a leading "="."""
    if found is None:
        return None
    return f"={found.expression.feel}" if found.expression else found.text


def mappings(items) -> dict[str, str | None]:
    return {item.target: said(item.source) for item in items}


def extended(body: str) -> str:
    return f"<extensionElements>{body}</extensionElements>"


USER_TASKS = {
    "praxis": """<userTask id="t" praxis:assignee="=owner" praxis:candidateGroups="sales, support"
        praxis:formKey="offer" praxis:due="PT4H" praxis:followUp="P1D" praxis:priority="70"/>""",
    "camunda 7": """<userTask id="t" camunda:assignee="${owner}" camunda:candidateGroups="sales, support"
        camunda:formKey="offer" camunda:dueDate="PT4H" camunda:followUpDate="P1D" camunda:priority="70"/>""",
    "flowable": """<userTask id="t" flowable:assignee="${owner}" flowable:candidateGroups="sales, support"
        flowable:formKey="offer" flowable:dueDate="PT4H" flowable:followUpDate="P1D" flowable:priority="70"/>""",
    "activiti": """<userTask id="t" activiti:assignee="${owner}" activiti:candidateGroups="sales, support"
        activiti:formKey="offer" activiti:dueDate="PT4H" activiti:followUpDate="P1D" activiti:priority="70"/>""",
    "camunda 8": '<userTask id="t">'
    + extended("""<zeebe:userTask/><zeebe:assignmentDefinition assignee="=owner" candidateGroups="sales, support"/>
        <zeebe:formDefinition formId="offer"/><zeebe:taskSchedule dueDate="PT4H" followUpDate="P1D"/>
        <zeebe:priorityDefinition priority="70"/>""")
    + "</userTask>",
}


@pytest.mark.parametrize("vendor", USER_TASKS)
def test_user_tasks_say_who_until_when_with_which_form(vendor):
    assignment = element(USER_TASKS[vendor]).assignment

    assert said(assignment.assignee) == "=owner"
    assert said(assignment.candidate_groups) == "sales, support"
    assert said(assignment.form_key) == "offer"
    assert (said(assignment.due), said(assignment.follow_up)) == ("PT4H", "P1D")
    assert said(assignment.priority) == "70"


SERVICE_TASKS = {
    "praxis": ('<serviceTask id="t" praxis:topic="score" praxis:retries="3"/>', "score", "3"),
    "camunda external": ('<serviceTask id="t" camunda:type="external" camunda:topic="score"/>', "score", None),
    "camunda class": ('<serviceTask id="t" camunda:class="com.acme.Score"/>', "com.acme.Score", None),
    "camunda bean": ('<serviceTask id="t" camunda:delegateExpression="${scoreBean}"/>', "scoreBean", None),
    "camunda call": ('<serviceTask id="t" camunda:expression="${scoreBean.run(x)}"/>', "scoreBean", None),
    "camunda connector": (
        '<serviceTask id="t">'
        + extended("<camunda:connector><camunda:connectorId>http</camunda:connectorId></camunda:connector>")
        + "</serviceTask>",
        "http",
        None,
    ),
    "camunda retries": (
        '<serviceTask id="t" camunda:type="external" camunda:topic="score">'
        + extended("<camunda:failedJobRetryTimeCycle>R5/PT1M</camunda:failedJobRetryTimeCycle>")
        + "</serviceTask>",
        "score",
        "5",
    ),
    "camunda 8": (
        '<serviceTask id="t">' + extended('<zeebe:taskDefinition type="score" retries="3"/>') + "</serviceTask>",
        "score",
        "3",
    ),
    "spiffworkflow": (
        '<serviceTask id="t">' + extended('<spiffworkflow:serviceTaskOperator id="score"/>') + "</serviceTask>",
        "score",
        None,
    ),
    "flowable http": ('<serviceTask id="t" flowable:type="http"/>', "http", None),
}


@pytest.mark.parametrize("vendor", SERVICE_TASKS)
def test_service_tasks_have_a_topic(vendor):
    body, topic, retries = SERVICE_TASKS[vendor]
    task = element(body)

    assert isinstance(task, Task)
    assert (said(task.topic), said(task.retries)) == (topic, retries)


MAPPED = {
    "praxis": '<praxis:ioMapping><praxis:input source="=order.total" target="amount"/>'
    '<praxis:input source="EUR" target="currency"/><praxis:output source="=score" target="rating"/></praxis:ioMapping>',
    "camunda 7": '<camunda:inputOutput><camunda:inputParameter name="amount">${order.total}</camunda:inputParameter>'
    '<camunda:inputParameter name="currency">EUR</camunda:inputParameter>'
    '<camunda:outputParameter name="rating">${score}</camunda:outputParameter></camunda:inputOutput>',
    "camunda 8": '<zeebe:ioMapping><zeebe:input source="=order.total" target="amount"/>'
    '<zeebe:input source="EUR" target="currency"/><zeebe:output source="=score" target="rating"/></zeebe:ioMapping>',
}


@pytest.mark.parametrize("vendor", MAPPED)
def test_input_and_output_mappings(vendor):
    task = element(f'<serviceTask id="t">{extended(MAPPED[vendor])}</serviceTask>')

    assert mappings(task.inputs) == {"amount": "=order.total", "currency": "EUR"}
    assert mappings(task.outputs) == {"rating": "=score"}
    assert task.outputs_only == (vendor != "camunda 7")


def test_camunda_lists_and_maps_are_feel_and_scripts_are_problems():
    task = element(
        '<serviceTask id="t">'
        + extended("""<camunda:inputOutput>
            <camunda:inputParameter name="a"><camunda:list><camunda:value>x</camunda:value>
              <camunda:value>${y}</camunda:value></camunda:list></camunda:inputParameter>
            <camunda:inputParameter name="b"><camunda:map><camunda:entry key="k">${v}</camunda:entry></camunda:map>
            </camunda:inputParameter>
            <camunda:inputParameter name="c"><camunda:script scriptFormat="groovy">1</camunda:script>
            </camunda:inputParameter></camunda:inputOutput>""")
        + "</serviceTask>"
    )

    assert (mappings(task.inputs)["a"], mappings(task.inputs)["b"]) == ('=["x", y]', '={"k": v}')
    assert "groovy script" in task.problems[0]


LOOPS = {
    "praxis": "<multiInstanceLoopCharacteristics>"
    + extended(
        '<praxis:loopCharacteristics inputCollection="=lines" inputElement="line" outputCollection="results"'
        ' outputElement="=result"/>'
    )
    + "</multiInstanceLoopCharacteristics>",
    "camunda 8": "<multiInstanceLoopCharacteristics>"
    + extended(
        '<zeebe:loopCharacteristics inputCollection="=lines" inputElement="line" outputCollection="results"'
        ' outputElement="=result"/>'
    )
    + "</multiInstanceLoopCharacteristics>",
    "camunda 7 name": '<multiInstanceLoopCharacteristics camunda:collection="lines" camunda:elementVariable="line"/>',
    "camunda 7 expression": '<multiInstanceLoopCharacteristics camunda:collection="${lines}"'
    ' camunda:elementVariable="line"/>',
    "flowable": '<multiInstanceLoopCharacteristics flowable:collection="lines" flowable:elementVariable="line"/>',
    "standard": "<multiInstanceLoopCharacteristics><loopDataInputRef>lines</loopDataInputRef>"
    '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="line"/><outputDataItem id="result"/>'
    "</multiInstanceLoopCharacteristics>",
}


@pytest.mark.parametrize("vendor", LOOPS)
def test_multi_instances_repeat_over_a_collection(vendor):
    task = element(f'<task id="t">{LOOPS[vendor]}</task>')

    assert isinstance(task, Activity)
    assert (task.loop.collection.feel, task.loop.element_variable) == ("lines", "line")
    if vendor in {"praxis", "camunda 8", "standard"}:
        assert (task.loop.output_collection, task.loop.output_element.feel) == ("results", "result")


CALLS = {
    "standard": ('<callActivity id="c" calledElement="other"/>', "other", True, True),
    "praxis": ('<callActivity id="c" calledElement="other" praxis:propagateAll="false"/>', "other", False, False),
    "camunda 7": (
        '<callActivity id="c" calledElement="${which}">'
        + extended('<camunda:in source="a" target="b"/><camunda:out variables="all"/>')
        + "</callActivity>",
        "=which",
        False,
        True,
    ),
    "camunda 8": (
        '<callActivity id="c">'
        + extended('<zeebe:calledElement processId="other" propagateAllChildVariables="false"/>')
        + "</callActivity>",
        "other",
        True,
        False,
    ),
}


@pytest.mark.parametrize("vendor", CALLS)
def test_call_activities_name_what_they_call_and_what_goes_in_and_out(vendor):
    body, called, all_in, all_out = CALLS[vendor]
    call = element(body)

    assert isinstance(call, CallActivity)
    assert (said(call.called_element), call.all_in, call.all_out) == (called, all_in, all_out)
    if vendor == "camunda 7":
        assert mappings(call.inputs) == {"b": "=a"}


DECISIONS = {
    "praxis": '<businessRuleTask id="t" praxis:decision="score" praxis:resultVariable="r"/>',
    "camunda 7": '<businessRuleTask id="t" camunda:decisionRef="score" camunda:resultVariable="r"/>',
    "camunda 8": '<businessRuleTask id="t">'
    + extended('<zeebe:calledDecision decisionId="score" resultVariable="r"/>')
    + "</businessRuleTask>",
    "spiffworkflow": '<businessRuleTask id="t" praxis:resultVariable="r">'
    + extended("<spiffworkflow:calledDecisionId>score</spiffworkflow:calledDecisionId>")
    + "</businessRuleTask>",
}


@pytest.mark.parametrize("vendor", DECISIONS)
def test_business_rule_tasks_name_their_decision(vendor):
    task = element(DECISIONS[vendor])

    assert (said(task.decision), task.result_variable) == ("score", "r")


def test_messages_carry_correlation_keys_and_events_override_them():
    roots = (
        '<message id="m" name="M">' + extended('<praxis:correlation name="order" value="=order_id"/>') + "</message>"
    )
    process = read(
        '<receiveTask id="a" messageRef="m"/><intermediateThrowEvent id="b">'
        + extended('<praxis:correlation name="order" value="=other"/><praxis:send variable="x" value="=1"/>')
        + '<messageEventDefinition messageRef="m"/></intermediateThrowEvent>',
        roots,
    )
    thrown = process.elements["b"]

    assert isinstance(thrown, CatchOrThrow)
    assert mappings(process.elements["a"].message.correlation) == {"order": "=order_id"}
    assert mappings(thrown.definitions[0].correlation) == {"order": "=other"}
    assert mappings(thrown.definitions[0].variables) == {"x": "=1"}


def test_the_camunda_8_correlation_key_has_no_name():
    roots = '<message id="m" name="M">' + extended('<zeebe:subscription correlationKey="=order"/>') + "</message>"

    assert mappings(element('<receiveTask id="a" messageRef="m"/>', roots).message.correlation) == {"": "=order"}


def test_camunda_7_message_throw_events_can_be_jobs_and_errors_name_their_variables():
    thrown = element(
        '<endEvent id="e"><messageEventDefinition camunda:type="external" camunda:topic="mail"/></endEvent>'
    )
    caught = read(
        '<task id="t"/><boundaryEvent id="b" attachedToRef="t"><errorEventDefinition'
        ' camunda:errorCodeVariable="code" camunda:errorMessageVariable="text"/></boundaryEvent>'
    ).elements["b"]

    assert said(thrown.topic) == "mail"
    assert (caught.definitions[0].code_variable, caught.definitions[0].message_variable) == ("code", "text")


def test_scripts_of_camunda_8_and_foreign_scripts_of_spiffworkflow():
    task = element(
        '<scriptTask id="t">' + extended('<zeebe:script expression="=a + 1" resultVariable="b"/>') + "</scriptTask>"
    )
    hooked = element('<task id="t">' + extended("<spiffworkflow:preScript>x = 1</spiffworkflow:preScript>") + "</task>")

    assert (task.script.feel, task.result_variable) == ("a + 1", "b")
    assert "preScript is Python text" in hooked.problems[0]


def test_listeners_are_told_as_notes():
    task = element(
        '<task id="t">' + extended('<camunda:executionListener class="com.acme.Log" event="start"/>') + "</task>"
    )

    assert "'com.acme.Log' is not run" in task.notes[0]


def test_process_attributes():
    process = read(
        "",
        attributes='praxis:businessKey="=lead" praxis:title="=name" praxis:searchable="customer_id, amount"'
        ' camunda:versionTag="1.2" camunda:candidateStarterGroups="sales"',
    )

    assert (process.business_key.feel, said(process.title), process.searchable) == (
        "lead",
        "=name",
        ("customer_id", "amount"),
    )
    assert (process.version_tag, said(process.candidate_starters)) == ("1.2", "sales")


def test_what_the_first_vendor_says_counts():
    task = element('<userTask id="t" camunda:assignee="b" praxis:assignee="a"/>')

    assert said(task.assignment.assignee) == "a"


def test_misspelt_attributes_of_our_namespace_are_refused():
    body = '<process id="p"><userTask id="t" praxis:asignee="a"/></process>'
    model = read_model(f"<definitions {NAMESPACES}>{body}</definitions>".encode())

    assert any("praxis:asignee" in finding.message for finding in lint(model) if finding.severity == "error")


SCHEMA = Path(engine.bpmn.__file__).with_name("praxis.xsd")
XSD = "{http://www.w3.org/2001/XMLSchema}"


def test_the_published_schema_declares_what_the_reader_knows():
    root = etree.parse(SCHEMA).getroot()
    etree.XMLSchema(root)
    attributes = {node.get("name") for node in root.findall(f"{XSD}attribute")}
    elements = {node.get("name") for node in root.findall(f"{XSD}element")}

    assert attributes == {*praxis.VALUES, *praxis.TEXTS, "businessKey", "propagateAll"} == PRAXIS_ATTRIBUTES
    assert elements == set(praxis.ELEMENTS)


def test_the_published_schema_accepts_our_elements_and_refuses_others():
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    namespace = 'xmlns="urn:praxis:bpmn:1"'

    good = f'<ioMapping {namespace}><input source="=a" target="b.c"/><output source="=1" target="d"/></ioMapping>'
    bad = f'<ioMapping {namespace}><input source="=a" target="b c"/></ioMapping>'

    assert schema.validate(etree.fromstring(good))
    assert not schema.validate(etree.fromstring(bad))
