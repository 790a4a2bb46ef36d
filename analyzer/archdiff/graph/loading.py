"""What a checkpoint ships against what its config builds, by loading it the way transformers does: on the meta device.

transformers' own loader renames and converts the shipped tensors (experts of their own into one tensor, and so on),
on tensors without values. What it reports as missing, unexpected and misshapen is what a user would see.
"""

from __future__ import annotations

import dataclasses
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import convert_and_load_state_dict_in_model
from transformers.modeling_utils import LoadStateDictConfig
from transformers.utils import logging as progress

from archdiff.graph.published import every_class_computes
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.sources.headers import Shipped
    from archdiff.sources.quantized import Meant

__all__ = ["Loading", "load", "notes_on"]

_PREDICTION = frozenset({"mtp", "nextn", "mtp_layers"})
_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What the loader raises for a checkpoint that is not the model's."""

_NAMED = 2


@dataclasses.dataclass(frozen=True)
class Loading:
    """How shipped tensors fit the model, under published names; experts that the class fuses are told fused.

    Args:
        count: of shipped tensors.
        missing: names that the model has and the checkpoint does not.
        unexpected: names that the checkpoint has and the model does not.
        misshapen: name, shipped shape and built shape.
        left_out: why names and shapes were not compared one by one; empty where they were.
    """

    count: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshapen: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    left_out: str = ""

    def to_data(self) -> dict[str, Any]:
        """The fields as JSON values."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        lists = {key: list(plain[key]) for key in ("missing", "unexpected")}
        return {**plain, **lists, "misshapen": [[n, list(a), list(b)] for n, a, b in self.misshapen]}


def load(
    model: Any, meant: Meant, renames: Mapping[str, str], stacks: Mapping[str, Sequence[str]], *, quantized: bool
) -> Loading:
    """Load a checkpoint into a model on the meta device, whose parameters are replaced by what fits.

    Args:
        model: a transformers model on the meta device.
        meant: the tensors of the checkpoint, the quantised ones as what they stand for.
        renames: path parts of the class, to the published ones.
        stacks: ids of the layers of each stack, by the id of the stack.
        quantized: whether the config declares quantized weights. Those that no known scheme explains, or that tell
            no shape, cannot be compared: then only whole layers that the model does not have are told.
    """
    names = {**renames, **{published: own for own, published in renames.items()}}
    shipped = {_renamed(tensor.name, names): tensor for tensor in meant.tensors}
    shapes, untold = _shapes(model, shipped, meant, stacks)
    state = {key: _empty(tensor, shapes[key]) for key, tensor in shipped.items()}
    try:
        with _silent():
            found = _load(model, state, stacks)
    except _FAILURES as error:
        return Loading(meant.count, left_out=f"transformers cannot load them ({type(error).__name__})")
    unexpected = [key for key in sorted(found.unexpected) if not _is_computed(model, key, stacks)]
    missing = {_renamed(key, names) for key in _missing(model, found.missing)}
    if not untold and quantized and not meant.packed and (unexpected or missing or found.misshapen):
        untold = "they are quantized in a form that is not known"
    if untold:
        beyond = tuple(_renamed(key, names) for key in unexpected if _is_beyond(key, stacks))
        return Loading(meant.count, unexpected=beyond, left_out=untold)
    misshapen = ((_renamed(key, names), *shapes) for key, shapes in found.misshapen.items())
    return Loading(
        meant.count,
        tuple(sorted({*missing, *meant.lacking})),
        tuple(_renamed(key, names) for key in unexpected),
        tuple(sorted((*misshapen, *meant.misshapen))),
    )


def _shapes(
    model: Any, shipped: Mapping[str, Shipped], meant: Meant, stacks: Mapping[str, Sequence[str]]
) -> tuple[dict[str, tuple[int, ...]], str]:
    """Shapes by name, and why they cannot be told; empty where they can.

    A tensor of which the number of elements alone is known has the shape of the class's own, if that has as many;
    one that was packed by rows fits a class that keeps its weight transposed.
    """
    built = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    found, untold = {}, ""
    for key, tensor in shipped.items():
        own = built.get(key)
        found[key] = tensor.shape
        if tensor.name in meant.flat and own is not None and math.prod(tensor.shape) - math.prod(own) in (0, 1):
            found[key] = own
        elif tensor.name in meant.flat and own is None and not _is_beyond(key, stacks):
            untold = "their headers tell no shapes"
        elif tensor.name in meant.packed and own == tensor.shape[::-1] and _is_transposed(model, key):
            found[key] = own
    return found, untold


def _is_transposed(model: Any, key: str) -> bool:
    """Whether the tensor belongs to GPT-2's kind of projection, whose weight is (columns, rows)."""
    return type(model.get_submodule(key.rpartition(".")[0])).__name__ == "Conv1D"


@dataclasses.dataclass(frozen=True)
class _Found:
    """What the loader told: names, and shapes by name (empty ones for tensors that could not be converted)."""

    missing: frozenset[str]
    unexpected: frozenset[str]
    misshapen: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]


