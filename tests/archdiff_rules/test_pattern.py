"""Sequences of layer kinds, as `layer-pattern-changed` reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff_rules._pattern import describe, grown, interleaved, unit

kinds = st.lists(st.sampled_from("fsm"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [("ffff", "f"), ("sfsf", "sf"), ("sfs", "sf"), ("sssfsssfss", "sssf"), ("ssff", "ssff"), ("f", "f")],
)
def test_the_unit_is_what_repeats(sequence, expected):
    assert "".join(unit(sequence)) == expected


@given(kinds, st.integers(1, 4))
def test_a_repeated_sequence_has_the_unit_of_one_repetition_or_a_shorter_one(sequence, times):
    assert len(unit(sequence * times)) <= len(sequence)


@given(kinds)
def test_the_unit_gives_the_sequence(sequence):
    part = unit(sequence)
    assert [part[index % len(part)] for index in range(len(sequence))] == sequence


@pytest.mark.parametrize(
    ("old", "new"),
    [("sfsf", "sfsfsf"), ("ssff", "sssfff"), ("fff", "ffffff"), ("sssfsssf", "sssfsssfss"), ("dmmm", "dmmmmm")],
)
def test_a_deeper_stack_of_the_same_pattern_is_grown(old, new):
    assert grown(old, new)
    assert grown(new, old)


@pytest.mark.parametrize(("old", "new"), [("sfsf", "sssf"), ("sfsf", "ffff"), ("ssf", "sff"), ("sfsf", "fsfsfs")])
def test_another_pattern_is_not(old, new):
    assert not grown(old, new)
    assert not grown(new, old)


@given(kinds, kinds)
def test_growth_does_not_depend_on_the_order(old, new):
    assert grown(old, new) == grown(new, old)


@given(kinds, st.integers(2, 4), st.integers(2, 4))
def test_a_unit_that_is_repeated_more_often_is_grown(sequence, less, more):
    assert grown(unit(sequence) * less, unit(sequence) * more)


@given(kinds)
def test_nothing_is_another_pattern_than_itself(sequence):
    assert grown(sequence, sequence)


@pytest.mark.parametrize(("sequence", "expected"), [("dmmm", False), ("dmdm", True), ("mmm", False), ("dmd", True)])
def test_kinds_that_come_back_are_interleaved(sequence, expected):
    assert interleaved(sequence) is expected


@pytest.mark.parametrize(
    ("sequence", "text"),
    [
        ("ffff", "f throughout"),
        ("sssfsssf", "3 s, 1 f, repeated"),
        ("sssf", "3 s, 1 f"),
        ("sfsfm", "1 s, 1 f, 1 s, 1 f, 1 m"),
        ("sfsffsfsm", "1 s, 1 f, 1 s, 2 f, 1 s, …"),
    ],
)
def test_a_pattern_in_words(sequence, text):
    assert describe(sequence) == text
