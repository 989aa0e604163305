"""A library that others can follow: a folder of packs with an index.json, on a disk or behind an HTTP address.

    write_index(Path("library"))                                    # the publisher, after laying a pack there
    for entry in newer(read_index("https://…/library"), have):      # a follower
        content = fetch("https://…/library", entry, cache=Path("cache"))

The index names every pack with its size and SHA-256, so a follower fetches only what it does not have, and what it
fetches can be trusted as far as the index can. Who vouches for a pack is told by its signatures (see signing).
"""

import hashlib
import http.client
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InvalidInput, InvalidState, NotFound
from practice_repo.packs.archive import ENDING, LARGEST_ARCHIVE, InvalidPack, unpack

INDEX = "index.json"
FORMAT = 1
LARGEST_INDEX = 5 * 1024 * 1024
MOST_ENTRIES = 10_000
TIMEOUT_SECONDS = 15
CHUNK = 64 * 1024
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,150}" + re.escape(ENDING))
DIGEST = re.compile(r"[0-9a-f]{64}")
VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,64}))?")


class Unreachable(InvalidState):
    """The library cannot be reached just now: what was fetched before stays usable, try again later."""


@dataclass(frozen=True)
class Entry:
    """One version of one pack in a library."""

    id: str
    version: str
    file: str  # name beside the index
    sha256: str  # of the file
    size: int  # bytes of the file
    digest: str  # of the package
    kind: str = "process"
    type: str = "process"
    area: str = ""
    name: Mapping[str, str] | None = None  # en, zh
    summary: Mapping[str, str] | None = None
    licence: str = ""
    evidence_level: int = 0
    origin: Mapping[str, str] | None = None
    withdrawn: str = ""  # why nobody should adopt it any more; empty: it stands


@dataclass(frozen=True)
class Index:
    name: str
    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()  # files that could not be listed, each with its reason


def version_key(version: str) -> tuple[Any, ...]:
    """Orders versions as semver.org does (without build data). Raises `InvalidInput` for what is no version."""
    found = VERSION.fullmatch(version)
    if not found:
        raise InvalidInput(f"'{version[:80]}' is no version such as 1.2.0.")
    parts = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in (found[4] or "").split(".") if part
    )
    return (int(found[1]), int(found[2]), int(found[3]), found[4] is None, parts)


# The publisher


