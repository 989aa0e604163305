"""Demo data: a small machine builder with customers, stock, history and an installed base.

The same at every creation (chance is seeded), placed in time before `now`. The stories, by customer name:
Huadong (key account, gold contract, agreement price), Taihu (gold, advance exchange), Westlake (standard contract),
Nordlicht (blocked), Riverside (45 days overdue), Dragonfly (new, starter limit), Capital Transit (vip, hierarchy),
Pearl River (contract ended, warranty ends next month), Binhai (75 days overdue), Jinling (open complaint).
"""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from processes.customer_base.characteristics import record_characteristics
from processes.customer_base.credit import change_credit
from processes.customer_base.deliveries import confirm_arrival, plan_delivery, ship_delivery
from processes.customer_base.demo_catalogue import (
    ARTICLES,
    ASSETS,
    PRODUCTS,
    STOCK,
    VAN_STOCK,
    WORK_ORDER_TEMPLATES,
)
from processes.customer_base.demo_customers import ENGINEERS, FIRST_WORDS, PEOPLE, PLACES, STORIES, TRADES
from processes.customer_base.interactions import log_interaction
from processes.customer_base.invoicing import invoice_delivery, record_payment
from processes.customer_base.numbering import next_number
from processes.customer_base.orders import confirm_order, order_from_lines
from processes.customer_base.parties import add_contact, add_site, create_party, give_consent
from processes.customer_base.pricing import Item
from processes.customer_base.products import create_product
from processes.customer_base.scope import add, in_enterprise
from processes.customer_base.stock import MAIN_WAREHOUSE, add_location, post_movement
from processes.customer_base.tables import (
    ContentAsset,
    Contract,
    Engineer,
    InstalledProduct,
    KnowledgeArticle,
    Party,
    PriceRule,
    Product,
    Ticket,
    WorkOrderTemplate,
)

SEED = 20070126


def create_demo(session: Session, enterprise_id: str, now: datetime) -> bool:
    """Fill an enterprise's customer base, unless it has products already; gives whether it was filled."""
    in_enterprise(session, enterprise_id)
    if session.scalar(select(Product.id).limit(1)):
        return False
    chance = random.Random(SEED)
    opened_at = now - timedelta(days=720)
    supplier = create_party(
        session, name="Yangtze Components Supply Co., Ltd.", name_zh="长江零部件供应有限公司", status="supplier",
        city="Nanjing", country="CN", region="east", now=opened_at,
    )  # fmt: skip
    add_contact(
        session, party_id=supplier.id, name="Gao Yuan", email="claims@yangtze.example.com", phone="+8613800138900",
        now=opened_at,
    )  # fmt: skip
    _catalogue(session, supplier, opened_at)
    _locations_and_stock(session, opened_at)
    _engineers(session, opened_at)
    stories = [_story(session, row, opened_at) for row in STORIES]
    others = _others(session, chance, opened_at)
    _price_rules(session, stories, now)
    _history(session, stories, others, chance, now)
    _service_base(session, stories, now)
    _credit(session, stories, now)
    _knowledge(session, now)
    session.flush()
    return True


def _catalogue(session: Session, supplier: Party, now: datetime) -> None:
    for sku, name, name_zh, kind, category, list_price, cost, fields in PRODUCTS:
        values: dict[str, Any] = dict(fields)
        if "weight_kg" in values:
            values["weight_kg"] = Decimal(values["weight_kg"])
        if kind == "service":
            values |= {"stocked": False, "lead_time_days": 3, "tax_share": Decimal("0.06"), "returnable": False}
        if kind == "part":
            values["supplier_id"] = supplier.id
        create_product(
            session,
            sku=sku,
            name=name,
            name_zh=name_zh,
            kind=kind,
            category=category,
            list_price=Decimal(list_price),
            cost=Decimal(cost),
            now=now,
            **values,
        )


