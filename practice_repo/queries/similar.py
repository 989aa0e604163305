"""The similarity index of the library: built once for every state of it, and shared."""

import threading
from collections.abc import Mapping

from sqlalchemy import select

from engine.errors import EngineError
from engine.store.unit_of_work import Work
from practice_repo.contents import get_trees
from practice_repo.practice import practice_of_files
from practice_repo.search.entries import LibraryEntry
from practice_repo.search.index import SimilarityIndex
from practice_repo.tables import PracticeItem, PracticeVersion

_lock = threading.Lock()
_kept: dict[str, tuple[frozenset[str], SimilarityIndex]] = {}  # by database: what it was built of, and the index


def library_index(work: Work) -> SimilarityIndex:
    """The newest version of every item that is not withdrawn, ready to be asked."""
    items, versions = PracticeItem.__table__, PracticeVersion.__table__
    rows = work.execute(
        select(versions.c.id, versions.c.files)
        .join(items, items.c.latest_version_id == versions.c.id)
        .where(versions.c.state != "withdrawn")
        .order_by(versions.c.item_id)
    ).all()
    key, ids = work.store.url, frozenset(row.id for row in rows)
    with _lock:
        found = _kept.get(key)
    if found is not None and found[0] == ids:
        return found[1]
    index = SimilarityIndex()
    for files in get_trees(work, [row.files for row in rows]):
        entry = _entry(files)
        if entry is not None:
            index.add(entry)
    with _lock:
        _kept.clear()  # one library is enough: tests make many
        _kept[key] = (ids, index)
    return index


def _entry(files: Mapping[str, bytes]) -> LibraryEntry | None:
    """What the index keeps of a practice; a version whose files cannot be read any more is left out."""
    try:
        return LibraryEntry.of(practice_of_files(files))
    except EngineError:
        return None
