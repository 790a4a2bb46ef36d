"""Figures, places and layer maps of weight evidence in words."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from archdiff.report.provenance import CERTAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.report.weights import LayerMapEntry

__all__ = [
    "INFINITE",
    "NOTHING",
    "amount_of",
    "figure",
    "layer_map",
    "listed",
    "matches",
    "plainly",
    "runs",
    "share",
]

NOTHING = "–"
"""Where nothing was measured."""

INFINITE = 1e308
"""What the report has for infinity, which JSON has not."""

_RUNS = 8
"""Runs of layers that a line lists; the report holds the whole map."""


def figure(value: float | None, digits: int = 3) -> str:
    """A measured number, with a minus sign that is one: `−312`, `0.0412`."""
    if value is None:
        return NOTHING
    shown = "∞" if abs(value) >= INFINITE else f"{abs(value):.{digits}g}"
    return f"−{shown}" if value < 0 else shown


def share(part: int, whole: int) -> str:
    """A share in per cent, which is 0 or 100 only where it is none or all: `12.3 %`, `> 99.9 %`."""
    if not whole:
        return NOTHING
    if part in {0, whole}:
        return "100 %" if part else "0 %"
    shown = f"{100 * part / whole:.3g}"
    if shown == "100":
        return "> 99.9 %"
    return f"{shown} %" if float(shown) >= 0.001 else "< 0.001 %"


def amount_of(size: int) -> str:
    """Bytes in three digits: `1.18 GiB`, `512 bytes`."""
    for unit, least in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= least:
            value = size / least
            return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    return f"{size:,} bytes"


def plainly(name: str) -> str:
    """A name of ours in words: `hidden-units` → `hidden units`."""
    return name.replace("-", " ")


def listed(texts: Sequence[str], most: int = 8) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return f"{', '.join(texts[:most])}{more}"


def layer_map(found: LayerMapEntry) -> str:
    """`layer map: layers 0–23 in place, 24–47 ← 8–31; log10 p −200`."""
    matched = any(old is not None for old in found.map)
    sure = found.log10_p is not None and found.log10_p <= CERTAIN
    doubt = ", not certain" if matched and not sure else ""
    return f"layer map: {matches(found)}; log10 p {figure(found.log10_p)}{doubt}"


def matches(found: LayerMapEntry, most: int = _RUNS) -> str:
    """Which layers of OLD those of NEW were matched with: `layers 0–23 in place, 24–47 ← 8–31`."""
    pairs = [(new, old) for new, old in enumerate(found.map) if old is not None]
    if not pairs:
        return "no layer matched"
    without = len(found.map) - len(pairs)
    told = f"{'layer' if len(pairs) == 1 else 'layers'} {listed(runs(pairs), most)}"
    return f"{told}; {without:,} without a match" if without else told


def runs(pairs: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Layers of NEW and the layers of OLD they match, neighbours as one: `0–23 in place`, `24–47 ← 8–31`.

    Args:
        pairs: number in NEW and number in OLD, ascending by the first.
    """
    numbered = enumerate(pairs)
    grouped = itertools.groupby(numbered, key=lambda item: (item[1][0] - item[0], item[1][1] - item[0]))
    return tuple(_run([pair for _, pair in group]) for _, group in grouped)


def _run(pairs: Sequence[tuple[int, int]]) -> str:
    new, old = (f"{a}" if a == b else f"{a}–{b}" for a, b in zip(pairs[0], pairs[-1], strict=True))
    return f"{new} in place" if new == old else f"{new} ← {old}"
