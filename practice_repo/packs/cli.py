"""`praxis pack`: practices as files that travel: export, import, verify, sign, index, cut out, bring in."""

import functools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from engine.errors import EngineError, Finding, InvalidInput, NotFound
from practice_repo.algebra.operations import describe
from practice_repo.algebra.package import Package
from practice_repo.card_kinds import PARTS
from practice_repo.packs import foreign as foreign_models
from practice_repo.packs import index as libraries
from practice_repo.packs.archive import ENDING, InvalidPack, Pack, make_pack, pack_folder, unpack, verify, write_folder
from practice_repo.packs.authoring import make_option
from practice_repo.packs.components import component as cut_out
from practice_repo.packs.components import parts
from practice_repo.packs.signing import (
    KeyPair,
    TrustedKey,
    generate_key,
    read_key_file,
    read_trust_list,
    write_key_files,
)
from practice_repo.packs.versions import version_findings
from practice_repo.practice import folder_files
from practice_repo.practice_check import check_practice

FINE, FAILED, WRONG = 0, 1, 2
PATH = click.Path(path_type=Path)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
trust_option = click.option(
    "--trust", "trust_files", multiple=True, type=PATH, help="Trust list (TOML with [[key]]); may stand several times."
)


def _kindly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors of ours become one sentence and exit code 2."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (EngineError, OSError) as error:
            findings = list(getattr(error, "findings", ()))
            text = str(error) if isinstance(error, EngineError) else f"{error.filename}: {error.strerror}"
            if options.get("as_json"):
                click.echo(json.dumps({"error": text, "findings": _as_json(findings)}, ensure_ascii=False))
            else:
                click.echo(f"Error: {text}", err=True)
                _say_findings(findings)
            sys.exit(WRONG)

    return wrapped


@click.group()
def pack() -> None:
    """Practices as packs (.praxis): one archive with hashes, signatures and lineage."""


@pack.command()
@click.argument("folder", type=PATH)
@click.option("-o", "--output", type=PATH, help="File or folder to write to; default: <id>-<version>.praxis here.")
@click.option("--key", "key_files", multiple=True, type=PATH, help="Private key to sign with.")
@click.option("--passphrase", help="Of the key.", envvar="PACK_KEY_PASSPHRASE")
@click.option("--previous", type=PATH, help="The pack of the version before: does the new number fit the changes?")
@click.option("--unchecked", is_flag=True, help="Export although the practice has errors.")
@as_json_option
@_kindly
def export(
    folder: Path,
    output: Path | None,
    key_files: tuple[Path, ...],
    passphrase: str | None,
    previous: Path | None,
    unchecked: bool,
    as_json: bool,
) -> None:
    """Write the practice in FOLDER as a pack. Exit code 1 when the practice or its version number does not fit."""
    keys = [read_key_file(path, passphrase=passphrase) for path in key_files]
    content = pack_folder(folder, keys=keys)
    found = unpack(content)
    findings = [] if unchecked else _errors(check_practice(found.practice()))
    if previous:
        findings += version_findings(unpack(previous.read_bytes()), found)
    if _errors(findings):
        _tell({"written": None, **_about(found)}, findings, as_json, "Not exported.")
        sys.exit(FAILED)
    path = _target(output, found)
    path.write_bytes(content)
    _tell({"written": str(path), "size": len(content), **_about(found)}, findings, as_json, f"Wrote {path}.")


@pack.command("import")
@click.argument("file", type=PATH)
@click.option("--into", type=PATH, help="Folder to lay the files into; default: <id> here.")
@click.option("--require-signature", is_flag=True, help="Refuse a pack that no trusted key has signed.")
@trust_option
@as_json_option
@_kindly
def import_pack(
    file: Path, into: Path | None, require_signature: bool, trust_files: tuple[Path, ...], as_json: bool
) -> None:
    """Verify the pack FILE and lay its files into a new folder. Exit code 1 when it cannot be trusted."""
    content = file.read_bytes()
    trusted = _trusted(trust_files)
    findings = _verified(content, trusted, require_signature)
    if _errors(findings):
        _tell({"folder": None}, findings, as_json, "Not imported.")
        sys.exit(FAILED)
    found = unpack(content)
    findings += check_practice(found.practice())
    folder = write_folder(found, into or Path(found.id))
    _tell(
        {"folder": str(folder), "signed_by": list(found.signed_by(trusted)), **_about(found)},
        findings,
        as_json,
        f"{found.id} {found.version} lies in {folder}.",
    )


