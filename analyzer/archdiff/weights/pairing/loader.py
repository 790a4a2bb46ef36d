"""From the names of a checkpoint to the tensors of a graph, and what of either is left over."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from archdiff.graph.schema import ModelGraph
    from archdiff.weights.pairing.origins import Origin, Origins
    from archdiff.weights.tensors import Tensors

__all__ = ["Loaded", "counted", "full_name", "load"]

_PREDICTION = frozenset({"mtp", "nextn", "mtp_layers"})
_NAMED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint as the tensors of a graph.

    Args:
        origins: where each tensor comes from, by module and name.
        unclaimed: names of the checkpoint that no module has, sorted.
        missing: full names in the graph that the checkpoint lacks, sorted.
        notes: sentences.
    """

    origins: Mapping[tuple[str, str], Origin]
    unclaimed: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Held:
    """A stored tensor of the graph: shape, and the class's own name of the one whose storage it shares."""

    module: str
    name: str
    shape: tuple[int, ...]
    owner: str | None


def full_name(module: str, name: str) -> str:
    """The name of a tensor in the whole model."""
    return f"{module}.{name}" if module else name


def counted(number: int) -> str:
    """`1 tensor`, `2,000 tensors`."""
    return f"{number:,} tensor{'' if number == 1 else 's'}"


def load(graph: ModelGraph, tensors: Tensors) -> Loaded:
    """Take a checkpoint to the tensors of a graph, as transformers' loader would.

    Args:
        graph: of a class, as it was built (not under another's names), or of bare weights.
        tensors: of the checkpoint.
    """
    renames = _renames(graph)
    held = dict(_held(graph, renames))
    shapes = {name: meaning.shape for name, meaning in tensors.meanings.items() if name not in tensors.unread}
    origins, stand_in, notes = _origins(graph, held, _swapped(shapes, renames), [*tensors.unread], renames)
    found = dict(origins.found)
    notes += _take_over(held, found)
    refused = [name for names in origins.refused.values() for name in names]
    ignored = stand_in.root._keys_to_ignore_on_load_missing or ()
    lacking = _lacking(held, found.keys() | origins.seen, ignored)
    notes += [*_misshapen(held, found), *_refusals(origins), *_beyond(graph, origins.unclaimed), *_unread(tensors)]
    return Loaded(
        {(held[name].module, held[name].name): _renamed(origin, renames) for name, origin in found.items()},
        tuple(sorted(_swap(name, renames) for name in (*origins.unclaimed, *refused))),
        tuple(sorted(full_name(held[name].module, held[name].name) for name in lacking)),
        tuple(notes),
    )


def _renames(graph: ModelGraph) -> Mapping[str, str]:
    """Parts of the names of a family that was published under others than its class has, either way round."""
    from archdiff.graph.families import FAMILIES

    family = FAMILIES.get(graph.model_type)
    own = family.renames if family else {}
    return {**own, **{published: name for name, published in own.items()}}


def _swap(name: str, renames: Mapping[str, str]) -> str:
    return ".".join(renames.get(part, part) for part in name.split(".")) if renames else name


def _swapped(shapes: Mapping[str, Any], renames: Mapping[str, str]) -> dict[str, Any]:
    return {_swap(name, renames): shape for name, shape in shapes.items()}


def _renamed(origin: Origin, renames: Mapping[str, str]) -> Origin:
    return dataclasses.replace(origin, sources=tuple(_swap(n, renames) for n in origin.sources)) if renames else origin


def _held(graph: ModelGraph, renames: Mapping[str, str]) -> Iterator[tuple[str, _Held]]:
    """What the class's state dict has, by its own names."""
    for key, node in graph.nodes.items():
        for tensor in node.tensors:
            if tensor.persistent:
                owner = _swap(tensor.tied_to, renames) if tensor.tied_to else None
                own = _swap(full_name(key, tensor.name), renames)
                yield own, _Held(key, tensor.name, tensor.shape, owner)


def _origins(
    graph: ModelGraph,
    held: Mapping[str, _Held],
    shapes: Mapping[str, Any],
    unread: Iterable[str],
    renames: Mapping[str, str],
) -> tuple[Origins, Any, list[str]]:
    from archdiff.weights.pairing.origins import origins_of

    built = {name: tensor.shape for name, tensor in held.items()}
    hidden = [_swap(name, renames) for name in unread]
    if graph.class_name:
        from transformers.conversion_mapping import get_model_conversion_mapping

        from archdiff.weights.pairing.stand_in import StandIn

        try:
            stand_in: Any = StandIn(graph, built)
        except LookupError:
            pass
        else:
            return origins_of(stand_in, get_model_conversion_mapping(stand_in), shapes, hidden), stand_in, []
    return (*_without_class(built, shapes, hidden), _classless(graph))


