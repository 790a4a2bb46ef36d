"""Changes are complete: applied to OLD, without a look at NEW, they give NEW."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from archdiff.compare import compare
from archdiff.compare.replay import modules, replay
from archdiff.errors import BuildError
from tests.archdiff.compare.fakes import HIDDEN, KINDS, layered, model, part, weight
from tests.archdiff.graph.tiny import CONFIGS, graph_of

MUTATIONS = {
    "hidden_size": [32, 64],
    "intermediate_size": [56],
    "num_attention_heads": [2, 8],
    "num_hidden_layers": [1, 2, 5],
    "num_key_value_heads": [1, 4],
    "vocab_size": [120, 200],
    "rms_norm_eps": [1e-6],
    "rope_theta": [500000.0],
    "tie_word_embeddings": [True, False],
    "attention_bias": [True, False],
    "hidden_act": ["gelu"],
    "torch_dtype": ["float16", None],
    "num_experts_per_tok": [3],
    "n_routed_experts": [9],
    "num_local_experts": [4],
    "moe_intermediate_size": [20],
    "n_shared_experts": [2],
    "first_k_dense_replace": [0, 2],
    "partial_rotary_factor": [0.25],
    "sliding_window": [16],
    "max_position_embeddings": [512],
}
LIKE_LLAMA = sorted(name for name, config in CONFIGS.items() if config.get("num_key_value_heads"))


def built(family, values):
    """The graph; a combination of values that transformers refuses is another example's."""
    try:
        return graph_of(family, **values)
    except BuildError:
        reject()


def is_complete(old, new):
    """Whether replaying what differs on OLD gives NEW, and the counts add up, both ways round."""
    for first, second in ((old, new), (new, old)):
        found = compare(first, second)
        assert replay(first, found.alignment, found.changes) == modules(second)
        assert sum(change.parameters for change in found.changes) == second.parameters - first.parameters
        assert len({change.id for change in found.changes}) == len(found.changes)


@st.composite
def mutated(draw):
    """A small model of some family, with up to four values changed."""
    family = draw(st.sampled_from(LIKE_LLAMA))
    keys = draw(st.lists(st.sampled_from(sorted(MUTATIONS.keys() & CONFIGS[family].keys())), max_size=4, unique=True))
    return family, {key: draw(st.sampled_from(MUTATIONS[key])) for key in keys}


@settings(max_examples=25, deadline=None)
@given(mutated(), mutated())
def test_any_small_model_turns_into_any_other(old, new):
    is_complete(built(*old), built(*new))


@settings(max_examples=25, deadline=None)
@given(mutated(), st.data())
def test_a_small_model_turns_into_itself_with_other_values(old, data):
    family, values = old
    other = data.draw(mutated().filter(lambda pair: pair[1]))[1]
    changed = {key: value for key, value in other.items() if key in CONFIGS[family]}
    is_complete(built(family, values), built(family, changed))


@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_every_family_turns_into_llama(family):
    is_complete(graph_of(family), graph_of("llama"))


sequences = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=7)


@settings(deadline=None)
@given(sequences, sequences, st.sampled_from(["layers", "model.layers", "h"]))
def test_layers_come_go_and_are_replaced(old, new, stack):
    is_complete(layered(*old), layered(*new, stack=stack))


ROUTER = part("router", weight(("experts", 4), HIDDEN))
NORM = part("norm", weight(HIDDEN), class_name="Norm", eps=1e-5)
BLOCK = {"layers.0": part("layer"), "layers.0.mlp": part("dense-mlp"), "layers.0.mlp.norm": NORM}
OWN = part("mixture-of-experts", weight(("experts", 4), name="bias"))
SQUARE = weight(("size", 6), ("size", 6))
TIED = weight(("vocabulary", 9), HIDDEN, tied_to="embed.weight")
EMBED = {"embed": part("embedding", weight(("vocabulary", 9), HIDDEN))}