def build_index(folder: Path, *, name: str | None = None) -> Index:
    """What the packs in this folder say of themselves, ordered by id and version; withdrawals of its index stay.

    A file that is no pack does not hide the others: it is named in `problems`.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder.name}.")
    before = _own_index(folder)
    withdrawn = {(entry.id, entry.version): entry.withdrawn for entry in before.entries}
    entries: dict[tuple[str, str], Entry] = {}
    problems = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            entry = _entry_of(path)
        except EngineError as error:
            problems.append(f"{path.name}: {error}")
            continue
        key = (entry.id, entry.version)
        if key in entries:
            problems.append(f"{path.name}: is the same version of {entry.id} as {entries[key].file}; remove one.")
            continue
        entries[key] = replace(entry, withdrawn=withdrawn.get(key, ""))
    ordered = sorted(entries.values(), key=lambda entry: (entry.id, version_key(entry.version)))
    return Index(name or before.name or folder.resolve().name, tuple(ordered), tuple(problems))


def write_index(folder: Path, *, name: str | None = None) -> Index:
    """Build the index of this folder and put it there in one step; gives the index."""
    index = build_index(folder, name=name)
    _put(folder / INDEX, index_bytes(index))
    return index


def withdraw(folder: Path, id: str, version: str, reason: str) -> Index:
    """Mark a version as not to be adopted any more, with the reason that followers read."""
    if not reason.strip():
        raise InvalidInput("A withdrawal needs a reason: followers read it.")
    index = build_index(folder)
    if (id, version) not in {(entry.id, entry.version) for entry in index.entries}:
        raise NotFound(f"The library has no {id} {version}.")
    entries = tuple(
        replace(entry, withdrawn=reason.strip()) if (entry.id, entry.version) == (id, version) else entry
        for entry in index.entries
    )
    changed = replace(index, entries=entries)
    _put(folder / INDEX, index_bytes(changed))
    return changed


def index_bytes(index: Index) -> bytes:
    """The file index.json."""
    entries = [
        {key: value for key, value in asdict(entry).items() if value not in (None, "")} for entry in index.entries
    ]
    document = {"format": FORMAT, "name": index.name, "packs": entries}
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


# The follower


def read_index(where: str | Path) -> Index:
    """The index of a library: a folder, or an http(s) address below which index.json lies.

    Raises `Unreachable` when nobody answers, `InvalidInput` when what answers is no index of packs.
    """
    return parse_index(_fetch(where, INDEX, LARGEST_INDEX))


def parse_index(content: bytes) -> Index:
    """The index in these bytes. Raises `InvalidInput` naming what does not fit."""
    try:
        document = json.loads(content)
        found_format, packs, name = document["format"], document["packs"], str(document.get("name", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"This is no index of packs ({INDEX}): {error!r}.") from error
    if found_format != FORMAT:
        raise InvalidInput(f"The index has the format {found_format!r}, this version reads {FORMAT}: upgrade Praxis.")
    if not isinstance(packs, list) or len(packs) > MOST_ENTRIES:
        raise InvalidInput(f"'packs' of the index must be a list of at most {MOST_ENTRIES:,} entries.")
    return Index(name, tuple(_parsed_entry(entry, number) for number, entry in enumerate(packs, 1)))


def newest(index: Index) -> dict[str, Entry]:
    """Id → its highest version that was not withdrawn; a version with a suffix (1.1.0-beta) only when asked for."""
    found: dict[str, Entry] = {}
    for entry in index.entries:
        is_final = "-" not in entry.version
        known = found.get(entry.id)
        if is_final and not entry.withdrawn and (not known or version_key(known.version) < version_key(entry.version)):
            found[entry.id] = entry
    return found


def newer(index: Index, have: Mapping[str, str]) -> list[Entry]:
    """What a follower who has these versions (id → version) should fetch: unknown packs, and later versions."""
    return [
        entry
        for id, entry in sorted(newest(index).items())
        if id not in have or version_key(have[id]) < version_key(entry.version)
    ]


def withdrawals(index: Index, have: Mapping[str, str]) -> list[Entry]:
    """Versions that the follower has and that the library has withdrawn since."""
    return [entry for entry in index.entries if entry.withdrawn and have.get(entry.id) == entry.version]


def fetch(where: str | Path, entry: Entry, *, cache: Path | None = None) -> bytes:
    """The pack of this entry; from `cache` (a folder, by SHA-256) when it was fetched before, also without network.

    Raises `Unreachable`, or `InvalidPack` when what was sent is not what the index names.
    """
    kept = cache / f"{entry.sha256}{ENDING}" if cache else None
    if kept and kept.is_file():
        content = kept.read_bytes()
        if hashlib.sha256(content).hexdigest() == entry.sha256:
            return content
    content = _fetch(where, entry.file, min(entry.size, LARGEST_ARCHIVE))
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise InvalidPack(f"'{entry.file}' is not the file that the index names: tell its publisher, do not use it.")
    found = unpack(content)
    if (found.id, found.version, found.digest) != (entry.id, entry.version, entry.digest):
        raise InvalidPack(
            f"'{entry.file}' holds {found.id} {found.version}, the index says {entry.id} {entry.version}."
        )
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        _put(kept, content)
    return content


# Inside


def _entry_of(path: Path) -> Entry:
    if not FILE_NAME.fullmatch(path.name):
        raise InvalidInput("the file name must be made of letters, digits, '.', '_' and '-'.")
    if path.stat().st_size > LARGEST_ARCHIVE:
        raise InvalidInput(f"it has more than {LARGEST_ARCHIVE:,} bytes.")
    content = path.read_bytes()
    found = unpack(content)
    card = found.card
    return Entry(
        id=found.id,
        version=found.version,
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        digest=found.digest,
        kind=card.kind,
        type=card.type,
        area=card.area,
        name=dict(found.manifest.name),
        summary={"en": card.summary.en, "zh": card.summary.zh},
        licence=card.licence,
        evidence_level=card.evidence_level,
        origin=dict(found.manifest.origin) if found.manifest.origin else None,
    )


def _own_index(folder: Path) -> Index:
    if not (folder / INDEX).is_file():
        return Index("", ())
    return parse_index((folder / INDEX).read_bytes())


def _parsed_entry(entry: Any, number: int) -> Entry:
    if not isinstance(entry, dict):
        raise InvalidInput(f"Pack {number} of the index must be a table, found {entry!r}.")
    wanted = {name: entry[name] for name in Entry.__dataclass_fields__ if name in entry}
    try:
        found = Entry(**wanted)
    except TypeError as error:
        raise InvalidInput(f"Pack {number} of the index is incomplete: {error}.") from error
    texts = (found.id, found.version, found.file, found.sha256, found.digest, found.withdrawn)
    if not all(isinstance(text, str) for text in texts) or not FILE_NAME.fullmatch(found.file):
        raise InvalidInput(
            f"Pack {number} of the index has the file name {found.file!r}: only plain names are followed."
        )
    if not DIGEST.fullmatch(found.sha256) or not DIGEST.fullmatch(found.digest):
        raise InvalidInput(f"Pack {number} of the index ({found.id}) has no SHA-256.")
    if isinstance(found.size, bool) or not isinstance(found.size, int) or not 0 < found.size <= LARGEST_ARCHIVE:
        raise InvalidInput(f"Pack {number} of the index ({found.id}) has the size {found.size!r}.")
    version_key(found.version)
    return found


def _fetch(where: str | Path, name: str, limit: int) -> bytes:
    """At most `limit` bytes of a file beside the index."""
    text = str(where)
    if "://" in text:
        return _fetch_http(text, name, limit)
    path = Path(where) / name
    if not path.is_file():
        raise Unreachable(f"The library folder has no {name} just now: is its disk there, was `praxis pack index` run?")
    if path.stat().st_size > limit:
        raise InvalidInput(f"{name} has {path.stat().st_size:,} bytes; at most {limit:,} were announced.")
    return path.read_bytes()


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to the same host, and never from https to http."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if old.hostname != new.hostname or (old.scheme, new.scheme) == ("https", "http"):
            raise InvalidInput(f"The library sends us on to another host ({new.hostname}): follow that one instead.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch_http(address: str, name: str, limit: int) -> bytes:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(f"A library is a folder or an http(s) address, found '{address[:200]}'.")
    if parts.username or parts.password:
        raise InvalidInput("The address of a library must not hold a password: it would be stored and shown.")
    base = urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))
    request = urllib.request.Request(urllib.parse.urljoin(base, name), headers={"User-Agent": "praxis"})
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _SameHost(),
    ):
        opener.add_handler(handler)
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return _read_bounded(answer, name, limit)
    except urllib.error.HTTPError as error:
        with error:
            raise _answered(parts.hostname, name, error.code) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(
            f"The library at {parts.hostname} cannot be reached just now ({reason}). What was fetched before stays "
            "usable; try again later."
        ) from error


def _answered(host: str, name: str, status: int) -> EngineError:
    if status in {404, 410}:
        return NotFound(f"{host} has no {name} at this address: check the address of the library.")
    return Unreachable(f"The library at {host} answered with status {status} when asked for {name}: try again later.")


def _read_bounded(answer: http.client.HTTPResponse, name: str, limit: int) -> bytes:
    content = bytearray()
    while chunk := answer.read(CHUNK):
        content += chunk
        if len(content) > limit:
            raise InvalidInput(f"{name} is longer than the {limit:,} bytes that were announced or are allowed.")
    return bytes(content)


def _put(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, never half of it."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}")
    waiting.write_bytes(content)
    waiting.replace(path)
