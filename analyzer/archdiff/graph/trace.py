"""One forward pass on the meta device: data flow and function of every distinct layer.

Only one layer of each distinct kind runs; its copies return empty tensors of the same shapes, so the time
grows with the number of kinds, not with the number of layers.
"""

from __future__ import annotations

import dataclasses
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributions import Distribution

from archdiff.graph.apart import run_the_rest
from archdiff.graph.assumed import Readable
from archdiff.graph.recorder import Call, Recorder, tensors_in
from archdiff.graph.samples import SEQUENCE_LENGTH, sample_inputs
from archdiff.graph.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["SEQUENCE_LENGTH", "Trace", "trace"]


@dataclasses.dataclass(frozen=True)
class Trace:
    """What one forward pass showed.

    Args:
        calls: every operator call in order.
        tensors: module id and tensor name of every owner, by the number of each parameter and buffer; tied ones
            have several.
        received: numbers of the tensors that each module was called with.
        returned: numbers of the tensors that each module returned.
        copies: id of the layer that ran, by the id of each layer that did not because it is of the same kind.
        reason: why nothing was recorded; None when the pass finished.
    """

    calls: tuple[Call, ...] = ()
    tensors: Mapping[int, tuple[tuple[str, str], ...]] = dataclasses.field(default_factory=dict)
    received: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    returned: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    copies: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reason: str | None = None


def trace(model: nn.Module, kinds: Mapping[str, str]) -> Trace:
    """Run `model.forward` once on meta tensors and record it.

    Args:
        model: a model on the meta device.
        kinds: a key by layer id; layers with equal keys do the same, so only the first of them runs.

    Returns:
        The recording; with `reason` set, and nothing else, when no form of sample input passed.
    """
    with suppress(AttributeError, ValueError, TypeError):
        model.set_experts_implementation("batched_mm")  # type: ignore[operator]  # nn.Module knows no such method
    model.eval()
    _without_cache(model)
    reason, furthest = "no forward method", -1
    for inputs in sample_inputs(model):
        recorder = Recorder(SEQUENCE_LENGTH)
        try:
            return _record(model, kinds, inputs, recorder)
        except Exception as error:  # noqa: BLE001 - any class may fail in any way; the reason is reported
            if len(recorder.calls) > furthest:
                furthest, reason = len(recorder.calls), _reason(error)
    return Trace(reason=reason)


def _without_cache(model: nn.Module) -> None:
    """One pass needs no cache of keys and values; classes around a language model hand on no argument that says so."""
    for config in (getattr(module, "config", None) for module in model.modules()):
        if config is not None and getattr(config, "use_cache", False) is True:
            config.use_cache = False


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else 'no message'}"


def _record(model: nn.Module, kinds: Mapping[str, str], inputs: dict[str, Any], recorder: Recorder) -> Trace:
    _forget_results(model)
    names = {module: name for name, module in model.named_modules()}
    tensors = _owners(names, recorder)
    watch = Watch(recorder, names)
    readable = Readable(recorder.values_of)
    skipping = _copies_skipped(model, kinds, recorder)
    with watch.hooks(), skipping as copies, _unvalidated(), readable, recorder, torch.no_grad():
        model(**inputs)
        run_the_rest(model, names, watch, copies)
    return Trace(tuple(recorder.calls), tensors, watch.received, watch.returned, copies)


def _forget_results(model: nn.Module) -> None:
    """Empty the caches of functions that keep their results, as tables of positions: they stem from another pass."""
    kinds = {type(module) for module in model.modules()}
    places = [*kinds, *(sys.modules[name] for name in {kind.__module__ for kind in kinds})]
    for function in (value for place in places for value in vars(place).values()):
        for cell in getattr(getattr(function, "__func__", function), "__closure__", None) or ():
            with suppress(ValueError, AttributeError):  # an empty cell; or one that holds no such cache
                cell.cell_contents.cache_clear()


@contextmanager
def _unvalidated() -> Iterator[None]:
    """No warnings, and no distribution that checks its parameters: it would ask them for values."""
    validated = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Distribution.set_default_validate_args(validated)


def _owners(names: Mapping[nn.Module, str], recorder: Recorder) -> dict[int, tuple[tuple[str, str], ...]]:
    owners: dict[int, tuple[tuple[str, str], ...]] = {}
    for module, name in names.items():
        for key, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is not None:
                number = recorder.identify(tensor)
                owners[number] = (*owners.get(number, ()), (name, key))
    return owners


@contextmanager
def _copies_skipped(model: nn.Module, kinds: Mapping[str, str], recorder: Recorder) -> Iterator[dict[str, str]]:
    """Replace `forward` of every layer that has a twin; fill the mapping with those that were skipped."""
    first: dict[str, tuple[str, _Remembered]] = {}
    copies: dict[str, str] = {}
    layers = [(name, model.get_submodule(name), key) for name, key in kinds.items()]
    try:
        for name, layer, key in layers:
            if key not in first:
                first[key] = (name, _Remembered(layer.forward))
                layer.forward = first[key][1]
            else:
                layer.forward = _Copy(name, *first[key], layer.forward, copies, recorder)
        yield copies
    finally:
        for _, layer, _ in layers:
            layer.__dict__.pop("forward", None)


class _Remembered:
    """A layer's own `forward`, which keeps the shapes of what it took and what it returned."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward
        self.signature: Sequence[Any] | None = None
        self.output: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.signature = _signature(args, kwargs)
        self.output = self.forward(*args, **kwargs)
        return self.output


class _Copy:
    """Stands for a layer of a kind that already ran; runs it all the same if it is called differently."""

    def __init__(
        self, name: str, original: str, remembered: _Remembered, forward: Callable[..., Any],
        copies: dict[str, str], recorder: Recorder,
    ) -> None:  # fmt: skip
        self.name, self.original, self.remembered = name, original, remembered
        self.forward, self.copies, self.recorder = forward, copies, recorder

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _signature(args, kwargs) != self.remembered.signature:
            return self.forward(*args, **kwargs)
        self.copies[self.name] = self.original
        calls = len(self.recorder.calls)
        output = _like(self.remembered.output)
        del self.recorder.calls[calls:]
        return output


def _signature(args: Any, kwargs: Any) -> list[Any]:
    """Shapes and dtypes of the tensors, and which optional arguments are absent."""
    named = {f"{index}": value for index, value in enumerate(args)} | kwargs
    shapes = [(key, [(tuple(t.shape), t.dtype) for t in tensors_in(value)]) for key, value in named.items()]
    return [*shapes, [key for key, value in named.items() if value is None]]


def _like(value: Any) -> Any:
    """The same structure with new, empty meta tensors."""
    if isinstance(value, torch.Tensor):
        return torch.empty_like(value)
    if isinstance(value, dict):
        return type(value)(**{key: _like(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        items = map(_like, value)
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value
