"""Unbiased CKA after alignment: blind to signed permutations and to rotations of rows, and centred without relation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.statistics.alignment import alignment_test, unbiased_cka
from tests.archdiff.weights.statistics.drawing import derived, random, uniform


def song(kernel, other):
    """Unbiased HSIC as Song et al. (2012) write it."""
    kernel, other, n = kernel.copy(), other.copy(), len(kernel)
    np.fill_diagonal(kernel, 0)
    np.fill_diagonal(other, 0)
    ones = np.ones(n)
    middle = (ones @ kernel @ ones) * (ones @ other @ ones) / ((n - 1) * (n - 2))
    return (np.trace(kernel @ other) + middle - 2 / (n - 2) * ones @ kernel @ other @ ones) / (n * (n - 3))


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 30), st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_it_is_the_estimator_of_the_papers(samples, one, other, seed):
    first, second = random(samples, one, seed), random(samples, other, seed + 1)
    kernels = [(part @ part.T).astype(np.float64) for part in (first, second)]
    wanted = song(*kernels) / np.sqrt(song(kernels[0], kernels[0]) * song(kernels[1], kernels[1]))
    assert unbiased_cka(first, second) == pytest.approx(wanted, abs=1e-4)


def test_it_is_centred_where_the_plain_estimator_is_not():
    def plain(one, other):
        centred = [part - part.mean(axis=0) for part in (one, other)]
        kernels = [part @ part.T for part in centred]
        return np.vdot(*kernels) / np.linalg.norm(kernels[0]) / np.linalg.norm(kernels[1])

    pairs = [(random(20, 200, 2 * seed), random(20, 200, 2 * seed + 1)) for seed in range(60)]
    assert abs(np.mean([unbiased_cka(*pair) for pair in pairs])) < 0.03
    assert np.mean([plain(*pair) for pair in pairs]) > 0.8


def test_a_rotation_and_scale_of_features_does_not_matter():
    one, other = random(30, 8, 0), random(30, 12, 1)
    turn = np.linalg.qr(random(12, 12, 2))[0]
    assert unbiased_cka(one, 3 * other @ turn) == pytest.approx(unbiased_cka(one, other), abs=1e-6)
    assert unbiased_cka(one, one * 5) == pytest.approx(1)


def model(columns, seed, tokens=150, layers=3):
    """An embedding and the projections of some layers, whose coordinates have loudness of their own."""
    generator = np.random.default_rng(seed)
    loud = np.exp(0.3 * generator.standard_normal(columns))
    return (
        generator.standard_normal((tokens, columns)) * loud,
        [generator.standard_normal((24, columns)) * loud for _ in range(layers)],
    )


def disguised(embedding, matrices, seed):
    """The same model with a signed permutation of its residual stream, and rotated rows in each projection."""
    generator = np.random.default_rng(seed)
    columns = embedding.shape[1]
    order, signs = generator.permutation(columns), generator.choice([-1, 1], columns)
    turned = [np.linalg.qr(generator.standard_normal((len(part), len(part))))[0] @ part for part in matrices]
    return (embedding * signs)[:, order], [(part * signs)[:, order] for part in turned]


def test_a_signed_permutation_and_rotated_rows_do_not_hide_a_copy():
    old = model(60, 0)
    hidden = disguised(*old, 1)
    new = derived(hidden[0], 0.7, 2), [derived(part, 0.7, 3 + n) for n, part in enumerate(hidden[1])]
    outcome = alignment_test(old[0], new[0], old[1], new[1], seed=0)
    assert outcome.log10_p < -12
    assert outcome.count == 60
    assert outcome.figures["same_index"] < 0.2
    assert 0.2 < outcome.figures["flipped"] < 0.8
    exact = alignment_test(old[0], hidden[0], old[1], hidden[1], seed=0)
    assert exact.statistic == pytest.approx(1)
    assert exact.figures["aligned"] == pytest.approx(1)


def test_unrelated_models_scatter_about_zero_as_the_nominal_variance_says():
    outcomes = []
    for seed in range(80):
        old, new = model(40, 2 * seed), model(40, 2 * seed + 1)
        outcomes.append(alignment_test(old[0], new[0], old[1], new[1], seed=seed))
    z = np.array([outcome.figures["z"] for outcome in outcomes])
    assert abs(z.mean()) < 0.5
    assert 0.6 < z.std() < 1.5
    assert min(outcome.log10_p for outcome in outcomes) > -5


def test_layers_that_see_the_same_coordinates_count_once():
    """Repeating one matrix tells nothing new, so its z must not grow."""
    old, new = model(40, 0, layers=1), model(40, 1, layers=1)
    one = alignment_test(old[0], new[0], old[1], new[1], seed=0)
    eight = alignment_test(old[0], new[0], old[1] * 8, new[1] * 8, seed=0)
    assert eight.figures["z"] == pytest.approx(one.figures["z"])


def test_permutations_of_unrelated_projections_get_uniform_p_values():
    generator = np.random.default_rng(0)
    old, new = (random(40, 30, seed).astype(np.float64) for seed in (0, 1))
    count = len(old)
    z = [unbiased_cka(old, new[generator.permutation(count)]) * np.sqrt(count * (count - 3) / 2) for _ in range(400)]
    assert abs(np.mean(z)) < 0.15
    assert np.std(z) == pytest.approx(1, abs=0.12)
    from scipy.stats import norm

    assert uniform(np.log10(norm.sf(z))) > 1e-4


def test_models_of_unequal_width_are_aligned_by_what_they_share():
    old = model(70, 0)
    grown = np.random.default_rng(1).permutation(70)[:50]
    new = old[0][:, grown], [part[:, grown] for part in old[1]]
    outcome = alignment_test(old[0], new[0], old[1], new[1], seed=0)
    assert outcome.count == 50
    assert outcome.log10_p < -12


def test_dead_coordinates_are_left_out():
    old = model(40, 0)
    embedding = old[0].copy()
    embedding[:, :5] = 7
    assert alignment_test(embedding, old[0], old[1], old[1], seed=0).count == 35
    assert alignment_test(np.ones((9, 40)), old[0][:9], old[1], old[1], seed=0).abstained


@pytest.mark.parametrize(
    "change", [lambda e, m: (e[:-1], m), lambda e, m: (e, m[:-1]), lambda e, m: (e[:, :-1], m), lambda e, m: (e[0], m)]
)
def test_models_that_do_not_go_together_are_refused(change):
    old = model(20, 0)
    with pytest.raises(ValueError, match=r"tokens|cannot be compared|coordinates"):
        alignment_test(old[0], change(*old)[0], old[1], change(*old)[1], seed=0)


def fluent(seed, columns=50):
    """A model whose embedding says of tokens what all models learn, in a basis that its projections read."""
    generator, common = np.random.default_rng(seed), np.random.default_rng(99)
    basis = generator.standard_normal((4, columns)) * np.array([3, 2, 1.5, 1])[:, None]
    embedding = common.standard_normal((120, 4)) @ basis + generator.standard_normal((120, columns))
    reading = [generator.standard_normal((24, 4)) @ basis + generator.standard_normal((24, columns)) for _ in range(3)]
    return embedding, reading


def test_what_projections_read_of_embeddings_that_were_aligned_is_taken_out(monkeypatch):
    def scores():
        pairs = [(fluent(2 * seed), fluent(2 * seed + 1)) for seed in range(25)]
        outcomes = [alignment_test(old[0], new[0], old[1], new[1], seed=0) for old, new in pairs]
        return np.mean([outcome.figures["z"] for outcome in outcomes])

    guarded = scores()
    monkeypatch.setattr("archdiff.weights.statistics.alignment._without", lambda kernel, _: kernel)
    assert scores() > 3 > 1.5 * guarded


def test_a_copy_is_found_beside_what_its_embedding_tells():
    old = fluent(0)
    hidden = disguised(*old, 1)
    outcome = alignment_test(old[0], hidden[0], old[1], [part + random(24, 50, 3) for part in hidden[1]], seed=0)
    assert outcome.log10_p < -12
