"""Run what a pass over text leaves out, each part by itself: towers for images and sound, and the projectors behind."""

from __future__ import annotations

import dataclasses
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedModel

from archdiff.graph.recorder import tensors_in
from archdiff.graph.samples import sample_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from torch import nn

    from archdiff.graph.watch import Watch

__all__ = ["around", "run_the_rest"]

_READERS = ("get_image_features", "get_audio_features")
_CONNECTOR = re.compile(r"Projector|Connector|Merger|MultimodalEmbedder", re.ASCII)
"""Classes that bring a tower's features to the width of the language model."""


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part of a model that the pass over the whole left out.

    Args:
        name: id of the module whose code runs.
        trials: ways to run it, the first that passes counts.
        method: whether they run another method than its `forward`.
    """

    name: str
    trials: Iterable[Callable[[], Any]]
    method: bool = False


def run_the_rest(model: nn.Module, names: Mapping[nn.Module, str], watch: Watch, copies: dict[str, str]) -> None:
    """Run the models inside the model that were not entered, and what takes their outputs.

    Args:
        model: on the meta device, inside an active recording.
        names: ids of its modules.
        watch: of that recording.
        copies: layers that did not run as they are copies; those of the parts are added.
    """
    if not _not_entered(model, watch):
        return
    for reader in _feature_readers(model):
        _connect(_run(reader, watch, copies), model, names, watch, copies)
    for tower in _not_entered(model, watch):
        part = _Part(names[tower], (partial(tower, **inputs) for inputs in sample_inputs(tower)))
        _connect(_run(part, watch, copies), model, names, watch, copies)


def _connect(
    features: Any, model: nn.Module, names: Mapping[nn.Module, str], watch: Watch, copies: dict[str, str]
) -> None:
    """Run what brings features to the language model, where what computed them did not."""
    tensors = list(tensors_in(features))
    for connector in _not_entered(model, watch, _is_connector) if tensors else ():
        _run(_Part(names[connector], [partial(connector, tensor) for tensor in tensors]), watch, copies)


def _is_model(module: nn.Module) -> bool:
    return isinstance(module, PreTrainedModel)


def _is_connector(module: nn.Module) -> bool:
    return _CONNECTOR.search(type(module).__name__) is not None


def _not_entered(model: nn.Module, watch: Watch, wanted: Callable[[nn.Module], bool] = _is_model) -> list[nn.Module]:
    """The outermost modules of a kind inside the model that the pass left out, as it was given no image or sound."""
    found: dict[str, nn.Module] = {}
    entered = {each for name in watch.received for each in around(name)}
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{other}.") for other in found)
        if name and not inside and wanted(module) and name not in entered:
            found[name] = module
    return list(found.values())


def around(name: str) -> Iterator[str]:
    """The module and every one that holds it: a class may call a part of a part and not the part itself."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _feature_readers(model: nn.Module) -> Iterator[_Part]:
    """What turns images and sound into embeddings: the towers with the projectors behind them, innermost class only."""
    for method in _READERS:
        having = [(name, module) for name, module in model.named_modules() if hasattr(module, method)]
        if having:
            name, module = having[-1]
            call = getattr(module, method)
            yield _Part(name, (partial(call, **inputs) for inputs in sample_inputs(module, call)), method=True)


def _run(part: _Part, watch: Watch, copies: dict[str, str]) -> Any:
    """What the part returns; None if it cannot run, and what a failed attempt recorded is forgotten."""
    watch.recorder.apart = part.name if part.method else None
    for trial in part.trials:
        noted, skipped = watch.state(), dict(copies)
        watch.recorder.stack.append(part.name)
        try:
            returned = trial()
        except Exception:  # noqa: BLE001 - any class may fail in any way; the graph says which stacks did not run
            watch.restore(noted)
            copies.clear()
            copies.update(skipped)
        else:
            watch.recorder.stack.pop()
            return returned
    return None
