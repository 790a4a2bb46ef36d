"""The table: every relation has its truth, verdicts are judged by it, and what is written can be read."""

from __future__ import annotations

import pytest

from archdiff.errors import SourceError
from archdiff.weights.evidence import Judgement
from tests.benchmarks.provenance import table
from tests.benchmarks.provenance.members import SIZES
from tests.benchmarks.provenance.pairs import Pair, pairs
from tests.benchmarks.provenance.run import compared
from tests.benchmarks.provenance.table import failed, outcome, row, summary
from tests.benchmarks.provenance.truth import TRUTHS

LANGUAGE_MODEL = Judgement("language-model", "derived", ("fine-tuned",), log10_p={"hidden-units": -40.25}, power=0.31)


def test_every_relation_has_its_truth_and_every_truth_a_pair():
    assert {pair.relation for pair in pairs("small")} == set(TRUTHS)


@pytest.mark.parametrize("size", SIZES)
def test_no_two_pairs_have_one_name(size):
    names = [(pair.relation, pair.name) for pair in pairs(size)]
    assert len(set(names)) == len(names)


def test_no_stranger_may_be_accused_by_the_table_itself():
    accused = {
        name for name, each in TRUTHS.items() if each.descent == "stranger" and set(each.verdicts) & set(table.ACCUSING)
    }
    assert not accused


@pytest.mark.parametrize(
    ("relation", "verdict", "others", "power", "expected"),
    [
        ("fine-tuned", "derived", [], 0.3, "found"),
        ("fine-tuned", "transformed", [], 0.3, "missed"),
        ("fine-tuned", "inconclusive", [], 0.3, "open"),
        ("fine-tuned", "inconclusive", [], 0.05, "missed"),
        ("fine-tuned", "independent", [], 0.3, "missed"),
        ("unit-permuted", "transformed", [], None, "found"),
        ("other-seed", "independent", [], 0.05, "clear"),
        ("other-seed", "inconclusive", [], 0.5, "clear"),
        ("other-seed", "derived", [], 0.05, "accused"),
        ("other-seed", "inconclusive", ["derived"], 0.05, "accused"),
        ("other-seed", "none", [], None, "missed"),
        ("distilled", "transformed", [], 0.05, "accused"),
        ("same-initialisation", "derived", [], 0.05, "found"),
    ],
)
def test_a_verdict_is_worth_what_is_true(relation, verdict, others, power, expected):
    assert outcome(relation, verdict, others, power) == expected


def test_a_row_says_what_was_judged():
    found = row("small", "fine-tuned", "llama", [LANGUAGE_MODEL, Judgement("heads", "inconclusive")])
    assert (found.verdict, found.labels, found.log10_p, found.power) == (
        "derived",
        "fine-tuned",
        "hidden-units=-40.2",
        "0.310",
    )
    assert (found.others, found.outcome, found.named) == ("heads=inconclusive", "found", "yes")


def test_a_label_that_does_not_fit_is_counted():
    found = row("small", "adapter-merged", "llama", [LANGUAGE_MODEL])
    assert (found.outcome, found.named) == ("found", "no")


def test_what_is_written_is_read_again(monkeypatch, tmp_path):
    monkeypatch.setattr(table, "PATH", tmp_path / "verdicts.tsv")
    rows = [
        row("small", "fine-tuned", "llama", [LANGUAGE_MODEL]),
        failed("small", "rotated", "llama", ValueError("a\tb\nc")),
    ]
    table.write(rows, "versions")
    assert table.read() == sorted(rows)


def test_the_summary_counts_and_names_what_falls_short():
    accused = row("small", "other-seed", "llama 1-2", [LANGUAGE_MODEL])
    rows = [row("small", "fine-tuned", "llama", [LANGUAGE_MODEL]), accused]
    said = summary(rows).splitlines()
    assert said[2] == "| small | 1 | 1 | 0 | 0 | 1 of 1 | 1 | 1 | 0 |"
    assert said[4].startswith("small other-seed (llama 1-2): accused: derived; p hidden-units=-40.2, power 0.310")


def test_a_pair_that_cannot_be_compared_has_a_row_that_says_so(monkeypatch):
    monkeypatch.setattr("tests.benchmarks.provenance.run.stored", lambda _, folder: (folder, folder))
    pair = Pair("fine-tuned", "llama", lambda: None, lambda: None)

    def judge(old, new):
        raise SourceError("old", "is truncated", "fetch it again")

    found = compared(pair, "small", judge)
    assert found.outcome.startswith("SourceError: ")
    assert found.expected == "derived"
    assert (found.verdict, found.labels, found.log10_p, found.power, found.others) == ("none", "", "", "", "")
