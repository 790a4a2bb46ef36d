"""The other kinds of documents as pages: weights, portraits, reviews, logs, tokenizers, lineage and code."""

from __future__ import annotations

import pytest

from archdiff.render import WeightsView, render
from archdiff.report.checklist import Checklist, ItemEvidence, ItemField, Nearest, ReviewItem, Signature
from archdiff.report.code import ClassMatch, CodeEntry, CodeSide
from archdiff.report.lineage import LicenceEntry, LineageEntry, LineageStep
from archdiff.report.portrait import portray
from archdiff.report.schema import RuleEntry
from archdiff.report.tokenizer import FertilityEntry, TokenizerDifference, TokenizerEntry, TokenizerSide
from archdiff.report.training_log import CurvePoint, LogEvent, ReferenceLine, TrainingLogEntry
from archdiff.report.weights import ControlEntry
from tests.archdiff.making import graph, layer
from tests.archdiff.render.html.pages import HOSTILE, page, told, weighed

CONTROL = ControlEntry(name="shuffled", value=0.1, limit=0.5, passed=True)
LOG = TrainingLogEntry(
    archdiff="0",
    name="run.jsonl",
    kind="json-lines",
    digest="sha256:00",
    verdict="warm-start",
    reasons=("the first loss is far below ln V",),
    limits=("A log can be forged.",),
    figures={"first_loss": 2.5},
    references=(ReferenceLine(name="ln V", loss=12.19, source="ln(196608)"),),
    events=(LogEvent(kind="gap", first=10, last=20, text="no step between"),),
    curve=(CurvePoint(step=0, loss=2.5), CurvePoint(step=1, loss=None), CurvePoint(step=9, loss=2.0)),
    not_checked=("the data",),
)
SIDE = TokenizerSide(
    name="a", kind="tokenizer.json", model="bpe", digest="sha256:00", size=1000, merges=None, special=("<s>", HOSTILE)
)
TOKENIZERS = TokenizerEntry(
    archdiff="0",
    old=SIDE,
    new=SIDE.model_copy(update={"name": "b", "merges": 900}),
    verdict="derived",
    reasons=("the same ids",),
    limits=("not of weights",),
    figures={"shared": 0.5},
    controls=(CONTROL,),
    differences=(TokenizerDifference(part="normaliser", old="NFC", new=HOSTILE),),
    fertility=(FertilityEntry(text="Hindi", words=9, characters=40, old=12, new=None),),
    not_checked=(),
)
LINEAGE = LineageEntry(
    model="new-model",
    chain=(LineageStep(model="new-model", base=HOSTILE, relation="finetune", declared_in="model card"),),
    roots=("old-model",),
    licences=(LicenceEntry(model="old", declared="mit", spdx="MIT", conditions=("attribution",), source="spdx.org"),),
    contradictions=("declared, and not so",),
    inherited=("grants more",),
    not_followed=("a private model",),
)
CODE_SIDE = CodeSide(
    name="a",
    origin="ships with the model",
    digest="sha256:00",
    classes=3,
    copyright=("(c) someone",),
    inherits=("llama",),
)
CODE = CodeEntry(
    old=CODE_SIDE,
    new=CODE_SIDE,
    similarity=0.75,
    expected=0.25,
    matches=(ClassMatch(new="NewAttention", old=HOSTILE, similarity=0.5),),
    reasons=("much is alike",),
)


def item(key, status, **values):
    """An item of a review."""
    stated = {
        "section": "Architecture",
        "title": f"claim of `{key}`",
        "claimed": 46,
        "found": 48,
        "reason": "It has 48.",
    }
    rest = {"evidence": (ItemEvidence(text="counted", where=HOSTILE, digest="0"),), "command": "", "digest": "1"}
    signed = {"needs_signature": False, "signature": None, "fields": ()}
    return ReviewItem(id=key, status=status, **{**stated, **rest, **signed, **values})


def review():
    """A review with an item of every status, and evidence of every kind."""
    signature = Signature(name=HOSTILE, date="2026-01-01", note="seen", rests_on="1")
    field = ItemField(standard="MOF", field="size", source="a table")
    items = (
        item("layers", "refuted", fields=(field,)),
        item(
            "origin", "open", section="Origin", command="archdiff weights A B", needs_signature=True, lapsed=signature
        ),
        item("experts", "proved", section="Origin", claimed=False, found={"a": True}),
        item("data", "signed", section="Data", signature=signature, needs_signature=True),
        item("window", "not-applicable", section="Data", claimed=None, found=None),
    )
    return Checklist(
        archdiff="0",
        model=portray(graph("new-model", layer(0))),
        claims="claims.toml",
        items=items,
        counts=dict.fromkeys(("proved", "signed", "refuted", "open", "not-applicable"), 1),
        nearest=(Nearest(name="glm", distance=0.26, same_architecture=False, sentence="16 of 40 facts differ"),),
        parents=(weighed(), told()),
        training_log=LOG,
        tokenizers=(TOKENIZERS,),
        lineage=LINEAGE,
        code=(CODE,),
        not_checked=("nothing else",),
    )


