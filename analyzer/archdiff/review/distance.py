"""How far two architectures are from each other, measured on the facts that a report states of them.

Gower's distance (1971, https://doi.org/10.2307/2528823): the mean over all facts that either of the two states of how
far the two values are from each other. Equal values are 0 apart; two numbers |log2 a - log2 b| / 3, at least 0.1 and at
most 1, so that eight times as much counts as another thing; everything else the share of the values that only one
has (Jaccard), which is 1 where one of the two has no such part. Facts of storage do not count: a model and its
quantised copy are 0 apart.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

__all__ = ["SIZES", "Facts", "between", "differences", "facts_of"]

SIZES = frozenset({
    "layers", "hidden_size", "vocabulary", "context_length", "attention.query_heads", "attention.key_value_heads",
    "attention.head_dimension", "attention.value_head_dimension", "mlp.width", "experts.count", "experts.width",
    "experts.per_token", "shared_experts.width", "rotary.base", "norm.epsilon", "mixer.width", "embedding.width",
    "latent.query_rank", "latent.key_value_rank", "latent.rotary_dimension", "latent.plain_dimension",
    "rotary.scaling.factor", "rotary.scaling.original_context",
})  # fmt: skip
"""Facts that say how large a model is, and not how it is made."""

_STORAGE = frozenset({
    "dtype", "quantization.method", "quantization.detail", "quantization.excluded", "experts.transposed",
    "attention.causal", "tower.vision", "tower.audio",
})  # fmt: skip
"""Facts of storage, one that depends on the class alone, and texts that hold several facts in one."""

_FAR = 3.0
_NEAR = 0.1

Facts = dict[str, tuple["JsonValue", ...]]
"""Distinct values by name of the fact, without those that say that a part is not there."""


def facts_of(facts: Mapping[str, JsonValue], varying: Mapping[str, Iterable[JsonValue]]) -> Facts:
    """The facts of a model that count, from those of a report (`ModelEntry.facts`, `ModelEntry.varying`)."""
    every: dict[str, tuple[JsonValue, ...]] = {name: (value,) for name, value in facts.items()}
    every |= {name: tuple(values) for name, values in varying.items()}
    kept = {
        name: tuple(value for value in values if value not in (None, False, 0, [])) for name, values in every.items()
    }
    return {name: values for name, values in sorted(kept.items()) if values and name not in _STORAGE}


def between(old: Facts, new: Facts) -> float:
    """From 0, for equal facts, to 1; to four digits."""
    names = sorted(old.keys() | new.keys())
    return round(sum(_apart(old.get(name, ()), new.get(name, ())) for name in names) / max(len(names), 1), 4)


def differences(old: Facts, new: Facts) -> tuple[str, ...]:
    """Names of the facts that differ, those that are furthest apart first."""
    apart = {name: _apart(old.get(name, ()), new.get(name, ())) for name in sorted(old.keys() | new.keys())}
    return tuple(sorted((name for name, value in apart.items() if value), key=lambda name: (-apart[name], name)))


def _apart(old: tuple[JsonValue, ...], new: tuple[JsonValue, ...]) -> float:
    if old == new:
        return 0.0
    first, second = _level(old), _level(new)
    if first is not None and second is not None:
        return min(max(abs(first - second) / _FAR, _NEAR), 1.0)
    one, other = set(map(repr, old)), set(map(repr, new))
    return 1 - len(one & other) / len(one | other)


def _level(values: tuple[JsonValue, ...]) -> float | None:
    """Mean binary logarithm of numbers; None where a value is no positive number, or there is none."""
    numbers = [
        value for value in values if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    ]
    return sum(map(math.log2, numbers)) / len(numbers) if numbers and len(numbers) == len(values) else None
