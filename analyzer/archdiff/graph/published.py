"""What the tensors of a class are called in published checkpoints: transformers renames them while it loads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.graph.schema import ModelGraph

__all__ = ["every_class_computes", "names_in", "published_names", "respelled"]

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")

_COMPUTED = re.compile(r"(^|\.)(rotary_emb\.inv_freq|position_ids|masked_bias)$")

_SUCCESSORS = (
    (re.compile(r"LayerNorm\.gamma$"), "LayerNorm.weight"),
    (re.compile(r"LayerNorm\.beta$"), "LayerNorm.bias"),
    (re.compile(r"(?<=\.block_sparse_moe)\.input_linear\.weight$"), ".experts.gate_up_proj"),
    (re.compile(r"(?<=\.block_sparse_moe)\.output_linear\.weight$"), ".experts.down_proj"),
    (re.compile(r"(?<=\.block_sparse_moe)\.router\.layer\.weight$"), ".router.weight"),
)
"""Names that transformers gave up whatever the family: rows `legacy` and `granitemoe` of its conversion mapping."""


def published_names(model: Any) -> dict[str, str]:
    """Published name of every tensor that has another one, to the class's own; `*` for numbers.

    Args:
        model: a transformers model; its own conversion mapping is read backwards, as for saving it.
    """
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    mapping = get_model_conversion_mapping(model, add_legacy=False)
    back: Any = [row.reverse_transform() for row in reversed(mapping) if isinstance(row, WeightRenaming)]
    names = {key: rename_source_key(key, back, [], reverse=True)[0] for key in model.state_dict()} if back else {}
    return {_NUMBER.sub("*", published): _NUMBER.sub("*", own) for own, published in names.items() if own != published}


def every_class_computes(name: str, shape: Sequence[int] = ()) -> bool:
    """Whether it is a tensor that older checkpoints ship and no class reads: frequencies, positions, causal masks."""
    causal = name.endswith(("attn.bias", "attention.bias")) and len(shape) == 4 and shape[2] == shape[3]
    return causal or _COMPUTED.search(name) is not None


def respelled(names: Iterable[str]) -> dict[str, str]:
    """The names of a checkpoint, to those that succeeded them, where names alone tell.

    No two get one name: where they would, all keep theirs.
    """
    found = {name: _respelled(name) for name in names}
    return found if len(set(found.values())) == len(found) else {name: name for name in found}


def _respelled(name: str) -> str:
    for pattern, spelling in _SUCCESSORS:
        name = pattern.sub(spelling, name)
    return name


def names_in(graph: ModelGraph, names: Iterable[str]) -> dict[str, str]:
    """The names of bare weights, to those under which the class of a graph holds them once it has loaded them.

    Args:
        graph: of a class.
        names: of tensors; those that the class does not know keep theirs.
    """
    published = graph.published
    # Bare weights have Mixtral's mixture under `mlp` already, as the class has.
    table = {_respelled(key).replace(".block_sparse_moe.", ".mlp."): own for key, own in published.items()}
    table |= published
    held = {f"{key}.{t.name}" if key else t.name for key, node in graph.nodes.items() for t in node.tensors}
    heads = [key for key in graph.children[""] if graph.nodes[key].kind == "module"]
    return {name: _name_in(name, table, held, heads) for name in names}


def _name_in(name: str, table: Mapping[str, str], held: set[str], heads: list[str]) -> str:
    """By the class's own mapping, or as a tensor of its base model, whose name transformers puts before it."""
    if name in held:
        return name
    numbers = iter(_NUMBER.findall(name))
    own = re.sub(r"\*", lambda _: next(numbers, "*"), table.get(_NUMBER.sub("*", name), ""))
    return own or next((f"{head}.{name}" for head in heads if f"{head}.{name}" in held), name)
