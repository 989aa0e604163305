"""Promises on loops, call activities, compensation and transactions."""

from tests.conformance.cases import CASES, SE, Case, case, done
from tests.conformance.cases_events import ERRORS, handler
from tests.conformance.cases_flow import choice, fork
from tests.conformance.notation import *

LOG = {"log": []}
STANDARD = (
    "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>{}</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
)


def note(id: str, **attributes: str) -> str:
    """A script task that adds its id to the log."""
    return script(id, f'{{log: append(log, "{id}")}}', **attributes)


def undone_by(activity: str, handler_id: str) -> str:
    """A compensation boundary event and its association."""
    event = f"c{activity}"
    return boundary(event, activity, compensate()) + association(event, handler_id)


AB = note("a") + note("b") + note("ua", isForCompensation="true") + note("ub", isForCompensation="true")
AB += undone_by("a", "ua") + undone_by("b", "ub")

# ---------------------------------------------------------------- loops
case(
    "multi-instance",
    "the counter and several levels are visible inside",
    SE,
    sub(
        "p1",
        multi("sequential", inputCollection="=xs", inputElement="x"),
        start("s1"),
        script(
            "u1",
            "{log: append(log, string(x) + string(y))}",
            multi("sequential", inputCollection="=ys", inputElement="y"),
        ),
        end("e1"),
        flows("s1>u1>e1"),
    ),
    flows("s>p1>e"),
    given={"xs": [1, 2], "ys": [1, 2], **LOG},
    trace="s s1 u1 u1 e1 p1 s1 u1 u1 e1 p1 e",
    variables={"log": ["11", "12", "21", "22"]},
)
case(
    "multi-instance",
    "loopCounter counts from 1",
    SE,
    script("u", "{log: append(log, loopCounter)}", multi("sequential", cardinality("3"))),
    flows("s>u>e"),
    given=LOG,
    trace="s u u u e",
    variables={"log": [1, 2, 3]},
)
case(
    "multi-instance",
    "boundary events inside belong to their iteration",
    SE,
    sub(
        "p1",
        multi("parallel", cardinality("2")),
        start("s1"),
        user("u1"),
        boundary("b", "u1", timer("PT1H")),
        end("e1"),
        end("y1"),
        flows("s1>u1>e1, b>y1"),
    ),
    flows("s>p1>e"),
    steps=[*done("u1"), {"advance": "PT1H"}],
    trace="s s1 s1 u1 e1 p1 b y1 p1 e",
)
case(
    "multi-instance",
    "a completion condition that gives no truth value is an incident and can be repaired",
    SE,
    user("u", multi("parallel", cardinality("2") + until("k"))),
    flows("s>u>e"),
    steps=[*done("u"), {"expect": {"state": "failed"}}, {"set": {"k": True}}, {"resolve": "u"}],
    trace="s u e",
)
case(
    "multi-instance",
    "a collection that is none is an incident; boundary events stay",
    start(),
    user("u", multi("parallel", inputCollection="=xs", inputElement="x")),
    boundary("b", "u", timer("PT1H")),
    end("x"),
    end("y"),
    flows("s>u>x, b>y"),
    steps=[{"expect": {"state": "failed"}}, {"set": {"xs": [1]}}, {"resolve": "u"}, {"advance": "PT1H"}],
    trace="s b y",
)
case(
    "multi-instance",
    "a negative number is an incident",
    SE,
    user("u", multi("parallel", cardinality("-1"))),
    flows("s>u>e"),
    trace="s",
    state="failed",
)
CASES.append(
    Case(
        "multi-instance",
        "over a call activity each call has its own variables",
        document(
            process(
                SE,
                node(
                    "callActivity",
                    "c",
                    multi(inputCollection="=xs", inputElement="x", outputCollection="out", outputElement="=y"),
                    calledElement="q",
                ),
                flows("s>c>e"),
            ),
            process(start("qs"), script("qa", "{y: x * 2, z: 1}"), end("qe"), flows("qs>qa>qe"), id="q"),
        ),
        given={"xs": [1, 2]},
        trace="s qs qs qa qa qe qe c c e",
        variables={"out": [2, 4], "z": 1},
    )
)
CASES.append(
    Case(
        "multi-instance",
        "over a call activity results leave each call",
        document(
            process(
                SE,
                node(
                    "callActivity", "c", multi("sequential", inputCollection="=xs", inputElement="x"), calledElement="q"
                ),
                flows("s>c>e"),
            ),
            process(start("qs"), script("qa", "{sum: sum + x}"), end("qe"), flows("qs>qa>qe"), id="q"),
        ),
        given={"xs": [1, 2], "sum": 0},
        trace="s qs qa qe c qs qa qe c e",
        variables={"sum": 3},
    )
)
case(
    "standard loop",
    "repeats sub-processes",
    SE,
    sub("p1", STANDARD.format("n &lt; 3"), start("s1"), script("a", "{n: n + 1}"), end("e1"), flows("s1>a>e1")),
    flows("s>p1>e"),
    given={"n": 0},
    trace="s s1 a e1 p1 s1 a e1 p1 s1 a e1 p1 e",
)
case(
    "standard loop",
    "a condition that gives no truth value is an incident and can be repaired",
    SE,
    script("a", "{n: n + 1}", STANDARD.format("k")),
    flows("s>a>e"),
    given={"n": 0},
    steps=[{"expect": {"state": "failed"}}, {"set": {"k": False}}, {"resolve": "a"}],
    trace="s a e",
    variables={"n": 1},
)
CASES.append(
    Case(
        "call activity",
        "a process can call itself",
        document(
            process(
                SE,
                choice("g", default="g_e"),
                node("callActivity", "c", calledElement="p"),
                script("d", "{n: n - 1}"),
                flows("s>d>g, g>c?n > 0, g>e, c>e"),
            )
        ),
        given={"n": 2},
        trace="s d g s d g e c e",
    )
)
CASES.append(
    Case(
        "terminate end event",
        "in a called process ends only that",
        document(
            process(
                SE,
                fork("f"),
                node("callActivity", "c", calledElement="q"),
                user("u"),
                fork("j"),
                flows("s>f>c>j>e, f>u>j"),
            ),
            process(
                start("qs"),
                fork("qf"),
                user("qu"),
                end("qt", TERMINATE),
                end("qe"),
                flows("qs>qf>qu>qe, qf>qt"),
                id="q",
            ),
        ),
        steps=({"complete": "u"},),
        trace="s f qs qf qt c u j e",
    )
)

