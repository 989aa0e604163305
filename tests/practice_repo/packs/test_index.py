import functools
import http.server
import json
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from engine.errors import InvalidInput, NotFound
from practice_repo.packs.archive import InvalidPack, pack
from practice_repo.packs.index import (
    Unreachable,
    build_index,
    fetch,
    newer,
    newest,
    parse_index,
    read_index,
    version_key,
    withdraw,
    withdrawals,
    write_index,
)

CARD = (Path(__file__).parent.parent / "card.toml").read_text(encoding="utf-8")


def lay(folder, version, model=b"<model/>", id="returns"):
    card = CARD.replace('version = "1.0.0"', f'version = "{version}"').replace('id = "returns"', f'id = "{id}"')
    content = pack({"practice.toml": card.encode(), "process.bpmn": model})
    (folder / f"{id}-{version}.praxis").write_bytes(content)
    return content


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-beta.1"):
        lay(folder, version)
    write_index(folder, name="Shared")
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        """Tests keep quiet."""

    def do_GET(self):
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.replace("/moved/", "/"))
            self.end_headers()
        elif self.path.startswith("/away/"):
            self.send_response(302)
            self.send_header("Location", "http://other.invalid/index.json")
            self.end_headers()
        elif self.path.startswith("/broken/"):
            self.send_error(503)
        else:
            super().do_GET()


@pytest.fixture
def address(library):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(library)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_index_lists_every_pack_in_order_of_its_versions(library):
    index = read_index(library)

    assert index.name == "Shared"
    assert [entry.version for entry in index.entries] == ["1.0.0", "1.9.0", "1.10.0", "2.0.0-beta.1"]
    assert index.entries[0].summary["en"]


def test_followers_are_offered_the_highest_final_version_only(library):
    index = read_index(library)

    assert newest(index)["returns"].version == "1.10.0"
    assert [entry.version for entry in newer(index, {})] == ["1.10.0"]
    assert [entry.version for entry in newer(index, {"returns": "1.9.0"})] == ["1.10.0"]
    assert newer(index, {"returns": "1.10.0"}) == []
    assert newer(index, {"returns": "3.0.0"}) == []


def test_a_library_can_be_followed_over_http(library, address, tmp_path):
    index = read_index(address)

    [entry] = newer(index, {"returns": "1.0.0"})

    assert fetch(address, entry) == (library / entry.file).read_bytes()
    assert index == read_index(library)


def test_a_redirection_on_the_same_host_is_followed_another_one_is_not(address):
    assert read_index(f"{address}/moved").name == "Shared"
    with pytest.raises(InvalidInput, match="another host"):
        read_index(f"{address}/away")


def test_what_was_fetched_is_not_fetched_again(library, address, tmp_path):
    [entry] = newer(read_index(address), {})
    first = fetch(address, entry, cache=tmp_path / "cache")

    (library / entry.file).unlink()

    assert fetch(address, entry, cache=tmp_path / "cache") == first
    with pytest.raises(NotFound, match="check the address"):
        fetch(address, entry)


def test_a_library_that_does_not_answer_is_told_kindly(address, tmp_path):
    with pytest.raises(Unreachable, match="try again later"):
        read_index("http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(Unreachable, match="status 503"):
        read_index(f"{address}/broken")
    with pytest.raises(Unreachable, match="just now"):
        read_index(tmp_path / "nowhere")


@pytest.mark.parametrize("where", ["file:///etc", "ftp://host/library", "http://", "http://me:secret@host/library"])
def test_only_plain_http_addresses_are_followed(where):
    with pytest.raises(InvalidInput):
        read_index(where)


def test_a_file_other_than_the_index_names_is_refused(library, address):
    [entry] = newer(read_index(address), {})
    content = (library / entry.file).read_bytes()

    (library / entry.file).write_bytes(content[:-1] + b"x")
    with pytest.raises(InvalidPack, match="not the file that the index names"):
        fetch(address, entry)

    (library / entry.file).write_bytes(content + b"more")
    with pytest.raises(InvalidInput, match="longer"):
        fetch(address, entry)


def test_a_withdrawn_version_is_offered_no_more_and_its_adopters_are_told(library):
    withdraw(library, "returns", "1.10.0", "loses returns without receipt")
    write_index(library)  # building anew keeps the withdrawal

    index = read_index(library)

    assert newest(index)["returns"].version == "1.9.0"
    assert [entry.withdrawn for entry in withdrawals(index, {"returns": "1.10.0"})] == ["loses returns without receipt"]
    assert withdrawals(index, {"returns": "1.9.0"}) == []
    with pytest.raises(NotFound):
        withdraw(library, "returns", "7.0.0", "never was")


def test_a_broken_pack_does_not_hide_the_others(library):
    (library / "broken.praxis").write_bytes(b"junk")
    (library / "copy.praxis").write_bytes((library / "returns-1.0.0.praxis").read_bytes())

    index = build_index(library)

    assert len(index.entries) == 4
    assert ["broken.praxis" in index.problems[0], "the same version" in index.problems[1]] == [True, True]


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../evil.praxis"},
        {"file": "http://evil.invalid/a.praxis"},
        {"sha256": "short"},
        {"size": -1},
        {"size": True},
        {"size": 10**12},
        {"version": "newest"},
        {"id": 7},
    ],
)
def test_an_index_with_a_doubtful_entry_is_refused(library, change):
    document = json.loads((library / "index.json").read_text())
    document["packs"][0] |= change

    with pytest.raises(InvalidInput):
        parse_index(json.dumps(document).encode())


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"format": 9, "packs": []}', b'{"format": 1, "packs": {}}', b"[" * 99_999]
)
def test_what_is_no_index_is_refused(content):
    with pytest.raises(InvalidInput):
        parse_index(content)


def test_versions_are_ordered_as_semver_says():
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0",
        "1.0.1",
        "1.10.0",
    ]

    assert all(version_key(first) < version_key(second) for first, second in pairwise(ordered))
