"""A real browser: the keyboard alone is enough, nothing is in the way of a screen reader, no script is blocked."""

import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from werkzeug.serving import make_server

from practice_repo.commands.add_need import add_need
from practice_repo.commands.contribute import contribute
from practice_repo.commands.cover_need import cover_need
from practice_repo.tables import PracticeUpgrade
from tests.webapp.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def address(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium, address):
    """A page whose console must stay free of errors (blocked styles and scripts are such)."""
    context = chromium.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def sign_in(page, name: str) -> None:
    page.goto("/sign-in")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/worklist**")


def test_a_task_is_found_claimed_filled_and_completed_by_keyboard_alone(page, office):
    office.start("enquiry", {"company": "Nordwind"})
    sign_in(page, "ines")

    for view, key in (("overdue", "o"), ("my_groups", "g")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**view={view}**")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#task h2")).to_have_text("First contact")
    page.keyboard.press("c")
    expect(page.locator("#notices")).to_contain_text("It is yours now.")
    page.keyboard.press("e")
    page.keyboard.type("Ms Chen")
    page.keyboard.press("Tab")
    page.keyboard.type("1200")
    expect(page.locator("[data-draft-note]")).to_have_text("Draft saved")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#notices")).to_contain_text("Done: Enquiry of Nordwind")
    assert office.task("approve").role == "manager"


def test_a_field_appears_when_another_one_asks_for_it(page, office):
    office.start("enquiry", {"company": "Nordwind"})
    sign_in(page, "ines")
    page.goto("/worklist?view=my_groups")
    page.locator("a[data-open]").click()
    page.get_by_role("button", name="Claim").first.click()
    expect(page.get_by_label("Why stop")).to_be_hidden()

    page.get_by_label("Result").select_option("stop")

    expect(page.get_by_label("Why stop")).to_be_visible()


def test_rows_are_added_and_removed(page, office):
    office.start("enquiry", {"company": "Nordwind"})
    sign_in(page, "ines")
    page.goto("/worklist?view=my_groups")
    page.locator("a[data-open]").click()
    page.get_by_role("button", name="Claim").first.click()

    page.get_by_role("button", name="Add a row").click()
    page.keyboard.type("PUMP-100")
    page.get_by_role("button", name="Add a row").click()
    page.keyboard.type("HOSE-1")
    page.get_by_role("button", name="Remove this row").first.click()

    expect(page.get_by_label("Product")).to_have_value("HOSE-1")


def test_the_diagram_shows_where_the_token_is(page, office):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    sign_in(page, "max")

    page.goto(f"/cases/{case}")

    expect(page.locator('[data-element-id="first_contact"].is-active')).to_be_visible()
    expect(page.locator('[data-element-id="start"].is-done')).to_be_visible()
    expect(page.locator(".bjs-powered-by")).to_be_visible()


def test_the_list_and_the_task_take_turns_on_a_phone(page, office):
    office.start("enquiry", {"company": "Nordwind"})
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in(page, "ines")
    page.goto("/worklist?view=my_groups")

    page.locator("a[data-open]").click()

    expect(page.locator("#task h2")).to_be_visible()
    expect(page.locator(".pane-list")).to_be_hidden()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".pane-list")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_cases_go_on_in_another_version(page, app, two_versions, width):
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, "olga")
    page.goto("/operations/processes/enquiry/migration")
    expect(page.locator('[data-element-id="approve"].is-removed')).to_be_visible()
    expect(page.locator('[data-element-id="talk"].is-mapped')).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("1 of 2 cases")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    found = serious(page, "plan")

    page.get_by_label("Where cases at Approve go on").focus()
    page.keyboard.type("Sign")
    page.get_by_role("button", name="Try out with these choices").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("2 of 2 cases")
    page.get_by_label("Why the cases change their version").fill("One talk is enough")
    page.keyboard.press("Enter")
    page.wait_for_url("**/migrations/**")
    found += serious(page, "progress")
    app.extensions["praxis"].worker.run_due()

    expect(page.get_by_text("2 of 2 cases")).to_be_visible()
    assert two_versions.open_tasks() == ["sign", "talk"]
    assert found == []


