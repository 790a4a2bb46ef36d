"""What the tensors of a quantised checkpoint stand for: names, shapes and types before they were packed.

Each scheme stores a weight as packed numbers with scales beside it, under names of its own. Headers alone are read, so
a shape that stands in the data (bitsandbytes in 4 bits) is not known, only the number of elements is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archdiff.sources.schemes import COMPANIONS, OF_ATTENTION, SCHEMES, Found, Settings, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.sources.headers import Shipped

__all__ = ["BESIDE", "Meant", "declaration", "found_in", "meaning", "with_declaration"]

BESIDE = "hf_quant_config.json"
"""The file in which TensorRT Model Optimizer states how it stored the weights."""

_ENDINGS = tuple(SCHEMES)
_PLAIN = frozenset({"float16", "bfloat16", "float32", "float64"})
_USUAL = "bfloat16"


@dataclass(frozen=True, slots=True)
class Meant:
    """The tensors that a checkpoint stands for.

    `tensors` is sorted by name; `count` is that of the stored ones; `packed` names those that were quantised, with
    the method as configs name it; `flat` those of which the number of elements alone is known, and which have it as
    their only size; `misshapen` holds scales and their like with the shipped and the right shape; `lacking` names
    those that are not there.
    """

    tensors: tuple[Shipped, ...]
    count: int
    packed: Mapping[str, str] = field(default_factory=dict)
    flat: frozenset[str] = frozenset()
    misshapen: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def method(self) -> str | None:
        """How most of the quantised tensors are stored; None where none is quantised."""
        counts = Counter(self.packed.values())
        return max(sorted(counts), key=counts.__getitem__, default=None)


def meaning(shipped: Sequence[Shipped], declared: Mapping[str, object]) -> Meant:
    """Read quantised tensors as what they stand for; others stay as they are.

    Args:
        shipped: the tensors of a checkpoint.
        declared: `quantization_config` of its config; empty where there is none.
    """
    known = {tensor.name: tensor for tensor in shipped}
    if any(tensor.dtype[:1].isupper() for tensor in shipped):
        return _of_ggml(shipped)
    found, gone = found_in(known, declared)
    if not found:
        return Meant(tuple(sorted(shipped, key=_name)), len(shipped))
    kept = [tensor for tensor in shipped if tensor.name not in gone]
    dtype = _stands_for(kept)
    return Meant(
        tuple(sorted((*kept, *(replace(item.tensor, dtype=dtype) for item in found)), key=_name)),
        len(shipped),
        {item.tensor.name: item.method for item in found},
        frozenset(item.tensor.name for item in found if item.flat),
        tuple(sorted(_misshapen(known, found))),
        tuple(sorted({*_lacking(known, found), *_without_scale(kept, found)})),
    )


def found_in(known: Mapping[str, Shipped], declared: Mapping[str, object]) -> tuple[tuple[Found, ...], frozenset[str]]:
    """Return the quantised weights among tensors by name, and the names of all that belongs to them.

    Args:
        known: the tensors of a checkpoint by name.
        declared: `quantization_config` of its config; empty where there is none.
    """
    found = tuple(_found(known, settings_of(declared, known)))
    parts = {name for item in found for name in item.stored}
    return found, frozenset(parts.union(_companions(known, found))) if found else frozenset()


def _of_ggml(shipped: Sequence[Shipped]) -> Meant:
    """Tensors of a GGUF file, of which those of a type of ggml's own are quantised; their shapes are right already."""
    packed = {tensor.name: "gguf" for tensor in shipped if tensor.dtype[:1].isupper()}
    dtype = _stands_for([tensor for tensor in shipped if len(tensor.shape) > 1])
    tensors = (replace(tensor, dtype=dtype) if tensor.name in packed else tensor for tensor in shipped)
    return Meant(tuple(sorted(tensors, key=_name)), len(shipped), packed)


def declaration(config: Mapping[str, object]) -> Mapping[str, object]:
    """What a config states of quantised weights, itself or in the config of a part; empty where it states nothing."""
    inside = [value for value in config.values() if isinstance(value, dict)]
    stated = (whole.get("quantization_config") for whole in (config, *inside))
    return next((value for value in stated if isinstance(value, dict) and value), {})


def with_declaration(config: Mapping[str, object], beside: Mapping[str, object]) -> dict[str, object]:
    """The config, with what Model Optimizer writes into a file of its own beside it, as newer releases state it."""
    stated = beside.get("quantization")
    if not isinstance(stated, dict) or declaration(config):
        return dict(config)
    return {**config, "quantization_config": {"quant_method": "modelopt", **stated}}


def _name(tensor: Shipped) -> str:
    return tensor.name


def _found(known: Mapping[str, Shipped], settings: Settings) -> Iterator[Found]:
    seen: set[str] = set()
    for name in filter(_is_part, known):
        ending = next(filter(name.endswith, SCHEMES))
        item = SCHEMES[ending](name.removesuffix(ending), known, settings)
        if item is None or item.tensor.name in seen or _is_taken(item, known):
            continue
        seen.add(item.tensor.name)
        yield item


def _is_part(name: str) -> bool:
    return name.endswith(_ENDINGS)


def _is_taken(item: Found, known: Mapping[str, Shipped]) -> bool:
    """Whether the checkpoint holds another tensor under the name of what the weight stands for."""
    return item.tensor.name in known and item.tensor.name not in item.stored


def _companions(known: Mapping[str, Shipped], found: Sequence[Found]) -> Iterator[str]:
    """Names of what stands beside quantised weights, and of what scales a cache of keys and values."""
    modules = {item.module for item in found}
    beside = (name for name in known if name.endswith(COMPANIONS))
    yield from (name for name in beside if name.rpartition(".")[0] in modules)
    yield from (name for name in known if name.endswith(OF_ATTENTION))


def _stands_for(plain: Sequence[Shipped]) -> str:
    """The type that most tensors have that are not quantised."""
    counts = Counter(tensor.dtype for tensor in plain if tensor.dtype in _PLAIN)
    return max(sorted(counts), key=counts.__getitem__, default=_USUAL)


def _misshapen(
    known: Mapping[str, Shipped], found: Sequence[Found]
) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    for item in found:
        for name, shape in item.wanted.items():
            if name in known and known[name].shape != shape:
                yield name, known[name].shape, shape


def _lacking(known: Mapping[str, Shipped], found: Sequence[Found]) -> Iterator[str]:
    """What one weight of a scheme lacks to be read, and others of the scheme have."""
    seen: dict[str, set[str]] = defaultdict(set)
    for item in found:
        seen[item.method].update(ending for ending in item.needed if f"{item.base}{ending}" in known)
    for item in found:
        yield from (
            name
            for ending in item.needed
            if ending in seen[item.method] and (name := f"{item.base}{ending}") not in known
        )


def _without_scale(kept: Sequence[Shipped], found: Sequence[Found]) -> Iterator[str]:
    """The scales of 8-bit weights that have none, where others have one."""
    endings = Counter(ending for item in found for ending in item.scales)
    if endings:
        ending = max(sorted(endings), key=endings.__getitem__)
        yield from (f"{tensor.name}{ending}" for tensor in kept if _is_unscaled(tensor))


def _is_unscaled(tensor: Shipped) -> bool:
    return tensor.dtype.startswith("float8") and "_scale" not in tensor.name
