"""Promises on event sub-processes, boundary events, errors, escalations, timers, messages and signals."""

from tests.conformance.cases import CASES, SE, Case, case, done
from tests.conformance.cases_flow import choice, fork
from tests.conformance.notation import *

MN = messages("M", "N")
ERRORS = errors("E1", "E2")
ESCALATIONS = escalations("X", "Y")
GO = (start(), end("x"), end("y"), flows("s>u>x, b>y"))


def handler(id: str, trigger: str, *inner: str, interrupting: bool = True) -> str:
    """An event sub-process; without content it only starts and ends."""
    begin = start(f"{id}s", trigger, isInterrupting=str(interrupting).lower())
    return event_sub(id, begin, *(inner or (end(f"{id}e"), flows(f"{id}s>{id}e"))))


# ---------------------------------------------------------------- event sub-processes
case(
    "event sub-process",
    "of several interrupting ones only the first runs",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", message("M")),
    handler("k", message("N")),
    root=MN,
    steps=[{"message": "N"}],
    trace="s ks ke k",
)
case(
    "event sub-process",
    "an interrupting one ends the non-interrupting ones beside it",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", message("M"), user("hu"), end("he"), flows("hs>hu>he"), interrupting=False),
    handler("k", message("N"), user("ku"), end("ke"), flows("ks>ku>ke")),
    root=MN,
    steps=[{"message": "M"}, {"message": "M"}, {"message": "N"}, *done("ku")],
    trace="s hs hs ks ku ke k",
)
case(
    "event sub-process",
    "a timer cycle starts it again and again",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", timer("R/PT10M", "Cycle"), interrupting=False),
    steps=[{"advance": "PT20M"}, *done("u"), {"advance": "PT1H"}],
    trace="s hs he h hs he h u e",
)
case(
    "event sub-process",
    "can hold one of its own",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", message("M"), user("hu"), end("he"), flows("hs>hu>he"), handler("k", message("N"))),
    root=MN,
    steps=[{"message": "M"}, {"message": "N"}],
    trace="s hs ks ke k h",
)
CASES.append(
    Case(
        "event sub-process",
        "waits inside a called process",
        document(
            MN,
            process(SE, node("callActivity", "c", calledElement="q"), flows("s>c>e")),
            process(start("qs"), user("qu"), end("qe"), flows("qs>qu>qe"), handler("h", message("M")), id="q"),
        ),
        steps=({"message": "M"},),
        trace="s qs hs he h c e",
    )
)
CASES.append(
    Case(
        "event sub-process",
        "catches the error of a called process",
        document(
            ERRORS,
            process(SE, node("callActivity", "c", calledElement="q"), flows("s>c>e"), handler("h", error("E1"))),
            process(start("qs"), end("qe", error("E1")), flows("qs>qe"), id="q"),
        ),
        trace="s qs qe hs he h",
    )
)
case(
    "event sub-process",
    "a catch-all gets every error",
    SE,
    flows("s>p1>e"),
    sub("p1", start("s1"), end("e1", error("E2")), flows("s1>e1")),
    handler("h", error()),
    root=ERRORS,
    trace="s s1 e1 hs he h",
)
case(
    "event sub-process",
    "an error of a non-interrupting one is caught beside it",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", message("M"), end("he", error("E1")), flows("hs>he"), interrupting=False),
    handler("k", error("E1")),
    root=MN + ERRORS,
    steps=[{"message": "M"}],
    trace="s hs he ks ke k",
)
case(
    "event sub-process",
    "starts again whenever its condition becomes true",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", condition("n > 1"), interrupting=False),
    given={"n": 0},
    steps=[{"set": {"n": 2}}, {"set": {"n": 3}}, {"set": {"n": 0}}, {"set": {"n": 5}}, *done("u")],
    trace="s hs he h hs he h u e",
)
case(
    "event sub-process",
    "a timer that cannot be computed is an incident at its start event, and can be repaired",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", timer("=t")),
    steps=[
        {"expect": {"state": "failed", "incidents": 1}},
        {"set": {"t": "PT1H"}},
        {"resolve": "hs"},
        {"advance": "PT1H"},
    ],
    trace="s hs he h",
)
case(
    "event sub-process",
    "an interrupted scope goes on behind it",
    SE,
    sub(
        "p1",
        start("s1"),
        user("u1"),
        end("e1"),
        flows("s1>u1>e1"),
        handler(
            "h",
            message("M"),
            sub("hp", start("hps"), user("hu"), end("hpe"), flows("hps>hu>hpe")),
            boundary("hb", "hp", timer("PT1H")),
            end("he"),
            end("hy"),
            flows("hs>hp>he, hb>hy"),
        ),
    ),
    flows("s>p1>e"),
    root=MN,
    steps=[{"message": "M"}, {"advance": "PT1H"}],
    trace="s s1 hs hps hb hy h p1 e",
)

