from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._attention import is_latent
from archdiff_rules._positions import ROTATION, rotation, turning
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Positions")
def rotary_fraction_changed(comparison: Comparison) -> Iterator[Finding]:
    """Another share of each head rotates, or other pairs of values rotate together.

    Why it matters:
        Values that do not rotate carry content whatever the distance. Which values form a pair is a
        convention: the two halves of a head (GPT-NeoX, Llama in transformers) or neighbours (GPT-J,
        DeepSeek). Both conventions have tensors of the same shape, and converting between them means
        permuting the rows of query and key; forget it and the model talks nonsense without an error.
        In latent attention the share follows from the rotary part, which `latent-rank-changed` reports.

    Example:
        GLM-4.5-Air rotates half of each head, Solar Open 100B the whole. Phi-2 rotates 0.4, Pythia a quarter.

    What to do:
        If only the pairing differs, look for a permutation of query and key rows before concluding that
        weights differ. Otherwise treat the models as different functions of equal shape.
    """
    for difference in comparison.differences(*ROTATION):
        own = difference
        if any(is_latent(comparison, difference)):
            own = replace(difference, facts={"rotary.interleaved": difference.facts["rotary.interleaved"]})
        if text := rotation(own):
            yield turning(comparison, concise(own, text))
