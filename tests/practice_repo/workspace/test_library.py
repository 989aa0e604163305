import pytest

from engine.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, NotPermitted
from engine.store.actor import SYSTEM
from practice_repo.commands.acquire import acquire
from practice_repo.commands.deprecate_version import deprecate_version
from practice_repo.commands.follow_item import follow_item, unfollow_item
from practice_repo.commands.publish import publish
from practice_repo.commands.read_notice import read_notice
from practice_repo.commands.withdraw_version import withdraw_version
from practice_repo.queries.library import (
    file,
    item,
    leaderboard,
    library,
    lineage,
    version_id,
    version_operations,
    version_package,
)
from practice_repo.queries.notices import notices, unread_count
from practice_repo.queries.upgrades import upgrades
from tests.practice_repo.workspace.shelf import practice
from tests.support.office import counted_statements


def test_shipping_the_same_twice_releases_it_once(desk):
    again = desk.ship(practice())

    assert [each.is_new for each in again] == [False]
    assert [each.version for each in desk.ask(item, item_id="welcome").versions] == ["1.0.0"]


def test_a_shipped_new_version_follows_with_its_changes_and_their_weight(desk):
    desk.ship(practice("1.1.0", gift="Send two gifts"))

    found = desk.ask(item, item_id="welcome")
    assert [each.version for each in found.versions] == ["1.1.0", "1.0.0"]
    assert found.version.bump == "patch"
    assert found.version.previous_id == found.versions[1].id
    changed = desk.ask(version_operations, version_id=found.version.id)
    assert ("Rename", "gift") in [(each.type, each.target) for each in changed]


def test_shipped_files_that_changed_under_the_same_version_become_the_next_patch_once(desk):
    first = desk.ship(practice(gift="Send two gifts"))
    second = desk.ship(practice(gift="Send two gifts"))

    assert [(each.version, each.is_new) for each in (*first, *second)] == [("1.0.1", True), ("1.0.1", False)]


def test_a_version_is_released_once_and_only_upwards(sqlite_desk):
    with pytest.raises(AlreadyExists, match="raise the version"):
        sqlite_desk.do(publish, package=practice(gift="Other"), actor=SYSTEM)
    with pytest.raises(InvalidInput, match="higher version"):
        sqlite_desk.do(publish, package=practice("0.9.0"), actor=SYSTEM)


def test_only_the_library_releases(sqlite_desk):
    with pytest.raises(NotPermitted, match="library's editors"):
        sqlite_desk.do(publish, package=practice("1.1.0"))
    assert sqlite_desk.do(publish, package=practice("1.1.0"), actor=sqlite_desk.edda).is_new


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, 1),
        ({"text": "gift CALL"}, 1),
        ({"text": "欢迎"}, 1),
        ({"text": "100%"}, 0),
        ({"area": "sales", "industry": "machinery", "kind": "process", "type": "process"}, 1),
        ({"pcf": 10182, "kpi": "calls", "capability": "C01", "evidence_level": 0}, 1),
        ({"area": "service"}, 0),
        ({"evidence_level": 1}, 0),
    ],
)
def test_the_library_is_searched_by_facets_and_words(desk, filters, found):
    page = desk.ask(library, **filters)

    assert page.total == len(page.rows) == found
    if found:
        assert [(each.value, each.count, each.name.zh) for each in page.facets["kpi"]] == [("calls", 1, "电话数")]


def test_every_order_of_the_library_puts_the_right_one_first(desk):
    other = practice()
    files = {name: content.replace(b"welcome", b"farewell") for name, content in other.files.items()}
    desk.clock.pass_by(hours=1)
    desk.ship(type(other)({**files, "practice.toml": files["practice.toml"].replace(b"Welcome", b"Abandon")}))
    desk.acquired()

    first = {sort: desk.ask(library, sort=sort).rows[0].id for sort in ("name", "newest", "adopters", "evidence")}

    assert first == {"name": "farewell", "newest": "farewell", "adopters": "welcome", "evidence": "farewell"}


def test_adopters_are_enterprises_not_copies(desk):
    desk.acquired()
    desk.acquired()
    desk.acquired(actor=desk.otto)

    row = desk.ask(library, enterprise_id="machines").rows[0]
    assert (row.adopters, row.followers, len(row.candidate_ids)) == (2, 2, 1)


