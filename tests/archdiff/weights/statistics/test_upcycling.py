"""Experts that started as copies of one feed-forward, with noise, sliced, permuted."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.statistics.combine import fisher
from archdiff.weights.statistics.order import order_test
from archdiff.weights.statistics.upcycling import upcycled
from tests.archdiff.weights.statistics.drawing import derived, random

MLP = (random(100, 40, 0), random(100, 40, 1))


def copies(change, count=6, cosine=0.8):
    """Experts made from the feed-forward by something that says which rows each gets."""
    return [
        tuple(derived(part[change(number)], cosine, 10 + 2 * number + side) for side, part in enumerate(MLP))
        for number in range(count)
    ]


def whole(number):
    return np.arange(100)


def permuted(number):
    return np.random.default_rng(number).permutation(100)


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        (whole, "in_order"),
        (lambda number: np.sort(permuted(number)[:70]), "in_order"),
        (permuted, "in_any_order"),
        (lambda number: permuted(number)[:70], "in_any_order"),
    ],
    ids=["noise", "sliced", "permuted", "sliced and permuted"],
)
def test_every_expert_is_traced(change, figure):
    outcome = upcycled(MLP, copies(change), seed=0)
    assert (outcome.count, outcome.statistic) == (6, 1.0)
    assert outcome.figures[figure] == 6
    assert outcome.log10_p < -12


def test_some_experts_among_unrelated_ones_are_counted():
    others = [(random(100, 40, seed), random(100, 40, seed + 1)) for seed in range(50, 58, 2)]
    outcome = upcycled(MLP, [*copies(permuted, 2), *others], seed=0)
    assert (outcome.count, outcome.figures["experts"]) == (2, 6)


def test_unrelated_experts_are_not_accused():
    outcomes = [
        upcycled(
            MLP, [(random(60, 40, 100 * s + 2 * e), random(60, 40, 100 * s + 2 * e + 1)) for e in range(4)], seed=s
        )
        for s in range(1, 16)
    ]
    assert all(outcome.count == 0 for outcome in outcomes)
    assert np.mean([outcome.log10_p < np.log10(0.05) for outcome in outcomes]) < 0.15


def test_unrelated_experts_that_are_copies_of_each_other_would_deceive_fisher():
    unlucky = min(
        (random(60, 40, 100 + seed) for seed in range(50)), key=lambda one: order_test(MLP[0], one, seed=0).log10_p
    )
    experts = [(unlucky + 0.02 * random(60, 40, number),) for number in range(8)]
    assert fisher([order_test(MLP[0], expert[0], seed=0).log10_p for expert in experts]) < -4
    assert upcycled(MLP[:1], experts, seed=0).log10_p > -1.5
    assert upcycled(MLP[:1], experts, seed=0).count == 0


def test_one_weak_match_among_many_experts_is_not_counted():
    weak = (derived(MLP[0], cosine, 7) for cosine in np.linspace(0.05, 0.5, 46))
    expert = next(one for one in weak if -4.4 < order_test(MLP[0], one, seed=0).log10_p < -3.2)
    assert upcycled(MLP[:1], [(expert,)], seed=0).count == 1
    assert upcycled(MLP[:1], [(expert,), *((random(100, 40, 60 + seed),) for seed in range(39))], seed=0).count == 0


def test_one_matrix_is_tested_in_order_alone():
    outcome = upcycled(MLP[:1], [expert[:1] for expert in copies(whole)], seed=0)
    assert outcome.count == 6
    assert outcome.figures["in_any_order"] == 0


def test_nothing_to_test_abstains():
    assert upcycled(MLP, [], seed=0).abstained == "there are no experts"
    assert upcycled((np.zeros((9, 4)),), [(random(9, 4, 0),)], seed=0).abstained


def test_a_trend_in_old_is_reported_once():
    trend = MLP[0] * np.linspace(1, 4, 100)[:, None]
    outcome = upcycled((trend,), [(random(100, 40, seed),) for seed in range(3)], seed=0)
    assert "not exchangeable" in outcome.abstained
    assert [control.name for control in outcome.controls] == ["trend of row norm in OLD"]
