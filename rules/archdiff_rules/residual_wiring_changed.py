from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Norms and residual stream")
def residual_wiring_changed(comparison: Comparison) -> Iterator[Finding]:
    """Attention and feed-forward are joined to the residual stream in another way.

    Why it matters:
        In a sequential block the feed-forward reads what attention has just written; in a parallel block
        both read the same input. The tensors can be equal in every shape, so this is read from the data
        flow. Nothing but the outputs would tell.

    Example:
        Phi-2 → Phi-3-mini: parallel → sequential. Pythia and Falcon are parallel, with two norms or one for
        the two branches.

    What to do:
        Check which form the inference engine implements: in several families it is a config flag
        (`use_parallel_residual`, `parallel_attn`). OLD's weights are of no use under the other wiring.
    """
    return changed(comparison, {"residual.wiring": "attention and feed-forward"}, {"none": "in layers of their own"})
