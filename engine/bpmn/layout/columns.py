"""Decides for each node in which column it stands: from left to right, loops turned back."""

from __future__ import annotations

import math
from collections import defaultdict

from engine.bpmn.layout import drawing as d
from engine.bpmn.layout.ordering import reaches, strongly_connected, topological

COLUMN_PITCH = 150  # a task and the gap to the next
ROW_PITCH = 110


def assign_columns(scope: d.Scope) -> None:
    """Sets `column` and `columns` of every node with cells, and marks the wires that lead back."""
    order = {node: index for index, node in enumerate(scope.nodes)}
    flowing = [node for node in scope.grid_nodes if not node.is_artifact and not node.is_event_sub_process]
    for node in scope.grid_nodes:
        _set_span(node)
    wires = sequence_wires(scope)
    _mark_back_wires(flowing, wires, order)
    forward = [wire for wire in wires if not wire.is_back]
    ranking = _Ranking(flowing, forward, _messages_along(scope, flowing, forward), order)
    ranking.stack()
    _close_empty_columns(flowing)
    scope.column_count = max((node.last_column + 1 for node in flowing), default=0)


def sequence_wires(scope: d.Scope) -> list[d.Wire]:
    """The sequence flows between two nodes of the scope, boundary events standing for their hosts."""
    return [
        wire
        for wire in scope.wires
        if wire.kind == d.SEQUENCE and wire.source.node is not None and wire.target.node is not None
    ]


def _messages_along(scope: d.Scope, nodes: list[d.Node], forward: list[d.Wire]) -> list[d.Wire]:
    """The message flows between expanded pools that do not lead against the sequence flows."""
    followers: dict[d.Node, list[d.Node]] = {node: [] for node in nodes}
    for wire in forward:
        followers[wire.source.node.anchor].append(wire.target.node)
    found = []
    for wire in scope.wires:
        source, target = wire.source.node, wire.target.node
        if wire.kind != d.MESSAGE or source not in followers or target not in followers:
            continue
        if not reaches(followers, target, source):
            followers[source].append(target)
            found.append(wire)
    return found


def _set_span(node: d.Node) -> None:
    if node.kind == d.SUB_PROCESS:
        node.columns = max(1, round((node.width + 50) / COLUMN_PITCH))
        node.rows = 1 + 2 * max(0, round((node.height / 2 - 40) / ROW_PITCH))


def _mark_back_wires(nodes: list[d.Node], wires: list[d.Wire], order: dict[d.Node, int]) -> None:
    """Wires against the reading direction: within each loop, whichever of two orders turns fewer wires back."""
    followers: dict[d.Node, list[d.Node]] = {node: [] for node in nodes}
    outgoing: dict[d.Node, list[d.Wire]] = defaultdict(list)
    for wire in wires:
        source, target = wire.source.node.anchor, wire.target.node.anchor
        outgoing[source].append(wire)
        followers[source].append(target)
    visited = _depth_first_positions(nodes, outgoing, followers)
    for loop in strongly_connected(followers):
        inside = [wire for node in loop for wire in outgoing[node] if wire.target.node.anchor in loop]
        candidates = [
            [wire for wire in inside if position[wire.target.node.anchor] <= position[wire.source.node.anchor]]
            for position in (visited, order)
        ]
        for wire in min(candidates, key=len):
            wire.is_back = True


def _depth_first_positions(nodes, outgoing, followers) -> dict[d.Node, int]:
    """A topological position for each node but for the wires that close a loop."""
    finished: list[d.Node] = []
    seen: set[d.Node] = set()
    followed = {target for targets in followers.values() for target in targets}
    roots = [node for node in nodes if node not in followed] + nodes
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


