"""Reads BPMN 2.0 XML of any tool into the frozen model; see names for the namespaces that are understood."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.bpmn import elements as model
from engine.bpmn import names, structure
from engine.bpmn.activities import call_fields, read_data_flow, read_loop, task_fields
from engine.bpmn.event_definitions import EventDefinitionReader
from engine.bpmn.extensions import Extension, read_extension
from engine.bpmn.extensions.extension import children, is_true, text_of
from engine.bpmn.roots import Roots, read_expression
from engine.bpmn.secure_xml import parse_xml
from engine.errors import Finding, InvalidModel

NOT_RUN_ROOTS = {"choreography": "choreography", "globalChoreographyTask": "global choreography task"}


def read_model(source: bytes) -> model.Model:
    """The model that the file describes, with every vendor's extensions in the same fields.

    Raises InvalidModel, with a finding per place, for a file that is hostile, broken, no BPMN 2.0, without a process,
    or whose ids and sequence flows do not fit together. What is readable but cannot be run is kept as `problem` of
    expressions and `problems` of elements, which lint turns into findings.
    """
    definitions = parse_xml(source)
    findings = list(_root_findings(definitions)) or list(structure.findings(definitions))
    if findings:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        raise InvalidModel(f"The BPMN file cannot be read: {findings[0]}{more}", findings)
    return _ModelReader(definitions, source).read()


def _root_findings(root: etree._Element) -> Iterator[Finding]:
    if root.tag != names.bpmn("definitions"):
        found = "definitions" if names.split(root.tag)[1] == "definitions" else names.split(root.tag)[1]
        namespace = names.split(root.tag)[0] or "no namespace"
        message = (
            f"Expected the root element 'definitions' of BPMN 2.0 (namespace {names.BPMN}), found '{found}' "
            f"({namespace}); export the model as BPMN 2.0 XML."
        )
        yield Finding("root", message, line=root.sourceline)
    elif root.find(names.bpmn("process")) is None:
        yield Finding("root", "The file holds no process; add one to it.", line=root.sourceline)


class _ModelReader:
    """Walks one definitions element; knows the root elements that the parts refer to."""

    def __init__(self, definitions: etree._Element, source: bytes):
        self.definitions = definitions
        self.source = source
        self.roots = Roots(definitions)
        self.lane_of: dict[str, str] = {}
        self.generated_ids = 0

    def read(self) -> model.Model:
        definitions, roots = self.definitions, self.roots
        processes = tuple(self.process(node) for node in definitions.findall(names.bpmn("process")))
        return model.Model(
            id=definitions.get("id") or "",
            name=definitions.get("name") or "",
            digest=hashlib.sha256(self.source).hexdigest(),
            source=self.source,
            exporter=definitions.get("exporter") or "",
            processes=processes,
            messages=roots.messages,
            signals=roots.signals,
            errors=roots.errors,
            escalations=roots.escalations,
            participants=tuple(self.participants()),
            message_flows=tuple(self.message_flows()),
            problems=tuple(
                f"the {title} '{node.get('name') or node.get('id')}' (line {node.sourceline}) cannot be run; "
                "model the parties as processes that exchange messages"
                for local, title in NOT_RUN_ROOTS.items()
                for node in definitions.findall(names.bpmn(local))
            ),
        )

    def participants(self) -> Iterator[model.Participant]:
        for node in self.definitions.iter(names.bpmn("participant")):
            process_id = self.roots.plain(node.get("processRef"), self.roots.by_id) or None
            yield model.Participant(node.get("id") or "", node.get("name") or "", process_id)

    def message_flows(self) -> Iterator[model.MessageFlow]:
        for node in self.definitions.iter(names.bpmn("messageFlow")):
            yield model.MessageFlow(
                node.get("id") or "",
                node.get("name") or "",
                self.roots.plain(node.get("sourceRef")),
                self.roots.plain(node.get("targetRef")),
                self.roots.plain(node.get("messageRef")) or None,
            )

    def process(self, node: etree._Element) -> model.Process:
        extension = read_extension(node)
        identifier = self.identifier(node)
        lanes = tuple(self.lanes(node))
        self.lane_of = {element_id: lane.id for lane in lanes for element_id in lane.element_ids}
        contents, flows = self.scope(node, identifier, None)
        return model.Process(
            id=identifier,
            name=node.get("name") or "",
            executable=is_true(node.get("isExecutable")) is True,
            line=node.sourceline or 0,
            documentation=_documentation(node),
            version_tag=extension.version_tag,
            elements=contents,
            flows=flows,
            lanes=lanes,
            data_objects=tuple(_data_objects(node)),
            business_key=extension.business_key,
            title=extension.title,
            searchable=tuple(name for name in re.split(r"[,\s]+", extension.searchable or "") if name),
            candidate_starters=extension.candidate_starters,
            problems=(*extension.problems, *_foreign_children(node)),
            notes=tuple(extension.notes),
            properties=extension.properties,
        )

    def lanes(self, scope: etree._Element) -> Iterator[model.Lane]:
        """Every lane of the process, outer before inner, so that the innermost is what counts."""
        for lane_set in scope.iter(names.bpmn("laneSet")):
            for node in lane_set.findall(names.bpmn("lane")):
                yield from self.lane(node, None)

    def lane(self, node: etree._Element, parent_id: str | None) -> Iterator[model.Lane]:
        name = (node.get("name") or "").strip()
        identifier = self.identifier(node)
        members = tuple(text_of(member) for member in node.findall(names.bpmn("flowNodeRef")))
        role = read_extension(node).role or _role_key(name) or None
        yield model.Lane(identifier, name, role, parent_id, members)
        for inner in node.findall(f"{names.bpmn('childLaneSet')}/{names.bpmn('lane')}"):
            yield from self.lane(inner, identifier)

    def scope(
        self, node: etree._Element, identifier: str, lane_id: str | None
    ) -> tuple[dict[str, model.Element], dict[str, model.SequenceFlow]]:
        """The flow nodes and sequence flows directly inside a process or sub-process."""
        flows = {flow.id: flow for flow in map(self.flow, node.findall(names.bpmn("sequenceFlow")))}
        incoming: dict[str, list[str]] = {}
        outgoing: dict[str, list[str]] = {}
        for flow in flows.values():
            outgoing.setdefault(flow.source_id, []).append(flow.id)
            incoming.setdefault(flow.target_id, []).append(flow.id)
        contents: dict[str, model.Element] = {}
        for namespace, local, child in children(node):
            if namespace == names.BPMN and local in names.FLOW_NODES:
                element_id = self.identifier(child)
                common = {
                    "id": element_id,
                    "type": local,
                    "name": _one_line(child.get("name")),
                    "line": child.sourceline or 0,
                    "parent_id": identifier,
                    "lane_id": self.lane_of.get(element_id, lane_id),
                    "incoming": tuple(incoming.get(element_id, ())),
                    "outgoing": tuple(outgoing.get(element_id, ())),
                    "default": child.get("default") or None,
                    "documentation": _documentation(child),
                }
                contents[element_id] = self.element(local, child, common)
        return contents, flows

    def flow(self, node: etree._Element) -> model.SequenceFlow:
        return model.SequenceFlow(
            id=self.identifier(node),
            source_id=node.get("sourceRef", "").strip(),
            target_id=node.get("targetRef", "").strip(),
            name=_one_line(node.get("name")),
            condition=read_expression(node.find(names.bpmn("conditionExpression")), self.roots.language),
            line=node.sourceline or 0,
            uid=(node.get(f"{{{names.PRAXIS}}}uid") or "").strip() or None,
        )

    def element(self, local: str, node: etree._Element, common: dict[str, Any]) -> model.Element:
        extension = read_extension(node)
        read_data_flow(node, extension, self.roots)
        if local in names.EVENTS:
            return self.event(local, node, common, extension)
        if local in names.GATEWAYS:
            return self.gateway(local, node, common, extension)
        loop, problems = read_loop(node, self.roots)
        extension.problems += problems + _quantity_problems(node)
        common |= {"loop": loop, "is_for_compensation": is_true(node.get("isForCompensation")) is True}
        if local in names.SUB_PROCESSES:
            return self.sub_process(local, node, common, extension)
        if local == "callActivity":
            extension.problems += self.global_task_problems(node)
            return model.CallActivity(**common, **_said(extension), **call_fields(node, extension))
        fields = task_fields(node, local, extension, self.roots)
        return model.Task(**common, **_said(extension), **fields)

    def event(
        self, local: str, node: etree._Element, common: dict[str, Any], extension: Extension
    ) -> model.CatchOrThrow:
        reader = EventDefinitionReader(self.roots, node)
        definitions = reader.read()
        extension.problems += reader.problems
        extension.notes += reader.notes
        form_key = extension.form_key
        return model.CatchOrThrow(
            **common,
            **_said(extension),
            definitions=definitions,
            parallel_multiple=is_true(node.get("parallelMultiple")) is True,
            attached_to=self.roots.plain(node.get("attachedToRef")) or None,
            compensation_handler=self.roots.compensation_handler(common["id"]),
            interrupting=is_true(node.get("cancelActivity" if local == "boundaryEvent" else "isInterrupting"))
            is not False,
            form_key=form_key.text if form_key else None,
            topic=extension.topic or self.event_topic(node),
        )

    @staticmethod
    def event_topic(node: etree._Element) -> model.Value | None:
        """Camunda 7 writes the topic of a throw event at its message event definition."""
        definition = node.find(names.bpmn("messageEventDefinition"))
        return read_extension(definition).topic if definition is not None else None

    def gateway(self, local: str, node: etree._Element, common: dict[str, Any], extension: Extension) -> model.Gateway:
        return model.Gateway(
            **common,
            **_said(extension),
            instantiate=is_true(node.get("instantiate")) is True,
            event_gateway_type=node.get("eventGatewayType") or "Exclusive",
            activation_condition=read_expression(node.find(names.bpmn("activationCondition")), self.roots.language),
        )

    def sub_process(
        self, local: str, node: etree._Element, common: dict[str, Any], extension: Extension
    ) -> model.SubProcess:
        contents, flows = self.scope(node, common["id"], common["lane_id"])
        extension.problems += _foreign_children(node)
        return model.SubProcess(
            **common,
            **_said(extension),
            triggered_by_event=is_true(node.get("triggeredByEvent")) is True,
            elements=contents,
            flows=flows,
            completion_condition=read_expression(node.find(names.bpmn("completionCondition")), self.roots.language),
            sequential=node.get("ordering") == "Sequential",
            cancel_remaining=is_true(node.get("cancelRemainingInstances")) is not False,
        )

    def global_task_problems(self, node: etree._Element) -> list[str]:
        called = self.roots.find(node.get("calledElement"))
        if called is None or called.tag == names.bpmn("process"):
            return []
        local = names.split(called.tag)[1]
        return [f"it calls the {local} '{called.get('id')}'; only processes can be called, so write the task in place"]

    def identifier(self, node: etree._Element) -> str:
        """The element's id; the standard allows to leave it out, then one is made from its kind and number."""
        identifier = (node.get("id") or "").strip()
        if not identifier:
            self.generated_ids += 1
            identifier = f"{names.split(node.tag)[1]}_without_id_{self.generated_ids}"
        return identifier


