"""Why a running instance cannot go on in another version: a reason in English and Chinese, never an exception."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SENTENCES: dict[str, dict[str, str]] = {
    "unmapped": {
        "en": "{element} has no counterpart in the new version: nothing there has its id or its lineage. Choose where"
        " its cases go on.",
        "zh": "新版本中没有与{element}对应的元素：其中没有相同标识或相同沿革的元素。请选择案例继续进行的位置。",
    },
    "type_changed": {
        "en": "{element} is a {type} here and a {new_type} in the new version; choose a counterpart of the same type.",
        "zh": "{element}在旧版本中是 {type}，在新版本中是 {new_type}：请选择相同类型的对应元素。",
    },
    "behaviour_changed": {
        "en": "{element} is carried out in another way in the new version (by a handler, a rule, a message or an"
        " event); let its cases leave it first.",
        "zh": "{element}在新版本中的执行方式不同（处理程序、规则、消息或事件）：请先让案例离开该元素。",
    },
    "scope_changed": {
        "en": "{element} stands in another process or sub-process in the new version; a case that is in it cannot"
        " follow.",
        "zh": "{element}在新版本中位于另一个流程或子流程：停留在其中的案例无法跟随。",
    },
    "loop_changed": {
        "en": "{element} repeats in another way in the new version; its rounds that run cannot be carried over.",
        "zh": "{element}在新版本中的循环方式不同：正在进行的循环无法转移。",
    },
    "event_changed": {
        "en": "{element} waits for another kind of event in the new version ({kinds} → {new_kinds}).",
        "zh": "{element}在新版本中等待另一种事件（{kinds} → {new_kinds}）。",
    },
    "called_missing": {
        "en": "{element} has called the process '{called}', which the new version does not contain any more.",
        "zh": "{element}调用了流程“{called}”，而新版本不再包含该流程。",
    },
    "flow_missing": {
        "en": "A token waits at {element} that came along the sequence flow '{flow}', which does not lead there in the"
        " new version; map the flow, or let the case pass the gateway first.",
        "zh": "{element}处有一个经由顺序流“{flow}”到达并等待的令牌，但新版本中该顺序流不再通向此处："
        "请映射该顺序流，或先让案例通过该网关。",
    },
    "join_starves": {
        "en": "In the new version {element} would wait for a token on '{flow}', which can no longer come: that branch"
        " begins before the place where the case is.",
        "zh": "在新版本中{element}会等待顺序流“{flow}”上的令牌，而该令牌不会再到来：该分支起始于案例当前位置之前。",
    },
    "compensation_lost": {
        "en": "What the case did at {element} could no longer be undone in the new version: the activity or its"
        " compensation handler is missing.",
        "zh": "案例在{element}所做的工作在新版本中无法再撤销：该活动或其补偿处理缺失。",
    },
    "start_missing": {
        "en": "{element} has failed at its start event, which the new version does not have; resolve the incident"
        " first.",
        "zh": "{element}在其开始事件处失败，而新版本没有该开始事件：请先处理该故障。",
    },
    "ahead_missing": {
        "en": "An activity that was still to begin in {element} is missing in the new version.",
        "zh": "{element}中尚未开始的某个活动在新版本中缺失。",
    },
    "half_happened": {
        "en": "{element} needs several events, some of which have happened, and the new version needs others.",
        "zh": "{element}需要多个事件，其中一部分已经发生，而新版本需要的事件不同。",
    },
    "cannot_wait": {
        "en": "What {element} waits for in the new version cannot be computed from the case's variables: {message}",
        "zh": "无法根据案例变量计算{element}在新版本中等待的内容：{message}",
    },
    "cannot_describe": {
        "en": "The open task at {element} cannot take over what the new version says: {message}",
        "zh": "{element}处的未完成任务无法采用新版本的设定：{message}",
    },
    "process_missing": {
        "en": "The new version does not contain the process '{called}'.",
        "zh": "新版本不包含流程“{called}”。",
    },
    "ended": {"en": "The case has ended ({state}).", "zh": "案例已结束（{state}）。"},
    "job_running": {
        "en": "A handler works on {element} right now, and the new version gives the job to another one; try again in a"
        " few minutes.",
        "zh": "处理程序正在执行{element}，而新版本将该作业交给另一个处理程序：请几分钟后重试。",
    },
    "form_missing": {
        "en": "The form '{form}' of the open task at {element} is not part of the new version, and the new version"
        " names no other; deploy the form with it.",
        "zh": "{element}处未完成任务的表单“{form}”不在新版本中，且新版本未指定其他表单：请随新版本部署该表单。",
    },
    "damaged": {"en": "The saved state cannot be read: {message}", "zh": "无法读取保存的状态：{message}"},
}


@dataclass(frozen=True)
class Obstacle:
    """One reason. `key` names the sentence, `values` fill it."""

    key: str
    element_id: str | None = None  # of the old version, where it is about an element
    name: str = ""
    name_zh: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, language: str = "en") -> str:
        """The reason in one sentence, `en` or `zh`."""
        chinese = language.startswith("zh")
        name = (self.name_zh if chinese else "") or self.name or self.element_id or ""
        element = f"“{name}”" if chinese else f"'{name}'"
        return SENTENCES[self.key]["zh" if chinese else "en"].format(element=element, **self.values)

    def __str__(self) -> str:
        return self.sentence()


def about(element, key: str, **values: Any) -> Obstacle:
    """The obstacle at a BPMN element."""
    return Obstacle(key, element.id, element.name, element.properties.get("name:zh", ""), values)
