"""Starting, looking into, and repairing cases."""

import re

from sqlalchemy import update

from engine.commands.set_variables import set_variables
from engine.store.tables import ProcessInstance


def test_starting_through_the_form_opens_the_first_task(office, visit):
    ines = visit("ines")
    ines.get("/start/enquiry")

    answer = ines.post("/start/enquiry", {"f.company": "Nordwind"})

    assert "First contact" in answer.text
    assert "Enquiry of Nordwind" in answer.text


def test_a_start_form_that_does_not_fit_starts_nothing(office, visit):
    ines = visit("ines")

    answer = ines.post("/start/enquiry", {"f.company": ""})

    assert answer.status_code == 422
    assert 'id="f-company-error"' in answer.text
    assert "No case matches" in ines.get("/cases").text


def test_starting_twice_with_one_business_key_shows_the_first_case(office, visit):
    ines = visit("ines")
    ines.post("/start/enquiry", {"f.company": "Nordwind", "business_key": "E-1"})

    answer = ines.post("/start/enquiry", {"f.company": "Nordwind", "business_key": "E-1"})

    assert "already runs" in answer.text


def test_the_case_says_why_it_waits(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id

    assert "First contact&#39; waits for somebody of Inside sales" in visit("max").get(f"/cases/{case}").text


def test_a_message_published_by_hand_moves_the_case(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    office.complete("first_contact", {"spoke_with": "Ms Chen"})
    office.complete("approve")
    olga = visit("olga")
    assert "Answer" in olga.get("/messages").text

    answer = olga.post(
        "/messages", {"name": "Answer", "correlation": 'company = "Nordwind"', "variables": "price = 12"}
    )

    assert "Delivered" in answer.text
    assert "completed" in visit("max").get(f"/cases/{case}").text


def test_a_message_without_equals_sign_is_explained(visit):
    answer = visit("olga").post("/messages", {"name": "Answer", "correlation": "company"})

    assert answer.status_code == 400
    assert "Line 1" in answer.text


def test_an_operator_suspends_resumes_and_cancels_with_a_reason(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    olga = visit("olga")

    assert "is suspended" in olga.post(f"/cases/{case}/suspension").text
    assert "goes on" in olga.post(f"/cases/{case}/resumption").text
    assert "give a reason" in olga.post(f"/cases/{case}/cancellation").text
    assert "is cancelled" in olga.post(f"/cases/{case}/cancellation", {"reason": "a test"}).text


def test_an_operator_changes_a_variable_and_moves_the_token(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    olga = visit("olga")

    olga.post(f"/cases/{case}/variables", {"name": "discount", "value": "12.5", "reason": "agreed by phone"})
    page = olga.get(f"/cases/{case}").text
    token = re.search(r'name="cancel" value="(\d+)"', page)[1]
    olga.post(f"/cases/{case}/modification", {"cancel": token, "activate": "approve", "reason": "contact was made"})

    page = olga.get(f"/cases/{case}").text
    assert "12.5" in page
    assert "Approve&#39; waits for" in page
    assert "contact was made" in olga.get(f"/cases/{case}/tabs/timeline").text


def test_repairs_are_for_supervisors(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id

    assert visit("ines").post(f"/cases/{case}/cancellation", {"reason": "no"}).status_code == 403


def test_comments_are_kept_as_text(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    ines = visit("ines")

    ines.post(f"/cases/{case}/comments", {"body": "<b>Called</b> @max"}, **{"HX-Request": "true"})

    page = visit("max").get(f"/cases/{case}/tabs/comments").text
    assert "&lt;b&gt;Called&lt;/b&gt; @max" in page


def test_the_timeline_tells_who_did_what(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    ines = visit("ines")
    ines.get("/worklist?view=my_groups")
    task = re.search(r'name="ids" value="([^"]+)"', ines.page)[1]
    ines.post(f"/tasks/{task}/claim")
    ines.post(f"/tasks/{task}/completion", {"f.spoke_with": "Ms Chen", "f.lines.rows": "1"})

    page = visit("max").get(f"/cases/{case}/tabs/timeline").text

    assert re.search(r"Done</strong> · First contact.*?Ines Duarte", page, re.S)


def test_the_model_for_the_diagram_is_the_deployed_one(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id

    answer = visit("ines").get(f"/cases/{case}/model.bpmn")

    assert answer.mimetype == "application/xml"
    assert 'id="first_contact"' in answer.text


def test_operations_show_what_stands_still(office, visit):
    office.start("enquiry", {"company": "Nordwind"})
    olga = visit("olga")

    assert "Enquiry" in olga.get("/operations").text
    assert "Enquiry of Nordwind" in olga.get("/operations/processes/enquiry?element=first_contact").text
    assert "Nothing has stopped." in olga.get("/operations/incidents").text


def test_a_case_of_another_enterprise_does_not_exist(office, visit):
    case = office.start("enquiry", {"company": "Nordwind"}).process_instance_id
    office.do(set_variables, process_instance_id=case, variables={"x": 1})
    office.store.run(lambda work: work.execute(_move_away(case)))

    assert visit("olga").get(f"/cases/{case}").status_code == 404


def _move_away(case: str):
    return update(ProcessInstance).where(ProcessInstance.id == case).values(enterprise_id="somebody else")
