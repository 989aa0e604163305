"""Which messages fit which subscriptions, as equality of hashes, so that an index finds them.

A subscription waits with a set of key values; a message fits when it carries equal values for all of them. The hash
of a subscription is therefore among the hashes of the subsets of the message's keys.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import combinations
from typing import Any

from engine.errors import InvalidInput
from engine.store.codec import pack

MOST_KEYS = 6  # 64 subsets


def correlation_hash(enterprise_id: str, name: str, correlation: Mapping[str, Any]) -> str:
    """32 hexadecimal digits for the name and these key values; equal values give equal hashes (1 = 1.0 = decimal 1)."""
    keys = "\x1f".join(f"{key}\x1e{_canonical(value)}" for key, value in sorted(correlation.items()))
    return hashlib.sha256(f"{enterprise_id}\x1d{name}\x1d{keys}".encode()).hexdigest()[:32]


def matching_hashes(enterprise_id: str, name: str, correlation: Mapping[str, Any]) -> list[str]:
    """The hashes of all subscriptions that a message with these keys satisfies, the most specific first."""
    return [correlation_hash(enterprise_id, name, subset) for subset in _subsets(correlation)]


def satisfies(message: Mapping[str, Any], subscription: Mapping[str, Any]) -> bool:
    """Whether the message carries an equal value for every key of the subscription."""
    return all(key in message and _canonical(message[key]) == _canonical(value) for key, value in subscription.items())


def _subsets(correlation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if len(correlation) > MOST_KEYS:
        raise InvalidInput(
            f"A message may carry at most {MOST_KEYS} correlation keys, found {len(correlation)}: "
            "send the others as variables."
        )
    for size in range(len(correlation), -1, -1):
        for subset in combinations(correlation.items(), size):
            yield dict(subset)


def _canonical(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return f"b:{value}"
        case int() | float() | Decimal():
            return f"n:{Decimal(str(value)).normalize():f}"
        case str():
            return f"s:{value}"
        case datetime() | date() | time():
            return f"t:{value.isoformat()}"
        case _:
            return f"v:{pack(value).hex()}"
