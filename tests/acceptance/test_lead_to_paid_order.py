"""A lead becomes a paid order, through the screens alone."""

import pytest

pytestmark = pytest.mark.browser


def test_a_lead_becomes_a_paid_order(enterprise, people):
    ines, rosa, wang, olga = (people[name] for name in ("ines", "rosa", "wang", "olga"))

    ines.starts("Lead to order").fills(
        source="direct",
        channel="web",
        company="Nordwind Food Machines",
        contact_name="Ms Chen",
        email="chen@nordwind.example",
        phone="+86 21 6552 9988",
        country="CN",
        city="Suzhou",
        region="east",
        need="A pump for a new filling line",
        product_sku="PUMP-100",
        request="quote",
        industry="food",
        employees=240,
        consent=True,
    ).submits()
    rosa.claims("First contact").fills(
        contact_channel="phone", reached=True, spoke_with="Ms Chen", summary="Wants a quote this month"
    ).completes()
    rosa.claims("Qualify").fills(
        need="Fill 2,000 bottles an hour",
        budget="yes",
        authority="decides",
        timeline="now",
        fit="good",
        lead_result="qualified",
    ).completes()

    rosa.claims("Discover needs").fills(
        industry="food",
        employees=240,
        current_use="An old pump",
        preferred_channels=["email", "phone"],
        requirements=[{"requirement": "Stainless", "weight": "must"}],
    ).completes()
    rosa.claims("Plan opportunity").fills(
        stage="discovery",
        amount=9000,
        close_date="2026-02-15",
        next_step="Send the quote",
        next_step_on="2026-01-08",
        pursue=True,
        lines=[{"sku": "PUMP-100", "quantity": 1, "discount_percent": 0}],
        valid_days=30,
    ).completes()

    quote = enterprise.customer(rosa.reads_mail("uote").link)
    quote.reads("PUMP-100").writes(
        signed_by="Ms Chen",
        po_no="PO-4711",
        ship_to_street="8 Harbour Road",
        ship_to_city="Suzhou",
        ship_to_country="CN",
    )
    quote.presses("Accept the quote").reads("Your answer has reached us.")

    wang.claims("Pick").fills(serials="SN-1001", pick_complete=True).completes()
    wang.claims("Pack").fills(parcels=1, weight_kg=80, carrier="Praxis Logistics", checked=True).completes()
    olga.publishes("ShipmentUpdate", shipment_status='"delivered"')
    olga.publishes("PaymentReceived", payment_reference='"BANK-1"')

    case = olga.looks_at_case("Nordwind")
    case.is_in_state("completed")
    case.tells("Register lead", "First contact", "Qualify", "Plan opportunity", "Pick", "Pack")
    customer = olga.looks_at_customer("Nordwind Food Machines")
    assert customer.number_of("Orders", "closed").startswith("SO-")
    assert customer.number_of("Invoices", "paid").startswith("INV-")
