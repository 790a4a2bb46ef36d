from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import computing
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="State-space and convolution mixers")
def mixer_heads_changed(comparison: Comparison) -> Iterator[Finding]:
    """A recurrent mixer has another number of heads.

    Why it matters:
        Each head of a Mamba-2 or gated delta layer has its own decay and its own state; the input projection
        yields all of them fused in one tensor. The count sets the size of the state, and the tensors of decay
        (`A_log`), step bias and skip have one value for each head.

    Example:
        Qwen3-Next-80B-A3B has 32 value heads over 16 key heads in its linear-attention layers.

    What to do:
        Expect the whole fused projection to be reshaped: reading it as one matrix hides which part grew. Size
        the memory of a request by heads × state.
    """
    return map(computing, changed(comparison, {"mixer.heads": "heads of the recurrent mixer"}))
