"""Operations in sentences, in English and Chinese."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from practice_repo.algebra.operations import Operation

KINDS = {  # how people call the elements
    "process": ("process", "流程"), "subProcess": ("sub-process", "子流程"), "transaction": ("transaction", "事务"),
    "adHocSubProcess": ("ad-hoc sub-process", "即席子流程"), "callActivity": ("called process", "调用流程"),
    "task": ("task", "任务"), "userTask": ("user task", "用户任务"), "manualTask": ("manual task", "手工任务"),
    "serviceTask": ("service task", "服务任务"), "scriptTask": ("script", "脚本任务"),
    "sendTask": ("send task", "发送任务"), "receiveTask": ("receive task", "接收任务"),
    "businessRuleTask": ("decision", "决策任务"), "startEvent": ("start", "开始事件"), "endEvent": ("end", "结束事件"),
    "intermediateCatchEvent": ("waiting event", "等待事件"), "intermediateThrowEvent": ("event", "中间事件"),
    "boundaryEvent": ("boundary event", "边界事件"), "exclusiveGateway": ("choice", "排他网关"),
    "parallelGateway": ("parallel gateway", "并行网关"), "inclusiveGateway": ("inclusive gateway", "包容网关"),
    "eventBasedGateway": ("event gateway", "事件网关"), "complexGateway": ("complex gateway", "复杂网关"),
    "sequenceFlow": ("flow", "顺序流"), "messageFlow": ("message flow", "消息流"), "lane": ("lane", "泳道"),
    "laneSet": ("lanes", "泳道集"), "participant": ("participant", "参与者"),
    "collaboration": ("collaboration", "协作"), "message": ("message", "消息"), "signal": ("signal", "信号"),
    "error": ("error", "错误"), "escalation": ("escalation", "升级"), "dataObject": ("data object", "数据对象"),
    "dataObjectReference": ("data object", "数据对象"), "dataStoreReference": ("data store", "数据存储"),
    "textAnnotation": ("annotation", "注释"), "association": ("association", "关联"), "group": ("group", "分组"),
    "decision": ("decision", "决策"), "decisionTable": ("decision table", "决策表"), "rule": ("rule", "规则"),
    "input": ("input", "输入列"), "output": ("output", "输出列"), "inputData": ("input data", "输入数据"),
    "component": ("field", "字段"), "form": ("form", "表单"), "role": ("role", "角色"), "kpi": ("KPI", "指标"),
    "variation_point": ("variation point", "变化点"), "touchpoint": ("touchpoint", "接触点"),
    "practice": ("practice", "实践"), "estimate": ("estimate", "估算"), "pcf": ("classification", "分类"),
    "scenario": ("scenario", "场景"), "data_object": ("data object", "数据对象"), "anchor": ("figure", "参考数据"),
}  # fmt: skip

# {it} is the element with its kind, {name} its name; a part in ⟨ ⟩ is left out when something in it is empty
SENTENCES = {
    "InsertSerial": ("Insert {it}⟨ between {between}⟩.", "⟨在{between}之间⟩插入{it}。"),
    "InsertParallel": ("Insert {it} in parallel⟨ to {between}⟩.", "⟨与{between}⟩并行插入{it}。"),
    "InsertConditional": (
        "Insert {it}⟨ between {between}⟩⟨, only if {condition}⟩.",
        "⟨在{between}之间⟩插入{it}⟨,条件为 {condition}⟩。",
    ),
    "Delete": ("Delete {it}.", "删除{it}。"),
    "Move": (
        "Move {it}⟨ between {between}⟩⟨ from {before}⟩⟨ to {after}⟩.",
        "移动{it}⟨到{between}之间⟩⟨,从 {before}⟩⟨到 {after}⟩。",
    ),
    "Replace": ("Replace {it}⟨ by {after}⟩.", "替换{it}⟨为{after}⟩。"),
    "Swap": ("Swap {it}⟨ and {other}⟩.", "交换{it}⟨与{other}⟩。"),
    "ExtractSubprocess": ("Put ⟨{members} ⟩into the sub-process {name}.", "将⟨{members}⟩提取为子流程{name}。"),
    "InlineSubprocess": ("Dissolve the sub-process {name}.", "展开子流程{name}。"),
    "WrapLoop": ("Repeat {it}⟨ while {condition}⟩.", "循环执行{it}⟨,条件为 {condition}⟩。"),
    "Parallelise": ("Run {name}⟨ and {other}⟩ in parallel.", "并行执行{name}⟨和{other}⟩。"),
    "Sequentialise": ("Run {name}⟨ and {other}⟩ one after the other.", "依次执行{name}⟨和{other}⟩。"),
    "AddBoundary": ("Add {it}⟨ to {in}⟩.", "⟨为{in}⟩添加{it}。"),
    "RemoveBoundary": ("Remove {it}⟨ from {in}⟩.", "⟨从{in}⟩移除{it}。"),
    "AddDependency": ("Let {it} follow⟨ {between}⟩.", "添加依赖{it}⟨({between})⟩。"),
    "RemoveDependency": ("Remove the dependency {it}⟨ between {between}⟩.", "移除依赖{it}⟨({between})⟩。"),
    "ChangeCondition": ("Change the condition of {it}{change}.", "修改{it}的条件{change}。"),
    "ChangeDefault": ("Change the default of {it}{change}.", "修改{it}的默认分支{change}。"),
    "AddRule": ("Add the rule {name}⟨ to {in}⟩.", "⟨在{in}中⟩添加规则{name}。"),
    "RemoveRule": ("Remove the rule {name}⟨ from {in}⟩.", "⟨从{in}中⟩删除规则{name}。"),
    "ChangeRule": ("Change {it}⟨ in {in}⟩{change}.", "修改⟨{in}中的⟩{it}{change}。"),
    "ChangeHitPolicy": ("Change the hit policy of {it}{change}.", "修改{it}的命中策略{change}。"),
    "AddColumn": ("Add {it}⟨ to {in}⟩.", "⟨在{in}中⟩添加{it}。"),
    "RemoveColumn": ("Remove {it}⟨ from {in}⟩.", "⟨从{in}中⟩删除{it}。"),
    "AddDecision": ("Add {it}.", "添加{it}。"),
    "RemoveDecision": ("Remove {it}.", "删除{it}。"),
    "ChangeRequirement": ("Change what {it} needs.", "修改{it}的依赖。"),
    "AddField": ("Add the field {name}⟨ to {in}⟩.", "⟨在{in}中⟩添加字段{name}。"),
    "RemoveField": ("Remove the field {name}⟨ from {in}⟩.", "⟨从{in}中⟩删除字段{name}。"),
    "ChangeField": ("Change {it}⟨: {what}⟩{change}.", "修改{it}⟨的{what}⟩{change}。"),
    "MoveField": ("Move fields of {it}.", "调整{it}的字段顺序。"),
    "AddDataObject": ("Add {it}.", "添加{it}。"),
    "RemoveDataObject": ("Remove {it}.", "删除{it}。"),
    "ChangeMapping": ("Change the data of {it}⟨: {what}⟩{change}.", "修改{it}的数据⟨({what})⟩{change}。"),
    "AddLane": ("Add the lane {name}.", "添加泳道{name}。"),
    "RemoveLane": ("Remove the lane {name}.", "删除泳道{name}。"),
    "RenameLane": ("Rename the lane {name}⟨ to {after}⟩.", "将泳道{name}重命名⟨为{after}⟩。"),
    "MoveToLane": ("Move {it}⟨ from {before}⟩⟨ to {after}⟩.", "将{it}⟨从{before}⟩⟨移到{after}⟩。"),
    "ChangeAssignment": ("Change who does {it}{change}.", "修改{it}的执行人{change}。"),
    "ChangeTimer": ("Change the time of {it}{change}.", "修改{it}的时间{change}。"),
    "AddSla": ("Set a due time for {it}⟨: {after}⟩.", "为{it}设置期限⟨:{after}⟩。"),
    "ChangeCalendar": ("Change the calendar of {it}{change}.", "修改{it}的日历{change}。"),
    "BindService": ("Change what {it} calls{change}.", "修改{it}调用的服务{change}。"),
    "BindForm": ("Change the form of {it}{change}.", "修改{it}的表单{change}。"),
    "ChangeMessage": ("Change the message of {it}{change}.", "修改{it}的消息{change}。"),
    "AddMessage": ("Add {it}.", "添加{it}。"),
    "RemoveMessage": ("Remove {it}.", "删除{it}。"),
    "ChangeCorrelation": ("Change how {it} finds its case{change}.", "修改{it}的关联{change}。"),
    "Rename": ("Rename {it}⟨ to {after}⟩.", "将{it}重命名⟨为{after}⟩。"),
    "Redocument": ("Change the description of {it}.", "修改{it}的说明。"),
    "Relayout": ("Redraw {it}.", "调整{it}的布局。"),
    "Reconnect": ("Reconnect {it}{change}.", "重新连接{it}{change}。"),
    "AddElement": ("Add {it}.", "添加{it}。"),
    "RemoveElement": ("Remove {it}.", "删除{it}。"),
    "ChangeElement": ("Change {it}⟨: {what}⟩{change}.", "修改{it}⟨的{what}⟩{change}。"),
    "AddNote": ("Add the note {name}.", "添加注释{name}。"),
    "RemoveNote": ("Remove the note {name}.", "删除注释{name}。"),
    "AddParticipant": ("Add {it}.", "添加{it}。"),
    "RemoveParticipant": ("Remove {it}.", "删除{it}。"),
    "AddEntry": ("Add {it}.", "添加{it}。"),
    "RemoveEntry": ("Remove {it}.", "删除{it}。"),
    "ChangeEntry": ("Change {it}⟨: {what}⟩{change}.", "修改{it}⟨的{what}⟩{change}。"),
    "AddText": ("Add the file {file}.", "添加文件{file}。"),
    "RemoveText": ("Remove the file {file}.", "删除文件{file}。"),
    "ChangeText": ("Change the text of {file}.", "修改{file}的内容。"),
    "AddFile": ("Add the file {file}.", "添加文件{file}。"),
    "RemoveFile": ("Remove the file {file}.", "删除文件{file}。"),
}
LONGEST = 80


def describe(operation: "Operation", language: str = "en") -> str:
    """One sentence on what the operation does; for its inverse, that it is taken back."""
    is_chinese = language.lower().startswith("zh")
    sentence = SENTENCES.get(operation.type, ("{type}: {it}.", "{type}:{it}。"))[is_chinese]
    text = _filled(sentence, _parts(operation, is_chinese))
    if operation.details.get("inverse"):
        return f"撤销:{text}" if is_chinese else f"Take back: {text}"
    return text


def _parts(operation: "Operation", is_chinese: bool) -> dict[str, str]:
    details = operation.details
    name = _quoted(details.get("name:zh") if is_chinese and details.get("name:zh") else details.get("name"), is_chinese)
    kind = KINDS.get(str(details.get("kind")), ("element", "元素"))[is_chinese]
    name = name or _quoted(operation.target, is_chinese)
    parts = {
        "type": operation.type,
        "file": operation.file,
        "name": name,
        "it": f"{kind}{name}" if is_chinese else f"the {kind} {name}",
        "change": _change(details, is_chinese),
        "what": _what(details),
        "between": _listed(details.get("between"), is_chinese),
        "members": _listed(details.get("members"), is_chinese),
        "condition": str(details.get("condition") or ""),
    }
    for each in ("before", "after", "in", "other"):
        parts[each] = _quoted(details.get(each), is_chinese)
    return parts


def _change(details: Mapping[str, Any], is_chinese: bool) -> str:
    before, after = (_quoted(details.get(each), is_chinese) for each in ("before", "after"))
    if len(details.get("fields") or ()) > 1 or not (before or after):
        return ""
    if not before:
        return f":{after}" if is_chinese else f": {after}"
    if not after:
        return f",去掉{before}" if is_chinese else f": no more {before}"
    return f":{before} → {after}" if is_chinese else f" from {before} to {after}"


def _what(details: Mapping[str, Any]) -> str:
    """The fields that were set, without the path to them."""
    fields = [str(each.get("field", "")) for each in details.get("fields") or ()]
    names = (each.replace("@", "/").rpartition("/")[2].removeprefix(".") for each in fields)
    return ", ".join(dict.fromkeys(names))[:LONGEST]


def _quoted(text: Any, is_chinese: bool) -> str:
    if text is None or text == "":
        return ""
    flat = " ".join(str(text).split())
    short = flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"
    return f"“{short}”" if is_chinese else f"'{short}'"


def _listed(names: Any, is_chinese: bool) -> str:
    if isinstance(names, str):
        return _quoted(names, is_chinese)
    quoted = [_quoted(name, is_chinese) for name in names or () if name]
    return ("和" if is_chinese else " and ").join(quoted)


def _filled(sentence: str, parts: Mapping[str, str]) -> str:
    pieces = sentence.replace("⟩", "⟨").split("⟨")
    return "".join(_piece(piece, parts, optional=bool(number % 2)) for number, piece in enumerate(pieces))


def _piece(piece: str, parts: Mapping[str, str], *, optional: bool) -> str:
    names = [each.partition("}")[0] for each in piece.split("{")[1:]]
    if optional and not all(parts.get(name) for name in names):
        return ""
    for name in names:
        piece = piece.replace(f"{{{name}}}", parts.get(name, ""))
    return piece
