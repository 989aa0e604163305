"""One archive format for practices: `.praxis`, a zip whose bytes follow from its content alone.

    manifest.json      format, id, version, SHA-256 of every file, the package's digest, origin, what wrote it
    signatures.json    who vouches for the digest (optional)
    practice.toml …    the practice folder as it is: models, decisions, forms/, options/, data/, docs/, templates/

What a stranger sends is read with bounds (number and size of files, names, compression) and only ever into memory.
"""

import hashlib
import io
import json
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from engine.errors import AlreadyExists, EngineError, Finding, InvalidInput
from practice_repo.card import CARD, Card, read_card
from practice_repo.packs.signing import (
    KeyPair,
    Signature,
    TrustedKey,
    read_signatures,
    sign,
    signature_findings,
    signers,
    write_signatures,
)
from practice_repo.practice import FOLDERS, LARGEST_FILE, PACK_FILES, Practice, folder_files, practice_of_files

ENDING = ".praxis"
FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURES = "signatures.json"
LARGEST_ARCHIVE = 20 * 1024 * 1024
LARGEST_CONTENT = 50 * 1024 * 1024  # of all files together
MOST_FILES = 1_000
HIGHEST_RATIO = 200  # uncompressed to compressed; text reaches 20
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
READABLE = 0o644 << 16
SYMBOLIC_LINK = 0o120000
UNIX = 3
ENCRYPTED = 0x1

NAME = re.compile(r"[^\x00-\x1f\x7f\\:*?\"<>|/]{1,100}")
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
ROOT_FILES = re.compile(
    r"practice\.toml|s(cenarios|imulation)\.toml|README(\.zh)?\.md|LICENSE|NOTICE|evidence\.json|import_report\.json|.+\.bpmn|.+\.dmn"
)
FOLDER_FILES = {
    "forms": re.compile(r".+\.json"),
    "options": re.compile(r".+\.json"),
    "data": re.compile(r".+\.(csv|json|toml|xlsx)"),
    "docs": re.compile(r".+\.(md|txt|pdf|png|svg)"),
    "templates": re.compile(r".+\.(docx|xlsx|html|txt|md)"),
}


class InvalidPack(InvalidInput):
    """The bytes are no pack that can be used; `findings` says what is wrong with each part."""

    def __init__(self, message: str, findings: Iterable[Finding] = ()):
        super().__init__(message)
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Manifest:
    """What a pack says of itself; everything but `created_with` follows from the files."""

    id: str
    version: str
    kind: str
    type: str
    name: Mapping[str, str]  # en, zh
    licence: str
    files: Mapping[str, str]  # path → SHA-256
    digest: str  # of the package: see `package_digest`
    origin: Mapping[str, str] | None = None  # practice, version, digest, relation (part, name)
    created_with: str = ""
    format: int = FORMAT

    def written(self) -> bytes:
        entries = {key: value for key, value in vars(self).items() if value is not None}
        return (json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True)
class Pack:
    """A pack in memory, checked against its manifest."""

    manifest: Manifest
    files: Mapping[str, bytes]  # without manifest and signatures
    signatures: tuple[Signature, ...] = ()

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def file_name(self) -> str:
        return f"{self.id}-{self.version}{ENDING}"

    @property
    def card(self) -> Card:
        return read_card(self.files[CARD].decode())

    def practice(self) -> Practice:
        """The practice in the pack. Raises `InvalidModel` where its card and files do not fit."""
        return practice_of_files(self.files)

    def signed_by(self, trusted: Iterable[TrustedKey]) -> tuple[str, ...]:
        """The trusted names whose signature of this pack holds."""
        return signers(self.signatures, trusted, id=self.id, version=self.version, digest=self.digest)

    def written(self) -> bytes:
        """The archive's bytes."""
        return pack(self.files, signatures=self.signatures)


def package_digest(hashes: Mapping[str, str]) -> str:
    """SHA-256 over the lines `<hash>  <path>` in order of the paths, as `sha256sum` prints them."""
    return hashlib.sha256("".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes)).encode()).hexdigest()


