"""A question that a merge asks, and the answer that is remembered."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.errors import Finding, InvalidInput
from practice_repo.algebra import clashes as kinds
from practice_repo.algebra.clashes import Clash
from practice_repo.algebra.operations import Operation, describe

DOES_NOT_FIT = "does_not_fit"
SAME_FILE = "same_file"
SEMANTIC = "semantic"

CHOICES = ("ours", "theirs", "combine", "edit")

SENTENCES = {  # {place} is what both touch
    kinds.SAME_FIELD: ("Both sides changed {place} in different ways.", "双方对{place}做了不同的修改。"),
    kinds.DELETE_CHANGE: ("One side removed {place}, the other changed it.", "一方删除了{place},另一方修改了它。"),
    kinds.DANGLING: (
        "One side removed {place}, the other began to use it.",
        "一方删除了{place},另一方开始使用它。",
    ),
    kinds.INSERT_SAME_PLACE: (
        "Both sides inserted something at {place}; say which comes first.",
        "双方都在{place}插入了内容,请确定先后顺序。",
    ),
    kinds.ORDER: ("Both sides changed the order at {place}.", "双方都修改了{place}的顺序。"),
    kinds.GATEWAY_TYPE: (
        "One side changed how {place} decides, the other added or removed a branch.",
        "一方修改了{place}的判断方式,另一方增加或删除了分支。",
    ),
    kinds.SAME_KEY: (
        "Both sides added {place}, with different content.",
        "双方都添加了{place},但内容不同。",
    ),
    kinds.MOVED: (
        "One side moved {place} elsewhere, the other connected it where it was.",
        "一方移动了{place},另一方在原处连接了它。",
    ),
    kinds.CONTRACT: (
        "One side changed what {place} means, the other began to count on it.",
        "一方修改了{place}的含义,另一方开始依赖它。",
    ),
    DOES_NOT_FIT: ("A change of {place} does not fit the other side.", "对{place}的修改与另一方不符。"),
    SAME_FILE: ("Both sides changed the file {place} as a whole.", "双方都整体修改了文件{place}。"),
    SEMANTIC: (
        "Each side is right for itself, but together they break {place}.",
        "双方各自正确,但合在一起会破坏{place}。",
    ),
}


@dataclass(frozen=True)
class Resolution:
    """The answer to a conflict: ours | theirs | combine | edit; `operations` replace both sides' when edited."""

    conflict_id: str
    choice: str
    operations: tuple[Operation, ...] = ()

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            raise InvalidInput(f"A conflict is resolved by one of {', '.join(CHOICES)}; found '{self.choice}'.")

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"conflict": self.conflict_id, "choice": self.choice}
        if self.operations:
            content["operations"] = [operation.to_json() for operation in self.operations]
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Resolution":
        """Raises InvalidInput for what is no resolution."""
        if not isinstance(content.get("conflict"), str):
            raise InvalidInput("A resolution names its 'conflict' and its 'choice'.")
        operations = tuple(Operation.from_json(each) for each in content.get("operations") or ())
        return cls(content["conflict"], str(content.get("choice")), operations)


@dataclass(frozen=True)
class Conflict:
    """Operations of both sides that cannot all be done as they are. `ours` and `theirs` are taken as wholes.

    `findings` say what would be wrong (of a semantic conflict). `choices` are the resolutions that can work.
    """

    kind: str
    file: str
    target: str  # key of the record
    field: str
    name: str  # of the target, for people
    ours: tuple[Operation, ...]
    theirs: tuple[Operation, ...]
    clashes: tuple[Clash, ...] = field(default=(), repr=False, compare=False)
    findings: tuple[Finding, ...] = ()
    resolution: Resolution | None = None

    @cached_property
    def id(self) -> str:
        """Digest of what clashes: the same question has the same id, so that an answer can be remembered."""
        content = [self.kind, self.file, sorted(each.id for each in self.ours), sorted(each.id for each in self.theirs)]
        return hashlib.sha256(repr(content).encode()).hexdigest()[:24]

    @property
    def is_open(self) -> bool:
        return self.resolution is None

    @property
    def choices(self) -> tuple[str, ...]:
        return CHOICES if self.can_be_combined else ("ours", "theirs", "edit")

    @property
    def can_be_combined(self) -> bool:
        if self.kind == SEMANTIC:
            return True
        return bool(self.clashes) and all(is_combinable(clash) for clash in self.clashes)

    def describe(self, language: str = "en") -> str:
        """One sentence on what the conflict is about."""
        is_chinese = language.lower().startswith("zh")
        english, chinese = SENTENCES[self.kind]
        place = f"「{self.name}」" if is_chinese else f"'{self.name}'"
        return (chinese if is_chinese else english).format(place=place)

    def to_json(self, language: str = "en") -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "file": self.file,
            "target": self.target,
            "field": self.field,
            "description": self.describe(language),
            "ours": [{"description": describe(each, language), **each.to_json()} for each in self.ours],
            "theirs": [{"description": describe(each, language), **each.to_json()} for each in self.theirs],
            "findings": [str(finding) for finding in self.findings],
            "choices": list(self.choices),
            "resolution": self.resolution.to_json() if self.resolution else None,
        }


def is_combinable(clash: Clash) -> bool:
    """Whether both operations can be had, one way or the other."""
    if clash.kind == kinds.SAME_FIELD:
        return clash.field.startswith(("documentation", "description"))
    return clash.kind != kinds.SAME_KEY
