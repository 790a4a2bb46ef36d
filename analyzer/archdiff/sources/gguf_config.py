"""A config from the metadata of a GGUF file, as far as its architecture has one: llama.cpp's keys, in a table."""

from __future__ import annotations

import re
import struct
from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.errors import ConfigError, SourceError
from archdiff.sources.gguf import Gguf, Length, read_gguf
from archdiff.sources.gguf_table import ARCHITECTURES, KEYS
from archdiff.sources.gguf_tensors import PLAIN, published
from archdiff.sources.source import Origin, Source, make
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from archdiff.reference import Reference
    from archdiff.sources.gguf import Value
    from archdiff.sources.gguf_table import Architecture

__all__ = ["choices", "config_of", "joined", "load", "source"]

_BIAS_STATED = frozenset({"llama", "qwen3", "qwen3_moe", "glm4_moe", "smollm3"})
_SIGMOID = 2
_REDUNDANT = frozenset({
    "attention.value_length", "rope.dimension_count", "attention.key_length_mla", "expert_gating_func",
})  # fmt: skip
_SCALING: Mapping[str, str] = MappingProxyType({
    "rope.scaling.type": "rope_type",
    "rope.scaling.factor": "factor",
    "rope.scaling.original_context_length": "original_max_position_embeddings",
    "rope.scaling.yarn_beta_fast": "beta_fast",
    "rope.scaling.yarn_beta_slow": "beta_slow",
})  # fmt: skip
_PART = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)", re.ASCII)


def load(paths: Sequence[Path], reference: Reference) -> Source:
    """Return the source of a GGUF file or of its parts, with the config that its metadata amounts to.

    Raises:
        SourceError: a file cannot be read as GGUF.
        ConfigError: its architecture is not in the table, or what it states is out of bounds.
    """
    parts = [read_gguf(path, reference.text) for path in paths]
    return source(parts, reference, printable(paths[0].name), Origin())


def source(parts: Sequence[Gguf], reference: Reference, name: str, origin: Origin) -> Source:
    """Return the source of a model, of which the parts of its file are known; raises as `load`.

    Args:
        parts: in their order; the first one has the metadata.
        reference: what the user typed.
        name: what output calls the model.
        origin: where it comes from.
    """
    found = joined(parts, reference.text)
    known = _known(found, reference.text)
    config, left = config_of(found, known)
    shipped = published(found, known, reference.text)
    stored = Counter(tensor.dtype for tensor in found.tensors).most_common()
    types = ", ".join(f"{count:,} {name}" for name, count in stored) or "none"
    notes = [
        "config made from the metadata of a GGUF file; what it does not state is the class's default",
        f"stored tensors: {types}",
        *([f"metadata without a place in the config: {', '.join(left)}"] if left else []),
    ]
    licence = found.metadata.get("general.license")
    stated = origin.licence or (printable(licence, 80) if isinstance(licence, str) else None)
    origin = replace(origin, licence=stated, notes=(*origin.notes, *notes), shipped=shipped)
    return make(reference.text, "gguf", name, config, origin)


