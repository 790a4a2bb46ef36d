"""What may be said of each relation, and what must not: the specification of verdicts, as a table."""

from __future__ import annotations

import dataclasses
from typing import Literal

Descent = Literal["same", "descends", "stranger", "same-initialisation"]


@dataclasses.dataclass(frozen=True)
class Truth:
    """What holds of a relation.

    Args:
        descent: how NEW stands to OLD.
        verdicts: on the language model that find it.
        labels: sub-labels of which one at least should be named; empty where none is asked for.
    """

    descent: Descent
    verdicts: tuple[str, ...]
    labels: tuple[str, ...] = ()


CHANGED = ("derived",)
SEEN = ("derived", "transformed")
"""Of disguises an exact test may still see enough: value channels under permuted hidden units, rows that were kept."""

STRANGERS = ("independent", "inconclusive")

TRUTHS: dict[str, Truth] = {
    "identical": Truth("same", ("identical",)),
    "retyped-float32": Truth("same", ("identical",)),
    "retyped-float16": Truth("same", ("identical", "derived")),
    "fine-tuned": Truth("descends", CHANGED, ("fine-tuned", "continued")),
    "continued": Truth("descends", CHANGED, ("continued", "fine-tuned")),
    "adapter-merged": Truth("descends", CHANGED, ("adapter-merged",)),
    "frozen-embeddings": Truth("descends", CHANGED, ("fine-tuned", "frozen-part")),
    "frozen-layers": Truth("descends", CHANGED, ("frozen-part",)),
    "embeddings-retrained": Truth("descends", CHANGED, ("fine-tuned", "continued")),
    "vocabulary-resized": Truth("descends", CHANGED, ("fine-tuned", "continued")),
    "merged": Truth("descends", CHANGED, ("merged", "fine-tuned", "continued")),
    "sibling": Truth("descends", CHANGED, ("fine-tuned", "continued")),
    **{
        f"quantised-{method}": Truth("descends", CHANGED, ("quantised", "fine-tuned"))
        for method in ("int8", "int4", "fp8", "mxfp4", "Q8_0", "Q5_0", "Q4_0")
    },
    "unit-permuted": Truth("descends", SEEN, ("permuted",)),
    "head-permuted": Truth("descends", SEEN, ("permuted",)),
    "expert-permuted": Truth("descends", SEEN, ("permuted",)),
    "residual-permuted": Truth("descends", SEEN, ("permuted", "rotated")),
    "signed-permuted": Truth("descends", SEEN, ("permuted", "rotated")),
    "rotated": Truth("descends", SEEN, ("rotated",)),
    "rescaled": Truth("descends", SEEN, ("scaled",)),
    "disguised": Truth("descends", SEEN, ("permuted", "rotated", "scaled")),
    "pruned-width": Truth("descends", SEEN, ("pruned",)),
    "pruned-importance": Truth("descends", SEEN, ("pruned",)),
    "pruned-ranked": Truth("descends", SEEN, ("pruned", "permuted")),
    "pruned-residual": Truth("descends", SEEN, ("pruned",)),
    "pruned-depth": Truth("descends", SEEN, ("pruned",)),
    "depth-scaled": Truth("descends", SEEN, ("depth-scaled",)),
    "up-cycled": Truth("descends", SEEN, ("up-cycled",)),
    "shared-from-dense": Truth("descends", SEEN, ("up-cycled",)),
    "unit-permuted+fine-tuned": Truth("descends", SEEN, ("permuted",)),
    "disguised+fine-tuned": Truth("descends", SEEN, ("permuted", "rotated", "scaled")),
    "rotated+quantised-int4": Truth("descends", SEEN, ("rotated",)),
    "fine-tuned+quantised-fp8": Truth("descends", CHANGED, ("fine-tuned", "quantised", "continued")),
    "pruned-importance+continued": Truth("descends", SEEN, ("pruned",)),
    "pruned-depth+continued": Truth("descends", SEEN, ("pruned",)),
    "depth-scaled+continued": Truth("descends", SEEN, ("depth-scaled",)),
    "up-cycled+continued": Truth("descends", SEEN, ("up-cycled",)),
    "shared-from-dense+continued": Truth("descends", SEEN, ("up-cycled",)),
    "unit-permuted+up-cycled": Truth("descends", SEEN, ("up-cycled", "permuted")),
    **{
        f"stored-{name}": Truth("descends", CHANGED, ("quantised",))
        for name in ("fp8", "int8", "gptq", "awq", "mxfp4", "gguf-Q8_0", "gguf-Q4_0")
    },
    "stored-gguf-BF16": Truth("same", ("identical",)),
    "same-initialisation": Truth("same-initialisation", (*SEEN, "inconclusive")),
    **{
        name: Truth("stranger", STRANGERS)
        for name in (
            "other-seed",
            "other-data",
            "other-width",
            "other-class",
            "same-order",
            "distilled",
            "other-seed+fine-tuned",
            "other-seed+unit-permuted",
            "other-seed+disguised",
            "other-seed+quantised-int4",
        )
    },
}


def truth(relation: str) -> Truth:
    """What holds of a relation; a relation without an entry is a mistake here."""
    return TRUTHS[relation]
