"""What is decided about findings, what stays as it was, and what is no name."""

import json

import pytest

from engine.bpmn.reader import read_model
from engine.errors import InvalidInput
from practice_repo.algebra.package import Package
from practice_repo.practice import shipped_practices
from practice_repo.screening.finding import Decision, KnownNames
from practice_repo.screening.numbers import is_card, is_credit_code, is_iban, is_identity_card
from practice_repo.screening.screen import screen

README = "README.md"
SHIPPED = {path.name: Package.from_folder(path).files for path in shipped_practices()}
MODELS = (".bpmn", ".dmn")


def text(content: str, known: KnownNames = KnownNames(), **options):  # noqa: B008, RUF100
    return screen({README: content.encode()}, known, **options)


def cleaned(content: str, known: KnownNames = KnownNames(), **options) -> str:  # noqa: B008, RUF100
    return text(content, known, **options).cleaned[README].decode()


@pytest.mark.parametrize(
    "label",
    [
        "Sales rep", "Order clerk", "Mark order as paid", "Bill customer", "Will the customer pay?", "Grant access",
        "Head Of Sales", "Create Opportunity", "Key Account Manager", "ISO 27001 audit", "Level 4 approval",
        "from 2024-01-01 to 2024-12-31", "Invoice > 1000000", "Version 1.2.3", "Tax rate 19 percent", "order.no",
        "高级经理复核", "项目经理确认", "安全主管检查", "时间安排", "任务分配", "方案评审", "金额确认", "周报提交",
        "联系物流公司", "询问客户需求", "提交给主管", "总经理审批", "成功率", "程序员开发", "开户银行", "销售总监",
        "常规检查", "万元以上", "欧元",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_names(label):
    assert text(label).findings == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_models_and_rules_that_come_with_praxis_have_hardly_a_finding(name):
    content = {file: source for file, source in SHIPPED[name].items() if file.endswith(MODELS) or "forms/" in file}

    screening = screen(content)

    assert len(screening.findings) <= 3
    assert not any(finding.is_replaced for finding in screening.findings)
    assert screening.cleaned == content


def test_what_the_origin_names_is_public_and_stays():
    files = SHIPPED["lead_to_order"]
    changed = {**files, "README.md": files["README.md"] + b"\nAs Peter Hoffmann of Kessler GmbH does it.\n"}

    screening = screen(changed, published=files)

    assert {finding.text for finding in screening.findings} == {"Peter Hoffmann", "Kessler GmbH"}
    assert {name: content for name, content in screening.cleaned.items() if name != README} == {
        name: content for name, content in files.items() if name != README
    }


def test_the_own_dictionary_counts_even_for_what_is_public():
    files = {README: b"Ask Ms Okafor"}

    assert screen(files, KnownNames(persons=["Okafor"]), published=files).findings
    assert not screen(files, published=files).findings


def test_the_same_name_has_the_same_replacement_in_all_its_forms():
    known = KnownNames(organisations=["Brightwater Pumps Ltd"], persons=["Anna Meier"])

    result = cleaned("Brightwater Pumps Ltd asks Brightwater; a.meier, Anna Meier and Meier answer", known)

    assert result == "Company A asks Company A; Person A, Person A and Person A answer"


def test_a_name_that_is_sure_in_one_place_is_known_in_all_others():
    assert cleaned("Kessler Armaturen GmbH\nkessler_limit, see Kessler") == "Company A\ncompany_a_limit, see Company A"


def test_chinese_names_are_replaced_in_chinese():
    assert cleaned("请王小明联系上海蓝鲸科技有限公司") == "请人员甲联系公司甲"


def test_an_alias_of_a_chinese_company_is_the_same_company():
    known = KnownNames(organisations=["上海蓝鲸科技有限公司"])

    assert cleaned("蓝鲸的订单,蓝鲸科技已付款", known) == "公司甲的订单,公司甲已付款"


def test_what_only_looks_like_a_name_waits_for_a_decision():
    screening = text("Send it to Zephyria weekly")

    (finding,) = screening.open
    assert (finding.text, finding.is_replaced) == ("Zephyria", False)
    assert b"Zephyria" in screening.cleaned[README]
    decided = text("Send it to Zephyria weekly", decisions=[Decision(finding.id, "replace")])
    assert decided.cleaned[README] == b"Send it to Name A weekly"
    assert decided.open == ()


def test_a_finding_can_be_kept_with_a_reason_or_edited_everywhere():
    content = "Ask Peter Hoffmann\nPeter Hoffmann answers"
    first = text(content).findings[0]

    kept = text(content, decisions=[Decision(first.id, "keep", reason="a method is named after him")])
    edited = text(content, decisions=[Decision(first.id, "edit", text="the owner")])

    assert kept.cleaned[README].decode() == content
    assert {finding.reason for finding in kept.findings} == {"a method is named after him"}
    assert edited.cleaned[README].decode() == "Ask the owner\nthe owner answers"


@pytest.mark.parametrize(
    ("choice", "more", "said"),
    [
        ("keep", {}, "reason"),
        ("burn", {}, "no decision"),
        ("edit", {"text": "Mr Peter Hoffmann"}, "still holds"),
    ],
)
def test_a_decision_that_does_not_do_is_refused(choice, more, said):
    content = "Ask Peter Hoffmann"
    (finding,) = text(content).findings

    with pytest.raises(InvalidInput, match=said):
        text(content, decisions=[Decision(finding.id, choice, **more)])


def test_a_decision_on_nothing_is_refused():
    with pytest.raises(InvalidInput, match="screen the package again"):
        text("Nobody", decisions=[Decision("0", "replace")])


def test_literals_of_conditions_stay_equal_to_what_they_are_compared_with():
    model = SHIPPED["lead_to_order"]["process.bpmn"].replace(b'"grade"', b'"grade"')
    rule = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n"/>'
    files = {
        "a.bpmn": model.replace(b"<bpmn:documentation>", b'<bpmn:documentation>="Kessler GmbH" or "kessler" ', 1),
        "b.dmn": rule,
        "forms/f.json": json.dumps(
            {"components": [{"key": "to", "values": [{"label": "Kessler GmbH", "value": "kessler"}]}]}
        ).encode(),
        "scenarios.toml": b'[[scenario]]\nname = "x"\nvariables = {to = "kessler", name = "Kessler GmbH"}\n',
    }

    screening = screen(files, KnownNames(organisations=["Kessler GmbH"]))

    (option,) = json.loads(screening.cleaned["forms/f.json"])["components"][0]["values"]
    assert option == {"label": "Company A", "value": "company_a"}
    assert b'to = "company_a", name = "Company A"' in screening.cleaned["scenarios.toml"]
    assert screening.problems == ()
    read_model(screening.cleaned["a.bpmn"])


def test_a_new_identifier_never_meets_one_that_is_there():
    known = KnownNames(organisations=["Kessler Armaturen GmbH"])
    content = json.dumps({"kessler_no": 1, "kessler_armaturen_no": 2, "company_a_no": 3}).encode()

    keys = list(json.loads(screen({"x.json": content}, known).cleaned["x.json"]))

    assert keys[2] == "company_a_no"
    assert len(set(keys)) == 3


def test_house_roles_become_roles_of_the_dictionary():
    known = KnownNames(roles={"Pump wizard": "sales_rep"})
    content = '[[role]]\nkey = "pump_wizard"\nname = {en = "Pump wizard", zh = "泵"}\n'.encode()

    result = screen({"x.toml": content}, known).cleaned["x.toml"].decode()

    assert "pump" not in result.lower()
    assert 'key = "sales_rep"' in result


def test_amounts_of_rules_are_rounded_on_request_only():
    rule = (
        b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        b'<decision id="x" name="x"><literalExpression id="l"><text>if total &gt; 48750 then 2 else 1</text>'
        b"</literalExpression></decision></definitions>"
    )

    assert b"48750" in screen({"r.dmn": rule}).cleaned["r.dmn"]
    assert b"total &gt; 50000" in screen({"r.dmn": rule}, bucket_money=True).cleaned["r.dmn"]


def test_a_file_that_is_no_text_is_left_out():
    screening = screen({"logo.png": b"\x89PNG\xff\xfe\x00", README: b"fine"})

    assert set(screening.cleaned) == {README}
    assert screening.findings[0].kind == "unreadable"


def test_a_file_that_is_not_what_its_name_says_is_read_as_a_text():
    assert b"Hoffmann" not in screen({"x.bpmn": b"<broken Peter Hoffmann"}).cleaned["x.bpmn"]


def test_findings_keep_their_ids_from_run_to_run():
    content = "Ask Peter Hoffmann and Peter Hoffmann"

    ids = [finding.id for finding in text(content).findings]

    assert len(set(ids)) == 2
    assert ids == [finding.id for finding in text(content).findings]


def test_findings_keep_their_ids_when_something_else_changes():
    before = {README: b"fine", "x.toml": b'owner = "Peter Hoffmann"'}
    after = {README: b"fine\nand more", "x.toml": b'# a word\nfirst = "x"\nowner = "Peter Hoffmann"'}

    assert screen(before).findings[0].id == screen(after).findings[0].id


def test_many_known_names_are_no_burden():
    known = KnownNames(
        persons=[f"Given{n} Surname{n}" for n in range(5000)], organisations=[f"Firm{n} Ltd" for n in range(5000)]
    )

    assert cleaned("Firm77 Ltd asks Given4999 Surname4999", known) == "Company 78 asks Person 5000".replace(
        "78", "BZ"
    ).replace("5000", "GJH")


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (is_credit_code, "914403001922038216", "914403001922038261"),
        (is_identity_card, "11010519491231002X", "110105194912310021"),
        (is_iban, "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
        (is_card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
    ],
)
def test_check_digits_tell_numbers_from_lookalikes(check, right, wrong):
    assert check(right)
    assert not check(wrong)


def test_a_role_of_the_house_that_is_like_one_of_the_origin_waits_for_a_decision():
    files = SHIPPED["lead_to_order"]
    role = '[[role]]\nkey = "order_desk_clerk"\nname = {en = "Order desk clerk", zh = "订单台专员"}\n'
    changed = {**files, "practice.toml": files["practice.toml"] + role.encode()}

    screening = screen(changed, published=files)

    suggestions = {(finding.text, finding.replacement) for finding in screening.open}
    assert {("Order desk clerk", "Order clerk"), ("order_desk_clerk", "order_clerk")} <= suggestions
    assert b"order_desk_clerk" in screening.cleaned["practice.toml"]
