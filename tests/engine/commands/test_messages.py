import pytest

from engine.commands.broadcast_signal import broadcast_signal
from engine.commands.resume_instance import resume_instance
from engine.commands.suspend_instance import suspend_instance
from engine.errors import InvalidInput
from engine.queries.health import health
from tests.support.models import (
    catch,
    end,
    line,
    message,
    message_event,
    model,
    process,
    signal,
    signal_event,
    start,
    throw,
    user_task,
)

ANSWER = message("m_answer", "Answer", order_id="=order_id")
WAITS = model(process("waits", line(start(), catch("wait", message_event("m_answer")), end())), roots=ANSWER)


def test_a_message_reaches_the_case_with_its_key(office):
    office.deploy(WAITS)
    one = office.start("waits", {"order_id": 1})
    two = office.start("waits", {"order_id": 2})

    published = office.publish("Answer", correlation={"order_id": 2}, variables={"text": "yes"})

    assert (published.outcome, published.process_instance_id) == ("delivered", two.process_instance_id)
    assert office.state(one.process_instance_id) == "active"
    assert office.variables(two.process_instance_id) == {"order_id": 2, "text": "yes"}
    assert office.differences() == []


def test_a_message_may_carry_more_keys_than_the_case_asks_for(office):
    office.deploy(WAITS)
    office.start("waits", {"order_id": "A"})

    assert office.publish("Answer", correlation={"order_id": "A", "line": 3}).outcome == "delivered"


def test_a_message_without_keys_goes_to_the_only_one_who_waits(office):
    office.deploy(WAITS)
    office.start("waits", {"order_id": 1})

    assert office.publish("Answer").outcome == "delivered"


def test_a_message_without_keys_is_refused_when_two_wait(office):
    office.deploy(WAITS)
    office.start("waits", {"order_id": 1})
    office.start("waits", {"order_id": 2})

    with pytest.raises(InvalidInput, match="More than one case waits for the message 'Answer'"):
        office.publish("Answer")


def test_a_message_that_comes_too_early_is_kept_and_delivered(office):
    office.deploy(WAITS)

    early = office.publish("Answer", correlation={"order_id": 7})
    case = office.start("waits", {"order_id": 7})

    assert early.outcome == "buffered"
    assert office.state(case.process_instance_id) == "completed"


def test_a_buffered_message_without_keys_is_for_whoever_waits_first(office):
    office.deploy(WAITS)
    office.publish("Answer")

    case = office.start("waits", {"order_id": 7})

    assert office.state(case.process_instance_id) == "completed"


def test_a_buffered_message_expires(office):
    office.deploy(WAITS)
    office.publish("Answer", correlation={"order_id": 7}, time_to_live_seconds=60)

    office.pass_by(seconds=61)
    case = office.start("waits", {"order_id": 7})

    assert office.state(case.process_instance_id) == "active"
    assert office.ask(health, now=office.now).buffered_messages == 0


def test_a_message_id_makes_publishing_twice_harmless(office):
    office.deploy(WAITS)
    one = office.start("waits", {"order_id": 1})

    first = office.publish("Answer", correlation={"order_id": 1}, message_id="mail-1")
    two = office.start("waits", {"order_id": 1})
    second = office.publish("Answer", correlation={"order_id": 1}, message_id="mail-1")

    assert (first.outcome, second.outcome) == ("delivered", "repeated")
    assert office.state(one.process_instance_id) == "completed"
    assert office.state(two.process_instance_id) == "active"


STARTED = model(
    process("started", line(start("on_order", message_event("m_order")), user_task("pick"), end())),
    roots=message("m_order", "Order"),
)


def test_a_message_starts_a_process(office):
    office.deploy(STARTED)

    published = office.publish("Order", variables={"item": "bolt"})

    assert published.outcome == "started"
    assert office.variables(published.process_instance_id) == {"item": "bolt"}


def test_only_the_newest_version_is_started(office):
    office.deploy(STARTED)
    office.deploy(STARTED.replace(b"pick", b"pack"))

    office.publish("Order")

    assert office.open_tasks() == ["pack"]


ASKS = model(
    process(
        "asks",
        line(start(), throw("ask", message_event("m_ask")), catch("hear", message_event("m_answer")), end()),
    ),
    process(
        "answers",
        line(start("asked", message_event("m_ask")), throw("answer", message_event("m_answer")), end("answered")),
    ),
    roots=message("m_ask", "Ask", order_id="=order_id") + ANSWER,
)


def test_two_processes_talk_by_messages_without_anybody_waiting_in_between(office):
    office.deploy(ASKS)

    case = office.start("asks", {"order_id": 5})

    assert office.state(case.process_instance_id) == "completed"
    assert office.states("answers") == ["completed"]
    assert office.differences() == []


ALARM = signal("s_alarm", "Alarm")
HEARS = process("hears", line(start(), catch("wait", signal_event("s_alarm")), user_task("run"), end()))
RINGS = process("rings", line(start(), throw("ring", signal_event("s_alarm")), end()))
BEGINS = process("begins", line(start("on_alarm", signal_event("s_alarm")), user_task("log"), end()))


def test_a_signal_reaches_every_case_and_starts_processes(office):
    for each in (HEARS, RINGS, BEGINS):
        office.deploy(model(each, roots=ALARM))
    office.start("hears")
    office.start("hears")

    office.start("rings")

    assert office.open_tasks() == ["log", "run", "run"]
    assert office.differences() == []


def test_a_broadcast_says_how_many_it_reaches(office):
    office.deploy(model(HEARS, roots=ALARM))
    office.start("hears")

    reached = office.do(broadcast_signal, enterprise_id="acme", name="Alarm")

    assert reached == 1
    assert office.open_tasks() == ["run"]


def test_what_comes_while_a_case_is_suspended_is_delivered_when_it_is_resumed(office):
    office.deploy(model(HEARS, roots=ALARM))
    office.deploy(WAITS)
    hears = office.start("hears").process_instance_id
    waits = office.start("waits", {"order_id": 1}).process_instance_id
    for case in (hears, waits):
        office.do(suspend_instance, process_instance_id=case)

    office.do(broadcast_signal, enterprise_id="acme", name="Alarm")
    office.publish("Answer", correlation={"order_id": 1})
    before = office.state(waits), office.open_tasks()
    for case in (hears, waits):
        office.do(resume_instance, process_instance_id=case)

    assert before == ("suspended", [])
    assert (office.state(waits), office.open_tasks()) == ("completed", ["run"])
    assert office.differences() == []
