"""Every kind of log gives the same records; files of real programs are read as these wrote them."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from archdiff.errors import SourceError
from archdiff.evidence.training_log import Columns, Expectation, examine
from archdiff.evidence.training_log.reading import open_log
from tests.archdiff.evidence.training_log.logs import GPT2_TOKENS, json_lines, records, scratch, table, trainer_state

LOSSES = scratch(300)
TEXTS = {
    "Megatron-LM": " [2026-01-01 00:00:00] iteration {step:8d}/   10000 | consumed samples: {samples:12d} | elapsed "
    "time per iteration (ms): 513.2 | learning rate: 1.500E-04 | global batch size:    64 | lm loss: {loss:.6E} | loss "
    "scale: 1.0 | grad norm: 1.374 | number of skipped iterations:   0 |",
    "nanoGPT": "iter {step}: loss {loss:.4f}, time 1234.56ms, mfu 38.20%",
    "nanoGPT evaluations": "step {step}: train loss {loss:.4f}, val loss 10.9",
    "llm.c": "step {step:5d}/19560 | loss {loss:.6f} (-nanz)| norm 15.2 (-nanz)| lr 8.57e-07 | 1.2 ms | 44 tok/s",
    "torchtitan": "[rank0]:2026-01-01 - root - INFO - step: {step}  loss: {loss:.4f}  memory: 9.5GiB(1%)  wps: 1,0",
    "plain": "epoch 0 step={step} lr=0.1 train_loss={loss:.5f}",
    "words": "Iteration {step}, Loss: {loss:.5f}",
}


def text_log(path, form, count=300):
    lines = [form.format(step=step, loss=loss, samples=64 * step) for step, loss in enumerate(LOSSES[:count])]
    path.write_text("\n".join(["loading the data", "1,000 files", *lines, "done"]) + "\n", encoding="utf-8")
    return str(path)


def read(path, **columns):
    return examine(str(path), Expectation(GPT2_TOKENS, objective="causal", columns=Columns(**columns)))


def assert_whole(log, kind, count=300):
    assert log.kind == kind
    assert (log.summary.records, log.summary.first.step, log.summary.last.step) == (count, 0, count - 1)
    assert log.summary.first.loss == pytest.approx(LOSSES[0], abs=1e-4)
    assert log.summary.last.loss == pytest.approx(LOSSES[count - 1], abs=1e-4)
    assert log.verdict == "from-scratch"
    assert log.digest.startswith("sha256:")


def test_json_lines(tmp_path):
    assert_whole(read(json_lines(tmp_path / "a.jsonl", records(LOSSES))), "json-lines")


def test_nested_json_lines(tmp_path):
    rows = [{"train": {"loss": loss, "lr": 1e-4}, "global_step": step} for step, loss in enumerate(LOSSES)]
    log = read(json_lines(tmp_path / "a.jsonl", rows), loss="train.loss")
    assert_whole(log, "json-lines")


@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_tables(tmp_path, sign):
    assert_whole(read(table(tmp_path / "a.csv", records(LOSSES), sign)), "csv")


def test_a_csv_that_wandb_exports(tmp_path):
    rows = [
        {"Step": step, "run-7 - train/loss": loss, "run-7 - train/loss__MIN": loss, "run-7 - train/loss__MAX": loss}
        for step, loss in enumerate(LOSSES)
    ]
    log = read(table(tmp_path / "wandb_export.csv", rows))
    assert_whole(log, "csv")
    assert log.summary.names.loss == "run-7 - train/loss"


def test_the_state_of_a_trainer(tmp_path):
    assert_whole(read(trainer_state(tmp_path / "trainer_state.json", records(LOSSES))), "trainer-state")


def test_a_state_on_one_line(tmp_path):
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": list(records(LOSSES)), "total_flos": 5.0}))
    log = read(path)
    assert_whole(log, "trainer-state")
    assert log.compute.logged == 5.0


def test_a_json_array(tmp_path):
    path = tmp_path / "history.json"
    path.write_text(json.dumps(list(records(LOSSES)), indent=1))
    assert_whole(read(path), "trainer-state")


def test_a_state_longer_than_what_is_read_at_once(tmp_path):
    rows = list(records(scratch(9000), note="é" * 60))
    log = read(trainer_state(tmp_path / "trainer_state.json", rows))
    assert log.summary.records == 9000


@pytest.mark.parametrize("form", TEXTS.values(), ids=TEXTS)
def test_text(tmp_path, form):
    assert_whole(read(text_log(tmp_path / "train.log", form)), "text")


def test_megatron_counts_samples(tmp_path):
    log = read(text_log(tmp_path / "train.log", TEXTS["Megatron-LM"]))
    assert log.summary.samples == 64 * 299
    assert log.summary.learning_rate.peak == pytest.approx(1.5e-4)


def test_what_transformers_prints_has_no_steps(tmp_path):
    form = "{{'loss': {loss:.4f}, 'grad_norm': 1.25, 'learning_rate': 5e-05, 'epoch': 0.01}}"
    log = read(text_log(tmp_path / "train.log", form))
    assert log.summary.is_counted
    assert (log.summary.records, log.summary.learning_rate.peak) == (300, 5e-5)


def test_a_pattern_of_the_user(tmp_path):
    path = text_log(tmp_path / "train.log", "<{step}> L({loss:.5f})")
    assert_whole(read(path, pattern=r"<(?P<step>\d+)> L\((?P<loss>[^)]+)\)"), "text")


def test_a_pattern_makes_a_table_text(tmp_path):
    path = table(tmp_path / "a.csv", records(LOSSES))
    assert read(path, pattern=r"^(?P<step>\d+),(?P<loss>.+)$").kind == "text"


def test_parquet(tmp_path):
    import pyarrow
    from pyarrow import parquet

    rows = list(records(LOSSES, _timestamp=lambda step: 1.7e9 + step, name="text"))
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "history.parquet", row_group_size=64)
    log = read(tmp_path / "history.parquet")
    assert_whole(log, "parquet")
    assert log.summary.seconds == pytest.approx(299)


def test_parquet_with_empty_cells(tmp_path):
    import pyarrow
    from pyarrow import parquet

    rows = [{"_step": step, "train/loss": loss, "eval/loss": None} for step, loss in enumerate(LOSSES)]
    rows[1]["eval/loss"] = 11.0
    between = [{"_step": step, "train/loss": None, "eval/loss": 9.0} for step in range(300)]
    mixed = [row for pair in zip(rows, between, strict=True) for row in pair]
    parquet.write_table(pyarrow.Table.from_pylist(mixed), tmp_path / "history.parquet")
    assert_whole(read(tmp_path / "history.parquet"), "parquet")


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """A folder that torch's writer filled: two files of one run."""
    folder = tmp_path_factory.mktemp("board")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.utils.tensorboard import SummaryWriter
    for part, steps in (("a", range(150)), ("b", range(150, 300))):
        with SummaryWriter(str(folder), filename_suffix=f".{part}") as writer:
            for step in steps:
                writer.add_scalar("train/loss", LOSSES[step], step)
                writer.add_scalar("train/learning_rate", 1e-4, step)
            writer.add_histogram("weights", __import__("numpy").zeros(50_000), 1)
    return folder


