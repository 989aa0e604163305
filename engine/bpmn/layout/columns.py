"""Decides for each node in which column it stands: from left to right, loops turned back."""

from __future__ import annotations

from collections import defaultdict

import networkx

from engine.bpmn.layout import drawing as d

COLUMN_PITCH = 150  # a task and the gap to the next
ROW_PITCH = 110


def assign_columns(scope: d.Scope) -> None:
    """Sets `column` and `columns` of every node with cells, and marks the wires that lead back."""
    order = {node: index for index, node in enumerate(scope.nodes)}
    flowing = [node for node in scope.grid_nodes if not node.is_artifact and not node.is_event_sub_process]
    for node in flowing:
        _set_span(node)
    wires = sequence_wires(scope)
    _mark_back_wires(flowing, wires, order)
    forward = [wire for wire in wires if not wire.is_back]
    _rank(flowing, forward, order)
    _close_empty_columns(flowing)
    scope.column_count = max((node.last_column + 1 for node in flowing), default=0)


def sequence_wires(scope: d.Scope) -> list[d.Wire]:
    """The sequence flows between two nodes of the scope, boundary events standing for their hosts."""
    return [
        wire
        for wire in scope.wires
        if wire.kind == d.SEQUENCE and wire.source.node is not None and wire.target.node is not None
    ]


def _set_span(node: d.Node) -> None:
    if node.kind == d.SUB_PROCESS:
        node.columns = max(1, round((node.width + 50) / COLUMN_PITCH))
        node.rows = 1 + 2 * max(0, int((node.height / 2 - 30) // ROW_PITCH))


def _mark_back_wires(nodes: list[d.Node], wires: list[d.Wire], order: dict[d.Node, int]) -> None:
    """Wires against the reading direction: within each loop, whichever of two orders turns fewer wires back."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    outgoing: dict[d.Node, list[d.Wire]] = defaultdict(list)
    for wire in wires:
        source, target = wire.source.node.anchor, wire.target.node.anchor
        outgoing[source].append(wire)
        graph.add_edge(source, target)
    visited = _depth_first_positions(nodes, outgoing, graph)
    for loop in networkx.strongly_connected_components(graph):
        inside = [wire for node in loop for wire in outgoing[node] if wire.target.node.anchor in loop]
        candidates = [
            [wire for wire in inside if position[wire.target.node.anchor] <= position[wire.source.node.anchor]]
            for position in (visited, order)
        ]
        for wire in min(candidates, key=len):
            wire.is_back = True


def _depth_first_positions(nodes, outgoing, graph) -> dict[d.Node, int]:
    """A topological position for each node but for the wires that close a loop."""
    finished: list[d.Node] = []
    seen: set[d.Node] = set()
    roots = [node for node in nodes if graph.in_degree(node) == 0] + nodes
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(outgoing[root]))]
        while stack:
            node, wires = stack[-1]
            for wire in wires:
                target = wire.target.node.anchor
                if target not in seen:
                    seen.add(target)
                    stack.append((target, iter(outgoing[target])))
                    break
            else:
                finished.append(node)
                stack.pop()
    return {node: index for index, node in enumerate(reversed(finished))}


def _rank(nodes: list[d.Node], wires: list[d.Wire], order: dict[d.Node, int]) -> None:
    """Longest path from the left, then nodes with more to their right than to their left move right."""
    before: dict[d.Node, list[d.Node]] = defaultdict(list)
    after: dict[d.Node, list[d.Node]] = defaultdict(list)
    for wire in wires:
        source, target = wire.source.node.anchor, wire.target.node.anchor
        if source is not target:
            before[target].append(source)
            after[source].append(target)
    graph = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((source, target) for source in nodes for target in after[source])
    sequence = list(networkx.lexicographical_topological_sort(graph, key=order.__getitem__))
    for node in sequence:
        node.column = max((source.column + source.columns for source in before[node]), default=0)
    for _ in range(2):
        for node in reversed(sequence):
            if after[node] and len(after[node]) > len(before[node]):
                node.column = max(node.column, min(target.column for target in after[node]) - node.columns)


def _close_empty_columns(nodes: list[d.Node]) -> None:
    """Columns in which no node begins only stretch the drawing."""
    starts = sorted({node.column for node in nodes})
    ends = {node.last_column + 1 for node in nodes}
    kept = sorted(set(starts) | {end for end in ends if end in starts})
    number = {column: index for index, column in enumerate(kept)}
    for node in nodes:
        last = max((column for column in kept if column <= node.last_column), default=node.column)
        node.columns = number[last] - number[node.column] + 1
    for node in nodes:
        node.column = number[node.column]
