"""What robust tests read matrix by matrix is what they would have of whole matrices, in less memory."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest
import torch

from archdiff.weights import statistics
from archdiff.weights.plan import Step
from archdiff.weights.probing import aligned, channels_seen, first_seen, units_seen
from archdiff.weights.sample import Reading, row_runs
from archdiff.weights.units import Region
from tests.archdiff.weights.fakes import FakeTensors
from tests.archdiff.weights.measure.making import unit

HIDDEN, UNITS, TOKENS = 24, 40, 60
SEED = 5


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def whole(name, array, role="up", place="mlp", heads=None):
    made = dataclasses.replace(unit(array.shape, (Region(name, 0, array.shape),), role), place=place, heads=heads)
    return Reading.of(made, array.shape[0])


def model(**arrays):
    return FakeTensors(arrays)


def feed_forward(second="up", *, norm=True, most=UNITS):
    """Tensors of a feed-forward, and what a test reads of them."""
    arrays = {
        "gate": random(UNITS, HIDDEN, seed=1),
        second: random(UNITS, HIDDEN, seed=2) if second == "up" else random(HIDDEN, UNITS, seed=2),
        "norm": random(HIDDEN, seed=3),
        "embedding": random(TOKENS, HIDDEN, seed=4),
    }
    readings = [whole("gate", arrays["gate"], "gate"), whole(second, arrays[second], second)]
    readings = [dataclasses.replace(readings[0], runs=row_runs(UNITS, most)), readings[1]]
    readings += [whole("norm", arrays["norm"], "norm", "norm")] if norm else []
    return arrays, model(**arrays), (*readings, whole("embedding", arrays["embedding"], "embedding", "outside"))


@pytest.mark.parametrize("norm", [True, False])
def test_gate_and_up_are_probed_behind_the_norm(norm):
    arrays, tensors, readings = feed_forward(norm=norm)
    scale = arrays["norm"] if norm else None
    gate, up = units_seen(tensors, readings)
    np.testing.assert_array_equal(gate, statistics.probed(arrays["embedding"], scale, arrays["gate"]))
    np.testing.assert_array_equal(up, statistics.probed(arrays["embedding"], scale, arrays["up"]))
    np.testing.assert_array_equal(first_seen(tensors, readings), gate)


def test_of_a_down_projection_the_columns_of_the_sampled_units_are_taken():
    arrays, tensors, readings = feed_forward("down", most=16)
    gate, down = units_seen(tensors, readings)
    (run,) = readings[0].runs
    assert len(gate) == len(down) == 16
    np.testing.assert_array_equal(
        down, statistics.probed(arrays["embedding"], None, arrays["down"].T[run[0] : run[1]].copy())
    )


def attention(channels, heads, queries):
    """Value and output projections with query heads that share key-value heads."""
    arrays = {
        "value": random(channels, HIDDEN, seed=1),
        "output": random(HIDDEN, channels * queries, seed=2),
        "embedding": random(TOKENS, HIDDEN, seed=4),
    }
    value = whole("value", arrays["value"], "value", "attention", heads)
    output = whole("output", arrays["output"], "output", "attention")
    return arrays, model(**arrays), (value, output, whole("embedding", arrays["embedding"], "embedding", "outside"))


def test_the_query_heads_of_a_key_value_head_are_summed():
    arrays, tensors, readings = attention(12, heads=3, queries=2)
    _, written = channels_seen(tensors, readings)
    by_hand = np.zeros((12, HIDDEN), dtype=np.float32)
    for head in range(3):
        for channel in range(4):
            columns = [(head * 2 + query) * 4 + channel for query in range(2)]
            by_hand[head * 4 + channel] = arrays["output"][:, columns].sum(axis=1)
    expected = statistics.probed(arrays["embedding"], None, by_hand)
    np.testing.assert_allclose(written, expected, rtol=1e-5, atol=1e-5)


def test_the_order_of_query_heads_in_a_group_does_not_matter():
    arrays, tensors, readings = attention(8, heads=2, queries=2)
    swapped = arrays["output"].reshape(HIDDEN, 2, 2, 4)[:, :, ::-1].reshape(HIDDEN, 16)
    other = channels_seen(model(**{**arrays, "output": swapped.copy()}), readings)
    np.testing.assert_allclose(channels_seen(tensors, readings)[1], other[1], rtol=1e-5, atol=1e-5)


def projections(turn):
    """A model whose residual stream is turned, and what the alignment reads of it."""
    arrays = {f"query{k}": random(20, HIDDEN, seed=10 + k) @ turn for k in range(4)}
    arrays |= {
        "norm": np.abs(random(HIDDEN, seed=3)) @ np.abs(turn),
        "embedding": random(TOKENS, HIDDEN, seed=4) @ turn,
    }
    readings = [whole(f"query{k}", arrays[f"query{k}"], "query", "attention") for k in range(4)]
    norm = whole("norm", arrays["norm"], "norm", "norm")
    last = whole("embedding", arrays["embedding"], "embedding", "outside")
    return arrays, model(**arrays), (readings[0], norm, *readings[1:], last)


def test_alignments_are_those_of_whole_matrices():
    generator = np.random.default_rng(0)
    turn = np.eye(HIDDEN, dtype=np.float32)[generator.permutation(HIDDEN)] * generator.choice([-1.0, 1.0], HIDDEN)
    (a, old, first), (b, new, second) = projections(np.eye(HIDDEN, dtype=np.float32)), projections(turn.astype("f4"))
    step = Step("alignment", "language-model", "queries", 3, first, second)
    found = [alignment.test(ours, theirs) for alignment, ours, theirs in aligned(old, new, step, SEED)]
    matrices = [
        [statistics.fold_norm(side["query0"], side["norm"]), *(side[f"query{k}"] for k in (1, 2, 3))] for side in (a, b)
    ]
    direct = statistics.alignment_test(a["embedding"], b["embedding"], *matrices, seed=SEED)
    assert found[0].statistic == pytest.approx(direct.statistic, rel=1e-6)
    assert found[0].figures["aligned"] == pytest.approx(1, abs=1e-5)
    assert found[0].statistic > 0.9, "a signed permutation is undone"
    assert len(found) == 2, "with twice as many tokens as coordinates a rotation is tried too"


def test_few_tokens_tell_no_rotation():
    arrays, old, readings = projections(np.eye(HIDDEN, dtype=np.float32))
    few = dataclasses.replace(readings[-1], runs=((0, 2 * HIDDEN - 1),))
    step = Step("alignment", "language-model", "queries", 3, (*readings[:-1], few), (*readings[:-1], few))
    assert len(list(aligned(old, model(**arrays), step, SEED))) == 1


def test_an_output_projection_is_never_whole_in_memory():
    rows, columns, channels = 1 << 15, 2048, 64
    arrays = {
        "value": random(channels, rows, seed=1),
        "output": torch.zeros(rows, columns, dtype=torch.bfloat16),
        "embedding": random(8, rows, seed=4),
    }
    tensors = model(**arrays)
    output = whole("output", np.empty((rows, columns), dtype=np.uint8), "output", "attention")
    value = whole("value", arrays["value"], "value", "attention", 2)
    embedding = whole("embedding", arrays["embedding"], "embedding", "outside")
    tracemalloc.start()
    try:
        channels_seen(tensors, (value, output, embedding))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < rows * columns * 4 // 2
