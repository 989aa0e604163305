"""Does a new version's number fit what has changed since the one before (semver.org)?"""

from engine.errors import Finding, InvalidInput
from practice_repo.algebra.package import Package, package_difference, required_bump
from practice_repo.packs.archive import Pack
from practice_repo.packs.index import version_key

PARTS = ("major", "minor", "patch")


def bumped(before: str, after: str) -> str:
    """Which part of the version number was raised: major, minor or patch. Raises `InvalidInput` when none was."""
    if version_key(after) <= version_key(before):
        raise InvalidInput(f"The version {after} does not come after {before}: raise it.")
    first, second = version_key(before), version_key(after)
    return next((name for place, name in enumerate(PARTS) if second[place] > first[place]), "patch")


def required(before: Pack, after: Pack) -> str:
    """The least part that has to be raised for these changes; patch when nothing has changed but words and layout."""
    return required_bump(package_difference(Package(before.files), Package(after.files)))


def version_findings(before: Pack, after: Pack) -> list[Finding]:
    """What is wrong with the number of the pack after: another practice, not raised, or not raised enough."""
    if before.id != after.id:
        return [
            Finding("pack-version", f"the previous pack is of '{before.id}', not of '{after.id}': give the right one.")
        ]
    if before.digest == after.digest:
        return []
    try:
        found = bumped(before.version, after.version)
    except InvalidInput as error:
        return [Finding("pack-version", str(error))]
    needed = required(before, after)
    if PARTS.index(found) > PARTS.index(needed):
        text = f"from {before.version} to {after.version} the {found} number was raised, but the changes need {needed}."
        return [Finding("pack-version", text)]
    return []