def make_pack(
    files: Mapping[str, bytes], *, keys: Iterable[KeyPair] = (), signatures: Iterable[Signature] = ()
) -> Pack:
    """A pack of these files (path → content), signed with the keys; given signatures stay where they still hold.

    Raises `InvalidPack` for a path that has no place in a pack, `InvalidModel` for a wrong card.
    """
    kept = {path: files[path] for path in sorted(files) if path not in {MANIFEST, SIGNATURES}}
    findings = [*_name_findings(kept), *_size_findings(kept)]
    if CARD not in kept:
        findings.append(Finding("pack-card", f"there is no {CARD}: a pack needs its card."))
    if findings:
        raise _refused(findings)
    manifest = _manifest(kept)
    about = {"id": manifest.id, "version": manifest.version, "digest": manifest.digest}
    made = [sign(key, **about) for key in keys]
    replaced = {signature.key for signature in made}
    return Pack(manifest, kept, (*(each for each in signatures if each.key not in replaced), *made))


def pack(files: Mapping[str, bytes], *, keys: Iterable[KeyPair] = (), signatures: Iterable[Signature] = ()) -> bytes:
    """The archive of these files; the same files and keys give the same bytes on every machine."""
    made = make_pack(files, keys=keys, signatures=signatures)
    parts = {MANIFEST: made.manifest.written()}
    if made.signatures:
        parts[SIGNATURES] = write_signatures(made.signatures)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path, content in {**parts, **made.files}.items():
            entry = zipfile.ZipInfo(path, EARLIEST)
            entry.external_attr, entry.create_system = READABLE, UNIX
            archive.writestr(entry, content)
    written = stream.getvalue()
    if len(written) > LARGEST_ARCHIVE:
        raise _refused([Finding("pack-size", f"it has {len(written):,} bytes; at most {LARGEST_ARCHIVE:,} fit.")])
    return written


def unpack(content: bytes) -> Pack:
    """The pack in these bytes, after every file was compared with the manifest (signatures: see `verify`).

    Raises `InvalidPack` with a finding per thing that is wrong.
    """
    files = _read_archive(content)
    findings = list(_integrity_findings(files))
    if findings:
        raise _refused(findings)
    signatures = read_signatures(files[SIGNATURES]) if SIGNATURES in files else ()
    written = json.loads(files[MANIFEST])
    kept = {path: files[path] for path in files if path not in {MANIFEST, SIGNATURES}}
    return Pack(_manifest(kept, created_with=str(written.get("created_with", ""))), kept, signatures)


def verify(content: bytes, trusted: Iterable[TrustedKey] = ()) -> list[Finding]:
    """What is wrong (errors) or doubtful (warnings) with these bytes: archive, hashes, card, signatures."""
    try:
        found = unpack(content)
    except InvalidPack as error:
        return list(error.findings) or [Finding("pack-archive", str(error))]
    except EngineError as error:
        return [Finding("pack-archive", str(error))]
    about = {"id": found.id, "version": found.version, "digest": found.digest}
    findings = list(signature_findings(found.signatures, trusted, **about))
    if "LICENSE" not in found.files:
        text = f"there is no LICENSE file; the card says {found.manifest.licence}."
        findings.append(Finding("pack-licence", text, severity="warning"))
    return findings


def pack_folder(folder: Path, *, keys: Iterable[KeyPair] = ()) -> bytes:
    """The archive of a practice folder; signatures that lie in it stay as long as its content has not changed."""
    files = folder_files(folder)
    beside = {name: (folder / name).read_bytes() for name in PACK_FILES if (folder / name).is_file()}
    return pack(files, keys=keys, signatures=_signatures_that_hold(files, beside))


