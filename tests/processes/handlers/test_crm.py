"""The common handlers: contacts, duplicates, leads, behaviour, surveys, documents, mail."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from engine.errors import InvalidInput
from engine.handlers import BpmnError
from processes.customer_base.characteristics import current_characteristics
from processes.customer_base.documents.storing import read_document
from processes.customer_base.interactions import timeline
from processes.customer_base.leads import create_lead
from processes.customer_base.mailing import mailbox
from processes.customer_base.pricing import price_offer
from processes.customer_base.quotes import create_quote
from processes.customer_base.records import outcomes
from processes.customer_base.tables import Lead, Opportunity, Party, Survey
from processes.handlers.mail import fill
from tests.processes.handlers.conftest import NOW

ZETA = {"company": "Zeta Valves Ltd", "email": "zoe@zeta.example.com", "phone": "+442079460999", "city": "Leeds"}


@pytest.fixture
def lead_id(base):
    with base() as session:
        return create_lead(session, source="web", channel="web", now=NOW, fields=ZETA).id


@pytest.fixture
def riverside(base):
    with base() as session:
        return session.scalars(select(Party.id).where(Party.name == "Riverside Packaging Ltd")).one()


def test_contact_data_come_back_clean_and_stand_in_the_lead(run, base, lead_id):
    variables = {"company": "ZETA VALVES", "email": "NEW@zeta.example.com", "phone": "12", "country": "uk"}
    result = run("crm.normalise_contact", lead_id=lead_id, employees=Decimal(80), **variables)

    assert (result["email"], result["phone"], result["country"]) == ("new@zeta.example.com", None, "GB")
    assert "country code" in result["contact_problem"]
    with base() as session:
        lead = session.get(Lead, lead_id)
        assert (lead.email, lead.phone, lead.employees) == ("new@zeta.example.com", "+442079460999", 80)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"company": "Zeta", "email": "broken", "phone": "12"}, "name@company.com"),
        ({"company": "Zeta"}, "Neither an e-mail address nor a phone"),
        ({"email": "a@b.example.com"}, "Neither a company nor a person"),
    ],
)
def test_an_unusable_contact_is_an_error_that_the_model_catches(run, variables, reason):
    with pytest.raises(BpmnError) as caught:
        run("crm.normalise_contact", **variables)
    assert caught.value.code == "UNUSABLE_CONTACT"
    assert reason in caught.value.message


def test_duplicates_are_exact_fuzzy_or_none_and_a_lead_never_finds_itself(run, lead_id, riverside):
    assert run("crm.find_duplicates", lead_id=lead_id, **ZETA)["duplicate_kind"] == "none"
    exact = run("crm.find_duplicates", company="Other", email="ann.lee@riverside.example.com")
    fuzzy = run("crm.find_duplicates", company="Riverside Packaging Limited", city="Leeds")

    assert (exact["duplicate_kind"], exact["duplicate_subject_id"]) == ("exact", riverside)
    assert (fuzzy["duplicate_kind"], fuzzy["duplicate_subject_id"]) == ("fuzzy", None)
    assert fuzzy["duplicate_candidates"][0]["number"].startswith("C-")
    assert run("crm.find_duplicates", lead_id="x", **ZETA)["duplicate_candidates"][0]["kind"] == "lead"


def test_a_lead_joins_a_customer_or_an_open_lead(run, base, lead_id, riverside):
    to_party = run("crm.attach", lead_id=lead_id, duplicate_subject_id=riverside)
    assert (to_party["open_lead_exists"], to_party["party_id"]) == (False, riverside)

    with base() as session:
        again = create_lead(session, source="web", channel="web", now=NOW, fields=ZETA | {"contact_name": "Zed"}).id
    candidates = [{"id": lead_id, "kind": "lead"}]
    to_lead = run("crm.attach", lead_id=again, duplicate_candidates=candidates, keep_new_fields=["contact_name"])
    assert (to_lead["open_lead_exists"], to_lead["merged_into_lead_id"]) == (True, lead_id)
    with base() as session:
        assert session.get(Lead, lead_id).contact_name == "Zed"
    with pytest.raises(InvalidInput, match="nobody to attach"):
        run("crm.attach", lead_id=lead_id)


def test_converting_twice_with_one_key_makes_one_opportunity(run, base, lead_id):
    first = run("crm.convert_lead", key="same", lead_id=lead_id, amount=Decimal(1000))
    again = run("crm.convert_lead", key="same", lead_id=lead_id, amount=Decimal(1000))

    assert first == again
    assert first["customer_name"] == "Zeta Valves Ltd"
    with base() as session:
        assert session.scalar(select(func.count(Opportunity.id))) == 1


def test_behaviour_characteristics_and_interactions_are_kept(run, base, riverside):
    run("crm.record_behaviour", party_id=riverside, behaviour="asked for demo")
    run("crm.record_characteristics", party_id=riverside, descriptive={"sites": Decimal(2)}, external={"law": "new"})
    run("crm.log_interaction", party_id=riverside, interaction_channel="phone", interaction_subject="Talk")

    with base() as session:
        known = current_characteristics(session, party_id=riverside)
        assert "asked for demo" in [item["item"] for item in known["behavioural"]]
        assert {"sites": "2"}.items() <= {item["item"]: item["value"] for item in known["descriptive"]}.items()
        assert timeline(session, party_id=riverside)[0].subject == "Talk"


def test_a_survey_goes_out_by_mail_and_its_answer_comes_back(run, base, riverside):
    run("crm.survey_request", party_id=riverside)
    run("crm.survey_request", party_id=riverside)
    run("crm.survey_answer", score=Decimal(4), comment="fine")

    with base() as session:
        (mail,) = mailbox(session)
        survey = session.scalars(select(Survey)).one()
        assert (mail.recipient, mail.case_reference) == ("ann.lee@riverside.example.com", "CASE-1")
        assert (survey.score, survey.case_reference) == (4, "CASE-1")


def test_an_outcome_is_recorded_for_the_practice(run, base):
    run("crm.outcome_record", outcome="won", measures={"cycle_days": Decimal(12)})
    with base() as session:
        (record,) = outcomes(session, practice="lead_to_order")
        assert (record.case_reference, record.outcome, record.measures) == ("CASE-1", "won", {"cycle_days": "12"})


def test_a_quote_is_written_and_mailed_with_its_files(run, base, riverside):
    with base() as session:
        offer = price_offer(session, items=[{"sku": "SEAL-KIT", "quantity": 2}], on=NOW.date())
        quote_id = create_quote(session, party_id=riverside, offer=offer, now=NOW).id

    written = run("documents.quote", quote_id=quote_id)
    sent = run("mail.send", party_id=riverside, mail_subject="Quote for {contact_name}", mail_body="See {missing}.",
               document_ids=written["document_ids"])  # fmt: skip

    assert [name[-5:] for name in written["document_names"]] == [".docx", ".xlsx"]
    assert sent["mail_sent_to"] == "ann.lee@riverside.example.com"
    with base() as session:
        (mail,) = mailbox(session)
        assert (mail.subject, mail.body) == ("Quote for Ann Lee", "See –.")
        assert read_document(session, mail.document_ids[0]).size > 1000


def test_what_a_handler_needs_is_named_when_it_is_missing(run):
    with pytest.raises(InvalidInput, match="'lead_id'"):
        run("crm.convert_lead")
    with pytest.raises(InvalidInput, match="'quote_id'"):
        run("documents.quote")
    with pytest.raises(InvalidInput, match="mail_to"):
        run("mail.send", mail_subject="x")


def test_texts_take_variables_and_nothing_else():
    assert fill("{a} {a.__class__} {0} {", {"a": Decimal("1.5")}) == "1.5 {a.__class__} – {"
