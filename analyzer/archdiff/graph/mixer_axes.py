"""What the axes of a recurrent mixer's tensors count: its inner width, heads, state and short convolution."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archdiff.graph.schema import Node, Tensor

__all__ = ["Mixer", "mixer_axes", "mixers_in"]

_MIXERS = frozenset({"state-space", "linear-attention", "convolution-mixer"})
_LINEAR: Mapping[str, tuple[str, str]] = {
    "mixer-input": ("mixer-input-width", "hidden"),
    "mixer-gate": ("mixer-gate-width", "hidden"),
    "mixer-output": ("hidden", "mixer-width"),
    "x_proj": ("mixer-parameters-width", "mixer-width"),
    "dt_proj": ("mixer-width", "time-step-rank"),
}
"""Axes of a `Linear` weight (rows, columns) by role, and by name for those that make a scan's parameters."""

_CONVOLUTION = ("convolution-channels", "channels-of-a-group", "convolution-width")
_DECAY: Mapping[int, tuple[str, ...]] = {
    1: ("mixer-heads",),
    2: ("mixer-width", "state-size"),
    3: ("mixer-heads", "mixer-head-dimension", "state-size"),
}
"""Axes of the decay table `A_log` by their number: Mamba-2 and the delta rule, Mamba, Zamba."""


@dataclasses.dataclass(frozen=True)
class Mixer:
    """A recurrent mixer.

    Args:
        role: which kind it is.
        names: what its sizes count, by size.
    """

    role: str
    names: Mapping[int, str]

    def own(self, tensor: Tensor) -> Iterator[str]:
        """Names of the axes that have one of the mixer's sizes; empty for the others."""
        return (self.names.get(size, "") for size in tensor.shape)


def mixers_in(nodes: Iterable[Node]) -> dict[str, Mixer]:
    """The recurrent mixers among the nodes, by id."""
    nodes = list(nodes)
    roles = {node.id: node.role for node in nodes if node.role in _MIXERS}
    found: dict[str, dict[int, str]] = {node.id: dict(_decay(node)) for node in nodes if node.id in roles}
    for node in nodes:
        parent = node.id.rpartition(".")[0]
        if node.role == "mixer-output" and parent in found:
            found[parent] |= {tensor.shape[1]: "mixer-width" for tensor in node.tensors if len(tensor.shape) == 2}
    return {key: Mixer(roles[key], names) for key, names in found.items()}


def _decay(mixer: Node) -> Iterator[tuple[int, str]]:
    for tensor in mixer.tensors:
        sizes = tuple(size for size in tensor.shape if size > 1)
        if tensor.name == "A_log":
            yield from zip(sizes, _DECAY.get(len(sizes), ()), strict=False)


def mixer_axes(node: Node, tensor: Tensor, mixer: Mixer) -> tuple[str, ...]:
    """Names of the axes of a tensor of a mixer; empty where the mixer does not tell.

    Args:
        node: a part of the mixer, or the mixer.
        tensor: of the node.
        mixer: the mixer around it.
    """
    linear = _LINEAR.get(node.name if node.role == "mixer-parameters" else node.role)
    if linear is not None and len(tensor.shape) <= len(linear):
        return linear[: len(tensor.shape)]
    if node.role == "convolution" and len(tensor.shape) in (1, 3):
        # A mixer that is nothing but a convolution runs over the residual stream itself.
        channels = "" if mixer.role == "convolution-mixer" else _CONVOLUTION[0]
        return (channels, *_CONVOLUTION[1:])[: len(tensor.shape)]
    return tuple(mixer.own(tensor)) if node.role in (*_MIXERS, "norm") else ()
