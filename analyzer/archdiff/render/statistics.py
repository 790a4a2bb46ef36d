"""How often each rule found something: a report as counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from archdiff.compare.changes import IMPACTS
from archdiff.render.aside import lines
from archdiff.render.screen import PLAIN, Screen, capture, safe

if TYPE_CHECKING:
    from archdiff.report.schema import Report

__all__ = ["text"]


def text(report: Report, screen: Screen = PLAIN) -> str:
    """Counts by rule and impact, the worst impact and the most frequent rule first, and what was set aside."""
    counts = Counter((finding.impact, finding.rule) for finding in report.findings)
    order = sorted(counts, key=lambda pair: (IMPACTS.index(pair[0]), -counts[pair], pair[1]))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("findings", "impact", "rule"):
        table.add_column(heading, justify="right" if heading == "findings" else "left")
    for impact, rule in order:
        table.add_row(f"{counts[impact, rule]:,}", impact, safe(rule))
    told = table if order else Text("no findings", "green")
    aside = [safe(line, "dim") for line in lines(report)]
    return capture(Group(told, *([Text(), *aside] if aside else [])), screen)
