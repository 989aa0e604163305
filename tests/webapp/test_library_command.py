"""`praxis library`: two installations that know each other by a folder of packs."""

import json

import pytest
from click.testing import CliRunner

from practice_repo.packs.archive import make_pack, pack_folder, unpack
from practice_repo.packs.components import component
from practice_repo.packs.index import withdraw, write_index
from practice_repo.packs.signing import generate_key, write_key_files
from practice_repo.practice import folder_files, shipped_practices
from webapp.cli.library import library

SHIPPED = {folder.name: folder for folder in shipped_practices()}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PRAXIS_DATA_DIRECTORY", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def call(*words, code=0):
        result = CliRunner().invoke(library, [*map(str, words), "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    return call


@pytest.fixture
def shared(tmp_path):
    """A library folder of somebody else with one pack."""
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "reverse_logistics-1.0.0.praxis").write_bytes(pack_folder(SHIPPED["reverse_logistics"]))
    write_index(folder, name="Shared")
    return folder


def later(version):
    """The pack with other words and another version."""
    files = folder_files(SHIPPED["reverse_logistics"])
    files["practice.toml"] = files["practice.toml"].replace(b'version = "1.0.0"', f'version = "{version}"'.encode())
    files["README.md"] += b"\nMore words.\n"
    return make_pack(files).written()


def test_a_pack_is_released_once(run, shared):
    file = shared / "reverse_logistics-1.0.0.praxis"

    first, second = run("add", file), run("add", file)

    assert [each["is_new"] for each in (*first["packs"], *second["packs"])] == [True, False]
    assert run("list")["practices"] == {"reverse_logistics": "1.0.0"}


def test_what_comes_in_goes_out_byte_for_byte(run, shared, tmp_path):
    file = shared / "reverse_logistics-1.0.0.praxis"
    run("add", file)

    written = run("export", "reverse_logistics")["written"]

    assert (tmp_path / written).read_bytes() == file.read_bytes()


def test_a_library_is_followed_version_by_version(run, shared):
    first = run("follow", shared)
    nothing = run("follow", shared)
    (shared / "reverse_logistics-1.0.1.praxis").write_bytes(later("1.0.1"))
    write_index(shared)
    second = run("follow", shared)

    assert [each["version"] for each in first["packs"]] == ["1.0.0"]
    assert nothing["packs"] == []
    assert [each["version"] for each in second["packs"]] == ["1.0.1"]


def test_what_the_other_library_withdraws_is_withdrawn_here(run, shared):
    (shared / "reverse_logistics-1.0.1.praxis").write_bytes(later("1.0.1"))
    write_index(shared)
    run("add", shared / "reverse_logistics-1.0.0.praxis", shared / "reverse_logistics-1.0.1.praxis")

    withdraw(shared, "reverse_logistics", "1.0.1", "the words were wrong")
    found = run("follow", shared)

    assert [each["reason"] for each in found["withdrawn"]] == ["the words were wrong"]
    assert run("follow", shared)["withdrawn"] == []
    assert run("list")["practices"] == {"reverse_logistics": "1.0.0"}


def test_only_what_a_trusted_key_has_signed_comes_in_where_that_is_asked(run, shared, tmp_path):
    key = generate_key("acme")
    write_key_files(key, tmp_path)
    signed = tmp_path / "signed.praxis"
    signed.write_bytes(pack_folder(SHIPPED["reverse_logistics"], keys=[key]))
    asked = ("--trust", tmp_path / "acme.pub.toml", "--require-signature")

    refused = run("add", shared / "reverse_logistics-1.0.0.praxis", *asked, code=1)
    taken = run("add", signed, *asked)

    assert "No trusted key" in refused["packs"][0]["refused"]
    assert taken["packs"][0]["signed_by"] == ["acme"]


def test_a_broken_pack_and_a_practice_with_errors_are_refused(run, tmp_path):
    (tmp_path / "junk.praxis").write_bytes(b"junk")
    files = folder_files(SHIPPED["reverse_logistics"])
    del files["forms/inspect.json"]
    (tmp_path / "poor.praxis").write_bytes(make_pack(files).written())

    found = run("add", "junk.praxis", "poor.praxis", code=1)

    assert "no intact zip archive" in found["packs"][0]["refused"]
    assert "forms/inspect.json is missing" in found["packs"][1]["refused"]
    assert run("list")["practices"] == {}


def test_a_part_stays_linked_to_what_it_was_cut_out_of(run, shared, tmp_path):
    whole = unpack((shared / "reverse_logistics-1.0.0.praxis").read_bytes())
    part = component(whole, "sub_process", "settle_return")
    (tmp_path / part.file_name).write_bytes(part.written())

    run("add", shared / "reverse_logistics-1.0.0.praxis", part.file_name)

    assert run("list")["practices"] == {"reverse_logistics": "1.0.0", "settle_return": "1.0.0"}


def test_an_unknown_practice_is_told_in_a_sentence(run, tmp_path):
    result = CliRunner().invoke(library, ["export", "nothing"])

    assert result.exit_code == 1
    assert "Error:" in result.output
