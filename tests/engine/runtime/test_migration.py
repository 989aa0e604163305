"""A running instance that goes to another version goes on as if it had always been there, or says why it cannot."""

import random
import string
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from engine import events
from engine.errors import EngineError, InvalidInput
from engine.play import Player, Scenario
from engine.runtime import Definition, Execution
from engine.runtime.correspondence import Correspondence
from engine.runtime.migration import Migration, migrate
from engine.runtime.obstacles import SENTENCES
from tests.conformance.catalogue import CASES, Case
from tests.conformance.notation import *
from tests.engine.runtime.migrating import MigratingPlayer, compiled, renamed, with_lineage
from tests.engine.runtime.test_random_models import Writer, make

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=3)


# ---------------------------------------------------------------------------------- the identity


def steps_of(case: Case) -> list:
    return [step for step in case.steps if "expect" not in step]


def named(case: Case) -> str:
    return f"{case.construct}: {case.promise}"


def same_ending(plain: Player, migrating: MigratingPlayer, any_order: bool = False) -> None:
    """Both came to the same end, by the same way."""
    told, wanted = migrating.told, plain.trace
    assert (sorted(told) if any_order else told) == (sorted(wanted) if any_order else wanted)
    assert (migrating.state, migrating.variables) == (plain.state, plain.variables)
    assert len(migrating.waiting()) == len(plain.waiting())


class UnmovedPlayer(MigratingPlayer):
    """Also checks that nothing has happened on the way, to the last byte."""

    def _reload(self) -> None:
        before = [execution.dump() for execution in self.executions]
        super()._reload()
        assert [execution.dump() for execution in self.executions] == before


@pytest.mark.parametrize("case", CASES, ids=named)
def test_going_to_an_identical_version_changes_nothing(case: Case):
    def scenario():
        return Scenario(variables=case.given, steps=steps_of(case))

    plain = Player(compiled(case.model), scenario(), process_id="p")
    plain.run()

    migrating = UnmovedPlayer([compiled(case.model), compiled(case.model)], scenario(), process_id="p")
    migrating.run()

    same_ending(plain, migrating)
    assert migrating.waiting() == plain.waiting()
    assert migrating.incidents() == plain.incidents()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_going_to_a_version_with_other_ids_and_back_changes_nothing(case: Case):
    if b"activationCondition" in case.model:
        pytest.skip("its expressions name flows by id")

    def scenario():
        return Scenario(variables=case.given, steps=steps_of(case))

    plain = Player(compiled(case.model), scenario(), process_id="p")
    plain.run()

    versions = [compiled(with_lineage(case.model)), compiled(renamed(case.model))]
    migrating = MigratingPlayer(versions, scenario(), process_id="p")
    migrating.run()

    same_ending(plain, migrating, case.any_order)


class PeopleWriter(Writer):
    """Random blocks in which every task waits for a person."""

    def write_task(self, block):
        self.add(user(block.id))
        return block.id, block.id


def random_model(seed: int) -> tuple[bytes, dict]:
    writer = PeopleWriter()
    entry, exit_ = writer.write(make(random.Random(seed), [0], 3))
    writer.flow("s", entry)
    writer.flow(exit_, "e")
    return document(errors("E"), process(start(), end(), *writer.parts)), writer.given


def work_off(player: Player, seed: int, *, migrates: bool) -> None:
    """Complete open tasks in an order that depends on the seed only."""
    chance = random.Random(seed)
    player.run()
    for _ in range(500):
        waiting = sorted({row["element"].removesuffix("_v2") for row in player.waiting()})
        if not waiting:
            return
        if migrates:
            player._reload()
        player._do_complete({"complete": chance.choice(waiting)})


