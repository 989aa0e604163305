"""Options: which fit, what they need, what they do, and that they can be taken back."""

import json
from itertools import permutations

import pytest

from engine.errors import InvalidInput, InvalidModel
from practice_repo.algebra.difference import difference
from practice_repo.algebra.document import read_document
from practice_repo.algebra.options import (
    apply_options,
    fitting_options,
    questionnaire,
    read_options,
    unapply_options,
)
from practice_repo.algebra.package import Package
from practice_repo.practice import CARD, read_card, shipped_practices
from tests.support.models import end, line, model, process, start, user_task

HEAD = """[practice]
id = "sample"
version = "1.0.0"
kind = "process"
type = "process"
name = {en = "Sample", zh = "样例"}
summary = {en = "Sample.", zh = "样例。"}
area = "sales"
licence = "Apache-2.0"
"""
POINT = """
[[variation_point]]
key = "%s"
question = {en = "Which?", zh = "哪个?"}
default = "plain"
elements = ["%s"]
options = [
  {key = "plain", name = {en = "Plain", zh = "普通"}},
  {key = "other", name = {en = "Other", zh = "其他"}, industries = ["machinery"]},
]
"""


def content(first="First", second="Second"):
    return model(process("sample", line(start(), user_task("a", name=first), user_task("b", name=second), end())))


def option(point, after, **more):
    """An option file that leads from the plain model to this one."""
    operations = difference(read_document("process.bpmn", content()), read_document("process.bpmn", after))
    described = {"point": point, "option": "other", "operations": [each.to_json() for each in operations], **more}
    return json.dumps(described).encode()


def package(first=None, second=None):
    files = {
        CARD: (HEAD + POINT % ("one", "a") + POINT % ("two", "b")).encode(),
        "process.bpmn": content(),
        "options/one.other.json": first or option("one", content(first="Another first")),
        "options/two.other.json": second or option("two", content(second="Another second")),
    }
    return Package(files)


def test_an_option_does_what_it_says_and_can_be_taken_back():
    changed = apply_options(package(), {"one": "other"})

    assert b"Another first" in changed.files["process.bpmn"]
    assert unapply_options(changed, package(), {"one": "other"}).meaning == package().meaning


def test_a_default_changes_nothing():
    assert apply_options(package(), {"one": "plain", "two": "plain"}).digest == package().digest


def test_the_order_of_answers_makes_no_difference():
    results = {
        apply_options(package(), dict(order)).digest for order in permutations([("one", "other"), ("two", "other")])
    }

    assert len(results) == 1


def test_options_that_change_one_place_say_which_other_is_in_the_way():
    clashing = package(second=option("two", content(first="Third")))

    with pytest.raises(InvalidInput, match=r"one\.other and two\.other change the same place"):
        apply_options(clashing, {"one": "other", "two": "other"})


def test_an_option_that_needs_another_is_not_had_alone():
    needing = package(second=option("two", content(second="Another second"), requires=["one.other"]))

    with pytest.raises(InvalidInput, match=r"needs one\.other"):
        apply_options(needing, {"two": "other"})
    assert apply_options(needing, {"two": "other", "one": "other"}).digest != needing.digest


def test_an_option_that_excludes_a_default_says_so():
    excluding = package(second=option("two", content(second="Another second"), excludes=["one.plain"]))

    with pytest.raises(InvalidInput, match=r"does not go with one\.plain"):
        apply_options(excluding, {"two": "other"})


def test_an_unknown_answer_names_the_known_ones():
    with pytest.raises(InvalidInput, match="known are plain, other"):
        apply_options(package(), {"one": "third"})
    with pytest.raises(InvalidInput, match="the questions are one, two"):
        apply_options(package(), {"three": "plain"})


def test_options_that_fit_are_suggested_with_the_reason():
    ruled = package(first=option("one", content(first="Another first"), when='size > 100 and industry = "retail"'))

    by_rule = fitting_options(ruled, {"industry": "retail", "size": 200})
    by_industry = fitting_options(ruled, {"industry": "machinery", "size": 200})

    assert [each.option.path for each in by_rule] == ["one.other"]
    assert "size > 100" in by_rule[0].reason.en
    assert [each.option.path for each in by_industry] == ["two.other"]
    assert fitting_options(ruled, {}) == ()


def test_questions_that_others_depend_on_are_asked_first():
    needing = package(first=option("one", content(first="Another first"), requires=["two.other"]))
    card = read_card(needing.files[CARD].decode())

    questions = questionnaire(card, read_options(needing), {"industry": "machinery"})

    assert [each.point.key for each in questions] == ["two", "one"]
    assert [each.suggested for each in questions] == ["other", "other"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"[", "options/one.other.json"),
        (b'{"point": "two", "option": "other"}', "must be those of the file name"),
        (b'{"point": "one", "option": "other", "requires": ["nobody.other"]}', "names 'nobody.other'"),
        (b'{"point": "one", "option": "other", "when": "((("}', "options/one.other.json"),
    ],
)
def test_a_wrong_option_file_is_told(file, message):
    with pytest.raises(InvalidModel) as caught:
        read_options(package(first=file))

    assert message in caught.value.findings[0].message


@pytest.mark.parametrize("folder", shipped_practices(), ids=lambda folder: folder.name)
def test_shipped_options_can_be_chosen_and_taken_back(folder):
    """Of the first variation points with operations, one option each."""
    shipped = Package.from_folder(folder)
    by_point = {each.point: each for each in read_options(shipped) if each.operations}
    for each in list(by_point.values())[:4]:
        choices = {**dict(path.split(".") for path in each.requires), each.point: each.key}

        back = unapply_options(apply_options(shipped, choices), shipped, choices)

        changed = [name for name in shipped.files if back.files[name] != shipped.files[name]]
        assert back.files.keys() == shipped.files.keys()
        assert all(back.documents[name].digest == shipped.documents[name].digest for name in changed)
