"""`archdiff rules`: list the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff.cli.listing import columns, print_json
from archdiff.cli.options import common, is_quiet, listing_format
from archdiff.cli.stdout import bold, put
from archdiff.packs import in_order, load_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.rule import Rule

__all__ = ["command"]


@click.command("rules")
@listing_format
@common
def command(form: str) -> int:
    """List the rules of all installed packs, by group, with the usual impact of each."""
    rules = load_rules()
    if is_quiet():
        return 0
    if form == "json":
        print_json([_entry(rule) for rule in rules])
    else:
        put(f"{_listed(rules)}\n")
    return 0


def _entry(rule: Rule) -> dict[str, str]:
    return {
        "id": rule.id,
        "impact": rule.impact,
        "group": rule.group,
        "summary": rule.manual.summary,
        "pack": rule.pack,
    }


def _listed(rules: Sequence[Rule]) -> str:
    table = columns([(rule.id, rule.impact, rule.manual.summary) for rule in rules]).splitlines()
    pairs = list(zip(rules, table, strict=True))
    parts = [
        "\n".join([bold(group), *(f"  {line}" for rule, line in pairs if rule.group == group)])
        for group in in_order(rule.group for rule in rules)
    ]
    return "\n\n".join((*parts, f"{len(rules)} rules. `archdiff rule ID` explains one."))
