"""What a person reads of weight evidence: each number with its null, its control and its power."""

from __future__ import annotations

import re

import pytest

from archdiff.render import terminal, weights_text
from archdiff.render.screen import Screen
from archdiff.render.weights_words import amount_of, figure, layer_map, runs, share
from archdiff.report.assemble import assemble
from archdiff.report.weights import CANNOT_TELL, weights_entry
from tests.archdiff.making import comparison
from tests.archdiff.weights.making import (
    FAILED,
    PASSED,
    a_test,
    compared,
    every_kind,
    evidence,
    hostile,
    judged,
    mapped,
)

ESCAPE = "\x1b"


def shown(found, width=200, **screen):
    return weights_text.text(assemble(comparison(), [], [], evidence=found), Screen(width, **screen))


def lines(*args, **values):
    return [line.strip() for line in shown(evidence(*args, **values)).splitlines()]


def one_line(text):
    return re.sub(r"\s+", " ", text)


def test_a_verdict_stands_with_labels_reasons_figures_controls_and_limits():
    found = judged(
        labels=("fine-tuned", "quantised"),
        reasons=("first reason", "second reason"),
        log10_p={"hidden-units": -312.4, "value-channels": None},
        controls=(PASSED, FAILED),
        frozen=("layers.0 norm",),
        limits=("one seed for both cannot be excluded",),
    )
    told = lines(found, elements=(compared(), compared(1)))
    start = told.index("language model  derived (fine-tuned, quantised): the weights depend on each other")
    assert told[start + 1 : start + 7] == [
        "first reason",
        "second reason",
        "log10 p −312 (hidden units), – (value channels); power: a row cosine of 0.04 would give p = 1e-12",
        "controls: 1 of 2 passed; failed: trend of row norm in OLD (9.1, limit 3)",
        "equal in every element, while the rest is not: layers.0 norm",
        "equal elements: 10 % of 2,000 in 2 pairs of tensors",
    ]


def test_independence_is_worded_with_its_bound():
    assert "no dependence detected at row cosine ≥ 0.04" in shown(evidence(judged(verdict="independent")))
    assert "at row cosine" not in shown(evidence(judged(verdict="independent", power=None, log10_p={})))


def test_a_p_without_power_says_that_it_is_unknown():
    assert "power: a row cosine of unknown" not in shown(evidence())
    assert "power unknown" in shown(evidence(judged(power=None)))


def test_every_component_has_its_own_lines():
    text = shown(every_kind())
    at = [text.index(f"\n  {name}  ") for name in ("language model", "vision tower", "heads")]
    assert at == sorted(at)
    assert text.index("layer map") < at[1]


def test_tests_are_folded_over_layers_and_experts():
    tests = [a_test(n, new=f"layers.{n} expert {e} gate", log10_p=-10.0 * e) for n in (0, 1, 2) for e in (1, 5)]
    (row,) = [line for line in shown(evidence(tests=tests)).splitlines() if "hidden units   " in line]
    assert re.split(r"\s{2,}", row.strip())[1:] == [
        "hidden units",
        "layers.0–2 expert * gate",
        "6",
        "−30, −50",
        "0.05",
        "0.9",
    ]


def test_tests_that_abstained_are_counted_and_say_why():
    tests = (a_test(0), *(a_test(n, log10_p=None, power=None, abstained="a trend along the index") for n in (1, 2, 3)))
    text = shown(evidence(tests=tests))
    assert "1 of 4" in text
    assert "abstained: hidden units, layers.1 gate and 2 more: a trend along the index" in text


def test_many_reasons_are_cut():
    tests = tuple(a_test(n, log10_p=None, abstained=f"reason {n}") for n in range(9))
    text = shown(evidence(tests=tests))
    assert text.count("abstained: hidden units") == 4
    assert "abstained: for 5 more reasons" in text


def test_a_long_table_is_cut_and_says_so():
    tests = tuple(a_test(None, new=f"part {'x' * n}") for n in range(45))
    assert "and 5 more" in shown(evidence(tests=tests))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "0.98 (0.01)"),
        ({"cosine": 0.99, "expected_cosine": 0.989}, "0.99 (0.989)"),
        ({"cosine": 0.99, "expected_cosine": float("nan")}, "–"),
        ({"cosine": float("nan"), "expected_cosine": 0.5}, "–"),
    ],
)
def test_a_raw_cosine_never_stands_without_the_expected_one(values, told):
    text = shown(evidence(elements=(compared(role="norm", **values),)))
    (row,) = [line for line in text.splitlines() if "norm   " in line]
    assert row.endswith(f"  {told}")


