"""What two labels must share to mean the same: stems of English words, n-grams of Chinese, concepts of the domain.

label_of(("Check the client's orders",)).tokens    →  {"check", "customer", "order"}
label_of(("核对客户订单",)).tokens                 →  {"check", "customer", "order", "~核对", "~对客", …}
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

CHINESE = re.compile(r"[㐀-䶿一-鿿豈-﫿]+")
WORD = re.compile(r"[^\W_㐀-䶿一-鿿豈-﫿]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WITHOUT_MEANING = """
    a an and are as at be by did do does for from has have in into is it its of on or s that the their this to was were
    will with
"""
STOP_WORDS = frozenset(WITHOUT_MEANING.split())
CHINESE_STOP = re.compile(r"[的了吗]")
REST = "~~"  # before the characters of a Chinese label that belong to no known concept

# One row per concept of customer relations: words that name the same thing. The first English word stands for all.
CONCEPTS = (
    "customer client buyer purchaser 客户 顾客",
    "lead prospect 线索 潜在客户",
    "opportunity deal 商机 机会",
    "order 订单 订货",
    "quote quotation 报价 报价单",
    "offer proposal 方案 要约",
    "price 价格 定价",
    "discount rebate 折扣 优惠",
    "invoice bill 发票 开票 账单",
    "payment pay 付款 支付 回款 收款",
    "deliver delivery ship shipment dispatch 发货 交货 送货 运输",
    "goods item merchandise 货物 商品",
    "product 产品",
    "stock inventory 库存",
    "warehouse 仓库",
    "reserve reservation allocate 预留 分配",
    "check verify validate 检查 核对 验证 核实 审核",
    "approve approval authorise authorize sign-off 审批 批准 核准",
    "reject refuse decline 拒绝 驳回",
    "confirm confirmation acknowledge 确认",
    "create register open record enter 创建 登记 建立 录入 记录",
    "change update modify amend edit 更改 修改 更新 变更",
    "cancel withdraw 取消 撤销",
    "close finish complete end 关闭 结束 完成",
    "send mail transmit 发送 寄送",
    "receive receipt arrive 接收 收到 到达",
    "inform notify tell notice 通知 告知",
    "ask request enquire inquire enquiry inquiry 询问 咨询 请求 申请",
    "answer reply respond response 回复 答复 回应",
    "decide decision choose select 决定 选择 决策",
    "assign 指派 分派 派单",
    "credit 信用 信贷",
    "risk 风险",
    "contract agreement 合同 协议",
    "return rma 退货 退回",
    "refund reimburse 退款",
    "replace replacement exchange 换货 更换",
    "repair fix mend 维修 修理 修复",
    "complaint complain grievance 投诉",
    "ticket case incident 工单 案例",
    "service 服务",
    "technician engineer 技术员 工程师",
    "visit appointment 上门 预约 拜访",
    "diagnose diagnosis analyse analyze analysis 诊断 分析",
    "solve resolve solution 解决",
    "escalate escalation 升级",
    "campaign 活动 营销活动",
    "audience segment target 受众 细分 目标",
    "budget 预算",
    "plan schedule 计划 安排 排程",
    "content material 内容 素材",
    "survey feedback 调查 反馈",
    "quality inspect inspection test 质量 检验 检测",
    "warranty guarantee 保修 质保",
    "part spare 备件 零件",
    "account 账户",
    "sale sell 销售",
    "market marketing 营销 市场",
    "finance 财务",
    "manager supervisor 经理 主管",
    "clerk agent officer 专员 职员",
    "document file 文件 文档 单据",
    "report 报告 报表",
    "evaluate assess rate score review 评估 评价 评分 复核",
    "calculate compute determine 计算 确定",
    "prepare draft 准备 起草 拟定",
    "collect gather 收集 催收",
    "remind reminder dun dunning 提醒 催款",
    "supplier vendor 供应商",
    "purchase procure buy 采购 购买",
    "claim 索赔 理赔",
)


@dataclass(frozen=True)
class Label:
    """A name of an element in every language it has, ready for comparison."""

    texts: tuple[str, ...]  # as written, English first
    forms: tuple[str, ...]  # lower case, stop words and punctuation out: for edit distance
    bags: tuple[frozenset[str], ...]  # what may be compared as sets: per text its words, its pairs, its concepts

    @property
    def tokens(self) -> frozenset[str]:
        """Everything of the label that can be looked up; Chinese character pairs carry a leading "~"."""
        return _without_rest(*self.bags)

    def __bool__(self) -> bool:
        return bool(self.forms)

    def __hash__(self) -> int:  # the texts decide the rest
        return hash(self.texts)


NO_LABEL = Label((), (), ())


@lru_cache(maxsize=200_000)
def label_of(texts: tuple[str, ...]) -> Label:
    """The label with these texts (empty ones are left out)."""
    texts = tuple(dict.fromkeys(text for text in texts if text and text.strip()))
    forms = tuple(dict.fromkeys(form for form in map(normalised, texts) if form))
    if not forms:
        return NO_LABEL
    bags = (bag for text in texts for bag in _bags(text))
    return Label(texts, forms, tuple(dict.fromkeys(bag for bag in bags if _without_rest(bag))))


def normalised(text: str) -> str:
    """Lower case without punctuation, word forms and stop words: "Checks the orders?" → "check order"."""
    return " ".join(CHINESE_STOP.sub("", part) if CHINESE.match(part) else stem(part) for part in _words(text)).strip()


def tokens(text: str) -> frozenset[str]:
    """What can be looked up: concepts and stems of English words; concepts and character pairs of Chinese runs."""
    return _without_rest(*_bags(text))


def _without_rest(*bags: frozenset[str]) -> frozenset[str]:
    return frozenset(token for bag in bags for token in bag if not token.startswith(REST))


def chinese_ngrams(text: str, size: int) -> Iterator[str]:
    """The runs of `size` Chinese characters of the text, each with a leading "~"."""
    for run in CHINESE.findall(text):
        yield from (f"~{run[at : at + size]}" for at in range(len(run) - size + 1))


def has_chinese(text: str) -> bool:
    return CHINESE.search(text) is not None


def stem(word: str) -> str:
    """A light stem: plural, -ing, -ed and a final e are cut, nothing that would join unlike words of short labels."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _words(text: str) -> list[str]:
    """English words and Chinese runs in order, without stop words (unless there is nothing else)."""
    words = []
    for run in re.split(f"({CHINESE.pattern})", text):
        words += [run] if CHINESE.match(run) else [part for word in WORD.findall(run) for part in CAMEL.split(word)]
    return [word for word in words if word.lower() not in STOP_WORDS] or words


