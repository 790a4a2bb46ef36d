"""Who is called what: parts and tensors of two models that are the same but for their names."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from archdiff.compare.match import Match
    from archdiff.graph.schema import ModelGraph, Node, Tensor

__all__ = ["OWN_NAMES", "Names", "same_tensors"]

_COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum"})


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """What the parts and tensors of one model are called in the other.

    Args:
        modules: ids in one model, to those in the other.
        tensors: the same of qualified names of tensors that have another name in their module.
        roles: of the partners, by id in one model.
    """

    modules: Mapping[str, str]
    tensors: Mapping[str, str]
    roles: Mapping[str, str]

    @classmethod
    def of(cls, old: ModelGraph, new: ModelGraph, pairs: Collection[Match]) -> Names:
        """What the parts of NEW are called in OLD."""
        modules = {pair.new: pair.old for pair in pairs}
        tensors: dict[str, str] = {}
        for pair in pairs:
            for before, after in same_tensors(old, new, old.nodes[pair.old], new.nodes[pair.new]).items():
                tensors[_inside(pair.new, after)] = _inside(pair.old, before)
        return cls(modules, tensors, {key: old.nodes[partner].role for key, partner in modules.items()})

    def module(self, key: str) -> str:
        """The id in the other model of a module; its own if it has no partner."""
        return self.modules.get(key, key)

    def tensor(self, full: str) -> str:
        """The qualified name in the other model of a tensor."""
        module, _, name = full.rpartition(".")
        return self.tensors.get(full) or _inside(self.module(module), name)


OWN_NAMES = Names(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))


def _inside(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name


def same_tensors(old: ModelGraph, new: ModelGraph, a: Node, b: Node) -> dict[str, str]:
    """Name in OLD and in NEW of tensors of two modules that are called otherwise and are the same.

    They are alike in shape, kind and values, and the operators that read them are. Of several that are alike in all
    this, the first is the first. Of what no recorded operator reads, the class of its module must be the same.
    """
    both = {t.name: t.persistent for t in a.tensors}.items() & {t.name: t.persistent for t in b.tensors}.items()
    first, second = (
        _by_use(graph, node, [t for t in node.tensors if (t.name, t.persistent) not in both])
        for graph, node in ((old, a), (new, b))
    )
    return {
        before: after
        for key in first.keys() & second.keys()
        if len(first[key]) == len(second[key])
        for before, after in zip(first[key], second[key], strict=True)
    }


def _by_use(graph: ModelGraph, node: Node, tensors: Sequence[Tensor]) -> dict[object, list[str]]:
    """Names of tensors, by all that is known of them but their names."""
    uses: dict[str, list[tuple[str, int]]] = {}
    for name, use in _uses(graph, node.id) if tensors else ():
        uses.setdefault(name, []).append(use)
    found: dict[object, list[str]] = {}
    for t in tensors:
        read = tuple(sorted(uses.get(t.name, ()))) or node.function or _class(node)
        if read:
            found.setdefault((t.shape, t.kind, t.persistent, t.digest, t.tied_to is None, read), []).append(t.name)
    return found


def _class(node: Node) -> str:
    """The class of a module, where it is known and not guessed from names."""
    return "" if node.class_name.endswith("?") else node.class_name


def _uses(graph: ModelGraph, module: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """Tensors of the module that operators read, its own or those of what holds it: which one, in which place."""
    around: str | None = module
    while around is not None:
        marked = f"@{module.removeprefix(around).removeprefix('.')}."
        prefix = "@" if around == module else marked
        for operator in graph.programs.get(graph.nodes[around].program or "", ()):
            for place, text in enumerate(operator.inputs):
                if text.startswith(prefix):
                    yield text.removeprefix(prefix), (operator.name, 0 if operator.name in _COMMUTATIVE else place)
        around = graph.parent(around)
