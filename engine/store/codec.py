"""Bytes for what is stored whole: typed variables, packed facts and snapshots, compressed only where it pays."""

import zlib
from typing import Any

import orjson

from engine import feel

RAW = b"\x00"
DEFLATED = b"\x01"
WORTH_COMPRESSING_BYTES = 1024


def pack(value: Any) -> bytes:
    """A typed value (null, truth values, numbers, texts, temporal values, lists, contexts) as bytes."""
    return shrink(orjson.dumps(feel.dump(value)))


def unpack(stored: bytes) -> Any:
    """The value that `pack` stored, with its types."""
    return feel.load(orjson.loads(expand(stored)))


def shrink(content: bytes) -> bytes:
    """The content with one byte in front that says whether it is deflated: only when that saves a fifth."""
    if len(content) >= WORTH_COMPRESSING_BYTES:
        deflated = zlib.compress(content, 1)
        if len(deflated) * 5 < len(content) * 4:
            return DEFLATED + deflated
    return RAW + content


def expand(stored: bytes) -> bytes:
    """The content that `shrink` stored."""
    if stored[:1] == DEFLATED:
        return zlib.decompress(stored[1:])
    return bytes(stored[1:])
