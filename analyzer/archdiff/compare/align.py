"""Align the layers of two stacks as sequences, by similarity and not by number.

Needleman and Wunsch (1970) with a free gap: the alignment that is best in the sum of similarities, where two
layers that have little in common may not be paired; of those that are equally good, the one that moves layers
least. Scores are integers and ties are broken by value, so that swapping the two models mirrors the alignment.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from archdiff.compare.bare import is_bare
from archdiff.compare.comparison import LayerPair, StackAlignment
from archdiff.compare.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.graph.schema import ModelGraph, Node

__all__ = ["align_stacks", "similarity"]

_SCALE = 1000
_LEAST = 250
"""Layers that share less than a quarter of what is known of them are never paired."""
_NEVER = -(1 << 62)
_SMALL = 1 << 14
"""Pairs of layers up to which Python is done before numpy, some ten times as fast, has been imported."""

_MODALITIES = {"vision": "vision", "visual": "vision", "audio": "audio"}
_TOWERS = {"vision-tower": "vision", "audio-tower": "audio"}


def align_stacks(old: ModelGraph, new: ModelGraph) -> tuple[StackAlignment, ...]:
    """An alignment for every layer stack of either model."""
    pairs, alone_old, alone_new = _stack_pairs(old, new)
    done = [_align(old, new, first, second) for first, second in pairs]
    done += [
        StackAlignment(key, None, _unmatched(len(old.stacks[key]), old=True), ambiguous=False) for key in alone_old
    ]
    done += [
        StackAlignment(None, key, _unmatched(len(new.stacks[key]), old=False), ambiguous=False) for key in alone_new
    ]
    return tuple(done)


def _stack_pairs(old: ModelGraph, new: ModelGraph) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Stacks that correspond: those that hold the same, then those under one kind of name, then the longest ones."""
    pairs = _equal_stacks(old, new)
    left = [key for key in old.stacks if key not in {a for a, _ in pairs}]
    right = [key for key in new.stacks if key not in {b for _, b in pairs}]
    for kind in (_named, _modality):
        for name in sorted({kind(old, key) for key in left}):
            first = [key for key in left if kind(old, key) == name]
            second = [key for key in right if kind(new, key) == name]
            for a, b in zip(_by_size(old, first), _by_size(new, second), strict=False):
                pairs.append((a, b))
                left.remove(a)
                right.remove(b)
    order = list(old.stacks)
    return sorted(pairs, key=lambda pair: order.index(pair[0])), left, right


def _equal_stacks(old: ModelGraph, new: ModelGraph) -> list[tuple[str, str]]:
    """Stacks whose layers hold tensors of the same shapes, whatever they are called; the most alike ones first.

    A tower has no other tower for a partner, and no language model unless they also compute the same.
    """
    shapes = Shapes()
    found = []
    for i, a in enumerate(old.stacks):
        for j, b in enumerate(new.stacks):
            first, second = ([shapes.of(g, layer) for layer in g.stacks[s]] for g, s in ((old, a), (new, b)))
            other = _modality(old, a) != _modality(new, b)
            unlike = _functions(old, a) != _functions(new, b)
            if first == second and not (other and (unlike or None in _functions(old, a))):
                found.append((other, _named(old, a) != _named(new, b), unlike, abs(i - j), sorted((a, b)), a, b))
    pairs: dict[str, str] = {}
    for *_, a, b in sorted(found):
        if a not in pairs and b not in pairs.values():
            pairs[a] = b
    return list(pairs.items())


def _functions(graph: ModelGraph, stack: str) -> list[str | None]:
    return [graph.nodes[layer].function for layer in graph.stacks[stack]]


def _named(graph: ModelGraph, stack: str) -> str:
    return _modality(graph, stack) or next((hint for hint in ("encoder", "decoder") if hint in stack), "")


def _modality(graph: ModelGraph, stack: str) -> str:
    """What a tower takes: by its name, or by the role of what holds it; empty for language models."""
    around: str | None = stack
    while around is not None:
        role = graph.nodes[around].role
        if role in _TOWERS:
            return _TOWERS[role]
        around = graph.parent(around)
    return next((modality for hint, modality in _MODALITIES.items() if hint in stack), "")


