from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import computing
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def query_heads_changed(comparison: Comparison) -> Iterator[Finding]:
    """Attention has another number of query heads.

    Why it matters:
        Each head attends on its own. The count sets the rows of the query projection and the columns of the
        output projection (heads × head dimension), which need not be the hidden size: GLM-4.5-Air has 96
        heads of 128 over a hidden size of 4,096. It does not change the size of the key-value cache.
        It also limits how many devices can share the attention of one layer under tensor parallelism.

    Example:
        GLM-4.5-Air → Solar Open 100B is 96 → 64 query heads, with 8 key-value heads and heads of 128 in both.

    What to do:
        Do not load the query and output projections of OLD. A pruned model keeps some of the old heads whole:
        compare query rows head by head to find out which. Check that the new count is divisible by the number
        of devices.
    """
    return map(computing, changed(comparison, {"attention.query_heads": "query heads"}))
