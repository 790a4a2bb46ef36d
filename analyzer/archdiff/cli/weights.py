"""`archdiff weights OLD NEW`: whether NEW's weights come from OLD's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff import packs
from archdiff.cli import output
from archdiff.cli.habits import Habits, habits
from archdiff.cli.options import common, is_quiet, no_cache, report_formats, weight_options, wishes
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
@no_cache
@common
@habits
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
    no_cache: bool,
    habits: Habits,
) -> int:
    """Tell whether NEW's weights come from OLD's, component by component, with calibrated statistics.

    OLD and NEW are directories with weights, files of weights, GGUF files or hub ids. Of large checkpoints one per
    cent is read unless told otherwise: norms, routers, keys, values, shared experts and a sample of the rest.
    """
    from archdiff.render import WeightsView

    files = output.targets(outputs, (old, new, *parents, *habits.inputs), "weights")
    output.check_stdout(form)
    habits.check_form(form)
    wanted = wishes(parts, budget, device)
    rules = packs.load_rules()
    shown = habits.shown(rules, frozenset(rule.id for rule in rules if rule.group == _GROUP))
    pair = Pair.of(old, new, cached=not no_cache, parents=parents)
    if dry_run:
        return _dry_run(pair.plan(wanted), form)
    report = pair.weigh(rules, shown, wanted)
    if pair.speaks(wanted):
        return habits.deliver(WeightsView(report), report, form, files)
    return output.exit_code(report, habits.fail_on)


def _dry_run(plan: Plan, form: str) -> int:
    from archdiff.render import plan as render

    if not is_quiet():
        put(render.json(plan) if form == "json" else render.text(plan))
    return 0
