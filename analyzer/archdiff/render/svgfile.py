"""Write SVG: every text is escaped here, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from archdiff.render.dotfile import text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INK", "PALE", "SvgFile", "width_of"]

INK, PALE = "#222222", "#666666"
"""Colours of texts and axes."""

_ADVANCE = 0.6
"""Width of a letter over the size of the font; sans-serif faces are narrower on average."""

_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


def width_of(words: str, size: float) -> float:
    """Pixels that a line of text takes at the most, but for the widest scripts."""
    return _ADVANCE * size * len(words)


class SvgFile:
    """Shapes and texts in order, in pixels from the upper left corner; texts are plain and may come from files."""

    def __init__(self) -> None:
        self._shapes: list[str] = []

    def source(self, width: float, height: float, title: str) -> str:
        """The whole document.

        Args:
            width: of the picture.
            height: of the picture.
            title: what is read out to who cannot see it.
        """
        size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{_FONT}">'
        paper = f'<rect width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>'
        return "\n".join((head, f"<title>{text(title, 400)}</title>", _HATCHING, paper, *self._shapes, "</svg>")) + "\n"

    def words(
        self,
        at: tuple[float, float],
        words: str,
        size: float = 11,
        anchor: Literal["start", "middle", "end"] = "start",
        *,
        bold: bool = False,
        upright: bool = False,
    ) -> None:
        """A line of text.

        Args:
            at: where its baseline begins, has its middle or ends.
            words: as they are; cut where they are too long.
            size: of the font.
            anchor: which of the three.
            bold: whether it is a heading.
            upright: whether it runs from below upwards.
        """
        x, y = _n(at[0]), _n(at[1])
        turned = f' transform="rotate(-90 {x} {y})"' if upright else ""
        weight = ' font-weight="bold"' if bold else ""
        place = f'x="{x}" y="{y}" font-size="{_n(size)}" text-anchor="{anchor}" fill="{INK}"'
        self._shapes.append(f"<text {place}{weight}{turned}>{text(words)}</text>")

    def rectangle(self, at: tuple[float, float], size: tuple[float, float], fill: str, stroke: str = "none") -> None:
        """A box with its upper left corner there."""
        x, y, w, h = map(_n, (*at, *size))
        self._shapes.append(f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{fill}" stroke="{stroke}"/>')

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A thin line, for axes and ticks."""
        (a, b), (c, d) = (tuple(map(_n, point)) for point in (start, end))
        self._shapes.append(f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke="{PALE}"/>')

    def area(self, path: str, fill: str) -> None:
        """An area with this outline."""
        self._shapes.append(f'<path fill="{fill}" shape-rendering="crispEdges" d="{path}"/>')

    def grid(self, at: tuple[float, float], cell: float, paths: Mapping[str, str]) -> None:
        """Areas of a grid of square cells.

        Args:
            at: the grid's upper left corner.
            cell: width of a cell in pixels.
            paths: outlines in cells from that corner, by colour.
        """
        place = f"translate({_n(at[0])} {_n(at[1])}) scale({_n(cell)})"
        drawn = "".join(f'<path fill="{fill}" d="{path}"/>' for fill, path in paths.items())
        self._shapes.append(f'<g transform="{place}" shape-rendering="crispEdges">{drawn}</g>')

    def frames(self, at: tuple[float, float], cell: float, path: str, colour: str) -> None:
        """Outlines over a grid, as `grid` takes them, thick enough to be seen and thin enough to see through."""
        place = f"translate({_n(at[0])} {_n(at[1])}) scale({_n(cell)})"
        stroke = f'fill="none" stroke="{colour}" stroke-width="{_n(min(max(0.12, 0.6 / cell), 2 / cell))}"'
        self._shapes.append(f'<path transform="{place}" {stroke} d="{path}"/>')


HATCHED = "url(#untested)"
"""Fill of what was not tested."""

_HATCHING = (
    '<defs><pattern id="untested" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="4" height="4" fill="#f4f4f4"/><path d="M0 4L4 0" stroke="#b0b0b0" stroke-width="0.8"/>'
    "</pattern></defs>"
)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
