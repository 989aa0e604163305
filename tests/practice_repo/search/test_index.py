"""Finding practices by text, model, fragment and need."""

import pytest

from engine.errors import InvalidInput, NotFound
from practice_repo.card import Text
from practice_repo.practice import read_practice, shipped_practices
from practice_repo.search.entries import Facets, LibraryEntry, entries_in
from practice_repo.search.index import Need, SimilarityIndex
from tests.support.generated_library import make_plan, mutated

FAMILIES, MEMBERS = 12, (1, 3)


@pytest.fixture(scope="module")
def shipped() -> SimilarityIndex:
    index = SimilarityIndex()
    for entry in entries_in(shipped_practices()):
        assert index.add(entry) == ()
    return index


@pytest.fixture(scope="module")
def generated() -> SimilarityIndex:
    index = SimilarityIndex()
    for seed in range(150):
        plan = make_plan(seed)
        index.add(entry(f"{seed}/0", plan.write()))
        for times in MEMBERS if seed < FAMILIES else ():
            index.add(entry(f"{seed}/{times}", mutated(plan, times, seed).write()))
    return index


def entry(name: str, source: bytes, facets: Facets = Facets()) -> LibraryEntry:
    return LibraryEntry(name, "1.0.0", Text(name, name), {"process.bpmn": source}, facets)


def model_of(practice: str, name: str) -> bytes:
    return read_practice(next(path for path in shipped_practices() if path.name == practice)).models[name]


@pytest.mark.parametrize(
    ("text", "practice"),
    [
        ("approve discount of a quote", "lead_to_order"),
        ("技术员上门维修", "ticket_to_dispatch"),
        ("退货检验", "reverse_logistics"),
        ("audience of a campaign", "campaign_lifecycle"),
        ("tecnician vizit", "ticket_to_dispatch"),
    ],
)
def test_words_find_the_practice_in_both_languages_and_misspelt(shipped, text, practice):
    answer = shipped.by_text(text)

    assert answer.results[0].id == practice
    assert answer.results[0].why
    assert answer.results[0].distance is None


def test_a_model_finds_the_practice_it_belongs_to_and_says_why(shipped):
    answer = shipped.by_model(model_of("lead_to_order", "check_order.bpmn"))

    best = answer.results[0]
    assert (best.id, best.model) == ("lead_to_order", "check_order.bpmn")
    assert best.similarity == pytest.approx(1.0)
    assert ("Correct order", "Correct order") in {(reason.asked, reason.found) for reason in best.why} or best.matches


def test_a_fragment_finds_the_model_that_contains_it(shipped):
    answer = shipped.by_fragment(model_of("lead_to_order", "check_order.bpmn"), ["import_order", "fix_order"])

    assert answer.results[0].model == "check_order.bpmn"
    assert answer.results[0].similarity == pytest.approx(1.0)


def test_a_need_lifts_what_measures_the_kpi(shipped):
    answer = shipped.by_need(Need("", kpis=("win_rate",), pcf=(10182,)))

    assert answer.results[0].id == "lead_to_order"
    assert {reason.found for reason in answer.results[0].why} >= {"win_rate", "10182"}


def test_facets_narrow_and_count(shipped):
    everything = shipped.by_text("", limit=100)
    service = shipped.by_text("", facets={"area": "service"}, limit=100)

    assert everything.found == len(shipped)
    assert everything.facets["area"]["service"] == service.found
    assert {result.id for result in service.results} < {result.id for result in everything.results}
    assert shipped.by_text("order", facets={"evidence_level": 3}).found <= everything.found


def test_an_unknown_facet_is_refused(shipped):
    with pytest.raises(InvalidInput, match="colour"):
        shipped.by_text("order", facets={"colour": "red"})


def test_members_of_a_family_come_first_the_least_changed_before_the_others(generated):
    for seed in range(FAMILIES):
        results = generated.by_model(make_plan(seed).write(), without=[f"{seed}/0"]).results

        assert [result.id for result in results[:2]] == [f"{seed}/{times}" for times in MEMBERS]


def test_what_is_removed_is_found_no_more_and_what_is_added_again_is_found_once(generated):
    source = make_plan(20).write()
    generated.remove("20/0")
    assert "20/0" not in {result.id for result in generated.by_model(source, limit=50).results}

    generated.add(entry("20/0", source))
    generated.add(entry("20/0", source))

    found = [result.id for result in generated.by_model(source, limit=50).results]
    assert found[0] == "20/0"
    assert found.count("20/0") == 1
    with pytest.raises(NotFound):
        generated.remove("not there")


def test_an_index_that_lost_most_of_its_entries_still_answers():
    index = SimilarityIndex()
    for seed in range(30):
        index.add(entry(str(seed), make_plan(seed).write()))
    for seed in range(25):
        index.remove(str(seed))

    assert index.by_model(make_plan(27).write()).results[0].id == "27"
    assert {int(result.id) for result in index.by_model(make_plan(3).write()).results} <= set(range(25, 30))


def test_an_index_comes_back_from_its_dump_with_the_same_answers(shipped):
    source = model_of("ticket_to_dispatch", "process.bpmn")

    loaded = SimilarityIndex.load(shipped.dump())

    assert loaded.by_model(source) == shipped.by_model(source)
    assert loaded.by_text("退货") == shipped.by_text("退货")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 0, "items": []}', b'{"format": 1, "items": [{}]}'])
def test_what_is_no_index_is_refused(content):
    with pytest.raises(InvalidInput, match="build it anew"):
        SimilarityIndex.load(content)


def test_an_unreadable_model_is_reported_and_the_rest_of_the_entry_found():
    index = SimilarityIndex()

    problems = index.add(LibraryEntry("x", "1", Text("Beekeeping", "养蜂"), {"bad.bpmn": b"<no"}))

    assert "bad.bpmn" in problems[0]
    assert index.by_text("beekeeping").results[0].id == "x"


def test_an_empty_index_answers_with_nothing():
    assert SimilarityIndex().by_model(make_plan(1).write()).results == ()
    assert SimilarityIndex().by_text("order").results == ()