@pack.command("verify")
@click.argument("file", type=PATH)
@click.option("--require-signature", is_flag=True, help="A pack that no trusted key has signed is an error.")
@trust_option
@as_json_option
@_kindly
def verify_pack(file: Path, require_signature: bool, trust_files: tuple[Path, ...], as_json: bool) -> None:
    """Are the files those of the manifest, and whose signatures hold? Exit code 1 when something is wrong."""
    content = file.read_bytes()
    trusted = _trusted(trust_files)
    findings = _verified(content, trusted, require_signature)
    result: dict[str, Any] = {"holds": not _errors(findings)}
    if result["holds"]:
        found = unpack(content)
        result |= {**_about(found), "signed_by": list(found.signed_by(trusted)), "files": dict(found.manifest.files)}
    _tell(result, findings, as_json, "The pack holds." if result["holds"] else "The pack does not hold.")
    sys.exit(FINE if result["holds"] else FAILED)


@pack.command()
@click.argument("name")
@click.option("--folder", type=PATH, default=Path(), help="Where the two files go; default: here.")
@click.option("--passphrase", help="Protects the private key.", envvar="PACK_KEY_PASSPHRASE")
@as_json_option
@_kindly
def keygen(name: str, folder: Path, passphrase: str | None, as_json: bool) -> None:
    """Make a key to sign packs with: NAME.key (keep it) and NAME.pub.toml (for the trust lists of others)."""
    key: KeyPair = generate_key(name)
    private, public = write_key_files(key, folder, passphrase)
    result = {"private": str(private), "public": str(public), "fingerprint": key.trusted().fingerprint}
    _tell(result, [], as_json, f"Wrote {private} and {public}; fingerprint {result['fingerprint']}.")


