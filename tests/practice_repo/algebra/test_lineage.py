import pytest

from engine.bpmn.names import FLOW_NODES
from engine.bpmn.reader import read_model
from engine.errors import InvalidModel
from practice_repo.algebra.document import read_document
from practice_repo.algebra.lineage import stamp, stamp_lineage
from tests.practice_repo.algebra.edits import document, round_trip, shipped


@pytest.mark.parametrize("path", shipped(".bpmn"), ids=lambda path: path.name)
def test_a_stamped_model_carries_the_lineage_of_every_step(path):
    stamped = stamp_lineage(path.read_bytes())

    model = read_model(stamped)
    assert all(element.uid == element.id for process in model.processes for element in process.elements.values())
    assert read_document(path.name, stamped).fingerprint == document(path).fingerprint


@pytest.mark.parametrize("path", shipped("process.bpmn"), ids=lambda path: path.parent.name)
def test_only_the_lineage_is_put_in(path):
    source = path.read_bytes()

    stamped = stamp_lineage(source)

    assert stamp_lineage(stamped) == stamped
    assert stamp(document(path)).write().count(b"praxis:uid=") == stamped.count(b"praxis:uid=")
    without = b"".join(part.partition(b'"')[2] for part in (b'"' + stamped).split(b' praxis:uid="'))
    assert without == source


def test_lineage_survives_new_ids():
    path = shipped("process.bpmn")[0]

    found = read_document(path.name, round_trip(stamp_lineage(path.read_bytes()))).records

    steps = [record for record in document(path).records.values() if record.kind in FLOW_NODES]
    assert [found[step.key].name for step in steps] == [step.name for step in steps]
    assert not {found[step.key].id for step in steps} & {step.id for step in steps}


def test_a_file_in_another_encoding_is_stamped_too():
    source = '<?xml version="1.0" encoding="UTF-16"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'
    source += '<process id="p"><task id="t" name="检查"/></process></definitions>'

    found = read_document("m.bpmn", stamp_lineage(source.encode("utf-16")))

    assert found.records["t"].name == "检查"
    assert found.extras["stamped"]


def test_a_file_that_is_no_model_is_refused():
    with pytest.raises(InvalidModel):
        stamp_lineage(b"no model")
