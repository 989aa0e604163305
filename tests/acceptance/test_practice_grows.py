"""A practice is acquired, made one's own, brought up to date, and given back to others, through the screens alone."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from engine.bpmn.writer import Editor
from engine.store.actor import SYSTEM
from practice_repo.algebra.package import Package
from practice_repo.commands.publish import publish
from practice_repo.practice import CARD, shipped_practices

pytestmark = pytest.mark.browser

LEAD_TO_ORDER = "lead_to_order"
PLAYS_EVERY_SCENARIO_MS = 180_000  # a hundred cases, on a busy machine
SAVED = "[data-save-state][data-state=saved]"
LEAD = {
    "source": "direct",
    "channel": "web",
    "company": "Nordwind Food Machines",
    "contact_name": "Ms Chen",
    "email": "chen@nordwind.example",
    "country": "CN",
    "city": "Suzhou",
    "region": "east",
    "need": "A pump for a new filling line",
    "request": "quote",
    "product_sku": "PUMP-100",
    "industry": "food",
    "employees": 240,
    "consent": True,
}


@dataclass
class Analyst:
    """Somebody who looks after the practices of an enterprise."""

    person: object

    @property
    def page(self) -> Page:
        return self.person.page

    def acquires(self, item_id: str) -> "Practice":
        self.person.goes_to(f"/library/{item_id}")
        self.page.get_by_role("button", name="Acquire", exact=True).click()
        self.page.wait_for_url("**/practices/*")
        return Practice(self, self.page.url.partition("/practices/")[2].partition("?")[0])


@dataclass
class Practice:
    """One practice of an enterprise, on screen."""

    analyst: Analyst
    id: str

    def opens(self, tab: str) -> Page:
        return self.analyst.person.goes_to(f"/practices/{self.id}?tab={tab}")

    def answers(self, **options: str) -> "Practice":
        page = self.opens("questions")
        for point, option in options.items():
            page.locator(f'input[name="point.{point}"][value="{option}"]').check()
        page.get_by_role("button", name="Build the answers in").click()
        self.analyst.person.is_told("Your answers are built into the practice.")
        return self

    def renames_in_the_modeler(self, file: str, element_id: str, name: str) -> "Practice":
        """One free edit, in the outline of the modeler."""
        page = self.analyst.person.goes_to(f"/modeler/{self.id}/?file={file}")
        expect(page.locator("[data-modeler][data-ready]")).to_be_visible()
        page.get_by_role("button", name="Outline", exact=True).click()
        box = page.locator(f'[data-row="{element_id}"]').get_by_role("textbox", name=re.compile("^Name of"))
        box.fill(name)
        box.press("Tab")
        expect(page.locator(SAVED)).to_be_visible()
        return self

    def lists_the_change(self, sentence: str) -> "Practice":
        expect(self.opens("changes").locator("main")).to_contain_text(sentence)
        return self

    def keeps(self, message: str) -> "Practice":
        page = self.opens("changes")
        page.get_by_label("What you changed, and why").fill(message)
        page.get_by_role("button", name="Keep", exact=True).click()
        self.analyst.person.is_told("Kept as a new state.")
        return self

    def is_bound(self) -> "Practice":
        page = self.opens("enterprise")
        page.get_by_label("Currency").fill("CNY")
        page.get_by_label("Time zone").fill("Asia/Shanghai")
        page.get_by_role("button", name="Bind").click()
        self.analyst.person.is_told("Bound to your enterprise.")
        return self

    def becomes_available(self) -> "Practice":
        page = self.opens("checks")
        page.get_by_role("button", name="Check now").click()
        expect(page.locator("#notices")).to_contain_text("All checks passed.", timeout=PLAYS_EVERY_SCENARIO_MS)
        page = self.opens("overview")
        page.get_by_role("button", name="Make available").click()
        self.analyst.person.is_told("Available:")
        return self


@pytest.fixture
def next_version():
    """Version 1.1 of lead to order: the first contact has another name, too, and a reminder comes earlier."""
    folder = next(each for each in shipped_practices() if each.name == LEAD_TO_ORDER)
    package = Package.from_folder(folder)
    editor = Editor(package.files["qualify_lead.bpmn"])
    editor.set_name("first_contact", "Call the lead")
    editor.set_name("log_contact", "Log the call")
    card = package.files[CARD].replace(b'version = "1.0.0"', b'version = "1.1.0"', 1)
    return package.with_files({"qualify_lead.bpmn": editor.source(), CARD: card})


def test_a_practice_is_acquired_tailored_upgraded_and_given_back(enterprise, people, next_version):
    nora, ines, olga = (people[name] for name in ("nora", "ines", "olga"))

    ours = Analyst(nora).acquires(LEAD_TO_ORDER)
    ours.answers(l6_site_survey="before_quote", l7_approval_ladder="one_level", l10_compliance="export_control")
    ours.renames_in_the_modeler("qualify_lead.bpmn", "first_contact", "First call")
    ours.lists_the_change("Rename the user task 'First contact' to 'First call'.")
    ours.keeps("We call, we do not write").is_bound().becomes_available()

    ines.starts("Lead to order").fills(**LEAD).submits()
    people["rosa"].opens("First call", view="my_groups")

    enterprise.wiring.run(
        lambda work: publish(
            work,
            package=next_version,
            actor=SYSTEM,
            now=enterprise.wiring.clock.now(),
            notes="Clearer names in qualification.",
        )
    )
    expect(nora.goes_to("/upgrades").locator("main")).to_contain_text("1.0.0 → 1.1.0")
    page = ours.opens("overview")
    page.get_by_role("link", name="Version 1.1.0 of the original is there").click()
    expect(page.locator("main .conflict")).to_have_count(1)
    expect(page.get_by_role("button", name="Take it over")).to_be_disabled()
    page.get_by_role("button", name="Keep ours").click()
    nora.is_told("Decided, and remembered for the next time.")
    page.get_by_role("button", name="Take it over").click()
    nora.is_told("The new version is merged in.")
    ours.becomes_available()

    page = olga.goes_to(f"/operations/processes/{LEAD_TO_ORDER}")
    page.get_by_role("link", name="Migrate …").click()
    expect(page.locator("main")).to_contain_text("1 of 1 cases can go on in version 3.")
    page.get_by_label("Why the cases change their version").fill("The library's version 1.1")
    page.get_by_role("button", name="Migrate 1 case").click()
    enterprise.settles()
    case = people["rosa"].looks_at_case("Nordwind")
    expect(case.page.locator("main")).to_contain_text("version 3")
    people["rosa"].claims("First call")

    nora.goes_to(f"/contributions/new/{ours.id}")
    nora.page.get_by_label("Title", exact=True).fill("Short ladder, survey first")
    nora.page.get_by_label("Names that must not leave").fill("Nordwind")
    nora.page.get_by_role("button", name="Prepare, and show what would leave").click()
    nora.is_told("Prepared.")
    enterprise.settles()
    contribution = nora.page.url.partition("/contributions/")[2]
    page = nora.goes_to(f"/contributions/{contribution}")
    page.get_by_role("checkbox", name="I have looked at what leaves").check()
    page.get_by_role("button", name="Confirm and send").click()
    nora.is_told("On its way")
    enterprise.settles()
    for name in ("rita", "sven"):
        reviewer = people[name]
        page = reviewer.goes_to("/contributions")
        page.get_by_role("link", name="Short ladder, survey first").click()
        expect(page.locator("main")).not_to_contain_text("Nora")
        page.get_by_role("radio", name="Accept").check()
        page.get_by_label("It becomes").select_option("variant")
        page.get_by_label("Comment").fill("Fits small companies.")
        page.get_by_role("button", name="Send the review").click()
        reviewer.is_told("Thank you")
        enterprise.settles()
    page = nora.goes_to(f"/contributions/{contribution}")
    expect(page.locator("main .row-facts .badge").first).to_have_text("released")

    maya = people["maya"]
    page = maya.goes_to("/library?q=Short+ladder&sort=newest")
    page.locator("main .card-title a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Short ladder, survey first")
    page.get_by_role("button", name="Acquire", exact=True).click()
    maya.is_told("Acquired.")
    theirs = Practice(Analyst(maya), page.url.partition("/practices/")[2].partition("?")[0])
    expect(theirs.opens("overview").locator("main")).to_contain_text("1.0.0")
    expect(nora.goes_to("/contributions").get_by_role("region", name="Who gave most")).to_contain_text("1")
