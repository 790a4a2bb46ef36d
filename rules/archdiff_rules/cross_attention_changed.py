from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Attention")
def cross_attention_changed(comparison: Comparison) -> Iterator[Finding]:
    """Layers gained or lost attention to another sequence: an encoder's output, or an image.

    Why it matters:
        Cross-attention takes its keys and values from elsewhere: from the encoder in T5 and Whisper, from
        image features in Llama 3.2 Vision. The layers need that other input to do anything, and their cache
        does not grow with the text.

    Example:
        Llama-3.1-8B → Llama-3.2-11B-Vision inserts 8 cross-attention layers (3, 8, …, 38) between the 32 of
        the text model, whose weights stay as they were.

    What to do:
        If the text layers were frozen, comparing weights layer by layer along the alignment shows it. Check
        how text-only input is served: the added layers should be skipped.
    """
    for difference in comparison.differences("attention.cross", absent=True):
        old, new = ("cross-attention" if value else "no cross-attention" for value in (difference.old, difference.new))
        if old != new:
            yield Finding.of(difference, f"{old} → {new}")
