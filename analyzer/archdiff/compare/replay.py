"""Apply the changes between OLD and NEW to OLD: what comes out is NEW, or the changes are not complete."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from archdiff.compare.changes import Change, ChangeKind
    from archdiff.compare.comparison import StackAlignment
    from archdiff.graph.schema import ModelGraph, Node, Tensor, Value

__all__ = ["Module", "modules", "new_names", "new_owner", "new_tensors", "replay"]


@dataclasses.dataclass(frozen=True)
class Module:
    """What a replay restores of a module.

    Args:
        class_name: Python class.
        attributes: its settings; one that is None counts as not stated.
        tensors: those it owns, by name, without the names of their axes.
    """

    class_name: str
    attributes: Mapping[str, Value]
    tensors: Mapping[str, Tensor]


def modules(graph: ModelGraph) -> dict[str, Module]:
    """Every module of a graph by its id, as `replay` restores it."""
    return {key: _freeze(_Draft(node)) for key, node in graph.nodes.items() if node.kind == "module"}


def replay(old: ModelGraph, alignment: Iterable[StackAlignment], changes: Sequence[Change]) -> dict[str, Module]:
    """The modules of NEW by id, from OLD and what was found to differ.

    Roles, axes, facts, programs and fingerprints follow from what is restored and are left out, and so are
    the order of the modules and the config.

    Args:
        old: the graph of OLD.
        alignment: where the layers of OLD stand in NEW.
        changes: everything that differs.

    Raises:
        KeyError: a change stands where OLD and the changes before it have no module or no tensor, or adds a module
            where there is one.
    """
    names = new_names(old, alignment, changes)
    tensors = new_tensors(changes)
    drafts = {names[key]: _Draft(old.nodes[key]) for key in names}
    for draft in drafts.values():
        draft.tensors = {name: _retied(tensor, names, tensors) for name, tensor in draft.tensors.items()}
    for change in changes:
        if change.kind == "module-added":
            _add(drafts, change)
    for kind, apply in _STEPS:
        for change in changes:
            if change.kind == kind and change.new is not None:
                for path in change.new.paths():
                    apply(drafts[path], change)
    return {key: _freeze(draft) for key, draft in drafts.items()}


class _Draft:
    """A module while changes are applied to it."""

    def __init__(self, node: Node) -> None:
        self.class_name = node.class_name
        self.attributes = dict(node.attributes)
        self.tensors = {tensor.name: tensor for tensor in node.tensors}


def _add(drafts: dict[str, _Draft], change: Change) -> None:
    for key, node in _parts(change):
        if key in drafts:
            raise KeyError(key)
        drafts[key] = _Draft(node)


def _freeze(draft: _Draft) -> Module:
    stated = {key: value for key, value in sorted(draft.attributes.items()) if value is not None}
    plain = {name: dataclasses.replace(draft.tensors[name], axes=()) for name in sorted(draft.tensors)}
    return Module(draft.class_name, MappingProxyType(stated), MappingProxyType(plain))


def _parts(change: Change) -> Iterator[tuple[str, Node]]:
    """Id and node of every module that an addition or removal consists of, in every layer."""
    root = change.content[0].id
    for path in change.where.paths():
        for node in change.content:
            if node.kind == "module":
                yield f"{path}{node.id.removeprefix(root)}", _moved(node, root, path)


def _moved(node: Node, root: str, path: str) -> Node:
    """The node as a part of another layer's module: a tensor tied inside it is tied there too."""
    inside = f"{root}."
    tensors = tuple(
        dataclasses.replace(tensor, tied_to=f"{path}.{tensor.tied_to.removeprefix(inside)}")
        if tensor.tied_to and tensor.tied_to.startswith(inside)
        else tensor
        for tensor in node.tensors
    )
    return dataclasses.replace(node, tensors=tensors)


def _explicit(old: ModelGraph, alignment: Iterable[StackAlignment], changes: Iterable[Change]) -> dict[str, str]:
    """New ids of the modules that do not simply keep their name inside a matched parent."""
    names = {"": ""}
    for stack in alignment:
        if stack.old is not None and stack.new is not None:
            names[stack.old] = stack.new
            names |= {old.stacks[stack.old][i]: f"{stack.new}.{j}" for i, j in stack.matched}
    for change in changes:
        if change.kind == "module-renamed" and change.old is not None and change.new is not None:
            names |= zip(change.old.paths(), change.new.paths(), strict=True)
    return names


