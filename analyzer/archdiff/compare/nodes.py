"""What differs between two modules that correspond, and what an added or removed module amounts to."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING

from archdiff.compare.inert import inert_attribute, unseen_attribute
from archdiff.compare.names import OWN_NAMES, same_tensors
from archdiff.compare.operators import arrangement, masks, programs, tensorless, tokens

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from archdiff.compare.changes import ChangeKind, Impact
    from archdiff.compare.match import Match
    from archdiff.compare.names import Names
    from archdiff.graph.schema import Confidence, ModelGraph, Node, Tensor, Value

    Opened = tuple[Container[str], Container[str]]

__all__ = ["Found", "alone", "between"]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A change at one pair of modules, before it is folded over layers; the fields are those of `Change`.

    Args:
        old: id of the module in OLD; None for what is new.
        new: id of the module in NEW; None for what is gone.
        content: the nodes of an added or removed module.
        identity: fingerprint of an added or removed module, so that unlike ones are not folded.
    """

    kind: ChangeKind
    old: str | None
    new: str | None
    role: str
    subject: str
    before: Value
    after: Value
    impact: Impact
    axes: tuple[str, ...] = ()
    parameters: int = 0
    confidence: Confidence = "high"
    inert: str = ""
    content: tuple[Node, ...] = dataclasses.field(default=(), compare=False)
    tensor: Tensor | None = None
    axis: int | None = None
    identity: str = ""


def alone(graph: ModelGraph, module: str, *, added: bool, opened: bool = False) -> Found:
    """The change that a module without partner amounts to, with everything below it.

    Args:
        graph: the one that holds it.
        module: its id.
        added: whether it is NEW's.
        opened: whether parts of it have partners, so that it counts without them.
    """
    node = graph.nodes[module]
    keys = (module,) if opened else graph.subtree(module)
    tensors = [t for key in keys for t in graph.nodes[key].tensors]
    empty = all(map(_is_mask, tensors)) if opened else not tensors
    count = sum(graph.own_parameters(key) for key in keys)
    return Found(
        kind="module-added" if added else "module-removed",
        old=None if added else module,
        new=module if added else None,
        role=node.role,
        subject="",
        before=None if added else node.class_name,
        after=node.class_name if added else None,
        impact="breaking" if any(t.persistent for t in tensors) else "cosmetic" if empty else "behavioral",
        parameters=count if added else -count,
        inert="holds no tensors: what it computes is compared with the module around it" if empty else "",
        content=tuple(graph.nodes[key] for key in keys),
        identity=node.identity,
    )


def between(
    old: ModelGraph, new: ModelGraph, pair: Match, names: Names = OWN_NAMES, opened: Opened = ((), ())
) -> Iterator[Found]:
    """Everything that differs between two matched modules themselves; their parts are compared on their own.

    Args:
        old: a graph.
        new: the other.
        pair: ids of the two.
        names: what the parts and tensors of NEW are called in OLD.
        opened: modules of OLD and of NEW without partner whose parts have partners: what they run counts here.
    """
    a, b = old.nodes[pair.old], new.nodes[pair.new]
    moved = pair.method == "moved" or a.name != b.name
    if a.identity == b.identity and not moved:
        return
    base = Found("class-changed", a.id, b.id, a.role or b.role, "", None, None, "cosmetic", confidence=pair.confidence)
    if moved:
        yield _renamed(old, new, base)
    if a.class_name != b.class_name:
        inert = "another class for the same part: its tensors, settings and operators are compared one by one"
        yield dataclasses.replace(base, before=a.class_name, after=b.class_name, inert=inert)
    yield from _attributes(base, a, b)
    stated = all(graph.nodes[""].facts.get("dtype") is not None for graph in (old, new))
    yield from _tensors(base, a, b, same_tensors(old, new, a, b), stated=stated)
    yield from _function(old, new, base, a, b, names, opened)


def _renamed(old: ModelGraph, new: ModelGraph, base: Found) -> Found:
    """A module under another name or in another module; `before` and `after` are its own names."""
    assert base.old is not None
    assert base.new is not None
    stored = _stores(old, base.old) and _stores(new, base.new)
    inert = "" if stored else "one of the two stores nothing, so no stored name changes"
    return dataclasses.replace(
        base,
        kind="module-renamed",
        before=old.nodes[base.old].name,
        after=new.nodes[base.new].name,
        impact="breaking" if stored else "cosmetic",
        inert=inert,
    )