DOCUMENTS = {
    "weights": lambda: WeightsView(weighed()),
    "portrait": lambda: portray(graph("one", layer(0))),
    "review": review,
    "log": lambda: LOG,
    "tokenizers": lambda: TOKENIZERS,
    "lineage": lambda: LINEAGE,
    "code": lambda: CODE,
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_kind_of_document_has_a_page(kind):
    document = DOCUMENTS[kind]()
    found = page(document)
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert found.one("h1")[""]
    assert found.data("report-json")
    assert not [a for a in found.all("img") if not a["src"].startswith("data:image/svg+xml;base64,")]
    assert render(DOCUMENTS[kind](), "html") == found.source


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_page_opens_without_a_word(opened, kind):
    browser = opened(DOCUMENTS[kind](), viewport={"width": 360, "height": 740})
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360


def texts(found, class_):
    """What stands in elements of a class."""
    return [a[""] for _, a in found.elements if class_ in a.get("class", "").split()]


def test_weights_come_first_on_the_page_of_a_weight_check():
    found = page(WeightsView(weighed()))
    assert [a["id"] for a in found.all("section")][:2] == ["weights", "findings"]
    assert texts(found, "stamp") == ["derived", "identical", "inconclusive"]
    assert any("cannot tell which came first" in text for text in texts(found, "limit"))


def test_failed_controls_stand_open():
    (failed,) = [a for a in page(weighed()).all("details") if "1 of 2 passed" in a[""]]
    assert "open" in failed


def test_what_is_set_aside_says_why():
    (section,) = page(weighed()).all("section", id="set-aside")
    assert "suppression: known and wanted, until 2030-01-01" in section[""]


def test_a_finding_tells_why_it_matters():
    manual = {"Why it matters": "Heads\nof `a<b`.", "Example": "none", "What to do": "Convert."}
    made = told()
    rules = (RuleEntry(id="heads-changed", pack="builtin", group="Attention", manual=manual), *made.rules[1:])
    (item_, *_) = page(made.model_copy(update={"rules": rules})).all("li", class_="finding breaking")
    assert "Why it mattersHeads of a<b.What to doConvert." in item_[""]
    assert "Example" not in item_[""]


def test_a_review_has_a_box_for_every_item_and_a_line_to_sign():
    found = page(review())
    assert texts(found, "verdict")[0] == "1 claim is refuted."
    assert [a["class"] for a in found.all("li") if "item" in a.get("class", "").split()] == [
        "item refuted",
        "item open",
        "item proved",
        "item signed",
        "item not-applicable",
    ]
    signatures = texts(found, "signature")
    assert signatures[0] == "Name and date:"
    assert signatures[1].startswith("Lapsed, for what it rested on has changed: </script>")
    assert signatures[2].endswith("2026-01-01: seen")
    assert "archdiff weights A B" in found.one("section", id="checklist")[""]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"refuted": 2, "open": 1}, "2 claims are refuted."),
        ({"open": 1}, "No claim is refuted; 1 item is open."),
        ({"refuted": 0, "open": 3}, "No claim is refuted; 3 items are open."),
        ({"proved": 3}, "Every item is settled."),
    ],
)
def test_a_review_says_what_it_comes_to(counts, said):
    found = page(review().model_copy(update={"counts": counts}))
    assert texts(found, "verdict")[0] == said


def test_a_review_holds_the_diagram_of_each_parent():
    found = page(review())
    assert len(found.all("div", class_="bench")) == 2
    assert len(found.all("div", class_="bench alone")) == 1
    assert len(found.data()["benches"]) == 3


def test_a_log_shows_its_curve_and_what_it_cannot_prove():
    found = page(LOG)
    assert "json-lines" in found.source
    assert len(found.all("img")) == 1
    assert texts(found, "limit") == ["A log can be forged."]
    assert "gap" in found.one("section", id="evidence")[""]


def test_tokenizers_lineage_and_code_say_what_they_hold():
    assert "NFC" in page(TOKENIZERS).one("section", id="evidence")[""]
    assert [t[:8] for t in texts(page(LINEAGE), "warning")] == ["Contradi", "Licences"]
    said = page(CODE).one("section", id="evidence")[""]
    assert "Similarity 75 %" in said
    assert "unrelated families: 25 %" in said
    assert "Shared code says nothing about weights" in said
