"""A config from the metadata of a GGUF file, as far as its architecture has one: llama.cpp's keys, in a table."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.errors import ConfigError, SourceError
from archdiff.sources.gguf import Gguf, Length, read_gguf
from archdiff.sources.source import Origin, Source, make
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from archdiff.reference import Reference
    from archdiff.sources.gguf import Value

__all__ = ["choices", "config_of", "load", "source"]

_PART = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Architecture:
    """How transformers calls what llama.cpp calls something else.

    `keys` maps what follows the architecture's name to a config key, besides the usual ones; `stated` holds what
    llama.cpp takes for granted of the architecture and the config class does not.
    """

    model_type: str
    class_name: str
    keys: Mapping[str, str] = field(default_factory=dict)
    stated: Mapping[str, object] = field(default_factory=dict)


_USUAL: Mapping[str, str] = MappingProxyType({
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "context_length": "max_position_embeddings",
    "rope.freq_base": "rope_theta",
    "vocab_size": "vocab_size",
})  # fmt: skip

_HEAD = {"attention.key_length": "head_dim"}
_EXPERTS = {"expert_count": "num_experts", "expert_used_count": "num_experts_per_tok"}
_WIDTH = {"expert_feed_forward_length": "moe_intermediate_size"}
_LOCAL = {"expert_count": "num_local_experts", "expert_used_count": "num_experts_per_tok"}
_SHARED = {"expert_shared_feed_forward_length": "shared_expert_intermediate_size"}
_WINDOW = {"attention.sliding_window": "sliding_window"}

# Names and keys: gguf-py's constants.py and convert_hf_to_gguf.py of llama.cpp, transformers' GGUF_CONFIG_MAPPING.
_ARCHITECTURES: Mapping[str, _Architecture] = MappingProxyType({
    "llama": _Architecture("llama", "LlamaForCausalLM", _HEAD),
    "mixtral": _Architecture("mixtral", "MixtralForCausalLM", _LOCAL),
    "qwen2": _Architecture("qwen2", "Qwen2ForCausalLM"),
    "qwen2moe": _Architecture("qwen2_moe", "Qwen2MoeForCausalLM", _EXPERTS | _WIDTH | _SHARED),
    "qwen3": _Architecture("qwen3", "Qwen3ForCausalLM", _HEAD),
    "qwen3moe": _Architecture("qwen3_moe", "Qwen3MoeForCausalLM", _HEAD | _EXPERTS | _WIDTH, {"norm_topk_prob": True}),
    "phi3": _Architecture("phi3", "Phi3ForCausalLM", _WINDOW, {"pad_token_id": None}),
    "gpt-oss": _Architecture("gpt_oss", "GptOssForCausalLM", _HEAD | _LOCAL | _WINDOW),
    "gemma2": _Architecture(
        "gemma2", "Gemma2ForCausalLM",
        _HEAD | _WINDOW | {
            "attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
        },
    ),
})  # fmt: skip


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
    found = _joined(parts, reference.text)
    config, left = config_of(found, reference.text)
    stored = Counter(tensor.dtype for tensor in found.tensors).most_common()
    types = ", ".join(f"{count:,} {name}" for name, count in stored) or "none"
    notes = [
        "config made from the metadata of a GGUF file; what it does not state is the class's default",
        f"stored tensors: {types}",
        *([f"metadata without a place in the config: {', '.join(left)}"] if left else []),
    ]
    licence = found.metadata.get("general.license")
    stated = origin.licence or (printable(licence, 80) if isinstance(licence, str) else None)
    origin = replace(origin, licence=stated, notes=(*origin.notes, *notes))
    return make(reference.text, "gguf", name, config, origin)


def choices(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The models among names of GGUF files, each with its parts in their order; towers (mmproj) are none."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        if not name.rpartition("/")[2].startswith("mmproj"):
            found.setdefault(_PART.sub("", name), []).append(name)
    return [tuple(parts) for parts in found.values()]


def _joined(parts: Sequence[Gguf], subject: str) -> Gguf:
    """One file of its parts.

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


def config_of(found: Gguf, subject: str) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the config, and the metadata keys of the architecture that have no place in it.

    Raises:
        ConfigError: the architecture is not in the table.
    """
    name = found.metadata.get("general.architecture")
    experts = found.metadata.get(f"{name}.expert_count")
    known = _ARCHITECTURES.get("mixtral" if name == "llama" and experts else name) if isinstance(name, str) else None
    if known is None:
        cause = f"a GGUF file of the architecture {printable(repr(name), 40)}, which has no config here"
        raise ConfigError(printable(subject), cause, f"name the original model, or one of {', '.join(_ARCHITECTURES)}")
    keys = {**_USUAL, **known.keys}
    own = {key.removeprefix(f"{name}."): v for key, v in found.metadata.items() if key.startswith(f"{name}.")}
    config: dict[str, object] = {"model_type": known.model_type, "architectures": [known.class_name], **known.stated}
    config |= {keys[key]: _plain(value) for key, value in own.items() if key in keys}
    config |= dict(_from_tensors(found, config))
    return config, tuple(sorted(printable(key, 60) for key in own.keys() - keys.keys()))


def _plain(value: Value) -> object:
    """A list with one value a layer stays one; equal values are one value."""
    if isinstance(value, tuple):
        return value[0] if len(set(value)) == 1 else list(value)
    return value.items if isinstance(value, Length) else value


def _from_tensors(found: Gguf, config: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What the tensors tell: the vocabulary, whether the head is tied, whether attention has biases."""
    shapes = {tensor.name: tensor.shape for tensor in found.tensors}
    if "vocab_size" not in config:
        tokens = found.metadata.get("tokenizer.ggml.tokens")
        rows = shapes.get("token_embd.weight") or ((tokens.items,) if isinstance(tokens, Length) else ())
        if rows:
            yield "vocab_size", rows[0]
    if "token_embd.weight" in shapes:
        yield "tie_word_embeddings", "output.weight" not in shapes
    if config["model_type"] in ("llama", "qwen3", "qwen3_moe") and "blk.0.attn_q.bias" in shapes:
        yield "attention_bias", True
