"""The names of tests and the figures of evidence, in words."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["family_name", "p_value"]

_NAMES: Mapping[str, str] = MappingProxyType({
    "hidden-units": "order of hidden units (F1)",
    "routed-experts": "order of routed experts (F2)",
    "value-channels": "order of value channels (F3)",
    "residual": "order of residual coordinates (F4)",
    "probed": "order of hidden units as tokens see them",
    "match": "agreement of two matchings of hidden units",
    "channel-match": "agreement of two matchings of value channels",
    "alignment": "similarity after signed alignment of the residual stream",
    "polar": "polar factor of the two embeddings",
    "layer-map": "map of layers",
    "upcycling": "copies of a feed-forward in experts",
    "merge": "mixing weights of the parents",
    "rank": "rank of the difference",
    "norms": "correlation of norm weights",
})  # fmt: skip


def family_name(family: str) -> str:
    """What a family of tests compares."""
    return _NAMES.get(family, family)


def p_value(log10_p: float) -> str:
    """A p-value as people write it: `p = 0.31`, `p = 2e-05`, `p < 1e-300`."""
    if log10_p < -300:
        return f"p < 1e{math.ceil(log10_p):d}"
    return f"p = {10**log10_p:.2g}"