def _bags(text: str) -> Iterator[frozenset[str]]:
    words = _words(text)
    english = [stem(word) for word in words if not CHINESE.match(word)]
    named = [_ENGLISH_CONCEPTS.get(word, word) for word in english]
    runs = [word for word in words if CHINESE.match(word)]
    if runs:
        yield frozenset([*named, *(pair for run in runs for pair in _pairs(run))])
    yield frozenset([*named, *(concept for run in runs for concept in _chinese_concepts(run))])


def _pairs(run: str) -> Iterator[str]:
    return chinese_ngrams(run, 2) if len(run) > 1 else iter([f"~{run}"])


def _chinese_concepts(run: str) -> Iterator[str]:
    at, rest = 0, ""
    while at < len(run):
        size = next((size for size in (4, 3, 2) if run[at : at + size] in _CHINESE_CONCEPTS), 0)
        if size:
            yield _CHINESE_CONCEPTS[run[at : at + size]]
        else:
            rest += run[at]
        at += size or 1
    if rest:
        yield REST + rest


def _concepts(rows: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    english: dict[str, str] = {}
    chinese: dict[str, str] = {}
    for row in rows:
        words = row.split()
        concept = stem(words[0])
        for word in words:
            if CHINESE.match(word):
                chinese.setdefault(word, concept)
            else:
                english.setdefault(stem(word), concept)
    return english, chinese


_ENGLISH_CONCEPTS, _CHINESE_CONCEPTS = _concepts(CONCEPTS)
