"""Work orders and visits: what a job needs, who does it, what was used, what it cost."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, InvalidState
from processes.customer_base.amounts import ZERO, cents, decimal_of
from processes.customer_base.numbering import next_number
from processes.customer_base.products import product_by_sku
from processes.customer_base.scope import add, find
from processes.customer_base.slots import Available, Booking, Needed, Place, Slot, rank_slots
from processes.customer_base.stock import (
    StockShort,
    choose_location,
    consume,
    locations_of_kind,
    post_movement,
    release,
    reserve,
)
from processes.customer_base.tables import (
    Contract,
    Engineer,
    InstalledProduct,
    Party,
    Site,
    Ticket,
    Visit,
    VisitPart,
    WorkOrder,
    WorkOrderTemplate,
)
from processes.customer_base.working_time import WorkingCalendar

GENERAL_TEMPLATE = {
    "name": "General fault visit",
    "skills": [],
    "duration_minutes": 120,
    "parts": [],
    "tools": [],
    "permits": [],
    "checklist": ["Make the machine safe", "Find the cause", "Test run with the customer"],
}
VISIT_STATES = {
    "scheduled": {"confirmed", "accepted", "rejected", "cancelled"},
    "confirmed": {"accepted", "rejected", "cancelled", "scheduled"},
    "accepted": {"en_route", "cancelled", "rejected"},
    "rejected": set(),
    "en_route": {"on_site", "cancelled"},
    "on_site": {"done", "follow_up", "cancelled"},
    "done": set(),
    "follow_up": set(),
    "cancelled": set(),
}
FREE_AGAIN = ("cancelled", "rejected", "done", "follow_up")  # the engineer has left, perhaps before the planned end
HORIZON_DAYS = 7


def create_work_order(
    session: Session,
    *,
    ticket_id: str,
    now: datetime,
    window_start_at: datetime | None = None,
    window_end_at: datetime | None = None,
    new: bool = False,
) -> WorkOrder:
    """The work order of a ticket by its symptom's template; the ticket's open one when there is one (unless `new`)."""
    ticket = find(session, Ticket, ticket_id)
    known = session.scalar(
        select(WorkOrder).where(WorkOrder.ticket_id == ticket_id, WorkOrder.status.not_in(("done", "cancelled")))
    )
    if known and not new:
        return known
    template = work_order_template(session, symptom=ticket.symptom)
    installed = find(session, InstalledProduct, ticket.installed_product_id) if ticket.installed_product_id else None
    order = WorkOrder(
        number=next_number(session, "work_order", now),
        ticket_id=ticket.id,
        party_id=ticket.party_id,
        site_id=installed.site_id if installed else _only_site(session, ticket.party_id),
        installed_product_id=ticket.installed_product_id,
        symptom=ticket.symptom,
        skills=list(template["skills"]),
        duration_minutes=template["duration_minutes"],
        parts=list(template["parts"]),
        tools=list(template["tools"]),
        permits=list(template["permits"]),
        checklist=list(template["checklist"]),
        window_start_at=window_start_at or now,
        window_end_at=window_end_at or ticket.resolve_due_at or now + timedelta(days=HORIZON_DAYS),
        created_at=now,
    )
    add(session, order)
    order.estimated_cost = estimate_cost(session, work_order_id=order.id)
    return order


def work_order_template(session: Session, *, symptom: str | None) -> dict[str, Any]:
    """What a symptom usually needs; a general visit for unknown ones."""
    row = session.scalar(select(WorkOrderTemplate).where(WorkOrderTemplate.symptom == symptom)) if symptom else None
    return {name: getattr(row, name) for name in GENERAL_TEMPLATE} if row else dict(GENERAL_TEMPLATE)


def estimate_cost(session: Session, *, work_order_id: str, hourly_rate: Decimal = Decimal(180)) -> Decimal:
    """Labour (with an hour of travel) and parts at list price."""
    order = find(session, WorkOrder, work_order_id)
    hours = Decimal(order.duration_minutes) / 60 + 1
    parts = sum(
        (product_by_sku(session, part["sku"]).list_price * decimal_of(part.get("quantity", 1)) for part in order.parts),
        ZERO,
    )
    return cents(hours * hourly_rate + parts)


def reserve_parts(
    session: Session, *, work_order_id: str, now: datetime, engineer_key: str | None = None
) -> dict[str, Any]:
    """Reserve a work order's parts, each at the first place that has it: van → warehouses. Repeating changes nothing.

    `{complete, reserved: [{sku, quantity, location}], missing: [{sku, quantity, lead_time_days}]}`.
    """
    order = find(session, WorkOrder, work_order_id)
    release(session, reference=order.id, now=now)
    places = _part_places(session, engineer_key)
    reserved, missing = [], []
    for part in order.parts:
        sku, quantity = part["sku"], decimal_of(part.get("quantity", 1), "quantity")
        location = choose_location(session, sku=sku, quantity=quantity, locations=places)
        if location is None:
            product = product_by_sku(session, sku)
            missing.append({"sku": sku, "quantity": quantity, "lead_time_days": product.lead_time_days})
            continue
        reserve(session, sku=sku, quantity=quantity, reference=order.id, location=location, now=now)
        reserved.append({"sku": sku, "quantity": quantity, "location": location})
    return {"complete": not missing, "reserved": reserved, "missing": missing}


def ranked_slots(
    session: Session,
    *,
    work_order_id: str,
    now: datetime,
    limit: int = 10,
    timezone: str = "Asia/Shanghai",
    emergency: bool = False,
    except_engineers: Iterable[str] = (),
) -> list[Slot]:
    """Engineers × slots for a work order, best first. `emergency` ignores public holidays."""
    order = find(session, WorkOrder, work_order_id)
    ticket = find(session, Ticket, order.ticket_id) if order.ticket_id else None
    site = find(session, Site, order.site_id) if order.site_id else None
    earliest_at = max(now, order.window_start_at or now)
    needed = Needed(
        skills=frozenset(order.skills),
        permits=frozenset(order.permits),
        region=_region_of(session, order, site),
        place=_place(site),
        duration=timedelta(minutes=order.duration_minutes),
        earliest_at=earliest_at,
        latest_at=max(order.window_end_at or now, earliest_at + timedelta(days=HORIZON_DAYS)),
        due_at=ticket.resolve_due_at if ticket else None,
    )
    excluded = set(except_engineers)
    engineers = [
        _available(session, engineer, order, now)
        for engineer in session.scalars(select(Engineer).where(Engineer.active.is_(True)).order_by(Engineer.key))
        if engineer.key not in excluded
    ]
    calendar = None if emergency else WorkingCalendar(timezone=timezone, weekdays=frozenset(range(7)))
    return rank_slots(engineers, needed, timezone=timezone, calendar=calendar, limit=limit)


def schedule_visit(
    session: Session, *, work_order_id: str, engineer_key: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Visit:
    """Book an engineer; the open visit of the work order is moved. InvalidState when the engineer is taken then."""
    order = find(session, WorkOrder, work_order_id)
    engineer = engineer_by_key(session, engineer_key)
    if ends_at <= starts_at:
        raise InvalidInput(
            f"A visit ends after it starts, found {starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M}."
        )
    visit = session.scalar(
        select(Visit).where(Visit.work_order_id == order.id, Visit.state.in_(("scheduled", "confirmed", "rejected")))
    )
    taken = session.scalar(
        select(Visit).where(
            Visit.engineer_key == engineer.key,
            Visit.state.not_in(FREE_AGAIN),
            Visit.starts_at < ends_at,
            Visit.ends_at > starts_at,
            Visit.id != (visit.id if visit else ""),
        )
    )
    if taken:
        raise InvalidState(
            f"{engineer.name} already has a visit from {taken.starts_at:%Y-%m-%d %H:%M} to {taken.ends_at:%H:%M} UTC: "
            "choose another slot."
        )
    if visit is None:
        visit = Visit(work_order_id=order.id, created_at=now, checklist=list(order.checklist), readings={})
        session.add(visit)
    visit.engineer_key, visit.starts_at, visit.ends_at, visit.state = engineer.key, starts_at, ends_at, "scheduled"
    order.status = "scheduled"
    if order.ticket_id:
        find(session, Ticket, order.ticket_id).status = "scheduled"
    session.flush()
    return visit


def advance_visit(session: Session, *, visit_id: str, state: str, now: datetime, **fields: Any) -> Visit:
    """Move a visit on (see `VISIT_STATES`) and keep what came with it (readings, cause_code, signed_by, rating …)."""
    visit = find(session, Visit, visit_id)
    if state != visit.state:
        if state not in VISIT_STATES[visit.state]:
            allowed = ", ".join(sorted(VISIT_STATES[visit.state])) or "nothing"
            raise InvalidState(f"The visit is {visit.state}; from there it goes to {allowed}, not to '{state}'.")
        visit.state = state
        if state == "en_route":
            visit.travel_started_at = now
        elif state == "on_site":
            visit.arrived_at = now
        elif state in ("done", "follow_up"):
            _leave(session, visit, now)
    for field, value in fields.items():
        if not hasattr(Visit, field):
            raise InvalidInput(f"A visit has no field '{field}'.")
        setattr(visit, field, value)
    session.flush()
    return visit


def record_part(
    session: Session,
    *,
    visit_id: str,
    sku: str,
    quantity: Decimal,
    direction: str = "used",
    serial: str | None = None,
    location: str | None = None,
) -> VisitPart:
    """A part that the engineer used, or removed from the machine."""
    if direction not in ("used", "removed"):
        raise InvalidInput(f"A part is used or removed, found '{direction}'.")
    product_by_sku(session, sku)
    part = VisitPart(
        visit_id=visit_id,
        product_sku=sku,
        quantity=quantity,
        direction=direction,
        serial=serial,
        location_code=location,
    )
    return add(session, part)


def post_parts(session: Session, *, visit_id: str, now: datetime) -> list[dict[str, Any]]:
    """Take used parts out of stock and put removed ones to the returns; posting twice changes nothing.

    What was reserved for the work order goes first, unused reservations are given back.
    Gives `[{sku, quantity, direction, cost}]`.
    """
    visit = find(session, Visit, visit_id)
    order = find(session, WorkOrder, visit.work_order_id)
    engineer = engineer_by_key(session, visit.engineer_key)
    posted = []
    for part in parts_of_visit(session, visit_id):
        product = product_by_sku(session, part.product_sku)
        if not part.posted and product.stocked:
            _post_part(session, order, engineer, part, now)
        part.posted = True
        cost = cents(product.cost * part.quantity) if part.direction == "used" else ZERO
        posted.append({"sku": part.product_sku, "quantity": part.quantity, "direction": part.direction, "cost": cost})
    release(session, reference=order.id, now=now)
    session.flush()
    return posted


def parts_of_visit(session: Session, visit_id: str) -> list[VisitPart]:
    """What a visit used and removed."""
    return list(session.scalars(select(VisitPart).where(VisitPart.visit_id == visit_id).order_by(VisitPart.id)))


def post_time_and_cost(
    session: Session, *, visit_id: str, labour_minutes: int | None = None, travel_minutes: int | None = None
) -> dict[str, Any]:
    """Labour and travel at the engineer's rate plus parts at cost; minutes default to what the visit's times say.

    `{labour_minutes, travel_minutes, labour_cost, parts_cost, cost, estimate, over_estimate_share}`.
    """
    visit = find(session, Visit, visit_id)
    order = find(session, WorkOrder, visit.work_order_id)
    engineer = engineer_by_key(session, visit.engineer_key)
    visit.labour_minutes = labour_minutes if labour_minutes is not None else _minutes(visit.arrived_at, visit.left_at)
    travel = travel_minutes if travel_minutes is not None else _minutes(visit.travel_started_at, visit.arrived_at)
    visit.travel_minutes = travel
    labour_cost = cents(engineer.hourly_rate * (visit.labour_minutes + travel) / 60)
    used = [part for part in parts_of_visit(session, visit_id) if part.direction == "used"]
    parts_cost = sum((cents(product_by_sku(session, part.product_sku).cost * part.quantity) for part in used), ZERO)
    visit.cost = labour_cost + parts_cost
    session.flush()
    estimate = order.estimated_cost or ZERO
    return {
        "labour_minutes": visit.labour_minutes,
        "travel_minutes": travel,
        "labour_cost": labour_cost,
        "parts_cost": parts_cost,
        "cost": visit.cost,
        "estimate": estimate,
        "over_estimate_share": (visit.cost / estimate).quantize(Decimal("0.0001")) if estimate else None,
    }


def count_contract_visit(session: Session, *, ticket_id: str) -> int | None:
    """Count a visit against the ticket's contract; gives the visits left (None: no contract, or unlimited)."""
    ticket = find(session, Ticket, ticket_id)
    if not ticket.contract_id:
        return None
    contract = find(session, Contract, ticket.contract_id)
    contract.used_visits += 1
    return None if contract.included_visits is None else contract.included_visits - contract.used_visits