def _said(extension: Extension) -> dict[str, Any]:
    """The fields that extensions give to every element."""
    return {
        "inputs": tuple(extension.inputs),
        "outputs": tuple(extension.outputs),
        "problems": tuple(dict.fromkeys(extension.problems)),
        "notes": tuple(dict.fromkeys(extension.notes)),
        "outputs_only": extension.outputs_only is not False,
        "properties": extension.properties,
        "uid": extension.uid,
    }


def _quantity_problems(node: etree._Element) -> list[str]:
    return [
        f'{name}="{node.get(name)}" is not run; only one token starts and leaves an activity, so use a parallel gateway'
        for name in ("startQuantity", "completionQuantity")
        if node.get(name, "1").strip() != "1"
    ]


def _foreign_children(scope: etree._Element) -> Iterator[str]:
    """What stands between the flow nodes of a scope and is none."""
    for namespace, local, child in children(scope):
        known = names.FLOW_NODES | names.DATA_OBJECTS | names.SCOPE_CHILDREN_WITHOUT_EFFECT | {"sequenceFlow"}
        if namespace == names.BPMN and local in known:
            continue
        name = f"{local} '{child.get('name') or child.get('id') or ''}'".removesuffix(" ''")
        yield f"the element {name} (line {child.sourceline}) is not a flow element that can be run; replace it"


def _data_objects(process: etree._Element) -> Iterator[model.DataObject]:
    for node in process.iter(*(names.bpmn(local) for local in (*names.DATA_OBJECTS, "dataInput", "dataOutput"))):
        local = names.split(node.tag)[1]
        reference = node.get("dataObjectRef") or node.get("dataStoreRef")
        yield model.DataObject(node.get("id") or "", _one_line(node.get("name")), local, reference)


def _documentation(node: etree._Element) -> str:
    return "\n".join(filter(None, (text_of(child) for child in node.findall(names.bpmn("documentation")))))


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _role_key(name: str) -> str:
    """`Inside sales` → `inside_sales`."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")
