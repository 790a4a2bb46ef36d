"""Signatures: written and read back, held against what they rest on, and refused where nothing is to be signed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.errors import SourceError, UsageError
from archdiff.report.checklist import Signature
from archdiff.review import signing
from archdiff.review.judge import judge
from archdiff.review.signing import SignOff
from tests.archdiff.review.making import items, log, material

CLAIMS = '[data]\nsummary = "a page"\n'
DIGEST = "sha256:" + "0" * 64
ROW = {"item": "data.summary", "name": "Ada", "date": "2026-11-22", "note": "", "rests_on": DIGEST}


def file(*rows):
    return "".join("[[signature]]\n" + "".join(f'{key} = "{value}"\n' for key, value in row.items()) for row in rows)


def signed(identity="data.summary", text=CLAIMS, **more):
    """A sign-off file with one signature under an item of the review."""
    listed = tuple(items(text, **more).values())
    return signing.sign(SignOff("signed.toml"), listed, identity, name="Ada", date="2026-11-22", note="seen")


def test_a_signature_settles_the_item_it_is_under():
    checklist = judge(material(CLAIMS, sign_off=signed()))
    found = {item.id: item for item in checklist.items}["data.summary"]
    assert (found.status, found.signature.name, found.command) == ("signed", "Ada", "")
    assert found.reason == "Signed by Ada on 2026-11-22: seen."
    assert (checklist.counts["signed"], checklist.sign_off) == (1, "signed.toml")


def test_it_lapses_when_the_claim_changes_and_says_so():
    found = items('[data]\nsummary = "another page"\n', sign_off=signed())["data.summary"]
    assert (found.status, found.signature, found.lapsed.name) == ("open", None, "Ada")
    assert "Ada signed it on 2026-11-22" in found.reason


def test_it_lapses_when_the_evidence_changes():
    scratch = '[origin]\nlanguage-model = "from scratch"\n'
    kept = signed("origin.language-model", scratch, training_log=log("from-scratch"))
    same = items(scratch, training_log=log("from-scratch"), sign_off=kept)["origin.language-model"]
    assert same.status == "signed"
    other = log("from-scratch").model_copy(update={"digest": "sha256:99"})
    assert items(scratch, training_log=other, sign_off=kept)["origin.language-model"].lapsed is not None
    refuted = items(scratch, training_log=log("warm-start"), sign_off=kept)["origin.language-model"]
    assert (refuted.status, refuted.lapsed.name) == ("refuted", "Ada")


def test_evidence_outdates_a_signature_without_a_word():
    kept = signed("training.tokens", '[training]\ntokens = "5 T"\n')
    found = items('[training]\ntokens = "5 T"\n', training_log=log("from-scratch", tokens=5e12), sign_off=kept)
    assert found["training.tokens"].status == "proved"


def test_a_second_signature_takes_the_place_of_the_first():
    listed = tuple(items(CLAIMS).values())
    again = signing.sign(signed(), listed, "data.summary", name="Grace", date="2026-11-23")
    assert [(key, each.name) for key, each in again.signatures] == [("data.summary", "Grace")]


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ("data.sumary", "did you mean data.summary?"),
        ("parameters.total", "is open, and no item for a signature; it waits for evidence"),
        ("architecture.layers", "a signature does not settle what is refuted"),
    ],
)
def test_what_cannot_be_signed(identity, said):
    with pytest.raises(UsageError) as caught:
        signed(identity, "[architecture]\nlayers = 9\n")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[signature]", "not TOML"),
        ("x = 1", "something else"),
        ("signature = 1", "something else"),
        ("signature = [1]", "signature 1 must have the keys"),
        (file({**ROW, "extra": "x"}), "signature 1 must have the keys"),
        (file({key: ROW[key] for key in ROW if key != "note"}), "signature 1 must have the keys"),
        (file({**ROW, "note": "x" * 2000}), "signature 1 must have the keys"),
        (file({**ROW, "rests_on": "sha256:zz"}), "rests on no digest"),
        (file({**ROW, "date": "22.11.2026"}), "is no date"),
        (file({**ROW, "name": " "}), "names nobody"),
        (file(ROW, ROW), "signs data.summary twice"),
    ],
)
def test_a_file_that_is_wrong(text, said):
    with pytest.raises(SourceError, match=r"signed\.toml") as caught:
        signing.parse(text, "signed.toml")
    assert said in str(caught.value)


def test_a_signature_under_nothing_is_an_error():
    kept = signing.parse(file({**ROW, "item": "data.sumary"}), "signed.toml")
    with pytest.raises(SourceError, match=r"the unknown item data\.sumary, did you mean data\.summary\?"):
        items(CLAIMS, sign_off=kept)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(str.strip),
    st.text(st.characters(codec="utf-8")),
)
def test_what_is_written_is_read_back(name, note):
    made = Signature(name=name, date="2026-11-22", note=note[:900], rests_on=DIGEST)
    kept = SignOff("signed.toml", (("data.summary", made),))
    assert signing.parse(kept.text, "signed.toml") == kept


def test_the_same_signatures_give_the_same_bytes():
    pairs = [("b", Signature(name="A", date="2026-11-22", note="", rests_on=DIGEST)) for _ in range(2)]
    pairs[1] = ("a", pairs[1][1])
    assert SignOff("x", tuple(pairs)).text == SignOff("x", tuple(reversed(pairs))).text
