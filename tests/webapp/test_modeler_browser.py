"""The modeler in a real browser: an analyst tailors a practice, by mouse and by keyboard alone."""

# ruff: noqa: F811  fixtures are taken by name

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from practice_repo.algebra.package import Package, package_difference
from practice_repo.commands.acquire import acquire
from practice_repo.commands.publish_shipped import publish_shipped
from practice_repo.commands.save_draft import save_draft
from practice_repo.practice import shipped_practices
from practice_repo.queries.workspace import draft_file
from tests.support.small_practice import small_practice
from tests.webapp.test_browser import address, page, serious, sign_in  # noqa: F401  fixtures
from tests.webapp.test_modeler import OLGA, variant_id  # noqa: F401  fixtures

pytestmark = pytest.mark.browser
SOURCES = Path(__file__).parents[2] / "webapp/frontend/src/modeler"
SAVED = "[data-save-state][data-state=saved]"


def open_modeler(page, variant_id, path="", person="olga"):
    sign_in(page, person)
    page.goto(f"/modeler/{variant_id}/{path}")
    expect(page.locator("[data-modeler][data-ready]")).to_be_visible()


def side(page, name):
    """Show one of the tabs beside the diagram; its panel."""
    page.locator(".modeler-side").get_by_role("tab", name=name).click()
    return page.locator(".side-panel:visible")


def element(page, element_id):
    return page.locator(f'.djs-element[data-element-id="{element_id}"]')


def saved(page):
    """Wait until the edit is noticed, and saved."""
    expect(page.locator(SAVED)).to_be_visible()


def content(office, variant_id, name="process.bpmn"):
    return office.ask(draft_file, candidate_id=variant_id, name=name, actor=OLGA).content.decode()


@pytest.fixture
def modeler(page, variant_id):
    open_modeler(page, variant_id)
    return page


def test_a_renamed_task_is_saved_and_listed_and_can_be_taken_back_alone(modeler, office, variant_id):
    element(modeler, "approve").click()
    modeler.get_by_label("Name", exact=True).fill("Sign")
    element(modeler, "look").click()
    modeler.get_by_label("Due").fill("PT8H")
    changes = side(modeler, "Changes")
    expect(changes).to_contain_text("Rename the user task 'Approve' to 'Sign'.")
    expect(changes.locator("li")).to_have_count(2)
    expect(element(modeler, "approve")).to_have_class(re.compile("is-changed"))

    changes.get_by_role("button", name="Take back: Rename").click()

    expect(changes.locator("li")).to_have_count(1)
    assert 'name="Approve"' in content(office, variant_id)
    assert "PT8H" in content(office, variant_id)
    expect(element(modeler, "approve")).to_contain_text("Approve")


def test_a_finding_appears_while_typing_and_vanishes_when_it_is_mended(modeler):
    modeler.evaluate("document.querySelector('[data-modeler]').desk.editor.select('large_to_approve')")
    condition = modeler.get_by_label("Taken when")

    condition.fill("=level >")

    expect(modeler.locator(".field-note.is-problem")).to_contain_text("expected")
    problems = side(modeler, "Problems")
    expect(problems.locator("li.is-error")).to_contain_text("is not FEEL")
    expect(element(modeler, "large_to_approve")).to_have_class(re.compile("has-error"))
    side(modeler, "Properties")
    modeler.get_by_label("Taken when").fill("=level > 1")
    expect(side(modeler, "Problems")).to_contain_text("Nothing is wrong.")
    expect(element(modeler, "large_to_approve")).not_to_have_class(re.compile("has-error"))


def test_an_unknown_variable_is_doubted_and_a_known_one_completed(modeler):
    modeler.evaluate("document.querySelector('[data-modeler]').desk.editor.select('large_to_approve')")
    condition = modeler.get_by_label("Taken when")

    condition.fill("=amout > 3")
    expect(modeler.locator(".field-note.is-doubt")).to_contain_text("Nothing in this practice sets amout")
    condition.fill("=amou")
    expect(modeler.locator(".suggestions li").first).to_contain_text("amount")
    condition.press("ArrowDown")
    condition.press("Enter")

    expect(condition).to_have_value("=amount")


