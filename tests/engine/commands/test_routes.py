"""Several versions of a process share its new cases."""

import json
import math
from collections import Counter

import pytest
from sqlalchemy import select

from engine.commands.reinstate_version import reinstate_version
from engine.commands.route_new_cases import route_new_cases
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.queries.definitions import definitions
from engine.store.routes import Route, chance
from engine.store.tables import ProcessInstance
from tests.support.models import (
    end,
    line,
    message,
    message_event,
    model,
    process,
    signal,
    signal_event,
    start,
    timer_event,
    user_task,
)
from tests.support.office import ACME, counted_statements, person

MESSAGE = message("message_order", "OrderPlaced")
SIGNAL = signal("signal_stock", "StockLow")


def version(task: str, inside: str = "", attributes: str = "", start_id: str = "start") -> bytes:
    parts = line(start(start_id, inside), user_task(task), end())
    return model(process("one", parts, attributes=attributes), roots=MESSAGE + SIGNAL)


def two_versions(office, old: bytes, new: bytes, share: float = 0.5) -> tuple[str, str]:
    """Both are deployed and share the new cases; the newer one gets this share."""
    first, second = (office.deploy(each).definitions[0].definition_id for each in (old, new))
    shared(office, {second: share, first: 1 - share})
    return first, second


def shared(office, shares, **arguments):
    route = Route("trial", shares) if shares else None
    office.do(route_new_cases, enterprise_id=ACME, process_id="one", route=route, **arguments)


def cases(office) -> dict[str, object]:
    with office.store.reading() as work:
        return {row.id: row for row in work.execute(select(ProcessInstance.__table__))}


def key_for(definition_id: str, shares) -> str:
    route = Route("trial", shares)
    return next(f"K-{n}" for n in range(99) if route.definition_for(f"K-{n}") == definition_id)


def test_a_case_goes_the_way_of_its_business_key(office):
    first, second = two_versions(office, version("old"), version("new"))
    route = Route("trial", {second: 0.5, first: 0.5})

    for number in range(12):
        office.start("one", business_key=f"K-{number}")

    found = {row.business_key: row.definition_id for row in cases(office).values()}
    assert found == {key: route.definition_for(key) for key in found}
    assert set(found.values()) == {first, second}
    assert office.differences() == []


def test_a_case_without_a_business_key_goes_the_way_of_its_id(office):
    first, second = two_versions(office, version("old"), version("new"))
    route = Route("trial", {second: 0.5, first: 0.5})

    for _ in range(12):
        office.start("one")

    for row in cases(office).values():
        assert (row.definition_id, row.business_key) == (route.definition_for(row.id), None)


def test_the_key_that_the_process_gives_itself_decides(office):
    keyed = 'praxis:businessKey="=reference"'
    first, second = two_versions(office, version("old", attributes=keyed), version("new", attributes=keyed))
    wanted = key_for(first, {second: 0.5, first: 0.5})

    case = office.start("one", {"reference": wanted}).process_instance_id

    assert (cases(office)[case].definition_id, cases(office)[case].business_key) == (first, wanted)


def test_a_key_that_runs_already_is_answered_with_the_first_case(office):
    first, second = two_versions(office, version("old"), version("new"))
    case = office.start("one", business_key="K-1")
    shared(office, {second: 0.01, first: 0.99}, expected_key="trial")

    assert office.start("one", business_key="K-1").process_instance_id == case.process_instance_id


def test_a_chosen_version_stays_chosen(office):
    first, second = two_versions(office, version("old"), version("new"))

    for definition_id in (first, second):
        case = office.start("one", definition_id=definition_id, business_key=f"by-hand-{definition_id}")
        assert cases(office)[case.process_instance_id].definition_id == definition_id


def test_message_starts_go_the_way_of_the_key_through_the_start_event_that_waits_for_the_same(office):
    keyed, waits = 'praxis:businessKey="=reference"', message_event("message_order")
    old = version("old", waits, keyed, start_id="order_in")
    first, second = two_versions(office, old, version("new", waits, keyed, start_id="order_placed"))
    route = Route("trial", {second: 0.5, first: 0.5})

    for number in range(12):
        office.publish("OrderPlaced", variables={"reference": f"K-{number}"})

    found = {row.business_key: row.definition_id for row in cases(office).values()}
    assert found == {f"K-{n}": route.definition_for(f"K-{n}") for n in range(12)}
    assert office.visits("order_in") + office.visits("order_placed") == 12
    assert office.visits("order_in") > 0


def test_signals_and_timers_are_routed_too(office):
    from engine.commands.broadcast_signal import broadcast_signal

    waits = signal_event("signal_stock")
    two_versions(office, version("old", waits), version("new", waits))
    for _ in range(24):  # all the same way: once in eight million runs
        office.do(broadcast_signal, enterprise_id=ACME, name="StockLow")
    by_signal = Counter(row.definition_id for row in cases(office).values())
    assert (len(by_signal), by_signal.total()) == (2, 24)

    hourly = timer_event("timeCycle", "R/PT1H")
    with_timers = two_versions_by_timer(office, version("old_timed", hourly), version("new_timed", hourly))
    for _ in range(24):
        office.pass_by(hours=1)
    assert set(with_timers) <= {row.definition_id for row in cases(office).values()}


def two_versions_by_timer(office, old, new):
    first, second = (office.deploy(each).definitions[0].definition_id for each in (old, new))
    shared(office, {second: 0.5, first: 0.5})
    return first, second


