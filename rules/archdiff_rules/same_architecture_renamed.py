from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, rule
from archdiff_rules._names import equal_but_for_names, names, of_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="cosmetic", group="Storage, naming, lineage")
def same_architecture_renamed(comparison: Comparison) -> Iterator[Finding]:
    """The model type or class has another name, and nothing that is computed or stored differs.

    Why it matters:
        A new name suggests a new architecture. Where structure and function are equal to a published one, all
        tools made for that one can be used, and claims of an own architecture deserve a second look. It says
        nothing about weights: the same architecture can be trained from the start, and often is.

    Example:
        Yi-34B was published as `YiForCausalLM` and is Llama's architecture at its own sizes. Mistral-7B-v0.1
        without a window is Llama at equal sizes; depth up-scaled SOLAR 10.7B is Mistral's blocks under
        Llama's class.

    What to do:
        Load NEW with OLD's class and compare the outputs. In a model card, name the architecture that was
        used. Ask for the weight evidence when the question is whether NEW was made from OLD.
    """
    old, new = names(comparison.old), names(comparison.new)
    if old != new and equal_but_for_names(comparison):
        yield Finding(
            message=f"{old[1]} ({old[0]}) → {new[1]} ({new[0]}): equal structure and function",
            old=Place(""),
            new=Place(""),
            facts={name: (a, b) for name, a, b in zip(("model_type", "class"), old, new, strict=True) if a != b},
            explains=of_names(comparison),
            impact="cosmetic",
        )
