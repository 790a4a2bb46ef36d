"""The thresholds of tokenizers part what is related from what is not: in the table, and on tokenizers trained now."""

from __future__ import annotations

import pytest

from archdiff.evidence.tokenizer import thresholds
from tests.benchmarks import tokenizers
from tests.benchmarks.tokenizers import UNRELATED, table, trained

EXPECTED = {
    "special tokens added": {"extended"},
    "extended": {"extended"},
    "same text, larger": {"extended", "derived", "inconclusive"},
    "pruned": {"pruned"},
    "pruned and extended": {"derived"},
    "both pruned and extended": {"derived"},
    "ids shuffled": {"re-ordered"},
    "NEW continues OLD": {"extended", "derived"},
    "both continue cl100k": {"derived"},
    "special tokens in front": {"extended"},
    "the same": {"identical", "derived"},
    **{relation: {"independent", "inconclusive"} for relation in UNRELATED},
}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    models = ["bpe", "wordpiece", "sentencepiece-bpe"]
    return list(trained(tmp_path_factory.mktemp("trained"), models, [1200], characters=150_000))


def outside(rows):
    return [each for each in rows if each.verdict not in EXPECTED[each.relation]]


def test_verdicts_of_the_table_are_right():
    assert len(table()) >= 100
    assert not outside(table())
    related = [each for each in table() if each.origin == "published" and each.relation not in UNRELATED]
    assert len(related) == 9
    assert not [each for each in related if each.verdict in {"independent", "inconclusive"}]


def test_verdicts_of_tokenizers_trained_now_are_right(live):
    assert not outside(live)
    assert {each.relation for each in live} >= {"every other line", "other text", "pruned", "ids shuffled"}


def test_unrelated_tokenizers_stay_below_the_thresholds(live):
    rows = [each for each in (*table(), *live) if each.relation in UNRELATED and each.common >= thresholds.FEWEST]
    assert len(rows) > 50
    assert max(each.in_order for each in rows) <= thresholds.IN_ORDER.independent
    assert max(each.same_id_shifted for each in rows) <= thresholds.SAME_ID.independent


def test_unrelated_tokenizers_are_mostly_called_independent():
    rows = [each for each in table() if each.relation in UNRELATED and each.common >= thresholds.FEWEST]
    assert all(each.verdict == "independent" for each in rows)


def test_what_reports_say_of_published_tokenizers_stands_in_the_table():
    rows = [each for each in table() if (each.origin, each.relation) == ("published", "unrelated")]
    low, high = thresholds.UNRELATED_SHARED
    assert low <= min(each.shared for each in rows)
    assert max(each.shared for each in rows) <= high
    least, most = thresholds.UNRELATED_CORRELATION
    assert round(min(each.correlation for each in rows), 2) == least
    assert round(max(each.correlation for each in rows), 2) == most


def test_llama_3_and_qwen_3_are_relatives_in_the_table():
    (row,) = [each for each in table() if {each.old, each.new} == {"llama-3.1", "qwen-3"}]
    assert (row.verdict, row.common) == ("derived", 109_310)
    assert row.in_order > 0.9
    assert row.same_id < 0.002


def test_a_table_reads_back_as_it_was_written(tmp_path):
    rows = table()
    tokenizers.write(rows, tmp_path / "again.tsv")
    assert (tmp_path / "again.tsv").read_bytes() == tokenizers.TABLE.read_bytes()
