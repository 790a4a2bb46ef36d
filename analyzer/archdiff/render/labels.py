"""The HTML-like labels of a picture: what stands in boxes, above containers and above models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.dotfile import text
from archdiff.render.palette import LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.render.wording import Words
    from archdiff.report.schema import Block, ModelEntry, Part, Status

__all__ = ["box", "heading", "layer_notes", "layers_of", "legend", "model_title", "part_name", "spans", "title"]

NAMELESS = "(no name)"
"""What stands for a name without a visible sign."""

_BIG, _SMALL = "13", "10"


def box(head: str, lines: Iterable[str] = ()) -> str:
    """A label of a heading in bold and smaller lines, all of it escaped already."""
    rows = [f"<TR><TD>{head}</TD></TR>"]
    rows += [f'<TR><TD><FONT POINT-SIZE="{_SMALL}">{line}</FONT></TD></TR>' for line in lines if line.strip()]
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def spans(words: Words) -> str:
    """One line, its bold pieces marked."""
    done = ""
    for span in words:
        lead = " " if span.text.startswith(" ") else ""
        trail = " " if span.text.endswith(" ") and span.text.strip() else ""
        shown = f"{lead}{text(span.text)}{trail}"
        done += f"<B>{shown}</B>" if span.bold and shown else shown
    return done


def marked(status: Status, shown: str) -> str:
    """Escaped text in bold behind the mark of its status."""
    look = LOOKS[status]
    mark = f'<FONT COLOR="{look.line}"><B>{look.mark} </B></FONT>' if look.mark else ""
    return f"{mark}<B>{shown or NAMELESS}</B>"


def part_name(part: Part) -> str:
    """What a part is, with its mark."""
    return marked(part.status, text(part.label))


def heading(block: Block) -> str:
    """`layers 0–47 ×48` with the mark, the parameters, and what is said of the layers as such."""
    name = marked(block.status, text(layers_of(block)))
    times = f"  <B>×{block.count}</B>" if block.count > 1 else ""
    size = f'<FONT POINT-SIZE="{_SMALL}" COLOR="#555555">{human_count(block.parameters)} parameters</FONT>'
    return f"{name}{times}   {size}"


def layer_notes(block: Block) -> list[str]:
    """What is said of the layers as such, in bold."""
    return [f"<B>{text(note)}</B>" for note in block.notes if text(note)]


def layers_of(block: Block) -> str:
    """`layers 0–47`, `layer 0`, `vision tower layers 0–26`; not escaped."""
    label = f"{block.label.removesuffix('layers')}layer" if block.count == 1 else block.label
    return f"{label} {numbered(block.layers)}"


def numbered(layers: Sequence[tuple[int, int]]) -> str:
    """Layer numbers in short: `0–47`, `0, 2, …, 34`, `0–2, 4–6, …, 44–46`."""
    pieces = [f"{a}" if a == b else f"{a}–{b}" for a, b in layers]
    return ", ".join(pieces) if len(pieces) <= 4 else f"{pieces[0]}, {pieces[1]}, …, {pieces[-1]}"


def model_title(entry: ModelEntry) -> str:
    """Name and size of a model."""
    sizes = [f"{human_count(entry.parameters)} parameters"]
    sizes += [f"{human_count(entry.active_parameters)} active"] if entry.active_parameters is not None else []
    hidden = entry.facts.get("hidden_size")
    sizes += [f"{entry.layers} layers"] + ([f"width {hidden:,}"] if isinstance(hidden, int) else [])
    return box(
        f'<FONT POINT-SIZE="{_BIG}"><B>{text(entry.name) or NAMELESS}</B></FONT>',
        [text(" · ".join(sizes)), text(entry.class_name)],
    )


def title(first: str, lines: Iterable[str]) -> str:
    """The title of the picture, and below it what its reader must know."""
    return box(f'<FONT POINT-SIZE="16"><B>{first}</B></FONT>', lines)


def legend(statuses: Iterable[Status]) -> str:
    """What marks, outlines and fills mean."""
    cells = []
    for status in statuses:
        look = LOOKS[status]
        shown = text(f"{look.mark} {look.meaning}")
        style = f' STYLE="{look.style}"' if look.style != "solid" else ""
        inner = (
            f'<TABLE BORDER="{2 if look.outlines > 1 else 1}" CELLBORDER="0" CELLPADDING="3" COLOR="{look.line}"{style}'
        )
        cells.append(f'<TD>{inner} BGCOLOR="{look.fill}"><TR><TD>{shown}</TD></TR></TABLE></TD>')
    cells.append("<TD>thin line: residual path</TD>")
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="6"><TR>{"".join(cells)}</TR></TABLE>'


def human_count(count: int) -> str:
    """A number of parameters in short: `102.7 B`, `6.98 B`, `579.1 M`."""
    for size, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            value = count / size
            return f"{value:,.1f} {unit}" if value >= 10 else f"{value:.2f} {unit}"
    return str(count)
