from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Value


@rule(impact="breaking", group="Attention")
def attention_bias_changed(comparison: Comparison) -> Iterator[Finding]:
    """Other attention projections have a bias.

    Why it matters:
        A bias on keys and queries lets a head prefer positions whatever the token says; Qwen models up to 2.5
        carried one to reach longer contexts, and dropped it when query and key norms came. The tensors are
        few, but a loader that skips unknown ones drops them in silence, and the model then computes something
        else. The pattern is a good fingerprint of a family, because it is seldom changed after training
        began.

    Example:
        Qwen2.5-7B has a bias on query, key and value, Qwen3-8B has none.
        gpt-oss-120b → Solar Open 100B: query, key, value and output have a bias → none has.

    What to do:
        Convert with a strict loader. A bias that is added can start at zero without changing what the model
        computes; one that is removed cannot be folded into the projection.
    """
    for difference in comparison.differences("attention.bias"):
        old, new = _having(difference.old), _having(difference.new)
        yield Finding.of(difference, f"{old} → {new}")


def _having(projections: Value) -> str:
    """`query, key and value have a bias`, or `none has`."""
    if not isinstance(projections, tuple) or not projections:
        return "none has"
    return f"{show(projections)} {'has' if len(projections) == 1 else 'have'} a bias"
