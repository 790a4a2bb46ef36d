"""Numbers as people state them: what they cover is told by their digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.review import amounts
from archdiff.review.amounts import Amount

SOLAR = 102_651_793_408


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("102.65 B", 102_650_000_000, 10_000_000),
        ("102.65B", 102_650_000_000, 10_000_000),
        ("103 billion parameters", 103_000_000_000, 1_000_000_000),
        ("102,651,793,408", SOLAR, 1),
        ("102_651_793_408 params", SOLAR, 1),
        ("19.7 T tokens", 19_700_000_000_000, 100_000_000_000),
        ("~7b", 7_000_000_000, 1_000_000_000),
        ("0.5 M", 500_000, 100_000),
        ("48", 48, 1),
    ],
)
def test_what_is_stated(text, value, unit):
    assert amounts.parse(text) == Amount(value, unit)


@pytest.mark.parametrize(
    "text", ["", "many", "-3", "1.5", "1e9", "3 x", "12,34", "9" * 31, "9" * 29, "1.2.3 B", "B", "٣ B"]
)
def test_what_states_no_number(text):
    assert amounts.parse(text) is None


@pytest.mark.parametrize("text", ["102.65 B", "102.6 B", "102.7 B", "103 B", "102 B", "102651793408", "102,651.8 M"])
def test_a_number_rounded_or_cut_is_covered(text):
    assert amounts.parse(text).covers(SOLAR)


@pytest.mark.parametrize(
    "text", ["102.64 B", "102.66 B", "102.5 B", "101 B", "104 B", "102651793409", "100 B", "102.65 M"]
)
def test_another_number_is_not(text):
    assert not amounts.parse(text).covers(SOLAR)


def test_a_binary_thousand():
    stated = amounts.parse("128K")
    assert stated.covers(131_072)
    assert stated.covers(128_000)
    assert not stated.covers(130_000)
    assert not amounts.parse("128.0K").covers(131_072)


@given(st.integers(0, 10**15), st.integers(0, 9))
def test_a_number_is_covered_in_as_many_digits_as_it_is_written_with(exact, digits):
    stated = f"{exact / 10**9:.{digits}f} B"
    assert amounts.parse(stated).covers(exact)


@given(st.integers(1, 10**15))
def test_an_exact_number_covers_itself_alone(exact):
    stated = amounts.parse(str(exact))
    assert stated.covers(exact)
    assert not stated.covers(exact + 1)
    assert not stated.covers(exact - 1)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text):
    found = amounts.parse(text)
    assert found is None or 0 <= found.value <= amounts.LARGEST
