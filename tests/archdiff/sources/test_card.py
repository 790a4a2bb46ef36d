"""What a model card declares: the licence, the parents and the relation to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.catalogue import Lineage
from archdiff.sources.card import NOTHING, Card, read


def front(text):
    return f"---\n{text}\n---\n# Model\n"


@pytest.mark.parametrize(
    "text",
    [
        "base_model: a/b\nbase_model_relation: adapter",
        "base_model:\n- a/b\nbase_model_relation: adapter",
        "base_model:\n  - 'a/b'  # the parent\nbase_model_relation: adapter",
        'base_model: ["a/b"]\nbase_model_relation: adapter',
        "tags:\n- base_model:x/y\nbase_model: a/b\nbase_model_relation: adapter\nwidget:\n- c/d",
    ],
)
def test_a_parent_and_its_relation(text):
    assert read(front(text), quantized=False) == Card(None, (Lineage("a/b", "adapter"),))


@pytest.mark.parametrize(
    ("text", "quantized", "relation"),
    [
        ("base_model: a/b", False, "finetune"),
        ("base_model: a/b", True, "quantized"),
        ("base_model: [a/b, c/d]", False, "merge"),
        ("base_model: a/b\nbase_model_relation: sibling", False, "finetune"),
    ],
)
def test_a_relation_not_declared_is_read_as_the_hub_does_and_said(text, quantized, relation):
    card = read(front(text), quantized=quantized)
    assert {parent.relation for parent in card.lineage} == {relation}
    assert f"read as {relation}" in card.notes[0]


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ("license: other\nlicense_name: llama3.1", "llama3.1"),
        ("license: other", "other"),
        ("license: 'a\x1b[2J'", r"a\x1b[2J"),
    ],
)
def test_a_licence(text, licence):
    assert read(front(text), quantized=False).licence == licence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Model",
        "---\nlicense: mit",
        "base_model: a/b",
        front("base_model: ../../etc"),
        front("model-index:\n  base_model: a/b"),
    ],
)
def test_a_card_that_declares_nothing(text):
    assert read(text, quantized=False) == NOTHING


@given(st.text(alphabet=st.sampled_from("-: \n[]#'abc/base_modl,"), max_size=200) | st.text())
def test_any_text_is_a_card(text):
    card = read(front(text), quantized=False)
    assert all(note.isprintable() for note in card.notes)
