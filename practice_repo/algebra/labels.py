"""How alike two names are, in English and Chinese: for matching elements of models that share no lineage."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

# Words of customer work that mean one thing; the first stands for the others.
SYNONYMS = (
    ("customer", "client", "account", "buyer", "purchaser", "客户", "顾客", "买方"),
    ("order", "purchase order", "po", "订单", "订货"),
    ("quote", "quotation", "offer", "proposal", "bid", "报价", "报价单", "方案"),
    ("invoice", "bill", "发票", "账单"),
    ("payment", "remittance", "付款", "收款", "支付"),
    ("check", "verify", "validate", "examine", "inspect", "review", "检查", "核对", "审核", "验证", "检验"),
    ("approve", "approval", "authorise", "authorize", "sign off", "release", "批准", "审批", "授权"),
    ("reject", "decline", "refuse", "deny", "拒绝", "驳回"),
    ("send", "dispatch", "submit", "mail", "email", "e-mail", "发送", "寄出", "提交"),
    ("receive", "get", "obtain", "accept", "收到", "接收", "获取"),
    ("create", "prepare", "draft", "make", "write", "draw up", "创建", "准备", "起草", "编制", "制作"),
    ("ship", "deliver", "shipment", "delivery", "发货", "交付", "配送"),
    ("lead", "prospect", "enquiry", "inquiry", "线索", "潜在客户", "询盘"),
    ("opportunity", "deal", "商机"),
    ("ticket", "case", "incident", "issue", "工单", "案例"),
    ("complaint", "claim", "grievance", "投诉", "索赔"),
    ("request", "demand", "ask", "请求", "申请", "要求"),
    ("notify", "inform", "tell", "notification", "通知", "告知"),
    ("cancel", "abort", "withdraw", "取消", "撤销"),
    ("close", "complete", "finish", "end", "关闭", "完成", "结束"),
    ("assign", "allocate", "route", "分配", "分派", "指派"),
    ("call", "phone", "ring", "contact", "致电", "联系", "电话"),
    ("product", "item", "article", "goods", "产品", "商品", "货物"),
    ("price", "pricing", "价格", "定价"),
    ("credit", "信用", "授信"),
    ("return", "退货", "退回"),
    ("repair", "fix", "维修", "修理"),
    ("warehouse", "stock", "inventory", "仓库", "库存"),
    ("contract", "agreement", "合同", "协议"),
    ("manager", "supervisor", "head", "经理", "主管"),
    ("department", "team", "desk", "unit", "部门", "团队"),
    ("calculate", "compute", "determine", "work out", "计算", "确定"),
    ("record", "register", "enter", "log", "document", "记录", "登记", "录入"),
    ("plan", "schedule", "计划", "排程", "安排"),
    ("visit", "appointment", "拜访", "上门", "预约"),
    ("campaign", "promotion", "营销活动", "活动", "促销"),
    ("data", "information", "details", "数据", "信息", "资料"),
)
MEANING = {word: group[0] for group in SYNONYMS for word in group}
CHINESE_WORDS = sorted((word for word in MEANING if re.search(r"[\u4e00-\u9fff]", word)), key=len, reverse=True)
PHRASES = sorted((word for word in MEANING if " " in word or "-" in word), key=len, reverse=True)
EMPTY_WORDS = frozenset(
    re.findall(r"\w+", "a an the of to for and or in on at by with from is are be if 的 了 并 和 与 或")
)
CHINESE = re.compile(r"[\u3400-\u9fff]+")
WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=20_000)
def normalised(label: str) -> str:
    """One spelling of a label: full width, case, punctuation, white space and accents apart.

    >>> normalised("Check  Order!"), normalised("检查订单?"), normalised("ＣＨＥＣＫ＿order")
    ('check order', '检查订单', 'check order')
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", label)).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(WORD.findall(text))


@lru_cache(maxsize=20_000)
def tokens(label: str) -> frozenset[str]:
    """Words that carry meaning, each by the first of its synonyms; Chinese by known words and then by character.

    >>> sorted(tokens("Verify the client's quotations")), sorted(tokens("核对客户报价"))
    (['check', 'customer', 'quote'], ['check', 'customer', 'quote'])
    """
    text = normalised(label)
    for phrase in PHRASES:
        if phrase in text:
            text = re.sub(rf"\b{re.escape(phrase)}\b", MEANING[phrase], text)
    found: set[str] = set()
    for word in text.split():
        if CHINESE.search(word):
            found.update(_chinese_tokens(word))
        elif word not in EMPTY_WORDS and not (len(word) == 1 and word == "s"):
            found.add(_stem(word))
    return frozenset(found)


def _chinese_tokens(word: str) -> Iterable[str]:
    for known in CHINESE_WORDS:
        if known in word:
            yield MEANING[known]
            word = word.replace(known, " ")
    for part in CHINESE.findall(word):
        shingles = [part[at : at + 2] for at in range(len(part) - 1)] or [part]
        yield from (each for each in shingles if each not in EMPTY_WORDS)


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    """The word's synonym, tried with its endings taken off."""
    for ending, instead in (
        ("", ""),
        ("s", ""),
        ("es", ""),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("ies", "y"),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: len(word) - len(ending)] + instead
            if stem in MEANING:
                return MEANING[stem]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


@lru_cache(maxsize=20_000)
def _trigrams(label: str) -> frozenset[str]:
    text = f" {normalised(label)} "
    return frozenset(text[at : at + 3] for at in range(len(text) - 2))


@lru_cache(maxsize=200_000)
def similarity(one: str, other: str) -> float:
    """From 0 (nothing in common) to 1 (the same): the best of words, spelling and (Chinese) trigrams."""
    first, second = normalised(one), normalised(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    scores = [Levenshtein.normalized_similarity(first, second), 0.95 * _jaccard(tokens(one), tokens(other))]
    if CHINESE.search(first) and CHINESE.search(second):
        scores.append(0.95 * _dice(_trigrams(one), _trigrams(other)))
    return max(scores)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def best_similarity(ones: Iterable[str], others: Iterable[str]) -> float:
    """The similarity of the most alike of an element's names in several languages."""
    theirs = tuple(others)
    return max((similarity(one, other) for one in ones for other in theirs), default=0.0)
