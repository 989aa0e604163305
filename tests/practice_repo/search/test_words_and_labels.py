"""Which labels mean the same, in English, Chinese and across."""

import pytest

from practice_repo.search.labels import CUT_OFF, LabelMatcher, label_similarity
from practice_repo.search.words import NO_LABEL, label_of, normalised, tokens


def label(*texts: str):
    return label_of(texts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Check order", "Checking the orders"),
        ("Check the client's order", "Verify customer orders"),
        ("核对客户订单", "检查顾客订单"),
        ("PurchaseOrderReceived", "purchase order received"),
    ],
)
def test_other_forms_and_synonyms_of_the_same_words_are_the_same(one, other):
    assert label_similarity(label(one), label(other)) == pytest.approx(1.0)


def test_a_misspelt_label_is_still_near():
    assert label_similarity(label("Aprove invoce"), label("Approve invoice")) > 0.8


def test_chinese_and_english_meet_in_the_concepts_of_the_domain():
    assert label_similarity(label("审批报价"), label("Approve quote")) > 0.9


def test_unlike_labels_are_not_alike():
    assert label_similarity(label("Pack goods"), label("Invite speakers")) == 0.0
    assert label_similarity(label("打包货物"), label("邀请讲师")) == 0.0


def test_a_label_in_both_languages_matches_one_in_either():
    both = label("Check credit", "信用检查")

    assert label_similarity(both, label("信用检查")) == 1.0
    assert label_similarity(both, label("Check credit")) == 1.0


def test_two_elements_without_a_name_are_not_alike_by_name():
    assert label_of(("", " ")) is NO_LABEL
    assert label_similarity(NO_LABEL, NO_LABEL) == 0.0


def test_a_label_of_stop_words_keeps_them():
    assert normalised("Is it?") == "is it"
    assert tokens("Is it?")


def test_comparing_all_at_once_says_the_same_as_one_by_one():
    ours = [label(text) for text in ("Check order", "Send quote", "收到付款", "Close case")]
    theirs = [label(text) for text in ("Check orders", "Send offer", "收款", "Close the ticket", "Dance")]
    together = LabelMatcher(ours)
    together.prepare(theirs)

    for one in ours:
        for other in theirs:
            found = dict(together.near(other)).get(one, 0.0)
            assert found == pytest.approx(label_similarity(one, other))
            assert found == 0.0 or found >= CUT_OFF
