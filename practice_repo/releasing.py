"""What is released of an accepted contribution, by what it was accepted as.

| Accepted as | Released |
|---|---|
| patch | the newest version of the practice with what the contribution changes |
| option | the newest version with a new question: as it was, or with the contribution's operations |
| variant, new | a practice of its own, derived from the one that it came from |
| scenario | the newest version with the contribution's scenarios |
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from practice_repo.algebra.conflicts import Conflict, Resolution
from practice_repo.algebra.merging import merge
from practice_repo.algebra.operations import Operation
from practice_repo.algebra.package import BUMPS, Package, package_difference, required_bump
from practice_repo.commands.publish import version_parts
from practice_repo.practice import CARD, Text, read_card

SCENARIOS = "scenarios.toml"
OWN = frozenset({"variant", "new"})


@dataclass(frozen=True)
class Release:
    """The files to release, and what has to be decided first."""

    package: Package
    conflicts: tuple[Conflict, ...] = ()


def release_of(
    class_: str,
    *,
    title: Text,
    licence: str,
    evidence_level: int,
    origin: Package,
    newest: Package,
    contributed: Package,
    taken: Sequence[str],
    resolutions: Mapping[str, str],
) -> Release:
    """The release of a contribution that was accepted as `class_`; `taken` are the ids that items have already."""
    contributed = with_card(contributed, version=_card(origin).version)
    if class_ in OWN:
        return Release(_own_practice(contributed, title, licence, evidence_level, taken))
    theirs = contributed
    if class_ == "scenario":
        theirs = origin.with_files({SCENARIOS: contributed.files.get(SCENARIOS)})
    answers = [Resolution(conflict_id, choice) for conflict_id, choice in resolutions.items()]
    merged = merge(origin, newest, theirs, resolutions=answers)
    if class_ == "option":
        operations = package_difference(newest, merged.result)
        return Release(_raised(newest, _with_option(newest, title, operations)), merged.open)
    return Release(_raised(newest, merged.result), merged.open)


def with_card(package: Package, **values: Any) -> Package:
    """The package with other values in the [practice] section of its card; comments and order stay."""
    head, rest = _practice_section(package)
    for name, value in values.items():
        line = f"{name} = {_toml(value)}"
        head, count = re.subn(rf"(?m)^{name}\s*=.*$", lambda _found, line=line: line, head, count=1)
        if not count:
            head = f"{head.rstrip()}\n{line}\n\n"
    return package.with_files({CARD: (head + rest).encode()})


def _practice_section(package: Package) -> tuple[str, str]:
    """The card's text up to the next section, and the rest."""
    text = package.files[CARD].decode()
    start = text.index("[practice]") + len("[practice]")
    following = re.search(r"(?m)^\[", text[start:])
    end = start + following.start() if following else len(text)
    return text[:end], text[end:]


def _toml(value: Any) -> str:
    if isinstance(value, Text):
        return f"{{en = {_toml(value.en)}, zh = {_toml(value.zh)}}}"
    return json.dumps(value, ensure_ascii=False)


def _card(package: Package):
    return read_card(package.files[CARD].decode())


def _raised(newest: Package, changed: Package) -> Package:
    """The changed package with the version that its changes ask for."""
    operations = package_difference(newest, changed)
    bump = required_bump(operations)
    if any(operation.type == "AddFile" for operation in operations):
        bump = max(bump, "minor", key=BUMPS.index)
    major, minor, patch = version_parts(_card(newest).version)
    version = {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[bump]
    return with_card(changed, version=version)


def _own_practice(
    contributed: Package, title: Text, licence: str, evidence_level: int, taken: Sequence[str]
) -> Package:
    """A practice with an id of its own: the card, the main process and what calls it carry it."""
    former = _card(contributed).id
    slug = re.sub(r"[^a-z0-9]+", "_", title.en.lower()).strip("_")
    slug = slug if slug and slug[0].isalpha() else f"{former}_{slug or 'variant'}"
    own = next(name for name in (slug, *(f"{slug}_{number}" for number in range(2, 1000))) if name not in taken)
    renamed = {
        name: _renamed(content, former, own) if name.endswith(".bpmn") else content
        for name, content in contributed.files.items()
    }
    scenarios = renamed.get(SCENARIOS, b"").decode()
    if scenarios:
        pattern = rf'(?m)^(process\s*=\s*)"{re.escape(former)}"'
        renamed[SCENARIOS] = re.sub(pattern, rf'\g<1>"{own}"', scenarios).encode()
    package = Package(renamed)
    return with_card(package, id=own, version="1.0.0", name=title, licence=licence, evidence_level=evidence_level)


def _renamed(content: bytes, former: str, own: str) -> bytes:
    """The model whose process has the new id; its lineage stays, so that it is still known."""
    attributes = rb"(?:id|processRef|bpmnElement|calledElement)"
    pattern = re.compile(rb"(?<![\w:])(" + attributes + rb')="' + re.escape(former.encode()) + rb'"')
    return pattern.sub(lambda found: found[1] + b'="' + own.encode() + b'"', content)


def _with_option(newest: Package, title: Text, operations: Sequence[Operation]) -> Package:
    """One more question on the card, whose second answer is the contribution."""
    keys = {point.key for point in _card(newest).variation_points}
    point = next(name for name in (f"contributed_{number}" for number in range(1, 1000)) if name not in keys)
    used = [operation for operation in operations if operation.file != CARD]
    elements = list(dict.fromkeys(operation.target for operation in used if operation.file.endswith(".bpmn")))
    section = f"""
[[variation_point]]
key = "{point}"
question = {_toml(Text(f"{title.en}?", f"{title.zh}？"))}
default = "standard"
elements = {_toml(elements)}
options = [
  {{key = "standard", name = {{en = "As it is", zh = "保持现状"}}}},
  {{key = "contributed", name = {_toml(title)}}},
]
"""
    content = {
        "point": point,
        "option": "contributed",
        "operations": [operation.to_json() for operation in used],
    }
    return newest.with_files(
        {
            CARD: (newest.files[CARD].decode().rstrip() + "\n" + section).encode(),
            f"options/{point}.contributed.json": json.dumps(content, ensure_ascii=False, indent=1).encode(),
        }
    )