def choices(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The models among names of GGUF files, each with its parts in their order; towers (mmproj) are none."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        if not name.rpartition("/")[2].startswith("mmproj"):
            found.setdefault(_PART.sub("", name), []).append(name)
    return [tuple(parts) for parts in found.values()]


def joined(parts: Sequence[Gguf], subject: str) -> Gguf:
    """Return what the parts of one file state together, without where their data stand.

    Raises:
        SourceError: a part is missing, or two hold one tensor.
    """
    first = parts[0]
    tensors = tuple(tensor for part in parts for tensor in part.tensors)
    stated = first.metadata.get("split.count", 1)
    if stated not in (0, len(parts)):
        cause = f"{len(parts)} of {printable(str(stated), 20)} parts are there"
        raise SourceError(printable(subject), cause, "name the directory with all of them")
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise SourceError(printable(subject), "its parts hold one tensor twice", "download the files again")
    return Gguf(first.metadata, tensors)


def _known(found: Gguf, subject: str) -> Architecture:
    """The row of the table.

    Raises:
        ConfigError: the architecture is not in it.
    """
    name = found.metadata.get("general.architecture")
    if name == "llama" and found.metadata.get("llama.expert_count"):
        name = "mixtral"
    elif name == "deepseek2" and found.metadata.get("deepseek2.expert_gating_func") == _SIGMOID:
        name = "deepseek3"
    known = ARCHITECTURES.get(name) if isinstance(name, str) else None
    if known is None:
        cause = f"a GGUF file of the architecture {printable(repr(name), 40)}, which has no config here"
        raise ConfigError(printable(subject), cause, f"name the original model, or one of {', '.join(ARCHITECTURES)}")
    return known


def config_of(found: Gguf, known: Architecture) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the config, and the metadata keys of the architecture that have no place in it."""
    name = found.metadata.get("general.architecture")
    keys = {**KEYS, **known.keys}
    own = {key.removeprefix(f"{name}."): v for key, v in found.metadata.items() if key.startswith(f"{name}.")}
    config: dict[str, object] = {"model_type": known.model_type, "architectures": [known.class_name], **known.stated}
    config |= {keys[key]: _plain(value) for key, value in own.items() if keys.get(key)}
    config |= dict(_from_tensors(found, config))
    config |= dict(_derived(own, known, config))
    placed = keys.keys() | _REDUNDANT | (_SCALING.keys() if "rope_scaling" in config else set())
    return config, tuple(sorted(printable(key, 60) for key in own.keys() - placed))


def _derived(
    own: Mapping[str, Value], known: Architecture, config: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """What follows from several values: rotary share and scaling, layers without those that predict, GPT-2's width."""
    layers, predicted = config.get("num_hidden_layers"), config.get("num_nextn_predict_layers")
    if type(layers) is int and type(predicted) is int and 0 < predicted < layers:
        yield "num_hidden_layers", layers - predicted
    rotated, head = own.get("rope.dimension_count"), _head(config)
    if known.fraction and type(rotated) is int and head:
        yield known.fraction, rotated / head
    if config["model_type"] == "gpt2" and _is_multiple(config.get("n_inner"), config.get("n_embd")):
        yield "n_inner", None
    if config["model_type"] == "gemma2" and "head_dim" in config:
        # llama.cpp scales queries by the head's size in all models but the one of 46 layers.
        yield "query_pre_attn_scalar", _quotient(config) if layers == 46 else config["head_dim"]
    if "kv_lora_rank" in config:
        yield from _latent(own, config)
    scaling = {_SCALING[key]: _plain(value) for key, value in own.items() if key in _SCALING}
    if scaling.get("rope_type") in ("linear", "yarn") and isinstance(scaling.get("factor"), int | float):
        yield "rope_scaling", {**known.scaling, **_magnitude(own), **scaling}


def _latent(own: Mapping[str, Value], config: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Latent attention, which llama.cpp states as it runs it: with one key-value head."""
    width, rotated = own.get("attention.key_length_mla"), config.get("qk_rope_head_dim")
    if type(width) is int and type(rotated) is int:
        yield "qk_nope_head_dim", width - rotated
    yield "num_key_value_heads", config.get("num_attention_heads")
    if "q_lora_rank" not in config:
        yield "q_lora_rank", None
    if config["model_type"] == "deepseek_v2" and config.get("n_group") not in (None, 1):
        yield "topk_method", "group_limited_greedy"


def _magnitude(own: Mapping[str, Value]) -> dict[str, object]:
    """DeepSeek's factor on attention under YaRN, which llama.cpp states a tenth of."""
    tenth = own.get("rope.scaling.yarn_log_multiplier")
    if not isinstance(tenth, float):
        return {}
    factor = _plain(float(f"{10 * tenth:.6g}"))
    return {"mscale": factor, "mscale_all_dim": factor}


def _head(config: Mapping[str, object]) -> int:
    """The size of a head; 0 where it is not known."""
    stated = config.get("head_dim")
    return stated if type(stated) is int else _quotient(config)


def _quotient(config: Mapping[str, object]) -> int:
    width, heads = config.get("hidden_size"), config.get("num_attention_heads")
    return width // heads if type(width) is int and type(heads) is int and heads > 0 else 0


def _is_multiple(width: object, of: object) -> bool:
    return type(width) is int and type(of) is int and width == 4 * of


def _plain(value: Value) -> object:
    """Equal values of all layers are one value; fractions of 32 bits are as they were written."""
    if isinstance(value, tuple):
        return _plain(value[0]) if len(set(value)) == 1 else [_plain(item) for item in value]
    if isinstance(value, float):
        return next((short for digits in range(6, 10) if _is_same(short := float(f"{value:.{digits}g}"), value)), value)
    return value.items if isinstance(value, Length) else value


def _is_same(short: float, value: float) -> bool:
    """Whether a number is the other one in 32 bits; 10⁻⁵ is 9.9999997…·10⁻⁶ there."""
    try:
        return struct.unpack("<f", struct.pack("<f", short)) == (value,)
    except OverflowError:
        return False


def _from_tensors(found: Gguf, config: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What the tensors tell: the vocabulary, whether the head is tied, whether attention has biases."""
    shapes = {tensor.name: tensor.shape for tensor in found.tensors}
    if "vocab_size" not in config:
        tokens = found.metadata.get("tokenizer.ggml.tokens")
        rows = shapes.get("token_embd.weight") or ((tokens.items,) if isinstance(tokens, Length) else ())
        if rows:
            yield "vocab_size", rows[0]
    padding = found.metadata.get("tokenizer.ggml.padding_token_id")
    if "pad_token_id" in config and type(padding) is int:
        yield "pad_token_id", padding
    if "token_embd.weight" in shapes:
        yield "tie_word_embeddings", "output.weight" not in shapes
    if config["model_type"] in _BIAS_STATED and "blk.0.attn_q.bias" in shapes:
        yield "attention_bias", True
    if config["model_type"] == "glm4_moe" and any(name.endswith("attn_q_norm.weight") for name in shapes):
        yield "use_qk_norm", True
    types = Counter(tensor.dtype for tensor in found.tensors if len(tensor.shape) > 1)
    quantized = sorted({tensor.dtype for tensor in found.tensors} - PLAIN.keys())
    if quantized:
        yield "quantization_config", {"quant_method": "gguf", "types": quantized}
    elif types:
        yield "dtype", PLAIN[max(sorted(types), key=types.__getitem__)]