@pytest.mark.parametrize("seed", range(40))
def test_a_random_process_migrates_at_every_wait(seed: int):
    model, given = random_model(seed)
    plain = Player(compiled(model), Scenario(variables=given), process_id="p")
    work_off(plain, seed, migrates=False)
    versions = [compiled(with_lineage(model)), compiled(renamed(model))]
    migrating = MigratingPlayer(versions, Scenario(variables=given), process_id="p")
    work_off(migrating, seed, migrates=True)

    assert plain.state == "completed"
    assert migrating.told == plain.trace
    assert migrating.migrations > 0


# ---------------------------------------------------------------------------------- anything to anything


class WatchedPlayer(Player):
    """Keeps the saved state of every running execution whenever everything rests."""

    def __init__(self, *arguments, **options):
        self.saved: list[bytes] = []
        super().__init__(*arguments, **options)

    def _settle(self) -> None:
        super()._settle()
        self.saved += [execution.dump() for execution in self.executions if execution.state == "active"]


@cache
def resting_cases() -> list[tuple[Definition, bytes]]:
    """Saved states of the catalogue's cases at every rest, with their definitions."""
    found = []
    for case in CASES:
        definition = compiled(case.model)
        player = WatchedPlayer(definition, Scenario(variables=case.given, steps=steps_of(case)), process_id="p")
        player.run()
        found += [(definition, data) for data in player.saved]
    return found


def any_mapping(chance: random.Random, old: Definition, new: Definition) -> dict[str, str]:
    """A random counterpart for most elements, of those that are allowed."""
    chosen: dict[str, str] = {}
    for match in Correspondence(old, new):
        options = Correspondence(old, new, chosen).options(match.node)
        if options and chance.random() < 0.7:
            chosen[match.node.element.id] = chance.choice(options).element.id
    return chosen


def go_on_somehow(chance: random.Random, definition: Definition, execution: Execution) -> None:
    """Let things happen; only kind refusals are fine."""
    for _ in range(10):
        with suppress(EngineError):
            execution = Execution.load(definition, execution.dump())
            if execution.state != "active":
                return
            waiting = chance.choice(execution.waiting())
            match waiting.kind:
                case "userTask":
                    execution.complete_user_task(waiting.element_instance_id, {}, at=LATER)
                case "job":
                    execution.complete_job(waiting.element_instance_id, {}, at=LATER)
                case "timer":
                    execution.fire_timer(waiting.id, at=waiting.due_at)
                case "message":
                    execution.deliver_message(waiting.id, {}, at=LATER)
                case "signal":
                    execution.deliver_signal(waiting.name, at=LATER)
                case "incident":
                    execution.resolve_incident(waiting.id, at=LATER)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_version_a_case_goes_to_it_goes_on_or_says_why(seed: int):
    chance = random.Random(seed)
    cases = [case for case in resting_cases() if "p" in case[0].processes]
    went = 0
    for _ in range(500):
        (old, data), (new, _other) = chance.choice(cases), chance.choice(cases)
        found = migrate(data, Correspondence(old, new, any_mapping(chance, old, new)), at=LATER)
        if found.execution is None:
            assert [each.sentence(language) for each in found.obstacles for language in ("en", "zh")]
        else:
            went += 1
            go_on_somehow(chance, new, found.execution)

    assert went > 10


# ---------------------------------------------------------------------------------- one promise each


def definition_of(*parts: str, roots: str = "", called: str = "") -> Definition:
    return compiled(document(roots, process(*parts), called))


def started(definition: Definition, **variables) -> Execution:
    execution = Execution.start(definition, "p", at=AT, variables=variables)
    execution.take_events()
    return execution


def moved(
    execution: Execution, old: Definition, new: Definition, mapping: dict | None = None, at: datetime = LATER, **options
) -> Migration:
    return migrate(execution.dump(), Correspondence(old, new, mapping), at=at, **options)


def arrived(*arguments, **options) -> Execution:
    found = moved(*arguments, **options)
    assert found.execution is not None, [str(each) for each in found.obstacles]
    return found.execution


def reasons(found: Migration) -> list[tuple[str, str | None]]:
    assert found.execution is None
    return [(each.key, each.element_id) for each in found.obstacles]


