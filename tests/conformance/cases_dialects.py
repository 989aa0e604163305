"""Promises on models as other tools write them: Camunda 8 (zeebe:), Camunda 7 (camunda:, flowable:), SpiffWorkflow."""

from typing import Any

from tests.conformance.cases import CASES, Case, done

BPMN = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
VENDORS = {
    "Camunda 8": 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',
    "Camunda 7": 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
    "Flowable": 'xmlns:flowable="http://flowable.org/bpmn"',
    "SpiffWorkflow": 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"',
}


def extension(text: str) -> str:
    return f"<extensionElements>{text}</extensionElements>"


def file(vendor: str, *parts: str) -> bytes:
    """A file in the vendor's words, with BPMN as the default namespace."""
    return f'<definitions {BPMN} {VENDORS[vendor]} id="d" targetNamespace="t">{"".join(parts)}</definitions>'.encode()


def process(*parts: str, id: str = "p") -> str:
    return f'<process id="{id}" isExecutable="true">{"".join(parts)}</process>'


def line(activity: str) -> str:
    """start → the activity `a` → end."""
    return (
        f'<startEvent id="s"/>{activity}<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="a"/>'
        '<sequenceFlow id="f2" sourceRef="a" targetRef="e"/>'
    )


CAUGHT = '<endEvent id="y"/><sequenceFlow id="f9" sourceRef="b" targetRef="y"/>'
CALLED = process(
    '<startEvent id="qs"/><userTask id="qa"/><sequenceFlow id="g1" sourceRef="qs" targetRef="qa"/>', id="q"
)


def case(vendor: str, promise: str, *parts: str, root: str = "", beside: str = "", **expected: Any) -> None:
    expected["steps"] = tuple(expected.get("steps", ()))
    CASES.append(Case(vendor, promise, file(vendor, root, process(*parts), beside), **expected))


# ---------------------------------------------------------------- Camunda 8
case(
    "Camunda 8",
    "a script's result goes into its variable",
    line('<scriptTask id="a">' + extension('<zeebe:script expression="=x + 1" resultVariable="y"/>') + "</scriptTask>"),
    given={"x": 1},
    trace="s a e",
    variables={"y": 2},
)
case(
    "Camunda 8",
    "a service task's inputs stay inside, only its outputs leave",
    line(
        '<serviceTask id="a">'
        + extension(
            '<zeebe:taskDefinition type="pay" retries="5"/><zeebe:ioMapping><zeebe:input source="=x * 2" target="amount"/>'
            '<zeebe:output source="=result" target="paid"/></zeebe:ioMapping>'
        )
        + "</serviceTask>"
    ),
    given={"x": 1},
    steps=[{"job": "pay", "result": {"result": True, "other": 1}}],
    trace="s a e",
    variables={"paid": True},
)
case(
    "Camunda 8",
    "a source without = is a text",
    line(
        '<serviceTask id="a">'
        + extension(
            '<zeebe:taskDefinition type="t"/><zeebe:ioMapping><zeebe:input source="abc" target="k"/>'
            '<zeebe:output source="=k" target="out"/></zeebe:ioMapping>'
        )
        + "</serviceTask>"
    ),
    trace="s a e",
    variables={"out": "abc"},
)
case(
    "Camunda 8",
    "a message is correlated by its key, whatever the key is called",
    line('<intermediateCatchEvent id="a"><messageEventDefinition messageRef="M"/></intermediateCatchEvent>'),
    root='<message id="M" name="order">' + extension('<zeebe:subscription correlationKey="=orderId"/>') + "</message>",
    given={"orderId": "7"},
    steps=[{"message": "order", "correlation": {"orderId": "7"}}],
    trace="s a e",
)
case(
    "Camunda 8",
    "a multi-instance collects and can end early",
    line(
        '<scriptTask id="a"><multiInstanceLoopCharacteristics isSequential="true">'
        + extension(
            '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="rs" outputElement="=r"/>'
        )
        + '<completionCondition xsi:type="tFormalExpression">=r &gt; 3</completionCondition>'
        "</multiInstanceLoopCharacteristics>"
        + extension('<zeebe:script expression="=item * 2" resultVariable="r"/>')
        + "</scriptTask>"
    ),
    given={"items": [1, 2, 3]},
    trace="s a a e",
    variables={"rs": [2, 4, None]},
)
case(
    "Camunda 8",
    "a timer is a FEEL expression",
    line(
        '<intermediateCatchEvent id="a"><timerEventDefinition><timeDuration xsi:type="tFormalExpression">'
        '=duration("PT" + string(n) + "H")</timeDuration></timerEventDefinition></intermediateCatchEvent>'
    ),
    given={"n": 2},
    steps=[{"advance": "PT2H"}],
    trace="s a e",
)
case(
    "Camunda 8",
    "a job's error is caught by code",
    line(
        '<serviceTask id="a">' + extension('<zeebe:taskDefinition type="t"/>') + '</serviceTask><boundaryEvent id="b" '
        'attachedToRef="a"><errorEventDefinition errorRef="E"/></boundaryEvent>' + CAUGHT
    ),
    root='<error id="E" name="n" errorCode="BAD"/>',
    steps=[{"job": "t", "error": "BAD"}],
    trace="s b y",
)
case(
    "Camunda 8",
    "a business rule task can be a job",
    line('<businessRuleTask id="a">' + extension('<zeebe:taskDefinition type="rules"/>') + "</businessRuleTask>"),
    steps=[{"job": "rules", "result": {"k": 1}}],
    trace="s a e",
    variables={"k": 1},
)
case(
    "Camunda 8",
    "a call activity maps in and out",
    line(
        '<callActivity id="a">'
        + extension(
            '<zeebe:calledElement processId="q" propagateAllChildVariables="false"/><zeebe:ioMapping>'
            '<zeebe:input source="=x" target="inp"/><zeebe:output source="=res" target="out"/></zeebe:ioMapping>'
        )
        + "</callActivity>"
    ),
    beside=CALLED,
    given={"x": 4},
    steps=[{"complete": "qa", "variables": {"res": 5, "z": 1}}],
    trace="s qs qa a e",
    variables={"x": 4, "out": 5},
)
case(
    "Camunda 8",
    "a start event's outputs are mapped",
    '<startEvent id="s">'
    + extension('<zeebe:ioMapping><zeebe:output source="=orderId" target="oid"/></zeebe:ioMapping>')
    + '</startEvent><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/>',
    given={"orderId": 3},
    trace="s e",
    variables={"oid": 3},
)
# ---------------------------------------------------------------- Camunda 7 and Flowable
for vendor, prefix in (("Camunda 7", "camunda"), ("Flowable", "flowable")):
    case(
        vendor,
        "${…} and #{…} conditions are translated",
        '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="x"/><endEvent id="y"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="x">'
        '<conditionExpression xsi:type="tFormalExpression">${amount &gt; 100 &amp;&amp; !approved}</conditionExpression>'
        '</sequenceFlow><sequenceFlow id="f3" sourceRef="g" targetRef="y"><conditionExpression>#{amount &lt;= 100}'
        "</conditionExpression></sequenceFlow>",
        given={"amount": 200, "approved": False},
        trace="s g x",
    )
    case(
        vendor,
        "a multi-instance over people ends by its completion condition",
        line(
            f'<userTask id="a" {prefix}:assignee="${{p}}"><multiInstanceLoopCharacteristics {prefix}:collection="people" '
            f'{prefix}:elementVariable="p"><completionCondition>${{nrOfCompletedInstances/nrOfInstances &gt;= 0.5}}'
            "</completionCondition></multiInstanceLoopCharacteristics></userTask>"
        ),
        given={"people": ["a", "b"]},
        steps=done("a"),
        trace="s a e",
    )
    case(
        vendor,
        "a call activity takes in and gives out what it names",
        line(
            '<callActivity id="a" calledElement="q">'
            + extension(f'<{prefix}:in source="x" target="inp"/><{prefix}:out source="res" target="out"/>')
            + "</callActivity>"
        ),
        beside=CALLED,
        given={"x": 4},
        steps=[{"complete": "qa", "variables": {"res": 5, "hidden": 1}}],
        trace="s qs qa a e",
        variables={"out": 5},
    )