def test_event_files_of_one_run(events):
    log = read(events)
    assert_whole(log, "tensorboard")
    assert len(open_log(str(events)).files) == 2
    assert log.summary.learning_rate.peak == pytest.approx(1e-4)
    assert log.summary.events == ()


def test_one_event_file(events):
    first = min(events.iterdir())
    assert read(first).summary.records == 150


def test_event_files_with_tensors_as_tensorflow_2_writes_them(tmp_path):
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path))
    for step, loss in enumerate(LOSSES):
        tensor = tensor_pb2.TensorProto(dtype=1, float_val=[loss])
        value = summary_pb2.Summary.Value(tag="loss", tensor=tensor)
        writer.add_event(event_pb2.Event(step=step, wall_time=1.0 + step, summary=summary_pb2.Summary(value=[value])))
    writer.close()
    assert_whole(read(tmp_path), "tensorboard")


WANDB = """
import json, sys, wandb
off = {"x_disable_meta": True, "x_disable_stats": True, "x_disable_machine_info": True}
quiet = wandb.Settings(console="off", silent=True, **off)
config = {"global_batch_size": 8, "model": {"seq_length": 1024}, "vocab_size": 50304}
run = wandb.init(mode="offline", project="p", dir=sys.argv[1], config=config, settings=quiet)
for step, loss in enumerate(json.load(sys.stdin)):
    run.log({"train/loss": loss, "train/global_step": step, "train/learning_rate": 1e-4})
run.log({"table": {"x" * 50: "y" * 40_000}})
run.finish()
"""


