"""Small material for reviews: a graph of a few layers, and evidence of every verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.report.code import CodeEntry, CodeSide
from archdiff.report.outline import outline
from archdiff.report.portrait import portray
from archdiff.report.tokenizer import TokenizerEntry, TokenizerSide
from archdiff.report.training_log import TrainingLogEntry
from archdiff.report.weights import JudgementEntry, WeightsEntry
from archdiff.review import claims
from archdiff.review.judge import judge
from archdiff.review.material import Material, Parent
from archdiff.review.subject import Subject
from tests.archdiff.making import graph, layer, report

if TYPE_CHECKING:
    from archdiff.report.checklist import ReviewItem

FACTS = {"attention.kind": "grouped-query", "attention.query_heads": 8, "feed_forward.kind": "moe", "experts.count": 4}
FACTS["experts.per_token"] = 2
MODEL = {
    "hidden_size": 16,
    "vocabulary": 100,
    "layers": 3,
    "context_length": 512,
    "dtype": "bfloat16",
    "modalities": (),
}
CONFIG = {"num_hidden_layers": 3, "n_routed_experts": 4, "num_attention_heads": 8, "first_k_dense_replace": 1}


def subject(layers=None, facts=None, config=None, **attributes):
    """A model of three layers, the first of them dense, under review."""
    stated = layers or [{**FACTS, "feed_forward.kind": "dense", "experts.count": None}, FACTS, FACTS]
    nodes = [n for i, each in enumerate(stated) for n in layer(i, each, 400 if each.get("experts.count") else 0)]
    made = graph("new", nodes, facts={**MODEL, "layers": len(stated), **(facts or {})}, **attributes)
    return Subject(made, portray_model(made), CONFIG if config is None else config, "new.json")


def portray_model(made):
    return portray(made, outline(made))


def material(text="", **more):
    """Material of a review with these claims."""
    given = {"subject": subject(), "claims": claims.parse(text, "claims.toml"), **more}
    return Material(**given)


def items(text="", **more) -> dict[str, ReviewItem]:
    """The items of a review, by id."""
    return {item.id: item for item in judge(material(text, **more)).items}


def judgement(verdict, component="language-model", **more):
    values = {"labels": (), "reasons": (f"it is {verdict}.",), "log10_p": {"hidden-units": -3.5}, "power": 0.06}
    rest = {"controls": (), "frozen": (), "limits": ()}
    return JudgementEntry(component=component, verdict=verdict, **{**values, **rest, **more})


def weights(*judgements):
    empty = {"tests": (), "elements": (), "maps": (), "not_checked": ()}
    return WeightsEntry(judgements=judgements, read=(1, 1), total=(1, 1), device="cpu", **empty)


def parent(verdict=None, reference="owner/parent", declared_in="claims file", relation="finetune", **more):
    """A parent that was compared, with a verdict on the weights of its language model where there is one."""
    compared = report()
    if verdict is not None:
        compared = compared.model_copy(update={"weights": weights(judgement(verdict, **more))})
    return Parent(reference, relation, declared_in, compared)


def log(verdict, **figures):
    """A training log of a verdict."""
    return TrainingLogEntry(
        archdiff="0", name="run.jsonl", kind="json-lines", digest="sha256:11", verdict=verdict,
        reasons=(f"the loss begins as in {verdict}.",), limits=(), figures={"first_step": 0.0, **figures},
        references=(), events=(), curve=(), not_checked=(),
    )  # fmt: skip


def tokenizer(verdict):
    """A comparison of tokenizers of a verdict."""
    side = TokenizerSide(name="a", kind="tokenizer.json", model="bpe", digest="sha256:22", size=9, merges=3, special=())
    return TokenizerEntry(
        archdiff="0", old=side, new=side, verdict=verdict, reasons=(f"they are {verdict}.",), limits=(), figures={},
        controls=(), differences=(), not_checked=(),
    )  # fmt: skip


def code(similarity, high=0.3, inherits=()):
    """A comparison of modelling code."""
    shared = {"origin": "shipped with transformers", "classes": 2, "copyright": ()}
    old = CodeSide(name="old", digest="sha256:33", inherits=(), **shared)
    new = CodeSide(name="new", digest="sha256:44", inherits=inherits, **shared)
    return CodeEntry(old=old, new=new, similarity=similarity, expected=0.1, expected_high=high, matches=(), reasons=())