def new_names(old: ModelGraph, alignment: Iterable[StackAlignment], changes: Sequence[Change]) -> dict[str, str]:
    """Id in NEW of every module of OLD that is still there."""
    gone = {key for change in changes if change.kind == "module-removed" for key, _ in _parts(change)}
    explicit = _explicit(old, alignment, changes)
    names: dict[str, str] = {}
    for key in old.subtree(""):
        if old.nodes[key].kind == "module" and key not in gone:
            names[key] = explicit[key] if key in explicit else _inside(names, key)
    return names


def _inside(names: Mapping[str, str], key: str) -> str:
    parent, _, name = key.rpartition(".")
    return f"{names[parent]}.{name}" if names[parent] else name


def new_tensors(changes: Iterable[Change]) -> dict[tuple[str, str], str]:
    """Name in NEW of the tensors that have another one in their module, by module and name in OLD."""
    return {
        (path, change.subject): str(change.after)
        for change in changes
        if change.kind == "tensor-renamed" and change.old is not None
        for path in change.old.paths()
    }


def _retied(tensor: Tensor, names: Mapping[str, str], tensors: Mapping[tuple[str, str], str]) -> Tensor:
    return dataclasses.replace(tensor, tied_to=new_owner(tensor, names, tensors))


def new_owner(tensor: Tensor, names: Mapping[str, str], tensors: Mapping[tuple[str, str], str]) -> str | None:
    """The name in NEW of the tensor whose storage this one shares; None if it has its own or the other is gone.

    Args:
        tensor: of OLD.
        names: as `new_names` gives them.
        tensors: as `new_tensors` gives them.
    """
    module, _, name = (tensor.tied_to or "").rpartition(".")
    name = tensors.get((module, name), name)
    return f"{names[module]}.{name}" if tensor.tied_to and module in names else None


def _class(draft: _Draft, change: Change) -> None:
    draft.class_name = str(change.after)


def _attribute(draft: _Draft, change: Change) -> None:
    draft.attributes[change.subject] = change.after


def _removed(draft: _Draft, change: Change) -> None:
    del draft.tensors[change.subject]


def _called(draft: _Draft, change: Change) -> None:
    tensor = draft.tensors.pop(change.subject)
    draft.tensors[str(change.after)] = dataclasses.replace(tensor, name=str(change.after))


def _added(draft: _Draft, change: Change) -> None:
    assert change.tensor is not None, "an added tensor is known"
    draft.tensors[change.subject] = change.tensor


def _replaced(draft: _Draft, change: Change, **values: object) -> None:
    tensor = draft.tensors[change.subject]
    draft.tensors[change.subject] = dataclasses.replace(tensor, **values)  # type: ignore[arg-type]  # by field name


def _reordered(draft: _Draft, change: Change) -> None:
    """The axes in another order, before any of them changes its size."""
    if change.axes != ("order",):
        return
    assert isinstance(change.before, tuple)
    assert isinstance(change.after, tuple)
    shape = draft.tensors[change.subject].shape
    _replaced(draft, change, shape=tuple(shape[change.before.index(axis)] for axis in change.after))


def _reshaped(draft: _Draft, change: Change) -> None:
    if change.axis is not None:
        assert isinstance(change.after, int)
        shape = list(draft.tensors[change.subject].shape)
        shape[change.axis] = change.after
        _replaced(draft, change, shape=tuple(shape))
    elif change.axes != ("order",):
        _replaced(draft, change, shape=change.after)


def _retyped(draft: _Draft, change: Change) -> None:
    """Another type, or trained in one model and a buffer in the other."""
    kind = change.after in ("parameter", "buffer")
    _replaced(draft, change, **{"kind" if kind else "dtype": change.after})


def _recomputed(draft: _Draft, change: Change) -> None:
    _replaced(draft, change, digest=change.after)


def _tied(draft: _Draft, change: Change) -> None:
    _replaced(draft, change, tied_to=change.after)


_STEPS: tuple[tuple[ChangeKind, Callable[[_Draft, Change], None]], ...] = (
    ("class-changed", _class),
    ("attribute-changed", _attribute),
    ("tensor-removed", _removed),
    ("tensor-renamed", _called),
    ("tensor-reshaped", _reordered),
    ("tensor-reshaped", _reshaped),
    ("tensor-retyped", _retyped),
    ("tensor-recomputed", _recomputed),
    ("tensor-retied", _tied),
    ("tensor-added", _added),
)
"""In this order: a tensor that went and came again under one name is another tensor."""
