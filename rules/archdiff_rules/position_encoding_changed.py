from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._changes import computing
from archdiff_rules._report import changed, concise, shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison

_NAMES = {"none": "no", "alibi": "ALiBi"}


@rule(impact="behavioral", group="Positions")
def position_encoding_changed(comparison: Comparison) -> Iterator[Finding]:
    """Layers learn the order of tokens in another way: rotary, ALiBi, learned, relative or not at all.

    Why it matters:
        Attention alone does not know order. Rotary embeddings turn queries and keys by their position, ALiBi
        subtracts a penalty that grows with distance, learned positions are a table that ends at a fixed
        length, relative biases are learned per distance. Rotary, ALiBi and none leave the tensors alone, so
        weights load and compute something else; learned and relative positions are tensors.
        Some layers may have none on purpose: with others rotating, that helps long contexts.

    Example:
        GPT-2 has learned positions, BLOOM ALiBi, Llama rotary.
        SmolLM3 leaves rotation out of every fourth layer; so does Llama 4. T5 has one table of relative
        positions for all layers, UMT5 one for each.

    What to do:
        Check the layers that are named: an engine that rotates all of them runs without an error. Rotary
        settings are compared only where both models rotate.
    """
    for difference in comparison.differences("position.kind"):
        if None not in (difference.old, difference.new):
            old, new = (_NAMES.get(str(value), str(value)) for value in (difference.old, difference.new))
            yield computing(Finding.of(difference, f"{old} → {new} positions"))
    for difference in comparison.differences("position.relative_bias", "position.kind"):
        if difference.facts["position.kind"] == ("relative", "relative"):
            told = f"table of relative positions: {shift(difference, 'position.relative_bias')}"
            yield computing(concise(difference, told))
    names = {"position.offset": "first row that is read of the table of positions"}
    yield from changed(comparison, names, {"none": "0"}, absent=True)
    yield from changed(comparison, {"rotary.tables": "angles of the rotary embedding"}, absent=True)
