"""Notes of a pass, kept by hooks: in which module it is, and what each module took and gave."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archdiff.graph.recorder import tensors_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn

    from archdiff.graph.recorder import Recorder

__all__ = ["Watch"]


class Watch:
    """Module hooks that keep the recorder's stack and note what each module took and gave."""

    def __init__(self, recorder: Recorder, names: Mapping[nn.Module, str]) -> None:
        self.recorder, self.names = recorder, names
        self.received: dict[str, tuple[int, ...]] = {}
        self.returned: dict[str, tuple[int, ...]] = {}

    def enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        """Note that a module was called, and with what."""
        name = self.names[module]
        self.recorder.stack.append(name)
        self.received.setdefault(name, self._numbers((args, kwargs)))

    def leave(self, module: nn.Module, _args: Any, output: Any) -> None:
        """Note what a module returned."""
        self.recorder.stack.pop()
        self.returned.setdefault(self.names[module], self._numbers(output))

    def _numbers(self, value: Any) -> tuple[int, ...]:
        return tuple(self.recorder.identify(tensor) for tensor in tensors_in(value))

    def state(self) -> tuple[int, int, dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        """What has been noted so far."""
        return len(self.recorder.stack), len(self.recorder.calls), dict(self.received), dict(self.returned)

    def restore(self, state: tuple[int, int, dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]) -> None:
        """Forget what was noted since."""
        depth, calls, received, returned = state
        del self.recorder.stack[depth:], self.recorder.calls[calls:]
        for kept, known in ((self.received, received), (self.returned, returned)):
            kept.clear()
            kept.update(known)

    @contextmanager
    def hooks(self) -> Iterator[None]:
        """Watch every module while the context lasts."""
        handles: list[Any] = []
        for module in self.names:
            handles.append(module.register_forward_pre_hook(self.enter, with_kwargs=True))
            handles.append(module.register_forward_hook(self.leave))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
