"""Small models with random weights as a checkpoint holds them, with their graphs."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file
from transformers.utils import logging

from archdiff.graph.build import quiet
from archdiff.weights.pairing import units_of
from tests.archdiff.weights.fakes import FakeTensors
from tests.oracle.decide import graph_of
from tests.oracle.execute import Tiny
from tests.oracle.families import kind_of, tiny

__all__ = ["Saved", "config_of", "elements", "only", "parameter", "saved", "saved_config", "times_read", "units_by"]

_OWN: dict[str, dict[str, Any]] = {
    "dbrx": {
        "model_type": "dbrx", "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 16, "vocab_size": 96,
        "ffn_config": {"ffn_hidden_size": 24, "moe_num_experts": 4, "moe_top_k": 2},
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 10000.0},
    },
}  # fmt: skip
"""Families that the oracle does not run."""

_OTHERWISE: dict[str, dict[str, Any]] = {"deepseek_v3": {"v_head_dim": 12}}
"""Sizes that differ, so that a mistaken one shows."""


@dataclasses.dataclass(frozen=True)
class Saved:
    """A model on the CPU, its graph, the tensors that it saves, and the units that they are."""

    model: Any
    config: Any
    graph: Any
    arrays: Any
    tensors: FakeTensors
    units: Any


def config_of(family):
    """A small config of a family."""
    values = _OWN.get(family) or tiny(family) | kind_of(family) | _OTHERWISE.get(family, {})
    return json.loads(json.dumps(values))


@cache
def saved(family):
    """A family's model, saved."""
    return saved_config(config_of(family))


def saved_config(values):
    """The model of a config, saved as transformers saves it."""
    logging.disable_progress_bar()
    with quiet(), tempfile.TemporaryDirectory() as folder:
        made = Tiny(values)
        made.randomise()
        made.model.save_pretrained(folder)
        arrays = {}
        for file in sorted(Path(folder).glob("*.safetensors")):
            arrays |= load_file(file)
        graph = graph_of(values)
    tensors = FakeTensors(arrays)
    return Saved(made.model, made.config, graph, arrays, tensors, units_of(graph, tensors))


def elements(region):
    """Numbers of the elements of its tensor that a region takes, in its order."""
    block = np.arange(region.start, region.stop).reshape(region.shape)
    block = block.T if region.transposed else block
    return (block if region.rows is None else block[slice(*region.rows)]).ravel()


def times_read(tensors, units):
    """How often each element of each tensor is in a unit."""
    found = {name: np.zeros(meaning.count, int) for name, meaning in tensors.meanings.items()}
    for unit in units.units:
        taken = [elements(region) for region in unit.regions]
        assert sum(map(len, taken)) == unit.count, unit
        for region, numbers in zip(unit.regions, taken, strict=True):
            np.add.at(found[region.tensor], numbers, 1)
    return found


def units_by(units, **wanted):
    """The units of which the fields have these values."""
    return [unit for unit in units.units if all(getattr(unit, key) == value for key, value in wanted.items())]


def only(units, **wanted):
    """The one unit of which the fields have these values."""
    (found,) = units_by(units, **wanted)
    return found


def parameter(model, unit):
    """The parameter that a unit is a part of."""
    return getattr(model.get_submodule(unit.module), unit.tensor).detach()
