"""Which names come from outside a source, and what they are called everywhere."""

from __future__ import annotations

import ast

import pytest

from archdiff.evidence.code.names import names_of


def names(text):
    return names_of(ast.walk(ast.parse(text)))


def dotted(text, imports=""):
    return names(f"{imports}\n{text}").dotted(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("imports", "text", "path"),
    [
        ("import torch", "torch.float32", "torch.float32"),
        ("import torch.nn.functional", "torch.nn.functional.silu", "torch.nn.functional.silu"),
        ("import torch.nn.functional as F", "F.silu", "torch.nn.functional.silu"),
        ("from torch import nn", "nn.functional.silu", "torch.nn.functional.silu"),
        ("from torch.nn import functional as f", "f.silu", "torch.nn.functional.silu"),
        ("from math import sqrt as root", "root", "math.sqrt"),
        ("from ...activations import ACT2FN", "ACT2FN", "ACT2FN"),
        ("from transformers.activations import ACT2FN as table", "table", "ACT2FN"),
        ("from transformers import PreTrainedModel", "PreTrainedModel", "PreTrainedModel"),
        ("", "len", "len"),
        ("", "isinstance", "isinstance"),
    ],
)
def test_names_from_outside(imports, text, path):
    assert dotted(text, imports) == path


@pytest.mark.parametrize(
    ("imports", "text"),
    [
        ("", "hidden"),
        ("", "self.norm"),
        ("", "f(x).y"),
        ("from .configuration_llama import LlamaConfig", "LlamaConfig"),
        ("from ..llama.modeling_llama import LlamaMLP", "LlamaMLP"),
        ("from transformers.models.llama.modeling_llama import LlamaMLP", "LlamaMLP"),
        ("from modeling_yi import YiMLP", "YiMLP"),
        ("from transformers import LlamaConfig", "LlamaConfig"),
        ("from ...configuration_utils import LlamaConfig", "LlamaConfig"),
        ("from torch import softmax\ndef softmax(x): pass", "softmax"),
        ("def len(x): pass", "len"),
    ],
)
def test_names_of_its_own(imports, text):
    assert dotted(text, imports) is None


def test_what_a_source_defines():
    found = names("class A:\n def f(self):\n  self.x = 1\n  self.y.z = 2\n  print(self.w)\nasync def g(): pass")
    assert found.own == {"A", "f", "x", "z", "g"}


def test_a_star_is_no_name():
    assert dotted("softmax", "from torch import *") is None
