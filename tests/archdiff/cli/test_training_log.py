"""`archdiff training-log`: as a user calls it, with good logs and bad ones."""

from __future__ import annotations

import json

import pytest

from archdiff.report.training_log import TrainingLogEntry
from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.evidence.training_log.logs import json_lines, records, scratch, table, trainer_state, warm
from tests.archdiff.making import config


@pytest.fixture
def log(tmp_path):
    """The log of a run from scratch."""
    return json_lines(tmp_path / "run.jsonl", records(scratch()))


def test_a_run_from_scratch(call, log):
    ended = call("training-log", log, "--vocab-size", 50_304)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"consistent with a run from scratch\n{log}\n")
    assert "ln V = 10.83" in ended.out
    assert "What a log cannot prove" in ended.out


def test_json_is_the_entry(call, log):
    entry = TrainingLogEntry.model_validate_json(call("training-log", log, "--vocab-size=50304", "--format=json").out)
    assert (entry.verdict, entry.name, entry.kind) == ("from-scratch", log, "json-lines")


def test_files(call, log, tmp_path):
    outputs = [f"--output={tmp_path / name}" for name in ("a.svg", "a.json", "a.txt", "a.html")]
    ended = call("training-log", log, "--vocab-size=50304", "--quiet", *outputs)
    assert ended == (0, "", "")
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    assert json.loads((tmp_path / "a.json").read_text())["verdict"] == "from-scratch"
    assert "from scratch" in (tmp_path / "a.txt").read_text()
    assert "<html" in (tmp_path / "a.html").read_text()


def test_svg_on_standard_output(call, log):
    assert call("training-log", log, "--vocab-size=50304", "--format=svg").out.startswith("<svg")


def test_the_vocabulary_of_a_model(call, log, tmp_path):
    model = config(tmp_path / "model" / "config.json", vocab_size=50_304)
    ended = call("training-log", log, "--model", model)
    assert "consistent with a run from scratch" in ended.out
    assert "built with new weights" in ended.out


def test_a_fine_tune_is_asked_about_then_judged(call, tmp_path):
    path = json_lines(tmp_path / "run.jsonl", records(warm()))
    assert "say --objective causal" in call("training-log", path, "--vocab-size=32001").out.replace("\n    ", " ")
    ended = call("training-log", path, "--vocab-size=32001", "--objective=causal")
    assert "consistent with a warm start" in ended.out.splitlines()[0]


def test_columns_of_other_names(call, tmp_path):
    rows = [{"n": step, "objective": loss} for step, loss in enumerate(scratch())]
    path = table(tmp_path / "run.csv", rows)
    assert_refused(call("training-log", path, "--vocab-size=50304"), "n, objective", "--loss-column", "--step-column")
    ended = call("training-log", path, "--vocab-size=50304", "--loss-column=objective", "--step-column=n")
    assert "consistent with a run from scratch" in ended.out


def test_a_pattern(call, tmp_path):
    path = tmp_path / "run.log"
    path.write_text("".join(f"<{step}> {loss}\n" for step, loss in enumerate(scratch())))
    assert_refused(call("training-log", path, "--vocab-size=50304"), "--pattern")
    ended = call("training-log", path, "--vocab-size=50304", "--pattern", r"<(?P<step>\d+)> (?P<loss>\S+)")
    assert "consistent with a run from scratch" in ended.out


def test_tokens_of_a_step(call, log, tmp_path):
    ended = call("training-log", log, "--vocab-size=50304", "--tokens-per-step=524288", "--format=json")
    assert json.loads(ended.out)["figures"]["tokens"] == 524_288 * 399


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ("--vocab-size N or --model REF",)),
        (["--vocab-size=1"], ("vocab-size",)),
        (["--vocab-size=many"], ("vocab-size",)),
        (["--vocab-size=5", "--objective=love"], ("objective",)),
        (["--vocab-size=5", "--pattern=("], ("--pattern", "no regular expression")),
        (["--vocab-size=5", "--loss-column=foo"], ("'foo'", "there are: step, loss")),
        (["--model=no-such-model-anywhere"], ("no-such-model-anywhere",)),
        (["--vocab-size=5", "--output=a.dot"], ("does not show a training log",)),
        (["--vocab-size=5", "--output=no/such/folder/a.svg"], ("a.svg",)),
    ],
)
def test_calls_that_are_wrong(call, log, arguments, parts):
    ended = call("training-log", log, *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    for part in parts:
        assert part in ended.err


def test_the_log_is_not_replaced(call, log, tmp_path):
    other = tmp_path / "log.json"
    other.write_text(json.dumps({"log_history": list(records(scratch(5)))}))
    ended = call("training-log", other, "--vocab-size=50304", "--output", other)
    assert_refused(ended, "is an input of this command")


def test_bad_logs_are_one_line(call, tmp_path):
    (tmp_path / "garbage.log").write_bytes(bytes(range(256)) * 40)
    backwards = json_lines(tmp_path / "backwards.jsonl", list(records(scratch(30)))[::-1])
    nothing = json_lines(tmp_path / "nan.jsonl", records([float("nan")] * 9))
    cases = {
        tmp_path / "garbage.log": "neither text nor a log",
        backwards: "run backwards",
        nothing: "no loss that is a number",
        tmp_path / "nope": "does not exist",
    }
    for path, part in cases.items():
        assert_refused(call("training-log", path, "--vocab-size=50304"), part)


def test_several_runs_are_named(call, tmp_path):
    for name in ("one", "two"):
        trainer_state(tmp_path / name / "trainer_state.json", records(warm(5)))
    assert_refused(call("training-log", tmp_path, "--vocab-size=50304"), "holds several logs: one, two")


def test_it_imports_no_torch_and_no_reader_that_it_does_not_need(log):
    ended = process("training-log", log, "--vocab-size=50304", PYTHONPROFILEIMPORTTIME="1")
    assert ended.code == 0
    imported = {line.split("|")[-1].strip() for line in ended.err.splitlines()}
    assert not imported & {"torch", "transformers", "wandb", "tensorboard", "pyarrow", "networkx"}


def test_help_names_every_option(call):
    shown = call("training-log", "--help").out
    for option in ("--vocab-size", "--model", "--objective", "--loss-column", "--step-column", "--pattern", "svg"):
        assert option in shown
