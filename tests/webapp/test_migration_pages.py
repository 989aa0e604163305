"""A supervisor looks at what another version means for running cases, and lets them go on in it."""

import re

from sqlalchemy import select

from engine.bpmn.layout import lay_out_xml
from engine.store.tables import MigrationBatch, ProcessDefinition, ProcessInstance
from tests.support import models

PLAN = "/operations/processes/enquiry/migration"


def versions_of(office) -> dict[str, int]:
    """Title of the case → version that it runs in."""
    with office.store.reading() as work:
        rows = work.execute(
            select(ProcessInstance.title, ProcessDefinition.version).join(
                ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id
            )
        ).all()
    return dict(map(tuple, rows))


def hidden_fields(page: str) -> dict[str, str]:
    """What the form that begins the migration would send."""
    form = re.search(r'<form class="card card-body" method="post".*?</form>', page, re.S)[0]
    return dict(re.findall(r'<input type="hidden" name="(from|to|timers|map\.[^"]+)" value="([^"]*)"', form))


def begin(visitor, address: str = PLAN, **more) -> str:
    visitor.get(address)
    values = hidden_fields(visitor.page) | {"reason": "One talk is enough"} | more
    return visitor.post(PLAN, values).request.path


def test_the_process_leads_to_its_migration(two_versions, visit):
    olga = visit("olga")

    olga.get("/operations/processes/enquiry")

    assert PLAN in olga.page
    assert olga.get(PLAN).status_code == 200


def test_only_supervisors_see_it(two_versions, visit):
    ines = visit("ines")

    assert ines.get(PLAN).status_code == 403
    assert ines.post(PLAN, {"reason": "x"}).status_code == 403
    assert ines.get("/operations/migrations").status_code == 403


def test_the_plan_shows_what_carries_on_what_and_why_a_case_cannot(two_versions, visit):
    olga = visit("olga")

    olga.get(PLAN)

    assert "1 of 2 cases can go on in version 2." in olga.page
    assert "suggested by name" in olga.page
    assert "&#39;Approve&#39; has no counterpart in the new version" in olga.page
    assert "Enquiry of Sonne" in olga.page
    assert versions_of(two_versions) == {"Enquiry of Nordwind": 1, "Enquiry of Sonne": 1}


def test_the_plan_speaks_chinese(two_versions, visit):
    olga = visit("olga")
    olga.post("/language/zh_Hans")

    olga.get(PLAN)

    assert "2 个案例中有 1 个可以在版本 2 中继续。" in olga.page
    assert "新版本中没有与“Approve”对应的元素" in olga.page


def test_a_chosen_counterpart_removes_the_obstacle(two_versions, visit):
    olga = visit("olga")

    olga.get(f"{PLAN}?map.approve=sign")

    assert "2 of 2 cases can go on in version 2." in olga.page
    assert hidden_fields(olga.page)["map.approve"] == "sign"


def joined(*branches: str) -> bytes:
    ways = [models.user_task(branch) + models.flow("fork", branch) + models.flow(branch, "join") for branch in branches]
    gateways = '<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join" name="Both"/>'
    line = models.start() + models.end() + models.flow("start", "fork") + models.flow("join", "end")
    return lay_out_xml(models.model(models.process("joined", line, gateways, *ways)))


def test_a_token_at_a_join_is_given_another_flow(office, visit):
    office.deploy(joined("a", "b"))
    office.start("joined")
    office.complete("a")
    office.deploy(joined("b", "c"))
    olga, address = visit("olga"), "/operations/processes/joined/migration"

    olga.get(address)
    assert "along the sequence flow &#39;a_to_join&#39;" in olga.page
    assert 'name="map.a_to_join"' in olga.page
    olga.get(f"{address}?map.a_to_join=c_to_join")

    assert "1 of 1 cases can go on in version 2." in olga.page
    assert hidden_fields(olga.page)["map.a_to_join"] == "c_to_join"
    assert olga.page.count('<input type="hidden" name="map.a_to_join"') == 2


def test_what_does_not_fit_in_the_address_is_told(two_versions, visit):
    olga = visit("olga")

    assert olga.get(f"{PLAN}?map.approve=nowhere_known").status_code == 200
    assert "which the new version does not have" in olga.page
    assert olga.get("/operations/processes/nothing/migration").status_code == 404


def test_one_version_alone_has_nowhere_to_go(office, visit):
    olga = visit("olga")

    olga.get(PLAN)

    assert "There is only one version." in olga.page


def test_a_batch_migrates_what_can_and_lists_the_rest_with_reasons(two_versions, visit, app):
    olga = visit("olga")
    batch = begin(olga, take_over=["name"])

    app.extensions["praxis"].worker.run_due()

    olga.get(batch)
    assert "2 of 2 cases" in olga.page
    assert "&#39;Approve&#39; has no counterpart" in olga.page
    assert "Enquiry of Sonne" in olga.page
    assert versions_of(two_versions) == {"Enquiry of Nordwind": 2, "Enquiry of Sonne": 1}
    assert two_versions.open_tasks() == ["approve", "talk"]
    assert two_versions.differences() == []


def test_a_batch_pauses_resumes_and_tries_again(two_versions, visit, app):
    olga = visit("olga")
    batch = begin(olga)
    olga.post(f"{batch}/pause")
    assert "paused" in olga.page
    app.extensions["praxis"].worker.run_due()
    assert set(versions_of(two_versions).values()) == {1}

    olga.post(f"{batch}/resume")
    app.extensions["praxis"].worker.run_due()
    olga.post(f"{batch}/retry")

    assert "1 case is tried again." in olga.page
    assert versions_of(two_versions)["Enquiry of Nordwind"] == 2


def test_progress_comes_as_a_fragment_and_asks_again_while_it_runs(two_versions, visit, app):
    olga = visit("olga")
    batch = begin(olga)

    olga.get(batch, **{"HX-Request": "true"})
    assert "<html" not in olga.page
    assert 'hx-trigger="every 2s"' in olga.page
    app.extensions["praxis"].worker.run_due()
    olga.get(batch, **{"HX-Request": "true"})
    assert "hx-trigger" not in olga.page


def test_a_migration_needs_a_reason(two_versions, visit):
    olga = visit("olga")
    olga.get(PLAN)

    answer = olga.post(PLAN, hidden_fields(olga.page) | {"reason": " "})

    assert answer.status_code == 400
    with two_versions.store.reading() as work:
        assert work.execute(select(MigrationBatch.id)).all() == []


def test_the_case_tells_that_it_went_on_in_another_version(two_versions, visit, app):
    olga = visit("olga")
    begin(olga)
    app.extensions["praxis"].worker.run_due()
    with two_versions.store.reading() as work:
        case = work.execute(
            select(ProcessInstance.id).where(ProcessInstance.title == "Enquiry of Nordwind")
        ).scalar_one()

    olga.get(f"/cases/{case}/tabs/timeline")

    assert "Went on in another version" in olga.page
    assert "1 → 2" in olga.page
    assert "One talk is enough" in olga.page
    assert olga.get(f"/cases/{case}").status_code == 200


def test_the_list_shows_every_migration(two_versions, visit):
    olga = visit("olga")
    begin(olga)

    olga.get("/operations/migrations")

    assert "Enquiry: version 1 → 2" in olga.page
