"""What the engine is proven to run: one case per promise, in the words of BPMN 2.0.2.

The coverage page in the README is generated from these (`python -m tests.conformance.coverage`).
"""

# A case is read at a glance, not line by line:
# fmt: off
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.notation import *


@dataclass(frozen=True)
class Case:
    """A model, what is done to it, and what must have happened."""

    construct: str
    promise: str
    model: bytes
    steps: tuple[dict[str, Any], ...] = ()
    trace: str = ""  # element ids in order of completion
    any_order: bool = False
    state: str = "completed"
    variables: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    waiting: str | None = None


CASES: list[Case] = []


def case(construct: str, promise: str, *parts: str, root: str = "", **expected: Any) -> None:
    """Add a case whose process `p` has these parts; `root` stands beside it."""
    if "steps" in expected:
        expected["steps"] = tuple(expected["steps"])
    CASES.append(Case(construct, promise, document(root, process(*parts)), **expected))


def done(*ids: str) -> list[dict[str, Any]]:
    return [{"complete": element_id} for element_id in ids]


SE = start() + end()

# ---------------------------------------------------------------- tasks and sequence flow
case("sequence flow", "runs elements one after the other", SE, task("a"), task("b"), flows("s>a>b>e"), trace="s a b e")
case("task, manual task", "passes at once", SE, task("a"), node("manualTask", "m"), flows("s>a>m>e"), trace="s a m e")
case("user task", "waits for a person", SE, user("u"), flows("s>u>e"), trace="s", state="waiting", waiting="u")
case("user task", "takes over what the person entered", SE, user("u"), flows("s>u>e"),
     steps=[{"complete": "u", "variables": {"x": 5}}], trace="s u e", variables={"x": 5})
case("script task", "entries become variables in order, later ones see earlier ones", SE,
     script("a", "{n: 2, m: n * 3}"), flows("s>a>e"), trace="s a e", variables={"n": 2, "m": 6})
case("script task", "an expression goes into the result variable", SE,
     script("a", "sum(xs)", praxis_resultVariable="total"), flows("s>a>e"), given={"xs": [1, 2, 3]}, trace="s a e",
     variables={"total": 6})
case("service task", "parks as a job until it is done", SE, service("a", praxis_topic="t"), flows("s>a>e"),
     steps=[{"expect": {"waiting": ["a"]}}, {"job": "a", "result": {"y": 1}}], trace="s a e", variables={"y": 1})
case("service task", "a failed job is an incident and can be tried again", SE, service("a"), flows("s>a>e"),
     steps=[{"job": "a", "fail": "down"}, {"expect": {"state": "failed"}}, {"resolve": "a"}, {"job": "a"}], trace="s a e")
case("send task", "publishes its message and goes on", SE, node("sendTask", "a", messageRef="M"), flows("s>a>e"),
     root=messages("M"), trace="s a e")
case("receive task", "waits for its message", SE, node("receiveTask", "a", messageRef="M"), flows("s>a>e"),
     root=messages("M"), steps=[{"message": "M", "variables": {"z": 3}}], trace="s a e", variables={"z": 3})
case("implicit split", "several flows out of an activity are all taken", SE, task("a"), task("b"), task("c"),
     flows("s>a>b>e, a>c>e"), trace="s a b c e e", any_order=True)
case("conditional flow", "only flows with a true condition are taken", start(), task("a"), end("x"), end("y"), end("z"),
     flows("s>a>x?n > 1, a>y?n > 2, a>z?n > 9"), given={"n": 5}, trace="s a x y", any_order=True)
case("conditional flow", "the default flow is taken when no condition is true", start(), task("a", default="a_y"),
     end("x"), end("y"), flows("s>a>x?n > 1, a>y"), given={"n": 0}, trace="s a y")
case("implicit start and end", "activities without flows begin and end a process", task("a"), task("b"), flows("a>b"),
     trace="a b")

# ---------------------------------------------------------------- gateways
case("exclusive gateway", "takes the first true flow, in document order", start(), gateway("exclusive", "g"), end("x"),
     end("y"), flows("s>g, g>x?n > 1, g>y?n > 0"), given={"n": 5}, trace="s g x")
