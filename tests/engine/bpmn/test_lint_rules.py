"""Every rule finds its mistake, names the place, and is content with the corrected model."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.bpmn.builder import ProcessBuilder
from engine.bpmn.lint import lint
from engine.bpmn.rules import RULES


@dataclass(frozen=True)
class Case:
    rule: str
    valid: ProcessBuilder
    invalid: ProcessBuilder
    at: str | None
    severity: str = "error"
    known: dict[str, Any] = field(default_factory=dict)


def process(**attributes: Any) -> ProcessBuilder:
    return ProcessBuilder("p", **attributes)


def begun() -> ProcessBuilder:
    return process().start("s")


def with_event_sub_process(**start: Any) -> ProcessBuilder:
    builder = begun().task("t").end("e")
    return builder.inside("sub", triggeredByEvent=True).start("inner", **start).end("inner_end").done()


def split(gateway: str, *conditions: str | None) -> ProcessBuilder:
    builder = begun().element(gateway, "g")
    for number, condition in enumerate(conditions):
        builder.branch("g", condition).end(f"e{number}")
    return builder


def compensated(**handler: Any) -> ProcessBuilder:
    builder = begun().task("t").end("e").boundary("b", "t", compensation=True)
    return builder.apart().task("undo", **handler).compensates("b", "undo")


CASES = [
    Case("unsupported-construct", begun().task("t"), begun().task("t", startQuantity=2), "t"),
    Case(
        "ignored-construct",
        begun(),
        process().start("s", **{"{http://camunda.org/schema/1.0/bpmn}initiator": "starter"}),
        "s",
        "warning",
    ),
    Case(
        "valid-expression",
        split("exclusiveGateway", "amount > 100", "not(amount > 100)"),
        split("exclusiveGateway", "amount >", "amount <= 100"),
        "flow_2",
    ),
    Case(
        "valid-expression",
        begun().script("t", "{total: sum(lines)}"),
        begun().script("t", "{total: summ(lines)}"),
        "t",
    ),
    Case(
        "script-result",
        begun().script("t", "price * 2", resultVariable="double"),
        begun().script("t", "price * 2"),
        "t",
    ),
    Case("script-result", begun().script("t", "{}"), begun().script("t", ""), "t", "warning"),
    Case(
        "gateway-condition",
        begun().exclusive("g").branch("g", "a").end("e1").otherwise("g").end("e2"),
        split("exclusiveGateway", "a", None),
        "g",
    ),
    Case(
        "gateway-condition",
        split("inclusiveGateway", "a", "b"),
        split("inclusiveGateway", "a", None),
        "g",
        "warning",
    ),
    Case(
        "default-flow",
        begun().exclusive("g").branch("g", "a").end("e1").otherwise("g").end("e2"),
        begun().exclusive("g", default="flow_1").branch("g", "a").end("e1"),
        "g",
    ),
    Case(
        "default-flow",
        begun().parallel("g").end("e"),
        begun().parallel("g", default="flow_2").end("e"),
        "g",
    ),
    Case("flow-condition", split("exclusiveGateway", "a", "b"), split("parallelGateway", "a", "b"), "flow_2"),
    Case(
        "flow-condition",
        begun().end("e"),
        begun().branch("s", "a").end("e"),
        "flow_1",
    ),
    Case(
        "event-gateway",
        begun().event_based("g").catch("c", duration="PT1H").end("e1").branch("g").receive("r", "M").end("e2"),
        begun().event_based("g").task("t").end("e1").branch("g").receive("r", "M").end("e2"),
        "g",
    ),
    Case("message-name", begun().send("t", "M"), begun().send("t"), "t"),
    Case("message-name", begun().catch("c", message="M"), begun().catch("c", message=True), "c"),
    Case(
        "message-name", process().start("s", message="M").task("t"), process().start("s", message="=m").task("t"), "s"
    ),
    Case("signal-name", begun().throw("c", signal="S"), begun().throw("c", signal=True), "c"),
    Case(
        "timer",
        begun().catch("c", duration="PT1H"),
        begun().catch("c", duration="1 hour"),
        "c",
    ),
    Case(
        "timer",
        begun().catch("c", cycle="0 8 * * 1"),
        begun().catch("c", cycle="R3/PT0S"),
        "c",
    ),
    Case("timer", begun().catch("c", date="=due"), begun().catch("c", date=""), "c"),
    Case(
        "link",
        begun().throw("t", link="A").apart().catch("c", link="A").end("e"),
        begun().throw("t", link="A").apart().catch("c", link="B").end("e"),
        "t",
    ),
    Case(
        "link",
        begun().throw("t", link="A").apart().catch("c", link="A"),
        begun().throw("t", link="A").apart().catch("c", link="A").apart().catch("d", link="A"),
        "c",
    ),
    Case("event-kind", begun().end("e", terminate=True), begun().end("e", duration="PT1H"), "e"),
    Case("event-kind", begun().catch("c", signal="S"), begun().catch("c"), "c"),
    Case(
        "boundary-event",
        begun().task("t").boundary("b", "t", error="E").end("e"),
        begun().task("t").boundary("b", "s", error="E").end("e"),
        "b",
    ),
    Case(
        "boundary-event",
        begun().inside("x", "transaction").start("i").done().boundary("b", "x", cancel=True).end("e"),
        begun().inside("x").start("i").done().boundary("b", "x", cancel=True).end("e"),
        "b",
    ),
    Case(
        "boundary-event",
        begun().task("t").boundary("b", "t", error="E").end("e"),
        begun().task("t").boundary("b", "t", error="E", interrupting=False).end("e"),
        "b",
    ),
    Case(
        "boundary-event",
        begun().task("t").boundary("b", "t", error="E").end("e").boundary("c", "t", error="F").end("f"),
        begun().task("t").boundary("b", "t", error="E").end("e").boundary("c", "t", error="E").end("f"),
        "b",
    ),
    Case(
        "cancel-event",
        begun().inside("x", "transaction").start("i").end("c", cancel=True).done(),
        begun().inside("x").start("i").end("c", cancel=True).done(),
        "c",
    ),
    Case("start-event", process().start("s", message="M").task("t"), process().start("s", error="E").task("t"), "s"),
    Case(
        "start-event",
        begun().inside("x").start("i").done(),
        begun().inside("x").start("i").apart().start("j").done(),
        "j",
    ),
    Case("start-event", begun(), begun().apart().start("t"), "t", "warning"),
    Case("start-event", process().task("t"), process().task("t").task("u").connect("t"), "p"),
    Case("event-sub-process", with_event_sub_process(message="M"), with_event_sub_process(), "sub"),
    Case(
        "event-sub-process",
        with_event_sub_process(error="E"),
        with_event_sub_process(error="E", isInterrupting=False),
        "sub",
    ),
    Case(
        "event-sub-process",
        with_event_sub_process(signal="S"),
        with_event_sub_process(signal="S").flow("t", "sub"),
        "sub",
    ),
    Case(
        "error-code",
        begun().end("e", error="E"),
        begun().end("e", error=True),
        "e",
        "warning",
    ),
    Case(
        "decision",
        begun().decision("d", "score"),
        begun().decision("d", "skore"),
        "d",
        known={"decisions": {"score"}},
    ),
    Case("called-element", begun().call("c", "other"), begun().call("c"), "c"),
    Case(
        "called-element",
        begun().call("c", "p"),
        begun().call("c", "q"),
        "c",
        known={"called": set()},
    ),
    Case("loop", begun().task("t").repeat(loopCardinality="3"), begun().task("t").repeat(), "t"),
    Case("loop", begun().task("t").loop("a < 3"), begun().task("t").loop(), "t"),
    Case(
        "condition-event",
        begun().catch("c", condition="a > 1"),
        begun().catch("c", condition=""),
        "c",
    ),
    Case("compensation", compensated(isForCompensation=True), compensated(), "b"),
    Case(
        "compensation",
        compensated(isForCompensation=True),
        begun().task("undo", isForCompensation=True).end("e"),
        "undo",
    ),
    Case(
        "compensation",
        begun().task("t").end("e", compensation="t"),
        begun().task("t").end("e", compensation="u"),
        "e",
    ),
    Case(
        "instantiate",
        process().receive("r", "M", instantiate=True),
        begun().receive("r", "M", instantiate=True),
        "r",
    ),
    Case(
        "mapping-target",
        begun().task("t").maps(outputs={"order.total": "=1"}),
        begun().task("t").maps(outputs={"order total": "=1"}),
        "t",
    ),
    Case("reachable", begun().task("t"), begun().apart().task("t"), "t", "warning"),
    Case(
        "dead-join",
        begun().parallel("g").task("a").parallel("j").end("e").branch("g").task("b").connect("j"),
        begun().exclusive("g").task("a").parallel("j").end("e").branch("g").task("b").connect("j"),
        "j",
        "warning",
    ),
    Case("executable", begun(), process(executable=False).start("s"), "p", "warning"),
    Case(
        "user-task-form",
        begun().user_task("u", formKey="offer"),
        begun().user_task("u", formKey="ofer"),
        "u",
        "warning",
        {"forms": {"offer"}},
    ),
    Case(
        "topic",
        begun().service_task("t", "crm.score"),
        begun().service_task("t"),
        "t",
        "warning",
    ),
    Case(
        "unique-name",
        begun().task("a", name="Call").task("b", name="Write"),
        begun().task("a", name="Call").task("b", name="call"),
        "b",
        "warning",
    ),
    Case(
        "data-flow",
        begun().script("a", "{customer_score: 1}").script("b", "{x: customer_score}"),
        begun().script("a", "{customer_score: 1}").script("b", "{x: custmer_score}"),
        "b",
        "warning",
    ),
    Case(
        "data-flow",
        begun().script("a", "{total: 1}").script("b", "{x: total}"),
        begun().script("b", "{x: total}").script("a", "{total: 1}"),
        "b",
        "warning",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.at}")
def test_a_rule_finds_its_mistake_and_only_that(case):
    wrong = lint(case.invalid.model(), rules=[case.rule], **case.known)
    right = lint(case.valid.model(), rules=[case.rule], **case.known)

    assert {finding.severity for finding in wrong if finding.element_id == case.at} == {case.severity}
    assert all(finding.rule == case.rule and finding.line for finding in wrong)
    assert right == []


def test_every_rule_has_a_case_a_reason_and_a_remedy():
    assert {case.rule for case in CASES} == set(RULES)
    for rule in RULES.values():
        assert len(rule.__doc__ or "") > 40
    for case in CASES:
        for finding in lint(case.invalid.model(), rules=[case.rule], **case.known):
            assert finding.message[0].isupper() or finding.message[0] == "'"
            assert finding.message.endswith((".", "?"))


def test_errors_come_before_warnings():
    model = begun().user_task("u").service_task("t").send("m").model()

    severities = [finding.severity for finding in lint(model)]

    assert severities == sorted(severities)
    assert "error" in severities
    assert "warning" in severities


def everything_that_runs() -> list[ProcessBuilder]:
    """Constructs that the runtime is proven to run, which the gate must let through."""
    return [
        begun().task("t").end("e"),
        process().task("without_start").task("without_end"),
        process().start("m", message="M").task("t").end("e", message="N").start("w", signal="S").connect("t"),
        process().start("s", cycle="R/PT1H").end("e", signal="S"),
        process().start("s", condition="a > 1").end("e", error="E"),
        process().start("s", message="M", signal="S", parallelMultiple=True).end("e", escalation="E", message="M"),
        begun().task("t").branch("t", "a > 1").end("e").branch("t", "a <= 1").end("f", terminate=True),
        split("complexGateway", "a", "b"),
        begun().parallel("g").task("a").parallel("j").end("e").branch("g").task("b").connect("j"),
        begun().inclusive("g").branch("g", "a").inclusive("j").end("e").branch("g", "b").connect("j"),
        with_event_sub_process(error="E"),
        with_event_sub_process(escalation="E", isInterrupting=False),
        with_event_sub_process(duration="PT1H", isInterrupting=False),
        with_event_sub_process(condition="a > 1"),
        with_event_sub_process(compensation=True),
        compensated(isForCompensation=True),
        begun().inside("x", "adHocSubProcess").task("a").apart().task("b").done().end("e"),
        begun()
        .inside("x", "transaction")
        .start("i")
        .end("c", cancel=True)
        .done()
        .end("e")
        .boundary("b", "x", cancel=True)
        .end("cancelled"),
        begun().inside("x").start("i").task("t").done().repeat(inputCollection="=lines", inputElement="line"),
        begun().user_task("u").loop("again", 3).boundary("b", "u", duration="PT1H", interrupting=False),
        begun().call("c", "p").boundary("b", "c", escalation="E", interrupting=False).end("e"),
        begun().exclusive("g").throw("t", link="A").apart().catch("c", link="A").end("e"),
        process().event_based("g", instantiate=True).catch("a", message="A").end().branch("g").catch("b", message="B"),
        process().receive("r", "M", instantiate=True).end("e"),
        begun().service_task("no_topic").decision("no_decision").end("e"),
        process(executable=False).start("s").end("e"),
    ]


@pytest.mark.parametrize("number", range(len(everything_that_runs())))
def test_what_the_runtime_runs_is_not_refused(number):
    model = everything_that_runs()[number].model()

    assert [str(finding) for finding in lint(model) if finding.severity == "error"] == []
