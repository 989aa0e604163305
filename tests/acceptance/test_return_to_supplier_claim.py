"""A defective part comes back and its supplier decides on the claim, through the screens alone."""

import pytest

pytestmark = pytest.mark.browser


def test_a_return_ends_with_the_suppliers_decision(people):
    anna, wang, fei, olga = (people[name] for name in ("anna", "wang", "fei", "olga"))

    order_no = anna.looks_at_customer("Binhai Valve Factory").number_of("Orders", "delivered")
    anna.starts("Reverse logistics").fills(
        order_no=order_no,
        contact_email="sun.hao@binhai.example.com",
        wish="credit",
        lines=[{"sku": "SEAL-KIT", "quantity": 1, "reason": "defect"}],
        request_id="CALL-17",
    ).submits()
    olga.publishes("GoodsReceived")
    wang.claims("Receive and identify").fills(
        rma_scan="RMA label", parcel_state="intact", receipts=[{"sku": "SEAL-KIT", "quantity": 1}]
    ).completes()
    fei.claims("Inspect and grade").fills(
        result="Leaks under pressure",
        fault_found=True,
        defect_code="torn",
        cause="material",
        accessories_complete=True,
        grade="D",
        repairable=False,
    ).completes()
    olga.publishes("SupplierDecision", supplier_decision='"credit"')

    case = olga.looks_at_case("Binhai")
    case.is_in_state("completed")
    case.tells("Receive and identify", "Inspect and grade")
