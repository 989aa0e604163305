"""What people see and do, so that a test reads like a story.

`people["ines"].claims("First contact").fills(reached=True).completes()`: a person works at a browser of her own; what
she does is done on screen. After each deed the enterprise settles: the worker does what became due.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from engine.queries.incidents import incidents
from engine.queries.worklist import worklist
from engine.store.actor import SYSTEM
from webapp.demo import ENTERPRISE as DEMO
from webapp.wiring import Wiring

PATIENCE_MS = 20_000  # a busy machine is slow, a test that waits for the right thing is not
GRAVE = ("serious", "critical")


class Enterprise:
    """The running demo: its people, its mailbox, its time."""

    def __init__(self, browser: Browser, address: str, app: Flask, wiring: Wiring, password: str):
        self.browser = browser
        self.address = address
        self.app = app
        self.wiring = wiring
        self.password = password
        self.people = People(self)
        self.problems: list[str] = []  # what browsers complained about: blocked scripts, errors in pages
        self._contexts: list[Any] = []

    def settles(self) -> None:
        """Everything that is due now happens."""
        self.wiring.worker.run_due()

    def waits(self, *, days: int = 0, hours: int = 0, minutes: int = 0) -> None:
        """Time passes, day after day; what becomes due on the way happens then."""
        for _ in range(days):
            self.wiring.clock.pass_by(days=1)
            self.settles()
        self.wiring.clock.pass_by(hours=hours, minutes=minutes)
        self.settles()

    def opens_a_browser(self, **options: Any) -> Page:
        """A fresh browser page of nobody; its complaints are kept."""
        context = self.browser.new_context(
            base_url=self.address, **{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._complain(page, message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(page, str(error)))
        return page

    def goes_home(self) -> None:
        """All browsers close."""
        for context in self._contexts:
            context.close()

    def customer(self, link: str) -> "CustomerPage":
        """A customer who follows the link of a mail, without signing in."""
        page = self.opens_a_browser()
        page.goto(link)
        return CustomerPage(self, page)

    def __str__(self) -> str:
        """What waits and what stopped, to say why a test cannot go on."""
        now = self.wiring.clock.now()
        with self.wiring.store.reading() as work:
            tasks = worklist(work, actor=SYSTEM, view="all", now=now).rows
            stopped = incidents(work, enterprise_id=DEMO).rows
        return (
            f"open: {[(task.name, task.title, task.assignee or task.role) for task in tasks]}"
            f", stopped: {[(each.element_id, each.message) for each in stopped]}"
        )

    def _complain(self, page: Page, text: str) -> None:
        if "422" not in text:  # a form that is refused answers so
            self.problems.append(f"{page.url}: {text}")


class People(dict):
    """People by sign-in name; each signs in when first asked for."""

    def __init__(self, enterprise: Enterprise):
        super().__init__()
        self._enterprise = enterprise

    def __missing__(self, name: str) -> "Person":
        self[name] = Person(self._enterprise, name)
        return self[name]


class Person:
    """Somebody who is signed in."""

    def __init__(self, enterprise: Enterprise, name: str, **browser_options: Any):
        self.enterprise = enterprise
        self.name = name
        self.page = enterprise.opens_a_browser(**browser_options)
        self.page.goto("/sign-in")
        self.page.locator("#name").fill(name)
        self.page.locator("#password").fill(enterprise.password)
        self.page.locator("main form button").click()
        self.page.wait_for_url("**/worklist**")

    def goes_to(self, path: str) -> Page:
        """The page, which must exist."""
        answer = self.page.goto(path)
        assert answer is not None, f"{path} gave no answer"
        assert answer.ok, f"{path} answered {answer.status}"
        return self.page

    def starts(self, process: str) -> "StartPage":
        """The start form of the process of this name."""
        self.goes_to("/start")
        self.page.get_by_role("link", name=f"Start {process}", exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(process)
        return StartPage(self)

    def claims(self, task: str, *, of: str = "") -> "TaskPane":
        """The task of this name from her groups' list (of the case whose title or key holds `of`), now hers."""
        pane = self.opens(task, of=of, view="my_groups")
        pane.pane.get_by_role("button", name="Claim", exact=True).click()
        self.is_told("It is yours now.")
        return pane

    def opens(self, task: str, *, of: str = "", view: str = "mine") -> "TaskPane":
        """The task of this name from one of her views."""
        self._task_link(task, of=of, view=view).click()
        pane = TaskPane(self)
        pane.is_about(task)
        return pane

    def _task_link(self, task: str, *, of: str, view: str) -> Locator:
        self.goes_to(f"/worklist?view={view}&q={of}")
        link = self.page.locator("a[data-open]", has_text=exactly(task)).first
        assert link.is_visible(), (
            f"{self.name} finds in {view}, instead of {task}: {self.rows_shown()}; {self.enterprise}"
        )
        return link

    def rows(self, address: str) -> list[str]:
        """The titles of the worklist's rows at this address."""
        self.goes_to(address)
        return self.rows_shown()

    def rows_shown(self) -> list[str]:
        """The titles of the rows that the worklist shows now: step and case."""
        rows = self.page.locator("[data-task-row]")
        steps = rows.locator("a[data-open]").all_inner_texts()
        return [
            f"{step}: {case}" for step, case in zip(steps, rows.locator("a + .clip").all_inner_texts(), strict=True)
        ]

    def is_told(self, text: str) -> None:
        """The page says this on top."""
        expect(self.page.locator("#notices")).to_contain_text(text)

    def reads_mail(self, subject: str) -> "Mail":
        """The newest mail whose subject holds this text."""
        self.goes_to("/mailbox")
        self.page.locator("main a.list-group-item", has_text=subject).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(subject)
        return Mail(self.page)

    def publishes(self, message: str, *, of: str = "", **variables: str) -> None:
        """A waiting message (of the case that mentions `of`), as another system would report it; values are FEEL."""
        self.goes_to("/messages")
        waiting = self.page.locator("main .list-group-item").filter(has=self.page.get_by_text(message, exact=True))
        link = waiting.filter(has_text=of).first.get_by_role("link", name=f"Use {message}")
        assert link.is_visible(), f"nobody waits for {message}, but {waiting.all_inner_texts()}; {self.enterprise}"
        link.click()
        expect(self.page.get_by_label("Name", exact=True)).to_have_value(message)
        self.page.get_by_label("Variables").fill("\n".join(f"{name} = {value}" for name, value in variables.items()))
        self.page.get_by_role("button", name="Publish").click()
        self.is_told("Delivered")
        self.enterprise.settles()

    def looks_at_case(self, title: str) -> "CasePage":
        """The newest case whose title or key holds this text."""
        self.goes_to(f"/cases?q={title}")
        self.page.locator("main table a").first.click()
        self.page.wait_for_url("**/cases/*")
        return CasePage(self)

    def looks_at_customer(self, name: str) -> "CustomerRecord":
        """What the enterprise knows about the customer of this name."""
        self.goes_to(f"/customers?q={name}")
        self.page.locator("main table").get_by_role("link", name=name).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)
        return CustomerRecord(self.page)