def _classless(graph: ModelGraph) -> list[str]:
    note = f"transformers ships no {printable(graph.class_name, 80)}: its tensors were taken by their names alone"
    return [note] if graph.class_name else []


def _without_class(built: Mapping[str, Any], shapes: Mapping[str, Any], unread: list[str]) -> tuple[Origins, Any]:
    from archdiff.graph.published import respelled
    from archdiff.weights.pairing.bare import NoClass, mapping_of
    from archdiff.weights.pairing.origins import origins_of

    stand_in: Any = NoClass(built)
    spelled = {name: name if name in built else own for name, own in respelled([*shapes, *unread]).items()}
    back = {own: name for name, own in spelled.items()}
    known = {spelled[name]: shape for name, shape in shapes.items()}
    made = origins_of(stand_in, mapping_of(built), known, [spelled[name] for name in unread])
    found = {k: dataclasses.replace(o, sources=tuple(back[name] for name in o.sources)) for k, o in made.found.items()}
    unclaimed = {back[name]: target for name, target in made.unclaimed.items()}
    refused = {why: tuple(back[name] for name in names) for why, names in made.refused.items()}
    return dataclasses.replace(made, found=found, unclaimed=unclaimed, refused=refused), stand_in


def _take_over(held: Mapping[str, _Held], found: dict[str, Origin]) -> list[str]:
    """Give a tensor that is stored under the name of another that shares its storage to the one that owns it."""
    twice = []
    for name, tensor in held.items():
        if tensor.owner is not None and name in found:
            if tensor.owner in found:
                twice.append(name)
            else:
                found[tensor.owner] = found.pop(name)
    return [f"the checkpoint stores what the class ties to another tensor once more: {_some(twice)}"] if twice else []


def _lacking(held: Mapping[str, _Held], there: Collection[str], ignored: Iterable[str]) -> Iterator[str]:
    owners = {tensor.owner for name, tensor in held.items() if tensor.owner is not None and name in there}
    patterns = [re.compile(pattern) for pattern in ignored]
    for name, tensor in held.items():
        there_too = name in there or name in owners or tensor.owner is not None
        if not there_too and not any(pattern.search(name) for pattern in patterns):
            yield name


def _misshapen(held: Mapping[str, _Held], found: Mapping[str, Origin]) -> Iterator[str]:
    names = [name for name, origin in found.items() if origin.patchwork.shape != held[name].shape]
    if names:
        yield f"the checkpoint has {counted(len(names))} in another shape than the class builds: {_some(names)}"


def _refusals(origins: Origins) -> Iterator[str]:
    for why, names in sorted(origins.refused.items()):
        yield f"left out {counted(len(names))} of the checkpoint, as {why}: {_some(names)}"


def _beyond(graph: ModelGraph, unclaimed: Mapping[str, str]) -> Iterator[str]:
    """Layers that only the checkpoint has, and what else no module has."""
    layers: dict[str, int] = {}
    rest = []
    for name, target in unclaimed.items():
        layer = _layer_beyond(graph, target)
        if layer:
            layers[layer] = layers.get(layer, 0) + 1
        else:
            rest.append(name)
    for layer, count in layers.items():
        what = f"{counted(count)} of a prediction layer that the class does not build"
        yield f"the checkpoint has {what}: {printable(layer, 120)}"
    if rest:
        yield f"no module has {counted(len(rest))} of the checkpoint: {_some(rest)}"


def _layer_beyond(graph: ModelGraph, name: str) -> str:
    parts = name.split(".")
    for stack, layers in graph.stacks.items():
        number = name.removeprefix(f"{stack}.").partition(".")[0]
        if name.startswith(f"{stack}.") and number.isdecimal() and int(number) >= len(layers):
            return f"{stack}.{number}"
    place = next((at for at, part in enumerate(parts) if part in _PREDICTION), None)
    return "" if place is None else ".".join(parts[: place + 1])


def _unread(tensors: Tensors) -> Iterator[str]:
    if tensors.unread:
        reasons = sorted(set(tensors.unread.values()))
        yield f"{counted(len(tensors.unread))} cannot be read ({'; '.join(reasons[:_NAMED])}): {_some(tensors.unread)}"


def _some(names: Iterable[str]) -> str:
    listed = [printable(name, 120) for name in names]
    rest = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + rest
