"""Facts of how a layer knows positions: rotary embedding and its settings, or what stands in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from archdiff.graph.schema import Node, Operator, Value

if TYPE_CHECKING:
    from archdiff.graph.facts.reading import Reading

__all__ = ["interleaves", "read"]

Facts = Iterator[tuple[str, Value]]

_KNOWN = frozenset(
    {"rope_theta", "rope_type", "type", "factor", "original_max_position_embeddings", "partial_rotary_factor"}
)


def read(layer: Reading, model: Reading) -> Facts:
    """Facts of positions.

    Args:
        layer: one layer.
        model: the whole model, where a shared rotary module or a table of positions stands.
    """
    attention = layer.find("attention")
    kind = _kind(layer, model, attention)
    yield "position.kind", kind
    if kind == "rotary":
        yield from _rotary(layer, model, attention)


def _kind(layer: Reading, model: Reading, attention: Node | None) -> str | None:
    if attention is None:
        return None
    if layer.find("relative-position-bias", "relative-position") or model.find("relative-position-bias") is not None:
        return "relative"
    biased = any(operator.name == "baddbmm" for operator in layer.operators())
    if layer.stated("alibi") is True or "alibi" in str(layer.stated("position_embedding_type")) or biased:
        return "alibi"
    rotary = any(_serves(node, layer) for node in model.all("rotary")) or "rotary_dim" in attention.attributes
    if rotary and not _without(layer, model, attention):
        return "rotary"
    return "learned" if _table(layer, model) and not rotary else "none"


def _serves(node: Node, layer: Reading) -> bool:
    """Whether the part stands in the layer or beside its stack, and not in another tower."""
    holder = node.id.rpartition(".")[0]
    return node.id.startswith(f"{layer.root}.") or not holder or layer.root.startswith(f"{holder}.")


def _table(layer: Reading, model: Reading) -> bool:
    """Whether a table of positions is added to what the layers read: a module, or a tensor of the embeddings."""
    if any(_serves(node, layer) for node in model.all("position-embedding")):
        return True
    return any(
        node.role == "position-embedding" or any("position_embedding" in t.name for t in node.tensors)
        for holder in model.all("embeddings")
        if _serves(holder, layer)
        for node in model.below(holder).modules
    )


_TURNS = frozenset({"neg", "view_as_complex"})
"""Operators of every rotation, in its two usual forms."""


def _without(layer: Reading, model: Reading, attention: Node) -> bool:
    """Whether this layer leaves rotation out, as every fourth layer of Llama 4 and SmolLM3 does."""
    if attention.attributes.get("use_rope") in (False, 0) or layer.values.get("no_rope_layers") in (0, False):
        return True
    alike = [node for node in model.all("attention") if node.class_name == attention.class_name]
    return not _turns(layer, attention) and any(_turns(model, node) for node in alike)


def _turns(part: Reading, attention: Node) -> bool:
    return any(operator.name in _TURNS for operator in part.own(attention))


def _rotary(layer: Reading, model: Reading, attention: Node | None) -> Facts:
    settings = _settings(layer)
    yield (
        "rotary.base",
        _number(settings.get("rope_theta", layer.stated("rope_theta", "rotary_emb_base", "default_theta"))),
    )
    kind = settings.get("rope_type", settings.get("type")) or "default"
    yield "rotary.scaling.kind", None if kind == "default" else str(kind)
    scaled = kind != "default"
    yield "rotary.scaling.factor", _number(settings.get("factor")) if scaled else None
    original = settings.get("original_max_position_embeddings", layer.stated("original_max_position_embeddings"))
    yield "rotary.scaling.original_context", original if scaled and isinstance(original, int) else None
    yield "rotary.scaling.parameters", tuple(_others(settings)) if scaled else ()
    yield "rotary.fraction", _fraction(layer, model, settings, attention)
    yield "rotary.interleaved", _interleaved(layer, attention)


def _settings(layer: Reading) -> Mapping[str, Any]:
    """The layer's rotary settings: those of its layer type, where the config has one set a type."""
    found = layer.config.get("rope_parameters") or layer.config.get("rope_scaling") or {}
    if not isinstance(found, Mapping):
        return {}
    nested = {key: value for key, value in found.items() if isinstance(value, Mapping)}
    kind = layer.values.get("layer_types")
    return nested.get(str(kind), next(iter(nested.values()))) if nested else found


def _others(settings: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(settings.keys() - _KNOWN):
        value = settings[key]
        if isinstance(value, list | tuple):
            yield f"{key}={len(value)} factors from {min(value):g} to {max(value):g}, sum {sum(value):.6g}"
        elif value is not None:
            yield f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"


def _number(value: object) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if float(value).is_integer() else value


def _fraction(
    layer: Reading, model: Reading, settings: Mapping[str, Any], attention: Node | None
) -> float | int | None:
    """Rotating values of a head, from the number of frequencies, over the head's width."""
    stated = settings.get("partial_rotary_factor", layer.stated("partial_rotary_factor", "rotary_pct"))
    if isinstance(stated, int | float):
        return _number(stated)
    head = layer.count("qk_head_dim", "head_dim", "attention_head_size", node=attention)
    turning = layer.count("rotary_dim", node=attention)
    if turning and head:
        return _number(round(turning / head, 6))
    rotary = layer.find("rotary") or _nearest(model, layer.root)
    frequencies = next((t.shape[-1] for t in rotary.tensors if t.name == "inv_freq"), None) if rotary else None
    return _number(min(1.0, round(2 * frequencies / head, 6))) if frequencies and head else None


def _interleaved(layer: Reading, attention: Node | None) -> bool:
    stated = layer.setting("rope_interleave", "rope_interleaved")
    if isinstance(stated, bool):
        return stated
    return interleaves(layer.own(attention))


def interleaves(operators: Iterable[Operator]) -> bool:
    """Whether a rotation pairs neighbouring values, told by its steps of two or its complex numbers."""
    operators = tuple(operators)
    strided = any(o.name == "slice" and len(o.arguments) == 4 and o.arguments[3] == "2" for o in operators)
    return strided or any(o.name == "view_as_complex" for o in operators)


def _nearest(model: Reading, layer: str) -> Node | None:
    """The rotary module that stands closest to the layer: a tower has one of its own."""
    parts = layer.split(".")

    def shared(node: Node) -> int:
        return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(node.id.split("."), parts, strict=False))))

    return max(model.all("rotary"), key=shared, default=None)