case("exclusive gateway", "takes the default flow when no condition is true", start(),
     gateway("exclusive", "g", default="g_y"), end("x"), end("y"), flows("s>g, g>x?n > 1, g>y"), given={"n": 0},
     trace="s g y")
case("exclusive gateway", "is an incident when nothing can be taken", start(), gateway("exclusive", "g"), end("x"),
     end("y"), flows("s>g, g>x?n > 1, g>y?n > 2"), given={"n": 0}, trace="s", state="failed")
case("exclusive gateway", "is an incident when a condition is neither true nor false", start(),
     gateway("exclusive", "g", default="g_y"), end("x"), end("y"), flows("s>g, g>x?n > 1, g>y"), trace="s",
     state="failed")
case("exclusive gateway", "merges without waiting", SE, gateway("parallel", "f"), task("a"), task("b"),
     gateway("exclusive", "m"), task("c"), flows("s>f>a>m>c>e, f>b>m"), trace="s f a b m m c c e e", any_order=True)
case("parallel gateway", "starts every branch and waits for all", SE, gateway("parallel", "f"), user("a"), user("b"),
     gateway("parallel", "j"), flows("s>f>a>j>e, f>b>j"),
     steps=[*done("a"), {"expect": {"state": "waiting", "waiting": ["b"]}}, *done("b")], trace="s f a b j e")
case("parallel gateway", "joins again in every iteration of a loop", start(), end(), script("i", "{n: n + 1}"),
     gateway("exclusive", "m"), gateway("parallel", "f"), task("a"), task("b"), gateway("parallel", "j"),
     gateway("exclusive", "g", default="g_e"), flows("s>m>i>f>a>j>g, f>b>j, g>m?n < 3, g>e"), given={"n": 0},
     trace="s m i f a b j g m i f a b j g m i f a b j g e", variables={"n": 3})
case("parallel gateway", "no write of a branch is lost at the join", SE, gateway("parallel", "f"),
     script("a", "{x: 1}"), task("b"), gateway("parallel", "j"), flows("s>f>a>j>e, f>b>j"), given={"x": 0},
     trace="s f a b j e", variables={"x": 1})
case("parallel gateway", "a join that can never complete is an incident, not a silent wait", SE,
     gateway("exclusive", "g", default="g_b"), task("a"), task("b"), gateway("parallel", "j"),
     flows("s>g, g>a?n > 1, g>b, a>j>e, b>j"), given={"n": 5}, trace="s g a", state="failed")
case("inclusive gateway", "takes every true flow and joins what was taken", SE, gateway("inclusive", "f"), user("a"),
     user("b"), task("c"), gateway("inclusive", "j"), flows("s>f, f>a?n > 1, f>b?n > 2, f>c?n > 9, a>j>e, b>j, c>j"),
     given={"n": 5}, steps=[*done("a"), {"expect": {"waiting": ["b"]}}, *done("b")], trace="s f a b j e")
case("inclusive gateway", "takes the default flow alone when nothing is true", SE,
     gateway("inclusive", "f", default="f_b"), task("a"), task("b"), gateway("inclusive", "j"),
     flows("s>f, f>a?n > 1, f>b, a>j>e, b>j"), given={"n": 0}, trace="s f b j e")
case("inclusive gateway", "does not wait for a branch that went elsewhere", SE, gateway("parallel", "f"), task("a"),
     user("b"), end("out"), gateway("inclusive", "j"), gateway("exclusive", "g", default="g_out"),
     flows("s>f>a>j>e, f>b>g, g>j?yes, g>out"), given={"yes": False},
     steps=[{"expect": {"waiting": ["b"]}}, *done("b")], trace="s f a b g out j e")
case("event-based gateway", "the first event wins, the others are withdrawn", start(), gateway("eventBased", "g"),
     catch("m", message()), catch("t", timer("PT1H")), end("x"), end("y"), flows("s>g>m>x, g>t>y"), root=messages("M"),
     steps=[{"advance": "PT1H"}, {"expect": {"state": "completed"}}], trace="s g t y")
