"""What each module does, in the field's terms, from its name, class, position and shapes.

The table is `roles.toml`; `assign` walks the modules from the top, so that a row may ask what surrounds one.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.graph.schema import Confidence, Node

__all__ = ["Sizes", "assign"]


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes of the config that shapes are compared with; None where the config states none.

    Args:
        hidden: width of the residual stream.
        vocabulary: number of tokens.
        experts: routed experts of a layer.
    """

    hidden: int | None
    vocabulary: int | None
    experts: int | None


@dataclasses.dataclass(frozen=True)
class _Row:
    role: str
    confidence: Confidence
    names: frozenset[str]
    path: re.Pattern[str] | None
    class_name: re.Pattern[str] | None
    inside: frozenset[str]
    shape: str

    def fits(self, node: Node, around: str, sizes: Sizes) -> bool:
        return (
            (not self.names or node.name in self.names)
            and (self.path is None or self.path.search(node.id) is not None)
            and (self.class_name is None or self.class_name.search(node.class_name) is not None)
            and (not self.inside or around in self.inside)
            and (not self.shape or _shape_fits(self.shape, node, sizes))
        )


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("archdiff.graph").joinpath("roles.toml").read_text(encoding="utf-8"))


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(_row(row) for row in _table()["rows"])


def _stacked(node: Node) -> str:
    """What a module of a stack is to its parts: a layer, or the part of a layer that the stack holds."""
    kinds = _table()["stacked"].items()
    return next((role for role, class_name in kinds if re.search(class_name, node.class_name)), "layer")


def _row(row: Mapping[str, Any]) -> _Row:
    path, class_name = row.get("path"), row.get("class")
    return _Row(
        role=row["role"],
        confidence=row["confidence"],
        names=frozenset(row.get("names", ())),
        path=re.compile(path) if path else None,
        class_name=re.compile(class_name) if class_name else None,
        inside=frozenset(row.get("inside", ())),
        shape=row.get("shape", ""),
    )


def _shape_fits(relation: str, node: Node, sizes: Sizes) -> bool:
    wanted = sizes.experts if relation == "expert-rows" else sizes.vocabulary
    return wanted is not None and any(t.name == "weight" and t.shape and t.shape[0] == wanted for t in node.tensors)


def assign(nodes: Iterable[Node], layers: frozenset[str], sizes: Sizes) -> list[Node]:
    """The nodes with their roles.

    Args:
        nodes: modules, parents before children.
        layers: ids of the modules that stand in a layer stack.
        sizes: of the config.

    Returns:
        The same nodes in the same order; a module that no row fits keeps the empty role.
    """
    around: dict[str, str] = {}
    done = []
    for node in nodes:
        role, confidence = _role(node, around.get(node.id.rpartition(".")[0], ""), layers, sizes)
        parent = node.id.rpartition(".")[0]
        around[node.id] = _stacked(node) if role == "layer" else role or around.get(parent, "")
        done.append(dataclasses.replace(node, role=role, confidence=confidence))
    return _mixtures(done)


def _mixtures(nodes: list[Node]) -> list[Node]:
    """What holds experts directly is a mixture of experts, whatever its class is called; attention may hold its own."""
    holders = {node.id.rpartition(".")[0] for node in nodes if node.role == "expert"}
    nested = {node.id for node in nodes if node.role in ("expert", "layer", "model", "attention")}
    return [
        dataclasses.replace(node, role="mixture-of-experts", confidence="high") if node.id in holders - nested else node
        for node in nodes
    ]


def _role(node: Node, around: str, layers: frozenset[str], sizes: Sizes) -> tuple[str, Confidence]:
    if not node.id:
        return "model", "high"
    if node.id in layers:
        return "layer", "high"
    for row in _rows():
        if row.fits(node, around, sizes):
            return (around if row.role == "around" else row.role), row.confidence
    return "", "low"
