"""Tensors of a GGUF file under the names and in the shapes in which the model was published."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.sources.headers import Shipped
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.sources.gguf import Gguf
    from archdiff.sources.gguf_table import Architecture

__all__ = ["PLAIN", "published"]

PLAIN: Mapping[str, str] = MappingProxyType({"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"})
"""Types that are not quantised, as torch spells them."""

_OUTSIDE = frozenset({"token_embd", "token_embd_norm", "position_embd", "output_norm", "output"})
_LAYER = re.compile(r"blk\.(0|[1-9]\d{0,5})\.(.+)", re.ASCII)
_COMPUTED = frozenset({"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
"""Factors on rotary frequencies, which configs state and classes compute."""

_MOST = 1_000_000


def published(found: Gguf, known: Architecture, subject: str) -> tuple[Shipped, ...]:
    """Return the tensors as the model's own checkpoint has them, sorted by name; an unknown one keeps its name.

    Types that are quantised stay as ggml spells them.

    Raises:
        SourceError: its experts are more than any model has, or two tensors stand for one.
    """
    tensors: dict[str, Shipped] = {}
    held = {tensor.name: tensor for tensor in found.tensors}
    for tensor in found.tensors:
        for made in _made(tensor, held, known):
            if made.name in tensors:
                raise _fault(subject, f"holds two tensors that stand for {printable(repr(made.name), 120)}")
            tensors[made.name] = replace(made, dtype=PLAIN.get(made.dtype, made.dtype))
            if len(tensors) > _MOST:
                raise _fault(subject, f"holds experts of more than {_MOST:,} tensors")
    return tuple(sorted(tensors.values(), key=lambda tensor: tensor.name))


def _fault(subject: str, cause: str) -> SourceError:
    return SourceError(printable(subject), cause, "convert the model again")


def _made(tensor: Shipped, held: Mapping[str, Shipped], known: Architecture) -> Iterator[Shipped]:
    match = _LAYER.fullmatch(tensor.name)
    layer, name = (f"{known.names['blk']}.{int(match[1])}.", match[2]) if match else ("", tensor.name)
    part, dot, ending = name.rpartition(".")
    if not dot:
        part, ending = name, ""
    if tensor.name in _COMPUTED or part == "rope_freqs":
        return
    if part == "attn_sinks" and layer:
        yield replace(tensor, name=f"{layer}self_attn.sinks")
    elif part in ("attn_k_b", "attn_v_b") and layer:
        yield from _latent(tensor, held, f"{layer}self_attn.kv_b_proj.weight", known)
    elif part in known.each and layer and len(tensor.shape) > 1:
        yield from _experts(tensor, held, known, f"{layer}{known.experts}", ending)
    elif part in known.names and part != "blk" and bool(layer) != (part in _OUTSIDE):
        module = known.names[part]
        whole = "" if module.endswith("_bias") else f".{ending}"
        yield Shipped(f"{layer}{module}{whole}", _shape(tensor.shape, module, known), tensor.dtype)
    else:
        yield tensor


def _shape(shape: tuple[int, ...], module: str, known: Architecture) -> tuple[int, ...]:
    if module in known.transposed:
        return shape[::-1]
    return (1, *shape) if module in known.squeezed and len(shape) == 1 else shape


def _experts(
    tensor: Shipped, held: Mapping[str, Shipped], known: Architecture, module: str, ending: str
) -> Iterator[Shipped]:
    """All experts of a projection, one by one or fused; gate and up are fused under the gate's name."""
    part = tensor.name.split(".")[-2]
    count, *inner = tensor.shape
    if not known.fused:
        for number in range(count):
            yield Shipped(f"{module}.{number}.{known.each[part]}.{ending}", tuple(inner), tensor.dtype)
        return
    suffix = "_bias" if ending == "bias" else ""
    partner = held.get(tensor.name.replace("_gate_exps", "_up_exps"))
    if part == "ffn_down_exps":
        yield Shipped(f"{module}.down_proj{suffix}", (count, *inner[::-1]), tensor.dtype)
    elif part == "ffn_gate_exps" and partner is not None and partner.shape == tensor.shape:
        yield Shipped(f"{module}.gate_up_proj{suffix}", (count, *inner[1:], 2 * inner[0]), tensor.dtype)
    elif part == "ffn_gate_exps" or not _is_paired(tensor, held):
        yield tensor


def _is_paired(tensor: Shipped, held: Mapping[str, Shipped]) -> bool:
    """Whether the up projection has a gate of its shape."""
    gate = held.get(tensor.name.replace("_up_exps", "_gate_exps"))
    return gate is not None and gate.shape == tensor.shape


def _latent(tensor: Shipped, held: Mapping[str, Shipped], name: str, known: Architecture) -> Iterator[Shipped]:
    """Keys (heads, rank, key) and values (heads, value, rank) out of the latent as one, told where the keys stand."""
    key, value = (held.get(re.sub(r"_[kv]_b", part, tensor.name)) for part in ("_k_b", "_v_b"))
    shapes = [(*part.shape, 0, 0, 0)[:3] if part is not None else () for part in (key, value)]
    fits = "attn_kv_b" in known.names and all(shapes) and shapes[0][:2] == (shapes[1][0], shapes[1][2])
    if not fits:
        yield tensor
    elif tensor is key:
        heads, rank, width = shapes[0]
        yield Shipped(name, (heads * (width + shapes[1][1]), rank), tensor.dtype)
