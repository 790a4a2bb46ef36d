"""Assign the modules of two subtrees to each other, by role, name, structure and position."""

from __future__ import annotations

import dataclasses
from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from archdiff.compare.operators import tensorless
from archdiff.compare.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from archdiff.graph.schema import Confidence, ModelGraph, Node

__all__ = ["NO_STACKS", "Match", "Matching", "Stacks", "match"]

_LEAST = 4
"""A pair needs an equal role, or an equal name and something else in common."""

_SURE = 6
"""A pair with this score has two independent signals in common."""


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """Two modules that correspond.

    Args:
        old: id in OLD.
        new: id in NEW.
        method: `identical` (equal fingerprints), `assigned` (among the parts of two matched modules), `moved`
            (to another module, by role; or a stack in such a module).
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
        removed: topmost modules of OLD without partner, below which nothing has one.
        added: the same of NEW.
        opened: modules of OLD and of NEW without partner, below which something has one.
    """

    pairs: tuple[Match, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    opened: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@dataclasses.dataclass(frozen=True, slots=True)
class Stacks:
    """Layer stacks, whose partners are known and whose layers are compared elsewhere.

    Args:
        pairs: id in OLD and in NEW of stacks that correspond.
        holders: the same of the modules that hold those, where neither has a role or both have the same.
        old: ids of all stacks of OLD.
        new: ids of all stacks of NEW.
    """

    pairs: Mapping[str, str]
    holders: Mapping[str, str]
    old: frozenset[str]
    new: frozenset[str]

    @classmethod
    def of(cls, old: ModelGraph, new: ModelGraph, pairs: Mapping[str, str]) -> Stacks:
        """The stacks of two graphs, of which these pairs correspond."""
        holders: dict[str, str] = {}
        for first, second in pairs.items():
            a, b = old.parent(first), new.parent(second)
            if a and b and a not in holders and b not in holders.values() and old.nodes[a].role == new.nodes[b].role:
                holders[a] = b
        return cls(pairs, holders, frozenset(old.stacks), frozenset(new.stacks))

    def exclude(self, a: str, b: str) -> bool:
        """Whether one of the modules is a stack, or holds one whose partner the other does not hold."""
        held = a in self.holders or b in self.holders.values()
        return a in self.old or b in self.new or (held and self.holders.get(a) != b)


NO_STACKS = Stacks(MappingProxyType({}), MappingProxyType({}), frozenset(), frozenset())


def match(old: ModelGraph, new: ModelGraph, roots: tuple[str, str], stacks: Stacks = NO_STACKS) -> Matching:
    """Match two modules and everything below them.

    Args:
        old: graph that holds the first root.
        new: graph that holds the second.
        roots: ids of two modules that are known to correspond.
        stacks: those below the roots.
    """
    search = _Search(old, new, stacks)
    search.walk([Match(*roots, "assigned", "high")])
    moved: list[Match] = []
    while more := _moved(search):
        search.walk(more)
        moved += more
    first = tuple(_split(old, search.removed, frozenset(m.old for m in moved)))
    second = tuple(_split(new, search.added, frozenset(m.new for m in moved)))
    return Matching(
        tuple(search.pairs),
        tuple(module for module, whole in first if whole),
        tuple(module for module, whole in second if whole),
        (tuple(m for m, whole in first if not whole), tuple(m for m, whole in second if not whole)),
    )


class _Search:
    """Pairs found so far, and what stayed without partner among the parts of matched modules."""

    def __init__(self, old: ModelGraph, new: ModelGraph, stacks: Stacks) -> None:
        self.old, self.new, self.stacks = old, new, stacks
        self.shapes = Shapes()
        self.pairs: list[Match] = []
        self.removed: list[str] = []
        self.added: list[str] = []

    def walk(self, known: Iterable[Match]) -> None:
        """Note the pairs, assign their parts, and the parts of those."""
        waiting = deque(known)
        while waiting:
            pair = waiting.popleft()
            self.pairs.append(pair)
            if pair.old not in self.stacks.old:
                waiting.extend(self._parts(pair))

    def _parts(self, pair: Match) -> list[Match]:
        first, second = _modules(self.old, pair.old), _modules(self.new, pair.new)
        if pair.method == "identical" and not any(node.id in self.stacks.old for node in first):
            return [Match(a.id, b.id, "identical", "high") for a, b in zip(first, second, strict=True)]
        alike = {(i, j) for i, a in enumerate(first) for j, b in enumerate(second) if self._alike(a, b)}
        found = _assign(first, second, self.stacks, alike, self._apart(first, second))
        with_partner = {m.old for m in found}, {m.new for m in found}
        self.removed += [node.id for node in first if node.id not in with_partner[0]]
        self.added += [node.id for node in second if node.id not in with_partner[1]]
        return found

    def _alike(self, a: Node, b: Node) -> bool:
        """Whether two modules store tensors of the same shapes; where they store none, whether they do the same."""
        held, other = self.shapes.of(self.old, a.id), self.shapes.of(self.new, b.id)
        return held == other and (held is not None or (a.function is not None and a.function == b.function))

    def _apart(self, first: Sequence[Node], second: Sequence[Node]) -> set[tuple[int, int]]:
        """Positions of projections of which one is a tensor and the other a module around it: the inner one moved."""
        wraps = [_wraps(self.old, node) for node in first], [_wraps(self.new, node) for node in second]
        return {
            (i, j)
            for i, a in enumerate(first)
            for j, b in enumerate(second)
            if (wraps[0][i] and b.tensors) or (wraps[1][j] and a.tensors)
        }

    def left(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Every module of OLD and of NEW that has no partner yet."""
        paired = {pair.old for pair in self.pairs}, {pair.new for pair in self.pairs}
        return (
            tuple(dict.fromkeys(_unpaired(self.old, self.removed, paired[0]))),
            tuple(dict.fromkeys(_unpaired(self.new, self.added, paired[1]))),
        )

    def by_content(self, graph: ModelGraph, modules: Iterable[str]) -> dict[tuple[str, str, str, int], list[Node]]:
        """Modules that store tensors, by role, role of the part that holds them, name, and shapes of what they hold."""
        found: dict[tuple[str, str, str, int], list[Node]] = {}
        for node in (graph.nodes[key] for key in modules):
            shapes = self.shapes.of(graph, node.id)
            if shapes is not None and node.role != "layer":
                found.setdefault((node.role, _holder(graph, node.id), node.name, shapes), []).append(node)
        return found


def _unpaired(graph: ModelGraph, roots: Iterable[str], paired: Container[str]) -> Iterator[str]:
    for root in roots:
        if root not in paired:
            yield root
            yield from _unpaired(graph, (node.id for node in _modules(graph, root)), paired)


def _wraps(graph: ModelGraph, node: Node) -> bool:
    """Whether a projection is a module around the tensor, with a norm or a dropout beside it."""
    below = (graph.nodes[key] for key in graph.subtree(node.id)[1:])
    return node.role in _PROJECTIONS and not node.tensors and any(part.tensors for part in below)


def _modules(graph: ModelGraph, parent: str) -> list[Node]:
    nodes = (graph.nodes[key] for key in graph.children[parent])
    return [node for node in nodes if node.kind == "module"]


def _assign(
    first: Sequence[Node],
    second: Sequence[Node],
    stacks: Stacks,
    alike: Container[tuple[int, int]],
    apart: Container[tuple[int, int]],
) -> list[Match]:
    """Stacks with their partners, then the best pairs first; each module is used once.

    Args:
        first: parts of a module of OLD.
        second: parts of the one of NEW that corresponds.
        stacks: those among them.
        alike: positions of the pairs that hold tensors of the same shapes.
        apart: positions of the pairs that are never partners.
    """
    present = {node.id for node in second}
    found = [
        (i, Match(a.id, stacks.pairs[a.id], "assigned", "high"))
        for i, a in enumerate(first)
        if stacks.pairs.get(a.id) in present
    ]
    used: tuple[set[int], set[int]] = (set(), set())
    for score, i, j in _ranked(first, second, stacks, alike):
        if i in used[0] or j in used[1] or (i, j) in apart:
            continue
        used[0].add(i)
        used[1].add(j)
        method: Literal["identical", "assigned"] = (
            "identical" if first[i].identity == second[j].identity else "assigned"
        )
        confidence: Confidence = "high" if score >= _SURE else "medium"
        found.append((i, Match(first[i].id, second[j].id, method, confidence)))
    return [pair for _, pair in sorted(found, key=lambda item: item[0])]


def _ranked(
    first: Sequence[Node], second: Sequence[Node], stacks: Stacks, alike: Container[tuple[int, int]]
) -> Iterator[tuple[int, int, int]]:
    """Score and positions of the pairs that may be matched, the best first, in an order that swapping mirrors."""
    allowed = [
        (i, j, _score(a, b, alike=(i, j) in alike) + _around(a, b, stacks), sorted((a.name, b.name)))
        for i, a in enumerate(first)
        for j, b in enumerate(second)
        if not stacks.exclude(a.id, b.id)
    ]
    left, right = _places(first), _places(second)
    scored = sorted(
        (-score, abs(left[i][1] - right[j][1]) if left[i][0] == right[j][0] else abs(i - j), names, i, j)
        for i, j, score, names in allowed
        if score >= _LEAST
    )
    return ((-negative, i, j) for negative, _, _, i, j in scored)


def _places(nodes: Sequence[Node]) -> list[tuple[str, int]]:
    """The role of each part, its class where it has none, and how many of the same stand before it."""
    kinds = [node.role or node.class_name for node in nodes]
    return [(kind, kinds[:position].count(kind)) for position, kind in enumerate(kinds)]


_GENERAL = frozenset({
    "attention-projection", "mlp-layer", "mixer-projection", "norm", "embeddings", "auxiliary-embedding",
    "convolution", "activation",
})  # fmt: skip
"""Roles that tell where a part stands and what it is made of, and not what it is for: they exclude no other."""

_NEAR = frozenset({
    frozenset({"dense-mlp", "shared-expert"}), frozenset({"dense-mlp", "mixture-of-experts"}),
    frozenset({"attention", "cross-attention"}),
})  # fmt: skip
"""Roles that names alone tell apart, where class and function are the same."""


def _may_be_one(a: Node, b: Node) -> bool:
    """Whether one part may have two roles, because names tell less of it in one of the models."""
    roles = frozenset({a.role, b.role})
    same = a.class_name == b.class_name and a.function is not None and a.function == b.function
    return bool(roles & _GENERAL) or (roles in _NEAR and same)


def _score(a: Node, b: Node, *, alike: bool) -> int:
    """How much speaks for two modules being the same part; 0 where their roles exclude it."""
    if a.role and b.role and a.role != b.role and not _may_be_one(a, b):
        return 0
    score = 4 if a.role and a.role == b.role else 0
    score += 3 if a.name == b.name else 0
    score += 3 if alike else 0
    score += 2 if a.class_name == b.class_name else 1 if "" in (a.class_name, b.class_name) else 0
    return score + (1 if a.function is not None and a.function == b.function else 0)


def _around(a: Node, b: Node, stacks: Stacks) -> int:
    """What else speaks for two modules that have no role: the layers that they hold, or that both have none."""
    if a.role or b.role:
        return 0
    return _LEAST if a.id in stacks.holders else 1


def _moved(search: _Search) -> list[Match]:
    """What is left of each side and stands there once, at whatever depth: by its role, or by its name and shapes.

    Stacks, and what holds them, keep their partners.
    """
    stacks, (removed, added) = search.stacks, search.left()
    found = _once(_by_role(search.old, removed), _by_role(search.new, added))
    if not found:
        found = _once(search.by_content(search.old, removed), search.by_content(search.new, added))
    found += [(a, b) for a, b in (*stacks.holders.items(), *stacks.pairs.items()) if a in removed and b in added]
    return [
        Match(a, b, "moved", "medium")
        for a, b in found
        if not _below(a, (x for x, _ in found if x != a)) and not _below(b, (y for _, y in found if y != b))
    ]


def _once(first: Mapping[Any, Sequence[Node]], second: Mapping[Any, Sequence[Node]]) -> list[tuple[str, str]]:
    """Ids of the nodes whose key stands once on each side."""
    shared = sorted(first.keys() & second.keys())
    return [(first[key][0].id, second[key][0].id) for key in shared if len(first[key]) == len(second[key]) == 1]


def _below(module: str, roots: Iterable[str]) -> bool:
    """Whether the module is one of the roots or stands below one."""
    return any(module == root or module.startswith(f"{root}.") for root in roots)


_MOVABLE = frozenset({
    "query", "key", "value", "query-key-value", "output", "gate", "up", "down", "gate-up", "router", "expert",
    "shared-expert", "lm-head", "embedding", "final-norm", "position-embedding", "query-norm", "key-norm", "rotary",
    "embeddings", "token-type-embedding", "prediction-transform", "embedding-projection", "relative-position-bias",
    "patch-embedding", "layer-scale", "prediction-norm", "prediction-head",
})  # fmt: skip
"""Roles that mean the same at any depth of a layer."""


_PROJECTIONS = frozenset({
    "query", "key", "value", "query-key-value", "output", "gate", "up", "down", "gate-up", "lm-head",
    "prediction-transform", "prediction-head", "rotary",
})  # fmt: skip
"""Roles of parts that are one matrix."""


def _by_role(graph: ModelGraph, modules: Iterable[str]) -> dict[tuple[str, str], list[Node]]:
    """Movable parts by their role and that of the part that holds them: an expert's `up` is not a dense one."""
    found: dict[tuple[str, str], list[Node]] = {}
    for key in modules:
        node = graph.nodes[key]
        if node.role in _MOVABLE and (node.tensors or (node.role == "embeddings" and not tensorless(graph, key))):
            found.setdefault((node.role, _holder(graph, key)), []).append(node)
    return found


def _holder(graph: ModelGraph, module: str) -> str:
    """Role of the nearest module around it that has another one; a dense feed-forward may be no module of its own."""
    parent, role = graph.parent(module), graph.nodes[module].role
    while parent and graph.nodes[parent].role in ("", "dense-mlp", "prediction-transform", "prediction-head", role):
        parent = graph.parent(parent)
    return graph.nodes[parent].role if parent else ""


def _split(graph: ModelGraph, roots: Iterable[str], moved: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The roots without the parts that moved, each with whether nothing below it did."""
    for root in roots:
        if root in moved:
            continue
        whole = not any(_below(key, [root]) for key in moved)
        yield root, whole
        if not whole:
            yield from _split(graph, (node.id for node in _modules(graph, root)), moved)
