"""The same model under other names: every part of every module path, and every tensor, is called otherwise."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import networkx as nx

from archdiff.graph.assemble import with_facts
from archdiff.graph.axes import label
from archdiff.graph.digests import digest
from archdiff.graph.fingerprints import identities_of, structures_of
from archdiff.graph.roles import assign
from archdiff.graph.schema import ModelGraph
from archdiff.graph.settings import sizes_of

if TYPE_CHECKING:
    import random

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Scheme:
    """New names for the parts of each module and for its tensors, drawn when they are asked for.

    What stands at one place of every layer is called alike in all of them, and layers keep their numbers.

    Args:
        graph: whose names are replaced.
        draw: where new names come from.
        tensors: whether tensors get other names too.
    """

    def __init__(self, graph: ModelGraph, draw: random.Random, *, tensors: bool) -> None:
        self.draw, self.tensors = draw, tensors
        self.layers = {layer for stack in graph.stacks.values() for layer in stack}
        self.parts: dict[str, dict[str, str]] = {}

    def path(self, path: str) -> str:
        """The new id of a module or of an operator."""
        module, mark, operator = path.partition("#")
        holder, _, name = module.rpartition(".")
        if not module:
            return path
        new = name if module in self.layers else self._name(holder, name)
        return (f"{self.path(holder)}.{new}" if holder else new) + mark + operator

    def tensor(self, full: str) -> str:
        """The new qualified name of a tensor."""
        module, _, name = full.rpartition(".")
        new = self.own(module, name)
        return f"{self.path(module)}.{new}" if module else new

    def own(self, module: str, tensor: str) -> str:
        """The new name of a tensor inside its module."""
        return self._name(module, f"@{tensor}") if self.tensors else tensor

    def _name(self, holder: str, name: str) -> str:
        known = self.parts.setdefault(re.sub(r"(^|\.)\d+(?=\.|$)", r"\1*", holder), {})
        while name not in known:
            word = "".join(self.draw.choices(_LETTERS, k=6))
            if word not in known.values():
                known[name] = word
        return known[name]


def renamed(graph: ModelGraph, draw: random.Random, *, tensors: bool = True) -> tuple[ModelGraph, Scheme]:
    """The graph under other names, which keeps its roles and facts; and who is called what."""
    scheme = Scheme(graph, draw, tensors=tensors)
    programs, keys = _programs(graph, scheme)
    nodes = [_node(node, scheme, keys) for node in graph.nodes.values()]
    modules = [node for node in nodes if node.kind == "module"]
    structures = structures_of(modules)
    identities = identities_of(modules, {node.id: node.facts for node in modules})
    done = {
        node.id: node
        if node.kind == "operator"
        else dataclasses.replace(node, structure=structures[node.id], identity=identities[node.id])
        for node in nodes
    }
    flows = [(scheme.path(a), scheme.path(b)) for a, b in graph.flows]
    stacks = {scheme.path(key): [scheme.path(layer) for layer in layers] for key, layers in graph.stacks.items()}
    attributes = {**graph.attributes, "programs": programs, "stacks": stacks}
    return ModelGraph.of_parts(attributes, done, flows), scheme


def forgotten(graph: ModelGraph) -> ModelGraph:
    """The graph without the roles that names alone told, and with the axes and facts that follow from the others."""
    network: nx.MultiDiGraph[str] = nx.MultiDiGraph(graph.network)
    sizes = sizes_of(graph.config)
    layers = frozenset(layer for stack in graph.stacks.values() for layer in stack)
    modules = [node for node in graph.nodes.values() if node.kind == "module"]
    for node in label(assign(modules, layers, sizes), sizes):
        network.nodes[node.id].update(dataclasses.replace(node, facts={}).to_data())
    return with_facts(network)


def _node(node, scheme, keys):
    if node.kind == "operator":
        return dataclasses.replace(node, id=scheme.path(node.id))
    tensors = tuple(
        dataclasses.replace(
            tensor,
            name=scheme.own(node.id, tensor.name),
            tied_to=scheme.tensor(tensor.tied_to) if tensor.tied_to else None,
        )
        for tensor in node.tensors
    )
    program = keys.get((node.id, node.program))
    return dataclasses.replace(node, id=scheme.path(node.id), tensors=tensors, program=program)


def _programs(graph, scheme):
    """The programs with other names for what they read, and the key of each module's."""
    programs, keys = {}, {}
    for node in graph.nodes.values():
        if node.program is not None:
            rows = [_row(operator, node.id, graph, scheme) for operator in graph.programs[node.program]]
            key = digest([tuple(row) for row in rows])
            programs[key] = [_plain(row) for row in rows]
            keys[node.id, node.program] = key
    return programs, keys


def _row(operator, module, graph, scheme):
    inputs = tuple(_input(text, module, graph, scheme) for text in operator.inputs)
    return operator.name, operator.arguments, inputs, operator.shapes


def _plain(row):
    name, arguments, inputs, shapes = row
    return [name, list(arguments), list(inputs), [list(shape) for shape in shapes]]


def _input(text, module, graph, scheme):
    """What an operator reads, under its new name: a tensor or a part of the module, or of another one."""
    if text[0] in "#>":
        return text
    mark, name = ("@", text[1:]) if text[0] == "@" else ("", text)
    new = scheme.tensor if mark else scheme.path
    inside = f"{module}.{name}" if module else name
    owner = inside.rpartition(".")[0] if mark else inside
    if owner not in graph.nodes:
        return mark + new(name)
    return mark + new(inside).removeprefix(f"{scheme.path(module)}." if module else "")
