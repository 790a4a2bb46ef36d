"""Untrusted text prints as one line, and names have the forms that the hub gives out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.text import is_hub_id, is_revision, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("config.json", "config.json"),
        ("modèle-日本", "modèle-日本"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\r\nb", r"a\r\nb"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u2028b", r"a\u2028b"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\udc80", r"\udc80"),
    ],
)
def test_escapes_what_is_not_visible(text, shown):
    assert printable(text) == shown


def test_keeps_both_ends_of_a_long_text():
    assert printable("a" * 500 + "z" * 500, 9) == "aaaa…zzzz"


@given(st.text(), st.integers(1, 50))
def test_is_always_one_bounded_line(text, limit):
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= 10 * limit


@pytest.mark.parametrize("text", ["upstage/Solar-Open-100B", "zai-org/GLM-4.5-Air", "a/b", "01-ai/Yi-34B", "o/_x"])
def test_hub_ids(text):
    assert is_hub_id(text)


@pytest.mark.parametrize(
    "text", ["gpt2", "a/b/c", "/b", "a/", "../b", "a/b..c", "a--b/c", "a/b ", "a/b\n", "é/b", "-a/b"]
)
def test_not_hub_ids(text):
    assert not is_hub_id(text)


@pytest.mark.parametrize("text", ["main", "v1.0", "refs/pr/1", "0" * 40])
def test_revisions(text):
    assert is_revision(text)


@pytest.mark.parametrize("text", ["", "../../x", "/etc", "a//b", "a/", "a b", "main\n", "x" * 300])
def test_not_revisions(text):
    assert not is_revision(text)
