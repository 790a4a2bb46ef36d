"""Pairs of units over fake tensors, and what an element-wise comparison must come to, in long doubles."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

from archdiff.weights.measure.sums import DECADES
from archdiff.weights.units import Region, Unit, UnitPair
from tests.archdiff.weights.fakes import FakeTensors

__all__ = ["both", "expected", "pair_of", "unit", "unit_of", "widened"]


def unit(shape, regions, role="up", layer=3):
    """A unit of one layer's feed-forward."""
    return Unit(
        "model.layers.3.mlp", "weight", "language-model", "mlp", role, "model.layers", layer, None, shape, regions
    )


def unit_of(tensors, name="w"):
    """The whole of one tensor as a unit."""
    shape = tensors.meanings[name].shape
    return unit(shape, (Region(name, 0, shape),))


def pair_of(old, new, name="w"):
    """The whole of one tensor on both sides."""
    return UnitPair(unit_of(old, name), unit_of(new, name))


def both(old, new):
    """Two checkpoints with one tensor each, and the pair of them."""
    sides = FakeTensors({"w": old}), FakeTensors({"w": new})
    return *sides, pair_of(*sides)


def widened(array):
    """Values as long doubles; every type that a checkpoint has fits."""
    if isinstance(array, torch.Tensor):
        array = array.double().numpy() if array.is_floating_point() else array.numpy()
    return array.reshape(-1).astype(np.longdouble)


def expected(old, new):
    """The figures of `Elements` by their definitions, without blocks, threads or lanes."""
    a, b = widened(old), widened(new)
    nan, infinite = tuple(int(np.isnan(x).sum()) for x in (a, b)), tuple(int(np.isinf(x).sum()) for x in (a, b))
    kept = np.isfinite(a) & np.isfinite(b)
    a, b = a[kept], b[kept]
    n, d = len(a), abs(b - a)
    means, norms = (a.sum() / n, b.sum() / n), (np.sqrt((a * a).sum()), np.sqrt((b * b).sum()))
    p, q = a - means[0], b - means[1]
    squares = (p * p).sum(), (q * q).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        pearson, cosine = (p * q).sum() / np.sqrt(squares[0] * squares[1]), (a * b).sum() / (norms[0] * norms[1])
    return {
        "count": n, "equal": int((d == 0).sum()), "nan": nan, "infinite": infinite, "largest": float(d.max(initial=0)),
        "mean_difference": float(d.sum() / n), "difference": float(np.sqrt((d * d).sum())),
        "norms": tuple(map(float, norms)), "means": tuple(map(float, means)),
        "deviations": tuple(math.sqrt(square / n) for square in squares),
        "pearson": float(pearson), "cosine": float(cosine), "histogram": histogram(a, b, d),
    }  # fmt: skip


def histogram(a, b, d):
    """Counts by decade of |NEW − OLD| / |OLD|; where NEW is tiny, |NEW − OLD| rounds to |OLD| and is told apart."""
    d = np.where((d == abs(a)) & (b * a > 0) & (abs(b) < abs(a)), np.nextafter(d, np.longdouble(0)), d)
    a = abs(a)
    below = [int(((d * np.longdouble(10) ** -k if k < 0 else d / np.longdouble(10) ** k) < a).sum()) for k in DECADES]
    zero = int(((a == 0) & (d == 0)).sum())
    edges = [int((d == 0).sum()) - zero, *below, len(a) - zero]
    return (int((d == 0).sum()), *(high - low for low, high in itertools.pairwise(edges)))
