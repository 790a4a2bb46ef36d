from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import rule, show
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding, Value


@rule(impact="behavioral", group="Mixture of experts")
def router_groups_changed(comparison: Comparison) -> Iterator[Finding]:
    """Routing is limited to groups of experts in another way: how many there are, how many are kept.

    Why it matters:
        Group-limited routing first picks groups, then experts inside them, so that a token visits few
        devices. The same router weights choose other experts when the groups change, and a group that is
        not kept is out of reach whatever its scores.

    Example:
        DeepSeek-V3 → Kimi K2: 8 groups of which 4 are kept → one group, that is, no limit. GLM-4.5 also
        uses one group.

    What to do:
        Check that the layout of experts on devices matches the groups. To fine-tune from OLD, keep OLD's
        groups.
    """
    for difference in comparison.differences("router.groups"):
        message = f"routing {_limit(difference.old)} → {_limit(difference.new)}"
        # Groups show in no operator's arguments but shapes, so the changes behind this may look cosmetic.
        yield dataclasses.replace(concise(difference, message), impact="behavioral")


def _limit(groups: Value) -> str:
    if not isinstance(groups, tuple):
        return "not limited to groups"
    return f"limited to {show(groups[1])} of {show(groups[0])} groups"