case("event-based gateway", "receive tasks can stand behind it", start(), gateway("eventBased", "g"),
     node("receiveTask", "m", messageRef="M"), catch("c", signal()), end("x"), end("y"), flows("s>g>m>x, g>c>y"),
     root=messages("M") + signals("S"), steps=[{"message": "M"}], trace="s g m x")
case("event-based gateway", "a conditional event behind it fires when it becomes true", start(),
     gateway("eventBased", "g"), catch("c", condition("n > 1")), catch("t", timer("PT1H")), end("x"), end("y"),
     flows("s>g>c>x, g>t>y"), given={"n": 0}, steps=[{"set": {"n": 2}}], trace="s g c x")
case("complex gateway", "opens when its activation condition is true and absorbs what comes later", SE,
     gateway("parallel", "f"), task("a"), task("b"), user("c"),
     node("complexGateway", "j", "<bpmn:activationCondition>activationCount >= 2</bpmn:activationCondition>"),
     task("after"), flows("s>f>a>j>after>e, f>b>j, f>c>j"), steps=done("c"), trace="s f a b j after e c")

# ---------------------------------------------------------------- events
case("message catch event", "waits for its message and takes over its variables", SE, catch("c", message()),
     flows("s>c>e"), root=messages("M"), steps=[{"message": "M", "variables": {"x": 1}}], trace="s c e", variables={"x": 1})
case("message catch event", "takes only the message with its correlation keys", SE, catch("c", message()),
     flows("s>c>e"), root=messages("M", key="order"), given={"order": 7},
     steps=[{"message": "M", "correlation": {"order": 7}}], trace="s c e")
case("message start event", "starts a process", start("s", message()), end(), flows("s>e"), root=messages("M"),
     steps=[{"message": "M", "variables": {"x": 1}}], trace="s e", variables={"x": 1})
case("signal start event", "starts a process", start("s", signal()), end(), flows("s>e"), root=signals("S"),
     steps=[{"signal": "S"}], trace="s e")
case("timer start event", "starts a process when due", start("s", timer("PT1H")), end(), flows("s>e"),
     steps=[{"advance": "PT2H"}], trace="s e")
case("signal events", "a signal reaches everybody who waits", SE, gateway("parallel", "f"), catch("a", signal()),
     catch("b", signal()), gateway("parallel", "j"), flows("s>f>a>j>e, f>b>j"), root=signals("S"),
     steps=[{"signal": "S"}], trace="s f a b j e")
case("signal events", "a throw is caught in the same instance", SE, gateway("parallel", "f"), catch("a", signal()),
     user("u"), throw("b", signal()), gateway("parallel", "j"), flows("s>f>a>j>e, f>u>b>j"), root=signals("S"),
     steps=done("u"), trace="s f u a b j e", any_order=True)
case("timer catch event", "waits for a duration", SE, catch("c", timer("PT1H")), flows("s>c>e"),
     steps=[{"advance": "PT59M"}, {"expect": {"waiting": ["c"]}}, {"advance": "PT1M"}], trace="s c e")
case("timer catch event", "waits for a date", SE, catch("c", timer("2026-01-06T09:00:00Z", "Date")), flows("s>c>e"),
     steps=[{"advance": "P1D"}], trace="s c e")
case("timer catch event", "takes a FEEL expression", SE, catch("c", timer('=duration("PT" + string(n) + "H")')),
     flows("s>c>e"), given={"n": 3}, steps=[{"advance": "PT3H"}], trace="s c e")
case("conditional catch event", "fires when its condition becomes true", SE, catch("c", condition("n > 1")),
     flows("s>c>e"), given={"n": 0}, steps=[{"set": {"n": 1}}, {"expect": {"waiting": ["c"]}}, {"set": {"n": 2}}],
     trace="s c e")
case("conditional catch event", "passes when its condition is true already", SE, catch("c", condition("n > 1")),
     flows("s>c>e"), given={"n": 5}, trace="s c e")
case("link events", "a throw goes on at its catch", start(), throw("t", link()), catch("c", link()), end(),
     flows("s>t, c>e"), trace="s t c e")
case("multiple event", "any one of its definitions is enough", SE, catch("c", message() + signal()), flows("s>c>e"),
     root=messages("M") + signals("S"), steps=[{"signal": "S"}], trace="s c e")
