"""Bundles in the order of their worth: the warm start of the plan, and the order of what a plan starts together."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from practice_repo.next_best_activity.candidate import Portfolio, total
from practice_repo.next_best_activity.closure import Bundle, missing
from practice_repo.next_best_activity.index import NO_OP, kind_of, rank_key

Accept = Callable[[Bundle], bool]


def take_bundles(portfolio: Portfolio, ids: Collection[str], in_place: Iterable[str], accept: Accept) -> list[str]:
    """Offer the bundles of these practices best first; what is accepted counts as in place for the others.

    Gives the accepted ids in order. A bundle that was refused is offered again when it has become smaller.
    """
    done, taken = set(in_place), []
    waiting = {key: _bundle(portfolio, key, done) for key in ids}
    keys = {key: _key(bundle) for key, bundle in waiting.items()}
    while keys:
        best = min(keys, key=keys.__getitem__)
        del keys[best]
        bundle = waiting[best]
        if not accept(bundle):
            continue
        done.update(bundle.ids)
        taken.extend(bundle.ids)
        for each in bundle.ids:
            keys.pop(each, None)
        arrived = set(bundle.ids)
        for key, other in list(waiting.items()):
            if key in done:
                waiting.pop(key)
            elif not arrived.isdisjoint(other.ids):
                waiting[key] = _bundle(portfolio, key, done)
                keys[key] = _key(waiting[key])
    return taken


def _key(bundle: Bundle) -> tuple[Any, ...]:
    """No-ops last: they have no S."""
    return (1, bundle.id) if kind_of(bundle) == NO_OP else (0, *rank_key(bundle))


def _bundle(portfolio: Portfolio, key: str, done: set[str]) -> Bundle:
    members = missing(portfolio.by_id[key], portfolio, done)
    return Bundle(members, (), total(each.effect for each in members), total(each.cost for each in members))
