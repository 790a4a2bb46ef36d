"""Cut the tensor of a module into units: one for each projection of each expert."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.weights.pairing.packing import Heads, Piece, split
from archdiff.weights.pairing.patchwork import NotFollowedError, Patchwork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.graph.schema import Node, Tensor

__all__ = ["cut"]

_PROJECTIONS: Mapping[str, str] = MappingProxyType({
    "gate_up_proj": "gate-up", "gate_proj": "gate", "w1": "gate", "up_proj": "up", "w3": "up", "v1": "up",
    "down_proj": "down", "w2": "down",
})  # fmt: skip
"""Tensors of all experts of a layer."""

_COLUMNS_FIRST = frozenset({"Conv1D"})
_EXPERTS_COLUMNS_FIRST = frozenset({"Llama4TextExperts"})
"""Experts that are multiplied from the right and do not say so (`torch.bmm(hidden, gate_up_proj)`)."""

_OF_ATTENTION: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "JetMoeMoA": MappingProxyType({"gate-up": "query", "down": "output"}),
})  # fmt: skip
"""Classes whose experts are attention's: each makes queries, and takes what they attend to back."""

_FLAT = "DbrxExpertGLU"
"""Keeps the experts of a layer one below the other, and those of `w2` transposed."""


def cut(node: Node, tensor: Tensor, patchwork: Patchwork, holder: Node, heads: Heads) -> tuple[tuple[Piece, ...], bool]:
    """The pieces of a tensor, and whether it packs several of which is not known which is where.

    Args:
        node: the module that owns it.
        tensor: as the class has it.
        patchwork: where its elements come from.
        holder: the module around that one.
        heads: of the layer's attention.

    Returns:
        Pieces of one or two axes, to which each element belongs once; their role is empty where the module has none.
    """
    try:
        if _is_of_experts(node, tensor, patchwork):
            return tuple(_of_experts(node, tensor, patchwork, holder)), False
    except NotFollowedError:
        return (Piece(_role(node, tensor), _flat(patchwork)),), True
    rows = _rows(node, tensor, patchwork)
    if tensor.name not in ("weight", "bias"):
        return (Piece(_role(node, tensor), rows),), False
    pieces = split(node.role, rows, holder, heads, even=_is_even(node)) if node.role else None
    ending = "" if tensor.name == "weight" else ".bias"
    if pieces is None:
        return (Piece(_role(node, tensor), rows),), bool(node.role)
    return tuple(Piece(f"{p.role}{ending}", p.rows, p.heads, p.expert) for p in pieces), False


def _role(node: Node, tensor: Tensor) -> str:
    """The module's role with the tensor's name behind it where that is not `weight`; empty where it has no role."""
    return node.role if tensor.name == "weight" or not node.role else f"{node.role}.{tensor.name}"


def _is_even(node: Node) -> bool:
    shapes = [tensor.shape for tensor in node.tensors if tensor.name == "weight" and len(tensor.shape) == 2]
    sizes = [shape[::-1] if node.class_name in _COLUMNS_FIRST else shape for shape in shapes]
    return any(rows == 3 * columns for rows, columns in sizes)


def _rows(node: Node, tensor: Tensor, patchwork: Patchwork) -> Patchwork:
    """Output channels first, everything behind them as one axis."""
    if node.class_name in _COLUMNS_FIRST and tensor.name == "weight" and len(patchwork.shape) == 2:
        return patchwork.transpose()
    return _flat(patchwork)


def _flat(patchwork: Patchwork) -> Patchwork:
    shape = patchwork.shape
    if len(shape) in (1, 2):
        return patchwork
    return patchwork.reshape(shape[0], -1) if shape and patchwork.count else patchwork.reshape(patchwork.count)


def _is_of_experts(node: Node, tensor: Tensor, patchwork: Patchwork) -> bool:
    if node.class_name == _FLAT:
        return tensor.name in _PROJECTIONS
    stacked = len(patchwork.shape) > 1 and tensor.axes[:1] in (("experts",), ("shared-experts",))
    return stacked and len(patchwork.shape) == len(tensor.shape) and node.role != "router"


def _of_experts(node: Node, tensor: Tensor, patchwork: Patchwork, holder: Node) -> Iterator[Piece]:
    """One or two projections of every expert."""
    name = tensor.name.removesuffix("_bias")
    role = _PROJECTIONS.get(name, node.role if tensor.name in ("weight", "bias") else "")
    role = _OF_ATTENTION.get(holder.class_name, {}).get(role, role)
    flat = node.class_name == _FLAT
    every, turned = _unfolded(node, name, patchwork) if flat else (patchwork, _is_turned(node, tensor))
    ending = ".bias" if tensor.name.endswith("bias") else ""
    for number, whole in enumerate(every.unbind()):
        rows = whole.transpose() if turned else whole
        for part, piece in _gates_and_ups(node, rows) if role == "gate-up" else ((role or _role(node, tensor), rows),):
            yield Piece(f"{part}{ending}", piece, None, number)


def _unfolded(node: Node, name: str, patchwork: Patchwork) -> tuple[Patchwork, bool]:
    count = node.attributes.get("moe_num_experts")
    if not isinstance(count, int) or count < 1 or len(patchwork.shape) != 2 or patchwork.shape[0] % count:
        raise NotFollowedError("experts are not known")
    return patchwork.reshape(count, -1, *patchwork.shape[1:]), name == "w2"


def _is_turned(node: Node, tensor: Tensor) -> bool:
    """Whether the output channels of an expert's projection are its columns."""
    if len(tensor.axes) != 3:
        return False
    if node.class_name in _EXPERTS_COLUMNS_FIRST:
        return True
    down = "down" in (node.role, tensor.name[:4]) or tensor.name == "w2"
    return (tensor.axes[1] == "hidden") is not down


def _gates_and_ups(node: Node, rows: Patchwork) -> tuple[tuple[str, Patchwork], ...]:
    """Gates above and ups below, or by turns, as gpt-oss has them."""
    count = rows.shape[0]
    if count % 2:
        raise NotFollowedError("an odd number of gates and ups")
    if node.attributes.get("is_concatenated") is False:
        return ("gate", rows.part(0, 0, count, 2)), ("up", rows.part(0, 1, count, 2))
    return ("gate", rows.part(0, 0, count // 2)), ("up", rows.part(0, count // 2, count))
