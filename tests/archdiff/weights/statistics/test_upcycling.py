"""Experts that started as copies of one feed-forward."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.statistics.upcycling import upcycled

UNITS, COLUMNS = 96, 64


def _mlp(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(UNITS, COLUMNS)).astype(np.float32)


def _noisy(matrix, amount, seed):
    return matrix + amount * np.random.default_rng(seed).normal(size=matrix.shape).astype(np.float32)


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5])
def test_noisy_copies_are_all_found(amount):
    source = _mlp(0)
    found = upcycled((source,), [(_noisy(source, amount, seed),) for seed in range(4)], seed=0)
    assert found.count == 4
    assert found.statistic == 1
    assert found.log10_p < -12


def test_slices_that_keep_their_order_are_found():
    source = _mlp(0)
    found = upcycled((source,), [(source[:60],), (source[30:],)], seed=0)
    assert found.count == 2


def test_experts_of_another_origin_are_told_apart():
    source = _mlp(0)
    found = upcycled((source,), [(_noisy(source, 0.1, 1),), (_mlp(2),), (_mlp(3),)], seed=0)
    assert (found.count, found.figures["experts"]) == (1, 3)


def test_unrelated_experts_are_never_copies():
    found = [upcycled((_mlp(seed),), [(_mlp(1000 + 10 * seed + k),) for k in range(4)], seed=0) for seed in range(30)]
    assert sum(each.count for each in found) == 0
    assert np.mean([each.log10_p < np.log10(0.05) for each in found]) < 0.2


def test_no_experts_is_said():
    assert upcycled((_mlp(0),), [], seed=0).abstained
