from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Mixture of experts")
def router_scoring_changed(comparison: Comparison) -> Iterator[Finding]:
    """The router scores experts by another function, or on the other side of choosing them.

    Why it matters:
        Softmax lets the experts compete for one unit of weight; sigmoid scores each on its own. Softmax
        after the top-k always sums to one, before it it does not. Router weights carry over in shape and
        mean something else.

    Example:
        gpt-oss-120b → Solar Open 100B: softmax over the four chosen logits → sigmoid over all 128, of which
        the eight best are then chosen. DeepSeek made the same change from V2 (softmax) to V3 (sigmoid). In
        DeepSeek-V4's first layers a table gives each token its experts.

    What to do:
        Do not reuse router weights across this change without training. Check that the inference engine
        implements the new order: a swapped softmax and top-k runs without an error.
    """
    names = {"router.scoring": "router scores", "router.scoring_order": "scored"}
    yield from changed(comparison, names)
    yield from changed(comparison, {"router.by_token": "a table gives the experts of each token"})
