"""A seeded library of process models in English, Chinese or both, and mutations of them with a known number of steps.

Unlike tests.support.random_models (which are made to run) these are made to be searched: they have topics, roles,
conditions, forms and data, and two models of one topic share words but not structure.
"""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr


def _pairs(words: str) -> tuple[tuple[str, str], ...]:
    return tuple(tuple(pair.split()) for pair in words.split(","))


VERBS = _pairs("""
    Check 检查, Approve 批准, Record 登记, Send 发送, Plan 安排, Compare 比较, Print 打印, Pack 包装,
    Repair 维修, Sign 签署, Archive 归档, Translate 翻译, Inspect 检验, Confirm 确认, Correct 更正,
    Measure 测量, Price 定价, Merge 合并, Assess 评估, Release 放行, Block 冻结, Publish 发布, Collect 收集,
    Label 标记
""")
SUBJECTS = _pairs("""
    order 订单, invoice 发票, contract 合同, complaint 投诉, claim 索赔, visit 上门, campaign 活动, return 退货,
    warranty 保修, delivery 交货, loan 贷款, policy 保单, shipment 货运, application 申请, recruitment 招聘,
    audit 审计, budget 预算, lease 租赁, ticket 工单, survey 问卷, recipe 配方, drawing 图纸, tender 投标,
    payroll 薪资, training 培训, patent 专利, visa 签证, harvest 收成, exam 考试, prescription 处方
""")
THINGS = _pairs("""
    form 表单, amount 金额, date 日期, address 地址, photo 照片, quantity 数量, risk 风险, history 历史,
    label 标签, draft 草稿, copy 副本, certificate 证书, checklist 清单, receipt 收据, sample 样品,
    deadline 期限, statement 说明, file 档案, reason 原因, report 报告, number 编号, notice 通知, rating 评级,
    list 名单
""")
ROLES = _pairs("""
    clerk 专员, manager 经理, expert 专家, planner 计划员, agent 客服
""")
TASKS = ("userTask", "serviceTask", "userTask", "sendTask", "manualTask")
LANGUAGES = ("en", "zh", "mixed")


@dataclass
class Step:
    """A task of a generated process: indices into the word lists."""

    verb: int
    thing: int
    subject: int
    role: int
    type: str
    form: str = ""


@dataclass
class Split:
    """A gateway with branches of steps; with a condition per branch when it is exclusive."""

    type: str
    branches: list[list["Step | Split"]]
    conditions: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """A process before it is written; `language` en, zh or mixed (both names, in random places one of them)."""

    name: str
    subject: int
    language: str
    steps: list[Step | Split]

    def write(self) -> bytes:
        """The process as BPMN, with lanes, conditions and forms and without a drawing."""
        return _Writer(self).text().encode()


