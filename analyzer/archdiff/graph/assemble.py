"""From a config to the published graph: build, read, trace, name, fingerprint."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import networkx as nx
import transformers

from archdiff.graph.apart import around
from archdiff.graph.axes import label
from archdiff.graph.build import Built, instantiate, quiet
from archdiff.graph.digests import digest
from archdiff.graph.facts import facts_of
from archdiff.graph.fingerprints import identities_of, static_fingerprints, structures_of
from archdiff.graph.flow import flow_of
from archdiff.graph.function import Functions, functions_of
from archdiff.graph.loading import load, notes_on
from archdiff.graph.origin import source_attributes
from archdiff.graph.parts import layer_stacks, modules_of
from archdiff.graph.published import published_names
from archdiff.graph.roles import Sizes, assign
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node, Operator, freeze
from archdiff.graph.settings import normalised, per_layer, sizes_of
from archdiff.graph.trace import Trace, trace
from archdiff.sources.quantized import declaration, meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import nn

    from archdiff.sources import Source

__all__ = ["build_graph", "with_facts"]

_ALWAYS = "quantization.method"


def build_graph(source: Source) -> ModelGraph:
    """Build the graph of the model that a source describes.

    Args:
        source: a resolved reference; its counts have been bounded.

    Raises:
        ConfigError: its type is unknown, or it needs remote code.
        BuildError: transformers refuses to build it.
    """
    built = instantiate(source.config, source.reference)
    config = normalised(built.config)
    stacks = layer_stacks(built.model)
    nodes = _static_nodes(built, stacks, sizes_of(config))
    kinds = _kinds(nodes, stacks, config)
    _without_losses(built.model)
    with quiet():
        recording = trace(built.model, kinds)
    functions = functions_of(recording)
    programs = dict(functions.programs.values())
    traced = [_with_function(node, recording, functions) for node in nodes]
    network = _network(traced, recording, stacks)
    network.graph.update(_model_attributes(source, built, config, nodes, stacks, programs, recording))
    if not built.renames and (published := published_names(built.model)):
        network.graph["published"] = published
    if source.shipped is not None:
        _compare_shipped(network, source, built, stacks)
    return with_facts(_renamed(network, built.renames))


def _without_losses(model: nn.Module) -> None:
    """Leave out the losses that some classes compute besides their output, whatever the config asks for."""
    for module in model.modules():
        settings: Any = getattr(module, "config", None)
        if getattr(settings, "output_router_logits", False) is True:
            settings.output_router_logits = False


def _compare_shipped(
    network: nx.MultiDiGraph[str], source: Source, built: Built, stacks: Mapping[str, Sequence[str]]
) -> None:
    """Add how the checkpoint fits what was built; the model cannot be used afterwards."""
    declared = declaration(source.config)
    meant = meaning(source.shipped or (), declared)
    with quiet():
        loading = load(built.model, meant, built.renames, stacks, quantized=bool(declared))
    network.graph["shipped"] = loading.to_data()
    network.graph["notes"] += notes_on(loading, meant, quantized=bool(declared))


def _renamed(network: nx.MultiDiGraph[str], renames: Mapping[str, str]) -> nx.MultiDiGraph[str]:
    """The network under the published module names, where a family was released under other ones."""
    if not renames:
        return network
    mapping = {key: ".".join(renames.get(part, part) for part in key.split(".")) for key in network}
    renamed: nx.MultiDiGraph[str] = nx.relabel_nodes(network, mapping, copy=True)
    return renamed


def _static_nodes(built: Built, stacks: Mapping[str, Sequence[str]], sizes: Sizes) -> list[Node]:
    nodes = list(modules_of(built.model))
    layers = frozenset(layer for stack in stacks.values() for layer in stack)
    return label(assign(nodes, layers, sizes), sizes)


def _kinds(nodes: Sequence[Node], stacks: Mapping[str, Sequence[str]], config: Mapping[str, Any]) -> dict[str, str]:
    """A key for every layer; equal keys mean equal parts, settings and per-layer config values."""
    keys = static_fingerprints(nodes)
    return {
        layer: digest(stack, keys[layer], per_layer(config, index, len(layers)))
        for stack, layers in stacks.items()
        for index, layer in enumerate(layers)
    }


def _with_function(node: Node, recording: Trace, functions: Functions) -> Node:
    ran = _original(node.id, recording.copies)
    if ran not in functions.below or recording.reason:
        return node
    return dataclasses.replace(node, program=functions.programs[ran][0], function=functions.below[ran])


def _original(module: str, copies: Mapping[str, str]) -> str:
    """The module of the layer that ran, for a module of a layer that is its copy."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        layer = ".".join(parts[:depth])
        if layer in copies:
            return copies[layer] + module.removeprefix(layer)
    return module


