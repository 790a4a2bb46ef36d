"""Lineage and code as text: everything in the document is shown, at any width, and hostile names move no cursor."""

from __future__ import annotations

import pytest

from archdiff.render import render
from archdiff.render.code_text import section as code_section
from archdiff.render.code_text import text as code_text
from archdiff.render.lineage_text import section as lineage_section
from archdiff.render.lineage_text import text as lineage_text
from archdiff.render.screen import Screen, capture
from archdiff.report.code import NOT_WEIGHTS, ClassMatch, CodeEntry, CodeSide
from archdiff.report.lineage import NO_ADVICE, LicenceEntry, LineageEntry, LineageStep

HOSTILE = "\x1b[2Ja\u202eb[bold]\nc"
RELATIONS = {
    "finetune": "a fine-tune of",
    "quantized": "a quantised release of",
    "adapter": "an adapter of",
    "merge": "a merge of",
    "continued": "further trained from",
    "depth-upscaled": "depth-upscaled from",
    "upcycled": "up-cycled from",
    "distilled": "distilled from",
    "same-architecture": "of the same architecture as",
    "loaded-from": "its config was saved from",
    "unstated": "made from, in no stated way,",
    "something-new": "something-new of",
}


def step(**values):
    stated = {"model": "a/new", "base": "a/old", "relation": "finetune", "declared_in": "model card", "found": "hub"}
    return LineageStep(**{**stated, **values})


def lineage(**values):
    nothing = {"chain": (), "roots": (), "licences": (), "contradictions": (), "not_followed": ()}
    return LineageEntry(model="a/new", **{**nothing, **values})


def licence(**values):
    stated = {"model": "a/new", "declared": "mit", "spdx": "MIT", "conditions": ("notice",), "source": "https://x"}
    return LicenceEntry(**{**stated, **values})


def side(**values):
    stated = {"name": "new", "origin": "a file", "digest": "sha256:0", "classes": 2, "copyright": (), "inherits": ()}
    return CodeSide(**{**stated, **values})


def code(**values):
    stated = {"old": side(name="old"), "new": side(), "similarity": 0.5, "expected": 0.12, "expected_high": 0.28}
    return CodeEntry(**{**stated, "matches": (), "reasons": ("half is equal",), **values})


def match(number, similarity=0.5):
    return ClassMatch(new=f"New{number}", old=f"Old{number}", similarity=similarity, expected=0.4)


def flat(text):
    """The text without the line breaks that its width made."""
    return " ".join(text.split())


@pytest.mark.parametrize(("relation", "words"), RELATIONS.items())
def test_each_relation_in_words(relation, words):
    assert f"a/new: {words} a/old (model card)" in flat(lineage_text(lineage(chain=(step(relation=relation),))))


def test_what_was_not_followed_is_marked():
    assert "(config, not followed)" in lineage_text(lineage(chain=(step(declared_in="config", found=""),)))


@pytest.mark.parametrize("width", [40, 100, 300])
def test_the_whole_of_a_lineage_is_shown(width):
    made = lineage(
        chain=(step(),),
        roots=("a/root",),
        licences=(licence(), licence(model="a/old", declared="in-house", spdx=None, conditions=(), source="")),
        contradictions=("one contradicts the other",),
        inherited=("grants more than it has",),
        not_followed=("a/old: nobody knows",),
    )
    text = flat(lineage_text(made, Screen(width)))
    for said in ("roots: a/root", "one contradicts the other", "grants more", "a/old: nobody knows", "mit", "in-house"):
        assert said in text
    assert all(word in text for word in ("Contradictions", "Not followed"))
    assert NO_ADVICE in text


def test_a_licence_that_asks_for_nothing_and_one_that_is_not_known():
    text = lineage_text(lineage(licences=(licence(conditions=()), licence(declared="x", conditions=(), source=""))))
    assert "nothing" in text
    assert "not in the table" in text


def test_a_section_stands_only_where_something_is_declared():
    assert list(lineage_section([])) == []
    assert list(lineage_section([lineage(licences=(licence(),)), lineage(not_followed=("x",))])) == []
    assert list(lineage_section([lineage(contradictions=("x",))]))
    assert list(code_section(None)) == []
    assert list(code_section(code()))


def test_a_step_that_both_declare_is_shown_once():
    made = lineage(chain=(step(),))
    shown = "".join(capture(each, Screen(100)) for each in lineage_section([made, made]))
    assert shown.count("a fine-tune of") == 1


@pytest.mark.parametrize("width", [40, 100, 300])
def test_the_whole_of_compared_code_is_shown(width):
    new = side(copyright=("Copyright 2020 Me",), inherits=("llama",), copied=("bert",), beside=("layers",), classes=1)
    text = flat(code_text(code(new=new, matches=(match(1, 0.75),)), Screen(width)))
    told = ("similarity 0.50", "unrelated families: 0.12", "above 0.28", "half is equal", "Copyright 2020 Me")
    for said in (*told, "derived from llama", "copied in part from bert", "0.75", "layers beside new", NOT_WEIGHTS):
        assert said in text
    assert "1 class;" in text


def test_many_classes_are_counted():
    text = code_text(code(matches=tuple(map(match, range(40)))))
    assert "New0" in text
    assert "and 28 more" in text


def test_hostile_names_move_no_cursor():
    entries = (
        lineage(
            chain=(step(model=HOSTILE, base=HOSTILE, relation=HOSTILE, declared_in=HOSTILE),),
            roots=(HOSTILE,),
            licences=(licence(model=HOSTILE, declared=HOSTILE, source=HOSTILE),),
            contradictions=(HOSTILE,),
            inherited=(HOSTILE,),
            not_followed=(HOSTILE,),
        ),
        code(
            new=side(name=HOSTILE, copyright=(HOSTILE,), inherits=(HOSTILE,), copied=(HOSTILE,), beside=(HOSTILE,)),
            matches=(ClassMatch(new=HOSTILE, old=HOSTILE, similarity=1),),
            reasons=(HOSTILE,),
        ),
    )
    for entry in entries:
        text = render(entry, "terminal")
        assert not {"\x1b", "\u202e"} & set(text)
        assert "[bold]" in text, "no markup"


def test_colour_is_added_where_a_screen_has_it():
    made = lineage(contradictions=("x",))
    assert "\x1b[" in lineage_text(made, Screen(100, colour=True))
    assert "\x1b[" not in lineage_text(made)
    assert "\x1b[" in code_text(code(), Screen(100, colour=True))
