"""Which facts of a layer, or of the model, each of its parts states."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.report.phrases import is_stated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.graph.schema import Value

__all__ = ["facts_for"]

_PREFIXES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "attention": ("attention.", "latent.", "indexer.", "position.", "rotary."),
    "linear-attention": ("mixer.",),
    "state-space": ("mixer.",),
    "convolution-mixer": ("mixer.",),
    "dense-mlp": ("mlp.",),
    "router": ("router.", "experts.per_token"),
    "expert": ("experts.count", "experts.width", "experts.activation", "experts.bias", "experts.interleaved"),
    "shared-expert": ("shared_experts.",),
    "norm": ("norm.kind", "norm.bias", "norm.zero_centred", "norm.epsilon"),
    "final-norm": ("norm.kind", "norm.bias", "norm.zero_centred", "norm.epsilon"),
    "embedding": ("vocabulary", "hidden_size", "embedding."),
    "position-embedding": ("context_length",),
    "lm-head": ("vocabulary", "logit.", "embeddings.tied"),
    "mtp": ("prediction_heads.",),
})  # fmt: skip
"""Facts by the role of the part, as names or as what names begin with."""

_IN_THE_ROLE = frozenset({"mixer.kind"})
"""Facts that the role of the part states already."""

_STANDS_IN: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "router": ("mixture-of-experts",),
    "expert": ("mixture-of-experts",),
    "shared-expert": ("mixture-of-experts",),
    "dense-mlp": ("gate-up", "up", "down"),
})  # fmt: skip
"""Roles that state another's facts where the layer has no part with that role of its own."""


def facts_for(role: str, facts: Mapping[str, Value], present: Iterable[str]) -> dict[str, Any]:
    """The facts that a part states, without those that say nothing, in a deterministic order.

    Args:
        role: of the part.
        facts: of the layer, or of the model for a part outside the layers.
        present: roles of all parts of the layer.
    """
    roles = {role, *_lent(role, frozenset(present))}
    prefixes = tuple(prefix for each in sorted(roles) for prefix in _PREFIXES.get(each, ()))
    return {
        name: facts[name]
        for name in sorted(facts)
        if prefixes and name.startswith(prefixes) and name not in _IN_THE_ROLE and is_stated(facts[name])
    }


def _lent(role: str, present: frozenset[str]) -> set[str]:
    """Roles that no part has and for which this one is the first to stand in."""
    return {
        missing
        for missing, lenders in _STANDS_IN.items()
        if missing not in present and next((lender for lender in lenders if lender in present), None) == role
    }
