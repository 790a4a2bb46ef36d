"""`archdiff rule ID`: explain one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff.cli.listing import print_json
from archdiff.cli.options import common, is_quiet, listing_format
from archdiff.cli.stdout import bold, put
from archdiff.packs import AREA, area, find, load_rules

if TYPE_CHECKING:
    from archdiff.rule import Rule

__all__ = ["command"]


@click.command("rule")
@click.argument("rule_id", metavar="ID")
@listing_format
@common
def command(rule_id: str, form: str) -> int:
    """Explain one rule: what it notices, why that matters, an example, what to do."""
    rule = find(load_rules(), rule_id)
    if is_quiet():
        return 0
    if form == "json":
        print_json(_entry(rule))
    else:
        put(f"{_manual(rule)}\n")
    return 0


def _entry(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "impact": rule.impact,
        "group": rule.group,
        "area": area(rule.group),
        "pack": rule.pack,
        "mirror": rule.mirror,
        "summary": rule.manual.summary,
        "sections": dict(rule.manual.sections),
    }


def _manual(rule: Rule) -> str:
    lines = [bold(rule.id), rule.manual.summary, ""]
    lines.append(f"Usual impact: {rule.impact}. Area: {rule.group} ({AREA}{area(rule.group)}). Pack: {rule.pack}.")
    if rule.mirror != rule.id:
        lines.append(f"With OLD and NEW swapped: {rule.mirror}.")
    for heading, text in rule.manual.sections.items():
        lines += ["", bold(heading), *(f"  {line}".rstrip() for line in text.splitlines())]
    return "\n".join(lines)
