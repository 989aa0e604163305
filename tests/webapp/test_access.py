"""Who gets in, and what a page lets happen to itself."""

import re

import pytest

from tests.webapp.conftest import PASSWORD


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(visit):
    stranger = visit()

    answer = stranger.get("/worklist?view=overdue")

    assert answer.status_code == 302
    assert "/sign-in?next=" in answer.location
    answer = stranger.post(answer.location, {"name": "ines", "password": PASSWORD}, follow=False)
    assert answer.location == "/worklist?view=overdue"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_to_no_foreign_address(visit, target):
    answer = visit().post(f"/sign-in?next={target}", {"name": "ines", "password": PASSWORD}, follow=False)

    assert answer.location == "/"


def test_too_many_wrong_passwords_mean_a_pause_that_ends(visit, clock):
    stranger = visit()
    for _attempt in range(3):
        assert stranger.post("/sign-in", {"name": "ines", "password": "wrong one"}).status_code == 401

    assert stranger.post("/sign-in", {"name": "ines", "password": PASSWORD}).status_code == 429
    clock.pass_by(seconds=301)
    assert stranger.post("/sign-in", {"name": "ines", "password": PASSWORD}).status_code == 200


def test_signing_out_ends_the_session(visit):
    ines = visit("ines")

    ines.post("/sign-out")

    assert ines.get("/worklist").status_code == 302


def test_a_form_without_the_token_is_refused_kindly(visit):
    ines = visit("ines")

    answer = ines.client.post("/tasks/bulk", data={"verb": "claim"})

    assert answer.status_code == 400
    assert "Reload it" in answer.text


def test_every_page_forbids_foreign_and_inline_scripts(visit):
    answer = visit("ines").get("/worklist")

    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    assert "unsafe" not in policy
    assert all(f'nonce="{nonce}"' in tag for tag in re.findall(r"<script(?![^>]*src=)[^>]*>", answer.text))
    assert not re.search(r"\son\w+=|\sstyle=", answer.text)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_operations_are_for_supervisors(visit):
    assert visit("ines").get("/operations").status_code == 403
    assert visit("olga").get("/operations").status_code == 200


def test_an_unknown_page_says_what_to_do(visit):
    answer = visit("ines").get("/cases/0123456789abcdef0123456789abcdef")

    assert answer.status_code == 404
    assert "look again" in answer.text
    assert "Traceback" not in answer.text


def test_a_program_gets_a_problem_document(visit):
    answer = visit("ines").get("/cases/unknown", Accept="application/json")

    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404


def test_an_unexpected_error_shows_a_number_and_no_stack(visit, app, monkeypatch):
    monkeypatch.setattr("webapp.pages.start.startable", lambda *_a, **_k: 1 / 0)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    answer = visit("ines").get("/start")

    assert answer.status_code == 500
    assert "Nothing was lost" in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_a_page_that_changes_nothing_sends_no_session(visit):
    """A late answer must not bring an old session back: the newer one's notices would be lost."""
    ines = visit("ines")

    assert "Set-Cookie" not in ines.get("/worklist/views").headers
