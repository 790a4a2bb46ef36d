"""Which units of two models correspond, by their graphs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from archdiff.compare import compare
from archdiff.weights.pairing import pair_units, units_of
from archdiff.weights.units import matrix
from tests.archdiff.weights.fakes import FakeTensors
from tests.archdiff.weights.pairing.test_checkpoints import _bare
from tests.archdiff.weights.pairing.tiny import config_of, saved, saved_config


@cache
def variant(family, *changes):
    """A family with some values of its config changed."""
    return saved_config({**config_of(family), **dict(changes)}) if changes else saved(family)


def paired(old, new):
    """The pairs of two saved models."""
    return pair_units(compare(old.graph, new.graph), old.units, new.units)


def told(pairs, **wanted):
    """OLD's and NEW's layer, expert and shape of the pairs of which NEW's unit has these values."""
    return [
        (p.old.layer, p.new.layer, p.old.expert, p.new.expert, p.old.shape, p.new.shape)
        for p in pairs.pairs
        if all(getattr(p.new, key) == value for key, value in wanted.items())
    ]


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2_moe", "deepseek_v3", "gpt_oss", "llava", "bert", "whisper"])
def test_a_model_against_itself_pairs_every_unit_with_itself(family):
    pairs = paired(saved(family), saved(family))

    assert [(pair.old, pair.new) for pair in pairs.pairs] == [(u, u) for u in saved(family).units.units]
    assert pairs.old_alone == pairs.new_alone == ()
    assert not any(pair.changed for pair in pairs.pairs)
    stacks = saved(family).graph.stacks
    assert pairs.aligned_layers == {(s, s): tuple((n, n) for n in range(len(layers))) for s, layers in stacks.items()}


def test_a_resized_feed_forward_pairs_its_unequal_units():
    old, new = variant("llama"), variant("llama", ("intermediate_size", 80))
    pairs = paired(old, new)

    assert pairs.old_alone == pairs.new_alone == ()
    gates = told(pairs, role="gate")
    assert [row[4:] for row in gates] == [((48, 32), (80, 32))] * len(gates)
    assert {pair.new.role for pair in pairs.pairs if pair.changed} == {"gate", "up", "down"}


def test_experts_pair_by_their_number_and_those_added_stay_alone():
    old, new = variant("qwen3_moe"), variant("qwen3_moe", ("num_local_experts", 6))
    pairs = paired(old, new)

    assert told(pairs, place="expert")
    assert all(row[0] == row[1] and row[2] == row[3] for row in told(pairs, place="expert"))
    assert pairs.old_alone == ()
    assert {unit.expert for unit in pairs.new_alone} == {4, 5}
    assert {row[4:] for row in told(pairs, place="router")} == {((4, 32), (6, 32))}


def test_an_added_shared_expert_and_a_dense_feed_forward_made_sparse_are_alone():
    old, new = saved("mixtral"), saved("qwen2_moe")
    assert {unit.place for unit in paired(old, new).new_alone} >= {"shared-expert"}

    dense = paired(saved("llama"), saved("mixtral"))
    assert {unit.place for unit in dense.old_alone} == {"mlp"}
    assert {unit.place for unit in dense.new_alone} == {"expert", "router"}
    assert {pair.new.place for pair in dense.pairs} == {"attention", "norm", "outside"}


def test_added_layers_have_no_partner_and_the_others_are_mapped():
    old, new = variant("llama"), variant("llama", ("num_hidden_layers", 5))
    pairs = paired(old, new)

    (matched,) = pairs.aligned_layers.values()
    assert len(matched) == old.config.num_hidden_layers
    assert {unit.layer for unit in pairs.new_alone} == set(range(5)) - {j for _, j in matched}
    assert {(row[0], row[1]) for row in told(pairs, role="value")} == set(matched)


def test_packed_projections_pair_with_those_apart():
    old, new = saved("llama"), saved("phi3")
    pairs = paired(old, new)

    for role in ("query", "gate", "up", "down", "output"):
        assert told(pairs, role=role), role
    assert all(pair.changed for pair in pairs.pairs if pair.new.role in ("query", "gate", "up"))
    assert [unit.role for unit in pairs.old_alone if unit.place in ("attention", "mlp")] == []


def test_bare_weights_pair_with_the_class_they_are_of():
    found = saved("gpt2")
    arrays = {key.removeprefix("transformer."): value for key, value in found.arrays.items()}
    tensors, graph = FakeTensors(arrays), _bare(arrays)
    units = units_of(graph, tensors)

    for comparison, old, new in (
        (compare(graph, found.graph), units, found.units),
        (compare(found.graph, graph), found.units, units),
    ):
        pairs = pair_units(comparison, old, new)
        assert {unit.role for unit in (*pairs.old_alone, *pairs.new_alone)} <= PACKED
        assert len(pairs.pairs) > 20
        for pair in pairs.pairs:
            first, second = (tensors, found.tensors) if old is units else (found.tensors, tensors)
            assert np.array_equal(matrix(first, pair.old), matrix(second, pair.new))


PACKED = {f"{role}{ending}" for role in ("query-key-value", "query", "key", "value") for ending in ("", ".bias")}
"""Without a config nothing tells how many heads there are."""


def test_a_renamed_part_pairs_with_what_it_was():
    old, new = saved("llama"), saved("qwen3_moe")
    pairs = paired(old, new)

    assert {pair.new.role for pair in pairs.pairs} >= {
        "query",
        "key",
        "value",
        "output",
        "norm",
        "embedding",
        "lm-head",
    }
    assert all(pair.old.role == pair.new.role for pair in pairs.pairs)


def test_the_order_of_pairs_is_that_of_new():
    old, new = saved("llama"), saved("phi3")
    pairs = paired(old, new)
    places = {id(unit): place for place, unit in enumerate(new.units.units)}

    assert [places[id(pair.new)] for pair in pairs.pairs] == sorted(places[id(pair.new)] for pair in pairs.pairs)
    assert paired(old, new) == pairs
