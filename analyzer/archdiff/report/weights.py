"""Weight evidence in the report: what was measured, each number with control and power, and what it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from archdiff.report.values import clean, rounded
from archdiff.weights.evidence import Family, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.weights.evidence import Control, Elements, Evidence, Judgement, LayerMap, Test

__all__ = [
    "CANNOT_TELL",
    "ControlEntry",
    "ElementsEntry",
    "JudgementEntry",
    "LayerMapEntry",
    "TestEntry",
    "WeightsEntry",
    "weights_entry",
]

CANNOT_TELL = (
    "A pair of checkpoints cannot tell which came first, whether one is the parent of the other or both are siblings, "
    "nor whether one was distilled from the other."
)
"""What no weight test answers (statistics.md, 5)."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ControlEntry(_Model):
    """A test of a test: something whose answer is known beforehand."""

    name: str
    value: float | None = Field(description="the statistic or log10 p that came out")
    limit: float | None = Field(description="what it had to stay within")
    passed: bool


class TestEntry(_Model):
    """One test of one place, or of several combined."""

    family: Family
    component: str
    old: str = Field(description="where in OLD, in words")
    new: str = Field(description="where in NEW, in words")
    layer: int | None = Field(description="number of NEW's layer; None outside the layers")
    count: int = Field(description="matched rows, channels or coordinates")
    log10_p: float | None = Field(description="decimal logarithm of the p-value; None where the test tells none")
    statistic: float | None
    power: float | None = Field(description="least row cosine at which it would reach p = 1e-12")
    figures: dict[str, float | None]
    controls: tuple[ControlEntry, ...]
    abstained: str = Field(description="why it gave no p-value; empty where it did")
    bytes: int = Field(description="read for it")


class ElementsEntry(_Model):
    """A pair of tensors of equal shape, element by element."""

    component: str
    role: str
    old: str = Field(description="where in OLD, in words")
    new: str = Field(description="where in NEW, in words")
    layer: int | None
    count: int = Field(description="elements compared; those with NaN or infinity are left out")
    equal: int = Field(description="bit-equal in the wider type")
    nan: tuple[int, int] = Field(description="in OLD and in NEW")
    infinite: tuple[int, int] = Field(description="in OLD and in NEW")
    largest: float | None = Field(description="absolute difference")
    mean_difference: float | None = Field(description="mean absolute difference")
    difference: float | None = Field(description="L2 norm of NEW − OLD")
    relative: float | None = Field(description="the same over the L2 norm of OLD; None where that is zero")
    norms: tuple[float | None, float | None]
    means: tuple[float | None, float | None]
    deviations: tuple[float | None, float | None]
    pearson: float | None
    cosine: float | None = Field(description="raw; says nothing without `expected_cosine`")
    expected_cosine: float | None = Field(description="what means and deviations alone give for unrelated vectors")
    histogram: tuple[int, ...] = Field(
        description="counts of |NEW − OLD| / |OLD|: zero, below 1e-8, then by decade up to 10, and above"
    )
    method: str = Field(description="how a packed side was unpacked; empty where none was")
    digest: str = Field(description="equal digests made reading unnecessary; empty where the elements were read")
    bytes: int = Field(description="read for it")


class LayerMapEntry(_Model):
    """Which layer of OLD each layer of NEW resembles."""

    component: str
    stacks: tuple[str, str] = Field(description="ids of the stacks in OLD and NEW")
    scores: tuple[tuple[float | None, ...], ...] = Field(
        description="−log10 p of each pair of layers, NEW's as rows; None where a pair was not tested"
    )
    map: tuple[int | None, ...] = Field(description="for each layer of NEW the layer of OLD, None without one")
    log10_p: float | None = Field(description="of the whole map, corrected for the number of pairs")


