"""Changes in words, and several of them as one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from archdiff.rule import Finding, Place, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archdiff.rule import Change, Comparison, Value

__all__ = ["as_one", "computing", "grouped", "lowest", "recorded", "together", "union"]

_LONGEST = 120
_MOST = 3

_WORDS = {
    "module-added": "{role} added",
    "module-removed": "{role} removed",
    "module-renamed": "{role} renamed",
    "class-changed": "class of {role}",
    "attribute-changed": "setting `{subject}` of {role}",
    "tensor-added": "tensor `{subject}` of {role} added",
    "tensor-removed": "tensor `{subject}` of {role} removed",
    "tensor-renamed": "tensor `{subject}` of {role} renamed",
    "tensor-reshaped": "tensor `{subject}` of {role}, {axes}",
    "tensor-retyped": "type of tensor `{subject}` of {role}",
    "tensor-recomputed": "values that {role} computes for `{subject}`",
    "tensor-retied": "storage that tensor `{subject}` of {role} shares",
    "operators-changed": "operator `{subject}` of {role}",
    "flow-added": "path to {role} added",
    "flow-removed": "path to {role} removed",
    "config-changed": "config value `{subject}`",
    "model-changed": "`{subject}` of the model",
}


def computing(finding: Finding) -> Finding:
    """The finding, at least behavioral: masks and positions change values, not the operators recorded."""
    breaks = any(change.impact == "breaking" for change in finding.explains)
    return finding if breaks else dataclasses.replace(finding, impact="behavioral")


def recorded(comparison: Comparison, finding: Finding) -> Finding:
    """The finding, cosmetic if the same operators on the same shapes were recorded in both places, else behavioral.

    For what shows in shapes, as heads do; a window or a position does not.
    """
    if finding.old is None or finding.new is None:
        return computing(finding)
    old = {comparison.old.nodes[path].function for path in finding.old.paths()}
    new = {comparison.new.nodes[path].function for path in finding.new.paths()}
    if old != new or None in old or any(change.impact != "cosmetic" for change in finding.explains):
        return computing(finding)
    return dataclasses.replace(finding, impact="cosmetic")


def grouped(changes: Iterable[Change]) -> Iterator[tuple[Change, ...]]:
    """Changes of one kind to one subject of one role, together; in the order of the first of each."""
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.kind, change.role, change.subject, change.axes), []).append(change)
    yield from map(tuple, groups.values())


def as_one(changes: tuple[Change, ...]) -> Finding:
    """A finding that says what a group of changes consists of."""
    first = changes[0]
    return Finding(
        message=_sentence(changes),
        old=together(change.old for change in changes),
        new=together(change.new for change in changes),
        facts={f"{first.kind}: {first.role or 'module'} {first.subject}".rstrip(): _values(changes)},
        explains=changes,
        parameters=sum(change.parameters for change in changes),
        confidence=lowest(changes),
    )


def union(*groups: Iterable[Change]) -> tuple[Change, ...]:
    """The changes of all groups, each once."""
    return tuple({change.id: change for group in groups for change in group}.values())


def together(places: Iterable[Place | None]) -> Place | None:
    """The smallest place that holds all: the same path with all layers, else what paths have in common."""
    given = [place for place in places if place is not None]
    if not given:
        return None
    parts = [place.path.split(".") for place in given]
    shared = 0
    while all(len(path) > shared and path[shared] == parts[0][shared] for path in parts):
        shared += 1
    path = ".".join(parts[0][:shared])
    layers = sorted({number for place in given for number in place.layers}) if "*" in path else []
    return Place(path, tuple(layers))


def lowest(changes: Iterable[Change]) -> Literal["high", "medium", "low"]:
    """The lowest confidence of some changes; high when there are none."""
    found = {change.confidence for change in changes}
    return "low" if "low" in found else "medium" if "medium" in found else "high"


def _values(changes: Iterable[Change]) -> tuple[Value, Value]:
    """The distinct values before and after; one of each stands for itself."""
    pairs = sorted({(change.before, change.after) for change in changes}, key=repr)
    if len(pairs) == 1:
        return pairs[0]
    return tuple(before for before, _ in pairs), tuple(after for _, after in pairs)


def _sentence(changes: Sequence[Change]) -> str:
    """`setting `x` of attention: 1 → 2`, at most three pairs of values."""
    first = changes[0]
    form = "{subject} of {role}" if first.subject == "wiring" else _WORDS[first.kind]
    words = form.format(role=first.role or "a module", subject=first.subject, axes=show(first.axes))
    pairs = sorted({_pair(change) for change in changes})
    more = f" and {len(pairs) - _MOST} more" if len(pairs) > _MOST else ""
    return f"{words}: {', '.join(pairs[:_MOST])}{more}"


def _pair(change: Change) -> str:
    """Both values; what came and went alone has one."""
    if change.kind.endswith("-added") or change.kind.endswith("-removed"):
        return _text(change.after if change.before is None else change.before)
    before, after = change.before, change.after
    if change.subject == "wiring" and isinstance(before, tuple) and isinstance(after, tuple):
        start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        before, after = before[start:], after[start:]
    return f"{_text(before)} → {_text(after)}"


def _text(value: Value) -> str:
    shape = isinstance(value, tuple) and bool(value) and all(type(item) is int for item in value)
    text = " × ".join(map(show, value)) if isinstance(value, tuple) and shape else show(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