def test_the_keyboard_alone_inserts_renames_connects_and_deletes(page, office, variant_id):
    open_modeler(page, variant_id)
    outline = page.get_by_role("button", name="Outline", exact=True)
    outline.focus()
    page.keyboard.press("Enter")

    page.get_by_role("button", name="Add after Look at it").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("S")  # chooses "Service task" in the list of kinds
    page.keyboard.press("Tab")
    page.keyboard.type("Look up")
    page.keyboard.press("Enter")

    added = page.locator(".outline-table tr", has_text="Service task")
    expect(added.get_by_role("textbox", name=re.compile("Name of"))).to_have_value("Look up")
    expect(added.get_by_role("textbox", name=re.compile("Name of"))).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("crm.lookup")
    page.keyboard.press("Tab")
    page.get_by_label("Condition of the way to Approve").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("=level > 2")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Delete Approve").focus()
    page.keyboard.press("Enter")

    changes = side(page, "Changes")
    expect(changes).to_contain_text("Insert the service task 'Look up' between 'Look at it' and 'Level'")
    saved(page)
    source = content(office, variant_id)
    assert 'praxis:topic="crm.lookup"' in source
    assert 'id="approve"' not in source
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator('[data-row="approve"]')).to_be_visible()


def test_scenarios_play_with_coverage_and_say_what_failed(modeler):
    play = side(modeler, "Play")

    play.get_by_role("button", name="Play all 3 scenarios").click()

    expect(play).to_contain_text("2 of 3 passed.")
    expect(play.get_by_role("listitem").filter(has_text="wrong expectation")).to_contain_text("approve")
    expect(play).to_contain_text("100 % of the ways are covered")
    expect(element(modeler, "large_to_approve")).to_have_class(re.compile("is-covered"))
    play.locator("summary", has_text="small request").click()
    play.get_by_role("button", name="Show only this way").first.click()
    expect(element(modeler, "approve")).to_have_class(re.compile("is-missed"))


def test_a_scenario_is_edited_checked_and_kept(modeler, office, variant_id):
    play = side(modeler, "Play")
    play.locator("summary", has_text="wrong expectation").click()
    play.get_by_role("button", name="Edit").last.click()
    text = play.get_by_label("Scenario", exact=True)

    text.fill('[[scenario]]\nname = "right"\n[[scenario.step]]\njump = 1\n')
    play.get_by_role("button", name="Save the scenario").click()
    expect(play.get_by_role("alert")).to_contain_text("exactly one of")
    text.fill(
        '[[scenario]]\nname = "right"\nvariables = {amount = 1}\n[[scenario.step]]\nexpect = {waiting = ["look"]}\n'
    )
    play.get_by_role("button", name="Save the scenario").click()

    play.get_by_role("button", name="Play all 3 scenarios").click()
    expect(play).to_contain_text("3 of 3 passed.")
    saved(modeler)
    assert 'name = "right"' in content(office, variant_id, "scenarios.toml")
    assert "# Played in the tests." in content(office, variant_id, "scenarios.toml")


def test_a_form_field_is_added_and_what_the_builder_does_not_know_stays(modeler, office, variant_id):
    modeler.get_by_role("tab", name="Forms").click()
    modeler.locator('select[aria-label="Form"]').select_option("forms/look.json")
    modeler.get_by_role("button", name="Add after Fine").click()
    modeler.get_by_label("Label: New field").fill("Colour")
    modeler.get_by_label("Label: New field").press("Tab")

    expect(modeler.locator(".form-preview:visible")).to_contain_text("Colour")
    expect(side(modeler, "Changes").locator("li")).not_to_have_count(0)
    saved(modeler)
    form = json.loads(content(office, variant_id, "forms/look.json"))
    assert [each["label"] for each in form["components"]] == ["Fine", "Colour", "Note"]
    assert form["components"][0]["ours"] == "kept"
    assert form["components"][0]["label:zh"] == "可以"