def _locations_and_stock(session: Session, now: datetime) -> None:
    add_location(session, code=MAIN_WAREHOUSE, name="Shanghai warehouse", kind="warehouse", region="east")
    add_location(session, code="SOUTH", name="Guangzhou warehouse", kind="warehouse", region="south")
    add_location(session, code="RETURNS", name="Returns centre", kind="returns", region="east")
    add_location(session, code="QUARANTINE", name="Quarantine store", kind="quarantine", region="east")
    for sku, (main, south) in STOCK.items():
        for location, quantity in ((MAIN_WAREHOUSE, Decimal(main)), ("SOUTH", Decimal(south))):
            if quantity:
                post_movement(session, sku=sku, quantity=quantity, reason="opening", location=location, now=now)
    for *_, van in ENGINEERS:
        add_location(session, code=van, name=f"Van {van.removeprefix('VAN-').title()}", kind="van")
        for sku, in_van in VAN_STOCK.items():
            post_movement(session, sku=sku, quantity=Decimal(in_van), reason="opening", location=van, now=now)


def _engineers(session: Session, now: datetime) -> None:
    for key, name, skills, permits, regions, city, van in ENGINEERS:
        _, _, latitude, longitude = PLACES[city]
        session.add(
            Engineer(
                key=key,
                name=name,
                skills=skills,
                permits=permits,
                regions=regions,
                weekdays=list(range(5)),
                van_location_code=van,
                home_latitude=latitude,
                home_longitude=longitude,
            )
        )
    for symptom, name, skills, minutes, parts, tools, permits, checklist in WORK_ORDER_TEMPLATES:
        session.add(
            WorkOrderTemplate(
                symptom=symptom,
                name=name,
                skills=skills,
                duration_minutes=minutes,
                parts=parts,
                tools=tools,
                permits=permits,
                checklist=checklist,
            )
        )
    session.flush()


def _story(session: Session, row: tuple, now: datetime) -> Party:  # type: ignore[type-arg]
    name, name_zh, city, industry, employees, tier, fields, person, email, phone, decision_role = row
    country, region, latitude, longitude = PLACES[city]
    party = create_party(
        session, name=name, name_zh=name_zh, city=city, country=country, region=region, industry=industry,
        employees=employees, tier=tier, status="customer", now=now, **fields,
    )  # fmt: skip
    contact = add_contact(
        session, party_id=party.id, name=person, email=email, phone=phone, decision_role=decision_role,
        preferred_channel="email", now=now,
    )  # fmt: skip
    for channel in ("email", "phone", "sms"):
        give_consent(session, contact_id=contact.id, purpose="marketing", channel=channel, source="contract", now=now)
    add_site(
        session, party_id=party.id, name=f"{city} plant", kind="plant", street=f"{employees} Industry Road", city=city,
        country=country, region=region, latitude=latitude + 0.05, longitude=longitude - 0.04,
        access_notes="Report at the gate with your pass.", now=now,
    )  # fmt: skip
    record_characteristics(
        session, kind="descriptive", values={"shifts per day": 2, "annual maintenance budget": employees * 1000},
        party_id=party.id, source="demo", now=now,
    )  # fmt: skip
    record_characteristics(
        session, kind="external", values={"regulation": "new energy efficiency rule from next year"},
        party_id=party.id, source="demo", now=now,
    )  # fmt: skip
    return party


