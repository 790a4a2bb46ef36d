from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, rule
from archdiff_rules._shipped import KINDS, contradictions, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Storage, naming, lineage")
def checkpoint_contradicts_config(comparison: Comparison) -> Iterator[Finding]:
    """One of the checkpoints ships other tensors than its config builds.

    Why it matters:
        A config is a claim about the weights beside it. What the checkpoint lacks is initialised at random
        when it is loaded, what has another shape is refused, and what the config does not build is dropped
        without a word: the model that was trained is not the model that is compared, or run.
        Tensors are matched as transformers loads them, so experts stored one by one are no contradiction.

    Example:
        GLM-4.5-Air declares 46 layers, and its checkpoint holds a 47th, `model.layers.46`: a head that predicts
        a second token in training, which the class in transformers leaves out.

    What to do:
        Read the names in the finding's facts. Whole layers behind the last are prediction heads, and can be
        left; missing or misshapen tensors mean that the config belongs to another checkpoint.
    """
    old, new = contradictions(comparison.old), contradictions(comparison.new)
    if old != new:
        harmless = {kind for found in (old, new) for kind in found} <= {"unexpected"}
        yield Finding(
            message=f"{in_words(comparison.old, old)} → {in_words(comparison.new, new)}",
            old=Place(""),
            new=Place(""),
            facts={f"shipped.{kind}": (old.get(kind), new.get(kind)) for kind in KINDS if {kind} & {*old, *new}},
            impact="cosmetic" if harmless else "breaking",
        )
