"""The root elements that flow elements refer to: messages, signals, errors, escalations, operations, correlation."""

from collections.abc import Iterator, Mapping

from lxml import etree

from engine.bpmn import names
from engine.bpmn.dialects import expression
from engine.bpmn.elements import Expression, Message, Value, VariableMapping
from engine.bpmn.extensions import read_extension
from engine.bpmn.extensions.extension import Extension, children, text_of

DATA_ELEMENTS = ("dataObject", "dataObjectReference", "dataStoreReference", "property", "dataInput", "dataOutput")


class Roots:
    """Looks up what `…Ref` attributes and elements name; an id with a prefix (`tns:Message_1`) is found too."""

    def __init__(self, definitions: etree._Element):
        self.definitions = definitions
        self.by_id = {child.get("id"): child for _ns, _local, child in _bpmn_children(definitions) if child.get("id")}
        self._operations = {
            node.get("id"): node for node in definitions.iter(names.bpmn("operation")) if node.get("id")
        }
        self._data = {
            node.get("id"): node
            for local in DATA_ELEMENTS
            for node in definitions.iter(names.bpmn(local))
            if node.get("id")
        }
        self._variables = dict(_variable_names(self._data))
        self._handlers = _compensation_handlers(definitions)
        self._subscriptions = _subscriptions(definitions)
        self._retrievals = _retrievals(definitions)
        self.language = definitions.get("expressionLanguage")
        self.extensions: dict[str, Extension] = {}
        self.messages = {
            identifier: self._message(identifier, node)
            for identifier, node in self.by_id.items()
            if node.tag == names.bpmn("message")
        }
        self.signals = {identifier: node.get("name") or "" for identifier, node in self.all("signal")}
        self.errors = {identifier: node.get("errorCode") for identifier, node in self.all("error")}
        self.escalations = {identifier: node.get("escalationCode") for identifier, node in self.all("escalation")}

    def all(self, local: str) -> Iterator[tuple[str, etree._Element]]:
        """Id and element of every root element of this kind."""
        tag = names.bpmn(local)
        return ((identifier, node) for identifier, node in self.by_id.items() if node.tag == tag)

    def find(self, reference: str | None, local: str | None = None) -> etree._Element | None:
        """The root element with this id (and kind), or None."""
        node = self.by_id.get(self.plain(reference, self.by_id))
        return node if node is not None and local in {None, names.split(node.tag)[1]} else None

    @staticmethod
    def plain(reference: str | None, known: object = ()) -> str:
        """The id in a qualified name: as written when it is known so, else without its prefix."""
        text = (reference or "").strip()
        return text if text in known else text.rpartition(":")[2]  # type: ignore[operator]

    def operation_message(self, reference: str | None, direction: str) -> str | None:
        """The message id an operation takes (inMessageRef) or gives (outMessageRef)."""
        operation = self._operations.get(self.plain(reference, self._operations))
        found = operation.find(names.bpmn(direction)) if operation is not None else None
        return self.plain(text_of(found), self.by_id) if found is not None else None

    def operation_name(self, reference: str | None) -> str | None:
        operation = self._operations.get(self.plain(reference, self._operations))
        return operation.get("name") if operation is not None else None

    def variable(self, reference: str) -> str:
        """The variable behind a data object, property or data input: its name when that is a name, else its id."""
        return self._variables.get(reference.strip(), reference.strip())

    def is_variable(self, reference: str) -> bool:
        """Whether a data element has a name that can be a variable; ids made by a modeler are none."""
        node = self._data.get(reference.strip())
        target = self._data.get(node.get("dataObjectRef") or "") if node is not None else None
        return any((found.get("name") or "").strip().isidentifier() for found in (node, target) if found is not None)

    def compensation_handler(self, boundary_event_id: str) -> str | None:
        return self._handlers.get(boundary_event_id)

    def thrown_correlation(self, message_id: str) -> tuple[VariableMapping, ...]:
        """What a throw sends: the message paths over its payload."""
        message = self.messages.get(message_id)
        return message.correlation if message else ()

    def expected_correlation(self, message_id: str) -> tuple[VariableMapping, ...]:
        """What a catch needs: the subscription's data path, or the variable with the property's name."""
        if message_id not in self._retrievals:
            return self.thrown_correlation(message_id)
        own = self.extensions.get(message_id)
        if own and own.correlation:
            return tuple(own.correlation)
        expected = []
        for key, property_id, _path in self._retrievals[message_id]:
            source = self._subscriptions.get(property_id) or expression(key)
            if source:
                expected.append(VariableMapping(Value(expression=source), key))
        return tuple(expected)

    def _message(self, identifier: str, node: etree._Element) -> Message:
        extension = self.extensions[identifier] = read_extension(node)
        correlation = tuple(extension.correlation) or tuple(
            VariableMapping(Value(expression=path), key)
            for key, _property, path in self._retrievals.get(identifier, ())
        )
        return Message(identifier, (node.get("name") or "").strip(), correlation)


