"""`archdiff rules`: list the rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdiff.cli.listing import columns, print_json
from archdiff.cli.options import common, is_quiet, listing_format
from archdiff.cli.output import target, write
from archdiff.cli.stdout import bold, put
from archdiff.errors import RenderError
from archdiff.packs import AREA, area, in_order, load_rules
from archdiff.render import rulepages
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.rule import Rule

__all__ = ["command"]


@click.command("rules")
@listing_format
@click.option("--pages", metavar="DIR", help="Write the manual of each rule as a page of Markdown, and an index.")
@common
def command(form: str, pages: str | None) -> int:
    """List the rules of all installed packs, by group, with the usual impact of each."""
    rules = load_rules()
    if pages is not None:
        return _write_pages(rules, Path(pages))
    if is_quiet():
        return 0
    if form == "json":
        print_json([_entry(rule) for rule in rules])
    else:
        put(f"{_listed(rules)}\n")
    return 0


def _write_pages(rules: Sequence[Rule], folder: Path) -> int:
    made = rulepages.pages(rules)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cause = f"cannot be made ({printable(error.strerror or str(error), 80)})"
        raise RenderError(printable(str(folder)), cause, "name another directory") from error
    write([(target(str(folder / name), "markdown", ()), text) for name, text in made.items()])
    if not is_quiet():
        put(f"{len(made)} pages written to {printable(str(folder))}\n")
    return 0


def _entry(rule: Rule) -> dict[str, str]:
    return {
        "id": rule.id,
        "impact": rule.impact,
        "group": rule.group,
        "area": area(rule.group),
        "summary": rule.manual.summary,
        "pack": rule.pack,
    }


def _listed(rules: Sequence[Rule]) -> str:
    table = columns([(rule.id, rule.impact, rule.manual.summary) for rule in rules]).splitlines()
    pairs = list(zip(rules, table, strict=True))
    parts = [
        "\n".join(
            [f"{bold(group)}  {AREA}{area(group)}", *(f"  {line}" for rule, line in pairs if rule.group == group)]
        )
        for group in in_order(rule.group for rule in rules)
    ]
    return "\n\n".join((*parts, f"{len(rules)} rules. `archdiff rule ID` explains one."))
