"""Mixing weights are recovered to the rounding of the child's type, and only of mixtures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.statistics.merge import BFLOAT16, mixing
from tests.archdiff.weights.statistics.drawing import random


def bfloat16(values):
    """Rounded to the nearest bfloat16, as float32."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def family(count, seed=0, distance=0.1):
    """Siblings: fine-tunes of one base, by two tensors each."""
    shapes = ((60, 40), (80,))
    base = [random(1, int(np.prod(shape)), seed + n).reshape(shape) for n, shape in enumerate(shapes)]
    return [
        [
            part + distance * random(1, part.size, seed + 10 * child + n + 7).reshape(part.shape)
            for n, part in enumerate(base)
        ]
        for child in range(count)
    ]


def mixed(parents, weights):
    """Tensors of the linear merge, rounded to bfloat16."""
    return [
        bfloat16(sum(w * part for w, part in zip(weights, tensors, strict=True)))
        for tensors in zip(*parents, strict=True)
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=4), st.integers(0, 99))
def test_weights_of_a_merge_are_recovered(weights, seed):
    weights[0] += 1.0 if abs(sum(weights)) < 0.2 else 0.0
    parents = family(len(weights), seed)
    outcome = mixing(mixed(parents, weights), parents)
    assert outcome.statistic <= BFLOAT16
    assert outcome.figures["sum"] == pytest.approx(sum(weights), abs=0.02)
    for number, weight in enumerate(weights):
        assert outcome.figures[f"weight.{number}"] == pytest.approx(weight, abs=0.02)
    assert outcome.figures["spread"] < 0.2


def test_one_parent_alone_explains_less():
    parents = family(2)
    outcome = mixing(mixed(parents, (0.5, 0.5)), parents)
    assert outcome.figures["single"] > 10 * outcome.statistic
    alone = mixing(mixed(parents, (1.0, 0.0)), parents)
    assert alone.figures["single"] == pytest.approx(alone.statistic, rel=0.01)


def test_weights_that_differ_from_tensor_to_tensor_are_no_linear_merge():
    parents = family(2)
    child = [mixed(parents, weights)[number] for number, weights in enumerate(((0.9, 0.1), (0.1, 0.9)))]
    outcome = mixing(child, parents)
    assert outcome.figures["spread"] > 0.5
    assert outcome.statistic > BFLOAT16


def test_a_fine_tuned_sibling_is_no_mixture():
    *parents, child = family(3)
    assert mixing(child, parents).statistic > 10 * BFLOAT16


def test_an_unrelated_model_leaves_everything_unexplained():
    outcome = mixing([random(60, 40, 90)], [[random(60, 40, 91)], [random(60, 40, 92)]])
    assert outcome.statistic > 0.99
    assert abs(outcome.figures["sum"]) < 0.1


def test_parents_that_are_the_same_cannot_be_told_apart():
    (parent,) = family(1)
    outcome = mixing(parent, [parent, [2 * tensor for tensor in parent]])
    assert outcome.abstained == "the parents cannot be told apart"
    assert outcome.statistic is None


def test_a_child_of_zeros_is_none_of_theirs():
    parents = family(2)
    assert mixing([0 * tensor for tensor in parents[0]], parents).abstained


def test_a_tensor_that_the_parents_share_does_not_spoil_the_others():
    first, second = family(2)
    second[1] = first[1]
    outcome = mixing(mixed((first, second), (0.3, 0.7)), (first, second))
    assert outcome.figures["weight.1"] == pytest.approx(0.7, abs=0.01)
    assert outcome.figures["spread"] < 0.1


@pytest.mark.parametrize("parents", [[], [[random(3, 4, 0)]], [[random(3, 3, 0), random(1, 2, 0)]]])
def test_other_tensors_are_refused(parents):
    with pytest.raises(ValueError, match="same tensors"):
        mixing([random(3, 3, 0)], parents)
    with pytest.raises(ValueError, match="same tensors"):
        mixing([], [[]])