def read_expression(node: etree._Element | None, default_language: str | None = None) -> Expression | None:
    """The expression that a BPMN (formal) expression element holds; None for a missing or empty element."""
    if node is None:
        return None
    found = expression(text_of(node), node.get("language") or default_language)
    if any(names.split(str(name))[1] == "resource" for name in node.attrib):
        problem = "the expression is kept in another file (resource); write it into the diagram in FEEL"
        return Expression("", "", problem)
    return found


def _bpmn_children(node: etree._Element) -> Iterator[tuple[str, str, etree._Element]]:
    return ((namespace, local, child) for namespace, local, child in children(node) if namespace == names.BPMN)


def variable_name(node: etree._Element) -> str:
    """A data element's variable: its name when that can be a variable, else its id."""
    name = (node.get("name") or "").strip()
    return name if name.isidentifier() else node.get("id") or name


def _variable_names(nodes: Mapping[str, etree._Element]) -> Iterator[tuple[str, str]]:
    for identifier, node in nodes.items():
        target = nodes.get(node.get("dataObjectRef") or "")
        own_name = (node.get("name") or "").strip().isidentifier()
        yield identifier, variable_name(target if target is not None and not own_name else node)


def _compensation_handlers(definitions: etree._Element) -> dict[str, str]:
    """Boundary compensation event → activity, over the associations in either direction."""
    boundaries = {node.get("id") for node in definitions.iter(names.bpmn("boundaryEvent"))}
    handlers = {}
    for association in definitions.iter(names.bpmn("association")):
        source, target = association.get("sourceRef", ""), association.get("targetRef", "")
        if source in boundaries:
            handlers[source] = target
        elif target in boundaries:
            handlers[target] = source
    compensations = {
        node.get("id")
        for node in definitions.iter(names.bpmn("boundaryEvent"))
        if node.find(names.bpmn("compensateEventDefinition")) is not None
        or node.find(names.bpmn("eventDefinitionRef")) is not None
    }
    return {source: target for source, target in handlers.items() if source in compensations}


def _retrievals(definitions: etree._Element) -> dict[str, list[tuple[str, str, Expression]]]:
    """Message id → (key, correlation property id, message path)."""
    found: dict[str, list[tuple[str, str, Expression]]] = {}
    for correlation_property in definitions.iter(names.bpmn("correlationProperty")):
        key = variable_name(correlation_property)
        for retrieval in correlation_property.iter(names.bpmn("correlationPropertyRetrievalExpression")):
            path = read_expression(retrieval.find(names.bpmn("messagePath")))
            message_id = (retrieval.get("messageRef") or "").rpartition(":")[2]
            if path and message_id:
                found.setdefault(message_id, []).append((key, correlation_property.get("id") or key, path))
    return found


def _subscriptions(definitions: etree._Element) -> dict[str, Expression]:
    """Correlation property id → the process side's data path."""
    found = {}
    for binding in definitions.iter(names.bpmn("correlationPropertyBinding")):
        path = read_expression(binding.find(names.bpmn("dataPath")))
        if path:
            found[(binding.get("correlationPropertyRef") or "").rpartition(":")[2]] = path
    return found
