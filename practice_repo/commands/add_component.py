"""Put files of another candidate or version into a variant: a rule table, a form, a sub-process (A31)."""

from collections.abc import Sequence
from datetime import datetime

from engine.errors import InvalidInput, NotFound
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.package import Package
from practice_repo.contents import get_trees
from practice_repo.workspace import commit, editable_candidate, must_be_committed, origin_files, own_candidate


def add_component(
    work: Work,
    *,
    candidate_id: str,
    from_candidate_id: str | None = None,
    version_id: str | None = None,
    files: Sequence[str],
    actor: Actor,
    now: datetime,
) -> str:
    """The id of the commit that has these files, too; a file of the same name is replaced."""
    if (from_candidate_id is None) == (version_id is None):
        raise InvalidInput("Either a candidate or a version to take the files from was expected.")
    candidate = editable_candidate(work, candidate_id, actor)
    must_be_committed(candidate)
    if from_candidate_id is not None:
        source = own_candidate(work, from_candidate_id, actor).draft
    else:
        source = origin_files(work, version_id)
    missing = sorted(set(files) - set(source))
    if missing or not files:
        raise NotFound(f"There is no file '{missing[0] if missing else ''}' to take: it has {', '.join(source)}.")
    draft, taken = get_trees(work, [candidate.draft, {name: source[name] for name in files}])
    message = f"Take over {', '.join(sorted(files))}"
    return commit(work, candidate, Package({**draft, **taken}), "component", message, actor, now).id