def _others(session: Session, chance: random.Random, now: datetime) -> list[Party]:
    cities, parties = list(PLACES), []
    for number, (first, first_zh) in enumerate(FIRST_WORDS):
        for place, (trade, trade_zh, industry) in enumerate(TRADES):
            city = cities[(number + place * 3) % 8]
            country, region, latitude, longitude = PLACES[city]
            party = create_party(
                session, name=f"{first} {trade}", name_zh=first_zh + trade_zh, city=city, country=country,
                region=region, industry=industry, employees=chance.choice((18, 45, 80, 150, 320)), language="zh",
                owner=chance.choice(("sales.chen", "sales.zhao")), status="customer", now=now,
            )  # fmt: skip
            person, mail = PEOPLE[(number * 3 + place) % len(PEOPLE)]
            slug = f"{first}-{industry}".lower().replace(" ", "")
            contact = add_contact(
                session, party_id=party.id, name=person, email=f"{mail}@{slug}.example.com",
                phone=f"+86139{number:02d}{place:02d}0{chance.randrange(1000):03d}", now=now,
            )  # fmt: skip
            if chance.random() < 0.8:
                give_consent(
                    session, contact_id=contact.id, purpose="marketing", channel="email", source="web", now=now
                )
            add_site(
                session, party_id=party.id, name=f"{city} site", street=f"{number + 1} Harbour Street", city=city,
                country=country, region=region, latitude=latitude + chance.uniform(-0.2, 0.2),
                longitude=longitude + chance.uniform(-0.2, 0.2), now=now,
            )  # fmt: skip
            parties.append(party)
    return parties


def _price_rules(session: Session, stories: list[Party], now: datetime) -> None:
    since, until = now.date() - timedelta(days=365), now.date() + timedelta(days=365)
    frame = {"valid_from": since, "valid_to": until}
    launch = {"valid_from": now.date() - timedelta(days=30), "valid_to": now.date() + timedelta(days=60)}
    huadong, transit = stories[0].id, stories[6].id
    rules: list[dict[str, Any]] = [
        {
            "kind": "quantity_break",
            "name": "5 pumps",
            "category": "pumps",
            "min_quantity": "5",
            "discount_share": "0.05",
        },
        {
            "kind": "quantity_break",
            "name": "10 pumps",
            "category": "pumps",
            "min_quantity": "10",
            "discount_share": "0.08",
        },
        {
            "kind": "quantity_break",
            "name": "100 sensors",
            "product_sku": "SENSOR-10",
            "min_quantity": "100",
            "unit_price": "420",
        },
        {
            "kind": "agreement",
            "name": "Huadong frame agreement",
            "party_id": huadong,
            "category": "pumps",
            "discount_share": "0.12",
            **frame,
        },
        {
            "kind": "agreement",
            "name": "Capital Transit parts",
            "party_id": transit,
            "category": "parts",
            "discount_share": "0.15",
            **frame,
        },
        {
            "kind": "promotion",
            "name": "Monitoring launch",
            "product_sku": "GATEWAY-4G",
            "code": "LAUNCH",
            "discount_share": "0.20",
            **launch,
        },
        {"kind": "freight", "name": "Standard freight", "flat": "120", "per_kg": "1.20"},
        {"kind": "freight", "name": "Free from 50,000", "min_amount": "50000", "flat": "0"},
        {"kind": "freight", "name": "Europe", "region": "europe", "flat": "600", "per_kg": "4.50"},
    ]
    for rule in rules:
        numbers = ("min_quantity", "min_amount", "unit_price", "discount_share", "flat", "per_kg")
        session.add(PriceRule(**{key: Decimal(value) if key in numbers else value for key, value in rule.items()}))
    session.flush()


