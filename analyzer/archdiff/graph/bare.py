"""A graph from the names and shapes of tensors, for a checkpoint without a config.

Names are split at their dots into modules. Classes are guessed from names and shapes, so that the table of roles
applies; what the modules compute is not known.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import networkx as nx

from archdiff.graph.assemble import with_facts
from archdiff.graph.axes import label
from archdiff.graph.origin import source_attributes
from archdiff.graph.published import every_class_computes, respelled
from archdiff.graph.roles import Sizes, assign
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node, Tensor
from archdiff.sources.headers import Shipped
from archdiff.sources.quantized import meaning
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.sources import Source
    from archdiff.sources.quantized import Meant

__all__ = ["bare_graph", "renamed"]

_UNREAD = "data flow and function: no config says what the tensors are used for, so names and shapes alone were read"
_FLAT = "shapes of weights in 4 bits of bitsandbytes: headers tell the number of their elements alone"

_TABLES = frozenset({"embed_tokens", "wte", "word_embeddings", "tok_embeddings", "embed_in", "embedding"})
_HEADS = frozenset({"lm_head", "embed_out", "output"})
_EMBEDDING = re.compile(r"embed|^wte$|^wpe$")
_NORM = re.compile(r"norm|^ln_?\w*$")
_BUFFERS = re.compile(r"inv_freq|running_(mean|var)|num_batches_tracked|position_ids|e_score_correction_bias")
_CONTAINERS = (
    (re.compile(r"linear_attn|delta"), "LinearAttention?"),
    (re.compile(r"attn|attention"), "Attention?"),
    (re.compile(r"mlp|ffn|feed_forward"), "MLP?"),
    (re.compile(r"moe"), "MoE?"),
)
_COLUMNS_FIRST = frozenset({"c_attn", "c_fc", "c_proj", "q_attn"})
"""GPT-2's projections, which it stores transposed; other families have the same names and do not."""
_FUSED = ((("gate_proj", "up_proj"), "gate_up_proj"), (("w1", "w3"), "gate_up_proj"))
_NAMED = 2
_MIXTRAL = re.compile(r"((.+\.)?block_sparse_moe)\.experts\.\d+\.w1")
_DOWN = {"down_proj": "down_proj", "w2": "down_proj"}

_TOLD = frozenset({
    "hidden_size", "vocabulary", "layers", "logit.bias", "modalities",
    "mixer.kind", "attention.bias", "attention.sinks", "latent.query_rank", "latent.key_value_rank",
    "norm.bias", "feed_forward.kind", "mlp.width", "mlp.gated", "mlp.bias",
    "experts.count", "experts.width", "experts.bias", "experts.transposed", "router.bias",
    "shared_experts.width", "mixer.convolution_width", "quantization.method",
})  # fmt: skip
"""Facts that names and shapes tell; of any other, nothing is stated."""

Modules = dict[str, dict[str, Tensor]]


def bare_graph(source: Source) -> ModelGraph:
    """The graph of a checkpoint of which only the headers are known.

    Args:
        source: of the kind `weights`; its names have been checked.
    """
    meant = meaning(source.shipped or (), {})
    tensors = [tensor for tensor in meant.tensors if not every_class_computes(tensor.name, tensor.shape)]
    spelled = respelled(tensor.name for tensor in tensors)
    return _graph([dataclasses.replace(tensor, name=spelled[tensor.name]) for tensor in tensors], {
        "schema_version": SCHEMA_VERSION, "name": source.name, "reference": source.reference, "model_type": "",
        "class_name": "", "config": {"quantization_config": {"quant_method": meant.method}} if meant.method else {},
        "source": source_attributes(source), "programs": {}, "notes": [*source.notes, *_notes(meant)],
        "not_checked": [_UNREAD, *([_FLAT] if meant.flat else [])], "transformers": "",
    })  # fmt: skip


