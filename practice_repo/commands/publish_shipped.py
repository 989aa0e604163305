"""Fill the library with the practices that come with an installation."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from engine.errors import AlreadyExists, InvalidInput
from engine.store.actor import SYSTEM
from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package
from practice_repo.commands.publish import Published, publish, version_parts
from practice_repo.practice import CARD, Text, read_card
from practice_repo.queries.library import newest_versions


def publish_shipped(work: Work, packages: Sequence[Package], now: datetime) -> tuple[Published, ...]:
    """Release what is not released yet; what is there already stays as it is.

    Files that changed while their card kept its version (work in progress) become the next patch of the newest one.
    """
    newest = newest_versions(work)
    return tuple(_publish(work, package, newest, now) for package in packages)


def _publish(work: Work, package: Package, newest: Mapping[str, str], now: datetime) -> Published:
    card = read_card(package.files[CARD].decode())
    if card.id not in newest or version_parts(card.version) > version_parts(newest[card.id]):
        return _release(work, package, now, Text("Shipped", "随产品发布"))
    for version in dict.fromkeys((card.version, newest[card.id])):
        with suppress(AlreadyExists, InvalidInput):
            return _release(work, with_version(package, version), now, Text("Shipped", "随产品发布"))
    major, minor, patch = version_parts(newest[card.id])
    changed = with_version(package, f"{major}.{minor}.{patch + 1}")
    return _release(work, changed, now, Text("Shipped with changed files", "随产品发布（文件有改动）"))


def _release(work: Work, package: Package, now: datetime, notes: Text) -> Published:
    return publish(work, package=package, actor=SYSTEM, now=now, notes=notes.en, notes_zh=notes.zh)


def with_version(package: Package, version: str) -> Package:
    """The package with another version on its card."""
    text = package.files[CARD].decode()
    changed = re.sub(r'(?m)^(version\s*=\s*)"[^"]*"', rf'\g<1>"{version}"', text, count=1)
    return Package({**package.files, CARD: changed.encode()})
