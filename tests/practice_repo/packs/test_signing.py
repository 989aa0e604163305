import stat
import tomllib
from pathlib import Path

import pytest

from engine.errors import AlreadyExists, InvalidInput, NotFound
from practice_repo.packs.archive import make_pack, pack, pack_folder, unpack, verify, write_folder
from practice_repo.packs.signing import (
    TrustedKey,
    generate_key,
    read_key_file,
    read_trust_list,
    write_key_files,
    write_trust_list,
)

CARD = (Path(__file__).parent.parent / "card.toml").read_bytes()
FILES = {"practice.toml": CARD, "process.bpmn": b"<model/>", "LICENSE": b"free"}


@pytest.fixture(scope="module")
def key():
    return generate_key("acme")


def rules(content, trusted):
    return [finding.rule for finding in verify(content, trusted)]


def test_a_pack_signed_by_a_trusted_key_has_nothing_wrong(key):
    content = pack(FILES, keys=[key])

    assert rules(content, [key.trusted()]) == []
    assert unpack(content).signed_by([key.trusted()]) == ("acme",)


def test_the_reader_decides_who_a_key_belongs_to(key):
    renamed = TrustedKey("the company next door", key.public_key)

    assert unpack(pack(FILES, keys=[key])).signed_by([renamed]) == ("the company next door",)


def test_a_key_that_nobody_trusts_is_a_warning(key):
    assert rules(pack(FILES, keys=[key]), [generate_key("other").trusted()]) == ["pack-unknown-signer"]
    assert unpack(pack(FILES, keys=[key])).signed_by([]) == ()


def test_a_signature_does_not_hold_for_other_content(key):
    signatures = make_pack(FILES, keys=[key]).signatures

    content = pack({**FILES, "process.bpmn": b"<other/>"}, signatures=signatures)

    assert rules(content, [key.trusted()]) == ["pack-signature"]
    assert unpack(content).signed_by([key.trusted()]) == ()


def test_a_signature_does_not_hold_for_another_version(key):
    signatures = make_pack(FILES, keys=[key]).signatures
    later = {**FILES, "practice.toml": CARD.replace(b'version = "1.0.0"', b'version = "1.0.1"')}

    assert rules(pack(later, signatures=signatures), [key.trusted()]) == ["pack-signature"]


def test_a_revoked_key_is_an_error(key):
    revoked = TrustedKey("acme", key.public_key, revoked=True)

    assert rules(pack(FILES, keys=[key]), [revoked]) == ["pack-revoked-key"]
    assert unpack(pack(FILES, keys=[key])).signed_by([revoked]) == ()


def test_several_people_can_sign(key):
    second = generate_key("reviewer")

    content = pack(FILES, keys=[key, second])

    assert unpack(content).signed_by([key.trusted(), second.trusted()]) == ("acme", "reviewer")


def test_signatures_survive_import_and_export_until_the_content_changes(key, tmp_path):
    content = pack(FILES, keys=[key])
    folder = write_folder(unpack(content), tmp_path / "copy")

    assert pack_folder(folder) == content

    (folder / "process.bpmn").write_bytes(b"<changed/>")
    assert rules(pack_folder(folder), [key.trusted()]) == ["pack-unsigned"]


@pytest.mark.parametrize("passphrase", [None, "a long sentence"])
def test_key_files_are_private_and_read_back(key, tmp_path, passphrase):
    private, public = write_key_files(key, tmp_path, passphrase)

    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert read_key_file(private, passphrase=passphrase).public_key == key.public_key
    assert read_trust_list(public.read_text()) == (key.trusted(),)


def test_a_key_is_never_written_over(key, tmp_path):
    write_key_files(key, tmp_path)

    with pytest.raises(AlreadyExists):
        write_key_files(key, tmp_path)


def test_wrong_key_files_are_told_in_a_sentence(key, tmp_path):
    private, _public = write_key_files(key, tmp_path, "secret")
    (tmp_path / "junk.key").write_text("junk")

    with pytest.raises(NotFound, match="no key file"):
        read_key_file(tmp_path / "none.key")
    with pytest.raises(InvalidInput, match="needs a passphrase"):
        read_key_file(private)
    with pytest.raises(InvalidInput, match="passphrase is wrong"):
        read_key_file(private, passphrase="guess")
    with pytest.raises(InvalidInput, match="no private key"):
        read_key_file(tmp_path / "junk.key")
    with pytest.raises(InvalidInput, match="name is made of"):
        generate_key("../up")


def test_a_trust_list_keeps_revocations(key):
    keys = (TrustedKey("old", key.public_key, revoked=True),)

    text = write_trust_list(keys)

    assert read_trust_list(text) == keys
    assert tomllib.loads(text)["key"][0]["revoked"] is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[key", "not TOML"),
        ("key = 1", "stand as"),
        ('[[key]]\nname = "a"', "needs the texts"),
        ('[[key]]\nname = "a"\npublic_key = "?"', "not base64"),
        ('[[key]]\nname = "a"\npublic_key = "QUJD"', "has 3 bytes"),
    ],
)
def test_a_mistake_in_a_trust_list_is_named(text, said):
    with pytest.raises(InvalidInput, match=said):
        read_trust_list(text)
