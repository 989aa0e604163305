"""Makes an option out of an edited copy: change a practice as the answer would, and keep the difference as its file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from engine.bpmn import read_model
from engine.errors import Finding, InvalidInput, NotFound
from practice_repo.algebra.operations import CannotApply
from practice_repo.algebra.options import Option, read_options
from practice_repo.algebra.package import Package, apply_to_package, package_difference
from practice_repo.algebra.soundness import check_soundness
from practice_repo.practice import CARD, practice_of_files, read_card
from practice_repo.practice_check import check_practice

NOT_CHANGED = ("options/", "data/", "docs/", "README", "LICENSE", "NOTICE", "scenarios.toml", "evidence.json")


@dataclass(frozen=True)
class MadeOption:
    """An option, the bytes of its file, and what the practice with this answer still lacks."""

    option: Option
    content: bytes
    findings: tuple[Finding, ...]


def make_option(
    base: Package,
    edited: Package,
    point: str,
    key: str,
    *,
    when: str | None = None,
    requires: Sequence[str] = (),
    excludes: Sequence[str] = (),
) -> MadeOption:
    """The option that leads from the practice as delivered to its edited copy.

    Words, scenarios, sample data and other options of the copy do not count. Raises `NotFound` for a question or an
    answer that the card does not have, `InvalidInput` for the default answer and for a copy that is the same.
    """
    found = {option.path: option for option in read_options(base)}.get(f"{point}.{key}")
    if found is None:
        known = ", ".join(each.key for each in read_card(base.files[CARD].decode()).variation_points)
        raise NotFound(f"The card has no answer '{key}' to a question '{point}'; its questions are {known or 'none'}.")
    if found.is_default:
        raise InvalidInput(f"'{key}' is the default answer to '{point}': it is the practice as it is and has no file.")
    operations = package_difference(_counted(base), _counted(edited), with_layout=True)
    if not operations:
        raise InvalidInput("The copy means the same as the practice: edit it as the answer would change it.")
    option = Option(
        point, key, found.name, operations, when or None, tuple(requires), tuple(excludes), industries=found.industries
    )
    written = {name: value for name, value in option.to_json().items() if value not in (None, [])}
    content = (json.dumps(written, ensure_ascii=False, indent=1) + "\n").encode()
    read_options(base.with_files({f"options/{option.path}.json": content}))  # its rule and its company are valid
    return MadeOption(option, content, tuple(_findings(base, option)))


def _counted(package: Package) -> Package:
    return Package({name: content for name, content in package.files.items() if not name.startswith(NOT_CHANGED)})


def _findings(base: Package, option: Option) -> list[Finding]:
    """Errors of the practice with the answer, of its models' flow, and whether the answer can be taken back."""
    applied = apply_to_package(base, option.operations)
    findings = [each for each in check_practice(practice_of_files(applied.files)) if each.severity == "error"]
    for name, content in applied.files.items():
        if name.endswith(".bpmn") and content != base.files.get(name):
            findings += check_soundness(read_model(content))
    try:
        back = apply_to_package(applied, [each.inverse() for each in reversed(option.operations)])
    except CannotApply as error:
        return [*findings, Finding("option", f"it cannot be taken back: {error}")]
    if back.meaning != base.meaning:
        findings.append(Finding("option", "taken back, it leaves something behind: report this as an error of Praxis."))
    return findings
