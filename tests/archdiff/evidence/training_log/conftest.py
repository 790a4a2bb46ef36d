"""Real runs of a tiny transformer, trained once for all tests of this folder."""

from __future__ import annotations

import dataclasses
import json
import warnings
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = 512
STEPS = 60


@dataclasses.dataclass(frozen=True)
class Runs:
    """Folders of runs: each holds a trainer_state.json, and log.jsonl as a callback wrote it.

    Args:
        config: of the tiny model.
        scratch: trained from new weights.
        resumed: the same, cut off half way and resumed.
        tuned: further trained from the end of `scratch`.
        classifier: with a new head of two labels on the body of `scratch`.
        replaced: `scratch` with a new embedding and a new head.
    """

    config: Path
    scratch: Path
    resumed: Path
    tuned: Path
    classifier: Path
    replaced: Path


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Every run, a second of training each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _trained(tmp_path_factory.mktemp("runs"))


def _trained(folder):
    from transformers import LlamaForCausalLM, LlamaForSequenceClassification, set_seed

    config = _config(folder)
    set_seed(0)
    model = LlamaForCausalLM(config)
    _train(model, folder / "scratch", save=STEPS // 2)
    model.save_pretrained(folder / "model")
    set_seed(0)
    _train(LlamaForCausalLM(config), folder / "resumed", resume=folder / "scratch" / f"checkpoint-{STEPS // 2}")
    _train(LlamaForCausalLM.from_pretrained(folder / "model"), folder / "tuned", steps=30, rate=1e-3)
    replaced = LlamaForCausalLM.from_pretrained(folder / "model")
    for part in (replaced.model.embed_tokens, replaced.lm_head):
        part.weight.data.normal_(0, config.initializer_range)
    _train(replaced, folder / "replaced", steps=30)
    classifier = LlamaForSequenceClassification.from_pretrained(folder / "model", num_labels=2, pad_token_id=0)
    _train(classifier, folder / "classifier", steps=20, labels=2)
    classifier.save_pretrained(folder / "classifier")
    return Runs(folder / "config.json", *(folder / name for name in NAMES))


NAMES = ("scratch", "resumed", "tuned", "classifier", "replaced")


def _config(folder):
    from transformers import LlamaConfig

    config = LlamaConfig(
        vocab_size=TOKENS,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        architectures=["LlamaForCausalLM"],
    )
    config.save_pretrained(folder)
    return config


def _train(model, folder, steps=STEPS, rate=2e-2, save=None, resume=None, labels=None):
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=8,
        learning_rate=rate,
        logging_steps=1,
        save_strategy="steps" if save else "no",
        save_steps=save or steps,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
    )
    trainer = Trainer(model, arguments, train_dataset=_data(labels), callbacks=[_writer(folder)])
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    trainer.save_state()


def _data(labels):
    """Sequences in which each token follows from the one before."""
    import torch

    starts = torch.randint(TOKENS, (512,), generator=torch.Generator().manual_seed(0))
    rows = [torch.stack([(start + 7 * at) % 64 for at in range(16)]) for start in starts]
    if labels:
        return [{"input_ids": row, "labels": torch.tensor(int(row[0]) % labels)} for row in rows]
    return [{"input_ids": row, "labels": row} for row in rows]


def _writer(folder):
    """Writes what the Trainer logs as JSON lines, as a run's own log is written."""
    from transformers import TrainerCallback

    class Writer(TrainerCallback):
        def on_log(self, _arguments, state, _control, logs=None, **_more):
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step, **(logs or {})}) + "\n")

    return Writer()
