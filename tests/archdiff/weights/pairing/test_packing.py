"""Rows that one tensor packs, by the class that holds it and by what its layer tells of heads."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.graph.schema import Node, Tensor
from archdiff.weights.pairing.cutting import cut
from archdiff.weights.pairing.packing import Heads, split
from archdiff.weights.pairing.patchwork import Patchwork
from tests.archdiff.weights.pairing.test_patchwork import numbers

HEADS = Heads(query=4, key_value=2)


def rows_of(role, shape, class_name="Attention", heads=HEADS, **attributes):
    """First columns of the rows of each piece, by role; None where they are not told apart."""
    even = attributes.pop("even", False)
    holder = Node("attention", class_name=class_name, attributes=attributes)
    pieces = split(role, Patchwork.whole(shape), holder, heads, even=even)
    columns = int(np.prod(shape[1:]))
    return pieces and {p.role: [int(row.flat[0]) // columns for row in numbers(p.rows, [shape])] for p in pieces}


def heads_of(role, shape, class_name="Attention", heads=HEADS, **attributes):
    holder = Node("attention", class_name=class_name, attributes=attributes)
    return {piece.role: piece.heads for piece in split(role, Patchwork.whole(shape), holder, heads)}


def test_grouped_queries_stand_above_keys_and_values():
    assert rows_of("query-key-value", (8, 3)) == {"query": [0, 1, 2, 3], "key": [4, 5], "value": [6, 7]}
    assert heads_of("query-key-value", (8, 3)) == {"query": 4, "key": 2, "value": 2}


def test_biases_are_packed_as_their_weights():
    assert rows_of("query-key-value", (8,)) == {"query": [0, 1, 2, 3], "key": [4, 5], "value": [6, 7]}


@pytest.mark.parametrize("class_name", ["BloomAttention", "GPTNeoXAttention", "PersimmonAttention"])
def test_some_classes_keep_each_head_together(class_name):
    wanted = {"query": [0, 3, 6, 9], "key": [1, 4, 7, 10], "value": [2, 5, 8, 11]}
    assert rows_of("query-key-value", (12, 3), class_name, Heads(4, 4)) == wanted


def test_falcon_packs_in_three_ways():
    grouped = rows_of("query-key-value", (8, 3), "FalconAttention", new_decoder_architecture=True)
    assert grouped == {"query": [0, 1, 4, 5], "key": [2, 6], "value": [3, 7]}

    shared = rows_of("query-key-value", (6, 3), "FalconAttention", Heads(4, 1), multi_query=True)
    assert shared == {"query": [0, 1, 2, 3], "key": [4], "value": [5]}

    apart = rows_of("query-key-value", (6, 3), "FalconAttention", Heads(2, 2), multi_query=False)
    assert apart == {"query": [0, 3], "key": [1, 4], "value": [2, 5]}


def test_values_come_before_keys_in_codegen():
    packed = rows_of("query-key-value", (12, 3), "CodeGenAttention", Heads(4, 4))
    assert packed == {"query": [0, 3, 6, 9], "value": [1, 4, 7, 10], "key": [2, 5, 8, 11]}


def test_thirds_are_told_only_where_the_hidden_size_says_so():
    assert rows_of("query-key-value", (6, 2), heads=Heads(), even=True) == {
        "query": [0, 1],
        "key": [2, 3],
        "value": [4, 5],
    }
    assert rows_of("query-key-value", (6, 2), heads=Heads()) is None


@pytest.mark.parametrize(
    ("role", "shape", "class_name"),
    [
        ("query-key-value", (7, 3), "Attention"),
        ("query-key-value", (12, 3), "LevitAttention"),
        ("query-key-value", (11, 3), "BloomAttention"),
        ("key-value", (8, 3), "Attention"),
        ("key-value-up", (8, 3), "Attention"),
        ("gate-up", (5, 3), "MLP"),
        ("query", (9, 3), "Qwen3NextAttention"),
    ],
)
def test_what_is_not_known_is_not_told_apart(role, shape, class_name):
    assert rows_of(role, shape, class_name) is None


def test_heads_that_the_layer_does_not_tell_the_module_does():
    stated = {"num_attention_heads": 2, "num_key_value_heads": 1}
    assert rows_of("query-key-value", (4, 3), heads=Heads(), **stated) == {"query": [0, 1], "key": [2], "value": [3]}
    assert rows_of("query-key-value", (4, 3), heads=Heads(), num_attention_heads=True, num_key_value_heads=1) is None


def test_a_latent_holds_a_key_and_a_value_for_each_head():
    heads = Heads(query=2, key_value=2, plain=1, value=2)
    assert rows_of("key-value-up", (6, 3), heads=heads) == {"key": [0, 3], "value": [1, 2, 4, 5]}
    assert rows_of("key-value-up", (12, 3), heads=heads) is None, "twice as many rows are another latent"
    assert heads_of("key-value-up", (6, 3), heads=heads) == {"key": 2, "value": 2}


def test_a_query_out_of_a_latent_is_a_query():
    assert heads_of("query-up", (8, 3)) == {"query": 4}
    assert heads_of("query-down", (8, 3)) == {"query-down": None}


def test_rows_that_do_not_divide_have_no_heads():
    assert heads_of("value", (4, 3)) == {"value": 2}
    assert heads_of("value", (5, 3)) == {"value": None}
    assert heads_of("output", (4, 3)) == {"output": None}


def test_facts_of_a_layer_tell_its_heads():
    facts = {"attention.query_heads": 8, "attention.key_value_heads": 2, "attention.value_head_dimension": None}
    assert Heads.of(facts) == Heads(8, 2)
    assert Heads.of({"attention.query_heads": True, "attention.key_value_heads": "2"}) == Heads()


def pieces_of(role, name, shape, axes=(), class_name="Linear", **attributes):
    """Role, expert and elements of each piece of a tensor, and whether it was left whole."""
    tensor = Tensor(name, shape, "float32", axes=axes)
    node = Node("layers.0.part", class_name=class_name, role=role, tensors=(tensor,), attributes=attributes)
    pieces, whole = cut(node, tensor, Patchwork.whole(shape), Node("layers.0"), HEADS)
    return [(p.role, p.expert, numbers(p.rows, [shape]).tolist()) for p in pieces], whole


def test_experts_have_gates_above_ups():
    pieces, whole = pieces_of("expert", "gate_up_proj", (2, 2, 1), ("experts", "twice-expert-width", "hidden"))
    assert pieces == [("gate", 0, [[0]]), ("up", 0, [[1]]), ("gate", 1, [[2]]), ("up", 1, [[3]])]
    assert not whole


def test_experts_may_be_transposed_and_by_turns():
    axes = ("experts", "hidden", "twice-expert-width")
    pieces, _ = pieces_of("expert", "gate_up_proj", (1, 2, 4), axes, is_concatenated=False)
    assert pieces == [("gate", 0, [[0, 4], [2, 6]]), ("up", 0, [[1, 5], [3, 7]])]

    pieces, _ = pieces_of("expert", "down_proj", (1, 2, 3), ("experts", "expert-width", "hidden"))
    assert pieces == [("down", 0, [[0, 3], [1, 4], [2, 5]])]


def test_llama_4_multiplies_from_the_right_whatever_the_sizes():
    axes = ("experts", "twice-expert-width", "hidden")
    pieces, _ = pieces_of("expert", "gate_up_proj", (1, 2, 2), axes, class_name="Llama4TextExperts")
    assert pieces == [("gate", 0, [[0, 2]]), ("up", 0, [[1, 3]])]


def test_biases_of_experts_are_each_expert_s():
    pieces, _ = pieces_of(
        "expert", "gate_up_proj_bias", (2, 4), ("experts", "twice-expert-width"), is_concatenated=False
    )
    assert pieces[:2] == [("gate.bias", 0, [0, 2]), ("up.bias", 0, [1, 3])]
    pieces, _ = pieces_of("expert", "down_proj_bias", (2, 3), ("experts", "hidden"))
    assert pieces == [("down.bias", 0, [0, 1, 2]), ("down.bias", 1, [3, 4, 5])]


def test_an_odd_number_of_gates_and_ups_is_left_whole():
    pieces, whole = pieces_of("expert", "gate_up_proj", (1, 3, 2), ("experts", "twice-expert-width", "hidden"))
    assert whole
    assert [role for role, _, _ in pieces] == ["expert.gate_up_proj"]


def test_other_tensors_of_experts_have_their_name():
    pieces, _ = pieces_of("expert", "scale", (2, 3), ("experts", "size"))
    assert [(role, expert) for role, expert, _ in pieces] == [("expert.scale", 0), ("expert.scale", 1)]
    assert pieces_of("router", "weight", (2, 3), ("experts", "hidden"))[0][0][:2] == ("router", None)


def test_kernels_have_an_output_channel_in_each_row():
    assert pieces_of("patch-embedding", "weight", (2, 3, 1, 2))[0][0][2] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert pieces_of("up", "weight", (2, 3), class_name="Conv1D")[0][0][2] == [[0, 3], [1, 4], [2, 5]]


def test_a_tensor_of_a_part_without_a_role_is_told_by_its_path():
    assert pieces_of("", "weight", (2,))[0][0][0] == ""
    assert pieces_of("attention", "sinks", (2,))[0][0][0] == "attention.sinks"
    assert pieces_of("norm", "bias", (2,))[0][0][0] == "norm.bias"
