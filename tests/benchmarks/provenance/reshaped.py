"""Relations that change a model's shape: pruned, made deeper, up-cycled; and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tests.benchmarks.provenance.axes import LAYER, each_layer, layer, taken
from tests.benchmarks.provenance.member import Member, initialised

if TYPE_CHECKING:
    from collections.abc import Sequence


def pruned_units(model: Member, share: float = 0.75, by: str = "chance", seed: int = 0) -> Member:
    """A share of the hidden units of a dense feed-forward.

    Args:
        model: with a dense feed-forward in every layer.
        share: of the units that stay.
        by: `chance` and `importance` keep the order, `rank` puts the most important first.
        seed: of the chance.
    """
    generator = torch.Generator().manual_seed(seed)

    def kept(number: int) -> torch.Tensor:
        score = _importance(model, number)
        if by == "chance":
            score = torch.rand(len(score), generator=generator)
        best = score.argsort(descending=True)[: int(share * len(score))]
        return best if by == "rank" else best.sort().values

    smaller = taken(model, each_layer(model, kept, "hidden"))
    size = int(share * len(_importance(model, 0)))
    return smaller.having(smaller.state, **{"n_inner" if model.kind == "gpt2" else "intermediate_size": size})


def pruned_residual(model: Member, share: float = 0.75) -> Member:
    """The coordinates of the residual stream with the largest embeddings, in their order."""
    width = int(share * model.width)
    size = model.state["model.embed_tokens.weight"].norm(dim=0)
    kept = size.argsort(descending=True)[:width].sort().values
    smaller = taken(model, {("residual", None): kept})
    return smaller.having(smaller.state, hidden_size=width)


def with_layers(model: Member, numbers: Sequence[int]) -> Member:
    """These layers of a model, one after the other; a layer may come twice."""
    state = {name: each for name, each in model.state.items() if layer(name) is None}
    for name, each in model.state.items():
        for new, old in enumerate(numbers):
            if layer(name) == old:
                state[LAYER.sub(lambda match, new=new: match[0].replace(match[1], str(new)), name)] = each
    return model.having(state, **{"n_layer" if model.kind == "gpt2" else "num_hidden_layers": len(numbers)})


def depth_scaled(model: Member) -> Member:
    """All layers but the last, then all but the first, as SOLAR-10.7B is made; of two layers both come twice."""
    left_out = 1 if model.layers > 2 else 0
    return with_layers(model, [*range(model.layers - left_out), *range(left_out, model.layers)])


def upcycled(model: Member, experts: int = 4, noise: float = 0.1, seed: int = 0) -> Member:
    """Mixtral made of Llama: the dense feed-forward copied into every expert, and noise in shares of its deviation."""
    settings = {**model.settings, "num_local_experts": experts, "num_experts_per_tok": 2}
    start = initialised("mixtral", settings, seed)
    generator = torch.Generator().manual_seed(seed)
    state = {name: model.state.get(name, each) for name, each in start.state.items()}
    for number in range(model.layers):
        path = f"model.layers.{number}.mlp"
        gate, up, down = _feed_forward(model, number)
        for name, each in (("gate_up_proj", torch.cat((gate, up))), ("down_proj", down)):
            copies = each.expand(experts, *each.shape)
            draw = torch.randn(copies.shape, generator=generator)
            state[f"{path}.experts.{name}"] = copies + noise * each.std() * draw
    return start.having(state)


def shared_from_dense(model: Member, experts: int = 4, seed: int = 0) -> Member:
    """Qwen2-MoE made of Llama: the dense feed-forward is the shared expert, the routed ones are as initialised."""
    settings = {
        **model.settings,
        "num_experts": experts,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": model.width,
        "shared_expert_intermediate_size": model.settings["intermediate_size"],
        "qkv_bias": False,
    }
    start = initialised("qwen2_moe", settings, seed)
    state = {name: model.state.get(name, each) for name, each in start.state.items()}
    for number in range(model.layers):
        for name in ("gate_proj", "up_proj", "down_proj"):
            path = f"model.layers.{number}.mlp"
            state[f"{path}.shared_expert.{name}.weight"] = model.state[f"{path}.{name}.weight"]
    return start.having(state)


def merged(models: Sequence[Member], weights: Sequence[float]) -> Member:
    """The weighted sum of models of one shape."""
    parts = list(zip(models, weights, strict=True))
    return models[0].changed(lambda name, _: sum(weight * each.state[name] for each, weight in parts))


def resized(model: Member, rows: int = 8) -> Member:
    """More tokens: rows of the embedding and of the head that are the mean of the others."""

    def change(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name not in {"model.embed_tokens.weight", "lm_head.weight"}:
            return tensor
        return torch.cat((tensor, tensor.mean(0, keepdim=True).expand(rows, -1)))

    return model.changed(change, vocab_size=model.settings["vocab_size"] + rows)


def _feed_forward(model: Member, number: int) -> tuple[torch.Tensor, ...]:
    path = f"model.layers.{number}.mlp"
    return tuple(model.state[f"{path}.{name}_proj.weight"] for name in ("gate", "up", "down"))


def _importance(model: Member, number: int) -> torch.Tensor:
    """Of each hidden unit: the norm of its incoming weights times that of its outgoing ones."""
    if model.kind == "gpt2":
        path = f"transformer.h.{number}.mlp"
        read, written = model.state[f"{path}.c_fc.weight"].T, model.state[f"{path}.c_proj.weight"]
        return read.norm(dim=1) * written.norm(dim=1)
    gate, _, down = _feed_forward(model, number)
    return gate.norm(dim=1) * down.norm(dim=0)