def _stores(graph: ModelGraph, module: str) -> bool:
    return any(t.persistent for key in graph.subtree(module) for t in graph.nodes[key].tensors)


_INDICES = ("int", "uint", "bool")


def _is_mask(tensor: Tensor) -> bool:
    """Whether it is a table of truth values or indices that the class computes, or a constant that goes with one."""
    return tensor.kind == "buffer" and not tensor.persistent and (tensor.dtype.startswith(_INDICES) or not tensor.shape)


def _attributes(base: Found, a: Node, b: Node) -> Iterator[Found]:
    """Settings; where both were traced, their effect shows in the operators, so that alone they are cosmetic."""
    traced = a.function is not None and b.function is not None
    for key in sorted(a.attributes.keys() | b.attributes.keys()):
        before, after = a.attributes.get(key), b.attributes.get(key)
        if before == after and type(before) is type(after):
            continue
        shared = key in a.attributes and key in b.attributes
        inert = inert_attribute(key)
        if a.class_name != b.class_name and (traced or not shared):
            what = "means what its class makes of it" if shared else "is one that one of the two classes alone has"
            inert = inert or f"a setting that {what}: its effect shows in tensors and operators"
        if unseen_attribute(key):
            inert = "" if shared and a.class_name == b.class_name else "where classes differ, a setting says little"
        seen = traced and not (unseen_attribute(key) and not inert)
        impact: Impact = "cosmetic" if seen or inert else "behavioral"
        yield dataclasses.replace(
            base,
            kind="attribute-changed",
            subject=key,
            before=before,
            after=after,
            impact=impact,
            inert=inert,
        )


def _tensors(base: Found, a: Node, b: Node, renamed: Mapping[str, str], *, stated: bool) -> Iterator[Found]:
    first = {t.name: t for t in a.tensors if t.name not in renamed}
    second = {t.name: t for t in b.tensors if t.name not in renamed.values()}
    same = {name for name in first.keys() & second.keys() if first[name].persistent == second[name].persistent}
    for name in sorted(first.keys() - same):
        yield _lone(base, first[name], added=False, other=a.class_name != b.class_name)
    for name in sorted(second.keys() - same):
        yield _lone(base, second[name], added=True, other=a.class_name != b.class_name)
    for name in sorted(same):
        yield from _tensor(base, first[name], second[name], stated=stated)
    for before, after in sorted(renamed.items()):
        one, other = (next(t for t in n.tensors if t.name == name) for n, name in ((a, before), (b, after)))
        yield _called(base, other, before)
        yield from _tensor(base, dataclasses.replace(one, name=after), other, stated=stated)


def _called(base: Found, tensor: Tensor, before: str) -> Found:
    """A tensor under another name."""
    stored = tensor.persistent
    return dataclasses.replace(
        base,
        kind="tensor-renamed",
        subject=before,
        before=before,
        after=tensor.name,
        axes=tensor.axes,
        impact="breaking" if stored else "cosmetic",
        inert="" if stored else "not stored, so no stored name changes",
    )


def _lone(base: Found, tensor: Tensor, *, added: bool, other: bool) -> Found:
    count = tensor.count if tensor.kind == "parameter" and tensor.tied_to is None else 0
    idle = other and _is_mask(tensor) and bool(tensor.shape)
    behind = "a table of masks or positions that a class keeps; causality, windows and positions are compared as facts"
    return dataclasses.replace(
        base,
        kind="tensor-added" if added else "tensor-removed",
        subject=tensor.name,
        before=None if added else tensor.shape,
        after=tensor.shape if added else None,
        axes=tensor.axes,
        impact="breaking" if tensor.persistent else "cosmetic" if idle else "behavioral",
        inert=behind if idle else "",
        parameters=count if added else -count,
        tensor=tensor,
    )


