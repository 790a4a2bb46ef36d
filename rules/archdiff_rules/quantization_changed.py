from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import union
from archdiff_rules._quantization import change_of_scheme, follows_from_quantization, only_more_of_the_same
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Storage, naming, lineage")
def quantization_changed(comparison: Comparison) -> Iterator[Finding]:
    """The weights are stored under another quantisation scheme, or it covers other modules.

    Why it matters:
        Quantised checkpoints hold other tensors: packed integers or 8-bit floats, with scales beside them,
        under names that depend on the scheme. The architecture is the same, but OLD's files do not fit NEW's
        loader nor the other way round. Values that were quantised cannot be recovered, so weight comparisons
        with the original see the rounding: that is noise of a known size, and not evidence of training.

    Example:
        Qwen3-30B-A3B → Qwen3-30B-A3B-FP8: none → FP8 in blocks of 128 × 128.
        gpt-oss-120b was published with MXFP4 experts: MXFP4 → none against any bfloat16 model.

    What to do:
        Check that the serving engine and the accelerator support the scheme, and which modules are left out
        of it (routers, heads and norms should be). Between a model and its quantised release this should be
        the only finding: whatever stands beside it was not quantisation.
    """
    facts = ("quantization.method", "quantization.detail", "quantization.excluded")
    for difference in comparison.differences(*facts):
        same_kinds = only_more_of_the_same(difference)
        finding = concise(difference, change_of_scheme(difference))
        explains = difference.explains
        if follows_from_quantization(comparison):
            declared = comparison.select("config-changed", subject="dtype")
            explains = union(explains, declared, comparison.select("tensor-retyped"))
        yield replace(finding, explains=explains, impact="cosmetic" if same_kinds else "breaking")
