"""The sentences that come first."""

from __future__ import annotations

import pytest

from archdiff.report.summary import MOST, amount
from tests.archdiff.making import a_rule, change, finding, graph, layer, report


def sentences(*located, **values):
    return report(*located, changes=[change(1)], **values).summary.sentences


def test_the_telling_rules_come_first_then_the_most_parameters():
    found = sentences(
        (a_rule("norm-kind-changed"), finding("norm: a → b", layers=(), parameters=10)),
        (a_rule("vocabulary-resized"), finding("vocabulary: 1 → 2", layers=(), parameters=-999)),
        (a_rule("layers-added"), finding("36 → 48 layers", layers=(), parameters=1)),
        (a_rule("shared-experts-added"), finding("adds 1 shared expert", layers=(0, 1, 2))),
    )
    assert found == (
        "Adds 1 shared expert (layers 0–2).",
        "36 → 48 layers.",
        "Vocabulary: 1 → 2.",
        "Norm: a → b.",
    )


def test_there_are_few_and_the_figures_are_the_last():
    many = [(a_rule(f"rule-{n}"), finding(f"thing {n}: 1 → 2")) for n in range(20)]
    found = sentences(*many, new=graph("new", [*layer(0), *layer(1)], {"layers": 2}))
    assert len(found) == MOST
    assert found[-1] == "1 → 2 layers; 10 → 20 parameters; 10 → 20 active for one token."


def test_equal_sentences_are_said_once():
    assert len(sentences(finding("x"), finding("x"))) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((), "No difference in architecture was found."),
        ((change(1, "cosmetic"),), "The same architecture: OLD's weights fit and compute the same."),
        ((change(1, "behavioral"),), "OLD's weights fit, and compute something else."),
    ],
)
def test_the_opening_says_what_becomes_of_weights(changes, said):
    assert report(changes=changes).summary.sentences[0] == said


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (102_651_793_408, "102.7 B"),
        (8_030_261_248, "8.03 B"),
        (1_026_408_232_448, "1.03 T"),
        (755_000_000, "755.0 M"),
        (4096, "4,096"),
        (-74_600_000_000, "-74.6 B"),
        (0, "0"),
    ],
)
def test_amounts(number, text):
    assert amount(number) == text
