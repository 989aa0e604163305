"""The end-to-end processes and how they hand over to each other."""

from engine.queries.process_map import Handover, process_map
from tests.support.models import catch, end, line, message, message_event, model, process, service_task, start
from tests.support.office import ACME, counted_statements

CALL = '<bpmn:callActivity id="call" calledElement="packing"/>'
ORDER = message("m", "ReturnRequested")
SALES = model(
    process("sales", line(start(), service_task("pay", "finance.pay"), CALL, end(inside=message_event("m")))),
    roots=ORDER,
)
RETURNS = model(
    process("returns", line(start(inside=message_event("m")), service_task("book", "stock.book"), end())), roots=ORDER
)
PACKING = model(
    process("packing", line(start(), catch("wait", message_event("m2")), end())), roots=message("m2", "Packed")
)


def of(office):
    return office.ask(process_map, enterprise_id=ACME)


def test_messages_and_topics_connect_end_to_end_processes(office):
    office.deploy(SALES, PACKING)
    office.deploy(RETURNS)

    found = of(office)

    assert [each.process_id for each in found.processes] == ["returns", "sales"]  # packing is called
    assert found.handovers == (Handover("sales", "ReturnRequested", "returns"),)
    assert found.topics == {"finance.pay", "stock.book"}


def test_a_process_does_not_hand_over_to_itself(office):
    both = line(start(inside=message_event("m")), end(inside=message_event("m")))
    office.deploy(model(process("returns", both), roots=ORDER))

    assert of(office).handovers == ()


def test_running_cases_are_counted(office):
    office.deploy(SALES, PACKING)
    office.start("sales")

    [sales] = of(office).processes

    assert sales.running == 1


def test_models_are_read_once(office):
    office.deploy(SALES, PACKING)
    of(office)

    with counted_statements(office.store) as sent:
        of(office)

    assert len(sent) == 2


def test_other_enterprises_have_their_own_map(office):
    office.deploy(SALES, PACKING)

    assert office.ask(process_map, enterprise_id="machines").processes == ()
