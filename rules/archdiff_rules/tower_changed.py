from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._towers import changed_towers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Modalities")
def tower_changed(comparison: Comparison) -> Iterator[Finding]:
    """A tower of both models is of another class, depth or width.

    Why it matters:
        Towers are taken from other projects and exchanged between releases, mostly without a word in the
        model card. Another one means other licences, other preprocessing and an alignment stage trained
        again; its own weights cannot come from OLD. What differs inside is not listed part by part.

    Example:
        LLaVA-NeXT → LLaVA-OneVision: CLIP, 24 layers of width 1,024 → SigLIP, 26 layers of width 1,152.
        Qwen2-VL → Qwen2.5-VL: a tower trained from the start, with windows and RMSNorm.

    What to do:
        Find the tower's origin by its shapes and compare its weights with the public candidates. Run the new
        preprocessing: image size and patch size go with the tower. The language model is compared on its
        own.
    """
    return changed_towers(comparison)