class _Ranking:
    """Columns by the longest path from the left; stacked wires run straight up or down within one column."""

    def __init__(self, nodes: list[d.Node], wires: list[d.Wire], messages: list[d.Wire], order: dict[d.Node, int]):
        self.nodes = nodes
        self.wires = [wire for wire in wires if wire.source.node.anchor is not wire.target.node]
        self.stacked: set[d.Wire] = set()
        self.before: dict[d.Node, list[d.Wire]] = defaultdict(list)
        self.after: dict[d.Node, list[d.Wire]] = defaultdict(list)
        followers: dict[d.Node, list[d.Node]] = {node: [] for node in nodes}
        for wire in [*self.wires, *messages]:
            source, target = wire.source.node.anchor, wire.target.node
            self.before[target].append(wire)
            self.after[source].append(wire)
            followers[source].append(target)
        self.sequence = topological(followers, key=order.__getitem__)
        for place, node in enumerate(self.sequence):
            node.place_in_flow = place

    def settle(self) -> None:
        """As far left as possible; then nodes with more to their right than to their left move right."""
        for node in self.sequence:
            node.column = max((self._least_column(wire) for wire in self.before[node]), default=0)
        for _ in range(2):
            for node in reversed(self.sequence):
                if len(self.after[node]) > len(self.before[node]):
                    node.column = max(node.column, min(self._greatest_column(wire) for wire in self.after[node]))
        for wire in sorted(self.stacked, key=lambda wire: self.nodes.index(wire.target.node)):
            self._close_up(wire)

    def _length(self, wire: d.Wire) -> int:
        return 0 if wire in self.stacked or wire.kind == d.MESSAGE else wire.source.node.anchor.columns

    def _least_column(self, wire: d.Wire) -> int:
        return wire.source.node.anchor.column + self._length(wire)

    def _greatest_column(self, wire: d.Wire) -> int:
        return wire.target.node.column - self._length(wire)

    def _close_up(self, wire: d.Wire) -> None:
        """Moves one end of a stacked wire into the column of the other, where its other wires let it."""
        source, target = wire.source.node, wire.target.node
        if source.column == target.column:
            return
        if all(self._greatest_column(other) >= target.column for other in self.after[source]):
            source.column = target.column
        elif all(self._least_column(other) <= source.column for other in self.before[target]):
            target.column = source.column

    def stack(self) -> None:
        """Puts nodes of different lanes above each other where the wire between them can run straight."""
        sides: set[tuple[d.Node, bool]] = set()
        targets: set[d.Node] = set()
        sources: set[d.Node] = set()
        for wire in sorted(filter(_may_stack, self.wires), key=self._stacking_order):
            source, target = wire.source.node, wire.target.node
            down = target.band > source.band
            if (source, down) in sides or (target, not down) in sides or source in targets or target in sources:
                continue
            self.stacked.add(wire)
            self.settle()
            if self._stacks_are_clear():
                sides |= {(source, down), (target, not down)}
                targets.add(target)
                sources.add(source)
            else:
                self.stacked.remove(wire)
        self.settle()

    def _stacking_order(self, wire: d.Wire) -> tuple:
        source, target = wire.source.node, wire.target.node
        alone = len(self.before[target]) == 1
        return not alone, abs(source.band - target.band), self.nodes.index(source)

    def _stacks_are_clear(self) -> bool:
        bands_in: dict[int, list[int]] = defaultdict(list)
        for node in self.nodes:
            for column in range(node.column, node.last_column + 1):
                bands_in[column].append(node.band)
        for wire in self.stacked:
            source, target = wire.source.node, wire.target.node
            low, high = sorted((source.band, target.band))
            if source.column != target.column or any(low < band < high for band in bands_in[source.column]):
                return False
            if bands_in[source.column].count(low) > 1 or bands_in[source.column].count(high) > 1:
                return False
        return True


def _may_stack(wire: d.Wire) -> bool:
    source, target = wire.source.node, wire.target.node
    return (
        source.host is None
        and source.band != target.band
        and source.columns == target.columns == 1
        and source.kind != d.SUB_PROCESS
        and target.kind != d.SUB_PROCESS
    )


def _close_empty_columns(nodes: list[d.Node]) -> None:
    """Drops columns in which no node begins, but for those at the end of a wide node that give it its width."""
    starts = {node.column for node in nodes}
    widths: dict[int, float] = defaultdict(float)
    for node in nodes:
        if node.columns == 1:
            widths[node.column] = max(widths[node.column], node.width)
    kept = set(starts)
    for node in nodes:
        inside = [column for column in range(node.column, node.last_column + 1) if column in kept]
        got = sum(max(widths[column], 20) + 50 for column in inside) - 50
        spare = [column for column in range(node.last_column, node.column, -1) if column not in kept]
        missing = max(0.0, node.width - got)
        kept.update(spare[: math.ceil(missing / COLUMN_PITCH)])
    columns = sorted(kept)
    number = {column: index for index, column in enumerate(columns)}
    for node in nodes:
        last = max(column for column in columns if column <= node.last_column)
        node.columns = number[last] - number[node.column] + 1
    for node in nodes:
        node.column = number[node.column]