def test_a_route_costs_nothing_where_there_is_none_and_one_statement_at_most(office):
    first, second = (office.deploy(version(name)).definitions[0].definition_id for name in ("old", "new"))
    shares = {second: 0.5, first: 0.5}
    for definition_id in (first, second):  # both are compiled
        office.start("one", definition_id=definition_id)

    def statements(key: str) -> int:
        with counted_statements(office.store) as sent:
            office.start("one", business_key=key)
        return len(sent)

    before = statements("plain")
    shared(office, shares)
    keys = {definition_id: key_for(definition_id, shares) for definition_id in shares}

    assert statements(keys[second]) == before
    assert statements(keys[first]) == before + 1


def test_a_new_version_gets_all_new_cases(office):
    two_versions(office, version("old"), version("new"))

    third = office.deploy(version("newest")).definitions[0].definition_id
    started = {office.start("one").process_instance_id for _ in range(8)}

    assert {row.definition_id for key, row in cases(office).items() if key in started} == {third}


def test_without_a_route_the_newest_gets_all_again(office):
    _, second = two_versions(office, version("old"), version("new"))

    shared(office, None, expected_key="trial")
    for _ in range(8):
        office.start("one")

    assert {row.definition_id for row in cases(office).values()} == {second}


def test_a_former_version_can_become_the_newest_again(office):
    waits = message_event("message_order")
    first, _ = two_versions(office, version("old", waits), version("new", waits))

    again = office.do(reinstate_version, definition_id=first)
    office.publish("OrderPlaced")

    assert (again.version, again.is_new) == (3, True)
    assert office.open_tasks() == ["old"]
    assert [(row.id, row.version) for row in office.ask(definitions, enterprise_id=ACME)] == [(again.definition_id, 3)]
    assert office.deploy(version("new", waits)).definitions[0].version == 4
    assert office.differences() == []


def test_the_newest_version_only_stops_to_share(office):
    _, second = two_versions(office, version("old"), version("new"))

    assert not office.do(reinstate_version, definition_id=second).is_new
    for _ in range(8):
        office.start("one")

    assert {row.definition_id for row in cases(office).values()} == {second}


def test_a_route_over_another_one_is_refused(office):
    first, second = two_versions(office, version("old"), version("new"))

    with pytest.raises(InvalidState, match="shared in another way"):
        shared(office, {second: 0.5, first: 0.5})


def test_another_enterprise_has_nothing_to_route(office):
    first, second = two_versions(office, version("old"), version("new"))
    stranger = person("eve")

    with pytest.raises(NotFound):
        office.do(
            route_new_cases,
            enterprise_id="other",
            process_id="one",
            route=Route("x", {first: 0.5, second: 0.5}),
            actor=stranger,
        )
    with pytest.raises(NotFound):
        office.do(reinstate_version, definition_id="nothing")


def test_versions_that_do_not_start_alike_cannot_share(office):
    waits = message_event("message_order")

    with pytest.raises(InvalidInput, match="does not start by the message 'OrderPlaced'"):
        two_versions(office, version("old"), version("new", waits))


def test_versions_that_others_may_start_cannot_share(office):
    with pytest.raises(InvalidInput, match="is started by sales, version 1 by everybody"):
        two_versions(office, version("old"), version("new", attributes='praxis:candidateStarters="sales"'))


def choice(*values: str) -> dict:
    options = [{"label": value, "value": value} for value in values]
    return {"type": "select", "id": "kind", "key": "kind", "label": "Kind", "values": options}


REQUIRED = {"type": "textfield", "id": "name", "key": "name", "label": "Name", "validate": {"required": True}}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ([REQUIRED], [], "the newest version does not ask for it"),
        ([REQUIRED], [REQUIRED | {"type": "number"}], "asks for a number instead of a textfield"),
        ([REQUIRED], [REQUIRED | {"validate": {}}], "lets it empty"),
        ([choice("a")], [choice("a", "b")], "also offers b"),
    ],
)
def test_a_start_form_that_does_not_give_what_the_other_version_needs_is_refused(office, old, new, problem):
    with pytest.raises(InvalidInput, match=problem):
        with_forms(office, old, new)


def test_a_start_form_that_gives_more_is_fine(office):
    with_forms(office, [REQUIRED], [REQUIRED, {"type": "textfield", "id": "note", "key": "note", "label": "Note"}])

    assert office.start("one", form_values={"name": "Ada", "note": "new"}).is_new


def with_forms(office, old, new) -> None:
    ids = []
    for number, components in enumerate((old, new)):
        source = json.dumps({"type": "default", "id": "begin", "components": components}).encode()
        begin = start(attributes='praxis:formKey="begin"')
        content = model(process("one", line(begin, user_task(f"t{number}"), end())))
        ids.append(office.deploy(content, forms={"begin": source}).definitions[0].definition_id)
    shared(office, {ids[1]: 0.5, ids[0]: 0.5})


@pytest.mark.parametrize("shares", [{"a": 1.0}, {"a": 0.5, "b": 0.4}, {"a": 1.2, "b": -0.2}, {}])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(InvalidInput, match="shares"):
        Route("trial", shares)


def test_each_version_gets_its_share():
    route = Route("trial", {"a": 0.2, "b": 0.3, "c": 0.5})

    got = Counter(route.definition_for(f"case-{n}") for n in range(4000))

    for name, share in route.shares.items():
        assert got[name] / 4000 == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))
    assert all(0 <= chance("trial", str(n)) < 1 for n in range(100))
    assert Route.of_json(route.to_json()) == route


def test_a_suspended_version_takes_no_new_cases(office):
    from sqlalchemy import update

    from engine.store.tables import ProcessDefinition

    first, second = two_versions(office, version("old"), version("new"))
    office.store.run(lambda work: work.execute(update(ProcessDefinition).filter_by(id=first).values(is_suspended=True)))

    with pytest.raises(InvalidState, match="suspended"):
        office.start("one", business_key=key_for(first, {second: 0.5, first: 0.5}))
