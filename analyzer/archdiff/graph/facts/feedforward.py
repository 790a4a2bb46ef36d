"""Facts of the part of a layer that works on each position alone: dense feed-forward, experts and their router."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdiff.graph.facts.reading import Reading, weight
from archdiff.graph.schema import Node, Operator, Value

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_ACTIVATIONS = ("silu", "gelu", "relu", "tanh", "sigmoid", "mish", "hardtanh", "elu", "softplus")


def read(layer: Reading) -> Facts:
    """Facts of the feed-forward of a layer."""
    mixture, dense = layer.find("mixture-of-experts"), _dense(layer)
    kinds = [name for name, part in (("dense", dense), ("moe", mixture)) if part is not None]
    yield "feed_forward.kind", "-and-".join(kinds) or None
    if dense is not None:
        yield from _mlp(dense)
    if mixture is not None:
        yield from _experts(layer.below(mixture))


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
    limits = sorted({a for o in found if o.name == "clamp" for a in o.arguments if a not in ("None", "")})
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
    stacked = [t for t in expert.tensors if len(t.shape) == 3] if expert is not None else []
    count = stacked[0].shape[0] if stacked else part.count("num_experts", "n_routed_experts", "num_local_experts")
    yield "experts.count", count
    yield "experts.width", _expert_width(part, expert)
    yield "experts.bias", _expert_biases(part, expert)
    yield "experts.activation", _activation(part.below(expert)) if expert is not None else None
    interleaved = expert is not None and expert.attributes.get("is_concatenated") is False
    yield "experts.interleaved", interleaved
    yield "experts.transposed", any(t.axes[1] == "hidden" for t in stacked if "down" not in t.name)
    yield from _router(part, count)
    yield from _shared(part)


def _expert_width(part: Reading, expert: Node | None) -> int | None:
    if expert is None:
        return None
    for tensor in expert.tensors:
        for axis, size in zip(tensor.axes, tensor.shape, strict=False):
            if axis == "expert-width":
                return size
    return part.below(expert).width(1, "down") or part.count("moe_intermediate_size", "intermediate_size")


def _expert_biases(part: Reading, expert: Node | None) -> tuple[str, ...]:
    if expert is None:
        return ()
    names = [tensor.name for tensor in expert.tensors if "bias" in tensor.name]
    own = [name for key, name in (("gate_up", "gate and up"), ("down", "down")) if any(key in n for n in names)]
    return tuple(own) or _biases(part.below(expert))


def _router(part: Reading, count: int | None) -> Facts:
    router = part.find("router")
    operators = (*part.own(router), *part.own(part.graph.nodes[part.root]))
    yield "experts.per_token", _per_token(part, operators, count)
    yield from _scoring(part, operators, count)
    yield "router.bias", _router_biases(part, router)
    yield "router.normalization", _normalised(part, operators, count)
    scaling = part.setting("routed_scaling_factor", "router_scaling_factor", "route_scale")
    yield "router.scaling", scaling if isinstance(scaling, int | float) and scaling != 1 else None
    groups, kept = part.count("num_group", "n_group"), part.count("topk_group")
    yield "router.groups", (groups, kept) if groups and kept and kept < groups else None


def _top_k(operators: Iterable[Operator], count: int | None) -> Operator | None:
    """The top-k over all experts; the first ones of group-limited routing choose groups."""
    found = [o for o in operators if o.name == "topk" and o.shapes]
    return found[-1] if found and count else None


def _per_token(part: Reading, operators: Iterable[Operator], count: int | None) -> int | None:
    chosen = _top_k(operators, count)
    stated = part.count("top_k", "num_experts_per_tok", "experts_per_token", "num_experts_per_token", "moe_topk")
    return chosen.shapes[0][-1] if chosen is not None else stated


def _scoring(part: Reading, operators: tuple[Operator, ...], count: int | None) -> Facts:
    chosen = _top_k(operators, count)
    if chosen is None and any(o.name == "masked_fill" for o in operators):
        yield "router.scoring", "sparsemixer"
        return
    names = [o.name for o in operators]
    score = next((o for o in operators if o.name in ("softmax", "sigmoid")), None)
    stated = part.setting("scoring_func", "score_func")
    yield "router.scoring", score.name if score is not None else stated if isinstance(stated, str) else None
    if score is not None and chosen is not None:
        before = names.index(score.name) < max(i for i, o in enumerate(operators) if o is chosen)
        yield "router.scoring_order", "before top-k" if before else "after top-k"


def _normalised(part: Reading, operators: tuple[Operator, ...], count: int | None) -> bool | None:
    """Whether the weights of the chosen experts sum to one: divided by their sum, or a softmax over them alone.

    None where neither operators nor settings tell.
    """
    facts = dict(_scoring(part, operators, count))
    if facts.get("router.scoring") == "softmax" and facts.get("router.scoring_order") == "after top-k":
        return True
    stated = part.setting("norm_topk_prob", "route_norm")
    divided = any(o.name == "div" and len(o.inputs) == 2 for o in operators)
    return stated if isinstance(stated, bool) else divided if operators else None


def _router_biases(part: Reading, router: Node | None) -> tuple[str, ...]:
    nodes = [part.graph.nodes[part.root], *([router] if router is not None else [])]
    names = {tensor.name for node in nodes for tensor in node.tensors}
    found = [
        ("projection", {"bias"}),
        ("score-correction", {"e_score_correction_bias", "expert_bias", "correction_bias"}),
    ]
    inner = router is not None and any(weight(n, "bias") is not None for n in part.below(router).modules)
    return tuple(name for name, keys in found if names & keys or (name == "projection" and inner))


def _shared(part: Reading) -> Facts:
    shared = part.find("shared-expert")
    if shared is None:
        yield "shared_experts.count", 0
        return
    stated = part.stated("n_shared_experts", "num_shared_experts", "moe_num_shared_experts")
    yield "shared_experts.count", stated if isinstance(stated, int) and stated > 0 else 1
    yield "shared_experts.width", part.below(shared).width(1, "down")
    yield "shared_experts.gate", part.find("shared-expert-gate") is not None
