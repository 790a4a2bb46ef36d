"""What a weight check says of one component, in the terms that rules read."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.compare.changes import Place
    from archdiff.graph.schema import Value

__all__ = ["Provenance"]


@dataclasses.dataclass(frozen=True, slots=True)
class Provenance:
    """The verdict on the weights of one component.

    Args:
        component: `language-model`, `vision-tower`, ….
        verdict: `identical`, `derived`, `transformed`, `independent`, `inconclusive`.
        labels: sub-labels: `fine-tuned`, `continued`, `adapter-merged`, `frozen-part`, `quantised`, `permuted`,
            `rotated`, `scaled`, `pruned`, `depth-scaled`, `up-cycled`, `merged`.
        old: where the component stands in OLD.
        new: where it stands in NEW.
        reasons: sentences, the most telling first.
        figures: by name, for programs: `log10_p.hidden-units`, `power`, `share_equal`, ….
        frozen: parts of it that are equal in every element, in words, while others are not.
        copied: layers of NEW that were copied, and the layer of OLD each was copied from, where they are not the same
            in order.
        upcycled: places in NEW whose experts match one feed-forward of OLD, in words.
    """

    component: str
    verdict: Literal["identical", "derived", "transformed", "independent", "inconclusive"]
    labels: tuple[str, ...] = ()
    old: Place | None = None
    new: Place | None = None
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, Value] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    frozen: tuple[str, ...] = ()
    copied: tuple[tuple[int, int], ...] = ()
    upcycled: tuple[str, ...] = ()
