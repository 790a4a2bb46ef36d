"""Tensors of a GGUF file as the model was published: unpacked, and with undone what llama.cpp's converter did to them.

Sources: convert_hf_to_gguf.py of llama.cpp, by architecture (`modify_tensors`), and transformers' `TensorProcessor`s.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from archdiff.sources.gguf_table import ARCHITECTURES
from archdiff.sources.gguf_tensors import Made, made_of
from archdiff.weights.packed.ggml import READ, scale_of, values_of
from archdiff.weights.packed.layouts import Alternating, From, Less, Paired
from archdiff.weights.packed.parts import PLAIN, UnreadError, digest_of
from archdiff.weights.packed.plain import plain
from archdiff.weights.packed.relabelled import Relabelled
from archdiff.weights.packed.turned import Turned
from archdiff.weights.tensors import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from archdiff.sources.gguf_table import Architecture
    from archdiff.sources.headers import Shipped
    from archdiff.weights.packed.parts import Parts, Reader, Values
    from archdiff.weights.packed.slot import Slot

__all__ = ["is_gguf", "makers"]

_HEADS = re.compile(r"blk\.(\d{1,6})\.attn_([qk])\.(weight|bias)", re.ASCII)
_PACKED_HEADS = re.compile(r"blk\.\d{1,6}\.attn_qkv\.(weight|bias)", re.ASCII)
_UNKNOWN = "what the converter did to its values is not known"
_IN_ORDER = "rows of each head put back in order"


def is_gguf(shipped: Iterable[Shipped]) -> bool:
    """Whether tensors are those of a GGUF file, by their types and names."""
    return any(
        tensor.dtype[:1].isupper() or tensor.name == "token_embd.weight" or tensor.name.startswith("blk.")
        for tensor in shipped
    )


def makers(
    parts: Parts, shipped: Iterable[Shipped], config: Mapping[str, object], slot: Slot
) -> dict[str, tuple[Shipped, Callable[[], Reader]]]:
    """Return what makes the reader of each tensor, by published name.

    Args:
        parts: of the checkpoint.
        shipped: tensors of the file.
        config: of the model; where it names no architecture of the table, tensors keep names and layout of the file.
        slot: of the checkpoint.

    Raises:
        SourceError: as `archdiff.sources.gguf_tensors.published`.
    """
    known = next((row for row in ARCHITECTURES.values() if row.model_type == config.get("model_type")), None)
    subject = parts.checkpoint.subject
    made = made_of(shipped, known, subject) if known else [Made(tensor, (tensor.name,)) for tensor in shipped]
    return {item.tensor.name: (item.tensor, partial(_reader, parts, item, known, config, slot)) for item in made}


def _reader(parts: Parts, made: Made, known: Architecture | None, config: Mapping[str, object], slot: Slot) -> Reader:
    for name in made.parts:
        if parts[name].dtype not in READ | PLAIN.keys():
            raise UnreadError(f"packed as {parts[name].dtype}, which is not read")
    _check(parts, made)
    undone, words = _undone(parts, made, known, config)
    if undone is None and made.layout in ("same", "expert") and parts[made.parts[0]].dtype in PLAIN:
        return _native(parts, made, words)
    values = undone or _laid_out(parts, made, slot)
    meaning = _meaning(parts, made, words)
    if made.layout == "turned" or (made.layout == "gate-up" and len(meaning.shape) > 2):
        return Turned(meaning, values, slot)
    return Relabelled(meaning, values)


def _check(parts: Parts, made: Made) -> None:
    """Raise a SourceError where a tensor's parts have more or fewer axes or elements than one that is laid out so."""
    first, *_ = (parts[name].shape for name in made.parts)
    wanted = math.prod(made.tensor.shape) * (first[0] if made.layout == "expert" else 1)
    held = sum(math.prod(parts[name].shape) for name in made.parts)
    turned = made.layout != "turned" or made.tensor.shape == (*first[:-2], *first[:-3:-1])
    if held != wanted or not turned:
        raise parts.fault(made.parts[0], f"of shape {list(first)} cannot be {list(made.tensor.shape)}")


