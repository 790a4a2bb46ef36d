from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def query_key_norm_changed(comparison: Comparison) -> Iterator[Finding]:
    """Queries and keys are normalised before they meet, or no longer, or over another width.

    Why it matters:
        Without a norm, the logits of attention can grow during training until the softmax picks one token and
        the loss diverges. A norm on queries and keys bounds them, and makes soft-caps and biases unnecessary.
        `per head` scales each head of, say, 128 values by itself with one shared weight; `per width`
        normalises the whole projection, so that heads influence each other and tensor parallelism has to
        communicate.

    Example:
        Qwen2.5 → Qwen3 adds a norm per head. OLMo 2 has one per width. GLM-4.5 has one and GLM-4.5-Air none,
        a difference inside one release. Llama 4 normalises without a weight. Gemma 3n also normalises values.

    What to do:
        Removing the norm breaks the model; adding one changes what OLD's weights compute even with a weight
        of one. Check the engine's implementation: whether the norm runs before the rotary embedding is part
        of the function.
    """
    yield from changed(comparison, {"attention.query_key_norm": "norm on queries and keys"})
    yield from changed(comparison, {"attention.value_norm": "norm on values"})
