"""Keep a file of a candidate as it is being worked on; nobody else's work is overwritten."""

import re
from dataclasses import dataclass
from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.contents import LARGEST_PRACTICE, put_files
from practice_repo.errors import StaleDraft
from practice_repo.practice import LARGEST_FILE
from practice_repo.workspace import editable_candidate, set_draft

FILE_NAME = re.compile(r"((forms|options|data|docs|templates)/)?[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")


@dataclass(frozen=True)
class SavedDraft:
    name: str
    digest: str | None  # what to expect when saving next; None: the file was removed
    changed_at: datetime


def save_draft(
    work: Work,
    *,
    candidate_id: str,
    name: str,
    content: bytes | None,
    expected_digest: str | None,
    actor: Actor,
    now: datetime,
) -> SavedDraft:
    """Save the file (None: remove it) in the state that the saver saw: `expected_digest`, None for a new file.

    Raises StaleDraft when somebody saved it meanwhile. Content is kept as it is, also while it cannot be read yet.
    """
    candidate = editable_candidate(work, candidate_id, actor)
    current = candidate.draft.get(name)
    if current != expected_digest:
        found = "was removed" if current is None else "was saved" if expected_digest else "exists already"
        raise StaleDraft(f"'{name}' {found} meanwhile (by {candidate.changed_by}): reload it.", name, current)
    tree = dict(candidate.draft)
    if content is None:
        tree.pop(name, None)
    else:
        _check(name, content, tree)
        tree |= put_files(work, {name: content})
    set_draft(work, candidate, tree, actor, now)
    return SavedDraft(name, tree.get(name), now)


def _check(name: str, content: bytes, tree: dict[str, str]) -> None:
    if not FILE_NAME.fullmatch(name):
        raise InvalidInput(
            f"'{name}' is no file name of a practice: use letters, digits, - and _, and forms/ before forms."
        )
    if len(content) > LARGEST_FILE:
        raise InvalidInput(f"'{name}' has {len(content)} bytes; at most {LARGEST_FILE} are kept.")
    if name not in tree and len(tree) >= LARGEST_PRACTICE:
        raise InvalidInput(f"A practice has at most {LARGEST_PRACTICE} files.")
