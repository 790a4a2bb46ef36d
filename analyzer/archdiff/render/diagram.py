"""The picture of a comparison, or of one model, through Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import graphviz

from archdiff.errors import RenderError
from archdiff.render.column import Column
from archdiff.render.dotfile import DotFile, text
from archdiff.render.labels import legend, title
from archdiff.report.pairing import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.schema import ModelEntry, Report

__all__ = ["Format", "dot", "dot_model", "draw", "draw_model"]

Format = Literal["svg", "png", "pdf"]

_FONT = {"fontname": "Helvetica,Arial,sans-serif"}
_REMEDY = "install it with `apt-get install graphviz` (Debian), `brew install graphviz` (macOS) or from graphviz.org"


def dot(report: Report) -> str:
    """The comparison in DOT: OLD on the left, NEW on the right, corresponding parts side by side."""
    out = DotFile()
    with out.block("digraph archdiff", _page(_title(report))):
        _defaults(out)
        old = Column(out, "old", report.old, report.new)
        new = Column(out, "new", report.new, report.old)
        old.draw()
        new.draw()
        for left, right in _levels(report, old, new):
            with out.block("subgraph", {"rank": "same"}):
                out.edge(left, right, {"style": "invis"})
    return str(out)


def dot_model(entry: ModelEntry) -> str:
    """One model in DOT."""
    out = DotFile()
    with out.block("digraph archdiff", _page("")):
        _defaults(out)
        Column(out, "one", entry).draw()
    return str(out)


def draw(report: Report, format: Format) -> bytes:  # noqa: A002 - the name that users of the package expect
    """The picture of a comparison.

    Raises:
        RenderError: Graphviz is not installed, or fails.
    """
    return _run(dot(report), format)


def draw_model(entry: ModelEntry, format: Format) -> bytes:  # noqa: A002 - as for `draw`
    """The picture of one model.

    Raises:
        RenderError: Graphviz is not installed, or fails.
    """
    return _run(dot_model(entry), format)


def _run(source: str, format_: Format) -> bytes:
    try:
        done: bytes = graphviz.Source(source).pipe(format=format_, quiet=True)
    except graphviz.ExecutableNotFound as error:
        raise RenderError("Graphviz", "the program `dot` is not installed", _REMEDY) from error
    except graphviz.CalledProcessError as error:
        raise RenderError("Graphviz", f"`dot` failed: {error}", "report this as a bug, with both inputs") from error
    return done


def _page(label: str) -> dict[str, str]:
    return {
        "label": label,
        "labelloc": "t",
        "rankdir": "TB",
        "newrank": "true",
        "bgcolor": "white",
        "nodesep": "0.25",
        "ranksep": "0.28",
        "pad": "0.2",
        **_FONT,
        "fontsize": "12",
    }


def _defaults(out: DotFile) -> None:
    out.line('node [fontname="Helvetica,Arial,sans-serif", fontsize="12", margin="0.12,0.06"]')
    out.line('edge [fontname="Helvetica,Arial,sans-serif", fontsize="10", color="#404040", arrowsize="0.7"]')


def _title(report: Report) -> str:
    name = text(f"{report.old.name} → {report.new.name}")
    if report.summary.same_architecture:
        said = "The two have the same architecture: no breaking or behavioral difference."
    else:
        said = f"findings: {', '.join(f'{n} {impact}' for impact, n in report.summary.findings.items() if n) or 'none'}"
    return title(name, [text(said), legend(("added", "removed", "changed", "unchanged"))])


def _levels(report: Report, old: Column, new: Column) -> Iterator[tuple[str, str]]:
    """Nodes that correspond and are drawn on one level."""
    facing = {block.id: block for block in report.old.blocks}
    for block in report.new.blocks:
        other = facing.get(block.partner or "")
        if other is not None and other.partner == block.id:
            found = [(old.levels.get((other.id, "entry")), new.levels.get((block.id, "entry")))]
            found += [(old.levels.get((a.id, "")), new.levels.get((b.id, ""))) for a, b in pairs(other, block)]
            yield from ((a, b) for a, b in found if a is not None and b is not None)
