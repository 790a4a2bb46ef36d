"""What a module computes, in a form that does not depend on sizes: to compare two that differ in size."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archdiff.compare.names import OWN_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.compare.names import Names
    from archdiff.graph.schema import ModelGraph, Node, Operator

__all__ = ["arrangement", "effective_operators", "tokens"]

_LAYOUT = frozenset({
    "view", "unsafe_view", "reshape", "expand", "unsqueeze", "squeeze", "clone", "contiguous", "detach", "alias",
    "to_copy", "t", "transpose", "permute", "lift_fresh", "empty_like", "empty", "split", "split_with_sizes",
    "unbind", "copy", "unsafe_split", "slice", "select", "narrow", "zeros", "zeros_like", "ones", "ones_like", "arange",
    "new_zeros", "scalar_tensor", "full", "full_like", "index", "gather", "cat", "stack", "repeat",
    "constant_pad_nd", "new_ones", "neg",
})  # fmt: skip
"""Operators that move, copy or make values; which of them run is a matter of how the code is written.

`neg` is among them: `a + (-b)` and `a - b` are one function, and rotary embedding is written in both ways.
"""

_WITH_SCALARS = frozenset({
    "add", "sub", "rsub", "mul", "div", "pow", "clamp", "clamp_min", "clamp_max", "gelu", "leaky_relu", "hardtanh",
    "elu", "topk", "masked_fill", "softplus", "threshold", "gt", "ge", "lt", "le",
})  # fmt: skip
"""Operators whose scalar arguments are part of the function; those of others are dimensions and sizes."""

_SAME = {
    "addmm": "mm",
    "bmm": "mm",
    "baddbmm": "mm",
    "matmul": "mm",
    "native_layer_norm": "layer_norm",
    "linear": "mm",
}
"""Operators that compute the same with and without a bias or a batch."""


def effective_operators(graph: ModelGraph, node: Node) -> Iterator[Operator]:
    """The operators that run in the module, and in parts of it that hold no tensors, such as activations."""
    yield from graph.programs.get(node.program or "", ())
    for key in graph.children[node.id]:
        child = graph.nodes[key]
        if child.kind == "module" and tensorless(graph, key):
            yield from effective_operators(graph, child)


def tensorless(graph: ModelGraph, module: str) -> bool:
    """Whether neither the module nor anything below it holds a tensor."""
    return not any(graph.nodes[key].tensors for key in graph.subtree(module))


def tokens(operators: Sequence[Operator]) -> Counter[str]:
    """How often each computing operator runs, with the scalars that are part of its function."""
    return Counter(_token(operator) for operator in operators if operator.name not in _LAYOUT)


def _token(operator: Operator) -> str:
    name = _SAME.get(operator.name, operator.name)
    if operator.name == "native_layer_norm":
        return f"layer_norm({operator.arguments[-1]})"
    if name == "sub" and not operator.arguments:
        return "add"
    if name not in _WITH_SCALARS:
        return name
    kept = operator.arguments[:1] if name == "topk" else operator.arguments
    return f"{name}({', '.join(kept)})" if kept else name


def arrangement(graph: ModelGraph, node: Node, names: Names = OWN_NAMES) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The module's own computing operators with what each one reads; parts appear under their roles.

    Args:
        graph: the one that holds it.
        node: the module.
        names: what parts without a role, and tensors, are called in the model that this one is compared with.
    """
    roles = {
        graph.nodes[key].name: _branch(names.roles.get(key, graph.nodes[key].role)) or names.module(key)
        for key in graph.children[node.id]
    }
    program = graph.programs.get(node.program or "", ())
    sources: dict[str, str] = {}
    done: list[tuple[str, tuple[str, ...]]] = []
    for position, operator in enumerate(program):
        inputs = tuple(sources.get(text) or _told(text, graph, node.id, roles, names) for text in operator.inputs)
        inputs = tuple(sorted(inputs)) if operator.name in ("add", "mul") else inputs
        if operator.name in _LAYOUT and operator.name not in ("transpose", "permute"):
            sources[f"#{position}"] = inputs[0] if inputs else "made"
            continue
        sources[f"#{position}"] = f"#{len(done)}"
        done.append((operator.name if operator.name in ("transpose", "permute") else _token(operator), inputs))
    return tuple(done)


_BRANCHES = {
    "dense-mlp": "feed-forward", "mixture-of-experts": "feed-forward", "attention": "mixer",
    "linear-attention": "mixer", "state-space": "mixer", "convolution-mixer": "mixer",
}  # fmt: skip
"""Parts that stand in the same place of a layer, whatever they are: what replaced what is said elsewhere."""


def _branch(role: str) -> str:
    return _BRANCHES.get(role, role)


def _told(text: str, graph: ModelGraph, module: str, roles: Mapping[str, str], names: Names) -> str:
    """What an operator reads: a part by its role, a tensor by its name in the other model, anything else as it is."""
    if not text.startswith("@"):
        return roles.get(text.partition(".")[0], text)
    full = f"{module}.{text[1:]}" if module else text[1:]
    full = full if full.rpartition(".")[0] in graph.nodes else text[1:]
    return f"@{names.tensor(full).removeprefix(f'{names.module(module)}.')}"
