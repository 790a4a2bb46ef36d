from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Modalities")
def image_embedding_changed(comparison: Comparison) -> Iterator[Finding]:
    """Images become a sequence of vectors in another way: patch size, table of positions, special vectors.

    Why it matters:
        The patch size decides how many vectors an image yields and what the first layer sees; the table of
        positions ties a model to a resolution, though it can be interpolated. Class, register and detection
        vectors take part in attention, and a head may read nothing else: a checkpoint without them is another
        model, although every layer is equal.

    Example:
        ViT → DeiT: a distillation vector beside the class vector, so the table has 198 rows and not 197.
        DINOv2 with registers adds four register vectors; I-JEPA has no class vector. LLaVA-NeXT adds a vector
        that marks the end of a row of patches.

    What to do:
        Compare the layers, which fit; the projection of patches fits only at an equal patch size. Count the
        vectors before indexing into the output: position 0 is not always the class vector.
    """
    names = {
        "image.patch_size": "patch size",
        "image.positions": "rows of the table of patch positions",
        "image.tokens": "learned vectors beside the patches",
    }
    if not comparison.differences("modalities"):
        for name, words in names.items():
            yield from changed(comparison, {name: words}, absent=True)
