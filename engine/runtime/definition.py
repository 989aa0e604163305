"""Compiles models to SpiffWorkflow specifications, once per set of documents; refuses what cannot be run."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.specs.base import TaskSpec

from engine.bpmn import elements as bpmn
from engine.bpmn.lint import lint
from engine.errors import Finding, InvalidInput, InvalidModel
from engine.runtime import event_nodes, gateways, scope_nodes, tasks
from engine.runtime.expressions import Compiler, Constant, Evaluator
from engine.runtime.nodes import ActivityNode, Flow, NodeSpec


@dataclass(frozen=True, slots=True)
class StartEvent:
    """One way a process can start."""

    element_id: str
    kind: str  # none | message | signal | timer | conditional
    name: str = ""  # message or signal name
    timer: bpmn.TimerDefinition | None = None
    form_key: str | None = None


class RootNode(TaskSpec):
    """The specification of the token that stands for the process instance itself."""

    element = None
    boundaries: tuple = ()
    loop = None
    role = None
    flows: tuple = ()

    def inner_of(self, token):
        return token.workflow.spec

    @property
    def label(self) -> str:
        return f"process '{self.name}'"


class ScopeSpec(WorkflowSpec):
    """The content of a process or sub-process: its nodes, linked, and where tokens begin."""

    def __init__(self, process_id: str, name: str, owner: NodeSpec | None = None):
        super().__init__(name=name)
        self.process_id = process_id
        self.owner = owner
        self.starts: tuple[NodeSpec, ...] = ()
        self.entries: tuple[NodeSpec, ...] = ()
        self.event_starts: tuple[NodeSpec, ...] = ()
        self.compensation_start: NodeSpec | None = None
        self._reach: dict[str, dict[str, frozenset[str]]] = {}

    @property
    def nodes(self) -> dict[str, NodeSpec]:
        return self.task_specs

    def reach(self, join: NodeSpec) -> dict[str, frozenset[str]]:
        """For each incoming flow of a join: the elements from which a token can come along it, not through the join."""
        known = self._reach.get(join.element.id)
        if known is None:
            before = self._predecessors()
            known = {
                flow_id: self._upstream(source_id, before, join.element.id)
                for flow_id, source_id in self.flow_sources.items()
                if flow_id in join.element.incoming
            }
            self._reach[join.element.id] = known
        return known

    def _predecessors(self) -> dict[str, set[str]]:
        before: dict[str, set[str]] = {name: set() for name in self.nodes}
        for node in self.nodes.values():
            for flow in node.flows:
                before[flow.target.element.id].add(node.element.id)
            for boundary in node.boundaries:
                before[boundary.element.id].add(node.element.id)
            target = getattr(node, "target", None)
            if target is not None:
                before[target.element.id].add(node.element.id)
        return before

    @staticmethod
    def _upstream(source_id: str, before: dict[str, set[str]], stop: str) -> frozenset[str]:
        seen: set[str] = set()
        ahead = [source_id]
        while ahead:
            name = ahead.pop()
            if name in seen or name == stop:
                continue
            seen.add(name)
            ahead.extend(before[name])
        return frozenset(seen)


NODES: dict[str, type[NodeSpec]] = {
    "task": ActivityNode,
    "manualTask": ActivityNode,
    "userTask": tasks.UserTask,
    "serviceTask": tasks.JobTask,
    "scriptTask": tasks.ScriptTask,
    "businessRuleTask": tasks.DecisionTask,
    "sendTask": tasks.SendTask,
    "receiveTask": tasks.ReceiveTask,
    "callActivity": scope_nodes.CallActivityNode,
    "subProcess": scope_nodes.SubProcessNode,
    "transaction": scope_nodes.SubProcessNode,
    "adHocSubProcess": scope_nodes.AdHocNode,
    "exclusiveGateway": gateways.ExclusiveGateway,
    "parallelGateway": gateways.ParallelGateway,
    "inclusiveGateway": gateways.InclusiveGateway,
    "complexGateway": gateways.ComplexGateway,
    "eventBasedGateway": gateways.EventBasedGateway,
    "startEvent": event_nodes.StartEvent,
    "intermediateCatchEvent": event_nodes.CatchEvent,
    "boundaryEvent": event_nodes.CatchEvent,
    "intermediateThrowEvent": event_nodes.ThrowEvent,
    "endEvent": event_nodes.ThrowEvent,
}


def node_class(element: bpmn.Element) -> type[NodeSpec] | None:
    """The behaviour of an element, by its type and what it is told to do."""
    if isinstance(element, bpmn.SubProcess) and element.triggered_by_event:
        return scope_nodes.EventSubProcessNode
    if isinstance(element, bpmn.Task) and element.topic is not None and element.type != "userTask":
        return tasks.JobTask
    if isinstance(element, bpmn.Task) and element.script is not None:
        return tasks.ScriptTask
    if element.type == "businessRuleTask" and element.decision is None:
        return tasks.JobTask
    if element.type == "sendTask" and element.message is None:
        return tasks.JobTask
    if isinstance(element, bpmn.CatchOrThrow) and element.type in ("intermediateThrowEvent", "endEvent"):
        if element.topic is not None:
            return event_nodes.JobEvent
        if any(definition.kind == "link" for definition in element.definitions):
            return event_nodes.LinkThrow
    return NODES.get(element.type)


class Definition:
    """Everything that can be started from one set of documents; never changed by what runs on it."""

    def __init__(self, models: Sequence[bpmn.Model], decisions=None):
        self.models = tuple(models)
        self.decisions = decisions
        self.processes: dict[str, ScopeSpec] = {}
        self.business_keys: dict[str, Evaluator | None] = {}
        self.titles: dict[str, Evaluator | Constant | None] = {}
        self.warnings: tuple[Finding, ...] = ()
        self.digest = hashlib.sha256("".join(model.digest for model in models).encode()).hexdigest()

    @property
    def process_ids(self) -> tuple[str, ...]:
        return tuple(self.processes)

    def process(self, process_id: str) -> bpmn.Process:
        for model in self.models:
            found = model.process(process_id)
            if found is not None:
                return found
        raise InvalidInput(f"There is no process '{process_id}' here. Known: {', '.join(self.processes) or 'none'}.")

    def start_events(self, process_id: str) -> list[StartEvent]:
        """How the process can start; a process without start events starts by itself, as kind none."""
        found: list[StartEvent] = []
        for element in self.process(process_id).elements.values():
            found.extend(_starts_of(element, self.process(process_id)))
        return found

    def root(self, process_id: str) -> ScopeSpec:
        if process_id not in self.processes:
            known = ", ".join(self.processes) or "none"
            raise InvalidInput(f"There is no process '{process_id}' to start. Known: {known}.")
        return self.processes[process_id]


def _starts_of(element: bpmn.Element, process: bpmn.Process) -> Iterable[StartEvent]:
    if element.type == "startEvent":
        if not element.definitions:
            yield StartEvent(element.id, "none", form_key=element.form_key)
        for definition in element.definitions:
            yield StartEvent(element.id, definition.kind, definition.name or "", definition.timer, element.form_key)
    elif element.type == "receiveTask" and element.instantiate and element.message is not None:
        yield StartEvent(element.id, "message", element.message.name or "")
    elif element.type == "eventBasedGateway" and element.instantiate:
        for flow_id in element.outgoing:
            target = process.elements[process.flows[flow_id].target_id]
            definitions = target.definitions if isinstance(target, bpmn.CatchOrThrow) else (target.message,)
            for definition in definitions:
                if definition is not None:
                    yield StartEvent(target.id, definition.kind, definition.name or "", definition.timer)


def compile_definition(models: Sequence[bpmn.Model], decisions=None, *, strict: bool = True) -> Definition:
    """Compile the processes of these models together; call activities find each other by process id.

    Raises InvalidModel with a finding per element that is not proven to run correctly, and what to use instead.
    """
    definition = Definition(models, decisions)
    known_decisions = frozenset(decisions.ids) if decisions is not None else None
    process_ids = frozenset(process.id for model in models for process in model.processes)
    findings: list[Finding] = []
    for model in models:
        findings.extend(lint(model, decisions=known_decisions, called=process_ids))
    compiler = Compiler()
    compiler.findings.extend(finding for finding in findings if finding.severity == "error")
    if not compiler.findings:
        for model in models:
            for process in model.processes:
                definition.processes[process.id] = _build_process(process, definition, compiler)
        for scope in list(definition.processes.values()):
            _link(scope, definition)
    if compiler.findings:
        raise refused(compiler.findings)
    definition.warnings = tuple(finding for finding in findings if finding.severity != "error")
    return definition


def refused(findings: Sequence[Finding]) -> InvalidModel:
    first = "; ".join(str(finding) for finding in list(findings)[:3])
    more = f" (and {len(findings) - 3} more)" if len(findings) > 3 else ""
    return InvalidModel(f"The model cannot be run: {first}{more}", findings)


def _build_process(process: bpmn.Process, definition: Definition, compiler: Compiler) -> ScopeSpec:
    roles = _roles(process)
    for element in process.elements.values():
        if element.type == "startEvent" and element.parallel_multiple and len(element.definitions) > 1:
            compiler.refuse(
                element,
                "A start event that needs several events before the process starts is not run; start by one of them"
                " and wait for the others behind it.",
                "start-event",
            )
    scope = _build_scope(process.id, process.name or process.id, process.elements, process.flows, compiler, roles, None)
    definition.business_keys[process.id] = compiler.expression(process, process.business_key)
    definition.titles[process.id] = compiler.value(process, process.title)
    scope.root = RootNode(WorkflowSpec(), process.id)
    return scope


def _roles(process: bpmn.Process) -> dict[str, str]:
    """Element id → role of the innermost lane it stands in."""
    depth = {lane.id: 0 for lane in process.lanes}
    for lane in process.lanes:
        parent = lane.parent_id
        while parent:
            depth[lane.id] += 1
            parent = next((other.parent_id for other in process.lanes if other.id == parent), None)
    roles: dict[str, str] = {}
    for lane in sorted(process.lanes, key=lambda lane: depth[lane.id]):
        for element_id in lane.element_ids:
            if lane.role:
                roles[element_id] = lane.role
    return roles


def _build_scope(process_id, name, elements, flows, compiler, roles, owner) -> ScopeSpec:
    scope = ScopeSpec(process_id, name, owner)
    for element in elements.values():
        for problem in element.problems:
            compiler.refuse(element, problem)
        kind = node_class(element)
        if kind is None:
            compiler.refuse(element, f"An element of type {element.type} cannot be run.")
            continue
        node = kind(scope, element, compiler)
        node.role = roles.get(element.id) or (owner.role if owner is not None else None)
        if isinstance(element, bpmn.SubProcess):
            node.inner = _build_scope(process_id, element.id, element.elements, element.flows, compiler, roles, node)
    _connect(scope, elements, flows, compiler)
    return scope


def _connect(scope: ScopeSpec, elements, flows, compiler: Compiler) -> None:
    nodes = scope.nodes
    scope.flow_sources = {flow.id: flow.source_id for flow in flows.values()}
    links: dict[str, Flow] = {}
    for flow in flows.values():
        if flow.source_id in nodes and flow.target_id in nodes:
            condition = compiler.expression(elements[flow.source_id], flow.condition)
            links[flow.id] = Flow(flow.id, flow.source_id, nodes[flow.target_id], condition)
            nodes[flow.source_id]._outputs.append(flow.target_id)
    for node in nodes.values():
        node.flows = tuple(links[flow_id] for flow_id in node.element.outgoing if flow_id in links)
        node.default = links.get(node.element.default) if node.element.default else None
    _attach_boundaries(nodes)
    scope.entries = tuple(node for node in nodes.values() if _begins(node))
    scope.event_starts, scope.compensation_start = _event_starts(nodes)
    scope.starts = _starts(scope)


def _attach_boundaries(nodes: dict[str, NodeSpec]) -> None:
    for node in nodes.values():
        host = nodes.get(getattr(node.element, "attached_to", None) or "")
        if host is None:
            continue
        if any(definition.kind == "compensation" for definition in node.element.definitions):
            host.compensation = nodes.get(node.element.compensation_handler or "")
        else:
            host.boundaries = (*host.boundaries, node)


def _begins(node: NodeSpec) -> bool:
    """A node where a token can begin: nothing leads to it, and nothing else starts it."""
    element = node.element
    if element.incoming or element.type in ("boundaryEvent", "startEvent"):
        return False
    if isinstance(element, bpmn.Activity) and element.is_for_compensation:
        return False
    if isinstance(element, bpmn.SubProcess) and element.triggered_by_event:
        return False
    return not (element.type == "intermediateCatchEvent" and any(d.kind == "link" for d in element.definitions))


def _event_starts(nodes: dict[str, NodeSpec]):
    starts, compensation = [], None
    for node in nodes.values():
        if not isinstance(node, scope_nodes.EventSubProcessNode):
            continue
        for inner in node.inner.nodes.values():
            if inner.element.type == "startEvent":
                if any(definition.kind == "compensation" for definition in inner.element.definitions):
                    compensation = inner
                else:
                    starts.append(inner)
    return tuple(starts), compensation


def _starts(scope: ScopeSpec) -> tuple[NodeSpec, ...]:
    """Where tokens begin when nothing else is said: the none start event, else every node nothing leads to."""
    none = [n for n in scope.nodes.values() if n.element.type == "startEvent" and not n.element.definitions]
    if none:
        return tuple(none[:1])
    if any(node.element.type == "startEvent" for node in scope.nodes.values()):
        return ()
    return scope.entries


def _link(scope: ScopeSpec, definition: Any) -> None:
    for node in scope.nodes.values():
        node.link(definition)
        inner = getattr(node, "inner", None)
        if inner is not None:
            _link(inner, definition)
