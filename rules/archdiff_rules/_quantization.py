"""Quantisation schemes in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archdiff.rule import show

if TYPE_CHECKING:
    from archdiff.rule import Comparison, Difference, Value

__all__ = ["change_of_scheme", "follows_from_quantization", "only_more_of_the_same"]

_NAMES = {
    "mxfp4": "MXFP4",
    "nvfp4": "NVFP4",
    "fp8": "FP8",
    "fbgemm_fp8": "FP8 (fbgemm)",
    "finegrained_fp8": "FP8",
    "gptq": "GPTQ",
    "awq": "AWQ",
    "aqlm": "AQLM",
    "hqq": "HQQ",
    "torchao": "torchao",
    "compressed-tensors": "compressed-tensors",
    "bitnet": "BitNet",
    "gguf": "GGUF",
}
_BITS = {"mxfp4": 4, "nvfp4": 4, "fp8": 8, "fbgemm_fp8": 8, "finegrained_fp8": 8, "bitsandbytes_4bit": 4}
_COVERED = {"mxfp4": "routed experts"}
"""What a scheme covers where it is not the linear layers: transformers quantises only experts to MXFP4."""


def _scheme(method: Value) -> str:
    """The name of a scheme as its authors write it; `none` for weights that are not quantised."""
    return "none" if method is None else _NAMES.get(str(method), str(method))


def _stored(method: Value, details: Value, verb: str) -> str:
    """`routed experts are stored in 4 bits`; `weights are stored quantised` where the bits are not stated."""
    covered = _COVERED.get(str(method), "weights")
    bits = _BITS.get(str(method)) or _stated_bits(details)
    return f"{covered} {verb} stored {f'in {bits} bits' if bits else 'quantised'}"


def _stated_bits(details: Value) -> str | None:
    texts = map(str, details) if isinstance(details, tuple) else ()
    return next((m.group(1) for text in texts if (m := re.fullmatch(r"(?:w_)?bits=(\d+)", text))), None)


def _detail(old: Value, new: Value) -> str:
    """The settings that differ, both values: `scale_fmt: none → ue8m0`."""
    first, second = _settings(old), _settings(new)
    keys = [key for key in sorted(first.keys() | second.keys()) if first.get(key) != second.get(key)]
    return "; ".join(f"{key}: {first.get(key, 'none')} → {second.get(key, 'none')}" for key in keys)


def _settings(details: Value) -> dict[str, str]:
    texts = details if isinstance(details, tuple) else ()
    return {key: value for key, _, value in (str(text).partition("=") for text in texts)}


def _excluded_kinds(modules: Value) -> frozenset[str]:
    """Names of the modules that a scheme leaves out, with `*` for numbers of layers and experts."""
    names = map(str, modules) if isinstance(modules, tuple) else ()
    return frozenset(re.sub(r"(?<=\.)\d+(?=\.|$)", "*", name) for name in names)


def change_of_scheme(difference: Difference) -> str:
    """One sentence about a difference in scheme, in its settings or in what it leaves out."""
    method, details, excluded = (difference.facts[f"quantization.{name}"] for name in ("method", "detail", "excluded"))
    if method[0] != method[1]:
        verb, side = ("were", 0) if method[1] is None else ("are", 1)
        return f"{_scheme(method[0])} → {_scheme(method[1])}: {_stored(method[side], details[side], verb)}"
    told = [f"{_scheme(method[0])} with {_detail(*details)}"] if details[0] != details[1] else []
    if excluded[0] != excluded[1]:
        told.append(_left_out(excluded[0], excluded[1]))
    return "; ".join(told)


def _left_out(old: Value, new: Value) -> str:
    first, second = _excluded_kinds(old), _excluded_kinds(new)
    if first == second:
        return f"the same modules of every layer left out: {_count(old)} → {_count(new)} names"
    gone, come = (show(tuple(sorted(names)[:4])) for names in (first - second, second - first))
    return f"left out of quantisation: {gone} → {come}"


def _count(modules: Value) -> int:
    return len(modules) if isinstance(modules, tuple) else 0


def only_more_of_the_same(difference: Difference) -> bool:
    """Whether only the layers differ whose modules are left out, so that each layer is stored as before."""
    facts = difference.facts
    same = all(facts[f"quantization.{name}"][0] == facts[f"quantization.{name}"][1] for name in ("method", "detail"))
    old, new = facts["quantization.excluded"]
    return same and _excluded_kinds(old) == _excluded_kinds(new)


def follows_from_quantization(comparison: Comparison) -> bool:
    """Whether a model declares no parameter type because its scheme, which the other lacks, sets it."""
    old, new = comparison.facts
    return old.get("quantization.method") != new.get("quantization.method") and any(
        side.get("dtype") is None and side.get("quantization.method") is not None for side in (old, new)
    )