class JudgementEntry(_Model):
    """The verdict on one component."""

    component: str
    verdict: Verdict
    labels: tuple[str, ...]
    reasons: tuple[str, ...] = Field(description="the most telling first")
    log10_p: dict[str, float | None] = Field(description="of each exact family, combined")
    power: float | None = Field(description="least row cosine that the exact tests together would have detected")
    controls: tuple[ControlEntry, ...]
    frozen: tuple[str, ...] = Field(description="what is equal in every element while the rest is not")
    limits: tuple[str, ...] = Field(description="what cannot be told from a pair, as it applies here")


class WeightsEntry(_Model):
    """Everything that a weight check found out; floats to six significant digits, NaN as null."""

    judgements: tuple[JudgementEntry, ...]
    tests: tuple[TestEntry, ...]
    elements: tuple[ElementsEntry, ...]
    maps: tuple[LayerMapEntry, ...]
    read: tuple[int, int] = Field(description="bytes read of OLD and of NEW")
    total: tuple[int, int] = Field(description="bytes of the weights of OLD and of NEW")
    device: str = Field(description="what computed it")
    not_checked: tuple[str, ...] = Field(description="what of the weights was left out, and why")
    cannot_tell: str = CANNOT_TELL


def weights_entry(evidence: Evidence) -> WeightsEntry:
    """What a weight check found out, as the report has it: every pair and every test, in their order."""
    return WeightsEntry(
        judgements=tuple(map(_judgement, evidence.judgements)),
        tests=tuple(map(_test, evidence.tests)),
        elements=tuple(map(_elements, evidence.elements)),
        maps=tuple(map(_layer_map, evidence.maps)),
        read=evidence.read,
        total=evidence.total,
        device=clean(evidence.device),
        not_checked=_texts(evidence.not_checked),
    )


def _judgement(found: Judgement) -> JudgementEntry:
    return JudgementEntry(
        component=clean(found.component),
        verdict=found.verdict,
        labels=_texts(found.labels),
        reasons=_texts(found.reasons),
        log10_p=_figures(found.log10_p),
        power=rounded(found.power),
        controls=tuple(map(_control, found.controls)),
        frozen=_texts(found.frozen),
        limits=_texts(found.limits),
    )


def _control(found: Control) -> ControlEntry:
    name, value, limit = clean(found.name), rounded(found.value), rounded(found.limit)
    return ControlEntry(name=name, value=value, limit=limit, passed=found.passed)


def _test(found: Test) -> TestEntry:
    return TestEntry(
        family=found.family,
        component=clean(found.component),
        old=clean(found.old),
        new=clean(found.new),
        layer=found.layer,
        count=found.count,
        log10_p=rounded(found.log10_p),
        statistic=rounded(found.statistic),
        power=rounded(found.power),
        figures=_figures(found.figures),
        controls=tuple(map(_control, found.controls)),
        abstained=clean(found.abstained),
        bytes=found.size,
    )


def _elements(found: Elements) -> ElementsEntry:
    return ElementsEntry(
        component=clean(found.component),
        role=clean(found.role),
        old=clean(found.old),
        new=clean(found.new),
        layer=found.layer,
        count=found.count,
        equal=found.equal,
        nan=found.nan,
        infinite=found.infinite,
        largest=rounded(found.largest),
        mean_difference=rounded(found.mean_difference),
        difference=rounded(found.difference),
        relative=rounded(found.relative),
        norms=_two(found.norms),
        means=_two(found.means),
        deviations=_two(found.deviations),
        pearson=rounded(found.pearson),
        cosine=rounded(found.cosine),
        expected_cosine=rounded(found.expected_cosine),
        histogram=found.histogram,
        method=clean(found.method),
        digest=clean(found.digest),
        bytes=found.size,
    )


def _layer_map(found: LayerMap) -> LayerMapEntry:
    old, new = _texts(found.stacks)
    return LayerMapEntry(
        component=clean(found.component),
        stacks=(old, new),
        scores=tuple(tuple(map(rounded, row)) for row in found.scores),
        map=found.map,
        log10_p=rounded(found.log10_p),
    )


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(clean, texts))


def _figures(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {clean(name): rounded(value) for name, value in figures.items()}


def _two(values: tuple[float, float]) -> tuple[float | None, float | None]:
    return rounded(values[0]), rounded(values[1])