def test_listing_takes_the_same_number_of_statements_for_one_and_for_many(sqlite_desk):
    with counted_statements(sqlite_desk.store) as few:
        sqlite_desk.ask(library, enterprise_id="demo")
    for number in range(5):
        sqlite_desk.acquired()
        files = practice().files
        card = files["practice.toml"].replace(b'"welcome"', f'"welcome_{number}"'.encode())
        sqlite_desk.ship(type(practice())({**files, "practice.toml": card}))

    with counted_statements(sqlite_desk.store) as many:
        assert sqlite_desk.ask(library, enterprise_id="demo").total == 6

    assert len(many) == len(few)


def test_files_come_back_byte_for_byte(desk):
    newest = desk.ask(version_id, item_id="welcome")

    assert desk.ask(version_package, version_id=newest).files == practice().files
    assert desk.ask(version_package, version_id=newest).digest == desk.ask(item, item_id="welcome").version.digest
    assert desk.ask(file, version_id=newest, name="README.md") == practice().files["README.md"]
    with pytest.raises(NotFound, match=r"no file 'other\.md'"):
        desk.ask(file, version_id=newest, name="other.md")


def test_who_follows_or_adopted_hears_of_a_new_version_once_and_gets_an_upgrade(desk):
    desk.acquired()
    desk.do(follow_item, item_id="welcome", actor=desk.otto)
    desk.do(follow_item, item_id="welcome", actor=desk.sven)
    desk.do(unfollow_item, item_id="welcome", actor=desk.sven)

    desk.ship(practice("1.1.0", gift="Send two gifts"))

    told = desk.ask(notices, enterprise_id="demo")
    assert [each.text.en for each in told] == ["Welcome customers 1.1.0 was released: Shipped"]
    assert desk.ask(unread_count, enterprise_id="machines") == 1
    assert desk.ask(unread_count, enterprise_id="software") == 0
    assert [(each.from_version, each.to_version) for each in desk.ask(upgrades, enterprise_id="demo")] == [
        ("1.0.0", "1.1.0")
    ]
    desk.do(read_notice, notice_id=told[0].id)
    assert desk.ask(unread_count, enterprise_id="demo") == 0


def test_a_notice_of_another_enterprise_does_not_exist(sqlite_desk):
    sqlite_desk.acquired()
    sqlite_desk.ship(practice("1.1.0"))
    told = sqlite_desk.ask(notices, enterprise_id="demo")

    with pytest.raises(NotFound):
        sqlite_desk.do(read_notice, notice_id=told[0].id, actor=sqlite_desk.otto)


def test_a_version_is_withdrawn_before_its_first_adoption_only(desk):
    desk.ship(practice("1.1.0", gift="Send two gifts"))
    newest = desk.ask(version_id, item_id="welcome")
    desk.do(withdraw_version, version_id=newest, reason="wrong gift", actor=desk.edda)

    assert desk.ask(library).rows[0].version == "1.0.0"

    desk.acquired()
    first = desk.ask(version_id, item_id="welcome", version="1.0.0")
    with pytest.raises(InvalidState, match="deprecate it instead"):
        desk.do(withdraw_version, version_id=first, reason="too late", actor=desk.edda)
    desk.do(deprecate_version, version_id=first, reason="outdated", actor=desk.edda)
    with pytest.raises(InvalidState, match="outdated"):
        desk.do(acquire, item_id="welcome", version="1.0.0")


def test_the_lineage_shows_versions_and_only_own_variants(desk):
    own = desk.acquired()
    desk.acquired(actor=desk.otto)
    desk.ship(practice("1.1.0", gift="Send two gifts"))

    tree = desk.ask(lineage, item_id="welcome", enterprise_id="demo")

    assert sorted((each.kind, each.version) for each in tree.nodes if each.kind == "version") == [
        ("version", "1.0.0"),
        ("version", "1.1.0"),
    ]
    assert [each.id for each in tree.nodes if each.kind == "variant"] == [own]
    assert sorted(each.kind for each in tree.edges) == ["acquired", "next"]
    assert sum(each.adopters for each in tree.nodes) == 2


def test_credit_counts_contributions_and_who_uses_them(desk):
    desk.do(publish, package=practice("1.1.0"), actor=desk.edda, contributor="Silver Heron", edge="patch")
    desk.acquired(actor=desk.otto)

    assert [(each.pseudonym, each.contributions, each.adoptions) for each in desk.ask(leaderboard)] == [
        ("Silver Heron", 1, 1)
    ]
