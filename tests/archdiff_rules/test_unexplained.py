"""What no other rule claims, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archdiff_rules._changes import together
from archdiff_rules.unexplained_change import unexplained_change
from tests.archdiff_rules.bare import CHANGE, comparison, found, model, place

ATTENTION = place("model.layers.*.self_attn", 0, 1)
HERE = replace(CHANGE, role="attention", old=ATTENTION, new=ATTENTION, subject="x")

SENTENCES = [
    (CHANGE, "config value `key`: 1 → 2"),
    (replace(HERE, kind="attribute-changed"), "setting `x` of attention: 1 → 2"),
    (replace(HERE, kind="attribute-changed", before=None, after=True), "setting `x` of attention: none → yes"),
    (replace(HERE, kind="tensor-added", before=None, after=(2, 1024)), "tensor `x` of attention added: 2 × 1,024"),
    (
        replace(HERE, kind="tensor-reshaped", axes=("hidden",), before=32, after=64),
        "tensor `x` of attention, hidden: 32 → 64",
    ),
    (
        replace(HERE, kind="module-removed", subject="", new=None, before="Thing", after=None),
        "attention removed: Thing",
    ),
    (
        replace(HERE, kind="operators-changed", subject="mul", before=(), after=("mul(0.5)",)),
        "operator `mul` of attention: none → mul(0.5)",
    ),
    (
        replace(HERE, kind="operators-changed", subject="wiring", before=("a", "mm(query)"), after=("a", "mm(norm)")),
        "wiring of attention: mm(query) → mm(norm)",
    ),
    (replace(HERE, kind="class-changed", role="", before="A", after="B"), "class of a module: A → B"),
]


@pytest.mark.parametrize(("change", "sentence"), SENTENCES, ids=[text for _, text in SENTENCES])
def test_a_change_is_told_in_one_sentence(change, sentence):
    (finding,) = found(unexplained_change, model(), model(), change)
    assert finding.message == sentence
    assert finding.explains[0].kind == change.kind


def test_equal_subjects_of_one_role_are_one_finding():
    other = replace(HERE, old=place("model.layers.*.self_attn", 2), new=place("model.layers.*.self_attn", 2))
    (finding,) = found(unexplained_change, model(), model(), HERE, other)
    assert finding.new == place("model.layers.*.self_attn", 0, 1, 2)


def test_more_than_three_pairs_of_values_are_counted():
    changes = [replace(HERE, before=number, after=number + 10) for number in range(5)]
    (finding,) = found(unexplained_change, model(), model(), *changes)
    assert finding.message.endswith("2 → 12 and 2 more")


def test_a_long_value_is_cut():
    (finding,) = found(unexplained_change, model(), model(), replace(HERE, before="a" * 500, after="b"))
    assert len(finding.message) < 200
    assert "…" in finding.message


def test_parameters_are_summed_and_the_lowest_confidence_counts():
    changes = [replace(HERE, parameters=3), replace(HERE, before=5, parameters=4, confidence="low")]
    (finding,) = found(unexplained_change, model(), model(), *changes)
    assert finding.parameters == 7
    assert finding.confidence == "low"


def test_what_is_explained_or_inert_is_left_out():
    view = comparison(model(), model(), HERE, replace(HERE, subject="y", inert="bookkeeping"), CHANGE)
    left = view.after([view.changes[0].id])
    assert [finding.message for finding in unexplained_change.check(left)] == ["config value `key`: 1 → 2"]


def test_places_have_the_path_that_all_share():
    assert together([place("a.*.b", 1), place("a.*.c", 0)]) == place("a.*", 0, 1)
    assert together([place("a.b"), place("c")]) == place("")
    assert together([None, place("a")]) == place("a")
    assert together([None]) is None
