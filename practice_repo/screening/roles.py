"""Roles that only this enterprise has, and the role of the origin that comes nearest."""

from collections.abc import Mapping

from engine.errors import InvalidModel
from practice_repo.card import CARD, Role, read_card
from practice_repo.search.labels import label_similarity
from practice_repo.search.words import Label, label_of


def house_roles(files: Mapping[str, bytes], published: Mapping[str, bytes]) -> dict[str, str]:
    """Key and names of every role that the origin's card does not have → key or name of the origin's role like it.

    A role that is like none is a new role, and no finding.
    """
    known = _roles(published)
    suggested: dict[str, str] = {}
    for key, role in _roles(files).items():
        near = _nearest(role, known) if key not in known else None
        if near is not None:
            pairs = ((role.key, near.key), (role.name.en, near.name.en), (role.name.zh, near.name.zh))
            suggested.update((own, other) for own, other in pairs if own.casefold() != other.casefold())
    return suggested


def _roles(files: Mapping[str, bytes]) -> dict[str, Role]:
    try:
        return {role.key: role for role in read_card(files.get(CARD, b"").decode()).roles}
    except (InvalidModel, UnicodeDecodeError):
        return {}


def _nearest(role: Role, known: Mapping[str, Role]) -> Role | None:
    scored = [(label_similarity(_label(role), _label(other)), other.key) for other in known.values()]
    best = max(scored, default=(0.0, ""))
    return known[best[1]] if best[0] else None


def _label(role: Role) -> Label:
    return label_of((role.name.en, role.name.zh))
