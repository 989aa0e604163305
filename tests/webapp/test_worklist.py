"""The worklist: what a person sees, takes, fills in and finishes."""

import io
import re

from tests.webapp.conftest import Visitor


def open_task(visitor: Visitor, view: str = "my_groups") -> str:
    """The id of the first task in a view."""
    visitor.get(f"/worklist?view={view}")
    return re.search(r'name="ids" value="([^"]+)"', visitor.page)[1]


def count(visitor: Visitor, view: str) -> int:
    visitor.get("/worklist/views")
    return int(re.search(rf'view={view}".*?class="count">(\d+)', visitor.page, re.S)[1])


def completion(**values: str) -> dict[str, str]:
    return {"completion_key": "once", "f.lines.rows": "1"} | {f"f.{name}": value for name, value in values.items()}


def test_a_task_waits_for_the_lane_s_group_and_nobody_else(office, visit):
    office.start("enquiry", {"company": "Nordwind"})

    assert count(visit("ines"), "my_groups") == 1
    assert count(visit("max"), "my_groups") == 0


def test_claiming_moves_the_task_to_mine(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")

    ines.post(f"/tasks/{open_task(ines)}/claim?view=my_groups")

    assert "It is yours now." in ines.page
    assert (count(ines, "mine"), count(ines, "my_groups")) == (1, 0)


def test_a_lost_race_is_told_kindly(office, visit, clock):
    office.start("enquiry", {"company": "Nordwind"})
    ines, li = visit("ines"), visit("li")
    task = open_task(li)
    ines.post(f"/tasks/{task}/claim")
    clock.pass_by(seconds=3)

    answer = li.post(f"/tasks/{task}/claim?view=my_groups")

    assert answer.status_code == 200
    assert re.search(r"taken by .*ines", answer.text, re.I)


def test_completing_opens_the_next_task(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    office.start("enquiry", {"company": "Südwind"})
    ines = visit("ines")
    first = open_task(ines)
    ines.post(f"/tasks/{first}/claim")

    answer = ines.post(
        f"/tasks/{first}/completion?view=my_groups", completion(spoke_with="Ms Chen", result="go"), follow=False
    )

    assert answer.status_code == 302
    next_task = re.search(r"task=(\w+)", answer.location)[1]
    assert next_task != first
    ines.get(answer.location)
    assert "First contact" in ines.page


def test_a_field_that_does_not_fit_is_named_and_nothing_typed_is_lost(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")

    answer = ines.post(f"/tasks/{task}/completion?view=mine", completion(amount="much", stop_reason="kept text"))

    assert answer.status_code == 422
    assert 'id="f-spoke_with-error"' in answer.text
    assert 'value="much"' in answer.text


def test_errors_are_told_in_the_reader_s_language(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    ines.post("/language/zh_Hans")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")

    answer = ines.post(f"/tasks/{task}/completion?view=mine", completion())

    assert "通话人：此项必填。" in answer.text
    assert "首次联系" in answer.text


def test_a_double_submit_counts_once(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")
    values = completion(spoke_with="Ms Chen")

    ines.post(f"/tasks/{task}/completion", values)
    answer = ines.post(f"/tasks/{task}/completion", values)

    assert answer.status_code == 200
    assert "Done:" in answer.text
    assert count(visit("max"), "my_groups") == 1


def test_values_and_rows_reach_the_process(office, visit):
    started = office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")

    rows = {"lines.0.sku": "PUMP-100", "lines.0.quantity": "2", "lines.4.sku": "HOSE-1", "lines.4.quantity": "1"}
    ines.post(f"/tasks/{task}/completion", completion(spoke_with="Ms Chen", amount="12.50", **rows))

    ines.get(f"/cases/{started.process_instance_id}")
    assert "PUMP-100" in ines.page
    assert "HOSE-1" in ines.page
    assert "12.5" in ines.page


def test_a_draft_survives_closing_the_browser(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")

    answer = ines.post(f"/tasks/{task}/draft", completion(spoke_with="Ms Ch", result="stop"), Accept="application/json")

    assert answer.json["saved"] is True
    assert "f.stop_reason" not in answer.json["hidden"]
    visit("ines").get(f"/worklist/tasks/{task}")
    again = visit("ines")
    again.get(f"/worklist/tasks/{task}")
    assert 'value="Ms Ch"' in again.page


def test_a_file_belongs_to_the_case_and_to_the_field(office, visit):
    started = office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")

    upload = ines.post(
        f"/tasks/{task}/files", {"file": (io.BytesIO(b"<script>"), "note.html")}, Accept="application/json"
    )
    ines.post(f"/tasks/{task}/completion", completion(spoke_with="Ms Chen", note_file=upload.json["id"]))

    ines.get(f"/cases/{started.process_instance_id}/tabs/documents")
    assert "note.html" in ines.page
    answer = ines.get(f"/cases/documents/{upload.json['id']}")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_same_address_shows_the_same_rows(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    office.start("enquiry", {"company": "Südwind"})
    address = "/worklist?view=all&q=Südwind&process=enquiry"

    pages = [visit(name).get(address).text for name in ("ines", "olga")]

    assert all("Enquiry of Südwind" in page and "Enquiry of Nordwind" not in page for page in pages)


def test_many_tasks_change_at_once_and_failures_are_told(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    office.start("enquiry", {"company": "Südwind"})
    ines, li = visit("ines"), visit("li")
    ines.get("/worklist?view=my_groups")
    ids = re.findall(r'name="ids" value="([^"]+)"', ines.page)
    li.post(f"/tasks/{ids[0]}/claim")

    answer = ines.post("/tasks/bulk?view=mine", {"verb": "claim", "ids": ids})

    assert "1 task changed." in answer.text
    assert re.search(r"taken by .*li", answer.text, re.I)


def test_a_saved_view_can_be_shared_with_the_group(office, visit):
    ines = visit("ines")

    ines.post("/worklist/saved?view=all&q=pump", {"name": "Pumps", "shared_with": "inside_sales"})

    assert "Pumps" in visit("li").get("/worklist/views").text
    assert "Pumps" not in visit("max").get("/worklist/views").text


def test_a_reassigned_task_lies_with_the_other_person(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    ines = visit("ines")
    task = open_task(ines)
    ines.post(f"/tasks/{task}/claim")

    ines.post(f"/tasks/{task}/reassignment", {"to": "li", "kind": "reassign", "reason": "on leave"})

    assert count(visit("li"), "mine") == 1


def test_an_empty_list_says_what_to_do(visit):
    assert "Nothing to do here." in visit("max").get("/worklist?view=mine").text
    assert "Clear filters" in visit("max").get("/worklist?view=mine&q=nothing").text
