from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule, show
from archdiff_rules._towers import gained, towers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Modalities", mirror="modality-removed")
def modality_added(comparison: Comparison) -> Iterator[Finding]:
    """The model gained a tower for another modality: vision or audio.

    Why it matters:
        A tower turns images or sound into vectors that the language model reads as if they were tokens. It
        brings weights of its own, often from another project (SigLIP, CLIP, Whisper) under another licence,
        and may have been kept frozen: whole vision towers have been found unchanged inside models that were
        announced as trained from scratch. The language model inside may be an existing one, unchanged.

    Example:
        Qwen3-8B → Qwen3-VL-8B adds a vision tower and its merger to the same text stack.

    What to do:
        Find out where the tower comes from, and compare its weights with the public candidates of the same
        shape. Compare the text stack with that of OLD: the alignment holds although the module paths have
        changed.
    """
    for difference in comparison.differences("modalities"):
        added = gained(difference.old, difference.new)
        if added:
            changes = tuple(change for change in difference.explains if change.kind != "module-removed")
            yield towers(difference, f"added: {show(added)}", changes)
