from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import rule, show
from archdiff_rules._changes import as_one, computing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding

_KEYS = {
    f"{modality}_token_{key}": modality for modality in ("image", "video", "audio", "speech") for key in ("id", "index")
}


@rule(impact="behavioral", group="Modalities")
def placeholder_token_changed(comparison: Comparison) -> Iterator[Finding]:
    """Another token of the vocabulary marks where images, videos or sound stand in the text.

    Why it matters:
        The class replaces the embeddings of this token by those that the tower computes. With another id the
        prompt's placeholders are read as ordinary tokens, and ordinary tokens are overwritten or the class
        refuses the input. The weights load as before, and text alone gives equal outputs.

    Example:
        LLaVA-1.5 marks an image by token 32,000, which it appended to Llama's vocabulary; Qwen2-VL by token
        151,655, which Qwen2 had reserved.

    What to do:
        Check that the processor shipped with NEW writes the new id. Run one prompt with an image through both
        models before anything else is compared.
    """
    for change in comparison.select("config-changed"):
        modality = _KEYS.get(change.subject.rpartition(".")[2])
        if modality is not None and change.before is not None and change.after is not None:
            message = f"token that stands for {modality} in the text: {show(change.before)} → {show(change.after)}"
            yield computing(dataclasses.replace(as_one((change,)), message=message))
