from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule, show
from archdiff_rules._towers import gained, towers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Modalities", mirror="modality-added")
def modality_removed(comparison: Comparison) -> Iterator[Finding]:
    """The model lost its tower for another modality: vision or audio.

    Why it matters:
        What is left reads text only. That is a common way to publish the language model of a multimodal one,
        and the text weights then are the same tensors under shorter names. Special tokens for images usually
        stay in the vocabulary and mean nothing any more.

    Example:
        Qwen3-VL-8B → Qwen3-8B; Llama-4-Scout loaded as `Llama4ForCausalLM` instead of
        `Llama4ForConditionalGeneration`.

    What to do:
        Check that prompts with images are refused rather than ignored. If NEW is announced as trained by
        itself, compare the text stack's weights with OLD's.
    """
    for difference in comparison.differences("modalities"):
        removed = gained(difference.new, difference.old)
        if removed:
            changes = tuple(change for change in difference.explains if change.kind != "module-added")
            yield towers(difference, f"removed: {show(removed)}", changes)
