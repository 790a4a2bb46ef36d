"""What two tokenizers share, in figures: against definitions that are slower and plainer."""

from __future__ import annotations

import random

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from archdiff.evidence.tokenizer.controls import Control, controls
from archdiff.evidence.tokenizer.measures import common_prefix, in_order, measure, rank_correlation
from tests.archdiff.evidence.tokenizer.values import tokenizer, words


def longest(ranks):
    """The longest ascending subsequence, by trying every end."""
    best = []
    for place, rank in enumerate(ranks):
        best.append(1 + max((best[i] for i in range(place) if ranks[i] < rank), default=0))
    return max(best, default=0)


@given(st.permutations(range(12)))
def test_the_longest_run_is_found(ranks):
    assert in_order(ranks) == longest(ranks)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=50, unique=True))
def test_the_rank_correlation_is_spearmans(ranks):
    expected = scipy.stats.spearmanr(ranks, range(len(ranks))).statistic
    assert rank_correlation(ranks) == pytest.approx(expected, abs=1e-12)


def test_of_less_than_two_there_is_no_correlation():
    assert rank_correlation([]) is None
    assert rank_correlation([4]) is None
    assert in_order([]) == 0


def test_the_common_prefix_ends_at_the_first_difference():
    assert common_prefix([b"a", b"b", b"c"], [b"a", b"b", b"x"]) == 2
    assert common_prefix([b"a"], [b"a", b"b"]) == 1
    assert common_prefix([], [b"a"]) == 0


def test_equal_tokenizers_share_everything():
    found = measure(tokenizer(), tokenizer())
    assert (found.common, found.shared, found.same_id, found.in_order, found.shift) == (1000, 1, 1, 1, 0)
    assert (found.prefix, found.correlation) == (1000, 1)


def test_bytes_are_not_counted():
    found = measure(tokenizer([b"a", *words(10)]), tokenizer([b"a", *words(10)]))
    assert found.common == found.tokens[0] == 10


def test_a_shift_of_the_ids_is_told():
    found = measure(tokenizer(), tokenizer(special=("<s>", "</s>", "<tool>")))
    assert (found.same, found.shift, found.same_id_shifted) == (0, 2, 1.0)


def test_the_most_frequent_shift_is_told_and_of_several_the_nearest():
    ids = {token: 300 + place + (5 if place < 60 else 7) for place, token in enumerate(words(100))}
    found = measure(tokenizer(words(100), special=()), tokenizer(ids))
    assert (found.shift, found.shifted) == (49, 60)
    ids = {token: 256 + place + (9 if place < 50 else -2) for place, token in enumerate(words(100))}
    assert measure(tokenizer(words(100), special=()), tokenizer(ids)).shift == -2


def test_shares_are_of_the_smaller_vocabulary():
    found = measure(tokenizer(words(1000)), tokenizer(words(400, start=800)))
    assert (found.common, found.shared) == (200, 0.5)


def test_tokenizers_without_common_tokens_share_nothing():
    found = measure(tokenizer(words(10)), tokenizer(words(10, start=10)))
    assert (found.common, found.shared, found.same_id, found.in_order, found.correlation) == (0, 0, None, None, None)


def test_what_only_one_has_does_not_disturb_the_order():
    kept = [token for number, token in enumerate(words(1000)) if number % 3]
    found = measure(tokenizer(), tokenizer(kept))
    assert (found.in_order, found.correlation) == (1, 1)


def test_models_that_learn_differently_compare_by_ids():
    found = measure(tokenizer(), tokenizer(model="unigram", order=words(1000)[::-1], merges=None))
    assert found.by_ids
    assert found.in_order == 1


def test_controls_pass_on_related_and_on_unrelated_tokenizers():
    shuffled = random.Random(1).sample(words(1000), 1000)
    for other in (tokenizer(), tokenizer(shuffled)):
        assert [control.passed for control in controls(measure(tokenizer(), other))] == [True, True, True]


def test_controls_give_the_same_figures_every_time():
    found = measure(tokenizer(), tokenizer())
    assert controls(found) == controls(found)
    assert controls(found)[1].value == pytest.approx(2 / 1000**0.5, rel=0.2)


def test_a_control_fails_on_either_side_of_its_limit():
    assert Control("x", -0.1, 0.1).passed
    assert not Control("x", -0.2, 0.1).passed
    assert not Control("x", 0.2, 0.1).passed
    assert not Control("x", None, 0.1).passed


def test_controls_without_anything_to_shuffle_fail():
    found = controls(measure(tokenizer(words(5)), tokenizer(words(5, start=5))))
    assert [control.value for control in found] == [None, None, None]
    assert not any(control.passed for control in found)
