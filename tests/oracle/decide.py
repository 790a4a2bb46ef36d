"""What archdiff says, from the two configs alone."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

from archdiff import packs
from archdiff.compare import compare
from archdiff.compare.changes import highest
from archdiff.graph import build_graph
from archdiff.sources.source import Origin, make

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph
    from archdiff.rule import Rule

__all__ = ["Decision", "decide", "graph_of"]


@dataclasses.dataclass(frozen=True)
class Decision:
    """What a report of the two models would say.

    Args:
        findings: the worst impact of a finding, `unexplained-change` among them; `silent` where there is none.
        changes: the worst impact of a change, those without effect among them; `silent` where there is none.
        rules: ids of the rules that found something of that impact.
    """

    findings: str
    changes: str
    rules: tuple[str, ...]


@cache
def _rules() -> tuple[Rule, ...]:
    return packs.load_rules()


def graph_of(values: dict[str, Any]) -> ModelGraph:
    """The graph of a config, the way a file of it would go."""
    return build_graph(make("tiny", "file", "tiny", values, Origin()))


def decide(old: ModelGraph, new: ModelGraph) -> Decision:
    """Compare, run every rule, and keep the worst."""
    comparison = compare(old, new)
    found = [(packs.impact_of(rule, finding), rule.id) for rule, finding in packs.run(_rules(), comparison)]
    worst = highest(impact for impact, _ in found) if found else "silent"
    ids = tuple(sorted({rule for impact, rule in found if impact == worst}))
    changes = highest(change.impact for change in comparison.changes) if comparison.changes else "silent"
    return Decision(worst, changes, ids)
