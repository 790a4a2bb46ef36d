from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, rule
from archdiff_rules._remote_code import needs_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="cosmetic", group="Storage, naming, lineage")
def remote_code_required(comparison: Comparison) -> Iterator[Finding]:
    """One of the models needs code of its own, which does not ship with transformers.

    Why it matters:
        A config can name Python files in its repository (`auto_map`); loading it with
        `trust_remote_code=True` runs them on your machine, in whatever version they have that day. archdiff
        runs none of it: it builds the class that the config names, or one known to be equal, so that what it
        compares may differ from what that code computes.
        A config whose `auto_map` merely repeats a class that ships needs no code and is not reported.

    Example:
        Kimi-K2 has the model type `kimi_k2`, which transformers does not know, and names
        `DeepseekV3ForCausalLM`: the diff is against that class. DeepSeek-V3 itself has an `auto_map` and
        needs none of it.

    What to do:
        Read the code before you run it, pin the revision, and prefer loading by the class that ships. A
        publisher can drop the requirement by naming a known `model_type`.
    """
    old, new = needs_code(comparison.old), needs_code(comparison.new)
    if old != new:
        graph = comparison.new if new else comparison.old
        texts = [
            f"code of its own for `{graph.model_type}`" if needs else "no code beyond transformers"
            for needs in (old, new)
        ]
        yield Finding(
            message=f"{texts[0]} → {texts[1]}; compared here as {graph.class_name}",
            old=Place(""),
            new=Place(""),
            facts={"remote_code": (old, new)},
            impact="cosmetic",
        )
