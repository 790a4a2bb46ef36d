"""The two models that a command compares: checked at once, then built, then compared, with a word on what is done."""

from __future__ import annotations

import dataclasses
import gc
from typing import TYPE_CHECKING

from archdiff import api
from archdiff.cli.progress import doing, telling
from archdiff.report.beside import tokenizers as as_rules_read
from archdiff.report.beside import with_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.compare.comparison import Comparison
    from archdiff.graph.schema import ModelGraph
    from archdiff.report.assemble import Shown
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.rule import Rule
    from archdiff.sources import Source
    from archdiff.weights.plan import Plan
    from archdiff.weights.session import Wishes

__all__ = ["Pair"]


def _beside(comparison: Comparison, tokenizers: TokenizerEntry | None) -> Comparison:
    return comparison if tokenizers is None else comparison.with_tokenizers(as_rules_read(tokenizers))


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

    def compare(self, rules: Sequence[Rule], shown: Shown, tokenizers: TokenizerEntry | None = None) -> Report:
        """Compare the architectures.

        Args:
            rules: to run.
            shown: which findings the report shows.
            tokenizers: of the two, compared; None where they were not.
        """
        from archdiff.compare import compare

        with doing("comparing"):
            comparison = _beside(compare(*self.graphs), tokenizers)
            return self._told(api.examine(*self.graphs, rules, shown, comparison=comparison), tokenizers)

    def weigh(
        self, rules: Sequence[Rule], shown: Shown, wishes: Wishes, tokenizers: TokenizerEntry | None = None
    ) -> Report:
        """Compare architectures and weights; arguments as of `compare`.

        Raises:
            SourceError: a model has no weights, or they cannot be read.
        """
        gc.enable()  # arrays that a cycle keeps would add up
        with (
            telling("comparing weights") as tell,
            api.weighed(self.sources, self.graphs, wishes, self.parents) as (comparison, check),
        ):
            evidence = check.carry_out(api.results(cached=self.cached), tell)
        comparison = _beside(comparison, tokenizers)
        report = api.examine(*self.graphs, rules, shown, comparison=comparison, evidence=evidence)
        return self._told(report, tokenizers)

    def _told(self, report: Report, tokenizers: TokenizerEntry | None) -> Report:
        report = api.with_lineage(report, self.sources)
        return report if tokenizers is None else with_tokenizer(report, tokenizers)

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
