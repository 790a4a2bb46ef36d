"""A training log as a document: complete, bounded, finite, and the same for the same log."""

from __future__ import annotations

import json
import math

import pytest

from archdiff import api
from archdiff.errors import UsageError
from archdiff.evidence.training_log import Columns
from archdiff.report.training_log import TrainingLogEntry
from tests.archdiff.evidence.training_log.logs import json_lines, records, scratch, warm


def entry_of(tmp_path, rows, **values):
    path = json_lines(tmp_path / "run.jsonl", rows)
    return api.training_log(path, **{"vocab_size": 50_304, "objective": "causal", **values})


def test_it_round_trips(tmp_path):
    entry = entry_of(tmp_path, records(scratch()))
    assert TrainingLogEntry.model_validate_json(entry.model_dump_json()) == entry


def test_the_same_log_gives_the_same_bytes(tmp_path):
    rows = list(records(scratch()))
    first, second = (entry_of(tmp_path, rows).model_dump_json() for _ in range(2))
    assert first == second


def test_figures_for_programs(tmp_path):
    entry = entry_of(tmp_path, records(scratch(2000), every=10, lr=1e-4), tokens_per_step=1000)
    assert (entry.figures["first_step"], entry.figures["last_step"]) == (0, 19_990)
    assert entry.figures["steps_between_records"] == 10
    assert entry.figures["tokens"] == 19_990_000
    assert entry.figures["learning_rate_peak"] == 1e-4
    assert entry.figures["operations"] is None, "no model is named"
    assert (entry.loss_column, entry.step_column, entry.objective, entry.start) == ("loss", "step", "causal", "there")


def test_the_curve_is_bounded_and_dense_at_its_beginning(tmp_path):
    entry = entry_of(tmp_path, records(scratch(5000)))
    assert len(entry.curve) <= 1000
    assert [point.step for point in entry.curve[:200]] == list(range(200))


def test_no_figure_is_infinite(tmp_path):
    rows = list(records(scratch(50), lr=float("inf"), tokens=float("nan")))
    rows[3]["loss"] = float("-inf")
    entry = entry_of(tmp_path, rows)
    assert all(value is None or math.isfinite(value) for value in entry.figures.values())
    assert json.loads(json.dumps(entry.model_dump(mode="json"), allow_nan=False))
    assert [point.loss for point in entry.curve if point.step == 3] == [None]


def test_the_compute_of_a_model_is_told(tmp_path):
    entry = entry_of(tmp_path, records(scratch(100), tokens=lambda step: 5e5 * step), vocab_size=None, model="gpt2")
    assert any("about 3.70e+16 operations (6·N·D)" in reason for reason in entry.reasons)
    assert [line.name for line in entry.references] == ["ln V", "untrained model"]


def test_without_steps_no_figure_pretends_to_one(tmp_path):
    entry = entry_of(tmp_path, [{"loss": loss} for loss in warm()])
    assert (entry.figures["first_step"], entry.figures["last_step"], entry.step_column) == (None, None, "")


@pytest.mark.parametrize("objective", [None, "causal"])
def test_something_must_say_how_many_tokens_there_are(tmp_path, objective):
    with pytest.raises(UsageError, match="--vocab-size N or --model REF"):
        entry_of(tmp_path, records(warm()), vocab_size=None, objective=objective)


def test_another_objective_needs_no_vocabulary(tmp_path):
    entry = entry_of(tmp_path, records(warm()), vocab_size=None, objective="classification")
    assert (entry.verdict, entry.references) == ("inconclusive", ())


def test_another_vocabulary_than_the_models_is_told(tmp_path):
    entry = entry_of(tmp_path, records(scratch()), vocab_size=50_304, model="gpt2")
    assert any("the model has 50,257" in left_out for left_out in entry.not_checked)


def test_names_that_are_no_utf_8(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"step": 0, "\\ud800 loss": 10.8}\n')
    entry = api.training_log(str(path), vocab_size=50_304, columns=Columns(loss="\ud800 loss"))
    assert entry.loss_column == "\\ud800 loss"
    assert entry.model_dump_json()