def waits(execution: Execution, *kinds: str) -> list[str]:
    return [each.element_id for each in execution.waiting() if not kinds or each.kind in kinds]


def the(execution: Execution, kind: str):
    (found,) = [each for each in execution.waiting() if each.kind == kind]
    return found


def complete(execution: Execution, element_id: str, **variables) -> None:
    (task,) = [each for each in execution.waiting() if each.element_id == element_id]
    execution.complete_user_task(task.element_instance_id, variables, at=LATER)


TASK = (start(), user("a"), end(), flows("s>a>e"))


# Timers


def with_timer(text: str, kind: str = "Duration", interrupting: bool = True) -> Definition:
    alarm = boundary("b", "a", timer(text, kind), interrupting=interrupting)
    return definition_of(*TASK, alarm, end("e2"), flows("b>e2"))


def test_a_timer_that_says_the_same_keeps_its_moment_and_its_id():
    old = with_timer("PT4H")
    execution = started(old)
    before = the(execution, "timer")

    after = arrived(execution, old, with_timer("PT4H"))

    assert the(after, "timer") == before
    assert after.take_events() == []


@pytest.mark.parametrize(
    ("option", "due_at"),
    [
        ("activation", AT + timedelta(hours=8)),
        ("now", LATER + timedelta(hours=8)),
        ("keep", AT + timedelta(hours=4)),
    ],
)
def test_a_changed_timer_counts_from_where_it_is_told(option: str, due_at: datetime):
    old = with_timer("PT4H")
    execution = started(old)

    after = arrived(execution, old, with_timer("PT8H"), changed_timers=option)

    assert the(after, "timer").due_at == due_at


def test_a_changed_timer_that_is_over_is_due_at_once():
    old = with_timer("PT4H")
    execution = started(old)

    after = arrived(execution, old, with_timer("PT1H"))

    assert the(after, "timer").due_at == LATER
    after.fire_timer(the(after, "timer").id, at=LATER)
    assert after.state == "completed"


def test_a_changed_timer_is_told_as_cancelled_and_scheduled():
    old = with_timer("PT4H")
    execution = started(old)
    before = the(execution, "timer").id

    after = arrived(execution, old, with_timer("PT8H"))

    cancelled, scheduled = after.take_events()
    assert (type(cancelled), cancelled.timer_id) == (events.TimerCancelled, before)
    assert (type(scheduled), scheduled.timer_id) == (events.TimerScheduled, the(after, "timer").id)
    assert scheduled.timer_id != before


def test_a_cycle_goes_on_counting():
    old = with_timer("R3/PT1H", "Cycle", interrupting=False)
    execution = started(old)
    execution.fire_timer(the(execution, "timer").id, at=AT + timedelta(hours=1))

    after = arrived(execution, old, with_timer("R3/PT2H", "Cycle", interrupting=False))

    assert the(after, "timer").due_at == AT + timedelta(hours=4)  # the second time of the new cycle
    after.fire_timer(the(after, "timer").id, at=AT + timedelta(hours=4))
    after.fire_timer(the(after, "timer").id, at=AT + timedelta(hours=6))
    assert waits(after) == ["a"]


def test_a_timer_that_has_fired_is_not_armed_again():
    old = with_timer("PT1H", interrupting=False)
    execution = started(old)
    execution.fire_timer(the(execution, "timer").id, at=AT + timedelta(hours=1))

    assert waits(arrived(execution, old, with_timer("PT2H", interrupting=False))) == ["a"]


def test_how_timers_count_must_be_known():
    old = with_timer("PT4H")

    with pytest.raises(InvalidInput, match="activation, now, keep"):
        moved(started(old), old, old, changed_timers="tomorrow")


# Boundary events and event sub-processes