CASES.append(
    Case(
        "call activity",
        "what another branch writes meanwhile is not overwritten by what the called process only saw",
        document(
            process(
                SE,
                fork("f"),
                node("callActivity", "c", calledElement="q"),
                script("w", "{x: 2}"),
                fork("j"),
                flows("s>f>c>j>e, f>w>j"),
            ),
            process(start("qs"), user("qu"), end("qe"), flows("qs>qu>qe"), id="q"),
        ),
        steps=({"complete": "qu", "variables": {"y": 3}},),
        given={"x": 1},
        trace="s f w qs qu qe c j e",
        any_order=True,
        variables={"x": 2, "y": 3},
    )
)
# ---------------------------------------------------------------- compensation
case(
    "compensation",
    "handlers see what is true now, each what the one before it did",
    SE,
    AB,
    throw("t", compensate()),
    flows("s>a>b>t>e"),
    given=LOG,
    trace="s a b ub ua t e",
    variables={"log": ["a", "b", "ub", "ua"]},
)
case(
    "compensation",
    "happens once",
    SE,
    AB,
    throw("t", compensate()),
    throw("t2", compensate()),
    flows("s>a>b>t>t2>e"),
    given=LOG,
    trace="s a b ub ua t t2 e",
)
case(
    "compensation",
    "thrown in an error handler undoes the scope around it",
    start(),
    AB,
    end("e", error("E1")),
    flows("s>a>b>e"),
    handler("h", error("E1"), throw("t", compensate()), end("he"), flows("hs>t>he")),
    root=ERRORS,
    given=LOG,
    trace="s a b e hs ub ua t he h",
)
case(
    "compensation",
    "thrown in an error handler can name one activity",
    start(),
    sub(
        "p1",
        start("s1"),
        AB,
        end("e1", error("E1")),
        flows("s1>a>b>e1"),
        handler("h", error("E1"), throw("t", compensate("a")), end("he"), flows("hs>t>he")),
    ),
    end(),
    flows("s>p1>e"),
    root=ERRORS,
    given=LOG,
    trace="s s1 a b e1 hs ua t he h p1 e",
)
case(
    "compensation",
    "can name a sub-process",
    start(),
    sub("p1", start("s1"), AB, end("e1"), flows("s1>a>b>e1")),
    end("e", compensate("p1")),
    flows("s>p1>e"),
    given=LOG,
    trace="s s1 a b e1 p1 ub ua e",
)
case(
    "compensation",
    "a sub-process with a handler of its own is undone by it alone",
    start(),
    sub("p1", start("s1"), AB, end("e1"), flows("s1>a>b>e1")),
    task("up", isForCompensation="true"),
    undone_by("p1", "up"),
    end("e", compensate()),
    flows("s>p1>e"),
    given=LOG,
    trace="s s1 a b e1 p1 up e",
)
case(
    "compensation",
    "a handler can be a sub-process; the thrower waits for it",
    start(),
    note("a"),
    undone_by("a", "ua"),
    sub("ua", start("us"), user("uu"), end("ue"), flows("us>uu>ue"), isForCompensation="true"),
    throw("t", compensate()),
    task("z"),
    end(),
    flows("s>a>t>z>e"),
    given=LOG,
    steps=[{"expect": {"waiting": ["uu"]}}, *done("uu")],
    trace="s a us uu ue ua t z e",
)
case(
    "compensation",
    "handlers run one after the other",
    start(),
    task("a"),
    task("b"),
    user("ua", isForCompensation="true"),
    user("ub", isForCompensation="true"),
    undone_by("a", "ua"),
    undone_by("b", "ub"),
    throw("t", compensate()),
    end(),
    flows("s>a>b>t>e"),
    steps=[{"expect": {"waiting": ["ub"]}}, *done("ub", "ua")],
    trace="s a b ub ua t e",
)
case(
    "compensation",
    "each iteration is undone with its own item",
    start(),
    user("a", multi("sequential", inputCollection="=xs", inputElement="x")),
    undone_by("a", "ua"),
    script("ua", "{undone: append(undone, x)}", isForCompensation="true"),
    throw("t", compensate()),
    end(),
    flows("s>a>t>e"),
    given={"xs": [1, 2, 3], "undone": []},
    steps=done("a", "a", "a"),
    trace="s a a a ua ua ua t e",
    variables={"undone": [3, 2, 1]},
)
case(
    "compensation",
    "iterations of a sub-process are undone inside",
    start(),
    sub(
        "p1",
        multi(inputCollection="=xs", inputElement="x"),
        start("s1"),
        task("a"),
        end("e1"),
        flows("s1>a>e1"),
        undone_by("a", "ua"),
        script("ua", "{undone: append(undone, x)}", isForCompensation="true"),
    ),
    throw("t", compensate()),
    end(),
    flows("s>p1>t>e"),
    given={"xs": [1, 2], "undone": []},
    trace="s s1 s1 a a e1 e1 p1 p1 ua ua t e",
    variables={"undone": [2, 1]},
)
case(
    "compensation",
    "an activity done several times is undone as often",
    start(),
    choice("m"),
    script("a", "{n: n + 1}"),
    undone_by("a", "ua"),
    script("ua", "{n: n - 1}", isForCompensation="true"),
    choice("g", default="g_t"),
    throw("t", compensate()),
    end(),
    flows("s>m>a>g, g>m?n < 3, g>t>e"),
    given={"n": 0},
    trace="s m a g m a g m a g ua ua ua t e",
    variables={"n": 0},
)
case(
    "compensation",
    "an event sub-process undoes its completed sub-process",
    start(),
    sub(
        "p1",
        start("s1"),
        AB,
        end("e1"),
        flows("s1>a>b>e1"),
        event_sub(
            "h", start("hs", compensate()), task("ht"), throw("tt", compensate("a")), end("he"), flows("hs>ht>tt>he")
        ),
    ),
    throw("t", compensate()),
    task("z"),
    end(),
    flows("s>p1>t>z>e"),
    given=LOG,
    trace="s s1 a b e1 p1 hs ht ua tt he h t z e",
)
case(
    "compensation",
    "reaches through several levels",
    start(),
    sub(
        "o",
        start("so"),
        sub(
            "p1",
            start("s1"),
            note("a"),
            end("e1"),
            flows("s1>a>e1"),
            undone_by("a", "ua"),
            note("ua", isForCompensation="true"),
        ),
        end("eo"),
        flows("so>p1>eo"),
    ),
    throw("t", compensate()),
    end(),
    flows("s>o>t>e"),
    given=LOG,
    trace="s so s1 a e1 p1 eo o ua t e",
)
case(
    "compensation",
    "need not be waited for",
    start(),
    task("a"),
    undone_by("a", "ua"),
    user("ua", isForCompensation="true"),
    throw("t", '<bpmn:compensateEventDefinition waitForCompletion="false"/>'),
    task("z"),
    end(),
    flows("s>a>t>z>e"),
    steps=done("ua"),
    trace="s a t z e ua",
)
CASES.append(
    Case(
        "compensation",
        "a call activity is undone by its handler",
        document(
            process(
                SE,
                node("callActivity", "c", calledElement="q"),
                undone_by("c", "uc"),
                task("uc", isForCompensation="true"),
                throw("t", compensate()),
                flows("s>c>t>e"),
            ),
            process(start("qs"), task("qa"), end("qe"), flows("qs>qa>qe"), id="q"),
        ),
        trace="s qs qa qe c uc t e",
    )
)
case(
    "transaction",
    "an error leaves it without undoing",
    start(),
    node("transaction", "p1", start("s1"), AB, end("e1", error("E1")), flows("s1>a>b>e1")),
    boundary("be", "p1", error("E1")),
    end("x"),
    end("y"),
    flows("s>p1>x, be>y"),
    root=ERRORS,
    given=LOG,
    trace="s s1 a b e1 be y",
)
case(
    "transaction",
    "cancelling stops what is still running and undoes what was done",
    start(),
    node(
        "transaction",
        "p1",
        start("s1"),
        fork("f"),
        task("a"),
        user("u"),
        task("ua", isForCompensation="true"),
        undone_by("a", "ua"),
        end("c1", CANCEL),
        end("e1"),
        flows("s1>f>a>c1, f>u>e1"),
    ),
    boundary("bc", "p1", CANCEL),
    end("x"),
    end("y"),
    flows("s>p1>x, bc>y"),
    trace="s s1 f a ua c1 bc y",
)
case(
    "transaction",
    "cancelling waits for handlers that wait",
    start(),
    node(
        "transaction",
        "p1",
        start("s1"),
        task("a"),
        user("ua", isForCompensation="true"),
        undone_by("a", "ua"),
        end("c1", CANCEL),
        flows("s1>a>c1"),
    ),
    boundary("bc", "p1", CANCEL),
    end("x"),
    end("y"),
    flows("s>p1>x, bc>y"),
    steps=[{"expect": {"waiting": ["ua"]}}, *done("ua")],
    trace="s s1 a ua c1 bc y",
)
case(
    "compensation",
    "a handler that is interrupted does not hold up the others",
    start(),
    task("a"),
    undone_by("a", "ua"),
    user("ua", isForCompensation="true"),
    boundary("bt", "ua", timer("PT1H")),
    task("x"),
    throw("t", compensate()),
    end(),
    end("e2"),
    flows("s>a>t>e, bt>x>e2"),
    steps=[{"advance": "PT1H"}],
    trace="s a bt t x e e2",
    any_order=True,
)
case(
    "compensation",
    "one event can name several activities",
    start(),
    task("a"),
    task("b"),
    undone_by("a", "ua"),
    undone_by("b", "ub"),
    task("ua", isForCompensation="true"),
    task("ub", isForCompensation="true"),
    throw("t", compensate("a") + compensate("b")),
    end(),
    flows("s>a>b>t>e"),
    trace="s a b ua ub t e",
)
