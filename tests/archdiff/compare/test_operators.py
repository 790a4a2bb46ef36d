"""What a module computes does not depend on how a class writes it."""

from __future__ import annotations

from collections import Counter

import pytest

from archdiff.compare import compare
from archdiff.compare.operators import masks, tokens
from tests.archdiff.compare.fakes import HIDDEN, model, op, part, weight

SQUARE = weight(HIDDEN, HIDDEN)

GELU = [
    op("mul", "#0", arguments=("0.5",)), op("pow", "#0", arguments=("3.0",)), op("mul", "#2", arguments=("0.044715",)),
    op("add", "#0", "#3"), op("mul", "#4", arguments=("0.7978845608028654",)), op("tanh", "#5"),
    op("add", "#6", arguments=("1.0",)), op("mul", "#1", "#7"),
]  # fmt: skip
NORM = [
    op("mean", ">0"), op("sub", ">0", "#0"), op("pow", "#1", arguments=("2",)), op("mean", "#2"),
    op("sub", ">0", "#0"), op("add", "#3", arguments=("1e-07",)), op("sqrt", "#5"), op("div", "#4", "#6"),
    op("mul", "@weight", "#7"), op("add", "#8", "@bias"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ([op("mul", ">0", arguments=("1.0",))], []),
        ([op("add", ">0", arguments=("0",))], []),
        ([op("div", ">0", arguments=("8.0",))], [op("mul", ">0", arguments=("0.125",))]),
        ([op("mul", ">0", arguments=("0.08838834764831845",))], [op("div", ">0", arguments=("11.313708498984761",))]),
        ([op("pow", ">0", arguments=("-0.5",))], [op("rsqrt", ">0")]),
        ([op("square", ">0")], [op("pow", ">0", arguments=("2",))]),
        (GELU, [op("gelu", ">0", arguments=("approximate=tanh",))]),
        (NORM, [op("native_layer_norm", ">0", arguments=("[64]", "1e-07"))]),
    ],
)
def test_one_function_in_two_spellings(written, plain):
    assert tokens(written) == tokens(plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([op("mul", ">0", arguments=("0.125",))], [op("mul", ">0", arguments=("0.1251",))]),
        ([op("div", ">0", arguments=("0.125",))], [op("mul", ">0", arguments=("0.125",))]),
        ([op("add", ">0", arguments=("1",))], []),
        ([*GELU, op("tanh", ">0")], [op("gelu", ">0", arguments=("approximate=tanh",))]),
    ],
)
def test_what_computes_something_else_has_other_tokens(one, other):
    assert tokens(one) != tokens(other)


def test_masks_and_positions_are_told_from_what_reads_them():
    program = [
        op("arange"),
        op("le", "#0", "#0"),
        op("where", "#1", "#0", "#0"),
        op("add", ">0", "#2"),
        op("exp", "#3"),
    ]
    assert masks(program) == tokens(program[1:3]) == Counter(["le", "where"])


def test_what_a_mask_is_counted_from_is_a_mask():
    program = [op("cumsum", ">1"), op("mul", "#0", ">1"), op("mul", ">0", ">0")]
    assert masks(program) == Counter(["cumsum", "mul"])


LE = [op("le", ">1", ">1"), op("mul", "#0", ">0")]
ONLY = [op("mul", ">1", ">0")]


def changes_of(*classes):
    """What differs where the first side alone computes a mask, between two classes of these names."""
    sides = (LE, ONLY)
    graphs = [
        model({"part": part("attention", SQUARE, class_name=name, operators=side)})
        for name, side in zip(classes, sides, strict=True)
    ]
    return [change for change in compare(*graphs).changes if change.kind == "operators-changed" and change.subject]


def test_another_class_may_compute_its_mask_in_its_own_way():
    assert [(change.impact, bool(change.inert)) for change in changes_of("A", "B")] == [("cosmetic", True)]


def test_a_class_that_computes_another_mask_is_another_function():
    assert [(change.impact, bool(change.inert)) for change in changes_of("A", "A")] == [("behavioral", False)]


def test_what_a_module_runs_counts_for_the_one_around_it_when_its_parts_have_moved():
    run = [op("softmax", ">0")]
    old = {"attn": part("attention", operators=run), "attn.q": part("query", SQUARE)}
    new = {
        "attn": part("attention", operators=[]), "attn.inner": part("", operators=run),
        "attn.inner.q": part("query", SQUARE),
    }  # fmt: skip
    found = compare(model(old), model(new)).changes
    assert [change.kind for change in found if not change.inert] == ["module-renamed"]