case("parallel multiple event", "all of its definitions are needed", SE,
     node("intermediateCatchEvent", "c", message() + signal(), parallelMultiple="true"), flows("s>c>e"),
     root=messages("M") + signals("S"), steps=[{"signal": "S"}, {"expect": {"waiting": ["c"]}}, {"message": "M"}],
     trace="s c e")
case("none throw event", "passes", SE, throw("t"), flows("s>t>e"), trace="s t e")
case("terminate end event", "stops everything else in its scope", start(), gateway("parallel", "f"), user("a"),
     task("b"), end("x"), end("t", TERMINATE), flows("s>f>a>x, f>b>t"), trace="s f b t")
case("terminate end event", "in a sub-process ends only the sub-process", SE,
     sub("p1", start("s1"), gateway("parallel", "f1"), user("a1"), end("t1", TERMINATE), end("e1"),
         flows("s1>f1>a1>e1, f1>t1")), task("after"), flows("s>p1>after>e"), trace="s s1 f1 t1 p1 after e")
case("message end and throw event", "publishes, and whoever waits goes on", SE, gateway("parallel", "f"),
     catch("a", message()), throw("t", message()), gateway("parallel", "j"), flows("s>f>a>j>e, f>t>j"),
     root=messages("M"), trace="s f t a j e", any_order=True)

# ---------------------------------------------------------------- boundary events
for kind, definition, root, step in (
    ("message", message(), messages("M"), {"message": "M"}),
    ("signal", signal(), signals("S"), {"signal": "S"}),
    ("timer", timer("PT1H"), "", {"advance": "PT1H"}),
    ("conditional", condition("n = 1"), "", {"set": {"n": 1}}),
):
    case(f"{kind} boundary event", "interrupts its activity", start(), user("u"), boundary("b", "u", definition),
         end("x"), end("y"), flows("s>u>x, b>y"), root=root, steps=[step], trace="s b y")
    case(f"{kind} boundary event", "non-interrupting: the activity goes on", start(), user("u"),
         boundary("b", "u", definition, interrupting=False), end("x"), end("y"), flows("s>u>x, b>y"), root=root,
         steps=[step, *done("u")], trace="s b y u x")
case("message boundary event", "non-interrupting: fires every time", start(), user("u"),
     boundary("b", "u", message(), interrupting=False), end("x"), end("y"), flows("s>u>x, b>y"), root=messages("M"),
     steps=[{"message": "M"}, {"message": "M"}, *done("u")], trace="s b y b y u x")
case("timer boundary event", "a cycle fires as often as it says, without drift", start(), user("u"),
     boundary("b", "u", timer("R3/PT10M", "Cycle"), interrupting=False), end("x"), end("y"), flows("s>u>x, b>y"),
     steps=[{"advance": "PT2H"}, *done("u")], trace="s b y b y b y u x")
case("timer boundary event", "is withdrawn with its activity", start(), user("u"), boundary("b", "u", timer("PT1H")),
     end("x"), end("y"), user("v"), flows("s>u>v>x, b>y"), steps=[*done("u"), {"advance": "PT2H"}, *done("v")],
     trace="s u v x")
case("error boundary event", "catches the error of its sub-process by code", start(),
     sub("p1", start("s1"), end("e1", error("E1")), flows("s1>e1")), boundary("b", "p1", error("E1")), end("x"),
     end("y"), flows("s>p1>x, b>y"), root=errors("E1", "E2"), trace="s s1 e1 b y")
case("error boundary event", "prefers the exact code to the catch-all", start(),
     sub("p1", start("s1"), end("e1", error("E1")), flows("s1>e1")), boundary("any", "p1", error()),
     boundary("b", "p1", error("E1")), end("x"), end("y"), end("z"), flows("s>p1>x, b>y, any>z"), root=errors("E1"),
     trace="s s1 e1 b y")
case("error boundary event", "catches the business error of a job", start(), service("a"), boundary("b", "a", error("E1")),
     end("x"), end("y"), flows("s>a>x, b>y"), root=errors("E1"), steps=[{"job": "a", "error": "E1"}], trace="s b y")
