"""Model graphs made by hand: from parts, and from layers of a few kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

from archdiff.compare.align import align_stacks
from archdiff.graph.digests import digest
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node, Operator, Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def part(role="", *tensors, class_name="Linear", operators=None, facts=None, **attributes):
    """What a module is, without its id; `operators` is its program, None where it was not traced."""
    return {
        "role": role,
        "class_name": class_name,
        "tensors": tensors,
        "attributes": attributes,
        "facts": facts or {},
        "operators": operators,
    }


def weight(*axes, name="weight", dtype="bfloat16", **values):
    """A tensor from names and sizes of its axes: `weight(("hidden", 8), ("mlp-width", 16))`."""
    return Tensor(name, tuple(n for _, n in axes), dtype, axes=tuple(axis for axis, _ in axes), **values)


def op(name, *inputs, arguments=(), shape=(1,)):
    """One operator call."""
    return Operator(name, tuple(arguments), tuple(inputs), (shape,))


def model(
    parts: Mapping[str, dict[str, Any]], stacks: Iterable[str] = ("layers",), config=None, **attributes
) -> ModelGraph:
    """A graph of these modules by id; those that hold them are made where they are not given."""
    every = {"": part("model", class_name="Tiny")}
    for key in parts:
        for depth in range(1, key.count(".") + 1):
            every.setdefault(".".join(key.split(".")[:depth]), part(class_name="ModuleList"))
        every[key] = parts[key]
    network = nx.MultiDiGraph()
    nodes = {node.id: node for node in _nodes(every)}
    for node in nodes.values():
        network.add_node(node.id)
        if node.id:
            network.add_edge(node.id.rpartition(".")[0], node.id, kind="contains")
    programs = {_program(p): _rows(p["operators"]) for p in every.values() if p["operators"] is not None}
    stated = {"name": "tiny", "reference": "tiny.json", "model_type": "tiny", "class_name": "Tiny", "source": {}}
    rest = {"config": config or {}, "programs": programs, "notes": [], "not_checked": []}
    network.graph.update(
        stated | rest | {"schema_version": SCHEMA_VERSION, "stacks": _stacks(every, stacks)} | attributes
    )
    return ModelGraph(network, nodes)


def _stacks(every, stacks):
    return {stack: [key for key in every if key.rpartition(".")[0] == stack] for stack in stacks if stack in every}


def _program(one):
    return None if one["operators"] is None else digest(one["operators"])


def _rows(operators):
    return [[o.name, list(o.arguments), list(o.inputs), [list(shape) for shape in o.shapes]] for o in operators]


def _nodes(every):
    """Nodes with the fingerprints that a build would give them."""
    inside = {key: [] for key in every}
    for key, one in every.items():
        for depth in range(key.count(".") + 2 if key else 1):
            above = ".".join(key.split(".")[:depth])
            inside[above].append((key.removeprefix(above), one))
    for key, one in every.items():
        below = inside[key]
        traced = [(k, p["operators"]) for k, p in below if p["operators"] is not None]
        yield Node(
            key,
            class_name=one["class_name"],
            role=one["role"],
            tensors=one["tensors"],
            attributes=one["attributes"],
            facts=one["facts"],
            program=_program(one),
            function=digest(traced) if one["operators"] is not None else None,
            structure=digest([(k, [(t.name, t.shape) for t in p["tensors"] if t.persistent]) for k, p in below]),
            identity=digest([(k, sorted(p.items())) for k, p in below]),
        )


HIDDEN = ("hidden", 8)


def _mlp(prefix, width, axis="mlp-width"):
    return {f"{prefix}.{name}": part(name, weight((axis, width), HIDDEN)) for name in ("gate", "up")} | {
        f"{prefix}.down": part("down", weight(HIDDEN, (axis, width)))
    }


def _layer(facts, parts):
    return {"": part("layer", class_name="Layer", facts=facts)} | parts


_FACTS = {"mixer.kind": "attention", "attention.query_heads": 4, "norm.kind": "rms", "norm.epsilon": 1e-5}
_ATTENTION = {
    ".attention": part("attention", class_name="Attention"),
    **{f".attention.{role}": part(role, weight((f"{role}-width", 8), HIDDEN)) for role in ("query", "key", "value")},
    ".attention.output": part("output", weight(HIDDEN, ("attention-width", 8))),
    ".norm": part("norm", weight(HIDDEN), class_name="RMSNorm"),
}
_DENSE = _ATTENTION | {".mlp": part("dense-mlp", class_name="MLP")} | _mlp(".mlp", 16)
_MOE = _ATTENTION | {
    ".mlp": part("mixture-of-experts", class_name="MoE"),
    ".mlp.router": part("router", weight(("experts", 4), HIDDEN)),
    ".mlp.experts": part("expert", weight(("experts", 4), ("expert-width", 4), HIDDEN, name="up_proj")),
}

KINDS = {
    "full": _layer({**_FACTS, "feed_forward.kind": "dense", "attention.window": None}, _DENSE),
    "window": _layer({**_FACTS, "feed_forward.kind": "dense", "attention.window": 128}, _DENSE),
    "moe": _layer({**_FACTS, "feed_forward.kind": "moe", "attention.window": None}, _MOE),
    "mamba": _layer(
        {"mixer.kind": "state-space", "mixer.state_size": 16},
        {
            ".mixer": part("state-space", weight(("mixer-heads", 2), name="A_log"), class_name="Mixer"),
            ".mixer.in": part("mixer-input", weight(("mixer-width", 32), HIDDEN)),
        },
    ),
}
"""Layers of these kinds share most of what they are, but for `mamba`, which shares little with any other."""


def layered(*kinds, stack="layers", **attributes):
    """A graph of layers of these kinds."""
    parts = {
        f"{stack}.{number}{key}": dict(value) for number, kind in enumerate(kinds) for key, value in KINDS[kind].items()
    }
    return model(parts or {stack: part(class_name="ModuleList")}, (stack,), **attributes)


def aligned(old, new):
    """The only alignment of two graphs with one stack each."""
    (stack,) = align_stacks(layered(*old), layered(*new))
    return stack
