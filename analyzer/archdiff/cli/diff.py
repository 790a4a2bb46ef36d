"""`archdiff diff OLD NEW`: compare the architectures of two models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff import api, packs
from archdiff.cli import output
from archdiff.cli.baseline import fingerprints
from archdiff.cli.options import common, is_quiet, no_cache, report_formats, split
from archdiff.cli.progress import doing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.graph.schema import ModelGraph
    from archdiff.report.schema import Report
    from archdiff.rule import Rule

__all__ = ["command"]

_LEVELS = ("breaking", "behavioral", "cosmetic")
_FOUND = 1


@click.command("diff")
@click.argument("old")
@click.argument("new")
@report_formats
@click.option(
    "--select",
    multiple=True,
    metavar="IDS",
    help="Show findings of these rules only: ids separated by commas; `*` and `?` match. Repeatable.",
)
@click.option("--ignore", multiple=True, metavar="IDS", help="Leave out findings of these rules. Repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice([*_LEVELS, "never"]),
    default="never",
    show_default=True,
    help="Exit with 1 where a finding has this impact or a worse one.",
)
@click.option("--baseline", metavar="REPORT.json", help="Leave out findings that this earlier JSON report holds.")
@no_cache
@common
def command(
    old: str,
    new: str,
    form: str,
    outputs: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
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
    graphs = _build((old, new), cached=not no_cache)
    report = _compare(graphs, rules, chosen, known)
    output.deliver(report, None if is_quiet() else form, files)
    return _FOUND if _fails(report, fail_on) else 0


def _build(references: tuple[str, ...], *, cached: bool) -> list[ModelGraph]:
    """Check all references before the seconds that torch takes to import, then build."""
    graphs = []
    for source in [api.check(reference) for reference in references]:
        with doing(f"building {source.name}"):
            graphs.append(api.build(source, cached=cached))
    return graphs


def _compare(
    graphs: Sequence[ModelGraph], rules: tuple[Rule, ...], chosen: frozenset[str], known: frozenset[str]
) -> Report:
    with doing("comparing"):
        from archdiff.report.assemble import Shown

        return api.examine(graphs[0], graphs[1], rules, Shown(chosen, known))


def _fails(report: Report, fail_on: str) -> bool:
    if fail_on == "never":
        return False
    counted = _LEVELS[: _LEVELS.index(fail_on) + 1]
    return any(finding.impact in counted for finding in report.findings)
