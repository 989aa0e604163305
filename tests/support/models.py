"""Small BPMN models written as Python, so that a test shows what it is about."""

from itertools import pairwise
from xml.sax.saxutils import quoteattr

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:praxis="urn:praxis:bpmn:1"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions" targetNamespace="urn:test">'
)


def model(*processes: str, roots: str = "") -> bytes:
    """A file with these processes; `roots` are messages, signals and errors."""
    return f'<?xml version="1.0" encoding="UTF-8"?>{HEAD}{roots}{"".join(processes)}</bpmn:definitions>'.encode()


def process(process_id: str, *parts: str, name: str = "", attributes: str = "") -> str:
    return (
        f'<bpmn:process id="{process_id}" name={quoteattr(name or process_id)} isExecutable="true" {attributes}>'
        f"{''.join(parts)}</bpmn:process>"
    )


def line(*elements: str) -> str:
    """The elements, with sequence flows from each to the next."""
    ids = [element.split('id="', 1)[1].split('"', 1)[0] for element in elements]
    flows = [
        f'<bpmn:sequenceFlow id="{source}_to_{target}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in pairwise(ids)
    ]
    return "".join([*elements, *flows])


def flow(source: str, target: str, condition: str = "", flow_id: str = "") -> str:
    body = f"<bpmn:conditionExpression>{_text(condition)}</bpmn:conditionExpression>" if condition else ""
    return (
        f'<bpmn:sequenceFlow id="{flow_id or f"{source}_to_{target}"}" sourceRef="{source}" targetRef="{target}">'
        f"{body}</bpmn:sequenceFlow>"
    )


def start(element_id: str = "start", inside: str = "", attributes: str = "") -> str:
    return f'<bpmn:startEvent id="{element_id}" {attributes}>{inside}</bpmn:startEvent>'


def end(element_id: str = "end", inside: str = "") -> str:
    return f'<bpmn:endEvent id="{element_id}">{inside}</bpmn:endEvent>'


def user_task(element_id: str, attributes: str = "", inside: str = "", name: str = "") -> str:
    shown = quoteattr(name or element_id.capitalize())
    return f'<bpmn:userTask id="{element_id}" name={shown} {attributes}>{inside}</bpmn:userTask>'


def service_task(element_id: str, topic: str, attributes: str = "") -> str:
    return f'<bpmn:serviceTask id="{element_id}" name="{element_id}" praxis:topic="{topic}" {attributes}/>'


def script_task(element_id: str, script: str) -> str:
    return f'<bpmn:scriptTask id="{element_id}"><bpmn:script>{_text(script)}</bpmn:script></bpmn:scriptTask>'


def exclusive(element_id: str, default: str = "") -> str:
    return f'<bpmn:exclusiveGateway id="{element_id}"{f""" default="{default}" """ if default else ""}/>'


def catch(element_id: str, inside: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="{element_id}" name="{element_id}">{inside}</bpmn:intermediateCatchEvent>'


def throw(element_id: str, inside: str) -> str:
    return f'<bpmn:intermediateThrowEvent id="{element_id}">{inside}</bpmn:intermediateThrowEvent>'


def boundary(element_id: str, attached_to: str, inside: str, interrupting: bool = True) -> str:
    return (
        f'<bpmn:boundaryEvent id="{element_id}" attachedToRef="{attached_to}"'
        f' cancelActivity="{str(interrupting).lower()}">{inside}</bpmn:boundaryEvent>'
    )


def message_event(ref: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="{ref}"/>'


def signal_event(ref: str) -> str:
    return f'<bpmn:signalEventDefinition signalRef="{ref}"/>'


def error_event(ref: str) -> str:
    return f'<bpmn:errorEventDefinition errorRef="{ref}"/>'


def timer_event(kind: str, text: str) -> str:
    """`kind`: timeDuration, timeDate or timeCycle."""
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{_text(text)}</bpmn:{kind}></bpmn:timerEventDefinition>"


def message(message_id: str, name: str, **correlation: str) -> str:
    keys = "".join(f'<praxis:correlation name="{key}" value={quoteattr(value)}/>' for key, value in correlation.items())
    inside = f"<bpmn:extensionElements>{keys}</bpmn:extensionElements>" if keys else ""
    return f'<bpmn:message id="{message_id}" name="{name}">{inside}</bpmn:message>'


def signal(signal_id: str, name: str) -> str:
    return f'<bpmn:signal id="{signal_id}" name="{name}"/>'


def error(error_id: str, code: str) -> str:
    return f'<bpmn:error id="{error_id}" errorCode="{code}"/>'


def lanes(**elements_by_role: list[str]) -> str:
    lanes = "".join(
        f'<bpmn:lane id="lane_{role}" name="{role}" praxis:role="{role}">'
        + "".join(f"<bpmn:flowNodeRef>{element_id}</bpmn:flowNodeRef>" for element_id in element_ids)
        + "</bpmn:lane>"
        for role, element_ids in elements_by_role.items()
    )
    return f'<bpmn:laneSet id="lanes">{lanes}</bpmn:laneSet>'


def properties(**values: str) -> str:
    inside = "".join(f"<praxis:property name={quoteattr(k)} value={quoteattr(v)}/>" for k, v in values.items())
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
