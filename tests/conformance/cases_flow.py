"""Promises on joins, loops in the graph, ad-hoc sub-processes and what cannot end."""

from tests.conformance.cases import SE, case, done
from tests.conformance.notation import *


def fork(id: str) -> str:
    return gateway("parallel", id)


def choice(id: str, **attributes: str) -> str:
    return gateway("exclusive", id, **attributes)


def some(id: str, **attributes: str) -> str:
    return gateway("inclusive", id, **attributes)


def adhoc(*inner: str, **attributes: str) -> str:
    return node("adHocSubProcess", "p1", *inner, **attributes)


def enough(text: str) -> str:
    return f"<bpmn:completionCondition>{text}</bpmn:completionCondition>"


case(
    "parallel gateway",
    "a second token of one branch waits for the next round and is told, never lost",
    SE,
    fork("f"),
    task("a"),
    task("b"),
    choice("m"),
    fork("j"),
    task("c"),
    flows("s>f>a>m>j>e, f>b>m, f>c>j"),
    trace="s f a b c m m j e",
    state="failed",
)
case(
    "parallel gateway",
    "joins and splits at once",
    SE,
    fork("f"),
    task("a"),
    task("b"),
    fork("jf"),
    task("c"),
    task("d"),
    fork("j"),
    flows("s>f>a>jf, f>b>jf, jf>c>j>e, jf>d>j"),
    trace="s f a b jf c d j e",
)
case(
    "implicit merge",
    "runs an activity once per token",
    SE,
    fork("f"),
    task("a"),
    task("b"),
    task("c"),
    flows("s>f>a>c>e, f>b>c"),
    trace="s f a b c c e e",
)
case(
    "inclusive gateway",
    "joins of nested splits wait only for their own",
    SE,
    some("f"),
    task("a"),
    some("g"),
    task("b"),
    task("c"),
    some("h"),
    some("j"),
    flows("s>f, f>a?true, f>g?true, g>b?true, g>c?true, a>j>e, b>h>j, c>h"),
    trace="s f a g b c h j e",
)
case(
    "inclusive gateway",
    "joins again in every iteration of a loop",
    start(),
    end(),
    script("i", "{n: n+1}"),
    choice("m"),
    some("f"),
    task("a"),
    task("b"),
    some("j"),
    choice("g", default="g_e"),
    flows("s>m>i>f, f>a?true, f>b?n < 3, a>j>g, b>j, g>m?n < 3, g>e"),
    given={"n": 0},
    trace="s m i f a b j g m i f a b j g m i f a j g e",
    variables={"n": 3},
)
case(
    "inclusive gateway",
    "waits for a token that is still in a loop before it",
    SE,
    fork("f"),
    user("a"),
    choice("x", default="x_j"),
    choice("m"),
    some("j"),
    task("b"),
    flows("s>f>b>j>e, f>m>a>x, x>m?again, x>j"),
    given={"again": True},
    steps=[*done("a"), {"set": {"again": False}}, *done("a")],
    trace="s f b m a x m a x j e",
)
case(
    "inclusive gateway",
    "is reached over an interrupting boundary event",
    SE,
    fork("f"),
    user("a"),
    boundary("ba", "a", timer("PT1H")),
    task("x"),
    user("b"),
    some("j"),
    flows("s>f>a>j>e, f>b>j, ba>x>j"),
    steps=[*done("b"), {"advance": "PT1H"}],
    trace="s f b ba x j e",
)
case(
    "inclusive gateway",
    "waits for the path of a non-interrupting boundary event",
    SE,
    fork("f"),
    user("a"),
    boundary("ba", "a", timer("PT1H"), interrupting=False),
    user("x"),
    user("b"),
    some("j"),
    flows("s>f>a>j>e, f>b>j, ba>x>j"),
    steps=[*done("b"), {"advance": "PT1H"}, *done("a"), {"expect": {"waiting": ["x"]}}, *done("x")],
    trace="s f b ba a x j e",
)
case(
    "inclusive gateway",
    "two joins that wait for each other do not stand still",
    SE,
    fork("f"),
    task("a"),
    task("b"),
    some("j1"),
    some("j2"),
    choice("x1", default="x1_e"),
    choice("x2", default="x2_e"),
    flows("s>f>a>j1>x1, f>b>j2>x2, x1>j2?n > 0, x1>e, x2>j1?n > 0, x2>e"),
    given={"n": 0},
    trace="s f a b j1 x1 e j2 x2 e",
)
case(
    "complex gateway",
    "without a condition waits for all",
    SE,
    fork("f"),
    task("a"),
    task("b"),
    task("c"),
    node("complexGateway", "j"),
    task("d"),
    flows("s>f>a>j>d>e, f>b>j, f>c>j"),
    trace="s f a b c j d e",
)
case(
    "complex gateway",
    "splits by conditions",
    SE,
    node("complexGateway", "g"),
    task("a"),
    task("b"),
    flows("s>g, g>a?n > 0, g>b?n > 5, a>e, b>e"),
    given={"n": 1},
    trace="s g a e",
)
case(
    "complex gateway",
    "opens again in every iteration of a loop",
    start(),
    end(),
    script("i", "{n:n+1}"),
    choice("m"),
    fork("f"),
    task("a"),
    task("b"),
    task("c"),
    node("complexGateway", "j", "<bpmn:activationCondition>activationCount >= 2</bpmn:activationCondition>"),
    choice("g", default="g_e"),
    flows("s>m>i>f>a>j>g, f>b>j, f>c>j, g>m?n < 2, g>e"),
    given={"n": 0},
    trace="s m i f a b c j g m i f a b c j g e",
)
case(
    "complex gateway",
    "a condition that can no longer become true is an incident",
    SE,
    fork("f"),
    task("a"),
    task("b"),
    node("complexGateway", "j", "<bpmn:activationCondition>activationCount >= 3</bpmn:activationCondition>"),
    flows("s>f>a>j>e, f>b>j"),
    trace="s f a b",
    state="failed",
)
case("empty process", "ends as soon as it starts", "", trace="")
case(
    "implicit start and end",
    "branches without a join end by themselves",
    start(),
    fork("f"),
    task("a"),
    task("b"),
    flows("s>f>a, f>b"),
    trace="s f a b",
)
case(
    "conditional flow",
    "out of a sub-process, with a default",
    start(),
    sub("p1", start("s1"), end("e1"), flows("s1>e1"), default="p1_y"),
    end("x"),
    end("y"),
    flows("s>p1, p1>x?n > 0, p1>y"),
    given={"n": 0},
    trace="s s1 e1 p1 y",
)
case(
    "link events",
    "several throws share one catch",
    start(),
    choice("g", default="g_t2"),
    throw("t1", link()),
    throw("t2", link()),
    catch("c", link()),
    end(),
    flows("s>g, g>t1?n > 0, g>t2, c>e"),
    given={"n": 1},
    trace="s g t1 c e",
)
case(
    "ad-hoc sub-process",
    "flows order the activities inside",
    SE,
    adhoc(task("a"), user("b"), task("c"), flows("a>b")),
    flows("s>p1>e"),
    steps=done("b"),
    trace="s a c b p1 e",
)
case(
    "ad-hoc sub-process",
    "its condition is looked at after an activity, not before",
    SE,
    adhoc(user("a"), user("b"), enough("true")),
    flows("s>p1>e"),
    steps=done("a"),
    trace="s a p1 e",
)
case(
    "ad-hoc sub-process",
    "lets what runs go on when it is told not to cancel",
    SE,
    adhoc(user("a"), user("b"), enough("ok"), cancelRemainingInstances="false"),
    flows("s>p1>e"),
    given={"ok": True},
    steps=done("a", "b"),
    trace="s a b p1 e",
)
case(
    "ad-hoc sub-process",
    "sequential: flows first, then the next",
    SE,
    adhoc(user("a"), user("b"), user("c"), flows("a>b"), ordering="Sequential"),
    flows("s>p1>e"),
    steps=done("a", "b", "c"),
    trace="s a b c p1 e",
)
case(
    "terminate end event",
    "ends what is nested in its scope",
    SE,
    sub(
        "p1",
        start("s1"),
        fork("f"),
        sub("p2", start("s2"), user("u2"), end("e2"), flows("s2>u2>e2")),
        end("t", TERMINATE),
        end("e1"),
        flows("s1>f>p2>e1, f>t"),
    ),
    flows("s>p1>e"),
    trace="s s1 f t p1 e",
)
case(
    "terminate end event",
    "in an iteration ends only that iteration",
    SE,
    sub(
        "p1",
        multi("parallel", cardinality("2")),
        start("s1"),
        fork("f1"),
        user("u1"),
        end("t", TERMINATE),
        end("e1"),
        choice("g", default="g_k"),
        task("k"),
        flows("s1>f1>u1>e1, f1>g>k, g>t?loopCounter = 1"),
    ),
    flows("s>p1>e"),
    steps=done("u1"),
    trace="s s1 f1 g t p1 s1 f1 g k u1 e1 p1 e",
    any_order=True,
)
case(
    "terminate end event",
    "in an event sub-process ends only that",
    SE,
    user("u"),
    flows("s>u>e"),
    event_sub(
        "h",
        start("hs", message(), isInterrupting="false"),
        fork("hf"),
        user("hu"),
        end("ht", TERMINATE),
        end("he"),
        flows("hs>hf>hu>he, hf>ht"),
    ),
    root=messages("M"),
    steps=[{"message": "M"}, *done("u")],
    trace="s hs hf ht h u e",
)
