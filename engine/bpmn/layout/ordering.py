"""Order in directed graphs, given as a mapping from each node to its followers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def strongly_connected(followers: Mapping[T, Iterable[T]]) -> list[set[T]]:
    """The sets of nodes that reach each other (Tarjan, without recursion)."""
    index: dict[T, int] = {}
    low: dict[T, int] = {}
    stack: list[T] = []
    on_stack: set[T] = set()
    found: list[set[T]] = []
    for root in followers:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(followers[root]))]
        while work:
            node, rest = work[-1]
            for follower in rest:
                if follower not in index:
                    index[follower] = low[follower] = len(index)
                    stack.append(follower)
                    on_stack.add(follower)
                    work.append((follower, iter(followers[follower])))
                    break
                if follower in on_stack:
                    low[node] = min(low[node], index[follower])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set(stack[stack.index(node) :])
                    del stack[-len(component) :]
                    on_stack -= component
                    found.append(component)
    return found


def topological(followers: Mapping[T, Iterable[T]], key: Callable[[T], Any]) -> list[T]:
    """The nodes of an acyclic graph, each before its followers; where there is a choice, by `key`."""
    waiting = dict.fromkeys(followers, 0)
    for node in followers:
        for follower in followers[node]:
            waiting[follower] += 1
    heap = [(key(node), number, node) for number, node in enumerate(followers) if not waiting[node]]
    heapq.heapify(heap)
    number = len(waiting)
    ordered: list[T] = []
    while heap:
        node = heapq.heappop(heap)[2]
        ordered.append(node)
        for follower in followers[node]:
            waiting[follower] -= 1
            if not waiting[follower]:
                number += 1
                heapq.heappush(heap, (key(follower), number, follower))
    return ordered


def reaches(followers: Mapping[T, Iterable[T]], start: T, goal: T) -> bool:
    """Whether a way leads from `start` to `goal`."""
    seen, open_nodes = {start}, [start]
    while open_nodes:
        node = open_nodes.pop()
        if node == goal:
            return True
        for follower in followers[node]:
            if follower not in seen:
                seen.add(follower)
                open_nodes.append(follower)
    return False
