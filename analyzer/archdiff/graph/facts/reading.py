"""What a fact reader sees of one layer: its parts by role, its operators, its settings and its config."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.graph.schema import ModelGraph, Node, Operator, Tensor, Value

__all__ = ["Reading"]


class Reading:
    """A subtree of a graph and the config that describes it.

    Args:
        graph: roles and programs are assigned, facts are not.
        root: id of the layer, or of any module.
        config: the part of the normalised config that describes it.
        values: what the config's per-layer lists give to this layer.
    """

    def __init__(
        self, graph: ModelGraph, root: str, config: Mapping[str, Any], values: Mapping[str, Any] | None = None
    ) -> None:
        self.graph, self.root, self.config = graph, root, config
        self.values = values or {}

    @cached_property
    def modules(self) -> tuple[Node, ...]:
        """The root and every module below it, depth first."""
        nodes = (self.graph.nodes[key] for key in self.graph.subtree(self.root))
        return tuple(node for node in nodes if node.kind == "module")

    def find(self, *roles: str) -> Node | None:
        """The first module with one of the roles, in the order of the roles."""
        return next((node for role in roles for node in self.modules if node.role == role), None)

    def all(self, *roles: str) -> tuple[Node, ...]:
        """Every module with one of the roles."""
        return tuple(node for node in self.modules if node.role in roles)

    def below(self, node: Node) -> Reading:
        """The same reading of a smaller part."""
        return Reading(self.graph, node.id, self.config, self.values)

    def own(self, node: Node | None) -> tuple[Operator, ...]:
        """The operators that run in the module itself."""
        return self.graph.programs.get(node.program or "", ()) if node is not None else ()

    def operators(self) -> Iterator[Operator]:
        """The operators of every module, module by module."""
        for node in self.modules:
            yield from self.own(node)

    @property
    def traced(self) -> bool:
        """Whether the part's function was recorded."""
        return self.graph.nodes[self.root].function is not None

    def setting(self, *names: str, node: Node | None = None) -> Value:
        """The first of the names that the module states (any module, if none is given), else the config's value."""
        places = (node,) if node is not None else self.modules
        for name in names:
            for place in places:
                if place.attributes.get(name) is not None:
                    return place.attributes[name]
        stated: Value = self.stated(*names)
        return stated

    def stated(self, *names: str) -> Any:
        """The config's value for the first of the names that is there and not null; this layer's, for a list."""
        for name in names:
            value = self.values.get(name, self.config.get(name))
            if value is not None:
                return value
        return None

    def count(self, *names: str, node: Node | None = None) -> int | None:
        """`setting`, if it is a count."""
        value = self.setting(*names, node=node)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def width(self, axis: int, *roles: str) -> int | None:
        """Rows (axis 0) or columns (axis 1) of the weight of the first module with one of the roles."""
        node = self.find(*roles)
        tensor = weight(node) if node is not None else None
        if tensor is None or len(tensor.shape) != 2:
            return None
        shape = tensor.shape[::-1] if node is not None and node.class_name == "Conv1D" else tensor.shape
        return shape[axis]


def weight(node: Node, name: str = "weight") -> Tensor | None:
    """A tensor that the module owns, by name."""
    return next((tensor for tensor in node.tensors if tensor.name == name), None)