def cancel_work_order(session: Session, *, work_order_id: str, now: datetime) -> WorkOrder:
    """Give back parts, slot and engineer."""
    order = find(session, WorkOrder, work_order_id)
    release(session, reference=order.id, now=now)
    open_visits = select(Visit).where(Visit.work_order_id == order.id, Visit.state.not_in(("done", "follow_up")))
    for visit in session.scalars(open_visits):
        visit.state = "cancelled"
    order.status = "cancelled"
    session.flush()
    return order


def engineer_by_key(session: Session, key: str) -> Engineer:
    """The engineer with this user name."""
    engineer = session.scalar(select(Engineer).where(Engineer.key == key))
    if engineer is None:
        raise InvalidInput(f"There is no engineer '{key}': choose one from the list.")
    return engineer


def _leave(session: Session, visit: Visit, now: datetime) -> None:
    visit.left_at = now
    order = find(session, WorkOrder, visit.work_order_id)
    order.visits_done += 1
    order.status = "done" if visit.state == "done" else "follow_up"


def _post_part(session: Session, order: WorkOrder, engineer: Engineer, part: VisitPart, now: datetime) -> None:
    van = part.location_code or engineer.van_location_code
    if part.direction == "removed":
        defective = [location.code for location in locations_of_kind(session, "returns")]
        if defective:
            post_movement(
                session,
                sku=part.product_sku,
                quantity=part.quantity,
                reason="return",
                location=defective[0],
                reference=order.number,
                serial=part.serial,
                valuation_class="defective",
                now=now,
            )
        return
    places = [van] if van else _part_places(session, engineer.key)
    location = choose_location(session, sku=part.product_sku, quantity=part.quantity, locations=places) or (
        places[0] if places else None
    )
    if location is None:
        raise StockShort(f"No location holds {part.quantity} of {part.product_sku}: correct the stock first.")
    consume(
        session,
        reference=order.id,
        sku=part.product_sku,
        quantity=part.quantity,
        reason="use",
        location=location,
        movement_reference=order.number,
        now=now,
    )


