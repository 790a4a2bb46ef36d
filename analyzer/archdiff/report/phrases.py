"""Facts as a reader wants them: which part of a layer states them, and how they are worded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from archdiff.graph.schema import Value, freeze
from archdiff.rule import show

__all__ = ["PHRASES", "SPOKEN", "Facts", "changed", "differing", "is_stated", "note", "notes", "phrase", "spelled"]

Facts = Mapping[str, Any]

PHRASES: Mapping[str, str] = MappingProxyType({
    "attention.kind": "{} attention",
    "attention.query_heads": "{} query heads",
    "attention.key_value_heads": "{} key-value heads",
    "attention.head_dimension": "head dimension {}",
    "attention.value_head_dimension": "value head dimension {}",
    "latent.query_rank": "query rank {}",
    "latent.key_value_rank": "key-value rank {}",
    "latent.rotary_dimension": "{} rotary dimensions",
    "latent.plain_dimension": "{} plain dimensions",
    "attention.bias": "bias on {}",
    "attention.query_key_norm": "query-key norm {}",
    "attention.sinks": "learned sinks",
    "attention.window": "window {}",
    "attention.softcap": "soft-cap {}",
    "attention.scale": "logit scale {}",
    "attention.gate": "output gate",
    "attention.cross": "cross-attention",
    "attention.causal": "causal",
    "attention.key_value_sharing": "keys and values of an earlier layer",
    "indexer.heads": "{} indexer heads",
    "indexer.keys_kept": "{} keys kept",
    "position.kind": "{} positions",
    "rotary.base": "rotary base {}",
    "rotary.fraction": "rotary on {} of each head",
    "rotary.interleaved": "interleaved rotation",
    "rotary.scaling.kind": "rotary scaling {}",
    "rotary.scaling.factor": "rotary factor {}",
    "rotary.scaling.original_context": "scaled from {} positions",
    "rotary.scaling.parameters": "scaling with {}",
    "mixer.kind": "mixer: {}",
    "mixer.heads": "{} heads",
    "mixer.state_size": "state size {}",
    "mixer.convolution_width": "convolution over {}",
    "feed_forward.kind": "feed-forward: {}",
    "mlp.width": "width {}",
    "mlp.gated": "gated",
    "mlp.activation": "{}",
    "mlp.bias": "bias on {}",
    "experts.count": "{} experts",
    "experts.width": "width {}",
    "experts.activation": "{}",
    "experts.bias": "bias on {}",
    "experts.interleaved": "interleaved gate and up",
    "experts.per_token": "top {}",
    "router.scoring": "{}",
    "router.scoring_order": "scored {}",
    "router.bias": "{} bias",
    "router.normalization": "normalised",
    "router.scaling": "scaled by {}",
    "router.groups": "{} groups",
    "shared_experts.count": "{} shared",
    "shared_experts.width": "width {}",
    "shared_experts.gate": "output gate",
    "norm.kind": "{} norm",
    "norm.bias": "bias",
    "norm.zero_centred": "zero-centred",
    "norm.epsilon": "epsilon {}",
    "norm.placement": "norm {}",
    "residual.wiring": "{} branches",
    "residual.scale": "branches scaled by {}",
    "hidden_size": "hidden size {}",
    "vocabulary": "vocabulary {}",
    "embeddings.tied": "tied to the embedding",
    "embedding.norm": "norm behind the embedding",
    "embedding.scale": "scaled by {}",
    "logit.softcap": "soft-cap {}",
    "logit.scale": "scaled by {}",
    "logit.bias": "bias",
    "context_length": "context {}",
    "quantization.method": "{}",
    "prediction_heads.count": "{} prediction layers",
    "dtype": "{}",
})  # fmt: skip
"""Wording of each fact; `{}` is the value, and a fact without it is either there or not."""

_ABSENT: Mapping[str, str] = MappingProxyType({
    "attention.window": "full",
    "rotary.scaling.kind": "none",
    "quantization.method": "not quantised",
    "attention.value_head_dimension": "that of queries",
})  # fmt: skip
"""What stands for a value that is not there, where its absence has a name."""

SPOKEN: Mapping[str, str] = MappingProxyType({
    "rms": "RMS",
    "layer": "layer",
    "yarn": "YaRN",
    "longrope": "LongRoPE",
    "llama3": "Llama 3",
    "gelu": "GELU",
    "gelu-tanh": "GELU (tanh)",
    "silu": "SiLU",
    "relu": "ReLU",
    "moe": "mixture of experts",
    "dense-and-moe": "dense and mixture of experts",
    "none": "no",
    "mxfp4": "MXFP4",
    "fp8": "FP8",
    "nvfp4": "NVFP4",
})  # fmt: skip
"""Values that the field spells in another way than the vocabulary does."""


def is_stated(value: object) -> bool:
    """Whether a fact says something; absent, false, empty and zero are the same nothing."""
    return value is not None and value is not False and value not in ((), [], 0)


def phrase(fact: str, value: object) -> str:
    """One fact in words: `64 query heads`, `learned sinks`; for nothing, what its absence is called."""
    if not is_stated(value):
        return _ABSENT.get(fact, "")
    return _worded(fact, _spelled_as(fact, value))


def changed(fact: str, old: object, new: object) -> str:
    """The values alone, `64 → 96`; `+ learned sinks` and `− learned sinks` for what is there in one only."""
    if is_stated(old) and is_stated(new):
        return f"{_spelled_as(fact, old)} → {_spelled_as(fact, new)}"
    if fact in _ABSENT:
        before, after = (spelled(value) if is_stated(value) else _ABSENT[fact] for value in (old, new))
        return f"{before} → {after}"
    return f"+ {phrase(fact, new)}" if is_stated(new) else f"− {phrase(fact, old)}"


def note(fact: str, old: object, new: object) -> str:
    """A difference in words: `64 → 96 query heads`, `window 128 → full`, `− learned sinks`."""
    text = changed(fact, old, new)
    return text if text[:2] in ("+ ", "− ") else _worded(fact, text)


def differing(old: Facts, new: Facts) -> Iterator[str]:
    """Names of the facts in which two parts differ, in the order of the vocabulary."""
    for fact in (*PHRASES, *sorted((old.keys() | new.keys()) - PHRASES.keys())):
        before, after = freeze(old.get(fact)), freeze(new.get(fact))
        if before != after and (is_stated(before) or is_stated(after)):
            yield fact


def notes(old: Facts, new: Facts) -> tuple[str, ...]:
    """Every difference between the facts of two parts, in words."""
    return tuple(note(fact, old.get(fact), new.get(fact)) for fact in differing(old, new))


def _worded(fact: str, value: str) -> str:
    """A value in its phrase; the name of a fact may come from a file, and is no template."""
    return PHRASES[fact].replace("{}", value) if fact in PHRASES else f"{fact} {value}"


def _spelled_as(fact: str, value: object) -> str:
    if fact == "router.groups" and isinstance(value, list | tuple) and len(value) == 2:
        return f"{spelled(value[1])} of {spelled(value[0])}"
    return spelled(value)


def spelled(value: object) -> str:
    """A value as the field spells it: `196,608`, `YaRN`, `query, key and value`."""
    frozen: Value = freeze(value)
    return SPOKEN.get(frozen, frozen) if isinstance(frozen, str) else show(frozen)
