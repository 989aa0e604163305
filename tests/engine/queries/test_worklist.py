from datetime import timedelta

import pytest

from engine.commands.add_comment import add_comment
from engine.commands.attach_document import attach_document
from engine.commands.claim_user_task import claim_user_task
from engine.commands.complete_user_task import complete_user_task
from engine.commands.delegate_user_task import delegate_user_task
from engine.commands.set_due import set_due
from engine.commands.set_priority import set_priority
from engine.errors import InvalidInput
from engine.queries.documents import document_content
from engine.queries.user_task import user_task as one_task
from engine.queries.worklist import view_counts, worklist
from engine.store.actor import Actor
from tests.support.models import end, lanes, line, model, process, properties, start, user_task
from tests.support.office import counted_statements, person

LEADS = model(
    process(
        "lead",
        lanes(sales_rep=["call"], clerk=["file"]),
        line(
            start(),
            user_task("call", 'praxis:due="PT4H"', properties(hint="be kind"), name="Call back"),
            user_task("file"),
            end(),
        ),
        name="Leads",
        attributes="""praxis:title='="Lead of " + customer' praxis:searchable="customer, amount" """,
    )
)
SAM, SUE, CLEO = person("sam", "sales_rep"), person("sue", "sales_rep"), person("cleo", "clerk")


@pytest.fixture
def leads(office):
    office.deploy(LEADS)
    return [
        office.start("lead", {"customer": name, "amount": amount}, business_key=f"L-{name}", actor=SUE)
        for name, amount in (("Ada", 10), ("Bob", 20), ("Cyd", 30))
    ]


def listed(office, actor, **arguments):
    return [row.title for row in office.ask(worklist, actor=actor, now=office.now, **arguments).rows]


def test_the_groups_view_shows_what_the_role_may_take(office, leads):
    assert listed(office, SAM, view="my_groups") == ["Lead of Ada", "Lead of Bob", "Lead of Cyd"]
    assert listed(office, CLEO, view="my_groups") == []


def test_a_claimed_task_moves_from_the_groups_view_to_its_owners(office, leads):
    office.do(claim_user_task, user_task_id=leads[0].user_task_ids[0], actor=SAM)

    assert listed(office, SAM, view="mine") == ["Lead of Ada"]
    assert listed(office, SUE, view="my_groups") == ["Lead of Bob", "Lead of Cyd"]


def test_counts_of_all_views_come_in_one_statement(office, leads):
    office.do(claim_user_task, user_task_id=leads[0].user_task_ids[0], actor=SAM)
    office.do(complete_user_task, user_task_id=leads[0].user_task_ids[0], actor=SAM)
    office.clock.pass_by(hours=5)

    with counted_statements(office.store) as sent:
        counts = office.ask(view_counts, actor=SAM, now=office.now)

    assert len(sent) == 1
    assert counts == {
        "mine": 0,
        "my_groups": 2,
        "due_today": 0,
        "overdue": 2,
        "waiting_for_others": 0,
        "recently_done": 1,
    }


def test_due_today_and_overdue_follow_the_clock(office, leads):
    assert len(listed(office, SAM, view="due_today")) == 3
    assert listed(office, SAM, view="overdue") == []

    office.clock.pass_by(hours=4, seconds=1)

    assert listed(office, SAM, view="due_today") == []
    assert len(listed(office, SAM, view="overdue")) == 3


def test_what_one_has_delegated_or_started_waits_for_others(office, leads):
    task_id = leads[1].user_task_ids[0]
    office.do(claim_user_task, user_task_id=task_id, actor=SAM)
    office.do(delegate_user_task, user_task_id=task_id, to="cleo", actor=SAM)

    assert listed(office, SAM, view="waiting_for_others") == ["Lead of Bob"]
    assert len(listed(office, SUE, view="waiting_for_others")) == 3


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"attributes": {"customer": "Bob"}}, ["Lead of Bob"]),
        ({"attributes": {"customer": "Bob", "amount": "10"}}, []),
        ({"text": "of cy"}, ["Lead of Cyd"]),
        ({"text": "l-ada"}, ["Lead of Ada"]),
        ({"text": "100%"}, []),
        ({"business_key": "L-Bob"}, ["Lead of Bob"]),
        ({"process_id": "other"}, []),
        ({"role": "sales_rep", "text": "bob"}, ["Lead of Bob"]),
    ],
)
def test_filters_narrow_the_list(office, leads, filters, found):
    assert listed(office, SAM, view="my_groups", **filters) == found


