"""Gather what a review judges: the model, its parents, and the evidence that was asked for."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import TYPE_CHECKING

from archdiff import api, packs
from archdiff.errors import ArchdiffError, SourceError, UsageError
from archdiff.graph.schema import ModelGraph
from archdiff.review.claims import NOTHING, Claims, Origin
from archdiff.review.material import Material, Parent
from archdiff.review.nearest import by_hub_id
from archdiff.review.subject import Subject
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from archdiff.report.code import CodeEntry
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.report.training_log import TrainingLogEntry
    from archdiff.review.signing import SignOff
    from archdiff.sources import Source
    from archdiff.weights.session import Wishes

    Doing = Callable[[str], AbstractContextManager[None]]

__all__ = ["Wanted", "gather", "subject_of"]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a review takes besides the model.

    Args:
        claims: of the publisher.
        against: references of models that NEW may be under another name.
        training_log: path of the log of the run; empty for none.
        tokenizers: references of models whose tokenizers are compared with NEW's.
        weights: what to read of the weights; None to read none.
        sign_off: signatures of earlier reviews; None where there is no such file.
        cached: whether results of earlier runs may be used, and these be kept.
    """

    claims: Claims = NOTHING
    against: tuple[str, ...] = ()
    training_log: str = ""
    tokenizers: tuple[str, ...] = ()
    weights: Wishes | None = None
    sign_off: SignOff | None = None
    cached: bool = True


def subject_of(reference: str, *, cached: bool = True) -> Subject:
    """The model under review.

    Raises:
        ArchdiffError: as `archdiff.load`.
    """
    return _subject(api.check(reference), reference, cached=cached)


def _subject(source: Source | ModelGraph, reference: str, *, cached: bool) -> Subject:
    graph = api.build(source, cached=cached)
    config = graph.config if isinstance(source, ModelGraph) else source.config
    return Subject(graph, api.portray(graph), config, reference)


def _nothing(_: str) -> AbstractContextManager[None]:
    return nullcontext()


def gather(reference: str, wanted: Wanted, doing: Doing = _nothing) -> Material:
    """Everything that the review of a model judges.

    A declared parent that cannot be resolved leaves its item open; one of `wanted.against` is an error.

    Args:
        reference: of the model.
        wanted: what else the review takes.
        doing: tells what is being done while a block runs.

    Raises:
        ArchdiffError: as `archdiff.load`; evidence that was asked for and cannot be read.
    """
    source = api.check(reference)
    suspects = [api.check(each) for each in wanted.against]
    with doing(f"building {reference}"):
        subject = _subject(source, reference, cached=wanted.cached)
    gathering = _Gathering(source, subject, wanted, doing)
    notes: list[str] = []
    parents = list(gathering.declared(notes))
    parents += [gathering.suspect(name, each, notes) for name, each in zip(wanted.against, suspects, strict=True)]
    return Material(
        subject=subject,
        claims=wanted.claims,
        parents=tuple(parents),
        lineage=gathering.lineage(notes),
        tokenizers=tuple(gathering.tokenizers(notes)),
        training_log=gathering.training_log(),
        code=tuple(gathering.code(parents, notes)),
        sign_off=wanted.sign_off,
        not_checked=tuple(notes),
    )