def _part_places(session: Session, engineer_key: str | None) -> list[str]:
    van = engineer_by_key(session, engineer_key).van_location_code if engineer_key else None
    return [*([van] if van else []), *(location.code for location in locations_of_kind(session, "warehouse"))]


def _available(session: Session, engineer: Engineer, order: WorkOrder, now: datetime) -> Available:
    visits = session.execute(
        select(Visit.starts_at, Visit.ends_at, WorkOrder.site_id)
        .join(WorkOrder, WorkOrder.id == Visit.work_order_id)
        .where(
            Visit.engineer_key == engineer.key,
            Visit.state.not_in(("cancelled", "rejected")),
            Visit.ends_at > now - timedelta(days=1),
            Visit.work_order_id != order.id,
        )
    ).all()
    bookings = tuple(
        Booking(visit.starts_at, visit.ends_at, _place(find(session, Site, visit.site_id) if visit.site_id else None))
        for visit in visits
    )
    van = [engineer.van_location_code] if engineer.van_location_code else []
    return Available(
        key=engineer.key,
        name=engineer.name,
        skills=frozenset(engineer.skills),
        permits=frozenset(engineer.permits),
        regions=frozenset(engineer.regions),
        shift_start=time.fromisoformat(engineer.shift_start),
        shift_end=time.fromisoformat(engineer.shift_end),
        weekdays=frozenset(engineer.weekdays or range(5)),
        home=(engineer.home_latitude, engineer.home_longitude)
        if engineer.home_latitude is not None and engineer.home_longitude is not None
        else None,
        bookings=bookings,
        has_parts=bool(order.parts) and all(_in_van(session, part, van) for part in order.parts),
        knows_customer=_has_been_there(session, engineer.key, order.party_id),
    )