def _history(session: Session, stories: list[Party], others: list[Party], chance: random.Random, now: datetime) -> None:
    """Past orders: delivered, invoiced, mostly paid."""
    serial = 1000
    plans: list[tuple[Party, list[tuple[str, str]], int, bool]] = [
        (stories[0], [("PUMP-100", "4"), ("SEAL-KIT", "6")], 300, True),
        (stories[0], [("CTRL-7", "2"), ("SENSOR-10", "20")], 20, True),
        (stories[1], [("PUMP-100", "3")], 260, True),
        (stories[2], [("CONV-20", "2"), ("FILTER-SET", "20")], 200, True),
        (stories[3], [("FILTER-SET", "30")], 120, False),
        (stories[4], [("CONV-20", "1"), ("BELT-2M", "2")], 77, False),
        (stories[6], [("DRY-30", "1"), ("UPS-48", "2")], 150, True),
        (stories[7], [("PUMP-100", "1")], 700, True),
        (stories[8], [("SEAL-KIT", "20"), ("BEAR-6204", "60")], 107, False),
        (stories[9], [("GATEWAY-4G", "4"), ("GLOVE-100", "10")], 10, True),
    ]
    for party in chance.sample(others, 20):
        wanted = chance.sample(["SEAL-KIT", "BEAR-6204", "FILTER-SET", "SENSOR-10", "OIL-20L", "GLOVE-100"], 2)
        lines = [(sku, str(chance.choice((2, 4, 6, 10)))) for sku in wanted]
        plans.append((party, lines, chance.randrange(40, 500), True))
    for party, lines, days_ago, paid in sorted(plans, key=lambda plan: -plan[2]):
        serial = _past_order(session, party, lines, now - timedelta(days=days_ago), serial, paid, now)


def _past_order(
    session: Session,
    party: Party,
    lines: list[tuple[str, str]],
    at: datetime,
    serial: int,
    paid: bool,
    now: datetime,
) -> int:
    order = order_from_lines(
        session,
        party_id=party.id,
        lines=[Item(sku, Decimal(quantity)) for sku, quantity in lines],
        purchase_order_number=f"PO-{party.number[-5:]}-{at:%y%m%d}",
        channel="rep",
        now=at,
    )
    confirm_order(session, order_id=order.id, now=at)
    delivery = plan_delivery(session, order_id=order.id, now=at)
    serials, serial = _serials(session, lines, serial)
    ship_delivery(
        session, delivery_id=delivery.id, serials=serials, carrier="SF Express", tracking_number=f"SF{serial:08d}",
        now=at + timedelta(days=2),
    )  # fmt: skip
    confirm_arrival(session, delivery_id=delivery.id, now=at + timedelta(days=4))
    invoice = invoice_delivery(session, delivery_id=delivery.id, now=at + timedelta(days=2))
    paid_at = min(at + timedelta(days=25), now)
    if paid:
        record_payment(
            session,
            invoice_id=invoice.id,
            amount=invoice.total,
            payment_reference=f"BANK-{invoice.number}",
            now=paid_at,
        )
        order.status, order.closed_at = "closed", paid_at
    return serial


def _serials(session: Session, lines: list[tuple[str, str]], serial: int) -> tuple[dict[str, list[str]], int]:
    serials: dict[str, list[str]] = {}
    serialised = set(session.scalars(select(Product.sku).where(Product.serialised.is_(True))))
    for sku, quantity in lines:
        if sku in serialised:
            serials[sku] = [f"{sku}-{serial + number}" for number in range(int(quantity))]
            serial += int(quantity)
    return serials, serial


def _service_base(session: Session, stories: list[Party], now: datetime) -> None:
    today = now.date()
    contracts = [
        (stories[0], "gold", True, True, None, "19800", today + timedelta(days=200)),
        (stories[1], "gold", True, True, 12, "19800", today + timedelta(days=120)),
        (stories[2], "standard", False, False, 4, "9800", today + timedelta(days=60)),
        (stories[6], "gold", True, False, None, "19800", today + timedelta(days=300)),
        (stories[7], "basic", False, False, 2, "4800", today - timedelta(days=40)),
    ]
    for party, tier, around_the_clock, advance_exchange, visits, price, valid_to in contracts:
        contract = add(
            session,
            Contract(
                number=next_number(session, "contract", now - timedelta(days=300)),
                party_id=party.id,
                tier=tier,
                coverage="labour" if tier == "basic" else "labour_and_parts",
                around_the_clock=around_the_clock,
                advance_exchange=advance_exchange,
                included_visits=visits,
                price_per_year=Decimal(price),
                valid_from=valid_to - timedelta(days=365),
                valid_to=valid_to,
                created_at=now - timedelta(days=300),
            ),
        )
        for installed in session.scalars(select(InstalledProduct).where(InstalledProduct.party_id == party.id)):
            installed.contract_id = contract.id
    transit = stories[6]
    depot = create_party(
        session, name="Capital Transit Depot North", name_zh="首都交通北方车辆段", hierarchy_parent_id=transit.id,
        city="Beijing", country="CN", region="north", industry="transport", employees=300, language="zh",
        status="customer", now=now - timedelta(days=400),
    )  # fmt: skip
    add_contact(
        session, party_id=depot.id, name="马琳", email="ma.lin@transit.example.com", phone="+8613800138017", now=now
    )
    _tickets(session, stories, now)


