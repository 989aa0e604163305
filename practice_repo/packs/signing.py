"""Who vouches for a pack: Ed25519 keys, signatures, and the names under which an installation trusts keys.

A private key is a PEM file that only its owner can read; a public key is an entry of a trust list:

    [[key]]
    name = "praxis"
    public_key = "…"     # 32 bytes in base64
    revoked = false      # true: what it has signed is refused from now on
"""

import base64
import binascii
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.errors import AlreadyExists, Finding, InvalidInput, NotFound

ALGORITHM = "ed25519"
PUBLIC_KEY_BYTES = 32
FINGERPRINT_DIGITS = 16
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MESSAGE = "praxis pack 1\n{id}\n{version}\n{digest}\n"


@dataclass(frozen=True)
class Signature:
    """Somebody's statement "this digest is this version of this pack"."""

    signer: str  # the name that the signer uses; what counts is the name in the reader's trust list
    key: str  # fingerprint of the public key
    value: str  # base64


@dataclass(frozen=True)
class TrustedKey:
    name: str
    public_key: bytes
    revoked: bool = False

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public_key)


@dataclass(frozen=True)
class KeyPair:
    """A signer: the name and both halves of the key."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes_raw()

    def trusted(self) -> TrustedKey:
        """What others put into their trust list."""
        return TrustedKey(self.name, self.public_key)


def fingerprint(public_key: bytes) -> str:
    """The first 16 hexadecimal digits of the key's SHA-256, by which people compare keys."""
    return hashlib.sha256(public_key).hexdigest()[:FINGERPRINT_DIGITS]


def generate_key(name: str) -> KeyPair:
    """A new key for this name. Raises `InvalidInput` for a name that could not be a file name."""
    if not NAME.fullmatch(name):
        raise InvalidInput(f"A key's name is made of a-z, 0-9, '.', '_' and '-' (1 to 64 of them), found '{name}'.")
    return KeyPair(name, Ed25519PrivateKey.generate())


def sign(key: KeyPair, *, id: str, version: str, digest: str) -> Signature:
    """The key's signature for this version of a pack; the same key and pack always give the same signature."""
    value = key.private_key.sign(_message(id, version, digest))
    return Signature(key.name, fingerprint(key.public_key), base64.b64encode(value).decode())


def signature_findings(
    signatures: Iterable[Signature], trusted: Iterable[TrustedKey], *, id: str, version: str, digest: str
) -> Iterator[Finding]:
    """What is wrong (errors) or doubtful (warnings: not signed, signer unknown) with a pack's signatures."""
    keys = {key.fingerprint: key for key in trusted}
    signatures = tuple(signatures)
    if not signatures:
        yield Finding(
            "pack-unsigned", "nobody has signed this pack: ask its sender to confirm the digest.", severity="warning"
        )
    for signature in signatures:
        key = keys.get(signature.key)
        if key is None:
            yield Finding(
                "pack-unknown-signer",
                f"signed by '{signature.signer}' with the key {signature.key}, which is not in the trust list: compare "
                "the fingerprint with the signer, then add the key.",
                severity="warning",
            )
        elif key.revoked:
            yield Finding(
                "pack-revoked-key", f"the key {key.fingerprint} of '{key.name}' is revoked: do not use the pack."
            )
        elif not _holds(signature, key, _message(id, version, digest)):
            yield Finding(
                "pack-signature", f"the signature of '{key.name}' does not belong to this content: fetch the pack anew."
            )


def signers(
    signatures: Iterable[Signature], trusted: Iterable[TrustedKey], *, id: str, version: str, digest: str
) -> tuple[str, ...]:
    """The names in the trust list whose signature holds."""
    keys = {key.fingerprint: key for key in trusted if not key.revoked}
    message = _message(id, version, digest)
    found = (keys[each.key] for each in signatures if each.key in keys and _holds(each, keys[each.key], message))
    return tuple(sorted({key.name for key in found}))


def _message(id: str, version: str, digest: str) -> bytes:
    return MESSAGE.format(id=id, version=version, digest=digest).encode()