@dataclasses.dataclass(frozen=True)
class _Gathering:
    """The model, and how it is compared with others."""

    source: Source | ModelGraph
    subject: Subject
    wanted: Wanted
    doing: Doing

    def declared(self, notes: list[str]) -> Iterator[Parent]:
        """The parents that the claims file, then the model card, names; each once."""
        seen: set[str] = set()
        for parent in (*_claimed(self.wanted.claims), *self._on_the_card()):
            if parent.reference.lower() not in seen:
                seen.add(parent.reference.lower())
                yield self._compared(parent, notes)

    def _on_the_card(self) -> Iterable[Parent]:
        model = self.subject.portrait.model
        place = "catalogue" if model.kind == "catalogue" else "model card"
        return (Parent(each.base, each.relation, place) for each in model.lineage)

    def suspect(self, reference: str, source: Source | ModelGraph, notes: list[str]) -> Parent:
        """A model that the reviewer names."""
        return dataclasses.replace(Parent(reference, "", "--against"), report=self._report(reference, source, notes))

    def _compared(self, parent: Parent, notes: list[str]) -> Parent:
        try:
            source = self._resolve(parent.reference, notes)
            return dataclasses.replace(parent, report=self._report(parent.reference, source, notes))
        except ArchdiffError as error:
            return dataclasses.replace(parent, cause=printable(error.cause))

    def lineage(self, notes: list[str]) -> LineageEntry | None:
        """What the model declares, followed to the root; a model that names nothing readable has none."""
        try:
            return api.lineage(self.subject.reference)
        except ArchdiffError as error:
            notes.append(f"lineage: {printable(error.subject)} {error.cause}")
            return None

    def tokenizers(self, notes: list[str]) -> Iterator[tuple[str, TokenizerEntry]]:
        """Comparisons with the tokenizers that were asked for, and with the one that the claims file names."""
        own = self.subject.reference
        for reference in dict.fromkeys(self.wanted.tokenizers):
            with self.doing(f"comparing tokenizers with {reference}"):
                yield reference, api.tokenizers(reference, own)
        claimed = self.wanted.claims.values.get("tokenizer.origin")
        base = claimed.base if isinstance(claimed, Origin) else ""
        if base and base not in self.wanted.tokenizers:
            try:
                yield base, api.tokenizers(base, own)
            except ArchdiffError as error:
                notes.append(f"tokenizer of {base}: {printable(error.subject)} {error.cause}")

    def training_log(self) -> TrainingLogEntry | None:
        """The log that was given, read with the model in mind."""
        run, cached = self.wanted.training_log, self.wanted.cached
        if not run:
            return None
        with self.doing(f"reading {run}"):
            return api.training_log(run, model=self.subject.graph, cached=cached)

    def code(self, parents: Iterable[Parent], notes: list[str]) -> Iterator[tuple[str, CodeEntry]]:
        """Comparisons of modelling code with each parent and suspect."""
        for parent in parents:
            if parent.report is not None:
                try:
                    with self.doing(f"comparing code with {parent.reference}"):
                        entry = by_hub_id(parent.reference)
                        other = entry.name if entry is not None else parent.reference
                        yield parent.reference, api.code(other, self.subject.reference)
                except ArchdiffError as error:
                    notes.append(f"code of {parent.reference}: {printable(error.cause)}")

    def _resolve(self, reference: str, notes: list[str]) -> Source | ModelGraph:
        """The parent's entry of the catalogue, which takes no hub; the parent itself where weights are wanted."""
        entry = by_hub_id(reference)
        if entry is None:
            return api.check(reference)
        if self.wanted.weights is not None:
            try:
                return api.check(reference)
            except ArchdiffError as error:
                notes.append(f"weights of {reference}: {error.cause}")
        notes.append(f"parent {reference}: its architecture was read from the catalogue as {entry.name}")
        return api.check(entry.name)

    def _report(self, reference: str, source: Source | ModelGraph, notes: list[str]) -> Report:
        from archdiff.report.assemble import ALL

        with self.doing(f"comparing with {reference}"):
            graph = api.build(source, cached=self.wanted.cached)
            if self.wanted.weights is not None:
                try:
                    return self._weighed(source, graph, self.wanted.weights)
                except UsageError:
                    raise
                except SourceError as error:
                    notes.append(f"weights of {reference}: {printable(error.subject)} {error.cause}")
            return api.examine(graph, self.subject.graph, packs.load_rules(), ALL)

    def _weighed(self, source: Source | ModelGraph, graph: ModelGraph, wishes: Wishes) -> Report:
        from archdiff.report.assemble import ALL

        graphs = (graph, self.subject.graph)
        with api.weighed((source, self.source), graphs, wishes) as (comparison, check):
            evidence = check.carry_out(api.results(cached=self.wanted.cached))
        return api.examine(*graphs, packs.load_rules(), ALL, comparison=comparison, evidence=evidence)


def _claimed(claims: Claims) -> Iterator[Parent]:
    """Models that the claims file names, those of [origin] with how they are related."""
    for origin in claims.origins.values():
        if origin.base:
            yield Parent(origin.base, origin.relation, "claims file")
    code = claims.values.get("code.origin")
    if isinstance(code, Origin) and code.base:
        yield Parent(code.base, "", "claims file")
    yield from (Parent(reference, "derived", "claims file") for reference in claims.parents)
