"""The vocabulary of differences: places, typed changes and their impact."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.graph.schema import Node, Tensor, Value

__all__ = ["IMPACTS", "Change", "ChangeKind", "Impact", "Place", "highest", "ranges"]

Impact = Literal["breaking", "behavioral", "cosmetic"]

IMPACTS: tuple[Impact, ...] = ("breaking", "behavioral", "cosmetic")
"""What a change does to someone who has weights for OLD, the worst first."""

ChangeKind = Literal[
    "module-added", "module-removed", "module-renamed", "class-changed", "attribute-changed",
    "tensor-added", "tensor-removed", "tensor-renamed", "tensor-reshaped", "tensor-retyped", "tensor-recomputed",
    "tensor-retied", "operators-changed", "flow-added", "flow-removed", "config-changed", "model-changed",
]  # fmt: skip


def highest(impacts: Iterable[Impact]) -> Impact:
    """The worst of some impacts; cosmetic when there are none."""
    found = set(impacts)
    return next((impact for impact in IMPACTS if impact in found), "cosmetic")


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """First and last of each run of consecutive numbers: 1, 2, 3, 7 gives ((1, 3), (7, 7))."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in one model, layers of a stack folded into one place.

    Args:
        path: qualified module name, with `*` for the layer number where it stands in a layer; empty for the model.
        layers: numbers of the layers, ascending; empty outside a stack.
    """

    path: str
    layers: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """As a reader wants it: `model.layers.1–45.mlp.experts`, or `model` for the whole."""
        if not self.layers:
            return self.path or "model"
        return self.path.replace("*", _span(self.layers), 1)

    def paths(self) -> tuple[str, ...]:
        """The qualified module name of every layer's place."""
        if not self.layers:
            return (self.path,)
        return tuple(self.path.replace("*", str(number), 1) for number in self.layers)


def _span(numbers: tuple[int, ...]) -> str:
    step = numbers[1] - numbers[0] if len(numbers) > 2 else 1
    if step > 1 and numbers == tuple(range(numbers[0], numbers[-1] + 1, step)):
        return f"{numbers[0]},{numbers[1]},…,{numbers[-1]}"
    return ",".join(f"{a}" if a == b else f"{a}–{b}" for a, b in ranges(numbers))


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One difference between two graphs, folded over the layers that share it.

    Args:
        kind: what happened.
        old: where it stands in OLD; None for what is new.
        new: where it stands in NEW; None for what is gone.
        role: role of the module it happened to.
        subject: tensor, setting, config key or model field; empty for whole modules.
        before: value in OLD (a shape, a setting, operator tokens); None where there was none.
        after: value in NEW.
        axes: for a reshaped tensor, the names of the axes that changed.
        parameters: trained elements added minus removed, over all layers.
        impact: on someone who has weights for OLD.
        confidence: of the match behind it.
        id: fingerprint; the same for the same change in any two runs.
        inert: why it has no effect of its own, for changes that need no explanation by a rule: a setting that
            concerns training only, or another class whose recorded function is compared elsewhere; else empty.
        content: the nodes of an added or removed module and its parts, as in the first layer of the place; of one
            whose parts have partners elsewhere, the module alone.
        tensor: the one that was added or removed.
        axis: which axis of NEW's tensor has another size.
    """

    kind: ChangeKind
    old: Place | None
    new: Place | None
    role: str
    subject: str
    before: Value
    after: Value
    impact: Impact
    axes: tuple[str, ...] = ()
    parameters: int = 0
    confidence: Literal["high", "medium", "low"] = "high"
    id: str = ""
    inert: str = ""
    content: tuple[Node, ...] = dataclasses.field(default=(), repr=False, compare=False)
    tensor: Tensor | None = dataclasses.field(default=None, repr=False)
    axis: int | None = None

    @property
    def where(self) -> Place:
        """The place in NEW, or in OLD for what is gone."""
        place = self.new or self.old
        assert place is not None, "a change stands somewhere"
        return place
