"""Relations that keep what a model computes and change how its weights look."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

import torch

from tests.benchmarks.provenance.axes import axes, each_layer, layer, taken, turned

if TYPE_CHECKING:
    from tests.benchmarks.provenance.member import Member

READERS = {
    "input_layernorm": ("*.q_proj.*", "*.k_proj.*", "*.v_proj.*"),
    "post_attention_layernorm": ("*.mlp.gate.weight", "*gate_proj*", "*up_proj*", "*.shared_expert_gate.weight"),
}
"""Which matrices of a layer read a norm's output."""


def unit_permuted(model: Member, seed: int = 0) -> Member:
    """Hidden units of every feed-forward, of each expert and of the shared one in another order."""
    generator = _generator(seed)
    orders = {}
    for kind in ("hidden", "shared", "routed"):
        size, experts = _size(model, kind), _size(model, "expert")
        if not size:
            continue

        def draw(_: int, kind: str = kind, size: int = size, experts: int = experts) -> torch.Tensor:
            rows = [torch.randperm(size, generator=generator) for _ in range(experts if kind == "routed" else 1)]
            return torch.stack(rows) if kind == "routed" else rows[0]

        orders |= each_layer(model, draw, kind)
    return taken(model, orders)


def expert_permuted(model: Member, seed: int = 0) -> Member:
    """Routed experts in another order."""
    generator, count = _generator(seed), _size(model, "expert")
    return taken(model, each_layer(model, lambda _: torch.randperm(count, generator=generator), "expert"))


def head_permuted(model: Member, seed: int = 0) -> Member:
    """Key-value heads, the query heads of each, and the channels of each value head in another order."""
    generator = _generator(seed)
    queries, keys, size = heads(model)
    orders = {}
    for number in range(model.layers):
        group = torch.randperm(keys, generator=generator)
        within = torch.stack([torch.randperm(queries // keys, generator=generator) for _ in range(keys)])
        channels = torch.stack([torch.randperm(size, generator=generator) for _ in range(keys)])
        head = (group[:, None] * (queries // keys) + within[group]).flatten()
        owner = head // (queries // keys)
        rows = torch.arange(size)
        orders["query", number] = (head[:, None] * size + rows).flatten()
        orders["key", number] = (group[:, None] * size + rows).flatten()
        orders["value", number] = (group[:, None] * size + channels[group]).flatten()
        orders["attended", number] = (head[:, None] * size + channels[owner]).flatten()
    return taken(model, orders)


def residual_permuted(model: Member, seed: int = 0) -> Member:
    """The coordinates of the residual stream in another order."""
    return taken(model, {("residual", None): torch.randperm(model.width, generator=_generator(seed))})


def signed_permuted(model: Member, seed: int = 0) -> Member:
    """The same, with the signs of half the coordinates turned; not for models whose norms subtract the mean."""
    signs = torch.randint(0, 2, (model.width,), generator=_generator(seed + 1)) * 2.0 - 1.0
    return turned(residual_permuted(model, seed), "residual", torch.diag(signs))


def rotated(model: Member, seed: int = 0) -> Member:
    """The residual stream turned by a random rotation, norm weights folded into the matrices that read them."""
    draw = torch.randn(model.width, model.width, generator=_generator(seed), dtype=torch.float64)
    return turned(folded(model), "residual", torch.linalg.qr(draw)[0])


def folded(model: Member) -> Member:
    """Norm weights multiplied into the matrices that read them, so that they are all one."""
    return _rescaled_norms(model, lambda weight: 1 / weight)


def rescaled(model: Member, seed: int = 0) -> Member:
    """Powers of two moved between norms and projections, up and down, value and output: the same function, exactly."""
    generator = _generator(seed)

    def draw(like: torch.Tensor) -> torch.Tensor:
        return 2.0 ** torch.randint(-2, 3, like.shape[-1:], generator=generator)

    moved = _rescaled_norms(model, draw)
    factors = {
        (kind, number): draw(torch.empty(_size(model, kind)))
        for kind in ("hidden", "shared", "routed")
        for number in range(model.layers)
    }
    return moved.changed(lambda name, tensor: _up_against_down(name, tensor, factors))


def heads(model: Member) -> tuple[int, int, int]:
    """Query heads, key-value heads, and the size of a head."""
    if model.kind == "gpt2":
        count = int(model.settings["n_head"])
        return count, count, model.width // count
    names = ("num_attention_heads", "num_key_value_heads", "head_dim")
    queries, keys, size = (int(model.settings[name]) for name in names)
    return queries, keys, size


def _rescaled_norms(model: Member, factor) -> Member:
    """Norm weights times a factor, and the columns of what reads them divided by it."""
    norms = {name: each for name, each in model.state.items() if name.endswith("norm.weight")}
    factors = {name: factor(each) for name, each in norms.items()}

    def change(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name in factors:
            return tensor * factors[name]
        norm = _norm_of(name)
        return tensor / factors[norm] if norm else tensor

    return model.changed(change)


def _norm_of(name: str) -> str | None:
    """The norm whose output a matrix reads."""
    if name == "lm_head.weight":
        return "model.norm.weight"
    for norm, readers in READERS.items():
        if axes(name)[-1] == "residual" and any(fnmatch.fnmatchcase(name, reader) for reader in readers):
            return f"model.layers.{layer(name)}.{norm}.weight"
    return None


def _up_against_down(name: str, tensor: torch.Tensor, factors: dict[tuple[str, int], torch.Tensor]) -> torch.Tensor:
    number, kinds = layer(name), axes(name)
    if name.endswith("experts.gate_up_proj"):
        gate, up = tensor.chunk(2, dim=1)
        return torch.cat((gate, up * factors["routed", number][:, None]), dim=1)
    if name.endswith("up_proj.weight"):
        return tensor * factors[kinds[0], number][:, None]
    if "down_proj" in name:
        return tensor / factors[kinds[-1], number]
    return tensor


def _size(model: Member, kind: str) -> int:
    """How many there are of an axis in the first layer that has it; 0 where none has."""
    for name, tensor in model.state.items():
        for axis, kinds in enumerate(axes(name)):
            if kinds == kind:
                return tensor.shape[axis]
    return 0


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
