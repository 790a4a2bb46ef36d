from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Feed-forward")
def mlp_bias_changed(comparison: Comparison) -> Iterator[Finding]:
    """The projections of the dense feed-forward gained or lost bias terms.

    Why it matters:
        A loader misses the tensors or finds some that it does not expect. A bias that is dropped silently
        shifts every activation.

    Example:
        Phi-2 → Phi-3-mini: up and down → none. GPT-2, BERT, Bloom and Pythia have biases; Llama and most
        since have none.

    What to do:
        If only the flag changed (`mlp_bias`), see whether the checkpoint still holds the tensors. To carry
        weights of a model without biases into a class that has them, add zeros: the function stays.
    """
    return changed(comparison, {"mlp.bias": "bias in the dense feed-forward"})
