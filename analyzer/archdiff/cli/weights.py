"""`archdiff weights OLD NEW`: whether NEW's weights come from OLD's."""

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
    weight_options,
    wishes,
)
from archdiff.cli.pair import Pair
from archdiff.cli.stdout import put

if TYPE_CHECKING:
    from archdiff.weights.plan import Plan

__all__ = ["command"]

_GROUP = "Weights"


@click.command("weights")
@click.argument("old")
@click.argument("new")
@click.option(
    "--parts",
    default="all",
    metavar="all|shared|changed|GLOB",
    show_default=True,
    help="Compare everything, what both have, what the structural comparison found changed, or modules by name.",
)
@click.option(
    "--parent",
    "parents",
    multiple=True,
    metavar="REF",
    help="Another model that NEW may be merged from, besides OLD: solve for the mixing weights. Repeatable.",
)
@weight_options
@click.option("--dry-run", is_flag=True, help="Print what would be read for which test, and read no weights.")
@report_formats("weights")
@fail_on
@baseline
@no_cache
@common
def command(
    old: str,
    new: str,
    parts: str,
    parents: tuple[str, ...],
    budget: str,
    device: str,
    dry_run: bool,
    form: str,
    outputs: tuple[str, ...],
    fail_on: str,
    baseline: str | None,
    no_cache: bool,
) -> int:
    """Tell whether NEW's weights come from OLD's, component by component, with calibrated statistics.

    OLD and NEW are directories with weights, files of weights, GGUF files or hub ids. Of large checkpoints one per
    cent is read unless told otherwise: norms, routers, keys, values, shared experts and a sample of the rest.
    """
    from archdiff.render import WeightsView
    from archdiff.report.assemble import Shown

    files = output.targets(outputs, (old, new, *parents, *([baseline] if baseline else [])), "weights")
    output.check_stdout(form)
    wanted = wishes(parts, budget, device)
    known = fingerprints(baseline) if baseline is not None else frozenset()
    rules = packs.load_rules()
    pair = Pair.of(old, new, cached=not no_cache, parents=parents)
    if dry_run:
        return _dry_run(pair.plan(wanted), form)
    chosen = frozenset(rule.id for rule in rules if rule.group == _GROUP)
    report = pair.weigh(rules, Shown(chosen, known), wanted)
    if pair.speaks(wanted):
        output.deliver(WeightsView(report), None if is_quiet() else form, files)
    return output.exit_code(report, fail_on)


def _dry_run(plan: Plan, form: str) -> int:
    from archdiff.render import plan as render

    if not is_quiet():
        put(render.json(plan) if form == "json" else render.text(plan))
    return 0
