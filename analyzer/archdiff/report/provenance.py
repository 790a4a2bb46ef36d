"""From weight evidence to what rules read: one verdict for each component, and where it stands in both models."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.compare.changes import Place
from archdiff.compare.provenance import Provenance
from archdiff.report.values import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archdiff.compare.comparison import Comparison
    from archdiff.graph.schema import ModelGraph, Value
    from archdiff.weights.evidence import Evidence, Judgement, Test

__all__ = ["CERTAIN", "folded", "provenances"]

CERTAIN = -12.0
"""log10 of the p-value from which a copy is called one (statistics.md, 5)."""

_ROLES: Mapping[str, frozenset[str]] = MappingProxyType({
    "vision-tower": frozenset({"vision-tower"}),
    "audio-tower": frozenset({"audio-tower"}),
    "projector": frozenset({"projector"}),
    "embeddings": frozenset({"embedding", "position-embedding", "token-type-embedding"}),
    "heads": frozenset({"lm-head"}),
    "prediction": frozenset({"mtp"}),
})  # fmt: skip
"""Roles of the modules that a component consists of, as `weights.pairing` has it; the language model is the rest."""

_APART = frozenset({"vision-tower", "audio-tower", "projector", "mtp"})


def provenances(evidence: Evidence, comparison: Comparison) -> tuple[Provenance, ...]:
    """What a weight check says of each component, in the order of its judgements.

    Args:
        evidence: of the weights of OLD and NEW.
        comparison: of the same two models; says where components stand.
    """
    return tuple(_provenance(judgement, evidence, comparison) for judgement in evidence.judgements)


def _provenance(judgement: Judgement, evidence: Evidence, comparison: Comparison) -> Provenance:
    component = judgement.component
    old, new = (_place(graph, component) for graph in (comparison.old, comparison.new))
    return Provenance(
        component=component,
        verdict=judgement.verdict,
        labels=judgement.labels,
        old=old if old or new else Place(""),
        new=new if old or new else Place(""),
        reasons=judgement.reasons,
        figures=MappingProxyType(dict(_figures(judgement, evidence))),
        frozen=judgement.frozen,
        copied=tuple(_copied(evidence, component)),
        upcycled=folded((test.new, test.layer) for test in _upcycling(evidence, component)),
    )


def folded(labels: Iterable[tuple[str, int | None]]) -> tuple[str, ...]:
    """Places in words, those that differ in the number of their layer alone as one: `layers.0–31 experts`.

    Args:
        labels: where, in words, and the number of the layer in it; None where it stands in none.
    """
    found: dict[str, set[int]] = {}
    for label, layer in labels:
        pattern = label if layer is None else re.sub(rf"\.{layer}(?=\s|$)", ".*", label, count=1)
        found.setdefault(pattern, set()).update(() if layer is None or pattern == label else (layer,))
    return tuple(Place(pattern, tuple(sorted(layers))).text for pattern, layers in found.items())


def _copied(evidence: Evidence, component: str) -> Iterator[tuple[int, int]]:
    for layer_map in evidence.maps:
        if layer_map.component == component and layer_map.log10_p <= CERTAIN:
            pairs = enumerate(layer_map.map)
            yield from ((new, old) for new, old in pairs if old is not None and new != old)


def _upcycling(evidence: Evidence, component: str) -> Iterator[Test]:
    """Those that found an expert of NEW in a feed-forward of OLD, with their controls in order."""
    for test in evidence.tests:
        if (test.family, test.component) != ("upcycling", component) or test.log10_p is None:
            continue
        if test.log10_p <= CERTAIN and all(control.passed for control in test.controls):
            yield test


def _figures(judgement: Judgement, evidence: Evidence) -> Iterator[tuple[str, Value]]:
    """For programs and messages, by name; those that were not measured are left out."""
    measured: dict[str, float | None] = {f"log10_p.{name}": value for name, value in judgement.log10_p.items()}
    maps = [found.log10_p for found in evidence.maps if found.component == judgement.component]
    upcycled = [test.log10_p for test in _upcycling(evidence, judgement.component)]
    for name, values in (("layer-map", maps), ("upcycling", upcycled)):
        if known := [value for value in values if value is not None]:
            measured[f"log10_p.{name}"] = min(known)
    measured |= {"power": judgement.power, **_differences(judgement.component, evidence)}
    for name, value in measured.items():
        if (told := value if isinstance(value, int) else rounded(value)) is not None:
            yield name, told
    yield "controls", len(judgement.controls)
    yield "controls_failed", sum(not control.passed for control in judgement.controls)


def _differences(component: str, evidence: Evidence) -> dict[str, float | None]:
    """Of all pairs of tensors together: their number, the elements, how many are equal, and how far apart the rest."""
    found = [each for each in evidence.elements if each.component == component and each.count]
    elements = sum(each.count for each in found)
    if not found:
        return {}
    read = [each for each in found if not each.digest]
    norm = math.hypot(*(each.norms[0] for each in read))
    difference = math.hypot(*(each.difference for each in read))
    return {
        "pairs": len(found),
        "elements": elements,
        "share_equal": sum(each.equal for each in found) / elements,
        "relative_difference": difference / norm if norm and len(read) == len(found) else None,
    }


def _place(graph: ModelGraph, component: str) -> Place | None:
    """Where a component stands in a model: the innermost module that holds all of it; None where it has none."""
    apart = _outermost(graph, _APART)
    if component != "language-model":
        roles = _ROLES.get(component, frozenset())
        roots = _outermost(graph, roles)
        within = roots if roles <= _APART else [root for root in roots if not _is_in(root, apart)]
        return Place(_around(within)) if within else None
    stacks = [stack for stack in graph.stacks if not _is_in(stack, apart)]
    if len(stacks) != 1:
        return Place("") if stacks else None
    return Place(f"{stacks[0]}.*", tuple(range(len(graph.stacks[stacks[0]]))))


def _outermost(graph: ModelGraph, roles: frozenset[str]) -> list[str]:
    """Modules of the roles that stand in no other one of them."""
    found: list[str] = []
    for key, node in graph.nodes.items():
        if node.role in roles and key and not _is_in(key, found):
            found.append(key)
    return found


def _is_in(key: str, roots: Iterable[str]) -> bool:
    return any(key == root or key.startswith(f"{root}.") for root in roots)


def _around(roots: list[str]) -> str:
    """The dotted path that all have in common."""
    common: list[str] = []
    for names in zip(*(root.split(".") for root in roots), strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return ".".join(common)
