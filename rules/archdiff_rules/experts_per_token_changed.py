from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Mixture of experts")
def experts_per_token_changed(comparison: Comparison) -> Iterator[Finding]:
    """Each token is sent to another number of routed experts.

    Why it matters:
        No tensor changes, so OLD's weights load without a word and compute something else: the scores are
        shared out among more or fewer experts than they were trained for. Compute and bandwidth of the
        feed-forward grow in proportion.

    Example:
        gpt-oss-120b → Solar Open 100B: 4 → 8 of 128 experts. Mixtral uses 2 of 8, DeepSeek-V3 uses 8 of
        256.

    What to do:
        If it is a mere setting over the same weights, evaluate before release: quality seldom survives an
        untrained top-k. Work out the active parameters again (`archdiff show NEW`) before quoting them.
    """
    return changed(comparison, {"experts.per_token": "routed experts for each token"})
