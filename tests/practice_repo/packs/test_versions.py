import pytest

from engine.errors import InvalidInput
from practice_repo.packs.archive import make_pack, pack_folder, unpack
from practice_repo.packs.versions import bumped, required, version_findings
from practice_repo.practice import shipped_practices

FOLDER = next(folder for folder in shipped_practices() if folder.name == "reverse_logistics")


@pytest.fixture(scope="module")
def before():
    return unpack(pack_folder(FOLDER))


def later(before, version, **changes):
    """The pack with another version, and texts replaced in its files: file name → (old, new)."""
    files = dict(before.files)
    files["practice.toml"] = files["practice.toml"].replace(b'version = "1.0.0"', f'version = "{version}"'.encode())
    for name, (old, new) in changes.items():
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    return make_pack(files)


WORDS = {"README.md": (b"# ", b"# The ")}
NEW_ROLE = {
    "practice.toml": (
        b"[[data_object]]",
        b'[[role]]\nkey = "auditor"\nname = {en = "Auditor", zh = "\xe5\xae\xa1\xe8\xae\xa1"}\n[[data_object]]',
    )
}


@pytest.mark.parametrize(
    ("version", "changes", "said"),
    [
        ("1.0.1", WORDS, None),
        ("1.1.0", WORDS, None),
        ("1.0.0", WORDS, "does not come after"),
        ("0.9.0", WORDS, "does not come after"),
        ("1.0.1", NEW_ROLE, "the changes need major"),
        ("1.1.0", NEW_ROLE, "the changes need major"),
        ("2.0.0", NEW_ROLE, None),
    ],
)
def test_the_number_of_a_version_fits_what_has_changed(before, version, changes, said):
    found = version_findings(before, later(before, version, **changes))

    assert [said in str(each) for each in found] == ([True] if said else [])


def test_new_behaviour_needs_a_minor_version(before):
    changed = later(before, "1.0.1", **{"authorise_return.bpmn": (b"P7D", b"P9D")})

    assert required(before, changed) == "minor"
    assert "the changes need minor" in str(version_findings(before, changed))


def test_the_same_pack_needs_no_new_number(before):
    assert version_findings(before, before) == []


def test_two_practices_cannot_be_compared(before):
    other = unpack(pack_folder(next(folder for folder in shipped_practices() if folder.name == "lead_to_order")))

    [finding] = version_findings(before, other)
    assert "give the right one" in finding.message


def test_what_was_raised_is_named():
    assert (bumped("1.2.3", "2.0.0"), bumped("1.2.3", "1.3.0"), bumped("1.2.3", "1.2.4")) == ("major", "minor", "patch")
    assert bumped("1.2.3-beta", "1.2.3") == "patch"
    with pytest.raises(InvalidInput):
        bumped("1.2.3", "1.2.3")
