"""Facts of what stands before and behind the layers: how inputs become vectors, and what reads the last ones."""

from __future__ import annotations

from collections.abc import Iterator

from archdiff.graph.facts.reading import Reading
from archdiff.graph.schema import Node, Value

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_TOWERS = ("vision-tower", "audio-tower")

_TOKENS = {
    "cls_token": "class", "class_embedding": "class", "distillation_token": "distillation", "mask_token": "mask",
    "register_tokens": "register", "detection_tokens": "detection", "image_newline": "newline",
}  # fmt: skip
"""Learned vectors that stand in a sequence of patches, by the names that the classes give them."""

_ROTARY_TABLES = frozenset({"embed_positions", "pos_encoding"})


def read(model: Reading) -> Facts:
    """Facts of the model's inputs and of its last part."""
    yield "token_types", _rows(model, "token-type-embedding")
    yield "embedding.width", _embedding_width(model)
    yield "image.patch_size", _patch_size(model)
    yield "image.positions", _image_positions(model)
    yield "image.tokens", _image_tokens(model)
    yield "per_layer_input.width", model.stated("hidden_size_per_layer_input") if _has_inputs(model) else None
    table = model.find("per-layer-embedding")
    yield "per_layer_input.columns", table.tensors[0].shape[-1] if table is not None and table.tensors else None
    yield "pooler", _pooler(model)
    yield "norm.final", any(node.tensors for node in model.all("final-norm"))
    yield "position.offset", _offset(model)
    yield "rotary.tables", _rotary_tables(model)
    for role in _TOWERS:
        yield f"tower.{role.removesuffix('-tower')}", _tower(model, role)


def _rows(model: Reading, role: str) -> int | None:
    node = model.find(role)
    return node.tensors[0].shape[0] if node is not None and node.tensors else None


def _offset(model: Reading) -> int | None:
    """What a table of positions adds to the number of a position."""
    sums = [o for n in model.all("position-embedding") for o in model.own(n) if o.name == "add"]
    added = [text for operator in sums for text in operator.arguments[:1]]
    return next((int(text) for text in added if text.isdigit() and text != "0"), None)


def _embedding_width(model: Reading) -> int | None:
    """Columns of the token embedding where they are not the hidden size."""
    node = model.find("embedding")
    width = node.tensors[0].shape[-1] if node is not None and node.tensors else None
    return width if width != model.stated("hidden_size", "d_model", "n_embd") else None


def _patch_size(model: Reading) -> Value:
    """Height and width of a patch, and frames where it has a depth."""
    tensors = [t for node in model.all("patch-embedding") for t in node.tensors if len(t.shape) in (4, 5)]
    if tensors:
        return " × ".join(map(str, tensors[0].shape[2:]))
    stated = model.setting("patch_size") if model.find("patch-embedding") is not None else None
    sides = (stated, stated) if isinstance(stated, int) else stated
    return " × ".join(map(str, sides)) if isinstance(sides, tuple) else None


def _image_positions(model: Reading) -> int | None:
    """Rows of the learned table of patch positions."""
    if model.find("patch-embedding") is None:
        return None
    text = {node.id for node in model.all("embedding")}
    for node in model.all("embeddings", "position-embedding", "vision-tower"):
        beside_text = any(other.startswith(f"{node.id.rpartition('.')[0]}.") for other in text if "." in node.id)
        for tensor in node.tensors:
            if "position" in f"{node.name}.{tensor.name}" and tensor.persistent and not beside_text:
                return tensor.shape[-2] if len(tensor.shape) > 1 else None
    return None


def _image_tokens(model: Reading) -> tuple[str, ...]:
    if model.find("patch-embedding") is None:
        return ()
    return tuple(sorted({_TOKENS[t.name] for node in model.modules for t in node.tensors if t.name in _TOKENS}))


def _has_inputs(model: Reading) -> bool:
    return model.find("per-layer-embedding", "per-layer-projection") is not None


def _pooler(model: Reading) -> Value:
    """What stands in the outermost poolers and heads of tasks: `pooler: dense, tanh`."""
    heads = model.all("task-head", "pooler")
    outermost = [n for n in heads if not any(n.id.startswith(f"{other.id}.") for other in heads)]
    return tuple(f"{node.name}: {', '.join(_parts(model, node))}" for node in outermost)


def _parts(model: Reading, node: Node) -> Iterator[str]:
    inside = model.below(node)
    for module in inside.modules:
        if module.tensors:
            yield module.name if module.id != node.id else "weight"
    yield from sorted({o.name for o in inside.operators() if o.name in ("tanh", "gelu", "relu", "mean", "silu")})


def _rotary_tables(model: Reading) -> str | None:
    """Where the angles of the rotary embedding come from."""
    layers = tuple(f"{stack}." for stack in model.graph.stacks)
    modules = [n for n in model.all("rotary") if not any(tower in n.id for tower in ("vision", "visual", "audio"))]
    used = [node for node in modules if not model.traced or node.function is not None]
    if not used:
        tables = any(t.name in _ROTARY_TABLES for n in model.all("attention") for t in n.tensors)
        return "a table in each attention" if tables else None
    if model.find("attention") is None:
        return "one that no layer reads"
    listed = any(n.class_name in ("ModuleList", "ModuleDict") for n in modules)
    inside = [node for node in used if node.id.startswith(layers)]
    if len(inside) == len(used):
        return "in each layer"
    single = not listed and len([n for n in used if n.tensors]) == 1
    return "one for all layers" if single else "one for each kind of layer"


def _tower(model: Reading, role: str) -> Value:
    """Class of a tower, and layers and width of its encoder."""
    node = model.find(role)
    if node is None:
        return None
    stacks = [(key, layers) for key, layers in model.graph.stacks.items() if key.startswith(f"{node.id}.")]
    key, layers = max(stacks, key=lambda item: len(item[1]), default=("", ()))
    part = Reading(model.graph, layers[0], {}) if layers else None
    widths = [part.width(1, "up"), part.width(0, "up")] if part is not None else []
    texts = [node.class_name, f"{len(layers)} layers"] if key else [node.class_name]
    names = ("width", "feed-forward width")
    return (*texts, *(f"{name} {size}" for name, size in zip(names, widths, strict=False) if size))
