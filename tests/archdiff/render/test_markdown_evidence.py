"""Training logs, tokenizers, lineage and code as Markdown: verdict, reasons, limits, and nothing that does anything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from archdiff.render import markdown, render
from archdiff.render.markdown_fit import LIMIT
from archdiff.report.code import NOT_WEIGHTS, ClassMatch, CodeEntry, CodeSide
from archdiff.report.lineage import NO_ADVICE, LicenceEntry, LineageEntry, LineageStep
from archdiff.report.tokenizer import FertilityEntry, TokenizerDifference, TokenizerEntry, TokenizerSide
from archdiff.report.training_log import CurvePoint, LogEvent, ReferenceLine, TrainingLogEntry
from archdiff.report.weights import ControlEntry
from tests.archdiff.making import report
from tests.archdiff.render.markdown_reading import assert_inert
from tests.archdiff.render.reports import HOSTILE, any_text


def a_log(text="run", **values):
    """A log of which every text is `text`; built without checks, so that new fields need no change here."""
    stated = {
        "archdiff": "0",
        "name": text,
        "kind": "wandb",
        "objective": "causal",
        "start": "first-interval",
        "digest": "sha256:00",
        "verdict": "from-scratch",
        "reasons": (text,),
        "limits": (f"a limit {text}",),
        "figures": {"first_step": 0.0, "first_loss": None, text: 12.75},
        "references": (ReferenceLine.model_construct(name="ln V", loss=12.189, source=text),),
        "events": (LogEvent.model_construct(kind="not-a-number", first=7, last=1200, text=text),),
        "curve": (CurvePoint.model_construct(step=0, loss=12.0),) * 3,
        "not_checked": (text,),
    }
    return TrainingLogEntry.model_construct(**{**stated, **values})


def a_pair(text="tok", **values):
    """Two tokenizers, in the same way."""
    side = {"name": text, "kind": "tekken", "model": "bpe", "digest": text, "size": 131_072, "special": (text, text)}
    stated = {
        "archdiff": "0",
        "old": TokenizerSide.model_construct(**side, merges=None),
        "new": TokenizerSide.model_construct(**side, merges=130_000),
        "verdict": "extended",
        "reasons": (text,),
        "limits": (f"a limit {text}",),
        "figures": {"same_id": 0.5, "common": 131_072.0},
        "fertility": (FertilityEntry(text=text, words=None, characters=9, old=1200, new=None),),
        "controls": (
            ControlEntry(name=f"passed {text}", value=1.0, limit=2.0, passed=True),
            ControlEntry(name=f"failed {text}", value=3.0, limit=2.0, passed=False),
        ),
        "differences": (TokenizerDifference.model_construct(part="normaliser", old=text, new=text),),
        "not_checked": (text,),
    }
    return TokenizerEntry.model_construct(**{**stated, **values})


def a_lineage(text="model", **values):
    """A model with a base and a licence."""
    step = LineageStep.model_construct(model=text, base=text, relation="finetune", declared_in="model card")
    licence = {"model": text, "declared": text, "spdx": None, "conditions": ("attribution", "naming"), "source": text}
    stated = {
        "model": text,
        "chain": (step,),
        "roots": (text,),
        "licences": (LicenceEntry.model_construct(**licence),),
        "contradictions": (f"contradiction of {text}",),
        "inherited": (f"{text} grants more",),
        "not_followed": (text,),
        "limits": (NO_ADVICE,),
    }
    return LineageEntry.model_construct(**{**stated, **values})


def a_code(text="model", **values):
    """The code of two models."""
    side = {"name": text, "origin": "ships with the model", "digest": text, "classes": 12}
    stated = {
        "old": CodeSide.model_construct(**side, copyright=(text,), inherits=()),
        "new": CodeSide.model_construct(**side, copyright=(), inherits=(text, "llama"), copied=(text,), beside=(text,)),
        "similarity": 0.91,
        "expected": 0.4,
        "matches": (ClassMatch.model_construct(new=text, old=text, similarity=0.75),),
        "reasons": (text,),
        "limits": (NOT_WEIGHTS,),
    }
    return CodeEntry.model_construct(**{**stated, **values})


ALL = (a_log, a_pair, a_lineage, a_code)


def test_a_training_log():
    text = markdown.text(a_log())
    assert text.startswith("### Training log: `run`\n\nConsistent with: **from-scratch**\n\n- run\n")
    assert "| ln V | 12.19 | run |" in text
    assert "| not a number | 7–1,200 | run |" in text
    assert "| first step | 0 |\n| run | 12.75 |" in text
    assert "first loss" not in text, "a figure that is not known"
    assert "objective: causal; the loss before the first update: first interval" in text
    assert "#### What a log cannot prove\n\n- a limit run\n" in text
    assert "3 points of the curve are in the JSON" in text


def test_two_tokenizers():
    text = markdown.text(a_pair())
    assert text.startswith("### Tokenizers: `tok` → `tok`\n\nVerdict: **extended**\n\n- tok\n")
    assert "| merges | – | 130,000 |" in text
    assert "| normaliser | `tok` | `tok` |" in text
    assert "#### Controls that failed\n\n- failed tok: 3, limit 2\n" in text
    assert "passed tok" not in text
    assert "| common | 131,072 |" in text
    assert "| tok | 1,200 | – |" in text
    assert "- a limit tok" in text


def test_lineage():
    text = markdown.text(a_lineage())
    assert "### Declared lineage of `model`\n\n- root: `model`\n" in text
    assert "- contradiction: contradiction of model\n- licence: model grants more\n" in text
    assert "- `model`: finetune of `model` (declared in model card)" in text
    assert "- licence of `model`: `model`: attribution, naming" in text
    assert NO_ADVICE in text
    assert "It declares no base model." in markdown.text(a_lineage(roots=(), chain=()))


def test_code():
    text = markdown.text(a_code())
    assert text.startswith(
        "### Modelling code: `model` → `model`\n\n- similarity of the code: 0.91 (unrelated families: 0.4)"
    )
    assert "| `model` | `model` | 0.75 |" in text
    assert "| OLD | `model` | ships with the model | 12 | `model` |" in text
    assert NOT_WEIGHTS in text
    declared = text[text.index("#### Declared in the code") :]
    assert "- `model`: model\n- `model` derives classes from model, llama\n" in declared
    assert "- comments of `model` say that code is copied from model\n" in declared
    assert "own folder, and this was not looked at: model\n" in declared


def test_a_report_holds_what_was_found_beside_its_findings():
    made = report().model_copy(
        update={"tokenizer": a_pair(), "lineage": (a_lineage(), a_lineage("b")), "code": a_code()}
    )
    text = markdown.text(made)
    assert "<details><summary>Tokenizers</summary>\n\n- tokenizer: **extended**\n" in text
    assert "<details><summary>Declared lineage</summary>\n\n- contradiction: " in text
    assert "<details><summary>Code</summary>\n\n- similarity of the code: 0.91" in text
    for told in (NOT_WEIGHTS, NO_ADVICE, "a limit tok"):
        assert text.count(told) == 1


@pytest.mark.parametrize("made", ALL)
def test_a_hostile_name_does_nothing(made):
    assert_inert(markdown.text(made(HOSTILE)))


@pytest.mark.parametrize("made", ALL)
@given(any_text)
@settings(max_examples=25)
def test_no_name_does_anything(made, text):
    assert_inert(markdown.text(made(text)))


@pytest.mark.parametrize("made", ALL)
def test_a_comment_holds_it(made):
    wide = made("wide " * 300)
    many = (
        {"reasons": ("reason " * 100,) * 2000} if made in (a_log, a_pair, a_code) else {"roots": ("root " * 20,) * 2000}
    )
    text = markdown.text(wide.model_copy(update=many))
    assert len(text.encode("utf-8")) <= LIMIT
    assert "Left out" in text


def test_nothing_is_said_of_lineage_where_nothing_is_declared():
    bare = LineageEntry(model="m", chain=(), roots=(), licences=(), contradictions=(), not_followed=())
    assert bare.is_bare
    declared = bare.model_copy(update={"not_followed": ("owner/base: not found",)})
    made = report()
    for name in ("markdown", "html"):
        silent = render(made.model_copy(update={"lineage": (bare, bare)}), name)
        told = render(made.model_copy(update={"lineage": (bare, declared)}), name)
        assert "Declared lineage" not in silent.replace("<title>", "").partition('type="application/json"')[0]
        assert "Declared lineage" in told