def _tensor(base: Found, a: Tensor, b: Tensor, *, stated: bool) -> Iterator[Found]:
    base = dataclasses.replace(base, subject=a.name)
    if a.shape != b.shape:
        yield from _reshaped(base, a, b)
    if a.dtype != b.dtype:
        inert = "" if stated else "one of the two configs states no type"
        yield dataclasses.replace(base, kind="tensor-retyped", before=a.dtype, after=b.dtype, inert=inert)
    if a.kind != b.kind:
        inert = "stored and read alike; whether it is trained does not change what is computed"
        trained = b.count if b.kind == "parameter" else -a.count
        yield dataclasses.replace(
            base, kind="tensor-retyped", before=a.kind, after=b.kind, inert=inert, parameters=trained
        )
    if a.digest != b.digest:
        yield dataclasses.replace(
            base, kind="tensor-recomputed", before=a.digest, after=b.digest, axes=b.axes, impact="behavioral"
        )
    if (a.tied_to is None) != (b.tied_to is None):
        untied: Impact = "breaking" if b.tied_to is None else "behavioral"
        own = b.count if b.tied_to is None else -a.count
        yield dataclasses.replace(
            base, kind="tensor-retied", before=a.tied_to, after=b.tied_to, impact=untied, parameters=own
        )


def _reshaped(base: Found, a: Tensor, b: Tensor) -> Iterator[Found]:
    """One change for each axis whose size differs, with its share of the parameters gained or lost."""
    impact: Impact = "breaking" if a.persistent and b.persistent else "behavioral"
    base = dataclasses.replace(base, kind="tensor-reshaped", impact=impact)
    trained = a.kind == b.kind == "parameter" and b.tied_to is None and a.tied_to is None
    if sorted(a.axes) != sorted(b.axes) or len(set(a.axes)) != len(a.axes):
        resized = [(k, x, m, n) for k, (x, m, n) in enumerate(zip(b.axes, a.shape, b.shape, strict=False)) if m != n]
        if len(a.shape) != len(b.shape) or len(a.axes) != len(a.shape):
            yield dataclasses.replace(
                base,
                before=a.shape,
                after=b.shape,
                axes=b.axes,
                parameters=b.count - a.count if trained else 0,
            )
            return
    else:
        before = dict(zip(a.axes, a.shape, strict=True))
        found = enumerate(zip(b.axes, b.shape, strict=True))
        resized = sorted(((k, x, before[x], n) for k, (x, n) in found if before[x] != n), key=lambda row: row[1])
        if a.axes != b.axes:
            yield dataclasses.replace(base, before=a.axes, after=b.axes, axes=("order",))
    shares = _shares(a.count, b.count, [(m, n) for _, _, m, n in resized]) if trained else [0] * len(resized)
    for (position, axis, m, n), share in zip(resized, shares, strict=True):
        table = (axis == "positions" and not a.persistent and not b.persistent) or (_is_mask(a) and _is_mask(b))
        inert = "a computed table with other positions at its end" if table else ""
        yield dataclasses.replace(
            base, before=m, after=n, axes=(axis,), axis=position, parameters=share, inert=inert,
            impact="cosmetic" if table else impact,
        )  # fmt: skip


def _shares(before: int, after: int, sizes: Sequence[tuple[int, int]]) -> list[int]:
    """Split a change of a product over its factors: the logarithmic mean Divisia decomposition (Ang, 2005).

    Args:
        before: the product in OLD.
        after: the product in NEW.
        sizes: the factors that differ, in OLD and in NEW.

    Returns:
        One share for each factor; they sum to `after - before`, and change sign when the two are swapped.
    """
    if not sizes:
        return []
    shares = [0] * len(sizes)
    if before and after:  # differences of logarithms, which are exactly antisymmetric; those of quotients are not
        mean = before if before == after else (after - before) / (math.log(after) - math.log(before))
        shares = [round(mean * (math.log(n) - math.log(m))) for m, n in sizes]
    shares[-1] += (after - before) - sum(shares)
    return shares


