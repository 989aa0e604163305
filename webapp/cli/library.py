"""`praxis library`: packs into the library of this installation, and out of it."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from engine.clock import SystemClock
from engine.errors import EngineError, InvalidInput
from engine.store.actor import SYSTEM
from engine.store.unit_of_work import Store
from practice_repo.commands.release_pack import follow_withdrawals, release_pack
from practice_repo.packs.archive import InvalidPack, Pack, make_pack, unpack, verify
from practice_repo.packs.index import fetch, newer, read_index
from practice_repo.packs.signing import TrustedKey, read_key_file, read_trust_list
from practice_repo.queries.library import newest_versions, version_id, version_package
from webapp.cli.errors import kindly
from webapp.cli.migrate import prepare_database
from webapp.settings import Settings

CACHE = "packs"  # below the data directory: what was fetched, by SHA-256
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
trust_option = click.option(
    "--trust", "trust_files", multiple=True, type=click.Path(path_type=Path), help="Trust list (TOML with [[key]])."
)
signature_option = click.option("--require-signature", is_flag=True, help="Refuse what no trusted key has signed.")


@click.group()
def library() -> None:
    """Packs into the library of this installation, and out of it."""


@library.command("list")
@json_option
@kindly
def list_items(as_json: bool) -> None:
    """The newest version of every practice."""
    found = dict(sorted(_store().run(newest_versions).items()))
    text = "\n".join(f"{item} {version}" for item, version in found.items())
    click.echo(json.dumps({"practices": found}) if as_json else text)


@library.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@trust_option
@signature_option
@json_option
@kindly
def add(files: tuple[Path, ...], trust_files: tuple[Path, ...], require_signature: bool, as_json: bool) -> None:
    """Verify packs and release them in this library; exit code 1 when one was refused."""
    gate = _Gate(trust_files, require_signature)
    results = [_added(gate, path.name, _content(path)) for path in files]
    _tell({"packs": results}, results, as_json)


@library.command()
@click.argument("where")
@trust_option
@signature_option
@json_option
@kindly
def follow(where: str, trust_files: tuple[Path, ...], require_signature: bool, as_json: bool) -> None:
    """Release what a library at WHERE (folder or http address) has and this one has not; follow its withdrawals."""
    settings, store = Settings.from_environment(), _store()
    gate = _Gate(trust_files, require_signature)
    index = read_index(where)
    results = []
    for entry in newer(index, store.run(newest_versions)):
        content = fetch(where, entry, cache=settings.data_directory / CACHE)
        results.append(_added(gate, entry.file, content, source=index.name))
    gone = [entry for entry in index.entries if entry.withdrawn]
    now = SystemClock().now()
    changed = store.run(lambda work: follow_withdrawals(work, withdrawn=gone, actor=SYSTEM, now=now))
    withdrawn = [{"id": each.id, "version": each.version, "reason": each.withdrawn} for each in changed]
    lines = [f"{each['id']} {each['version']} is withdrawn: {each['reason']}" for each in withdrawn]
    _tell({"packs": results, "withdrawn": withdrawn}, results, as_json, lines)


@library.command()
@click.argument("practice")
@click.option("--version", help="Default: the newest.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path(), help="Folder; default: here.")
@click.option("--key", "key_files", multiple=True, type=click.Path(path_type=Path), help="Private key to sign with.")
@click.option("--passphrase", help="Of the key.", envvar="PACK_KEY_PASSPHRASE")
@json_option
@kindly
def export(
    practice: str, version: str | None, output: Path, key_files: tuple[Path, ...], passphrase: str | None, as_json: bool
) -> None:
    """Write a released practice as a pack."""
    keys = [read_key_file(path, passphrase=passphrase) for path in key_files]
    package = _store().run(
        lambda work: version_package(work, version_id=version_id(work, item_id=practice, version=version))
    )
    found = make_pack(package.files, keys=keys)
    path = output / found.file_name
    path.write_bytes(found.written())
    result = {"written": str(path), "id": found.id, "version": found.version, "digest": found.digest}
    click.echo(json.dumps(result) if as_json else f"Wrote {path}.")


class _Gate:
    """Decides which packs come in."""

    def __init__(self, trust_files: Iterable[Path], require_signature: bool):
        self.trusted: list[TrustedKey] = [
            key for path in trust_files for key in read_trust_list(_content(path).decode("utf-8", "replace"))
        ]
        self.require_signature = require_signature

    def open(self, content: bytes) -> tuple[Pack, tuple[str, ...]]:
        """The pack and who has signed it. Raises `InvalidPack` where it cannot be trusted."""
        errors = [finding for finding in verify(content, self.trusted) if finding.severity == "error"]
        if errors:
            raise InvalidPack(errors[0].message, errors)
        found = unpack(content)
        signers = found.signed_by(self.trusted)
        if self.require_signature and not signers:
            raise InvalidPack(f"No trusted key has signed {found.file_name}.")
        return found, signers


def _added(gate: _Gate, name: str, content: bytes, source: str = "") -> dict[str, Any]:
    """What became of one pack; one that is refused does not keep the others out."""
    try:
        found, signers = gate.open(content)
        released = _store().run(
            lambda work: release_pack(
                work, pack=found, actor=SYSTEM, now=SystemClock().now(), source=source or name, signers=signers
            )
        )
    except EngineError as error:
        return {"file": name, "refused": str(error)}
    return {
        "file": name,
        "id": released.item_id,
        "version": released.version,
        "is_new": released.is_new,
        "signed_by": list(signers),
        "upgrades": released.opened_upgrades,
    }


def _tell(document: dict[str, Any], results: list[dict[str, Any]], as_json: bool, more: Iterable[str] = ()) -> None:
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        for each in results:
            done = "is released" if each.get("is_new") else "was there already"
            refused = each.get("refused")
            click.echo(f"{each['file']}: {refused}" if refused else f"{each['id']} {each['version']} {done}.")
        for line in more:
            click.echo(line)
        if not results:
            click.echo("Nothing is new.")
    sys.exit(1 if any("refused" in each for each in results) else 0)


def _store() -> Store:
    settings = Settings.from_environment()
    prepare_database(settings)
    return Store(settings.store_url)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error.strerror}.") from error