def make_plan(seed: int) -> Plan:
    """The process with this number: 5 to 25 steps about one subject."""
    chance = random.Random(seed)
    subject = seed % len(SUBJECTS)
    vocabulary = chance.sample(range(len(VERBS)), 9), chance.sample(range(len(THINGS)), 9)
    steps = [_piece(chance, subject, vocabulary, 0.25) for _ in range(chance.randint(4, 9))]
    return Plan(f"p{seed}", subject, LANGUAGES[seed // len(SUBJECTS) % 3], steps)


def mutated(plan: Plan, times: int, seed: int) -> Plan:
    """The plan after so many mutations of random kinds."""
    chance, plan = random.Random(seed), deepcopy(plan)
    for _ in range(times):
        chance.choice(MUTATIONS)(plan, chance)
    return plan


def _piece(chance: random.Random, subject: int, vocabulary: tuple[list[int], list[int]], splits: float) -> Step | Split:
    if chance.random() >= splits:
        return _step(chance, subject, vocabulary)
    branches = [
        [_step(chance, subject, vocabulary) for _ in range(chance.randint(1, 3))]
        for _ in range(chance.choice((2, 2, 3)))
    ]
    if chance.random() < 0.3:
        return Split("parallelGateway", branches)
    return Split("exclusiveGateway", branches, [f"={_variable(chance)} > {chance.randint(1, 99)}" for _ in branches])


def _step(chance: random.Random, subject: int, vocabulary: tuple[list[int], list[int]] | None = None) -> Step:
    verbs, things = vocabulary or (range(len(VERBS)), range(len(THINGS)))
    kind = chance.choice(TASKS)
    form = f"form_{chance.randint(1, 40)}" if kind == "userTask" else ""
    return Step(chance.choice(verbs), chance.choice(things), subject, chance.randrange(len(ROLES)), kind, form)


def _variable(chance: random.Random) -> str:
    return chance.choice(("amount", "days", "score", "quantity", "risk"))


def _lists(steps: list[Step | Split]) -> list[list[Step | Split]]:
    """Every list of steps in the plan, the outermost first."""
    found = [steps]
    for each in steps:
        if isinstance(each, Split):
            found += [inner for branch in each.branches for inner in _lists(branch)]
    return found


def _steps(plan: Plan) -> list[Step]:
    return [each for steps in _lists(plan.steps) for each in steps if isinstance(each, Step)]


def _rename(plan: Plan, chance: random.Random) -> None:
    chance.choice(_steps(plan)).thing = chance.randrange(len(THINGS))


def _change_role(plan: Plan, chance: random.Random) -> None:
    step = chance.choice(_steps(plan))
    step.role = (step.role + chance.randint(1, len(ROLES) - 1)) % len(ROLES)


def _change_form(plan: Plan, chance: random.Random) -> None:
    step = chance.choice(_steps(plan))
    step.type, step.form = "userTask", f"form_{chance.randint(41, 99)}"


def _insert(plan: Plan, chance: random.Random) -> None:
    steps = chance.choice(_lists(plan.steps))
    steps.insert(chance.randint(0, len(steps)), _step(chance, plan.subject))


def _delete(plan: Plan, chance: random.Random) -> None:
    steps = chance.choice([each for each in _lists(plan.steps) if len(each) > 1] or [plan.steps])
    if len(steps) > 1:
        del steps[chance.randrange(len(steps))]
    if not _steps(plan):
        steps.append(_step(chance, plan.subject))


def _move(plan: Plan, chance: random.Random) -> None:
    steps = plan.steps
    steps.insert(chance.randrange(len(steps)), steps.pop(chance.randrange(len(steps))))


def _split_up(plan: Plan, chance: random.Random) -> None:
    steps = chance.choice(_lists(plan.steps))
    at = chance.randrange(len(steps))
    branches: list[list[Step | Split]] = [[steps[at]], [_step(chance, plan.subject)]]
    conditions = [f"={_variable(chance)} > {chance.randint(100, 999)}" for _ in branches]
    steps[at] = Split("exclusiveGateway", branches, conditions)


def _change_condition(plan: Plan, chance: random.Random) -> None:
    splits = [each for steps in _lists(plan.steps) for each in steps if isinstance(each, Split) and each.conditions]
    if not splits:
        _split_up(plan, chance)
        return
    conditions = chance.choice(splits).conditions
    conditions[chance.randrange(len(conditions))] = f"={_variable(chance)} < {chance.randint(1000, 9999)}"


MUTATIONS: tuple[Callable[[Plan, random.Random], None], ...] = (
    _rename, _change_role, _change_form, _insert, _insert, _delete, _delete, _move, _split_up, _change_condition,
)  # fmt: skip


class _Writer:
    def __init__(self, plan: Plan):
        self.plan = plan
        self.chance = random.Random(plan.name)
        self.nodes: list[str] = []
        self.flows: list[str] = []
        self.lanes: dict[int, list[str]] = {}

    def text(self) -> str:
        last = self.node("startEvent", "", None)
        last = self.sequence(self.plan.steps, last)
        self.flow(last, self.node("endEvent", "", None))
        subject = self.words(SUBJECTS[self.plan.subject])
        lanes = "".join(
            f'<lane id="l{role}" name={quoteattr(self.words(ROLES[role]))}>'
            + "".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in nodes)
            + "</lane>"
            for role, nodes in self.lanes.items()
        )
        return (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1" id="d" '
            f'targetNamespace="t"><process id="{self.plan.name}" name={quoteattr(subject)} isExecutable="true">'
            f'<laneSet id="ls">{lanes}</laneSet>{"".join(self.nodes)}{"".join(self.flows)}</process></definitions>'
        )

    def words(self, *pairs: tuple[str, str]) -> str:
        language = self.plan.language
        if language == "mixed":
            language = self.chance.choice(("en", "zh"))
        return " ".join(pair[0] for pair in pairs) if language == "en" else "".join(pair[1] for pair in pairs)

    def node(self, kind: str, name: str, role: int | None, attributes: str = "") -> str:
        identifier = f"n{len(self.nodes)}"
        self.nodes.append(f'<{kind} id="{identifier}" name={quoteattr(name)}{attributes}/>')
        if role is not None:
            self.lanes.setdefault(role, []).append(identifier)
        return identifier

    def flow(self, source: str, target: str, condition: str = "") -> None:
        inner = f"<conditionExpression>{condition.replace('<', '&lt;')}</conditionExpression>" if condition else ""
        self.flows.append(
            f'<sequenceFlow id="f{len(self.flows)}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
        )

    def sequence(self, steps: list[Step | Split], last: str, condition: str = "") -> str:
        for each in steps:
            first, end = self.step(each) if isinstance(each, Step) else self.split(each)
            self.flow(last, first, condition)
            last, condition = end, ""
        return last

    def step(self, step: Step) -> tuple[str, str]:
        name = self.words(VERBS[step.verb], SUBJECTS[step.subject], THINGS[step.thing])
        form = f' praxis:formKey="{step.form}"' if step.form and step.type == "userTask" else ""
        identifier = self.node(step.type, name, step.role, form)
        return identifier, identifier

    def split(self, split: Split) -> tuple[str, str]:
        opening, closing = self.node(split.type, "", None), self.node(split.type, "", None)
        for at, branch in enumerate(split.branches):
            condition = split.conditions[at] if at < len(split.conditions) else ""
            self.flow(self.sequence(branch, opening, condition), closing)
        return opening, closing
