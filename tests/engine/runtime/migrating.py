"""A player whose cases change their version between any two steps, and models under other ids."""

import re
from collections.abc import Sequence
from typing import Any

from engine.bpmn import read_model
from engine.play import Player
from engine.runtime import Definition, compile_definition
from engine.runtime.correspondence import Correspondence
from engine.runtime.migration import migrate

SUFFIX = "_v2"
REFERENCES = ("id", "sourceRef", "targetRef", "attachedToRef", "default", "activityRef")
NODE = re.compile(
    r'<bpmn:(\w*[tT]ask|\w*Event|\w*Gateway|\w*[sS]ubProcess|transaction|callActivity|sequenceFlow)\b([^>]*?)\bid="([^"]+)"'
)


def with_lineage(model: bytes) -> bytes:
    """The model with praxis:uid on every flow node and sequence flow."""
    text = model.decode()
    return NODE.sub(lambda found: f'<bpmn:{found[1]} praxis:uid="{found[3]}"{found[2]} id="{found[3]}"', text).encode()


def renamed(model: bytes) -> bytes:
    """The model with another id, but the same lineage, for every flow node and sequence flow."""
    text = with_lineage(model).decode()
    ids = {found[3] for found in NODE.finditer(text)}

    def other(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        return f' {name}="{value}{SUFFIX}"' if value in ids else found[0]

    text = re.sub(rf' ({"|".join(REFERENCES)})="([^"]+)"', other, text)
    pattern = r"<bpmn:(incoming|outgoing|flowNodeRef)>([^<]+)<"
    return re.sub(pattern, lambda found: f"<bpmn:{found[1]}>{found[2]}{SUFFIX}<", text).encode()


def compiled(*models: bytes, decisions: Any = None) -> Definition:
    return compile_definition([read_model(model) for model in models], decisions)


class MigratingPlayer(Player):
    """After each step every running case goes to the next of `versions`; the trace is told in the first one's ids."""

    def __init__(self, versions: Sequence[Definition], scenario: Any, *, same_ids: bool = False, **more: Any):
        super().__init__(versions[0], scenario, reload=True, **more)
        self.versions, self.at, self.same_ids = list(versions), 0, same_ids
        self.migrations = 0
        self.scripted_jobs |= {f"{name}{SUFFIX}" for name in self.scripted_jobs}

    def _reload(self) -> None:
        before = self.versions[self.at]
        self.at = (self.at + 1) % len(self.versions)
        self.definition = self.versions[self.at]
        correspondence = Correspondence(before, self.definition)
        for number, execution in enumerate(self.executions):
            if execution.state == "active":
                moved = migrate(execution.dump(), correspondence, at=self.clock.now())
                assert moved.execution is not None, [str(each) for each in moved.obstacles]
                self.executions[number] = moved.execution
                self.migrations += 1
        self._settle()

    def known(self, element_id: str) -> str:
        """The id in the version that plays now."""
        other = element_id.removesuffix(SUFFIX)
        ids = {element.id for each in self.definition.process_ids for element in self.definition.process(each).walk()}
        return next((name for name in (element_id, other, other + SUFFIX) if name in ids), element_id)

    def _waiting(self, kind: str, element_id: str):
        return super()._waiting(kind, self.known(element_id))

    def _do_expect(self, step: Any) -> None:
        """Where ids differ, the steps' own expectations do not fit; the whole trace is compared anyway."""
        if self.same_ids:
            super()._do_expect(step)

    @property
    def told(self) -> list[str]:
        return [element_id.removesuffix(SUFFIX) for element_id in self.trace]
