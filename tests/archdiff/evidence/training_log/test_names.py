"""Which value is the loss and which the step, by the names that training programs write."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from archdiff.errors import SourceError
from archdiff.evidence.training_log.names import choose, is_like, plain, table
from archdiff.evidence.training_log.record import Record


def chosen(*rows, loss=None, step=None):
    names, rest = choose([Record(dict.fromkeys(row, 1.0)) for row in rows], "log", loss, step)
    assert len(list(rest)) == len(rows), "no record is lost by looking"
    return names


@pytest.mark.parametrize(
    ("names", "loss", "step"),
    [
        (["_step", "train/global_step", "train/loss"], "train/loss", "train/global_step"),
        (["_step", "_timestamp", "loss"], "loss", "_step"),
        (["iteration", "lm loss"], "lm loss", "iteration"),
        (["Step", "my-run - train_loss", "my-run - train_loss__MIN"], "my-run - train_loss", "Step"),
        (["trainer/global_step", "reduced_train_loss", "val_loss"], "reduced_train_loss", "trainer/global_step"),
        (["throughput/total_tokens", "train/CrossEntropyLoss", "step"], "train/CrossEntropyLoss", "step"),
        (["Step", "Loss/train"], "Loss/train", "Step"),
        (["loss", "eval_loss", "val/loss", "step"], "loss", "step"),
        (["step", "train/lm_head_loss"], "train/lm_head_loss", "step"),
    ],
)
def test_known_names(names, loss, step):
    found = chosen(names)
    assert (found.loss, found.step) == (loss, step)


def test_what_comes_once_for_a_whole_run_is_no_curve():
    rows = [["step", "loss"]] * 20
    assert chosen(*rows, ["step", "train_loss"]).loss == "loss"


def test_of_two_curves_the_first_of_the_table():
    assert chosen(*[["train_loss", "loss"]] * 5).loss == "train_loss"


@pytest.mark.parametrize("names", [["eval_loss", "step"], ["val/loss"], ["aux_loss", "z_loss"], ["accuracy"], []])
def test_what_is_not_known_to_be_the_training_loss_is_never_taken(names):
    with pytest.raises(SourceError, match="--loss-column"):
        chosen(names)


def test_the_user_knows_better():
    found = chosen(["loss", "eval_loss", "n", "step"], loss="eval_loss", step="n")
    assert (found.loss, found.step) == ("eval_loss", "n")


def test_more_roles():
    found = chosen(["loss", "lr", "consumed_samples", "num_input_tokens_seen", "_timestamp"])
    assert (found.learning_rate, found.samples) == ("lr", "consumed_samples")
    assert (found.tokens, found.time, found.step) == ("num_input_tokens_seen", "_timestamp", "")


def test_many_names_are_not_all_listed():
    with pytest.raises(SourceError) as caught:
        chosen([f"value {number}" for number in range(500)])
    assert "and 488 more" in str(caught.value)


def test_every_name_of_the_table_is_spelled_as_names_are_compared():
    for group in table().values():
        for names in group.values():
            assert all(plain(name) == name for name in names)
            assert len(set(names)) == len(names)


def test_a_star_stands_for_any_end():
    assert is_like("Rewards/Chosen", "rewards/*")
    assert not is_like("reward", "rewards/*")


def test_every_pattern_of_text_logs_has_its_source():
    text = files("archdiff.evidence.training_log").joinpath("patterns.toml").read_text("utf-8")
    for entry in tomllib.loads(text)["pattern"]:
        assert entry["source"]
        assert "(?P<loss>" in entry["text"]
