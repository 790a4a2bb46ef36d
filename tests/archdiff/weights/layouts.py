"""Small models as units over tensors in memory: what a planner and a runner of tests read."""

from __future__ import annotations

import numpy as np

from archdiff.weights.layout import Layout
from archdiff.weights.sides import Sides
from archdiff.weights.units import Region, Unit, UnitPair

from .fakes import FakeTensors

__all__ = ["WIDTH", "dense", "experts", "model", "sides", "tensors", "unit"]

WIDTH = 96
"""Of the residual stream."""


def unit(name, shape, place, role, layer=None, component="language-model", **more):
    """A unit that is the whole of the tensor with its name."""
    stack = None if layer is None else "model.layers"
    region = Region(name, 0, shape)
    module = name.rpartition(".")[0]
    return Unit(
        module, "weight", component, place, role, stack, layer, more.pop("expert", None), shape, (region,), **more
    )


def dense(layer, hidden=64):
    """Names, shapes and what they are of a layer with a gated feed-forward."""
    at = f"model.layers.{layer}"
    return [
        unit(f"{at}.norm.weight", (WIDTH,), "norm", "norm", layer),
        unit(f"{at}.attention.key.weight", (32, WIDTH), "attention", "key", layer, heads=2),
        unit(f"{at}.attention.value.weight", (32, WIDTH), "attention", "value", layer, heads=2),
        unit(f"{at}.mlp.gate.weight", (hidden, WIDTH), "mlp", "gate", layer),
        unit(f"{at}.mlp.up.weight", (hidden, WIDTH), "mlp", "up", layer),
        unit(f"{at}.mlp.down.weight", (WIDTH, hidden), "mlp", "down", layer),
    ]


def experts(layer, count=6, hidden=64):
    """As `dense`, with routed experts in the place of the feed-forward."""
    at = f"model.layers.{layer}"
    kept = [each for each in dense(layer) if each.place != "mlp"]
    kept.append(unit(f"{at}.router.weight", (count, WIDTH), "router", "router", layer))
    for number in range(count):
        for role, shape in (("gate", (hidden, WIDTH)), ("up", (hidden, WIDTH)), ("down", (WIDTH, hidden))):
            name = f"{at}.experts.{number}.{role}.weight"
            kept.append(unit(name, shape, "expert", role, layer, expert=number))
    return kept


def model(layers, seed=0, vocabulary=300):
    """A layout with an embedding, and its values: independent normal ones."""
    table = unit("embedding.weight", (vocabulary, WIDTH), "outside", "embedding", component="embeddings")
    units = [table, *(each for layer in layers for each in layer)]
    rng = np.random.default_rng(seed)
    values = {each.regions[0].tensor: rng.normal(size=each.shape).astype(np.float32) for each in units}
    for each in units:
        if each.place == "norm":
            values[each.regions[0].tensor] = 1 + 0.1 * values[each.regions[0].tensor]
    norms = {
        f"model.layers.{n}.mlp.{role}": f"model.layers.{n}.norm" for n in range(len(layers)) for role in ("gate", "up")
    }
    return Layout(units, norms), values


def sides(old, new, aligned=None):
    """Two layouts whose units correspond by name, and layers by number unless `aligned` says otherwise."""
    names = {each.regions[0].tensor: each for each in old.units}
    pairs = tuple(UnitPair(names[e.regions[0].tensor], e) for e in new.units if e.regions[0].tensor in names)
    if aligned is None:
        shared = min(len(old.layers("model.layers")), len(new.layers("model.layers")))
        aligned = tuple((number, number) for number in range(shared))
    return Sides(old, new, pairs, {("model.layers", "model.layers"): aligned})


def tensors(values, **more):
    """The values as a checkpoint."""
    return FakeTensors(values, **more)