def test_files_are_added_and_removed_and_come_back(modeler):
    modeler.get_by_role("tab", name="Decisions").click()
    modeler.get_by_role("button", name="New decision").click()
    expect(modeler.locator('select[aria-label="Decision file"]')).to_have_value("decision_1.dmn")
    modeler.get_by_role("tab", name="Forms").click()
    modeler.get_by_role("button", name="Remove", exact=True).click()
    modeler.get_by_role("dialog").get_by_role("button", name="Remove").click()

    changes = side(modeler, "Changes")
    expect(changes.locator("li")).to_have_count(2)
    expect(modeler.locator('select[aria-label="Form"] option')).to_have_count(1)
    changes.locator("li", has_text="forms/approve.json").get_by_role("button", name="Take back").click()
    expect(modeler.locator('select[aria-label="Form"] option')).to_have_count(2)


def test_a_rule_is_edited_in_the_table(modeler, office, variant_id):
    modeler.get_by_role("tab", name="Decisions").click()
    cell = modeler.locator('td[data-element-id="small_in"]')
    cell.click()
    expect(cell.locator(".cm-content")).to_be_focused()
    modeler.keyboard.press("End")
    modeler.keyboard.type("0")
    modeler.locator('td[data-element-id="large_in"]').click()

    expect(side(modeler, "Changes").locator("li")).not_to_have_count(0)
    saved(modeler)
    assert "&lt; 10000<" in content(office, variant_id, "level.dmn")


@pytest.mark.parametrize(
    ("choice", "look", "approve"),
    [("Take theirs and lose mine", "Inspect", "Approve"), ("Keep what is on my screen", "Look at it", "Sign")],
)
def test_a_conflict_is_told_and_settled(chromium, address, office, variant_id, choice, look, approve):
    context = chromium.new_context(base_url=address)
    modeler = context.new_page()  # the console tells of the refused request
    open_modeler(modeler, variant_id)
    found = office.ask(draft_file, candidate_id=variant_id, name="process.bpmn", actor=OLGA)
    theirs = found.content.replace(b'name="Look at it"', b'name="Inspect"')
    office.do(
        save_draft,
        candidate_id=variant_id,
        name="process.bpmn",
        content=theirs,
        expected_digest=found.digest,
        actor=OLGA,
    )

    element(modeler, "approve").click()
    modeler.get_by_label("Name", exact=True).fill("Sign")

    modeler.get_by_role("button", name=choice).click()

    expect(element(modeler, "look")).to_contain_text(look)
    expect(element(modeler, "approve")).to_contain_text(approve)
    saved(modeler)
    context.close()
    assert f'name="{look}"' in content(office, variant_id)
    assert f'name="{approve}"' in content(office, variant_id)


def test_an_import_report_leads_to_what_must_be_decided(page, office, variant_id):
    item = {"what": "a Java class does the work", "remedy": "bind a topic", "element_id": "approve", "count": 1}
    item["element_name"] = "Approve"
    report = {"tool": "Camunda 7", "exporter": "", "mapped": [], "dropped": [], "decisions": [item]}
    office.do(
        save_draft,
        candidate_id=variant_id,
        name="import_report.json",
        content=json.dumps(report).encode(),
        expected_digest=None,
        actor=OLGA,
    )
    open_modeler(page, variant_id)

    page.get_by_role("tab", name="Import report").click()
    expect(page.get_by_text("a Java class does the work")).to_be_visible()
    page.get_by_role("button", name="Approve").click()

    expect(element(page, "approve")).to_have_class(re.compile("selected"))


def test_copies_and_changed_kinds_remember_their_lineage(modeler, office, variant_id):
    lineage = modeler.evaluate(
        """() => {
          const editor = document.querySelector('[data-modeler]').desk.editor;
          const copies = editor.get('copyPaste');
          copies.copy([editor.element('approve')]);
          const [copy] = copies.paste({ element: editor.element('approve').parent, point: { x: 700, y: 90 } });
          const [uid, form] = [copy.businessObject.get('praxis:uid'), copy.businessObject.get('praxis:formKey')];
          const manual = editor.get('bpmnReplace').replaceElement(copy, { type: 'bpmn:ManualTask' });
          return [uid, form, manual.id === copy.id, manual.businessObject.get('praxis:uid')];
        }"""
    )

    assert lineage == ["approve", "approve", True, "approve"]
    saved(modeler)


