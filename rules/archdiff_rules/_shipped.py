"""What a checkpoint ships and its config does not build, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.rule import ModelGraph

__all__ = ["KINDS", "contradictions", "in_words"]

KINDS = {
    "missing": "lacks {} that the config builds",
    "unexpected": "ships {} that the config does not build",
    "misshapen": "ships {} in another shape than the config builds",
}


def contradictions(graph: ModelGraph) -> dict[str, tuple[str, ...]]:
    """Names of tensors by the way in which the checkpoint contradicts the config; empty where it agrees."""
    shipped = graph.shipped or {}
    found = {
        "missing": tuple(shipped.get("missing", ())),
        "unexpected": tuple(shipped.get("unexpected", ())),
        "misshapen": tuple(name for name, _, _ in shipped.get("misshapen", ())),
    }
    return {kind: names for kind, names in found.items() if names}


def in_words(graph: ModelGraph, found: dict[str, tuple[str, ...]]) -> str:
    """The contradictions of one model, as a clause."""
    if graph.shipped is None:
        return "no checkpoint was read"
    if not found:
        return "a checkpoint as the config builds it"
    return f"a checkpoint that {' and '.join(_clauses(found))}"


def _clauses(found: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for kind, names in found.items():
        amount = f"{count(len(names))} tensor{'' if len(names) == 1 else 's'}"
        yield f"{KINDS[kind].format(amount)} ({_common(names)})"


def _common(names: Sequence[str]) -> str:
    """The name of a single tensor, else the part of the model that holds all of them: `model.layers.46.*`."""
    if len(names) == 1:
        return f"`{names[0]}`"
    parts = [name.split(".")[:-1] for name in (min(names), max(names))]
    shared = []
    for first, last in zip(*parts, strict=False):
        if first != last:
            break
        shared.append(first)
    return f"`{'.'.join([*shared, '*'])}`"
