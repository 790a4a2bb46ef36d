from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._positions import turning
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Positions")
def rotary_base_changed(comparison: Comparison) -> Iterator[Finding]:
    """Rotary embeddings turn at other speeds, because their base frequency differs.

    Why it matters:
        Pair i of a head turns by base^(-2i/dimension) for each token. A larger base slows the low frequencies
        so that far positions stay apart: it is the first thing to change when a context is lengthened. No
        tensor holds it, so weights load with the wrong base, and the text decays with length rather than
        failing at once.

    Example:
        Llama-2-7B → Llama-3-8B is 10,000 → 500,000. Gemma 3 turns at 10,000 in sliding layers and 1,000,000
        in full ones.

    What to do:
        After further training on a longer context a new base is expected. Between two models that claim the
        same weights it is a fault in one of the configs: compare the perplexity of long texts under both.
    """
    return (turning(comparison, found) for found in changed(comparison, {"rotary.base": "rotary base"}))
