from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Feed-forward")
def activation_changed(comparison: Comparison) -> Iterator[Finding]:
    """The activation of the feed-forward is another function, or is clamped or laid out in another way.

    Why it matters:
        It has no weights, so anything loads. A gated layer reads its halves by position as well: where gate
        and up rows alternate in one fused tensor, a class that expects two blocks mixes them up without an
        error.

    Example:
        gpt-oss-120b → Solar Open 100B: SwiGLU clamped at 7 with slope 1.702, gate and up rows alternating →
        plain SwiGLU, two blocks. Gemma uses GELU with the tanh approximation where Llama has SiLU;
        Nemotron-H uses squared ReLU.

    What to do:
        Check the exact variant in the inference engine (tanh or erf, clamp, slope). For a small gap, such
        as exact and approximated GELU, measure perplexity; for another function, expect OLD's weights to be
        useless.
    """
    yield from changed(comparison, {"mlp.activation": "activation"})
    names = {
        "experts.activation": "activation of the routed experts",
        "experts.interleaved": "gate and up rows alternate",
    }
    yield from changed(comparison, names)