case("error boundary event", "the nearest enclosing catch wins, a sibling never catches", start(),
     sub("o", start("s1"), sub("i", start("s2"), end("e2", error("E1")), flows("s2>e2")), end("e1"), flows("s1>i>e1")),
     boundary("b", "o", error("E1")), end("x"), end("y"), flows("s>o>x, b>y"), root=errors("E1"),
     trace="s s1 s2 e2 b y")
case("error end event", "caught by nothing is an incident", start(), end("e", error("E1")), flows("s>e"),
     root=errors("E1"), trace="s e", state="failed")
case("escalation", "interrupting: ends the sub-process", start(),
     sub("p1", start("s1"), throw("t1", escalation("X")), user("u1"), end("e1"), flows("s1>t1>u1>e1")),
     boundary("b", "p1", escalation("X")), end("x"), end("y"), flows("s>p1>x, b>y"), root=escalations("X"),
     trace="s s1 t1 b y")
case("escalation", "non-interrupting: the sub-process goes on", start(),
     sub("p1", start("s1"), throw("t1", escalation("X")), user("u1"), end("e1"), flows("s1>t1>u1>e1")),
     boundary("b", "p1", escalation("X"), interrupting=False), end("x"), end("y"), flows("s>p1>x, b>y"),
     root=escalations("X"), steps=done("u1"), trace="s s1 t1 b y u1 e1 p1 x", any_order=True)
case("escalation", "uncaught: the process goes on", SE, throw("t", escalation("X")), flows("s>t>e"),
     root=escalations("X"), trace="s t e")

# ---------------------------------------------------------------- sub-processes
case("sub-process", "runs its content and goes on when nothing moves inside", SE,
     sub("p1", start("s1"), gateway("parallel", "f1"), task("a1"), task("b1"), end("e1"), end("e2"),
         flows("s1>f1>a1>e1, f1>b1>e2")), flows("s>p1>e"), trace="s s1 f1 a1 b1 e1 e2 p1 e", any_order=True)
case("event sub-process", "interrupting: everything else in its scope stops", SE, user("u"), flows("s>u>e"),
     event_sub("h", start("hs", message()), task("ht"), end("he"), flows("hs>ht>he")), root=messages("M"),
     steps=[{"message": "M"}], trace="s hs ht he h")
case("event sub-process", "non-interrupting: can run several times beside its scope", SE, user("u"), flows("s>u>e"),
     event_sub("h", start("hs", message(), isInterrupting="false"), task("ht"), end("he"), flows("hs>ht>he")),
     root=messages("M"), steps=[{"message": "M"}, {"message": "M"}, *done("u")], trace="s hs ht he h hs ht he h u e")
case("event sub-process", "inside a sub-process ends only that one", SE,
     sub("p1", start("s1"), user("u1"), end("e1"), flows("s1>u1>e1"),
         event_sub("h", start("hs", timer("PT1H")), end("he"), flows("hs>he"))), task("after"), flows("s>p1>after>e"),
     steps=[{"advance": "PT1H"}], trace="s s1 hs he h p1 after e")
case("event sub-process", "catches an error of its scope", SE,
     sub("p1", start("s1"), end("e1", error("E1")), flows("s1>e1"),
         event_sub("h", start("hs", error("E1")), end("he"), flows("hs>he"))), flows("s>p1>e"), root=errors("E1"),
     trace="s s1 e1 hs he h p1 e")
case("event sub-process", "an error that it throws itself goes outward", start(),
     sub("p1", start("s1"), end("e1", error("E1")), flows("s1>e1"),
         event_sub("h", start("hs", error("E1")), end("he", error("E1")), flows("hs>he"))),
     boundary("b", "p1", error("E1")), end("x"), end("y"), flows("s>p1>x, b>y"), root=errors("E1"), trace="s s1 e1 hs he b y")
case("event sub-process", "starts when its condition becomes true", SE, user("u"), flows("s>u>e"),
     event_sub("h", start("hs", condition("n > 1")), end("he"), flows("hs>he")), given={"n": 0},
     steps=[{"set": {"n": 2}}], trace="s hs he h")
