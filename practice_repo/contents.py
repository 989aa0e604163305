"""Files kept by what they hold: put once, named by digest everywhere."""

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import NotFound
from engine.store.unit_of_work import Work
from practice_repo.tables import PracticeBlob

LARGEST_PRACTICE = 400  # files


def digest_of(content: bytes) -> str:
    """SHA-256 of the content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def tree_digest(tree: Mapping[str, str]) -> str:
    """SHA-256 over digests and file names: equal for the same files, and what `Package.digest` says of them."""
    lines = "".join(f"{tree[name]}  {name}\n" for name in sorted(tree))
    return digest_of(lines.encode())


def put_files(work: Work, files: Mapping[str, bytes]) -> dict[str, str]:
    """Keep the files; gives their digests by name."""
    tree = {name: digest_of(content) for name, content in sorted(files.items())}
    rows = {
        tree[name]: {"digest": tree[name], "content": content, "size": len(content)} for name, content in files.items()
    }
    if rows:
        dialect = postgresql if work.on_postgresql else sqlite
        work.execute(dialect.insert(PracticeBlob).on_conflict_do_nothing(), list(rows.values()))
    return tree


def get_files(work: Work, tree: Mapping[str, str]) -> dict[str, bytes]:
    """The content of the files of a tree, by name, in order of the names."""
    return next(iter(get_trees(work, [tree])))


def get_trees(work: Work, trees: Iterable[Mapping[str, str]]) -> list[dict[str, bytes]]:
    """The contents of several trees, with one statement."""
    trees = list(trees)
    wanted = {digest for tree in trees for digest in tree.values()}
    columns = PracticeBlob.__table__.c
    rows = work.execute(select(columns.digest, columns.content).where(columns.digest.in_(wanted))) if wanted else ()
    content = {row.digest: row.content for row in rows}
    missing = wanted - set(content)
    if missing:
        raise NotFound(f"{len(missing)} files of a practice are gone from the store, one is {min(missing)}.")
    return [{name: content[tree[name]] for name in sorted(tree)} for tree in trees]


def sizes(work: Work, tree: Mapping[str, str]) -> dict[str, int]:
    """Bytes by digest."""
    columns = PracticeBlob.__table__.c
    rows = work.execute(select(columns.digest, columns.size).where(columns.digest.in_(set(tree.values()))))
    return {row.digest: row.size for row in rows}
