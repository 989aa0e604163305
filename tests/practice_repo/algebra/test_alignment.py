from itertools import pairwise

import pytest

from practice_repo.algebra.alignment import align, rekeyed
from practice_repo.algebra.difference import apply, difference
from practice_repo.algebra.document import read_document
from practice_repo.algebra.labels import normalised, similarity

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1">'


def model(way, names, uids=None):
    """A process along `way` ("s>a>b>e"); the names of its tasks by id."""
    steps = way.split(">")
    parts = [f'<startEvent id="{steps[0]}"/>', f'<endEvent id="{steps[-1]}"/>']
    for step in steps[1:-1]:
        uid = f' praxis:uid="{uids[step]}"' if uids and step in uids else ""
        parts.append(f'<userTask id="{step}" name="{names.get(step, "")}"{uid}/>')
    for one, other in pairwise(steps):
        parts.append(f'<sequenceFlow id="{one}_{other}" sourceRef="{one}" targetRef="{other}"/>')
    return read_document(
        "m.bpmn", f'{HEAD}<process id="p_{steps[0]}">{"".join(parts)}</process></definitions>'.encode()
    )


BASE = model("s>a>b>c>e", {"a": "Check order", "b": "Approve credit", "c": "Ship goods"})


def pairs(changed, base=BASE):
    found = align(base, changed).pairs
    return {key: found.get(key) for key in changed.records if changed.records[key].kind == "userTask"}


def test_elements_are_found_by_their_ids_first():
    swapped = model("s>a>b>c>e", {"a": "Check order", "b": "Ship goods", "c": "Approve credit"})

    assert pairs(swapped) == {"a": "a", "b": "b", "c": "c"}


def test_elements_are_found_by_their_lineage_when_their_ids_changed():
    copied = model("s>x>y>z>e", {"x": "一", "y": "二", "z": "三"}, {"x": "a", "y": "b", "z": "c"})

    assert [(record.key, record.id) for record in copied.records.values() if record.kind == "userTask"] == [
        ("a", "x"),
        ("b", "y"),
        ("c", "z"),
    ]
    assert pairs(copied) == {"a": "a", "b": "b", "c": "c"}


def test_elements_are_found_by_equal_names():
    assert pairs(model("q>x>y>z>r", {"x": "SHIP goods!", "y": "check  order", "z": "Approve credit"})) == {
        "x": "c",
        "y": "a",
        "z": "b",
    }


def test_elements_are_found_by_similar_names_and_synonyms():
    assert pairs(model("q>x>y>z>r", {"x": "Verify the orders", "y": "Approval of credit", "z": "Deliver goods"})) == {
        "x": "a",
        "y": "b",
        "z": "c",
    }


def test_elements_are_found_across_languages():
    assert pairs(model("q>x>y>z>r", {"x": "检查订单", "y": "审批信用", "z": "发货"}))["x"] == "a"


def test_chinese_names_that_share_most_characters_are_alike():
    base = model("s>a>b>e", {"a": "登记客户信息", "b": "安排上门维修"})

    assert pairs(model("q>x>y>r", {"x": "登记客户的信息", "y": "安排工程师上门维修"}), base) == {"x": "a", "y": "b"}


def test_elements_without_names_are_found_by_their_places():
    base = model("s>a>b>c>e", {})

    assert pairs(model("q>x>y>z>r", {}), base) == {"x": "a", "y": "b", "z": "c"}


def test_one_of_two_equal_names_is_found_by_its_neighbours():
    base = model("s>a>b>c>d>e", {"a": "Check", "b": "Price", "c": "Check", "d": "Ship"})
    changed = model("q>w>x>y>z>r", {"w": "Check", "x": "Price", "y": "Check", "z": "Ship"})

    assert pairs(changed, base) == {"w": "a", "x": "b", "y": "c", "z": "d"}


def test_equal_ids_with_other_names_are_chance():
    names = {"a": "Ship goods", "b": "Close ticket", "c": "Approve credit", "d": "Check order"}
    base = model("s>a>b>c>d>e", {"a": "Check order", "b": "Ship goods", "c": "Close ticket", "d": "Approve credit"})

    assert pairs(model("s>a>b>c>d>e", names), base) == {"a": "b", "b": "c", "c": "d", "d": "a"}


def test_what_has_nothing_in_common_is_new():
    changed = model("q>x>r", {"x": "Celebrate"})

    assert pairs(changed) == {"x": None}
    assert apply(BASE, difference(BASE, changed)).digest == changed.digest


def test_new_elements_never_get_the_key_of_one_that_went():
    base = model("s>a>b>e", {"a": "Check order", "b": "Ship goods"})
    changed = read_document("m.bpmn", base.write().replace(b'<userTask id="b"', b'<exclusiveGateway id="b"'))

    found = rekeyed(changed, align(base, changed))

    assert {"b", "b.2"} & set(found.records) == {"b.2"}
    assert found.records["b_e"].get("source") == "b.2"


def test_the_alignment_is_the_same_every_time():
    changed = model("q>x>y>z>r", {"x": "Check", "y": "Check", "z": "Check"})

    assert align(BASE, changed) == align(BASE, changed)


ROW = '<rule id="{0}"><inputEntry><text>{1}</text></inputEntry><outputEntry><text>{2}</text></outputEntry></rule>'
TABLE = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="d" namespace="n">'
    '<decision name="discount"><decisionTable><input label="Amount"><inputExpression><text>amount</text>'
    '</inputExpression></input><output name="share"/>{0}</decisionTable></decision></definitions>'
)


def rules(*rows, prefix):
    cells = "".join(ROW.format(f"{prefix}{number}", *row) for number, row in enumerate(rows))
    return read_document("d.dmn", TABLE.format(cells).encode())


def test_rules_are_found_by_their_conditions():
    base = rules(("&gt; 10", "1"), ("&gt; 20", "2"), ("&gt; 30", "3"), prefix="r")
    changed = rules(("&gt; 5", "0"), ("&gt; 30", "3"), ("&gt; 10", "9"), ("&gt; 20", "2"), prefix="x")

    operations = difference(base, changed)

    assert sorted(operation.type for operation in operations) == ["AddRule", "ChangeRule", "ChangeRule"]
    assert apply(base, operations).digest == changed.digest


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Check order", "check   ORDER.", 1, 1),
        ("Check order", "Ｃｈｅｃｋ　ｏｒｄｅｒ", 1, 1),
        ("Verify the customer's order", "Check client order", 0.9, 1),
        ("Send quotation", "Sending the quote", 0.9, 1),
        ("检查订单", "核对订单", 0.9, 1),
        ("Check order", "检查订单", 0.9, 1),
        ("Check order", "Ship goods", 0, 0.4),
        ("检查订单", "安排发货", 0, 0.4),
        ("", "anything", 0, 0),
        ("?!", "!", 0, 0),
    ],
)
def test_similarity_of_names(one, other, least, most):
    assert least <= similarity(one, other) <= most
    assert similarity(one, other) == similarity(other, one)


def test_names_are_normalised():
    assert normalised("  Prüfen – Auftrag_4 ") == "prufen auftrag 4"