def _by_size(graph: ModelGraph, stacks: Sequence[str]) -> list[str]:
    return sorted(stacks, key=lambda key: (-len(graph.stacks[key]), key))


def _unmatched(count: int, *, old: bool) -> tuple[LayerPair, ...]:
    return tuple(LayerPair(i if old else None, None if old else i, 0.0, "unmatched") for i in range(count))


def _align(old: ModelGraph, new: ModelGraph, first: str, second: str) -> StackAlignment:
    a = [old.nodes[layer] for layer in old.stacks[first]]
    b = [new.nodes[layer] for layer in new.stacks[second]]
    scores = _Scores(old, new)
    steps = _best_path(a, b, scores)
    pairs = tuple(_pair(a, b, i, j, scores) for i, j in steps)
    return StackAlignment(first, second, pairs, _ambiguous(a, b, steps))


def _pair(a: Sequence[Node], b: Sequence[Node], i: int | None, j: int | None, scores: _Scores) -> LayerPair:
    if i is None or j is None:
        return LayerPair(i, j, 0.0, "unmatched")
    score = scores.of(a[i], b[j])
    return LayerPair(i, j, score / _SCALE, "identical" if a[i].identity == b[j].identity else "aligned")


class _Scores:
    """Similarities in thousandths, computed once for each pair of distinct layer kinds."""

    def __init__(self, old: ModelGraph, new: ModelGraph) -> None:
        self.old, self.new = old, new
        self.bare = is_bare(old) or is_bare(new)
        self.known: dict[tuple[str, str], int] = {}
        self.features: dict[str, frozenset[Any]] = {}

    def of(self, a: Node, b: Node) -> int:
        key = (a.identity, b.identity)
        if key not in self.known:
            same = a.identity == b.identity
            value = similarity(*self._told(self._features(self.old, a), self._features(self.new, b)))
            self.known[key] = _SCALE if same else min(round(value * _SCALE), _SCALE - 1)
        return self.known[key]

    def _told(self, first: frozenset[Any], second: frozenset[Any]) -> tuple[frozenset[Any], frozenset[Any]]:
        """The features; where one of the models is bare weights, those that weights tell and both state."""
        if not self.bare:
            return first, second
        both = {f[1] for f in first if f[0] == "fact"} & {f[1] for f in second if f[0] == "fact"}
        told = [f for f in first | second if f[0] != "fact" or f[1] in both]
        known = frozenset(f for f in told if f[1] not in _UNSTORED)
        return first & known, second & known

    def _features(self, graph: ModelGraph, layer: Node) -> frozenset[Any]:
        if layer.identity not in self.features:
            self.features[layer.identity] = frozenset(_features(graph, layer))
        return self.features[layer.identity]


def similarity(a: frozenset[Any], b: frozenset[Any]) -> float:
    """Share of what two layers have in common: the Jaccard index of their features."""
    return len(a & b) / len(a | b) if a or b else 1.0


def _features(graph: ModelGraph, layer: Node) -> set[Any]:
    """What is known of a layer: its facts, the roles of its parts, the axes of its tensors."""
    found: set[Any] = {("fact", key, value) for key, value in layer.facts.items()}
    for key in graph.subtree(layer.id):
        node = graph.nodes[key]
        if node.kind == "module" and node.role:
            found |= {("role", role) for role in _PACKED.get(node.role, (node.role,))}
            found |= {("tensor", node.role, tensor.axes) for tensor in node.tensors if node.role not in _PACKED}
    return found


_UNSTORED = frozenset({"rotary", "dropout", "activation"})
"""Roles of parts that store no tensor, so that weights do not tell of them."""

_PACKED = {"query-key-value": ("query", "key", "value"), "gate-up": ("gate", "up")}
"""Projections in one tensor, and what they stand for: how they are stored says little of a layer."""


