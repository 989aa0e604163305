import json
from pathlib import Path

import pytest

from engine.bpmn import read_model
from engine.errors import InvalidInput
from practice_repo.packs.foreign import import_foreign
from practice_repo.packs.foreign.signavio_json import read_signavio_json
from practice_repo.practice import practice_of_files

DIAGRAM = (Path(__file__).parent / "foreign_models" / "signavio.json").read_bytes()


@pytest.fixture(scope="module")
def found():
    return import_foreign(DIAGRAM, name="order.json")


@pytest.fixture(scope="module")
def process(found):
    return read_model(found.files["process.bpmn"]).processes[0]


def test_tasks_gateways_and_flows_are_kept(process):
    types = {element.name: element.type for element in process.walk()}

    assert types["Check order"] == "userTask"
    assert types["Book order"] == "serviceTask"
    assert types["Complete?"] == "exclusiveGateway"
    assert process.flows["sid-F3"].condition.feel == "complete = true"
    assert process.elements["sid-GW"].default == "sid-F4"
    assert process.elements["sid-CHECK"].documentation == "Is it complete?"
    assert process.elements["sid-BOOK"].loop.kind == "sequential"


def test_a_boundary_event_sits_on_its_host(process):
    late = process.elements["sid-LATE"]

    assert (late.type, late.attached_to, late.interrupting) == ("boundaryEvent", "sid-CHECK", False)
    assert late.definitions[0].timer.value.text == "P2D"


def test_pools_lanes_and_messages_are_kept(found, process):
    model = read_model(found.files["process.bpmn"])

    assert [lane.name for lane in process.lanes] == ["Clerk", "System"]
    assert process.elements["sid-BOOK"].lane_id == "sid-LANE2"
    assert [(flow.source_id, flow.target_id) for flow in model.message_flows] == [("sid-CUSTOMER", "sid-START")]
    assert process.elements["sid-START"].definitions[0].name == "Order arrives"
    assert {role.key for role in practice_of_files(found.files).card.roles} == {"clerk", "system"}


def test_the_drawing_is_kept_in_absolute_places():
    source, _items = read_signavio_json(DIAGRAM)

    assert b'bpmnElement="sid-CHECK"><dc:Bounds x="250" y="105" width="100" height="80"/>' in source
    assert b'<di:waypoint x="420" y="145"/><di:waypoint x="460" y="145"/><di:waypoint x="540" y="325"/>' in source


def test_what_has_no_counterpart_is_reported(found):
    [note] = [item for item in found.report.dropped if item.element_id == "sid-NOTE"]

    assert "TextAnnotation" in note.what
    assert found.report.tool == "Signavio Process Editor (JSON)"


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["stencil"].update(id="Diagram"),
        lambda document: document.pop("resourceId"),
        lambda document: document.update(childShapes=[5]),
        lambda document: document["bounds"].update(upperLeft={"x": "left"}),
    ],
)
def test_other_json_is_refused_with_a_way_out(change):
    document = json.loads(DIAGRAM)
    change(document)

    with pytest.raises(InvalidInput, match=r"BPMN"):
        import_foreign(json.dumps(document).encode())


def test_a_hostile_depth_is_refused():
    with pytest.raises(InvalidInput):
        read_signavio_json(b'{"stencil": {"id": "BPMNDiagram"}, "resourceId": "a", "childShapes": ' + b"[" * 50_000)
