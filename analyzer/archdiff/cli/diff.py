"""`archdiff diff OLD NEW`: compare the architectures of two models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff import packs
from archdiff.cli import output
from archdiff.cli.baseline import fingerprints
from archdiff.cli.options import (
    baseline,
    common,
    fail_on,
    is_quiet,
    no_cache,
    report_formats,
    split,
    weight_options,
    wishes,
)
from archdiff.cli.pair import Pair

if TYPE_CHECKING:
    from archdiff.report.assemble import Shown

__all__ = ["command"]


@click.command("diff")
@click.argument("old")
@click.argument("new")
@report_formats("report")
@click.option(
    "--select",
    multiple=True,
    metavar="IDS",
    help="Show findings of these rules only: ids separated by commas; `*` and `?` match. Repeatable.",
)
@click.option("--ignore", multiple=True, metavar="IDS", help="Leave out findings of these rules. Repeatable.")
@click.option(
    "--weights",
    "parts",
    metavar="changed|shared|all|GLOB",
    help="Compare weights too: of what changed, of what both have, of everything, or of modules by name.",
)
@weight_options
@fail_on
@baseline
@no_cache
@common
def command(
    old: str,
    new: str,
    form: str,
    outputs: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    parts: str | None,
    budget: str,
    device: str,
    fail_on: str,
    baseline: str | None,
    no_cache: bool,
) -> int:
    """Compare the architectures of two models.

    OLD and NEW are paths (a config, weights, a saved graph), names of the catalogue or hub ids. Prints what
    differs, and what each difference means to someone who has weights for OLD: breaking, behavioral or cosmetic.
    """
    files = output.targets(outputs, (old, new, *([baseline] if baseline else [])))
    output.check_stdout(form)
    known = fingerprints(baseline) if baseline is not None else frozenset()
    rules = packs.load_rules()
    chosen = packs.choose(rules, split("--select", select), split("--ignore", ignore))
    wanted = wishes(parts, budget, device) if parts is not None else None
    shown = _shown(chosen, known)
    pair = Pair.of(old, new, cached=not no_cache)
    report = pair.compare(rules, shown) if wanted is None else pair.weigh(rules, shown, wanted)
    if wanted is None or pair.speaks(wanted):
        output.deliver(report, None if is_quiet() else form, files)
    return output.exit_code(report, fail_on)


def _shown(chosen: frozenset[str], known: frozenset[str]) -> Shown:
    from archdiff.report.assemble import Shown

    return Shown(chosen, known)