def _load(model: Any, state: Mapping[str, torch.Tensor], stacks: Mapping[str, Sequence[str]]) -> _Found:
    """Load one of each kind of layer, which takes a tenth of the time, and tell of the others what it tells of that."""
    firsts = _firsts(state, model.state_dict(), stacks)
    mapping: Any = get_model_conversion_mapping(model)
    config = LoadStateDictConfig(weight_mapping=mapping, device_map={"": "meta"})
    some = {key: tensor for key, tensor in state.items() if _layer_of(key, stacks) not in firsts}
    info, _ = convert_and_load_state_dict_in_model(model=model, state_dict=some, load_config=config)
    misshapen = {key: (tuple(shipped), tuple(built)) for key, shipped, built in info.mismatched_keys}
    misshapen |= dict.fromkeys(info.conversion_errors, ((), ()))
    missing = {key for key in info.missing_keys if _layer_of(key, stacks) not in firsts} - misshapen.keys()
    copies: dict[str, list[str]] = {}
    for layer, first in firsts.items():
        copies.setdefault(first, []).append(layer)

    def everywhere(key: str) -> Iterator[str]:
        layer = _layer_of(key, stacks)
        yield from (f"{each}{key.removeprefix(layer)}" for each in (layer, *copies.get(layer, ())))

    return _Found(
        frozenset(each for key in missing for each in everywhere(key)),
        frozenset(each for key in info.unexpected_keys for each in everywhere(key)),
        {each: shapes for key, shapes in misshapen.items() for each in everywhere(key)},
    )


def _firsts(
    state: Mapping[str, torch.Tensor], built: Mapping[str, torch.Tensor], stacks: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The layers that ship and hold what an earlier one does, by name and shape, with the first such one."""
    contents: dict[str, list[set[Any]]] = {layer: [set(), set()] for layers in stacks.values() for layer in layers}
    for side, tensors in enumerate((state, built)):
        for key, tensor in tensors.items():
            if (layer := _layer_of(key, stacks)) in contents:
                contents[layer][side].add((key.removeprefix(layer), tuple(tensor.shape)))
    known: dict[Any, str] = {}
    found = {}
    for layer, (shipped, held) in contents.items():
        if shipped:
            first = known.setdefault((layer.rpartition(".")[0], frozenset(shipped), frozenset(held)), layer)
            found[layer] = first
    return {layer: first for layer, first in found.items() if layer != first}


def _layer_of(key: str, stacks: Mapping[str, Sequence[str]]) -> str:
    """The layer that holds the tensor, by the numbers of the checkpoint; empty outside the stacks."""
    stack = next((stack for stack in stacks if key.startswith(f"{stack}.")), None)
    return "" if stack is None else f"{stack}.{key.removeprefix(f'{stack}.').partition('.')[0]}"


def _empty(tensor: Shipped, shape: Sequence[int]) -> torch.Tensor:
    dtype = getattr(torch, tensor.dtype, torch.uint8)
    return torch.empty(shape, dtype=dtype, device="meta")


def _renamed(key: str, names: Mapping[str, str]) -> str:
    return ".".join(names.get(part, part) for part in key.split("."))


def _missing(model: Any, missing: frozenset[str]) -> Iterator[str]:
    """What is missing, but for tensors that share the storage of one that is there."""
    tied = getattr(model, "all_tied_weights_keys", None) or {}
    partners = {**tied, **{source: target for target, source in tied.items()}}
    ignored = [re.compile(pattern) for pattern in model._keys_to_ignore_on_load_missing or ()]
    for key in missing:
        there = key in partners and partners[key] not in missing
        if not there and not any(pattern.search(key) for pattern in ignored):
            yield key


def _is_computed(model: Any, key: str, stacks: Mapping[str, Sequence[str]]) -> bool:
    """Whether the class computes the tensor, or is known to leave it out; never for whole layers that it lacks."""
    if every_class_computes(key):
        return True
    ignored = model._keys_to_ignore_on_load_unexpected or ()
    return not _is_beyond(key, stacks) and any(re.search(pattern, key) for pattern in ignored)


def _is_beyond(key: str, stacks: Mapping[str, Sequence[str]]) -> bool:
    """Whether the tensor belongs to a layer behind the last one of a stack, or to a prediction layer."""
    parts = key.split(".")
    if _PREDICTION & set(parts):
        return True
    for stack, layers in stacks.items():
        number = key.removeprefix(f"{stack}.").partition(".")[0]
        if key.startswith(f"{stack}.") and number.isdecimal() and int(number) >= len(layers):
            return True
    return False


def notes_on(loading: Loading, meant: Meant, *, quantized: bool) -> tuple[str, ...]:
    """One sentence for each way in which the checkpoint contradicts the config."""
    told = []
    if meant.packed and not quantized:
        number = f"{len(meant.packed):,} tensor{'' if len(meant.packed) == 1 else 's'}"
        told.append(f"the checkpoint stores {number} quantized ({meant.method}), which the config does not declare")
    if quantized and not meant.packed and not loading.left_out:
        told.append("the config declares quantized weights, and the checkpoint stores none")
    if loading.left_out:
        told.append(f"shipped tensors were not compared with the config one by one: {loading.left_out}")
    kinds = (
        ("the checkpoint lacks", loading.missing, "that the config builds"),
        ("the checkpoint ships", loading.unexpected, "that the config does not build"),
        ("the checkpoint ships", tuple(name for name, _, _ in loading.misshapen), "in another shape"),
    )
    for verb, names, clause in kinds:
        if names:
            plural = "" if len(names) == 1 else "s"
            told.append(f"{verb} {len(names):,} tensor{plural} {clause}: {_some(names)}")
    return tuple(told)


def _some(names: Iterable[str]) -> str:
    listed = [printable(name, 120) for name in names]
    rest = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + rest


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the loader's progress bar off the terminal."""
    bars: Any = progress
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()
