from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import power, reason, strength, verdict_finding, with_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def weights_transformed(comparison: Comparison) -> Iterator[Finding]:
    """The weights of a component match after a permutation, rotation, scaling, pruning or merge.

    Why it matters:
        A model computes the same with its hidden units, heads or experts in another order, with its residual
        stream rotated, or with scales moved from a norm into the next matrix. Tests that go by position are
        blind to that; two tests that do not, calibrated on controls, found the match. Pruning, depth up-
        scaling, up-cycling and merging leave such traces for ordinary reasons. Permuted or rotated weights
        serve no purpose but disguise, or the convenience of a converter.

    Example:
        Permuting the hidden units of every layer of a copied model leaves its outputs as they are, and brings
        the p-value of every test by position back to chance. The order that matches gate rows to gate rows
        still matches up rows to up rows.

    What to do:
        Read the labels and the recovered map. Apply the map to one tensor and compare it element by element:
        what is left is the training since. Then ask as for `weights-derived`; direction, parent or sibling
        cannot be told here either.
    """
    for component in with_verdict(comparison, "transformed"):
        kind = f" ({', '.join(component.labels)})" if component.labels else ""
        said = f"the weights match after a transformation{kind}"
        yield verdict_finding(component, said, reason(component), strength(component), power(component))
