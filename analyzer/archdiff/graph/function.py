"""Turn a recording into programs (a module's own operators) and function fingerprints (everything below it)."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING

from archdiff.graph.digests import digest
from archdiff.graph.schema import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.graph.recorder import Call
    from archdiff.graph.trace import Trace

__all__ = ["LAYOUT", "Functions", "functions_of"]

LAYOUT = frozenset({
    "view", "unsafe_view", "reshape", "expand", "unsqueeze", "squeeze", "clone", "contiguous", "detach", "alias",
    "to_copy", "t", "transpose", "permute", "lift_fresh", "empty_like", "empty", "split", "split_with_sizes", "unbind",
    "expand_as", "view_as", "narrow", "native_dropout", "dropout", "copy", "unsafe_split", "chunk",
})  # fmt: skip
"""Operators that move or cast values and compute none."""

_PRECISION = frozenset({"to_copy", "alias", "detach", "clone", "contiguous", "lift_fresh"})
"""Operators left out of fingerprints: casts follow the storage type, the others return their input."""

_COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "eq", "bitwise_and", "bitwise_or"})
_INERT_ARGUMENT = {"embedding": 0}
"""Operators whose scalar arguments concern training only: the padding index of an embedding."""


@dataclasses.dataclass(frozen=True)
class Functions:
    """Fingerprints and programs by module id; modules that the pass did not enter are absent.

    Args:
        programs: the operators that run in the module itself, with a key that equal programs share.
        below: fingerprint of all operators of the module and its parts, with shapes and wiring.
    """

    programs: Mapping[str, tuple[str, tuple[Operator, ...]]]
    below: Mapping[str, str]


def functions_of(trace: Trace) -> Functions:
    """Programs and fingerprints of every module that ran; copies of a layer share those of the one that ran."""
    own_calls: dict[str, list[Call]] = defaultdict(list)
    all_calls: dict[str, list[Call]] = defaultdict(list)
    for call in trace.calls:
        own_calls[call.module].append(call)
        for module in _around(call.module):
            all_calls[module].append(call)
    producers = {number: call.module for call in trace.calls for number in call.outputs}
    modules = {"": None, **dict.fromkeys(trace.received)}
    own = {module: _program(module, own_calls[module], trace, producers) for module in modules}
    below = {module: fingerprint(all_calls[module], trace.tensors) for module in modules}
    return Functions({module: (_key(program), program) for module, program in own.items()}, below)


def _key(program: Sequence[Operator]) -> str:
    return digest([(o.name, o.arguments, o.inputs, o.shapes) for o in program])


def _around(module: str) -> Iterable[str]:
    """The module and everything that holds it, up to the model."""
    yield module
    while module:
        module = module.rpartition(".")[0]
        yield module


def _arguments(call: Call) -> tuple[str, ...]:
    keep = _INERT_ARGUMENT.get(call.name)
    return call.arguments if keep is None else call.arguments[:keep]


def fingerprint(calls: Sequence[Call], tensors: Mapping[int, object]) -> str:
    """Hash of a directed graph of operators: independent of names and of the order of independent operators.

    Args:
        calls: in execution order.
        tensors: parameters and buffers by number; they enter by what they are used for, not by name.
    """
    known: dict[int, str] = {}
    external: dict[int, str] = {}
    results = []
    for call in calls:
        inputs = [known.get(number) or _leaf(number, tensors, external) for number in call.inputs]
        if call.name in _PRECISION:
            known.update(dict.fromkeys(call.outputs, inputs[0] if inputs else ""))
            continue
        inputs = sorted(inputs) if call.name in _COMMUTATIVE else inputs
        result = digest(call.name, _arguments(call), inputs, call.shapes)
        results.append(result)
        known.update({number: f"{result}.{position}" for position, number in enumerate(call.outputs)})
    return digest(sorted(results))


def _leaf(number: int, tensors: Mapping[int, object], external: dict[int, str]) -> str:
    if number in tensors:
        return "tensor"
    return external.setdefault(number, f"input {len(external)}")


def _program(module: str, calls: Sequence[Call], trace: Trace, producers: Mapping[int, str]) -> tuple[Operator, ...]:
    local: dict[int, str] = {}
    external: dict[int, str] = {}
    done = []
    for position, call in enumerate(calls):
        inputs = tuple(_origin(number, module, local, external, trace, producers) for number in call.inputs)
        done.append(Operator(call.name, _arguments(call), inputs, call.shapes))
        local.update(dict.fromkeys(call.outputs, f"#{position}"))
    return tuple(done)


def _origin(
    number: int, module: str, local: Mapping[int, str], external: dict[int, str], trace: Trace,
    producers: Mapping[int, str],
) -> str:  # fmt: skip
    prefix = f"{module}." if module else ""
    if number in local:
        return local[number]
    if number in trace.tensors:
        owners = trace.tensors[number]
        owner, name = next((pair for pair in owners if pair[0] == module), owners[0])
        full = f"{owner}.{name}" if owner else name
        return f"@{full.removeprefix(prefix)}"
    producer = producers.get(number)
    if producer is not None and producer.startswith(prefix) and producer != module:
        return producer.removeprefix(prefix)
    return external.setdefault(number, f">{len(external)}")
