"""What the reader makes of BPMN files: structure, references, scopes, lanes, events, refusals."""

import pytest

from engine.bpmn import read_model
from engine.bpmn.elements import CatchOrThrow, Gateway, SubProcess, Task
from engine.errors import InvalidModel

NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def file(body: str, roots: str = "", attributes: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:praxis="urn:praxis:bpmn:1" id="d" {attributes}>
  {roots}
  <bpmn:process id="p" isExecutable="true">
    {body}
  </bpmn:process>
</bpmn:definitions>""".encode()


def process_of(body: str, roots: str = ""):
    return read_model(file(body, roots)).processes[0]


def refused(source: bytes) -> InvalidModel:
    with pytest.raises(InvalidModel) as error:
        read_model(source)
    return error.value


def test_flow_nodes_know_their_flows_in_document_order():
    process = process_of("""
        <bpmn:startEvent id="s"/><bpmn:exclusiveGateway id="g" default="f3"/><bpmn:endEvent id="e"/>
        <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="g"/>
        <bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="e">
          <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=amount &gt; 1</bpmn:conditionExpression>
        </bpmn:sequenceFlow>
        <bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="e"/>""")

    gateway = process.elements["g"]

    assert isinstance(gateway, Gateway)
    assert (gateway.incoming, gateway.outgoing, gateway.default) == (("f1",), ("f2", "f3"), "f3")
    assert process.flows["f2"].condition.feel == "amount > 1"
    assert process.elements["s"].line == 7


@pytest.mark.parametrize("prefix", ["", "bpmn:", "semantic:", "ns0:"])
def test_the_namespace_counts_not_the_prefix(prefix):
    declaration = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    source = (
        f'<{prefix}definitions {declaration}="{NAMESPACE}"><{prefix}process id="p">'
        f'<{prefix}task id="t"/></{prefix}process></{prefix}definitions>'
    )

    assert list(read_model(source.encode()).processes[0].elements) == ["t"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "gb18030"])
def test_encodings_are_read(encoding):
    declared = encoding.removesuffix("-sig")
    name = "Größe" if encoding == "iso-8859-1" else "客户 Größe"
    text = file(f'<bpmn:task id="t" name="{name}"/>').decode().replace("UTF-8", declared)

    assert read_model(text.encode(encoding)).processes[0].elements["t"].name == name


def test_nested_sub_processes_hold_their_own_elements():
    process = process_of("""
        <bpmn:subProcess id="outer"><bpmn:transaction id="inner"><bpmn:task id="t"/></bpmn:transaction>
        </bpmn:subProcess>
        <bpmn:adHocSubProcess id="free" ordering="Sequential" cancelRemainingInstances="false">
          <bpmn:task id="a"/><bpmn:completionCondition>done</bpmn:completionCondition></bpmn:adHocSubProcess>""")

    inner = process.elements["outer"].elements["inner"]
    free = process.elements["free"]

    assert isinstance(inner, SubProcess)
    assert (inner.type, inner.parent_id, inner.elements["t"].parent_id) == ("transaction", "outer", "inner")
    assert [element.id for element in process.walk()] == ["outer", "inner", "t", "free", "a"]
    assert (free.sequential, free.cancel_remaining, free.completion_condition.feel) == (True, False, "done")


def test_lanes_give_roles_to_the_innermost_and_into_sub_processes():
    process = process_of("""
        <bpmn:laneSet id="ls"><bpmn:lane id="l1" name="Back Office"><bpmn:flowNodeRef>sub</bpmn:flowNodeRef>
          <bpmn:childLaneSet id="c"><bpmn:lane id="l2" name="x" praxis:role="team_lead">
            <bpmn:flowNodeRef>t</bpmn:flowNodeRef></bpmn:lane></bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>
        <bpmn:userTask id="t"/><bpmn:subProcess id="sub"><bpmn:userTask id="u"/></bpmn:subProcess>""")

    assert [(lane.id, lane.role, lane.parent_id) for lane in process.lanes] == [
        ("l1", "back_office", None),
        ("l2", "team_lead", "l1"),
    ]
    assert process.elements["t"].lane_id == "l2"
    assert process.elements["sub"].elements["u"].lane_id == "l1"


def test_events_refer_to_roots_also_with_a_prefix_and_by_event_definition_ref():
    process = process_of(
        """
        <bpmn:startEvent id="s" parallelMultiple="true"><bpmn:messageEventDefinition messageRef="d:m1"/>
          <bpmn:signalEventDefinition signalRef="s1"/></bpmn:startEvent>
        <bpmn:intermediateCatchEvent id="c"><bpmn:eventDefinitionRef>t1</bpmn:eventDefinitionRef>
        </bpmn:intermediateCatchEvent>
        <bpmn:endEvent id="e"><bpmn:errorEventDefinition errorRef="e1"/></bpmn:endEvent>
        <bpmn:endEvent id="x"><bpmn:escalationEventDefinition escalationRef="x1"/></bpmn:endEvent>
        <bpmn:intermediateThrowEvent id="k"><bpmn:compensateEventDefinition activityRef="t"
          waitForCompletion="false"/></bpmn:intermediateThrowEvent>
        <bpmn:task id="t"/>
        <bpmn:boundaryEvent id="b" attachedToRef="t" cancelActivity="false">
          <bpmn:timerEventDefinition><bpmn:timeCycle>R3/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>
        </bpmn:boundaryEvent>""",
        """<bpmn:message id="m1" name="Order placed"/><bpmn:signal id="s1" name="Alarm"/>
        <bpmn:error id="e1" errorCode="E-1"/><bpmn:escalation id="x1" escalationCode="X-1"/>
        <bpmn:timerEventDefinition id="t1"><bpmn:timeDuration>=wait</bpmn:timeDuration></bpmn:timerEventDefinition>""",
    )
    found = {element.id: element for element in process.elements.values() if isinstance(element, CatchOrThrow)}

    assert [(item.kind, item.name) for item in found["s"].definitions] == [
        ("message", "Order placed"),
        ("signal", "Alarm"),
    ]
    assert found["s"].parallel_multiple
    assert found["c"].definitions[0].timer.value.expression.feel == "wait"
    assert found["e"].definitions[0].code == "E-1"
    assert found["x"].definitions[0].code == "X-1"
    assert (found["k"].definitions[0].activity_ref, found["k"].definitions[0].wait_for_completion) == ("t", False)
    assert (found["b"].attached_to, found["b"].interrupting) == ("t", False)
    assert found["b"].definitions[0].timer.kind == "cycle"


def test_an_error_without_code_is_thrown_by_its_name_and_caught_by_any():
    process = process_of(
        """<bpmn:task id="t"/><bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:errorEventDefinition errorRef="e1"/>
        </bpmn:boundaryEvent><bpmn:endEvent id="e"><bpmn:errorEventDefinition errorRef="e1"/></bpmn:endEvent>""",
        '<bpmn:error id="e1" name="Broken"/>',
    )

    assert process.elements["b"].definitions[0].code is None
    assert process.elements["e"].definitions[0].code == "Broken"


def test_a_compensation_boundary_event_knows_its_activity_by_the_association():
    process = process_of("""
        <bpmn:task id="t"/><bpmn:task id="undo" isForCompensation="true"/>
        <bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:compensateEventDefinition/></bpmn:boundaryEvent>
        <bpmn:textAnnotation id="n"/><bpmn:association id="a" sourceRef="b" targetRef="undo"/>
        <bpmn:association id="a2" sourceRef="t" targetRef="n"/>""")

    assert process.elements["b"].compensation_handler == "undo"
    assert process.elements["undo"].is_for_compensation


def test_collaborations_keep_participants_and_every_process():
    model = read_model(
        file(
            '<bpmn:task id="t"/>',
            """<bpmn:collaboration id="c"><bpmn:participant id="a" name="We" processRef="p"/>
            <bpmn:participant id="b" name="Customer"/>
            <bpmn:messageFlow id="mf" name="order" sourceRef="b" targetRef="t"/></bpmn:collaboration>
            <bpmn:process id="q" name="Quiet" isExecutable="false"/>""",
        )
    )

    assert [(process.id, process.executable) for process in model.processes] == [("q", False), ("p", True)]
    assert [(who.name, who.process_id) for who in model.participants] == [("We", "p"), ("Customer", None)]
    assert model.message_flows[0].target_id == "t"


def test_standard_correlation_gives_the_throw_its_paths_and_the_catch_its_variables():
    roots = """<bpmn:message id="m" name="M"/>
        <bpmn:correlationProperty id="cp" name="order_id">
          <bpmn:correlationPropertyRetrievalExpression messageRef="m"><bpmn:messagePath>order.id</bpmn:messagePath>
          </bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>
        <bpmn:correlationProperty id="cq">
          <bpmn:correlationPropertyRetrievalExpression messageRef="m"><bpmn:messagePath>line</bpmn:messagePath>
          </bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"""
    process = process_of(
        """<bpmn:correlationSubscription id="cs"><bpmn:correlationPropertyBinding correlationPropertyRef="cq">
          <bpmn:dataPath>my_line</bpmn:dataPath></bpmn:correlationPropertyBinding></bpmn:correlationSubscription>
        <bpmn:sendTask id="t" messageRef="m"/><bpmn:receiveTask id="r" messageRef="m"/>""",
        roots,
    )

    def keys(task_id: str):
        return [(item.target, item.source.expression.feel) for item in process.elements[task_id].message.correlation]

    assert keys("t") == [("order_id", "order.id"), ("cq", "line")]
    assert keys("r") == [("order_id", "order_id"), ("cq", "my_line")]


def test_standard_loops_multi_instances_and_data_references():
    process = process_of("""
        <bpmn:dataObject id="do"/><bpmn:dataObjectReference id="lines_ref" name="lines" dataObjectRef="do"/>
        <bpmn:task id="a"><bpmn:standardLoopCharacteristics testBefore="true" loopMaximum="3">
          <bpmn:loopCondition>again</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:task>
        <bpmn:task id="b"><bpmn:multiInstanceLoopCharacteristics isSequential="true">
          <bpmn:loopDataInputRef>lines_ref</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>results</bpmn:loopDataOutputRef>
          <bpmn:inputDataItem id="i" name="line"/><bpmn:outputDataItem id="result"/>
          <bpmn:completionCondition>ok</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics></bpmn:task>
        <bpmn:task id="c"><bpmn:multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="x">
          <bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:task>""")
    a, b, c = (process.elements[name].loop for name in "abc")

    assert (a.kind, a.condition.feel, a.test_before, a.maximum) == ("standard", "again", True, 3)
    assert (b.kind, b.collection.feel, b.element_variable) == ("sequential", "lines", "line")
    assert (b.output_collection, b.output_element.feel, b.completion_condition.feel) == ("results", "result", "ok")
    assert (c.kind, c.cardinality.feel) == ("parallel", "3")
    assert "throws events" in process.elements["c"].problems[0]


def test_data_associations_with_assignments_are_mappings_and_plain_ones_documentation():
    process = process_of("""
        <bpmn:dataObjectReference id="order" name="order"/><bpmn:property id="pp" name="total"/>
        <bpmn:task id="t"><bpmn:ioSpecification><bpmn:dataInput id="di" name="amount"/>
            <bpmn:dataOutput id="dn" name="order"/></bpmn:ioSpecification>
          <bpmn:dataInputAssociation><bpmn:targetRef>di</bpmn:targetRef>
            <bpmn:assignment><bpmn:from>order.total</bpmn:from><bpmn:to>di</bpmn:to></bpmn:assignment>
          </bpmn:dataInputAssociation>
          <bpmn:dataOutputAssociation><bpmn:sourceRef>dn</bpmn:sourceRef><bpmn:targetRef>order</bpmn:targetRef>
          </bpmn:dataOutputAssociation></bpmn:task>""")
    task = process.elements["t"]

    assert [(item.target, item.source.expression.feel) for item in task.inputs] == [("amount", "order.total")]
    assert task.outputs == ()


def test_associations_of_data_that_only_have_ids_are_documentation():
    process = process_of("""
        <bpmn:dataObject id="DF13" name="Data Object"/><bpmn:dataObjectReference id="_aa8-77" dataObjectRef="DF13"/>
        <bpmn:task id="t"><bpmn:ioSpecification><bpmn:dataInput id="Din13"/></bpmn:ioSpecification>
          <bpmn:dataInputAssociation><bpmn:sourceRef>_aa8-77</bpmn:sourceRef><bpmn:targetRef>Din13</bpmn:targetRef>
          </bpmn:dataInputAssociation></bpmn:task>""")

    assert process.elements["t"].inputs == ()


def test_resource_roles_are_assignments():
    process = process_of(
        """<bpmn:userTask id="t"><bpmn:potentialOwner><bpmn:resourceAssignmentExpression><bpmn:formalExpression>
          user(kermit), group(sales), support</bpmn:formalExpression></bpmn:resourceAssignmentExpression>
        </bpmn:potentialOwner><bpmn:humanPerformer><bpmn:resourceRef>r</bpmn:resourceRef></bpmn:humanPerformer>
        </bpmn:userTask>""",
        '<bpmn:resource id="r" name="boss"/>',
    )
    task = process.elements["t"]

    assert isinstance(task, Task)
    assert task.assignment.candidate_users.text == "kermit"
    assert task.assignment.candidate_groups.text == "sales, support"
    assert task.assignment.assignee.text == "boss"


def test_scripts_are_feel_and_python_is_a_problem():
    process = process_of("""
        <bpmn:scriptTask id="a"><bpmn:script><![CDATA[{x: 1 < 2}]]></bpmn:script></bpmn:scriptTask>
        <bpmn:scriptTask id="b" scriptFormat="text/x-python"><bpmn:script>x = 1</bpmn:script></bpmn:scriptTask>""")

    assert process.elements["a"].script.feel == "{x: 1 < 2}"
    assert "Python text, which Praxis never runs" in process.elements["b"].script.problem


def test_unknown_elements_and_choreographies_are_problems_not_silence():
    model = read_model(
        file(
            '<bpmn:task id="t"/><bpmn:choreographyTask id="ct" name="Talk"/><bpmn:magicTask id="m"/>',
            '<bpmn:choreography id="ch" name="Dance"/>',
        )
    )

    assert ["'Talk'" in problem or "'m'" in problem for problem in model.processes[0].problems] == [True, True]
    assert "'Dance'" in model.problems[0]


def test_ids_may_be_missing_and_are_made():
    process = process_of('<bpmn:task name="A"/><bpmn:task name="B"/>')

    assert len(process.elements) == 2
    assert all(process.elements)


@pytest.mark.parametrize(
    ("body", "rule", "line", "words"),
    [
        ('<bpmn:task id="t"/><bpmn:endEvent id="t"/>', "unique-id", 6, "already used by a task (line 6)"),
        ('<bpmn:task id="t"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="x"/>', "sequence-flow", 6, "'x'"),
        ('<bpmn:task id="t"/><bpmn:sequenceFlow id="f" sourceRef="t"/>', "sequence-flow", 6, "target"),
        (
            """<bpmn:task id="t"/><bpmn:subProcess id="u"><bpmn:task id="v"/></bpmn:subProcess>
            <bpmn:sequenceFlow id="f" sourceRef="t" targetRef="v"/>""",
            "sequence-flow",
            7,
            "another process or sub-process",
        ),
        (
            '<bpmn:task id="t"/><bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="s"/>',
            "sequence-flow",
            6,
            "nothing can flow into",
        ),
        (
            '<bpmn:task id="t"/><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="e" targetRef="t"/>',
            "sequence-flow",
            6,
            "nothing can flow out of",
        ),
        (
            '<bpmn:task id="t"/><bpmn:dataObject id="o"/><bpmn:sequenceFlow id="f" sourceRef="t" targetRef="o"/>',
            "sequence-flow",
            6,
            "is a dataObject",
        ),
    ],
)
def test_broken_structure_is_refused_with_its_line(body, rule, line, words):
    error = refused(file(body))

    assert [(finding.rule, finding.line) for finding in error.findings] == [(rule, line)]
    assert words in str(error)


def test_every_broken_flow_is_told_at_once():
    body = '<bpmn:task id="t"/>' + "".join(
        f'<bpmn:sequenceFlow id="f{number}" sourceRef="t" targetRef="x{number}"/>' for number in range(3)
    )

    assert len(refused(file(body)).findings) == 3


def test_other_documents_are_refused_with_what_was_expected():
    assert "found 'html'" in str(refused(b"<html/>"))
    assert "no process" in str(refused(f'<definitions xmlns="{NAMESPACE}"/>'.encode()))
    assert "no namespace" in str(refused(b'<definitions><process id="p"/></definitions>'))


def test_the_digest_names_the_bytes():
    source = file('<bpmn:task id="t"/>')

    assert read_model(source).digest == read_model(source).digest != read_model(source + b"\n").digest


def test_elements_and_flows_keep_their_lineage():
    process = process_of("""
        <bpmn:startEvent id="s" praxis:uid="u1"/><bpmn:endEvent id="e"/>
        <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="e" praxis:uid="u2"/>""")

    assert (process.elements["s"].uid, process.elements["e"].uid) == ("u1", None)
    assert process.flows["f1"].uid == "u2"
    assert process.elements["s"].problems == ()
