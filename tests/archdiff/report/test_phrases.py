"""Facts in words, and the pairing of parts."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from archdiff.report.pairing import longest_common
from archdiff.report.part_facts import facts_for
from archdiff.report.phrases import PHRASES, note, notes, phrase

VOCABULARY = tomllib.loads((files("archdiff.graph.facts") / "facts.toml").read_text())


@pytest.mark.parametrize(
    ("fact", "value", "text"),
    [
        ("attention.query_heads", 64, "64 query heads"),
        ("attention.bias", ["query", "key"], "bias on query and key"),
        ("attention.sinks", True, "learned sinks"),
        ("attention.sinks", False, ""),
        ("attention.window", None, "full"),
        ("rotary.scaling.kind", "yarn", "rotary scaling YaRN"),
        ("router.groups", [8, 4], "4 of 8 groups"),
        ("of.another.pack", 3, "of.another.pack 3"),
    ],
)
def test_a_fact_in_words(fact, value, text):
    assert phrase(fact, value) == text


@pytest.mark.parametrize(
    ("fact", "old", "new", "text"),
    [
        ("attention.query_heads", 96, 64, "96 → 64 query heads"),
        ("attention.head_dimension", 64, 128, "head dimension 64 → 128"),
        ("attention.window", 128, None, "window 128 → full"),
        ("attention.window", None, 4096, "window full → 4,096"),
        ("attention.sinks", True, False, "− learned sinks"),
        ("shared_experts.gate", None, True, "+ output gate"),
        ("attention.bias", ["query"], [], "− bias on query"),
        ("router.groups", [8, 4], [4, 2], "4 of 8 → 2 of 4 groups"),
    ],
)
def test_a_difference_in_words(fact, old, new, text):
    assert note(fact, old, new) == text


def test_equal_facts_and_two_kinds_of_nothing_are_no_difference():
    assert notes({"attention.query_heads": 8, "attention.sinks": False}, {"attention.query_heads": 8}) == ()
    assert notes({"attention.bias": ["query"]}, {"attention.bias": ("query",)}) == ()


def test_differences_stand_in_the_order_of_the_vocabulary():
    assert notes({"z": 1, "attention.head_dimension": 1, "attention.query_heads": 1}, {}) == (
        "− 1 query heads",
        "− head dimension 1",
        "− z 1",
    )


def test_every_wording_is_of_a_fact_that_exists():
    assert set(PHRASES) <= set(VOCABULARY)


def test_a_part_states_what_another_cannot_state():
    facts = {"router.scoring": "softmax", "experts.count": 8, "mlp.width": 4}
    assert facts_for("mixture-of-experts", facts, ["mixture-of-experts"]) == {
        "experts.count": 8,
        "router.scoring": "softmax",
    }
    assert facts_for("mixture-of-experts", facts, ["mixture-of-experts", "router", "expert"]) == {}
    assert facts_for("up", facts, ["up", "down"]) == {"mlp.width": 4}
    assert facts_for("down", facts, ["up", "down"]) == {}


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        ("", "", []),
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("nana", "nnanna", [(0, 0), (1, 2), (2, 3), (3, 5)]),
        ("ab", "ba", [(1, 0)]),
        ("x", "y", []),
    ],
)
def test_pairs_never_cross(old, new, pairs):
    assert longest_common(list(old), list(new)) == pairs
