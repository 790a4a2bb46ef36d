from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads", mirror="embeddings-tied")
def embeddings_untied(comparison: Comparison) -> Iterator[Finding]:
    """Input and output embeddings no longer share one tensor.

    Why it matters:
        The output head is now a tensor of its own, and a checkpoint that was saved tied does not hold it.
        transformers then starts it from random values and says so in a warning only: the model loads and
        talks nonsense.

    Example:
        Qwen3-4B → Qwen3-8B: tied → untied, at the size where a second matrix of 151,936 × 4,096 no longer
        weighs much. Some fine-tuning tools untie on saving by writing the flag as false.

    What to do:
        Check that the checkpoint holds `lm_head.weight`. If it was copied from the embedding to untie the
        two, the models compute the same until one of the two is trained.
    """
    for difference in comparison.differences("embeddings.tied"):
        if (difference.old, difference.new) == (True, False):
            yield concise(difference, "input and output embeddings are two tensors now, where they were one")
