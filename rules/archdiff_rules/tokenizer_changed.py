from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison

_SAID = MappingProxyType(
    {
        "identical": "its tokens are OLD's",
        "extended": "OLD's tokens, with others added",
        "pruned": "OLD's tokens, without some of them",
        "re-ordered": "OLD's tokens under other ids",
        "derived": "it has a common origin with OLD's",
        "independent": "it was made without OLD's",
        "inconclusive": "whether it comes from OLD's cannot be told",
    }
)


@rule(impact="cosmetic", group="Storage, naming, lineage")
def tokenizer_changed(comparison: Comparison) -> Iterator[Finding]:
    """The tokenizers differ: in tokens, in their ids, in how text is split, or in the chat template.

    Why it matters:
        The network computes the same from the same ids, so weights fit as before; but a text becomes other
        ids, and a checkpoint that meets ids of another tokenizer talks nonsense. Common tokens say little:
        unrelated tokenizers share most of the smaller vocabulary. Ids and the order in which tokens were learned
        tell a common origin. A shared tokenizer says nothing about weights.
        Told only where tokenizers were compared: `archdiff diff --tokenizer`.

    Example:
        Mistral-7B v0.1 and v0.3: 768 special tokens were put in front, and each id moved up by 768.

    What to do:
        Ship the tokenizer that the weights were trained with. Where it was extended, check that the embedding has
        rows for the new tokens and that they were trained. Where only the template differs, publish which one
        the evaluation used.
    """
    found = comparison.tokenizers
    if found is None or (found.verdict == "identical" and not found.differing):
        return
    apart = f"; {', '.join(found.differing)} differ" if found.differing else ""
    sizes = " → ".join(f"{size:,}" for size in found.sizes)
    yield Finding(
        message=f"tokenizer {found.verdict}: {_SAID[found.verdict]}; {sizes} tokens{apart}",
        old=Place(""),
        new=Place(""),
        facts={
            "tokenizer.verdict": (None, found.verdict),
            "tokenizer.size": found.sizes,
            "tokenizer.differing": (None, found.differing),
        },
        impact="cosmetic",
    )
