"""What was measured and what it comes to: frozen values that the report copies and rules read."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXACT", "ROBUST", "Control", "Elements", "Evidence", "Family", "Judgement", "LayerMap", "Test", "Verdict"]

Verdict = Literal["identical", "derived", "transformed", "independent", "inconclusive"]

Family = Literal[
    "hidden-units", "routed-experts", "value-channels", "residual",
    "probed", "match", "channel-match", "alignment", "polar", "layer-map", "upcycling", "merge", "rank", "norms",
]  # fmt: skip

EXACT: tuple[Family, ...] = ("hidden-units", "routed-experts", "value-channels")
"""F1 to F3 of Zhu et al. (2025): p-values that are exact for any OLD, combined by Fisher's method."""

ROBUST: tuple[Family, ...] = (
    "probed",
    "match",
    "channel-match",
    "alignment",
    "polar",
    "layer-map",
    "upcycling",
)
"""Tests that survive permutation, rotation and scaling; calibrated on controls."""


@dataclasses.dataclass(frozen=True, slots=True)
class Control:
    """A test of the test: something whose answer is known beforehand.

    Args:
        name: what was tested (`shuffled copy`, `cross-layer pair`, `trend of row norm in OLD`).
        value: the statistic or log10 p that came out.
        limit: what it had to stay within.
        passed: whether it did.
    """

    name: str
    value: float
    limit: float
    passed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Test:
    """One test of one place, or of several combined.

    Args:
        family: which test.
        component: what is judged with it.
        old: where in OLD, in words (`layers.3 expert 17 gate`).
        new: where in NEW.
        layer: number of NEW's layer; None where it stands in none.
        count: matched rows, channels or coordinates.
        log10_p: decimal logarithm of the p-value; None where the test tells none or abstained.
        statistic: its value (rank correlation, calibrated z, relative residual, …); None where it abstained.
        power: the least row cosine at which it would reach p = 1e-12; None where it has none.
        figures: whatever else a reader wants, by name.
        controls: tests of this test.
        abstained: why it gave no p-value; empty where it did.
        size: bytes that were read for it.
    """

    family: Family
    component: str
    old: str
    new: str
    layer: int | None = None
    count: int = 0
    log10_p: float | None = None
    statistic: float | None = None
    power: float | None = None
    figures: Mapping[str, float] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    controls: tuple[Control, ...] = ()
    abstained: str = ""
    size: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Elements:
    """The element-wise comparison of a pair of tensors of equal shape; sums are accumulated in float64.

    Args:
        component: what it belongs to.
        role: of the unit.
        old: where in OLD, in words.
        new: where in NEW.
        layer: number of NEW's layer; None outside.
        count: elements compared, those with NaN or infinity on either side left out of every figure below.
        equal: how many are bit-equal in the wider type (`-0.0` equals `0.0`).
        nan: elements that are NaN in OLD and in NEW.
        infinite: elements that are infinite in OLD and in NEW.
        largest: largest absolute difference.
        mean_difference: mean absolute difference.
        difference: L2 norm of NEW − OLD.
        norms: L2 norms of OLD and of NEW.
        means: means of OLD and of NEW.
        deviations: standard deviations (population) of OLD and of NEW.
        pearson: correlation; NaN where one side is constant.
        cosine: raw; NaN where one side is zero.
        expected_cosine: the cosine that means and deviations alone give for unrelated vectors (statistics.md, 1).
        histogram: counts of |NEW − OLD| / |OLD| by decade: zero, below 1e-8, 1e-8 … 1e-7, …, 1 … 10, above.
        method: how a packed side was unpacked (`fp8: one scale per block of 128 × 128`); empty where none was.
        digest: equal digests made reading unnecessary; empty where the elements were read.
        size: bytes that were read.
    """

    component: str
    role: str
    old: str
    new: str
    layer: int | None
    count: int
    equal: int
    nan: tuple[int, int] = (0, 0)
    infinite: tuple[int, int] = (0, 0)
    largest: float = 0.0
    mean_difference: float = 0.0
    difference: float = 0.0
    norms: tuple[float, float] = (0.0, 0.0)
    means: tuple[float, float] = (0.0, 0.0)
    deviations: tuple[float, float] = (0.0, 0.0)
    pearson: float = float("nan")
    cosine: float = float("nan")
    expected_cosine: float = float("nan")
    histogram: tuple[int, ...] = ()
    method: str = ""
    digest: str = ""
    size: int = 0

    @property
    def relative(self) -> float:
        """‖NEW − OLD‖ / ‖OLD‖; NaN where OLD is zero."""
        return self.difference / self.norms[0] if self.norms[0] else float("nan")


@dataclasses.dataclass(frozen=True, slots=True)
class LayerMap:
    """Which layer of OLD each layer of NEW resembles.

    Args:
        component: what it belongs to.
        stacks: ids of the stacks in OLD and NEW.
        scores: −log10 p of each pair of layers, NEW's layers as rows; NaN where a pair was not tested.
        map: for each layer of NEW the layer of OLD that it was matched with, None without one.
        log10_p: of the whole map, corrected for the number of pairs.
    """

    component: str
    stacks: tuple[str, str]
    scores: tuple[tuple[float, ...], ...]
    map: tuple[int | None, ...]
    log10_p: float


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one component.

    Args:
        component: what is judged.
        verdict: see `archdiff.weights.verdict`.
        labels: what kind of derivation or transformation; empty where none can be told.
        reasons: sentences, the most telling first.
        log10_p: of each exact family, combined.
        power: the least row cosine that the exact tests together would have detected; None without one.
        controls: of all its tests.
        frozen: roles and places whose elements are all equal, in words.
        limits: what cannot be told from a pair, as it applies here.
    """

    component: str
    verdict: Verdict
    labels: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    log10_p: Mapping[str, float] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    power: float | None = None
    controls: tuple[Control, ...] = ()
    frozen: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a weight check found out.

    Args:
        judgements: one for each component, in a fixed order.
        tests: every test, in the order of the plan.
        elements: every element-wise comparison.
        maps: layer maps, one for each pair of stacks that was mapped.
        read: bytes read of OLD and of NEW.
        total: bytes of the weights of OLD and of NEW.
        device: what computed it.
        not_checked: what was left out, and why.
    """

    judgements: tuple[Judgement, ...]
    tests: tuple[Test, ...] = ()
    elements: tuple[Elements, ...] = ()
    maps: tuple[LayerMap, ...] = ()
    read: tuple[int, int] = (0, 0)
    total: tuple[int, int] = (0, 0)
    device: str = "cpu"
    not_checked: tuple[str, ...] = ()
