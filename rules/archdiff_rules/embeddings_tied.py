from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Embeddings and heads", mirror="embeddings-untied")
def embeddings_tied(comparison: Comparison) -> Iterator[Finding]:
    """Input and output embeddings now share one tensor.

    Why it matters:
        The model has a vocabulary times hidden-size matrix less, and one matrix has two tasks. OLD's output
        head has no place: what was learned in it is dropped when the weights are loaded, and the logits are
        made with the input embeddings instead.

    Example:
        Llama-3.1-8B → Llama-3.2-1B: untied → tied, as most models under about 3 billion parameters are,
        where the embedding is a large share of all. Qwen2.5-7B is untied, its smaller sisters are tied.

    What to do:
        Look into the checkpoint for `lm_head.weight`: if it is there and differs from the embedding, the
        flag is wrong and the model is broken when loaded. Count parameters once for tied tensors before
        comparing sizes.
    """
    for difference in comparison.differences("embeddings.tied"):
        if (difference.old, difference.new) == (False, True):
            yield concise(difference, "input and output embeddings share one tensor now")
