"""Members are trained: far below what they start at, and the same every time."""

from __future__ import annotations

import math

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.benchmarks.provenance import training
from tests.benchmarks.provenance.member import initialised, logits, save
from tests.benchmarks.provenance.members import CEILING, VOCABULARY, scratch, settings
from tests.benchmarks.provenance.relations import EVERY
from tests.benchmarks.provenance.text import text, windows
from tests.benchmarks.provenance.training import Tuning, loss, trained

BRIEF = Tuning("code", steps=2, rows=2, length=16)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A folder in which nothing was trained before."""
    monkeypatch.setenv(training.FOLDER, str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def tiny():
    return initialised("llama", {**settings("llama", "small"), "num_hidden_layers": 1}, seed=0)


@pytest.mark.parametrize("kind", EVERY)
def test_a_member_is_far_below_the_loss_it_starts_at(kind):
    start = loss(initialised(kind, settings(kind, "small"), 1), "code")
    assert start == pytest.approx(math.log(VOCABULARY), abs=0.2)
    assert loss(scratch(kind, "small", 1), "code") < CEILING


@pytest.mark.parametrize("name", ["code", "manual", "docstrings"])
def test_a_text_is_long_enough_that_windows_differ(name):
    first, second = windows(name, seed=0, steps=2, rows=4, length=32)
    assert first.shape == second.shape == (4, 32)
    assert not torch.equal(first, second)
    assert len(text(name)) > 200_000


def test_other_data_is_other_data():
    assert not torch.equal(text("code/0"), text("code/1"))


def test_training_again_gives_the_same_member(fresh, tiny, monkeypatch, tmp_path_factory):
    first = trained(tiny, BRIEF)
    monkeypatch.setenv(training.FOLDER, str(tmp_path_factory.mktemp("again")))
    assert trained(tiny, BRIEF).digest() == first.digest() != tiny.digest()


def test_what_was_trained_before_is_read(fresh, tiny, monkeypatch):
    first = trained(tiny, BRIEF)
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained again"))
    assert trained(tiny, BRIEF).digest() == first.digest()
    assert [path.suffix for path in fresh.iterdir()] == [".safetensors"]


@pytest.mark.parametrize(
    "change", [{"order": 1}, {"text": "manual"}, {"steps": 1}, {"rank": 2}, {"frozen": ("*norm*",)}]
)
def test_each_choice_makes_another_member(fresh, tiny, change):
    other = Tuning(**{"text": "code", "steps": 2, "rows": 2, "length": 16, **change})
    assert trained(tiny, other).digest() != trained(tiny, BRIEF).digest()


def test_a_student_comes_closer_to_its_teacher(fresh, tiny):
    teacher, tokens = scratch("llama", "small", 1), next(windows("code", seed=3, steps=1, rows=4, length=32))
    student = trained(tiny, Tuning("code", steps=25), teacher)

    def away(model):
        wanted = logits(teacher, tokens).log_softmax(-1)
        return float((wanted.exp() * (wanted - logits(model, tokens).log_softmax(-1))).sum(-1).mean())

    assert away(student) < 0.6 * away(tiny)


@pytest.mark.parametrize("kind", EVERY)
def test_a_checkpoint_computes_what_the_member_does(kind, tmp_path):
    model, tokens = scratch(kind, "small", 1), next(windows("code", seed=3, steps=1, rows=2, length=16))
    module = AutoModelForCausalLM.from_pretrained(save(model, tmp_path / "saved"), dtype=torch.float32)
    with torch.no_grad():
        assert torch.equal(module.eval()(input_ids=tokens, use_cache=False).logits, logits(model, tokens))
