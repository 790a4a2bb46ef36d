"""One forward pass on the meta device: data flow and function of every distinct layer.

Only one layer of each distinct kind runs; its copies return empty tensors of the same shapes, so the time
grows with the number of kinds, not with the number of layers.
"""

from __future__ import annotations

import dataclasses
import inspect
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from archdiff.graph.recorder import Call, Recorder, tensors_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["SEQUENCE_LENGTH", "Trace", "trace"]

SEQUENCE_LENGTH = 13
"""Tokens in the sample input: a prime that no width, head count or top-k is likely to equal."""

_TOKEN_INPUTS = ("input_ids", "decoder_input_ids")


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
    reason = "no forward method"
    for inputs in _sample_inputs(model):
        try:
            return _record(model, kinds, inputs)
        except Exception as error:  # noqa: BLE001 - any class may fail in any way; the reason is reported
            reason = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else 'no message'}"
    return Trace(reason=reason)


def _sample_inputs(model: nn.Module) -> Iterator[dict[str, Any]]:
    """Sample inputs that the model may take, the most informative first."""
    accepted = inspect.signature(model.forward).parameters
    length = SEQUENCE_LENGTH
    tokens = {
        name: torch.zeros(1, length, dtype=torch.long, device="meta") for name in _TOKEN_INPUTS if name in accepted
    }
    options = {name: False for name in ("use_cache",) if name in accepted}
    if "attention_mask" in accepted and "decoder_input_ids" not in accepted:
        yield {**tokens, **options, "attention_mask": torch.zeros(1, 1, length, length, device="meta")}
    if "attention_mask" in accepted:
        yield {**tokens, **options, "attention_mask": torch.ones(1, length, dtype=torch.long, device="meta")}
    yield {**tokens, **options}


def _record(model: nn.Module, kinds: Mapping[str, str], inputs: dict[str, Any]) -> Trace:
    recorder = Recorder(SEQUENCE_LENGTH)
    names = {module: name for name, module in model.named_modules()}
    tensors = _owners(names, recorder)
    watch = _Watch(recorder, names)
    with watch.hooks(), _copies_skipped(model, kinds, recorder) as copies, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with recorder, torch.no_grad():
            model(**inputs)
    return Trace(tuple(recorder.calls), tensors, watch.received, watch.returned, copies)


def _owners(names: Mapping[nn.Module, str], recorder: Recorder) -> dict[int, tuple[tuple[str, str], ...]]:
    owners: dict[int, tuple[tuple[str, str], ...]] = {}
    for module, name in names.items():
        for key, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is not None:
                number = recorder.identify(tensor)
                owners[number] = (*owners.get(number, ()), (name, key))
    return owners


class _Watch:
    """Module hooks that keep the recorder's stack and note what each module took and gave."""

    def __init__(self, recorder: Recorder, names: Mapping[nn.Module, str]) -> None:
        self.recorder, self.names = recorder, names
        self.received: dict[str, tuple[int, ...]] = {}
        self.returned: dict[str, tuple[int, ...]] = {}

    def enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        name = self.names[module]
        self.recorder.stack.append(name)
        self.received.setdefault(name, self._numbers((args, kwargs)))

    def leave(self, module: nn.Module, _args: Any, output: Any) -> None:
        self.recorder.stack.pop()
        self.returned.setdefault(self.names[module], self._numbers(output))

    def _numbers(self, value: Any) -> tuple[int, ...]:
        return tuple(self.recorder.identify(tensor) for tensor in tensors_in(value))

    @contextmanager
    def hooks(self) -> Iterator[None]:
        handles: list[Any] = []
        for module in self.names:
            handles.append(module.register_forward_pre_hook(self.enter, with_kwargs=True))
            handles.append(module.register_forward_hook(self.leave))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


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
        return type(value)(_like(item) for item in value)
    return value
