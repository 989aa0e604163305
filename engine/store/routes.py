"""Which version of a process a new case starts with, while several versions share the new cases.

The version follows from a key of the case by a hash: it needs no memory, is the same for the same key, cannot be chosen
by who starts the case, and is independent of every other route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from engine.errors import InvalidInput

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Route:
    """`shares`, by definition id in order, are above 0 and add up to 1; `key` tells the draws of routes apart."""

    key: str
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        if len(self.shares) < 2 or any(share <= 0 for share in self.shares.values()):
            raise InvalidInput(f"Expected two versions or more with shares above 0, found {dict(self.shares)}.")
        if abs(sum(self.shares.values()) - 1) > ROUNDING:
            raise InvalidInput(f"Expected shares that add up to 1, found {sum(self.shares.values())}.")

    def definition_for(self, case_key: str) -> str:
        """The definition that a case with this key starts with."""
        place, passed = chance(self.key, case_key), 0.0
        for definition_id, share in self.shares.items():
            passed += share
            if place < passed:
                return definition_id
        return definition_id  # what rounding left

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "shares": [[definition_id, share] for definition_id, share in self.shares.items()]}

    @staticmethod
    def of_json(content: Mapping[str, Any]) -> "Route":
        return Route(content["key"], dict(content["shares"]))


def chance(route_key: str, case_key: str) -> float:
    """A number from 0 to below 1, evenly spread over case keys, always the same for the same two keys."""
    digest = sha256(f"{route_key}\x1f{case_key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
