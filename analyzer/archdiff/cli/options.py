"""Options that several commands share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archdiff.errors import UsageError
from archdiff.render import check, formats
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archdiff.render import Kind
    from archdiff.weights.session import Wishes

__all__ = [
    "CONFIDENCES",
    "LEVELS",
    "baseline",
    "common",
    "fail_on",
    "is_quiet",
    "listing_format",
    "no_cache",
    "report_formats",
    "split",
    "weight_options",
    "wishes",
]

LEVELS = ("breaking", "behavioral", "cosmetic")
"""What `--fail-on` may name, the worst first."""

CONFIDENCES = ("high", "medium", "low")
"""What `--min-confidence` may name, the surest first."""

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


def report_formats(kind: Kind) -> Callable[[_Command], _Command]:
    """Give a command that makes a document `--format` for standard output and `--output` for files.

    Args:
        kind: of the document, which says the formats.
    """
    known = formats(kind)

    def show(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
        check(name, kind)
        return name

    def decorate(command: _Command) -> _Command:
        form = click.option(
            "--format",
            "form",
            type=click.Choice(list(known)),
            default="terminal",
            show_default=True,
            callback=show,
            help="What to print on standard output.",
        )
        outputs = click.option(
            "-o",
            "--output",
            "outputs",
            multiple=True,
            metavar="FILE",
            help=f"Write a file too; its ending says the format ({', '.join(known.values())}). Repeatable.",
        )
        return form(outputs(command))

    return decorate


def fail_on(command: _Command) -> _Command:
    """Give a command that reports findings `--fail-on`."""
    return click.option(
        "--fail-on",
        type=click.Choice([*LEVELS, "never"]),
        default="never",
        show_default=True,
        help="Exit with 1 where a finding has this impact or a worse one.",
    )(command)


def baseline(command: _Command) -> _Command:
    """Give a command that reports findings `--baseline`."""
    what = "Leave out findings that this earlier JSON report holds."
    return click.option("--baseline", metavar="REPORT.json", help=what)(command)


def weight_options(command: _Command) -> _Command:
    """Give a command that reads weights `--budget` and `--device`."""
    budget = click.option(
        "--budget",
        default="auto",
        metavar="SIZE",
        show_default=True,
        help="Bytes of weights to read at the most, as 2GiB; `none` for no limit, `auto` for 1 % and at least 2 GiB.",
    )
    device = click.option(
        "--device", default="auto", metavar="NAME", show_default=True, help="What computes: auto, cpu, cuda or cuda:N."
    )
    return budget(device(command))


_UNITS = {"": 1, "b": 1} | {
    f"{prefix}{unit}": base**power
    for unit, base in (("b", 1000), ("ib", 1024))
    for power, prefix in enumerate("kmgt", start=1)
}
_DEVICE = re.compile(r"auto|cpu|cuda(:\d{1,3})?", re.ASCII)
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([a-zA-Z]{0,3})", re.ASCII)


def wishes(parts: str, budget: str, device: str) -> Wishes:
    """What a user asks of a weight check.

    Raises:
        UsageError: the budget is no size, the device no device, the parts are named by nothing, or a package is
            missing.
    """
    if not parts.strip():
        raise UsageError("parts", "name nothing", "choose all, shared, changed, or a pattern of module names")
    if not _DEVICE.fullmatch(device):
        raise UsageError(printable(device, 40), "no such device", "choose auto, cpu, cuda or cuda:N")
    limit = _size(budget)
    from archdiff.weights.extra import require

    require()
    from archdiff.weights.session import (
        Wishes,
    )  # what is wrong with the call is told before anything is imported for it

    return Wishes(parts, limit, device)


def _size(text: str) -> int | None:
    """Bytes; 0 for `auto`, None for `none`."""
    if text in ("auto", "none"):
        return 0 if text == "auto" else None
    found = _SIZE.fullmatch(text.strip())
    factor = _UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None or (size := int(float(found[1]) * factor)) < 1:
        cause = f"{printable(repr(text), 40)} is no size"
        raise UsageError("--budget", cause, "write a number of bytes as 500MB or 2GiB, `auto` or `none`")
    return size


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