# ---------------------------------------------------------------- boundary events on every activity
for kind, host, inside in (
    ("a receive task", node("receiveTask", "u", messageRef="M"), ""),
    ("a sub-process", sub("u", start("s1"), user("u1"), end("e1"), flows("s1>u1>e1")), "s1"),
    ("a transaction", node("transaction", "u", start("s1"), user("u1"), end("e1"), flows("s1>u1>e1")), "s1"),
    ("an ad-hoc sub-process", node("adHocSubProcess", "u", user("u1"), user("u2")), ""),
    ("a sequential multi-instance", user("u", multi("sequential", cardinality("2"))), ""),
    (
        "a parallel multi-instance",
        sub("u", multi("parallel", cardinality("2")), start("s1"), user("u1"), flows("s1>u1")),
        "s1 s1",
    ),
):
    case(
        "timer boundary event",
        f"interrupts {kind}",
        *GO,
        host,
        boundary("b", "u", timer("PT1H")),
        root=MN,
        steps=[{"advance": "PT1H"}],
        trace=f"s {inside} b y",
    )
CASES.append(
    Case(
        "timer boundary event",
        "interrupts a call activity with all inside",
        document(
            process(*GO, node("callActivity", "u", calledElement="q"), boundary("b", "u", timer("PT1H"))),
            process(start("qs"), user("qu"), end("qe"), flows("qs>qu>qe"), id="q"),
        ),
        steps=({"advance": "PT1H"},),
        trace="s qs b y",
    )
)
case(
    "timer boundary event",
    "of two due at one moment the first wins",
    *GO,
    user("u"),
    boundary("b", "u", timer("PT1H")),
    boundary("c", "u", timer("PT1H")),
    end("z"),
    flows("c>z"),
    steps=[{"advance": "PT1H"}],
    trace="s b y",
)
case(
    "timer boundary event",
    "a non-interrupting one fires beside an interrupting one due at the same moment",
    *GO,
    user("u"),
    boundary("b", "u", timer("PT1H"), interrupting=False),
    boundary("c", "u", timer("PT1H")),
    end("z"),
    flows("c>z"),
    steps=[{"advance": "PT1H"}],
    trace="s b y c z",
)
case(
    "timer boundary event",
    "can lead back to its activity",
    start(),
    user("u"),
    boundary("b", "u", timer("PT1H")),
    choice("m"),
    end("x"),
    flows("s>m>u>x, b>m"),
    steps=[{"advance": "PT2H"}, *done("u")],
    trace="s m b m b m u x",
)
case(
    "timer boundary event",
    "takes cron text",
    start(),
    user("u"),
    end(),
    boundary("b", "u", timer("0 8 * * *", "Cycle"), interrupting=False),
    end("y"),
    flows("s>u>e, b>y"),
    steps=[{"advance": "P2D"}, *done("u")],
    trace="s b y b y u e",
)
case(
    "timer boundary event",
    "one that cannot be computed is an incident; resolving arms each event once",
    *GO,
    user("u"),
    boundary("b", "u", message("M"), interrupting=False),
    boundary("c", "u", timer("=t")),
    end("z"),
    flows("c>z"),
    root=MN,
    steps=[
        {"expect": {"state": "failed"}},
        {"set": {"t": "PT1H"}},
        {"resolve": "u"},
        {"message": "M"},
        {"advance": "PT1H"},
    ],
    trace="s b y c z",
)
case(
    "parallel multiple event",
    "on a boundary counts round by round",
    *GO,
    user("u"),
    node(
        "boundaryEvent",
        "b",
        message("M") + signal("S"),
        attachedToRef="u",
        cancelActivity="false",
        parallelMultiple="true",
    ),
    root=MN + signals("S"),
    steps=[{"message": "M"}, {"signal": "S"}, {"message": "M"}, {"signal": "S"}, *done("u")],
    trace="s b y b y u x",
)
case(
    "signal boundary event",
    "catches a signal that its own activity sends",
    *GO,
    sub("u", start("s1"), end("e1", signal("S")), flows("s1>e1")),
    boundary("b", "u", signal("S")),
    root=signals("S"),
    trace="s s1 e1 b y",
)
case(
    "error boundary event",
    "takes the code into a variable",
    *GO,
    service("u"),
    boundary("b", "u", '<bpmn:errorEventDefinition errorRef="E1" praxis:codeVariable="code"/>'),
    root=ERRORS,
    steps=[{"job": "u", "error": "E1"}],
    trace="s b y",
    variables={"code": "E1"},
)
case(
    "error boundary event",
    "catches the business error of a user task",
    *GO,
    user("u"),
    boundary("b", "u", error("E1")),
    root=ERRORS,
    steps=[{"complete": "u", "error": "E1"}],
    trace="s b y",
)
case(
    "error boundary event",
    "an error in one iteration ends all iterations",
    *GO,
    sub("u", multi("parallel", cardinality("2")), start("s1"), end("e1", error("E1")), flows("s1>e1")),
    boundary("b", "u", error("E1")),
    root=ERRORS,
    trace="s s1 s1 e1 b y",
)
case(
    "service task",
    "a business error that nothing catches is an incident and can be tried again",
    SE,
    service("a"),
    flows("s>a>e"),
    steps=[{"job": "a", "error": "E9"}, {"expect": {"state": "failed"}}, {"resolve": "a"}, {"job": "a"}],
    trace="s a e",
)