def test_a_new_boundary_event_is_armed_and_a_removed_one_is_closed():
    plain, watched = definition_of(*TASK), with_timer("PT4H")
    execution = started(plain)

    there = arrived(execution, plain, watched)
    assert the(there, "timer").due_at == LATER + timedelta(hours=4)
    there.take_events()

    back = arrived(there, watched, plain)
    assert waits(back) == ["a"]
    assert [type(event) for event in back.take_events()] == [events.TimerCancelled]


def test_a_boundary_event_of_another_kind_takes_the_place_of_the_old_one():
    old = with_timer("PT4H")
    new = definition_of(*TASK, boundary("b", "a", message()), end("e2"), flows("b>e2"), roots=messages("M"))
    execution = started(old)

    after = arrived(execution, old, new)

    assert waits(after, "timer") == []
    after.deliver_message(the(after, "message").id, {}, at=LATER)
    assert after.state == "completed"


def with_event_sub_process(interrupting: bool = True) -> Definition:
    inner = start("s2", signal(), isInterrupting=str(interrupting).lower())
    watch = event_sub("w", inner, user("c"), end("e2"), flows("s2>c>e2"))
    return definition_of(*TASK, watch, roots=signals("S"))


def test_a_new_event_sub_process_is_armed_and_a_removed_one_is_closed():
    plain, watched = definition_of(*TASK), with_event_sub_process()
    there = arrived(started(plain), plain, watched)

    assert waits(arrived(there, watched, plain)) == ["a"]
    there.deliver_signal("S", at=LATER)
    assert waits(there) == ["c"]


def test_an_interrupted_scope_does_not_arm_new_event_sub_processes():
    old = with_event_sub_process()
    execution = started(old)
    execution.deliver_signal("S", at=AT)
    more = event_sub("w2", start("s3", signal("T")), end("e3"), flows("s3>e3"))
    inner = event_sub("w", start("s2", signal()), user("c"), end("e2"), flows("s2>c>e2"))
    new = definition_of(*TASK, inner, more, roots=signals("S", "T"))

    assert waits(arrived(execution, old, new)) == ["c"]


def test_inside_a_running_event_sub_process_a_case_cannot_lose_it():
    old = with_event_sub_process(interrupting=False)
    execution = started(old)
    execution.deliver_signal("S", at=AT)

    assert reasons(moved(execution, old, definition_of(*TASK))) == [("unmapped", "w")]


# Messages, signals, conditions


def receiving(key: str, name: str = "M") -> Definition:
    return definition_of(
        start(), catch("m", message(name)), end(), flows("s>m>e"), roots=messages(name, key=key or None)
    )


def test_a_subscription_is_correlated_anew_when_its_keys_changed():
    old = receiving("order")
    execution = started(old, order=1, customer="Nordwind")

    after = arrived(execution, old, receiving("customer"))

    assert the(after, "message").correlation == {"customer": "Nordwind"}
    assert [type(event) for event in after.take_events()] == [events.SubscriptionClosed, events.SubscriptionOpened]


def test_a_subscription_that_says_the_same_keeps_what_it_was_opened_with():
    old = receiving("order")
    execution = started(old, order=1)
    execution.set_variables({"order": 2}, at=AT)
    before = the(execution, "message")

    assert the(arrived(execution, old, receiving("order")), "message") == before


def test_a_key_that_the_case_does_not_have_is_a_reason():
    old = receiving("order")
    found = moved(started(old, order=1), old, receiving("customer"))

    assert reasons(found) == [("cannot_wait", "m")]
    assert "key 'customer'" in str(found.obstacles[0])


def test_a_message_of_another_name_is_waited_for():
    old = receiving("", "M")
    after = arrived(started(old), old, receiving("", "N"))

    assert the(after, "message").name == "N"


def conditional(text: str) -> Definition:
    return definition_of(*TASK, boundary("b", "a", condition(text)), end("e2"), flows("b>e2"))


def test_a_changed_condition_that_is_true_fires_at_once():
    old = conditional("amount > 100")
    execution = started(old, amount=50)

    assert arrived(execution, old, conditional("amount > 100")).state == "active"
    assert arrived(execution, old, conditional("amount > 10")).state == "completed"


