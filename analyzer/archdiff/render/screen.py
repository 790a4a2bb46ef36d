"""Text for a terminal: width, colour, and untrusted names made safe."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from archdiff.text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["PLAIN", "Screen", "capture", "safe"]


@dataclasses.dataclass(frozen=True)
class Screen:
    """What the text is made for.

    Args:
        width: columns.
        colour: whether to use colour; without it, symbols say the same.
    """

    width: int = 100
    colour: bool = False


PLAIN = Screen()
"""A file or a pipe."""


def safe(text: str, style: str = "", limit: int = 400) -> Text:
    """Text that is no markup, moves no cursor and is one line."""
    return Text(printable(text, limit), style=style)


def capture(content: RenderableType, screen: Screen) -> str:
    """What a terminal would show, without trailing spaces, with a final newline."""
    console = Console(
        file=io.StringIO(),
        width=max(screen.width, 40),
        force_terminal=screen.colour,
        color_system="standard" if screen.colour else None,
        no_color=not screen.colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(content)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