def renamed(graph: ModelGraph, names: Mapping[str, str], class_name: str) -> ModelGraph:
    """The graph of the same weights with other names.

    Args:
        graph: of bare weights.
        names: of its tensors, to those that they get.
        class_name: whose names those are.
    """
    others = sum(before != after for before, after in names.items())
    note = f"{others:,} tensors are told under the names that {class_name} gives them when it loads them"
    tensors = [
        Shipped(names[full], tensor.shape, tensor.dtype)
        for key, node in graph.nodes.items()
        for tensor in node.tensors
        for full in (f"{key}.{tensor.name}" if key else tensor.name,)
    ]
    return _graph(tensors, {**graph.attributes, "notes": [*graph.notes, note]})


def _graph(tensors: Sequence[Shipped], attributes: Mapping[str, Any]) -> ModelGraph:
    """The graph of tensors; all of the attributes but the stacks are given."""
    modules = _fuse(_modules(tensors))
    stacks = _stacks(modules)
    sizes = _sizes(modules)
    nodes = _transposed([_node(key, modules, stacks) for key in modules], sizes)
    layers = frozenset(layer for found in stacks.values() for layer in found)
    nodes = label(assign(nodes, layers, sizes), sizes)
    network: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in nodes:
        network.add_node(node.id, **node.to_data())
    network.add_edges_from((n.id.rpartition(".")[0], n.id, {"kind": "contains"}) for n in nodes if n.id)
    network.graph.update({**attributes, "stacks": stacks})
    return with_facts(network, _TOLD)


def _notes(meant: Meant) -> Iterator[str]:
    if meant.packed:
        plural = "" if len(meant.packed) == 1 else "s"
        yield f"{len(meant.packed):,} tensor{plural} stored quantized ({meant.method}), read as what they stand for"
    for name, shipped, right in meant.misshapen[:_NAMED]:
        yield f"{printable(name, 120)} has the shape {shipped}, and its weight asks for {right}"
    if meant.lacking:
        named = ", ".join(printable(name, 120) for name in meant.lacking[:_NAMED])
        yield f"{len(meant.lacking):,} tensors are missing that quantized weights are read with: {named}"


def _modules(shipped: Sequence[Shipped]) -> Modules:
    """Tensors by module, parents first, numbered parts in the order of their numbers."""
    found: Modules = {"": {}}
    for tensor in sorted(shipped, key=lambda tensor: _natural(tensor.name)):
        module, _, name = tensor.name.rpartition(".")
        for key in _path(module):
            found.setdefault(key, {})
        kind = "buffer" if _BUFFERS.search(tensor.name) else "parameter"
        found[module][name] = Tensor(name, tensor.shape, tensor.dtype, "buffer" if kind == "buffer" else "parameter")
    return found


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sorts `layers.2` before `layers.10`."""
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in name.split("."))


def _path(module: str) -> Iterator[str]:
    """The module and everything that holds it, the outermost first."""
    parts = module.split(".") if module else []
    yield from (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def _children(modules: Modules) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {key: [] for key in modules}
    for key in modules:
        if key:
            found[key.rpartition(".")[0]].append(key)
    return found


def _fuse(modules: Modules) -> Modules:
    """Experts that are stored one by one as one tensor each, as transformers builds them."""
    children = _children(modules)
    gone: set[str] = set()
    for key in [key for key in modules if key.rpartition(".")[2] == "experts"]:
        fused = _stacked(modules, children, key)
        if fused:
            modules[key] |= fused
            gone |= {below for child in children[key] for below in (child, *children[child])}
    left = {key: tensors for key, tensors in modules.items() if key not in gone}
    return _renamed(left, gone)


def _renamed(modules: Modules, fused: Iterable[str]) -> Modules:
    """Mixtral's name for a mixture as transformers has it, where its experts were fused as transformers does too."""
    old = {m[1]: f"{m[2] or ''}mlp" for key in fused if (m := _MIXTRAL.fullmatch(key))}
    names = {published: own for published, own in old.items() if own not in modules}
    found = {}
    for key, tensors in modules.items():
        mixture = next((name for name in _path(key) if name in names), "")
        found[f"{names[mixture]}{key.removeprefix(mixture)}" if mixture else key] = tensors
    return found