@pytest.fixture(scope="session")
def offline(tmp_path_factory):
    """The folder that a real offline run of W&B left."""
    folder = tmp_path_factory.mktemp("wandb")
    environment = {**__import__("os").environ, "WANDB_MODE": "offline", "HOME": str(folder)}
    arguments = [sys.executable, "-W", "ignore", "-c", WANDB, str(folder)]
    subprocess.run(arguments, input=json.dumps(LOSSES), text=True, check=True, capture_output=True, env=environment)
    return folder / "wandb"


def test_an_offline_run_of_wandb(offline):
    log = read(offline)
    assert_whole(log, "wandb")
    assert log.summary.names.step == "train/global_step"
    assert log.compute.tokens == 8 * 1024 * 299
    assert log.summary.settings["vocabulary"] == 50304


def test_a_wandb_file_is_the_run(offline):
    (file,) = offline.rglob("*.wandb")
    assert read(file).digest == read(offline).digest


def test_a_wandb_file_that_is_cut_off_is_read_so_far(offline, tmp_path):
    (file,) = offline.rglob("*.wandb")
    data = file.read_bytes()
    (tmp_path / "cut.wandb").write_bytes(data[: len(data) // 2])
    log = read(tmp_path / "cut.wandb")
    assert 0 < log.summary.records < 300
    assert any("ends in the middle of a record" in note for note in log.not_checked)


def test_a_wandb_file_in_which_a_digit_was_changed_is_refused(offline, tmp_path):
    (file,) = offline.rglob("*.wandb")
    data = file.read_bytes()
    at = data.index(b"train/loss", len(data) // 2) + data[data.index(b"train/loss", len(data) // 2) :].index(b".") + 1
    changed = b"5" if data[at : at + 1] != b"5" else b"6"
    (tmp_path / "edited.wandb").write_bytes(data[:at] + changed + data[at + 1 :])
    with pytest.raises(SourceError, match="is damaged at byte"):
        read(tmp_path / "edited.wandb")


def test_a_folder_with_one_log(tmp_path):
    json_lines(tmp_path / "out" / "metrics.jsonl", records(LOSSES))
    assert_whole(read(tmp_path), "json-lines")


def test_the_last_of_several_checkpoints(tmp_path):
    for count in (100, 300):
        trainer_state(tmp_path / f"checkpoint-{count}" / "trainer_state.json", records(LOSSES[:count]))
    log = read(tmp_path)
    assert_whole(log, "trainer-state")
    assert any("checkpoint-300" in note for note in log.not_checked)


def test_the_digest_is_of_the_bytes(tmp_path):
    import hashlib

    path = json_lines(tmp_path / "a.jsonl", records(LOSSES))
    assert read(path).digest == f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def test_the_same_log_is_said_the_same_of(tmp_path):
    path = json_lines(tmp_path / "a.jsonl", records(LOSSES))
    assert read(path) == read(path)
