"""Every drawn model has its shapes in place, nothing on top of anything else, and everything beside it untouched."""

import random
import re
import time

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.bpmn.layout import lay_out, lay_out_xml
from engine.bpmn.layout.cli import layout
from engine.bpmn.layout.quality import measure
from engine.bpmn.layout.reading import BPMNDI, DC, DI
from engine.bpmn.layout.text import text_width, wrap
from engine.errors import InvalidModel

HEAD = '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="defs" targetNamespace="t">'
START_TASK_END = '<bpmn:startEvent id="s"/><bpmn:userTask id="a" name="Do it"/><bpmn:endEvent id="e" name="Done"/>'


def document(*processes: str, collaboration: str = "") -> bytes:
    body = f'<bpmn:collaboration id="together">{collaboration}</bpmn:collaboration>' if collaboration else ""
    body += "".join(f'<bpmn:process id="p{number}">{inside}</bpmn:process>' for number, inside in enumerate(processes))
    return f"{HEAD}{body}</bpmn:definitions>".encode()


def flows(*pairs: str) -> str:
    """'a b' or 'a b name' each."""
    found = []
    for pair in pairs:
        source, target, *name = pair.split(" ", 2)
        label = f' name="{name[0]}"' if name else ""
        found.append(f'<bpmn:sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}"{label}/>')
    return "".join(found)


def nodes(tag: str, *ids: str) -> str:
    return "".join(f'<bpmn:{tag} id="{identity}" name="{identity.title()}"/>' for identity in ids)


def boundary(identity: str, host: str) -> str:
    return (
        f'<bpmn:boundaryEvent id="{identity}" name="{identity}" attachedToRef="{host}">'
        f'<bpmn:timerEventDefinition id="{identity}_t"/></bpmn:boundaryEvent>'
    )


def sub_process(identity: str, inside: str, is_event: bool = False) -> str:
    triggered = ' triggeredByEvent="true"' if is_event else ""
    return f'<bpmn:subProcess id="{identity}" name="{identity}"{triggered}>{inside}</bpmn:subProcess>'


def lane_set(**members: str) -> str:
    lanes = "".join(
        f'<bpmn:lane id="{lane}" name="{lane}">'
        + "".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in ids.split())
        + "</bpmn:lane>"
        for lane, ids in members.items()
    )
    return f'<bpmn:laneSet id="lanes">{lanes}</bpmn:laneSet>'


