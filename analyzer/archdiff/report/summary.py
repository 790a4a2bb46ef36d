"""The comparison in a few figures and sentences, the most telling first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS
from archdiff.report.schema import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.report.schema import FindingEntry, Impact, ModelEntry

__all__ = ["MOST", "amount", "summarize"]

MOST = 6
"""Sentences."""

_TELLING = (
    "declared-lineage-contradicted",
    "weights-identical",
    "weights-derived",
    "weights-transformed",
    "layers-copied",
    "experts-upcycled",
    "frozen-component",
    "weights-independent",
    "weights-inconclusive",
    "remote-code-required",
    "same-architecture-renamed",
    "shared-experts-added",
    "shared-experts-removed",
    "experts-added",
    "experts-removed",
    "modality-added",
    "modality-removed",
    "mixer-replaced",
    "dense-layers-removed",
    "dense-layers-added",
    "attention-kind-changed",
    "layers-added",
    "layers-removed",
    "hidden-size-changed",
    "expert-count-changed",
    "experts-per-token-changed",
    "expert-width-changed",
    "query-heads-changed",
)
"""Rules that say more of what kind of model it is than their parameters do, the most telling first."""

_IDENTICAL = "No difference in architecture was found."
_COSMETIC = "The same architecture: OLD's weights fit and compute the same."
_UNREAD = "OLD's weights fit; without a config it is not known what they compute."
_FITTING = "OLD's weights fit, and compute something else."


def summarize(
    old: ModelEntry, new: ModelEntry, findings: Sequence[FindingEntry], worst: Impact | None, changes: int
) -> Summary:
    """Condense a comparison.

    Args:
        old: OLD.
        new: NEW.
        findings: those that the report shows.
        worst: impact of the whole comparison, whatever is shown; None without a difference.
        changes: number of changes.
    """
    counted = {impact: sum(finding.impact == impact for finding in findings) for impact in IMPACTS}
    return Summary(
        impact=next((impact for impact in IMPACTS if counted[impact]), None),
        findings=counted,
        changes=changes,
        same_architecture=worst in (None, "cosmetic"),
        sentences=(
            *(opening := _opening(worst, read=bool(old.class_name and new.class_name))),
            *_told(findings, _figures(old, new), MOST - len(opening)),
        ),
    )


def _opening(worst: Impact | None, *, read: bool) -> tuple[str, ...]:
    """What it comes to; `read` tells whether a config says what both compute."""
    if worst == "breaking":
        return ()
    return ({None: _IDENTICAL, "cosmetic": _COSMETIC if read else _UNREAD, "behavioral": _FITTING}[worst],)


def _told(findings: Sequence[FindingEntry], figures: Sequence[str], room: int) -> tuple[str, ...]:
    """The most telling findings, and the figures after them."""
    ranked = sorted(findings, key=_rank)
    sentences = dict.fromkeys(_sentence(finding) for finding in ranked)
    return (*list(sentences)[: room - len(figures)], *figures)


def _rank(finding: FindingEntry) -> tuple[int, int, int]:
    """Telling rules first; then the worst impact; then the most parameters."""
    telling = _TELLING.index(finding.rule) if finding.rule in _TELLING else len(_TELLING)
    return telling, IMPACTS.index(finding.impact), -abs(finding.parameters)


def _sentence(finding: FindingEntry) -> str:
    text = finding.message.strip().rstrip(".")
    where = f" ({finding.where})" if finding.where.startswith("layer") and "layer" not in text else ""
    return f"{text[:1].upper()}{text[1:]}{where}."


def _figures(old: ModelEntry, new: ModelEntry) -> tuple[str, ...]:
    """What everyone asks first: `36 → 48 layers; 116.8 B → 102.7 B parameters.`"""
    parts = []
    if old.layers != new.layers:
        parts.append(f"{old.layers:,} → {new.layers:,} layers")
    if old.parameters != new.parameters:
        parts.append(f"{amount(old.parameters)} → {amount(new.parameters)} parameters")
    if None not in (used := (new.active_parameters, old.active_parameters)) and used[0] != used[1]:
        parts.append(f"{amount(used[1] or 0)} → {amount(used[0] or 0)} active for one token")
    return (f"{'; '.join(parts)}.",) if parts else ()


def amount(number: int) -> str:
    """A number of parameters in four digits: `102.7 B`, `8.03 B`, `755.0 M`, `4,096`."""
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6)):
        if abs(number) >= size:
            digits = 2 if abs(number) < 10 * size else 1
            return f"{number / size:.{digits}f} {unit}"
    return f"{number:,}"
