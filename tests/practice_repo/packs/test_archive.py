"""What a pack promises: the same content gives the same bytes, and what was tampered with is refused."""

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import AlreadyExists
from practice_repo.packs.archive import (
    InvalidPack,
    make_pack,
    pack,
    pack_folder,
    package_digest,
    unpack,
    verify,
    write_folder,
)
from practice_repo.practice import folder_files, shipped_practices

CARD = (Path(__file__).parent.parent / "card.toml").read_bytes()
FILES = {"practice.toml": CARD, "process.bpmn": b"<model/>", "forms/intake.json": b"{}", "LICENSE": b"free"}


def zipped(files, *, compression=zipfile.ZIP_DEFLATED, twice=()):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in [*files.items(), *twice]:
            archive.writestr(name, content)
    return stream.getvalue()


def tampered(change):
    """A pack, unzipped, changed and zipped again."""
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    return zipped(files)


def rules(content):
    return {finding.rule for finding in verify(content) if finding.severity == "error"}


@pytest.mark.parametrize("folder", shipped_practices(), ids=lambda folder: folder.name)
def test_export_import_export_gives_the_same_bytes(folder, tmp_path):
    first = pack_folder(folder)

    laid = write_folder(unpack(first), tmp_path / "copy")

    assert pack_folder(laid) == first
    assert folder_files(laid) == folder_files(folder)


def test_the_bytes_do_not_depend_on_the_order_of_the_files():
    assert pack(dict(reversed(FILES.items()))) == pack(FILES)


def test_a_pack_says_what_is_in_it():
    found = unpack(pack(FILES))

    assert (found.id, found.version, found.file_name) == ("returns", "1.0.0", "returns-1.0.0.praxis")
    assert found.files == dict(sorted(FILES.items()))
    assert found.digest == package_digest(found.manifest.files)
    assert found.practice().forms == {"intake": b"{}"}


def test_an_intact_pack_has_only_the_warning_that_nobody_signed_it():
    assert [finding.rule for finding in verify(pack(FILES))] == ["pack-unsigned"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda files: files.update({"process.bpmn": b"<other/>"}), "pack-digest"),
        (lambda files: files.update({"forms/more.json": b"{}"}), "pack-digest"),
        (lambda files: files.pop("process.bpmn"), "pack-digest"),
        (lambda files: files.pop("manifest.json"), "pack-manifest"),
        (lambda files: files.update({"manifest.json": b"[]"}), "pack-manifest"),
        (lambda files: files.update({"manifest.json": b"{"}), "pack-manifest"),
        (lambda files: files.update({"manifest.json": b"[" * 3_000}), "pack-manifest"),
        (lambda files: _set(files, format=2), "pack-format"),
        (lambda files: _set(files, id="other"), "pack-card"),
        (lambda files: _set(files, version="9.9.9"), "pack-card"),
        (lambda files: _set(files, digest="0" * 64), "pack-digest"),
        (lambda files: files.update({"signatures.json": b"{}"}), "pack-signature"),
        (lambda files: files.update({"../evil.bpmn": b""}), "pack-name"),
        (lambda files: files.update({"/etc/evil.bpmn": b""}), "pack-name"),
        (lambda files: files.update({"forms/../../evil.json": b""}), "pack-name"),
        (lambda files: files.update({"C:evil.bpmn": b""}), "pack-name"),
        (lambda files: files.update({"forms/deep/evil.json": b""}), "pack-name"),
        (lambda files: files.update({"setup.py": b""}), "pack-name"),
        (lambda files: files.update({"con.bpmn": b""}), "pack-name"),
        (lambda files: files.update({"PROCESS.bpmn": b""}), "pack-name"),
        (lambda files: files.update({"big.bpmn": b"0" * (5 * 1024 * 1024 + 1)}), "pack-size"),
        (lambda files: files.update({"bomb.bpmn": b"0" * (4 * 1024 * 1024)}), "pack-size"),
    ],
)
def test_what_does_not_belong_into_a_pack_is_refused(change, rule):
    content = tampered(change)

    assert rule in rules(content)
    with pytest.raises(InvalidPack):
        unpack(content)


def _set(files, **changes):
    files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), **changes}).encode()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_stands_twice_is_refused():
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    assert "pack-name" in rules(zipped(files, twice=[("process.bpmn", b"<second/>")]))


def test_a_link_in_the_archive_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("process.bpmn")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")

    assert any("is a link" in finding.message for finding in verify(stream.getvalue()))


def test_a_directory_that_promises_less_than_is_unfolded_is_refused():
    content = bytearray(zipped({"process.bpmn": b"0" * 1000}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)  # the size that the directory announces

    assert rules(bytes(content)) == {"pack-archive"}


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 50, pack(FILES)[:-30]])
def test_what_is_no_archive_is_told_in_a_sentence(content):
    found = verify(content)

    assert [finding.rule for finding in found] == ["pack-archive"]
    assert "fetch it anew" in found[0].message


def test_too_many_files_are_refused_before_they_are_read():
    assert rules(zipped({f"a{number}.bpmn": b"" for number in range(1001)})) == {"pack-size"}


def test_a_pack_without_card_or_with_a_file_of_no_use_cannot_be_made():
    with pytest.raises(InvalidPack, match=r"no practice\.toml"):
        pack({"process.bpmn": b""})
    with pytest.raises(InvalidPack, match="has no place in a pack"):
        pack({**FILES, "virus.exe": b""})


def test_files_are_never_laid_over_others(tmp_path):
    (tmp_path / "note").write_text("mine")

    with pytest.raises(AlreadyExists):
        write_folder(make_pack(FILES), tmp_path)


@settings(max_examples=150, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_no_changed_byte_goes_unnoticed_or_breaks_the_reader(position, value):
    intact = pack(FILES)
    changed = bytearray(intact)
    changed[int(position * len(changed))] = value

    findings = verify(bytes(changed))

    if not any(finding.severity == "error" for finding in findings):
        assert unpack(bytes(changed)).files == unpack(intact).files


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_answered_with_findings(content):
    assert any(finding.severity == "error" for finding in verify(content))