def _holds(signature: Signature, key: TrustedKey, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(
            base64.b64decode(signature.value, validate=True), message
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def write_signatures(signatures: Iterable[Signature]) -> bytes:
    """The file signatures.json of a pack."""
    entries = [
        {"signer": each.signer, "key": each.key, "algorithm": ALGORITHM, "value": each.value}
        for each in sorted(signatures, key=lambda each: (each.signer, each.key))
    ]
    return (json.dumps({"signatures": entries}, indent=1, ensure_ascii=False) + "\n").encode()


def read_signatures(content: bytes) -> tuple[Signature, ...]:
    """The signatures of signatures.json. Raises `InvalidInput` where it is not such a file."""
    try:
        entries = json.loads(content)["signatures"]
        found = tuple(Signature(str(each["signer"]), str(each["key"]), str(each["value"])) for each in entries)
        known = all(each["algorithm"] == ALGORITHM for each in entries)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(f"signatures.json cannot be read ({error}): remove it or fetch the pack anew.") from error
    if not known:
        raise InvalidInput(f"signatures.json holds a signature that is not {ALGORITHM}: this version knows no other.")
    return found


# Key files


def write_key_files(key: KeyPair, folder: Path, passphrase: str | None = None) -> tuple[Path, Path]:
    """Write `<name>.key` (private, mode 600) and `<name>.pub.toml` (a trust list); never over existing files."""
    private, public = folder / f"{key.name}.key", folder / f"{key.name}.pub.toml"
    for path in (private, public):
        if path.exists():
            raise AlreadyExists(f"{path.name} exists: choose another name or folder, a lost key cannot be made again.")
    folder.mkdir(parents=True, exist_ok=True)
    protection = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    content = key.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    public.write_text(write_trust_list([key.trusted()]), encoding="utf-8")
    return private, public


def read_key_file(path: Path, name: str | None = None, passphrase: str | None = None) -> KeyPair:
    """The key in this file; its name is the file's, unless another one is given."""
    if not path.is_file():
        raise NotFound(f"There is no key file {path.name}: make one with `praxis pack keygen`.")
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), passphrase.encode() if passphrase else None)
    except TypeError as error:
        needed = "needs a passphrase" if "was not given" in str(error) else "has no passphrase"
        raise InvalidInput(f"The key {path.name} {needed}.") from error
    except ValueError as error:
        raise InvalidInput(f"{path.name} is no private key in PEM form, or the passphrase is wrong.") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise InvalidInput(f"{path.name} is not an Ed25519 key: make one with `praxis pack keygen`.")
    return KeyPair(name or path.stem, found)


def write_trust_list(keys: Iterable[TrustedKey]) -> str:
    """The keys as a TOML trust list."""
    lines = []
    for key in keys:
        lines += ["[[key]]", f'name = "{key.name}"', f'public_key = "{base64.b64encode(key.public_key).decode()}"']
        lines += ["revoked = true", ""] if key.revoked else [""]
    return "\n".join(lines)


def read_trust_list(text: str) -> tuple[TrustedKey, ...]:
    """The keys of a TOML trust list. Raises `InvalidInput` with the entry that is wrong."""
    try:
        entries = tomllib.loads(text).get("key", [])
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The trust list is not TOML: {error}.") from error
    if not isinstance(entries, list):
        raise InvalidInput("The keys of a trust list stand as [[key]] tables.")
    return tuple(_trusted_key(entry, number) for number, entry in enumerate(entries, 1))


def _trusted_key(entry: Mapping[str, object], number: int) -> TrustedKey:
    name, text, revoked = entry.get("name"), entry.get("public_key"), entry.get("revoked", False)
    if not isinstance(name, str) or not isinstance(text, str) or not isinstance(revoked, bool):
        raise InvalidInput(f"[[key]] {number} of the trust list needs the texts 'name' and 'public_key'.")
    try:
        public_key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidInput(f"The public key of '{name}' is not base64: copy it anew.") from error
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise InvalidInput(f"The public key of '{name}' has {len(public_key)} bytes, 32 are needed: copy it anew.")
    return TrustedKey(name, public_key, revoked)
