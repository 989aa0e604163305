"""What the screening of a contribution gives: the files that may leave the house, and what was blanked in them.

A `Screen` is passed in; `plain_screen` is the least of it: mail addresses, web addresses, phone numbers and the names
that the contributor knows, in every file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from practice_repo.algebra.package import Package


@dataclass(frozen=True)
class Found:
    """One thing that must not leave; `place` says where in the file, `replacement` what stands there now."""

    file: str
    kind: str  # name | organisation | place | mail | phone | url | number | …
    text: str  # never leaves the enterprise
    replacement: str
    place: str = ""
    element_id: str | None = None


@dataclass(frozen=True)
class Screening:
    package: Package
    found: tuple[Found, ...]

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(each) for each in self.found]


class Screen(Protocol):
    def __call__(self, package: Package, known_names: Sequence[str]) -> Screening: ...


PATTERNS = {
    "mail": (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "someone@example.com"),
    "url": (
        re.compile(r"https?://(?!www\.omg\.org|www\.w3\.org|bpmn\.io|camunda\.org)[^\s\"'<>]+"),
        "https://example.com",
    ),
    "phone": (re.compile(r"\+\d[\d ()/-]{7,18}\d"), "+00 000 0000"),
}


def plain_screen(package: Package, known_names: Sequence[str]) -> Screening:
    """Blank addresses, phone numbers and known names, wherever they stand."""
    found: list[Found] = []
    files: dict[str, bytes] = {}
    for name, content in package.files.items():
        files[name] = _screened(name, content, known_names, found)
    return Screening(Package(files), tuple(found))


def _screened(name: str, content: bytes, known_names: Sequence[str], found: list[Found]) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    for kind, (pattern, replacement) in PATTERNS.items():
        for each in dict.fromkeys(match[0] for match in pattern.finditer(text)):
            if each != replacement:
                found.append(Found(name, kind, each, replacement))
                text = text.replace(each, replacement)
    for known in sorted({each.strip() for each in known_names if each.strip()}, key=len, reverse=True):
        pattern = re.compile(re.escape(known), re.IGNORECASE)
        if pattern.search(text):
            found.append(Found(name, "name", known, "Example"))
            text = pattern.sub("Example", text)
    return text.encode()


def found_of_json(content: Sequence[Mapping[str, Any]]) -> tuple[Found, ...]:
    return tuple(Found(**each) for each in content)
