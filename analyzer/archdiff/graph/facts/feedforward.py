"""Facts of the part of a layer that works on each position alone: dense feed-forward, experts and their router."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdiff.graph.facts import routing
from archdiff.graph.facts.reading import Reading, weight
from archdiff.graph.schema import Node, Operator, Tensor, Value

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_ACTIVATIONS = ("silu", "gelu", "relu", "tanh", "sigmoid", "mish", "hardtanh", "elu", "softplus")
_UNBOUNDED = ("None", "", "inf", "-inf")
"""Arguments of a clamp that clamps nothing."""


def read(layer: Reading) -> Facts:
    """Facts of the feed-forward of a layer."""
    mixture, dense = _mixture(layer), _dense(layer)
    kinds = [name for name, part in (("dense", dense), ("moe", mixture)) if part is not None]
    yield "feed_forward.kind", "-and-".join(kinds) or None
    if dense is not None:
        yield from _mlp(dense)
    if mixture is not None:
        yield from _experts(layer.below(mixture))
        yield from _shared(layer)


def _mixture(layer: Reading) -> Node | None:
    """What holds the experts: a part of the layer, or the layer itself, as in Gemma 4."""
    found = layer.find("mixture-of-experts")
    whole = layer.graph.nodes[layer.root]
    return found or (whole if any(_holder(node) == whole.id for node in layer.all("expert")) else None)


def _holder(node: Node) -> str:
    return node.id.rpartition(".")[0]


def _dense(layer: Reading) -> Reading | None:
    """The layer without what belongs to experts, if any projection is left."""
    found = [node for node in layer.all("up", "gate-up", "down") if not _within(layer, node, "mixture-of-experts")]
    if not found:
        return None
    holder = next((n for n in layer.all("dense-mlp") if not _within(layer, n, "mixture-of-experts")), None)
    whole = holder is not None and any(node.id.startswith(f"{holder.id}.") for node in found if node.role == "down")
    return layer.below(holder) if whole and holder is not None else layer


def _within(layer: Reading, node: Node, role: str) -> bool:
    return any(node.id.startswith(f"{other.id}.") for other in layer.all(role, "shared-expert", "expert"))


def _mlp(part: Reading) -> Facts:
    yield "mlp.width", part.width(1, "down")
    yield "mlp.gated", part.find("gate", "gate-up") is not None
    yield "mlp.activation", _activation(part)
    yield "mlp.bias", _biases(part)


def _biases(part: Reading) -> tuple[str, ...]:
    roles = {"gate": ("gate", "gate-up"), "up": ("up", "gate-up"), "down": ("down",)}
    return tuple(name for name, found in roles.items() if any(weight(n, "bias") is not None for n in part.all(*found)))


def _activation(part: Reading) -> str | None:
    """From the recorded operators, else from the config."""
    text = _activation_of(tuple(_feed_forward_operators(part)))
    return text or _spelled(part.stated("hidden_act", "hidden_activation", "activation_function"))


def _feed_forward_operators(part: Reading) -> Iterator[Operator]:
    for node in part.modules:
        if node.role in ("activation", "dense-mlp", "expert", "shared-expert", "up", "gate", ""):
            yield from part.own(node)


def _activation_of(operators: Iterable[Operator]) -> str | None:
    """Name of the activation, with clamp and slope where there are such."""
    found = list(operators)
    names = [operator for operator in found if operator.name in _ACTIVATIONS]
    if not names:
        return None
    first = names[0]
    limits = sorted({a for o in found if o.name == "clamp" for a in o.arguments if a not in _UNBOUNDED})
    slope = next((o.arguments[0] for o in found if o.name == "mul" and o.arguments), None)
    text = first.name + ("-tanh" if any("tanh" in a for a in first.arguments) else "")
    if first.name == "sigmoid" and any(o.name == "mul" for o in found):
        text = "silu" if slope is None else f"silu with slope {slope}"
    if first.name == "tanh" and sum(o.name == "mul" for o in found) > 2:
        text = "gelu-tanh"
    if first.name == "relu" and any(o.name in ("square", "pow") for o in found):
        text = "relu squared"
    return f"{text}, clamped at {limits[-1]}" if limits else text


def _spelled(name: object) -> str | None:
    spelled = {
        "swish": "silu",
        "gelu_new": "gelu-tanh",
        "gelu_pytorch_tanh": "gelu-tanh",
        "gelu_fast": "gelu-tanh",
    }
    return spelled.get(name, name) if isinstance(name, str) else None


def _experts(part: Reading) -> Facts:
    expert = part.find("expert")
    holders = (expert,) if expert is not None else part.all("gate-up", "down")
    stacked = [t for node in holders for t in node.tensors if len(t.shape) == 3]
    # LongCat's gate and up have rows for the experts that do nothing, which have no matrix to come down by.
    count = min((t.shape[0] for t in stacked), default=None)
    yield "experts.count", count or part.count("num_experts", "n_routed_experts", "num_local_experts")
    yield "experts.width", _width(stacked, "expert-width") or _expert_width(part, expert)
    yield "experts.bias", _expert_biases(part, expert)
    yield "experts.activation", _activation(part.below(expert)) if expert is not None else None
    interleaved = expert is not None and expert.attributes.get("is_concatenated") is False
    yield "experts.interleaved", interleaved
    rising = [t for node in holders for t in node.tensors if t in stacked and "down" not in (node.role, t.name[:4])]
    yield "experts.transposed", any(t.axes[1] == "hidden" for t in rising)
    yield from routing.read(part)


def _width(tensors: Iterable[Tensor], name: str) -> int | None:
    """The size of the axis of that name, or half that of the one which counts gate and up together."""
    sizes = {axis: size for t in tensors for axis, size in zip(t.axes, t.shape, strict=False)}
    return sizes.get(name) or (sizes[f"twice-{name}"] // 2 if f"twice-{name}" in sizes else None)


def _expert_width(part: Reading, expert: Node | None) -> int | None:
    if expert is None:
        return None
    stated = part.count("moe_intermediate_size", "ffn_hidden_size", "intermediate_size")
    return part.below(expert).width(1, "down") or stated


def _expert_biases(part: Reading, expert: Node | None) -> tuple[str, ...]:
    if expert is None:
        return ()
    names = [tensor.name for tensor in expert.tensors if "bias" in tensor.name]
    own = [name for key, name in (("gate_up", "gate and up"), ("down", "down")) if any(key in n for n in names)]
    return tuple(own) or _biases(part.below(expert))


def _shared(part: Reading) -> Facts:
    """Of the layer: Granite's shared experts stand beside the mixture."""
    shared = part.find("shared-expert")
    if shared is None:
        yield "shared_experts.count", 0
        return
    stated = part.stated("n_shared_experts", "num_shared_experts", "moe_num_shared_experts")
    count = stated if isinstance(stated, int) and stated > 0 else 1
    yield "shared_experts.count", count
    single = _width((t for t in shared.tensors if len(t.shape) == 3), "shared-expert-width")
    yield "shared_experts.width", count * single if single else part.below(shared).width(1, "down")
    yield "shared_experts.gate", part.find("shared-expert-gate") is not None
