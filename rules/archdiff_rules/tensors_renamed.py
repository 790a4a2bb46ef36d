from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._changes import lowest, together, union
from archdiff_rules._names import name_mapping, renamed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Storage, naming, lineage")
def tensors_renamed(comparison: Comparison) -> Iterator[Finding]:
    """The same tensors have other names; the finding holds the mapping.

    Why it matters:
        A loader goes by names: renamed tensors are reported as missing, or initialised at random with a
        warning. Nothing else has changed, so renaming the keys of a checkpoint is a complete fix. Renaming
        also hides an origin from tools that compare names, which is how it came to public attention.

    Example:
        The first release of Yi-34B was Llama's architecture with `input_layernorm` named `ln1` and
        `post_attention_layernorm` named `ln2`; the names were changed back after users noticed.

    What to do:
        Apply the mapping in the finding's facts (old name, new name, in the same order) to the checkpoint's
        keys: OLD's weights then load into NEW, if nothing else that breaks is reported.
    """
    changes = renamed(comparison)
    if changes:
        mapping = name_mapping(comparison)
        told = [f"`{old}` → `{new}`" for old, new in mapping[:3]]
        more = f" and {len(mapping) - 3} more" if len(mapping) > 3 else ""
        yield Finding(
            message=f"renamed: {', '.join(told)}{more}",
            old=together(change.old for change in changes),
            new=together(change.new for change in changes),
            facts={"names": (tuple(old for old, _ in mapping), tuple(new for _, new in mapping))},
            explains=union(changes, comparison.select("module-renamed", "tensor-renamed")),
            confidence=lowest(changes),
        )