case(
    "Camunda 7",
    "output parameters are added to what an external task brings",
    line(
        '<serviceTask id="a" camunda:type="external" camunda:topic="pay">'
        + extension(
            '<camunda:inputOutput><camunda:inputParameter name="amt">${amount * 2}</camunda:inputParameter>'
            '<camunda:outputParameter name="paid">${ok}</camunda:outputParameter></camunda:inputOutput>'
        )
        + "</serviceTask>"
    ),
    given={"amount": 2},
    steps=[{"job": "pay", "result": {"ok": True, "other": 1}}],
    trace="s a e",
    variables={"ok": True, "other": 1, "paid": True},
)
case(
    "Camunda 7",
    "a JUEL script gives its result variable",
    line('<scriptTask id="a" scriptFormat="juel" camunda:resultVariable="y"><script>${x + 1}</script></scriptTask>'),
    given={"x": 1},
    trace="s a e",
    variables={"y": 2},
)
case(
    "Camunda 7",
    "an error's code goes into the variable that the catch names",
    line(
        '<subProcess id="a"><startEvent id="s1"/><endEvent id="e1"><errorEventDefinition errorRef="E"/></endEvent>'
        '<sequenceFlow id="i1" sourceRef="s1" targetRef="e1"/></subProcess><boundaryEvent id="b" attachedToRef="a">'
        '<errorEventDefinition camunda:errorCodeVariable="ec"/></boundaryEvent>' + CAUGHT
    ),
    root='<error id="E" name="N" errorCode="500"/>',
    trace="s s1 e1 b y",
    variables={"ec": "500"},
)
case(
    "Camunda 7",
    "a conditional event looks at the variables after every change",
    line(
        '<intermediateCatchEvent id="a"><conditionalEventDefinition camunda:variableName="n"><condition '
        'xsi:type="tFormalExpression">${n == 3}</condition></conditionalEventDefinition></intermediateCatchEvent>'
    ),
    given={"n": 1},
    steps=[{"set": {"n": 3}}],
    trace="s a e",
)

case(
    "Flowable",
    "a reference to no error is the error's code",
    line(
        '<subProcess id="a"><startEvent id="s1"/><endEvent id="e1"><errorEventDefinition errorRef="bad"/></endEvent>'
        '<sequenceFlow id="i1" sourceRef="s1" targetRef="e1"/></subProcess><boundaryEvent id="b" attachedToRef="a">'
        '<errorEventDefinition errorRef="bad"/></boundaryEvent>' + CAUGHT
    ),
    trace="s s1 e1 b y",
)
for vendor, prefix in (("Camunda 7", "camunda"), ("Flowable", "flowable")):
    case(
        vendor,
        "the expression of a service task is computed",
        line(f'<serviceTask id="a" {prefix}:expression="${{x + 1}}" {prefix}:resultVariable="y"/>'),
        given={"x": 1},
        trace="s a e",
        variables={"y": 2},
    )
    case(
        vendor,
        "a service task that calls a bean is a job with the bean's name",
        line(f'<serviceTask id="a" {prefix}:expression="${{bank.charge(x)}}"/>'),
        given={"x": 1},
        steps=[{"job": "bank"}],
        trace="s a e",
    )
