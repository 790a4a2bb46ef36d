"""Names alone are no architecture: a model under random names differs from itself in its names and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.compare import compare
from archdiff.compare.replay import modules, new_names, replay
from archdiff.graph import build_graph
from archdiff.graph.integrity import faults
from archdiff.packs import load_rules, run
from tests.archdiff.compare.fakes import HIDDEN, model, op, part, weight
from tests.archdiff.compare.renaming import forgotten, renamed
from tests.archdiff.graph.tiny import CLIP, CONFIGS, LLAVA, WAV2VEC2, WHISPER, graph_of, source_of

T5 = {
    "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "d_model": 48, "d_kv": 16, "d_ff": 80,
    "num_layers": 3, "num_heads": 4, "vocab_size": 160,
}  # fmt: skip
MAMBA2 = {
    "model_type": "mamba2", "architectures": ["Mamba2ForCausalLM"], "hidden_size": 48, "num_hidden_layers": 3,
    "vocab_size": 160, "state_size": 10, "head_dim": 12, "num_heads": 8, "n_groups": 2, "expand": 2,
}  # fmt: skip
OTHERS = {"t5": T5, "mamba2": MAMBA2, "whisper": WHISPER, "llava": LLAVA, "clip": CLIP, "wav2vec2": WAV2VEC2}

NAMES = {"module-renamed", "tensor-renamed"}


@cache
def graph(family):
    return build_graph(source_of(OTHERS[family])) if family in OTHERS else graph_of(family)


def true_names(graph, scheme):
    return {key: scheme.path(key) for key, node in graph.nodes.items() if node.kind == "module"}


def is_only_renamed(old, new, scheme):
    """Whether every module and tensor finds its partner, and nothing but names differs."""
    found = compare(old, new)
    assert [change for change in found.changes if change.kind not in NAMES] == []
    assert new_names(old, found.alignment, found.changes) == true_names(old, scheme)
    assert replay(old, found.alignment, found.changes) == modules(new)
    for stack in found.alignment:
        assert stack.matched == tuple((number, number) for number in range(len(old.stacks[stack.old])))
    return found


FAMILIES = sorted([*CONFIGS, *OTHERS])


SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2, deadline=None)
@given(seed=SEEDS)
def test_a_model_under_other_names_differs_in_them_alone(seed, family):
    new, scheme = renamed(graph(family), random.Random(seed))
    assert list(faults(new)) == []
    found = is_only_renamed(graph(family), new, scheme)
    assert [rule.id for rule, _ in run(load_rules(), found)] == ["tensors-renamed"]
    assert found.impact == "breaking"
    is_only_renamed(new, graph(family), _Inverse(graph(family), scheme))


class _Inverse:
    """The scheme that leads back."""

    def __init__(self, old, scheme):
        self.origin = {scheme.path(key): key for key in old.nodes}

    def path(self, key):
        return self.origin[key]


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2, deadline=None)
@given(seed=SEEDS)
def test_parts_find_their_partners_although_names_tell_nothing_of_their_roles(seed, family):
    new, scheme = renamed(graph(family), random.Random(seed), tensors=False)
    unknown = forgotten(new)
    kept, left = (Counter(node.role for node in model.nodes.values()) for model in (new, unknown))
    assert sum((kept - left).values()) >= 5, "names told roles that are lost without them"
    is_only_renamed(graph(family), unknown, scheme)
    is_only_renamed(unknown, graph(family), _Inverse(graph(family), scheme))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FAMILIES), SEEDS)
def test_two_models_whose_names_tell_nothing(family, seed):
    draw = random.Random(seed)
    first, _ = renamed(graph(family), draw, tensors=False)
    second, scheme = renamed(forgotten(first), draw)
    is_only_renamed(forgotten(first), second, scheme)


def test_tensors_are_told_apart_by_what_reads_them():
    """RMSNorm's scale and the shift of another one have one shape; each keeps its own reader."""
    for operators, changed in ((("mul", "add"), []), (("add", "mul"), ["tensor-added", "tensor-removed"])):
        old = model({"x": part("norm", *vectors("scale"), operators=(op(operators[0], ">0", "@scale"),))})
        new = model({"x": part("norm", *vectors("gamma"), operators=(op("mul", ">0", "@gamma"),))})
        kinds = [change.kind for change in compare(old, new).changes if change.kind != "operators-changed"]
        assert kinds == (["tensor-renamed"] if operators[0] == "mul" else changed)


def test_a_tensor_of_another_shape_has_no_other_name():
    old = model({"x": part("norm", weight(HIDDEN, name="a"), operators=(op("mul", ">0", "@a"),))})
    new = model({"x": part("norm", weight(("hidden", 9), name="b"), operators=(op("mul", ">0", "@b"),))})
    assert [change.kind for change in compare(old, new).changes] == ["tensor-removed", "tensor-added"][::-1]


def test_of_a_module_that_was_not_traced_the_class_must_be_known():
    for class_name, kinds in (("LayerNorm", ["tensor-renamed"]), ("LayerNorm?", ["tensor-added", "tensor-removed"])):
        old, new = (model({"x": part("norm", *vectors(name), class_name=class_name)}) for name in ("gamma", "weight"))
        assert [change.kind for change in compare(old, new).changes] == kinds


def vectors(*names):
    return [weight(HIDDEN, name=name) for name in names]
