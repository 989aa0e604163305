"""The builder says briefly what a file says at length."""

import pytest

from engine.bpmn import read_model
from engine.bpmn.builder import ProcessBuilder


def test_a_process_with_a_decision_reads_like_its_drawing():
    process = (
        ProcessBuilder("p", title="=name")
        .start("s", formKey="lead")
        .user_task("ask", name="Ask", candidateGroups="sales")
        .exclusive("x")
        .branch("x", "amount > 100")
        .service_task("offer", "crm.offer")
        .exclusive("join")
        .end("e")
        .otherwise("x")
        .connect("join")
        .lane("l", "Sales", "ask")
        .model()
        .processes[0]
    )

    assert [(flow.source_id, flow.target_id) for flow in process.flows.values()] == [
        ("s", "ask"),
        ("ask", "x"),
        ("x", "offer"),
        ("offer", "join"),
        ("join", "e"),
        ("x", "join"),
    ]
    assert process.elements["x"].default == process.elements["x"].outgoing[1]
    assert process.elements["ask"].lane_id == "l"
    assert process.elements["offer"].topic.text == "crm.offer"


def test_sub_processes_events_and_several_processes():
    model = (
        ProcessBuilder("p")
        .start("s", message="Order")
        .inside("sub")
        .start("i")
        .task("t")
        .done()
        .repeat(inputCollection="=lines", inputElement="line", sequential=True)
        .end("e", error="E-1")
        .boundary("b", "sub", duration="PT1H", interrupting=False)
        .end("late")
        .process("q")
        .start("other", message="Order")
        .model()
    )
    sub = model.process("p").elements["sub"]

    assert list(sub.elements) == ["i", "t"]
    assert (sub.loop.kind, sub.loop.element_variable) == ("sequential", "line")
    assert not model.process("p").elements["b"].interrupting
    assert model.process("q").elements["other"].definitions[0].name == "Order"
    assert len(model.messages) == 1


def test_references_to_what_is_not_there_yet_are_told():
    with pytest.raises(ValueError, match="no element 'nowhere'"):
        ProcessBuilder("p").start("s").connect("nowhere")
    with pytest.raises(ValueError, match="no last element"):
        ProcessBuilder("p").loop("x")


def test_what_is_built_is_the_same_after_reading_its_own_file():
    source = ProcessBuilder("p").start("s").task("t").loop("a < 3", 5, test_before=True).end("e").xml()

    assert read_model(source) == read_model(source)
    assert read_model(source).source == source
