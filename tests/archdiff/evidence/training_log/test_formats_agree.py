"""The same run says the same, whichever way it was written down."""

from __future__ import annotations

import json

import pytest

from archdiff.evidence.training_log import Expectation, examine
from tests.archdiff.evidence.training_log.logs import json_lines, records, scratch, table, trainer_state, warm


def as_array(path, rows):
    path.write_text(json.dumps(list(rows)))
    return str(path)


def as_text(path, rows):
    path.write_text("".join(f"step={row['step']} lr={row['lr']} loss={row['loss']!r}\n" for row in rows))
    return str(path)


def as_parquet(path, rows):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return str(path)


FORMS = {"array": as_array, "csv": table, "state": trainer_state, "parquet": as_parquet, "text": as_text}


def troubled():
    """A run with a gap, a restart and a copied stretch."""
    losses = scratch(600)
    losses[400:440] = losses[300:340]
    rows = [row for row in records(losses, lr=1e-4) if not 100 < row["step"] < 150]
    return [*rows[:500], *rows[480:]]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("run", ["scratch", "warm", "troubled"])
def test_every_format_says_the_same(tmp_path, form, run):
    rows = troubled() if run == "troubled" else list(records({"scratch": scratch, "warm": warm}[run](), lr=1e-4))
    expected = Expectation(50_304, objective="causal")
    first = examine(json_lines(tmp_path / "a.jsonl", rows), expected)
    other = examine(form(tmp_path / "b", rows), expected)
    assert other.judgement == first.judgement
    assert other.summary.events == first.summary.events
    assert other.summary.curve == first.summary.curve
    assert other.digest != first.digest


def test_the_troubled_run_is_troubled(tmp_path):
    log = examine(json_lines(tmp_path / "a.jsonl", troubled()), Expectation(50_304, objective="causal"))
    assert {event.kind for event in log.summary.events} == {"gap", "restart", "copied", "duplicate"}
    assert log.verdict == "inconclusive"