def _stacked(modules: Modules, children: Mapping[str, Sequence[str]], key: str) -> dict[str, Tensor]:
    """All experts in one tensor for each projection; empty where they are not alike."""
    experts = children[key]
    kinds = [
        {part.rpartition(".")[2]: modules[part] for part in children[expert] if not children[part]}
        for expert in experts
    ]
    shapes = [{name: {n: (t.shape, t.dtype) for n, t in tensors.items()} for name, tensors in k.items()} for k in kinds]
    numbered = [expert.rpartition(".")[2] for expert in experts] == list(map(str, range(len(experts))))
    if not experts or not numbered or any(shape != shapes[0] for shape in shapes) or any(map(modules.get, experts)):
        return {}
    if not all(tensors.keys() == {"weight"} and len(tensors["weight"].shape) == 2 for tensors in kinds[0].values()):
        return {}
    return dict(_projections({name: tensors["weight"] for name, tensors in kinds[0].items()}, len(experts)))


def _projections(weights: Mapping[str, Tensor], count: int) -> Iterator[tuple[str, Tensor]]:
    left = dict(weights)
    for names, fused in _FUSED:
        if names[0] in left and names[1] in left and left[names[0]].shape == left[names[1]].shape:
            first = left.pop(names[0])
            del left[names[1]]
            yield fused, Tensor(fused, (count, 2 * first.shape[0], first.shape[1]), first.dtype)
    for name, weight in left.items():
        yield _DOWN.get(name, name), Tensor(_DOWN.get(name, name), (count, *weight.shape), weight.dtype)


def _stacks(modules: Modules) -> dict[str, list[str]]:
    """Lists whose modules are numbered from 0 and hold modules themselves; the outermost ones."""
    children = _children(modules)
    stacks: dict[str, list[str]] = {}
    for key, inside in children.items():
        numbered = [f"{key}.{number}" for number in range(len(inside))]
        nested = any(key.startswith(f"{stack}.") for stack in stacks)
        if key and inside and inside == numbered and not nested and all(children[layer] for layer in inside):
            stacks[key] = inside
    return stacks


def _sizes(modules: Modules) -> Sizes:
    """Hidden size and vocabulary from the embedding or the head, experts from the first stacked ones."""
    tables = [
        tensors["weight"].shape
        for names in (_TABLES, _HEADS)
        for key, tensors in modules.items()
        if key.rpartition(".")[2] in names and "weight" in tensors and len(tensors["weight"].shape) == 2
    ]
    stacked = [
        tensor.shape[0]
        for key, tensors in modules.items()
        if key.rpartition(".")[2] == "experts"
        for tensor in tensors.values()
        if len(tensor.shape) == 3
    ]
    rows, columns = tables[0] if tables else (None, None)
    return Sizes(hidden=columns, vocabulary=rows, experts=next(iter(stacked), None))


def _node(key: str, modules: Modules, stacks: Mapping[str, Sequence[str]]) -> Node:
    tensors = tuple(modules[key].values())
    return Node(key, class_name=_class_name(key, tensors, key in stacks), tensors=tensors)


def _class_name(key: str, tensors: Sequence[Tensor], is_stack: bool) -> str:
    """What the class may be, with a question mark; empty where nothing tells."""
    name = key.rpartition(".")[2]
    if is_stack or not key:
        return "ModuleList?" if is_stack else "Checkpoint"
    weight = next((tensor for tensor in tensors if tensor.name == "weight"), None)
    if weight is None:
        return next((known for pattern, known in _CONTAINERS if pattern.search(name)), "")
    if len(weight.shape) == 1 and _NORM.search(name):
        return "LayerNorm?" if any(tensor.name == "bias" for tensor in tensors) else "RMSNorm?"
    if len(weight.shape) == 2:
        return "Embedding?" if _EMBEDDING.search(name) and name not in _HEADS else "Linear?"
    return "Conv1d?" if len(weight.shape) == 3 else ""


def _transposed(nodes: list[Node], sizes: Sizes) -> list[Node]:
    """The nodes; where GPT-2's names take the hidden size in their rows, those as the class that stores them so."""
    shapes = [t.shape for n in nodes if n.name in ("c_attn", "c_fc") for t in n.tensors if len(t.shape) == 2]
    if not any(rows == sizes.hidden != columns for rows, columns in shapes):
        return nodes
    return [dataclasses.replace(n, class_name="Conv1D") if n.name in _COLUMNS_FIRST else n for n in nodes]
