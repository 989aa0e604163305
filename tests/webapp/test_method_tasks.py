"""The method in the worklist: every task of the loop and of a rollout can be sent as it is shown."""

import pytest
from lxml import html

from engine.worker import Worker
from practice_repo.loop_handlers import loop_handlers
from practice_repo.nba_tables import NbaRollout
from tests.support.advice import amounts

CLAIM = "/tasks/{}/claim?view=all"


class Loop:
    """A supervisor who does the tasks of the loop in the browser, without scripts."""

    def __init__(self, bare, visitor):
        self.bare = bare
        self.visitor = visitor
        self.worker = Worker(bare.office.store, loop_handlers(bare.office.store), bare.office.clock)

    def goes_on(self, **passing) -> None:
        if passing:
            self.bare.office.clock.pass_by(**passing)
        self.worker.run_due(self.bare.office.now)

    def shows(self, element_id: str) -> str:
        """The open task, claimed, as a page."""
        task = self.bare.office.task(element_id)
        self.visitor.post(CLAIM.format(task.id))
        return self.visitor.get(f"/worklist?view=mine&task={task.id}").text

    def sends(self, element_id: str, **changed: str) -> str:
        """What the page has in its fields, but for these; the page that was shown before."""
        page = self.shows(element_id)
        [form] = [each for each in html.fromstring(page).forms if "/completion" in (each.action or "")]
        values = dict(form.form_values()) | {f"f.{name}": value for name, value in changed.items()}
        self.visitor.post(form.action, values)
        self.goes_on()
        return page


@pytest.fixture(params=["en", "zh"])
def loop(request, bare, visit):
    olga = visit("olga")
    olga.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = request.param
    found = Loop(bare, olga)
    found.title = {"en": "Customer base", "zh": "客户数据"}[request.param]
    bare.adds("K01", "Customer base", "客户数据", amounts(300, 100))
    return found


def test_the_loop_is_walked_by_sending_what_stands_in_the_forms(loop):
    loop.visitor.post("/nba/loop")
    loop.sends("profile", industry="machinery")
    assert 'href="/needs"' in loop.sends("register_needs")
    page = loop.sends("decide", decision="accept")
    assert "2.00" in page
    assert f"<h4>{loop.title}</h4>" in page
    assert 'href="/nba"' in page
    page = loop.sends("plan_rollout", way="direct", hypercare_days="28")
    assert 'value="28"' in page
    loop.sends("train")
    loop.goes_on(days=28)
    page = loop.sends("adoption_check", actual_cost="120", stated_effect="280")
    assert "300" in page
    assert "100 CNY" in page
    [rollout] = loop.bare.practices.rows(NbaRollout)
    assert (rollout.state, rollout.actual_cost, rollout.actual_effect) == ("completed", 120, 280)
    assert loop.bare.office.open_tasks() == []