def _function(
    old: ModelGraph, new: ModelGraph, base: Found, a: Node, b: Node, names: Names, opened: Opened
) -> Iterator[Found]:
    """Computing operators that one runs and the other does not; where none, how they are wired."""
    if a.function is None or b.function is None or tensorless(old, a.id) or tensorless(new, b.id):
        return
    change = dataclasses.replace(base, kind="operators-changed", impact="behavioral")
    ran = tuple(programs(old, a, opened[0])), tuple(programs(new, b, opened[1]))
    first, second = (tokens(itertools.chain.from_iterable(side)) for side in ran)
    if first != second:
        idle = () if a.class_name == b.class_name else tuple(sum(map(masks, side), Counter()) for side in ran)
        yield from _operators(change, first, second, idle)
    elif not a.id and _cut(a, b):
        yield dataclasses.replace(change, subject="shapes", before=_shapes(old, a), after=_shapes(new, b))
    elif not (_opens(old, a, opened[0]) or _opens(new, b, opened[1])) and _rewired(old, new, a, b, names):
        written = a.class_name != b.class_name and a.role != "layer"
        inert = "the same operators, arranged by another class" if written else ""
        yield dataclasses.replace(
            change, subject="wiring", before=_wires(old, a), after=_wires(new, b, names), inert=inert,
            impact="cosmetic" if inert else "behavioral",
        )  # fmt: skip


_ARITHMETIC = frozenset({"add", "mul"})
_ROTATION = frozenset({"cos", "sin", "polar", "view_as_complex", "view_as_real"})


def _as_written(first: Counter[str], second: Counter[str], changed: set[str]) -> str:
    """Why operators that two classes run unequally often compute the same; empty if they may not."""
    if changed <= _ARITHMETIC and all(first[token] > 0 and second[token] > 0 for token in changed):
        return "plain arithmetic, written in more or fewer steps by another class"
    return "a rotation, written with complex numbers or with sines" if changed <= _ROTATION else ""


def _operators(
    change: Found, first: Counter[str], second: Counter[str], idle: tuple[Counter[str], ...]
) -> Iterator[Found]:
    """One change for each operator, under its name, with the calls that came or went.

    Args:
        change: what the changes have in common.
        first: calls of OLD's module.
        second: calls of NEW's.
        idle: those that compute masks and indices alone, of either side; none where the two are of one class.
    """
    removed, added = first - second, second - first
    for name in sorted({token.partition("(")[0] for token in (*removed, *added)}):
        before, after = (
            Counter({token: number for token, number in side.items() if token.partition("(")[0] == name})
            for side in (removed, added)
        )
        inert = _as_written(first, second, {*before, *after}) if idle else ""
        if idle and before <= idle[0] and after <= idle[1]:
            inert = inert or "computes a mask or positions; causality, windows and positions are compared as facts"
        yield dataclasses.replace(
            change,
            subject=name,
            before=tuple(sorted(before.elements())),
            after=tuple(sorted(after.elements())),
            inert=inert,
            impact="cosmetic" if inert else change.impact,
        )


def _opens(graph: ModelGraph, node: Node, opened: Container[str]) -> bool:
    """Whether some of what the module runs, a part of it runs, so that its own operators alone tell no wiring."""
    return any(key in opened for key in graph.children[node.id])


def _rewired(old: ModelGraph, new: ModelGraph, a: Node, b: Node, names: Names) -> bool:
    """Whether the same operators read other things, for another reason than a tensor that came or went."""
    called = same_tensors(old, new, a, b)
    equal = {called.get(t.name, t.name) for t in a.tensors} == {t.name for t in b.tensors}
    return equal and a.program != b.program and arrangement(old, a) != arrangement(new, b, names)


def _cut(a: Node, b: Node) -> bool:
    """Whether the same class with the same tensors takes other parts of them, as an output without padded rows does."""
    return a.class_name == b.class_name and a.structure == b.structure and a.program != b.program


def _shapes(graph: ModelGraph, node: Node) -> tuple[str, ...]:
    """What the model's own operators return."""
    program = graph.programs.get(node.program or "", ())
    return tuple(f"{operator.name} {list(shape)}" for operator in program for shape in operator.shapes)


def _wires(graph: ModelGraph, node: Node, names: Names = OWN_NAMES) -> tuple[str, ...]:
    return tuple(f"{name}({', '.join(inputs)})" for name, inputs in arrangement(graph, node, names))