# ---------------------------------------------------------------- escalation
case(
    "escalation",
    "a catch without a code gets every one",
    *GO,
    sub("u", start("s1"), throw("t", escalation("X")), end("e1"), flows("s1>t>e1")),
    boundary("b", "u", escalation(), interrupting=False),
    root=ESCALATIONS,
    trace="s s1 t b e1 y u x",
    any_order=True,
)
case(
    "escalation",
    "passes levels that do not catch it",
    *GO,
    sub(
        "u",
        start("s1"),
        sub("p2", start("s2"), throw("t", escalation("X")), end("e2"), flows("s2>t>e2")),
        boundary("b2", "p2", escalation("Y")),
        end("e1"),
        end("y1"),
        flows("s1>p2>e1, b2>y1"),
    ),
    boundary("b", "u", escalation("X"), interrupting=False),
    root=ESCALATIONS,
    trace="s s1 s2 t b e2 y p2 e1 u x",
    any_order=True,
)
case(
    "escalation",
    "each iteration's reaches a non-interrupting catch",
    *GO,
    sub(
        "u",
        multi("sequential", cardinality("2")),
        start("s1"),
        throw("t", escalation("X")),
        end("e1"),
        flows("s1>t>e1"),
    ),
    boundary("b", "u", escalation("X"), interrupting=False),
    root=ESCALATIONS,
    trace="s s1 t b e1 y u s1 t b e1 y u x",
    any_order=True,
)
case(
    "escalation",
    "an interrupting catch ends all iterations",
    *GO,
    sub(
        "u",
        multi("parallel", cardinality("3")),
        start("s1"),
        throw("t", escalation("X")),
        user("u1"),
        end("e1"),
        flows("s1>t>u1>e1"),
    ),
    boundary("b", "u", escalation("X")),
    root=ESCALATIONS,
    trace="s s1 s1 s1 t b y",
)
case(
    "escalation",
    "an end event throws it too",
    *GO,
    sub("u", start("s1"), end("e1", escalation("X")), flows("s1>e1")),
    boundary("b", "u", escalation("X")),
    root=ESCALATIONS,
    trace="s s1 e1 b y",
)

# ---------------------------------------------------------------- timers and conditions
case("timer catch event", "a duration of nothing passes", SE, catch("c", timer("PT0S")), flows("s>c>e"), trace="s c e")
case(
    "timer catch event",
    "a date in the past is due at once",
    SE,
    catch("c", timer("2020-01-01T00:00:00Z", "Date")),
    flows("s>c>e"),
    trace="s c e",
)
case(
    "timer start event",
    "a date in the past starts at once",
    start("s", timer("2020-01-01T00:00:00Z", "Date")),
    end(),
    flows("s>e"),
    trace="s e",
)
case(
    "conditional start event",
    "starts when its condition becomes true",
    start("s", condition("n > 1")),
    end(),
    flows("s>e"),
    given={"n": 0},
    steps=[{"set": {"n": 2}}],
    trace="s e",
)

