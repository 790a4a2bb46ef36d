from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._report import shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Feed-forward")
def feed_forward_presence_changed(comparison: Comparison) -> Iterator[Finding]:
    """Layers gained or lost their feed-forward.

    Why it matters:
        A transformer layer has a mixer and a feed-forward; the layers of pure state-space models have a mixer
        alone, which is wider inside. Where a feed-forward comes or goes, most of a layer's parameters do, and
        counting layers of the two models compares unlike things.

    Example:
        Mamba-2 → Bamba: every mixer is followed by a gated feed-forward. Nemotron-H gives each its own layer.
        A Conformer has two, one before attention and one behind.

    What to do:
        Compare parameters for each layer, and not numbers of layers. The mixer's weights may correspond, the
        feed-forward's are new.
    """
    for difference in comparison.differences("feed_forward.kind", absent=True):
        if None in (difference.old, difference.new) and "dense" in (difference.old, difference.new):
            yield Finding.of(difference, f"feed-forward: {shift(difference, 'feed_forward.kind')}")
    for difference in comparison.differences("feed_forward.count"):
        if difference.old and difference.new:
            yield Finding.of(difference, f"dense feed-forwards of a layer: {shift(difference, 'feed_forward.count')}")