PAGES = (
    "/worklist?view=all",
    "/worklist?view=mine&q=nothing",
    "/start",
    "/start/enquiry",
    "/cases",
    "/customers",
    "/mailbox",
    "/library",
    "/imports",
    "/nba",
    "/nba/profile",
    "/nba/activities",
    "/operations",
    "/operations/processes/enquiry",
    "/operations/processes/enquiry/migration",
    "/operations/migrations",
    "/operations/incidents",
    "/messages",
    "/method",
    "/method/usability",
)


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light"), ("zh-CN", "dark")])
def test_no_page_has_a_serious_accessibility_finding(chromium, address, office, language, scheme):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    task = office.task("first_contact").id
    context = chromium.new_context(base_url=address, locale=language, color_scheme=scheme)
    page = context.new_page()
    page.goto("/sign-in")
    found = serious(page, "/sign-in")
    sign_in(page, "olga")
    for path in (*PAGES, f"/cases/{case}", f"/worklist?view=all&task={task}"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found += serious(page, path)
    context.close()

    assert not found, "\n".join(found)


@pytest.fixture
def practice_pages(practices) -> tuple[str, ...]:
    """Addresses of pages about practices, with something on each: changes, an upgrade in dispute, a contribution."""
    worker = practices.open_the_review()
    candidate_id = practices.contributable()
    offer = {"candidate_id": candidate_id, "title": "Sign with care", "known_names": ["Huber"]}
    contribution_id = practices.do(contribute, **offer)
    worker.run_due(practices.office.now)
    need_id = practices.do(add_need, title="Answer requests", kpi="answered", area="service", priority="must")
    practices.do(cover_need, need_id=need_id, kind="candidate", target_id=candidate_id, degree="partial")
    practices.edit(candidate_id, 'name="Level"', 'name="Rate"', keep=False)
    practices.ship_next("1.1.0", "Approve", "Decide")
    upgrade_id = practices.row(PracticeUpgrade).id
    tabs = ("overview", "questions", "changes", "enterprise", "checks", "history")
    return (
        "/library",
        "/library?q=nothing",
        "/library/triage",
        "/practices",
        *(f"/practices/{candidate_id}?tab={tab}" for tab in tabs),
        f"/compare?before=origin:{candidate_id}&after=draft:{candidate_id}",
        "/needs",
        "/needs/coverage",
        f"/needs/{need_id}",
        "/upgrades",
        f"/upgrades/{upgrade_id}",
        "/contributions",
        f"/contributions/new/{candidate_id}",
        f"/contributions/{contribution_id}",
        "/sandbox?item_id=triage",
        *(f"/method{page}" for page in ("", "/winer", "/iris", "/usability", "/benefits")),
    )


@pytest.mark.parametrize(("language", "scheme", "width"), [("en-GB", "light", 1440), ("zh-CN", "dark", 390)])
def test_pages_about_practices_are_accessible_and_fit_the_screen(
    chromium, address, practice_pages, language, scheme, width
):
    viewport = {"width": width, "height": 900}
    context = chromium.new_context(base_url=address, locale=language, color_scheme=scheme, viewport=viewport)
    page = context.new_page()
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    sign_in(page, "anna")
    for path in practice_pages:
        answer = page.goto(path)
        page.wait_for_load_state("networkidle")
        found += serious(page, path)
        if answer.status != 200:
            found.append(f"{answer.status} on {path}")
        if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            found.append(f"too wide: {path}")
    context.close()

    assert not found, "\n".join(found)


@pytest.mark.parametrize(("language", "scheme", "width"), [("en-GB", "light", 1440), ("zh-CN", "dark", 390)])
def test_pages_of_the_next_best_activity_are_accessible_and_fit_the_screen(
    chromium, address, advice, language, scheme, width
):
    advice.decides("override", activity_id=advice.ids["K08"], reason="Prices first")
    advice.starts_the_loop()
    advice.scans()
    newest, first = (each.id for each in advice.page().history)
    viewport = {"width": width, "height": 900}
    context = chromium.new_context(base_url=address, locale=language, color_scheme=scheme, viewport=viewport)
    page = context.new_page()
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    sign_in(page, "gina")
    paths = ("", "/profile", "/activities", f"/activities/{advice.ids['K05']}", f"/recommendations/{first}")
    for path in paths:
        answer = page.goto(f"/nba{path}")
        page.wait_for_load_state("networkidle")
        page.evaluate("() => document.querySelectorAll('details').forEach((each) => (each.open = true))")
        found += serious(page, path)
        if answer.status != 200:
            found.append(f"{answer.status} on {path}")
        if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            found.append(f"too wide: {path}")
    context.close()

    assert newest != first
    assert not found, "\n".join(found)


def test_a_manager_estimates_and_decides_by_keyboard_alone(page, advice):
    sign_in(page, "gina")
    page.goto(f"/nba/activities/{advice.ids['K30']}")
    expect(page.locator("#preview")).to_contain_text("Needs an estimate")
    page.get_by_role("button", name="Add a cost").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Training")
    page.get_by_label("Amount", exact=True).focus()
    page.keyboard.type("20000")
    page.get_by_label("Further effect as an amount").focus()
    page.keyboard.type("300000")
    expect(page.locator("#preview")).to_contain_text("14.00")
    page.get_by_role("button", name="Save the estimate").press("Enter")
    expect(page.locator("#notices")).to_contain_text("Saved as a new version")

    page.goto("/nba")
    page.get_by_role("button", name="Scan again").first.press("Enter")
    expect(page.locator("#recommended")).to_have_text("Stop double entry")
    page.get_by_role("button", name="Defer").press("Enter")
    expect(page.get_by_role("heading", name="Not now")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Accept").press("Enter")

    expect(page.locator("#notices")).to_contain_text("Accepted")
    expect(page.locator("#running")).to_be_visible()


def serious(page, path: str) -> list[str]:
    """The rule, the page and the first element of each serious finding."""
    result = Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{violation['id']} on {path}: {violation['nodes'][0]['target']}"
        for violation in result.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
