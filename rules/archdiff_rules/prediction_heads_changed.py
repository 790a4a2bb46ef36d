from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def prediction_heads_changed(comparison: Comparison) -> Iterator[Finding]:
    """The model has, or its config declares, another number of multi-token-prediction layers.

    Why it matters:
        They predict tokens further ahead: a training objective, and a draft model for speculative decoding
        afterwards. transformers leaves them out when it builds most classes, so the checkpoint holds a
        layer that the instantiated model does not show, and published parameter counts may or may not
        include it. The published weights hold them whether or not the class builds them, so a change breaks.

    Example:
        GLM-4.5-Air → Solar Open 100B: 1 → 0. GLM-4.5-Air stores its prediction layer as layer 46, after
        layers 0 to 45; DeepSeek-V3 has one as well.

    What to do:
        Serving NEW with OLD's speculative-decoding settings fails or falls back. When counting layers or
        parameters, say whether the prediction layer is in; take care that a layer-by-layer comparison does
        not pair it with an ordinary layer.
    """
    for finding in changed(comparison, {"prediction_heads.count": "multi-token-prediction layers"}, absent=True):
        yield dataclasses.replace(finding, impact="breaking")
