"""Reachability, dominators and loops of flow graphs."""

import networkx
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.builder import ProcessBuilder
from engine.bpmn.graph import ROOT, FlowGraph


def graph_of(builder: ProcessBuilder) -> FlowGraph:
    return FlowGraph.of(builder.model().processes[0])


def diamond() -> FlowGraph:
    builder = ProcessBuilder("p").start("s").exclusive("x").branch("x", "a").task("a").exclusive("j").end("e")
    return graph_of(builder.branch("x", "b").task("b").connect("j"))


def test_successors_predecessors_and_entries():
    graph = diamond()

    assert graph.entries == ("s",)
    assert graph.exits == ("e",)
    assert graph.successors("x") == ("a", "b")
    assert graph.predecessors("j") == ("a", "b")


def test_who_can_reach_whom():
    graph = diamond()

    assert graph.can_reach("j") == {"a", "b", "x", "s"}
    assert graph.can_reach("j", avoiding="x") == {"a", "b"}
    assert graph.reachable_from(["a"]) == {"a", "j", "e"}


def test_dominators_and_post_dominators():
    graph = diamond()

    assert graph.dominators == {"s": ROOT, "x": "s", "a": "x", "b": "x", "j": "x", "e": "j"}
    assert graph.post_dominators["x"] == "j"
    assert graph.post_dominators["e"] == ROOT


def test_loops_and_back_edges():
    builder = ProcessBuilder("p").start("s").task("a").exclusive("x").branch("x", "again").connect("a")
    graph = graph_of(builder.otherwise("x").end("e"))

    assert graph.loops == (frozenset({"a", "x"}),)
    assert graph.back_edges == {("x", "a")}
    assert "a" in graph.can_reach("a")


def test_boundary_events_links_and_compensation_are_edges():
    graph = graph_of(
        ProcessBuilder("p")
        .start("s")
        .task("t")
        .throw("go", link="L")
        .boundary("b", "t", error="E")
        .end("failed")
        .apart()
        .catch("come", link="L")
        .end("e")
        .boundary("c", "t", compensation=True)
        .apart()
        .task("undo", isForCompensation=True)
        .compensates("c", "undo")
    )

    assert graph.reachable == set(graph.elements)
    assert graph.successors("go") == ("come",)
    assert set(graph.successors("t")) == {"go", "b", "c"}


def test_without_start_event_everything_without_incoming_flow_begins():
    graph = graph_of(ProcessBuilder("p").task("a").task("b").apart().task("c"))

    assert graph.entries == ("a", "c")


def test_a_long_line_needs_no_deep_stack():
    builder = ProcessBuilder("p").start("s")
    for number in range(3000):
        builder.task(f"t{number}")
    graph = graph_of(builder)

    assert len(graph.reachable) == 3001
    assert graph.dominators["t2999"] == "t2998"
    assert graph.loops == ()


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_dominators_and_loops_agree_with_networkx(edges):
    builder = ProcessBuilder("p")
    for number in range(8):
        builder.apart().task(f"t{number}")
    builder.apart().event("startEvent", "s").connect("t0")
    for source, target in sorted(edges):
        builder.flow(f"t{source}", f"t{target}")
    graph = graph_of(builder)
    expected = networkx.DiGraph([("s", "t0"), *((f"t{source}", f"t{target}") for source, target in edges)])

    dominators = networkx.immediate_dominators(expected, "s")

    assert graph.reachable == {"s"} | networkx.descendants(expected, "s")
    assert {node: found for node, found in graph.dominators.items() if node != "s"} == {
        node: found for node, found in dominators.items() if node != "s"
    }
    assert set(graph.loops) == {
        frozenset(part)
        for part in networkx.strongly_connected_components(expected)
        if len(part) > 1 or any(expected.has_edge(node, node) for node in part)
    }
