"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Items", "common", "is_quiet", "listing_format"]

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
    debug = click.option("--debug", is_flag=True, expose_value=False, help="Print the traceback of an error.")
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


class Items(click.ParamType):
    """One or more texts, separated by commas."""

    name = "IDS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at commas.

        Raises:
            click.BadParameter: nothing is left.
        """
        items = tuple(item.strip() for item in str(value).split(",") if item.strip())
        if not items:
            self.fail("names nothing", param, ctx)
        return items
