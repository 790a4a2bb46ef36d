"""Assign the modules of two subtrees to each other, by role, name, structure and position."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.graph.schema import Confidence, ModelGraph, Node

__all__ = ["Match", "Matching", "match"]

_LEAST = 4
"""A pair needs an equal role, or an equal name and something else in common."""

_SURE = 6
"""A pair with this score has two independent signals in common."""

_MOST_MODULES = 4_000
"""Modules of one subtree beyond which the search for moved parts is left out; the report says so."""


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """Two modules that correspond.

    Args:
        old: id in OLD.
        new: id in NEW.
        method: `identical` (equal fingerprints), `assigned` (among the parts of two matched modules), `moved`
            (by role, at another depth).
        confidence: of the assignment.
    """

    old: str
    new: str
    method: Literal["identical", "assigned", "moved"]
    confidence: Confidence


@dataclasses.dataclass(frozen=True, slots=True)
class Matching:
    """How two subtrees correspond.

    Args:
        pairs: modules with a partner, parents first.
        removed: topmost modules of OLD without partner.
        added: topmost modules of NEW without partner.
        bounded: whether the search for moved parts was left out because the subtrees are too large.
    """

    pairs: tuple[Match, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    bounded: bool


def match(old: ModelGraph, new: ModelGraph, roots: tuple[str, str], opaque: frozenset[str] = frozenset()) -> Matching:
    """Match two modules and everything below them.

    Args:
        old: graph that holds the first root.
        new: graph that holds the second.
        roots: ids of two modules that are known to correspond.
        opaque: ids of modules (of either graph) whose parts are compared elsewhere.
    """
    pairs: list[Match] = [Match(*roots, "assigned", "high")]
    removed: list[str] = []
    added: list[str] = []
    for pair in pairs:  # grows while it is walked
        if pair.old in opaque or pair.new in opaque:
            continue
        first, second = _modules(old, pair.old), _modules(new, pair.new)
        found = _assign(first, second, same=pair.method == "identical")
        pairs += found
        removed += [node.id for node in first if node.id not in {m.old for m in found}]
        added += [node.id for node in second if node.id not in {m.new for m in found}]
    bounded = len(removed) * len(added) > _MOST_MODULES
    moved = [] if bounded else _moved(old, new, removed, added)
    left = frozenset(m.old for m in moved), frozenset(m.new for m in moved)
    return Matching(
        (*pairs, *moved),
        tuple(_topmost(old, removed, left[0])),
        tuple(_topmost(new, added, left[1])),
        bounded,
    )


def _modules(graph: ModelGraph, parent: str) -> list[Node]:
    nodes = (graph.nodes[key] for key in graph.children[parent])
    return [node for node in nodes if node.kind == "module"]


def _assign(first: Sequence[Node], second: Sequence[Node], *, same: bool) -> list[Match]:
    """The best pairs first; each module is used once."""
    if same:
        return [Match(a.id, b.id, "identical", "high") for a, b in zip(first, second, strict=True)]
    scored = [
        (-score, abs(i - j), sorted((a.name, b.name)), (i, j))
        for i, a in enumerate(first)
        for j, b in enumerate(second)
        if (score := _score(a, b)) >= _LEAST
    ]
    used: tuple[set[int], set[int]] = (set(), set())
    found: list[tuple[int, Match]] = []
    for negative, _, _, (i, j) in sorted(scored):
        if i in used[0] or j in used[1]:
            continue
        used[0].add(i)
        used[1].add(j)
        same_whole = first[i].identity == second[j].identity
        method: Literal["identical", "assigned"] = "identical" if same_whole else "assigned"
        confidence: Confidence = "high" if -negative >= _SURE else "medium"
        found.append((i, Match(first[i].id, second[j].id, method, confidence)))
    return [pair for _, pair in sorted(found, key=lambda item: item[0])]


def _score(a: Node, b: Node) -> int:
    """How much speaks for two modules being the same part; 0 where their roles exclude it."""
    if a.role and b.role and a.role != b.role:
        return 0
    score = 4 if a.role and a.role == b.role else 0
    score += 3 if a.name == b.name else 0
    score += 3 if a.structure == b.structure and a.tensors else 0
    score += 2 if a.class_name == b.class_name else 0
    return score + (1 if a.function is not None and a.function == b.function else 0)


def _moved(old: ModelGraph, new: ModelGraph, removed: Iterable[str], added: Iterable[str]) -> list[Match]:
    """Parts whose role stands once among what is left of each side, at whatever depth."""
    first, second = _by_role(old, removed), _by_role(new, added)
    return [
        Match(first[role][0].id, second[role][0].id, "moved", "medium")
        for role in sorted(first.keys() & second.keys())
        if len(first[role]) == 1 and len(second[role]) == 1
    ]


_MOVABLE = frozenset({
    "query", "key", "value", "query-key-value", "output", "gate", "up", "down", "gate-up", "router", "expert",
    "shared-expert",     "lm-head", "embedding", "final-norm", "position-embedding", "query-norm", "key-norm", "rotary",
})  # fmt: skip
"""Roles that mean the same at any depth of a layer."""


def _by_role(graph: ModelGraph, roots: Iterable[str]) -> dict[tuple[str, str], list[Node]]:
    """Movable parts by their role and that of the part that holds them: an expert's `up` is not a dense one."""
    found: dict[tuple[str, str], list[Node]] = {}
    for root in roots:
        for key in graph.subtree(root):
            node = graph.nodes[key]
            if node.role in _MOVABLE and node.tensors:
                found.setdefault((node.role, _holder(graph, key)), []).append(node)
    return found


def _holder(graph: ModelGraph, module: str) -> str:
    """Role of the nearest module around it that has one."""
    parent = graph.parent(module)
    while parent:
        if graph.nodes[parent].role:
            return graph.nodes[parent].role
        parent = graph.parent(parent)
    return ""


def _topmost(graph: ModelGraph, roots: Iterable[str], moved: frozenset[str]) -> list[str]:
    """The roots without the parts that moved: a root that holds one is split into what is left of it."""
    done: list[str] = []
    for root in roots:
        inside = [key for key in moved if key == root or key.startswith(f"{root}.")]
        if not inside:
            done.append(root)
        elif root not in moved:
            rest = [key for key in graph.children[root] if graph.nodes[key].kind == "module"]
            done += _topmost(graph, rest, moved)
    return done
