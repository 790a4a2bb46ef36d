"""From a config to the published graph: build, read, trace, name, fingerprint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx

from archdiff.graph.axes import label
from archdiff.graph.build import Built, instantiate
from archdiff.graph.facts import facts_of
from archdiff.graph.flow import flow_of
from archdiff.graph.function import Functions, functions_of
from archdiff.graph.parts import digest, layer_stacks, modules_of
from archdiff.graph.roles import Sizes, assign
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node, Operator
from archdiff.graph.settings import normalised, per_layer, sizes_of
from archdiff.graph.trace import Trace, trace
from archdiff.sources import Source

__all__ = ["build_graph"]


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
    recording = trace(built.model, kinds)
    functions = functions_of(recording)
    programs: dict[str, tuple[Operator, ...]] = {}
    traced = [_with_function(node, recording, functions, programs) for node in nodes]
    network = _network(traced, recording, stacks)
    network.graph.update(_model_attributes(source, built, config, stacks, programs, recording))
    return _with_facts(network)


def _static_nodes(built: Built, stacks: Mapping[str, Sequence[str]], sizes: Sizes) -> list[Node]:
    nodes = [node for _, node in modules_of(built.model)]
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


def static_fingerprints(nodes: Sequence[Node]) -> dict[str, str]:
    """Fingerprint of class, settings and tensors of each module and everything below it, names of parts included."""
    below: dict[str, list[tuple[str, str]]] = {node.id: [] for node in nodes}
    done: dict[str, str] = {}
    for node in reversed(nodes):
        tensors = [dataclasses.replace(t, tied_to=t.tied_to is not None or None) for t in node.tensors]  # type: ignore[arg-type]  # only its presence counts
        done[node.id] = digest(node.class_name, sorted(node.attributes.items()), tensors, below[node.id][::-1])
        if node.id:
            below[node.id.rpartition(".")[0]].append((node.name, done[node.id]))
    return done


def _with_function(
    node: Node, recording: Trace, functions: Functions, programs: dict[str, tuple[Operator, ...]]
) -> Node:
    ran = _original(node.id, recording.copies)
    if ran not in functions.below or recording.reason:
        return node
    program = functions.own.get(ran, ())
    key = digest([dataclasses.astuple(operator) for operator in program])
    programs[key] = program
    return dataclasses.replace(node, program=key, function=functions.below[ran])


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