def _tickets(session: Session, stories: list[Party], now: datetime) -> None:
    """One solved ticket to learn from, one open complaint."""
    solved_at = now - timedelta(days=30)
    machine = session.scalar(select(InstalledProduct).where(InstalledProduct.party_id == stories[0].id))
    session.add(
        Ticket(
            number=next_number(session, "ticket", solved_at), party_id=stories[0].id,
            installed_product_id=machine.id if machine else None, channel="phone", kind="fault", symptom="leak",
            category="mechanical", text="Pump P100 leaks at the shaft seal", priority="P2", status="closed",
            root_cause="worn shaft seal", resolution="Shaft seal replaced, leak test passed", entitlement="contract",
            created_at=solved_at, first_response_at=solved_at + timedelta(minutes=20),
            resolved_at=solved_at + timedelta(hours=5), closed_at=solved_at + timedelta(days=3), extra={},
        )
    )  # fmt: skip
    session.add(
        Ticket(
            number=next_number(session, "ticket", now), party_id=stories[9].id, channel="email", kind="complaint",
            category="delivery", text="Two of the four gateways arrived with scratched covers.", priority="P3",
            status="open", created_at=now - timedelta(days=2), extra={},
        )
    )  # fmt: skip
    session.flush()
    log_interaction(
        session, channel="phone", direction="out", subject="Quarterly review", party_id=stories[0].id,
        body="Plans a second line next year, asks about remote monitoring.", agent="sales.chen", outcome="interested",
        now=now - timedelta(days=12),
    )  # fmt: skip


def _credit(session: Session, stories: list[Party], now: datetime) -> None:
    limits = {
        0: "500000",
        1: "300000",
        2: "120000",
        3: "30000",
        4: "60000",
        6: "2000000",
        7: "200000",
        8: "40000",
        9: "80000",
    }
    for index, limit in limits.items():
        change_credit(session, party_id=stories[index].id, credit_limit=Decimal(limit), now=now)
    change_credit(
        session, party_id=stories[3].id, blocked=True, reason="insolvency proceedings", risk_class="D", now=now
    )
    change_credit(session, party_id=stories[5].id, risk_class="C", now=now)  # no limit yet: the starter limit counts


def _knowledge(session: Session, now: datetime) -> None:
    for question, answer, language, sku, symptom in ARTICLES:
        session.add(
            KnowledgeArticle(
                question=question, answer=answer, language=language, product_sku=sku, symptom=symptom,
                review_due_on=_in_half_a_year(now), author="specialist.lin", created_at=now - timedelta(days=90),
            )
        )  # fmt: skip
    for kind, title, language, sku, text in ASSETS:
        session.add(
            ContentAsset(
                kind=kind, title=title, language=language, product_sku=sku, text=text, approved_by="compliance.tang",
                approved_at=now - timedelta(days=60), valid_to=_in_half_a_year(now),
                created_at=now - timedelta(days=60),
            )
        )  # fmt: skip
    session.flush()


def _in_half_a_year(now: datetime) -> date:
    return now.date() + timedelta(days=182)
