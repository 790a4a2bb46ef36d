from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="State-space and convolution mixers")
def convolution_width_changed(comparison: Comparison) -> Iterator[Finding]:
    """The short convolution inside a mixer spans another number of tokens.

    Why it matters:
        Mamba and gated delta layers pass their inputs through a causal convolution over a few tokens before
        the recurrence, which gives them a local view that the recurrence lacks; in LFM2 a convolution is the
        whole mixer. Decoding has to keep the last taps − 1 inputs of every channel.

    Example:
        Mamba, Jamba and Qwen3-Next span 4 tokens, LFM2 spans 3, LFM3 7.

    What to do:
        Convolution weights do not fit. Fused kernels (`causal-conv1d`) take 2 to 4 taps only: wider ones fall
        back to a slow path.
    """
    return changed(comparison, {"mixer.convolution_width": "taps of the short convolution"})
