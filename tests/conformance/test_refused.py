"""What cannot be run as the standard says never starts: the model is refused, with the element and what to do."""

import pytest

from engine.bpmn import read_model
from engine.errors import InvalidModel
from engine.runtime import compile_definition
from tests.conformance.cases import SE
from tests.conformance.cases_dialects import file, line
from tests.conformance.cases_dialects import process as plain_process
from tests.conformance.notation import *

BOTH = message() + signal()
ROOTS = messages("M") + signals("S") + errors("E1")
CHOICE = gateway("exclusive", "g")


def model(*parts: str) -> bytes:
    return document(ROOTS, process(*parts))


REFUSED = {
    "a start event that needs several events": (
        model(node("startEvent", "x", BOTH, parallelMultiple="true"), end(), flows("x>e")), "x"),
    "terminateAll": (
        file("Flowable", plain_process(
            '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="x"/><endEvent id="x">'
            '<terminateEventDefinition flowable:terminateAll="true"/></endEvent>')), "x"),
    "a parallel event-based gateway that starts a process": (
        model(node("eventBasedGateway", "x", instantiate="true", eventGatewayType="Parallel"), catch("a", message()),
              catch("b", signal()), flows("x>a, x>b")), "x"),
    "a choice without conditions": (model(start(), gateway("exclusive", "x"), end(), end("y"), flows("s>x>e, x>y")), "x"),
    "a condition behind an event": (model(start(), end(), flows("s>e?true")), "s_e"),
    "a Python script": (model(SE, script("x", "import os"), flows("s>x>e")), "x"),
    "a Groovy script": (model(SE, script("x", "1 + 1", scriptFormat="groovy"), flows("s>x>e")), "x"),
    "a script whose value goes nowhere": (model(SE, script("x", "1 + 1"), flows("s>x>e")), "x"),
    "an error thrown in the middle": (model(SE, throw("x", error("E1")), flows("s>x>e")), "x"),
    "a boundary event that catches nothing": (model(SE, user("a"), boundary("x", "a"), flows("s>a>e")), "x"),
    "a cancel end event outside of a transaction": (model(start(), end("x", CANCEL), flows("s>x")), "x"),
    "a non-interrupting error": (
        model(SE, user("a"), boundary("x", "a", error("E1"), interrupting=False), end("y"), flows("s>a>e, x>y")), "x"),
    "an event sub-process without a trigger": (
        model(SE, flows("s>e"), event_sub("x", start("xs"), end("xe"), flows("xs>xe"))), "x"),
    "an event sub-process in the flow": (
        model(SE, event_sub("x", start("xs", message()), end("xe"), flows("xs>xe")), flows("s>x>e")), "x"),
    "a message start in a sub-process": (
        model(SE, sub("p1", start("x", message()), end("e1"), flows("x>e1")), flows("s>p1>e")), "x"),
    "an event gateway before a task": (model(start(), gateway("eventBased", "x"), task("a"), flows("s>x>a")), "x"),
    "a link without a catch": (model(start(), throw("x", link()), flows("s>x")), "x"),
    "a call of a process that is not there": (model(SE, node("callActivity", "x", calledElement="q"), flows("s>x>e")), "x"),
    "a timer that is no time": (model(SE, catch("x", timer("soon")), flows("s>x>e")), "x"),
    "a message without a name": (model(SE, node("receiveTask", "x"), flows("s>x>e")), "x"),
    "a repetition over nothing": (model(SE, user("x", multi()), flows("s>x>e")), "x"),
    "a completion quantity": (model(SE, task("x", completionQuantity="2"), flows("s>x>e")), "x"),
    "two definitions of how long a timer waits": (
        model(SE, catch("x", "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration><bpmn:timeDate>"
                             "2026-01-01</bpmn:timeDate></bpmn:timerEventDefinition>"), flows("s>x>e")), "x"),
    "a Java mapping of variables": (
        file("Camunda 7", plain_process(line('<callActivity id="a" calledElement="p" camunda:variableMappingClass="X"/>'))),
        "a"),
    "nothing that starts": (model(task("a"), task("b"), flows("a>b>a")), "p"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str):
    source, element_id = REFUSED[name]

    with pytest.raises(InvalidModel) as refused:
        compile_definition([read_model(source)])

    assert element_id in {finding.element_id for finding in refused.value.findings}
    assert all(len(finding.message) > 30 for finding in refused.value.findings)
