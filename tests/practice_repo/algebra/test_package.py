import pytest

from practice_repo.algebra.operations import CannotApply
from practice_repo.algebra.package import Package, apply_to_package, package_difference, required_bump
from practice_repo.packs.archive import make_pack
from practice_repo.practice import read_practice, shipped_practices

FOLDER = next(folder for folder in shipped_practices() if folder.name == "lead_to_order")
BASE = Package.from_folder(FOLDER)


def changed(**replacements):
    """The package with texts replaced, by file ("process.bpmn" as process_bpmn)."""
    files = {}
    for name, (old, new) in replacements.items():
        file = ".".join(name.rsplit("_", 1))
        assert old.encode() in BASE.files[file]
        files[file] = BASE.files[file].replace(old.encode(), new.encode())
    return BASE.with_files(files)


EDITED = changed(
    process_bpmn=('name="Lead received"', 'name="Lead arrived"'),
    practice_toml=('version = "1.0.0"', 'version = "1.1.0"'),
).with_files({"forms/new.json": b'{"id": "new", "components": []}', "README.md": b"# Short\n", "scenarios.toml": None})


def test_a_package_is_the_practice_it_was_read_from():
    assert Package.of(read_practice(FOLDER)).files == BASE.files
    assert BASE.digest == make_pack(BASE.files).digest


def test_the_difference_of_packages_replays_to_the_same_meaning():
    operations = package_difference(BASE, EDITED)

    replayed = apply_to_package(BASE, operations)

    assert replayed.meaning == EDITED.meaning
    assert {(operation.type, operation.file) for operation in operations} == {
        ("RemoveFile", "scenarios.toml"),
        ("AddFile", "forms/new.json"),
        ("ChangeText", "README.md"),
        ("ChangeEntry", "practice.toml"),
        ("Rename", "process.bpmn"),
    }


def test_the_inverse_leads_back():
    operations = package_difference(BASE, EDITED)

    back = apply_to_package(EDITED, [operation.inverse() for operation in reversed(operations)])

    assert back.meaning == BASE.meaning
    assert back.files["scenarios.toml"] == BASE.files["scenarios.toml"]


def test_files_that_did_not_change_stay_byte_for_byte():
    replayed = apply_to_package(BASE, package_difference(BASE, EDITED))

    assert all(
        replayed.files[name] == BASE.files[name] for name in BASE.files if EDITED.files.get(name) == BASE.files[name]
    )


def test_a_file_that_cannot_be_read_is_compared_as_text():
    broken = BASE.with_files({"process.bpmn": b"<no model"})

    operations = package_difference(BASE, broken)

    assert [operation.type for operation in operations] == ["ChangeText"]
    assert apply_to_package(BASE, operations).files["process.bpmn"] == b"<no model"
    back = apply_to_package(broken, [operation.inverse() for operation in operations])
    assert back.files["process.bpmn"] == BASE.files["process.bpmn"]


def test_drawing_is_an_operation_only_on_request():
    moved = changed(process_bpmn=('<dc:Bounds x="', '<dc:Bounds x="1'))

    (operation,) = package_difference(BASE, moved, with_layout=True)

    assert package_difference(BASE, moved) == ()
    assert operation.type == "Relayout"
    replayed = apply_to_package(BASE, [operation])
    assert replayed.documents["process.bpmn"].layout == moved.documents["process.bpmn"].layout
    back = apply_to_package(replayed, [operation.inverse()])
    assert back.documents["process.bpmn"].layout == BASE.documents["process.bpmn"].layout


def test_operations_on_a_missing_file_are_refused():
    operations = package_difference(BASE, EDITED)

    with pytest.raises(CannotApply, match=r"expected the file 'process.bpmn', found none"):
        apply_to_package(
            BASE.with_files({"process.bpmn": None}), [each for each in operations if each.type == "Rename"]
        )


def test_a_file_that_somebody_else_changed_is_not_removed():
    (remove,) = package_difference(BASE, BASE.with_files({"scenarios.toml": None}))

    with pytest.raises(CannotApply, match=r"expected the file 'scenarios.toml' as it was, found it changed"):
        apply_to_package(BASE.with_files({"scenarios.toml": b"x = 1\n"}), [remove])


@pytest.mark.parametrize(
    ("after", "bump"),
    [
        (changed(process_bpmn=('name="Lead received"', 'name="Lead arrived"')), "patch"),
        (BASE.with_files({"README.md": b"x"}), "patch"),
        (changed(discount_level_dmn=("0.10", "0.12")), "minor"),
        (changed(process_bpmn=('messageRef="message_LeadReceived"', "")), "minor"),
        (changed(process_bpmn=('name="LeadReceived"', 'name="LeadCame"')), "major"),
        (changed(practice_toml=('key = "system"', 'key = "robot"')), "major"),
        (BASE.with_files({"credit.dmn": None}), "major"),
        (BASE.with_files({"credit2.dmn": BASE.files["credit.dmn"]}), "minor"),
    ],
)
def test_the_version_grows_with_what_changed(after, bump):
    assert required_bump(package_difference(BASE, after)) == bump
