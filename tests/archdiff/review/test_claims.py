"""The claims file: every key that is known is read, every other is one clear line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.review import claims
from archdiff.review.claims import NOT_APPLICABLE, Origin, parse
from archdiff.review.table import specs

FULL = """
model = "Tiny"
parents = ["owner/a", "owner/b"]
[origin]
vision-tower = { from = "owner/clip", how = "frozen" }
language-model = "Trained from scratch"
heads = "owner/a"
[parameters]
total = "1.5 B"
active = 1_000
[architecture]
query_heads = [4, 8]
attention = "GQA"
modalities = ["vision"]
tied_embeddings = true
shared_experts = "n/a"
[tokenizer]
origin = { from = "owner/a", how = "extended" }
[training]
tokens = 12
[release]
date = 2026-11-22
"""


def test_a_full_file():
    found = parse(FULL, "claims.toml")
    assert (found.name, found.model, found.parents) == ("claims.toml", "Tiny", ("owner/a", "owner/b"))
    assert dict(found.origins) == {
        "language-model": Origin(),
        "heads": Origin("owner/a", "derived"),
        "vision-tower": Origin("owner/clip", "frozen"),
    }
    assert dict(found.values) == {
        "parameters.total": "1.5 B",
        "parameters.active": 1000,
        "architecture.shared_experts": NOT_APPLICABLE,
        "architecture.attention": "GQA",
        "architecture.query_heads": (4, 8),
        "architecture.tied_embeddings": True,
        "architecture.modalities": ("vision",),
        "tokenizer.origin": Origin("owner/a", "extended"),
        "training.tokens": "12",
        "release.date": "2026-11-22",
    }


def test_claims_stand_in_the_order_of_the_checklist():
    assert list(parse(FULL, "x").values) == [key for key in specs() if key in parse(FULL, "x").values]


def test_an_empty_file_claims_nothing():
    assert parse("", "x") == claims.Claims(name="x")


@pytest.mark.parametrize("said", ["scratch", "From Scratch", "own", "none"])
def test_ways_to_say_from_scratch(said):
    assert parse(f'[origin]\nlanguage-model = "{said}"', "x").origins["language-model"] == Origin()
    assert parse(f'[tokenizer]\norigin = {{ from = "{said}" }}', "x").values["tokenizer.origin"] == Origin()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modell = 'x'", "it has the unknown key 'modell', did you mean model?"),
        (
            "[origin]\nlanguage_model = 'own'",
            "[origin] has the unknown key 'language_model', did you mean language-model?",
        ),
        ("[licence]\nspdx = 'MIT'", "[licence] has the unknown key 'spdx'; known are name"),
        ("[origin]\nheads = 3", "origin.heads must be a table"),
        ("[origin]\nheads = { from = 'a/b', why = 'x' }", "[origin.heads] has the unknown key 'why'"),
        ("[parameters]\ntotal = true", "parameters.total must be a whole number"),
        ("[parameters]\ntotal = [1, 2]", "parameters.total must be a whole number"),
        ("[parameters]\ntotal = 1_000_000_000_000_000_000_000_000_001_000", "parameters.total must be a whole number"),
        ("[architecture]\nlayers = []", "architecture.layers must be a whole number"),
        ("[architecture]\nlayers = [1, 'x']", "architecture.layers must be a whole number"),
        ("[architecture]\nattention = 3", "architecture.attention must be text"),
        ("[architecture]\nmodalities = [3]", "architecture.modalities must be text"),
        ("[data]\nsummary = []", "data.summary must be text"),
        ("parents = ['']", "parents says nothing"),
        (f"parents = {['a/b'] * 65}", "parents must be a list of at most 64"),
        ("a = 1\na = 2", "not TOML"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(SourceError, match=r"claims\.toml") as caught:
        parse(text, "claims.toml")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


@given(st.text(max_size=200))
def test_no_text_breaks_it(text):
    with contextlib.suppress(SourceError):
        assert parse(text, "x").name == "x"


@given(
    st.recursive(
        st.integers() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
    )
)
def test_no_value_breaks_it(value):
    for key in ("parameters.total", "architecture.layers", "architecture.tied_embeddings", "data.summary"):
        section, _, name = key.partition(".")
        try:
            found = claims._claims({section: {name: value}}, "x")
        except claims._MalformedError:
            continue
        assert key in found.values