PAIRS = {
    "a part moved into a new one": (
        {"layers.0": part("layer"), "layers.0.router": ROUTER},
        {"layers.0": part("layer"), "layers.0.moe": OWN, "layers.0.moe.gate": ROUTER},
    ),
    "a part moved and kept its name": (
        {"layers.0": part("layer"), "layers.0.a": part("", SQUARE), "layers.0.a.gate": ROUTER, "layers.0.a.n": NORM},
        {"layers.0": part("layer"), "layers.0.b": part("", class_name="B"), "layers.0.b.c.gate": ROUTER},
    ),
    "a moved part has parts of its own": (
        {"a": part(""), "a.router": ROUTER, "a.router.norm": NORM, "a.router.up": part("up", SQUARE)},
        {"b": part("", class_name="B"), "b.router": ROUTER, "b.router.norm": NORM, "b.router.x": part("down", SQUARE)},
    ),
    "a stack stands in another module": (
        {f"model.{key}": value for key, value in BLOCK.items()} | {"model": part("x", SQUARE), "model.norm": NORM},
        {f"decoder.{key}": value for key, value in BLOCK.items()} | {"decoder": part("y", SQUARE)},
    ),
    "a stack has the name of another module": (
        {"layers.0": part("layer", SQUARE), "h": part("dense-mlp", SQUARE), "h.0": part("up", SQUARE)},
        {"h.0": part("layer", SQUARE), "layers": part("dense-mlp", SQUARE), "layers.0": part("up", SQUARE)},
    ),
    "unlike parts of one class came": (
        {f"layers.{n}": part("layer", n=n) for n in range(2)},
        {f"layers.{n}": part("layer", n=n) for n in range(2)} | {f"layers.{n}.a": part("up", n=n) for n in range(2)},
    ),
    "two axes of one name are resized alike": (
        {"a": part("x", SQUARE)},
        {"a": part("x", weight(("size", 7), ("size", 7)))},
    ),
    "two axes of one name are resized otherwise": (
        {"a": part("x", SQUARE)},
        {"a": part("x", weight(("size", 8), ("size", 5)))},
    ),
    "axes change their order and sizes": (
        {"a": part("x", weight(("experts", 4), HIDDEN, ("width", 5)))},
        {"a": part("x", weight(("width", 6), ("experts", 4), ("hidden", 9)))},
    ),
    "a tensor has more axes": ({"a": part("x", SQUARE)}, {"a": part("x", weight(("experts", 2), *[("size", 6)] * 2))}),
    "a tensor is no longer stored": (
        {"a": part("x", SQUARE)},
        {"a": part("x", weight(("size", 6), ("size", 6), kind="buffer", persistent=False))},
    ),
    "a tensor is no longer trained and has another size": (
        {"a": part("x", SQUARE)},
        {"a": part("x", weight(("size", 6), ("size", 3), kind="buffer"))},
    ),
    "a tensor has another type and other values": (
        {"a": part("x", weight(("size", 6), kind="buffer", digest="1"))},
        {"a": part("x", weight(("size", 6), kind="buffer", digest="2", dtype="float32"))},
    ),
    "a tensor is tied to another one": (
        EMBED | {"other": part("position-embedding", TIED), "head": part("lm-head", TIED)},
        {"other": part("position-embedding", weight(("vocabulary", 9), HIDDEN))}
        | {"head": part("lm-head", dataclasses.replace(TIED, tied_to="other.weight"))},
    ),
    "the module that a tensor is tied to has another name": (
        EMBED | {"head": part("lm-head", TIED)},
        {"wte": EMBED["embed"], "head": part("lm-head", dataclasses.replace(TIED, tied_to="wte.weight"))},
    ),
    "ties inside layers": (
        {"layers.0": part("layer")},
        {f"layers.{n}.a": part("x", SQUARE) for n in range(3)}
        | {f"layers.{n}.b": part("y", dataclasses.replace(SQUARE, tied_to=f"layers.{n}.a.weight")) for n in range(3)},
    ),
    "a setting is gone, another one came": (
        {"a": part("x", first=1, third=None, fourth=1)},
        {"a": part("x", second=(1, 2), fourth=True)},
    ),
}


def graphs(*pair):
    """Graphs of the parts; a list whose entries are layers is a stack."""
    names = ("layers", "h", "model.layers", "decoder.layers")
    stacks = [[name for name in names if parts.get(f"{name}.0", {}).get("role") == "layer"] for parts in pair]
    return [model(parts, of) for parts, of in zip(pair, stacks, strict=True)]


@pytest.mark.parametrize("pair", [graphs(*pair) for pair in PAIRS.values()], ids=PAIRS)
def test_the_pair_is_complete(pair):
    is_complete(*pair)


def comes_out(old, found, changes):
    """What replaying some changes gives; the error where they do not fit together."""
    try:
        return replay(old, found.alignment, changes)
    except KeyError as error:
        return error


def test_without_any_one_of_the_changes_something_else_comes_out():
    old, new = graph_of("llama"), graph_of("mixtral", hidden_size=64)
    found = compare(old, new)
    structural = [c for c in found.changes if c.kind.partition("-")[0] in ("module", "class", "attribute", "tensor")]
    assert {change.kind for change in structural} >= {"module-added", "module-removed", "tensor-reshaped"}
    for left_out in structural:
        rest = [change for change in found.changes if change is not left_out]
        assert comes_out(old, found, rest) != modules(new)


def test_a_setting_that_is_none_counts_as_not_stated():
    old, new = (model({"a": part("x", **values)}) for values in ({}, {"window": None}))
    assert modules(old) == modules(new)
    assert not compare(old, new).changes
