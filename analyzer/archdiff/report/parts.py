"""The parts of a layer: its boxes with their facts and parameters."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.report.flows import owners_of
from archdiff.report.part_facts import facts_for
from archdiff.report.schema import Part, TensorEntry
from archdiff.report.values import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.graph.schema import ModelGraph, Value
    from archdiff.report.boxes import Box

__all__ = ["json_of", "label_of", "parts_of", "shared_facts", "tensors_of"]

_LABELS: Mapping[str, str] = MappingProxyType({
    "embedding": "token embedding",
    "lm-head": "LM head",
    "dense-mlp": "dense MLP",
    "expert": "experts",
    "mtp": "multi-token prediction",
})  # fmt: skip
"""What to call a role where its name with spaces does not do."""


def parts_of(graph: ModelGraph, boxes: Sequence[Box], facts: Mapping[str, Value]) -> tuple[Part, ...]:
    """Boxes as parts, in the same order; nothing in them has changed.

    Args:
        graph: of the model.
        boxes: of one layer.
        facts: of the layer.
    """
    owned: Counter[str] = Counter()
    owners = owners_of(graph, boxes)
    nodes: dict[str, list[str]] = {}
    for node, box in owners.items():
        owned[box] += graph.own_parameters(node)
        nodes.setdefault(box, []).append(node)
    present = [inner.role for box in boxes for inner in box.every()]

    def part(box: Box) -> Part:
        whole = graph.subtree_parameters(box.id)
        held = [node for node in graph.subtree(box.id) if node not in owners] if box.container else nodes[box.id]
        return Part(
            id=box.id,
            role=box.role,
            label=label_of(box.role, graph.nodes[box.id].name),
            class_name=graph.nodes[box.id].class_name,
            status="unchanged",
            facts=json_of(facts_for(box.role, facts, present)),
            notes=(),
            parameters=whole if box.container else owned[box.id],
            parts=tuple(map(part, box.boxes)),
            tensors=tensors_of(graph, held),
        )

    return tuple(map(part, boxes))


def tensors_of(graph: ModelGraph, nodes: Iterable[str]) -> tuple[TensorEntry, ...]:
    """What a checkpoint holds of these modules, in the order of the modules."""
    return tuple(
        TensorEntry(name=clean(f"{node}.{tensor.name}".lstrip(".")), shape=tensor.shape, dtype=clean(tensor.dtype))
        for node in nodes
        for tensor in graph.nodes[node].tensors
        if tensor.persistent
    )


def shared_facts(graph: ModelGraph, layers: Sequence[str]) -> dict[str, Value]:
    """The facts that all the layers share."""
    shared = dict(graph.nodes[layers[0]].facts)
    for layer in layers[1:]:
        facts = graph.nodes[layer].facts
        if facts != shared:
            shared = {key: value for key, value in shared.items() if key in facts and facts[key] == value}
    return shared


def label_of(role: str, name: str) -> str:
    """What to call a part with this role, or with none and this name."""
    return _LABELS.get(role, role.replace("-", " ")) or name


def json_of(facts: Mapping[str, Value]) -> dict[str, Any]:
    """Facts as JSON values."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