def test_chinese_labels_are_read_and_edited_in_chinese(chromium, address, office, variant_id):
    context = chromium.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = context.new_page()
    open_modeler(page, variant_id)
    expect(element(page, "approve")).to_contain_text("审批")
    expect(page.get_by_role("button", name="创建任务")).to_be_visible()

    element(page, "approve").click()
    page.get_by_label("名称", exact=True).fill("签字")

    expect(side(page, "更改").locator("li")).to_have_count(1)
    saved(page)
    found = serious(page, "modeler in Chinese")
    context.close()
    source = content(office, variant_id)
    assert 'name="Approve"' in source
    assert re.search('name="name:zh" value="签字"', source)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_modeler_has_no_serious_accessibility_finding(chromium, address, office, variant_id, scheme):
    context = chromium.new_context(base_url=address, color_scheme=scheme, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    open_modeler(page, variant_id)
    element(page, "approve").click()
    found = serious(page, "diagram")
    page.get_by_role("button", name="Outline", exact=True).click()
    for name in ("Problems", "Changes", "Play"):
        side(page, name)
        found += serious(page, name)
    for name, mark in (("Forms", ".form-preview"), ("Card", ".modeler-panel .row-facts")):
        page.get_by_role("tab", name=name).click()
        expect(page.locator(mark).first).to_be_visible()
        found += serious(page, name)
    context.close()

    assert found == []


def test_who_may_not_tailor_reads_and_plays_but_changes_nothing(page, variant_id):
    open_modeler(page, variant_id, person="ines")

    expect(page.locator("[data-save-state]")).to_contain_text("Only to read")
    expect(page.locator(".djs-palette")).to_have_count(0)
    element(page, "approve").click()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Approve")
    page.get_by_role("button", name="Outline", exact=True).click()
    expect(page.get_by_role("button", name="Delete Approve")).to_have_count(0)


def test_a_phone_gets_the_outline(chromium, address, office, variant_id):
    context = chromium.new_context(base_url=address, viewport={"width": 390, "height": 800})
    page = context.new_page()
    open_modeler(page, variant_id)

    expect(page.get_by_text("The diagram needs a larger screen.")).to_be_visible()
    expect(page.locator('[data-row="approve"]')).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_token_can_be_sent_through_the_model(modeler):
    modeler.get_by_role("button", name="Simulate").click()

    expect(modeler.locator(".bts-toggle-mode")).to_be_visible()
    modeler.get_by_role("button", name="Close the simulation").click()
    expect(modeler.locator(".simulation")).to_have_count(0)


ALL_KINDS = (".bpmn", ".dmn", "forms/approve.json")


@pytest.mark.parametrize(("locale", "endings"), [("en-GB", ALL_KINDS), ("zh-CN", ("process.bpmn", "_lead.bpmn"))])
def test_opening_and_saving_a_shipped_practice_changes_nothing(chromium, address, office, locale, endings):
    """The files of the largest practice go through the editors and mean the same."""
    folder = next(folder for folder in shipped_practices() if folder.name == "lead_to_order")
    package = Package.from_folder(folder)
    office.store.run(lambda work: publish_shipped(work, [package], office.now))
    variant = office.do(acquire, item_id="lead_to_order", actor=OLGA)
    context = chromium.new_context(base_url=address, locale=locale, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    open_modeler(page, variant)

    script = """async (name) => {
      const desk = document.querySelector('[data-modeler]').desk;
      await desk.openFile(name);
      return desk.editors.get(name).content();
    }"""
    names = [name for name in package.files if name.endswith(endings)]
    written = {name: page.evaluate(script, name).encode() for name in names}
    context.close()

    assert package_difference(package, package.with_files(written)) == ()


def test_every_word_of_the_modeler_is_known_in_chinese():
    chinese = (SOURCES / "chinese.js").read_text()
    known = set(re.findall(r'^  (?:"((?:[^"\\]|\\.)*)"|([\w]+)):', chinese, re.MULTILINE))
    known = {quoted or plain for quoted, plain in known}

    said = set()
    for source in SOURCES.glob("*.js"):
        said |= set(re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', source.read_text()))

    assert sorted(said - known) == []


def test_the_small_practice_of_these_tests_is_whole():
    assert set(small_practice().documents) == set(small_practice().files)
