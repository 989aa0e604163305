import pytest

from engine.commands.form_values import InvalidForm
from engine.errors import InvalidInput, InvalidModel, NotFound, NotPermitted
from engine.queries.definitions import definitions, startable
from engine.queries.related_cases import related_cases
from tests.support.models import end, line, model, process, start, user_task
from tests.support.office import ACME, person

ONE = model(process("one", line(start(), user_task("do"), end())))


def test_deploying_the_same_files_again_makes_no_new_version(office):
    first = office.deploy(ONE).definitions[0]

    again = office.deploy(ONE).definitions[0]

    assert (first.version, first.is_new) == (1, True)
    assert (again.definition_id, again.is_new) == (first.definition_id, False)


def test_a_changed_file_makes_a_new_version_and_running_cases_keep_theirs(office):
    office.deploy(ONE)
    old = office.start("one").process_instance_id

    second = office.deploy(ONE.replace(b'"do"', b'"act"')).definitions[0]
    office.start("one")

    assert second.version == 2
    assert office.open_tasks() == ["act", "do"]
    office.complete("do")
    assert office.state(old) == "completed"


def test_a_changed_form_makes_a_new_version(office):
    form = b'{"type": "default", "id": "f", "components": []}'
    office.deploy(ONE, forms={"f": form})

    assert office.deploy(ONE, forms={"f": form.replace(b"[]", b"[ ]")}).definitions[0].version == 2


def test_a_file_that_is_no_model_is_refused(office):
    with pytest.raises(InvalidModel):
        office.deploy(b"<nonsense/>")


def test_without_files_nothing_is_deployed(office):
    with pytest.raises(InvalidInput, match="At least one BPMN model"):
        office.deploy()


def test_a_process_that_is_not_deployed_cannot_start(office):
    with pytest.raises(NotFound, match="'nobody' is not deployed"):
        office.start("nobody")


def test_a_business_key_runs_once_at_a_time(office):
    office.deploy(ONE)

    first = office.start("one", business_key="A-1")
    second = office.start("one", business_key="A-1")
    office.complete("do")
    third = office.start("one", business_key="A-1")

    assert (second.process_instance_id, second.is_new) == (first.process_instance_id, False)
    assert third.is_new
    assert [row.id for row in office.ask(related_cases, process_instance_id=third.process_instance_id)] == [
        first.process_instance_id
    ]


def test_enterprises_do_not_share_business_keys(office):
    office.deploy(ONE)
    office.start("one", business_key="A-1")
    from engine.commands.deploy import deploy
    from engine.commands.start_process import start_process
    from engine.store.actor import SYSTEM

    office.do(deploy, enterprise_id="other", name="test", models=[ONE], actor=SYSTEM)

    assert office.do(start_process, enterprise_id="other", process_id="one", business_key="A-1", actor=SYSTEM).is_new


KEYED = model(
    process(
        "keyed",
        line(start(), user_task("do"), end()),
        attributes="""praxis:businessKey="=ref" praxis:title='="Lead " + ref' praxis:searchable="ref, size" """,
    )
)


def test_the_model_gives_key_title_and_searchable_variables(office):
    from engine.queries.process_instances import process_instances

    office.deploy(KEYED)
    case = office.start("keyed", {"ref": "L7", "size": 3})
    office.start("keyed", {"ref": "L8", "size": 4})

    found = office.ask(process_instances, enterprise_id=ACME, attributes={"size": "3"}).rows

    assert [(row.id, row.business_key, row.title) for row in found] == [(case.process_instance_id, "L7", "Lead L7")]
    assert office.start("keyed", {"ref": "L7"}).is_new is False


def test_long_values_are_searchable_by_their_beginning_and_too_long_keys_are_refused(office):
    from engine.queries.process_instances import process_instances

    office.deploy(KEYED)
    office.start("keyed", {"ref": "L1", "size": "x" * 9000})

    assert len(office.ask(process_instances, enterprise_id=ACME, attributes={"size": "x" * 9000}).rows) == 1
    with pytest.raises(InvalidInput, match="at most 255 characters"):
        office.start("keyed", {"ref": "L" * 300})


def test_the_title_follows_the_variables(office):
    office.deploy(KEYED)
    office.start("keyed", {"ref": "L7"})
    from engine.commands.set_variables import set_variables

    office.do(set_variables, process_instance_id=office.task("do").process_instance_id, variables={"ref": "L9"})

    assert office.task("do").title == "Lead L9"


STARTERS = model(
    process("guarded", line(start(), user_task("do"), end()), attributes='praxis:candidateStarters="sales, support"')
)


def test_only_candidate_starters_start(office):
    office.deploy(STARTERS)

    with pytest.raises(NotPermitted, match="started by sales, support"):
        office.start("guarded", actor=person("eve", "accounting"))
    office.start("guarded", actor=person("sam", "sales"))

    assert [row.process_id for row in office.ask(startable, actor=person("sam", "sales"), enterprise_id=ACME)] == [
        "guarded"
    ]
    assert office.ask(startable, actor=person("eve"), enterprise_id=ACME) == ()


CALLER = model(process("caller", line(start(), '<bpmn:callActivity id="call" calledElement="one"/>', end())))


def test_a_call_activity_keeps_the_version_that_was_deployed_with_it(office):
    office.deploy(ONE)
    office.deploy(CALLER)
    office.deploy(ONE.replace(b'"do"', b'"act"'))

    case = office.start("caller").process_instance_id

    assert office.open_tasks() == ["do"]
    office.complete("do")
    assert office.state(case) == "completed"
    assert [row.process_id for row in office.ask(definitions, enterprise_id=ACME)] == ["caller", "one"]


WITH_FORM = model(process("one", line(start(), user_task("do", 'praxis:formKey="f"'), end())))
FORM = b"""{"type": "default", "id": "f", "schemaVersion": 16, "components": [
  {"type": "number", "key": "n", "label": "N", "validate": {"required": true}}]}"""


def test_a_called_process_brings_its_forms_along(office):
    office.deploy(WITH_FORM, forms={"f": FORM})
    office.deploy(CALLER)
    office.start("caller")

    with pytest.raises(InvalidForm):
        office.complete("do", {"n": ""})
    office.complete("do", {"n": "3"})

    assert office.states("caller") == ["completed"]


def test_a_form_key_without_form_is_a_warning_with_its_place(office):
    found = office.deploy(WITH_FORM, forms={"other": FORM}).findings

    assert [(finding.rule, finding.element_id, finding.severity) for finding in found] == [
        ("missing-form", "do", "warning")
    ]


def test_of_many_who_start_one_business_key_at_once_one_starts_it(office):
    import threading

    office.deploy(ONE)
    people = 8
    ready = threading.Barrier(people)
    outcomes = []

    def begin():
        ready.wait()
        outcomes.append(office.start("one", business_key="A-1"))

    threads = [threading.Thread(target=begin) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({outcome.process_instance_id for outcome in outcomes}) == 1
    assert sum(outcome.is_new for outcome in outcomes) == 1
    assert office.open_tasks() == ["do"]


def test_a_process_that_would_never_start_is_refused(office):
    condition = (
        '<bpmn:startEvent id="s" name="Hot?"><bpmn:conditionalEventDefinition>'
        "<bpmn:condition>hot</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:startEvent>"
    )
    never = model(process("never", line(condition, end())))

    with pytest.raises(InvalidModel, match="would never start"):
        office.deploy(never)