def test_filtering_by_due_range(office, leads, clock):
    office.do(set_due, user_task_id=leads[2].user_task_ids[0], due_at=clock.now() + timedelta(days=3), actor=SAM)

    late = {"due_from": clock.now() + timedelta(days=1), "due_before": clock.now() + timedelta(days=9)}

    assert listed(office, SAM, view="my_groups", **late) == ["Lead of Cyd"]


def test_tasks_without_due_moment_come_last(office, leads):
    office.do(set_due, user_task_id=leads[0].user_task_ids[0], due_at=None, actor=SAM)

    assert listed(office, SAM, view="my_groups") == ["Lead of Bob", "Lead of Cyd", "Lead of Ada"]


def test_the_most_urgent_come_first_when_sorted_by_priority(office, leads):
    office.do(set_priority, user_task_id=leads[1].user_task_ids[0], priority=90, actor=SAM)

    assert listed(office, SAM, view="my_groups", sort="priority")[0] == "Lead of Bob"


@pytest.mark.parametrize("sort", ["due", "priority", "created", "title"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_follow_each_other_without_gap_or_repetition(office, leads, sort, descending):
    order = {"sort": sort, "descending": descending, "view": "my_groups", "actor": SAM, "now": office.now}
    everything = [row.id for row in office.ask(worklist, **order).rows]

    pages, after = [], None
    while True:
        page = office.ask(worklist, **order, limit=1, after=after)
        pages += [row.id for row in page.rows]
        after = page.next
        if after is None:
            break

    assert pages == everything
    assert len(pages) == 3


def test_a_page_token_of_somewhere_else_is_refused(office, leads):
    with pytest.raises(InvalidInput, match="page token"):
        office.ask(worklist, actor=SAM, now=office.now, view="my_groups", after="nonsense")


def test_an_unknown_view_is_refused_with_the_known_ones(office):
    with pytest.raises(InvalidInput, match="mine, my_groups"):
        office.ask(worklist, actor=SAM, now=office.now, view="everything")


def test_rows_carry_attributes_and_marks(office, leads):
    case = leads[0].process_instance_id
    office.do(add_comment, process_instance_id=case, body="called twice", actor=SAM)
    document = office.do(
        attach_document,
        process_instance_id=case,
        name="offer.txt",
        media_type="text/plain",
        content=b"x" * 3_000_000,
        actor=SAM,
    )

    row = office.ask(worklist, actor=SAM, now=office.now, view="my_groups").rows[0]

    assert (row.comment_count, row.document_count) == (1, 1)
    assert (row.process_name, row.business_key) == ("Leads", "L-Ada")
    assert row.attributes == {"customer": "Ada", "amount": "10"}
    assert office.ask(document_content, document_id=document).content == b"x" * 3_000_000


def test_another_enterprise_sees_nothing(office, leads):
    stranger = Actor("sam", frozenset({"sales_rep"}), is_supervisor=True, enterprise_id="other")

    assert listed(office, stranger, view="all") == []


def test_the_task_page_says_what_the_person_may_do(office, leads):
    task_id = leads[0].user_task_ids[0]
    before = office.ask(one_task, user_task_id=task_id, actor=SAM, now=office.now)
    office.do(claim_user_task, user_task_id=task_id, actor=SAM)
    for_sue = office.ask(one_task, user_task_id=task_id, actor=SUE, now=office.now)
    for_cleo = office.ask(one_task, user_task_id=task_id, actor=CLEO, now=office.now)

    assert (before.may_claim, before.may_complete, before.why_not) == (True, True, None)
    assert before.variables == {"customer": "Ada", "amount": 10}
    assert before.properties == {"hint": "be kind"}
    assert before.candidate_groups == ("sales_rep",)
    assert (for_sue.may_claim, for_sue.may_complete, for_sue.why_not) == (False, False, "sam works on this task.")
    assert for_cleo.why_not == "This is work for sam."
