"""`archdiff diff OLD NEW`: compare the architectures of two models."""

from __future__ import annotations

import click

from archdiff import api, packs
from archdiff.cli import output
from archdiff.cli.habits import Habits, habits
from archdiff.cli.options import common, no_cache, report_formats, weight_options, wishes
from archdiff.cli.pair import Pair

__all__ = ["command"]


@click.command("diff")
@click.argument("old")
@click.argument("new")
@report_formats("report")
@click.option(
    "--weights",
    "parts",
    metavar="changed|shared|all|GLOB",
    help="Compare weights too: of what changed, of what both have, of everything, or of modules by name.",
)
@click.option("--tokenizer", is_flag=True, help="Compare the tokenizers too.")
@click.option(
    "--code", "with_code", is_flag=True, help="Compare the modelling code too; it says nothing about weights."
)
@weight_options
@no_cache
@common
@habits
def command(
    old: str,
    new: str,
    form: str,
    outputs: tuple[str, ...],
    parts: str | None,
    tokenizer: bool,
    budget: str,
    device: str,
    with_code: bool,
    no_cache: bool,
    habits: Habits,
) -> int:
    """Compare the architectures of two models.

    OLD and NEW are paths (a config, weights, a saved graph), git revisions of one (HEAD~1:config.json), names of the
    catalogue or hub ids. Prints what differs, and what each difference means to someone who has weights for OLD:
    breaking, behavioral or cosmetic.
    """
    files = output.targets(outputs, (old, new, *habits.inputs))
    output.check_stdout(form)
    habits.check_form(form)
    rules = packs.load_rules()
    wanted = wishes(parts, budget, device) if parts is not None else None
    shown = habits.shown(rules)
    code = api.code(old, new) if with_code else None
    compared = api.tokenizers(old, new) if tokenizer else None
    pair = Pair.of(old, new, cached=not no_cache)
    report = pair.compare(rules, shown, compared) if wanted is None else pair.weigh(rules, shown, wanted, compared)
    report = report.model_copy(update={"code": code})
    speaks = wanted is None or pair.speaks(wanted)
    return habits.deliver(report, report, form, files) if speaks else output.exit_code(report, habits.fail_on)