@pack.command()
@click.argument("library")
@click.option("--name", help="How the library is called.")
@click.option("--follow", type=PATH, help="Fetch what is new into this folder instead; LIBRARY may be an address.")
@click.option("--withdraw", nargs=3, metavar="ID VERSION REASON", help="Mark a version as not to be adopted any more.")
@trust_option
@as_json_option
@_kindly
def index(
    library: str,
    name: str | None,
    follow: Path | None,
    withdraw: tuple[str, str, str] | None,
    trust_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write index.json for the packs in a folder, or follow a LIBRARY (folder or http address)."""
    if follow:
        _follow(library, follow, trust_files, as_json)
        return
    folder = Path(library)
    found = libraries.withdraw(folder, *withdraw) if withdraw else libraries.write_index(folder, name=name)
    entries = [{"id": each.id, "version": each.version, "file": each.file} for each in found.entries]
    text = f"{found.name}: {len(entries)} packs."
    problems = [Finding("pack-archive", problem) for problem in found.problems]
    _tell({"name": found.name, "packs": entries, "problems": list(found.problems)}, problems, as_json, text)
    sys.exit(FAILED if found.problems else FINE)


def _follow(library: str, folder: Path, trust_files: tuple[Path, ...], as_json: bool) -> None:
    """Fetch the packs that the folder does not have, and say what was withdrawn."""
    folder.mkdir(parents=True, exist_ok=True)
    own = libraries.build_index(folder)
    have = {each.id: each.version for each in own.entries}  # ordered by version: the last one is the newest
    theirs = libraries.read_index(library)
    trusted = _trusted(trust_files)
    fetched, findings = [], []
    for entry in libraries.newer(theirs, have):
        content = libraries.fetch(library, entry)
        problems = _errors(verify(content, trusted))
        findings += problems
        if not problems:
            (folder / entry.file).write_bytes(content)
            fetched.append({"id": entry.id, "version": entry.version, "file": entry.file})
    withdrawn = [
        {"id": each.id, "version": each.version, "reason": each.withdrawn}
        for each in libraries.withdrawals(theirs, have)
    ]
    libraries.write_index(folder)
    _tell({"fetched": fetched, "withdrawn": withdrawn}, findings, as_json, f"{len(fetched)} packs are new.")
    sys.exit(FAILED if findings else FINE)


@pack.command()
@click.argument("source", type=PATH)
@click.argument("kind", type=click.Choice(PARTS), required=False)
@click.argument("name", required=False)
@click.option("-o", "--output", type=PATH, help="File or folder to write to; default: <id>-<version>.praxis here.")
@as_json_option
@_kindly
def component(source: Path, kind: str | None, name: str | None, output: Path | None, as_json: bool) -> None:
    """Cut a part out of SOURCE (folder or pack) as a pack of its own; without KIND and NAME: list the parts."""
    whole = _open(source)
    if not kind or not name:
        found = parts(whole)
        lines = [f"{each}: {', '.join(names) or '-'}" for each, names in found.items()]
        _tell({"parts": found}, [], as_json, "\n".join(lines))
        return
    cut = cut_out(whole, kind, name)
    path = _target(output, cut)
    path.write_bytes(cut.written())
    _tell({"written": str(path), **_about(cut)}, [], as_json, f"Wrote {path}.")


@pack.command()
@click.argument("model", type=PATH)
@click.argument("others", nargs=-1, type=PATH)
@click.option("--into", type=PATH, help="Lay the practice into this new folder; without it only the report is shown.")
@click.option("--licence", default="LicenseRef-unknown", show_default=True, help="Under which the model may be used.")
@as_json_option
@_kindly
def foreign(model: Path, others: tuple[Path, ...], into: Path | None, licence: str, as_json: bool) -> None:
    """Make a practice of another tool's BPMN MODEL (with its OTHERS: .bpmn, .dmn, .form), and report on it."""
    beside = {path.name: path.read_bytes() for path in others}
    found = foreign_models.import_foreign(model.read_bytes(), name=model.name, others=beside, licence=licence)
    folder = write_folder(make_pack(found.files), into) if into else None
    result = {"folder": str(folder) if folder else None, "files": list(found.files), **found.report.to_json()}
    report = found.report
    lines = [f"From {report.tool}."]
    for title, items in (("Mapped", report.mapped), ("Dropped", report.dropped), ("To decide", report.decisions)):
        lines += [f"{title}:", *(f"  {item}" for item in items)] if items else []
    lines += [f"The practice lies in {folder}."] if folder else []
    _tell(result, [], as_json, "\n".join(lines))


@pack.command()
@click.argument("folder", type=PATH)
@click.argument("edited", type=PATH)
@click.argument("point")
@click.argument("answer")
@click.option("--when", help="FEEL over the enterprise's profile (industry, size, channels): where the answer fits.")
@click.option("--requires", multiple=True, help="Another answer that it needs, as point.option.")
@click.option("--excludes", multiple=True, help="Another answer that it does not go with, as point.option.")
@as_json_option
@_kindly
def option(
    folder: Path,
    edited: Path,
    point: str,
    answer: str,
    when: str | None,
    requires: tuple[str, ...],
    excludes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Build the ANSWER to the question POINT into the practice in FOLDER: what the copy in EDITED does otherwise.

    Writes options/POINT.ANSWER.json. Exit code 1 when the practice with this answer has errors.
    """
    base, changed = (Package(_open(path).files) for path in (folder, edited))
    made = make_option(base, changed, point, answer, when=when, requires=requires, excludes=excludes)
    target = folder / "options" / f"{made.option.path}.json"
    findings = list(made.findings)
    if not findings:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(made.content)
    sentences = [describe(operation, "en") for operation in made.option.operations]
    result = {"written": None if findings else str(target), "operations": sentences}
    lines = [*sentences, "Not written." if findings else f"Wrote {target}."]
    _tell(result, findings, as_json, "\n".join(lines))
    sys.exit(FAILED if findings else FINE)


# Inside


def _open(source: Path) -> Pack:
    if source.is_dir():
        return make_pack(folder_files(source))
    if not source.is_file():
        raise NotFound(f"There is no folder and no pack '{source.name}'.")
    return unpack(source.read_bytes())


def _target(output: Path | None, found: Pack) -> Path:
    if output is None or output.is_dir():
        return (output or Path()) / found.file_name
    if output.suffix != ENDING:
        raise InvalidInput(f"A pack's name ends in {ENDING}, found '{output.name}'.")
    return output


def _trusted(paths: Iterable[Path]) -> list[TrustedKey]:
    return [key for path in paths for key in read_trust_list(path.read_text(encoding="utf-8"))]


def _verified(content: bytes, trusted: Sequence[TrustedKey], require_signature: bool) -> list[Finding]:
    findings = verify(content, trusted)
    if require_signature and not _errors(findings):
        try:
            signed = unpack(content).signed_by(trusted)
        except InvalidPack:
            signed = ()
        if not signed:
            findings.append(Finding("pack-unsigned", "no trusted key has signed this pack."))
    return findings


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _about(found: Pack) -> dict[str, Any]:
    return {"id": found.id, "version": found.version, "kind": found.manifest.kind, "digest": found.digest}


def _tell(result: dict[str, Any], findings: list[Finding], as_json: bool, text: str) -> None:
    if as_json:
        click.echo(json.dumps({**result, "findings": _as_json(findings)}, ensure_ascii=False))
    else:
        _say_findings(findings)
        click.echo(text)


def _say_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(f"{finding.severity}: {finding} [{finding.rule}]")


def _as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "rule": finding.rule,
            "severity": finding.severity,
            "message": finding.message,
            "element": finding.element_id,
            "name": finding.element_name,
            "line": finding.line,
        }
        for finding in findings
    ]
