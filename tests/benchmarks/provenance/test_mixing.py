"""A merge of several parents: its mixing weights are found, and a stranger has no share in it."""

from __future__ import annotations

import pytest

import archdiff
from tests.benchmarks.provenance.member import save
from tests.benchmarks.provenance.members import scratch
from tests.benchmarks.provenance.relations import fine_tuned
from tests.benchmarks.provenance.reshaped import merged
from tests.benchmarks.provenance.rounding import released

WEIGHTS = (0.7, 0.3)


@pytest.fixture(scope="module")
def models():
    """A model, its fine-tune, and a stranger."""
    first, stranger = scratch("llama", "small", 1), scratch("llama", "small", 2)
    return first, released(fine_tuned(first, "small")), stranger


@pytest.fixture
def solved(tmp_path):
    """What archdiff finds of OLD, NEW and another parent."""

    def solve(old, new, parent):
        names = [str(save(model, tmp_path / name)) for name, model in (("old", old), ("new", new), ("parent", parent))]
        report = archdiff.weigh(names[0], names[1], parents=names[2:], cached=False)
        assert report.weights is not None
        return next(test for test in report.weights.tests if test.family == "merge"), report.weights.judgements[0]

    return solve


def shares(test):
    return test.figures["weight.0"], test.figures["weight.1"]


@pytest.mark.parametrize("other", [1, 2], ids=["of a model and its fine-tune", "of strangers"])
def test_the_weights_of_a_merge_are_found(models, solved, other):
    test, judgement = solved(models[0], released(merged((models[0], models[other]), WEIGHTS)), models[other])
    assert shares(test) == pytest.approx(WEIGHTS, abs=1e-3)
    assert (judgement.verdict, judgement.labels) == ("derived", ("merged",))
    # What is left is no more than bfloat16 rounds away.
    assert test.statistic < test.figures["floor"]


def test_a_stranger_has_no_share_in_a_fine_tune(models, solved):
    test, judgement = solved(*models)
    assert shares(test) == pytest.approx((1, 0), abs=0.02)
    assert test.statistic > 10 * test.figures["floor"]
    assert "merged" not in judgement.labels
