"""Run one step of a plan: read what it names, and test it."""

from __future__ import annotations

import dataclasses
import math
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from archdiff.weights import statistics
from archdiff.weights.evidence import LayerMap, Test
from archdiff.weights.keep import Result
from archdiff.weights.probing import aligned, channels_seen, first_seen, units_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from archdiff.weights.evidence import Family
    from archdiff.weights.plan import Step
    from archdiff.weights.sample import Reading
    from archdiff.weights.sides import Sides
    from archdiff.weights.statistics import Outcome
    from archdiff.weights.tensors import Tensors

__all__ = ["Context", "examine"]

Matrix: TypeAlias = "NDArray[np.float32]"

_CONTROLS = 6
"""Controls that a robust test is calibrated on at least."""

_CHEAP = 12288
"""Rows of all controls together that cost a few seconds."""

_COMMON = 0.3
"""Centred kernel alignment that projections of unrelated models stay below."""


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What every step needs.

    Args:
        old: the weights of OLD.
        new: the weights of NEW.
        sides: their units.
        seed: of all sampling.
    """

    old: Tensors
    new: Tensors
    sides: Sides
    seed: int = 0

    def read(self, step: Step) -> tuple[list[Matrix], list[Matrix]]:
        """All that a step names of OLD and of NEW."""
        return [reading.read(self.old) for reading in step.old], [reading.read(self.new) for reading in step.new]

    def size(self, step: Step) -> int:
        """Bytes that the step reads."""
        return step.size(self.old, self.new)


def examine(context: Context, step: Step) -> Result:
    """The result of one step that is no element-wise comparison.

    Raises:
        SourceError: a checkpoint cannot be read.
    """
    kind = step.kind
    if kind == "elements":
        raise ValueError("elements are compared by archdiff.weights.measure")
    if kind == "layer-map":
        return _layer_map(context, step)
    return Result(tests=(_test(context, step, kind, _TRIALS[kind](context, step)),))


def _test(context: Context, step: Step, family: Family, outcome: Outcome) -> Test:
    return Test(
        family=family,
        component=step.component,
        old=_where(step.old),
        new=_where(step.new),
        layer=step.layer,
        count=outcome.count,
        log10_p=outcome.log10_p,
        statistic=outcome.statistic,
        power=outcome.power,
        figures=MappingProxyType({**outcome.figures, **_shape(step)}),
        controls=outcome.controls,
        abstained=outcome.abstained,
        size=context.size(step),
    )


def _where(readings: Sequence[Reading]) -> str:
    first = readings[0].unit.label
    return first if len(readings) == 1 else f"{first} and {len(readings) - 1:,} more"


def _shape(step: Step) -> dict[str, float]:
    """Rows of both sides and columns, for the power of several tests together and for what was pruned."""
    old, new = step.old[0], step.new[0]
    found = {"rows_old": float(old.unit.shape[0]), "rows_new": float(new.unit.shape[0])}
    return found | {
        "tested_old": float(old.count),
        "tested_new": float(new.count),
        "columns": float(new.unit.shape[-1]),
    }


# Exact


def _hidden_units(context: Context, step: Step) -> Outcome:
    old, new = context.read(step)
    return statistics.order_test(old[0], new[0], seed=context.seed)


def _routed_experts(context: Context, step: Step) -> Outcome:
    old, new = context.read(step)
    return statistics.router_test(old[0], new[0], seed=context.seed)


def _value_channels(context: Context, step: Step) -> Outcome:
    old, new = context.read(step)
    heads = [reading.unit.heads or 1 for reading in (step.old[0], step.new[0])]
    return statistics.value_test(old[0], new[0], heads[0], heads[1], seed=context.seed)


def _residual(context: Context, step: Step) -> Outcome:
    old, new = context.read(step)
    return statistics.residual_test(old, new, seed=context.seed)


def _norms(context: Context, step: Step) -> Outcome:
    old, new = context.read(step)
    return statistics.pooled(old, new)


def _upcycling(context: Context, step: Step) -> Outcome:
    old, new = context.read(step)
    half = len(new) // 2
    return statistics.upcycled(tuple(old), list(zip(new[:half], new[half:], strict=True)), seed=context.seed)


# Robust


def _probed(context: Context, step: Step) -> Outcome:
    sides = ((context.old, step.old), (context.new, step.new))
    old, new = (first_seen(tensors, readings) for tensors, readings in sides)
    return statistics.order_test(old, new, seed=context.seed)


def _match(context: Context, step: Step) -> Outcome:
    """Calibrated on copies of NEW with shuffled rows: whatever two models share of their form, these share too."""
    old, new = units_seen(context.old, step.old), units_seen(context.new, step.new)
    return _matched(context, old, new, _beside(context, step, old, new))


def _beside(context: Context, step: Step, *own: tuple[Matrix, Matrix]) -> dict[str, float]:
    """The same statistic of two layers of one model, once of OLD and once of NEW: they were initialised apart."""
    found: dict[str, float] = {}
    for tensors, whole, others, seen, name in zip(
        (context.old, context.new), (step.old, step.new), step.beside, own, ("OLD", "NEW"), strict=True
    ):
        numbers = whole[0].unit.layer, others[0].unit.layer if others else None
        if numbers[0] is not None and numbers[1] is not None:
            layers = {numbers[0]: seen, numbers[1]: units_seen(tensors, (*others, whole[-1]))}
            found |= statistics.cross_layer_controls(
                statistics.match_test, layers, count=1, seed=context.seed, name=name
            )
    return found


def _matched(
    context: Context, old: tuple[Matrix, Matrix], new: tuple[Matrix, Matrix], more: Mapping[str, float] | None = None
) -> Outcome:
    """More controls where they are cheap: the tail that they can show grows with their number."""
    found = statistics.match_test(*old, *new, seed=context.seed)
    if found.statistic is None:
        return found
    count = max(_CONTROLS, min(4 * _CONTROLS, _CHEAP // max(len(old[0]), len(new[0]))))
    controls = statistics.shuffled_controls(statistics.match_test, old, new, count=count, seed=context.seed)
    return _calibrated(found, {**controls, **(more or {})})


def _channel_match(context: Context, step: Step) -> Outcome:
    """As `match`, for the value channels of all heads: value rows, and what the output projection makes of them."""
    return _matched(context, channels_seen(context.old, step.old), channels_seen(context.new, step.new))


def _calibrated(found: Outcome, controls: Mapping[str, float]) -> Outcome:
    """The outcome with the p-value that its controls allow, if that is the greater one."""
    if found.statistic is None:
        return found
    judged = statistics.calibrate(found.statistic, controls)
    figures = {**found.figures, "statistic": found.statistic}
    if found.log10_p is not None:
        figures["nominal_log10_p"] = found.log10_p
    told = [p for p in (judged.log10_p, found.log10_p) if p is not None]
    return dataclasses.replace(
        judged, count=found.count, power=found.power, figures=MappingProxyType(figures),
        log10_p=max(told) if told and not judged.abstained else None,
    )  # fmt: skip


def _alignment(context: Context, step: Step) -> Outcome:
    """The better of two alignments of the residual stream: by signed permutation, and by rotation.

    Calibrated on projections of other layers, which share the residual stream and nothing else.
    """
    found = [_aligned(*each) for each in aligned(context.old, context.new, step, context.seed)]
    best = min(found, key=lambda each: 0.0 if each.log10_p is None else each.log10_p)
    if best.log10_p is None:
        return best
    return dataclasses.replace(best, log10_p=min(0.0, best.log10_p + math.log10(len(found))))


def _aligned(alignment: statistics.Alignment, old: list[Matrix], new: list[Matrix]) -> Outcome:
    """Calibrated on layers further on, queries with queries and keys with keys; nothing is told of what is common."""
    found = alignment.test(old, new)
    if found.statistic is not None and found.statistic < _COMMON:
        return dataclasses.replace(found, log10_p=0.0)
    controls = {}
    for turn in range(2, len(old), 2):
        value = alignment.test(old, [*new[turn:], *new[:turn]]).statistic
        if value is not None:
            controls[f"projections {turn // 2} layers further on"] = value
    return _calibrated(found, controls)


def _polar(context: Context, step: Step) -> Outcome:
    tokens, width = min(step.old[0].count, step.new[0].count), step.new[0].unit.shape[-1]
    if tokens < 2 * width:
        return statistics.Outcome(abstained=f"{tokens} shared tokens are too few for {width} coordinates")
    old, new = context.read(step)
    found = statistics.polar_test(old[0], new[0], seed=context.seed)
    if found.statistic is None:
        return found
    rng = np.random.default_rng(context.seed)
    controls = {}
    for number in range(_CONTROLS):
        shuffled = new[0][rng.permutation(len(new[0]))]
        value = statistics.polar_test(old[0], shuffled, seed=context.seed + number).statistic
        if value is not None:
            controls[f"shuffled tokens {number + 1}"] = value
    judged = _calibrated(found, controls)
    return dataclasses.replace(judged, figures=MappingProxyType({**judged.figures, "closeness": found.statistic}))


def _rank(context: Context, step: Step) -> Outcome:
    from archdiff.weights.measure import difference_rank

    (old,), (new,) = context.read(step)
    found = difference_rank(old, new, seed=context.seed)
    old, new = (np.nan_to_num(side, nan=0.0, posinf=0.0, neginf=0.0) for side in (old, new))
    figures = {"effective_rank": found.effective, "full_rank": float(found.full), "low_rank": float(found.is_low)}
    figures |= {"row_cosine": _cosine(old, new), "column_cosine": _cosine(old.T, new.T)}
    figures["relative"] = float(np.linalg.norm(new - old) / max(float(np.linalg.norm(old)), 1e-30))
    if found.rank is not None:
        figures["rank"] = float(found.rank)
    known = {name: value for name, value in figures.items() if math.isfinite(value)}
    return statistics.Outcome(count=found.full, statistic=found.effective, figures=MappingProxyType(known))


def _cosine(old: Matrix, new: Matrix) -> float:
    """Mean cosine of the rows of equal number."""
    lengths = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    kept = lengths > 0
    return float(((old * new).sum(axis=1)[kept] / lengths[kept]).mean()) if kept.any() else math.nan


def _layer_map(context: Context, step: Step) -> Result:
    old, new = context.read(step)
    scores = np.full((len(new), len(old)), np.nan)
    for i, rows in enumerate(new):
        for j, others in enumerate(old):
            found = statistics.order_test(others, rows, seed=context.seed).log10_p
            scores[i, j] = np.nan if found is None else found
    layers, log10_p = statistics.layer_map(scores)
    test = _test(context, step, "layer-map", statistics.Outcome(count=scores.size, log10_p=log10_p))
    numbers = [reading.unit.layer or 0 for reading in step.old]
    stacks = step.old[0].unit.stack or "", step.new[0].unit.stack or ""
    found_map = LayerMap(
        step.component, stacks, tuple(tuple((-scores[i]).tolist()) for i in range(len(new))),
        tuple(None if layer is None else numbers[layer] for layer in layers), 0.0 if log10_p is None else log10_p,
    )  # fmt: skip
    return Result(tests=(test,), maps=(found_map,))


_TRIALS: Mapping[str, Callable[[Context, Step], Outcome]] = MappingProxyType({
    "hidden-units": _hidden_units,
    "routed-experts": _routed_experts,
    "value-channels": _value_channels,
    "residual": _residual,
    "norms": _norms,
    "upcycling": _upcycling,
    "probed": _probed,
    "match": _match,
    "channel-match": _channel_match,
    "alignment": _alignment,
    "polar": _polar,
    "rank": _rank,
})  # fmt: skip
