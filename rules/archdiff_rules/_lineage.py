"""What the publisher of one of the two models declares of the other."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from archdiff.rule import ancestors
from archdiff_rules._names import layouts, renamed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Change, Comparison, ModelGraph, Value

__all__ = ["RELATIONS", "Claim", "claims", "contradictions", "undeclared"]

RELATIONS = MappingProxyType(
    {
        "finetune": "a fine-tune of",
        "quantized": "a quantised release of",
        "adapter": "an adapter of",
        "continued": "further trained from",
        "same-architecture": "of the same architecture as",
        "depth-upscaled": "scaled up in depth from",
        "upcycled": "up-cycled from",
        "merge": "merged from",
        "distilled": "distilled from",
    }
)
"""Declared relations, in words."""

_KEEPS_SHAPES = frozenset({"finetune", "quantized", "adapter", "continued", "same-architecture"})

_ALLOWED = ("vocabulary", "task_head", "prediction_heads.count", "dtype", "quantization.method")
"""Facts that may differ between a model and what was trained from it."""

_NEW_PARTS = frozenset({"module-added", "module-removed", "tensor-added", "tensor-removed"})


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """A declared parent that is the other model of the comparison.

    Args:
        derived: the model that declares it.
        base: the model that it names.
        relation: how the first comes from the second (`finetune`, `quantized`, …).
        side: which of the two declares it.
    """

    derived: ModelGraph
    base: ModelGraph
    relation: str
    side: Literal["old", "new"]

    def facts(self, name: str, value: Value) -> dict[str, tuple[Value, Value]]:
        """A fact of the model that declares; the other states nothing."""
        return {name: (value, None) if self.side == "old" else (None, value)}


def claims(comparison: Comparison) -> Iterator[Claim]:
    """Every declared relation between the two models, whichever of them declares it; hub ids ignore case."""
    old, new = comparison.old, comparison.new
    for derived, base, side in ((new, old, "new"), (old, new, "old")):
        named = base.source.get("hub_id")
        for parent in derived.source.get("lineage") or ():
            if named and str(parent["base"]).lower() == str(named).lower():
                yield Claim(derived, base, str(parent["relation"]), "new" if side == "new" else "old")


def contradictions(comparison: Comparison, claim: Claim) -> tuple[Change, ...]:
    """Breaking changes that the declared relation does not allow.

    A shared architecture allows other sizes; every relation allows other names and layouts of the same tensors.
    """
    if claim.relation not in _KEEPS_SHAPES:
        return ()
    same = {change.id for change in _same_tensors(comparison)}
    found = [change for change in comparison.select(impact="breaking") if change.id not in same]
    if claim.relation == "same-architecture":
        return tuple(change for change in found if change.kind in _NEW_PARTS and change.role != "layer")
    allowed = {change.id for fact in _ALLOWED for d in comparison.differences(fact) for change in d.explains}
    return tuple(change for change in found if change.id not in allowed)


def undeclared(comparison: Comparison) -> bool:
    """Whether both models are published, and all that is declared of either leads to no weights of the other.

    Two models with a declared ancestor in common are related. A model without a hub id is nobody's to declare, and
    what a base comes from that the catalogue does not have is not known: of these nothing is said.
    """
    lines = [_line(graph) for graph in (comparison.old, comparison.new)]
    return None not in lines and not set.intersection(*(line for line in lines if line is not None))


def _line(graph: ModelGraph) -> set[str] | None:
    """The model and its declared ancestors, in lower case; None where that is not known to the root."""
    own = graph.source.get("hub_id")
    parents = [item for item in graph.source.get("lineage") or () if item["relation"] != "same-architecture"]
    bases = [str(item["base"]).lower() for item in parents]
    further = [ancestors(base) for base in bases]
    if not own or None in further:
        return None
    return {str(own).lower(), *bases}.union(*(line for line in further if line is not None))


def _same_tensors(comparison: Comparison) -> Iterator[Change]:
    yield from renamed(comparison)
    for layout in layouts(comparison):
        if sum(change.parameters for change in layout.changes) == 0:
            yield from layout.changes
