from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="State-space and convolution mixers")
def mixer_form_changed(comparison: Comparison) -> Iterator[Finding]:
    """A state-space mixer is built in another way: its width, form, time steps or norms.

    Why it matters:
        Mamba computes time step, input and output maps from each token and runs step by step with a state for
        every channel; Mamba-2 has one decay for each head and runs in chunks, as matrix products. The two have
        other tensors under the same names. The width inside a mixer decides how many channels have a state;
        limits of the time step and norms change every value.

    Example:
        Mamba → Mamba-2: step by step → in chunks, and a gated norm before the output. Falcon-Mamba adds norms
        on time step, input and output maps, which keep training stable. Zamba2 keeps time steps above 0.001.

    What to do:
        Check that the kernel of the serving engine is the one for this form. Weights of one form do not fit
        the other; of one form, limits and norms must be set as trained.
    """
    names = {
        "mixer.form": "state-space mixer",
        "mixer.width": "width inside the mixer",
        "mixer.time_step_limits": "limits of the time step",
        "mixer.norm": "norms within the mixer",
        "mixer.multipliers": "multipliers on the parts of its input",
    }
    for name, words in names.items():
        yield from changed(comparison, {name: words}, absent=name == "mixer.time_step_limits")
