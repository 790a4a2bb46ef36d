from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Norms and residual stream")
def norm_epsilon_changed(comparison: Comparison) -> Iterator[Finding]:
    """The epsilon of the norms differs.

    Why it matters:
        It is added under the root and matters where activations are small, which is early in the network
        and in low precision. The effect on outputs is mostly slight. As evidence it is worth more than its
        effect: whoever converts or fine-tunes a model seldom has a reason to touch it.

    Example:
        Llama-3-8B → Qwen2.5-7B: 1e-05 → 1e-06. Families are not always of one mind: Qwen2.5-14B and 32B
        have 1e-05.

    What to do:
        If the weights are meant to be OLD's, restore OLD's value. If it is another family, take it as one
        more sign of that.
    """
    return changed(comparison, {"norm.epsilon": "norm epsilon"})
