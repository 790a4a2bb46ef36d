"""What the axes of every tensor count: so that relabelling, pruning and turning are a line each."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, TypeAlias

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.provenance.member import Member

AXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("*embed_tokens.weight", ("vocabulary", "residual")),
    ("*lm_head.weight", ("vocabulary", "residual")),
    ("*wte.weight", ("vocabulary", "residual")),
    ("*wpe.weight", ("position", "residual")),
    ("*norm.weight", ("residual",)),
    ("*.ln_*", ("residual",)),
    ("*q_proj.weight", ("query", "residual")),
    ("*k_proj.weight", ("key", "residual")),
    ("*v_proj.weight", ("value", "residual")),
    ("*q_proj.bias", ("query",)),
    ("*k_proj.bias", ("key",)),
    ("*v_proj.bias", ("value",)),
    ("*o_proj.weight", ("residual", "attended")),
    ("*.c_attn.weight", ("residual", "query+key+value")),
    ("*.c_attn.bias", ("query+key+value",)),
    ("*.attn.c_proj.weight", ("attended", "residual")),
    ("*.c_fc.weight", ("residual", "hidden")),
    ("*.c_fc.bias", ("hidden",)),
    ("*.mlp.c_proj.weight", ("hidden", "residual")),
    ("*.c_proj.bias", ("residual",)),
    ("*.shared_expert_gate.weight", ("one", "residual")),
    ("*.shared_expert*.down_proj.weight", ("residual", "shared")),
    ("*.shared_expert*_proj.weight", ("shared", "residual")),
    ("*.experts.gate_up_proj", ("expert", "routed+routed", "residual")),
    ("*.experts.down_proj", ("expert", "residual", "routed")),
    ("*.mlp.gate.weight", ("expert", "residual")),
    ("*.e_score_correction_bias", ("expert",)),
    ("*.mlp.down_proj.weight", ("residual", "hidden")),
    ("*.mlp.*_proj.weight", ("hidden", "residual")),
)
"""Axes by tensor name, the first pattern that fits; `a+b` are two kinds of rows one below the other."""

Orders: TypeAlias = dict[tuple[str, int | None], torch.Tensor]
"""Rows that are kept, in their new order, by axis and layer (None: every layer); experts may have a row each."""

LAYER = re.compile(r"\.(?:layers|h)\.(\d+)\.")


def axes(name: str) -> tuple[str, ...]:
    """What the axes of a tensor count."""
    return next(found for pattern, found in AXES if fnmatch.fnmatchcase(name, pattern))


def layer(name: str) -> int | None:
    """The layer of a tensor; None outside the layers."""
    found = LAYER.search(name)
    return int(found[1]) if found else None


def taken(model: Member, orders: Orders) -> Member:
    """The model with rows and columns picked: a permutation relabels them, a shorter order prunes."""

    def change(name: str, tensor: torch.Tensor) -> torch.Tensor:
        for axis, kinds in enumerate(axes(name)):
            parts = kinds.split("+")
            found = [orders.get((part, layer(name)), orders.get((part, None))) for part in parts]
            if any(order is not None for order in found):
                tensor = _picked(tensor, axis, found)
        return tensor

    return model.changed(change)


def turned(model: Member, kind: str, matrix: torch.Tensor) -> Member:
    """The model with every axis of a kind multiplied by a matrix, vectors (norm weights, biases) left as they are."""

    def change(name: str, tensor: torch.Tensor) -> torch.Tensor:
        for axis, found in enumerate(axes(name)):
            if found == kind and tensor.ndim > 1:
                product = tensor.double().movedim(axis, -1) @ matrix.double()
                tensor = product.movedim(-1, axis).float()
        return tensor

    return model.changed(change)


def each_layer(model: Member, make: Callable[[int], torch.Tensor], kind: str) -> Orders:
    """An order for an axis in every layer."""
    return {(kind, number): make(number) for number in range(model.layers)}


def _picked(tensor: torch.Tensor, axis: int, orders: list[torch.Tensor | None]) -> torch.Tensor:
    size = tensor.shape[axis] // len(orders)
    if any(order is not None and order.ndim == 2 for order in orders):
        each = [_picked(tensor[n], axis - 1, [o[n] for o in orders if o is not None]) for n in range(len(tensor))]
        return torch.stack(each)
    whole = torch.arange(size)
    picked = [(whole if order is None else order) + part * size for part, order in enumerate(orders)]
    return tensor.index_select(axis, torch.cat(picked))
