from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import computing
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def sparse_indexer_changed(comparison: Comparison) -> Iterator[Finding]:
    """A learned selector decides which keys attention looks at, or another selector does.

    Why it matters:
        A small indexer scores all earlier tokens, and attention reads only the best of them, so that the cost
        of long contexts grows with the number kept and no longer with their length. The indexer has weights
        and a key cache of its own. Up to the number kept nothing is left out, so short tests cannot show a
        fault in it.

    Example:
        DeepSeek-V3 → DeepSeek-V3.2 adds an indexer of 64 heads that keeps 2,048 keys. That of GLM-5 has 32
        heads, and its rotation pairs neighbouring values instead of the two halves of a head: with equal sizes
        the weights load, and select other keys.

    What to do:
        Test with inputs longer than the number of keys kept. Check that the engine has the indexer's kernel
        and its cache. Without the indexer, the rest of the model loads and computes dense attention, close to
        NEW but not it.
    """
    names = {
        "indexer.heads": "heads of the learned key selector",
        "indexer.keys_kept": "keys kept for each query",
    }
    pairing = {"indexer.interleaved": "neighbouring values of the key selector's heads rotate together"}
    for finding in (*changed(comparison, names, absent=True), *changed(comparison, pairing)):
        yield computing(finding)
