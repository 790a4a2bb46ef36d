"""Tensors of a GGUF file under the names and in the shapes in which the model was published."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from archdiff.errors import SourceError
from archdiff.sources.headers import Shipped
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archdiff.sources.gguf import Gguf
    from archdiff.sources.gguf_table import Architecture

__all__ = ["PLAIN", "Layout", "Made", "made_of", "published"]

PLAIN: Mapping[str, str] = MappingProxyType({"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"})
"""Types that are not quantised, as torch spells them."""

_OUTSIDE = frozenset({"token_embd", "token_embd_norm", "position_embd", "output_norm", "output"})
_LAYER = re.compile(r"blk\.(0|[1-9]\d{0,5})\.(.+)", re.ASCII)
_COMPUTED = frozenset({"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
"""Factors on rotary frequencies, which configs state and classes compute."""

_MOST = 1_000_000


Layout = Literal["same", "turned", "expert", "gate-up", "latent"]
"""How a published tensor lies in those of the file: as it is, each matrix transposed, as one expert's part, with rows
of gate and up in turns and then transposed, with keys (transposed) and values of each head in turns."""


@dataclass(frozen=True, slots=True)
class Made:
    """A tensor as the model's own checkpoint has it, out of what the file holds.

    `parts` names the file's tensors that it is made of; `number` is that of the expert whose part it is.
    """

    tensor: Shipped
    parts: tuple[str, ...]
    layout: Layout = "same"
    number: int = 0


def published(found: Gguf, known: Architecture, subject: str) -> tuple[Shipped, ...]:
    """Return the tensors as the model's own checkpoint has them, sorted by name; an unknown one keeps its name.

    Types that are quantised stay as ggml spells them.

    Raises:
        SourceError: its experts are more than any model has, or two tensors stand for one.
    """
    return tuple(made.tensor for made in made_of(found.tensors, known, subject))


def made_of(shipped: Iterable[Shipped], known: Architecture, subject: str) -> tuple[Made, ...]:
    """Return what the tensors of a file stand for, sorted by name, and how it lies in them; raises as `published`."""
    tensors: dict[str, Made] = {}
    held = {tensor.name: tensor for tensor in shipped}
    for tensor in held.values():
        for made in _made(tensor, held, known):
            name, dtype = made.tensor.name, made.tensor.dtype
            if name in tensors:
                raise _fault(subject, f"holds two tensors that stand for {printable(repr(name), 120)}")
            tensors[name] = replace(made, tensor=replace(made.tensor, dtype=PLAIN.get(dtype, dtype)))
            if len(tensors) > _MOST:
                raise _fault(subject, f"holds experts of more than {_MOST:,} tensors")
    return tuple(made for _, made in sorted(tensors.items()))


def _fault(subject: str, cause: str) -> SourceError:
    return SourceError(printable(subject), cause, "convert the model again")


def _made(tensor: Shipped, held: Mapping[str, Shipped], known: Architecture) -> Iterator[Made]:
    match = _LAYER.fullmatch(tensor.name)
    layer, name = (f"{known.names['blk']}.{int(match[1])}.", match[2]) if match else ("", tensor.name)
    part, dot, ending = name.rpartition(".")
    if not dot:
        part, ending = name, ""
    if tensor.name in _COMPUTED or part == "rope_freqs":
        return
    if part == "attn_sinks" and layer:
        yield _one(replace(tensor, name=f"{layer}self_attn.sinks"), tensor)
    elif part in ("attn_k_b", "attn_v_b") and layer:
        yield from _latent(tensor, held, f"{layer}self_attn.kv_b_proj.weight", known)
    elif part in known.each and layer and len(tensor.shape) > 1:
        yield from _experts(tensor, held, known, f"{layer}{known.experts}", ending)
    elif part in known.names and part != "blk" and bool(layer) != (part in _OUTSIDE):
        module = known.names[part]
        whole = "" if module.endswith("_bias") else f".{ending}"
        named = Shipped(f"{layer}{module}{whole}", _shape(tensor.shape, module, known), tensor.dtype)
        yield _one(named, tensor, "turned" if module in known.transposed else "same")
    else:
        yield _one(tensor, tensor)


def _one(made: Shipped, tensor: Shipped, layout: Layout = "same", number: int = 0) -> Made:
    return Made(made, (tensor.name,), layout if len(tensor.shape) > 1 else "same", number)


def _shape(shape: tuple[int, ...], module: str, known: Architecture) -> tuple[int, ...]:
    if module in known.transposed:
        return shape[::-1]
    return (1, *shape) if module in known.squeezed and len(shape) == 1 else shape


def _experts(
    tensor: Shipped, held: Mapping[str, Shipped], known: Architecture, module: str, ending: str
) -> Iterator[Made]:
    """All experts of a projection, one by one or fused; gate and up are fused under the gate's name."""
    part = tensor.name.split(".")[-2]
    count, *inner = tensor.shape
    if not known.fused:
        for number in range(count):
            named = Shipped(f"{module}.{number}.{known.each[part]}.{ending}", tuple(inner), tensor.dtype)
            yield _one(named, tensor, "expert", number)
        return
    suffix = "_bias" if ending == "bias" else ""
    partner = held.get(tensor.name.replace("_gate_exps", "_up_exps"))
    if part == "ffn_down_exps":
        named = Shipped(f"{module}.down_proj{suffix}", (count, *inner[::-1]), tensor.dtype)
        yield _one(named, tensor, "turned" if len(inner) > 1 else "same")
    elif part == "ffn_gate_exps" and partner is not None and partner.shape == tensor.shape:
        shape = (count, *inner[1:], 2 * inner[0])
        yield Made(
            Shipped(f"{module}.gate_up_proj{suffix}", shape, tensor.dtype), (tensor.name, partner.name), "gate-up"
        )
    elif part == "ffn_gate_exps" or not _is_paired(tensor, held):
        yield _one(tensor, tensor)


def _is_paired(tensor: Shipped, held: Mapping[str, Shipped]) -> bool:
    """Whether the up projection has a gate of its shape."""
    gate = held.get(tensor.name.replace("_up_exps", "_gate_exps"))
    return gate is not None and gate.shape == tensor.shape


def _latent(tensor: Shipped, held: Mapping[str, Shipped], name: str, known: Architecture) -> Iterator[Made]:
    """Keys (heads, rank, key) and values (heads, value, rank) out of the latent as one, told where the keys stand."""
    key, value = (held.get(re.sub(r"_[kv]_b", part, tensor.name)) for part in ("_k_b", "_v_b"))
    shapes = [(*part.shape, 0, 0, 0)[:3] if part is not None else () for part in (key, value)]
    fits = "attn_kv_b" in known.names and all(shapes) and shapes[0][:2] == (shapes[1][0], shapes[1][2])
    if not fits or key is None or value is None:
        yield _one(tensor, tensor)
    elif tensor is key:
        heads, rank, width = shapes[0]
        made = Shipped(name, (heads * (width + shapes[1][1]), rank), tensor.dtype)
        yield Made(made, (key.name, value.name), "latent")
