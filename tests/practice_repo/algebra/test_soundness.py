import random

import pytest

from engine.bpmn import read_model
from practice_repo.algebra.flow_net import ALL, ANY, SOME, Net, Node, net_of, reduced
from practice_repo.algebra.soundness import Exploration, check_soundness
from practice_repo.practice import read_practice, shipped_practices
from tests.support.models import (
    boundary,
    catch,
    end,
    exclusive,
    flow,
    line,
    message,
    message_event,
    model,
    process,
    start,
    timer_event,
    user_task,
)


def parallel(element_id):
    return f'<bpmn:parallelGateway id="{element_id}"/>'


def inclusive(element_id):
    return f'<bpmn:inclusiveGateway id="{element_id}"/>'


def events_from(element_id):
    return f'<bpmn:eventBasedGateway id="{element_id}"/>'


def sub(element_id, *parts, attributes=""):
    return f'<bpmn:subProcess id="{element_id}" {attributes}>{"".join(parts)}</bpmn:subProcess>'


def block(split, join):
    """A split with two tasks that lead to the join."""
    return [
        start(), split("split"), user_task("left"), user_task("right"), join("join"), end(),
        flow("start", "split"), flow("split", "left", "x = 1"), flow("split", "right", "x = 2"),
        flow("left", "join"), flow("right", "join"), flow("join", "end"),
    ]  # fmt: skip


def rules(*parts, severity="error", roots="", **options):
    findings = check_soundness(read_model(model(process("p", *parts), roots=roots)), **options)
    return sorted((each.rule, each.element_id) for each in findings if each.severity == severity)


@pytest.mark.parametrize("folder", shipped_practices(), ids=lambda folder: folder.name)
def test_shipped_processes_are_sound(folder):
    for source in read_practice(folder).models.values():
        assert check_soundness(read_model(source)) == []


