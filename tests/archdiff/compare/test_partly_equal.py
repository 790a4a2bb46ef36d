"""Models that share a part: one vision tower under different language models, and under other names."""

from __future__ import annotations

import itertools
import random
from functools import cache

import pytest

from archdiff.compare import compare
from archdiff.compare.replay import modules, new_names, replay
from archdiff.graph import build_graph
from archdiff.packs import load_rules, run
from tests.archdiff.compare.renaming import renamed
from tests.archdiff.graph.tiny import CONFIGS, LLAVA, config_of, source_of

LANGUAGE = ["llama", "qwen2", "mistral", "qwen3_moe", "phi3"]
TOWER = "model.vision_tower"


@cache
def seeing(family, **vision):
    """A small LLaVA with the language model of a family."""
    text = {key: value for key, value in config_of(family).items() if key != "architectures"}
    tower = LLAVA["vision_config"] | vision
    return build_graph(source_of(LLAVA | {"text_config": text, "vision_config": tower}))


@pytest.mark.parametrize("pair", [*itertools.permutations(LANGUAGE, 2)], ids=" → ".join)
def test_a_shared_tower_reports_nothing(pair):
    old, new = map(seeing, pair)
    found = compare(old, new)
    names = new_names(old, found.alignment, found.changes)
    tower = [key for key in old.subtree(TOWER) if old.nodes[key].kind == "module"]
    assert len(tower) > 30
    assert {key: names.get(key) for key in tower} == {key: key for key in tower}
    (layers,) = [stack for stack in found.alignment if stack.old == f"{TOWER}.encoder.layers"]
    assert {pair.method for pair in layers.pairs} == {"identical"}
    shared = ("model.vision_tower", "model.multi_modal_projector")
    assert not [change for change in found.changes if change.where.path.startswith(shared)]
    assert replay(old, found.alignment, found.changes) == modules(new)


def test_what_differs_is_said_of_the_language_model():
    old, new = seeing("llama"), seeing("qwen3_moe")
    found = compare(old, new)
    located = run(load_rules(), found)
    assert {"experts-added", "query-key-norm-changed"} <= {rule.id for rule, _ in located}
    assert not {rule.id for rule, _ in located} & {"modality-added", "modality-removed", "projector-changed"}
    alone = compare(*(build_graph(source_of(CONFIGS[family])) for family in ("llama", "qwen3_moe")))
    assert {rule.id for rule, _ in run(load_rules(), alone)} - {"same-architecture-renamed"} <= {
        rule.id for rule, _ in located
    }


def test_a_tower_that_differs_is_not_hidden_by_the_language_model():
    found = compare(seeing("llama"), seeing("qwen2", num_hidden_layers=5))
    (layers,) = [stack for stack in found.alignment if stack.old == f"{TOWER}.encoder.layers"]
    assert (len(layers.added), layers.removed) == (2, ())
    assert [change for change in found.changes if change.kind == "module-added" and change.where.path.startswith(TOWER)]


@pytest.mark.parametrize("seed", range(3))
def test_a_shared_tower_is_found_under_other_names(seed):
    old = seeing("llama")
    new, scheme = renamed(seeing("mistral"), random.Random(seed), tensors=False)
    found = compare(old, new)
    names = new_names(old, found.alignment, found.changes)
    tower = [key for key in old.subtree(TOWER) if old.nodes[key].kind == "module"]
    assert {key: names.get(key) for key in tower} == {key: scheme.path(key) for key in tower}
