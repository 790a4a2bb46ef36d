"""Similarity of code: whatever it is called, equal is 1, other is near the control, and order of arguments counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.evidence.code import control, find
from archdiff.evidence.code.reading import LARGEST
from archdiff.evidence.code.similar import RUN, best_matches, shared
from archdiff.evidence.code.tree import MOST_NODES, Labels, parse, plant
from tests.archdiff.evidence.code.sources import BLOCK, OTHER, renamed


def trees(*texts):
    labels = Labels()
    return [plant(parse(text, "it"), labels) for text in texts]


def similarity(old, new):
    return shared(*trees(old, new)).similarity


def test_a_source_is_equal_to_itself_and_to_a_copy_under_other_names():
    assert similarity(BLOCK, BLOCK) == 1
    copy = renamed(BLOCK)
    assert "class Example" not in copy
    assert "q_proj" not in copy
    assert similarity(BLOCK, copy) == 1


def test_two_blocks_that_compute_something_else_are_not_alike():
    assert similarity(BLOCK, OTHER) <= control().high


@pytest.mark.parametrize(
    "written",
    [
        ("import torch.nn.functional as F\nF.softmax(x)", "from torch import nn\nnn.functional.softmax(x)"),
        ("from torch.nn import Linear as L\nL(2, 3)", "import torch\ntorch.nn.Linear(2, 3)"),
        (
            "from ...activations import ACT2FN\nACT2FN[x](y)",
            "from transformers.activations import ACT2FN\nACT2FN[a](b)",
        ),
        ("def f(x: int) -> int:\n  '''Says.'''\n  return x", "@g\ndef h(y):\n  return y  # why"),
        ("class A(B, metaclass=C):\n  x: int = 1", "class Z:\n  y = 2"),
        ("from ..llama.modeling_llama import LlamaMLP\nLlamaMLP(x)", "from .modeling_base import M\nM(y)"),
        ("x = f'{a} is wrong'", "x = 'wrong'"),
    ],
)
def test_one_thing_written_in_two_ways(written):
    old, new = trees(*written)
    assert old.nodes == new.nodes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import torch\ntorch.add(x, y)", "import torch\ntorch.mul(x, y)"),
        ("x.view(1)", "x.transpose(1)"),
        ("f(x, 1)", "f(x, 1.5)"),
        ("a + b", "a - b"),
        ("f(x)", "f(x, y)"),
        ("len(x)", "max(x)"),
    ],
)
def test_what_is_computed_is_no_name(old, new):
    first, second = trees(old, new)
    assert first.nodes != second.nodes


def test_classes_find_their_partners():
    matches = best_matches(*trees(BLOCK, renamed(BLOCK)))
    assert [(match.new, match.old, match.similarity) for match in matches] == [
        ("zz_ledoMelpmaxE", "ExampleModel", 1),
        ("zz_noitnettAelpmaxE", "ExampleAttention", 1),
    ]
    assert best_matches(*trees("x = 1", BLOCK)) == ()


def test_an_edit_in_the_middle_keeps_the_rest():
    edited = BLOCK.replace("self.size**-0.5", "config_scale(self) * 3 + self.size")
    assert 0.9 < similarity(BLOCK, edited) < 1


def test_each_run_serves_once():
    line = "x = torch.matmul(a.view(1, 2), b.transpose(1, 2)) + softmax(c, d, e)\n"
    found = shared(*trees(f"import torch\n{line}", f"import torch\n{line * 10}"))
    assert found.of_old > 0.9
    assert found.of_new < 0.2


@settings(max_examples=40)
@given(st.lists(st.sampled_from(BLOCK.splitlines()), max_size=12).map("\n".join))
def test_similarity_is_a_share_and_does_not_depend_on_the_side(text):
    try:
        parse(text, "it")
    except SourceError:
        return
    there, back = shared(*trees(BLOCK, text)), shared(*trees(text, BLOCK))
    assert there.similarity == pytest.approx(back.similarity)
    assert 0 <= there.similarity <= 1
    assert (there.of_old, there.of_new) == (back.of_new, back.of_old)


HOSTILE = {
    "parentheses": "(" * 10_000 + ")" * 10_000,
    "brackets": "[" * 10_000,
    "minus": "-" * 100_000 + "1",
    "attributes": "x" + ".a" * 100_000,
    "sum": "x" + "+x" * 100_000,
    "not": "not " * 50_000 + "1",
    "lambda": "lambda:" * 50_000 + "1",
    "power": "a**" * 50_000 + "1",
    "choice": "x if y else " * 50_000 + "1",
    "calls": "f(" * 10_000,
    "branches": "if 1:\n pass\n" + "elif 1:\n pass\n" * 30_000,
    "indent": "".join(" " * depth + "if x:\n" for depth in range(200)),
    "null byte": "x = 1\x00",
    "garbage": "\ufffd\x01\x02 binary",
    "half a character": "x = '\ud800'",
    "digits": "9" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_source_is_one_error(text):
    with pytest.raises(SourceError) as caught:
        parse(text, "it\x1b[2J")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_what_is_wide_or_chained_and_still_python_is_read():
    (tree,) = trees("x = [" + "1," * 10_000 + "]")
    assert len(tree.nodes) == 10_000 + 4


def test_a_source_of_too_many_nodes_is_refused():
    wide = "x = [" + "1," * (MOST_NODES + 1) + "]"
    assert len(wide) < LARGEST
    with pytest.raises(SourceError, match="more than 200,000 nodes"):
        parse(wide, "it")


def test_an_escape_that_python_warns_of_is_no_fault():
    parse('x = "\\d"', "it")


def test_the_control_is_the_table_and_of_this_method():
    table = control()
    assert table.median < table.high < table.highest < 1
    assert table.pairs >= 1000
    assert table.classes[0][0] == RUN
    assert table.of_class(RUN) == table.classes[0][1]
    assert table.of_class(10**6) == table.classes[-1][1]
    assert table.of_class(1) == 1


@pytest.mark.parametrize(
    ("old", "new", "least"), [("llama", "mistral", 0.9), ("deepseek_v3", "glm4_moe", 0.7), ("bert", "roberta", 0.85)]
)
def test_related_families_are_far_above_the_control(old, new, least):
    found = similarity(find(old).text, find(new).text)
    assert found >= least > control().highest


@pytest.mark.parametrize(("old", "new"), [("gpt2", "mamba"), ("llama", "bloom"), ("t5", "mamba")])
def test_unrelated_families_are_near_it(old, new):
    assert similarity(find(old).text, find(new).text) <= control().high


def test_a_shipped_class_under_other_names_is_found():
    """The first release of Yi was Llama with its classes and two tensors renamed."""
    text = find("llama").text
    copy = renamed(text.replace("Llama", "Yi").replace("input_layernorm", "ln1"), numbers=False)
    old, new = trees(text, copy)
    assert shared(old, new).similarity > 0.97
    best = {match.new: match.old for match in best_matches(old, new) if match.nodes >= RUN}
    assert best["zz_noitnettAiY"] == "LlamaAttention"
    assert best["zz_reyaLredoceDiY"] == "LlamaDecoderLayer"