case("event sub-process", "an untriggered one does not keep the process alive", SE, flows("s>e"),
     event_sub("h", start("hs", timer("P1D")), end("he"), flows("hs>he")), trace="s e")
case("event sub-process", "catches an escalation without interrupting", SE,
     sub("p1", start("s1"), throw("t1", escalation("X")), task("a1"), end("e1"), flows("s1>t1>a1>e1"),
         event_sub("h", start("hs", escalation("X"), isInterrupting="false"), end("he"), flows("hs>he"))),
     flows("s>p1>e"), root=escalations("X"), trace="s s1 t1 hs a1 he e1 h p1 e", any_order=True)
case("ad-hoc sub-process", "runs its activities in parallel", SE,
     node("adHocSubProcess", "p1", user("a"), user("b")), flows("s>p1>e"), steps=done("b", "a"), trace="s b a p1 e")
case("ad-hoc sub-process", "is over when its completion condition is true", SE,
     node("adHocSubProcess", "p1", user("a"), user("b"), "<bpmn:completionCondition>ok</bpmn:completionCondition>"),
     flows("s>p1>e"), given={"ok": False}, steps=[{"complete": "a", "variables": {"ok": True}}], trace="s a p1 e")
case("ad-hoc sub-process", "sequential: one after the other", SE,
     node("adHocSubProcess", "p1", user("a"), user("b"), ordering="Sequential"), flows("s>p1>e"),
     steps=[{"expect": {"waiting": ["a"]}}, *done("a", "b")], trace="s a b p1 e")
CASES.append(Case("call activity", "runs the called process in a scope of its own", document(
    process(SE, node("callActivity", "c", calledElement="q"), flows("s>c>e")),
    process(start("qs"), script("qa", "{y: x + 1}"), end("qe"), flows("qs>qa>qe"), id="q")),
    given={"x": 1}, trace="s qs qa qe c e", variables={"x": 1, "y": 2}))
CASES.append(Case("call activity", "with mappings only what is mapped goes in and comes back", document(
    process(SE, node("callActivity", "c", "<bpmn:extensionElements><praxis:ioMapping>"
            '<praxis:input source="=x" target="a"/><praxis:output source="=b" target="y"/></praxis:ioMapping>'
            "</bpmn:extensionElements>", calledElement="q", praxis_propagateAll="false"), flows("s>c>e")),
    process(start("qs"), script("qa", "{b: a * 10, hidden: 1}"), end("qe"), flows("qs>qa>qe"), id="q")),
    given={"x": 2}, trace="s qs qa qe c e", variables={"x": 2, "y": 20}))
CASES.append(Case("call activity", "an error of the called process is caught at the call", document(errors("E1"),
    process(start(), node("callActivity", "c", calledElement="q"), boundary("b", "c", error("E1")), end("x"), end("y"),
            flows("s>c>x, b>y")),
    process(start("qs"), end("qe", error("E1")), flows("qs>qe"), id="q")), trace="s qs qe b y"))

# ---------------------------------------------------------------- loops
case("multi-instance", "sequential: one iteration after the other", SE,
     user("u", multi("sequential", inputCollection="=xs", inputElement="x")), flows("s>u>e"), given={"xs": [1, 2]},
     steps=done("u", "u"), trace="s u u e")
case("multi-instance", "parallel: results are collected in order", SE,
     script("a", "{r: x * 10}", multi(inputCollection="=xs", inputElement="x", outputCollection="out", outputElement="=r")),
     flows("s>a>e"), given={"xs": [1, 2, 3]}, trace="s a a a e", variables={"out": [10, 20, 30]})
case("multi-instance", "an empty collection is passed", SE, user("u", multi(inputCollection="=xs", inputElement="x")),
     flows("s>u>e"), given={"xs": []}, trace="s e")
case("multi-instance", "null items are items", SE,
     script("a", "{n: n + 1}", multi("sequential", inputCollection="=xs", inputElement="x")), flows("s>a>e"),
     given={"xs": [None, None], "n": 0}, trace="s a a e", variables={"n": 2})