# ---------------------------------------------------------------- messages and signals between instances
CASES.append(
    Case(
        "message end and throw event",
        "two pools talk to each other",
        document(
            MN,
            '<bpmn:collaboration id="co"><bpmn:participant id="pa" processRef="p"/><bpmn:participant id="pb" processRef="q"/>'
            '<bpmn:messageFlow id="mf" sourceRef="t" targetRef="qs"/></bpmn:collaboration>',
            process(start(), throw("t", message("M")), catch("c", message("N")), end(), flows("s>t>c>e")),
            process(start("qs", message("M")), end("qe", message("N")), flows("qs>qe"), id="q"),
        ),
        trace="s t qs qe c e",
    )
)
CASES.append(
    Case(
        "signal start event",
        "a signal of one process starts another",
        document(
            signals("S"),
            process(start(), throw("t", signal("S")), end(), flows("s>t>e")),
            process(start("qs", signal("S")), user("qu"), end("qe"), flows("qs>qu>qe"), id="q"),
        ),
        trace="s t e qs",
        state="waiting",
        waiting="qu",
    )
)
case(
    "message start event",
    "a receive task can start a process",
    node("receiveTask", "r", messageRef="M", instantiate="true"),
    end(),
    flows("r>e"),
    root=MN,
    steps=[{"message": "M", "variables": {"x": 1}}],
    trace="r e",
    variables={"x": 1},
)
case(
    "event-based gateway",
    "can start a process",
    node("eventBasedGateway", "g", instantiate="true"),
    catch("a", message("M")),
    catch("b", message("N")),
    end("x"),
    end("y"),
    flows("g>a>x, g>b>y"),
    root=MN,
    steps=[{"message": "N"}],
    trace="g b y",
)
case(
    "multiple event",
    "any trigger of a start event is enough",
    node("startEvent", "s", message("M") + signal("S")),
    end(),
    flows("s>e"),
    root=MN + signals("S"),
    steps=[{"signal": "S"}],
    trace="s e",
)
case(
    "message end and throw event",
    "a message sent before anybody waits is kept",
    SE,
    throw("t", message("M")),
    catch("c", message("M")),
    flows("s>t>c>e"),
    root=MN,
    trace="s t c e",
)
case(
    "message catch event",
    "several keys must all fit",
    SE,
    catch("c", message()),
    flows("s>c>e"),
    given={"a": 1, "b": "x"},
    root='<bpmn:message id="M" name="M"><bpmn:extensionElements><praxis:correlation name="a" value="=a"/>'
    '<praxis:correlation name="b" value="=b"/></bpmn:extensionElements></bpmn:message>',
    steps=[{"message": "M", "correlation": {"a": 1, "b": "x"}}],
    trace="s c e",
)
case(
    "signal events",
    "the name can be an expression",
    SE,
    catch("c", signal("S")),
    flows("s>c>e"),
    given={"k": "1"},
    root='<bpmn:signal id="S" name="=&quot;sig-&quot; + k"/>',
    steps=[{"signal": "sig-1"}],
    trace="s c e",
)
case(
    "event sub-process",
    "instances of one wait each for a message of their own",
    SE,
    user("u"),
    flows("s>u>e"),
    handler("h", message("M"), catch("hc", message("N")), end("he"), flows("hs>hc>he"), interrupting=False),
    root=MN,
    steps=[{"message": "M"}, {"message": "M"}, {"message": "N"}, {"message": "N"}, *done("u")],
    trace="s hs hs hc he h hc he h u e",
)
case(
    "parallel gateway",
    "an interrupting event in one branch leaves the others alone",
    start(),
    fork("f"),
    user("a"),
    boundary("b", "a", timer("PT1H")),
    user("c"),
    fork("j"),
    end(),
    choice("m"),
    flows("s>f>a>m>j>e, f>c>j, b>m"),
    steps=[{"advance": "PT1H"}, *done("c")],
    trace="s f b m c j e",
)
case(
    "timer catch event",
    "a cycle that is over before it begins is an incident, not a wait for ever",
    SE,
    catch("c", timer("R2/2020-01-01T00:00:00Z/PT1H", "Cycle")),
    flows("s>c>e"),
    trace="s",
    state="failed",
)
case(
    "timer boundary event",
    "a cycle that is over before it begins never fires",
    *GO,
    user("u"),
    boundary("b", "u", timer("R2/2020-01-01T00:00:00Z/PT1H", "Cycle"), interrupting=False),
    steps=[{"advance": "P1D"}, *done("u")],
    trace="s u x",
)
