"""The selector's sentences for people: in English and Chinese, with dates instead of days and names instead of keys.

The selector says why in short English sentences about keys and day numbers, and these are kept with every
recommendation. Here each of them is a row of a table; what the table does not know is given back as it was said.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property

from practice_repo.practice import Text

AMOUNT = r"-?\d[\d.]*(?:E[+-]?\d+)?"
INDEX = rf"costless, effect {AMOUNT}|needs estimate|no-op|-?\d[\d.]*(?: \(-?\d+/\d+\))?"
SLOTS = {  # what may stand there
    "key": r"[^:;]+?",
    "keys": r"[^:;]+?",  # joined by comma or plus
    "needed": r".+?",  # prerequisites that are missing, joined by semicolon
    "missing": r".+?",  # estimates that are missing, joined by comma
    "reason": r".+?",
    "text": r".*?",
    "code": r"[^:;]+?",  # of a department, an industry, a KPI, a licence; joined by comma
    "segment": r".+?",
    "role": r".+?",
    "amount": AMOUNT,
    "day": r"-?\d+",
    "number": r"-?[\d.]+",
    "share": r"[\d.]+%",
    "index": INDEX,
    "status": r"optimal|feasible|greedy",
    "tie": r"the larger S|larger net benefit|smaller cost|shorter duration|more evidence|id"
    r"|a costless benefit goes first|a costless loss goes last",
}


@dataclass(frozen=True)
class Sentence:
    """One kind of sentence. `said` is how the selector says it, with slots as `{name:kind}`; `en` where people should
    read it otherwise (else "day {d:day}" only becomes the date)."""

    said: str
    zh: str
    en: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+):(\w+)\}", self.said)
        found = [re.escape(parts[0])]
        for name, kind, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            found.append(f"(?P<{name}>{SLOTS[kind]}){re.escape(text)}")
        return re.compile("".join(found), re.DOTALL)

    @cached_property
    def kinds(self) -> dict[str, str]:
        return dict(re.findall(r"\{(\w+):(\w+)\}", self.said))

    @cached_property
    def spoken(self) -> str:
        said = self.en or re.sub(r"\bday (\{\w+:day\})", r"\1", self.said)
        return re.sub(r"\{(\w+):\w+\}", r"{\1}", said)


# The first that fits is taken, so the special ones stand before the general ones.
SENTENCES: tuple[Sentence, ...] = (
    # what stands in the way of a prerequisite
    Sentence("needs {id:key}: {reason:reason}", "需要 {id}：{reason}"),
    # standing and decisions
    Sentence("already in place", "已经在用"),
    Sentence("its rollout is running", "正在推广实施"),
    Sentence("rejected: no reason was given", "已被拒绝，未说明原因"),
    Sentence("rejected: {reason:text}", "已被拒绝：{reason}"),
    Sentence("deferred until day {day:day}", "推迟到 {day}"),
    # gates
    Sentence("needs the licence {licences:code}", "需要许可：{licences}"),
    Sentence("is not allowed in {region:code}", "在 {region} 不允许"),
    Sentence(
        "is made for {least:number} employees or more, there are {size:number}",
        "适用于 {least} 名及以上员工的企业，现有 {size} 名",
    ),
    Sentence(
        "is made for {most:number} employees or fewer, there are {size:number}",
        "适用于不超过 {most} 名员工的企业，现有 {size} 名",
    ),
    Sentence("is made for {industries:code}, not for {industry:code}", "适用于 {industries}，不适用于 {industry}"),
    Sentence("none of its needs is open: {needs:text}", "它所满足的需求都已不再开放", "none of its needs is open"),
    Sentence(
        "the KPI {kpi:code} is {value:number} and meets its target of {target:number}",
        "指标 {kpi} 为 {value}，已达到目标 {target}",
    ),
    Sentence(
        "its risk is {risk:number}, the enterprise takes at most {most:number}",
        "风险为 {risk} 级，企业最多接受 {most} 级",
    ),
    Sentence("needs {least:share} complete records, {share:share} are", "需要 {least} 的记录完整，现为 {share}"),
    Sentence(
        "{running:number} rollouts run in {department:code}, at most {most:number} at once",
        "{department} 部门有 {running} 项实施在进行，同时最多 {most} 项",
    ),
    Sentence(
        "{department:code} bears {load:number} change points, {points:number} more are above {most:number}",
        "{department} 部门已承受 {load} 个变革点，再加 {points} 个将超过 {most}",
    ),
    Sentence(
        "{department:code} rests until day {day:day} after a failed rollout",
        "一次实施失败后，{department} 部门休整至 {day}",
    ),
    Sentence("was rejected {times:number} times, asked again on day {day:day}", "已被拒绝 {times} 次，{day} 再次询问"),
    # exclusions between activities
    Sentence(
        "excludes {rival:key}, which is a must-have or needed by one",
        "与 {rival} 互斥，而后者是必选项或必选项所需",
    ),
    Sentence("excludes {rival:key}, which it needs", "与它自己所需的 {rival} 互斥"),
    Sentence("excluded by {rival:key}, which the plan holds", "被计划中的 {rival} 排除"),
    Sentence("excluded by {rival:key}", "被 {rival} 排除"),
    # window
    Sentence("its window opens on day {opens:day}, today is day {day:day}", "时间窗口于 {opens} 开启，今天是 {day}"),
    Sentence(
        "started on day {day:day} it ends on day {finish:day}, after its window closes on day {closes:day}",
        "若 {day} 开始，将于 {finish} 结束，晚于其窗口关闭日 {closes}",
    ),
    Sentence(
        "started on day {day:day} it ends on day {finish:day}, after the horizon ends on day {end:day}",
        "若 {day} 开始，将于 {finish} 结束，晚于时间范围的终点 {end}",
    ),
    Sentence("can start on day {day:day}", "可于 {day} 开始"),
    Sentence("its prerequisites have settled on day {day:day}", "其前提到 {day} 才稳定下来"),
    Sentence("cannot end in time: it would have to start by day {day:day}", "无法按时结束：最迟须在 {day} 开始"),
    # budget and staff
    Sentence(
        "costs {cost:amount}, {left:amount} of the budget is left, of which {kept:amount} is kept for must-haves",
        "费用 {cost}，预算还剩 {left}，其中 {kept} 留给必选项",
    ),
    Sentence(
        "costs {cost:amount}, {left:amount} of the budget of period {period:number} is left",
        "费用 {cost}，第 {period} 期预算还剩 {left}",
    ),
    Sentence("costs {cost:amount}, {left:amount} of the budget is left", "费用 {cost}，预算还剩 {left}"),
    Sentence("costs {cost:amount}, more than the budget of every later period", "费用 {cost}，超过以后每一期的预算"),
    # plan
    Sentence(
        "{ids:keys} costs {cost:amount}, the plan leaves {left:amount} of the budget for something worth less",
        "{ids} 费用 {cost}，计划给价值更低者只剩 {left} 预算",
        "{ids} costs {cost}, the plan leaves only {left} of the budget",
    ),
    Sentence("{ids:keys} would add {net:amount} to the net benefit", "{ids} 会使净收益变化 {net}"),
    Sentence(
        "{ids:keys} finds no room in staff, windows or the budgets of the periods",
        "{ids} 在人员、时间窗口或各期预算中找不到位置",
    ),
    Sentence(
        "{ids:keys} would add {net:amount}, but not beside the rest of the plan",
        "{ids} 会带来 {net}，但无法与计划的其余部分并存",
    ),
    # why nothing is recommended, and why something has no S
    Sentence("the loop stopped: {reason:reason}", "循环已停止：{reason}"),
    Sentence("no new available practice", "没有新的可用最佳实践活动"),
    Sentence(
        "the best, {id:keys} with S = {index:index}, is not above {threshold:number}",
        "最好的 {id}（S = {index}）不高于 {threshold}",
    ),
    Sentence("no-op: {id:keys} costs nothing and brings nothing", "无作用：{id} 不花费用也没有效果"),
    Sentence("needs estimate: nobody has estimated {missing:missing}", "需要估算：还没有人估算{missing}"),
    # what is missing before it
    Sentence("needs {keys:keys}, which cannot end in time", "需要 {keys}，而后者无法按时结束"),
    Sentence("needs {id:key}, which {rival:key} of the plan excludes", "需要 {id}，而计划中的 {rival} 将其排除"),
    Sentence("needs {id:key} and {rival:key}, which exclude each other", "需要 {id} 和 {rival}，而两者互斥"),
    Sentence("needs {heads:number} {role:role}, {exist:number} exist", "需要 {heads} 名{role}，现有 {exist} 名"),
    Sentence("needs {needed:needed}", "需要 {needed}"),
    # ranking and explanation
    Sentence(
        "rank {n:number} of {all:number}: S = ({effect:amount} - {cost:amount}) / {same:amount} = {index:index}",
        "第 {n} 名，共 {all} 名：S = ({effect} - {cost}) / {same} = {index}",
    ),
    Sentence(
        "rank {n:number} of {all:number}: costs nothing, effect {effect:amount}; zero cost is unusual, "
        "check staff time",
        "第 {n} 名，共 {all} 名：没有费用，效果 {effect}；零费用不常见，请核对人员工时",
    ),
    Sentence(
        "rank {n:number} of {all:number}: costs nothing, effect {effect:amount}; it harms",
        "第 {n} 名，共 {all} 名：没有费用，效果 {effect}；有害",
    ),
    Sentence("Nothing is recommended: {reason:reason}.", "没有推荐：{reason}。"),
    Sentence(
        "{id:keys} has the best S = {index:index}, which is not positive, so it needs confirmation; "
        "next comes {other:keys} with {second:index}.",
        "{id} 的 S = {index} 最高，但不为正，需要确认；其次是 {other}，S = {second}。",
    ),
    Sentence(
        "{id:keys} has the best S = {index:index}, which is not positive, so it needs confirmation.",
        "{id} 的 S = {index} 最高，但不为正，需要确认。",
    ),
    Sentence(
        "{id:keys} has the best S = {index:index}; next comes {other:keys} with {second:index}.",
        "{id} 的 S = {index} 最高；其次是 {other}，S = {second}。",
    ),
    Sentence("{id:keys} has the best S = {index:index}.", "{id} 的 S = {index} 最高。"),
    Sentence(
        "{id:keys} comes first: it costs nothing and brings {effect:amount}; "
        "next comes {other:keys} with {second:index}.",
        "{id} 居首：无需费用，效果 {effect}；其次是 {other}，S = {second}。",
    ),
    Sentence(
        "{id:keys} comes first: it costs nothing and brings {effect:amount}.", "{id} 居首：无需费用，效果 {effect}。"
    ),
    Sentence("The plan is empty: nothing is worth its cost.", "计划为空：没有值得其费用的活动。"),
    Sentence("The paper's scan picks nothing.", "论文的扫描没有选出任何活动。"),
    Sentence(
        "The plan starts with {id:key} and is worth {value:amount} ({status:status}); "
        "the paper's loop to its end {loop:amount}.",
        "计划从 {id} 开始，价值 {value}（{status}）；论文的循环走到底价值 {loop}。",
    ),
    Sentence("The paper's scan finds nothing that can start today.", "论文的扫描没有找到今天可以开始的活动。"),
    Sentence("The paper's scan picks {id:key}, too: S = {index:index}.", "论文的扫描同样选择 {id}：S = {index}。"),
    Sentence("The paper's scan picks {id:key} with S = {index:index}.", "论文的扫描选择 {id}，S = {index}。"),
    Sentence("The paper's scan picks {id:key}.", "论文的扫描选择 {id}。"),
    Sentence(
        "{id:key} comes first because it opens {keys:keys}: together S = {index:index}.",
        "{id} 排在首位，因为它为 {keys} 创造条件：合计 S = {index}。",
    ),
    Sentence("{id:key} follows in the plan.", "{id} 在计划中随后进行。"),
    Sentence("{id:key} would exclude {keys:keys}, which the plan holds.", "{id} 会排除计划中的 {keys}。"),
    Sentence(
        "{id:key} is left out: what it would take of budget, staff or time is worth more elsewhere.",
        "未选 {id}：它所占用的预算、人员或时间用在别处价值更高。",
    ),
    Sentence(
        "explored: {id:key} may be better than {other:key}, its trial is small, reversible and measured",
        "探索：{id} 可能优于 {other}，其试行规模小、可撤回、有测量",
    ),
    # the scan, step by step
    Sentence(
        "N={n:number}: S({id:keys}) = {index:index}, the first and so the best so far",
        "N={n}：S({id}) = {index}，第一个，即目前最佳",
    ),
    Sentence(
        "N={n:number}: S({id:keys}) = {index:index} beats S({best:keys}) = {second:index} ({tie:tie}): take it",
        "N={n}：S({id}) = {index}，优于 S({best}) = {second}（{tie}）：改选它",
    ),
    Sentence(
        "N={n:number}: S({id:keys}) = {index:index} does not beat S({best:keys}) = {second:index} ({tie:tie}): "
        "keep {same:keys}",
        "N={n}：S({id}) = {index}，不优于 S({best}) = {second}（{tie}）：保留 {same}",
    ),
    # where numbers come from
    Sentence("own estimate", "自行估算"),
    Sentence("nobody has estimated it", "还没有人估算"),
    Sentence(
        "based on {n:number} deployments, {own:number} in your industry; rest from {segment:segment}",
        "依据 {n} 次实施，其中本行业 {own} 次；其余来自：{segment}",
    ),
    Sentence("based on {n:number} own measurement", "依据自己的 {n} 次测量"),
    Sentence("based on {n:number} own measurements", "依据自己的 {n} 次测量"),
)
NEEDED: tuple[Sentence, ...] = (  # a prerequisite that is missing
    Sentence("{id:key}, which is neither a candidate nor in place", "{id}（既不是候选也未实施）"),
    Sentence("{id:key}, which is excluded by {rival:key}", "{id}（被 {rival} 排除）"),
    Sentence("{id:key}, which was rejected", "{id}（已被拒绝）"),
    Sentence("{id:key}", "{id}"),
)
MISSING: tuple[Sentence, ...] = (  # an estimate that is missing
    Sentence("effect and cost of {id:key}", "{id} 的效果和费用"),
    Sentence("effect of {id:key}", "{id} 的效果"),
    Sentence("cost of {id:key}", "{id} 的费用"),
)
SEGMENTS: tuple[Sentence, ...] = (  # whose outcomes stand in for what is not known of the practice itself
    Sentence("family {family:code} in {industry:code}", "{industry}行业的“{family}”类", "“{family}” in {industry}"),
    Sentence("family {family:code}", "“{family}”类", "“{family}”"),
    Sentence(
        "no class: fewer than three finished projects", "无：完成的项目不足三个", "none: fewer than three projects"
    ),
    Sentence("area {area:code}", "{area} 领域"),
    Sentence("all practices", "全部实践"),
)
CHINESE_COMMA = "、"
WORDS = {
    "needs estimate": Text("needs an estimate", "需要估算"),
    "no-op": Text("no-op", "无作用"),
    "optimal": Text("proven best", "已证明最优"),
    "feasible": Text("best found in the time", "限时内找到的最好方案"),
    "greedy": Text("bundle after bundle", "逐组选取"),
    "the larger S": Text("the larger S", "S 更大"),
    "larger net benefit": Text("larger net benefit", "净收益更大"),
    "smaller cost": Text("smaller cost", "费用更小"),
    "shorter duration": Text("shorter duration", "工期更短"),
    "more evidence": Text("more evidence", "依据更多"),
    "id": Text("in the order of the list", "按清单顺序"),
    "a costless benefit goes first": Text("a costless benefit goes first", "无费用而有收益者优先"),
    "a costless loss goes last": Text("a costless loss goes last", "无费用而有损失者排在最后"),
}
GATES = {
    "eligibility": Text("Eligibility", "资格"),
    "applicability": Text("Applicability", "适用性"),
    "suitability": Text("Suitability", "适合度"),
    "change load": Text("Change load", "变革负荷"),
    "status": Text("Status", "状态"),
    "decision": Text("Decision", "决定"),
    "exclusion": Text("Exclusion", "互斥"),
    "prerequisites": Text("Prerequisites", "前提"),
    "window": Text("Time window", "时间窗口"),
    "staff": Text("Staff", "人员"),
    "budget": Text("Budget", "预算"),
    "estimate": Text("Estimate", "估算"),
    "plan": Text("Plan", "计划"),
    "stop": Text("Stop rule", "停止规则"),
}


def _plain_amount(amount: Decimal) -> str:
    return f"{amount:,.2f}".removesuffix(".00")


@dataclass(frozen=True)
class Teller:
    """Tells the selector's sentences to one reader. `day`, `amount` and `role` say how such values look."""

    names: Mapping[str, Text]  # of activities, by key
    starts_on: date  # day 0
    language: str = "en"
    day: Callable[[date], str] = date.isoformat
    amount: Callable[[Decimal], str] = _plain_amount
    role: Callable[[str], str] = str
    code: Callable[[str], str] = str  # of a department, an industry, a KPI, a licence

    def tell(self, text: str) -> str:
        """The sentence, or several of them, in the reader's language; an unknown one as it is."""
        told = [self._told(each, SENTENCES) for each in sentences_of(text)]
        return ("" if self.language == "zh" else " ").join(each for each in told if each) if all(told) else text

    def name(self, key: str) -> str:
        """The name of an activity in the reader's language; a key that nobody has stays as it is."""
        return f"“{self.names[key].in_language(self.language)}”" if key in self.names else key

    def segment(self, segment: str) -> str:
        """Whose outcomes or projects a number comes from."""
        return self._segment(segment)

    def gate(self, gate: str) -> str:
        return GATES[gate].in_language(self.language) if gate in GATES else gate

    def _told(self, text: str, sentences: tuple[Sentence, ...]) -> str | None:
        found = _match(text, sentences)
        if found is None:
            return None
        sentence, values = found
        shown = {name: self._shown(sentence.kinds[name], value) for name, value in values.items()}
        return (sentence.zh if self.language == "zh" else sentence.spoken).format(**shown)

    def _shown(self, kind: str, value: str) -> str:
        if kind in ("text", "number", "share"):
            return value
        return getattr(self, f"_{kind}")(value)

    def _key(self, key: str) -> str:
        return self.name(key)

    def _keys(self, keys: str) -> str:
        if keys in self.names:
            return self.name(keys)
        parts = re.split(r"( \+ |, )", keys)
        return "".join(each if n % 2 else self.name(each) for n, each in enumerate(parts))

    def _needed(self, text: str) -> str:
        parts = [self._told(each, NEEDED) or each for each in text.split("; ")]
        return ("；" if self.language == "zh" else "; ").join(parts)

    def _missing(self, text: str) -> str:
        parts = [self._told(each, MISSING) or each for each in _split_missing(text)]
        return (CHINESE_COMMA if self.language == "zh" else ", ").join(parts)

    def _reason(self, text: str) -> str:
        return self.tell(text)

    def _segment(self, text: str) -> str:
        return self._told(text, SEGMENTS) or text

    def _role(self, role: str) -> str:
        return self.role(role)

    def _code(self, codes: str) -> str:
        return (CHINESE_COMMA if self.language == "zh" else ", ").join(self.code(each) for each in codes.split(", "))

    def _amount(self, text: str) -> str:
        try:
            return self.amount(Decimal(text))
        except InvalidOperation:
            return text

    def _day(self, number: str) -> str:
        return self.day(self.starts_on + timedelta(days=int(number)))

    def _index(self, text: str) -> str:
        if text.startswith("costless, effect "):
            amount = self._amount(text.removeprefix("costless, effect "))
            return f"无费用，效果 {amount}" if self.language == "zh" else f"costless, effect {amount}"
        return WORDS[text].in_language(self.language) if text in WORDS else text

    def _status(self, text: str) -> str:
        return WORDS[text].in_language(self.language)

    _tie = _status


def sentences_of(text: str) -> list[str]:
    """The sentences of a text that has several of them; a text that is not made of known ones stays whole."""
    parts = re.split(r"(?<=\.) ", text)
    return parts if all(match_of(each) for each in parts) else [text]


def match_of(text: str) -> Sentence | None:
    """The kind of sentence that this is; None for one that the table does not have."""
    found = _match(text, SENTENCES)
    return found[0] if found else None


def _match(text: str, sentences: tuple[Sentence, ...]) -> tuple[Sentence, dict[str, str]] | None:
    for each in sentences:
        found = each.pattern.fullmatch(text)
        if found is not None and all(match_of(found[name]) for name, kind in each.kinds.items() if kind == "reason"):
            return each, found.groupdict()
    return None


def _split_missing(text: str) -> list[str]:
    """`effect of A, effect and cost of B`: keys may hold commas, so it is split where an estimate is named."""
    return re.split(r", (?=(?:effect and cost|effect|cost) of )", text)
