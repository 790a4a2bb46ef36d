"""What a module computes, in a form that does not depend on sizes: to compare two that differ in size."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archdiff.compare.names import OWN_NAMES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from archdiff.compare.names import Names
    from archdiff.graph.schema import ModelGraph, Node, Operator

__all__ = ["arrangement", "masks", "programs", "tensorless", "tokens"]

_LAYOUT = frozenset({
    "view", "unsafe_view", "reshape", "expand", "unsqueeze", "squeeze", "clone", "contiguous", "detach", "alias",
    "to_copy", "t", "transpose", "permute", "lift_fresh", "empty_like", "empty", "split", "split_with_sizes",
    "unbind", "copy", "unsafe_split", "slice", "select", "narrow", "zeros", "zeros_like", "ones", "ones_like", "arange",
    "new_zeros", "scalar_tensor", "full", "full_like", "index", "gather", "cat", "stack", "repeat",
    "constant_pad_nd", "new_ones", "neg", "new_empty",
})  # fmt: skip
"""Operators that move, copy or make values; which of them run is a matter of how the code is written.

`neg` is among them: `a + (-b)` and `a - b` are one function, and rotary embedding is written in both ways.
"""

_WITH_SCALARS = frozenset({
    "add", "sub", "rsub", "mul", "div", "pow", "clamp", "clamp_min", "clamp_max", "gelu", "leaky_relu", "hardtanh",
    "elu", "topk", "masked_fill", "softplus", "threshold", "gt", "ge", "lt", "le", "convolution", "avg_pool1d",
    "avg_pool2d", "max_pool2d_with_indices", "reflection_pad1d", "upsample_bilinear2d", "upsample_nearest2d",
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


_IDENTITIES = frozenset({"mul(1)", "add(0)", "add(0.0)", "sub(0)", "sub(0.0)"})
"""Calls that return their input: a factor that a config sets to one."""

_SPELLED: Mapping[str, str] = {"pow(-0.5)": "rsqrt", "pow(0.5)": "sqrt", "square": "pow(2)"}
"""Calls that have a name of their own."""

_FACTOR_DIGITS = 12
"""Digits in which factors are compared: dividing by a number and multiplying by its inverse agree in no more."""

_GELU_TANH = Counter(["add", "add(1.0)", "mul", "mul(0.044715)", "mul(0.5)", "mul(0.797884560803)", "pow(3.0)", "tanh"])
"""GELU with the tanh approximation, written out as GPT-2's own class does."""


_LAYER_NORM = Counter(["mean", "mean", "add", "add", "add", "pow(2)", "sqrt", "div", "mul"])
"""LayerNorm written out, without the epsilon that is added, as DeBERTa's own class does."""


_LENGTH = Counter(["pow(2)", "sum", "sqrt"])
"""The length of a vector, written out."""


def programs(graph: ModelGraph, node: Node, opened: Container[str] = ()) -> Iterator[Sequence[Operator]]:
    """The operators that run in the module, and in each part of it that is none of its own.

    Args:
        graph: the one that holds it.
        node: a module.
        opened: parts without partner whose own parts have partners, so that what they run counts for the module
            around them; parts that hold no tensors, such as activations, always do.
    """
    yield graph.programs.get(node.program or "", ())
    for key in graph.children[node.id]:
        child = graph.nodes[key]
        if child.kind == "module" and (key in opened or tensorless(graph, key)):
            yield from programs(graph, child, opened)


def tensorless(graph: ModelGraph, module: str) -> bool:
    """Whether neither the module nor anything below it holds a tensor."""
    return not any(graph.nodes[key].tensors for key in graph.subtree(module))


def tokens(operators: Iterable[Operator]) -> Counter[str]:
    """How often each computing operator runs, with the scalars that are part of its function."""
    found = Counter(_token(operator) for operator in operators if not _moves(operator))
    for token in [token for token in found if token.startswith("add(") and found >= _LAYER_NORM]:
        found = found - _LAYER_NORM - Counter([token]) + Counter([token.replace("add", "layer_norm", 1)])
    while found >= _LENGTH:
        found = found - _LENGTH + Counter(["linalg_vector_norm"])
    while found >= _GELU_TANH:
        found = found - _GELU_TANH + Counter(["gelu(approximate=tanh)"])
    return found


_DECISIONS = frozenset({
    "le", "lt", "ge", "gt", "eq", "ne", "bitwise_and", "bitwise_or", "bitwise_not", "logical_and", "logical_or",
    "logical_not", "all", "any", "isin", "cumsum", "argmax",
})  # fmt: skip
"""Operators that return truth values or indices, whatever they read."""

_MADE = frozenset({"arange", "scalar_tensor", "full", "zeros", "ones", "empty", "lift_fresh"})
"""Operators that make a value from none."""

_ON_INDICES = frozenset({"add", "sub", "rsub", "mul", "where", "minimum", "maximum", "clamp", "abs", "masked_fill"})
"""Operators that turn indices and masks into others."""


def masks(program: Sequence[Operator]) -> Counter[str]:
    """What of one program computes masks and indices, from positions and truth values alone."""
    plain: dict[str, Operator] = {}
    kept: set[str] = set()
    for position, operator in enumerate(program):
        if operator.name in _DECISIONS:
            plain |= {text: operator for text in operator.inputs if text.startswith(">")}  # a mask, or ids of tokens
            follows = True
        elif operator.inputs:
            follows = operator.name in _ON_INDICES | _LAYOUT and set(operator.inputs) <= plain.keys()
            follows = follows or _applies(operator, plain.keys() | kept)
        else:
            follows = operator.name in _MADE
        if follows:
            plain[f"#{position}"] = operator
        elif operator.name in _LAYOUT and all(text.startswith("@") or text in kept for text in operator.inputs):
            kept.add(f"#{position}")  # a part of a table that the module keeps
    return tokens(operator for text, operator in plain.items() if text.startswith("#"))


def _applies(operator: Operator, plain: Container[str]) -> bool:
    """Whether the operator replaces what a mask hides; others add the mask to the scores."""
    condition = {"where": 0, "masked_fill": 1}.get(operator.name)
    if condition is None or len(operator.inputs) <= condition:
        return False
    return operator.inputs[condition] in plain or operator.inputs[condition].startswith("@")


def _moves(operator: Operator) -> bool:
    """Whether the operator returns values that it was given, moved or copied."""
    return operator.name in _LAYOUT or _token(operator) in _IDENTITIES


def _factor(name: str, text: str) -> str:
    """A constant factor, a divisor as the factor that it stands for."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value if name == 'mul' else 1 / value:.{_FACTOR_DIGITS}g}" if value else text


def _token(operator: Operator) -> str:
    name = _SAME.get(operator.name, operator.name)
    if operator.name == "native_layer_norm":
        return f"layer_norm({operator.arguments[-1]})"
    if name == "sub" and not operator.arguments:
        return "add"
    if name not in _WITH_SCALARS:
        return _SPELLED.get(name, name)
    kept = operator.arguments[:1] if name == "topk" else operator.arguments
    if name == "convolution":  # its steps, margins and gaps; a bias and groups show in the shapes of tensors
        kept = tuple(text for text in kept if text.startswith("["))
    if name in ("mul", "div") and len(kept) == 1:
        return f"mul({_factor(name, kept[0])})"
    token = f"{name}({', '.join(kept)})" if kept else name
    return _SPELLED.get(token, token)


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
        if _moves(operator) and operator.name not in ("transpose", "permute"):
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