def _native(parts: Parts, made: Made, words: str) -> Reader:
    """A tensor, or a part of one, in the file's own type and order."""
    stored = plain(parts, parts[made.parts[0]])
    meaning = replace(_meaning(parts, made, words), dtype=stored.meaning.dtype)
    first = made.number * meaning.count if made.layout == "expert" else 0
    return Relabelled(meaning, From(stored, first) if first else stored)


def _meaning(parts: Parts, made: Made, words: str) -> Meaning:
    kinds = list(dict.fromkeys(parts[name].dtype for name in made.parts))
    packed = [kind for kind in kinds if kind not in PLAIN]
    scale = "; ".join(filter(None, (*map(scale_of, packed), words)))
    held = [parts[name].digest for name in made.parts]
    as_is = made.layout == "same" and not scale and len(held) == 1
    digest = held[0] if as_is else digest_of(held, made.tensor.shape, made.layout, made.number, kinds, scale)
    return Meaning(
        made.tensor.name, made.tensor.shape, "float32", ", ".join(packed), scale, _share(parts, made), digest
    )


def _share(parts: Parts, made: Made) -> int:
    """Bytes of the file that the tensor takes."""
    whole = sum(parts[name].size for name in made.parts)
    return whole // max(parts[made.parts[0]].shape[0], 1) if made.layout == "expert" else whole


def _laid_out(parts: Parts, made: Made, slot: Slot) -> Values:
    """The values as float32, in the published order but for matrices that are yet to be transposed."""
    stored = [values_of(parts, name) for name in made.parts]
    shapes = [parts[name].shape for name in made.parts]
    match made.layout:
        case "expert":
            return From(stored[0], made.number * math.prod(made.tensor.shape))
        case "gate-up":
            columns = math.prod(shapes[0][2:])
            return Alternating(((stored[0], columns), (stored[1], columns)))
        case "latent":
            _, rank, width = shapes[0]
            keys = Meaning(f"{made.tensor.name} (keys)", (shapes[0][0], width, rank), "float32")
            turned = Turned(keys, stored[0], slot)
            turns = (turned, width * rank), (stored[1], shapes[1][1] * rank)
            return Alternating(tuple(turn for turn in turns if turn[1]))
    return stored[0]


def _undone(
    parts: Parts, made: Made, known: Architecture | None, config: Mapping[str, object]
) -> tuple[Values | None, str]:
    """The values with the converter's changes undone, None where it made none; and what is to say of them."""
    name = made.parts[0]
    if known is None or made.tensor.name == name:
        return None, _UNKNOWN
    shape = parts[name].shape or (1,)
    if known.raised and made.tensor.name.endswith("norm.weight"):
        return Less(values_of(parts, name), 1.0), "less the 1 that the converter adds"
    if known.interleaved and (match := _HEADS.fullmatch(name)):
        heads = _heads(config, match[2], int(match[1]))
        if not heads or shape[0] % (2 * heads):
            return None, "rows of each head may stand in the converter's order"
        return Paired(values_of(parts, name), shape[0] // heads, math.prod(shape[1:])), _IN_ORDER
    if known.banded and _PACKED_HEADS.fullmatch(name):
        heads = _heads(config, "q", 0)
        if not heads or shape[0] % (3 * heads):
            return None, "rows of queries, keys and values may stand in the converter's order"
        third, each = math.prod(shape) // 3, math.prod(shape) // (3 * heads)
        stored = values_of(parts, name)
        return Alternating(tuple((From(stored, band * third), each) for band in range(3))), _IN_ORDER
    return None, ""


def _heads(config: Mapping[str, object], kind: str, layer: int) -> int:
    """The number of query or key heads of a layer; 0 where it is not stated."""
    queries = config.get("num_attention_heads", config.get("n_head"))
    stated = queries if kind == "q" else config.get("num_key_value_heads", queries)
    if isinstance(stated, list):
        stated = stated[layer] if layer < len(stated) else None
    return stated if type(stated) is int and stated > 0 else 0
