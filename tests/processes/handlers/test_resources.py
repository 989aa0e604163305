"""A job's effect happens once and is kept together with its result."""

import smtplib
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from engine.handlers import Job, PermanentFailure
from processes.customer_base.mailing import Mail, Smtp, mailbox
from processes.customer_base.parties import create_party
from processes.customer_base.tables import HandlerResult, Party
from processes.handlers import all_handlers
from processes.handlers.resources import Resources
from tests.processes.handlers.conftest import NOW


def job(resources, key="k1", **keywords):
    return Job("test.topic", {}, key, NOW, enterprise_id="acme", resources=resources, **keywords)


def test_a_repeated_job_finds_its_result_with_its_types_and_does_nothing(resources, base):
    result = {"amount": Decimal("12.50"), "on": date(2026, 3, 2), "at": NOW, "lines": [{"n": Decimal(1)}], "none": None}
    for _ in range(3):
        with resources.once(job(resources)) as once:
            if not once.done:
                create_party(once.session, name="Only once", now=NOW)
                once.keep(result)
            kept = once.result

    assert kept == result
    with base() as session:
        assert session.scalar(select(func.count(Party.id)).where(Party.name == "Only once")) == 1


def test_a_failing_effect_leaves_neither_effect_nor_result(resources, base):
    def fail_after_keeping():
        with resources.once(job(resources)) as once:
            create_party(once.session, name="Never", now=NOW)
            once.keep({})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_keeping()

    with base() as session:
        assert session.scalar(select(func.count(Party.id)).where(Party.name == "Never")) == 0
        assert session.scalar(select(func.count()).select_from(HandlerResult)) == 0


def test_a_handler_that_forgets_to_keep_its_result_is_told(resources, base):
    with pytest.raises(PermanentFailure, match="without keep"), resources.once(job(resources)) as once:
        create_party(once.session, name="Forgotten", now=NOW)
    with base() as session:
        assert session.scalar(select(func.count(Party.id)).where(Party.name == "Forgotten")) == 0


def test_the_same_key_of_two_enterprises_is_two_jobs(resources):
    with resources.once(job(resources)) as once:
        once.keep({"who": "acme"})
    other = Job("test.topic", {}, "k1", NOW, enterprise_id="other", resources=resources)
    with resources.once(other) as once:
        assert not once.done
        once.keep({"who": "other"})


def test_the_demo_appears_when_it_is_first_needed_and_never_shared():
    one, two = Resources.in_memory(NOW), Resources.in_memory(NOW)
    with one.session_for("acme", NOW) as session:
        create_party(session, name="In one", now=NOW)
    with two.session_for("acme", NOW) as session:
        assert session.scalar(select(func.count(Party.id)).where(Party.name == "In one")) == 0
        assert session.scalar(select(func.count(Party.id))) == 42


def test_every_topic_has_one_handler_and_the_common_ones_are_there():
    topics = set(all_handlers())
    assert {
        "crm.normalise_contact",
        "crm.find_duplicates",
        "crm.attach",
        "crm.attach_interaction",
        "crm.convert_lead",
        "crm.record_behaviour",
        "crm.record_characteristics",
        "crm.log_interaction",
        "crm.survey_request",
        "crm.survey_answer",
        "crm.outcome_record",
        "documents.quote",
        "documents.invoice",
        "mail.send",
    } <= topics


class FakeServer:
    """Stands in for a mail server; `fails` counts how many calls are refused first."""

    sent: list = []
    fails = 0

    def __init__(self, *_args, **_keywords):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def starttls(self):
        pass

    def send_message(self, message):
        if FakeServer.fails:
            FakeServer.fails -= 1
            raise smtplib.SMTPServerDisconnected("gone")
        FakeServer.sent.append(message)


def test_mail_leaves_after_the_commit_waits_when_the_server_is_away_and_leaves_once(resources, base, monkeypatch):
    monkeypatch.setattr(smtplib, "SMTP", FakeServer)
    monkeypatch.setattr(FakeServer, "sent", [])
    monkeypatch.setattr(FakeServer, "fails", 1)
    resources.mail = Smtp("mail.example.com", sender="sales@example.com")
    mail = Mail(key="m1", to="ann@riverside.example.com", subject="Hello\nthere", body="你好")

    def send_and_fail():
        with resources.session_for("acme", NOW) as session:
            resources.send(session, mail, now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        send_and_fail()
    assert FakeServer.sent == []

    for _ in range(2):
        with resources.session_for("acme", NOW) as session:
            resources.send(session, mail, now=NOW)
    resources.deliver_mail("acme", NOW)

    (message,) = FakeServer.sent
    assert (message["To"], message["From"], message["Subject"]) == (mail.to, "sales@example.com", "Hello there")
    assert message.get_content().strip() == "你好"
    with base() as session:
        (stored,) = mailbox(session)
        assert (stored.attempts, stored.sent_at) == (2, NOW)
