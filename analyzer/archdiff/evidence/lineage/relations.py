"""What a declared relation promises of tensors and of weights, and what the catalogue knows of ancestors."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff import catalogue

if TYPE_CHECKING:
    from archdiff.catalogue import Entry

__all__ = ["LENDS_NOTHING", "ancestors", "entry_of", "keeps_tensors", "keeps_weights"]

LENDS_NOTHING = "same-architecture"
"""The relation through which no weights come, and so no licence."""

# The hub redirects each to the other: https://huggingface.co/meta-llama/Meta-Llama-3.1-8B and so on.
_FORMER = MappingProxyType(
    {f"meta-llama/meta-llama-3.1-{size}": f"meta-llama/llama-3.1-{size}" for size in ("8b", "70b", "405b")}
)

_KEEPS_TENSORS = frozenset({"finetune", "quantized", "adapter", "continued"})
_KEEPS_WEIGHTS = _KEEPS_TENSORS | {"depth-upscaled", "upcycled"}


def keeps_tensors(relation: str) -> bool:
    """Whether a model in this relation has the tensors of its base, in their shapes."""
    return relation in _KEEPS_TENSORS


def keeps_weights(relation: str) -> bool:
    """Whether the weights of a model in this relation must depend on those of its base.

    A merge may hold little of one parent, and a distilled model nothing of its teacher: both promise nothing.
    """
    return relation in _KEEPS_WEIGHTS


def entry_of(hub_id: str) -> Entry | None:
    """The catalogue's entry for a hub id, whatever its case, also for one that the model had before."""
    name = catalogue.find_hub_id(_FORMER.get(hub_id.lower(), hub_id))
    return catalogue.load(name) if name is not None else None


def ancestors(hub_id: str) -> frozenset[str] | None:
    """Every model that a model is declared to be made from, in lower case, without itself.

    A model that goes by another id now is its own ancestor under that one.

    Returns:
        None where the catalogue does not have the model or one of these, so that it cannot be told.
    """
    found: set[str] = set()
    waiting = [hub_id.lower()]
    while waiting:
        if (entry := entry_of(waiting.pop())) is None:
            return None
        bases = {parent.base.lower() for parent in entry.lineage if parent.relation != LENDS_NOTHING}
        waiting.extend(bases - found)
        found |= {entry.hub_id.lower(), *bases}
    return frozenset(found - {hub_id.lower()})
