"""Weight evidence as a picture: for each component the layers that match, and how far apart its elements are."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.render import weights_heatmap, weights_histogram
from archdiff.render.svgfile import SvgFile, width_of
from archdiff.render.weights_words import figure, listed, matches, plainly
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.render import WeightsView
    from archdiff.report.schema import Report
    from archdiff.report.weights import ElementsEntry, JudgementEntry, LayerMapEntry, WeightsEntry

__all__ = ["svg", "text"]

_LEFT, _RIGHT, _HEAD = 76, 28, 66
_BESIDE = _LEFT + weights_heatmap.WIDEST + 190
"""Where a histogram begins that stands beside a heat map."""

_ABOVE, _BETWEEN = 62, 26
"""Pixels for the titles of a component, and between components."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Panel:
    """What is drawn of a component: a map, a histogram beside it, or one of the two."""

    title: str
    figures: str
    found: LayerMapEntry | None
    elements: Sequence[ElementsEntry]

    @property
    def height(self) -> float:
        """Pixels below the titles."""
        map_ = weights_heatmap.height(self.found) if self.found is not None else 0.0
        return max(map_, weights_histogram.HEIGHT if self.elements else 0.0)


def text(view: WeightsView) -> str:
    """The picture of a weight check, as `svg`."""
    return svg(view.report)


def svg(report: Report) -> str:
    """The picture as SVG: a heat map for each layer map, a histogram for each component with element-wise figures.

    Colours are one hue of falling lightness; what is matched is outlined, and what was not tested is hatched.

    Args:
        report: of a comparison; where weights were not compared, the picture says so.
    """
    out, names = SvgFile(), f"{report.old.name} → {report.new.name}"
    panels = list(_panels(report.weights)) if report.weights is not None else []
    histogram = _BESIDE if any(panel.found is not None for panel in panels) else _LEFT
    width = histogram + weights_histogram.WIDTH + _RIGHT
    _told(out, (24, 30), names, 16, width)
    _told(out, (24, 50), _subtitle(report.weights, drawn=bool(panels)), 11, width)
    below: float = _HEAD
    for panel in panels:
        _draw(out, panel, below, width)
        below += _ABOVE + panel.height + _BETWEEN
    return out.source(width, below + 10, f"Weight evidence: {names}")


def _panels(weights: WeightsEntry) -> Iterator[_Panel]:
    """Each component's maps, the first with the histogram beside it; a component with neither is not drawn."""
    for judgement in weights.judgements:
        maps = [found for found in weights.maps if found.component == judgement.component]
        elements = [pair for pair in weights.elements if pair.component == judgement.component]
        shown = elements if sum(weights_histogram.pooled(elements)) else []
        title = f"{plainly(judgement.component)}: {judgement.verdict}"
        if maps or shown:
            first = maps[0] if maps else None
            yield _Panel(title, _figures(judgement, first), first, shown)
        for found in maps[1:]:
            yield _Panel(f"{title} ({found.stacks[1]})", _figures(judgement, found), found, ())


def _subtitle(weights: WeightsEntry | None, *, drawn: bool) -> str:
    if weights is None:
        return "weights: not compared"
    return "cells: −log10 p of two layers; bars: share of elements" if drawn else "neither layers nor elements compared"


def _draw(out: SvgFile, panel: _Panel, top: float, width: float) -> None:
    _told(out, (24, top + 20), panel.title, 14, width)
    _told(out, (24, top + 38), panel.figures, 11, width)
    if panel.found is not None:
        weights_heatmap.draw(out, panel.found, (_LEFT, top + _ABOVE))
    weights_histogram.draw(out, panel.elements, (_LEFT if panel.found is None else _BESIDE, top + _ABOVE))


def _figures(judgement: JudgementEntry, found: LayerMapEntry | None) -> str:
    """Labels, p, power and the map in one line."""
    parts = [listed(judgement.labels, 4)] if judgement.labels else []
    parts += [f"log10 p {figure(value)} ({plainly(name)})" for name, value in judgement.log10_p.items()]
    parts += [f"power: row cosine {figure(judgement.power)}"] if judgement.power is not None else []
    parts += [matches(found, 3)] if found is not None else []
    return "; ".join(parts)


def _told(out: SvgFile, at: tuple[float, float], words: str, size: float, width: float) -> None:
    """A line that is cut where the picture ends."""
    room = int((width - at[0] - _RIGHT) / width_of("m", size))
    out.words(at, printable(printable(words), room), size, bold=size > 11)
