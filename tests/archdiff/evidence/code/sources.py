"""Modelling code written by the tests, and copies of it under other names."""

from __future__ import annotations

import ast
import re

BLOCK = '''
# Copyright 2023 The Example Authors. All rights reserved.
"""A block."""
import torch
from torch import nn
from transformers.modeling_utils import PreTrainedModel
from .configuration_example import ExampleConfig


class ExampleAttention(nn.Module):
    """Attends."""

    def __init__(self, config: ExampleConfig, layer: int = 0) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.size = config.hidden_size // self.heads
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.out = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(self, hidden, mask=None):
        batch, length, _ = hidden.shape
        query = self.q_proj(hidden).view(batch, length, self.heads, self.size).transpose(1, 2)
        key = self.k_proj(hidden).view(batch, length, self.heads, self.size).transpose(1, 2)
        scores = torch.matmul(query, key.transpose(2, 3)) * self.size**-0.5
        if mask is not None:
            scores = scores + mask[:, :, :, :length]
        weights = nn.functional.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
        return self.out(torch.matmul(weights, key).reshape(batch, length, -1))


class ExampleModel(PreTrainedModel):
    config_class = ExampleConfig

    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList([ExampleAttention(config, n) for n in range(config.num_hidden_layers)])
        self.norm = nn.LayerNorm(config.hidden_size, eps=1e-6)

    def forward(self, hidden):
        for layer in self.layers:
            hidden = hidden + layer(self.norm(hidden))
        return hidden
'''

OTHER = """
import torch
from torch import nn


class Scan(nn.Module):
    def __init__(self, width, state):
        super().__init__()
        self.mix = nn.Conv1d(width, width, kernel_size=4, groups=width, padding=3)
        self.decay = nn.Parameter(torch.log(torch.arange(1, state + 1).float()))

    def forward(self, signal):
        signal = torch.nn.functional.silu(self.mix(signal.transpose(1, 2))[..., :-3]).transpose(1, 2)
        state, found = torch.zeros_like(signal[:, 0]), []
        for step in signal.unbind(1):
            state = torch.exp(-torch.exp(self.decay)).sum() * state + step
            found.append(state)
        return torch.stack(found, dim=1)
"""


def renamed(text, numbers=True):
    """The source as a copyist leaves it: every name of its own another, no comments, formatted anew.

    Args:
        text: a source.
        numbers: whether constants become others too.
    """
    tree = ast.parse(text)
    kept = {"super", "range", "len", "isinstance", "torch", "nn", "self", "print"}
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.level not in (1, 2))
        for alias in node.names
    }
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    stored = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    dunder = re.compile(r"__\w+__")

    def other(name):
        is_kept = name in kept or name in imported or dunder.fullmatch(name) or name in dir(__builtins__)
        return name if is_kept else f"zz_{name[::-1]}"

    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in dir(__builtins__):
            node.id = other(node.id)
        elif isinstance(node, ast.arg):
            node.arg, node.annotation = other(node.arg), None
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.name = other(node.name)
        elif isinstance(node, ast.Attribute) and (node.attr in stored or node.attr in defined):
            node.attr = other(node.attr)
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float) and numbers:
            node.value += 1
    return ast.unparse(tree)
