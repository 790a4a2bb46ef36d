"""Maps of layers: dropped, copied, grown, and blocks copied behind themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.statistics.layers import layer_map
from archdiff.weights.statistics.order import order_test
from tests.archdiff.weights.statistics.drawing import random


def table(origins, layers, strength=-30.0, seed=0):
    """log10 p of unrelated pairs, with telling ones where a layer of NEW has an origin."""
    values = np.log10(np.random.default_rng(seed).random((len(origins), layers)))
    for row, origin in enumerate(origins):
        if origin is not None:
            values[row, origin] = strength
    return values


@pytest.mark.parametrize(
    "origins",
    [
        [0, 1, 2, 3, 4, 5],
        [0, 2, 3, 5],
        [0, 1, 1, 2, 2, 3],
        [None, 0, None, 1, 2, None],
        [*range(24), *range(8, 32)],
        [0, 0, 0, 0],
        [3, 4, 5, 0, 1, 2],
        [None] * 4,
    ],
    ids=["same", "dropped", "copied", "grown", "upscaled", "one", "swapped", "unrelated"],
)
def test_layers_are_traced_to_their_origins(origins):
    found, log10_p = layer_map(table(origins, max(32, len(origins))))
    assert list(found) == origins
    assert (log10_p < -20) == any(origin is not None for origin in origins)


def test_the_p_value_is_corrected_for_every_pair_that_was_tested():
    values = table([0, 1], 3)
    assert layer_map(values)[1] == pytest.approx(-30 + np.log10(6))
    values[1, :] = np.nan
    assert layer_map(values)[1] == pytest.approx(-30 + np.log10(3))


def test_pairs_that_were_not_tested_are_never_matched():
    values = table([0, 1, 2], 3)
    values[1, 1] = np.nan
    assert layer_map(values)[0] == (0, None, 2)


def test_one_stray_pair_does_not_break_the_order():
    values = table([0, 1, 2, 3, 4, 5], 6)
    values[3, 0] = -33
    assert layer_map(values)[0] == (0, 1, 2, 3, 4, 5)


def test_layers_that_are_equal_are_taken_in_sequence():
    values = np.full((4, 4), -50.0)
    assert layer_map(values)[0] == (0, 1, 2, 3)


def test_unrelated_models_get_no_map():
    tables = [np.log10(np.random.default_rng(seed).random((12, 12))) for seed in range(300)]
    found = [layer_map(values) for values in tables]
    assert np.mean([log10_p < -2 for _, log10_p in found]) < 0.03
    assert np.mean([any(origin is not None for origin in origins) for origins, _ in found]) < 0.03


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_no_map_that_follows_the_order_is_worth_more(seed):
    values = -np.random.default_rng(seed).exponential(4, (4, 3))
    correction = np.log10(12)
    found, _ = layer_map(values)

    def worth(origins):
        total, last = 0.0, None
        for row, origin in enumerate(origins):
            if origin is None:
                continue
            gain = -values[row, origin] - correction
            if gain < 2:
                return -np.inf
            total += gain - (0 if last is None or origin >= last else 2 + correction)
            last = origin
        return total

    best = max(worth(origins) for origins in itertools.product([None, 0, 1, 2], repeat=4))
    assert worth(found) == pytest.approx(best, abs=1e-4)


def test_the_order_test_over_all_pairs_shows_depth_up_scaling():
    old = [random(60, 30, seed) for seed in range(5)]
    origins = [0, 1, 2, 3, 1, 2, 3, 4]
    new = [old[origin] + 0.3 * random(60, 30, 50 + row) for row, origin in enumerate(origins)]
    values = np.array([[order_test(one, other, seed=0).log10_p for one in old] for other in new])
    found, log10_p = layer_map(values)
    assert list(found) == origins
    assert log10_p < -12


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_no_pairs_give_no_map(shape):
    assert layer_map(np.zeros(shape)) == ((None,) * shape[0], None)


@pytest.mark.parametrize("bad", [np.zeros(3), np.full((2, 2), 0.5)])
def test_what_is_no_table_of_p_values_is_refused(bad):
    with pytest.raises(ValueError, match="pairs of layers"):
        layer_map(bad)
