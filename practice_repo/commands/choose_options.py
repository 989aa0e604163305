"""Answer the questions of a practice: each answer brings its operations into the variant."""

from collections.abc import Mapping
from datetime import datetime

from engine.errors import InvalidInput
from engine.store.actor import Actor
from engine.store.unit_of_work import Work
from practice_repo.algebra.merging import merge
from practice_repo.algebra.options import apply_options
from practice_repo.algebra.package import Package
from practice_repo.contents import get_files
from practice_repo.errors import Conflicts
from practice_repo.practice import CARD, Card, read_card
from practice_repo.workspace import commit, draft_of, editable_candidate, must_be_committed


def choose_options(work: Work, *, candidate_id: str, choices: Mapping[str, str], actor: Actor, now: datetime) -> str:
    """The id of the commit with these answers (variation point → option); points that are not named keep theirs.

    Free edits are kept: the former answers' result is the base, the edited draft and the new answers' result are
    merged. Raises Conflicts when an edit and an answer clash, InvalidState while the draft is not committed.
    """
    candidate = editable_candidate(work, candidate_id, actor)
    must_be_committed(candidate)
    origin = Package(get_files(work, candidate.origin))
    chosen = {**candidate.choices, **choices}
    _check(read_card(origin.files[CARD].decode()), choices)
    merged = merge(apply_options(origin, candidate.choices), draft_of(work, candidate), apply_options(origin, chosen))
    if merged.open:
        count = len(merged.open)
        raise Conflicts(f"{count} of your own changes clash with this choice: take them back first.", merged.open)
    candidate.choices = chosen
    answers = ", ".join(f"{point}: {option}" for point, option in sorted(choices.items()))
    return commit(work, candidate, merged.result, "options", answers, actor, now).id


def _check(card: Card, choices: Mapping[str, str]) -> None:
    points = {point.key: [option.key for option in point.options] for point in card.variation_points}
    for point, option in choices.items():
        if option not in points.get(point, ()):
            known = ", ".join(points.get(point, ())) or f"the questions {', '.join(points)}"
            raise InvalidInput(f"'{option}' is no answer to '{point}': known are {known}.")