case("multi-instance", "a completion condition ends the others", SE,
     user("u", multi("parallel", cardinality("3") + until("numberOfCompletedInstances >= 2"))), flows("s>u>e"),
     steps=done("u", "u"), trace="s u u e")
case("multi-instance", "works on sub-processes, each iteration with its own item", SE,
     sub("p1", multi(inputCollection="=xs", inputElement="x", outputCollection="out", outputElement="=x * 2"),
         start("s1"), task("a1"), end("e1"), flows("s1>a1>e1")), flows("s>p1>e"), given={"xs": [1, 2]},
     trace="s s1 a1 e1 p1 s1 a1 e1 p1 e", any_order=True, variables={"out": [2, 4]})
case("multi-instance", "a boundary event interrupts all iterations", start(), user("u", multi("parallel", cardinality("3"))),
     boundary("b", "u", timer("PT1H")), end("x"), end("y"), flows("s>u>x, b>y"),
     steps=[*done("u"), {"advance": "PT1H"}], trace="s u b y")
case("standard loop", "repeats while its condition is true", SE,
     script("a", "{n: n + 1}", "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>n &lt; 3</bpmn:loopCondition>"
            "</bpmn:standardLoopCharacteristics>"), flows("s>a>e"), given={"n": 0}, trace="s a a a e", variables={"n": 3})
case("standard loop", "test before: may not run at all", SE,
     script("a", "{n: n + 1}", '<bpmn:standardLoopCharacteristics testBefore="true"><bpmn:loopCondition>n &lt; 3'
            "</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"), flows("s>a>e"), given={"n": 7}, trace="s e")
case("standard loop", "stops at its maximum", SE,
     script("a", "{n: n + 1}", '<bpmn:standardLoopCharacteristics loopMaximum="2"><bpmn:loopCondition>true'
            "</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"), flows("s>a>e"), given={"n": 0}, trace="s a a e")

# ---------------------------------------------------------------- compensation and transactions
UNDO = task("ua", isForCompensation="true") + task("ub", isForCompensation="true")
BOUND = boundary("ca", "a", compensate()) + boundary("cb", "b", compensate()) + association("ca", "ua") + association("cb", "ub")
case("compensation", "undoes completed activities in reverse order", SE, task("a"), task("b"), UNDO, BOUND,
     throw("t", compensate()), flows("s>a>b>t>e"), trace="s a b ub ua t e")
case("compensation", "of one activity undoes only that one", SE, task("a"), task("b"), UNDO, BOUND,
     throw("t", compensate("a")), flows("s>a>b>t>e"), trace="s a b ua t e")
case("compensation", "activities that never completed are not undone", SE, task("a"), UNDO, BOUND, user("b"),
     boundary("bt", "b", timer("PT1H")), throw("t", compensate()), end("x"), flows("s>a>b>e, bt>t>x"),
     steps=[{"advance": "PT1H"}], trace="s a bt ua t x")
case("compensation", "of a completed sub-process undoes what was done inside", SE,
     sub("p1", start("s1"), task("a"), task("b"), UNDO, BOUND, end("e1"), flows("s1>a>b>e1")),
     end("t", compensate()), task("z"), flows("s>p1>z>t"), trace="s s1 a b e1 p1 z ub ua t")
case("transaction", "a cancel end event undoes it and leaves by the cancel boundary event", start(),
     node("transaction", "p1", start("s1"), task("a"), task("b"), UNDO, BOUND, end("c1", CANCEL), flows("s1>a>b>c1")),
     boundary("bc", "p1", CANCEL), end("x"), end("y"), flows("s>p1>x, bc>y"), trace="s s1 a b ub ua c1 bc y")

# ---------------------------------------------------------------- variables
case("input and output mappings", "inputs are local, only outputs leave", SE,
     user("u", "<bpmn:extensionElements><praxis:ioMapping>"
          '<praxis:input source="=x * 2" target="double"/><praxis:output source="=double + answer" target="y"/>'
          "</praxis:ioMapping></bpmn:extensionElements>"), flows("s>u>e"), given={"x": 4},
     steps=[{"complete": "u", "variables": {"answer": 1}}], trace="s u e", variables={"x": 4, "y": 9})