def write_folder(found: Pack, folder: Path) -> Path:
    """Lay the pack's files into a folder that does not exist yet; exporting it again gives the same bytes.

    Manifest and signatures are laid down only when the pack is signed, so that the signatures survive.
    Raises `AlreadyExists` for a folder that is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise AlreadyExists(f"The folder {folder.name} is not empty: choose another one.")
    files = dict(found.files)
    if found.signatures:
        files |= {MANIFEST: found.manifest.written(), SIGNATURES: write_signatures(found.signatures)}
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


# Inside


def _manifest(files: Mapping[str, bytes], created_with: str | None = None) -> Manifest:
    practice = practice_of_files(files)
    card = practice.card
    hashes = {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}
    origin = {key: value for key, value in vars(card.origin).items() if value} if card.origin else None
    return Manifest(
        id=card.id,
        version=card.version,
        kind=card.kind,
        type=card.type,
        name={"en": card.name.en, "zh": card.name.zh},
        licence=card.licence,
        files=hashes,
        digest=package_digest(hashes),
        origin=origin,
        created_with=_own_name() if created_with is None else created_with,
    )


def _signatures_that_hold(files: Mapping[str, bytes], beside: Mapping[str, bytes]) -> tuple[Signature, ...]:
    """The signatures that an import has left beside the files, unless these have changed since."""
    if not beside.keys() >= {SIGNATURES, MANIFEST}:
        return ()
    try:
        signed = json.loads(beside[MANIFEST]).get("digest")
    except (ValueError, AttributeError, RecursionError):
        return ()
    return read_signatures(beside[SIGNATURES]) if signed == make_pack(files).digest else ()


def _own_name() -> str:
    try:
        return f"praxis {metadata.version('praxis')}"
    except metadata.PackageNotFoundError:
        return "praxis"


def _read_archive(content: bytes) -> dict[str, bytes]:
    """Path → content of the zip; raises `InvalidPack` before anything large is unfolded."""
    if len(content) > LARGEST_ARCHIVE:
        text = f"it has {len(content):,} bytes; at most {LARGEST_ARCHIVE:,} are read."
        raise _refused([Finding("pack-size", text)])
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            findings = list(_entry_findings(entries, len(content)))
            if findings:
                raise _refused(findings)
            return {entry.filename: _unfold(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
        raise _refused([Finding("pack-archive", f"it is no intact zip archive ({error}): fetch it anew.")]) from error


def _entry_findings(entries: list[zipfile.ZipInfo], size: int) -> Iterator[Finding]:
    if len(entries) > MOST_FILES:
        yield Finding("pack-size", f"it holds {len(entries):,} files; at most {MOST_FILES:,} are read.")
        return
    names = [entry.filename for entry in entries]
    for twice in sorted({name for name in names if names.count(name) > 1}):
        yield Finding("pack-name", f"the file '{_shown(twice)}' stands twice in the archive.")
    yield from _name_findings(dict.fromkeys(names, b""), allowed={MANIFEST, SIGNATURES})
    if sum(entry.file_size for entry in entries) > LARGEST_CONTENT:
        yield Finding("pack-size", f"its files have more than {LARGEST_CONTENT:,} bytes together.")
    if sum(entry.compress_size for entry in entries) > size:
        yield Finding("pack-archive", "its parts overlap: no tool writes such an archive by accident.")
    for entry in entries:
        name = _shown(entry.filename)
        if entry.flag_bits & ENCRYPTED:
            yield Finding("pack-archive", f"'{name}' is encrypted: send the pack without a password.")
        if (entry.external_attr >> 16) & 0o170000 == SYMBOLIC_LINK:
            yield Finding("pack-archive", f"'{name}' is a link: a pack holds files only.")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            yield Finding("pack-archive", f"'{name}' is compressed in an unknown way: use stored or deflated.")
        if entry.file_size > LARGEST_FILE:
            yield Finding("pack-size", f"'{name}' has {entry.file_size:,} bytes; at most {LARGEST_FILE:,} are read.")
        elif entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1):
            yield Finding("pack-size", f"'{name}' unfolds to more than {HIGHEST_RATIO} times its size.")


def _unfold(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The file's content; never more than its directory entry promised."""
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile(f"'{_shown(entry.filename)}' is longer or shorter than announced")
    return content


def _name_findings(files: Mapping[str, bytes], allowed: set[str] = frozenset()) -> Iterator[Finding]:  # type: ignore[assignment]
    """Paths that lead out of the folder, differ from another only for some computers, or have no place in a pack."""
    seen: dict[str, str] = {}
    for path in files:
        problem = None if path in allowed else _name_problem(path)
        if problem:
            yield Finding("pack-name", f"the file name '{_shown(path)}' {problem}")
        plain = unicodedata.normalize("NFC", path).casefold()
        if plain in seen:
            yield Finding("pack-name", f"'{_shown(seen[plain])}' and '{_shown(path)}' are one file on some computers.")
        seen[plain] = path