def test_pairs_of_a_role_are_one_row_with_the_difference_of_all_together():
    pairs = (compared(0, norms=(3.0, 1.0), difference=3.0), compared(1, norms=(4.0, 1.0), difference=4.0))
    (row,) = [line for line in shown(evidence(elements=pairs)).splitlines() if "gate   " in line]
    assert re.split(r"\s{2,}", row.strip())[2:5] == ["2", "10 %", "1"]


def test_what_was_read_what_was_not_checked_and_what_no_pair_tells_is_said():
    text = one_line(shown(evidence(read=(3 * 2**30, 512), total=(2**40, 1024), device="cuda:0")))
    assert "read 3 GiB of 1 TiB of OLD, 512 bytes of 1 KiB of NEW; computed on cuda:0" in text
    assert "not checked: vision-tower: over the budget" in text
    assert CANNOT_TELL in text


def test_the_terminal_report_holds_the_section_and_says_nothing_twice():
    text = one_line(terminal.text(assemble(comparison(), [], [], evidence=every_kind()), Screen(120)))
    assert "Weights read 10 bytes" in text
    assert text.count("vision-tower: over the budget") == 1
    assert text.count("cannot tell") == 1
    assert "not checked: tokenizer: not compared" in text


def test_a_limit_of_several_components_is_told_once():
    limited = [judged(name, limits=("one seed", "distillation")) for name in ("language-model", "heads")]
    text = one_line(shown(evidence(*limited)))
    assert "What a pair of checkpoints cannot tell: one seed; distillation." in text
    assert text.count("one seed") == 1


def test_a_share_that_the_reasons_tell_is_not_told_again():
    told = judged(reasons=("10.00% of 1,000 compared elements are equal",))
    assert "equal elements:" not in shown(evidence(told, elements=(compared(),)))


def test_pairs_of_which_no_element_could_be_compared_have_no_row():
    text = shown(evidence(elements=(compared(count=0, equal=0),)))
    assert "raw cosine" not in text
    assert "equal elements" not in text


def test_families_are_explained():
    text = one_line(shown(evidence(tests=(a_test(), a_test(family="match")))))
    assert "hidden units: order of hidden units (F1); match: agreement of two matchings of hidden units." in text


def test_a_report_without_weights_has_no_section():
    made = assemble(comparison(), [], [])
    assert "Weights" not in terminal.text(made)
    assert "weights: not compared" in weights_text.text(made)


@pytest.mark.parametrize("width", [20, 80, 120])
@pytest.mark.parametrize("found", [every_kind(), hostile()], ids=["every kind", "hostile"])
def test_lines_keep_within_the_width(found, width):
    assert max(map(len, shown(found, width).splitlines())) <= max(width, 40)


def test_hostile_text_moves_no_cursor_and_is_no_markup():
    text = shown(hostile(), 2000)
    assert not set(text) & {ESCAPE, "\r", "\x07", "\u202e", "\ud800"}
    assert text.count("[bold red]x[/bold red]") >= 8
    text.encode("utf-8")


def test_symbols_say_the_same_without_colour():
    plain, coloured = shown(every_kind()), shown(every_kind(), colour=True)
    assert ESCAPE not in plain
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (mapped((*range(24), *range(8, 32)), 32), "layer map: layers 0–23 in place, 24–47 ← 8–31; log10 p −200"),
        (mapped((0, None)), "layer map: layer 0 in place; 1 without a match; log10 p −200"),
        (mapped((None, None)), "layer map: no layer matched; log10 p −200"),
        (mapped((1, 0), log10_p=-3.0), "layer map: layers 0 ← 1, 1 ← 0; log10 p −3, not certain"),
        (mapped((0,), log10_p=float("nan")), "layer map: layer 0 in place; log10 p –, not certain"),
        (mapped((0,), log10_p=-float("inf")), "layer map: layer 0 in place; log10 p −∞"),
    ],
)
def test_a_layer_map_in_words(made, told):
    assert layer_map(weights_entry(evidence(maps=(made,))).maps[0]) == told


def test_a_map_of_many_runs_is_cut():
    made = weights_entry(evidence(maps=(mapped([0, 5] * 10),))).maps[0]
    assert "and 12 more" in layer_map(made)


def test_words_of_figures():
    assert [figure(value) for value in (None, -312.44, 0.0412, 0, 1e308)] == ["–", "−312", "0.0412", "0", "∞"]
    assert [share(*pair) for pair in ((0, 0), (0, 5), (5, 5), (99999, 100000), (1, 10**9), (1, 8))] == [
        "–", "0 %", "100 %", "> 99.9 %", "< 0.001 %", "12.5 %",
    ]  # fmt: skip
    assert [amount_of(size) for size in (0, 1023, 1024, 1536, 2**30 * 200)] == [
        "0 bytes", "1,023 bytes", "1 KiB", "1.5 KiB", "200 GiB",
    ]  # fmt: skip
    assert runs(()) == ()
