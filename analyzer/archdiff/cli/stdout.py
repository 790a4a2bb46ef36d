"""Standard output: a reader who leaves early is no error, a disk that is full is one."""

from __future__ import annotations

import os
import sys

import click

from archdiff.errors import RenderError
from archdiff.text import printable

__all__ = ["bold", "has_colour", "put"]


def put(content: str | bytes) -> None:
    """Write a text, or the bytes of a picture, and flush.

    Raises:
        RenderError: it cannot be written.
    """
    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        cause = f"cannot be written ({printable(error.strerror or str(error), 80)})"
        raise RenderError("standard output", cause, "check where it goes") from error


def _silence() -> None:
    """What is still buffered must not fail once more when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def has_colour() -> bool:
    """Whether standard output shows colours: a terminal, and neither NO_COLOR nor TERM says otherwise."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def bold(text: str) -> str:
    """The text as a heading, where standard output shows it."""
    return click.style(text, bold=True) if has_colour() else text
