"""Mixing weights of a merge, and what is no merge."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from archdiff.weights.statistics.merge import FLOOR, mixing

SHAPES = [(60, 40), (80, 40), (40, 60)]


def _model(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]


def _siblings(*seeds):
    """Models that were trained on from one base."""
    base = _model(0)
    return [[a + 0.1 * b for a, b in zip(base, _model(seed), strict=True)] for seed in seeds]


def _bfloat16(arrays):
    return [torch.tensor(np.asarray(array, np.float32)).bfloat16().float().numpy() for array in arrays]


def _mixed(parents, weights):
    return [sum(w * parent[k] for w, parent in zip(weights, parents, strict=True)) for k in range(len(SHAPES))]


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.7, 0.3), (0.2, 0.3, 0.5), (1.4, -0.4)])
def test_the_weights_of_a_merge_are_found(weights):
    parents = [_bfloat16(parent) for parent in _siblings(*range(1, len(weights) + 1))]
    found = mixing(_bfloat16(_mixed(parents, weights)), parents)
    assert found.figures["merged"] == 1
    assert found.statistic < 1.5 * FLOOR
    for number, weight in enumerate(weights):
        assert found.figures[f"weight.{number}"] == pytest.approx(weight, abs=0.005)


def test_rounding_alone_leaves_the_floor_of_its_type():
    parents = _siblings(1, 2)
    exact = mixing(_mixed(parents, (0.5, 0.5)), parents).statistic
    rounded = mixing(_bfloat16(_mixed(parents, (0.5, 0.5))), parents).statistic
    assert exact < 1e-6
    assert FLOOR / 4 < rounded < 1.5 * FLOOR


def test_a_sibling_is_no_merge_of_its_siblings():
    first, second, third = _siblings(1, 2, 3)
    found = mixing(third, [first, second])
    assert found.figures["merged"] == 0
    assert found.statistic > 10 * FLOOR


def test_weights_that_differ_from_tensor_to_tensor_are_no_linear_merge():
    first, second = _siblings(1, 2)
    mixed = [a if k % 2 else b for k, (a, b) in enumerate(zip(first, second, strict=True))]
    found = mixing(mixed, [first, second])
    assert found.figures["spread"] > 0.3
    assert found.figures["merged"] == 0


def test_a_copy_of_one_parent_is_no_merge():
    first, second = _siblings(1, 2)
    found = mixing(first, [first, second])
    assert found.statistic < 1e-6
    assert found.figures["merged"] == 0


def test_unrelated_models_leave_everything():
    found = mixing(_model(5), [_model(6), _model(7)])
    assert found.statistic > 0.95
    assert found.figures["merged"] == 0


def test_equal_parents_share_their_weight():
    first, second = _siblings(1, 2)
    found = mixing(_mixed([first, second], (0.5, 0.5)), [first, first, second])
    assert found.figures["weight.0"] == pytest.approx(found.figures["weight.1"])
    assert found.statistic < 1e-5


def test_other_tensors_are_refused():
    with pytest.raises(ValueError, match="same tensors"):
        mixing(_model(1), [_model(2)[:2]])


def test_infinities_are_not_solved_for():
    first, second = _siblings(1, 2)
    child = _mixed([first, second], (0.5, 0.5))
    child[0][0, 0] = np.inf
    assert np.isfinite(mixing(child, [first, second]).statistic)