def _network(nodes: Sequence[Node], recording: Trace, stacks: Mapping[str, Sequence[str]]) -> nx.MultiDiGraph[str]:
    network: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    layers = [layer for stack in stacks.values() for layer in stack]
    for node in nodes:
        network.add_node(node.id, **node.to_data())
    network.add_edges_from((n.id.rpartition(".")[0], n.id, {"kind": "contains"}) for n in nodes if n.id)
    if recording.reason:
        return network
    flow = flow_of(recording, nodes, layers)
    for node_id, name in flow.operators:
        operator = Node(node_id, "operator", name, name, "high", structure=digest(name), identity=digest(name))
        network.add_node(node_id, **operator.to_data())
        network.add_edge(node_id.partition("#")[0], node_id, kind="contains")
    network.add_edges_from((a, b, {"kind": "flows"}) for a, b in flow.edges)
    return network


def _model_attributes(
    source: Source, built: Built, config: Mapping[str, Any], nodes: Sequence[Node],
    stacks: Mapping[str, Sequence[str]], programs: Mapping[str, tuple[Operator, ...]], recording: Trace,
) -> dict[str, Any]:  # fmt: skip
    return {
        "schema_version": SCHEMA_VERSION,
        "name": source.name,
        "reference": source.reference,
        "model_type": str(source.config.get("model_type") or built.config.model_type),
        "class_name": type(built.model).__name__,
        "config": config,
        "source": source_attributes(source),
        "stacks": {key: list(layers) for key, layers in stacks.items()},
        "programs": {key: [_row(operator) for operator in program] for key, program in sorted(programs.items())},
        "notes": [*source.notes, *built.notes],
        "not_checked": list(_untraced(type(built.model).__name__, nodes, stacks, recording)),
        "transformers": transformers.__version__,
    }


_APART = ("vision-tower", "audio-tower", "projector")
"""Roles of the parts that a sample of text does not enter; each is tried with images and sound."""


def _untraced(
    class_name: str, nodes: Sequence[Node], stacks: Mapping[str, Sequence[str]], recording: Trace
) -> Iterator[str]:
    """What did not run: all of the model, or each part of it that no sample input enters."""
    if recording.reason:
        yield f"data flow and function: {class_name} could not be traced ({recording.reason})"
        return
    entered = {each for name in recording.received for each in around(name)}
    holders = {each for node in nodes if node.tensors for each in around(node.id)}
    parts = [node.id for node in nodes if node.role in _APART and node.id in holders]
    idle: list[str] = []
    for part in (*parts, *stacks):
        if part not in entered and not any(part == other or part.startswith(f"{other}.") for other in idle):
            idle.append(part)
            yield f"data flow and function of {part}: no sample of text, images or sound enters it"


def _row(operator: Operator) -> list[Any]:
    return [
        operator.name,
        list(operator.arguments),
        list(operator.inputs),
        [list(shape) for shape in operator.shapes],
    ]


def with_facts(network: nx.MultiDiGraph[str], told: frozenset[str] | None = None) -> ModelGraph:
    """Read the facts from the finished network, then fingerprint everything.

    Args:
        network: complete but for facts and fingerprints.
        told: names of the facts that are stated where they have a value; None for all. How weights are quantized
            is always stated, as headers tell that they are not.
    """
    every = {key: Node.from_data(key, data) for key, data in network.nodes(data=True)}
    nodes = [node for node in every.values() if node.kind == "module"]
    keys = static_fingerprints(nodes)
    draft = {node.id: dataclasses.replace(node, identity=keys[node.id]) for node in nodes}
    facts = facts_of(ModelGraph(network, {**every, **draft}))
    if told is not None:
        facts = {
            key: {f: v for f, v in own.items() if f in told and (v is not None or f == _ALWAYS)}
            for key, own in facts.items()
        }
    structures, identities = structures_of(nodes), identities_of(nodes, facts)
    for node in nodes:
        found = freeze(facts.get(node.id, {}))
        done = dataclasses.replace(node, facts=found, structure=structures[node.id], identity=identities[node.id])
        network.nodes[node.id].update(
            done.to_data() if found else {"structure": done.structure, "identity": done.identity}
        )
        every[node.id] = done
    return ModelGraph(network, every)
