from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._positions import SCALING, other_parameters, scaling, turning
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Positions")
def rotary_scaling_changed(comparison: Comparison) -> Iterator[Finding]:
    """Rotary frequencies are rescaled to reach a longer context, by another method or factor.

    Why it matters:
        Scaling stretches the positions that a model was trained on: linear divides all, YaRN and llama3
        divide low frequencies only, long-rope divides each by its own factor, dynamic starts beyond the
        trained length. YaRN also sharpens the logits by 0.1 ln(factor) + 1. The same weights under another
        scaling compute something else, at every length for all but dynamic scaling.
        Reported only where both models rotate; a model that stops rotating has `position-encoding-changed`.

    Example:
        gpt-oss-120b → Solar Open 100B: YaRN ×32 from 4,096 → YaRN ×2 from 65,536 positions.
        Llama-3-8B → Llama-3.1-8B: none → llama3 ×8 from 8,192 positions.

    What to do:
        Check that the serving engine reads the same keys: `rope_scaling` and `rope_parameters`, `type` and
        `rope_type` are both in use. If only the scaling differs from the parent, NEW may be the parent with a
        longer declared context.
    """
    for difference in comparison.differences(*SCALING):
        old, new = scaling(difference, 0), scaling(difference, 1)
        message = f"{old} → {new}" if old != new else f"{old}: {other_parameters(difference)}"
        yield turning(comparison, concise(difference, message))
