"""Places, findings, changes and models, as the report has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.changes import ranges
from archdiff.compare.comparison import where
from archdiff.packs import impact_of
from archdiff.report import figures
from archdiff.report.schema import (
    AlignedStack,
    ChangeEntry,
    FactChange,
    FindingEntry,
    Lineage,
    ModelEntry,
    PlaceEntry,
)
from archdiff.report.values import clean, fingerprint, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.compare.changes import Change, Place
    from archdiff.compare.comparison import StackAlignment
    from archdiff.graph.schema import ModelGraph
    from archdiff.report.schema import Block
    from archdiff.rule import Finding, Rule

__all__ = ["aligned", "change_entry", "finding_entry", "model_entry", "place_entry"]


def place_entry(place: Place | None) -> PlaceEntry | None:
    """A place, with its layers as runs."""
    if place is None:
        return None
    return PlaceEntry(path=clean(place.path), layers=ranges(place.layers), text=clean(place.text))


def finding_entry(rule: Rule, finding: Finding) -> FindingEntry:
    """A finding, under the rule that noticed it."""
    old, new = place_entry(finding.old), place_entry(finding.new)
    stated = sorted(finding.facts.items())
    facts = tuple(FactChange(name=clean(name), old=plain(a), new=plain(b)) for name, (a, b) in stated)
    return FindingEntry(
        rule=rule.id,
        impact=impact_of(rule, finding),
        confidence=finding.confidence,
        message=clean(finding.message),
        where=clean(where(finding.old, finding.new)),
        old=old,
        new=new,
        facts=facts,
        parameters=finding.parameters,
        changes=tuple(dict.fromkeys(change.id for change in finding.explains)),
        fingerprint=fingerprint(rule.id, _located(old), _located(new), [[f.name, f.old, f.new] for f in facts]),
    )


def _located(place: PlaceEntry | None) -> list[object] | None:
    return [place.path, place.layers] if place is not None else None


def change_entry(change: Change, explained_by: Sequence[str]) -> ChangeEntry:
    """A change, with the ids of the rules that explain it."""
    return ChangeEntry(
        id=change.id,
        kind=change.kind,
        impact=change.impact,
        confidence=change.confidence,
        role=change.role,
        subject=clean(change.subject),
        old=place_entry(change.old),
        new=place_entry(change.new),
        before=plain(change.before),
        after=plain(change.after),
        axes=change.axes,
        parameters=change.parameters,
        explained_by=tuple(explained_by),
        inert=change.inert,
    )


def aligned(stack: StackAlignment) -> AlignedStack:
    """How two stacks correspond."""
    return AlignedStack(
        old=stack.old,
        new=stack.new,
        matched=stack.matched,
        added=stack.added,
        removed=stack.removed,
        ambiguous=stack.ambiguous,
    )


def model_entry(graph: ModelGraph, blocks: Sequence[Block]) -> ModelEntry:
    """One model: where it comes from, its figures, and its folded graph."""
    (stated, varying), source = figures.facts(graph), graph.source
    depth = stated.get("layers")
    return ModelEntry(
        name=clean(graph.name),
        reference=clean(str(graph.attributes["reference"])),
        kind=str(source.get("kind", "")),
        hub_id=_optional(source.get("hub_id")),
        revision=_optional(source.get("revision")),
        licence=_optional(source.get("licence")),
        released=_optional(source.get("released")),
        digest=str(source.get("digest", "")),
        lineage=tuple(Lineage(base=clean(str(i["base"])), relation=str(i["relation"])) for i in source["lineage"]),
        model_type=clean(graph.model_type),
        class_name=clean(graph.class_name),
        parameters=graph.parameters,
        active_parameters=figures.active_parameters(graph),
        layers=depth if isinstance(depth, int) else max(map(len, graph.stacks.values()), default=0),
        facts={name: plain(value) for name, value in stated.items()},
        varying={name: tuple(map(plain, values)) for name, values in varying.items()},
        traced=any(node.program is not None for node in graph.nodes.values()),
        notes=tuple(map(clean, graph.notes)),
        blocks=tuple(blocks),
    )


def _optional(value: object) -> str | None:
    return None if value is None else clean(str(value))
