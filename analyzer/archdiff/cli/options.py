"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from archdiff.errors import UsageError
from archdiff.render import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["common", "is_quiet", "listing_format", "no_cache", "report_formats", "split"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_QUIET = "archdiff.quiet"


def common(command: _Command) -> _Command:
    """Give a command `--quiet` and `--debug`, which stand before or after its name."""
    quiet = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Print no report, only errors.",
    )
    debug = click.option(
        "--debug", is_flag=True, expose_value=False, help="Print the traceback of an error, and notes."
    )
    return quiet(debug(command))


def _remember(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    ctx.meta[_QUIET] = wanted or ctx.meta.get(_QUIET, False)


def is_quiet() -> bool:
    """Whether the running command must print no report."""
    return bool(click.get_current_context().meta.get(_QUIET, False))


def listing_format(command: _Command) -> _Command:
    """Give a command that lists something `--format terminal|json`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["terminal", "json"]),
        default="terminal",
        show_default=True,
        help="What to print.",
    )(command)


def report_formats(command: _Command) -> _Command:
    """Give a command that makes a report `--format` for standard output and `--output` for files."""
    form = click.option(
        "--format",
        "form",
        type=click.Choice(list(FORMATS)),
        default="terminal",
        show_default=True,
        help="What to print on standard output.",
    )
    outputs = click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        metavar="FILE",
        help=f"Write a file too; its ending says the format ({', '.join(FORMATS.values())}). Repeatable.",
    )
    return form(outputs(command))


def no_cache(command: _Command) -> _Command:
    """Give a command that builds graphs `--no-cache`."""
    return click.option("--no-cache", is_flag=True, help="Build every graph anew, and keep none.")(command)


def split(option: str, texts: Iterable[str]) -> tuple[str, ...]:
    """The items of a repeatable option whose values are separated by commas.

    Raises:
        UsageError: a value holds no item.
    """
    found: list[str] = []
    for text in texts:
        items = [item.strip() for item in text.split(",") if item.strip()]
        if not items:
            raise UsageError(option, "names no rule", "write ids separated by commas")
        found += items
    return tuple(found)
