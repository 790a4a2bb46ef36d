"""Maps of layers: straight, dropped, repeated, copied again, and none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.statistics.layers import layer_map


def _scores(copied, old, seed=0, strength=-40.0):
    """log10 p of a model whose layers are copies of the named ones, the others uniform under independence."""
    rng = np.random.default_rng(seed)
    scores = np.log10(rng.uniform(size=(len(copied), old)))
    for layer, source in enumerate(copied):
        if source is not None:
            scores[layer, source] = strength
    return scores


CASES = {
    "straight": (tuple(range(8)), 8),
    "depth up-scaled as SOLAR": ((*range(24), *range(8, 32)), 32),
    "every second dropped": (tuple(range(0, 12, 2)), 12),
    "each repeated": (tuple(np.repeat(range(6), 2).tolist()), 6),
    "the first dropped": ((2, 3, 4, 5), 6),
    "new ones between": ((0, None, 1, None, 2, 3), 4),
    "none": ((None,) * 5, 5),
    "a new one in front": ((None, 0, 1, 2), 3),
    "reversed": ((3, 2, 1, 0), 4),
}


@pytest.mark.parametrize(("copied", "old"), CASES.values(), ids=CASES)
def test_the_map_is_the_one_that_was_planted(copied, old):
    found, log10_p = layer_map(_scores(copied, old))
    assert found == copied
    assert (log10_p < -30) == any(layer is not None for layer in copied)


def test_layers_that_resemble_several_follow_their_neighbours():
    """A model whose middle layers are alike: the order decides where the scores do not."""
    scores = np.full((6, 6), -60.0)
    assert layer_map(scores)[0] == tuple(range(6))


def test_nothing_is_matched_by_chance():
    alarms = 0
    for seed in range(200):
        found, _ = layer_map(_scores((None,) * 12, 10, seed))
        alarms += any(layer is not None for layer in found)
    assert alarms < 8


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_the_p_value_is_corrected_for_the_number_of_pairs(new, old, seed):
    scores = _scores((None,) * new, old, seed)
    _, log10_p = layer_map(scores)
    assert log10_p == pytest.approx(min(0, scores.min() + np.log10(new * old)))


def test_pairs_that_were_not_tested_are_not_matched():
    scores = np.full((3, 3), np.nan)
    assert layer_map(scores) == ((None, None, None), None)
    scores[1, 2] = -50
    assert layer_map(scores)[0] == (None, 2, None)