def test_an_event_behind_an_event_based_gateway_comes_and_goes():
    def choosing(*ways: str) -> Definition:
        parts = [catch(way.lower(), message(way)) + end(f"e{way}") + flows(f"g>{way.lower()}>e{way}") for way in ways]
        return definition_of(start(), gateway("eventBased", "g"), flows("s>g"), *parts, roots=messages("M", "N", "O"))

    old = choosing("M", "N")
    after = arrived(started(old), old, choosing("N", "O"))

    assert waits(after) == ["n", "o"]
    after.deliver_message(next(each.id for each in after.waiting() if each.name == "O"), {}, at=LATER)
    assert after.state == "completed"


# Joins


def forked(*branches: str, kind: str = "parallel") -> Definition:
    ways = "".join(user(branch) + flows(f"f>{branch}>j") for branch in branches)
    return definition_of(start(), gateway(kind, "f"), gateway(kind, "j"), end(), flows("s>f, j>e"), ways)


@pytest.mark.parametrize("kind", ["parallel", "inclusive"])
def test_tokens_that_wait_at_a_join_go_on_waiting(kind: str):
    old = forked("a", "b", kind=kind)
    execution = started(old)
    complete(execution, "a")

    after = arrived(execution, old, forked("a", "b", kind=kind))

    assert after.state == "active"
    complete(after, "b")
    assert after.state == "completed"


def test_a_flow_that_does_not_lead_to_the_join_any_more_is_a_reason():
    old = forked("a", "b", "c")
    execution = started(old)
    complete(execution, "a")
    complete(execution, "c")

    assert reasons(moved(execution, old, forked("b", "c"))) == [("flow_missing", "j")]


def test_a_mapped_flow_carries_its_token():
    old, new = forked("a", "b"), forked("b", "c")
    execution = started(old)
    complete(execution, "a")

    after = arrived(execution, old, new, {"a_j": "c_j"})

    complete(after, "b")
    assert after.state == "completed"


def test_a_join_opens_when_the_new_version_waits_for_less():
    old, new = forked("a", "b", "c"), forked("a", "b")
    execution = started(old)
    complete(execution, "a")
    complete(execution, "b")

    assert reasons(moved(execution, old, new)) == [("unmapped", "c")]
    after_c = definition_of(
        start(),
        gateway("parallel", "f"),
        gateway("parallel", "j"),
        user("a"),
        user("b"),
        user("c"),
        end(),
        end("e2"),
        flows("s>f, f>a>j, f>b>j, f>c>e2, j>e"),
    )
    after = arrived(execution, old, after_c)
    assert waits(after) == ["c"]
    assert [event.element_id for event in after.take_events() if isinstance(event, events.ElementCompleted)] == [
        "j",
        "e",
    ]


def test_a_branch_that_begins_before_the_case_would_starve_the_join():
    old, new = forked("a", "b"), forked("a", "b", "c")
    execution = started(old)

    found = moved(execution, old, new)

    assert reasons(found) == [("join_starves", "j")]
    assert "'c_j'" in str(found.obstacles[0])
    complete(execution, "a")
    assert reasons(moved(execution, old, new)) == [("join_starves", "j")]


def test_a_join_that_joins_nothing_any_more_lets_its_token_pass():
    old = forked("a", "b")
    execution = started(old)
    complete(execution, "a")
    apart = definition_of(
        start(),
        gateway("parallel", "f"),
        gateway("parallel", "j"),
        user("a"),
        user("b"),
        user("d"),
        end(),
        end("e2"),
        flows("s>f, f>a>j, f>b>e2, j>d>e"),
    )

    assert sorted(waits(arrived(execution, old, apart))) == ["b", "d"]


# Loops, called processes, compensation


