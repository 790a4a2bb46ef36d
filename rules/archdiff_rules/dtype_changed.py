from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._changes import as_one, grouped, union
from archdiff_rules._quantization import follows_from_quantization

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Value


@rule(impact="cosmetic", group="Storage, naming, lineage")
def dtype_changed(comparison: Comparison) -> Iterator[Finding]:
    """The config declares another type for the stored parameters.

    Why it matters:
        The type is how weights are stored and, unless told otherwise, loaded. bfloat16 has the range of
        float32 and 8 bits of precision, float16 has 11 bits and overflows above 65,504: models trained in
        bfloat16 can produce infinities in float16. A float32 checkpoint of a model trained in bfloat16 takes
        twice the space and holds nothing more. A quantised checkpoint has `quantization-changed` instead.

    Example:
        Llama-2-7B declares float16 and Llama-3-8B bfloat16. GPT-2 is stored in float32.

    What to do:
        Convert before weights are compared, to the less precise of the two types, and expect equality only up
        to its rounding. Load NEW in the type that it declares.
    """
    retyped = comparison.select("tensor-retyped")
    declared = comparison.differences("dtype")
    for difference in declared:
        message = f"parameter type: {_named(difference.old)} → {_named(difference.new)}"
        if not follows_from_quantization(comparison):
            yield replace(Finding.of(difference, message), explains=union(difference.explains, retyped))
    if not declared:
        yield from map(as_one, grouped(retyped))


def _named(dtype: Value) -> str:
    return "not declared" if dtype is None else str(dtype)
