from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule, show
from archdiff_rules._changes import computing
from archdiff_rules._positions import follows_from_scaling
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="behavioral", group="Attention")
def attention_scale_changed(comparison: Comparison) -> Iterator[Finding]:
    """Attention logits are multiplied by something other than before, relative to 1/sqrt(head dimension).

    Why it matters:
        The usual scale keeps logits near one for heads of any width. A model that departs from it (to
        transfer hyperparameters between sizes) has weights trained for
        its own scale. No tensor shows it, and a wrong scale makes attention too sharp or too flat in every
        layer.
        What YaRN multiplies the logits by is left to `rotary-scaling-changed`.

    Example:
        Gemma 2 27B scales by 1/sqrt(144) with heads of 128; Gemma 2 9B by 1/sqrt(256), which is its head
        dimension. Granite 3.1 multiplies by 1/64 with heads of 64, where the usual scale is 1/8. Llama 4 and
        Ministral 3 multiply queries by a factor that grows with their position.

    What to do:
        See that the serving engine reads the field that sets it (`query_pre_attn_scalar`,
        `attention_multiplier`, …). A constant factor can be folded into the query projection, if all else is
        equal.
    """
    for difference in comparison.differences("attention.scale"):
        if not follows_from_scaling(comparison, difference):
            values = (difference.old, difference.new)
            old, new = ("1/sqrt(head dimension)" if value is None else show(value) for value in values)
            yield computing(Finding.of(difference, f"scale of attention logits: {old} → {new}"))
    names = {"attention.temperature": "factor on the queries"}
    yield from changed(comparison, names, {"none": "the same at every position"}, absent=True)