@pytest.mark.parametrize("kind", ["parallel", "sequential"])
def test_the_progress_of_a_multi_instance_activity_is_kept(kind: str):
    def each_line(name: str) -> Definition:
        rounds = multi(kind, inputCollection="lines", inputElement="line", outputCollection="out", outputElement="line")
        return definition_of(start(), user("a", rounds, name=name), end(), flows("s>a>e"))

    old, new = each_line("Old"), each_line("New")
    execution = started(old, lines=["x", "y", "z"])
    execution.complete_user_task(execution.waiting()[0].element_instance_id, {}, at=AT)

    after = arrived(execution, old, new)
    while after.state == "active":
        after.complete_user_task(after.waiting()[0].element_instance_id, {}, at=LATER)

    assert after.variables["out"] == ["x", "y", "z"]


def test_another_way_to_repeat_is_a_reason():
    def repeated(kind: str) -> Definition:
        return definition_of(start(), user("a", multi(kind, cardinality("3"))), end(), flows("s>a>e"))

    old = repeated("parallel")
    assert reasons(moved(started(old), old, repeated("sequential"))) == [("loop_changed", "a")]


def calling(*inside: str, process_id: str = "q") -> Definition:
    called = process(start("qs"), *inside, end("qe"), id=process_id)
    caller = node("callActivity", "c", calledElement=process_id)
    return definition_of(start(), caller, end(), flows("s>c>e"), called=called)


def test_a_called_process_goes_on_in_the_version_that_the_new_one_calls():
    old = calling(user("x"), flows("qs>x>qe"))
    new = calling(user("x"), user("y"), flows("qs>x>y>qe"))
    after = arrived(started(old), old, new)

    complete(after, "x")
    assert waits(after) == ["y"]
    complete(after, "y")
    assert after.state == "completed"


def test_a_called_process_that_is_gone_is_a_reason():
    old = calling(user("x"), flows("qs>x>qe"))
    new = calling(user("x"), flows("qs>x>qe"), process_id="r")

    assert reasons(moved(started(old), old, new)) == [("called_missing", "c")]


def undoable(handler: str = "undo", with_handler: bool = True) -> Definition:
    undo = (
        boundary("b", "a", compensate())
        + script(handler, "{undone: true}", isForCompensation="true")
        + association("b", handler)
        if with_handler
        else ""
    )
    return definition_of(start(), user("a"), undo, user("ask"), throw("t", compensate()), end(), flows("s>a>ask>t>e"))


def test_what_was_done_can_still_be_undone():
    old = undoable()
    execution = started(old)
    complete(execution, "a")

    after = arrived(execution, old, undoable("undo_2"), {"undo": "undo_2"})
    complete(after, "ask")

    assert after.variables == {"undone": True}


def test_a_compensation_handler_that_is_gone_is_a_reason():
    old = undoable()
    execution = started(old)
    complete(execution, "a")

    assert reasons(moved(execution, old, undoable(with_handler=False))) == [("compensation_lost", "a")]


# Incidents and jobs


def test_an_incident_goes_along_and_is_resolved_by_what_the_new_version_says():
    old = definition_of(start(), gateway("exclusive", "g"), end(), end("e2"), flows("s>g, g>e?1 > 3, g>e2?1 > 2"))
    new = definition_of(
        start(), node("exclusiveGateway", "g", default="g_e2"), end(), end("e2"), flows("s>g, g>e?1 > 3, g>e2")
    )
    execution = started(old)
    before = the(execution, "incident")

    after = arrived(execution, old, new)

    assert the(after, "incident") == before
    after.resolve_incident(before.id, at=LATER)
    assert after.state == "completed"


def test_a_job_changes_hands_only_when_the_new_version_says_so():
    def working(topic: str, name: str = "work") -> Definition:
        return definition_of(start(), service("w", name=name, praxis_topic=topic), end(), flows("s>w>e"))

    old = working("slow")
    execution = started(old)

    assert arrived(execution, old, working("slow", "other name")).take_events() == []
    cancelled, created = arrived(execution, old, working("fast")).take_events()
    assert (type(cancelled), type(created), created.topic) == (events.JobCancelled, events.JobCreated, "fast")