def _name_problem(path: str) -> str | None:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "." in parts or "" in parts or "\\" in path or ":" in path:
        return "leads out of the pack: use plain names and one level of folders."
    if any(not NAME.fullmatch(part) or part != part.strip(" .") or DEVICE.fullmatch(part) for part in parts):
        return "cannot be written on every computer: use letters, digits, '_', '-' and '.'."
    if len(parts) == 1:
        return (
            None
            if ROOT_FILES.fullmatch(path)
            else f"has no place in a pack: known are .bpmn, .dmn, {CARD} and the like."
        )
    if len(parts) > 2 or parts[0] not in FOLDERS:
        return f"lies in a folder that a pack does not have: known are {', '.join(FOLDERS)}."
    if not FOLDER_FILES[parts[0]].fullmatch(parts[1]):
        return f"has an ending that does not belong into {parts[0]}/."
    return None


def _size_findings(files: Mapping[str, bytes]) -> Iterator[Finding]:
    if len(files) > MOST_FILES:
        yield Finding("pack-size", f"there are {len(files):,} files; at most {MOST_FILES:,} fit.")
    for path, content in files.items():
        if len(content) > LARGEST_FILE:
            yield Finding("pack-size", f"'{path}' has {len(content):,} bytes; at most {LARGEST_FILE:,} fit.")


def _integrity_findings(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Is every file the one that the manifest names, and is the manifest the card's?"""
    if MANIFEST not in files:
        yield Finding("pack-manifest", f"there is no {MANIFEST}: this is a zip archive, but no pack.")
        return
    try:
        manifest = json.loads(files[MANIFEST])
        hashes = {str(path): str(value) for path, value in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        yield Finding("pack-manifest", f"{MANIFEST} cannot be read ({error}): fetch the pack anew.")
        return
    if manifest.get("format") != FORMAT:
        found = manifest.get("format")
        yield Finding("pack-format", f"it has the format {found!r}, this version reads {FORMAT}: upgrade Praxis.")
        return
    present = {path: content for path, content in files.items() if path not in {MANIFEST, SIGNATURES}}
    for path in sorted(set(hashes) - set(present)):
        yield Finding("pack-digest", f"'{_shown(path)}' is missing: fetch the pack anew.")
    for path, content in present.items():
        if path not in hashes:
            yield Finding("pack-digest", f"'{_shown(path)}' is not in the manifest: somebody put it there.")
        elif hashlib.sha256(content).hexdigest() != hashes[path]:
            yield Finding("pack-digest", f"'{_shown(path)}' is not the file of the manifest: somebody changed it.")
    if hashes.keys() == present.keys() and manifest.get("digest") != package_digest(hashes):
        yield Finding("pack-digest", "the package's digest does not fit its files: somebody changed the manifest.")
    if SIGNATURES in files:
        try:
            read_signatures(files[SIGNATURES])
        except InvalidInput as error:
            yield Finding("pack-signature", str(error))
    yield from _card_findings(manifest, present)


def _card_findings(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Finding]:
    if CARD not in files:
        yield Finding("pack-card", f"there is no {CARD}: a pack needs its card.")
        return
    try:
        expected = json.loads(_manifest(files).written())
    except EngineError as error:
        findings = getattr(error, "findings", ()) or [Finding("pack-card", str(error))]
        yield from findings
        return
    for key in sorted(set(expected) | set(manifest)):
        if key not in {"files", "digest", "created_with"} and manifest.get(key) != expected.get(key):
            said, found = expected.get(key), manifest.get(key)
            yield Finding("pack-card", f"the manifest says {key} = {found!r}, the card {said!r}: they must agree.")


def _refused(findings: list[Finding]) -> InvalidPack:
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return InvalidPack(f"This is no pack that can be used: {findings[0].message}{more}", findings)


def _shown(path: str) -> str:
    """A stranger's file name, safe to print."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in path)
    return clean if len(clean) <= 80 else clean[:79] + "…"
