"""What each axis of each tensor counts, so that one changed size explains every tensor it reshapes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.graph.mixer_axes import mixer_axes, mixers_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.graph.mixer_axes import Mixer
    from archdiff.graph.roles import Sizes
    from archdiff.graph.schema import Node, Tensor

__all__ = ["label"]

_OUT_IN: Mapping[str, tuple[str, str]] = {
    "embedding": ("vocabulary", "hidden"),
    "position-embedding": ("positions", "hidden"),
    "token-type-embedding": ("token-types", "hidden"),
    "relative-position-bias": ("position-buckets", "query-heads"),
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


_PLACES: Mapping[str, str] = {
    "mixture-of-experts": "routed", "expert": "routed", "shared-expert": "shared", "projector": "projector",
}  # fmt: skip
_WIDTHS: Mapping[str, str] = {"routed": "expert-width", "shared": "shared-expert-width"}


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a tensor stands.

    Args:
        sizes: of the config.
        inside: which of `_PLACES` is nearest around it, if any is.
        mixer: the recurrent mixer around it.
    """

    sizes: Sizes
    inside: str = ""
    mixer: Mixer | None = None

    def name(self, size: int) -> str:
        """What an axis of this size counts where nothing else tells."""
        if size == self.sizes.hidden:
            return "hidden"
        if size == self.sizes.vocabulary:
            return "vocabulary"
        if size == self.sizes.experts:
            return "experts"
        return "projector-width" if self.inside == "projector" else "size"


def label(nodes: Iterable[Node], sizes: Sizes) -> list[Node]:
    """The nodes with the axes of their tensors named.

    Args:
        nodes: modules with roles, parents before children.
        sizes: of the config.
    """
    nodes = list(nodes)
    wide, mixers = _wide_norms(nodes), mixers_in(nodes)
    around = {"": _Place(sizes)}
    done = []
    for node in nodes:
        outer = around.get(_holder(node), around[""])
        place = _Place(sizes, _PLACES.get(node.role, outer.inside), mixers.get(node.id, outer.mixer))
        around[node.id] = place
        axes = _of_width if node.id in wide else _axes
        tensors = tuple(dataclasses.replace(t, axes=axes(node, t, place)) for t in node.tensors)
        done.append(dataclasses.replace(node, tensors=tensors))
    return done


_POSITION_TABLES = frozenset({"embed_positions", "pos_encoding"})
"""Computed tables of positions, as in GPT-J, CodeGen and CTRL."""

_SINKS = frozenset({"sinks", "sink"})


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


def _of_width(node: Node, tensor: Tensor, _place: _Place) -> tuple[str, ...]:
    return (f"{node.role.removesuffix('-norm')}-width",) * len(tensor.shape)


def _axes(node: Node, tensor: Tensor, place: _Place) -> tuple[str, ...]:
    by_size = tuple(map(place.name, tensor.shape))
    if place.mixer is not None:
        found = mixer_axes(node, tensor, place.mixer)
        if found:
            return tuple(own or other for own, other in zip(found, by_size, strict=True))
    if _is_stacked(node, tensor):
        return _stacked(node, tensor, place)
    if node.role == "rotary":
        return ("rotary-frequencies",) * len(tensor.shape)
    if tensor.name in _POSITION_TABLES and len(tensor.shape) == 2:
        return ("positions", by_size[1])
    if tensor.name in _SINKS and len(tensor.shape) == 1:
        return ("query-heads",)
    return _of_role(node, tensor, place) or by_size


def _of_role(node: Node, tensor: Tensor, place: _Place) -> tuple[str, ...]:
    """Axes that the role tells; empty where it tells none."""
    names = _projection(node.role, place.inside)
    if names is None:
        return ()
    names = names[::-1] if node.class_name in _TRANSPOSED else names
    if len(tensor.shape) == 2 and names[1]:
        return names
    if len(tensor.shape) == 1:
        return (_OUT_IN[node.role][0] if node.role in _OUT_IN else names[-1 if node.class_name in _TRANSPOSED else 0],)
    return ()


def _projection(role: str, inside: str) -> tuple[str, str] | None:
    if role not in _MLP_PARTS:
        return _OUT_IN.get(role)
    width = _WIDTHS.get(inside, "mlp-width")
    terms = {"W": width, "W2": f"twice-{width}", "I": "hidden"}
    rows, columns = _MLP_PARTS[role]
    return terms[rows], terms[columns]


def _is_stacked(node: Node, tensor: Tensor) -> bool:
    """Whether the tensor holds a projection of all experts of a layer, or a bias of theirs."""
    if node.role == "expert":
        return len(tensor.shape) in (2, 3)
    return (node.role == "shared-expert" or node.role in _MLP_PARTS) and len(tensor.shape) == 3


def _stacked(node: Node, tensor: Tensor, place: _Place) -> tuple[str, ...]:
    """All experts of a layer in one tensor: (experts, rows, columns); biases (experts, rows).

    Whether projections are stored as (columns, rows) the class says, or else the shapes tell.
    """
    experts = "shared-experts" if place.inside == "shared" else "experts"
    down = node.role == "down" or "down" in tensor.name or "w2" in tensor.name
    width = _WIDTHS.get(place.inside, "expert-width")
    width = f"twice-{width}" if node.role == "gate-up" or "gate_up" in tensor.name else width
    if len(tensor.shape) == 2:
        return (experts, "hidden" if down else width)
    rows, columns = tensor.shape[1:]
    transposed = node.attributes.get("is_transposed")
    if isinstance(transposed, bool):
        hidden_first = down is not transposed
    else:
        hidden_first = rows == place.sizes.hidden if rows != columns else down
    return (experts, "hidden", width) if hidden_first else (experts, width, "hidden")
