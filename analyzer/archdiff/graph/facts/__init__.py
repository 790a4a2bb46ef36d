"""Read a graph in the field's terms: what each layer is, and what the model is.

The vocabulary stands in `facts.toml`. Shapes and recorded operators come first; settings and config values
stand in where a class was not traced or where a value never reaches an operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archdiff.graph.facts import attention, branches, feedforward, inputs, model, positions, residual
from archdiff.graph.facts.reading import Reading
from archdiff.graph.settings import per_layer, scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.graph.schema import ModelGraph, Value

__all__ = ["facts_of"]


def facts_of(graph: ModelGraph) -> dict[str, dict[str, Value]]:
    """Facts by node id: those of the model under `""`, and those of every layer of every stack.

    Args:
        graph: with roles and programs. Layers with equal fingerprints are read once.
    """
    whole = Reading(graph, "", scope_of(graph.config))
    found: dict[str, dict[str, Value]] = {"": {**dict(model.read(whole, graph.config)), **dict(inputs.read(whole))}}
    for stack, layers in graph.stacks.items():
        seen: dict[Any, dict[str, Value]] = {}
        config = scope_of(graph.config, stack)
        for index, layer in enumerate(layers):
            values = dict(per_layer(config, index, len(layers)))
            key = (graph.nodes[layer].identity, tuple(sorted((k, repr(v)) for k, v in values.items())))
            if key not in seen:
                seen[key] = _layer_facts(graph, layer, config, values, whole)
            found[layer] = seen[key]
    return found


def _layer_facts(
    graph: ModelGraph, layer: str, config: Mapping[str, Any], values: Mapping[str, Any], whole: Reading
) -> dict[str, Value]:
    reading = Reading(graph, layer, config, values)
    readers = (
        attention.read(reading),
        positions.read(reading, whole),
        residual.read(reading),
        branches.read(reading, whole),
        feedforward.read(reading),
    )
    return dict(sorted(pair for reader in readers for pair in reader))
