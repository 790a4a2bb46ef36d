"""Logs that are damaged, no logs, or made to hurt: one error of ours, in bounded time and memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError, UsageError
from archdiff.evidence.training_log import Columns, Expectation, examine
from tests.archdiff.evidence.training_log.logs import json_lines, records, scratch, table, trainer_state, warm


def read(path, **columns):
    return examine(str(path), Expectation(50_304, objective="causal", columns=Columns(**columns)))


def refused(path, *parts, error=SourceError, **columns):
    with pytest.raises(error) as caught:
        read(path, **columns)
    told = str(caught.value)
    assert told.isprintable()
    assert caught.value.remedy
    for part in parts:
        assert part in told
    return told


def test_nothing_there(tmp_path):
    refused(tmp_path / "nope", "does not exist", error=UnresolvedReferenceError)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_no_path(path):
    refused(path, error=UnresolvedReferenceError)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.jsonl").touch()
    refused(tmp_path / "a.jsonl", "is empty")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.log")
    refused(tmp_path / "a.log", "is no regular file")


def test_an_empty_folder(tmp_path):
    refused(tmp_path, "without a log of a known kind")


def test_other_columns_are_listed_with_the_options_that_name_them(tmp_path):
    rows = [{"iteration_no": 1, "objective_value": 3.0, "speed": 2.0}] * 3
    refused(table(tmp_path / "a.csv", rows), "iteration_no, objective_value, speed", "--loss-column", "--step-column")
    log = read(table(tmp_path / "a.csv", rows), loss="objective_value", step="iteration_no")
    assert log.summary.names.step == "iteration_no"


@pytest.mark.parametrize("option", ["loss", "step"])
def test_a_named_column_that_is_not_there(tmp_path, option):
    path = json_lines(tmp_path / "a.jsonl", records(warm()))
    refused(path, "'foo'", "there are: step, loss", f"--{option}-column", **{option: "foo"})


def test_names_from_a_file_move_no_cursor(tmp_path):
    assert "\x1b" not in refused(json_lines(tmp_path / "a.jsonl", [{"\x1b[2Jevil": 1.0}] * 2), "evil")


def test_several_runs_in_one_table_are_named(tmp_path):
    rows = [{"Step": step, "a - train/loss": loss, "b - train/loss": loss} for step, loss in enumerate(scratch(20))]
    path = table(tmp_path / "a.csv", rows)
    refused(path, "several runs or losses: a - train/loss, b - train/loss", "--loss-column")
    assert read(path, loss="b - train/loss").verdict == "from-scratch"


def test_several_logs_in_a_folder_are_named(tmp_path):
    for name in ("one.jsonl", "two.jsonl"):
        json_lines(tmp_path / name, records(warm()))
    refused(tmp_path, "holds several logs: one.jsonl, two.jsonl")


def test_several_wandb_runs_in_a_folder_are_named(tmp_path):
    for name in ("run-a", "run-b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.wandb").write_bytes(b":W&B")
    refused(tmp_path, "run-a/run-a.wandb, run-b/run-b.wandb")


def test_two_finished_runs_of_a_trainer_are_named(tmp_path):
    for name in ("lr-1", "lr-2"):
        trainer_state(tmp_path / name / "trainer_state.json", records(warm(4)))
    refused(tmp_path, "holds several logs: lr-1, lr-2")


def test_checkpoints_of_two_runs_are_named(tmp_path):
    for name in ("a", "b"):
        trainer_state(tmp_path / name / "checkpoint-1" / "trainer_state.json", records(warm(4)))
    refused(tmp_path, "a/checkpoint-1, b/checkpoint-1")


def test_steps_that_run_backwards(tmp_path):
    rows = list(records(scratch(50)))[::-1]
    refused(json_lines(tmp_path / "a.jsonl", rows), "run backwards, from 49 to 0", "sort it")


def test_losses_that_are_no_numbers(tmp_path):
    rows = records([float("nan")] * 20)
    refused(json_lines(tmp_path / "a.jsonl", rows), "no loss that is a number")


def test_nan_as_text_and_huge_numbers(tmp_path):
    losses = scratch(50)
    rows = list(records(losses))
    rows[5]["loss"], rows[6]["loss"], rows[7]["loss"] = "NaN", "Infinity", 10**400
    log = read(json_lines(tmp_path / "a.jsonl", rows))
    assert log.summary.not_a_number == 2
    assert log.summary.records == 49


def test_absurd_steps(tmp_path):
    rows = list(records(scratch(50)))
    rows[3]["step"], rows[4]["step"] = float("inf"), 1e300
    assert read(json_lines(tmp_path / "a.jsonl", rows)).summary.last.step == 49


@pytest.mark.parametrize("data", [b"\x7fELF\0\0\0", b"\0" * 100, os.urandom(4096) + b"\0"])
def test_garbage(tmp_path, data):
    (tmp_path / "a.log").write_bytes(data)
    refused(tmp_path / "a.log")


def test_text_that_is_no_log(tmp_path):
    (tmp_path / "a.log").write_text("all is well\n" * 30_000)
    refused(tmp_path / "a.log", "no known pattern fits", "--pattern")


@pytest.mark.parametrize(
    ("pattern", "cause"),
    [("(", "no regular expression"), ("loss (.*)", "no group named loss"), ("x{99999999999}", "no regular")],
)
def test_a_pattern_that_is_none(tmp_path, pattern, cause):
    path = json_lines(tmp_path / "a.jsonl", records(warm()))
    refused(path, cause, "--pattern", error=UsageError, pattern=pattern)


def test_a_pattern_that_fits_nothing(tmp_path):
    path = json_lines(tmp_path / "a.jsonl", records(warm()))
    refused(path, "the pattern fits no line", pattern="foo (?P<loss>x)")


def test_a_json_line_in_the_middle_is_damaged(tmp_path):
    lines = [json.dumps(row) for row in records(warm())]
    lines[7] = lines[7][:-4]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    refused(tmp_path / "a.jsonl", "line 8 is no JSON object")


def test_a_last_line_that_is_cut_off_is_told(tmp_path):
    text = "\n".join(json.dumps(row) for row in records(warm()))
    (tmp_path / "a.jsonl").write_text(text[:-4])
    log = read(tmp_path / "a.jsonl")
    assert log.summary.records == 399
    assert any("cut off" in note for note in log.not_checked)


def test_a_row_that_does_not_fit_the_heading(tmp_path):
    path = table(tmp_path / "a.csv", records(warm(10)))
    with Path(path).open("a", encoding="utf-8") as file:
        file.write("1,2,3,4\n11,1.5\n")
    refused(path, "line 12 has more or fewer cells")


def test_a_line_without_end_is_not_held(tmp_path):
    with (tmp_path / "a.log").open("wb") as file:
        file.write(b"x")
        file.truncate(2**31)
    refused(tmp_path / "a.log")


@pytest.mark.parametrize("cut", [0.3, 0.99])
def test_a_state_that_is_cut_off(tmp_path, cut):
    path = trainer_state(tmp_path / "trainer_state.json", records(warm()))
    text = Path(path).read_text(encoding="utf-8")
    (tmp_path / "trainer_state.json").write_text(text[: int(len(text) * cut)])
    refused(tmp_path / "trainer_state.json")


def test_json_that_is_no_log(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 5}, indent=2))
    refused(tmp_path / "config.json", "without a `log_history`")


def test_json_nested_too_deep(tmp_path):
    (tmp_path / "a.json").write_text('[{"a":' + "[" * 100_000)
    refused(tmp_path / "a.json")


def packed(path, kind):
    data = json.dumps({"step": 0, "loss": 1.0}).encode() * 1000
    if kind == "gzip":
        path.write_bytes(gzip.compress(data))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.jsonl", data)


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_archives_are_not_unpacked(tmp_path, kind):
    packed(tmp_path / "a.jsonl", kind)
    refused(tmp_path / "a.jsonl", f"is compressed ({kind})", "unpack it")


def frame(data, kind=1):
    return struct.pack("<IHB", zlib.crc32(data, zlib.crc32(bytes([kind]))), len(data), kind) + data


HEADING = b":W&B" + struct.pack("<HB", 0xBEE1, 0)


@pytest.mark.parametrize(
    "data",
    [
        b":W&B",
        b":W&B\0\0\0" + frame(b""),
        HEADING + frame(b"\xff" * 20),
        HEADING + frame(b"", kind=3),
        HEADING + frame(b"", kind=2) + frame(b"", kind=1),
        HEADING + frame(b"abc")[:-1] + b"x",
        HEADING + b"".join(frame(b"\0" * 32_000, kind=2 if n == 0 else 3) for n in range(1)) + b"\0" * 600,
    ],
)
def test_wandb_files_that_lie(tmp_path, data):
    (tmp_path / "a.wandb").write_bytes(data)
    refused(tmp_path / "a.wandb")


def test_what_wandb_says_of_a_resumed_run(tmp_path):
    from wandb.proto import wandb_internal_pb2 as messages

    run = messages.Record(run=messages.RunRecord(run_id="a", resumed=True, starting_step=500))
    rows = [messages.Record() for _ in range(300)]
    for step, (row, loss) in enumerate(zip(rows, warm(300), strict=True), 500):
        for name, value in (("_step", step), ("loss", loss)):
            row.history.item.add(key=name, value_json=json.dumps(value))
    frames = b"".join(frame(record.SerializeToString()) for record in (run, *rows))
    (tmp_path / "a.wandb").write_bytes(HEADING + frames)
    log = read(tmp_path / "a.wandb")
    assert log.verdict == "resumed"
    assert any("recorded this run as resumed, at its step 500" in reason for reason in log.judgement.reasons)


def event(data, length=None, checksum=None):
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    head = struct.pack("<Q", len(data) if length is None else length)
    return head + struct.pack("<I", masked_crc32c(head)) + data + struct.pack("<I", checksum or masked_crc32c(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 40,
        event(b"\x1a\x0dbrain.Event:2") + event(b"\xff" * 30),
        event(b"\x1a\x0dbrain.Event:2") + event(b"", checksum=5),
        event(b"\x1a\x0dbrain.Event:2") + event(b"", length=2**63),
        event(b"\x1a\x0dbrain.Event:2")[:-1],
    ],
)
def test_event_files_that_lie(tmp_path, data):
    (tmp_path / "events.out.tfevents.1").write_bytes(data)
    refused(tmp_path / "events.out.tfevents.1")


def test_large_events_are_passed_over_unread(tmp_path):
    from tensorboard.compat.proto import event_pb2, summary_pb2

    value = summary_pb2.Summary.Value(tag="loss", simple_value=10.8)
    scalar = event_pb2.Event(step=0, summary=summary_pb2.Summary(value=[value])).SerializeToString()
    data = event(b"\x1a\x0dbrain.Event:2") + event(b"\xff" * 70_000, checksum=5) + event(scalar)
    (tmp_path / "events.out.tfevents.1").write_bytes(data)
    assert read(tmp_path / "events.out.tfevents.1").verdict == "from-scratch"


@pytest.mark.parametrize("cut", [4, 50, -1])
def test_parquet_that_lies(tmp_path, cut):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(list(records(warm()))), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data[:cut] if cut > 0 else data[:200] + b"\xff" * 50 + data[250:])
    refused(tmp_path / "a.parquet", "damaged")


@pytest.mark.parametrize("kind", ["a.wandb", "events.out.tfevents.1", "a.parquet"])
def test_a_missing_package_is_one_line(tmp_path, monkeypatch, kind):
    from archdiff.evidence.training_log.reading import extra

    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    (tmp_path / kind).write_bytes({"a.wandb": b":W&B", "a.parquet": b"PAR1"}.get(kind, b"1"))
    refused(tmp_path / kind, "pip install 'archdiff[logs]'", error=UsageError)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"{", b"[", HEADING, b"PAR1", b'{"log_history": [', b"step,loss\n", b'{"loss":1,"step":1}\n']
    ),
)
def test_any_bytes_are_read_or_refused(tmp_path, data, start):
    path = tmp_path / "log"
    path.write_bytes(start + data)
    with contextlib.suppress(ArchdiffError):
        assert read(path).summary.records


GROWTH = """
import resource, sys
from archdiff.evidence.training_log import Expectation, examine
examine(sys.argv[1], Expectation(50304, objective="causal"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def memory(path):
    """MiB that reading a log takes at the most, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", GROWTH, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF"), reason="the memory of a process cannot be told here")
def test_memory_does_not_grow_with_the_log(tmp_path):
    padding = "x" * 400
    for name, count in (("small", 1_000), ("large", 60_000)):
        losses = scratch(count)
        json_lines(tmp_path / f"{name}.jsonl", records(losses, padding=padding))
    assert (tmp_path / "large.jsonl").stat().st_size > 25 * 2**20
    small, large = memory(tmp_path / "small.jsonl"), memory(tmp_path / "large.jsonl")
    assert large < small + 20, "the whole file has more than 25 MiB"
