"""What weight checks against parents come to, for one part of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archdiff.review.entry import digest_of, evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.report.checklist import ItemEvidence
    from archdiff.report.weights import JudgementEntry
    from archdiff.review.material import Parent

__all__ = ["DEPENDENT", "Weighed", "architecture", "weighed"]

DEPENDENT = frozenset({"identical", "derived", "transformed"})
"""Verdicts that say that weights come from the same source."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The verdict on one part against one parent."""

    parent: Parent
    judgement: JudgementEntry

    @property
    def figures(self) -> str:
        """`hidden-units log10 p −312.5, routed-experts log10 p −80; power 0.06`, as far as there are any."""
        known = [f"{family} log10 p {value:g}" for family, value in self.judgement.log10_p.items() if value is not None]
        power = self.judgement.power
        return "; ".join([", ".join(known)] * bool(known) + [f"detectable row cosine {power:g}"] * (power is not None))

    @property
    def text(self) -> str:
        """Verdict, reason and figures in one line."""
        told = [f"{self.judgement.verdict} against {self.parent.reference}", *self.judgement.reasons[:1]]
        return "; ".join([*(part.rstrip(".") for part in told), *([self.figures] if self.figures else [])])

    @property
    def evidence(self) -> ItemEvidence:
        """The verdict as what an item rests on."""
        report = self.parent.report
        read = digest_of(report and report.old.digest, report and report.new.digest, self.judgement.model_dump())
        return evidence(self.text, f"weights, {self.judgement.component}", read)


def weighed(parents: Iterable[Parent], component: str) -> tuple[Weighed, ...]:
    """The verdicts on a part against each parent whose weights were compared."""
    return tuple(
        Weighed(parent, judgement)
        for parent in parents
        if parent.report is not None and parent.report.weights is not None
        for judgement in parent.report.weights.judgements
        if judgement.component == component
    )


def architecture(parent: Parent) -> tuple[ItemEvidence, ...]:
    """What the comparison of the architectures comes to, as what an item rests on."""
    report = parent.report
    if report is None:
        return ()
    told = " ".join(report.summary.sentences[:3]) or "No difference in architecture was found."
    where = next((finding.where for finding in report.findings if finding.impact == "breaking"), "the whole model")
    return (evidence(f"Against {parent.reference}: {told}", where, digest_of(report.old.digest, report.new.digest)),)
