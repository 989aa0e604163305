import pytest

from engine.bpmn import read_model
from engine.errors import NotFound
from practice_repo.packs.archive import InvalidPack, make_pack, pack_folder, unpack
from practice_repo.packs.components import component, parts
from practice_repo.practice import shipped_practices
from practice_repo.practice_check import check_practice

SHIPPED = {folder.name: folder for folder in shipped_practices()}


@pytest.fixture(scope="module")
def lead_to_order():
    return unpack(pack_folder(SHIPPED["lead_to_order"]))


def every_part():
    for name in ("campaign_lifecycle", "lead_to_order", "reverse_logistics", "ticket_to_dispatch"):
        for kind, names in parts(unpack(pack_folder(SHIPPED[name]))).items():
            # of forms and tables the first few: they are all cut alike
            yield from ((name, kind, each) for each in (names if kind == "sub_process" else names[:3]))


@pytest.mark.parametrize(("practice", "kind", "name"), list(every_part()))
def test_every_part_of_a_shipped_practice_stands_alone(practice, kind, name):
    whole = unpack(pack_folder(SHIPPED[practice]))

    part = component(whole, kind, name)

    assert [str(each) for each in check_practice(part.practice()) if each.severity == "error"] == []
    assert part.manifest.origin == {
        "practice": practice,
        "version": whole.version,
        "digest": whole.digest,
        "relation": "component",
        "part": kind,
        "name": name,
    }
    assert unpack(part.written()) == part


def test_a_process_brings_what_it_needs_and_nothing_else(lead_to_order):
    part = component(lead_to_order, "sub_process", "make_offer")

    models = {path for path in part.files if path.endswith(".bpmn")}
    assert models == {"make_offer.bpmn", "configure_product.bpmn", "present_quote.bpmn"}
    assert "discount_level.dmn" in part.files
    assert "lead_assign.dmn" not in part.files
    assert "forms/approve.json" in part.files
    assert "forms/qualify.json" not in part.files
    assert part.card.process == "make_offer.bpmn"
    assert {point.key for point in part.card.variation_points} >= {"l6_site_survey"}
    assert "warehouse" not in {role.key for role in part.card.roles}


def test_a_form_brings_the_touchpoint_that_it_has_to_satisfy(lead_to_order):
    part = component(lead_to_order, "form", "qualify")

    assert [path for path in part.files if path.startswith("forms/")] == ["forms/qualify.json"]
    assert [touchpoint.key for touchpoint in part.card.touchpoints] == ["qualification"]
    assert not part.practice().has_process


def test_roles_can_be_taken_all_or_some(lead_to_order):
    everybody = component(lead_to_order, "role_set", "all").card.roles
    some = component(lead_to_order, "role_set", "sales_rep, finance").card.roles

    assert everybody == lead_to_order.card.roles
    assert [role.key for role in some] == ["sales_rep", "finance"]


def test_a_process_is_cut_out_of_a_file_with_several(lead_to_order):
    returns = SHIPPED["reverse_logistics"]
    files = dict(unpack(pack_folder(returns)).files)
    two = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
<collaboration id="c"><participant id="p1" processRef="first"/><participant id="p2" processRef="second"/>
<messageFlow id="mf" sourceRef="p1" targetRef="p2"/></collaboration>
<process id="first" name="First"><startEvent id="a" name="A"/></process>
<process id="second" name="Second"><startEvent id="b" name="B"/></process></definitions>"""
    part = component(make_pack({**files, "two.bpmn": two}), "sub_process", "second")

    model = read_model(part.files["two.bpmn"])
    assert [process.id for process in model.processes] == ["second"]
    assert [participant.id for participant in model.participants] == ["p2"]


def test_a_part_that_is_not_there_is_refused_with_those_that_are(lead_to_order):
    with pytest.raises(NotFound, match="make_offer"):
        component(lead_to_order, "sub_process", "make_tea")
    with pytest.raises(NotFound, match="sales_rep"):
        component(lead_to_order, "role_set", "sales_rep, king")
    with pytest.raises(InvalidPack, match="sub_process, rule_table"):
        component(lead_to_order, "song", "one")