def _in_van(session: Session, part: Mapping[str, Any], van: list[str]) -> bool:
    return (
        choose_location(session, sku=part["sku"], quantity=decimal_of(part.get("quantity", 1)), locations=van)
        is not None
    )


def _has_been_there(session: Session, engineer_key: str, party_id: str | None) -> bool:
    if party_id is None:
        return False
    visit = (
        select(Visit.id)
        .join(WorkOrder, WorkOrder.id == Visit.work_order_id)
        .where(
            Visit.engineer_key == engineer_key, WorkOrder.party_id == party_id, Visit.state.in_(("done", "follow_up"))
        )
        .limit(1)
    )
    return session.scalar(visit) is not None


def _region_of(session: Session, order: WorkOrder, site: Site | None) -> str | None:
    if site and site.region:
        return site.region
    return find(session, Party, order.party_id).region if order.party_id else None


def _place(site: Site | None) -> Place | None:
    if site is None or site.latitude is None or site.longitude is None:
        return None
    return site.latitude, site.longitude


def _only_site(session: Session, party_id: str | None) -> str | None:
    if party_id is None:
        return None
    return session.scalar(select(Site.id).where(Site.party_id == party_id).order_by(Site.created_at).limit(1))


def _minutes(start: datetime | None, end: datetime | None) -> int:
    return round((end - start).total_seconds() / 60) if start and end and end > start else 0
