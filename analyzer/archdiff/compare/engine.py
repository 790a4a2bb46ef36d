"""Compare two graphs: align the layers, match what is inside, collect what differs, fold it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archdiff.compare.align import align_stacks
from archdiff.compare.bare import is_bare, named_alike, without_untold
from archdiff.compare.changes import Change, Impact, Place
from archdiff.compare.comparison import Comparison, StackAlignment
from archdiff.compare.inert import inert_config, unseen_config
from archdiff.compare.match import NO_STACKS, Stacks, match
from archdiff.compare.names import Names
from archdiff.compare.nodes import Found, alone, between
from archdiff.compare.replay import new_names, new_owner, new_tensors
from archdiff.compare.wiring import rewired, tapped
from archdiff.graph.digests import digest

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph, Value

__all__ = ["compare"]


def compare(old: ModelGraph, new: ModelGraph) -> Comparison:
    """Everything that differs between two models.

    Returns:
        Alignment and changes, in an order that depends on the two graphs alone.
    """
    old, new = named_alike(old, new)
    alignment = align_stacks(old, new)
    found = _Collector()
    for found_change in _outside(old, new, alignment):
        found.add(found_change, None)
    for stack in alignment:
        _inside(old, new, stack, found)
    for change in (*_config(old, new), *_model(old, new)):
        found.add(change, None)
    for change in (*_ties(old, new, alignment, found.changes()), *_taps(old, new, alignment, found.changes())):
        found.add(change, None)
    changes = found.changes()
    if is_bare(old) or is_bare(new):
        changes = tuple(map(without_untold, changes))
    return Comparison(old, new, alignment, changes)


class _Collector:
    """Folds the same change in several layers into one."""

    def __init__(self) -> None:
        self.groups: dict[Found, list[tuple[int | None, int | None]]] = {}

    def add(self, found: Found, layers: tuple[int | None, int | None] | None) -> None:
        """Note a change; its ids hold `*` for the number of a layer.

        Args:
            found: the change.
            layers: number of the layer in OLD and in NEW; None outside the stacks.
        """
        numbers = self.groups.setdefault(found, [])
        if layers is not None:
            numbers.append(layers)

    def changes(self) -> tuple[Change, ...]:
        done = [_change(found, numbers) for found, numbers in self.groups.items()]
        return tuple(sorted(done, key=_order))


def _order(change: Change) -> tuple[str, ...]:
    place = change.where
    return (place.path, str(place.layers), change.kind, change.subject, "".join(change.axes), change.id)


def _change(found: Found, numbers: list[tuple[int | None, int | None]]) -> Change:
    first = tuple(sorted(number for number, _ in numbers if number is not None))
    second = tuple(sorted(number for _, number in numbers if number is not None))
    old = Place(found.old, first) if found.old is not None else None
    new = Place(found.new, second) if found.new is not None else None
    values = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    del values["identity"]
    values |= {"old": old, "new": new, "parameters": found.parameters * max(1, len(numbers))}
    what = (found.kind, old, new, found.role, found.subject, found.before, found.after, found.axes)
    key = digest(*what, *(() if found.axis is None else (found.axis,)))
    return Change(**values, id=key)


def _outside(old: ModelGraph, new: ModelGraph, alignment: Iterable[StackAlignment]) -> Iterator[Found]:
    """The parts that stand in no stack, stacks without partner among them."""
    pairs = {stack.old: stack.new for stack in alignment if stack.old is not None and stack.new is not None}
    return map(_relocated, _below(old, new, ("", ""), Stacks.of(old, new, pairs)))


def _below(old: ModelGraph, new: ModelGraph, roots: tuple[str, str], stacks: Stacks = NO_STACKS) -> Iterator[Found]:
    """Everything that differs between two modules and in what is below them."""
    matching = match(old, new, roots, stacks)
    names = Names.of(old, new, matching.pairs)
    for pair in matching.pairs:
        for change in between(old, new, pair, names, matching.opened):
            if not (pair.old == roots[0] and change.kind == "module-renamed"):
                yield change
    yield from _lone(old, matching.removed, matching.opened[0], added=False)
    yield from _lone(new, matching.added, matching.opened[1], added=True)


def _lone(graph: ModelGraph, whole: Iterable[str], opened: Iterable[str], *, added: bool) -> Iterator[Found]:
    for module in whole:
        yield alone(graph, module, added=added)
    for module in opened:
        yield alone(graph, module, added=added, opened=True)


def _relocated(change: Found) -> Found:
    """A part that has its name in another module: the two places tell them apart; at one place it is the same."""
    if change.kind != "module-renamed" or change.before != change.after:
        return change
    if change.old == change.new:
        inert = "stands where it stood, in another module"
        return dataclasses.replace(change, impact="cosmetic", inert=inert)
    return dataclasses.replace(change, before=change.old, after=change.new)


def _inside(old: ModelGraph, new: ModelGraph, stack: StackAlignment, found: _Collector) -> None:
    """The layers of one stack; each distinct pair of kinds is compared once."""
    known: dict[tuple[str, str], list[Found]] = {}
    if stack.old is not None and stack.new is not None:
        for i, j in stack.matched:
            a, b = old.stacks[stack.old][i], new.stacks[stack.new][j]
            key = (old.nodes[a].identity, new.nodes[b].identity)
            if key not in known:
                known[key] = [_relocated(_starred(change, a, b)) for change in _layer(old, new, a, b)]
            for change in known[key]:
                found.add(change, (i, j))
        _lone_layers(old, old.stacks[stack.old], stack.removed, found, added=False)
        _lone_layers(new, new.stacks[stack.new], stack.added, found, added=True)


def _layer(old: ModelGraph, new: ModelGraph, a: str, b: str) -> Iterator[Found]:
    if old.nodes[a].identity != new.nodes[b].identity:
        found = tuple(_below(old, new, (a, b)))
        yield from (*found, *rewired(old, new, a, b, found))


def _lone_layers(
    graph: ModelGraph, layers: tuple[str, ...], numbers: tuple[int, ...], found: _Collector, *, added: bool
) -> None:
    kinds: dict[str, Found] = {}
    for number in numbers:
        kind = graph.nodes[layers[number]].identity
        if kind not in kinds:
            change = alone(graph, layers[number], added=added)
            kinds[kind] = dataclasses.replace(_starred(change, layers[number], layers[number]), subject=kind)
        found.add(kinds[kind], (None, number) if added else (number, None))


def _starred(change: Found, a: str, b: str) -> Found:
    """The change with `*` for the number of its layer."""
    return dataclasses.replace(change, old=_star(change.old, a), new=_star(change.new, b))


def _star(path: str | None, layer: str) -> str | None:
    if path is None:
        return None
    return f"{layer.rpartition('.')[0]}.*{path.removeprefix(layer)}"


def _ties(
    old: ModelGraph, new: ModelGraph, alignment: Iterable[StackAlignment], changes: Sequence[Change]
) -> Iterator[Found]:
    """Tensors that share storage in both models, but not with tensors that correspond."""
    tied = [(node, t) for node in old.nodes.values() for t in node.tensors if t.tied_to is not None]
    names = new_names(old, alignment, changes) if tied else {}
    tensors = new_tensors(changes)
    for node, tensor in tied:
        partner = new.nodes.get(names.get(node.id, "#"))
        others = {t.name: t.tied_to for t in partner.tensors} if partner is not None else {}
        name = tensors.get((node.id, tensor.name), tensor.name)
        owner = others.get(name)
        if partner is not None and owner is not None and owner != new_owner(tensor, names, tensors):
            yield Found("tensor-retied", node.id, partner.id, node.role, name, tensor.tied_to, owner, "behavioral")


def _taps(
    old: ModelGraph, new: ModelGraph, alignment: Iterable[StackAlignment], changes: Sequence[Change]
) -> Iterator[Found]:
    """Parts that read other layers than their partners do, in models that were traced."""
    if old.flows and new.flows and old.flows != new.flows:
        names = new_names(old, alignment, changes)
        lone = any(change.kind in ("module-added", "module-removed") for change in changes)
        for stack in alignment:
            yield from tapped(old, new, stack, names, same_parts=old.class_name == new.class_name and not lone)


def _config(old: ModelGraph, new: ModelGraph) -> Iterator[Found]:
    """Config values; what they do shows in the graph, so that alone they are cosmetic where it was traced."""
    first, second = dict(_flat(old.config)), dict(_flat(new.config))
    traced = not old.not_checked and not new.not_checked
    unread = _unread(old) or _unread(new)
    for key in sorted(first.keys() | second.keys()):
        before, after = first.get(key), second.get(key)
        if before == after and isinstance(before, bool) == isinstance(after, bool):
            continue
        inert = inert_config(key, before, after)
        seen = traced and not unseen_config(key) and not (unread and _is_real(before, after))
        if old.model_type != new.model_type and not (key in first and key in second):
            inert = inert or "a key that one of the two families alone has"
        elif old.model_type != new.model_type and seen:
            inert = inert or "a key that means what its family makes of it: its effect shows in the graph"
        impact: Impact = "cosmetic" if seen or inert else "behavioral"
        yield Found("config-changed", "", "", "model", key, before, after, impact, inert=inert)


def _unread(graph: ModelGraph) -> bool:
    """Whether a module computes numbers from the config that were not read, so that no operator shows them."""
    return any(
        t.kind == "buffer" and not t.persistent and t.digest is None and t.dtype.startswith("float") and t.count > 1
        for node in graph.nodes.values()
        if not node.role.endswith("norm")  # a scale that is stored nowhere is one
        for t in node.tensors
    )


def _is_real(*values: Value) -> bool:
    """Whether one of the values is a number with a fraction, or several of them."""
    return any(
        isinstance(item, float) for value in values for item in (value if isinstance(value, tuple) else (value,))
    )


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _model(old: ModelGraph, new: ModelGraph) -> Iterator[Found]:
    inert = "the name of the family; what it stands for is compared part by part"
    if old.model_type != new.model_type:
        yield Found(
            "model-changed",
            "",
            "",
            "model",
            "model_type",
            old.model_type,
            new.model_type,
            "cosmetic",
            inert=inert,
        )