LOAN = (
    lane_set(sales="s check g ask wait late", desk="score approve book", office="done pay e refuse no")
    + nodes("startEvent", "s") + nodes("endEvent", "e", "no")
    + nodes("userTask", "check", "ask", "approve", "refuse", "late")
    + nodes("serviceTask", "score", "book", "pay", "done")
    + '<bpmn:exclusiveGateway id="g" name="Complete and consistent?" default="g-score"/>'
    + nodes("intermediateCatchEvent", "wait") + boundary("timer", "approve") + boundary("alarm", "approve")
    + sub_process("stop", START_TASK_END.replace('id="', 'id="x_') + flows("x_s x_a", "x_a x_e"), is_event=True)
    + '<bpmn:dataStoreReference id="base" name="Customer base"/><bpmn:textAnnotation id="note"><bpmn:text>Two persons'
    + ' from 50,000 on</bpmn:text></bpmn:textAnnotation>'
    + '<bpmn:association id="as1" sourceRef="note" targetRef="approve"/>'
    + '<bpmn:association id="as2" sourceRef="base" targetRef="score"/>'
    + flows("s check", "check g", "g ask no", "ask wait", "wait check", "g score", "score approve", "approve book",
            "timer late", "late check", "alarm refuse", "refuse no", "book pay", "pay done", "done e")
)  # fmt: skip
POOLS = (
    '<bpmn:participant id="customer" name="Customer"/><bpmn:participant id="bank" name="Bank" processRef="p0"/>'
    '<bpmn:messageFlow id="m1" name="Application" sourceRef="customer" targetRef="s"/>'
    '<bpmn:messageFlow id="m2" name="Question" sourceRef="ask" targetRef="customer"/>'
    '<bpmn:messageFlow id="m3" name="Cancellation" sourceRef="customer" targetRef="x_s"/>'
)
NESTED = (
    nodes("startEvent", "s") + nodes("endEvent", "e") + nodes("userTask", "repair")
    + sub_process(
        "outer",
        nodes("startEvent", "os") + nodes("endEvent", "oe")
        + sub_process("inner", nodes("task", "i1", "i2") + flows("i1 i2")) + boundary("late", "inner")
        + nodes("task", "hurry") + flows("os inner", "inner oe", "late hurry"),
    )
    + boundary("failed", "outer") + flows("s outer", "outer e", "failed repair", "repair e")
)  # fmt: skip
MODELS = {
    "single task": document(nodes("task", "a")),
    "single event": document(nodes("startEvent", "a")),
    "line": document(START_TASK_END + flows("s a", "a e")),
    "self loop": document(START_TASK_END + flows("s a", "a e", "a a again")),
    "disconnected parts": document(START_TASK_END + nodes("task", "b", "c") + flows("s a", "a e", "b c")),
    "lanes, pool, black box": document(LOAN, collaboration=POOLS),
    "lanes without pool": document(LOAN),
    "nested sub-processes": document(NESTED),
    "three boundary events": document(
        START_TASK_END + "".join(boundary(name, "a") for name in ("one", "two", "three"))
        + nodes("task", "r1", "r2", "r3") + flows("s a", "a e", "one r1", "two r2", "three r3", "r3 a")
    ),
    "flow from a boundary event to its own host": document(START_TASK_END + boundary("b", "a") + flows("s a", "b a")),
    "two pools": document(
        START_TASK_END + flows("s a", "a e"), nodes("startEvent", "s2") + nodes("task", "w") + flows("s2 w"),
        collaboration='<bpmn:participant id="one" name="One" processRef="p0"/>'
        '<bpmn:participant id="two" name="Two" processRef="p1"/>'
        '<bpmn:messageFlow id="m" name="Order" sourceRef="a" targetRef="s2"/>',
    ),
    "four black boxes": document(
        START_TASK_END + nodes("task", "b", "c", "f") + flows("s a", "a b", "b c", "c f", "f e"),
        collaboration='<bpmn:participant id="main" name="Main" processRef="p0"/>'
        + "".join(
            f'<bpmn:participant id="box{x}" name="Box {x}"/><bpmn:messageFlow id="m{x}" sourceRef="{x}" '
            f'targetRef="box{x}"/>' for x in "abcf"
        ),
    ),
    "nested lanes": document(
        '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="Department"><bpmn:childLaneSet id="cl">'
        '<bpmn:lane id="l11" name="Clerk"><bpmn:flowNodeRef>s</bpmn:flowNodeRef></bpmn:lane>'
        '<bpmn:lane id="l12" name="Head"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:childLaneSet>'
        '</bpmn:lane><bpmn:lane id="l2" name="Office"><bpmn:flowNodeRef>e</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
        + START_TASK_END + flows("s a", "a e"),
        collaboration='<bpmn:participant id="main" name="Main" processRef="p0"/>',
    ),
    "empty sub-process": document(nodes("startEvent", "s") + sub_process("o", "") + flows("s o")),
}  # fmt: skip