class FormPage:
    """A form that a practice describes; fields go by their keys."""

    def __init__(self, person: Person, form: Locator):
        self.person = person
        self.form = form

    def fills(self, **values: Any) -> Self:
        """Enter the values in order: a text, number, date or choice; True or False; a list of choices; rows."""
        for key, value in values.items():
            self._fill(f"f.{key}", value)
        return self

    def _fill(self, name: str, value: Any) -> None:
        box = self.form.locator(f'[data-field="{name}"]')
        box.wait_for(state="visible")  # some appear when another one asks for them
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            self._fill_rows(box, name, value)
        elif isinstance(value, list):
            for each in value:
                box.locator(f'input[value="{each}"]').check()
        elif box.locator('input[type="radio"]').count():
            box.locator(f'input[type="radio"][value="{as_sent(value)}"]').check()
        elif isinstance(value, bool):
            box.locator('input[type="checkbox"]').set_checked(value)
        elif box.locator("select").count():
            box.locator("select").select_option(as_sent(value))
        else:
            box.locator("input:not([type=hidden]), textarea").fill(str(value))

    def _fill_rows(self, box: Locator, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        for number, row in enumerate(rows):
            if box.locator("[data-row]").count() <= number:
                box.get_by_role("button", name="Add a row").click()
            for key, value in row.items():
                self._fill(f"{name}.{number}.{key}", value)


class StartPage(FormPage):
    """The form that starts a process."""

    def __init__(self, person: Person):
        super().__init__(person, person.page.locator("main form.card"))

    def submits(self) -> Person:
        """The process starts."""
        self.form.get_by_role("button", name="Start", exact=True).click()
        self.person.is_told("Started.")
        self.person.enterprise.settles()
        return self.person


class TaskPane(FormPage):
    """The selected task beside the worklist."""

    def __init__(self, person: Person):
        self.pane = person.page.locator("#task")
        super().__init__(person, self.pane.locator("form[data-task-form]"))

    def is_about(self, task: str) -> None:
        expect(self.pane.get_by_role("heading", level=2).first).to_have_text(task)

    def completes(self) -> Person:
        """The task is done, and what follows it by itself happens."""
        self.form.get_by_role("button", name="Complete").click()
        self.person.is_told("Done:")
        self.person.enterprise.settles()
        return self.person


class CasePage:
    """One case: its state, where it stands, what happened."""

    def __init__(self, person: Person):
        self.person = person
        self.page = person.page

    def is_in_state(self, state: str) -> Self:
        """The case's state; where it is another one, the page says what it waits for."""
        found = self.page.locator("main .badge").first.inner_text().strip()
        assert found == state, f"the case is {found}: {self.page.locator('main .alert').all_inner_texts()}"
        return self

    def tells(self, *steps: str) -> Self:
        """The timeline names these steps."""
        told = self.page.locator("#panel-timeline ol.line").inner_text()
        assert [step for step in steps if step not in told] == []
        return self


class CustomerRecord:
    """The page of one customer."""

    def __init__(self, page: Page):
        self.page = page

    def rows(self, card: str) -> Locator:
        """The rows of a card, such as Orders."""
        return self.page.get_by_role("region", name=card, exact=True).locator("tbody tr")

    def number_of(self, card: str, status: str) -> str:
        """The number of the first row with this status."""
        return self.rows(card).filter(has_text=status).first.locator("td").first.inner_text()


class Mail:
    """An open mail."""

    def __init__(self, page: Page):
        self.page = page

    @property
    def link(self) -> str:
        """The address of the first link in its text."""
        address = self.page.locator("article .card-body a").first.get_attribute("href")
        assert address, "the mail holds no link"
        return address

    def says(self, text: str) -> Self:
        expect(self.page.locator("article")).to_contain_text(text)
        return self


class CustomerPage:
    """A page that a customer reaches by a link."""

    def __init__(self, enterprise: Enterprise, page: Page):
        self.enterprise = enterprise
        self.page = page

    def writes(self, **values: str) -> Self:
        """Fill the fields of these names."""
        for name, value in values.items():
            self.page.locator(f'[name="{name}"]').fill(value)
        return self

    def presses(self, button: str) -> Self:
        self.page.get_by_role("button", name=button).click()
        self.page.wait_for_load_state()
        self.enterprise.settles()
        return self

    def reads(self, text: str) -> Self:
        expect(self.page.locator("body")).to_contain_text(text)
        return self


def as_sent(value: Any) -> str:
    """The value of a choice as its HTML element carries it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def exactly(text: str) -> re.Pattern[str]:
    """The whole text, white space around it allowed."""
    return re.compile(rf"^\s*{re.escape(text)}\s*$")


def grave_findings(page: Page, path: str) -> list[str]:
    """Serious and critical accessibility findings of the page as it stands."""
    page.wait_for_load_state("networkidle")
    result = Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{violation['id']} on {path}: {violation['nodes'][0]['target']}"
        for violation in result.response["violations"]
        if violation["impact"] in GRAVE
    ]
