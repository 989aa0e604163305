"""One way to write an address, a number, a name and a country."""

import pytest

from engine.errors import InvalidInput
from processes.customer_base.normalising import (
    clean_contact,
    name_core,
    normalise_company,
    normalise_country,
    normalise_email,
    normalise_phone,
)


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("138 0013 8000", "CN", "+8613800138000"),
        ("（010）6552-9988", None, "+861065529988"),
        ("＋86 138 0013 8000", None, "+8613800138000"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("0049 40 23125001", "US", "+494023125001"),
        ("+49 40 23125001", "CN", "+494023125001"),
    ],
)
def test_a_phone_number_becomes_e164(written, country, expected):
    assert normalise_phone(written, country) == expected


@pytest.mark.parametrize("written", ["12", "none", "+1 555", "12345678901234567890"])
def test_what_is_no_phone_number_says_what_was_expected(written):
    with pytest.raises(InvalidInput, match="country code"):
        normalise_phone(written)


def test_an_email_address_is_written_small_and_checked_for_syntax_only():
    assert normalise_email(" <Ann.Lee@Example.COM> ") == "ann.lee@example.com"
    with pytest.raises(InvalidInput, match=r"name@company\.com"):
        normalise_email("ann.lee(at)example")


@pytest.mark.parametrize("written", ["Germany", "germany", "DE", "de", "德国", "Deutschland"])
def test_a_country_is_known_by_its_names_and_code(written):
    assert normalise_country(written) == "DE"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Valves Co., Ltd.", "ACME VALVES LIMITED"),
        ("上海华东机械有限公司", "上海华东机械股份有限公司"),
        ("Müller GmbH & Co. KG", "Muller GmbH"),
        ("Société Générale S.A.", "Societe Generale"),
    ],
)
def test_spellings_of_one_company_share_their_core(one, other):
    assert name_core(one) == name_core(other)


def test_a_name_that_is_only_a_legal_form_keeps_it():
    assert name_core("Company") == "company"


def test_shouting_is_undone_and_brackets_are_one_kind():
    assert normalise_company("ACME  VALVES LTD") == "Acme Valves Ltd"
    assert normalise_company("华东机械（上海）有限公司") == "华东机械(上海)有限公司"


def test_a_contact_keeps_what_can_be_read_and_names_what_cannot():
    cleaned = clean_contact({"company": "Acme", "email": "broken@", "phone": "+44 20 7946 0958", "city": " "})

    assert cleaned.values == {"company": "Acme", "phone": "+442079460958", "country": "GB"}
    assert list(cleaned.problems) == ["email"]
    assert cleaned.is_usable


def test_a_contact_without_name_or_way_to_reach_is_unusable():
    assert not clean_contact({"email": "a@b.com"}).is_usable
    assert not clean_contact({"company": "Acme", "phone": "12"}).is_usable
