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


def _probe(context: Context, step: Step) -> tuple[tuple[Matrix, Matrix], tuple[Matrix, Matrix]]:
    """Two projections of OLD and of NEW as shared tokens see them: units × tokens."""
    old, new = context.read(step)
    return _seen(step.old, old), _seen(step.new, new)


def _seen(readings: Sequence[Reading], matrices: Sequence[Matrix]) -> tuple[Matrix, Matrix]:
    first, second, *norms, embedding = matrices
    norm = norms[0] if norms else None
    gate = statistics.probed(embedding, norm, first)
    if readings[1].unit.role != "down":
        return gate, statistics.probed(embedding, norm, second)
    kept = np.concatenate([second.T[start:stop] for start, stop in readings[0].runs])
    return gate, statistics.probed(embedding, None, kept)


def _probed(context: Context, step: Step) -> Outcome:
    old, new = _probe(context, step)
    return statistics.order_test(old[0], new[0], seed=context.seed)


def _match(context: Context, step: Step) -> Outcome:
    """Calibrated on copies of NEW with shuffled rows: whatever two models share of their form, these share too."""
    return _matched(context, *_probe(context, step))


def _matched(context: Context, old: tuple[Matrix, Matrix], new: tuple[Matrix, Matrix]) -> Outcome:
    """More controls where they are cheap: the tail that they can show grows with their number."""
    found = statistics.match_test(*old, *new, seed=context.seed)
    if found.statistic is None:
        return found
    count = max(_CONTROLS, min(4 * _CONTROLS, _CHEAP // max(len(old[0]), len(new[0]))))
    controls = statistics.shuffled_controls(statistics.match_test, old, new, count=count, seed=context.seed)
    return _calibrated(found, controls)


def _channel_match(context: Context, step: Step) -> Outcome:
    """As `match`, for the value channels of all heads: value rows, and what the output projection makes of them."""
    old, new = context.read(step)
    return _matched(context, _ends(step.old, old), _ends(step.new, new))


def _ends(readings: Sequence[Reading], matrices: Sequence[Matrix]) -> tuple[Matrix, Matrix]:
    """Both ends of the value channels as shared tokens see them: channels × tokens.

    Query heads that share a key-value head are summed, so that their order does not count.
    """
    value, output, *norms, embedding = matrices
    channels, heads = len(value), readings[0].unit.heads or 1
    grouped = output.T.reshape(heads, -1, channels // heads, output.shape[0]).sum(axis=1)
    written = grouped.reshape(channels, output.shape[0])
    read = statistics.probed(embedding, norms[0] if norms else None, value)
    return read, statistics.probed(embedding, None, written)


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
    old, new = context.read(step)
    first, a = _projections(step.old, old)
    second, b = _projections(step.new, new)
    found = [_aligned(context, (a, first), (b, second))]
    if a.shape[1] == b.shape[1] and len(a) >= 2 * a.shape[1]:
        factor = statistics.polar_factor(a, b).astype(np.float32)
        found.append(_aligned(context, (a @ factor, [each @ factor for each in first]), (b, second)))
    best = min(found, key=lambda each: 0.0 if each.log10_p is None else each.log10_p)
    if best.log10_p is None:
        return best
    return dataclasses.replace(best, log10_p=min(0.0, best.log10_p + math.log10(len(found))))


def _projections(readings: Sequence[Reading], matrices: Sequence[Matrix]) -> tuple[list[Matrix], Matrix]:
    """Projections with the norms before them folded in, and the embedding."""
    found: list[Matrix] = []
    for reading, matrix in zip(readings[:-1], matrices[:-1], strict=True):
        if reading.unit.place == "norm":
            found[-1] = statistics.fold_norm(found[-1], matrix).astype(np.float32)
        else:
            found.append(matrix)
    return found, matrices[-1]


Side: TypeAlias = "tuple[Matrix, list[Matrix]]"


def _aligned(context: Context, old: Side, new: Side) -> Outcome:
    """Calibrated on layers further on, queries with queries and keys with keys; nothing is told of what is common."""
    found = statistics.alignment_test(old[0], new[0], old[1], new[1], seed=context.seed)
    if found.statistic is not None and found.statistic < _COMMON:
        return dataclasses.replace(found, log10_p=0.0)
    controls = {}
    for turn in range(2, len(old[1]), 2):
        rolled = [*new[1][turn:], *new[1][:turn]]
        value = statistics.alignment_test(old[0], new[0], old[1], rolled, seed=context.seed).statistic
        if value is not None:
            controls[f"projections {turn // 2} layers further on"] = value
    return _calibrated(found, controls)


def _polar(context: Context, step: Step) -> Outcome:
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