def _best_path(a: Sequence[Node], b: Sequence[Node], scores: _Scores) -> list[tuple[int | None, int | None]]:
    """Pairs of indices in order; None stands for a gap."""
    worth, best = _tables(a, b, scores)
    i = j = 0
    steps: list[tuple[int | None, int | None]] = []
    while i < len(a) and j < len(b):
        if best[i][j] == best[i + 1][j + 1] + worth[i][j]:
            steps.append((i, j))
            i, j = i + 1, j + 1
        elif _skip_old(a, b, i, j, best):
            steps.append((i, None))
            i += 1
        else:
            steps.append((None, j))
            j += 1
    return [*steps, *((k, None) for k in range(i, len(a))), *((None, k) for k in range(j, len(b)))]


def _skip_old(a: Sequence[Node], b: Sequence[Node], i: int, j: int, best: Any) -> bool:
    """Whether to leave the layer of OLD without partner; where both are as good, by value."""
    if best[i + 1][j] != best[i][j + 1]:
        return bool(best[i + 1][j] > best[i][j + 1])
    left, right = (len(a) - i, a[i].identity), (len(b) - j, b[j].identity)
    return left >= right


def _tables(a: Sequence[Node], b: Sequence[Node], scores: _Scores) -> tuple[Any, Any]:
    """Worth of every pair, and the best sum from each pair of positions to the ends.

    Similarity decides; among equal sums, the layers that are paired stand as close as they can.
    """
    kinds_a, kinds_b = _kinds(a), _kinds(b)
    matrix = [[scores.of(x, y) for y in kinds_b.values()] for x in kinds_a.values()]
    rows = [list(kinds_a).index(x.identity) for x in a]
    columns = [list(kinds_b).index(y.identity) for y in b]
    return (_small_tables if len(a) * len(b) <= _SMALL else _large_tables)(matrix, rows, columns)


def _farthest(rows: Sequence[int], columns: Sequence[int]) -> int:
    """More than all distances of an alignment together."""
    return 1 + min(len(rows), len(columns)) * max(len(rows), len(columns))


def _small_tables(matrix: Sequence[Sequence[int]], rows: Sequence[int], columns: Sequence[int]) -> tuple[Any, Any]:
    farthest = _farthest(rows, columns)
    worth = [
        [matrix[a][b] * farthest - abs(i - j) if matrix[a][b] >= _LEAST else _NEVER for j, b in enumerate(columns)]
        for i, a in enumerate(rows)
    ]
    best = [[0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    for i in reversed(range(len(rows))):
        for j in reversed(range(len(columns))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + worth[i][j])
    return worth, best


def _large_tables(matrix: Sequence[Sequence[int]], rows: Sequence[int], columns: Sequence[int]) -> tuple[Any, Any]:
    import numpy as np

    table = np.array(matrix, dtype=np.int64)[np.ix_(rows, columns)]
    apart = np.abs(np.arange(len(rows))[:, None] - np.arange(len(columns))[None, :])
    worth = np.where(table >= _LEAST, table * _farthest(rows, columns) - apart, _NEVER)
    best = np.zeros((len(rows) + 1, len(columns) + 1), dtype=np.int64)
    for i in range(len(rows) - 1, -1, -1):
        here = np.maximum(best[i + 1, :-1], best[i + 1, 1:] + worth[i])
        best[i, :-1] = np.maximum.accumulate(here[::-1])[::-1]
    return worth, best


def _kinds(layers: Sequence[Node]) -> Mapping[str, Node]:
    return {layer.identity: layer for layer in layers}


def _ambiguous(a: Sequence[Node], b: Sequence[Node], steps: Sequence[tuple[int | None, int | None]]) -> bool:
    """Whether a layer without partner could change places with an equal neighbour that has one."""
    for before, after in itertools.pairwise(steps):
        for side, layers in ((0, a), (1, b)):
            x, y = before[side], after[side]
            lone = (before[1 - side] is None) != (after[1 - side] is None)
            if x is not None and y is not None and lone and layers[x].identity == layers[y].identity:
                return True
    return False