class Drawn:
    """The diagram of a document, by BPMN element."""

    def __init__(self, xml: bytes):
        root = etree.fromstring(lay_out_xml(xml))
        self.shapes = {shape.get("bpmnElement"): shape for shape in root.iter(f"{{{BPMNDI}}}BPMNShape")}
        self.edges = {edge.get("bpmnElement"): edge for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge")}

    def box(self, element: str) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        bounds = self.shapes[element].find(f"{{{DC}}}Bounds")
        x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
        return x, y, x + width, y + height

    def middle(self, element: str) -> tuple[float, float]:
        left, top, right, bottom = self.box(element)
        return (left + right) / 2, (top + bottom) / 2

    def points(self, flow: str) -> list[tuple[float, float]]:
        return [(float(p.get("x")), float(p.get("y"))) for p in self.edges[flow].iterfind(f"{{{DI}}}waypoint")]


def holds(outer: tuple[float, ...], inner: tuple[float, ...]) -> bool:
    return outer[0] < inner[0] and outer[1] < inner[1] and inner[2] < outer[2] and inner[3] < outer[3]


@pytest.mark.parametrize("name", MODELS)
def test_nothing_overlaps_is_missing_or_runs_through_a_shape(name):
    quality = measure(lay_out_xml(MODELS[name]))

    assert quality.fault_count == 0, quality
    assert quality.labels_on_flows == []
    assert quality.covered == []


def test_lanes_lie_below_each_other_in_document_order_and_fill_their_pool():
    drawn = Drawn(MODELS["lanes, pool, black box"])

    sales, desk, office, bank = (drawn.box(lane) for lane in ("sales", "desk", "office", "bank"))
    assert sales[3] == desk[1]
    assert desk[3] == office[1]
    assert (bank[1], bank[2], bank[3]) == (sales[1], sales[2], office[3])


def test_a_parent_lane_spans_its_children():
    drawn = Drawn(MODELS["nested lanes"])

    department, clerk, head = (drawn.box(lane) for lane in ("l1", "l11", "l12"))
    assert (department[1], department[3]) == (clerk[1], head[3])
    assert clerk[0] == department[0] + 30


def test_a_process_without_branches_is_one_straight_line():
    drawn = Drawn(document(nodes("task", *"abcdef") + flows("a b", "b c", "c d", "d e", "e f")))

    assert len({drawn.middle(node)[1] for node in "abcdef"}) == 1
    assert all(len(drawn.points(flow)) == 2 for flow in drawn.edges)


def test_shapes_have_the_sizes_that_modelers_use():
    drawn = Drawn(MODELS["lanes, pool, black box"])

    sizes = {name: (box[2] - box[0], box[3] - box[1]) for name in ("check", "s", "g") for box in [drawn.box(name)]}
    assert sizes == {"check": (100, 80), "s": (36, 36), "g": (50, 50)}


def test_flows_lead_to_the_right_and_loops_back_to_the_left():
    drawn = Drawn(MODELS["lanes, pool, black box"])

    assert drawn.middle("check")[0] < drawn.middle("g")[0] < drawn.middle("approve")[0] < drawn.middle("e")[0]
    assert drawn.points("wait-check")[0][0] > drawn.points("wait-check")[-1][0]


def test_boundary_events_sit_on_the_bottom_edge_and_their_flows_leave_downward():
    drawn = Drawn(MODELS["three boundary events"])

    bottom = drawn.box("a")[3]
    for event, flow in (("one", "one-r1"), ("two", "two-r2"), ("three", "three-r3")):
        assert drawn.middle(event)[1] == bottom
        (x, y), (next_x, next_y) = drawn.points(flow)[:2]
        assert (x, y) == (drawn.middle(event)[0], drawn.box(event)[3])
        assert next_x == x
        assert next_y > y


def test_an_expanded_sub_process_encloses_what_is_in_it():
    drawn = Drawn(MODELS["nested sub-processes"])

    assert drawn.shapes["outer"].get("isExpanded") == "true"
    assert holds(drawn.box("outer"), drawn.box("inner"))
    assert holds(drawn.box("inner"), drawn.box("i2"))


def test_an_empty_sub_process_is_collapsed():
    assert Drawn(MODELS["empty sub-process"]).shapes["o"].get("isExpanded") == "false"


def test_an_event_sub_process_stands_below_the_flow_of_its_scope():
    inside = START_TASK_END.replace('id="', 'id="x_') + flows("x_s x_a", "x_a x_e")
    drawn = Drawn(document(START_TASK_END + flows("s a", "a e") + sub_process("stop", inside, is_event=True)))

    assert drawn.box("stop")[1] > drawn.box("a")[3]


def test_message_flows_to_a_collapsed_pool_run_straight_where_nothing_is_in_the_way():
    drawn = Drawn(MODELS["four black boxes"])

    for letter in "abcf":
        assert len(drawn.points(f"m{letter}")) == 2
        assert drawn.box(f"box{letter}")[0] < drawn.points(f"m{letter}")[-1][0] < drawn.box(f"box{letter}")[2]


def test_a_message_into_a_sub_process_arrives_at_the_shape_inside():
    drawn = Drawn(MODELS["lanes, pool, black box"])

    assert drawn.points("m3")[-1][0] in (drawn.middle("x_s")[0], drawn.box("x_s")[2])


def test_gateways_show_their_marker_and_named_shapes_and_flows_have_labels():
    drawn = Drawn(MODELS["lanes, pool, black box"])

    assert drawn.shapes["g"].get("isMarkerVisible") == "true"
    for thing in (drawn.shapes["g"], drawn.shapes["timer"], drawn.edges["g-ask"], drawn.edges["m1"]):
        assert thing.find(f"{{{BPMNDI}}}BPMNLabel/{{{DC}}}Bounds") is not None


def test_chinese_characters_count_double_and_may_break_anywhere():
    assert text_width("客户") == 4 * text_width("客户") / 4 == 22
    assert wrap("客户信用是否良好", 45) == ["客户信用", "是否良好"]


def test_words_break_only_where_they_are_longer_than_the_line():
    assert wrap("Complete and consistent?", 70) == ["Complete and", "consistent?"]
    assert "".join(wrap("Donaudampfschifffahrt", 50)) == "Donaudampfschifffahrt"


def test_everything_beside_the_diagram_stays_byte_for_byte():
    original = (
        b"<?xml version='1.0' encoding='utf-8'?>\r\n<!-- kept -->\r\n"
        + HEAD.replace('id="defs"', "id='defs'").encode()
        + '\r\n <bpmn:process id="p" name="A &#8211; B &amp; ü">\r\n\t'.encode()
        + b'<bpmn:task id="a"></bpmn:task> </bpmn:process>'
        + b"\r\n</bpmn:definitions>\r\n<!-- end -->"
    )

    drawn = lay_out_xml(original)

    diagram = re.search(rb"\n  <bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>\n", drawn, re.DOTALL)
    before, after = drawn[: diagram.start()], drawn[diagram.end() :]
    assert before + b"\r\n" + after == original


def test_drawing_again_changes_nothing():
    once = lay_out_xml(MODELS["lanes, pool, black box"])

    assert lay_out_xml(once) == once


def test_colours_survive_a_new_layout():
    drawn = lay_out_xml(MODELS["line"])
    coloured = drawn.replace(
        b'bpmnElement="a"', b'bpmnElement="a" xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" bioc:fill="#ff0000"'
    )

    assert b'fill="#ff0000"' in lay_out_xml(coloured)


def test_a_sub_process_that_was_collapsed_stays_so_and_gets_a_diagram_of_its_own():
    drawn = lay_out_xml(MODELS["nested sub-processes"])
    collapsed = re.sub(rb'(bpmnElement="outer" isExpanded=)"true"', rb'\1"false"', drawn)

    again = etree.fromstring(lay_out_xml(collapsed))

    planes = [plane.get("bpmnElement") for plane in again.iter(f"{{{BPMNDI}}}BPMNPlane")]
    shapes = {shape.get("bpmnElement"): shape for shape in again.iter(f"{{{BPMNDI}}}BPMNShape")}
    assert planes == ["p0", "outer"]
    assert shapes["outer"].get("isExpanded") == "false"
    assert shapes["outer"].getparent().get("bpmnElement") == "p0"
    assert shapes["hurry"].getparent().get("bpmnElement") == "outer"


def test_a_tree_is_drawn_in_place():
    root = etree.fromstring(MODELS["line"])

    lay_out(root.getroottree())

    assert root[-1].tag == f"{{{BPMNDI}}}BPMNDiagram"


def chained(count: int, seed: int) -> bytes:
    """A long process over five lanes with shortcuts and loops."""
    chance = random.Random(seed)
    names = [f"n{number}" for number in range(count)]
    lanes: dict[str, list[str]] = {f"lane{number}": [] for number in range(5)}
    lane, body, pairs = "lane0", "", set()
    for number, name in enumerate(names):
        lane = chance.choice(list(lanes)) if chance.random() < 0.3 else lane
        lanes[lane].append(name)
        body += nodes(chance.choice(["userTask", "serviceTask", "exclusiveGateway"]), name)
        pairs.add((name, names[min(count - 1, number + chance.choice([1, 1, 1, 2]))]))
        if chance.random() < 0.2:
            pairs.add((name, names[min(count - 1, number + chance.randrange(2, 9))]))
        if chance.random() < 0.08 and number > 4:
            pairs.add((name, names[number - chance.randrange(1, 5)]))
    named = {lane: " ".join(members) for lane, members in lanes.items() if members}
    return document(lane_set(**named) + body + flows(*(f"{one} {other}" for one, other in sorted(pairs))))


def test_three_hundred_nodes_are_drawn_quickly_and_without_faults():
    model = chained(300, seed=1)

    began = time.process_time()
    drawn = lay_out_xml(model)
    seconds = time.process_time() - began

    assert measure(drawn).fault_count == 0
    assert seconds < 6  # about one on a free machine


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(1, 25), st.integers(0, 10_000))
def test_no_generated_process_has_faults(count, seed):
    assert measure(lay_out_xml(chained(count, seed))).fault_count == 0


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"<html/>", "document was expected"),
        (b"<broken", "well-formed XML"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + document(nodes("task", "a")), "DOCTYPE"),
        (f"{HEAD}</bpmn:definitions>".encode(), "Add a 'process'"),
        (document(nodes("task", "a") + flows("a nowhere")), "'nowhere'"),
        (document(nodes("task", "a") + boundary("b", "nowhere")), "attachedToRef"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(xml, words):
    with pytest.raises(InvalidModel, match=words):
        lay_out_xml(xml)


def test_the_command_rewrites_the_file(tmp_path):
    file = tmp_path / "model.bpmn"
    file.write_bytes(MODELS["line"])

    result = CliRunner().invoke(layout, [str(file)])

    assert result.exit_code == 0
    assert file.read_bytes() == lay_out_xml(MODELS["line"])


def test_the_command_writes_elsewhere_when_asked(tmp_path):
    file, other = tmp_path / "model.bpmn", tmp_path / "drawn.bpmn"
    file.write_bytes(MODELS["line"])

    CliRunner().invoke(layout, [str(file), "--output", str(other)])

    assert file.read_bytes() == MODELS["line"]
    assert b"BPMNDiagram" in other.read_bytes()


def test_the_command_names_file_and_reason_when_it_cannot_draw(tmp_path):
    file = tmp_path / "model.bpmn"
    file.write_bytes(b"<html/>")

    result = CliRunner().invoke(layout, [str(file)])

    assert result.exit_code == 1
    assert "model.bpmn" in result.output
    assert file.read_bytes() == b"<html/>"
