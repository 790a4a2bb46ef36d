from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._changes import computing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Attention")
def key_value_sharing_changed(comparison: Comparison) -> Iterator[Finding]:
    """Other layers reuse the keys and values of an earlier layer.

    Why it matters:
        A layer that reuses keys and values has no need of its own projections for them and adds nothing to
        the cache. Which earlier layer it reads is fixed by its position, so that inserting or dropping a
        layer rewires the model.

    Example:
        Gemma 3n E4B computes keys and values in its first 20 layers; the 15 that follow reuse those of the
        last layer of their kind (sliding or full).

    What to do:
        Size the cache by the layers that compute keys and values. A checkpoint may hold projections for
        sharing layers that are never used: weight checks on them mean nothing.
    """
    for difference in comparison.differences("attention.key_value_sharing"):
        old, new = (
            "keys and values of an earlier layer" if value else "keys and values of its own"
            for value in (difference.old, difference.new)
        )
        yield computing(Finding.of(difference, f"{old} → {new}"))
