"""Declared lineage in a report: from a model to its root, with licences; a table of them is no legal advice."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from archdiff import reference
from archdiff.evidence import licences
from archdiff.report.values import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.evidence.lineage import Chain, Known
    from archdiff.graph.schema import ModelGraph
    from archdiff.report.weights import WeightsEntry
    from archdiff.sources import Source

__all__ = [
    "NO_ADVICE",
    "LicenceEntry",
    "LineageEntry",
    "LineageStep",
    "against_weights",
    "lineage_entries",
    "lineage_entry",
]

NO_ADVICE = "This is a table of well-known licences, no legal advice; have a person read both licences."
"""Stands wherever licences are compared."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LineageStep(_Model):
    """One declaration: a model names another as what it was made from."""

    model: str
    base: str
    relation: str = Field(
        description="`finetune`, `quantized`, `adapter`, `merge`, `continued`, …; `loaded-from` where a config names "
        "the model that it was saved from, `unstated` where no relation is declared"
    )
    declared_in: str = Field(description="`model card`, `config`, `adapter config`, `GGUF metadata`, `catalogue`, …")
    found: str = Field(
        default="", description="where the base was found: `catalogue`, `hub`, …; empty where it was not"
    )


class LicenceEntry(_Model):
    """The licence of one model of the chain, and what it asks for."""

    model: str
    declared: str
    declared_in: str = Field(default="", description="`model card`, `GGUF metadata`, `catalogue`, …")
    spdx: str | None = Field(description="SPDX identifier; None where it has none")
    conditions: tuple[str, ...] = Field(description="`attribution`, `naming`, `field-of-use`, `share-alike`, …")
    source: str = Field(description="where the text is published; empty for a licence that the table does not have")


class LineageEntry(_Model):
    """What a model declares about where it comes from, followed to the root."""

    model: str
    chain: tuple[LineageStep, ...] = Field(description="from the model to its roots; several where it is a merge")
    roots: tuple[str, ...]
    licences: tuple[LicenceEntry, ...]
    contradictions: tuple[str, ...] = Field(description="between declarations, or with structure or weights")
    inherited: tuple[str, ...] = Field(
        default=(), description="licences of the chain that grant what one further up forbids or conditions"
    )
    not_followed: tuple[str, ...] = Field(description="what a step could not be followed to, and why")
    limits: tuple[str, ...] = (NO_ADVICE,)

    @property
    def is_bare(self) -> bool:
        """Whether nothing is declared, a licence neither."""
        return not (self.chain or self.licences or self.contradictions or self.not_followed)


def lineage_entry(chain: Chain, contradictions: Iterable[str] = ()) -> LineageEntry:
    """What a report says of a chain of declarations.

    Args:
        chain: as it was followed.
        contradictions: further ones, as `against_weights` finds them.
    """
    steps = (
        LineageStep(
            model=clean(step.model),
            base=clean(step.base),
            relation=clean(step.relation),
            declared_in=", ".join(step.declared_in),
            found=step.found,
        )
        for step in chain.steps
    )
    return LineageEntry(
        model=clean(chain.model.title),
        chain=tuple(steps),
        roots=tuple(map(clean, chain.roots)),
        licences=tuple(entry for known in chain.models for entry in _licences(known)),
        contradictions=tuple(map(clean, dict.fromkeys([*chain.contradictions, *contradictions]))),
        inherited=tuple(map(clean, dict.fromkeys(_inherited(chain)))),
        not_followed=tuple(map(clean, chain.not_followed)),
    )


def lineage_entries(
    models: tuple[Source | ModelGraph, Source | ModelGraph], weights: WeightsEntry | None
) -> tuple[LineageEntry, LineageEntry]:
    """The same of two models that were compared, told without asking the hub.

    Args:
        models: OLD and NEW.
        weights: of the two; None where they were not compared.
    """
    old, new = map(_chain, models)
    return (
        lineage_entry(old, against_weights(old, new.model.hub_id, weights)),
        lineage_entry(new, against_weights(new, old.model.hub_id, weights)),
    )


def _chain(model: Source | ModelGraph) -> Chain:
    from archdiff.evidence.lineage import follow, follow_graph, follow_source
    from archdiff.graph.schema import ModelGraph

    if isinstance(model, ModelGraph):
        return follow_graph(model.name, model.source)
    is_near = reference.parse(model.reference).kind in ("path", "catalogue")
    return follow(model.reference, "near") if is_near else follow_source(model)


def against_weights(chain: Chain, other: str | None, weights: WeightsEntry | None) -> tuple[str, ...]:
    """What a weight check says against the declared relation of a model to the one that it was compared with.

    Args:
        chain: of the model.
        other: hub id of the model that it was compared with; None where that is not known.
        weights: of the two; None where they were not compared.
    """
    if other is None or weights is None:
        return ()
    from archdiff.evidence.lineage import keeps_weights

    judged = [item.verdict for item in weights.judgements if item.component == "language-model"]
    direct = [step for step in chain.steps if step.model == chain.model.title and step.base.lower() == other.lower()]
    return tuple(
        f"{step.model} declares {step.relation} of {step.base}, and no dependence of its weights on it was detected"
        for step in direct
        if "independent" in judged and keeps_weights(step.relation)
    )


def _licences(known: Known) -> Iterator[LicenceEntry]:
    """One entry for each licence that a model declares, by whatever spelling."""
    seen: set[str] = set()
    for place, declared in known.licences:
        row = licences.find(declared)
        name = row.name if row is not None else declared.lower()
        if name not in seen:
            seen.add(name)
            yield LicenceEntry(
                model=clean(known.title),
                declared=clean(declared),
                declared_in=place,
                spdx=row.spdx if row is not None else None,
                conditions=row.conditions if row is not None else (),
                source=row.source if row is not None else "",
            )


def _inherited(chain: Chain) -> Iterator[str]:
    models = {known.title.lower(): known for known in chain.models}
    for known in chain.models:
        further = [models[title] for title in chain.ancestors(known.title) if title in models]
        for base in further:
            yield from _grants_more(known, base)


def _grants_more(known: Known, base: Known) -> Iterator[str]:
    for (_, own), (_, its) in itertools.product(known.licences, base.licences):
        derived, inherited = licences.find(own), licences.find(its)
        if derived is not None and inherited is not None and licences.conflicts(inherited, derived):
            yield (
                f"{known.title} declares {own}, and comes from {base.title} under {its}, which {inherited.asks}: "
                "to be read by a person"
            )
