"""What each axis of each tensor counts, so that one changed size explains every tensor it reshapes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.graph.roles import Sizes
    from archdiff.graph.schema import Node, Tensor

__all__ = ["label"]

_OUT_IN: Mapping[str, tuple[str, str]] = {
    "embedding": ("vocabulary", "hidden"),
    "position-embedding": ("positions", "hidden"),
    "token-type-embedding": ("token-types", "hidden"),
    "lm-head": ("vocabulary", "hidden"),
    "query": ("query-width", "hidden"),
    "key": ("key-width", "hidden"),
    "value": ("value-width", "hidden"),
    "query-key-value": ("query-key-value-width", "hidden"),
    "output": ("hidden", "attention-width"),
    "attention-gate": ("attention-gate-width", "hidden"),
    "query-down": ("query-latent", "hidden"),
    "query-up": ("query-width", "query-latent"),
    "key-value-down": ("key-value-latent-and-rotary", "hidden"),
    "key-value-up": ("key-value-width", "key-value-latent"),
    "query-latent-norm": ("query-latent", ""),
    "key-value-latent-norm": ("key-value-latent", ""),
    "query-norm": ("head-dimension", ""),
    "key-norm": ("head-dimension", ""),
    "router": ("experts", "hidden"),
    "shared-expert-gate": ("gates", "hidden"),
    "mixer-input": ("mixer-width", "hidden"),
    "mixer-gate": ("mixer-gate-width", "hidden"),
    "mixer-output": ("hidden", "mixer-width"),
    "indexer-query": ("indexer-width", "query-latent"),
    "indexer-key": ("indexer-head-dimension", "hidden"),
    "indexer-weights": ("indexer-heads", "hidden"),
}
"""Axes of a `Linear` weight (rows, columns) by role; a vector has the first one."""

_MLP_PARTS: Mapping[str, tuple[str, str]] = {
    "gate": ("W", "I"),
    "up": ("W", "I"),
    "gate-up": ("W2", "I"),
    "down": ("I", "W"),
}

_TRANSPOSED = frozenset({"Conv1D"})
"""Classes that store a projection as (columns, rows): GPT-2's."""


def label(nodes: Iterable[Node], sizes: Sizes) -> list[Node]:
    """The nodes with the axes of their tensors named.

    Args:
        nodes: modules with roles, parents before children.
        sizes: of the config.
    """
    nodes = list(nodes)
    wide = _wide_norms(nodes)
    around: dict[str, str] = {}
    done = []
    for node in nodes:
        parent = around.get(node.id.rpartition(".")[0], "")
        inside = "routed" if node.role == "expert" else "shared" if node.role == "shared-expert" else parent
        around[node.id] = inside
        axes = _of_width if node.id in wide else _axes
        tensors = tuple(dataclasses.replace(t, axes=axes(node, t, inside, sizes)) for t in node.tensors)
        done.append(dataclasses.replace(node, tensors=tensors))
    return done


_POSITION_TABLES = frozenset({"embed_positions", "pos_encoding"})
"""Computed tables of positions, as in GPT-J, CodeGen and CTRL."""


def _wide_norms(nodes: Iterable[Node]) -> set[str]:
    """Norms over all queries or keys of a token, as OLMo 2 has them, and not over those of one head."""
    queries = {(_holder(node), t.shape[:1]) for node in nodes if node.role == "query" for t in node.tensors}
    norms = [node for node in nodes if node.role in ("query-norm", "key-norm")]
    wide = {
        _holder(node)
        for node in norms
        if node.role == "query-norm" and any((_holder(node), t.shape) in queries for t in node.tensors)
    }
    return {node.id for node in norms if _holder(node) in wide}


def _holder(node: Node) -> str:
    return node.id.rpartition(".")[0]


def _of_width(node: Node, tensor: Tensor, _inside: str, _sizes: Sizes) -> tuple[str, ...]:
    return (f"{node.role.removesuffix('-norm')}-width",) * len(tensor.shape)


def _axes(node: Node, tensor: Tensor, inside: str, sizes: Sizes) -> tuple[str, ...]:
    if node.role == "expert" and len(tensor.shape) in (2, 3):
        return _stacked(tensor, sizes, node.attributes.get("is_transposed"))
    if node.role == "rotary":
        return ("rotary-frequencies",) * len(tensor.shape)
    if tensor.name in _POSITION_TABLES and len(tensor.shape) == 2:
        return ("positions", _by_size(tensor.shape[1], sizes))
    names = _projection(node.role, inside)
    if names is None:
        return tuple(_by_size(size, sizes) for size in tensor.shape)
    names = names[::-1] if node.class_name in _TRANSPOSED else names
    if len(tensor.shape) == 2 and names[1]:
        return names
    if len(tensor.shape) == 1:
        return (_OUT_IN[node.role][0] if node.role in _OUT_IN else names[-1 if node.class_name in _TRANSPOSED else 0],)
    return tuple(_by_size(size, sizes) for size in tensor.shape)


def _projection(role: str, inside: str) -> tuple[str, str] | None:
    if role not in _MLP_PARTS:
        return _OUT_IN.get(role)
    width = {"routed": "expert-width", "shared": "shared-expert-width"}.get(inside, "mlp-width")
    terms = {"W": width, "W2": f"twice-{width}", "I": "hidden"}
    rows, columns = _MLP_PARTS[role]
    return terms[rows], terms[columns]


def _stacked(tensor: Tensor, sizes: Sizes, transposed: object) -> tuple[str, ...]:
    """All experts of a layer in one tensor: (experts, rows, columns); biases (experts, rows).

    Args:
        tensor: of the experts.
        sizes: of the config.
        transposed: whether projections are stored as (columns, rows), if the class says so; else shapes tell.
    """
    down = "down" in tensor.name or "w2" in tensor.name
    width = "twice-expert-width" if "gate_up" in tensor.name else "expert-width"
    if len(tensor.shape) == 2:
        return ("experts", "hidden" if down else width)
    rows, columns = tensor.shape[1:]
    if isinstance(transposed, bool):
        hidden_first = down is not transposed
    else:
        hidden_first = rows == sizes.hidden if rows != columns else down
    return ("experts", "hidden", width) if hidden_first else ("experts", width, "hidden")


def _by_size(size: int, sizes: Sizes) -> str:
    if size == sizes.hidden:
        return "hidden"
    if size == sizes.vocabulary:
        return "vocabulary"
    return "experts" if size == sizes.experts else "size"