# Elements


def test_a_chosen_element_goes_before_the_same_id():
    old = definition_of(*TASK)
    new = definition_of(start(), user("a"), user("b"), end(), flows("s>a>b>e"))

    assert waits(arrived(started(old), old, new, {"a": "b"})) == ["b"]


def test_an_element_mapped_to_nowhere_is_a_reason():
    old = definition_of(*TASK)

    assert reasons(moved(started(old), old, old, {"a": None})) == [("unmapped", "a")]


def test_lineage_finds_an_element_under_another_id():
    old = definition_of(start(), user("a", praxis_uid="u"), end(), flows("s>a>e"))
    new = definition_of(start(), user("x", praxis_uid="u"), end(), flows("s>x>e"))

    found = moved(started(old), old, new)

    assert waits(found.execution) == ["x"]
    assert list(found.elements.values()) == ["x"]


def test_a_copy_does_not_inherit_the_lineage_of_its_original():
    old = definition_of(start(), user("a", praxis_uid="a"), end(), flows("s>a>e"))
    copies = user("b", praxis_uid="a"), user("a", praxis_uid="a")
    new = definition_of(start(), *copies, end(), flows("s>a>b>e"))

    assert waits(arrived(started(old), old, new)) == ["a"]


def test_names_are_only_suggestions():
    old = definition_of(start(), user("a", name="Ask"), end(), flows("s>a>e"))
    new = definition_of(start(), user("x", name="Ask"), end(), flows("s>x>e"))

    assert reasons(moved(started(old), old, new)) == [("unmapped", "a")]
    suggested = {match.node.element.id: match.how for match in Correspondence(old, new, by_name=True)}
    assert suggested == {"s": "id", "a": "name", "e": "id"}


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        (user("a"), service("a", praxis_topic="t"), "type_changed"),
        (catch("a", timer("PT1H")), catch("a", message()), "event_changed"),
        (user("a"), sub("box", user("a")), "scope_changed"),
        (sub("a", user("x")), node("transaction", "a", user("x")), "type_changed"),
        (node("sendTask", "a", praxis_topic="t"), node("sendTask", "a", messageRef="M"), "behaviour_changed"),
    ],
    ids=["type", "event", "scope", "sub-process", "behaviour"],
)
def test_what_changed_its_nature_is_a_reason_in_both_languages(before: str, after: str, key: str):
    old = definition_of(start(), before, end(), flows("s>a>e"), roots=messages("M"))
    way = "s>box>e" if "box" in after else "s>a>e"
    new = definition_of(start(), after, end(), flows(way), roots=messages("M"))

    found = moved(started(old), old, new)

    assert reasons(found)[0] == (key, "a")
    assert found.obstacles[0].sentence("en") != found.obstacles[0].sentence("zh")


def test_a_task_inside_a_kept_sub_process_follows_it():
    old = definition_of(start(), sub("box", user("a")), end(), flows("s>box>e"))
    new = definition_of(start(), sub("crate", user("a"), user("b"), flows("a>b")), end(), flows("s>crate>e"))

    assert waits(arrived(started(old), old, new, {"box": "crate"})) == ["a"]
    assert reasons(moved(started(old), old, new)) == [("unmapped", "box")]


def test_a_case_that_has_ended_has_nowhere_to_go():
    old = definition_of(*TASK)
    execution = started(old)
    complete(execution, "a")

    assert reasons(moved(execution, old, old)) == [("ended", None)]


def test_several_reasons_come_at_once():
    old = forked("a", "b")

    assert reasons(moved(started(old), old, definition_of(*TASK[:1], end(), flows("s>e")))) == [
        ("unmapped", "a"),
        ("unmapped", "b"),
    ]


def test_every_reason_exists_in_both_languages_with_the_same_blanks():
    def blanks(text: str) -> set[str]:
        return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}

    for key, sentences in SENTENCES.items():
        assert blanks(sentences["en"]) == blanks(sentences["zh"]), key
