"""Documents about models, for tests of bills of materials: hand-made, hostile, and the two main cases."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from archdiff import api
from archdiff.packs import load_rules
from archdiff.report.assemble import ALL
from archdiff.report.checklist import Checklist, ItemEvidence, ReviewItem, Signature
from archdiff.report.lineage import LicenceEntry, LineageEntry, LineageStep
from archdiff.report.portrait import CacheEntry, Portrait
from archdiff.report.schema import Lineage, ModelEntry, Report, Summary
from archdiff.report.training_log import TrainingLogEntry
from archdiff.report.weights import JudgementEntry, WeightsEntry
from tests.archdiff.catalogue.graphs import graph_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "ab" * 32
FACTS = {
    "task_head": "language-model", "mixer.kind": "attention", "experts.count": 8, "vocabulary": 32000,
    "hidden_size": 64, "context_length": 4096, "modalities": [], "attention.sinks": False,
}  # fmt: skip


def entry(name="new", **values):
    """A model of the hub with experts."""
    stated = {
        "name": name, "reference": f"{name}.json", "kind": "hub", "hub_id": f"someone/{name}", "revision": COMMIT,
        "digest": DIGEST, "licence": "Apache-2.0", "released": "2025-12-31", "lineage": (), "model_type": "tiny",
        "class_name": "TinyForCausalLM", "parameters": 1000, "active_parameters": 500, "layers": 2, "facts": FACTS,
        "traced": True, "notes": (), "blocks": (),
    }  # fmt: skip
    return ModelEntry(**{**stated, **values})


def portrait(model=None, **values):
    """A portrait of that model."""
    kept = CacheEntry(bytes_per_token=256, bytes_per_token_full=256, window=None, layers=2)
    stated = {"archdiff": "1", "transformers": "5", "roles": (), "cache": kept, "not_checked": ("tokenizer: no",)}
    return Portrait(model=model or entry(), **{**stated, **values})


def report(old=None, new=None, weights=None, sentences=("Hidden size: 1 → 2.",), **values):
    """A comparison without findings."""
    summary = Summary(impact=None, findings={}, changes=0, same_architecture=False, sentences=sentences)
    stated = {
        "archdiff": "1", "transformers": "5", "summary": summary, "findings": (), "changes": (), "alignment": (),
        "rules": (), "not_checked": ("weights: not compared",), "weights": weights,
    }  # fmt: skip
    return Report(old=old or entry("old"), new=new or entry(), **{**stated, **values})


def derived_from(base, relation="finetune"):
    """The model, with a declared base."""
    return entry(lineage=(Lineage(base=base, relation=relation),))


def weighed(verdict):
    """Weight evidence with this verdict on the language model."""
    judged = JudgementEntry(
        component="language-model", verdict=verdict, labels=(), reasons=("the reason",), power=None, controls=(),
        log10_p={"hidden-units": -300.5, "residual": None}, frozen=(), limits=(),
    )  # fmt: skip
    return WeightsEntry(
        judgements=(judged,), tests=(), elements=(), maps=(), read=(1, 1), total=(2, 2), device="cpu", not_checked=()
    )


def item(key, status, **values):
    """A claim of a review."""
    found = ItemEvidence(text=f"evidence of {key}", where="config.json", digest=DIGEST)
    stated = {
        "section": "Architecture", "title": f"claim {key}", "claimed": 1, "found": 1, "reason": f"reason of {key}",
        "evidence": (found,), "command": "archdiff weights OLD NEW" if status == "open" else "",
        "needs_signature": False, "signature": None, "fields": (), "digest": DIGEST,
    }  # fmt: skip
    return ReviewItem(id=key, status=status, **{**stated, **values})


ITEMS = (
    item("layers", "refuted"),
    item("parameters", "proved"),
    item("origin", "open", evidence=()),
    item("gguf", "not-applicable"),
    item("data.rights", "open", claimed=None, title="Whose rights?"),
    item("contact", "proved", signature=Signature(name="Ada", date="2026-01-02", note="seen", rests_on=DIGEST)),
)


def log():
    """A training log from scratch."""
    return TrainingLogEntry(
        archdiff="1", name="run.csv", kind="csv", digest=DIGEST, verdict="from-scratch", reasons=("begins at ln V",),
        limits=(), figures={"first_loss": 10.4, "tokens": None}, references=(), events=(), curve=(), not_checked=(),
    )  # fmt: skip


def lineage():
    """A chain of two steps, with the licence of the model."""
    steps = (
        LineageStep(model="someone/new", base="someone/old", relation="finetune", declared_in="model card"),
        LineageStep(model="someone/old", base="else/root", relation="merge", declared_in="config"),
    )
    licence = LicenceEntry(
        model="someone/new", declared="The Licence", spdx="MIT", conditions=(), source="https://example.org/licence"
    )
    return LineageEntry(
        model="someone/new", chain=steps, roots=("else/root",), licences=(licence,), not_followed=(),
        contradictions=("the card and the config name other bases",), inherited=("MIT grants more",),
    )  # fmt: skip


def checklist(**values):
    """A review with every kind of item."""
    stated = {
        "archdiff": "1", "model": portrait(), "claims": "claims.toml", "items": ITEMS, "nearest": (),
        "counts": {"proved": 2, "refuted": 1, "open": 1, "not-applicable": 1}, "parents": (report(),),
        "training_log": log(), "tokenizers": (), "lineage": lineage(), "code": (), "not_checked": ("code: no",),
    }  # fmt: skip
    return Checklist(**{**stated, **values})


@cache
def main_case(old):
    """The report of a model of the catalogue against Solar Open 100B."""
    return api.examine(graph_of(old), graph_of("solar-open-100b"), load_rules(), ALL)


MAIN_CASES = ("gpt-oss-120b", "glm-4.5-air")

NASTY = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    [
        "",
        "urn:cdx:x",
        "\x1b[2J\x00",
        "---\nlicense: mit\n---",
        "a|b\n# c",
        "<script>x</script>",
        "\u202egnp",
        "]]>",
        "${x}",
        "a/b",
    ]
)
"""Texts as a hostile file may hold them; lone surrogates are cleaned before any report is made."""


@st.composite
def hostile(draw):
    """A document of any kind with nasty texts wherever a file can put them."""
    old, new = (
        entry(
            draw(NASTY), hub_id=draw(NASTY | st.none()), revision=draw(NASTY | st.none()), digest=draw(NASTY),
            licence=draw(NASTY | st.none()), released=draw(NASTY | st.none()), model_type=draw(NASTY),
            class_name=draw(NASTY), notes=tuple(draw(st.lists(NASTY, max_size=2))), kind=draw(NASTY),
            reference=draw(NASTY), facts={**FACTS, draw(NASTY): draw(NASTY), "task_head": draw(NASTY)},
            varying={draw(NASTY): (draw(NASTY), None, 1)},
            lineage=tuple(Lineage(base=draw(NASTY), relation=draw(NASTY)) for _ in range(draw(st.integers(0, 2)))),
        )
        for _ in range(2)
    )  # fmt: skip
    compared = report(old, new, sentences=(draw(NASTY),), not_checked=(draw(NASTY),))
    claim = item(
        draw(NASTY), draw(st.sampled_from(["proved", "refuted", "open"])), title=draw(NASTY), reason=draw(NASTY),
        signature=Signature(name=draw(NASTY), date=draw(NASTY), note=draw(NASTY), rests_on=""),
    )  # fmt: skip
    reviewed = checklist(model=portrait(new), items=(claim,), parents=(compared,))
    return draw(st.sampled_from([compared, portrait(new), reviewed]))
