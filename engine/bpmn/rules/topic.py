"""A service task is done by a handler that is found by its topic; without one the element's id is taken."""

from collections.abc import Iterator
from difflib import get_close_matches

from engine.bpmn.context import Context
from engine.bpmn.elements import Task
from engine.errors import Finding

RULE = "topic"


def check(context: Context) -> Iterator[Finding]:
    for task, _scope in context.elements(Task):
        if task.topic is None:
            if task.type == "serviceTask" and task.script is None:
                message = f"Nothing says who does the work; give praxis:topic, else the topic is '{task.id}'."
                yield context.warning(RULE, task, message)
        elif task.topic.text and context.topics is not None and task.topic.text not in context.topics:
            near = get_close_matches(task.topic.text, context.topics, 1)
            remedy = f"did you mean '{near[0]}'?" if near else "its jobs wait until a handler is there."
            yield context.warning(RULE, task, f"No handler takes the topic '{task.topic.text}'; {remedy}")
