"""Run a command, and turn every way that it can end into an exit code and at most one line of error."""

from __future__ import annotations

import gc
import sys
import traceback
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdiff.cli.group import cli
from archdiff.errors import ArchdiffError
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["COULD_NOT_TELL", "main", "run"]

COULD_NOT_TELL = 2
"""Exit code of bad usage, bad input and a failed rule: neither clean nor not."""

_INTERRUPTED = 130
_LONGEST_LINE = 1000


def main() -> None:
    """Run the command that the process was called with, and exit.

    The cyclic garbage collector is off: the process is short and keeps nearly all that it makes, and walking the
    objects that torch and transformers leave behind again and again takes a fifth of a cold comparison.
    """
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")  # a terminal that lacks a character gets its escape
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return the exit code; errors are one line on standard error."""
    debug = "--debug" in arguments
    with _notes() if debug else nullcontext():
        return _end(arguments, debug)


def _end(arguments: Sequence[str], debug: bool) -> int:
    try:
        return int(cli.main(list(arguments), prog_name="archdiff", standalone_mode=False) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return _INTERRUPTED
    except (ArchdiffError, click.ClickException) as error:
        return _fail(_usage(error) if isinstance(error, click.ClickException) else str(error), debug)
    except MemoryError:
        return _fail("memory: there is too little for these models; use a larger machine", debug)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not pass for an answer
        if not _is_somewhere():
            return _fail("working directory: it is no longer there; change to another one", debug)
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _fail(f"internal error: {what}; run again with --debug and report what it prints", debug)


def _is_somewhere() -> bool:
    """Whether the working directory exists, without which transformers cannot be imported."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


@contextmanager
def _notes() -> Iterator[None]:
    """Show on standard error what is noted for whoever debugs, as that an entry of the cache is damaged."""
    import logging

    notes, handler = logging.getLogger("archdiff"), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("archdiff: note: %(message)s"))
    level = notes.level
    notes.setLevel(logging.DEBUG)
    notes.addHandler(handler)
    try:
        yield
    finally:
        notes.removeHandler(handler)
        notes.setLevel(level)


def _fail(line: str, debug: bool) -> int:
    """Print one line, after the traceback where it was asked for."""
    if debug:
        traceback.print_exc()
    click.echo(printable(f"archdiff: {line}", _LONGEST_LINE), err=True)
    return COULD_NOT_TELL


def _usage(error: click.ClickException) -> str:
    """What click says about a call, as subject, cause and remedy."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "archdiff"
    message = " ".join(error.format_message().split()).rstrip(".")
    subject = command.removeprefix("archdiff").strip() or "command line"
    return f"{subject}: {message[:1].lower()}{message[1:]}; run: {command} --help"
