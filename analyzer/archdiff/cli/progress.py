"""What the command is doing, on a terminal only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archdiff.cli.options import is_quiet
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["doing", "telling"]


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Show `what` on standard error while the block runs, if that is a terminal."""
    if not sys.stderr.isatty() or is_quiet():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(printable(what, 80))):
        yield


@contextmanager
def telling(what: str) -> Iterator[Callable[[str], None]]:
    """As `doing`, with a function that says which part of the work is being done."""
    if not sys.stderr.isatty() or is_quiet():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(printable(what, 80))) as status:
        yield lambda part: status.update(Text(f"{printable(what, 80)}: {printable(part, 80)}"))
