"""Facts of what a layer has beside one attention and one feed-forward, and of what its attention may see."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from archdiff.graph.schema import Node, Value

if TYPE_CHECKING:
    from archdiff.graph.facts.reading import Reading

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_BRANCHES = ("attention", "linear-attention", "state-space", "convolution-mixer", "dense-mlp", "mixture-of-experts")


def read(layer: Reading, model: Reading) -> Facts:
    """Facts of a layer.

    Args:
        layer: one layer.
        model: the whole model, where a shared table of relative positions stands.
    """
    attention = layer.find("attention")
    if attention is not None:
        part = layer.below(attention)
        yield "attention.causal", _causal(part, model)
        if not attention.attributes.get("is_kv_shared_layer"):
            yield "attention.value_norm", part.find("value-norm") is not None
        yield "attention.differential", any(t.name.startswith("lambda_q") for n in part.modules for t in n.tensors)
        yield "attention.temperature", _temperature(layer, attention)
        yield "position.relative_bias", _relative_bias(layer, model)
    mixer = layer.find("state-space")
    if mixer is not None:
        yield from _state_space(layer.below(mixer), mixer)
    router = layer.find("router")
    if router is not None:
        yield "router.by_token", any(tensor.name == "tid2eid" for tensor in router.tensors)
    yield "feed_forward.count", sum(not _within(layer, node) for node in layer.all("dense-mlp"))
    yield "norm.inside", _norms_inside(layer)
    yield "norm.count", _norms(layer)
    yield "residual.streams", _streams(layer)
    yield "residual.learned_scale", _learned_scale(layer)
    yield "residual.low_rank", _low_rank(layer)


def _causal(part: Reading, model: Reading) -> bool | None:
    """Whether a position sees those before it alone; None where the class does not say.

    A module around the stack may build a causal mask for a class that is not causal by itself, as CLIP's text model:
    keys up to the query, where a window on both sides takes a distance.
    """
    found = [bool(node.attributes["is_causal"]) for node in part.modules if "is_causal" in node.attributes]
    if not found or found[0]:
        return found[0] if found else None
    around = [node for node in model.modules if part.root.startswith(f"{node.id}.") or not node.id]
    names = {operator.name for node in around for operator in model.own(node)}
    return (None if {"abs", "sub"} & names else True) if "le" in names else False


def _temperature(layer: Reading, attention: Node) -> str | None:
    """Queries multiplied by one plus a factor of the logarithm of their position, as Llama 4's are."""
    names = {operator.name for operator in layer.own(attention)}
    return "grows with the logarithm of the position" if {"log", "floor"} <= names else None


def _relative_bias(layer: Reading, model: Reading) -> str | None:
    if layer.find("relative-position-bias") is not None:
        return "of its own"
    return "that of another layer" if model.find("relative-position-bias") is not None else None


def _within(layer: Reading, node: Node) -> bool:
    """Whether another feed-forward or a mixture of experts holds it."""
    return any(node.id.startswith(f"{other.id}.") for other in layer.all("dense-mlp", "mixture-of-experts"))


def _state_space(part: Reading, mixer: Node) -> Facts:
    names = {operator.name for operator in part.operators()}
    if part.traced:
        yield "mixer.form", "in chunks" if {"tril", "cumsum"} & names else "step by step"
    yield "mixer.width", part.width(1, "mixer-output")
    limits = mixer.attributes.get("time_step_limit")
    yield "mixer.time_step_limits", limits if isinstance(limits, tuple) and limits != (0.0, math.inf) else None
    norms = [node for node in part.modules if node.role in ("norm", "final-norm") and node.id != mixer.id]
    yield "mixer.multipliers", any(tensor.name == "mup_vector" for tensor in mixer.tensors)
    yield "mixer.norm", tuple(sorted(node.name for node in norms if node.tensors))


_OTHERS = ("hyper-connection", "alternating-updates", "low-rank-branch")


def _norms(layer: Reading) -> int:
    """Norms outside the branches and other parts, whichever wrapper holds them."""
    parts = [node for node in layer.all(*_BRANCHES, *_OTHERS) if len(layer.below(node).all(node.role)) == 1]
    inside = tuple(f"{part.id}." for part in parts)
    return sum(not node.id.startswith(inside) for node in layer.all("norm"))


def _norms_inside(layer: Reading) -> tuple[str, ...]:
    """Branches with a norm on what they hand on within, beside those of queries, keys, values and latents."""
    found = []
    for branch in layer.all(*_BRANCHES):
        name = {"dense-mlp": "feed-forward", "mixture-of-experts": "feed-forward"}.get(branch.role, branch.role)
        part = layer.below(branch)
        inner = [node for node in part.all("norm") if layer.graph.parent(node.id) == branch.id]
        wraps = len(part.all(branch.role)) > 1  # a wrapper that holds norm and branch: the norm stands before it
        if inner and not wraps and branch.role != "mixture-of-experts":
            found.append(name)
    return tuple(sorted(set(found)))


def _streams(layer: Reading) -> str | None:
    """Several residual streams that a layer reads from and writes to."""
    if layer.find("alternating-updates") is not None:
        return f"{layer.stated('altup_num_inputs')} streams, updated in turn"
    if layer.find("hyper-connection") is not None:
        return f"{layer.stated('hc_mult')} streams, mixed by hyper-connections"
    return None


def _learned_scale(layer: Reading) -> str | None:
    """A learned factor on what a branch adds, or on the layer's output."""
    if layer.find("layer-scale") is not None:
        return "on each branch"
    names = {tensor.name for tensor in layer.graph.nodes[layer.root].tensors}
    if {"lambda_1", "lambda_2"} & names:
        return "on each branch"
    return "on the layer's output" if "layer_scalar" in names else None


def _low_rank(layer: Reading) -> int | None:
    """Rank of a linear branch beside attention, as Gemma 3n's learned augmented residual."""
    node = layer.find("low-rank-branch")
    tensors = [t for n in layer.below(node).modules for t in n.tensors if len(t.shape) == 2] if node is not None else []
    return min(tensors[0].shape) if tensors else None
