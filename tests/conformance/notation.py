"""A few words to write BPMN in tests, short enough that a case fits in a glance."""

from itertools import pairwise

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:praxis="urn:praxis:bpmn:1" '
    'id="definitions" targetNamespace="urn:test">'
)


def document(*parts: str) -> bytes:
    return f"{HEAD}{''.join(parts)}</bpmn:definitions>".encode()


def process(*parts: str, id: str = "p", **attributes: str) -> str:
    return node("process", id, *parts, isExecutable="true", **attributes)


def node(tag: str, id: str | None, *inner: str, **attributes: str) -> str:
    """An element; `praxis_topic="x"` becomes the attribute praxis:topic."""
    texts = {"id": id, **attributes} if id else attributes
    written = "".join(
        f' {name.replace("praxis_", "praxis:").rstrip("_")}="{escape(value)}"' for name, value in texts.items()
    )
    return f"<bpmn:{tag}{written}>{''.join(inner)}</bpmn:{tag}>"


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def start(id: str = "s", *inner: str, **attributes: str) -> str:
    return node("startEvent", id, *inner, **attributes)


def end(id: str = "e", *inner: str) -> str:
    return node("endEvent", id, *inner)


def user(id: str, *inner: str, **attributes: str) -> str:
    return node("userTask", id, *inner, **attributes)


def task(id: str, *inner: str, **attributes: str) -> str:
    return node("task", id, *inner, **attributes)


def script(id: str, text: str, *inner: str, **attributes: str) -> str:
    return node("scriptTask", id, *inner, f"<bpmn:script>{escape(text)}</bpmn:script>", **attributes)


def service(id: str, *inner: str, **attributes: str) -> str:
    return node("serviceTask", id, *inner, **attributes)


def gateway(kind: str, id: str, **attributes: str) -> str:
    return node(f"{kind}Gateway", id, **attributes)


def catch(id: str, *inner: str) -> str:
    return node("intermediateCatchEvent", id, *inner)


def throw(id: str, *inner: str) -> str:
    return node("intermediateThrowEvent", id, *inner)


def boundary(id: str, host: str, *inner: str, interrupting: bool = True) -> str:
    return node("boundaryEvent", id, *inner, attachedToRef=host, cancelActivity=str(interrupting).lower())


def sub(id: str, *inner: str, **attributes: str) -> str:
    return node("subProcess", id, *inner, **attributes)


def event_sub(id: str, *inner: str) -> str:
    return node("subProcess", id, *inner, triggeredByEvent="true")


def flows(text: str) -> str:
    """`a>b>c, c>d?x > 1`: sequence flows; `?` gives the last flow of a chain a condition. Ids are `source_target`."""
    written = []
    for chain in text.split(","):
        chain = chain.strip()
        path, _, condition = chain.partition("?")
        ids = [part.strip() for part in path.split(">")]
        for source, target in pairwise(ids):
            text = condition if target == ids[-1] else ""
            inner = f"<bpmn:conditionExpression>{escape(text)}</bpmn:conditionExpression>" if text else ""
            written.append(node("sequenceFlow", f"{source}_{target}", inner, sourceRef=source, targetRef=target))
    return "".join(written)


def message(name: str = "M") -> str:
    return f'<bpmn:messageEventDefinition messageRef="{name}"/>'


def messages(*names: str, key: str | None = None) -> str:
    extension = (
        f'<bpmn:extensionElements><praxis:correlation name="{key}" value="={key}"/></bpmn:extensionElements>'
        if key
        else ""
    )
    return "".join(f'<bpmn:message id="{name}" name="{name}">{extension}</bpmn:message>' for name in names)


def signal(name: str = "S") -> str:
    return f'<bpmn:signalEventDefinition signalRef="{name}"/>'


def signals(*names: str) -> str:
    return "".join(f'<bpmn:signal id="{name}" name="{name}"/>' for name in names)


def error(name: str | None = None) -> str:
    return f'<bpmn:errorEventDefinition errorRef="{name}"/>' if name else "<bpmn:errorEventDefinition/>"


def errors(*names: str) -> str:
    return "".join(f'<bpmn:error id="{name}" name="{name}" errorCode="{name}"/>' for name in names)


def escalation(name: str | None = None) -> str:
    return f'<bpmn:escalationEventDefinition escalationRef="{name}"/>' if name else "<bpmn:escalationEventDefinition/>"


def escalations(*names: str) -> str:
    return "".join(f'<bpmn:escalation id="{name}" name="{name}" escalationCode="{name}"/>' for name in names)


def timer(text: str, kind: str = "Duration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:time{kind}>{text}</bpmn:time{kind}></bpmn:timerEventDefinition>"


def condition(text: str) -> str:
    return f"<bpmn:conditionalEventDefinition><bpmn:condition>{escape(text)}</bpmn:condition></bpmn:conditionalEventDefinition>"


def link(name: str = "L") -> str:
    return f'<bpmn:linkEventDefinition name="{name}"/>'


def compensate(activity: str | None = None) -> str:
    return (
        f'<bpmn:compensateEventDefinition activityRef="{activity}"/>'
        if activity
        else "<bpmn:compensateEventDefinition/>"
    )


def association(source: str, target: str) -> str:
    return node("association", f"{source}_{target}_a", sourceRef=source, targetRef=target, associationDirection="One")


TERMINATE = "<bpmn:terminateEventDefinition/>"
CANCEL = "<bpmn:cancelEventDefinition/>"


def multi(kind: str = "parallel", inner: str = "", **attributes: str) -> str:
    """Multi-instance characteristics; attributes are those of praxis:loopCharacteristics."""
    sequential = str(kind == "sequential").lower()
    extension = ""
    if attributes:
        written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        extension = f"<bpmn:extensionElements><praxis:loopCharacteristics{written}/></bpmn:extensionElements>"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">{extension}{inner}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def cardinality(text: str) -> str:
    return f"<bpmn:loopCardinality>{escape(text)}</bpmn:loopCardinality>"


def until(text: str) -> str:
    return f"<bpmn:completionCondition>{escape(text)}</bpmn:completionCondition>"
