"""Reads event definitions, in place or by reference to a root element."""

from collections.abc import Iterator

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import JUEL_OPENING, expression, value
from engine.bpmn.elements import EventDefinition, Expression, TimerDefinition, Value, VariableMapping
from engine.bpmn.extensions import Extension, read_extension
from engine.bpmn.extensions.extension import children, is_true, text_of
from engine.bpmn.roots import Roots, read_expression

TIMER_KINDS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


class EventDefinitionReader:
    """Reads the event definitions of one event; `problems` collects what cannot be run."""

    def __init__(self, roots: Roots, event: etree._Element):
        self.roots = roots
        self.event = event
        self.throws = names.split(event.tag)[1] in names.THROW_EVENTS
        self.problems: list[str] = []
        self.notes: list[str] = []

    def read(self) -> tuple[EventDefinition, ...]:
        return tuple(self.one(local, node) for local, node in self._nodes())

    def _nodes(self) -> Iterator[tuple[str, etree._Element]]:
        for namespace, local, child in children(self.event):
            if namespace != names.BPMN:
                continue
            if local in names.EVENT_DEFINITIONS:
                yield local, child
            elif local == "eventDefinitionRef":
                root = self.roots.find(text_of(child))
                root_local = names.split(root.tag)[1] if root is not None else ""
                if root is not None and root_local in names.EVENT_DEFINITIONS:
                    yield root_local, root
                else:
                    self.problems.append(f"eventDefinitionRef '{text_of(child)}' names no event definition of the file")
            elif local.endswith("EventDefinition"):
                self.problems.append(f"'{local}' is no event definition of BPMN 2.0; replace it")

    def one(self, local: str, node: etree._Element) -> EventDefinition:
        extension = read_extension(node, self.event)
        self.problems += read_extension(node).problems
        self.notes += read_extension(node).notes
        kind = names.EVENT_DEFINITIONS[local]
        return getattr(self, f"_{kind}")(node, extension)

    def _message(self, node: etree._Element, extension: Extension) -> EventDefinition:
        reference = node.get("messageRef")
        if not reference:
            operation = node.find(names.bpmn("operationRef"))
            direction = "outMessageRef" if self.throws else "inMessageRef"
            reference = self.roots.operation_message(text_of(operation), direction) if operation is not None else None
        return message_definition(self.roots, reference, extension, self.throws)

    def _signal(self, node: etree._Element, extension: Extension) -> EventDefinition:
        reference = self.roots.plain(node.get("signalRef"), self.roots.signals)
        name, name_expression = text_or_expression(self.roots.signals.get(reference, "").strip())
        return EventDefinition(
            "signal", name, name_expression, ref=reference or None, variables=tuple(extension.send or extension.inputs)
        )

    def _timer(self, node: etree._Element, extension: Extension) -> EventDefinition:
        timers = [
            TimerDefinition(TIMER_KINDS[local], timer_value(child))
            for namespace, local, child in children(node)
            if namespace == names.BPMN and local in TIMER_KINDS
        ]
        if len(timers) > 1:
            self.problems.append("the timer has more than one of timeDate, timeDuration and timeCycle; keep one")
        return EventDefinition("timer", timer=timers[0] if timers else None)

    def _error(self, node: etree._Element, extension: Extension) -> EventDefinition:
        return self._with_code("error", node.get("errorRef"), extension)

    def _escalation(self, node: etree._Element, extension: Extension) -> EventDefinition:
        return self._with_code("escalation", node.get("escalationRef"), extension)

    def _with_code(self, kind: str, reference: str | None, extension: Extension) -> EventDefinition:
        """A catch without code catches every one; a throw without code throws the root element's name or id."""
        root = self.roots.find(reference, kind)
        code = root.get(f"{kind}Code") if root is not None else None
        if not code and self.throws and root is not None:
            code = root.get("name") or root.get("id")
        if reference and root is None and self._names_codes_directly():
            code = reference
        elif reference and root is None:
            self.problems.append(f"{kind}Ref '{reference}' names no {kind} of the file; define it or correct the id")
        return EventDefinition(
            kind,
            code=(code or "").strip() or None,
            ref=self.roots.plain(reference, self.roots.by_id) or None,
            code_variable=extension.code_variable,
            message_variable=extension.message_variable,
        )

    def _names_codes_directly(self) -> bool:
        """In Flowable and Activiti a reference to no root element is the code itself."""
        return bool({names.FLOWABLE, names.ACTIVITI} & set(self.event.nsmap.values()))

    def _conditional(self, node: etree._Element, extension: Extension) -> EventDefinition:
        return EventDefinition(
            "conditional", condition=read_expression(node.find(names.bpmn("condition")), self.roots.language)
        )

    def _link(self, node: etree._Element, extension: Extension) -> EventDefinition:
        return EventDefinition("link", (node.get("name") or self.event.get("name") or "").strip() or None)

    def _compensation(self, node: etree._Element, extension: Extension) -> EventDefinition:
        return EventDefinition(
            "compensation",
            activity_ref=self.roots.plain(node.get("activityRef")) or None,
            wait_for_completion=is_true(node.get("waitForCompletion")) is not False,
        )

    def _terminate(self, node: etree._Element, extension: Extension) -> EventDefinition:
        for name in ("terminateAll", "terminateMultiInstance"):
            if any(is_true(node.get(names.qualified(space, name))) for space in names.CAMUNDA_7_NAMESPACES):
                self.problems.append(
                    f"{name} would end more than the process or sub-process that the event stands in; throw an error "
                    "that the outer one catches instead"
                )
        return EventDefinition("terminate")

    def _cancel(self, node: etree._Element, extension: Extension) -> EventDefinition:
        return EventDefinition("cancel")


def message_definition(roots: Roots, reference: str | None, extension: Extension, throws: bool) -> EventDefinition:
    """The message event definition behind a messageRef, for an event or a send or receive task."""
    message_id = roots.plain(reference, roots.messages)
    message = roots.messages.get(message_id)
    name, name_expression = text_or_expression(message.name if message else "")
    inherited = roots.thrown_correlation(message_id) if throws else roots.expected_correlation(message_id)
    of_message = roots.extensions.get(message_id, Extension())
    sent: tuple[VariableMapping, ...] = tuple(extension.send or of_message.send) if throws else ()
    return EventDefinition(
        "message",
        name,
        name_expression,
        ref=message_id or None,
        correlation=tuple(extension.correlation) or inherited,
        variables=_renamed_payload(sent, extension.message_variable or of_message.message_variable),
    )


def _renamed_payload(sent: tuple[VariableMapping, ...], variable: str | None) -> tuple[VariableMapping, ...]:
    """SpiffWorkflow names what a payload becomes apart from the payload itself."""
    if not variable:
        return sent
    return tuple(VariableMapping(item.source, variable) if item.target == "payload" else item for item in sent)


def text_or_expression(text: str) -> tuple[str | None, Expression | None]:
    """A name, or the expression that gives it."""
    if text.startswith("=") or JUEL_OPENING.search(text):
        return None, expression(text)
    return text or None, None


def timer_value(node: etree._Element) -> Value:
    """The timer's text; one that another tool has put in quotation marks is unwrapped."""
    text = text_of(node)
    if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return value(text) or Value(text="")
