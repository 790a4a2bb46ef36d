"""Verdicts on small members: what descends is found, and no stranger is accused. The command runs every pair."""

from __future__ import annotations

import pytest

from tests.benchmarks.provenance.pairs import pairs
from tests.benchmarks.provenance.run import compared
from tests.benchmarks.provenance.table import ACCUSING, FLOOR, JUDGED, read
from tests.benchmarks.provenance.truth import TRUTHS, truth

DESCENDED = (
    "identical llama", "fine-tuned llama", "fine-tuned gpt2", "fine-tuned qwen2_moe", "adapter-merged llama",
    "frozen-layers llama", "embeddings-retrained llama", "quantised-int4 llama", "stored-fp8 qwen2_moe",
    "stored-gguf-Q8_0 llama", "unit-permuted llama", "unit-permuted gpt2", "signed-permuted llama", "rotated llama",
    "pruned-importance llama", "depth-scaled llama", "up-cycled llama", "unit-permuted+fine-tuned llama",
)  # fmt: skip
STRANGERS = (
    "other-seed llama 1-2", "other-seed gpt2 1-2", "other-seed qwen2_moe 1-2", "distilled llama 1-11",
    "other-seed+unit-permuted llama 1-2", "other-class llama 1 qwen2_moe 2",
)  # fmt: skip
SMALL = {f"{pair.relation} {pair.name}": pair for pair in pairs("small")}


@pytest.mark.parametrize("name", DESCENDED)
def test_a_model_that_descends_is_found(name):
    found = compared(SMALL[name], "small")
    assert found.outcome == "found", found


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_not_accused_and_the_power_is_named(name):
    found = compared(SMALL[name], "small")
    assert found.outcome == "clear", found
    # So small a model could not be called independent: the tests would miss a faint copy, and say how faint.
    assert found.verdict == "inconclusive"
    assert not found.power or float(found.power) > FLOOR


def test_the_committed_table_accuses_no_stranger():
    rows = [row for row in read() if truth(row.relation).descent == "stranger"]
    assert len(rows) > 100
    assert not [row for row in rows if row.outcome == "accused" or row.verdict in ACCUSING]


def test_the_committed_table_has_every_relation():
    assert {row.relation for row in read()} == set(TRUTHS)


def test_the_committed_table_has_a_verdict_on_every_language_model():
    assert not [row for row in read() if row.verdict == "none"], f"no verdict on the {JUDGED}"
