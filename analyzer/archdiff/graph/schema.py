"""The module graph of one model: what every later stage reads, and what a snapshot stores.

A `ModelGraph` wraps a frozen `networkx.MultiDiGraph`. Its nodes are modules and the operators that join
paths, its edges are `contains` (parent to child) and `flows` (producer to consumer). Node attributes are
plain JSON values, so the network round-trips through node-link JSON; `Node` is the typed view of one node.
This module imports neither torch nor transformers, and networkx only where there is a graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from archdiff.errors import SnapshotError
from archdiff.graph.snapshot import REMEDY, check
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import networkx as nx

__all__ = ["SCHEMA_VERSION", "Confidence", "ModelGraph", "Node", "Operator", "Tensor", "Value", "freeze"]

SCHEMA_VERSION = 1

Scalar: TypeAlias = bool | int | float | str | None
Value: TypeAlias = "Scalar | tuple[Value, ...]"
Confidence = Literal["high", "medium", "low"]


def freeze(value: Any) -> Any:
    """Turn lists into tuples, dictionaries into read-only mappings and sets into sorted tuples, all the way down."""
    if isinstance(value, Mapping):
        return MappingProxyType({str(key): freeze(item) for key, item in value.items()})
    if isinstance(value, set | frozenset):
        return tuple(sorted((freeze(item) for item in value), key=repr))
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Tensor:
    """A parameter or buffer of one module.

    Args:
        name: the name inside its module (`weight`).
        shape: sizes, outermost first.
        dtype: as torch spells it, without the prefix (`bfloat16`).
        kind: whether it is trained.
        persistent: whether it is part of the state dict.
        axes: what each axis counts (`hidden`, `query-width`, …), in the terms of `archdiff.graph.axes`.
        digest: of the values, for small buffers that are computed from the config; None elsewhere.
        tied_to: qualified name of the tensor whose storage it shares; None if it has its own.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: Literal["parameter", "buffer"] = "parameter"
    persistent: bool = True
    axes: tuple[str, ...] = ()
    digest: str | None = None
    tied_to: str | None = None

    @property
    def count(self) -> int:
        """Number of elements."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclasses.dataclass(frozen=True, slots=True)
class Operator:
    """One recorded operator call.

    Args:
        name: the aten name without overload (`add`, `softmax`, `topk`).
        arguments: scalar arguments, as text (`-1`, `1e-05`).
        inputs: where each tensor argument comes from: `#3` the third operator of the same module,
            `@weight` a tensor of the module, `child` a submodule's output, `>0` an input of the module.
        shapes: the shape of each tensor it returns.
    """

    name: str
    arguments: tuple[str, ...]
    inputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def token(self) -> str:
        """Name and scalar arguments: `topk(8, -1)`."""
        return f"{self.name}({', '.join(self.arguments)})" if self.arguments else self.name


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A module, or an operator that joins paths.

    Args:
        id: qualified module name, empty for the model itself; `module#operator.k` for an operator.
        kind: module or operator.
        class_name: Python class of the module, or the operator's name.
        role: what it does, in the field's terms (`archdiff.graph.roles`); `""` where nothing fits.
        confidence: of the role.
        tensors: those the module owns directly.
        attributes: its scalar settings, without bookkeeping.
        facts: what the module is in the field's terms; filled for layers and for the model.
        program: key of its own recorded operators in `ModelGraph.programs`; None when not traced.
        function: fingerprint of everything the module and its parts execute; None when not traced.
        structure: fingerprint of the names and shapes of all tensors below.
        identity: fingerprint of everything known of the module and its parts.
    """

    id: str
    kind: Literal["module", "operator"] = "module"
    class_name: str = ""
    role: str = ""
    confidence: Confidence = "low"
    tensors: tuple[Tensor, ...] = ()
    attributes: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    program: str | None = None
    function: str | None = None
    structure: str = ""
    identity: str = ""

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rpartition(".")[2]

    def to_data(self) -> dict[str, Any]:
        """The node's attributes as JSON values, without the id."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)[1:]}
        data["tensors"] = [dataclasses.asdict(tensor) for tensor in self.tensors]
        return {key: _thaw(value) for key, value in data.items()}

    @classmethod
    def from_data(cls, node_id: str, data: Mapping[str, Any]) -> Node:
        """The inverse of `to_data`.

        Raises:
            SnapshotError: a key is missing or of another type.
        """
        try:
            values = {field.name: freeze(data[field.name]) for field in dataclasses.fields(cls)[1:]}
            values["tensors"] = tuple(Tensor(**tensor) for tensor in values["tensors"])
        except (KeyError, TypeError) as error:
            raise SnapshotError(node_id, f"is not a node of a graph ({error})", "save the snapshot again") from error
        return cls(id=node_id, **values)


def _thaw(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _thaw(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [_thaw(item) for item in value]
    return value


class ModelGraph:
    """The graph of one model; frozen, equal when everything in it is equal.

    Args:
        network: nodes with the attributes of `Node.to_data`, edges with `kind` (`contains` or `flows`), and the
            model's own attributes: `name`, `reference`, `model_type`, `class_name`, `config` (normalised),
            `source`, `stacks`, `programs`, `notes`, `not_checked`, `schema_version`; `shipped` where a
            checkpoint's headers were read; `published` where checkpoints have other names than the class.
        nodes: the typed views of the network's nodes, where they are at hand already.
    """

    def __init__(self, network: nx.MultiDiGraph[str], nodes: Mapping[str, Node] | None = None) -> None:
        import networkx as nx

        self.attributes: Mapping[str, Any] = network.graph
        self.__dict__["network"] = nx.freeze(network)
        if nodes is not None:
            self.__dict__["nodes"] = nodes

    @classmethod
    def of_parts(
        cls, attributes: Mapping[str, Any], nodes: Mapping[str, Node], flows: Iterable[tuple[str, str]]
    ) -> ModelGraph:
        """The same graph without its network, which is made when it is asked for: importing networkx takes long.

        Args:
            attributes: the model's own attributes.
            nodes: by id, in definition order, each behind the one that holds it.
            flows: producer and consumer of every path.
        """
        graph = cls.__new__(cls)
        graph.attributes = attributes
        graph.__dict__["nodes"], graph.__dict__["flows"] = nodes, tuple(sorted(flows))
        held: dict[str, list[str]] = {key: [] for key in nodes}
        for key in nodes:
            if (parent := graph.parent(key)) is not None:
                held[parent].append(key)
        graph.__dict__["children"] = {key: tuple(value) for key, value in held.items()}
        return graph

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelGraph) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.nodes[""].identity)

    def __repr__(self) -> str:
        return f"<ModelGraph {self.name}: {len(self.nodes)} nodes, {self.parameters:,} parameters>"

    @cached_property
    def network(self) -> nx.MultiDiGraph[str]:
        """The graph itself."""
        import networkx as nx

        network: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        network.graph.update(self.attributes)
        for key, node in self.nodes.items():
            network.add_node(key, **node.to_data())
        network.add_edges_from((a, b, {"kind": "contains"}) for a, held in self.children.items() for b in held)
        network.add_edges_from((a, b, {"kind": "flows"}) for a, b in self.flows)
        nx.freeze(network)
        return network

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Every node by id, in definition order; the model itself is `""`."""
        return {key: Node.from_data(key, data) for key, data in self.network.nodes(data=True)}

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the modules directly inside each module, in definition order."""
        order = {key: position for position, key in enumerate(self.network)}
        found: dict[str, list[str]] = {key: [] for key in self.network}
        for parent, child in self._edges("contains"):
            found[parent].append(child)
        return {key: tuple(sorted(value, key=order.__getitem__)) for key, value in found.items()}

    @cached_property
    def flows(self) -> tuple[tuple[str, str], ...]:
        """Producer and consumer of every recorded path, sorted."""
        return tuple(sorted(self._edges("flows")))

    def _edges(self, kind: str) -> Iterator[tuple[str, str]]:
        edges: Any = self.network.edges(data="kind")
        return ((a, b) for a, b, found in edges if found == kind)

    @cached_property
    def programs(self) -> Mapping[str, tuple[Operator, ...]]:
        """Recorded operators by `Node.program`."""
        stored = self.attributes["programs"]
        return {key: tuple(Operator(*freeze(row)) for row in rows) for key, rows in stored.items()}

    @property
    def name(self) -> str:
        """What to call the model in output."""
        return str(self.attributes["name"])

    @property
    def model_type(self) -> str:
        """transformers' name of the family (`solar_open`)."""
        return str(self.attributes["model_type"])

    @property
    def class_name(self) -> str:
        """The class that was instantiated (`SolarOpenForCausalLM`)."""
        return str(self.attributes["class_name"])

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The config as transformers normalised it; nested configs stay nested."""
        frozen: Mapping[str, Any] = freeze(self.attributes["config"])
        return frozen

    @cached_property
    def source(self) -> Mapping[str, Any]:
        """Where the config came from: kind, digest, hub id, revision, licence, declared lineage."""
        frozen: Mapping[str, Any] = freeze(self.attributes["source"])
        return frozen

    @cached_property
    def stacks(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the layers of each layer stack, by the id of the list that holds them."""
        return {key: tuple(value) for key, value in self.attributes["stacks"].items()}

    @cached_property
    def shipped(self) -> Mapping[str, Any] | None:
        """How the checkpoint fits the config (`archdiff.graph.loading.Loading`); None where no header was read."""
        frozen: Mapping[str, Any] | None = freeze(self.attributes.get("shipped"))
        return frozen

    @cached_property
    def published(self) -> Mapping[str, str]:
        """Published name of every tensor that the class calls otherwise, to the class's own; `*` for numbers."""
        frozen: Mapping[str, str] = freeze(self.attributes.get("published", {}))
        return frozen

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how the graph was made."""
        return tuple(self.attributes["notes"])

    @property
    def not_checked(self) -> tuple[str, ...]:
        """What was left out, and why."""
        return tuple(self.attributes["not_checked"])

    @cached_property
    def parameters(self) -> int:
        """Number of trained elements, tied ones counted once."""
        return sum(self.own_parameters(key) for key in self.nodes)

    def own_parameters(self, node_id: str) -> int:
        """Number of trained elements that the module owns directly."""
        tensors = self.nodes[node_id].tensors
        return sum(t.count for t in tensors if t.kind == "parameter" and t.tied_to is None)

    def subtree(self, node_id: str) -> tuple[str, ...]:
        """The module and every module below it, depth first."""
        found, waiting = [], [node_id]
        while waiting:
            found.append(waiting.pop())
            waiting.extend(reversed(self.children[found[-1]]))
        return tuple(found)

    def subtree_parameters(self, node_id: str) -> int:
        """Number of trained elements in the module and below it."""
        return sum(self.own_parameters(key) for key in self.subtree(node_id))

    def parent(self, node_id: str) -> str | None:
        """Id of the module that holds this one; None for the model itself."""
        if not node_id:
            return None
        return node_id.partition("#")[0] if "#" in node_id else node_id.rpartition(".")[0]

    def to_json(self) -> dict[str, Any]:
        """Node-link JSON, in a deterministic order."""
        import networkx as nx

        data: dict[str, Any] = nx.node_link_data(self.network, edges="edges")
        data["edges"].sort(key=lambda edge: (edge["kind"], edge["source"], edge["target"]))
        return data

    @classmethod
    def from_json(cls, data: Any) -> ModelGraph:
        """Read what `to_json` wrote.

        Raises:
            SnapshotError: it is not such a document, or of another schema version.
        """
        import networkx as nx

        from archdiff.graph.integrity import faults

        if not isinstance(data, Mapping) or not isinstance(data.get("graph"), Mapping):
            raise SnapshotError("snapshot", "is not a graph in node-link JSON", REMEDY)
        version = data["graph"].get("schema_version")
        if type(version) is not int or version != SCHEMA_VERSION:
            cause = f"has schema version {printable(repr(version), 40)}, not {SCHEMA_VERSION}"
            raise SnapshotError("snapshot", cause, REMEDY)
        try:
            check(data)
            network = nx.node_link_graph(dict(data), edges="edges")
            graph = cls(cast("nx.MultiDiGraph[str]", network))
            fault = next(faults(graph), None)
        except RecursionError:
            fault = "nests too deep"
        if fault is not None:
            raise SnapshotError("snapshot", f"is damaged ({printable(fault)})", REMEDY)
        return graph
