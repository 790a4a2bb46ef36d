"""The two models that a command compares: checked at once, then built, then compared, with a word on what is done."""

from __future__ import annotations

import dataclasses
import gc
from typing import TYPE_CHECKING

from archdiff import api
from archdiff.cli.progress import doing, telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.graph.schema import ModelGraph
    from archdiff.report.assemble import Shown
    from archdiff.report.schema import Report
    from archdiff.rule import Rule
    from archdiff.sources import Source
    from archdiff.weights.plan import Plan
    from archdiff.weights.session import Wishes

__all__ = ["Pair"]


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two models that a command was given.

    Args:
        sources: of OLD and NEW.
        graphs: of OLD and NEW.
        cached: whether results of earlier runs may be used.
        parents: source and graph of other models that NEW may be merged from.
    """

    sources: tuple[Source | ModelGraph, Source | ModelGraph]
    graphs: tuple[ModelGraph, ModelGraph]
    cached: bool
    parents: tuple[tuple[Source | ModelGraph, ModelGraph], ...] = ()

    @classmethod
    def of(cls, old: str, new: str, *, cached: bool, parents: Sequence[str] = ()) -> Pair:
        """Check both references before the seconds that torch takes to import, then build.

        Raises:
            ArchdiffError: as `archdiff.api.load`.
        """
        sources = [api.check(reference) for reference in (old, new, *parents)]
        graphs = []
        for source in sources:
            with doing(f"building {source.name}"):
                graphs.append(api.build(source, cached=cached))
        others = tuple(zip(sources[2:], graphs[2:], strict=True))
        return cls((sources[0], sources[1]), (graphs[0], graphs[1]), cached, others)

    def compare(self, rules: Sequence[Rule], shown: Shown) -> Report:
        """Compare the architectures alone."""
        with doing("comparing"):
            return api.with_lineage(api.examine(*self.graphs, rules, shown), self.sources)

    def weigh(self, rules: Sequence[Rule], shown: Shown, wishes: Wishes) -> Report:
        """Compare architectures and weights.

        Raises:
            SourceError: a model has no weights, or they cannot be read.
        """
        gc.enable()  # arrays that a cycle keeps would add up
        with (
            telling("comparing weights") as tell,
            api.weighed(self.sources, self.graphs, wishes, self.parents) as (comparison, check),
        ):
            evidence = check.carry_out(api.results(cached=self.cached), tell)
        report = api.examine(*self.graphs, rules, shown, comparison=comparison, evidence=evidence)
        return api.with_lineage(report, self.sources)

    @staticmethod
    def speaks(wishes: Wishes) -> bool:
        """Whether this process reports: of several that `accelerate launch` started, the first alone does."""
        from archdiff.weights.measure import choose_device

        return choose_device(wishes.device).is_main

    def plan(self, wishes: Wishes) -> Plan:
        """What a weight check would read; nothing of it is read.

        Raises:
            SourceError: a model has no weights, or their headers cannot be read.
        """
        with doing("planning"), api.weighed(self.sources, self.graphs, wishes) as (_, check):
            return check.plan
