from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import computing
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="State-space and convolution mixers")
def state_size_changed(comparison: Comparison) -> Iterator[Finding]:
    """The recurrent state of a state-space or linear-attention layer has another size.

    Why it matters:
        The state is all that such a layer remembers: channels × state size values, however long the text. It
        bounds recall as the key-value cache does for attention, but does not grow. In linear attention the
        state of a head is key width × value width.

    Example:
        Jamba 1.5 Mini (Mamba-1) has a state of 16 per channel, Mamba-2 models usually 128, Nemotron-H 56B
        256. Qwen3-Next keeps 128 × 128 values per head.

    What to do:
        Input projections, and in Mamba-1 the decay table `A_log`, do not fit. Size the memory of a request by
        the state, and check that the scan kernel takes the new size.
    """
    return map(computing, changed(comparison, {"mixer.state_size": "state size"}))
