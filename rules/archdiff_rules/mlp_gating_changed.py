from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Feed-forward")
def mlp_gating_changed(comparison: Comparison) -> Iterator[Finding]:
    """The dense feed-forward became gated, or plain.

    Why it matters:
        A gated feed-forward multiplies two projections of the input, a plain one has a single projection
        and an activation. There is one matrix more or fewer in each layer, and at equal width half as many
        parameters again.

    Example:
        Phi-2 → Phi-3-mini: plain with GELU → gated with SiLU. GPT-2, BERT, Falcon and Pythia are plain;
        Llama, Qwen, Mistral and Gemma gated. Nemotron-H went back to plain, with squared ReLU.

    What to do:
        Compare widths with care: a gated width of two thirds of the plain one has the same number of
        parameters. Where gate and up are fused in one tensor (Phi-3's `gate_up_proj`), it is twice the
        width, and that alone is no gate.
    """
    return changed(comparison, {"mlp.gated": "feed-forward gated"})
