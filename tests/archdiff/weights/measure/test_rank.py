"""The rank of a difference: merged adapters, rounding, full fine-tunes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.measure import difference_rank

RANDOM = np.random.default_rng(0)


def weights(rows, columns):
    return (0.02 * RANDOM.standard_normal((rows, columns))).astype(np.float32)


def adapter(rows, columns, rank, size):
    """B A, with elements of about `size`."""
    product = RANDOM.standard_normal((rows, rank)) @ RANDOM.standard_normal((rank, columns))
    return (size / np.sqrt(rank) * product).astype(np.float32)


def brain(values):
    return torch.from_numpy(values).bfloat16().float().numpy()


@pytest.mark.parametrize("shape", [(96, 64), (64, 96), (320, 400), (400, 640)])
@pytest.mark.parametrize("rank", [1, 4, 16])
def test_a_merged_adapter_has_its_rank(shape, rank):
    old = weights(*shape)
    found = difference_rank(old, old + adapter(*shape, rank, 1e-3), seed=0)
    assert found.rank == rank
    assert found.energy[rank - 1] > 0.999
    assert found.effective <= rank * 1.1
    assert len(found.singular) == len(found.energy)


@pytest.mark.parametrize("rank", [4, 16])
def test_rounding_to_bfloat16_does_not_hide_it(rank):
    old = brain(weights(640, 512))
    found = difference_rank(old, brain(old + adapter(640, 512, rank, 5e-4)), seed=0)
    assert found.rank == rank
    assert found.is_low
    assert found.residual == pytest.approx(found.rounding, rel=0.2)


def test_a_full_fine_tune_is_not_low():
    old = weights(512, 640)
    spectrum = np.diag(1 / (1 + np.arange(512)) ** 0.5)
    turned = np.linalg.qr(RANDOM.standard_normal((512, 512)))[0] @ spectrum @ RANDOM.standard_normal((512, 640))
    found = difference_rank(old, old + (1e-4 * turned).astype(np.float32), seed=0)
    assert found.residual > 0.1 > 1000 * found.rounding
    assert not found.is_low


def test_a_few_directions_over_a_change_of_everything_are_no_adapter():
    old = weights(400, 400)
    found = difference_rank(old, old + adapter(400, 400, 4, 1e-3) + 0.05 * weights(400, 400), seed=0)
    assert found.rank == 4
    assert found.residual > 0.3
    assert not found.is_low


def test_more_directions_than_are_computed_are_not_counted():
    old = weights(512, 640)
    found = difference_rank(old, old + adapter(512, 640, 200, 1e-3), seed=0)
    assert found.rank is None
    assert not found.is_low


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32])
def test_rounding_is_what_it_is_expected_to_be(kind):
    old = weights(300, 300)
    new = torch.from_numpy(old).to(kind).float().numpy() if kind != torch.float32 else old + np.float32(1e-3)
    found = difference_rank(old, new, seed=0)
    if kind == torch.float32:
        assert found.rounding < 1e-9
    else:
        assert found.rounding == pytest.approx(1.0, rel=0.05)


def test_noise_has_no_direction():
    old = weights(400, 400)
    found = difference_rank(old, old + 0.01 * weights(400, 400), seed=0)
    assert found.rank == 0
    assert not found.is_low
    assert found.effective > 200


def test_no_difference_has_rank_zero():
    found = difference_rank(weights(40, 40), weights(40, 40) * 0 + 1, seed=0)
    assert found.rank is not None
    same = weights(40, 40)
    assert difference_rank(same, same, seed=0) == type(found)((), (), 0, 0.0, 40)


def test_singular_values_are_those_of_the_difference():
    old, new = weights(500, 400), weights(500, 400) + adapter(500, 400, 8, 0.05)
    found = difference_rank(old, new, seed=3)
    exact = np.linalg.svd((new - old).astype(np.float64), compute_uv=False)
    assert found.singular[:8] == pytest.approx(exact[:8], rel=1e-4)
    assert found.energy[7] == pytest.approx((exact[:8] ** 2).sum() / (exact**2).sum(), rel=1e-4)
    assert found.full == 400


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 5))
def test_figures_are_within_their_bounds(rows, columns, seed):
    random = np.random.default_rng(seed)
    old, new = random.standard_normal((2, rows, columns)).astype(np.float32)
    found = difference_rank(old, new, seed=seed)
    assert found == difference_rank(old, new, seed=seed)
    assert found.rank is None or 0 <= found.rank <= found.full
    assert 0 < found.effective <= found.full * (1 + 1e-9)
    assert list(found.energy) == sorted(found.energy)
    assert found.energy[-1] <= 1.0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_counts_as_equal(value):
    old, new = weights(40, 30), weights(40, 30)
    new[3, 4] = value
    mended = new.copy()
    mended[3, 4] = old[3, 4]
    first, second = difference_rank(old, new, seed=0), difference_rank(old, mended, seed=0)
    assert first.singular == second.singular
    assert first.rounding == pytest.approx(second.rounding, rel=0.01)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_does_not_matter(scale):
    old = weights(96, 64)
    new = old + adapter(96, 64, 4, 1e-3)
    found = difference_rank(old * np.float32(scale), new * np.float32(scale), seed=0)
    assert found.rank == 4


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="matrices of one shape"):
        difference_rank(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32), seed=0)
    with pytest.raises(ValueError, match="matrices of one shape"):
        difference_rank(np.zeros(3, np.float32), np.zeros(3, np.float32), seed=0)