@pytest.mark.parametrize(
    ("split", "join", "expected"),
    [
        (exclusive, exclusive, []),
        (parallel, parallel, []),
        (inclusive, inclusive, []),
        (exclusive, inclusive, []),
        (parallel, inclusive, []),
        (exclusive, parallel, [("deadlock", "join")]),
        (inclusive, parallel, [("deadlock", "join")]),
        (parallel, exclusive, [("lack-of-synchronisation", "join")]),
        (inclusive, exclusive, []),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_split_needs_its_join(split, join, expected):
    assert rules(*block(split, join)) == expected


def test_branches_that_only_might_meet_are_a_warning():
    assert rules(*block(inclusive, exclusive), severity="warning") == [("lack-of-synchronisation", "join")]


def test_an_interrupting_boundary_event_is_an_alternative():
    parts = [
        line(start(), user_task("work"), exclusive("merge"), end()),
        boundary("late", "work", timer_event("timeDuration", "PT1H")),
        flow("late", "merge"),
    ]

    assert rules(*parts) == []


def test_a_boundary_event_that_does_not_interrupt_runs_beside():
    late = boundary("late", "work", timer_event("timeDuration", "PT1H"), interrupting=False)
    parts = [line(start(), user_task("work"), exclusive("merge"), user_task("after"), end()), late]

    assert rules(*parts, flow("late", "merge")) == [("lack-of-synchronisation", "merge")]
    assert rules(*parts, user_task("remind"), end("reminded"), flow("late", "remind"), flow("remind", "reminded")) == []


def test_an_event_based_gateway_chooses_one():
    roots = message("m", "answer")
    parts = [
        line(start(), events_from("wait"), catch("answered", message_event("m")), parallel("join"), end()),
        catch("late", timer_event("timeDuration", "PT1H")), flow("wait", "late"), flow("late", "join"),
    ]  # fmt: skip

    assert rules(*parts, roots=roots) == [("deadlock", "join")]


def test_a_loop_is_sound_when_something_leads_out_of_it():
    parts = [line(start(), exclusive("again"), user_task("work"), exclusive("enough"), end())]

    assert rules(*parts, flow("enough", "again")) == []
    endless = [line(start(), exclusive("again"), user_task("work"), user_task("more")), flow("more", "again")]
    assert rules(*endless) == [("no-end", "again")]


def test_an_element_that_nothing_leads_to_is_unreachable():
    assert rules(line(start(), end()), line(user_task("alone"), end("other"))) == [
        ("unreachable", "alone"),
        ("unreachable", "other"),
    ]


def test_every_sub_process_is_checked_for_itself():
    inner = [part.replace('id="', 'id="in_').replace('Ref="', 'Ref="in_') for part in block(exclusive, parallel)]

    assert rules(line(start(), sub("inside", *inner), end())) == [("deadlock", "in_join")]


def test_an_event_sub_process_and_its_scope_do_not_disturb_each_other():
    inner = line(start("told", timer_event("timeDuration", "PT1H")), user_task("look"), end("looked"))

    assert (
        rules(line(start(), user_task("work"), end()), sub("beside", inner, attributes='triggeredByEvent="true"')) == []
    )


def test_a_token_left_at_a_join_after_an_end_is_improper_completion():
    parts = [
        line(start(), parallel("fork"), exclusive("choose"), parallel("join"), end()),
        line(user_task("other"), exclusive("or_not")), flow("fork", "other"),
        flow("or_not", "join"), flow("or_not", "stop"), '<bpmn:endEvent id="stop"/>',
    ]  # fmt: skip

    assert rules(*parts) == [("improper-completion", "join")]


def many_branches(number):
    parts = [start(), parallel("fork"), parallel("join"), end(), flow("start", "fork"), flow("join", "end")]
    for index in range(number):  # each with a choice that jumps to the next branch, so that nothing can be reduced
        parts += [exclusive(f"merge{index}"), exclusive(f"choose{index}"), flow(f"merge{index}", f"choose{index}")]
        parts += [
            flow("fork", f"merge{index}", flow_id=f"in{index}"),
            flow(f"choose{index}", "join", flow_id=f"out{index}"),
        ]
        parts += [flow(f"choose{index}", f"merge{(index + 1) % number}", flow_id=f"jump{index}")]
    return parts


def test_too_many_states_are_not_decided_and_no_error():
    parts = [part for part in many_branches(12) if "jump11" not in part]

    findings = check_soundness(read_model(model(process("p", *parts))), state_limit=10)

    assert {each.rule for each in findings if each.severity == "warning"} >= {"soundness-not-decided"}


@pytest.mark.parametrize("seed", range(100))
def test_reduction_keeps_the_verdict(seed):
    net = random_net(random.Random(seed), loops=False)

    whole = Exploration(net, cautious=True, limit=20_000).in_any_order()
    small = Exploration(reduced(net), cautious=True, limit=20_000).in_any_order()

    assert (small.has_problems, small.complete) == (whole.has_problems, whole.complete)


@pytest.mark.parametrize("seed", range(100))
def test_reduction_finds_nothing_that_is_not_there(seed):
    """It may find less: a branch that only leads to its own end disturbs nobody, even when a loop starts it again."""
    net = random_net(random.Random(seed))

    small = Exploration(reduced(net), cautious=True, limit=20_000).in_any_order()

    assert not small.has_problems or Exploration(net, cautious=True, limit=20_000).in_any_order().has_problems


@pytest.mark.parametrize("seed", range(100))
def test_one_order_of_steps_finds_what_all_orders_find_without_loops(seed):
    net = reduced(random_net(random.Random(seed), loops=False))

    every = Exploration(net, cautious=True, limit=20_000).in_any_order()
    fixed = Exploration(net, cautious=True, limit=20_000).in_fixed_order()

    assert fixed.has_problems == every.has_problems


def random_net(chance, loops=True):
    """Splits and joins in random order, with places between them from earlier to later ones (and some back)."""
    nodes, open_places = [], ["p0"]
    count = 0
    for number in range(chance.randint(2, 9)):
        node = Node(f"n{number}", join=chance.choice([ANY, ALL, ALL, SOME]), split=chance.choice([ANY, ALL]))
        chance.shuffle(open_places)
        is_join = len(open_places) > 1 and chance.random() < 0.5
        node.ins = [open_places.pop() for _ in range(chance.randint(2, min(3, len(open_places))) if is_join else 1)]
        node.join = node.join if is_join else ANY
        for _ in range(1 if is_join else chance.randint(1, 3)):
            count += 1
            node.outs.append(f"p{count}")
        open_places += node.outs
        nodes.append(node)
    merges = [node for node in nodes if node.join == ANY and len(node.outs) == 1]
    if loops and merges and len(open_places) > 1 and chance.random() < 0.5:
        chance.choice(merges).ins.append(open_places.pop())
    nodes += [Node(f"end{place}", [place]) for place in open_places]
    return Net(nodes, [frozenset(["p0"])])


def test_a_net_of_blocks_is_reduced_to_nothing():
    model_ = read_model(model(process("p", *block(parallel, parallel))))

    assert len(reduced(net_of(model_.processes[0])).nodes) == 1
